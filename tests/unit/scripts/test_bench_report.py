"""Claims about the benchmarks' own arithmetic and report."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from node.core.identity import normalise_resident_id
from scripts.benchmarks.figures import Figure, at_least, at_most, spread
from scripts.benchmarks.machine import describe_machine
from scripts.benchmarks.population import Population
from scripts.benchmarks.report import Part, Run, keep


def run(tmp_path: Path, *figures: Figure, quick: bool = False) -> Run:
    return Run(
        datetime(2026, 11, 22, 8, tzinfo=UTC),
        quick,
        "",
        describe_machine(tmp_path),
        [Part("bench", 1.0, 0.0, figures)],
    )


def test_target_holds_at_its_limit() -> None:
    assert at_least(0.6).met(0.6)
    assert not at_least(0.6).met(0.599)
    assert at_most(1.3).met(1.3)
    assert not at_most(1.3).met(1.301)


def test_percentiles_are_those_of_the_sorted_durations() -> None:
    found = spread([number / 1000 for number in reversed(range(1000))])
    assert (found.p50_ms, found.p99_ms) == (500.0, 990.0)


def test_missed_target_is_told_and_a_quick_run_misses_none(tmp_path: Path) -> None:
    slow = Figure("ratio", 0.5, "", at_least(0.6))
    fast = Figure("other", 0.7, "", at_least(0.6))
    assert run(tmp_path, slow, fast).missed == [slow]
    assert run(tmp_path, slow, fast, quick=True).missed == []


def test_kept_file_has_the_figures_with_their_targets(tmp_path: Path) -> None:
    path = keep(run(tmp_path, Figure("ratio", 0.5, "", at_least(0.6), rounds=(0.4, 0.6))), tmp_path)
    assert path.name == "20261122T080000Z.json"
    (figure,) = json.loads(path.read_text())["benches"][0]["figures"]
    assert figure == {
        "name": "ratio",
        "value": 0.5,
        "unit": "",
        "target": "≥ 0.6",
        "met": False,
        "rounds": [0.4, 0.6],
    }


def test_residents_are_different_and_valid(tmp_path: Path) -> None:
    population = Population(2_000)
    population.write(tmp_path / "register.parquet")
    table = pq.read_table(tmp_path / "register.parquet")
    ids = table.column("resident_id").to_pylist()
    assert len(set(ids)) == 2_000
    assert [normalise_resident_id(each) for each in ids[::50]] == ids[::50]
    assert set(population.some(100, np.random.default_rng(0))) <= set(ids)
