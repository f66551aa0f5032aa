"""Holds every other node to its own usage log: what it signed once, it cannot take back unseen.

Each checkpoint that comes with a request or an answer is compared with what is remembered of its log. A
larger one is believed at once and proved later, off the way of answers. A smaller one, or another of the same
size, is believed only with a proof. Where there is none, nothing is exchanged with that department until
staff decide.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Protocol

from node.core.directory.directory import Member
from node.core.log.checkpoint import Checkpoint, log_origin
from node.core.log.merkle import verify_consistency
from node.core.log.peer_log import Contradiction, ContradictionKind, PeerLog, SeenCheckpoint
from node.core.log.usage import ACCEPTED
from node.core.role import Caller
from node.core.state.part import Part, PartKind, PartProblem
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob, require_note
from node.texts.message import Message
from node.texts.wording import say
from node.v1 import record_pb2 as rec

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Other nodes that are asked at one time."""
MOST_KNOWN = 16_384
"""Checkpoints that are remembered beside the newest, so that answers may overtake each other."""
MOST_PASSED = 64
"""Checkpoints of a log that are proved beside the newest in one round: a sample, if more were seen since."""
STALE_MS = 3_600_000
"""A log that could not be proved for so long is told of."""


class LogSource(Protocol):
    """The other nodes' usage logs."""

    async def consistency_proof(self, code: str, first: int, second: int) -> Sequence[bytes]: ...
    async def checkpoint(self, code: str) -> bytes: ...


class SeenLogs(Protocol):
    """Where the memory is kept."""

    def peer_logs(self) -> list[PeerLog]: ...
    def keep_peer_logs(self, logs: Sequence[PeerLog]) -> None: ...


class PeerLogs:
    """What this node has seen of each other log. Used in one event loop only."""

    def __init__(
        self,
        own: str,
        shelf: SeenLogs,
        source: LogSource,
        member: Callable[[str], Member],
        open_checkpoint: Callable[[bytes, tuple[str, ...]], Checkpoint],
        record: Callable[[AdminJob], Awaitable[int]],
        clock_ms: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        """`record` writes what is done about a log into the own one."""
        self._own = own
        self._source = source
        self._member = member
        self._open = open_checkpoint
        self._record = record
        self._clock_ms = clock_ms
        self._random = random
        self._logs = {each.code: each for each in shelf.peer_logs()}
        self._known: dict[tuple[str, int], bytes] = {}
        self._changed: set[str] = set()
        self._unrecorded: set[str] = set()
        self._failing: dict[str, int] = {}
        # By log: what was the newest for a time since the last proof, and how many there were.
        self._passed: defaultdict[str, list[SeenCheckpoint]] = defaultdict(list)
        self._seen: Counter[str] = Counter()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._recording = asyncio.Lock()

    # --- on the way of requests and answers ---

    def require(self, code: str) -> None:
        """Raises NodeError(LOG_DIFFERS) while nothing may be exchanged with that department."""
        found = self._logs.get(code)
        if found is not None and found.stopped is not None:
            raise _differs()

    def believe(self, code: str, position: rec.LogPosition, note: bytes) -> bool:
        """Whether a checkpoint, whose signature was verified, may be relied on as it is.

        It is remembered if it is the newest. False asks for `prove`. Raises NodeError(LOG_DIFFERS).
        """
        self.require(code)
        size, root = position.size, position.root
        found = self._logs.get(code)
        if found is None or size > found.newest.size:
            seen = SeenCheckpoint(note, self._clock_ms(), size, root)
            if found is not None and found.unproved:
                self._pass(code, found.newest)
            self._put(PeerLog.first(code, seen) if found is None else found.grown(seen))
        elif not (found.newest.same_as(size, root) or self._known.get((code, size)) == root):
            return False
        self._know(code, size, root)
        return True

    async def prove(self, code: str, position: rec.LogPosition, note: bytes) -> None:
        """Believe a checkpoint that is not the newest, after its log proved that it is a beginning of that.

        Raises NodeError(LOG_DIFFERS), after it was recorded, and (PEER_UNAVAILABLE) when its node cannot be
        asked.
        """
        async with self._turns[code]:  # one proof at a time: whoever waited may find that it knows by now
            if self.believe(code, position, note):
                return
            newest = self._logs[code].newest
            seen = SeenCheckpoint(note, self._clock_ms(), position.size, position.root)
            if seen.size == newest.size:
                raise await self._stop(code, ContradictionKind.DIFFERS, newest, seen)
            try:
                hashes = await self._source.consistency_proof(code, seen.size, newest.size)
            except NodeError as error:
                if _has_no_such_log(error):
                    raise await self._stop(code, ContradictionKind.SHRANK, newest, seen) from None
                raise _unproved() from None
            self.require(code)
            if not _consistent(seen, newest, hashes):
                raise await self._stop(code, ContradictionKind.DIFFERS, newest, seen)
            self._know(code, seen.size, seen.root)

    # --- off that way ---

    async def prove_growth(self) -> None:
        """Have every log that has grown prove that it only did that; called once a minute."""
        due = [each.code for each in self._logs.values() if each.stopped is None and each.unproved]
        await at_once(map(self._prove_growth, due), AT_ONCE)
        await self._record_stops()

    async def _prove_growth(self, code: str) -> None:
        before = self._logs[code]
        proved, newest = before.proved, before.newest
        try:
            hashes = await self._source.consistency_proof(code, proved.size, newest.size)
        except NodeError as error:
            self._failing.setdefault(code, self._clock_ms())
            if _has_no_such_log(error):
                await self._see_whether_shrunk(code, newest)
            return
        now = self._logs[code]
        if now.stopped is not None or now.proved is not proved:
            return  # staff or an answer was faster
        if not _consistent(proved, newest, hashes):
            await self._stop(code, ContradictionKind.DIFFERS, proved, newest)
            return
        self._failing.pop(code, None)
        self._put(now.after_proof(newest))
        await self._prove_passed(code, newest)

    async def _prove_passed(self, code: str, newest: SeenCheckpoint) -> None:
        """A log that forked, and then grew past what it had said, fits what was proved before that."""
        passed = self._passed.pop(code, [])
        later = [each for each in passed if each.size > newest.size]
        for place, each in enumerate(passed):
            if each.size >= newest.size:
                continue
            try:
                hashes = await self._source.consistency_proof(code, each.size, newest.size)
            except NodeError:
                later += (kept for kept in passed[place:] if kept.size <= newest.size)
                break
            if self._logs[code].stopped is not None:
                return
            if not _consistent(each, newest, hashes):
                await self._stop(code, ContradictionKind.DIFFERS, each, newest)
                return
        self._passed[code] = (self._passed[code] + later)[-MOST_PASSED:]
        self._seen[code] = len(self._passed[code])

    async def _see_whether_shrunk(self, code: str, newest: SeenCheckpoint) -> None:
        """What it shows as its newest log, signed, is the evidence."""
        with contextlib.suppress(NodeError):
            note = await self._source.checkpoint(code)
            member = self._member(code)
            shown = self._open(note, member.log_keys)
            if (
                shown.origin == log_origin(code)
                and shown.size < newest.size
                and self._logs[code].stopped is None
            ):
                seen = SeenCheckpoint(note, self._clock_ms(), shown.size, shown.root)
                await self._stop(code, ContradictionKind.SHRANK, newest, seen)

    # --- what staff see and decide ---

    def all(self) -> list[PeerLog]:
        """All that is remembered, by credit code."""
        return [self._logs[code] for code in sorted(self._logs)]

    def get(self, code: str) -> PeerLog | None:
        """What is remembered of one log."""
        return self._logs.get(code)

    def stopped(self) -> list[str]:
        """The departments with which nothing is exchanged, by credit code."""
        return sorted(code for code, each in self._logs.items() if each.stopped is not None)

    def problems(self) -> list[PartProblem]:
        """What is wrong."""
        return [
            PartProblem(
                Part(PartKind.PEER, code),
                Message("state.peer.stopped", {"contradiction": each.stopped.wording(), "code": code}),
            )
            for code, each in sorted(self._logs.items())
            if each.stopped is not None
        ]

    def notices(self) -> list[Message]:
        """What staff should know though nothing is wrong yet."""
        before = self._clock_ms() - STALE_MS
        late = sorted(code for code, since in self._failing.items() if since < before)
        if not late:
            return []
        codes = (*late[:3], "…") if len(late) > 3 else tuple(late)
        return [Message("state.peer.unproved", {"codes": codes})]

    async def accept(self, caller: Caller, code: str, reason: str) -> PeerLog:
        """Go on with a department: what came is what is remembered from now on.

        It is asked at once for its newest log, so that a second loss is found below that, too. Raises
        NodeError(NOT_FOUND), (QUERY_INVALID), (STORE_UNAVAILABLE).
        """
        reason = require_note(reason)
        async with self._turns[code]:
            found = self._logs.get(code)
            if found is None or found.stopped is None:
                raise NodeError(Reason.NOT_FOUND, "error.log.no-peer-decision")
            await self._record_stops()
            accepted = found.accept()
            await self._record(
                AdminJob(
                    self._own,
                    caller,
                    ACCEPTED,
                    code,
                    reason,
                    peer_log=accepted,
                    contradiction=found.stopped.accepted(self._clock_ms()),
                )
            )
            self._logs[code] = accepted
            self._unrecorded.discard(code)
            self._failing.pop(code, None)
            self._passed.pop(code, None)
            self._known = {key: root for key, root in self._known.items() if key[0] != code}
        await self._ask_newest(code)
        return self._logs[code]

    async def _ask_newest(self, code: str) -> None:
        """Hold a log to what it shows now, as to what comes with an answer, if its node answers."""
        with contextlib.suppress(NodeError):
            note = await self._source.checkpoint(code)
            shown = self._open(note, self._member(code).log_keys)
            if shown.origin == log_origin(code):
                await self.prove(code, rec.LogPosition(size=shown.size, root=shown.root), note)
                if self._logs[code].unproved:
                    await self._prove_growth(code)

    # --- what becomes durable ---

    def changed(self) -> tuple[PeerLog, ...]:
        """What the next commit should keep. A log that stopped is kept with the record of that."""
        found = (self._logs[code] for code in self._changed)
        return tuple(each for each in found if each.stopped is None)

    def kept(self, logs: Iterable[PeerLog]) -> None:
        """These are durable."""
        for each in logs:
            if self._logs[each.code] is each:
                self._changed.discard(each.code)

    def _put(self, changed: PeerLog) -> None:
        self._logs[changed.code] = changed
        self._changed.add(changed.code)

    def _pass(self, code: str, seen: SeenCheckpoint) -> None:
        """Keep what is the newest no more until it is proved; of too many, each is as likely to stay."""
        self._seen[code] += 1
        passed = self._passed[code]
        if len(passed) < MOST_PASSED:
            passed.append(seen)
        elif (place := int.from_bytes(self._random(8)) % self._seen[code]) < MOST_PASSED:
            passed[place] = seen

    def _know(self, code: str, size: int, root: bytes) -> None:
        self._known[code, size] = root
        if len(self._known) > MOST_KNOWN:
            for oldest in list(self._known)[: MOST_KNOWN // 2]:
                del self._known[oldest]

    async def _stop(
        self, code: str, kind: ContradictionKind, remembered: SeenCheckpoint, other: SeenCheckpoint
    ) -> NodeError:
        """Exchange nothing with a department from now on, and record it; gives the error to raise."""
        contradiction = Contradiction(self._clock_ms(), kind, remembered, other)
        self._logs[code] = self._logs[code].stop(contradiction)
        self._changed.discard(code)
        self._unrecorded.add(code)
        log.error("nothing is exchanged with %s any more: %s", code, say(contradiction.wording(), "en"))
        await self._record_stops()
        return _differs()

    async def _record_stops(self) -> None:
        async with self._recording:
            for code in sorted(self._unrecorded):
                stopped = self._logs[code]
                contradiction = stopped.stopped
                assert contradiction is not None
                job = AdminJob(
                    self._own,
                    Caller("node"),
                    "peer.stopped",
                    code,
                    say(contradiction.wording(), "en"),
                    peer_log=stopped,
                    contradiction=contradiction,
                )
                with contextlib.suppress(
                    NodeError
                ):  # it holds all the same; the record follows when it can be written
                    await self._record(job)
                    self._unrecorded.discard(code)


async def at_once(works: Iterable[Coroutine[object, object, None]], most: int) -> None:
    """Run all, so many at one time."""
    turns = asyncio.Semaphore(most)

    async def in_turn(work: Coroutine[object, object, None]) -> None:
        async with turns:
            await work

    await asyncio.gather(*map(in_turn, works))


def _consistent(first: SeenCheckpoint, second: SeenCheckpoint, hashes: Sequence[bytes]) -> bool:
    try:
        verify_consistency(first.size, second.size, hashes, first.root, second.root)
    except NodeError:
        return False
    return True


def _has_no_such_log(error: NodeError) -> bool:
    """Whether the node itself says that its log is smaller than what it has signed."""
    return error.reason is Reason.NOT_FOUND and error.metadata.get("decided_by") == "provider"


def _differs() -> NodeError:
    return NodeError(
        Reason.LOG_DIFFERS,
        "error.exchange.peer-log-contradicted",
    )


def _unproved() -> NodeError:
    return NodeError(
        Reason.PEER_UNAVAILABLE,
        "error.exchange.peer-unproved",
    )
