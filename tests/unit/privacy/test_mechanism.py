"""Noise on counts: its price, its distribution, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from math import exp
from statistics import fmean

import opendp.prelude as dp
import pytest

from node.errors import NodeError, Reason
from node.privacy.mechanism import MAX_EPSILON_MICROS, release

# Means of so many draws lie within the bounds below except with a probability under 10⁻⁹.
DRAWS = 20_000


@pytest.mark.parametrize(
    "epsilon_micros", [1, 7, 1000, 100_000, 333_333, 500_000, 1_000_000, 1_234_567, 10_000_000]
)
@pytest.mark.parametrize("unit_contributes", [1, 3, 1000])
def test_price_is_never_above_what_was_asked_and_hardly_below(
    epsilon_micros: int, unit_contributes: int
) -> None:
    price = release([5, 0], unit_contributes, epsilon_micros).epsilon_micros

    assert price <= epsilon_micros
    assert price == epsilon_micros, "whether a budget lasts is looked at by what is asked for"


@pytest.mark.parametrize("epsilon_micros", [7, 100_000, 333_333, 1_234_567])
def test_price_is_not_below_the_loss_that_the_accuracy_implies(epsilon_micros: int) -> None:
    # Independent of the code: the loss of discrete Laplace noise is unit / scale. Recover the scale from
    # the tail that OpenDP reports for this accuracy, and price it.
    made = release([0], 2, epsilon_micros)
    scale = dp.accuracy_to_discrete_laplacian_scale(float(made.accuracy_95 + 1), 0.05)
    smallest = dp.accuracy_to_discrete_laplacian_scale(float(made.accuracy_95), 0.05)

    assert Fraction(2) / Fraction(scale) * 10**6 <= made.epsilon_micros + 1
    assert Fraction(2) / Fraction(smallest) * 10**6 >= made.epsilon_micros - 1


def test_noise_has_the_distribution_of_its_scale() -> None:
    made = release([1000] * DRAWS, 1, 500_000)
    errors = [count - 1000 for count in made.values]

    # Two-sided geometric with a = exp(-1/2): mean 0, E|X| = 2a/(1-a²), P(0) = (1-a)/(1+a).
    ratio = exp(-0.5)
    assert abs(fmean(errors)) < 0.15
    assert fmean(abs(error) for error in errors) == pytest.approx(2 * ratio / (1 - ratio**2), rel=0.05)
    assert errors.count(0) / DRAWS == pytest.approx((1 - ratio) / (1 + ratio), abs=0.025)


def test_cells_get_noise_of_their_own() -> None:
    assert len(set(release([0] * 100, 1, 10_000).values)) > 50


def test_more_contributions_need_more_noise() -> None:
    assert release([0], 10, 1_000_000).accuracy_95 > 9 * release([0], 1, 1_000_000).accuracy_95


def test_nineteen_of_twenty_cells_are_within_the_accuracy() -> None:
    made = release([50] * DRAWS, 1, 300_000)

    assert sum(abs(count - 50) <= made.accuracy_95 for count in made.values) / DRAWS > 0.945


def test_noise_is_not_cut_off_at_zero() -> None:
    assert min(release([0] * 1000, 1, 100_000).values) < 0


def test_table_without_cells_is_priced_all_the_same() -> None:
    made = release([], 1, 1_000_000)

    assert (made.values, made.epsilon_micros) == ((), 1_000_000)


@pytest.mark.parametrize(
    ("counts", "unit_contributes", "epsilon_micros"),
    [
        ([1], 1, 0),
        ([1], 1, -1),
        ([1], 1, MAX_EPSILON_MICROS + 1),
        ([1], 0, 1_000_000),
        ([1], -3, 1_000_000),
        ([-1], 1, 1_000_000),
        ([1 << 60], 1, 1_000_000),
    ],
)
def test_numbers_out_of_bounds_are_refused(
    counts: list[int], unit_contributes: int, epsilon_micros: int
) -> None:
    with pytest.raises(NodeError) as refused:
        release(counts, unit_contributes, epsilon_micros)

    assert refused.value.reason is Reason.CONFIG_INVALID
    assert str(1 << 60) not in str(refused.value)
