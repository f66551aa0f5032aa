"""Levels of data: what stays under its ceiling, and what never leaves."""

from __future__ import annotations

import pytest
from support.policy_samples import (
    HEAD,
    keys,
    question,
)

LEVELS = HEAD.replace("type: text}", "type: text, level: 2}")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("field: school, as: {plain: true}", []),
        ("field: school, as: {plain: true}, ceiling: {level: 2}", []),
        ("field: school, as: {plain: true}, ceiling: {level: 1}", ["ceiling.level"]),
        ("verify: \"status = 'active'\", ceiling: {level: 2}", ["ceiling.level"]),
        ("verify: \"status = 'active'\", ceiling: {level: 3, sensitivity: normal}", []),
        ("verify: \"born_on > '2000-01-01'\", ceiling: {sensitivity: normal}", ["ceiling.sensitivity"]),
        ("verify: \"born_on > '2000-01-01'\", ceiling: {sensitivity: sensitive}", []),
        ("field: name, as: {mask: {first: 1}}, ceiling: {sensitivity: sensitive}", ["ceiling.sensitivity"]),
        ("field: name, as: {mask: {first: 1}}, ceiling: {sensitivity: identifier}", []),
        ("field: school, as: {plain: true}, ceiling: {level: 4}", ["ceiling.above"]),
        ("field: school, as: {plain: true}, ceiling: {}", ["ceiling.empty"]),
        ("field: school, as: {plain: true}, ceiling: {level: 5}", ["value.too-great"]),
        ("field: school, as: {plain: true}, ceiling: 2", ["value.mapping"]),
    ],
)
def test_question_stays_under_its_ceiling(body: str, expected: list[str]) -> None:
    assert keys(f"{LEVELS}questions:\n  q: {{{body}, title: q, title_en: q}}\n") == expected


def test_statistic_stays_under_its_ceiling_with_groups_and_condition() -> None:
    body = "statistic: count, group_by: [region], where: \"born_on > '2000-01-01'\", unit_contributes: 1"
    text = question(f"{body}, epsilon: 1, ceiling: {{sensitivity: normal}}")
    assert keys(text) == ["ceiling.sensitivity"]


def test_field_is_not_of_a_higher_level_than_its_dataset() -> None:
    assert keys(HEAD.replace("type: text}", "type: text, level: 4}")) == ["field.level"]


@pytest.mark.parametrize("how", ["{plain: true}", "{mask: {first: 1}}"])
def test_of_the_highest_level_no_value_leaves(how: str) -> None:
    text = question(f"field: school, as: {how}").replace("level: 3", "level: 4")
    assert keys(text) == ["derivation.level"]


@pytest.mark.parametrize("body", ["field: school, as: {exists: true}", "verify: months_paid > 3"])
def test_of_the_highest_level_a_bit_may_leave(body: str) -> None:
    assert keys(question(body).replace("level: 3", "level: 4")) == []
