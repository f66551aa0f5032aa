"""What the catalogue entry of a policy has to state (Art. 13, 15)."""

from __future__ import annotations

import pytest
from support.policy_samples import (
    HEAD,
    POLICY,
    SHARING,
    keys,
    problems,
)

from node.core.reading.document import MAX_PROBLEMS


@pytest.mark.parametrize("code", ["N2441900MF0000001R", "A1110000MB0000001M", "Y2441900MF0000001H"])
def test_department_whose_code_begins_with_a_letter_provides_and_asks(code: str) -> None:
    text = POLICY.replace("provider: 11441900000000019Y", f"provider: {code}")
    assert problems(text.replace("to: {any: true}", f"to: {{departments: [{code}]}}")) == ()
    assert keys(POLICY.replace("provider: 11441900000000019Y", f"provider: {code[:-1]}0")) != []


@pytest.mark.parametrize("key", ["title_en", "format", "update", "classification", "sharing"])
def test_catalogue_entry_without_a_required_item_is_refused(key: str) -> None:
    rest = [line for line in HEAD.splitlines(keepends=True) if not line.startswith(key)]
    found = [problem for problem in problems("".join(rest)) if problem.key.startswith("key.")]
    assert [dict(problem.args)["key"] for problem in found] == [key]


def test_data_items_and_questions_are_titled_in_both_languages() -> None:
    text = HEAD + "  flag: {type: text}\nquestions:\n  q: {verify: months_paid > 3}\n"
    told = [(each.key, each.words) for each in problems(text)]
    assert told == [(key, words) for words in ("flag", "q") for key in ("key.title", "key.title-en")]


def test_missing_titles_hide_no_other_problem_however_many_they_are() -> None:
    fields = "".join(f"  f{n}: {{title: 数据项, type: text}}\n" for n in range(MAX_PROBLEMS + 20))
    found = keys(f"{HEAD}{fields}".replace("daily", "dayly"))
    assert found.count("value.choice") == 1
    assert found.count("key.title-en") == MAX_PROBLEMS - 1
    few = f"{HEAD}  f: {{title: 数据项, type: text}}\nquestions:\n  q: {{verify: monthspaid > 3}}\n"
    assert sorted(keys(few)) == ["key.title", "key.title-en", "key.title-en", "predicate.unknown-field"]


@pytest.mark.parametrize(
    ("sharing", "expected"),
    [
        ("{attribute: unconditional, modes: [interface]}", []),
        ("{attribute: unconditional}", ["unconditional.missing"]),
        ("{attribute: unconditional, modes: [interface], use: x}", ["sharing.stray"]),
        ("{attribute: conditional}", ["conditional.missing"] * 3),
        ("{attribute: conditional, modes: [interface], scope: x}", ["conditional.missing"]),
        ("{attribute: conditional, modes: [interface], scope: x, use: x, reason: x}", ["sharing.stray"]),
        ("{attribute: conditional, modes: [post], scope: x, use: x}", ["value.choice"]),
        ("{attribute: conditional, modes: [], scope: x, use: x}", ["value.too-few"]),
        ("{attribute: conditional, modes: [file, file], scope: x, use: x}", ["sharing.mode-twice"]),
        ("{attribute: not_shared, reason: x, legal_basis: x, modes: [file]}", ["sharing.stray"]),
        ("{attribute: not_shared, reason: x, legal_basis: ' '}", ["value.line"]),
    ],
)
def test_each_sharing_attribute_states_what_belongs_to_it(sharing: str, expected: list[str]) -> None:
    assert keys(HEAD.replace(SHARING, sharing)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("id: g, questions: [is-enrolled, name-matches], within_days: 30", []),
        ("id: g, questions: [is-enrolled, is-enroled], within_days: 30", ["rule.unknown-question"]),
        ("id: g, questions: [is-enrolled, is-enrolled], within_days: 1", ["combination.question-twice"]),
        ("id: g, questions: [is-enrolled, enrolled-by-region], within_days: 1", ["combination.statistic"]),
        ("id: g, questions: [is-enrolled], within_days: 30", ["value.too-few"]),
        ("id: g, questions: [is-enrolled, name-matches]", ["key.missing"]),
        ("id: g, questions: [is-enrolled, name-matches], within_days: 0", ["value.too-small"]),
        ("id: g, questions: [is-enrolled, name-matches], within_days: 367", ["value.too-great"]),
        (
            "id: g, questions: [is-enrolled, name-matches], within_days: 1}\n"
            "  - {id: g, questions: [is-enrolled, name-matches], within_days: 2",
            ["combination.id-twice"],
        ),
    ],
)
def test_forbidden_combination_names_questions_about_subjects(body: str, expected: list[str]) -> None:
    assert keys(f"{POLICY}forbidden_together:\n  - {{{body}}}\n") == expected
