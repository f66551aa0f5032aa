"""The usage log: durable appends, the check of a whole export, the start of a node with a long log."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

from node.demo.process import DXNODE
from scripts.benchmarks.figures import BenchError, Figure, Setting, at_least, at_most, spread
from scripts.benchmarks.longlog import CALLERS, ROWS, LongLog, long_log
from scripts.benchmarks.population import Population
from scripts.benchmarks.site import Site, build_site, log_size, running, start_seconds
from scripts.benchmarks.verdicts import Appended, writing

_REPEATS = 3
_FEWER_CALLERS = 64


def log(setting: Setting) -> list[Figure]:
    """Appends, verification and start, at a million records."""
    long = long_log(setting)
    return [
        *_appends(setting, long),
        *_verification(setting, long.site),
        *_start(setting, long.site),
    ]


def _appends(setting: Setting, long: LongLog) -> list[Figure]:
    count = 2_000 if setting.quick else 40_000
    setting.tell("log: appends by fewer callers, whole verdicts")

    async def append() -> tuple[Appended, Appended]:
        async with writing(long.site.provider, long.site.population) as opened:
            return (
                await opened.append_records(count, _FEWER_CALLERS),
                await opened.append_verdicts(count, CALLERS),
            )

    fewer, verdicts = asyncio.run(append())
    first = f"durable appends, {CALLERS} callers, the first {long.appended.records:,}"
    return [
        _rate(first, long.appended, target=10_000),
        _rate(f"durable appends, {_FEWER_CALLERS} callers, on top of them", fewer),
        _rate(f"charge, append and seal, {CALLERS} callers, on top of them", verdicts),
    ]


def _rate(name: str, appended: Appended, target: float | None = None) -> Figure:
    promised = None if target is None else at_least(target)
    return Figure(name, appended.rate, "records/s", promised, spread(appended.latencies))


def _verification(setting: Setting, site: Site) -> list[Figure]:
    provider = site.provider
    export = site.folder / "export.log"
    with running(provider):
        setting.tell("log: export")
        records = log_size(provider)
        exported = _timed(lambda: _dxnode("log", "export", str(export), "--config", str(provider.config)))
    keys = ("--log-key", str(provider.log_key), "--cosign-key", str(provider.cosign_key))
    setting.tell(f"log: verify {records:,} records, {_REPEATS} times")
    seconds = [_timed(lambda: _verify(records, "log", "verify", str(export), *keys)) for _ in range(_REPEATS)]
    size = export.stat().st_size
    export.unlink()
    rates = tuple(records / each for each in seconds)
    return [
        Figure(
            f"log verify of {records:,} records", median(rates), "records/s", at_least(200_000), rounds=rates
        ),
        Figure("log export", records / exported, "records/s"),
        Figure("size of a record in the export", size / records, "bytes"),
    ]


def _verify(records: int, *arguments: str) -> None:
    said = json.loads(_dxnode(*arguments, "--json"))
    report = said["report"]
    if report["findings"] or report["records"] != records:
        raise BenchError("log verify did not find the whole log in order")


def _start(setting: Setting, site: Site) -> list[Figure]:
    setting.tell(f"log: start of nodes with and without a long log, {_REPEATS} times each")
    fresh = build_site(setting.folder / "fresh", Population(ROWS))
    found: dict[str, tuple[float, ...]] = {}
    for name, each in (("long", site), ("fresh", fresh)):
        with running(each.provider):
            pass  # the dataset's files are there from now on
        found[name] = tuple(start_seconds(each.provider) for _ in range(_REPEATS))
    long, empty = median(found["long"]), median(found["fresh"])
    imports = median([_timed(_import) for _ in range(_REPEATS)])
    restored = asyncio.run(_restore(site))
    return [
        Figure("start with the long log until it serves", long, "s", at_most(3), rounds=found["long"]),
        Figure("start without records", empty, "s", rounds=found["fresh"]),
        Figure("of it the interpreter and imports", imports, "s"),
        Figure("opening the long log alone", restored, "s"),
    ]


async def _restore(site: Site) -> float:
    began = perf_counter()
    async with writing(site.provider, site.population):
        return perf_counter() - began


def _import() -> None:
    subprocess.run([sys.executable, "-c", "import node.app.node"], check=True)


def _timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _dxnode(*arguments: str) -> str:
    """What a `dxnode` command prints. Raises BenchError with its errors when it fails."""
    done = subprocess.run([*DXNODE, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BenchError(f"dxnode {arguments[0]} {arguments[1]}: {done.stderr.strip()}")
    return done.stdout
