"""One decision by three ways: the index, the plain walk, and a reference that shares no code with them."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples
from support.policy_samples import GRANT, POLICY

from node.core.deciding.evaluator import Decision, Evaluator, decide
from node.core.deciding.explain import explain
from node.core.deciding.grant import Grant, GrantState
from node.core.policy.dataset import Sharing
from node.core.policy.policy import Policies, PolicyFile
from node.core.policy.question_kind import QuestionKind
from node.core.policy.request import Request, RequestingDepartment
from node.core.policy.rule import Rule
from node.core.purpose import is_purpose_code
from node.core.reading.build import build_policies
from node.core.role import ASKING_ROLES, CLERK, SYSTEM
from node.core.text.explanation import advice_of
from node.core.workdays import Calendar, day
from node.errors import Reason

ZONE = timezone(timedelta(hours=8))
CALENDAR = Calendar(ZONE)
DEPARTMENTS = ("11441900000000019Y", "11441900000000027R", "11441900000000035L")
GROUPS = {"first": {DEPARTMENTS[0], DEPARTMENTS[2]}, "second": {DEPARTMENTS[1]}}
REGIONS = ("44", "440000", "441900", "441900003", "441900003012", "450000", "000000")
LEVELS = ("national", "province", "city", "county", "town")
PURPOSES = ("a", "a/b", "a/b/c", "a/bc", "d")
QUESTIONS = ("flag", "choice", "claimed", "counted")
HEAD = """\
dataset: d
title: x
provider: 11441900000000019Y
sharing: {{attribute: {sharing}}}
classification: {{level: 2, personal: true}}
title_en: x
format: database
update: daily
subject: {{field: id, type: resident_id}}
fields:
  status: {{title: x, title_en: x, type: enum, values: [on, off]}}
  name: {{title: x, title_en: x, type: text, sensitivity: identifier}}
{region}
"""
SHARED = "conditional, modes: [{modes}], scope: x, use: x"
MODES = ("interface", "batch", "interface, batch", "file", "file, interface")
BODY = """\
questions:
  flag: {title: q, title_en: q, verify: "status = 'on'"}
  choice: {title: q, title_en: q, verify: "status = :s", parameters: {s: {choices: [on, off]}}}
  claimed: {title: q, title_en: q, verify: "name = :n", claims: {n: {wrong_tries_per_subject: 3}}}
  counted: {title: q, title_en: q, statistic: count, group_by: [status], unit_contributes: 1, epsilon: 1}
privacy: {budget: {dataset: 9, organisation: 9, requester: 9}, period: year}
"""
TREE = "purposes:\n" + "".join(f"  {code}: {{title: x, title_en: x}}\n" for code in ("a", "a/b", "a/b/c"))
HOURS = ("00:00-24:00", "08:30-17:30", "17:30-24:00")
DATES = ("2026-09-25", "2026-10-01", "2026-10-08")
CASES = ("X-##", "@*", "*")


def _some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


@st.composite
def _rule(draw: st.DrawFn, own_region: bool) -> str:
    parts = {
        "departments": draw(st.none() | _some(DEPARTMENTS)),
        "groups": draw(st.none() | _some(tuple(GROUPS))),
        "levels": draw(st.none() | _some(LEVELS)),
        "regions": draw(st.none() | _some(REGIONS)),
    }
    to = ", ".join(f"{name}: [{', '.join(map(repr, values))}]" for name, values in parts.items() if values)
    when = {
        "workdays": draw(st.none() | st.just("true")),
        "hours": draw(st.none() | st.sampled_from(HOURS).map(repr)),
        "case_number": draw(st.none() | st.sampled_from(CASES).map(repr)),
    }
    conditions = ", ".join(f"{name}: {value}" for name, value in when.items() if value)
    allow = ", ".join(draw(_some(QUESTIONS[1:])))
    purposes = ", ".join(draw(_some(PURPOSES[:4])))
    rule = f"allow: [flag, {allow}], to: {{{to or 'any: true'}}}, for: [{purposes}]"
    first, last = draw(st.none() | st.sampled_from(DATES[:2])), draw(st.none() | st.sampled_from(DATES[1:]))
    days = {"from": first, "until": last}
    if first or last:
        rule += f", effective: {{{', '.join(f'{name}: {date}' for name, date in days.items() if date)}}}"
    if own_region and draw(st.booleans()):
        rule += ", scope: own-region"
    return f"{rule}, when: {{{conditions}}}" if conditions else rule


@st.composite
def _policies(draw: st.DrawFn) -> Policies:
    closed = draw(st.integers(0, 19)) == 0
    region = "  region: {title: x, title_en: x, type: region}" if draw(st.booleans()) else ""
    shared = SHARED.format(modes=draw(st.sampled_from(MODES)))
    sharing = "not_shared, reason: x, legal_basis: x" if closed else shared
    text = HEAD.format(sharing=sharing, region=region)
    if not closed:
        rules = draw(st.lists(_rule(bool(region)), min_size=draw(st.integers(0, 4)), max_size=6))
        text += BODY + "rules:\n" + "".join(f"  - {{id: r{i}, {rule}}}\n" for i, rule in enumerate(rules))
        text = text if rules else text.removesuffix("rules:\n")
    files = [PolicyFile("d.yaml", text.encode())]
    definitions = "departments:\n" + "".join(
        f"  {name}: {{title: x, title_en: x, departments: [{', '.join(sorted(codes))}]}}\n"
        for name, codes in GROUPS.items()
    )
    if draw(st.booleans()):
        definitions += TREE + "  a/bc: {title: x, title_en: x}\n"
    files.append(PolicyFile("definitions.yaml", definitions.encode()))
    return build_policies(files)


MOMENTS = st.datetimes(datetime(2026, 9, 18), datetime(2026, 10, 12), timezones=st.just(UTC))  # noqa: DTZ001  # as hypothesis wants
REGION_CODES = st.sampled_from(("440000", "441900", "441900003", "450000", "000000"))
START = datetime(2026, 9, 25, tzinfo=UTC)


def _grants() -> st.SearchStrategy[Grant | None]:
    usual = st.builds(
        replace,
        st.just(GRANT),
        requester=st.sampled_from((DEPARTMENTS[2],) * 5 + (DEPARTMENTS[1],)),
        dataset=st.sampled_from(("d",) * 9 + ("e",)),
        questions=st.frozensets(st.sampled_from(QUESTIONS), min_size=3),
        purposes=_some(PURPOSES).map(tuple),
        region=st.sampled_from(("", "", "441900")),
        valid_from=st.sampled_from((START - timedelta(days=30), START)),
        valid_until=st.sampled_from((START + timedelta(days=30), START)),
        state=st.sampled_from((GrantState.ACTIVE,) * 8 + (GrantState.SUSPENDED, GrantState.REVOKED)),
        roles=st.sampled_from((ASKING_ROLES,) * 8 + ((CLERK,), (SYSTEM,))),
    )
    return st.one_of(usual, usual, usual, st.none())


def _requests() -> st.SearchStrategy[Request]:
    requester = st.builds(
        RequestingDepartment,
        code=st.just(DEPARTMENTS[2]),
        region=REGION_CODES,
        level=st.sampled_from(LEVELS),
        suspended=st.sampled_from((False,) * 9 + (True,)),
    )
    asked = st.sampled_from(
        (
            ("flag", (), frozenset[str](), 1),
            ("flag", (), frozenset[str](), 7),
            ("choice", (("s", "on"),), frozenset[str](), 1),
            ("claimed", (), frozenset({"n"}), 1),
            ("counted", (), frozenset[str](), 0),
            ("choice", (("s", "no"),), frozenset[str](), 1),
            ("claimed", (), frozenset({"m"}), 1),
            ("counted", (), frozenset[str](), 1),
            ("nothing", (), frozenset[str](), 1),
        )
    )
    return st.builds(
        lambda requester, asked, dataset, purpose, case, at, role, kind: Request(
            requester, dataset, asked[0], asked[1], asked[2], purpose, case, "g-1", asked[3], at, role, kind
        ),
        requester,
        asked,
        st.sampled_from(("d",) * 9 + ("e",)),
        st.sampled_from((*PURPOSES, "a/b/c/x", "A", "")),
        st.sampled_from(("", "X-12", "A1", "X-1", "中")),
        MOMENTS,
        st.sampled_from((*ASKING_ROLES, CLERK, CLERK)),
        st.sampled_from((None, None, None, *QuestionKind)),
    )


WIDE = replace(
    GRANT,
    requester=DEPARTMENTS[2],
    dataset="d",
    questions=frozenset(QUESTIONS),
    purposes=("a",),
    valid_from=START - timedelta(days=90),
    valid_until=START + timedelta(days=90),
)


def _well_formed() -> st.SearchStrategy[Request]:
    """Requests that only a rule can deny."""
    return st.builds(
        lambda region, level, purpose, case, at: Request(
            RequestingDepartment(DEPARTMENTS[2], region, level, suspended=False),
            "d",
            "flag",
            (),
            frozenset(),
            purpose,
            case,
            "g-1",
            1,
            at,
        ),
        REGION_CODES,
        st.sampled_from(LEVELS),
        st.sampled_from(("a", "a/b", "a/b/c", "a/bc")),
        st.sampled_from(("", "X-12", "A1")),
        MOMENTS,
    )


def _covered(outer: str, inner: str) -> bool:
    """Whether a purpose lies within another, segment by segment."""
    steps = outer.split("/")
    return is_purpose_code(inner) and inner.split("/")[: len(steps)] == steps


def _lies_in(outer: str, inner: str) -> bool:
    """Whether a region lies within another, pair of digits by pair of digits."""
    return inner.startswith(re.sub(r"(00)+$", "", outer)) if len(outer) <= 6 else inner.startswith(outer)


def _case_fits(pattern: str, text: str) -> bool:
    """Whether a case number has the form of a pattern, sign by sign."""
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return any(
            all(char in string.ascii_letters + string.digits + "-" for char in text[:length])
            and _case_fits(rest, text[length:])
            for length in range(1, len(text) + 1)
        )
    if not text:
        return False
    allowed = {"#": string.digits, "@": string.ascii_uppercase}.get(head, head)
    return text[0] in allowed and _case_fits(rest, text[1:])


def _in_common(one: str, other: str) -> str | None:
    """The narrower of two regions, of which "" is anywhere."""
    for outer, inner in ((one, other), (other, one)):
        if not outer or (inner and _lies_in(outer, inner)):
            return inner
    return None


def _rule_reference(rule: Rule, grant: Grant, request: Request) -> tuple[int, Reason, str] | None:
    """How far a rule lets a request: None for all the way, else rank, reason and clause of where it ends."""
    asks = request.requester
    local = request.at.astimezone(ZONE)
    minutes = local.hour * 60 + local.minute
    groups = [GROUPS[group.name] for group in rule.to.groups]
    if (rule.to.listed or groups) and not any(asks.code in codes for codes in (rule.to.listed, *groups)):
        return 0, Reason.QUESTION_NOT_ALLOWED, "to.departments"
    if rule.to.levels and asks.level not in rule.to.levels:
        return 0, Reason.QUESTION_NOT_ALLOWED, "to.levels"
    if rule.to.regions and not any(_lies_in(region, asks.region) for region in rule.to.regions):
        return 0, Reason.QUESTION_NOT_ALLOWED, "to.regions"
    if not any(_covered(purpose, request.purpose) for purpose in rule.purposes):
        return 1, Reason.PURPOSE_NOT_ALLOWED, "for"
    if rule.own_region and (not asks.region or _in_common(grant.region, asks.region) is None):
        return 2, Reason.CONDITION_NOT_MET, "scope"
    first, last = rule.effective.first, rule.effective.last
    if (first and local.date() < first) or (last and local.date() > last):
        return 3, Reason.CONDITION_NOT_MET, "effective"
    if rule.when.case_number and not _case_fits(rule.when.case_number, request.case_number):
        return 4, Reason.CONDITION_NOT_MET, "when.case_number"
    if rule.when.workdays and not day(local.date()).workday:
        return 5, Reason.CONDITION_NOT_MET, "when.workdays"
    if rule.when.hours and not rule.when.hours.start <= minutes < rule.when.hours.end:
        return 6, Reason.CONDITION_NOT_MET, "when.hours"
    return None


def _reference(policies: Policies, grant: Grant | None, request: Request) -> tuple[Reason | None, str, str]:
    """The documented order, written out: reason, rule and clause."""
    policy = policies.datasets.get(request.dataset)
    if request.requester.suspended:
        return Reason.SUSPENDED, "", "requester.suspended"
    if policy is None or policy.dataset.sharing is Sharing.NOT_SHARED:
        return Reason.NOT_SHARED, "", "dataset.sharing"
    if grant is None or grant.requester != request.requester.code or grant.dataset != request.dataset:
        return Reason.NO_GRANT, "", "grant.exists"
    if grant.state is GrantState.REVOKED:
        return Reason.GRANT_EXPIRED, "", "grant.revoked"
    if grant.state is GrantState.SUSPENDED:
        return Reason.SUSPENDED, "", "grant.suspended"
    if request.at < grant.valid_from or request.at >= grant.valid_until:
        return Reason.GRANT_EXPIRED, "", "grant.validity"
    question = policy.questions.get(request.question)
    if question is None:
        return Reason.QUESTION_NOT_ALLOWED, "", "question.exists"
    if request.question not in grant.questions:
        return Reason.QUESTION_NOT_ALLOWED, "", "grant.questions"
    if policies.purposes is not None and request.purpose not in policies.purposes.purposes:
        return Reason.PURPOSE_NOT_ALLOWED, "", "purpose.known"
    if not any(_covered(purpose, request.purpose) for purpose in grant.purposes):
        return Reason.PURPOSE_NOT_ALLOWED, "", "grant.purposes"
    if request.role not in grant.roles:
        return Reason.QUESTION_NOT_ALLOWED, "", "grant.roles"
    if grant.region and "region" not in policy.dataset.fields:
        return Reason.CONDITION_NOT_MET, "", "grant.region"
    if request.kind is not None and request.kind is not question.kind:
        return Reason.QUERY_INVALID, "", "question.kind"
    if (question.kind is QuestionKind.STATISTIC) is (request.subjects > 0):
        return Reason.QUERY_INVALID, "", "question.subjects"
    sharing = {"batch"} if request.subjects > 1 else {"batch", "interface"}
    if sharing.isdisjoint(policy.dataset.modes):
        return Reason.CONDITION_NOT_MET, "", "mode"
    given_parameters = dict(request.parameters)
    if given_parameters.keys() != question.parameters.keys() or any(
        value not in question.parameters[name].choices for name, value in given_parameters.items()
    ):
        return Reason.QUERY_INVALID, "", "question.parameters"
    if set(request.claims) != set(question.claims):
        return Reason.QUERY_INVALID, "", "question.claims"
    ends = [
        (rule, _rule_reference(rule, grant, request))
        for rule in policy.rules
        if request.question in rule.allow
    ]
    if not ends:
        return Reason.QUESTION_NOT_ALLOWED, "", "rules"
    for rule, end in ends:
        if end is None:
            return None, rule.id, ""
    furthest = max(end[0] for _, end in ends if end is not None)
    rule, end = next((rule, end) for rule, end in ends if end is not None and end[0] == furthest)
    assert end is not None
    return end[1], rule.id, end[2]


@examples(200)
@given(
    _policies(),
    st.lists(st.tuples(_grants(), _requests()), min_size=1, max_size=8),
    st.lists(st.tuples(st.just(WIDE), _well_formed()), min_size=5, max_size=20),
)
def test_index_walk_and_reference_decide_alike(
    policies: Policies,
    any_asked: list[tuple[Grant | None, Request]],
    well_asked: list[tuple[Grant, Request]],
) -> None:
    evaluator = Evaluator(policies, CALENDAR)
    for grant, request in [*any_asked, *well_asked]:
        for _ in range(2):  # the second time it remembers
            again = evaluator.decide(lambda _, grant=grant: grant, request)  # type: ignore[misc]
            assert again == decide(policies, lambda _, grant=grant: grant, request, CALENDAR)  # type: ignore[misc]
        decision = decide(policies, lambda _, grant=grant: grant, request, CALENDAR)  # type: ignore[misc]
        explained = explain(policies, lambda _, grant=grant: grant, request, CALENDAR)  # type: ignore[misc]
        assert explained.decision == decision
        assert (decision.reason, decision.rule, decision.clause) == _reference(policies, grant, request)
        _check_whole(policies, decision, grant, request)


def _check_whole(policies: Policies, decision: Decision, grant: Grant | None, request: Request) -> None:
    """A permit has all that the next steps need, a denial has a message."""
    if decision.permit:
        assert grant is not None
        assert decision.question is not None
        rule = next(rule for rule in policies.datasets[request.dataset].rules if rule.id == decision.rule)
        own = request.requester.region if rule.own_region else ""
        assert (decision.grant, decision.region) == (grant, _in_common(grant.region, own))
    else:
        assert advice_of(decision, "en")


@examples(100)
@given(
    st.text(max_size=40),
    st.text(max_size=40),
    st.text(max_size=40),
    st.lists(st.tuples(st.text(), st.text())),
)
def test_no_text_of_a_requester_makes_deciding_fail(
    question: str, purpose: str, case: str, parameters: list[tuple[str, str]]
) -> None:
    policies = build_policies([PolicyFile("p.yaml", POLICY.encode())])
    request = Request(
        RequestingDepartment(GRANT.requester, question, purpose, suspended=False),
        "pension-insurance",
        question,
        tuple(parameters),
        frozenset({purpose}),
        purpose,
        case,
        question,
        1,
        START,
    )
    wide = replace(GRANT, questions=frozenset({question}), valid_from=START - timedelta(days=1))
    for asked in (request, replace(request, question="is-enrolled", parameters=(), claims=frozenset())):
        for grant in (wide, replace(wide, questions=frozenset({"is-enrolled"}), purposes=(purpose,))):
            decision = decide(policies, lambda _, grant=grant: grant, asked, CALENDAR)  # type: ignore[misc]
            assert decision.reason is not Reason.INTERNAL
            assert not decision.permit or decision.rule == "office"
