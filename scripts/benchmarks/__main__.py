"""`scripts/bench`: runs all benchmarks or those named, shows a table, keeps the figures as JSON."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import FrameType

import grpc
from rich.console import Console

from node.errors import NodeError
from scripts.benchmarks.batch import batch
from scripts.benchmarks.catalogue import catalogue
from scripts.benchmarks.comparing import comparing
from scripts.benchmarks.counts import counts
from scripts.benchmarks.deciding import deciding
from scripts.benchmarks.differing import differing
from scripts.benchmarks.disk import disk
from scripts.benchmarks.figures import Bench, BenchError, Setting
from scripts.benchmarks.flat import flat
from scripts.benchmarks.fuzzing import fuzzing
from scripts.benchmarks.link import link
from scripts.benchmarks.log import log
from scripts.benchmarks.machine import describe_machine
from scripts.benchmarks.memory import memory
from scripts.benchmarks.reloading import reloading
from scripts.benchmarks.report import Part, Run, keep, show
from scripts.benchmarks.unary import unary

BENCHES: Mapping[str, Bench] = {
    "unary": unary,
    "link": link,
    "batch": batch,
    "counts": counts,
    "log": log,
    "disk": disk,
    "flat": flat,
    "memory": memory,
    "decide": deciding,
    "policy": comparing,
    "diff": differing,
    "reload": reloading,
    "catalogue": catalogue,
    "fuzz": fuzzing,
}
# `policy` measures it too.
USUAL = tuple(name for name in BENCHES if name != "decide")
ROOT = Path(__file__).parents[2]
NEEDED_GB = 8
OK, MISSED, FAILED, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run benchmarks; 0: targets met, 1: one missed, 2: something failed. A quick run misses nothing."""
    options = _parser().parse_args(arguments)
    notes = Console(stderr=True, highlight=False)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        run = _run(options, notes)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BenchError, NodeError, RuntimeError, OSError, grpc.RpcError) as error:
        notes.print(f"error: {error}", markup=False)
        return FAILED
    kept = keep(run, options.out)
    if options.json:
        print(run.as_json())
    else:
        show(run, Console())
    notes.print(f"kept in {kept}", markup=False, soft_wrap=True)
    for figure in run.missed:
        notes.print(f"missed: {figure.name}", markup=False)
    return MISSED if run.missed else OK


def _run(options: argparse.Namespace, notes: Console) -> Run:
    names: Sequence[str] = options.benches or USUAL
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="dxb-", dir=options.folder, ignore_cleanup_errors=True) as place:
        folder = Path(place).resolve()
        machine = describe_machine(folder)
        if not options.quick and shutil.disk_usage(folder).free < NEEDED_GB * 10**9:
            raise BenchError(f"a full run needs {NEEDED_GB} GB of disk: make room, or give --folder")
        if machine.disk == "tmpfs":
            notes.print(
                "note: the files lie in memory (tmpfs), where durable writes cost nothing: give --folder"
            )
        setting = Setting(folder, options.quick, lambda text: notes.print(text, style="dim"))
        parts = []
        for name in dict.fromkeys(names):
            load = os.getloadavg()[0]
            began = monotonic()
            figures = BENCHES[name](setting)
            parts.append(Part(name, monotonic() - began, load, figures))
    return Run(started, options.quick, _commit(), machine, parts)


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    said = subprocess.run(  # noqa: S603 - git, with arguments of our own
        [git, "describe", "--always", "--dirty", "--tags"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure what the project promises about speed and size. A full run takes a third of "
        f"an hour and {NEEDED_GB} GB of disk; whatever else runs meanwhile makes the figures worse. "
        "`policy` installs cedarpy and regopy into an environment of its own.",
    )
    parser.add_argument(
        "benches",
        nargs="*",
        type=_bench,
        metavar="BENCH",
        help=f"some of {', '.join(BENCHES)}; default all (`decide` is part of `policy`)",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute; judges no target")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "bench-results", metavar="DIR", help="where the JSON is kept"
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="where working files go for the time; a disk, not tmpfs"
    )
    return parser


def _bench(name: str) -> str:
    if name not in BENCHES:
        raise argparse.ArgumentTypeError(f"{name} is none: choose from {', '.join(BENCHES)}")
    return name


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
