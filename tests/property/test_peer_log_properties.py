"""However checkpoints of a log arrive: an honest department is never stopped, one that forks always is."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import example, given
from hypothesis import strategies as st
from support.town import HR, TAX

from node.core.directory.directory import Member
from node.core.log.checkpoint import Checkpoint
from node.core.log.merkle import leaf_hash
from node.core.log.peer_log import PeerLog
from node.core.log.tree import Tree
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob
from node.exchange.peer_logs import PeerLogs
from node.v1 import record_pb2 as rec

TOGETHER = 6
LARGEST = 24


class _NoTiles:
    def tile(self, level: int, index: int) -> bytes:
        raise AssertionError("these logs are short")


def tree(common: int, branch: int) -> Tree:
    """A log of LARGEST records, of which the first `common` are those of every other branch."""
    grown = Tree(_NoTiles())
    grown.extend([leaf_hash(b"%d/%d" % (0 if index < common else branch, index)) for index in range(LARGEST)])
    grown.confirm()
    return grown


@dataclass
class Peer:
    """A department with a log that it has signed up to `size`; it can be away."""

    log: Tree
    size: int = 1
    away: bool = False
    recorded: list[str] = field(default_factory=list)

    async def consistency_proof(self, code: str, first: int, second: int) -> Sequence[bytes]:
        if self.away:
            raise NodeError(Reason.PEER_UNAVAILABLE, "away")
        if second > self.size:
            raise NodeError(Reason.NOT_FOUND, "so many are not there", decided_by="provider")
        await asyncio.sleep(0)
        return self.log.consistency_proof(first, second)

    async def checkpoint(self, code: str) -> bytes:
        return note(self.log, self.size)

    def peer_logs(self) -> list[PeerLog]:
        return []

    def keep_peer_logs(self, logs: Sequence[PeerLog]) -> None:
        raise AssertionError("not asked for here")

    async def record(self, job: AdminJob) -> int:
        self.recorded.append(job.action)
        return len(self.recorded)

    def watched(self) -> PeerLogs:
        """What another department remembers of it."""
        member = Member(HR, HR, "441900", "city", HR, (), "", (), "", (), (), (), False)
        return PeerLogs(
            TAX, self, self, lambda _: member, lambda note, _: _read(note), self.record, lambda: 1, os.urandom
        )


def note(log: Tree, size: int) -> bytes:
    return Checkpoint(f"dxnode/{HR}", size, log.root(size)).body() + "\n— unsigned AAAAAAAA\n".encode()


def _read(signed: bytes) -> Checkpoint:
    return Checkpoint.parse(signed.partition(b"\n\n")[0] + b"\n")


async def arrive(logs: PeerLogs, log: Tree, size: int) -> Reason | None:
    """A checkpoint comes with an answer; gives why it is not relied on."""
    position = rec.LogPosition(index=0, size=size, root=log.root(size))
    try:
        if not logs.believe(HR, position, note(log, size)):
            await logs.prove(HR, position, note(log, size))
    except NodeError as error:
        return error.reason
    return None


STEPS = st.lists(
    st.tuples(st.sampled_from(["grow", "late", "prove", "away", "back"]), st.integers(1, LARGEST)),
    max_size=30,
)


@given(STEPS, st.integers(0, 1000))
def test_honest_department_is_never_stopped(steps: list[tuple[str, int]], seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - the order in which things happen

    async def run() -> None:
        peer = Peer(tree(LARGEST, 0))
        logs = peer.watched()
        works: list[asyncio.Task[Reason | None]] = []
        for step, number in steps:
            if step == "grow":
                peer.size = min(LARGEST, peer.size + number % 4)
            if step in ("grow", "late"):
                size = peer.size if step == "grow" else 1 + number % peer.size
                works.append(asyncio.create_task(arrive(logs, peer.log, size)))
            elif step == "prove":
                await logs.prove_growth()
            else:
                peer.away = step == "away"
            if rng.random() < 0.5:
                await asyncio.sleep(0)
        found = set(await asyncio.gather(*works))
        assert found <= {None, Reason.PEER_UNAVAILABLE}
        if not any(step == "away" for step, _ in steps):
            assert found <= {None}
        assert logs.stopped() == []
        assert peer.recorded == []
        peer.away = False
        await logs.prove_growth()
        assert not any(log.unproved for log in logs.all())

    asyncio.run(run())


@example([1, TOGETHER + 1], [TOGETHER + 2], False)  # it grew past what it had said, from what was proved
@given(
    st.lists(st.integers(1, LARGEST), min_size=1, max_size=6),
    st.lists(st.integers(TOGETHER + 1, LARGEST), min_size=1, max_size=6),
    st.booleans(),
)
def test_department_that_forks_is_stopped(before: list[int], after: list[int], between: bool) -> None:
    async def run() -> None:
        one, other = tree(TOGETHER, 1), tree(TOGETHER, 2)
        peer = Peer(one, LARGEST)
        logs = peer.watched()
        for size in before:
            assert await arrive(logs, one, size) is None
        if between:
            await logs.prove_growth()
        newest = max(before)
        peer.log = other  # another state of it goes on, and proves what it can
        refused = [await arrive(logs, other, size) for size in after]
        await logs.prove_growth()
        told = newest > TOGETHER
        # Where nothing that differs was seen before the fork, there is nothing to tell it by.
        assert logs.stopped() == ([HR] if told else [])
        assert peer.recorded == (["peer.stopped"] if told else [])
        if told and after[0] <= newest:
            assert refused[0] is Reason.LOG_DIFFERS
        first = next((place for place, why in enumerate(refused) if why is not None), len(refused))
        assert all(why is Reason.LOG_DIFFERS for why in refused[first:])

    asyncio.run(run())
