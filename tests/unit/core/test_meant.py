"""What was probably meant by wide signs and by numbers of forms; nothing plain is taken for either."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from node.core.meant import as_plain, narrow, number_meant, wide_sign

PAIRS = dict(
    zip(
        "：，；、【】｛｝（）［］“”‘’！＝＞＜－＃＠％＆＊＋．／＿｜～《》—－１Ａｚ",
        ":,,,[]{}()[]\"\"''!=><-#@%&*+./_|~<>--1Az",
        strict=True,
    )
)


@pytest.mark.parametrize(("wide", "plain"), PAIRS.items())
def test_each_sign_of_a_chinese_keyboard_has_its_plain_one(wide: str, plain: str) -> None:
    sign = wide_sign(f"ab {wide}")
    assert sign is not None
    assert (sign.offset, sign.words, sign.narrow, narrow(wide)) == (3, wide, plain, plain)


@pytest.mark.parametrize(
    "blank", [chr(code) for code in range(0x80, 0x3001) if unicodedata.category(chr(code)) == "Zs"]
)
def test_each_blank_of_unicode_but_the_ordinary_one_is_a_wide_sign(blank: str) -> None:
    sign = wide_sign(f"daily{blank}")
    assert sign is not None
    assert (sign.offset, sign.words, sign.narrow) == (5, blank, "")
    assert as_plain(f"{blank}a{blank}b{blank}") == "a b"


def test_letters_and_digits_in_a_row_are_one_sign() -> None:
    sign = wide_sign("x１８０Ａ天")
    assert sign is not None
    assert (sign.words, sign.narrow) == ("１８０Ａ", "180A")


@examples(100)
@given(st.text(string.printable + "参保状态甲乙丙é"))
def test_plain_and_chinese_text_has_no_wide_sign(text: str) -> None:
    assert wide_sign(text) is None


@examples(100)
@given(st.text())
def test_no_text_stays_wide_once_it_is_made_plain(text: str) -> None:
    assert wide_sign(as_plain(text)) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("50,000", "50000"),
        ("1,000,000", "1000000"),
        ("1万", "10000"),
        ("1.5万", "15000"),
        ("３亿", "300000000"),
        ("２０", "20"),
        ("5千", "5000"),
        ("1 000", "1000"),
        ("1_000", "1000"),
        ("+5", "5"),
        ("007", "7"),
        ("3.0", "3"),
        ("180", "180"),
        ("-5", "-5"),
        ("1,00", ""),
        ("五十", ""),
        ("5元", ""),
        ("0x10", ""),
        ("1e9", ""),
        ("", ""),
        ("9" * 30, ""),
    ],
)
def test_a_number_of_forms_is_told_in_digits_where_it_is_clear(written: str, meant: str) -> None:
    assert number_meant(written) == meant
