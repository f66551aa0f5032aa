"""Transcripts of the first mistakes of newcomers and operators, in both languages: what they are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.cli_run import Ran, dxnode, follow
from support.homes import copy_of

TAX = "11441900000000035L"
# What an operator changed in settings that were good, by the name of the file with it.
CHANGED = {
    "colon": ("  code: ", "  code："),
    "tab": ("  code: ", "\tcode: "),
    "name": ("state: state", "stat: state"),
    "state": ("state: state", "state: node.yaml/state"),
    "missing": ("data/example-enrolment.csv", "data/enrolment.csv"),
    "folder": ("{csv: data/example-enrolment.csv}", "{csv: data}"),
    "dataset": ("sources: {example-enrolment:", "sources: {example_enrolment:"),
    "secret": ("{csv: data/example-enrolment.csv}", "{url: 'postgresql://u:pw@db/x', table: t}"),
    "quoted": ("  unsigned: true", "  unsigned: 是"),
    "windows": ("data/example-enrolment.csv", "C:\\data\\enrolment.csv"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nodes of a development authority, settings with a mistake each, and what lies around."""
    home = tmp_path_factory.mktemp("made")
    for name, code, title in (("hr", "11441900000000019Y", "人社局"), ("tax", TAX, "税务局")):
        given = ("--code", code, "--title", title, "--dev-authority", home / "authority")
        assert dxnode("init", home / name, *given).code == 0
    good = (home / "hr" / "node.yaml").read_text("utf-8")
    for name, (right, wrong) in CHANGED.items():
        assert right in good
        (home / "hr" / f"{name}.yaml").write_text(good.replace(right, wrong, 1), "utf-8")
    (home / "hr" / "utf16.yaml").write_bytes(good.encode("utf-16"))
    (home / "hr" / "gbk.yaml").write_bytes(good.encode("gb18030"))
    (home / "full").mkdir()
    (home / "full" / "notes.txt").write_text("x", "utf-8")
    (home / "file").write_text("x", "utf-8")
    return home


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("who", ["newcomer", "operator"])
def test_first_mistakes_are_told_so(
    made: Path, who: str, lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copy_of(made, tmp_path / "home")
    monkeypatch.chdir(home)
    before = sorted(home.rglob("*"))

    def run(arguments: list[str], stdin: str) -> Ran:
        ran = dxnode(*arguments, stdin=stdin, env={"DXNODE_LANG": lang})
        out, err = (re.sub(rf"{re.escape(str(home))}\b", "/home", text) for text in (ran.out, ran.err))
        return Ran(ran.code, out, err)

    transcript = Path(__file__).parent / "mistakes" / f"{who}.{lang}.txt"
    follow(transcript, lambda step: run(step.arguments(), step.stdin))
    assert sorted(home.rglob("*")) == before, "a mistake left something behind"
