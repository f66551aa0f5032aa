"""Finds out that the node's state is older than one it had, and holds exchanges until officers decide.

Two witnesses are asked: the high-water mark outside of the state, and the other nodes, each for the newest
checkpoint of this node that it has seen. Only a checkpoint that an own log key has signed counts, so that no
other node can make one up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.core.deciding.gap import NO_GAPS, Gap
from node.core.deciding.grant import Grant
from node.core.log.checkpoint import Checkpoint
from node.core.log.commit import Head
from node.core.state.lost_state import MARK, LostState, is_news
from node.core.state.mark import Mark
from node.core.state.part import Part, PartKind, PartProblem
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob
from node.exchange.peer_logs import AT_ONCE, at_once
from node.texts.message import Message
from node.texts.wording import say

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 3.0
"""How long exchanges wait, after a start, for what the other nodes have seen."""
LOST = "state.lost"
ACCEPTED = "state.accepted"
ACCEPTED_MARK = "state.accepted-mark"
RESUME = "the node's state was put back: see whether it was suspended or revoked since, then resume it"


@dataclass(frozen=True, slots=True)
class SeenOfUs:
    """Notes of the own log at another node: the newest, and one that contradicts it; b"" for none."""

    newest: bytes
    contradicting: bytes


class OwnLog(Protocol):
    """The own usage log."""

    @property
    def head(self) -> Head: ...
    def root(self, size: int) -> bytes: ...


class Facts(Protocol):
    """Where it is kept that the state is lost."""

    def fact(self, name: str) -> str | None: ...
    def set_fact(self, name: str, value: str) -> None: ...


class HeldGrants(Protocol):
    """The grants that this node issued."""

    def put_on_hold(self, note: str) -> tuple[Grant, ...]: ...
    def adopt(self, grants: Sequence[Grant]) -> None: ...


class OwnState:
    """Whether this state is the newest. Used in one event loop only."""

    def __init__(
        self,
        origin: str,
        own: OwnLog,
        facts: Facts,
        grants: HeldGrants,
        verify: Callable[[bytes], bytes],
        seen_of_us: Callable[[str], Awaitable[SeenOfUs]],
        record: Callable[[AdminJob], Awaitable[int]],
        set_mark: Callable[[Head], None],
        changed: Callable[[], None],
        clock_ms: Callable[[], int],
    ) -> None:
        """`verify` gives the body of a note that one of the own log keys has signed, else raises.

        `changed` hears when exchanges are held from now on, or no more.
        """
        self._origin = origin
        self._own = own
        self._facts = facts
        self._grants = grants
        self._verify = verify
        self._seen_of_us = seen_of_us
        self._record = record
        self._set_mark = set_mark
        self._changed = changed
        self._clock_ms = clock_ms
        self._looked = asyncio.Event()
        self._accepted = int(facts.fact(ACCEPTED) or 0)
        kept = facts.fact(LOST)
        self.lost = LostState.from_fact(kept) if kept else None
        self.gaps = NO_GAPS

    # --- what holds exchanges ---

    def held(self) -> NodeError | None:
        """Why no exchange may be recorded now."""
        return self.lost.error() if self.lost is not None else None

    async def ready(self) -> None:
        """Wait until the other nodes were asked, or did not answer. Raises NodeError(STATE_LOST)."""
        await self.looked()
        if self.lost is not None:
            raise self.lost.error()

    async def looked(self) -> None:
        """Wait until the other nodes were asked, or did not answer."""
        if not self._looked.is_set():
            await self._looked.wait()

    # --- the witnesses ---

    def check_mark(self, mark: Mark) -> None:
        """Compare with the mark as it was when the node started."""
        if not is_news(mark.log, self._own.head.size, self._own.root, accepted=0):
            return
        marked = f"{mark.log.size} {mark.log.root.hex()}"
        if marked == self._facts.fact(ACCEPTED_MARK):  # decided on; it could not be written since
            return
        lost = self.lost
        if lost is not None and lost.marked != marked:
            # Since that was found, the node went on and was put back again: what was signed for it is over.
            self.lost = replace(lost, found_ms=self._clock_ms(), marked=marked)
            self._keep(self.lost)
        self._lose(mark.log, MARK, marked)

    async def first_look(self, others: Iterable[str]) -> None:
        """Ask all other nodes; exchanges wait for it, but not for long."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.look(others)
        except TimeoutError:
            log.info("some nodes did not say in time what they have seen of this one: they are asked again")
        finally:
            self._looked.set()

    async def look(self, others: Iterable[str]) -> None:
        """Ask other nodes what they have seen of this one."""
        await at_once(map(self._ask, others), AT_ONCE)

    async def _ask(self, code: str) -> None:
        try:
            seen = await self._seen_of_us(code)
        except NodeError:
            return  # away now: it is asked again
        for note in (seen.newest, seen.contradicting):
            if note:
                self.check_seen(code, note)

    def check_seen(self, code: str, note: bytes) -> None:
        """Compare with a checkpoint that a department shows, if this node has signed it."""
        try:
            seen = Checkpoint.parse(self._verify(note))
            news = seen.origin == self._origin and is_news(
                seen, self._own.head.size, self._own.root, self._accepted
            )
        except NodeError:
            return
        if news:
            self._lose(seen, code)

    def _lose(self, seen: Checkpoint, code: str, marked: str = "") -> None:
        if self.lost is not None and self.lost.seen_size >= seen.size:
            return
        head, old = self._own.head, self.lost
        self.lost = LostState(
            # Records of staff may follow: what is decided on is the state as it was found.
            own_size=head.size if old is None else old.own_size,
            own_root=self._own.root(head.size).hex() if old is None else old.own_root,
            last_record_ms=head.time_ms if old is None else old.last_record_ms,
            seen_size=seen.size,
            seen_root=seen.root.hex(),
            seen_by=code,
            found_ms=self._clock_ms() if old is None else old.found_ms,
            marked=marked or (old.marked if old is not None else ""),
        )
        log.error("nothing is asked or answered: %s", say(self.lost.wording(), "en"))
        self._changed()
        self._keep(self.lost)

    def _keep(self, lost: LostState) -> None:
        try:
            self._facts.set_fact(LOST, lost.to_fact())
        except NodeError as error:  # found again at the next start, by the same witness
            log.warning("%s", error.message)

    # --- what officers decide (node.exchange.orders.Subject) ---

    def facts(self, about: str) -> Mapping[str, str]:
        """What is lost. Raises NodeError(NOT_FOUND) when nothing is."""
        if self.lost is None or about:
            raise NodeError(Reason.NOT_FOUND, "error.exchange.state-newest")
        return self.lost.facts()

    async def carry_out(self, about: str, job: AdminJob) -> int:
        """Go on from this state.

        What was counted over a time that is lost counts as used up, grants are suspended, since one may have
        been taken back, and all of it is durable with the record.
        """
        lost = self.lost
        assert lost is not None
        gap = Gap(lost.last_record_ms, max(lost.last_record_ms, self._clock_ms()))
        suspended = self._grants.put_on_hold(RESUME)
        accepted = max(lost.seen_size, lost.own_size, self._accepted)
        job = replace(
            job,
            note=f"{job.note} ({say(lost.wording(), 'en')})",
            grants=suspended,
            gap=gap,
            facts=(*job.facts, (LOST, ""), (ACCEPTED, str(accepted)), (ACCEPTED_MARK, lost.marked)),
        )
        # The mark stays as it is until the record is durable: it may be the only witness of the loss.
        self._facts.set_fact(LOST, lost.to_fact())
        index = await self._record(job)
        self.lost, self._accepted = None, accepted
        self.gaps = replace(self.gaps, gaps=(*self.gaps.gaps, gap))
        self._grants.adopt(suspended)
        self._set_mark(self._own.head)
        self._changed()
        log.warning("the node goes on from an older state, as %s decided", ", ".join(job.approved))
        return index

    def problems(self) -> list[PartProblem]:
        """What is wrong."""
        if self.lost is None:
            return []
        return [PartProblem(Part(PartKind.STATE), Message("state.own.older", {"lost": self.lost.wording()}))]
