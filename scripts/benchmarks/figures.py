"""What a benchmark finds: figures, each with its unit and, if something is promised, its target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


class BenchError(Exception):
    """What was measured was not what should be: an answer that is wrong, a process that failed."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised of a figure."""

    limit: float
    at_least: bool

    def met(self, value: float) -> bool:
        """Whether a measured value keeps the promise."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:,g}"


def at_least(limit: float) -> Target:
    """The figure must be this high."""
    return Target(limit, at_least=True)


def at_most(limit: float) -> Target:
    """The figure must be this low."""
    return Target(limit, at_least=False)


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of single calls, in milliseconds."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `rounds` are the values of the single rounds that it is the median of."""

    name: str
    value: float
    unit: str
    target: Target | None = None
    spread: Spread | None = None
    rounds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how benchmarks run: sizes are small when `quick`, and then no target is judged."""

    folder: Path
    quick: bool
    tell: Callable[[str], None]


Bench = Callable[[Setting], Sequence[Figure]]


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the ascending values don't exceed. Raises IndexError for none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def spread(seconds: Sequence[float]) -> Spread:
    """The percentiles of durations."""
    ordered = sorted(seconds)
    return Spread(percentile(ordered, 0.50) * 1e3, percentile(ordered, 0.99) * 1e3)
