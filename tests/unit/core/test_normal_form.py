"""Texts are compared in one form: what a person cannot see or would take for the same makes no other name."""

from __future__ import annotations

import unicodedata

import pytest

from node.core.normal_form import (
    CHINESE,
    INVISIBLE,
    MIDDLE_DOT,
    TAKEN_FOR,
    line,
    normal_text,
    unreadable,
    visible,
)

UYGHUR = "阿力木·买买提"


ALL_OR_SOME = pytest.mark.parametrize(
    "step", [17, pytest.param(1, marks=pytest.mark.full("all of Unicode takes long"))]
)
"""Each so many-th character."""


@pytest.mark.parametrize(
    ("written", "form"),
    [
        # Blanks that rosters are padded with, and of names that are written apart.
        ("陈　文", "陈文"),
        ("陈 文", "陈文"),
        ("\u3000陈\u00a0\u2003文 ", "陈文"),
        ("欧 阳 娜 娜", "欧阳娜娜"),
        ("𠮷 田", "𠮷田"),
        ("\ue000 文", "\ue000文"),
        # Of words that are set apart by blanks, one stays.
        ("  Wang\u3000 Xiaofang\n", "Wang Xiaofang"),
        ("陈 Wen", "陈 Wen"),
        # Middle dots of keyboards, old systems and documents.
        *[(f"阿力木{dot}买买提", UYGHUR) for dot in "\u00b7\u0387\u02d9\u2022\u2027\u2219\u22c5\u2e31\u2e33"],
        *[(f"阿力木{dot}买买提", UYGHUR) for dot in "\u1427\u16eb\u2981\u318d\u2024"],
        *[(f"阿力木{dot}买买提", UYGHUR) for dot in "\u30fb\ua78f\uff65.．﹒"],
        ("阿力木 • 买买提", UYGHUR),
        ("阿力木　．买买提", UYGHUR),
        ("阿 力 木 · 买 买 提", UYGHUR),
        ("J. Smith", "J. Smith"),
        ("甲1.5乙", "甲1.5乙"),
        # Width of letters, digits and the signs of names.
        ("Ｗａｎｇ　Ｗｅｉ", "Wang Wei"),
        ("３号", "3号"),
        ("东莞（集团）有限公司", "东莞(集团)有限公司"),
        ("Ａ＆Ｂ－Ｃ／Ｄ＇Ｅ", "A&B-C/D'E"),
        ("甲，乙；丙", "甲，乙；丙"),
        # Characters in private use that GB 18030 has given code points, and radicals that PDFs give.
        ("王\ue863", "王\u4dae"),
        ("王\ue816", "王\U00020087"),
        ("王\ue81e", "王\u9fb4"),
        ("⽂⾦", "文金"),
        ("⺟", "母"),
        # Compatibility ideographs and composed letters (Unicode NFC).
        ("\uf900", "豈"),
        ("e\u0301", "é"),
        # What cannot be seen: marks of direction, joiners, a byte order mark, variation selectors, tags.
        ("\u202a陈文\u202c", "陈文"),
        ("陈\u200b\u200e文\ufeff", "陈文"),
        ("\u2066陈\u2060文\u2069", "陈文"),
        ("陈\u00ad文\u200d", "陈文"),
        ("葛\U000e0100文", "葛文"),
        ("陈\ufe00文\U000e0041", "陈文"),
        ("陈\u2800文\ufffc", "陈文"),
        ("\u200b \u3000", ""),
    ],
)
def test_spellings_of_one_text_have_one_form(written: str, form: str) -> None:
    assert normal_text(written) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wang", "WANG"),
        ("wang wei", "wangwei"),
        ("é", "e"),
        ("陈文", "陈义"),
        ("陈文", "陳文"),
        ("王𠮷", "王𠮶"),
        ("王\ue000", "王\ue001"),
        ("阿力木·买买提", "阿力木买买提"),
        ("阿力木-买买提", "阿力木·买买提"),
        ("王●", "王·"),
        ("王〇", "王○"),
        ("李", "李李"),
        ("A.B", "A·B"),
        ("甲，乙", "甲,乙"),
        ("①", "1"),
        ("㈱", "(株)"),
    ],
)
def test_other_texts_have_other_forms(one: str, other: str) -> None:
    assert normal_text(one) != normal_text(other)


def in_ranges(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


@ALL_OR_SOME
def test_no_character_changes_that_is_not_named(step: int) -> None:
    """Each of Unicode between letters: it stays, or is in one of the tables, a blank, or not in NFC."""
    for code in (*range(1, 0xD800), *range(0xE000, 0x110000))[::step]:
        character = chr(code)
        named = code in TAKEN_FOR or in_ranges(code, INVISIBLE) or character.isspace()
        settled = unicodedata.normalize("NFC", character) == character
        if not named and settled and character != MIDDLE_DOT and not unicodedata.combining(character):
            text = f"x{character}x"
            expected = unicodedata.normalize("NFC", text)
            assert normal_text(text) == expected, f"U+{code:04X}"


@ALL_OR_SOME
def test_no_two_characters_that_are_kept_become_one(step: int) -> None:
    kept = {code for code in range(0x20, 0x110000, step) if not 0xD800 <= code < 0xE000}
    kept -= TAKEN_FOR.keys() | {code for first, last in INVISIBLE for code in range(first, last + 1)}
    composed = [chr(code) for code in kept if unicodedata.normalize("NFC", chr(code)) == chr(code)]
    visible_ones = [each for each in composed if not each.isspace()]
    assert len({normal_text(each) for each in visible_ones}) == len(visible_ones)


def test_a_table_leads_to_no_character_of_a_table() -> None:
    targets = set(TAKEN_FOR.values())
    assert not targets & TAKEN_FOR.keys()
    assert not any(in_ranges(code, INVISIBLE) for code in targets)
    assert all(unicodedata.normalize("NFC", chr(code)) == chr(code) for code in targets)


def test_what_is_copied_loses_what_cannot_be_seen() -> None:
    assert visible("\u202aDG-1\u202c") == "DG-1"
    assert line("\u00a0\u200eDG 1\u3000") == "DG 1"
    assert visible("DG 1 ") == "DG 1 "


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("陈文", None),
        ("a\tb\u3000\u0085c", None),
        ("\ue863\u202a", None),
        ("陈\x07文", {"character": "U+0007", "place": 2}),
        ("a\x9f", {"character": "U+009F", "place": 2}),
        ("\x00", {"character": "U+0000", "place": 1}),
        ("x\uffff", {"character": "U+FFFF", "place": 2}),
    ],
)
def test_control_character_is_named_with_its_place(text: str, told: object) -> None:
    assert unreadable(text) == told


def test_chinese_characters_are_those_of_unicode() -> None:
    for code in (*range(0x2E80, 0xD800), *range(0xF900, 0xFB00), *range(0x20000, 0x32000)):
        name = unicodedata.name(chr(code), "")
        if name.startswith(("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "CJK RADICAL", "KANGXI")):
            assert in_ranges(code, CHINESE), f"U+{code:04X}"
    assert not any(in_ranges(ord(sign), CHINESE) for sign in "、。「あアA·-ㄅ가")
