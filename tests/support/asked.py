"""Asks one question by way of both sides, and says how that ended at the requester."""

from __future__ import annotations

import pytest
from support.running import resident
from support.two_sides import CALLER, TwoSides, query

from node.core.subject import SubjectKey
from node.errors import NodeError
from node.exchange.asking import Answered
from node.v1 import record_pb2 as rec

ID = bytes(range(16))


def about(*numbers: int) -> list[SubjectKey]:
    return [SubjectKey(resident(number), {}) for number in numbers]


async def ask(sides: TwoSides, number: int = 2, exchange_id: bytes = ID) -> Answered:
    return await sides.requester.ask(CALLER, query(), about(number), exchange_id)


async def fails(sides: TwoSides, number: int = 2, exchange_id: bytes = ID) -> NodeError:
    with pytest.raises(NodeError) as failed:
        await ask(sides, number, exchange_id)
    return failed.value


def outcomes(sides: TwoSides) -> list[tuple[rec.OutcomeKind, int]]:
    found = [r.outcome for r in sides.tax.records() if r.WhichOneof("body") == "outcome"]
    return [(outcome.kind, outcome.reason) for outcome in found]
