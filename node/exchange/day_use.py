"""What providers charged this department for today, as it knows itself, so that a batch can plan with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from node.core.deciding.budget import Debit, counter_key
from node.core.deciding.cost import GRANT_DAY, RULE_DAY, Day
from node.v1 import record_pb2 as rec

_PREFIX = "told|"
_BY_DAY = frozenset({RULE_DAY, GRANT_DAY})


class DayUse(NamedTuple):
    """For how many subjects a provider charged in a day, under one rule and one grant."""

    provider: str
    dataset: str
    rule: str
    grant_id: str
    subjects: int


def day_use(provider: str, intent: rec.Intent, verdict: rec.Verdict, day: Day) -> tuple[Debit, ...]:
    """What to count of a verdict: nothing where it charged no limit of a day.

    The limit itself is the provider's to keep. What it charged for an answer that was lost is not known.
    """
    amount = max((charge.amount for charge in verdict.charges if charge.scope in _BY_DAY), default=0)
    if not amount:
        return ()
    key = "|".join((provider, intent.dataset, verdict.rule, intent.grant_id))
    return (Debit("", prefix_of(day) + key, amount, 0, day.until_ms, period=day.period),)


def prefix_of(day: Day) -> str:
    """What the keys of all counters of a day begin with."""
    return counter_key(day.until_ms, f"{_PREFIX}{day.name}|")


def uses(counters: Mapping[str, int], day: Day) -> list[DayUse]:
    """What the counters of a day say."""
    found = []
    for key, subjects in counters.items():
        provider, dataset, rule, grant_id = key.removeprefix(prefix_of(day)).split("|")
        found.append(DayUse(provider, dataset, rule, grant_id, subjects))
    return found
