"""How far noisy counts lie from the exact ones; `node.privacy` adds the noise."""

from __future__ import annotations

import math

from node.core.policy.question import Statistic


def accuracy_95(statistic: Statistic) -> int:
    """How far, with probability 0.95, a noisy count is from the exact one at most.

    The noise is the discrete Laplace distribution of scale b = unit_contributes / epsilon: with q = e^(-1/b),
    P(|error| ≥ a) = 2 q^a / (1 + q) (Ghosh, Roughgarden, Sundararajan 2009).
    """
    decay = statistic.epsilon_micros / (statistic.unit_contributes * 1_000_000)
    return math.floor(-math.log(0.05 * (1 + math.exp(-decay)) / 2) / decay)
