"""Whether a question is still answered alike: other words, what follows from before, or another fact."""

from __future__ import annotations

from datetime import date

import pytest
from support.policy_samples import CALENDAR, POLICY, PRIVACY, RULES, build

from node.analysis.diff.diff import Difference, Kind, difference
from node.analysis.diff.relation import Compared, Direction, Record, Relation

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
        ("field: months_paid, as: {exists: true}", _band(0, 60, 720), Direction.WIDER),
        ("field: months_paid, as: {generalise: {step: 12}}", _band(0, 60, 719), Direction.NARROWER),
        ("field: months_paid, as: {generalise: {step: 12}}", _band(0, 66, 719), Direction.WIDER),
        (
            "field: months_paid, as: {generalise: {step: 12}}",
            "field: months_paid, as: {generalise: {step: 24}}",
            Direction.NARROWER,
        ),
        (
            "field: months_paid, as: {generalise: {step: 24}}",
            "field: months_paid, as: {generalise: {step: 12}}",
            Direction.WIDER,
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
        ("field: school, as: {mask: {first: 2}}", "field: school, as: {mask: {first: 1}}", Direction.WIDER),
        (
            "field: school, as: {mask: {first: 2}}",
            "field: school, as: {mask: {first: 0}}",
            Direction.NARROWER,
        ),
        ("field: school, as: {mask: {first: 2}}", "field: school, as: {exists: true}", Direction.NARROWER),
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


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        # Every number from 12 to 23 was told as 12; now some of them are 18.
        ("{step: 12}", "{step: 18}", [("17", "12", "0"), ("18", "12", "18")]),
        ("{step: 24}", "{step: 12}", [("11", "0", "0"), ("12", "0", "12")]),
        ("{step: 12}", "{step: 24}", [("12", "12", "0")]),
    ],
)
def test_rounding_is_shown_by_numbers_that_were_told_alike(
    before: str, after: str, told: list[tuple[str, str, str]]
) -> None:
    found = _compared(*(f"field: months_paid, as: {{generalise: {each}}}" for each in (before, after)))
    assert [(each.values["months_paid"], each.before, each.after) for each in found.records] == told


def test_rounding_below_zero_is_compared_too() -> None:
    # -12 is a multiple of both, -18 of the second alone.
    before, after = (
        _with(f"field: months_paid, as: {{generalise: {{step: {step}}}}}").replace("[0, 720]", "[-20, -7]")
        for step in (4, 6)
    )
    (change,) = _diff(before, after).changes
    assert change.compared is not None
    assert [(each.values["months_paid"], each.before, each.after) for each in change.compared.records] == [
        ("-18", "-16", "-18"),
        ("-17", "-16", "-12"),
    ]


def test_value_too_short_for_a_mask_is_shown_in_part_by_one_that_shows_less() -> None:
    found = _compared("field: school, as: {mask: {first: 2}}", "field: school, as: {mask: {first: 1}}")
    assert found.relation is Relation.OTHER
    assert [(each.values["school"], each.before, each.after) for each in found.records] == [
        ("x", "****", "****"),
        ("xx", "****", "x****"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "relation", "direction"),
    [
        ("{first: 4, last: 4}", "{first: 2, last: 4}", Relation.COARSER, Direction.NARROWER),
        ("{first: 2, last: 4}", "{first: 4, last: 4}", Relation.FINER, Direction.WIDER),
        ("{first: 4, last: 2}", "{first: 2, last: 4}", Relation.OTHER, Direction.WIDER),
    ],
)
@pytest.mark.parametrize("kind", ["resident_id", "credit_code"])
def test_mask_of_an_identifier_is_narrower_if_it_shows_a_part_of_what_it_showed(
    kind: str, before: str, after: str, relation: Relation, direction: Direction
) -> None:
    field = f"  card: {{title: x, title_en: x, type: {kind}}}\n"
    (change,) = _diff(
        *(
            f"{HEAD}{field}questions:\n  q: {{title: q, title_en: q, field: card, as: {{mask: {mask}}}}}\n"
            for mask in (before, after)
        )
    ).changes
    assert change.compared is not None
    assert (change.compared.relation, change.direction) == (relation, direction)
    for record in change.compared.records:
        # Nobody's: not even a made-up identifier is shown.
        assert set(str(record.values["card"])) <= {"x", "y"}


COUNT = "statistic: count, group_by: [region], unit_contributes: 1, epsilon: 0.5"


@pytest.mark.parametrize(
    ("after", "relation", "direction"),
    [
        ("epsilon: 0.25", Relation.NOISIER, Direction.NARROWER),
        ("epsilon: 1", Relation.LESS_NOISY, Direction.WIDER),
    ],
)
def test_other_epsilon_is_shown_by_how_far_a_count_can_lie_from_the_exact_one(
    after: str, relation: Relation, direction: Direction
) -> None:
    changes = _diff(_with(COUNT), _with(COUNT.replace("epsilon: 0.5", after))).changes
    (change,) = [each for each in changes if each.part == "statistic"]
    assert change.compared is not None
    assert (change.compared.relation, change.direction) == (relation, direction)
    (record,) = change.compared.records
    assert record.before == "1000 ± 6"
    assert record.after == {Relation.NOISIER: "1000 ± 12", Relation.LESS_NOISY: "1000 ± 3"}[relation]


@pytest.mark.parametrize(
    "after",
    [
        # A count with noise of its own is closer to the exact one than the sum of many noisy counts.
        COUNT.replace("group_by: [region], ", ""),
        COUNT.replace("[region]", "[status]"),
        COUNT.replace("contributes: 1", "contributes: 2"),
        COUNT.replace("contributes: 1", "contributes: 2").replace("0.5", "0.25"),
    ],
)
def test_other_groups_or_contributions_of_a_count_are_not_compared(after: str) -> None:
    found = _diff(_with(COUNT), _with(after))
    (change,) = [each for each in found.changes if each.part == "statistic"]
    assert change.compared == Compared(Relation.NOT_COMPARED, Direction.UNKNOWN)
    assert found.widens


BUDGETS = "{dataset: 10, organisation: 5, requester: 2}"


@pytest.mark.parametrize(
    ("epsilon", "budgets", "releases"),
    [
        (
            "0.25",
            BUDGETS,
            ("dataset 20, organisation 10, requester 4", "dataset 40, organisation 20, requester 8"),
        ),
        ("0.25", "{dataset: 5, organisation: 2.5, requester: 1}", None),
        ("0.45", "{dataset: 9, organisation: 4.5, requester: 2}", None),
        (
            "0.25",
            "{dataset: 5, organisation: 2.5, requester: 1.25}",
            ("dataset 20, organisation 10, requester 4", "dataset 20, organisation 10, requester 5"),
        ),
    ],
)
def test_lower_epsilon_is_narrower_only_if_the_budgets_pay_for_no_more_releases(
    epsilon: str, budgets: str, releases: tuple[str, str] | None
) -> None:
    after = _with(COUNT.replace("0.5", epsilon)).replace(BUDGETS, budgets)
    found = _diff(_with(COUNT), after)
    told = [(each.before, each.after) for each in found.changes if each.part == "releases"]
    assert told == ([releases] if releases else [])
    assert found.widens is (releases is not None)


def test_lower_price_that_may_pay_for_another_statistic_is_not_proved() -> None:
    # 0.4 + 0.6 and 0.35 + 0.65: with a budget of 1, both are bought only at the lower price.
    other = COUNT.replace("0.5", "0.65").replace("[region]", "[status]")
    policy = _with(COUNT).replace("privacy:", f"  other: {{{other}, title: q, title_en: q}}\nprivacy:")
    policy = policy.replace(BUDGETS, "{dataset: 1, organisation: 1, requester: 1}")
    before, after = (policy.replace("epsilon: 0.5", f"epsilon: {each}") for each in ("0.4", "0.35"))
    found = _diff(before, after)
    assert [(each.part, each.direction) for each in found.changes] == [
        ("statistic", Direction.NARROWER),
        ("releases", Direction.UNKNOWN),
    ]
    assert found.widens


def test_what_is_not_compared_is_taken_for_wider() -> None:
    found = _diff(_with("verify: \"school = 'x'\""), _with("field: school, as: {exists: true}"))
    (change,) = [each for each in found.changes if each.part == "expression"]
    assert change.compared == Compared(Relation.NOT_COMPARED, Direction.UNKNOWN)
    assert found.widens


def test_too_many_combinations_are_taken_for_wider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.analysis.predicate.space.MAX_STEPS", 3)
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
