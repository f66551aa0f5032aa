"""The benchmarks work: a quick run measures, checks its answers, keeps its figures, leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.places import ROOT


@pytest.fixture
def folder() -> Iterator[Path]:
    # pytest's own folders are so long that a Unix socket in them has no room.
    with tempfile.TemporaryDirectory(prefix="dxt-") as path:
        yield Path(path)


def _bench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "work").mkdir()
    out = ("--folder", str(folder / "work"), "--out", str(folder / "out"))
    return subprocess.run(  # noqa: S603 - this interpreter, this project
        [sys.executable, "-m", "scripts.benchmarks", *out, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def _commands_about(folder: Path) -> Sequence[Path]:
    """Processes that name a path in `folder`."""
    return [
        path
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists() and f"{folder}/".encode() in path.read_bytes()
    ]


def assert_nothing_is_left(folder: Path) -> None:
    assert list((folder / "work").iterdir()) == []
    assert _commands_about(folder) == []


def test_quick_run_measures_and_keeps_the_figures(folder: Path) -> None:
    done = _bench(folder, "--quick", "--json", "decide")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["quick"] is True
    assert run["machine"]["cores"] >= 1
    (decide,) = run["benches"]
    assert decide["name"] == "decide"
    assert all(figure["value"] > 0 for figure in decide["figures"])
    spread = [figure for figure in decide["figures"] if "p99_ms" in figure]
    assert spread
    assert all(figure["p99_ms"] >= figure["p50_ms"] > 0 for figure in spread)
    (kept,) = (folder / "out").iterdir()
    assert json.loads(kept.read_text()) == run
    assert_nothing_is_left(folder)


@pytest.mark.full("real nodes under load take long")
@pytest.mark.parametrize(("bench", "promises"), [("unary", 2), ("link", 10)])
def test_quick_run_measures_nodes_against_an_echo(folder: Path, bench: str, promises: int) -> None:
    done = _bench(folder, "--quick", "--json", bench)
    assert done.returncode == 0, done.stderr
    (part,) = json.loads(done.stdout)["benches"]
    ratios = [figure for figure in part["figures"] if figure.get("target")]
    assert len(ratios) == promises
    assert all(figure["value"] > 0 and figure["met"] is None for figure in ratios)
    assert_nothing_is_left(folder)


@pytest.mark.full("another run of the benchmarks takes long")
def test_nothing_is_left_behind(folder: Path) -> None:
    done = _bench(folder, "--quick", "memory")
    assert done.returncode == 0, done.stderr
    assert "idle node" in done.stdout
    assert_nothing_is_left(folder)


def test_unknown_bench_is_refused(folder: Path) -> None:
    done = _bench(folder, "speed")
    assert done.returncode == 2
    assert "speed" in done.stderr
