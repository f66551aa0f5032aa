"""The composition root: builds a node from its settings, starts it, keeps it fresh, drains it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from node.app.history import History, floors_of, last_known, open_mark
from node.app.live.files import stamp
from node.app.live.live import Live
from node.app.live.own_keys import read_certificate
from node.app.ports import Parts, Ports
from node.app.randomness import RandomPool
from node.app.recurring import Recurring
from node.app.status import node_status
from node.app.surroundings import problems_around
from node.app.timekeeping import make_keeper, open_clock, read_clocks, tolerated_ms
from node.app.working import Working
from node.config.file import load_settings
from node.core.clock import Reading
from node.core.role import Caller
from node.core.state.order import OrderKind
from node.crypto.vault import NodeVault
from node.documents.approval_file import Approvers, proved_approvals
from node.documents.order_file import open_order
from node.errors import NodeError
from node.exchange.admin import AdminJob, Grants
from node.exchange.clean_up import CleanUp
from node.exchange.desk_certificates import FACT as REVOKED
from node.exchange.desk_certificates import DeskCertificates
from node.exchange.group import GroupCommit
from node.exchange.orders import Orders
from node.exchange.provider import Provider, ProviderLimits
from node.exchange.rate import Rate
from node.exchange.received import ReceivedGrants
from node.exchange.refusals import Refusals
from node.exchange.requester import Requester
from node.exchange.second_look import ClockMemory, ClockOrder
from node.rpc.admin_service import ReloadReport
from node.rpc.links import Links, Trust
from node.rpc.peer_client import PeerClient
from node.rpc.server import (
    CATALOGUE_HEALTH,
    POLICIES_HEALTH,
)
from node.store.engine import lock_state
from node.store.store import Store
from node.texts.wording import say
from node.v1 import (
    desk_pb2,
)

log = logging.getLogger(__name__)

WATCH_SECONDS = 3
TIDY_SECONDS = 60
CLEAN_UP_SECONDS = 60
GRANTS_SECONDS = 60
ABANDONED_SECONDS = 30
CLOCK_SECONDS = 2
RETIRE_SECONDS = 60
WORKERS = 8
DATABASE = "node.db"


class Node:
    """One running node. Make it inside an event loop; `start`, then `stop` once."""

    def __init__(
        self,
        config: Path,
        clock: Callable[[], Reading] = read_clocks,
        random: Callable[[int], bytes] | None = None,
    ) -> None:
        """Read the settings in the file `config`, open state and keys, restore the usage log, read all else.

        `clock` reads the machine's clocks; everything here goes by the one that is made of them.

        Raises NodeError for what a node cannot start without.
        """
        self._config = config
        self._settings = settings = load_settings(config)
        random = random or RandomPool()
        self._lock = lock_state(settings.state)
        mark = open_mark(settings)
        self._store = Store.open(settings.state / DATABASE)
        self._time = ClockMemory(self._store.fact, self._store.set_fact)
        head = self._store.head()
        known = last_known(mark, head, self._time.known(head.time_ms))
        self._clock = open_clock(settings, clock, known, self._time.certain())
        now = self._clock.now
        self._live = live = Live(config, settings, self._store, now, random, floors_of(mark))
        self._vault = vault = NodeVault(live.keys.ring, live.keys.data, random)
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="worker")
        code, limits = settings.department.code, settings.limits
        links = Links(
            live.member,
            lambda: live.identity,
            Trust(lambda: live.directory, read_certificate, now, self._clock.known),
            limits.message_bytes,
            float(limits.deadline_seconds),
        )
        self._peers = PeerClient(
            links,
            limits.deadlines,
            limits.message_bytes,
            lambda version, told: proved_approvals(version, told, Approvers(live.directory), now()),
        )
        self._history = history = History(
            settings,
            self._store,
            mark,
            live,
            vault,
            self._peers,
            self._workers,
            self._clock,
            self._local_time,
            random,
            self._tell_health,
        )
        self._commit = commit = GroupCommit(
            self._store, live.log_keys(), self._clock.believed_ms, tolerated_ms(settings.limits), history
        )
        self._stamp = stamp(config, settings)
        self._serving = self._draining = False
        self._grants = Grants(
            code,
            self._store.issued_grants(),
            commit,
            lambda: live.policies,
            lambda member: member in live.directory.members,
            now,
            random,
        )
        history.watch_over(commit, self._grants)
        self._cleaner = self._store.cleaner()
        # What a clock that is wrong has forgotten is gone: only what has certainly come counts.
        self._clean_up = CleanUp(
            commit,
            self._store,
            self._cleaner,
            self._workers,
            self._clock.certain_ms,
            self._time.steps,
            settings.log.retention_years,
        )
        self._received = ReceivedGrants(code, self._store, self._peers, self._workers, time.monotonic)
        self._refusals = Refusals(code, commit, self._clock.now_ms, live.revision)
        self._keeper = make_keeper(
            code, self._clock, commit, self._time, live, self._peers, self._in_worker, self._time_changed
        )
        self._orders = Orders(
            code,
            {
                OrderKind.ACCEPT_STATE: history.own_state,
                OrderKind.ACCEPT_CLOCK: ClockOrder(self._clock, self._keeper),
                OrderKind.REOPEN_BUDGET: history.shut_budgets,
            },
            lambda note: open_order(note, live.own_member()),
            self._store.fact,
            lambda: history.gaps().end_ms,
            now,
            random,
        )
        zone = ZoneInfo(settings.timezone)
        denials = Rate(limits.peer_denials_per_minute / 60, float(limits.peer_denials_per_minute))
        self._working = Working(
            limits,
            self._store,
            history.gaps,
            live.statistics,
            self._workers,
            WORKERS,
            self._refusals,
            denials,
            random,
        )
        self._provider = Provider(
            code=code,
            state=live.provider_state,
            grants=self._grants.find,
            commit=commit,
            vault=vault,
            computing=self._working.computing,
            zone=zone,
            clock=self._clock.believed,
            random=random,
            denials=denials,
            limits=ProviderLimits(chunk=limits.chunk, max_skew_ms=limits.clock_skew_seconds * 1000),
            ready=history.ready,
            peer_logs=history.peer_logs,
            answered=self._store.is_answered,
            time_of=self._peers.time_of,
        )
        self._requester = Requester(
            code=code,
            member=live.member,
            grants=self._received.of,
            refresh_grants=self._received.refresh,
            roles=lambda: live.roles,
            store=self._store,
            commit=commit,
            vault=vault,
            peers=self._peers,
            refused=self._refusals.note_attempt,
            clock=self._clock.believed,
            random=random,
            ready=history.ready,
            doubted=history.doubted,
            peer_logs=history.peer_logs,
            zone=zone,
            chunk=limits.chunk,
            max_skew_ms=limits.clock_skew_seconds * 1000,
        )
        self._ports = ports = Ports(
            Parts(
                settings=settings,
                live=live,
                store=self._store,
                commit=commit,
                workers=self._workers,
                clock=self._clock,
                history=history,
                refusals=self._refusals,
                provider=self._provider,
                requester=self._requester,
                peers=self._peers,
                grants=self._grants,
                received=self._received,
                certificates=DeskCertificates(code, self._store.fact(REVOKED), commit, self._clock.now_ms),
                orders=self._orders,
                status=self._status,
                reload=self.reload,
                refresh_grants=self._refresh_grants,
            )
        )
        self.exchange_port, self.desk_port = ports.exchange_port, ports.desk_port
        self._recurring = Recurring()

    async def start(self) -> None:
        """Serve; what an earlier process left open is closed as soon as the log can be written."""
        await self._ports.start()
        self._serving = True
        self._tell_health()
        self._recurring.start(
            (float(self._settings.limits.refusal_interval_seconds), self._refusals.flush),
            (WATCH_SECONDS, self._watch),
            (TIDY_SECONDS, self._working.tidy),
            (CLEAN_UP_SECONDS, self._prune),
            (GRANTS_SECONDS, self._refresh_grants),
            (ABANDONED_SECONDS, self._close_abandoned),
            *self._history.works(),
            (CLOCK_SECONDS, self._keeper.tick),
        )
        # What stands now stands as long as the node: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        log.info("serving: exchange port %d, desk port %d", self.exchange_port, self.desk_port)
        if self._settings.policies.unsigned:
            log.warning("policies are unsigned, as node.yaml says: for development alone")
        for problem in (
            *self._live.problems(),
            *self._history.problems(),
            *problems_around(self._settings),
        ):
            log.warning("%s", problem.message)
        for each in self._live.ending():
            log.warning("%s", say(each.said, "en"))
        published = self._live.published
        if published is not None and published.waiting:
            log.warning("%d catalogue entries wait for approval", len(published.waiting))

    async def ended(self) -> None:
        """Return when a port serves no more, though nobody asked it to stop."""
        await self._ports.ended()

    async def stop(self) -> None:
        """Drain: no new work, let running calls end, write what is left, close."""
        self._draining = True
        self._tell_health()
        await self._recurring.stop()
        await self._ports.stop()
        await self._requester.stop()
        await self._working.stop()
        await self._refusals.flush()
        with contextlib.suppress(NodeError):
            await self._keeper.remember()
        await self._peers.close()
        await self._commit.stop()
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._cleaner.close()
        self._history.close()
        self._store.close()
        os.close(self._lock)
        log.info("stopped")

    async def reload(self, caller: Caller) -> ReloadReport:
        """Read files again; recorded in the usage log.

        What cannot be recorded while the time is not known is read all the same, and again once it is known.
        """
        loop = asyncio.get_running_loop()
        self._stamp = await loop.run_in_executor(self._workers, stamp, self._config, self._settings)
        report = await loop.run_in_executor(self._workers, self._live.reload)
        self._vault.replace_keys(self._live.keys.ring, self._live.keys.data)
        self._commit.replace_keys(self._live.log_keys())
        self._close_retired()
        self._tell_health()
        if not self._clock.known():
            return report
        department = self._settings.department.code
        await self._commit.run(AdminJob(department, caller, "node.reload", "", report.note()), by_staff=True)
        return report

    def _close_retired(self) -> None:
        loop = asyncio.get_running_loop()
        for source in self._live.retired():
            loop.call_later(RETIRE_SECONDS, source.close)  # an exchange under way may still read it

    async def _status(self) -> desk_pb2.GetStatusResponse:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._workers,
            lambda: node_status(
                self._settings,
                self._live,
                self._commit.head,
                self._commit.problem,
                self._clock.look(),
                self._grants.all(),
                self._history,
                self._draining,
                self._store.spent,
            ),
        )

    def _tell_health(self) -> None:
        parts = {POLICIES_HEALTH: self._live.policies_good(), CATALOGUE_HEALTH: self._live.catalogue_good()}
        exchanging = self._clock.known() and self._history.lost is None
        if self._serving:
            self._ports.tell_health(not self._draining, exchanging, parts)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        now = await loop.run_in_executor(self._workers, stamp, self._config, self._settings)
        if now != self._stamp:
            await self.reload(Caller("node"))
        else:
            await loop.run_in_executor(self._workers, self._live.retry)
            self._close_retired()
            self._tell_health()  # policies expire without a reload

    async def _prune(self) -> None:
        if self._clock.known():
            await self._clean_up.run()

    async def _close_abandoned(self) -> None:
        if self._history.lost is not None or not self._clock.known():
            return  # nothing is recorded before officers decide, or the time is known
        closed = await self._requester.close_abandoned()
        if closed:
            log.info("%d unfinished exchanges recorded as abandoned", closed)

    async def _refresh_grants(self) -> None:
        await self._received.refresh_all(list(self._live.directory.members))

    def _local_time(self) -> datetime:
        return self._clock.now().astimezone(ZoneInfo(self._settings.timezone))

    def _time_changed(self) -> None:
        self._history.time_changed()
        self._stamp = ()  # what is valid has changed: everything is read again
        self._tell_health()

    async def _in_worker(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._workers, work)
