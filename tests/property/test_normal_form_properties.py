"""However a name is written it has one form, and two names have two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from node.core.identity import normalise_credit_code, normalise_resident_id
from node.core.normal_form import INVISIBLE, MIDDLE_DOT, TAKEN_FOR, normal_text

HAN = "陈文欧阳娜阿力木买提李王䶮㙟\U00020087\U00020bb7\u9fb4"
LATIN = "ABCxyzéü019"
BLANKS = " \u3000\u00a0\u2003\u202f\t"
UNSEEN = "".join(chr(first) for first, _ in INVISIBLE)
DOTS = (
    MIDDLE_DOT + "".join(chr(code) for code, other in TAKEN_FOR.items() if chr(other) == MIDDLE_DOT) + ".．﹒"
)
INSTEAD: dict[str, list[str]] = {}
for _code, _other in TAKEN_FOR.items():
    if chr(_other) != MIDDLE_DOT:
        INSTEAD.setdefault(chr(_other), []).append(chr(_code))

chinese = st.lists(st.text(HAN, min_size=1, max_size=4), min_size=1, max_size=3)
latin = st.lists(st.text(LATIN, min_size=1, max_size=6), min_size=1, max_size=3)


@st.composite
def spelled(draw: st.DrawFn, text: str) -> str:
    """Each character as some keyboard, register or page writes it, with what cannot be seen around it."""
    found = ""
    for character in text:
        found += draw(st.sampled_from([character, *INSTEAD.get(character, [])]))
        found += draw(st.text(UNSEEN, max_size=1))
    return found


@given(chinese, st.data())
def test_a_chinese_name_has_one_form_however_it_is_written(parts: list[str], data: st.DataObject) -> None:
    written = data.draw(st.text(BLANKS, max_size=2))
    for place, part in enumerate(parts):
        if place:
            written += data.draw(st.text(BLANKS, max_size=1))
            written += data.draw(st.sampled_from(DOTS)) + data.draw(st.text(BLANKS, max_size=1))
        for character in part:
            written += data.draw(spelled(character)) + data.draw(st.text(BLANKS, max_size=2))
    assert normal_text(written) == MIDDLE_DOT.join(parts)


@given(latin, st.data())
def test_words_in_letters_stay_apart_however_they_are_written(words: list[str], data: st.DataObject) -> None:
    written = data.draw(st.text(BLANKS, max_size=2))
    for word in words:
        written += data.draw(spelled(word)) + data.draw(st.text(BLANKS, min_size=1, max_size=2))
    assert normal_text(written) == " ".join(words)


@given(st.one_of(chinese.map(MIDDLE_DOT.join), latin.map(" ".join), st.text(HAN + LATIN, min_size=1)))
def test_a_name_in_the_form_is_its_own_form_so_that_two_of_them_stay_two(name: str) -> None:
    assert normal_text(name) == name


@given(st.text())
def test_the_form_of_any_text_is_its_own_form(text: str) -> None:
    form = normal_text(text)
    assert normal_text(form) == form
    assert normal_text(f"\u3000{text}\u200e") == form


@given(st.text(HAN + LATIN + DOTS + BLANKS + UNSEEN, max_size=12))
def test_nothing_that_is_seen_is_added_or_lost_but_blanks(text: str) -> None:
    shown = [each for each in text if each not in UNSEEN and not each.isspace()]
    folded = [MIDDLE_DOT if each in DOTS else chr(TAKEN_FOR.get(ord(each), ord(each))) for each in shown]
    left = [MIDDLE_DOT if each == "." else each for each in normal_text(text) if not each.isspace()]
    assert left == folded


@given(st.text(UNSEEN + BLANKS, max_size=8), st.data())
def test_identifiers_are_read_with_whatever_cannot_be_seen_in_them(around: str, data: st.DataObject) -> None:
    for number, normalise in (
        ("11010519491231002X", normalise_resident_id),
        ("N2441900MF0000001R", normalise_credit_code),
    ):
        place = data.draw(st.integers(0, 18))
        assert normalise(number[:place] + around + number[place:]) == number
