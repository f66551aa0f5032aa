"""What came of exchanges between two sides: answers, refusals, and verdicts that the provider recorded."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable

import pytest
from support.two_sides import TwoSides

from node.errors import NodeError
from node.exchange.asking import Answered
from node.v1 import record_pb2 as rec


async def denied(work: Awaitable[object]) -> NodeError:
    """The refusal that this ends with."""
    with pytest.raises(NodeError) as found:
        await work
    return found.value


async def tally(works: Iterable[Awaitable[Answered]]) -> Counter[object]:
    """How many of these, at once, were answered, and how many refused for which reason."""
    results = await asyncio.gather(*works, return_exceptions=True)
    return Counter(r.reason if isinstance(r, NodeError) else "answered" for r in results)


def verdicts(sides: TwoSides) -> list[rec.Verdict]:
    """All that the provider recorded."""
    return [r.verdict for r in sides.hr.records() if r.WhichOneof("body") == "verdict"]


def charges(verdict: rec.Verdict) -> dict[str, int]:
    """What was charged, by scope."""
    return {charge.scope: charge.amount for charge in verdict.charges}


def charged(sides: TwoSides) -> int:
    """What the provider charged to the rules' daily quotas in all."""
    return sum(c.amount for r in sides.hr.records() for c in r.verdict.charges if c.scope == "rule.day")
