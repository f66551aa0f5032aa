"""Adds noise to counts and says what that costs: all of it is OpenDP, and nothing else here uses OpenDP.

Pure epsilon-differential privacy (NIST SP 800-226, 2.2) in the add-or-remove-one-subject sense: the
privacy unit is a subject, present or not.

The noise is the discrete Laplace (two-sided geometric) distribution on the integers (Ghosh, Roughgarden,
Sundararajan 2009), sampled exactly, so there is no floating-point leak (Mironov 2012). Cells partition the
rows, and one subject has at most `unit_contributes` rows, so adding or removing a subject changes the cells
by at most that much in sum: that is the L1 sensitivity of the whole table, however many cells it has
(parallel composition: McSherry 2009, theorem 4). Hence one scale for all cells, and one price for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from node.errors import NodeError, Reason
from node.texts.message import Message

MICROS = 1_000_000
# More than any budget sensibly holds; with it the noise is next to none.
MAX_EPSILON_MICROS = 100 * MICROS
MAX_UNIT_CONTRIBUTES = 1_000_000
MAX_COUNT = 1 << 53


@dataclass(frozen=True, slots=True)
class NoisyCounts:
    """Noisy counts, in the order of the exact ones; they may be negative.

    `epsilon_micros` is the price: OpenDP's own bound for this measurement × 10⁶, rounded up. With
    probability 0.95 a cell is within `accuracy_95` of its exact count.
    """

    values: tuple[int, ...]
    epsilon_micros: int
    accuracy_95: int


class _Measurement(Protocol):
    """What is used of an OpenDP measurement."""

    def __call__(self, counts: list[int]) -> list[int]:
        """Noisy counts."""

    def map(self, d_in: int) -> float:
        """The privacy loss, rounded up, if neighbouring tables differ by `d_in` in L1 distance."""


def release(counts: Sequence[int], unit_contributes: int, epsilon_micros: int) -> NoisyCounts:
    """Noise a table of exact counts in disjoint cells; costs at most `epsilon_micros` (epsilon × 10⁶).

    One subject adds to the counts at most `unit_contributes` times. The first call takes some tenths of a
    second, because only then is OpenDP loaded.

    Raises NodeError(CONFIG_INVALID) if a number is out of bounds.
    """
    _check(epsilon_micros, 1, MAX_EPSILON_MICROS, "error.privacy.loss")
    _check(unit_contributes, 1, MAX_UNIT_CONTRIBUTES, "error.privacy.unit-contributes")
    for count in counts:
        _check(count, 0, MAX_COUNT, "error.privacy.count")
    measurement, scale = _measurement(unit_contributes, epsilon_micros)
    price = _price(measurement, unit_contributes)
    noisy = measurement(list(counts)) if counts else []
    return NoisyCounts(tuple(int(count) for count in noisy), price, _accuracy(scale))


def _measurement(unit_contributes: int, epsilon_micros: int) -> tuple[_Measurement, float]:
    """The measurement with the least noise that costs no more than asked for, and its scale."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    scale = unit_contributes * MICROS / epsilon_micros
    while True:
        measurement: _Measurement = dp.m.make_laplace(*space, scale=scale)
        if _price(measurement, unit_contributes) <= epsilon_micros:
            return measurement, scale
        # The bound is rounded up, and so may lie a float or two above the price asked for.
        scale = math.nextafter(scale, math.inf)


def _price(measurement: _Measurement, unit_contributes: int) -> int:
    # The bound is a float; as a fraction it is exact, so rounding up never prices too low.
    return math.ceil(Fraction(measurement.map(unit_contributes)) * MICROS)


def _accuracy(scale: float) -> int:
    import opendp.prelude as dp

    # P(error >= a) = 0.05 and errors are whole numbers: within the floor of a with at least 0.95.
    accuracy: float = dp.discrete_laplacian_scale_to_accuracy(scale, 0.05)
    return math.floor(accuracy)


def _check(value: int, least: int, most: int, what: str) -> None:
    """`what` is the key of what the number is called."""
    if not least <= value <= most:
        name = Message(what)
        raise NodeError(Reason.CONFIG_INVALID, "error.privacy.out-bounds", name=name, least=least, most=most)
