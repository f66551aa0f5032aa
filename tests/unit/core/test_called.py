"""What was probably meant by a name that there is not; what was typed is never part of it."""

from __future__ import annotations

import pytest

from node.core.called import ALMOST_THE_SAME, Called, meant_names

ENROLLED = Called("is-enrolled", ("是否参加基本养老保险", "Is the person enrolled?"))
MONTHS = Called("months-at-least", ("缴费是否满若干个月", "Has the person paid for so many months?"))
DEFERRAL = Called("social-insurance/pension/deferral", ("养老保险延缴办理", "Deferral of contributions"))
REFUND = Called("tax/refund", ("退税", "Tax refund"))
KNOWN = (ENROLLED, MONTHS, DEFERRAL, REFUND)

TYPED = {
    "a letter left out": ("is-enroled", ENROLLED),
    "two letters in the wrong order": ("is-enrolledd", ENROLLED),
    "underscore and capitals": ("Is_Enrolled", ENROLLED),
    "full width": ("ｉｓ－ｅｎｒｏｌｌｅｄ", ENROLLED),
    "a zero-width blank": ("is-\u200benrolled", ENROLLED),
    "the title": ("缴费是否满若干个月", MONTHS),
    "the title with blanks": ("缴费 是否满\u3000若干个月", MONTHS),
    "the title with its mark": ("是否参加基本养老保险？", ENROLLED),
    "the title in quotes of Chinese": ("《缴费是否满若干个月》", MONTHS),
    "a character too few": ("缴费满若干个月", MONTHS),
    "the title in English": ("deferral of Contributions", DEFERRAL),
    "a short title": ("退税", REFUND),
    "the last part": ("deferral", DEFERRAL),
    "wide slashes": ("social-insurance／pension／deferral", DEFERRAL),
    "a part mistyped": ("social-insurence/pension/deferal", DEFERRAL),
}


@pytest.mark.parametrize(("typed", "meant"), TYPED.values(), ids=TYPED)
def test_it_is_found_what_was_meant(typed: str, meant: Called) -> None:
    assert meant_names(typed, KNOWN) == (meant.name,)


@pytest.mark.parametrize("typed", ["stauts", "tsatus", "STAUTS", "staut s"])
def test_the_same_letters_in_another_order_come_before_what_is_close(typed: str) -> None:
    assert meant_names(typed, (Called("stats"), Called("status"), Called("start"))) == ("status",)


@pytest.mark.parametrize("typed", ["", "？", "water-meter", "441900195001010020", "x" * 5000])
def test_nothing_is_made_up_for_what_is_not_close(typed: str) -> None:
    assert meant_names(typed, KNOWN) == ()


@pytest.mark.parametrize("right", [each.name for each in KNOWN])
def test_a_name_that_there_is_needs_no_other(right: str) -> None:
    assert meant_names(right, KNOWN) == ()


def test_of_two_with_one_title_both_are_told() -> None:
    assert meant_names("退税", (REFUND, Called("tax/return", ("退税",)))) == ("tax/refund", "tax/return")


def test_of_many_with_one_title_none_is_told() -> None:
    assert meant_names("退税", tuple(Called(f"tax/r{number}", ("退税",)) for number in range(9))) == ()


def test_names_drawn_by_lot_must_be_almost_the_same() -> None:
    known = (Called("g-00a1b2c3d4e5f607"), Called("g-99a8b7c6d5e4f300"))
    assert meant_names("g-00a1b2c3d4e5f608", known, ALMOST_THE_SAME) == ("g-00a1b2c3d4e5f607",)
    assert meant_names("G-00A1B2C3D4E5F607", known, ALMOST_THE_SAME) == ("g-00a1b2c3d4e5f607",)
    assert meant_names("g-0011223344556677", known, ALMOST_THE_SAME) == ()
