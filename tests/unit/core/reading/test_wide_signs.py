"""Every wide sign of a policy file is named at once with its place, and none that is a part of a text."""

from __future__ import annotations

import pytest
from support.policy_samples import CLEAN, problems

from node.core.meant import narrow
from node.core.reading.wide_signs import wide_signs
from node.core.text.problem import Problem
from node.texts.wording import LANGUAGES

WIDE = frozenset({"yaml.full-width", "yaml.list-comma", "yaml.wide-blank", "yaml.wide-colon"})
MISTYPED = {
    "brackets of a list": ("values: [active, paused, ended]", "values: 【active, paused, ended】"),
    "colon in braces": ("{per_day: 5000, ", "{per_day：5000, "),
    "comma before a key": ("{per_day: 5000, ", "{per_day: 5000，"),
    "colon after a key": ("update: daily", "update：daily"),
    "mark between entries": ("modes: [interface, batch]", "modes: [interface、batch]"),
    "digits": ("wrong_tries_per_subject: 3", "wrong_tries_per_subject: ３"),
    "blank after a key": ("format: database", "format:\u3000database"),
}
STILL_TEXT = (
    "because: 甲，乙：丙",
    "title: “重要”事项【内部】",
    "use: 【办理】abc，def：说明",
    "title: '【active, paused】'",
    "# per_day：5000，【a, b】",
    "note: |\n  per_day：5000\n  update：daily",
)


def signs(found: tuple[Problem, ...]) -> list[tuple[int, int, str]]:
    return [(each.line, each.column, each.words) for each in found]


def changed(*names: str) -> str:
    text = CLEAN
    for name in names:
        old, new = MISTYPED[name]
        assert old in text, name
        text = text.replace(old, new, 1)
    return text


def expected(text: str) -> list[tuple[int, int, str]]:
    """Where the text differs from the clean one in a sign of full width."""
    return [
        (number, column, sign.strip())
        for number, (line, right) in enumerate(zip(text.split("\n"), CLEAN.split("\n"), strict=True), 1)
        if line != right
        for column, sign in enumerate(line, 1)
        if not sign.isascii() and sign not in right
    ]


@pytest.mark.parametrize("name", MISTYPED)
def test_a_wide_sign_is_named_and_nothing_that_follows_from_it(name: str) -> None:
    text = changed(name)
    found = problems(text)
    assert {each.key for each in found} <= WIDE
    assert signs(found) == expected(text)


@pytest.mark.parametrize("name", MISTYPED)
def test_brackets_are_named_beside_every_other_slip_of_the_file(name: str) -> None:
    text = changed(*{"brackets of a list": 0, name: 0})
    assert signs(problems(text)) == expected(text)


def test_all_signs_of_a_file_are_named_in_one_go_and_the_file_is_clean_once_they_are_mended() -> None:
    text = changed(*MISTYPED)
    found = problems(text)
    assert signs(found) == expected(text)
    lines = [list(line) for line in text.split("\n")]
    for each in found:
        lines[each.line - 1][each.column - 1] = narrow(each.words).strip() or " "
    mended = "\n".join("".join(line) for line in lines)
    assert (
        problems(mended.replace("per_day:5000", "per_day: 5000").replace("update:daily", "update: daily"))
        == ()
    )


@pytest.mark.parametrize("text", STILL_TEXT)
def test_a_sign_within_a_text_of_people_is_none(text: str) -> None:
    assert list(wide_signs(f"dataset: x\n{text}\n")) == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("quote", ["“", "”", "‘", "’"])
def test_a_quotation_mark_that_is_shown_does_not_stand_between_its_own_kind(lang: str, quote: str) -> None:
    said = Problem("p.yaml", 1, 1, "yaml.full-width", (("words", quote), ("narrow", narrow(quote)))).render(
        lang
    )
    mark = {"en": ("`", "`"), "zh": ("「", "」")}[lang]
    assert f"{mark[0]}{quote}{mark[1]}" in said
    assert f"{mark[0]}{narrow(quote)}{mark[1]}" in said


@pytest.mark.parametrize(
    ("old", "new", "right"),
    [
        ("update: daily", "update: Daily", "daily"),
        ("format: database", "format: DATABASE", "database"),
        ("status = 'active'", "status = 'ACTIVE'", "active"),
        ("type: enum", "type: Enum", "enum"),
        ("update: daily", "Update: daily", "update"),
    ],
)
def test_a_word_that_differs_in_its_case_alone_is_told_so_with_the_right_one(
    old: str, new: str, right: str
) -> None:
    found = next(each for each in problems(CLEAN.replace(old, new, 1)) if not each.key.endswith("missing"))
    assert (found.key, dict(found.args)["narrow"]) == ("value.letter-case", right)
