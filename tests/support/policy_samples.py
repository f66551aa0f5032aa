"""A small policy, a grant and a request for tests; each test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from node.core.deciding.grant import Grant, GrantState
from node.core.policy.policy import Policies, PolicyFile
from node.core.policy.request import Request, RequestingDepartment
from node.core.reading.build import build_policies, check_files
from node.core.text.problem import Problem
from node.core.workdays import Calendar

TAX, MEDICAL, HUMAN_RESOURCES = "11441900000000035L", "11441900000000027R", "11441900000000019Y"
CALENDAR = Calendar(timezone(timedelta(hours=8)))
# A Monday, 10:00 in China.
MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)

HEAD = """\
dataset: pension-insurance
title: 基本养老保险参保信息
provider: 11441900000000019Y
sharing: {attribute: conditional, modes: [interface, batch], scope: 全市各部门, use: 办理社会保险业务}
classification: {level: 3, personal: true}
update: daily
subject: {field: resident_id, type: resident_id}
title_en: Enrolment in pension insurance
format: database
fields:
  status: {title: 参保状态, title_en: x, type: enum, values: [active, paused, ended]}
  months_paid: {title: 累计缴费月数, title_en: x, type: integer, range: [0, 720]}
  name: {title: 姓名, title_en: x, type: text, sensitivity: identifier}
  school: {title: 学校, title_en: x, type: text}
  born_on: {title: 出生日期, title_en: x, type: date, sensitivity: sensitive}
  joined_on: {title: 参保日期, title_en: x, type: date}
  region: {title: 参保地, title_en: x, type: region, values: [441900003, 441900004]}
"""
SHARING = "{attribute: conditional, modes: [interface, batch], scope: 全市各部门, use: 办理社会保险业务}"
NOT_SHARED = "{attribute: not_shared, reason: 理由, legal_basis: 依据}"
QUESTIONS = """\
questions:
  is-enrolled: {title: q, title_en: q, verify: "status = 'active'"}
  months-at-least:
    {title: q, title_en: q, verify: "months_paid >= :n", parameters: {n: {choices: [60, 120, 180]}}}
  name-matches: {title: q, title_en: q, verify: "name = :name", claims: {name: {wrong_tries_per_subject: 3}}}
  contribution-band: {title: q, title_en: q, field: months_paid, as: {band: [0, 60, 120, 180, 720]}}
  enrolled-by-region:
    title: q
    title_en: q
    statistic: count
    group_by: [region]
    where: "status = 'active'"
    unit_contributes: 1
    epsilon: 0.5
"""
RULES = """\
rules:
  - id: tax-deferral
    allow: [is-enrolled, months-at-least, name-matches, contribution-band, enrolled-by-region]
    to: {departments: [11441900000000035L]}
    for: [social-insurance/pension/deferral]
    limits: {per_day: 5000, per_subject_per_day: 3}
  - id: office
    allow: [is-enrolled]
    to: {any: true}
    for: [social-insurance/pension]
    when: {workdays: true, hours: "08:30-17:30", case_number: "DG-####"}
"""
PRIVACY = """\
privacy:
  budget: {dataset: 10, organisation: 5, requester: 2}
  period: year
"""
POLICY = HEAD + QUESTIONS + RULES + PRIVACY
# Of which the check has nothing to say: not everybody may ask, and as often as a rule says.
CLEAN = POLICY.replace("to: {any: true}", "to: {levels: [city]}").replace(
    'case_number: "DG-####"}\n',
    'case_number: "DG-####"}\n    limits: {per_day: 5000, per_subject_per_day: 3}\n',
)

GRANT = Grant(
    id="g-1",
    provider=HUMAN_RESOURCES,
    requester=TAX,
    dataset="pension-insurance",
    questions=frozenset(
        {"is-enrolled", "months-at-least", "name-matches", "contribution-band", "enrolled-by-region"}
    ),
    purposes=("social-insurance",),
    region="",
    subjects_per_day=0,
    valid_from=MONDAY - timedelta(days=30),
    valid_until=MONDAY + timedelta(days=300),
    state=GrantState.ACTIVE,
    basis="",
    scenario="",
    note="",
)
REQUEST = Request(
    requester=RequestingDepartment(TAX, "441900", "city", suspended=False),
    dataset="pension-insurance",
    question="is-enrolled",
    parameters=(),
    claims=frozenset(),
    purpose="social-insurance/pension/deferral",
    case_number="",
    grant_id="g-1",
    subjects=1,
    at=MONDAY,
)


def build(text: str = POLICY) -> Policies:
    """The policies of one file."""
    return build_policies([PolicyFile("p.yaml", text.encode())])


def problems(text: str, name: str = "p.yaml") -> tuple[Problem, ...]:
    """All problems of one file."""
    return check_files([PolicyFile(name, text.encode())]).problems


def the_problem(text: str) -> Problem:
    """The only problem of one file."""
    found = problems(text)
    assert len(found) == 1, [each.render("en") for each in found]
    return found[0]


def keys(text: str) -> list[str]:
    """The keys of all problems of one file, in order."""
    return [problem.key for problem in problems(text)]


def question(body: str) -> str:
    """A policy with one question, `q`, in flow style."""
    privacy = PRIVACY if "statistic" in body else ""
    return f"{HEAD}questions:\n  q: {{{body}, title: q, title_en: q}}\n{privacy}"


def rule(body: str) -> str:
    """A policy with one rule, in flow style."""
    return f"{HEAD}{QUESTIONS}rules:\n  - {{{body}}}\n{PRIVACY}"


def at(hour: int, minute: int = 0, day: int = 23) -> Request:
    """The request at a time in November 2026, in China."""
    return replace(REQUEST, at=datetime(2026, 11, day, hour, minute, tzinfo=CALENDAR.zone))


def closed() -> str:
    """A dataset that is not shared."""
    return HEAD.replace(SHARING, NOT_SHARED)
