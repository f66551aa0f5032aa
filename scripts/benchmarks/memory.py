"""How much memory an idle node holds."""

from __future__ import annotations

from time import sleep

from scripts.benchmarks.figures import BenchError, Figure, Setting, at_most
from scripts.benchmarks.population import Population
from scripts.benchmarks.processes import resident_mb
from scripts.benchmarks.site import Site, build_site, running

TARGET = at_most(150)


def memory(setting: Setting) -> list[Figure]:
    """Resident memory of a node with one dataset that nobody asks, after its first start and a later one."""
    rows = 2_000 if setting.quick else 100_000
    seconds = 1 if setting.quick else 10
    setting.tell(f"memory: an idle node, {seconds} s after its start, twice")
    site = build_site(setting.folder / "memory", Population(rows))
    return [
        Figure(f"idle node, {rows:,} rows, {start} start", _idle(site, seconds), "MB", TARGET)
        for start in ("first", "second")
    ]


def _idle(site: Site, seconds: float) -> float:
    with running(site.provider):
        sleep(seconds)
        pid = site.provider.process.pid
        if pid is None:
            raise BenchError("the node has ended")
        return resident_mb(pid)
