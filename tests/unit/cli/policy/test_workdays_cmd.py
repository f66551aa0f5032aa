"""Claims about `dxnode workdays`: terms, days, and the provisional mark."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.places import POLICIES
from support.town import TAX

from node.core.workdays import LAST_KNOWN_YEAR

NEXT = LAST_KNOWN_YEAR + 1
FRIDAY = next(day for each in range(20, 28) if (day := date(NEXT, 10, each)).weekday() == 4)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["2026-09-18", "--add", "10"], "10 working days after 2026-09-18: 2026-10-09"),
        (["2026-02-13", "--until", "2026-02-24"], "2 working days after 2026-02-13: 2026-02-24"),
        (["2026-02-24", "--until", "2026-02-13"], "-2 working days after 2026-02-24: 2026-02-13"),
        (["2026-10-10"], "2026-10-10 working day (made up for National Day)"),
        (["2026-11-22"], "2026-11-22 day off"),
    ],
)
def test_what_is_known_is_said_without_a_mark(given: list[str], said: str) -> None:
    ran = dxnode("workdays", *given, "--lang", "en")
    assert (ran.code, ran.out, ran.err) == (0, f"{said}\n", "")


@pytest.mark.parametrize(
    ("day", "said"), [("2026-10-01", "休息日（国庆节）"), ("2026-10-10", "工作日（国庆节调休）")]
)
def test_a_holiday_has_its_chinese_name_in_chinese(day: str, said: str) -> None:
    assert dxnode("workdays", day, "--lang", "zh").out == f"{day} {said}\n"


def test_what_is_not_known_is_marked_as_provisional_in_both_languages() -> None:
    english = dxnode("workdays", f"{LAST_KNOWN_YEAR}-12-30", "--add", "5", "--lang", "en")
    assert english.out.endswith(" (provisional)\n")
    assert "may change" in english.err
    chinese = dxnode("workdays", f"{NEXT}-06-01", "--lang", "zh")
    assert chinese.out.endswith("（暂定）\n")
    assert json.loads(dxnode("workdays", f"{NEXT}-06-01", "--json").out)["provisional"] is True


def test_a_holiday_file_makes_a_year_known(tmp_path: Path) -> None:
    file = tmp_path / "holidays.yaml"
    file.write_text(f"complete: [{NEXT}]\ndays_off: {{{NEXT}-06-01: 端午节}}\n", "utf-8")
    ran = dxnode("workdays", f"{NEXT}-06-01", "--holidays", str(file), "--lang", "zh")
    assert (ran.code, ran.out, ran.err) == (0, f"{NEXT}-06-01 休息日（端午节）\n", "")


def test_an_explanation_counts_by_the_holiday_file_and_marks_what_is_provisional(tmp_path: Path) -> None:
    file = tmp_path / "holidays.yaml"
    file.write_text(f"days_off: {{{FRIDAY}: 开放日}}\n", "utf-8")
    asked = ["policy", "explain", "pension-insurance", "is-enrolled", "--requester", TAX, "--case"]
    asked += ["DG-20271022-0001", "--purpose", "social-insurance/pension/transfer", "--region", "441900"]
    asked += ["--at", f"{FRIDAY}T10:00", "--policies", str(POLICIES), "--lang", "en"]
    weekday = dxnode(*asked).out
    assert weekday.startswith("permit")
    assert f"{FRIDAY} workday (provisional)" in weekday
    assert "note: the holidays of this year were not published" in weekday
    closed = dxnode(*asked, "--holidays", str(file)).out
    assert closed.startswith("deny: a condition for asking does not hold now (CONDITION_NOT_MET)")
    assert f"{FRIDAY} day off" in closed
    assert "provisional" not in closed


def test_every_problem_of_a_holiday_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "holidays.yaml"
    file.write_text("days_off: {x: a}\nworking_days: {y: b}\n", "utf-8")
    ran = dxnode("workdays", "2026-01-01", "--holidays", str(file), "--lang", "en")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("is no date and no span of dates") == 2
    assert f"{file}:2:16" in ran.err
    assert dxnode("workdays", "2026-01-01", "--holidays", str(tmp_path / "none")).code == 2


@pytest.mark.parametrize(
    "given",
    [
        ["20260101"],
        ["2026-13-01"],
        ["2026-01-01", "--add", "0"],
        ["2026-01-01", "--add", "1", "--until", "2026-01-02"],
        ["2026-01-01", "--until", "2099-01-01"],
    ],
)
def test_what_cannot_be_counted_is_a_mistake(given: list[str]) -> None:
    assert dxnode("workdays", *given).code == 2
