"""Steps 9, 11 and 12 of an exchange: charge, record and seal, as one job of a group commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from google.protobuf.message import Message

from node.core import usage, wire
from node.core.budget import Debit, exhausted
from node.core.commit import AnsweredExchange, Append, Release
from node.core.cost import BUDGET_SHORT, LINKAGE, SHORT, Cost, Link
from node.core.decide import Decision
from node.core.envelope import response_bucket
from node.core.grant import Grant, GrantState
from node.core.revision import trim
from node.errors import NodeError, Reason
from node.exchange.answering import Computed, without, wrong_claims
from node.exchange.group import Ledger, Recorded
from node.exchange.opened import Opened
from node.exchange.ports import Vault
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec


@dataclass(slots=True)
class _Settled:
    """What became of the decision once the ledger was asked."""

    decision: Decision
    answers: bytes = b""
    charges: Sequence[Debit] = ()
    marks: Sequence[Link] = ()
    release: Release | None = None


@dataclass(slots=True)
class VerdictJob:
    """One exchange at the provider; its result is the sealed answer."""

    opened: Opened
    digest: bytes
    decision: Decision
    computed: Computed
    cost: Cost
    policy_digest: bytes
    revision: int
    grants: Callable[[str], Grant | None]
    vault: Vault
    replayed: bool = False
    denied: bool = False
    answers: bytes = b""

    @property
    def counters(self) -> Sequence[str]:
        """Keys of all debits."""
        return [*self.cost.keys(), *(debit.key for debit in self.computed.budget)]

    @property
    def exchange(self) -> tuple[str, bytes] | None:
        """Requester and exchange id."""
        return self.opened.routing.requester, self.opened.routing.exchange_id

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> pb.SealedAnswer | None:
        """The earlier answer for the same envelope, sealed again; other content under the id is denied."""
        if earlier.digest != self.digest:
            self.replayed = True
            return None
        if not opening:
            raise NodeError(Reason.NOT_FOUND, "the answer is no longer kept: ask under a new exchange id")
        kept = rec.KeptOpening.FromString(self.vault.decrypt(opening, b"opening/%d" % earlier.index))
        return self._seal(recorded, kept.answers)

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """9 and 11: charge what can be paid, and record the verdict."""
        settled = self._settle(ledger)
        ledger.pay(settled.charges)
        for link in settled.marks:
            ledger.mark(link.mark, link.today, link.until_ms)
        if settled.release is not None:
            ledger.releases[settled.release.key] = settled.release.body
        self.answers, self.denied = settled.answers, not settled.decision.permit
        decision, opened = settled.decision, self.opened
        verdict = rec.Verdict(
            intent=opened.intent_leaf,
            requester_log=opened.requester_log,
            decision=rec.DECISION_PERMIT if decision.permit else rec.DECISION_DENY,
            reason=None if decision.reason is None else decision.reason.wire,
            rule=decision.rule,
            clause=decision.clause,
            policy_digest=self.policy_digest,
            charges=usage.charges_message([(debit.scope, debit.amount) for debit in settled.charges]),
            snapshot=self.computed.snapshot if settled.answers else "",
            answer_commitment=usage.answer_commitment(settled.answers) if settled.answers else b"",
        )
        kept = wire.write(rec.KeptOpening(opening=opened.opening_bytes, answers=settled.answers))
        parties = usage.Parties(opened.routing.requester, opened.routing.provider, opened.routing.exchange_id)
        return Append(
            leaf=usage.verdict_record(time_ms, parties, verdict, self.revision),
            opening=self.vault.encrypt(kept, b"opening/%d" % index),
            evidence=opened.evidence,
            release=settled.release,
            answered=None
            if self.replayed
            else AnsweredExchange(parties.requester, parties.exchange_id, self.digest, index),
        )

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, pb.SealedAnswer]:
        """12: seal answer and receipt."""
        return append, self._seal(recorded, self.answers)

    def _seal(self, recorded: Recorded, answers: bytes) -> pb.SealedAnswer:
        opened, routing = self.opened, self.opened.routing
        inside = pb.SealedResponse(verdict=recorded.leaf, receipt=recorded.receipt, answers=answers)
        bucket = response_bucket(len(opened.opening.subjects))  # a length that says nothing
        ciphertext = self.vault.seal_answer(self._known(inside), opened.response_key, routing, bucket)
        return pb.SealedAnswer(exchange_id=routing.exchange_id, ciphertext=ciphertext)

    def _known(self, message: Message) -> bytes:
        """The bytes of what the requester knows of a message."""
        return wire.write(trim(message, self.revision))

    def _settle(self, ledger: Ledger) -> _Settled:
        if self.replayed:
            return self._denied(Reason.REQUEST_REPLAYED, "exchange_id", "the exchange id was used before")
        if not self.decision.permit:
            return _Settled(self.decision)
        if (ended := self._grant_ended()) is not None:
            return ended
        if scope := self.cost.short(len(self.opened.opening.subjects), ledger.balances):
            reason, clause = SHORT[scope]
            together = "the provider does not answer these questions together about one subject"
            used_up = "the quota is used up: ask again tomorrow"
            return self._denied(reason, clause, together if scope == LINKAGE else used_up)
        if self.computed.failure is not None or self.computed.answers is None:
            return self._failed(self.computed.failure)
        if self.computed.release_key:
            return self._release(ledger)
        return self._answer(ledger, self.computed.answers)

    def _grant_ended(self) -> _Settled | None:
        """The denial, if the grant was suspended or revoked since: that holds at once (Art. 27)."""
        decided = self.decision.grant
        if decided is None:
            return None
        current = self.grants(decided.id)
        if current is not None and current.state is GrantState.ACTIVE:
            return None
        if current is not None and current.state is GrantState.SUSPENDED:
            return self._denied(
                Reason.SUSPENDED, "grant.suspended", "the grant is suspended: ask the provider"
            )
        return self._denied(Reason.GRANT_EXPIRED, "grant.revoked", "the grant was revoked: apply again")

    def _answer(self, ledger: Ledger, answers: rec.Answers) -> _Settled:
        refused = self.cost.refused(ledger.balances)
        wrong = wrong_claims(answers) if self.cost.tries else frozenset()
        charges = [
            *self.cost.whole,
            *(debit for debit in self.cost.subjects if debit.subject not in refused),
            *(debit for debit in self.cost.tries if debit.subject in wrong and debit.subject not in refused),
        ]
        given = without(answers, sorted(refused)) if refused else answers
        marks = [link for link in self.cost.links if link.subject not in refused]
        return _Settled(self.decision, self._known(given), charges, marks)

    def _release(self, ledger: Ledger) -> _Settled:
        key, answers = self.computed.release_key, self.computed.answers
        if (stored := ledger.release(key)) is not None:
            again = rec.Answers.FromString(stored)
            again.statistic.reused = True
            return _Settled(self.decision, self._known(again), self.cost.whole)
        if answers is None or exhausted(self.computed.budget, ledger.balances):
            return self._denied(
                *BUDGET_SHORT,
                "the privacy budget is used up: use an earlier release, or ask the provider",
            )
        release = Release(key, wire.write(answers))
        charges = [*self.cost.whole, *self.computed.budget]
        return _Settled(self.decision, self._known(answers), charges, release=release)

    def _failed(self, failure: NodeError | None) -> _Settled:
        error = failure or NodeError(Reason.INTERNAL, "no answer was computed")
        # Quotas are charged all the same, so that failing on purpose is no way around them; a
        # privacy budget is not, because no noisy value was made.
        settled = self._denied(error.reason, "source", error.message)
        settled.charges = [*self.cost.whole, *self.cost.subjects]
        return settled

    def _denied(self, reason: Reason, clause: str, message: str) -> _Settled:
        old = self.decision
        return _Settled(replace(old, permit=False, reason=reason, clause=clause, message=message))
