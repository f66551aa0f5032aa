"""Decisions: each clause denies for its own reason, in the documented order, and errors deny too."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

import pytest
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
    rule,
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

POLICIES = build()
Why = tuple[Reason | None, str, str]
PENSION = "social-insurance/pension"
OFFICE = replace(REQUEST, purpose=PENSION, case_number="DG-2026")


def _decide(request: Request, grant: Grant | None = GRANT, policies: Policies = POLICIES) -> Decision:
    def grants(_: str) -> Grant | None:
        return grant

    decision = decide(policies, grants, request, CALENDAR)
    assert explain(policies, grants, request, CALENDAR).decision == decision
    assert decision.permit is (decision.reason is None)
    if not decision.permit:
        advice = advice_of(decision, "en")
        assert advice[0].islower()
        assert not advice.endswith(".")
    return decision


def _why(request: Request, grant: Grant | None = GRANT, policies: Policies = POLICIES) -> Why:
    decision = _decide(request, grant, policies)
    return decision.reason, decision.rule, decision.clause


def test_a_rule_permits_with_its_limits_and_the_grants_region() -> None:
    decision = _decide(REQUEST, replace(GRANT, region="441900003"))
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
    assert _why(REQUEST, policies=build_policies([])) == (Reason.NOT_SHARED, "", "dataset.sharing")


def test_what_is_not_shared_looks_like_what_does_not_exist() -> None:
    assert _decide(REQUEST, None, build(closed())) == _decide(replace(REQUEST, dataset="nothing"), None)


@pytest.mark.parametrize(
    "grant",
    [None, replace(GRANT, requester=MEDICAL), replace(GRANT, dataset="diploma")],
    ids=["unknown", "of another department", "for another dataset"],
)
def test_a_grant_that_is_not_the_requesters_is_no_grant(grant: Grant | None) -> None:
    denied = _decide(REQUEST, grant)
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
    assert _why(request_, grant) == expected


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
    assert _why(request) == (Reason.QUERY_INVALID, "", "question.parameters")
    assert _decide(replace(request, parameters=(("n", "60"),))).permit


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
        decision = _decide(request)
        assert not decision.permit
        assert typed not in advice_of(decision, "en") + decision.rule + decision.clause


def test_a_question_that_no_rule_allows_is_denied() -> None:
    assert _why(REQUEST, policies=build(HEAD + QUESTIONS + PRIVACY)) == (
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
    assert _decide(REQUEST, policies=policies).permit
    unknown = replace(REQUEST, purpose=f"{PENSION}/deferral/other")
    assert _decide(unknown).permit
    assert _why(unknown, policies=policies) == (Reason.PURPOSE_NOT_ALLOWED, "", "purpose.known")


def test_a_region_can_only_bind_where_subjects_have_one() -> None:
    regions = "  region: {title: 参保地, title_en: x, type: region, values: [441900003, 441900004]}\n"
    text = POLICY.replace(regions, "").replace("[region]", "[status]")
    expected = (Reason.CONDITION_NOT_MET, "", "grant.region")
    assert _why(REQUEST, replace(GRANT, region="441900"), build(text)) == expected
    assert _decide(REQUEST, policies=build(text)).permit


def test_conditions_are_checked_in_order() -> None:
    night = replace(at(20), purpose=PENSION, case_number="DG-2026")
    sunday_night = replace(at(20, day=22), purpose=PENSION, case_number="DG-2026")
    assert _decide(OFFICE).rule == "office"
    assert _why(night) == (Reason.CONDITION_NOT_MET, "office", "when.hours")
    assert _why(sunday_night) == (Reason.CONDITION_NOT_MET, "office", "when.workdays")
    assert _why(replace(sunday_night, case_number="")) == (
        Reason.CONDITION_NOT_MET,
        "office",
        "when.case_number",
    )


def test_denial_on_a_day_off_says_when_that_is_provisional() -> None:
    known = replace(at(10, day=22), purpose=PENSION, case_number="DG-2026")
    beyond = replace(known, at=known.at.replace(year=2036))
    grant = replace(GRANT, valid_until=beyond.at + timedelta(days=1))
    assert "provisional" not in advice_of(_decide(known, grant), "en")
    assert _why(beyond, grant) == (Reason.CONDITION_NOT_MET, "office", "when.workdays")
    assert "this is provisional" in advice_of(_decide(beyond, grant), "en")
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
    assert _decide(replace(at(hour, minute), purpose=PENSION, case_number="DG-2026")).permit is held


@pytest.mark.parametrize(
    "case", ["", "DG-202", "DG-20266", "dg-2026", "DG-2026\n", "DG-２０２６", " DG-2026"]
)
def test_case_numbers_must_have_the_form_of_the_rule(case: str) -> None:
    assert _why(replace(OFFICE, case_number=case)) == (Reason.CONDITION_NOT_MET, "office", "when.case_number")


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
        assert _why(REQUEST, policies=policies)[1:] == (closest, clause)
        backwards = build(HEAD + QUESTIONS + lines[0] + "".join(reversed(lines[1 : count + 1])) + PRIVACY)
        nearest = "same" if count == 5 else closest
        assert _why(REQUEST, policies=backwards)[1:] == (nearest, clause)


def test_of_several_rules_that_permit_the_first_counts() -> None:
    rules = """\
rules:
  - {id: narrow, allow: [is-enrolled], to: {any: true}, for: [social-insurance], limits: {per_day: 1}}
  - {id: wide, allow: [is-enrolled], to: {departments: [11441900000000035L]}, for: [social-insurance/pension]}
"""
    decision = _decide(REQUEST, policies=build(HEAD + QUESTIONS + rules + PRIVACY))
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
    assert _why(REQUEST, policies=policies) == expected


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
        assert _decide(request, policies=policies).permit is covered


class _Broken(tzinfo):
    """A time zone that fails."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError("secret detail")

    def dst(self, _: datetime | None) -> timedelta:
        raise RuntimeError("secret detail")

    def tzname(self, _: datetime | None) -> str:
        raise RuntimeError("secret detail")


def _no_grants(_: str) -> Grant | None:
    raise OSError("secret detail")


NAIVE = replace(REQUEST, at=MONDAY.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("decision", "rule", "clause"),
    [
        (decide(POLICIES, _no_grants, REQUEST, CALENDAR), "", "grant.exists"),
        (decide(POLICIES, lambda _: GRANT, NAIVE, CALENDAR), "", "grant.validity"),
        (decide(POLICIES, lambda _: GRANT, OFFICE, Calendar(_Broken())), "office", "when.workdays"),
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


# --- what is remembered from one request to the next ---

NIGHT = replace(at(20), purpose=PENSION, case_number="DG-2026")


@pytest.mark.parametrize(
    "grant",
    [
        None,
        replace(GRANT, state=GrantState.SUSPENDED),
        replace(GRANT, state=GrantState.REVOKED),
        replace(GRANT, questions=frozenset({"months-at-least"})),
        replace(GRANT, valid_until=MONDAY),
        replace(GRANT, requester=MEDICAL),
    ],
)
def test_permit_is_not_remembered_beyond_its_grant(grant: Grant | None) -> None:
    evaluator = Evaluator(POLICIES, CALENDAR)
    assert evaluator.decide(lambda _: GRANT, REQUEST).permit
    assert evaluator.decide(lambda _: GRANT, REQUEST).permit
    assert evaluator.decide(lambda _: grant, REQUEST) == _decide(REQUEST, grant)
    assert not evaluator.decide(lambda _: grant, REQUEST).permit


@pytest.mark.parametrize(
    "other",
    [
        NIGHT,
        replace(OFFICE, case_number="none"),
        replace(OFFICE, subjects=0),
        replace(OFFICE, parameters=(("months", "12"),)),
        replace(OFFICE, claims=frozenset({"name"})),
        replace(OFFICE, requester=replace(OFFICE.requester, suspended=True)),
        replace(OFFICE, purpose="tax"),
        replace(OFFICE, question="months-at-least"),
        replace(OFFICE, dataset="other"),
    ],
)
def test_what_is_remembered_permits_nothing_else(other: Request) -> None:
    evaluator = Evaluator(POLICIES, CALENDAR)
    assert evaluator.decide(lambda _: GRANT, OFFICE).rule == "office"
    assert evaluator.decide(lambda _: GRANT, other) == _decide(other)
    assert not evaluator.decide(lambda _: GRANT, other).permit
    assert evaluator.decide(lambda _: GRANT, OFFICE).rule == "office"


def test_memory_of_decisions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.core.deciding.evaluator._MOST_REMEMBERED", 4)
    evaluator = Evaluator(POLICIES, CALENDAR)
    for number in range(10):
        assert evaluator.decide(lambda _: GRANT, replace(REQUEST, grant_id=f"g-{number}")).permit
    assert len(evaluator._fitting) <= 4


def test_error_with_what_is_remembered_is_a_denial_with_its_place() -> None:
    evaluator = Evaluator(POLICIES, CALENDAR)
    assert evaluator.decide(lambda _: GRANT, OFFICE).permit
    evaluator.calendar = Calendar(_Broken())
    broken = evaluator.decide(lambda _: GRANT, OFFICE)
    assert (broken.reason, broken.rule, broken.clause) == (Reason.INTERNAL, "office", "when.workdays")


# --- effective dates and the own area ---


def _policy_with(part: str) -> Policies:
    body = "id: r, allow: [is-enrolled], to: {any: true}, for: [social-insurance]"
    return build(rule(f"{body}, {part}"))


@pytest.mark.parametrize(
    ("dates", "day", "permitted"),
    [
        ("from: 2026-11-23", 22, False),
        ("from: 2026-11-23", 23, True),
        ("until: 2026-11-23", 23, True),
        ("until: 2026-11-23", 24, False),
        ("from: 2026-11-23, until: 2026-11-23", 23, True),
    ],
)
def test_rule_holds_on_its_days_alone_both_ends_included(dates: str, day: int, permitted: bool) -> None:
    policies = _policy_with(f"effective: {{{dates}}}")
    for request in (at(0, 0, day), at(23, 59, day)):  # local time: in UTC the first is the day before
        decision = decide(policies, lambda _: GRANT, request, CALENDAR)
        assert (decision.permit, decision.clause) == (permitted, "" if permitted else "effective")


def test_remembered_rule_ends_with_its_last_day() -> None:
    evaluator = Evaluator(_policy_with("effective: {until: 2026-11-23}"), CALENDAR)
    assert evaluator.decide(lambda _: GRANT, at(23, 59, 23)).permit
    assert evaluator.decide(lambda _: GRANT, at(0, 0, 24)).clause == "effective"


@pytest.mark.parametrize(
    ("granted", "own", "answered"),
    [
        ("", "441900003", "441900003"),
        ("441900", "441900003", "441900003"),
        ("441900003", "441900", "441900003"),
        ("441900003", "000000", "441900003"),
        ("441900", "441900", "441900"),
    ],
)
def test_rule_for_the_own_area_answers_within_the_narrower_region(
    granted: str, own: str, answered: str
) -> None:
    policies, grant = _policy_with("scope: own-region"), replace(GRANT, region=granted)
    request = replace(REQUEST, requester=replace(REQUEST.requester, region=own))
    decision = decide(policies, lambda _: grant, request, CALENDAR)
    assert (decision.permit, decision.region) == (True, answered)


@pytest.mark.parametrize(("granted", "own"), [("441900004", "441900003"), ("450000", "441900"), ("", "")])
def test_rule_for_the_own_area_denies_where_no_area_is_in_common(granted: str, own: str) -> None:
    policies, grant = _policy_with("scope: own-region"), replace(GRANT, region=granted)
    request = replace(REQUEST, requester=replace(REQUEST.requester, region=own))
    decision = decide(policies, lambda _: grant, request, CALENDAR)
    assert (decision.reason, decision.clause) == (Reason.CONDITION_NOT_MET, "scope")


def test_rule_for_the_own_area_denies_where_subjects_have_no_region() -> None:
    policies = _policy_with("scope: own-region")
    policy = policies.datasets["pension-insurance"]
    dataset = replace(policy.dataset, subject=replace(policy.dataset.subject, region_field=""))
    without = replace(policies, datasets={"pension-insurance": replace(policy, dataset=dataset)})
    decision = decide(without, lambda _: GRANT, REQUEST, CALENDAR)
    assert (decision.reason, decision.clause) == (Reason.CONDITION_NOT_MET, "scope")


def test_what_is_remembered_of_one_role_or_kind_permits_no_other() -> None:
    evaluator = Evaluator(build(), CALENDAR)
    grant = replace(GRANT, roles=("clerk",))
    asked = replace(REQUEST, kind=QuestionKind.VERIFY)
    for _ in range(2):
        assert evaluator.decide(lambda _: grant, asked).permit
    assert evaluator.decide(lambda _: grant, replace(asked, role="system")).clause == "grant.roles"
    assert (
        evaluator.decide(lambda _: grant, replace(asked, kind=QuestionKind.FIELD)).clause == "question.kind"
    )
