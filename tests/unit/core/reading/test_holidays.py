"""Holiday files: what they say is read, and every mistake is told with its place."""

from __future__ import annotations

from datetime import date

import pytest

from node.core.reading.holidays import check_holidays, read_holidays
from node.errors import NodeError, Reason

GOOD = """\
complete: [2027]
days_off:
  2027-02-05/2027-02-07: 春节
  "2027-05-01": 劳动节
working_days:
  2027-02-13: 春节调休上班
"""


def _problem(text: str) -> tuple[str, int, int, str]:
    checked = check_holidays("holidays.yaml", text.encode())
    assert checked.holidays is None
    (problem,) = checked.problems
    for lang in ("zh", "en"):
        assert "{" not in problem.render(lang)
    return problem.key, problem.line, problem.column, problem.words


def test_a_holiday_file_is_read() -> None:
    found = read_holidays("holidays.yaml", GOOD.encode())
    spring = {date(2027, 2, day): "春节" for day in (5, 6, 7)}
    assert found.days_off == spring | {date(2027, 5, 1): "劳动节"}
    assert found.working_days == {date(2027, 2, 13): "春节调休上班"}
    assert found.complete == {2027}
    assert len(found.digest) == 32


@pytest.mark.parametrize(
    "span",
    [
        "2027-2-5",
        "20270205",
        "2027-02-30",
        "2027-02-07/2027-02-05",
        "2027-02-05/",
        "2027-01-01/2027-02-01",
        "2027-W05-1",
        "1999-12-31",
        "2101-01-01",
        "春节",
    ],
)
def test_what_is_no_span_of_dates_is_refused_with_its_place(span: str) -> None:
    assert _problem(f"days_off:\n  {span}: 春节\n") == ("holidays.date", 2, 3, span)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "days_off:\n  2027-02-05/2027-02-07: 春节\n  2027-02-07: 又\n",
            ("holidays.twice", 3, 3, "2027-02-07"),
        ),
        (
            "days_off: {2027-02-07: 春节}\nworking_days:\n  2027-02-07: 调休\n",
            ("holidays.twice", 3, 3, "2027-02-07"),
        ),
        ("working_days:\n  2027-02-08: 调休\n", ("holidays.worked-anyway", 2, 3, "2027-02-08")),
        ("complete: [2027]\ndays_off: {2028-01-01: 元旦}\n", ("holidays.nothing-listed", 1, 12, "2027")),
        ("days_of: {2027-02-07: 春节}\n", ("key.unknown", 1, 1, "days_of")),
        ("complete: ['2027']\ndays_off: {2027-01-01: 元旦}\n", ("value.integer", 1, 12, "'2027'")),
        ("days_off: [2027-02-07]\n", ("value.mapping", 1, 11, "[2027-02-07]")),
        ("days_off: {2027-02-07: 春节, 2027-02-07: 春节}\n", ("yaml.duplicate-key", 1, 28, "2027-02-07")),
        ("", ("yaml.empty-file", 1, 1, "")),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, expected: tuple[str, int, int, str]) -> None:
    assert _problem(text) == expected


def test_the_error_names_the_first_place_and_the_number_of_problems() -> None:
    with pytest.raises(NodeError) as caught:
        read_holidays("holidays.yaml", b"days_off: {x: a}\nworking_days: {y: b}\n")
    assert caught.value.reason is Reason.CONFIG_INVALID
    assert "2 problems" in caught.value.message
    assert "holidays.yaml:1:12" in caught.value.message
