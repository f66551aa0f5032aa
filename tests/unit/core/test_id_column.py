"""Claims about the judgement of a column of identifiers as a whole."""

from __future__ import annotations

import pytest
from support.fake_desk import resident

from node.core.id_column import IdColumn, identifier, number_text

PLAIN = resident(9)


def judged(*texts: str) -> IdColumn:
    column = IdColumn()
    for text in texts:
        column.take(text)
    return column


def fault(*texts: str) -> str:
    found = judged(*texts).fault("id")
    return "" if found is None else found.key.rpartition(".")[2]


@pytest.mark.parametrize(
    "written", [f'="{PLAIN}"', f"'{PLAIN}", f" {PLAIN} ", f"\t{PLAIN}", f"{PLAIN[:6]} {PLAIN[6:]}"]
)
def test_spelling_that_keeps_an_identifier_whole_is_read(written: str) -> None:
    assert identifier(written) == PLAIN


@pytest.mark.parametrize("written", ["", "x", '=""', "4.41900195001010E+17", f'="{PLAIN}"x'])
def test_anything_else_is_none(written: str) -> None:
    assert identifier(written) is None


def test_a_few_typing_errors_are_no_fault_of_the_column() -> None:
    good = [resident(number) for number in range(11)]
    assert fault(*good, "x") == ""
    assert fault(*good[:5], *["x"] * 5) == ""


def test_column_of_which_most_are_invalid_is_refused_however_short() -> None:
    assert fault("x") == "column-invalid"
    assert fault(resident(0), "x", "x") == "column-invalid"


def test_of_a_long_column_more_than_five_percent_invalid_are_too_many() -> None:
    good = [resident(number) for number in range(950)]
    assert fault(*good, *["x"] * 50) == ""
    assert fault(*good, *["x"] * 51) == "column-invalid"


@pytest.mark.parametrize(
    "rounded", ["4.41900195001010E+17", "4.419E+17", "441900195001013000", '="441900195001013000"']
)
def test_rounded_column_is_told_as_such_before_that_it_is_invalid(rounded: str) -> None:
    column = judged(resident(0), rounded, rounded)
    said = column.fault("id")
    assert said is not None
    assert said.key == "error.identity.column-rounded"
    assert said.args == {"column": "id", "count": 2, "rows": 3, "row": 2}


def test_a_few_rounded_ones_among_many_that_are_text_are_told_too() -> None:
    """In a sheet of both, one in eleven of the rounded ones is a valid number of somebody else."""
    good = [resident(number) for number in range(500)]
    assert fault(*good, "441900195001013000", "441900195001014000") == "column-rounded"


def test_identifiers_that_end_in_zeros_by_themselves_are_no_fault() -> None:
    from node.core.identity import check_character

    natural = [f"441900{year}01{day:02}10" for year in range(1950, 2000) for day in range(1, 29)]
    zeros = [body + "00" for body in natural if check_character(body + "0") == "0"]
    assert len(zeros) > 50
    assert fault(*zeros, "x") == ""


def test_no_identifier_is_in_what_is_said() -> None:
    said = judged("441900195001013000", "441900195001013000").fault("id")
    assert said is not None
    assert "4419" not in str(said.args)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (441900500101123.0, "441900500101123"),
        (441900195001010009.0, "4.41900195001010E+17"),
        (13.5, "13.5"),
        (-2.0, "-2"),
        (float("nan"), ""),
        (float("inf"), "INF"),
    ],
)
def test_number_of_a_spreadsheet_is_the_text_that_it_shows(number: float, text: str) -> None:
    assert number_text(number) == text
