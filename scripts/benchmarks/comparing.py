"""What one decision costs here, with Cedar and with Rego, by the same policy on the same requests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

from node.core.decide import decide
from node.core.policy import Policies, PolicyFile
from node.core.policy_build import build_policies
from node.core.request import Request, Requester
from node.core.workdays import Calendar
from scripts.benchmarks import peers
from scripts.benchmarks.figures import BenchError, Figure, Setting, Target, at_least, at_most, spread
from scripts.benchmarks.load import no_collection
from scripts.benchmarks.site import CASE, DATASET, POLICY, PURPOSE, QUESTION, REQUESTER, make_grant

# Apache-2.0 and MIT; in the order in which they are shown.
PEERS = ("cedarpy==4.12.2", "regopy==1.5.2")
RULES = (10, 1_000, 10_000)
_MEDIAN, _P99, _TIMES, _RELOAD = at_most(20), at_most(60), at_least(10), at_most(3)
_ZONE = ZoneInfo("Asia/Shanghai")
_FRIDAY = datetime(2026, 11, 20, 12, tzinfo=_ZONE)
_CALENDAR = Calendar(_ZONE)
_GRANT = replace(
    make_grant(_FRIDAY),
    purposes=(PURPOSE.partition("/")[0], "other"),
    valid_from=_FRIDAY - timedelta(days=9),
    valid_until=_FRIDAY + timedelta(days=9),
)
_OPEN, _CLOSE = 8 * 60 + 30, 17 * 60 + 30


def comparing(setting: Setting) -> list[Figure]:
    """Median and p99 of decisions among few and many rules, and how many times faster that is."""
    decisions = 2_000 if setting.quick else 50_000
    requests = _requests()
    found, seconds, permits = [], [0.0], [False]
    for count in RULES:
        setting.tell(f"policy: {decisions:,} decisions by {count:,} rules")
        began = perf_counter()
        policies = build_policies([_file(_rules(count))])
        load_seconds = perf_counter() - began
        permits, seconds = _decide(policies, requests, decisions)
        found += _figures(f"one decision by {count:,} rules", seconds, _MEDIAN, _P99)
    found.append(Figure(f"reading {RULES[-1]:,} rules", load_seconds, "s", _RELOAD))
    setting.tell(f"policy: the same by {' and '.join(PEERS)}")
    own = spread(seconds).p50_ms
    for name, answered in _ask_peers(setting, requests).items():
        if answered["permits"] != permits:
            raise BenchError(f"{name} decides otherwise: {answered['permits']} and not {permits}")
        found += _figures(f"{name}, {RULES[-1]:,} rules", answered["seconds"])
        found.append(Figure(f"{name}, reading {RULES[-1]:,} rules", answered["load_seconds"], "s"))
        times = spread(answered["seconds"]).p50_ms / own
        found.append(Figure(f"times faster than {name}, p50", times, "×", _TIMES))
    return found


def _figures(
    name: str, seconds: Sequence[float], median: Target | None = None, p99: Target | None = None
) -> list[Figure]:
    single = spread(seconds)
    return [
        Figure(f"{name}, p50", single.p50_ms * 1e3, "µs", median, single),
        Figure(f"{name}, p99", single.p99_ms * 1e3, "µs", p99),
    ]


def _decide(
    policies: Policies, requests: Sequence[Request], decisions: int
) -> tuple[list[bool], list[float]]:
    grants = {_GRANT.id: _GRANT}.get
    found = [decide(policies, grants, request, _CALENDAR) for request in requests]
    permits = [decision.permit for decision in found]
    if not any(permits) or all(permits):
        raise BenchError(f"the requests are to be permitted and denied: {[each.message for each in found]}")
    seconds = []
    with no_collection():
        for number in range(decisions):
            request = requests[number % len(requests)]
            began = perf_counter()
            decide(policies, grants, request, _CALENDAR)
            seconds.append(perf_counter() - began)
    return permits, seconds


def _requests() -> list[Request]:
    """Some that are permitted, and one for each way to fail."""
    asked = Request(
        requester=Requester(REQUESTER.code, "441900", "city", suspended=False),
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


def _rules(count: int) -> list[peers.Rule]:
    """Rules for the same question and other purposes; the one that fits is the last."""
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


def _file(rules: Sequence[peers.Rule]) -> PolicyFile:
    head, _, _ = POLICY.read_text("utf-8").partition("rules:\n")
    return PolicyFile(POLICY.name, "".join((head, "rules:\n", *map(_written, rules))).encode())


def _written(rule: peers.Rule) -> str:
    to = f'departments: ["{rule["department"]}"]' if rule["department"] else f"levels: [{rule['level']}]"
    when = ', when: {workdays: true, hours: "08:30-17:30"}' if rule["workdays"] else ""
    what = f"allow: [{rule['question']}], to: {{{to}}}, for: [{rule['purpose']}]{when}"
    return f"  - {{id: {rule['id']}, {what}}}\n"


def _ask_peers(setting: Setting, requests: Sequence[Request]) -> dict[str, peers.Answered]:
    python = _environment(setting.folder / "peers")
    asked = peers.Asked(
        rules=_rules(RULES[-1]),
        requests=[_told(request) for request in requests],
        most_seconds=1.0 if setting.quick else 20.0,
    )
    said = _run([str(python), str(Path(peers.__file__))], "answering", json.dumps(asked))
    answered: dict[str, peers.Answered] = json.loads(said)
    return answered


def _told(request: Request) -> peers.Input:
    local = _CALENDAR.local(request.at)
    return peers.Input(
        department=request.requester.code,
        level=request.requester.level,
        question=request.question,
        purpose=request.purpose,
        workday=_CALENDAR.day(request.at).workday,
        minute=local.hour * 60 + local.minute,
    )


def _environment(folder: Path) -> Path:
    """The interpreter of an environment that holds the peers and nothing of this project."""
    python = folder / "bin" / "python"
    _run([sys.executable, "-m", "venv", str(folder)], "making an environment")
    install = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    _run([*install, "--only-binary", ":all:", "--no-deps", *PEERS], "installing")
    return python


def _run(command: Sequence[str], what: str, given: str = "") -> str:
    done = subprocess.run(  # noqa: S603 - interpreters, with arguments of our own
        command, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"{what} for {' and '.join(PEERS)} failed: {done.stderr.strip()[-300:]}")
    return done.stdout
