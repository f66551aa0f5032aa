"""How exchanges of the desk end: steps 13 and 14 (see ARCHITECTURE.md), or an outcome without an answer."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, tzinfo

from node.core.deciding.cost import Day
from node.core.directory.directory import Member
from node.core.log import usage
from node.core.log.checkpoint import log_origin
from node.core.log.merkle import leaf_hash
from node.core.milliseconds import to_ms
from node.errors import NodeError, Reason
from node.exchange.asking import Answered, Asked, OutcomeJob, failed_outcome
from node.exchange.day_use import day_use
from node.exchange.evidence import NO_EVIDENCE, evidence_of
from node.exchange.group import GroupCommit
from node.exchange.peer_logs import PeerLogs
from node.exchange.ports import Vault
from node.exchange.repeated import AskedStore
from node.exchange.response import denial, open_response
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec


class Concluding:
    """Gives every exchange that was begun its outcome in the own log."""

    def __init__(
        self,
        *,
        member: Callable[[str], Member],
        store: AskedStore,
        commit: GroupCommit,
        vault: Vault,
        clock: Callable[[], datetime],
        doubted: Callable[[str], Awaitable[None]],
        peer_logs: PeerLogs,
        max_skew_ms: int,
        zone: tzinfo,
    ) -> None:
        """`doubted` hears of a provider that has seen another state of the own log."""
        self._member = member
        self._store = store
        self._commit = commit
        self._vault = vault
        self._clock = clock
        self._doubted = doubted
        self._peer_logs = peer_logs
        self._max_skew_ms = max_skew_ms
        self._zone = zone

    async def conclude(self, asked: Asked, answer: pb.SealedAnswer) -> Answered:
        """Open the answer, prove it, record the outcome. A denial raises its NodeError after that."""
        try:
            member = self._member(asked.parties.provider)
            now_ms = to_ms(self._clock())
            response, verdict, position = open_response(  # 13
                asked, answer, member, self._vault, now_ms, self._max_skew_ms
            )
            evidence = evidence_of(
                response.receipt, log_origin(member.code), position, response.verdict, asked.intent_leaf
            )
            note = response.receipt.checkpoint
            if not self._peer_logs.believe(member.code, position, note):
                await self._peer_logs.prove(member.code, position, note)
        except NodeError as error:
            await self.fail(asked, error)
            raise
        permitted = verdict.decision == rec.DECISION_PERMIT
        outcome = rec.Outcome(
            intent_hash=leaf_hash(asked.intent_leaf),
            kind=rec.OUTCOME_KIND_ANSWERED if permitted else rec.OUTCOME_KIND_DENIED,
            reason=verdict.reason,
            verdict_hash=leaf_hash(response.verdict),
            provider_log=position,
            policy_digest=verdict.policy_digest,
        )
        job = OutcomeJob(
            asked.parties,
            asked.intent_index,
            outcome,
            evidence,
            response.answers,
            member.revision,
            self._vault,
            day_use(member.code, usage.parse_record(asked.intent_leaf).intent, verdict, self._day()),
        )
        own_index = await self._commit.run(job)  # 14
        exchange_id = asked.parties.exchange_id
        if not permitted:
            denied = denial(verdict, asked.parties)
            if denied.reason is Reason.LOG_DIFFERS:
                await self._doubted(asked.parties.provider)
            raise denied
        answers = rec.Answers.FromString(response.answers)
        return Answered(
            answers, exchange_id, own_index, position.index, position.size, verdict.rule, verdict.load
        )

    async def fail(self, asked: Asked, error: NodeError) -> None:
        """Record that the exchange got no valid answer, for this reason."""
        outcome = failed_outcome(leaf_hash(asked.intent_leaf), error.reason)
        # The first error is the one to tell; `close_abandoned` sees to an outcome that could not be written.
        with contextlib.suppress(NodeError):
            revision = self._revision(asked.parties.provider)
            await self._commit.run(
                OutcomeJob(
                    asked.parties, asked.intent_index, outcome, NO_EVIDENCE, b"", revision, self._vault
                )
            )

    async def abandon(self, exchange_id: bytes, index: int) -> None:
        """Record that nobody works any more on an exchange whose intent stands at `index`."""
        leaf = self._store.leaves(index, 1)[0][1]
        record = usage.parse_record(leaf)
        parties = usage.Parties(record.requester, record.provider, exchange_id)
        outcome = usage.abandoned_outcome(leaf, Reason.DRAINING)
        revision = self._revision(parties.provider)
        await self._commit.run(OutcomeJob(parties, index, outcome, NO_EVIDENCE, b"", revision, self._vault))

    def _day(self) -> Day:
        return Day.of(self._clock().astimezone(self._zone))

    def _revision(self, provider: str) -> int:
        """The revision of records about a provider; of one that is no member any more, the first."""
        try:
            return self._member(provider).revision
        except NodeError:
            return 1
