"""Transcripts of clerks' first mistakes, in both languages: what is said of what they typed and gave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli_run import dxnode, follow
from support.fake_catalogue import PURPOSE
from support.fake_desk import VERIFY, FakeDesk, grant_message, resident, serving

from node.errors import NodeError, Reason

PEOPLE = f"姓名,身份证号\n张三,{resident(2)}\n李四,{resident(3)}\n"
FILES = {
    "people.csv": PEOPLE,
    "semicolons.csv": PEOPLE.replace(",", ";"),
    "commas.csv": PEOPLE.replace(",", "，"),
    "unnamed.csv": PEOPLE.partition("\n")[2],
    "rounded.csv": "姓名,身份证号\n张三,4.41900195001010E+17\n李四,4.41900195001010E+17\n",
    "answered.csv": f"身份证号,answer\n{resident(2)},yes\n",
    "list.pdf": "%PDF-1.7\n",
}


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A clerk's folder, and the address of a desk that asks about people, and only what there is."""
    folder = tmp_path_factory.mktemp("window")
    (folder / "subject.txt").write_text(f"{resident(2)}\n", "utf-8")
    for name, content in FILES.items():
        (folder / name).write_text(content, "utf-8")
    desk = FakeDesk(strict=True, grants={"g-1": grant_message(subject_type="resident_id")})
    with serving(desk, folder) as address:
        yield folder, address


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_clerks_mistakes_are_told_so(
    window: tuple[Path, str], lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = window
    before = sorted(path.name for path in folder.iterdir())
    monkeypatch.chdir(folder)
    env = {"DXNODE_DESK": address, "DXNODE_LANG": lang}
    follow(
        Path(__file__).parent / "mistakes" / f"{lang}.txt",
        lambda step: dxnode(*step.arguments(), stdin=step.stdin, env=env),
    )
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize(
    "reason", [Reason.QUESTION_NOT_ALLOWED, Reason.PURPOSE_NOT_ALLOWED, Reason.SUSPENDED]
)
def test_batch_that_the_own_desk_refuses_leaves_nothing_and_does_not_say_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: Reason
) -> None:
    window = tmp_path / "window"
    window.mkdir()
    monkeypatch.chdir(window)
    (window / "people.csv").write_text(PEOPLE, "utf-8")
    refusal = NodeError(reason, "error.role.needs-role", needed="system", clause="role")
    asked = ("--purpose", PURPOSE, "--case", "DG-1", "--subject-column", "身份证号")
    with serving(FakeDesk(fail_with=refusal), tmp_path) as address:
        for _ in range(2):  # nor does the second time speak of an earlier run
            ran = dxnode("batch", VERIFY, "people.csv", "out.csv", *asked, "--desk", address)
            assert (ran.code, "to go on" in ran.err, "earlier run" in ran.err) == (3, False, False)
    assert [path.name for path in window.iterdir()] == ["people.csv"]
