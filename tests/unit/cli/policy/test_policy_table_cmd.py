"""`dxnode policy test`: what officers see, and the exit codes that a pipeline relies on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.places import POLICIES
from typer.testing import CliRunner, Result

from node.cli.policy.commands import app
from node.cli.policy.tests_report import not_mutated
from node.texts.wording import use_language

NAME = "pension-insurance.test.yaml"
HOURS = "at: 2026-11-23T17:30, expect: deny, rule: after-hours-check, clause: when.hours"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example policies, to be changed."""
    return Path(shutil.copytree(POLICIES, tmp_path / "policies"))


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
    result = _run(str(POLICIES), "--mutate", lang=lang)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == not_mutated("zh" if lang == "zh" else "en")


def test_the_example_tables_decide_every_part() -> None:
    for tested in json.loads(_run(str(POLICIES), "--mutate", "--json").stdout):
        assert (tested["undecided"], tested["unmissed"]) == ([], [])
        assert tested["rows"]
        assert bool(tested["not_mutated"]) is bool(tested["mutants"])


def test_a_policy_that_changed_fails_with_place_clause_and_value(folder: Path, lang: str) -> None:
    _edit(folder / "pension-insurance.yaml", "17:30", "17:00")
    _edit(
        folder / NAME,
        "T17:30, expect: deny, rule: after-hours-check, clause: when.hours",
        "T17:15, expect: permit, rule: after-hours-check",
    )
    result = _run(str(folder / NAME), lang=lang)
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
    assert _run(str(folder / NAME), lang=lang).exit_code == 0
    result = _run(str(folder / NAME), "--mutate", lang=lang)
    assert result.exit_code == 11
    assert result.stdout.count(f"  {policy}:{line}: ") == 2
    assert result.stdout.count("when.hours") == 2


def test_what_came_of_it_as_json_is_for_programs(folder: Path) -> None:
    _edit(folder / NAME, HOURS, HOURS.replace("when.hours", "for"))
    result = _run(str(folder / NAME), "--mutate", "--json")
    (tested,) = json.loads(result.stdout)
    assert (result.exit_code, tested["passed"], tested["dataset"]) == (2, False, "pension-insurance")
    (row,) = [row for row in tested["rows"] if not row["passed"]]
    assert row["expected"]["clause"] == "for"
    assert (row["decided"]["permit"], row["decided"]["clause"]) == (False, "when.hours")
    assert (row["deciding"]["value"], row["deciding"]["needed"]) == ("17:30", "08:30-17:30")
    part = {"rule": "after-hours-check", "clause": "when.hours", "item": ""}
    assert {"part": part, "change": "without"} in tested["unmissed"]


def test_a_wrong_table_is_refused_with_its_place(folder: Path, lang: str) -> None:
    _edit(folder / NAME, "clause: when.hours", "clause: when.hour")
    result = _run(str(folder / NAME), lang=lang)
    assert result.exit_code == 2
    assert f"{folder / NAME}:" in result.stdout
    assert "when.hours" in result.stdout


@pytest.mark.parametrize("name", ["pension-insurance.yaml", NAME])
def test_a_mistake_is_said_to_keep_rows_from_being_tested_not_from_taking_effect(
    folder: Path, name: str, lang: str
) -> None:
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write("surplus: 7\n")
    said = _run(str(folder / NAME), lang=lang).stderr
    assert {"en": "1 problem in 1 file: no row is tested", "zh": "不测试任何一行"}[lang] in said
    assert {"en": "takes effect", "zh": "生效"}[lang] not in said


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


def test_a_policy_in_the_place_of_its_table_is_told_with_the_table(folder: Path, lang: str) -> None:
    said = dxnode("policy", "test", folder / "pension-insurance.yaml", "--lang", lang)
    assert said.code == 12
    assert str(folder / NAME) in said.err
    assert "详情" not in said.err
    missing = dxnode("policy", "test", folder / "missing", "--lang", lang).err
    assert {"en": "no such file", "zh": "没有这个文件"}[lang] in missing


def test_a_limit_that_refuses_is_told_with_what_is_used_up(folder: Path, lang: str) -> None:
    _edit(folder / NAME, "used: {per_day: 49999}", "used: {per_day: 60000}")
    result = _run(str(folder / NAME), lang=lang)
    assert result.exit_code == 2
    assert "limits.per_day" in result.stdout
    assert "60000 + 1" in result.stdout
    assert "≤ 50000" in result.stdout
    (row,) = [
        row for row in json.loads(_run(str(folder / NAME), "--json").stdout)[0]["rows"] if not row["passed"]
    ]
    assert row["short"]["part"] == {"rule": "tax-deferral", "clause": "limits.per_day", "item": ""}


@pytest.mark.parametrize(
    ("name", "written", "clause"),
    [
        (
            "pension-insurance",
            "claims: {name: {wrong_tries_per_subject: 3}}",
            "claims.wrong_tries_per_subject",
        ),
        ("pension-insurance", "budget: {dataset: 10", "privacy.budget"),
        ("diploma", "- id: certificate-profile", "forbidden_together"),
    ],
)
def test_what_belongs_to_no_rule_is_told_with_its_own_place(
    folder: Path, name: str, written: str, clause: str
) -> None:
    table, policy = folder / f"{name}.test.yaml", folder / f"{name}.yaml"
    rows = table.read_text("utf-8").splitlines(keepends=True)
    table.write_text("".join(row for row in rows if f"clause: {clause}}}" not in row), "utf-8")
    lines = policy.read_text("utf-8").splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if written in text]
    result = _run(str(table), "--mutate")
    assert result.exit_code == 11
    assert f"  {policy}:{line}: no row would miss" in result.stdout


def test_a_holiday_file_comes_under_the_calendar_of_a_table(folder: Path, tmp_path: Path) -> None:
    holidays = tmp_path / "holidays.yaml"
    holidays.write_text("days_off:\n  2026-11-23: storm\n  2026-11-28: storm\n", "utf-8")
    result = _run(str(folder / NAME), "--holidays", str(holidays), "--json")
    failed = [row for row in json.loads(result.stdout)[0]["rows"] if not row["passed"]]
    assert result.exit_code == 2
    assert {row["decided"]["clause"] for row in failed} == {"when.workdays"}
    rows = (folder / NAME).read_text("utf-8").splitlines()
    assert all("at: 2026-11-28" not in rows[row["line"] - 1] for row in failed)
    holidays.write_text("days_of: {}\n", "utf-8")
    assert _run(str(folder / NAME), "--holidays", str(holidays)).exit_code == 2


def test_a_combination_of_the_definitions_is_told_with_its_place_there(folder: Path) -> None:
    definitions = folder / "definitions.yaml"
    text = definitions.read_text("utf-8")
    questions = "[diploma/degree-is, diploma/graduation-year]"
    shared = f"forbidden_together:\n  - id: shared\n    questions: {questions}\n    within_days: 7\n"
    definitions.write_text(f"{text}\n{shared}", "utf-8")
    result = _run(str(folder / "diploma.test.yaml"), "--mutate")
    line = (text + "\n").count("\n") + 2
    assert f"  {definitions}:{line}: no row would miss forbidden combination shared" in result.stdout
