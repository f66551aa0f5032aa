"""Whether a question is still answered alike: other words, what follows from before, or another fact."""

from __future__ import annotations

from datetime import date

import pytest
from policy_samples import CALENDAR, POLICY, PRIVACY, RULES, build

from node.core.policy_diff import Difference, Kind, difference
from node.core.policy_diff_answers import Compared, Direction, Record, Relation

HEAD = POLICY[: POLICY.index("questions:\n")]
TODAY = date(2026, 11, 22)


def _with(question: str) -> str:
    privacy = PRIVACY if "statistic" in question else ""
    return f"{HEAD}questions:\n  q: {{{question}, title: q, title_en: q}}\n{privacy}"


def _diff(before: str, after: str) -> Difference:
    return difference(build(before), build(after), CALENDAR, TODAY)


def _compared(before: str, after: str) -> Compared:
    (change,) = _diff(_with(before), _with(after)).changes
    assert change.part == "expression"
    assert change.compared is not None
    assert change.direction is change.compared.direction
    return change.compared


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("status = 'active' AND months_paid < 5", "months_paid < 5 AND status = 'active'"),
        ("NOT (months_paid < 5)", "months_paid >= 5"),
        ("status <> 'ended'", "status IN ('active', 'paused')"),
        ("months_paid <= 720", "months_paid IS NOT NULL"),
        ("joined_on > '2025-12-31'", "joined_on >= '2026-01-01'"),
    ],
)
def test_predicate_in_other_words_changes_no_answer(before: str, after: str) -> None:
    assert _compared(f'verify: "{before}"', f'verify: "{after}"') == Compared(Relation.SAME, Direction.NONE)
    counted = "statistic: count, unit_contributes: 1, epsilon: 0.5, where"
    assert _compared(f'{counted}: "{before}"', f'{counted}: "{after}"').direction is Direction.NONE


BORN = {"born_on": "1989-12-31"}


@pytest.mark.parametrize(
    ("before", "after", "relation", "direction", "values"),
    [
        # Fewer are answered "yes", and a "no" tells something that it did not tell before.
        ("months_paid < 180", "months_paid < 120", Relation.FEWER, Direction.WIDER, {"months_paid": "120"}),
        ("months_paid < 180", "months_paid < 181", Relation.MORE, Direction.WIDER, {"months_paid": "180"}),
        ("months_paid < 9", "months_paid > 8", Relation.OTHER, Direction.WIDER, {"months_paid": "8"}),
        ("months_paid < 9", "months_paid < 0", Relation.FEWER, Direction.NARROWER, {"months_paid": "0"}),
        (
            "status = 'ended'",
            "status = 'ended' OR status IS NULL",
            Relation.MORE,
            Direction.WIDER,
            {"status": None},
        ),
    ],
)
def test_other_predicate_comes_with_a_record_that_shows_it(
    before: str, after: str, relation: Relation, direction: Direction, values: dict[str, str | None]
) -> None:
    found = _compared(f'verify: "{before}"', f'verify: "{after}"')
    assert (found.relation, found.direction) == (relation, direction)
    assert found.records[0].values == values
    assert found.records[0].before != found.records[0].after


def test_parameters_are_compared_with_each_of_their_choices() -> None:
    parameters = ", parameters: {n: {choices: [60, 120]}}"
    found = _compared(f'verify: "months_paid >= :n"{parameters}', f'verify: "months_paid > :n"{parameters}')
    assert found.records == (Record({"months_paid": "60"}, {"n": "60"}, "yes", "no"),)


def _band(*edges: int) -> str:
    return f"field: months_paid, as: {{band: {list(edges)}}}"


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (_band(0, 60, 120, 720), _band(0, 120, 720), Direction.NARROWER),
        (_band(0, 120, 720), _band(0, 60, 120, 720), Direction.WIDER),
        (_band(0, 60, 720), _band(0, 61, 720), Direction.WIDER),
        (_band(0, 60, 720), "field: months_paid, as: {exists: true}", Direction.NARROWER),
        ("field: months_paid, as: {exists: true}", _band(0, 60, 720), Direction.UNKNOWN),
        (
            "field: months_paid, as: {generalise: {step: 12}}",
            "field: months_paid, as: {generalise: {step: 24}}",
            Direction.NARROWER,
        ),
        (
            "field: months_paid, as: {generalise: {step: 24}}",
            "field: months_paid, as: {generalise: {step: 12}}",
            Direction.UNKNOWN,
        ),
        (
            "field: region, as: {generalise: {level: city}}",
            "field: region, as: {generalise: {level: province}}",
            Direction.NARROWER,
        ),
        (
            "field: region, as: {generalise: {level: city}}",
            "field: region, as: {generalise: {level: town}}",
            Direction.WIDER,
        ),
        ("field: school, as: {mask: {first: 2}}", "field: school, as: {mask: {first: 1}}", Direction.UNKNOWN),
        ("field: school, as: {mask: {first: 2}}", "field: name, as: {mask: {first: 2}}", Direction.UNKNOWN),
    ],
)
def test_derivation_is_narrower_only_if_it_follows_from_the_one_before(
    before: str, after: str, direction: Direction
) -> None:
    found = _compared(before, after)
    assert found.direction is direction
    assert (found.relation is Relation.NOT_COMPARED) is (direction is Direction.UNKNOWN)


def test_band_that_is_divided_is_shown_on_both_of_its_sides() -> None:
    records = _compared(_band(0, 120, 720), _band(0, 60, 120, 720)).records
    assert {record.before for record in records} == {"[0,120)"}
    assert {record.after for record in records} == {"[0,60)", "[60,120)"}


def test_what_is_not_compared_is_taken_for_wider() -> None:
    found = _diff(_with("verify: \"school = 'x'\""), _with("field: school, as: {exists: true}"))
    (change,) = [each for each in found.changes if each.part == "expression"]
    assert change.compared == Compared(Relation.NOT_COMPARED, Direction.UNKNOWN)
    assert found.widens


def test_too_many_combinations_are_taken_for_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.core.predicate_space.MAX_STEPS", 3)
    found = _compared(
        "verify: \"months_paid < 3 AND school = 'x'\"", "verify: \"school = 'x' AND months_paid < 3\""
    )
    assert found == Compared(Relation.NOT_COMPARED, Direction.UNKNOWN)


def test_batches_that_become_possible_are_shown_by_a_request_about_several() -> None:
    one_by_one = POLICY.replace("interface, batch", "interface")
    found = _diff(one_by_one, POLICY)
    assert {each.kind for each in found.findings} == {Kind.ALLOWED}
    for finding in found.findings:
        assert {asked.subjects for asked in finding.asked} == {2}
        assert finding.example.request.subjects == 2
        assert finding.example.before.clause == "mode"
        assert "enrolled-by-region" not in {asked.question for asked in finding.asked}


FORBIDDEN = "forbidden_together:\n"


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("{id: a, questions: [Q1, Q2], within_days: 30}", "", Direction.WIDER),
        ("", "{id: a, questions: [Q1, Q2], within_days: 30}", Direction.NARROWER),
        (
            "{id: a, questions: [Q1, Q2], within_days: 30}",
            "{id: a, questions: [Q1, Q2], within_days: 31}",
            Direction.NARROWER,
        ),
        (
            "{id: a, questions: [Q1, Q2], within_days: 30}",
            "{id: a, questions: [Q1, Q2, Q3], within_days: 30}",
            Direction.WIDER,
        ),
        (
            "{id: a, questions: [Q1, Q2], within_days: 30}",
            "{id: a, questions: [Q1, Q3], within_days: 30}",
            Direction.UNKNOWN,
        ),
    ],
)
def test_combination_is_narrower_if_all_that_was_forbidden_still_is(
    before: str, after: str, direction: Direction
) -> None:
    names = {"Q1": "is-enrolled", "Q2": "contribution-band", "Q3": "months-at-least"}

    def policy(given: str) -> str:
        for short, name in names.items():
            given = given.replace(short, name)
        return POLICY.replace(RULES, RULES + (f"{FORBIDDEN}  - {given}\n" if given else ""))

    found = _diff(policy(before), policy(after))
    assert {each.part for each in found.changes} == {"combinations"}
    assert found.widens is (direction is not Direction.NARROWER)
    assert direction in {each.direction for each in found.changes}
