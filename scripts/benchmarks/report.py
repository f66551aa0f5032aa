"""Shows a run as a table, and keeps it as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.benchmarks.figures import Figure
from scripts.benchmarks.machine import Machine

FORMAT = 1
_WIDE = 130


@dataclass(frozen=True, slots=True)
class Part:
    """What one benchmark found, and how long it took."""

    name: str
    seconds: float
    load_before: float
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Run:
    """One whole run; `commit` is empty outside a clone."""

    started: datetime
    quick: bool
    commit: str
    machine: Machine
    parts: Sequence[Part]

    @property
    def missed(self) -> list[Figure]:
        """Figures that miss their target; a quick run is too small to judge."""
        if self.quick:
            return []
        return [
            figure
            for part in self.parts
            for figure in part.figures
            if figure.target is not None and not figure.target.met(figure.value)
        ]

    def as_json(self) -> str:
        """All of it, for people and programs."""
        return json.dumps(
            {
                "format": FORMAT,
                "started": self.started.isoformat(timespec="seconds"),
                "quick": self.quick,
                "commit": self.commit,
                "machine": asdict(self.machine),
                "benches": [
                    {
                        "name": part.name,
                        "seconds": round(part.seconds, 1),
                        "load_before": round(part.load_before, 2),
                        "figures": [_figure(figure, self.quick) for figure in part.figures],
                    }
                    for part in self.parts
                ],
            },
            ensure_ascii=False,
            indent=2,
        )


def _figure(figure: Figure, quick: bool) -> dict[str, object]:
    said: dict[str, object] = {"name": figure.name, "value": _rounded(figure.value), "unit": figure.unit}
    if figure.target is not None:
        said["target"] = str(figure.target)
        said["met"] = None if quick else figure.target.met(figure.value)
    if figure.spread is not None:
        said |= {"p50_ms": _rounded(figure.spread.p50_ms), "p99_ms": _rounded(figure.spread.p99_ms)}
    if figure.rounds:
        said["rounds"] = [_rounded(value) for value in figure.rounds]
    return said


def keep(run: Run, folder: Path) -> Path:
    """Write the run's JSON into `folder` under the time of its start."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.started:%Y%m%dT%H%M%SZ}{'-quick' if run.quick else ''}.json"
    path.write_text(run.as_json() + "\n", "utf-8")
    return path


def show(run: Run, console: Console) -> None:
    """Print the run as a table."""
    machine = run.machine
    caption = (
        f"{machine.cores} cores, {machine.processor}, {machine.memory_mb:,} MB, {machine.disk}; "
        f"{machine.python}, grpcio {machine.libraries['grpcio']}, SQLite {machine.sqlite}; "
        f"load before: {machine.load_before:g}"
    )
    table = Table(title=f"dxnode {run.commit or 'benchmarks'}", caption=caption, title_justify="left")
    table.add_column("bench")
    table.add_column("figure")
    for heading in ("measured", "target", "p50", "p99"):
        table.add_column(heading, justify="right")
    for part in run.parts:
        table.add_section()
        for row, figure in enumerate(part.figures):
            table.add_row(part.name if row == 0 else "", *_cells(figure, run.quick))
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    console.print(table)
    if run.quick:
        console.print(
            "A quick run shows that everything works; its sizes are too small for its figures to count."
        )


def _cells(figure: Figure, quick: bool) -> tuple[str, ...]:
    measured = f"{_readable(figure.value)} {figure.unit}".rstrip()
    target = "" if figure.target is None else str(figure.target)
    if figure.target is not None and not quick:
        met = figure.target.met(figure.value)
        measured = f"[{'green' if met else 'red bold'}]{measured}[/]"
        target += " ✓" if met else " ✗"
    if figure.spread is None:
        return figure.name, measured, target, "", ""
    return (
        figure.name,
        measured,
        target,
        f"{_readable(figure.spread.p50_ms)} ms",
        f"{_readable(figure.spread.p99_ms)} ms",
    )


def _readable(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 1 else f"{value:.2g}" if value < 0.1 else f"{value:.3f}"


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
