"""A transcript of an operator's mistakes at a node that runs, in both languages: bad exports, wrong names."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.cli_run import Ran, Step, dxnode, follow
from support.running import pension_town, register, running
from support.town import HR

ROWS = register(40).splitlines(keepends=True)
# What came in place of the register that morning, by the name of the file.
EXPORTS = {
    "good.csv": "".join(ROWS),
    "few.csv": "".join(ROWS[:5]),
    "rounded.csv": re.sub(r"(?m)^\d{15}\w{3},", "4.41900198E+17,", "".join(ROWS)),
}
CHANGING = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+08:00|\b[0-9a-f]{8,64}\b"
    r"|(?<=load )\d+|(?<=第 )\d+(?= 次)|(?<=log has )\d+|(?<=日志共有 )\d+"
)
"""Times, digests, and how often something was loaded or recorded before: languages take turns at one node."""


@dataclass(frozen=True, slots=True)
class Post:
    """Where an operator sits: the folder of a node that runs, and what may be done there."""

    folder: Path
    lang: str

    def run(self, step: Step) -> Ran:
        """A command of the node, or the copy of a file."""
        program, *words = step.command.split()
        if program == "cp":
            shutil.copy(*words)
            return Ran(0, "", "")
        ran = dxnode(*step.arguments(), env={"DXNODE_LANG": self.lang, "DXNODE_CONFIG": "node.yaml"})
        return Ran(ran.code, self._same(ran.out), self._same(ran.err))

    def _same(self, text: str) -> str:
        """The text without what differs each time."""
        return CHANGING.sub("…", text.replace(str(self.folder), "/node"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a node that runs."""
    town = pension_town(tmp_path_factory.mktemp("town"))
    office = town.offices[HR]
    for name, content in EXPORTS.items():
        (office.folder / name).write_text(content, "utf-8")
    shutil.copy(office.folder / "good.csv", office.folder / "data" / "pension-insurance.csv")
    office.desk_user("clerk")
    with running(town, HR):
        yield office.folder


@pytest.mark.parametrize(
    "lang", [pytest.param("en", marks=pytest.mark.full("the same mistakes as in Chinese")), "zh"]
)
def test_an_operators_mistakes_are_told_so(folder: Path, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    follow(Path(__file__).parent / "mistakes" / f"operator.{lang}.txt", Post(folder, lang).run)
