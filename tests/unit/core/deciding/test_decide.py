"""Decisions: each clause denies for its own reason, in the documented order, and errors deny too."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from support.explained import OFFICE, PENSION, POLICIES, BrokenZone, decided, why
from support.policy_samples import (
    CALENDAR,
    GRANT,
    HEAD,
    MEDICAL,
    MONDAY,
    POLICY,
    PRIVACY,
    QUESTIONS,
    REQUEST,
    at,
    build,
    closed,
)

from node.core.deciding.evaluator import Decision, Evaluator, decide
from node.core.deciding.explain import explain
from node.core.deciding.grant import Grant, GrantState
from node.core.policy.policy import Policies, PolicyFile
from node.core.policy.question_kind import QuestionKind
from node.core.policy.request import Request, RequestingDepartment
from node.core.policy.rule import Limits
from node.core.reading.build import build_policies
from node.core.text.explanation import advice_of, change_of
from node.core.workdays import Calendar
from node.errors import Reason
from node.texts.wording import worded


def test_a_rule_permits_with_its_limits_and_the_grants_region() -> None:
    decision = decided(REQUEST, replace(GRANT, region="441900003"))
    assert (decision.permit, decision.rule, decision.clause, advice_of(decision, "en")) == (
        True,
        "tax-deferral",
        "",
        "",
    )
    assert decision.limits == Limits(per_day=5000, per_subject_per_day=3)
    assert decision.region == "441900003"
    assert decision.question is POLICIES.datasets["pension-insurance"].questions["is-enrolled"]
    assert decision.grant is not None
    assert decision.grant.id == "g-1"


def test_no_policy_no_answer() -> None:
    assert why(REQUEST, policies=build_policies([])) == (Reason.NOT_SHARED, "", "dataset.sharing")


def test_what_is_not_shared_looks_like_what_does_not_exist() -> None:
    assert decided(REQUEST, None, build(closed())) == decided(replace(REQUEST, dataset="nothing"), None)


@pytest.mark.parametrize(
    "grant",
    [None, replace(GRANT, requester=MEDICAL), replace(GRANT, dataset="diploma")],
    ids=["unknown", "of another department", "for another dataset"],
)
def test_a_grant_that_is_not_the_requesters_is_no_grant(grant: Grant | None) -> None:
    denied = decided(REQUEST, grant)
    assert (denied.reason, denied.rule, denied.clause, denied.grant) == (
        Reason.NO_GRANT,
        "",
        "grant.exists",
        None,
    )


@pytest.mark.parametrize(
    ("modes", "one", "many", "statistic"),
    [
        ("interface", True, False, True),
        ("batch", True, True, True),
        ("interface, file", True, False, True),
        ("file, batch", True, True, True),
        ("file", False, False, False),
    ],
)
def test_sharing_modes_say_how_many_subjects_an_exchange_may_be_about(
    modes: str, one: bool, many: bool, statistic: bool
) -> None:
    policies = build(POLICY.replace("modes: [interface, batch]", f"modes: [{modes}]"))
    evaluator = Evaluator(policies, CALENDAR)
    for request, permitted in (
        (REQUEST, one),
        (replace(REQUEST, subjects=2), many),
        (replace(REQUEST, subjects=1000), many),
        (REQUEST, one),
        (replace(REQUEST, question="enrolled-by-region", subjects=0), statistic),
    ):
        decision = evaluator.decide(lambda _: GRANT, request)
        assert decision.permit is permitted
        if not permitted:
            assert (decision.reason, decision.clause) == (Reason.CONDITION_NOT_MET, "mode")
            assert str(request.subjects) in advice_of(decision, "en")
            assert modes in advice_of(decision, "en")


@pytest.mark.parametrize(
    ("request_", "grant", "expected"),
    [
        (
            replace(REQUEST, requester=replace(REQUEST.requester, suspended=True)),
            GRANT,
            (Reason.SUSPENDED, "", "requester.suspended"),
        ),
        (REQUEST, replace(GRANT, state=GrantState.SUSPENDED), (Reason.SUSPENDED, "", "grant.suspended")),
        (REQUEST, replace(GRANT, state=GrantState.REVOKED), (Reason.GRANT_EXPIRED, "", "grant.revoked")),
        (REQUEST, replace(GRANT, valid_until=MONDAY), (Reason.GRANT_EXPIRED, "", "grant.validity")),
        (
            REQUEST,
            replace(GRANT, valid_from=MONDAY + timedelta(seconds=1)),
            (Reason.GRANT_EXPIRED, "", "grant.validity"),
        ),
        (replace(REQUEST, question="nothing"), GRANT, (Reason.QUESTION_NOT_ALLOWED, "", "question.exists")),
        (
            REQUEST,
            replace(GRANT, questions=frozenset({"name-matches"})),
            (Reason.QUESTION_NOT_ALLOWED, "", "grant.questions"),
        ),
        (REQUEST, replace(GRANT, purposes=("tax",)), (Reason.PURPOSE_NOT_ALLOWED, "", "grant.purposes")),
        (
            replace(REQUEST, purpose="social-insurance/../tax"),
            GRANT,
            (Reason.PURPOSE_NOT_ALLOWED, "", "grant.purposes"),
        ),
        (replace(REQUEST, purpose=""), GRANT, (Reason.PURPOSE_NOT_ALLOWED, "", "grant.purposes")),
        (
            replace(REQUEST, role="system"),
            replace(GRANT, roles=("clerk", "operator")),
            (Reason.QUESTION_NOT_ALLOWED, "", "grant.roles"),
        ),
        (replace(REQUEST, role="auditor"), GRANT, (Reason.QUESTION_NOT_ALLOWED, "", "grant.roles")),
        (replace(REQUEST, role=""), GRANT, (Reason.QUESTION_NOT_ALLOWED, "", "grant.roles")),
        (
            replace(REQUEST, kind=QuestionKind.FIELD),
            GRANT,
            (Reason.QUERY_INVALID, "", "question.kind"),
        ),
        (
            replace(REQUEST, question="enrolled-by-region", kind=QuestionKind.VERIFY),
            GRANT,
            (Reason.QUERY_INVALID, "", "question.kind"),
        ),
        (replace(REQUEST, subjects=0), GRANT, (Reason.QUERY_INVALID, "", "question.subjects")),
        (
            replace(REQUEST, question="enrolled-by-region", subjects=1),
            GRANT,
            (Reason.QUERY_INVALID, "", "question.subjects"),
        ),
        (
            replace(REQUEST, parameters=(("n", "60"),)),
            GRANT,
            (Reason.QUERY_INVALID, "", "question.parameters"),
        ),
        (replace(REQUEST, claims=frozenset({"name"})), GRANT, (Reason.QUERY_INVALID, "", "question.claims")),
        (replace(REQUEST, question="name-matches"), GRANT, (Reason.QUERY_INVALID, "", "question.claims")),
    ],
)
def test_each_check_denies_for_its_reason(
    request_: Request, grant: Grant, expected: tuple[Reason, str, str]
) -> None:
    assert why(request_, grant) == expected


@pytest.mark.parametrize(
    "given",
    [
        (),
        (("n", "61"),),
        (("n", "060"),),
        (("m", "60"),),
        (("n", "60"), ("n", "60")),
        (("n", "60"), ("m", "1")),
    ],
)
def test_parameters_are_exactly_the_declared_choices(given: tuple[tuple[str, str], ...]) -> None:
    request = replace(REQUEST, question="months-at-least", parameters=given)
    assert why(request) == (Reason.QUERY_INVALID, "", "question.parameters")
    assert decided(replace(request, parameters=(("n", "60"),))).permit


def test_a_denial_repeats_nothing_that_was_typed_freely() -> None:
    typed = "441900198001011234"
    for request in (
        replace(REQUEST, question=typed),
        replace(REQUEST, dataset=typed),
        replace(REQUEST, purpose=typed),
        replace(REQUEST, claims=frozenset({typed})),
        replace(REQUEST, question="months-at-least", parameters=(("n", typed),)),
        replace(REQUEST, question="months-at-least", parameters=((typed, "60"),)),
        replace(OFFICE, case_number=typed),
    ):
        decision = decided(request)
        assert not decision.permit
        assert typed not in advice_of(decision, "en") + decision.rule + decision.clause


def test_a_question_that_no_rule_allows_is_denied() -> None:
    assert why(REQUEST, policies=build(HEAD + QUESTIONS + PRIVACY)) == (
        Reason.QUESTION_NOT_ALLOWED,
        "",
        "rules",
    )


def test_a_purpose_must_be_in_the_providers_tree() -> None:
    tree = "purposes:\n" + "".join(
        f"  {code}: {{title: x, title_en: x}}\n"
        for code in ("social-insurance", PENSION, f"{PENSION}/deferral")
    )
    files = [PolicyFile("p.yaml", POLICY.encode()), PolicyFile("definitions.yaml", tree.encode())]
    policies = build_policies(files)
    assert decided(REQUEST, policies=policies).permit
    unknown = replace(REQUEST, purpose=f"{PENSION}/deferral/other")
    assert decided(unknown).permit
    assert why(unknown, policies=policies) == (Reason.PURPOSE_NOT_ALLOWED, "", "purpose.known")


def test_a_region_can_only_bind_where_subjects_have_one() -> None:
    regions = "  region: {title: 参保地, title_en: x, type: region, values: [441900003, 441900004]}\n"
    text = POLICY.replace(regions, "").replace("[region]", "[status]")
    expected = (Reason.CONDITION_NOT_MET, "", "grant.region")
    assert why(REQUEST, replace(GRANT, region="441900"), build(text)) == expected
    assert decided(REQUEST, policies=build(text)).permit


def test_conditions_are_checked_in_order() -> None:
    night = replace(at(20), purpose=PENSION, case_number="DG-2026")
    sunday_night = replace(at(20, day=22), purpose=PENSION, case_number="DG-2026")
    assert decided(OFFICE).rule == "office"
    assert why(night) == (Reason.CONDITION_NOT_MET, "office", "when.hours")
    assert why(sunday_night) == (Reason.CONDITION_NOT_MET, "office", "when.workdays")
    assert why(replace(sunday_night, case_number="")) == (
        Reason.CONDITION_NOT_MET,
        "office",
        "when.case_number",
    )


def test_denial_on_a_day_off_says_when_that_is_provisional() -> None:
    known = replace(at(10, day=22), purpose=PENSION, case_number="DG-2026")
    beyond = replace(known, at=known.at.replace(year=2036))
    grant = replace(GRANT, valid_until=beyond.at + timedelta(days=1))
    assert "provisional" not in advice_of(decided(known, grant), "en")
    assert why(beyond, grant) == (Reason.CONDITION_NOT_MET, "office", "when.workdays")
    assert "this is provisional" in advice_of(decided(beyond, grant), "en")
    (clause,) = (
        each
        for rule in explain(POLICIES, lambda _: grant, beyond, CALENDAR).rules
        for each in rule.clauses
        if (rule.rule, each.name) == ("office", "when.workdays")
    )
    assert worded(clause.value, "en").endswith("(provisional)")
    assert "this is provisional" in change_of(clause, "en")
    assert "暂定" in change_of(clause, "zh")


@pytest.mark.parametrize(
    ("hour", "minute", "held"), [(8, 29, False), (8, 30, True), (17, 29, True), (17, 30, False)]
)
def test_hours_are_those_of_the_nodes_zone(hour: int, minute: int, held: bool) -> None:
    assert decided(replace(at(hour, minute), purpose=PENSION, case_number="DG-2026")).permit is held


@pytest.mark.parametrize(
    "case", ["", "DG-202", "DG-20266", "dg-2026", "DG-2026\n", "DG-２０２６", " DG-2026"]
)
def test_case_numbers_must_have_the_form_of_the_rule(case: str) -> None:
    assert why(replace(OFFICE, case_number=case)) == (Reason.CONDITION_NOT_MET, "office", "when.case_number")


def test_the_closest_rule_gives_the_reason() -> None:
    rules = """\
rules:
  - {id: other-department, allow: [is-enrolled], to: {departments: [11441900000000027R]}, for: [tax]}
  - {id: other-purpose, allow: [is-enrolled], to: {any: true}, for: [social-insurance/medical]}
  - {id: other-case, allow: [is-enrolled], to: {any: true}, for: [social-insurance], when: {case_number: X}}
  - {id: night, allow: [is-enrolled], to: {any: true}, for: [social-insurance], when: {hours: "00:00-00:01"}}
  - {id: same, allow: [is-enrolled], to: {any: true}, for: [social-insurance], when: {hours: "00:00-00:01"}}
"""
    lines = rules.splitlines(keepends=True)
    expected = ["other-department", "other-purpose", "other-case", "night", "night"]
    clauses = ["to.departments", "for", "when.case_number", "when.hours", "when.hours"]
    for count, (closest, clause) in enumerate(zip(expected, clauses, strict=True), 1):
        policies = build(HEAD + QUESTIONS + "".join(lines[: count + 1]) + PRIVACY)
        assert why(REQUEST, policies=policies)[1:] == (closest, clause)
        backwards = build(HEAD + QUESTIONS + lines[0] + "".join(reversed(lines[1 : count + 1])) + PRIVACY)
        nearest = "same" if count == 5 else closest
        assert why(REQUEST, policies=backwards)[1:] == (nearest, clause)


def test_of_several_rules_that_permit_the_first_counts() -> None:
    rules = """\
rules:
  - {id: narrow, allow: [is-enrolled], to: {any: true}, for: [social-insurance], limits: {per_day: 1}}
  - {id: wide, allow: [is-enrolled], to: {departments: [11441900000000035L]}, for: [social-insurance/pension]}
"""
    decision = decided(REQUEST, policies=build(HEAD + QUESTIONS + rules + PRIVACY))
    assert (decision.rule, decision.limits.per_day) == ("narrow", 1)


@pytest.mark.parametrize(
    ("to", "clause"),
    [
        ("departments: [11441900000000035L]", ""),
        ("departments: [11441900000000027R, 11441900000000035L]", ""),
        ("departments: [11441900000000027R]", "to.departments"),
        ("levels: [city]", ""),
        ("levels: [province, town]", "to.levels"),
        ("regions: [44]", ""),
        ("regions: [441900]", ""),
        ("regions: ['000000']", ""),
        ("regions: [440100, 441900]", ""),
        ("regions: [441900003]", "to.regions"),
        ("regions: [45]", "to.regions"),
        ("levels: [city], regions: [44]", ""),
        ("levels: [town], regions: [44]", "to.levels"),
        ("levels: [city], regions: [45]", "to.regions"),
        ("departments: [11441900000000035L], levels: [town]", "to.levels"),
        ("departments: [11441900000000027R], levels: [city]", "to.departments"),
    ],
)
def test_every_part_of_to_must_fit(to: str, clause: str) -> None:
    rules = f"rules:\n  - {{id: r, allow: [is-enrolled], to: {{{to}}}, for: [social-insurance]}}\n"
    policies = build(HEAD + QUESTIONS + rules + PRIVACY)
    expected = (Reason.QUESTION_NOT_ALLOWED, "r", clause) if clause else (None, "r", "")
    assert why(REQUEST, policies=policies) == expected


def test_a_town_is_covered_by_its_city() -> None:
    rules = "rules:\n  - {id: r, allow: [is-enrolled], to: {regions: [441900]}, for: [social-insurance]}\n"
    policies = build(HEAD + QUESTIONS + rules + PRIVACY)
    for region, covered in (
        ("441900003", True),
        ("441900003012", True),
        ("441800", False),
        ("440000", False),
    ):
        request = replace(
            REQUEST, requester=RequestingDepartment(GRANT.requester, region, "town", suspended=False)
        )
        assert decided(request, policies=policies).permit is covered


def _no_grants(_: str) -> Grant | None:
    raise OSError("secret detail")


NAIVE = replace(REQUEST, at=MONDAY.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("decision", "rule", "clause"),
    [
        (decide(POLICIES, _no_grants, REQUEST, CALENDAR), "", "grant.exists"),
        (decide(POLICIES, lambda _: GRANT, NAIVE, CALENDAR), "", "grant.validity"),
        (decide(POLICIES, lambda _: GRANT, OFFICE, Calendar(BrokenZone())), "office", "when.workdays"),
    ],
)
def test_an_error_while_deciding_is_a_denial_that_names_its_place(
    decision: Decision, rule: str, clause: str
) -> None:
    assert not decision.permit
    assert (decision.reason, decision.rule, decision.clause) == (Reason.INTERNAL, rule, clause)
    assert "secret detail" not in advice_of(decision, "en")


def test_a_decision_costs_the_same_however_many_rules_there_are() -> None:
    def rules(count: int) -> str:
        each = "  - {{id: r{0}, allow: [is-enrolled], to: {{regions: [{1}]}}, for: [social-insurance]}}\n"
        regions = [f"45{a:02}{b:02}{c:03}" for a in range(1, 100) for b in range(1, 100) for c in range(1, 3)]
        return "".join(each.format(i, regions[i]) for i in range(count))

    def fastest(policies: Policies) -> float:
        runs = []
        for _ in range(7):
            before = time.perf_counter()
            for _ in range(200):
                decide(policies, lambda _: GRANT, REQUEST, CALENDAR)
            runs.append(time.perf_counter() - before)
        return min(runs)

    head, tail = POLICY.split("rules:\n")
    few = build(f"{head}rules:\n{rules(10)}{tail}")
    many = build(f"{head}rules:\n{rules(3000)}{tail}")
    assert len(many.datasets["pension-insurance"].rules) == 3002
    assert fastest(many) < 5 * fastest(few)
