"""What takes two people: the node writes an order, officers sign it, and it is carried out once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from node.core.milliseconds import to_ms
from node.core.role import Caller
from node.core.state.order import Order, OrderKind, OrderRefusedError, check_order, make_order, render_order
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob

_ID_BYTES = 16
_ABOUT_THE_LOSS = frozenset({OrderKind.ACCEPT_STATE, OrderKind.ACCEPT_CLOCK})
"""Orders that are written while records are lost, or the time is not known: their facts tell them apart."""
_APPLIED = "order."
"""Begins the name of the fact that an order was carried out."""


class Signed(Protocol):
    """An order that enough officers have signed; see `node.documents.order_file`."""

    @property
    def order(self) -> Order: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def approved(self) -> tuple[str, ...]: ...


class Subject(Protocol):
    """What orders of one kind are about."""

    def facts(self, about: str) -> Mapping[str, str]:
        """What is to be decided, as it is now. Raises NodeError(NOT_FOUND) when that is nothing."""

    async def carry_out(self, about: str, job: AdminJob) -> int:
        """Do what was decided; returns the index of the record.

        What becomes durable by it does so in one transaction with `job`, the record of it, to which facts may
        be added.
        """


@dataclass(frozen=True, slots=True)
class Carried:
    """An order that was carried out, and where the record of it stands."""

    kind: OrderKind
    digest: bytes
    approved: tuple[str, ...]
    index: int


class Orders:
    """Writes orders and carries them out."""

    def __init__(
        self,
        department: str,
        subjects: Mapping[OrderKind, Subject],
        open_signed: Callable[[bytes], Signed],
        fact: Callable[[str], str | None],
        lost_until: Callable[[], int],
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
    ) -> None:
        """`open_signed` gives an order that enough of the department's officers have signed, else raises.

        `lost_until` is the end (ms) of the time of which the node has lost its records, 0 if it lost none.
        """
        self._department = department
        self._subjects = subjects
        self._open = open_signed
        self._fact = fact
        self._lost_until = lost_until
        self._clock = clock
        self._random = random
        # One at a time: else an order could be carried out twice before it is on record.
        self._turn = asyncio.Lock()

    def draft(self, kind: str, about: str, reason: str) -> bytes:
        """The order to sign. Raises NodeError(NOT_FOUND), (QUERY_INVALID), (CONFIG_INVALID)."""
        if kind not in set(OrderKind):
            known = ", ".join(OrderKind)
            raise NodeError(Reason.QUERY_INVALID, "error.exchange.order-kind-unknown", known=known)
        wanted = OrderKind(kind)
        facts = self._subject(wanted).facts(about)
        order_id = self._random(_ID_BYTES)
        return render_order(
            make_order(self._department, wanted, order_id, self._clock(), about, facts, reason)
        )

    async def apply(self, caller: Caller, note: bytes) -> Carried:
        """Carry out a signed order, once.

        Raises NodeError(CONFIG_INVALID), (NOT_FOUND), (STORE_UNAVAILABLE).
        """
        async with self._turn:
            return await self._apply(caller, self._open(note))

    async def _apply(self, caller: Caller, signed: Signed) -> Carried:
        order = signed.order
        name = _APPLIED + order.id
        if self._fact(name) is not None:
            raise OrderRefusedError("error.order.carried-out-before")
        # Orders are dated by the second: none is written, signed and carried out, and all of that lost and
        # the loss accepted, within one.
        lost_until = self._lost_until() // 1000 * 1000
        if order.kind not in _ABOUT_THE_LOSS and to_ms(order.issued) < lost_until:
            raise OrderRefusedError("error.order.outcome-lost")
        subject = self._subject(order.kind)
        check_order(order, self._department, subject.facts(order.about), self._clock())
        job = AdminJob(
            self._department,
            caller,
            f"order.{order.kind}",
            signed.digest.hex(),
            order.reason,
            facts=((name, signed.digest.hex()),),
            approved=signed.approved,
        )
        index = await subject.carry_out(order.about, job)
        return Carried(order.kind, signed.digest, signed.approved, index)

    def _subject(self, kind: OrderKind) -> Subject:
        subject = self._subjects.get(kind)
        if subject is None:
            raise NodeError(Reason.NOT_FOUND, "error.exchange.order-undecidable")
        return subject
