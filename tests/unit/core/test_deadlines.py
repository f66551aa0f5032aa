"""A time limit further out is always longer than the one further in, whatever the settings are."""

from __future__ import annotations

import itertools

import pytest
from pydantic import ValidationError

from node.config.settings import Limits
from node.core.deadlines import CLIENT_SECONDS, LONGEST_CALL, Deadlines, least_call

EDGES = (1, 2, 3, 5, 7, 8, 9, 15, 19, 20, 21, 40, 120, 295, 299, 300, 599, 600)
"""The least and the most that may be set, and what lies around the marks in between."""
SETTINGS = list(itertools.product(EDGES, repeat=3))


def test_edges_are_those_of_the_settings() -> None:
    for name in ("deadline_seconds", "source_seconds", "counts_wait_seconds"):
        bounds = {type(each).__name__: each for each in Limits.model_fields[name].metadata}
        assert (bounds["Ge"].ge, bounds["Le"].le) == (EDGES[0], EDGES[-1]) == (1, LONGEST_CALL)


@pytest.mark.parametrize("call", EDGES)
def test_each_limit_is_longer_than_what_it_waits_for(call: int) -> None:
    for source, wait in itertools.product(EDGES, repeat=2):
        limits = Deadlines.of(call, source, wait)
        # A count waits for its turn and is counted; then it is recorded. So is a reading.
        assert limits.work > wait + source + limits.commit
        assert limits.work > 2 * source + limits.commit
        # On the way of an exchange: grants, the intent, the call, a proof, the outcome.
        assert limits.desk >= 2 * limits.proof + 2 * limits.commit + limits.call
        assert CLIENT_SECONDS >= limits.client > limits.desk > limits.call > limits.proof
        assert limits.fit == (limits.call > limits.work)


def test_settings_are_refused_exactly_where_a_call_ends_before_the_work() -> None:
    for call, source, wait in SETTINGS:
        given = {"deadline_seconds": call, "source_seconds": source, "counts_wait_seconds": wait}
        if Deadlines.of(call, source, wait).fit:
            assert Limits(**given).deadlines.call == call
        else:
            with pytest.raises(ValidationError):
                Limits(**given)


def test_the_least_that_is_told_is_the_least_that_is_taken() -> None:
    for source, wait in itertools.product(EDGES, repeat=2):
        least = least_call(source, wait)
        if least is None:
            assert not Deadlines.of(LONGEST_CALL, source, wait).fit
        else:
            assert Deadlines.of(least, source, wait).fit
            assert not Deadlines.of(least - 1, source, wait).fit


def test_defaults_fit() -> None:
    assert Limits().deadlines.fit
