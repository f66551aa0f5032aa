"""Puts together what a node remembers of usage logs, its own and the others'."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import TypeVar

from node.app.live.live import Live
from node.app.memory import NO_FLOORS, Floors
from node.config.settings import Settings
from node.core.deciding.cost import Day
from node.core.deciding.gap import Gaps
from node.core.log.checkpoint import Checkpoint, checkpoint_in, log_origin
from node.core.log.commit import Head
from node.core.log.merkle import EMPTY_ROOT
from node.core.log.peer_log import Contradiction, PeerLog
from node.core.milliseconds import from_ms
from node.core.role import Caller
from node.core.state.lost_state import LostState
from node.core.state.mark import Mark
from node.core.state.part import Part, PartKind, PartProblem
from node.crypto.vault import NodeVault
from node.errors import NodeError
from node.exchange.admin import AdminJob, Grants
from node.exchange.group import GroupCommit
from node.exchange.node_clock import NodeClock
from node.exchange.own_state import OwnState
from node.exchange.peer_logs import PeerLogs
from node.exchange.shut_budgets import REOPENED, ShutBudgets
from node.rpc.peer_client import PeerClient
from node.store.mark_file import MarkFile
from node.store.store import Store
from node.texts.message import Message

log = logging.getLogger(__name__)
T = TypeVar("T")

SYNC_SECONDS = 1.0
LOOK_SECONDS = 60.0


def open_mark(settings: Settings) -> MarkFile:
    """The mark of a node. Raises NodeError(CONFIG_INVALID)."""
    return MarkFile.open(settings.mark, log_origin(settings.department.code))


def floors_of(mark: MarkFile) -> Floors:
    """The newest versions of directory and policies that the mark remembers."""
    last = mark.last
    return NO_FLOORS if last is None else Floors(last.directory, last.policies)


def last_known(mark: MarkFile, head: Head, known: datetime | None) -> datetime | None:
    """The last time that the node knew: of an old state, the mark knows more than that does."""
    last = mark.last
    if last is None or last.log.size <= head.size or not last.clock_ms:
        return known
    later = from_ms(last.clock_ms)
    return later if known is None else max(known, later)


class History:
    """Goes along with the log (`node.exchange.watch.Watch`). Used in one event loop only."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        mark: MarkFile,
        live: Live,
        vault: NodeVault,
        source: PeerClient,
        workers: Executor,
        clock: NodeClock,
        local_time: Callable[[], datetime],
        random: Callable[[int], bytes],
        changed: Callable[[], None],
    ) -> None:
        """`watch_over` comes before anything is recorded; `changed` hears when exchanges are held."""
        self._code = settings.department.code
        self._store = store
        self._mark = mark
        self._live = live
        self._source = source
        self._workers = workers
        self._clock = clock
        self._clock_ms = clock_ms = clock.now_ms
        self._local_time = local_time
        self._changed = changed
        self._found = mark.last
        self._mark_missing = False
        self._first = True
        self.peer_logs = PeerLogs(
            self._code, store, source, live.member, vault.open_checkpoint, self._record, clock_ms, random
        )

    def watch_over(self, commit: GroupCommit, grants: Grants) -> None:
        """Look after this log from now on; compares it with the mark."""
        self._commit = commit
        self._own = OwnState(
            log_origin(self._code),
            commit,
            self._store,
            grants,
            lambda note: self._live.log_keys().verify(note),
            self._source.seen_of_us,
            self._record,
            self._set_mark,
            self._changed,
            self._clock_ms,
        )
        self._budgets = ShutBudgets(
            self._own, lambda: self._live.policies, self._store.spent, self._record, self._local_time
        )
        reopened = self._store.facts(REOPENED)
        self._own.gaps = Gaps(
            tuple(self._store.gaps()), {name: int(until) for name, until in reopened.items()}
        )
        if self._found is not None:
            self._own.check_mark(self._found)
        else:
            self._mark_missing = commit.head.size > 0
        if self._own.lost is None:
            self._set_mark(commit.head)

    def time_changed(self) -> None:
        """The clock may have been set back, and with it the end of what is lost."""
        self._own.gaps = self._own.gaps.set_back(self._clock_ms())

    # --- the watch of the log ---

    def held(self) -> NodeError | None:
        """Why no exchange may be recorded now."""
        return self._own.held()

    def gaps(self) -> Gaps:
        """Times of which it is not known what was counted."""
        return self._own.gaps

    def changed(self) -> tuple[PeerLog, ...]:
        """What was seen of other logs, to be durable with the next group."""
        return self.peer_logs.changed()

    def durable(self, head: Head, kept: Sequence[PeerLog]) -> None:
        """The log has this head."""
        self.peer_logs.kept(kept)
        if self._own.lost is None:
            self._set_mark(head)

    # --- what goes on beside ---

    def works(self) -> tuple[tuple[float, Callable[[], Awaitable[None]]], ...]:
        """What is done again and again, and after how many seconds."""
        return (SYNC_SECONDS, self._sync), (LOOK_SECONDS, self._look)

    async def _sync(self) -> None:
        await self._in_worker(self._mark.sync)

    async def _look(self) -> None:
        """Ask the others what they have seen of this node, and to prove their own logs."""
        if self._first:
            self._first = False
            await self._own.first_look(self._others())
            await self._record_new_mark()
        else:
            await self._own.look(self._others())
        await self.peer_logs.prove_growth()
        if changed := self.peer_logs.changed():
            await self._in_worker(self._store.keep_peer_logs, changed)
            self.peer_logs.kept(changed)

    async def _record_new_mark(self) -> None:
        if self._mark_missing and self._own.lost is None:
            log.warning("the mark outside of the state was missing: it was made anew")
            await self._record(AdminJob(self._code, Caller("node"), "mark.made", "", "it was missing"))

    def close(self) -> None:
        """Sync the mark, and let go of it."""
        self._mark.close()

    # --- what others and staff are told ---

    @property
    def own_state(self) -> OwnState:
        """Whether this state is the newest."""
        return self._own

    @property
    def shut_budgets(self) -> ShutBudgets:
        """The budgets of which it is not known what was spent."""
        return self._budgets

    @property
    def lost(self) -> LostState | None:
        """What is lost of the own state, until officers decide; None as long as nothing is."""
        return self._own.lost

    async def ready(self) -> None:
        """Return once this state is known to be the newest. Raises NodeError(STATE_LOST)."""
        await self._own.ready()

    async def doubted(self, code: str) -> None:
        """A department says that it has seen another state of the own log: ask it at once what that was."""
        await self._own.look([code])

    def seen(self, code: str) -> tuple[bytes, bytes]:
        """The newest note of a department's log, and one that contradicts it; b"" for none."""
        found = self.peer_logs.get(code)
        if found is None:
            return b"", b""
        if found.stopped is None:
            return found.newest.note, b""
        return found.stopped.remembered.note, found.stopped.other.note

    def contradictions(self) -> dict[str, list[Contradiction]]:
        """What was found wrong with other logs, by credit code, the newest first."""
        return self._store.contradictions()

    def problems(self) -> list[PartProblem]:
        """What is wrong."""
        found = [*self._own.problems(), *self.peer_logs.problems()]
        if (problem := self._mark.problem) is not None:
            found.append(PartProblem(Part(PartKind.MARK), problem))
        return found

    def notices(self) -> list[Message]:
        """What staff should know though nothing is wrong."""
        found = self.peer_logs.notices()
        if self._own.gaps.shut(Day.of(self._local_time()).period):
            found.append(Message("state.own.limits-used-up"))
        found += [Message("state.own.budget-shut", {"account": name}) for name in self._budgets.shut()]
        if self._mark_missing:
            found.append(Message("state.mark.was-missing"))
        return found

    # --- ---

    def _set_mark(self, head: Head) -> None:
        versions, last = self._live.versions(), self._mark.last
        log_head = (
            checkpoint_in(head.note) if head.size else Checkpoint(log_origin(self._code), 0, EMPTY_ROOT)
        )
        self._mark.write(
            Mark(
                log_head,
                time_ms=head.time_ms,
                clock_ms=self._clock_ms() if self._clock.known() or last is None else last.clock_ms,
                directory=max(versions.directory, last.directory if last is not None else 0),
                policies=max(versions.policies, last.policies if last is not None else 0),
            )
        )

    async def _record(self, job: AdminJob) -> int:
        return await self._commit.run(job, by_staff=True)

    def _others(self) -> list[str]:
        return [code for code in self._live.directory.members if code != self._code]

    async def _in_worker(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._workers, work, *args)
