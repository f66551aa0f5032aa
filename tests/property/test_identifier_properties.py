"""However an identity number is written in free text, it is found; case numbers are not taken for one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from node.core.identity import check_character, holds_identifier, normalise_resident_id
from node.errors import NodeError

SEPARATORS = (
    "-._/ ,:;|·—–―‐−、，。：；（）()[]【】〔〕<>《》\"'“”*#+~\\\t\u3000\u00a0\u2009\u200b\ufeff\u2060\u00ad"
)
WIDE = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789X"}
ARABIC = {ord("0") + value: 0x0660 + value for value in range(10)}
SCRIPTS: tuple[dict[int, int], ...] = ({}, WIDE, ARABIC)
PROVINCES = ("11", "21", "31", "44", "50", "65", "71", "81", "83", "944")


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A valid identity number."""
    province = draw(st.sampled_from(PROVINCES))
    region = province + draw(st.text("0123456789", min_size=6 - len(province), max_size=6 - len(province)))
    born = draw(st.dates(date(1850, 1, 1), date(2090, 12, 31)))
    body = f"{region}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return body + check_character(body)


@st.composite
def written(draw: st.DrawFn) -> str:
    """A valid identity number with anything but letters between its digits, which are of any width."""
    text = ""
    for character in draw(numbers()):
        between = draw(st.text(SEPARATORS, max_size=2)) if text else ""
        said = character.translate(draw(st.sampled_from(SCRIPTS)))
        text += between + (said.lower() if draw(st.booleans()) else said)
    return text


# What stands around it is no part of a longer run of digits.
around = st.text(st.characters(exclude_categories=("Cs", "Nd", "Nl", "No")), max_size=12)


@given(written(), around, around)
def test_identity_number_is_found_however_it_is_written(number: str, before: str, after: str) -> None:
    assume(not after[:1] or not after[0].upper().endswith("X"))
    assume(not before or not before[-1].upper().endswith("X"))
    assert holds_identifier(number)
    assert holds_identifier(f"案 {number}")
    assert holds_identifier(f"{before}a{number}a{after}")
    assert holds_identifier(f"2026/{number}/7")


@given(st.text(), st.text("0123456789", max_size=40), st.text("0123456789-._/ ", max_size=60))
def test_any_text_is_judged(any_text: str, digits: str, separated: str) -> None:
    for text in (any_text, digits, separated):
        holds_identifier(text)
    # Separators never hide what is found without them, where the digits are all there is.
    if holds_identifier(digits) and len(digits) == 18:
        assert holds_identifier("-".join(digits))


def reads_as_one(digits: str) -> bool:
    try:
        normalise_resident_id(digits)
    except NodeError:
        return False
    return True


@given(st.text("0123456789", min_size=18, max_size=18) | numbers())
def test_separated_digits_are_found_if_and_only_if_they_read_as_a_number_together(digits: str) -> None:
    assert holds_identifier("-".join(digits)) is reads_as_one(digits)


DIGITS = "0123456789"


@pytest.mark.parametrize(
    "form",
    # Of the example policies and documents, and as such numbers are usually made.
    [
        "DG-########-####",
        "RX-####-######",
        "RC-####-######",
        "ZF-######-*",
        "SB-####-######",
        "粤社〔####〕####号",
        "####-##-##/#####",
    ],
)
@given(data=st.data())
def test_case_numbers_of_usual_forms_are_not_taken_for_identity_numbers(
    form: str, data: st.DataObject
) -> None:
    number = "".join(
        data.draw(st.sampled_from(DIGITS)) if character == "#" else character for character in form
    ).replace("*", data.draw(st.text(DIGITS, max_size=6)))
    assert not holds_identifier(number)
