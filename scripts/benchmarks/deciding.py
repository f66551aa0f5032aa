"""What one decision costs, and that it does not depend on how many rules there are."""

from __future__ import annotations

from datetime import datetime
from time import perf_counter
from zoneinfo import ZoneInfo

from node.core.decide import decide
from node.core.policy import Policies, PolicyFile
from node.core.policy_build import build_policies
from node.core.request import Request, Requester
from node.core.workdays import Calendar
from scripts.benchmarks.figures import BenchError, Figure, Setting, at_most, spread
from scripts.benchmarks.load import no_collection
from scripts.benchmarks.site import CASE, DATASET, POLICY, PURPOSE, QUESTION, REQUESTER, make_grant

RULES = (10, 10_000)
TARGET = at_most(20)
_NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Friday
_GRANT = make_grant(_NOON)
_REQUEST = Request(
    requester=Requester(REQUESTER.code, "441900", "city", suspended=False),
    dataset=DATASET,
    question=QUESTION,
    parameters=(),
    claims=frozenset(),
    purpose=PURPOSE,
    case_number=CASE,
    grant_id=_GRANT.id,
    subjects=1,
    at=_NOON,
)
# The rule that fits is the last one: whoever tried one after the other would be slow.
_FITTING = """\
  - id: fitting
    allow: [{question}]
    to: {{departments: ["{requester}"]}}
    for: [{purpose}]
    when: {{workdays: true, hours: "08:30-17:30", case_number: "DG-########-####"}}
    limits: {{per_day: 50000, per_subject_per_day: 3}}
"""


def deciding(setting: Setting) -> list[Figure]:
    """The time of one decision among few and among many rules."""
    decisions = 2_000 if setting.quick else 50_000
    found = []
    for rules in RULES:
        setting.tell(f"decide: {decisions:,} decisions by {rules:,} rules")
        seconds = _decide(_policies(rules), decisions)
        single = spread(seconds)
        found.append(
            Figure(f"one decision by {rules:,} rules, p50", single.p50_ms * 1e3, "µs", TARGET, single)
        )
    return found


def _decide(policies: Policies, decisions: int) -> list[float]:
    calendar = Calendar(ZoneInfo("Asia/Shanghai"))
    grants = {_GRANT.id: _GRANT}.get
    decision = decide(policies, grants, _REQUEST, calendar)
    if not decision.permit or decision.rule != "fitting":
        raise BenchError(f"the rule that fits was not found: {decision.message}")
    seconds = []
    with no_collection():
        for _ in range(decisions):
            began = perf_counter()
            decide(policies, grants, _REQUEST, calendar)
            seconds.append(perf_counter() - began)
    return seconds


def _policies(rules: int) -> Policies:
    """The usual policy with other rules: for the same question, for other departments and other purposes."""
    head, _, _ = POLICY.read_text("utf-8").partition("rules:\n")
    others = [
        f"  - {{id: r{number}, allow: [{QUESTION}], to: {{levels: [city]}}, for: [other/x{number}]}}\n"
        for number in range(rules - 1)
    ]
    fitting = _FITTING.format(question=QUESTION, requester=REQUESTER.code, purpose=PURPOSE)
    return build_policies([PolicyFile(POLICY.name, "".join((head, "rules:\n", *others, fitting)).encode())])
