"""What spreadsheets make of identifiers: what is read all the same, and what is lost."""

from __future__ import annotations

import pytest

from node.core.spreadsheet import Damage, identifier_text, unwrapped

NUMBER = "441999196503080016"


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        (f'="{NUMBER}"', NUMBER),
        (f' ="{NUMBER}" ', NUMBER),
        ('="王 ""小"" 芳"', '王 "小" 芳'),
        ('=""', ""),
        (NUMBER, NUMBER),
        ("=A1", "=A1"),
        ('="a"&"b"', '="a"&"b"'),
        ('="a', '="a'),
        ("=", "="),
        ("", ""),
        ("'阿不都'", "'阿不都'"),
    ],
)
def test_a_formula_that_is_one_text_is_read_as_that(text: str, inside: str) -> None:
    assert unwrapped(text) == inside


@pytest.mark.parametrize(
    "text",
    [
        f"'{NUMBER}",
        f"‘{NUMBER}",
        f"`{NUMBER}",
        f"' {NUMBER}",
        f'="\'{NUMBER}"',
        f"'{NUMBER}'",
        f"\uff07{NUMBER}",
    ],
)
def test_the_apostrophe_of_a_cell_of_text_is_no_part_of_an_identifier(text: str) -> None:
    assert identifier_text(text) == NUMBER


@pytest.mark.parametrize("code", ["N2441900MF0000001R", "a1110000mb0000001m", "Y2441900MF0000001H"])
def test_a_code_that_begins_with_a_letter_may_have_one_too(code: str) -> None:
    assert identifier_text(f"'{code}") == code


def test_an_apostrophe_before_anything_else_stays() -> None:
    for text in ("'X1", "'Anna", "'阿不都'"):
        assert identifier_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "4.41999E+17",
        "4.41999196503080E+17",
        "4,42E+17",
        "4E17",
        "4.42e+17",
        " 4.42E+17 ",
        "４.４２Ｅ＋17",
        '="4.42E+17"',
        "'4.42E+17",
    ],
)
def test_scientific_notation_is_damage(text: str) -> None:
    damage = Damage()

    assert damage.look(text)
    assert damage.rounded == 1


def test_several_that_end_in_three_zeros_were_rounded_and_one_may_be_chance() -> None:
    damage = Damage()
    damage.look("441999196503080000")
    assert damage.rounded == 0
    damage.look("441999197110010000.0")
    assert damage.rounded == 2


def test_a_text_that_was_made_of_a_rounded_number_is_damage_all_the_same() -> None:
    damage = Damage()
    assert damage.look('="441999196503080000"')
    assert damage.look("'441999197110010000")
    assert damage.rounded == 2


@pytest.mark.parametrize(
    "text", [NUMBER, "44199919650308000X", "441999650308000", "", "9144E", "91440000MA4E123456"]
)
def test_whole_identifiers_are_no_damage(text: str) -> None:
    damage = Damage()

    assert not damage.look(text)
