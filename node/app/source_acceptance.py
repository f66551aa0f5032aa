"""What the operator decides about a load that was put aside: it is used from then on, on record."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from node.app.live.live import Live
from node.core.role import Caller
from node.core.state.good_load import about
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob, require_note
from node.exchange.group import GroupCommit
from node.rpc.admin_service import AcceptedLoad

_ACTION = "source.accept"


class SourceAcceptance:
    """Takes loads that were put aside, for the operator."""

    def __init__(
        self,
        department: str,
        live: Live,
        commit: GroupCommit,
        workers: Executor,
    ) -> None:
        self._department = department
        self._live = live
        self._commit = commit
        self._workers = workers

    async def accept(self, caller: Caller, dataset: str, load: str, reason: str) -> AcceptedLoad:
        """Answer from the load of this name that was put aside: durable with its record, then in use.

        Raises NodeError(NOT_FOUND) if none is, or another one by now, (QUERY_INVALID) without a reason,
        (STORE_UNAVAILABLE).
        """
        reason = require_note(reason)
        held = self._live.held(dataset)
        if load != held.name:
            raise NodeError(Reason.NOT_FOUND, "error.app.other-load-held")
        before = held.good.rows if held.good is not None else 0
        note = f"{reason} (load {load}, rows: {about(held.found.rows)}, before: {about(before)})"
        job = AdminJob(self._department, caller, _ACTION, dataset, note, facts=(held.as_good(dataset),))
        await self._commit.run(job, by_staff=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._workers, self._live.open_anew, dataset)
        return AcceptedLoad(dataset, held.found.rows, held.found.invalid, before)
