"""`dxnode policy test`: what officers see, and the exit codes that a pipeline relies on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from node.cli.policy_cmd import app
from node.cli.text import use_language

EXAMPLES = Path(__file__).parents[3] / "policies"
NAME = "pension-insurance.test.yaml"
HOURS = "at: 2026-11-23T17:30, expect: deny, rule: after-hours-check, clause: when.hours"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example policies, to be changed."""
    return Path(shutil.copytree(EXAMPLES, tmp_path / "policies"))


@pytest.fixture(params=["en", "zh"])
def lang(request: pytest.FixtureRequest) -> str:
    """Each language in turn."""
    return str(request.param)


def _run(*args: str, lang: str = "en") -> Result:
    use_language(lang)
    return CliRunner().invoke(app, ["test", *args])


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_the_example_tables_pass_and_would_miss_every_part(lang: str) -> None:
    result = _run(str(EXAMPLES), "--mutate", lang=lang)
    assert result.exit_code == 0, result.output


def test_a_policy_that_changed_fails_with_place_clause_and_value(folder: Path, lang: str) -> None:
    _edit(folder / "pension-insurance.yaml", "17:30", "17:00")
    _edit(
        folder / NAME,
        "T17:30, expect: deny, rule: after-hours-check, clause: when.hours",
        "T17:15, expect: permit, rule: after-hours-check",
    )
    result = _run(str(folder), lang=lang)
    lines = (folder / NAME).read_text("utf-8").splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if "T17:15" in text]
    assert result.exit_code == 2
    assert result.stdout.startswith(f"{folder / NAME}:{line}: ")
    assert "when.hours" in result.stdout
    assert "17:15" in result.stdout
    assert "08:30-17:00" in result.stdout


def test_a_clause_that_no_row_would_miss_is_told_with_the_place_of_its_rule(folder: Path, lang: str) -> None:
    _edit(folder / NAME, HOURS, "expect: permit, rule: after-hours-check")
    policy = folder / "pension-insurance.yaml"
    lines = policy.read_text("utf-8").splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if "id: after-hours-check" in text]
    assert _run(str(folder), lang=lang).exit_code == 0
    result = _run(str(folder), "--mutate", lang=lang)
    assert result.exit_code == 11
    assert result.stdout.count(f"  {policy}:{line}: ") == 2
    assert result.stdout.count("when.hours") == 2


def test_what_came_of_it_as_json_is_for_programs(folder: Path) -> None:
    _edit(folder / NAME, HOURS, HOURS.replace("when.hours", "for"))
    result = _run(str(folder), "--mutate", "--json")
    (tested,) = json.loads(result.stdout)
    assert (result.exit_code, tested["passed"], tested["dataset"]) == (2, False, "pension-insurance")
    (row,) = [row for row in tested["rows"] if not row["passed"]]
    assert row["expected"]["clause"] == "for"
    assert (row["decided"]["permit"], row["decided"]["clause"]) == (False, "when.hours")
    assert (row["deciding"]["value"], row["deciding"]["needed"]) == ("17:30", "08:30-17:30")
    part = {"rule": "after-hours-check", "clause": "when.hours", "question": ""}
    assert {"part": part, "change": "without"} in tested["unmissed"]


def test_a_wrong_table_is_refused_with_its_place(folder: Path, lang: str) -> None:
    _edit(folder / NAME, "clause: when.hours", "clause: when.hour")
    result = _run(str(folder / NAME), lang=lang)
    assert result.exit_code == 2
    assert f"{folder / NAME}:" in result.stdout
    assert "when.hours" in result.stdout


def test_a_wrong_policy_is_told_before_its_table(folder: Path) -> None:
    _edit(folder / "pension-insurance.yaml", "update: daily", "update: dayly")
    result = _run(str(folder), "--json")
    assert result.exit_code == 2
    assert [problem["key"] for problem in json.loads(result.stdout)] == ["value.choice"]


@pytest.mark.parametrize("name", ["pension-insurance.yaml", "none.test.yaml", "purposes.test.yaml", "empty"])
def test_what_is_no_table_beside_a_policy_is_unreadable(folder: Path, name: str) -> None:
    (folder / "empty").mkdir()
    shutil.copy(folder / NAME, folder / "purposes.test.yaml")
    assert _run(str(folder / name)).exit_code == 12
