"""Claims about the holiday file of a node: every command that counts working days takes it the same way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.places import POLICIES
from support.town import TAX

from node.cli.terminal.exits import Exit

MONDAY = "2026-11-23"
"""A working day, on which rows of the example's table are answered and their rule holds on working days."""


def _workdays(*files: str | Path) -> bool:
    return bool(json.loads(dxnode("workdays", MONDAY, *files, "--json").out)["workday"])


def _explain(*files: str | Path) -> bool:
    asked = ("pension-insurance", "is-enrolled", "--requester", TAX, "--region", "441900")
    why = ("--purpose", "social-insurance/pension/transfer", "--case", "DG-20261123-0001")
    when = ("--at", f"{MONDAY}T10:00", "--policies", POLICIES, "--json")
    return bool(json.loads(dxnode("policy", "explain", *asked, *why, *when, *files).out)["permit"])


def _test(*files: str | Path) -> bool:
    return dxnode("policy", "test", POLICIES / "pension-insurance.test.yaml", *files).code == Exit.OK


def _diff(*files: str | Path) -> bool:
    """Whether the day is one still, when it was none before."""
    config = next((Path(file) for file in files if str(file).endswith("node.yaml")), Path("node.yaml"))
    before = config.absolute().parent / "off.yaml"
    ran = dxnode("policy", "diff", POLICIES, POLICIES, "--holidays-before", before, *files)
    return MONDAY in ran.out


COMMANDS: dict[tuple[str, ...], Callable[..., bool]] = {
    ("workdays",): _workdays,
    ("policy", "explain"): _explain,
    ("policy", "test"): _test,
    ("policy", "diff"): _diff,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node whose holiday file takes the Monday off, beside one that does not."""
    home = tmp_path_factory.mktemp("made")
    assert dxnode("init", home / "node", "--dev-authority", home / "authority").code == Exit.OK
    node = home / "node"
    (node / "off.yaml").write_text(f"days_off:\n  {MONDAY}: storm\n", "utf-8")
    (node / "on.yaml").write_text("days_off: {}\n", "utf-8")
    with (node / "node.yaml").open("a", encoding="utf-8") as file:
        file.write("holidays: off.yaml\n")
    return node


@pytest.mark.parametrize("works", COMMANDS.values(), ids=map(" ".join, COMMANDS))
def test_holiday_file_of_the_settings_counts_and_one_that_is_given_goes_before_it(
    works: Callable[..., bool], made: Path
) -> None:
    config = ("--config", made / "node.yaml")
    assert not works(*config)
    assert works(*config, "--holidays", made / "on.yaml")


@pytest.mark.parametrize("works", COMMANDS.values(), ids=map(" ".join, COMMANDS))
def test_settings_in_the_folder_at_hand_are_those_of_the_node(
    works: Callable[..., bool], made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path(shutil.copytree(made, tmp_path / "node"))
    monkeypatch.chdir(here)
    assert not works()
    (here / "node.yaml").rename(here / "other.yaml")
    assert works()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_says_where_the_holiday_file_comes_from(command: tuple[str, ...], lang: str) -> None:
    said = " ".join(dxnode(*command, "--help", "--lang", lang).out.split())
    without = {"en": "the one that the settings name", "zh": "不填则为节点设置所指的文件"}[lang]
    assert without.replace(" ", "") in said.replace(" ", "")
    assert "--config" in said
