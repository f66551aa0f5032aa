"""What one decision costs, and that it does not depend on how many rules there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

from node.core.deciding.evaluator import decide
from node.core.policy.policy import Policies, PolicyFile
from node.core.policy.request import Request, RequestingDepartment
from node.core.reading.build import build_policies
from node.core.workdays import Calendar
from scripts.benchmarks import peers
from scripts.benchmarks.figures import BenchError, Figure, Setting, Target, at_most, spread
from scripts.benchmarks.load import no_collection
from scripts.benchmarks.site import CASE, DATASET, POLICY, PURPOSE, QUESTION, REQUESTER, make_grant

RULES = (10, 1_000, 10_000)
_ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(_ZONE)
_MEDIAN, _P99, _READING = at_most(20), at_most(60), at_most(3)
_FRIDAY = datetime(2026, 11, 20, 12, tzinfo=_ZONE)
_GRANT = replace(
    make_grant(_FRIDAY),
    purposes=(PURPOSE.partition("/")[0], "other"),
    valid_from=_FRIDAY - timedelta(days=9),
    valid_until=_FRIDAY + timedelta(days=9),
)
_OPEN, _CLOSE = 8 * 60 + 30, 17 * 60 + 30


@dataclass(frozen=True, slots=True)
class Decided:
    """Whether each request was permitted, and the seconds that each of many decisions took."""

    permits: list[bool]
    seconds: list[float]


def deciding(setting: Setting) -> list[Figure]:
    """Median and p99 of decisions among few and many rules, and how long it takes to read those."""
    return measure(setting, sample_requests())[0]


def measure(setting: Setting, requests: Sequence[Request]) -> tuple[list[Figure], Decided]:
    """The figures, and what was decided by the most rules."""
    decisions = 2_000 if setting.quick else 50_000
    found, decided, reading = [], Decided([], []), 0.0
    for count in RULES:
        setting.tell(f"decide: {decisions:,} decisions by {count:,} rules")
        file = rules_file(sample_rules(count))
        began = perf_counter()
        policies = build_policies([file])
        reading = perf_counter() - began
        decided = _decide(policies, requests, decisions)
        found += figures_of(f"one decision by {count:,} rules", decided.seconds, _MEDIAN, _P99)
    found.append(Figure(f"reading {RULES[-1]:,} rules", reading, "s", _READING))
    return found, decided


def figures_of(
    name: str, seconds: Sequence[float], median: Target | None = None, p99: Target | None = None
) -> list[Figure]:
    """Median and p99 of single decisions, µs."""
    single = spread(seconds)
    return [
        Figure(f"{name}, p50", single.p50_ms * 1e3, "µs", median, single),
        Figure(f"{name}, p99", single.p99_ms * 1e3, "µs", p99),
    ]


def sample_requests() -> list[Request]:
    """Some that are permitted, and one for each way to fail."""
    asked = Request(
        requester=RequestingDepartment(REQUESTER.code, "441900", "city", suspended=False),
        dataset=DATASET,
        question=QUESTION,
        parameters=(),
        claims=frozenset(),
        purpose=PURPOSE,
        case_number=CASE,
        grant_id=_GRANT.id,
        subjects=1,
        at=_FRIDAY,
    )
    return [
        asked,
        replace(asked, purpose=f"{PURPOSE}/online"),
        replace(asked, purpose="other/x7"),
        replace(asked, purpose=PURPOSE.rpartition("/")[0]),
        replace(asked, at=_FRIDAY + timedelta(hours=9)),
        replace(asked, at=_FRIDAY + timedelta(days=1)),
    ]


def sample_rules(count: int) -> list[peers.Rule]:
    """Rules for the same question and other purposes; the one that fits is the last.

    Whoever tried one after the other would be slow.
    """
    blank = peers.Rule(
        id="",
        question=QUESTION,
        department="",
        level="city",
        purpose="",
        workdays=False,
        start=0,
        end=24 * 60,
    )
    others = [
        peers.Rule(**{**blank, "id": f"r{number}", "purpose": f"other/x{number}"})
        for number in range(count - 1)
    ]
    fitting = peers.Rule(
        id="fitting",
        question=QUESTION,
        department=REQUESTER.code,
        level="",
        purpose=PURPOSE,
        workdays=True,
        start=_OPEN,
        end=_CLOSE,
    )
    return [*others, fitting]


def _decide(policies: Policies, requests: Sequence[Request], decisions: int) -> Decided:
    grants = {_GRANT.id: _GRANT}.get
    found = [decide(policies, grants, request, CALENDAR) for request in requests]
    permits = [decision.permit for decision in found]
    if not any(permits) or all(permits):
        raise BenchError(f"the requests are to be permitted and denied: {[each.clause for each in found]}")
    if found[0].rule != "fitting":
        raise BenchError(f"the rule that fits was not found: {found[0].clause}")
    seconds = []
    with no_collection():
        for number in range(decisions):
            request = requests[number % len(requests)]
            began = perf_counter()
            decide(policies, grants, request, CALENDAR)
            seconds.append(perf_counter() - began)
    return Decided(permits, seconds)


def rules_file(rules: Sequence[peers.Rule]) -> PolicyFile:
    """The example policy with these rules in place of its own."""
    head, _, _ = POLICY.read_text("utf-8").partition("rules:\n")
    return PolicyFile(POLICY.name, "".join((head, "rules:\n", *map(_written, rules))).encode())


def _written(rule: peers.Rule) -> str:
    to = f'departments: ["{rule["department"]}"]' if rule["department"] else f"levels: [{rule['level']}]"
    when = ', when: {workdays: true, hours: "08:30-17:30"}' if rule["workdays"] else ""
    what = f"allow: [{rule['question']}], to: {{{to}}}, for: [{rule['purpose']}]{when}"
    return f"  - {{id: {rule['id']}, {what}}}\n"
