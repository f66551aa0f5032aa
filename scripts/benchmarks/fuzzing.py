"""How many inputs that a fuzzer makes the readers of others' bytes take without any but their own error."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.benchmarks.figures import BenchError, Figure, Setting, at_least, at_most
from scripts.fuzzing.targets import TARGETS

_ROOT = Path(__file__).parents[2]
_CORPUS = _ROOT / "tests" / "corpus"
_FINDS = _ROOT / "bench-results" / "finds"
_EACH, _EACH_QUICK = 50_000, 300
_ALL = at_least(1_000_000)
_NONE = at_most(0)
_AT_ONCE = 2
_FOUND = 77
_SECONDS = 3600
_RUN = re.compile(r"stat::number_of_executed_units: (\d+)")
_COVERED = re.compile(r"cov: (\d+)")


@dataclass(frozen=True, slots=True)
class _Fuzzed:
    target: str
    cases: int
    covered: int
    find: Path | None


def fuzzing(setting: Setting) -> Sequence[Figure]:
    """Fuzz each target. Raises BenchError when the fuzzer itself fails."""
    each = _EACH_QUICK if setting.quick else _EACH
    with ThreadPoolExecutor(_AT_ONCE) as workers:
        done = list(workers.map(partial(_fuzz, setting, each), TARGETS))
    figures = [
        figure
        for one in done
        for figure in (
            Figure(f"{one.target}: cases", one.cases, "", at_least(each)),
            Figure(f"{one.target}: edges of code reached", one.covered, ""),
        )
    ]
    finds = [one for one in done if one.find is not None]
    for one in finds:
        setting.tell(f"{one.target} raises for {one.find}: mend it, and put that file into tests/corpus")
    total = sum(one.cases for one in done)
    return [Figure("cases", total, "", _ALL), Figure("finds", len(finds), "", _NONE), *figures]


def _fuzz(setting: Setting, cases: int, target: str) -> _Fuzzed:
    keep = setting.folder / "fuzzing" / target
    keep.mkdir(parents=True)
    seeds = str(_CORPUS / target)
    command = [sys.executable, "-m", "scripts.fuzzing", target]
    done = subprocess.run(  # noqa: S603 - this program, with arguments of our own
        [*command, "--cases", str(cases), "--seeds", seeds, "--keep", str(keep)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        check=False,
    )
    ran = _RUN.search(done.stderr)
    find = next((path for path in keep.iterdir() if path.is_file()), None)
    if (done.returncode not in (0, _FOUND) and find is None) or ran is None:
        raise BenchError(f"the fuzzer failed on {target} with exit code {done.returncode}")
    if find is not None:
        _FINDS.mkdir(parents=True, exist_ok=True)
        find = Path(shutil.copy(find, _FINDS / f"{target}-{find.name}"))
    covered = _COVERED.findall(done.stderr)
    setting.tell(f"{target}: {ran[1]} cases")
    return _Fuzzed(target, int(ran[1]), int(covered[-1]) if covered else 0, find)
