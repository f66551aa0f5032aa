"""Each wide sign where a plain one means something in a policy is named, with what to type for it."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.places import ROOT
from support.policy_samples import CLEAN, HEAD, PRIVACY, problems

from node.core.meant import narrow
from node.core.text.problem import Problem
from node.texts.wording import LANGUAGES

# How each plain sign, letter or digit comes out of a Chinese keyboard; a blank has several wide forms.
WIDE = {
    ":": "：",
    ",": "，、；",
    "[": "【［",
    "]": "】］",
    "{": "｛",
    "}": "｝",
    "-": "－—–",
    "#": "＃",
    "=": "＝",
    ">": "＞",
    "<": "＜",
    "(": "（",
    ")": "）",
    "'": "‘’",
    '"': "“”",
    " ": "\u00a0\u3000\u2003\u202f",
    **{char: chr(ord(char) + 0xFEE0) for char in "abcxyzAZ0159_"},
}
# Blocks, lists and mappings in both styles, quotes of both kinds, numbers, dates, codes, conditions.
POLICY = (
    CLEAN.replace("    when: {workdays", "    effective: {from: 2026-01-01}\n    when: {workdays")
    .replace("modes: [interface, batch]", "modes:\n    [interface, batch]", 1)
    .replace("status = 'active'", "status IN ('active', 'paused') AND (months_paid > 5 OR months_paid <= 2)")
)
FREE = re.compile(
    r"(?:title|title_en|scope|use|reason|legal_basis|because): (?P<free>[^,{}\n]+)|(?P<comment>#.*)"
)


def _told(text: str) -> list[Problem]:
    return list(problems(text))


def _meaningful() -> list[int]:
    """Where signs of the policy mean something: not in text that people read."""
    free = {index for found in FREE.finditer(POLICY) for index in range(*found.span("free"))}
    # Blanks that only part words of a condition, or stand beside others, part nothing in their wide form.
    return [
        index
        for index, char in enumerate(POLICY)
        if char in WIDE and index not in free and not _only_looks(index, char)
    ]


def _only_looks(index: int, char: str) -> bool:
    line = POLICY[POLICY.rfind("\n", 0, index) + 1 : POLICY.find("\n", index)]
    within = index - POLICY.rfind("\n", 0, index) - 1
    condition = re.search(r'(?:verify|where): "(?P<condition>[^"]*)"', line)
    # In a condition every blank parts words, and a text in quotes is text.
    if condition is not None and condition.start("condition") <= within < condition.end("condition"):
        return char == " " or ("'" in line[condition.start("condition") : within] and char.isalnum())
    return False


MEANINGFUL = _meaningful()


def test_the_policy_has_signs_of_all_kinds_at_many_places() -> None:
    assert _told(POLICY) == []
    assert len(MEANINGFUL) > 800
    assert {POLICY[index] for index in MEANINGFUL} >= set(WIDE) - set("#xzAZ")


@examples(400)
@given(st.sampled_from(MEANINGFUL), st.integers(0, 3))
def test_a_wide_sign_wherever_a_plain_one_means_something_is_named_with_what_to_type(
    index: int, which: int
) -> None:
    plain = POLICY[index]
    wide = WIDE[plain][which % len(WIDE[plain])]
    told = _told(POLICY[:index] + wide + POLICY[index + 1 :])
    named, typed = (f"U+{ord(wide):04X}", "") if plain == " " else (wide, narrow(wide))
    for lang in LANGUAGES:
        said = [(each.message_in(lang), each.hint_in(lang)) for each in told]
        assert any(named in what and typed in hint for what, hint in said), (POLICY[index - 30 : index], said)


@examples(200)
@given(st.sampled_from(MEANINGFUL), st.integers(0, 3))
def test_no_hint_asks_for_a_word_that_looks_like_the_one_that_stands_there(index: int, which: int) -> None:
    wide = WIDE[POLICY[index]][which % len(WIDE[POLICY[index]])]
    for each in _told(POLICY[:index] + wide + POLICY[index + 1 :]):
        closest = dict(each.args).get("closest", "")
        assert not closest or narrow(each.words.strip()) != closest, each.render("en")


@pytest.mark.parametrize("path", sorted(ROOT.glob("policies/*.yaml")), ids=lambda path: path.name)
def test_chinese_text_of_real_policies_is_never_taken_for_mistyped(path: object) -> None:
    text = str(path.read_text("utf-8")) if hasattr(path, "read_text") else ""
    assert yaml.safe_load(text)
    assert [each for each in _told(text) if each.key.startswith(("yaml.", "file."))] == []


@pytest.mark.parametrize("head", [HEAD + PRIVACY])
def test_wide_signs_in_titles_and_reasons_are_welcome(head: str) -> None:
    assert _told(head.replace("办理社会保险业务", "办理：（社会）“保险”、业务；其他｛一｝【二】")) == []
