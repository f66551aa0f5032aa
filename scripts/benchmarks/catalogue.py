"""How long a catalogue as large as a province's takes to load and to search, and how much memory it holds."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter

from node.app.live.imported import imported_files, place_import, read_import
from node.core.catalogue.registry import Catalogue, imported_shelf, own_shelf
from node.core.catalogue.search import Lookup
from node.core.reading.build import build_policies
from node.v1 import catalogue_pb2 as pb
from scripts.benchmarks.deciding import rules_file, sample_rules
from scripts.benchmarks.figures import BenchError, Figure, Setting, at_most, spread
from scripts.benchmarks.processes import resident_mb
from scripts.benchmarks.province import departments, entries

_LOAD, _SEARCH = at_most(10), at_most(50)
_PUBLISHER = departments(1)[0]
# From words that few entries have to six that nearly all have, and the shortest there are.
_LOOKUPS = (
    Lookup("养老保险"),
    Lookup("insurance pension"),
    Lookup("东莞市养老保险 缴费"),
    Lookup("信息 登记 编号 日期 名称 结果"),
    Lookup("数 名 日 号 期 人"),
    Lookup("d i n s m a"),
    Lookup("名 d a s 日 期"),
    Lookup(item="编号 日期 单位"),
    Lookup(purpose="market"),
    Lookup("信息", item="状态", purpose="transport/licence"),
)


@dataclass(frozen=True, slots=True)
class _Measured:
    load: float
    # For each look-up, the seconds of its rounds.
    searches: list[list[float]]
    memory_mb: float


def catalogue(setting: Setting) -> list[Figure]:
    """Loading the entries and the own rules, searching them, and the memory of it all."""
    count, rules, rounds = (2_000, 300, 3) if setting.quick else (40_000, 6_500, 20)
    folder = setting.folder / "catalogues"
    setting.tell(f"catalogue: {count:,} entries and {rules:,} rules, {rounds * len(_LOOKUPS)} searches")
    _import(folder, count)
    # In a process of its own, so that the memory is what the catalogue takes.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own:
        measured = own.submit(_measure, folder, count, rules, rounds).result()
    times = spread([seconds for rounds in measured.searches for seconds in rounds])
    slowest = max(median(rounds) for rounds in measured.searches)
    name = f"catalogue of {count:,} entries, {rules:,} rules"
    return [
        Figure(f"{name}: load", measured.load, "s", _LOAD),
        Figure(f"{name}: one search, p50", times.p50_ms, "ms", None, times),
        Figure(f"{name}: the slowest of {len(_LOOKUPS)} look-ups", slowest * 1e3, "ms", _SEARCH),
        Figure(f"{name}: memory", measured.memory_mb, "MB"),
    ]


def _import(folder: Path, count: int) -> None:
    """Keep the entries as `dxnode catalogue import` does."""
    made = sorted(entries(count), key=lambda entry: (entry.summary.dataset, entry.summary.provider))
    kept = pb.ImportedCatalogue(
        publisher=_PUBLISHER, imported_ms=1, entries=[entry.SerializeToString() for entry in made]
    )
    place_import(folder, kept)


def _measure(folder: Path, count: int, rules: int, rounds: int) -> _Measured:
    file = rules_file(sample_rules(rules))
    before, began = resident_mb(os.getpid()), perf_counter()
    policies = build_policies([file])
    imported = imported_shelf("", map(read_import, imported_files(folder)))
    loaded = Catalogue(own_shelf(policies), imported)
    load = perf_counter() - began
    memory = resident_mb(os.getpid()) - before
    if len(imported) != count:
        raise BenchError(f"{len(imported):,} of {count:,} entries can be found")
    return _Measured(load, [[_search(loaded, lookup) for _ in range(rounds)] for lookup in _LOOKUPS], memory)


def _search(loaded: Catalogue, lookup: Lookup) -> float:
    began = perf_counter()
    loaded.search(lookup)
    return perf_counter() - began
