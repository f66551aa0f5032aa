"""What one decision costs here, with Cedar and with Rego, by the same policy on the same requests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from node.core.policy.request import Request
from scripts.benchmarks import peers
from scripts.benchmarks.deciding import CALENDAR, RULES, figures_of, measure, sample_requests, sample_rules
from scripts.benchmarks.figures import BenchError, Figure, Setting, at_least, spread

# Apache-2.0 and MIT; in the order in which they are shown.
PEERS = ("cedarpy==4.12.2", "regopy==1.5.2")
_TIMES = at_least(10)


def comparing(setting: Setting) -> list[Figure]:
    """The figures of `deciding`, those of others, and how many times faster that is."""
    requests = sample_requests()
    found, decided = measure(setting, requests)
    setting.tell(f"policy: the same by {' and '.join(PEERS)}")
    own = spread(decided.seconds).p50_ms
    for name, answered in _ask_peers(setting, requests).items():
        if answered["permits"] != decided.permits:
            raise BenchError(f"{name} decides otherwise: {answered['permits']} and not {decided.permits}")
        found += figures_of(f"{name}, {RULES[-1]:,} rules", answered["seconds"])
        found.append(Figure(f"{name}, reading {RULES[-1]:,} rules", answered["load_seconds"], "s"))
        times = spread(answered["seconds"]).p50_ms / own
        found.append(Figure(f"times faster than {name}, p50", times, "×", _TIMES))
    return found


def _ask_peers(setting: Setting, requests: Sequence[Request]) -> dict[str, peers.Answered]:
    python = _environment(setting.folder / "peers")
    asked = peers.Asked(
        rules=sample_rules(RULES[-1]),
        requests=[_told(request) for request in requests],
        most_seconds=1.0 if setting.quick else 20.0,
    )
    said = _run([str(python), str(Path(peers.__file__))], "answering", json.dumps(asked))
    answered: dict[str, peers.Answered] = json.loads(said)
    return answered


def _told(request: Request) -> peers.Input:
    local = CALENDAR.local(request.at)
    return peers.Input(
        department=request.requester.code,
        level=request.requester.level,
        question=request.question,
        purpose=request.purpose,
        workday=CALENDAR.day(request.at).workday,
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
