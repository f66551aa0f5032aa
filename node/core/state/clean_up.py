"""What a node may forget, and how far forgetting has come: value objects of the exchange and the store."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Due:
    """What is over: counters and marks by the time, all else by the index of the record it belongs to.

    `answered_before` is for exchanges that were answered, and for requests that might be sent again;
    `asked_before` for exchanges that were asked and have their outcome.
    """

    now_ms: int
    answered_before: int
    asked_before: int
    openings_before: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: rows forgotten, seconds that it held the writer, whether there may be more."""

    rows: int
    seconds: float
    more: bool
