"""`policy diff` against brute force: on small worlds, every request is decided on both sides, one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.examples import examples
from support.policy_samples import GRANT

from node.analysis.diff.cases import case_number_classes
from node.analysis.diff.diff import Difference, DiffFinding, Kind, difference
from node.analysis.diff.space import (
    Areas,
    Branch,
    Cases,
    Days,
    Departments,
    Levels,
    Purposes,
    Regions,
    Times,
)
from node.core.deciding.evaluator import Decision, decide
from node.core.deciding.grant import Grant
from node.core.identity import common_region
from node.core.policy.policy import Policies, PolicyFile
from node.core.policy.request import Request, RequestingDepartment
from node.core.policy.rule import compile_case_number
from node.core.reading.build import build_policies
from node.core.workdays import Calendar

ZONE = timezone(timedelta(hours=8))
CALENDAR = Calendar(ZONE)
NAMED = ("11441900000000019Y", "11441900000000027R")
OTHER = "11441900000000035L"
FORMS = ("X-##", "@*", "*-1#")
HEAD = """\
dataset: d
title: x
provider: 11441900000000019Y
sharing: {attribute: conditional, modes: [interface], scope: x, use: x}
title_en: x
format: database
classification: {level: 2, personal: true}
update: daily
subject: {field: id, type: resident_id}
fields:
  status: {title: x, title_en: x, type: enum, values: [on, off]}
"""
REGION = "  region: {title: x, title_en: x, type: region}\n"
# A friday, a saturday and a sunday that is worked.
DAYS = (date(2026, 9, 18), date(2026, 9, 19), date(2026, 9, 20))
MINUTES = (0, 8 * 60 + 29, 8 * 60 + 30, 12 * 60, 24 * 60 - 1)


def _some(*values: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(
        lambda chosen: "[" + ", ".join(f"'{value}'" for value in chosen) + "]"
    )


def _often(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | strategy


def _flow(**parts: str | None) -> str:
    return ", ".join(f"{name}: {value}" for name, value in parts.items() if value)


@st.composite
def _rule(draw: st.DrawFn, region: bool) -> str:
    to = _flow(
        departments=draw(_often(_some(*NAMED))),
        levels=draw(_often(_some("city", "town"))),
        regions=draw(_often(_some("440000", "441900", "441900003", "000000"))),
    )
    when = _flow(
        workdays=draw(_often(st.just("true"))),
        hours=draw(_often(st.sampled_from(("'08:30-17:30'", "'00:00-12:00'", "'12:00-24:00'")))),
        case_number=draw(_often(st.sampled_from(FORMS).map(repr))),
    )
    effective = _flow(
        **{"from": draw(_often(st.just("2026-09-19"))), "until": draw(_often(st.just("2026-09-19")))}
    )
    limits = _flow(
        per_day=draw(_often(st.sampled_from(("1", "2")))),
        per_subject_per_day=draw(_often(st.just("1"))),
    )
    own = region and draw(st.integers(0, 2)) == 0
    return _flow(
        allow=draw(_some("flag", "choice")),
        to=f"{{{to or 'any: true'}}}",
        **{"for": draw(_some("a", "a/b", "d"))},
        when=f"{{{when}}}" if when else None,
        effective=f"{{{effective}}}" if effective else None,
        limits=f"{{{limits}}}" if limits else None,
        scope="own-region" if own else None,
    )


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[Policies, Policies]:
    """Two policies, the second the first with some rules changed, or any other."""
    region = draw(st.booleans())
    rules = draw(st.lists(_rule(region), max_size=4))
    first = _build(draw, rules, region)
    if draw(st.booleans()):
        rules = [each for each in rules if draw(st.integers(0, 3))]
        rules.insert(draw(st.integers(0, len(rules))), draw(_rule(region)))
    else:
        region = draw(st.booleans())
        rules = draw(st.lists(_rule(region), max_size=4))
    return first, _build(draw, rules, region)


def _build(draw: st.DrawFn, rules: list[str], region: bool) -> Policies:
    choices = draw(st.sampled_from(("[on, off]", "[on]", "[off]")))
    text = HEAD + (REGION if region else "") + "questions:\n"
    text += "  flag: {title: q, title_en: q, verify: \"status = 'on'\"}\n"
    parameters = f"{{s: {{choices: {choices}}}}}"
    text += f'  choice: {{title: q, title_en: q, verify: "status = :s", parameters: {parameters}}}\n'
    text += "rules:\n" * bool(rules) + "".join(f"  - {{id: r{i}, {rule}}}\n" for i, rule in enumerate(rules))
    files = [PolicyFile("d.yaml", text.encode())]
    tree = draw(st.sampled_from((None, "", "  a/b/c: {title: x, title_en: x}\n")))
    if tree is not None:
        usual = "".join(f"  {code}: {{title: x, title_en: x}}\n" for code in ("a", "a/b", "d"))
        listed = f"purposes:\n{usual}{tree}"
        files.append(PolicyFile("definitions.yaml", listed.encode()))
    return build_policies(files)


def _every_request() -> Iterator[tuple[Request, Grant]]:
    asked = (("flag", ()), ("choice", (("s", "on"),)), ("choice", (("s", "off"),)))
    for code, (region, level), (question, values), purpose, case, day, minute, granted in product(
        (*NAMED, OTHER),
        (("440000", "city"), ("441900", "town"), ("441900003", "town"), ("450000", "province")),
        asked,
        ("a", "a/b", "a/b/c", "a/x", "d"),
        ("", "X-12", "AB-1", "中"),
        DAYS,
        MINUTES[1:4],
        ("", "441900"),
    ):
        at = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=ZONE).astimezone(UTC)
        requester = RequestingDepartment(code, region, level, suspended=False)
        request = Request(requester, "d", question, values, frozenset(), purpose, case, "g", 1, at)
        grant = replace(
            GRANT,
            requester=code,
            dataset="d",
            questions=frozenset({question}),
            purposes=(purpose,),
            region=granted,
            valid_from=at,
            valid_until=at + timedelta(minutes=1),
        )
        yield request, grant


REQUESTS = tuple(_every_request())
STRIDE = 23
"""Each pair of policies is tried with one request of so many; no dimension has a size that divides it."""


def _below(branch: Branch, code: str, separator: str) -> bool:
    def within(top: str) -> bool:
        return code == top or code.startswith(top + separator)

    return within(branch.top) and not any(within(hole) for hole in branch.but)


def _holds(finding: DiffFinding, request: Request, grant: Grant, listed: set[str]) -> bool:
    """Whether a request belongs to a finding, part by part, by the words of each part."""
    parts = finding.parts
    who, level, region = parts["departments"], parts["levels"], parts["regions"]
    purpose, area, day = parts["purposes"], parts["areas"], parts["days"]
    hours, case = parts["hours"], parts["case_number"]
    assert isinstance(who, Departments) and isinstance(level, Levels) and isinstance(region, Regions)  # noqa: PT018
    assert isinstance(purpose, Purposes) and isinstance(area, Areas) and isinstance(day, Days)  # noqa: PT018
    assert isinstance(hours, Times) and isinstance(case, Cases)  # noqa: PT018
    local = request.at.astimezone(ZONE)
    own = request.requester.region
    where = (
        "anywhere" if not grant.region else "elsewhere" if common_region(grant.region, own) is None else "own"
    )
    spans = day.work if CALENDAR.day(request.at).workday else day.off
    return (
        any(
            asked.question == request.question
            and all(dict(request.parameters)[name] in values for name, values in asked.values)
            for asked in finding.asked
        )
        and (request.requester.code in who.named) is not who.others
        and request.requester.level in level.named
        and any(_prefix(branch, own) for branch in region.branches)
        and (
            any(_below(branch, request.purpose, "/") for branch in purpose.branches)
            or request.purpose in purpose.single
            or (
                any(_below(branch, request.purpose, "/") for branch in purpose.unlisted)
                and request.purpose not in listed
            )
        )
        and where in area.named
        and any(start <= local.date().toordinal() < end for start, end in spans)
        and any(start <= local.hour * 60 + local.minute < end for start, end in hours.spans)
        and any(
            all(_fits(text, request.case_number) for text in form.has)
            and not any(_fits(text, request.case_number) for text in form.lacks)
            for form in case.forms
        )
    )


def _prefix(branch: Branch, region: str) -> bool:
    return region.startswith(branch.top) and not any(region.startswith(hole) for hole in branch.but)


def _fits(form: str, case_number: str) -> bool:
    pattern = compile_case_number(form)
    assert pattern is not None
    return pattern.fullmatch(case_number) is not None


def _expected(before: Decision, after: Decision) -> Kind | None:
    if before.permit is not after.permit:
        return Kind.ALLOWED if after.permit else Kind.DENIED
    return None


def _listed(pair: tuple[Policies, Policies]) -> set[str]:
    named = {code for each in pair for rule in each.datasets["d"].rules for code in rule.purposes}
    return named.union(*(each.purposes.purposes for each in pair if each.purposes is not None))


@settings(examples(60), phases=(Phase.generate,))  # too slow to look for the smallest
@given(_worlds(), st.integers(0, STRIDE - 1))
def test_diff_finds_what_trying_every_request_finds(pair: tuple[Policies, Policies], start: int) -> None:
    found = difference(*pair, CALENDAR, date(2026, 9, 1))
    assert not found.too_complex
    listed = _listed(pair)
    for finding in found.findings:
        example = finding.example  # really decided, or it raises
        assert _holds(finding, example.request, example.grant, listed)
    seen = 0
    for request, grant in REQUESTS[start::STRIDE]:
        before, after = (decide(each, lambda _, g=grant: g, request, CALENDAR) for each in pair)  # type: ignore[misc]
        real = any(_can_be_asked(each, request) for each in pair)
        holding = [each for each in found.findings if real and _holds(each, request, grant, listed)]
        assert len(holding) <= 1
        kind = _expected(before, after)
        if kind is not None:
            assert [each.kind for each in holding] == [kind]
        elif not before.permit:
            assert holding == []
        else:
            _check_terms(pair, before, after, holding)
        seen += bool(holding)
    assert not (found.equal and seen)


def _can_be_asked(policies: Policies, request: Request) -> bool:
    """Findings speak of the questions' own values and of known purposes only."""
    parameters = policies.datasets["d"].questions[request.question].parameters
    known = policies.purposes is None or request.purpose in policies.purposes
    return known and all(value in parameters[name].choices for name, value in request.parameters)


def _check_terms(
    pair: tuple[Policies, Policies], before: Decision, after: Decision, holding: list[DiffFinding]
) -> None:
    """Two permits: a finding if and only if limits or scope differ, with both as they are."""
    terms = []
    for policies, decision in zip(pair, (before, after), strict=True):
        rule = next(rule for rule in policies.datasets["d"].rules if rule.id == decision.rule)
        terms.append((rule.limits.per_day, rule.limits.per_subject_per_day, rule.own_region))
    assert len(holding) == (terms[0] != terms[1])
    for finding in holding:
        assert finding.before is not None
        assert finding.after is not None
        said = [
            (each.per_day, each.per_subject_per_day, each.own_region)
            for each in (finding.before, finding.after)
        ]
        assert said == terms


@examples(60)
@given(_worlds())
def test_going_back_turns_every_kind_round_and_nothing_differs_from_itself(
    pair: tuple[Policies, Policies],
) -> None:
    turned = {Kind.ALLOWED: Kind.DENIED, Kind.LOOSENED: Kind.TIGHTENED, Kind.MIXED: Kind.MIXED}
    turned |= {after: before for before, after in turned.items()}
    there, back = (difference(*each, CALENDAR, date(2026, 9, 1)) for each in (pair, pair[::-1]))
    assert _kinds(back) == {turned[kind] for kind in _kinds(there)}
    assert there.equal is back.equal
    assert difference(pair[0], pair[0], CALENDAR, date(2026, 9, 1)).equal


def _kinds(found: Difference) -> set[Kind]:
    return {each.kind for each in found.findings}


@examples(150)
@given(
    st.lists(
        st.text("#@*-A1x", min_size=1, max_size=5).filter(lambda form: form.count("*") < 2),
        min_size=1,
        max_size=4,
        unique=True,
    ),
    st.lists(st.text("A1xB-2y中_", max_size=6), max_size=60),
)
def test_classes_of_case_numbers_are_those_of_the_regular_expressions(
    forms: list[str], words: list[str]
) -> None:
    patterns = [re.compile(compile_case_number(form).pattern) for form in forms]  # type: ignore[union-attr]

    def has(word: str) -> frozenset[int]:
        return frozenset(i for i, pattern in enumerate(patterns) if pattern.fullmatch(word))

    classes = case_number_classes(forms)
    assert {has(word) for word in words} <= classes.keys()
    assert all(has(word) == items for items, word in classes.items())
