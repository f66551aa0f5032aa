"""What edits of the sample policy mean, one kind of edit at a time."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from support.policy_changes import CHANGES, changed, files
from support.policy_samples import CALENDAR, POLICY, build, closed

from node.analysis.diff import space as policy_diff_space
from node.analysis.diff.cases import TooManyFormsError, case_number_classes
from node.analysis.diff.diff import Difference, Kind, difference
from node.analysis.diff.relation import Direction
from node.analysis.diff.space import NotCoveredError, Times, check_covered
from node.core.deciding.clauses import CHECKS
from node.core.policy.rule import Rule
from node.core.reading.build import build_policies

TODAY = date(2026, 11, 22)


def _diff(old: str, new: str, policy: str = POLICY) -> Difference:
    assert old in policy
    return difference(build(policy), build(policy.replace(old, new)), CALENDAR, TODAY)


def _kinds(found: Difference) -> set[Kind]:
    return {each.kind for each in found.findings}


def test_text_that_means_the_same_is_equal() -> None:
    for old, new in (
        ("to: {departments: [11441900000000035L]}", "to: {departments: ['11441900000000035L']}"),
        ("for: [social-insurance/pension]", "for: [social-insurance/pension, social-insurance/pension/late]"),
        ("  - id: office\n", "  - id: front-office\n"),
        ("choices: [60, 120, 180]", "choices: [180, 60, 120]"),
    ):
        assert _diff(old, new).equal, new


def test_titles_are_published_and_change_no_answer() -> None:
    found = _diff("title: 姓名", "title: 名字")
    assert found.equal
    assert [(each.about, each.part, each.direction) for each in found.changes] == [
        ("name", "title", Direction.NONE)
    ]


@pytest.mark.parametrize(
    ("old", "new", "kinds", "widens"),
    [
        ("to: {any: true}", "to: {regions: [440000]}", {Kind.DENIED}, False),
        ('hours: "08:30-17:30"', 'hours: "08:30-18:30"', {Kind.ALLOWED}, True),
        ('hours: "08:30-17:30"', 'hours: "08:00-17:00"', {Kind.ALLOWED, Kind.DENIED}, True),
        ("per_day: 5000", "per_day: 4000", {Kind.TIGHTENED}, False),
        ("per_day: 5000, ", "", {Kind.LOOSENED}, True),
        (
            "per_day: 5000, per_subject_per_day: 3",
            "per_day: 6000, per_subject_per_day: 2",
            {Kind.MIXED},
            True,
        ),
        ("DG-####", "DG-*", {Kind.ALLOWED}, True),
        ("choices: [60, 120, 180]", "choices: [60, 120]", {Kind.DENIED}, False),
        ("choices: [60, 120, 180]", "choices: [60, 120, 240]", {Kind.ALLOWED, Kind.DENIED}, True),
    ],
)
def test_edit_of_a_rule_has_its_kind(old: str, new: str, kinds: set[Kind], widens: bool) -> None:
    found = _diff(old, new)
    assert (_kinds(found), found.widens, found.equal) == (kinds, widens, False)


def test_rule_behind_one_that_covers_it_changes_nothing() -> None:
    shadowed = (
        "  - {id: late, allow: [is-enrolled], to: {departments: [11441900000000035L]},"
        " for: [social-insurance/pension/deferral], limits: {per_day: 9}}\n"
    )
    assert _diff("privacy:\n", shadowed + "privacy:\n").equal


def test_minutes_that_become_allowed_are_named_exactly() -> None:
    found = _diff("08:30-17:30", "08:30-18:30")
    assert {each.parts["hours"] for each in found.findings} == {Times(((17 * 60 + 30, 18 * 60 + 30),))}
    for finding in found.findings:
        assert not finding.example.before.permit
        assert finding.example.after.rule == "office"


def test_dataset_no_longer_shared_denies_all_that_was_allowed() -> None:
    found = difference(build(), build(closed()), CALENDAR, TODAY)
    assert _kinds(found) == {Kind.DENIED}
    assert not found.widens
    back = difference(build(closed()), build(), CALENDAR, TODAY)
    assert _kinds(back) == {Kind.ALLOWED}
    assert back.widens


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("months_paid >= :n", "months_paid > :n", Direction.WIDER),
        ("band: [0, 60, 120, 180, 720]", "band: [0, 60, 720]", Direction.NARROWER),
        ("band: [0, 60, 120, 180, 720]", "band: [0, 60, 90, 180, 720]", Direction.WIDER),
        ("status = 'active'\"}", "status = 'active' OR status = 'ended'\"}", Direction.WIDER),
        ("status = 'active'\"}", 'months_paid < 0"}', Direction.NARROWER),
        ("status = 'active'\"\n    unit", "status <> 'ended'\"\n    unit", Direction.WIDER),
        ("wrong_tries_per_subject: 3", "wrong_tries_per_subject: 9", Direction.WIDER),
        ("wrong_tries_per_subject: 3", "wrong_tries_per_subject: 1", Direction.NARROWER),
        ("epsilon: 0.5", "epsilon: 1", Direction.WIDER),
        ("unit_contributes: 1", "unit_contributes: 2", Direction.UNKNOWN),
        ("dataset: 10", "dataset: 11", Direction.WIDER),
        ("dataset: 10", "dataset: 9", Direction.NARROWER),
        ("period: year", "period: month", Direction.WIDER),
        ("period: year", "period: day", Direction.WIDER),
        ("period: year", "period: year\n  account: register", Direction.WIDER),
        ("sensitivity: sensitive", "sensitivity: normal", Direction.WIDER),
    ],
)
def test_change_of_a_question_or_dataset_has_its_direction(old: str, new: str, direction: Direction) -> None:
    found = _diff(old, new)
    assert {each.direction for each in found.changes} == {direction}
    assert found.widens is (direction is not Direction.NARROWER)
    assert not found.equal


def test_account_that_is_named_as_it_is_anyway_is_no_change() -> None:
    assert _diff("period: year", "period: year\n  account: pension-insurance").equal


def test_dataset_under_another_name_comes_with_a_new_account_which_is_wider() -> None:
    found = _diff("dataset: pension-insurance", "dataset: pension")
    (account,) = (each for each in found.changes if each.part == "account")
    assert (account.dataset, account.before, account.after) == ("pension", "-", "pension")
    assert account.direction is Direction.WIDER


def test_dataset_under_another_name_that_keeps_its_account_has_no_new_one() -> None:
    before = POLICY.replace("period: year", "period: year\n  account: register")
    after = before.replace("dataset: pension-insurance", "dataset: pension")
    found = difference(build(before), build(after), CALENDAR, TODAY)
    assert not [each for each in found.changes if each.part == "account"]


@pytest.mark.parametrize(
    ("old", "new", "direction", "kinds"),
    [
        ("interface, batch", "interface", Direction.NARROWER, {Kind.DENIED}),
        ("interface, batch", "batch", Direction.NONE, set()),
        ("interface", "interface, file", Direction.NONE, set()),
        ("interface", "file", Direction.NARROWER, {Kind.DENIED}),
        ("file", "batch", Direction.WIDER, {Kind.ALLOWED}),
    ],
)
def test_sharing_modes_widen_by_what_goes_through_the_node(
    old: str, new: str, direction: Direction, kinds: set[Kind]
) -> None:
    before, after = (build(POLICY.replace("interface, batch", modes)) for modes in (old, new))
    found = difference(before, after, CALENDAR, TODAY)
    assert [(each.part, each.direction) for each in found.changes] == [("modes", direction)]
    assert _kinds(found) == kinds
    assert found.equal is (direction is Direction.NONE)
    assert found.widens is (direction is Direction.WIDER)


def test_limits_counted_apart_are_no_equal_limits() -> None:
    apart = "allow: [is-enrolled]\n    to: {departments: [11441900000000035L]}"
    rule = (
        "  - id: tax-bands\n"
        "    allow: [contribution-band, months-at-least, name-matches, enrolled-by-region]\n"
        "    to: {departments: [11441900000000035L]}\n    for: [social-insurance/pension/deferral]\n"
        "    limits: {per_day: 5000, per_subject_per_day: 3}\n  - id: office\n"
    )
    whole = (
        "allow: [is-enrolled, months-at-least, name-matches, contribution-band, enrolled-by-region]\n"
        "    to: {departments: [11441900000000035L]}"
    )
    assert whole in POLICY
    split = POLICY.replace(whole, apart).replace("  - id: office\n", rule)
    found = difference(build(), build(split), CALENDAR, TODAY)
    assert found.findings == ()
    assert [(each.part, each.direction) for each in found.changes] == [("counters", Direction.UNKNOWN)]
    assert found.widens


def test_part_of_a_rule_that_is_not_covered_stops_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    covered = {
        **policy_diff_space._COVERED,
        Rule: frozenset({each.name for each in dataclasses.fields(Rule)}),
    }
    covered[Rule] -= {"own_region"}
    monkeypatch.setattr(policy_diff_space, "_COVERED", covered)
    with pytest.raises(NotCoveredError, match="own_region"):
        check_covered()


def test_clause_of_a_decision_that_is_not_covered_stops_the_comparison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    another = dataclasses.replace(CHECKS[0], name="requester.trusted")
    monkeypatch.setattr(policy_diff_space, "CHECKS", (*CHECKS, another))
    with pytest.raises(NotCoveredError, match=r"requester\.trusted"):
        _diff("per_day: 5000", "per_day: 4000")


# New names; a first day that is a holiday, of a rule for working days; choices that nobody may ask with.
NOTHING = {"rules.0.id", "rules.0.effective.from", "questions.months-at-least.parameters.n.choices"}
# What is published only, and a field that no question reads.
NO_ANSWER = {
    *("title", "sharing.scope", "sharing.use", "sharing.reason", "sharing.legal_basis", "update", "format"),
    *("title_en", "fields.status.title", "fields.status.title_en"),
    *("questions.is-enrolled.title", "questions.is-enrolled.title_en"),
    *("forbidden_together.0.id", "fields.note.type"),
}


@pytest.mark.parametrize("path", CHANGES)
def test_no_part_of_a_policy_changes_unseen(path: str) -> None:
    before, after = (build_policies(files(each)) for each in changed(path))
    found = difference(before, after, CALENDAR, TODAY)
    assert found.equal is (path in NO_ANSWER | NOTHING)
    assert bool(found.findings or found.changes) is (path not in NOTHING)


def test_case_numbers_of_one_form_and_not_of_another_are_found() -> None:
    classes = case_number_classes(["DG-####", "DG-*"])
    assert set(classes) == {frozenset(), frozenset({1}), frozenset({0, 1})}


def test_too_many_forms_are_refused_rather_than_walked_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.analysis.diff.cases.MAX_STATES", 3)
    with pytest.raises(TooManyFormsError):
        case_number_classes(["A" * 20])
    found = _diff("DG-####", "DG-*")
    assert found.too_complex == (("pension-insurance", "is-enrolled"),)
    assert found.widens
