"""Steps 9, 11 and 12 of an exchange: charge, record and seal, as one job of a group commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message as ProtoMessage

from node.core import wire
from node.core.deciding.budget import Balances, BudgetDebit, Debit
from node.core.deciding.cost import Cost, Link
from node.core.deciding.evaluator import Decision
from node.core.deciding.grant import Grant, GrantState
from node.core.deciding.terms import limit_terms
from node.core.log import usage
from node.core.log.commit import AnsweredExchange, Append, Release
from node.core.messages.denial_terms import terms_to_message
from node.core.messages.envelope import response_bucket
from node.core.outage import OutageError
from node.core.revision import trim
from node.errors import NodeError, Reason
from node.exchange.job import Recorded
from node.exchange.ledger import Ledger
from node.exchange.opened import Opened
from node.exchange.payable import short_of
from node.exchange.ports import Vault
from node.exchange.provider_answer import Computed, load_message, without, wrong_claims
from node.exchange.tried import pseudonyms
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

LOST_CLAUSE = "records"
"""What denies an intent of a time of which the provider has lost its records."""
FAILED_CLAUSE = "source"
"""What denies a question that failed in the data source, perhaps for what stands in it."""
_COUNTER = 64
"""Bytes of a counter on the disk, with its share of what a tree leaves free."""


@dataclass(slots=True)
class _Settled:
    """What became of the decision once the ledger was asked.

    `hidden` are charges that depend on the data, so that they may not stand in the record.
    """

    decision: Decision
    answers: bytes = b""
    charges: Sequence[Debit] = ()
    hidden: Sequence[Debit] = ()
    marks: Sequence[Link] = ()
    release: Release | None = None
    spent: Sequence[BudgetDebit] = ()


@dataclass(slots=True)
class VerdictJob:
    """One exchange at the provider; its result is the sealed answer.

    `written` are the bytes that its record, what is kept with it, and its counters take.
    """

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
    written: int = 0

    @property
    def counters(self) -> Sequence[str]:
        """Keys of all quotas."""
        return self.cost.keys()

    @property
    def exchange(self) -> tuple[str, bytes] | None:
        """Requester and exchange id."""
        return self.opened.routing.requester, self.opened.routing.exchange_id

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> pb.SealedAnswer | None:
        """The earlier answer for the same envelope, sealed again; other content under the id is denied."""
        if earlier.digest != self.digest:
            self.replayed = True
            return None
        if usage.parse_record(recorded.leaf).verdict.decision == rec.DECISION_DENY:
            return self._seal(recorded, b"")
        if not opening:
            raise NodeError(Reason.NOT_FOUND, "error.exchange.answer-not-kept")
        kept = rec.KeptOpening.FromString(self.vault.decrypt(opening, b"opening/%d" % earlier.index))
        return self._seal(recorded, kept.answers)

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """9 and 11: charge what can be paid, and record the verdict."""
        settled = self._settle(ledger)
        ledger.pay(settled.charges)
        ledger.pay(settled.hidden)
        ledger.budgets.pay(settled.spent)
        for link in settled.marks:
            ledger.mark(link.mark, link.today, link.until_ms)
        if settled.release is not None:
            ledger.releases[settled.release.key] = settled.release.body
        self.answers, self.denied = settled.answers, not settled.decision.permit
        decision, opened = settled.decision, self.opened
        verdict = rec.Verdict(
            intent=opened.intent_leaf,
            intent_hash=b"" if opened.intent_leaf else opened.intent_hash,
            requester_log=opened.requester_log,
            decision=rec.DECISION_PERMIT if decision.permit else rec.DECISION_DENY,
            reason=None if decision.reason is None else decision.reason.wire,
            rule=decision.rule,
            clause=decision.clause,
            policy_digest=self.policy_digest,
            charges=_charges([*settled.charges, *settled.spent]),
            load=load_message(self.computed.load) if settled.answers else None,
            answer_commitment=usage.answer_commitment(settled.answers) if settled.answers else b"",
            terms=terms_to_message(decision.terms),
        )
        kept = self._kept(settled)
        parties = usage.Parties(opened.routing.requester, opened.routing.provider, opened.routing.exchange_id)
        append = Append(
            leaf=usage.verdict_record(time_ms, parties, verdict, self.revision),
            opening=self.vault.encrypt(kept, b"opening/%d" % index) if kept else b"",
            evidence=opened.evidence.body,
            shared=opened.evidence.shared,
            release=settled.release,
            answered=None
            if self.replayed
            else AnsweredExchange(parties.requester, parties.exchange_id, self.digest, index),
        )
        self.written = append.size + _COUNTER * len([*settled.charges, *settled.hidden])
        return append

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, pb.SealedAnswer]:
        """12: seal answer and receipt."""
        return append, self._seal(recorded, self.answers)

    def _kept(self, settled: _Settled) -> bytes:
        """The KeptOpening: of a denial no more than finds who was asked about."""
        opened = self.opened
        if settled.decision.permit:
            kept = rec.KeptOpening(opening=opened.opening_bytes, answers=settled.answers)
            kept.charges.extend(_charges(settled.hidden))
        else:
            kept = rec.KeptOpening(pseudonyms=pseudonyms(opened.opening, self.vault))
        return wire.write(kept)

    def _seal(self, recorded: Recorded, answers: bytes) -> pb.SealedAnswer:
        opened, routing = self.opened, self.opened.routing
        inside = pb.SealedResponse(verdict=recorded.leaf, receipt=recorded.receipt, answers=answers)
        bucket = response_bucket(len(opened.opening.subjects))  # a length that says nothing
        ciphertext = self.vault.seal_answer(self._known(inside), opened.response_key, routing, bucket)
        return pb.SealedAnswer(exchange_id=routing.exchange_id, ciphertext=ciphertext)

    def _known(self, message: ProtoMessage) -> bytes:
        """The bytes of what the requester knows of a message."""
        return wire.write(trim(message, self.revision))

    def _settle(self, ledger: Ledger) -> _Settled:
        if self.replayed:
            return self._denied(Reason.REQUEST_REPLAYED, "exchange_id")
        if not self.decision.permit:
            return _Settled(self.decision)
        if ledger.gaps.may_repeat(self.opened.time_ms):
            return self._denied(Reason.REQUEST_REPLAYED, LOST_CLAUSE)
        if (ended := self._grant_ended()) is not None:
            return ended
        stored = ledger.release(self.computed.release_key) if self.computed.release_key else None
        budget = self.computed.budget if stored is None else ()
        short = short_of(self.cost, len(self.opened.opening.subjects), budget, ledger)
        if short is not None or (stored is None and (short := self.computed.short) is not None):
            return self._denied(*short)
        if stored is not None:
            return self._reuse(stored)
        if self.computed.failure is not None or self.computed.answers is None:
            return self._failed(self.computed.failure, ledger)
        if self.computed.release_key:
            return self._release(self.computed.answers)
        balances = self.cost.with_gaps(ledger.gaps, ledger.balances)
        return self._answer(balances, self.computed.answers)

    def _grant_ended(self) -> _Settled | None:
        """The denial, if the grant was suspended or revoked since: that holds at once (Art. 27)."""
        decided = self.decision.grant
        if decided is None:
            return None
        current = self.grants(decided.id)
        if current is not None and current.state is GrantState.ACTIVE:
            return None
        if current is not None and current.state is GrantState.SUSPENDED:
            return self._denied(Reason.SUSPENDED, "grant.suspended")
        return self._denied(Reason.GRANT_EXPIRED, "grant.revoked")

    def _answer(self, balances: Balances, answers: rec.Answers) -> _Settled:
        used_up = self.cost.refused(balances)
        # Asking costs the same whether or not the source has one answer, so that it is no way around a limit.
        refused = used_up | self.computed.unclear
        wrong = wrong_claims(answers) - refused if self.cost.tries else frozenset()
        asked = [debit for debit in self.cost.subjects if debit.subject not in used_up]
        tries = [debit for debit in self.cost.tries if debit.subject in wrong]
        given = without(answers, sorted(refused)) if refused else answers
        marks = [link for link in self.cost.links if link.subject not in refused]
        body = self._known(given)
        if self.cost.tries:
            # A try is charged for a wrong claim alone, and who has none left is refused: a record tells
            # neither the tries nor about how many there was an answer.
            return _Settled(self.decision, body, self.cost.whole, [*asked, *tries], marks)
        return _Settled(self.decision, body, [*self.cost.whole, *asked], (), marks)

    def _reuse(self, stored: bytes) -> _Settled:
        again = rec.Answers.FromString(stored)
        again.statistic.reused = True
        return _Settled(self.decision, self._known(again), self.cost.whole)

    def _release(self, answers: rec.Answers) -> _Settled:
        release = Release(self.computed.release_key, wire.write(answers))
        body = self._known(answers)
        return _Settled(self.decision, body, self.cost.whole, release=release, spent=self.computed.budget)

    def _failed(self, failure: NodeError | None, ledger: Ledger) -> _Settled:
        """A privacy budget is never charged here, because no noisy value was made."""
        if isinstance(failure, OutageError):
            settled = self._denied(failure.reason, failure.outage)
            settled.charges = self.cost.of_outage(ledger.balances)
        else:
            settled = self._denied(Reason.INTERNAL if failure is None else failure.reason, FAILED_CLAUSE)
            settled.charges = self.cost.of_failure()
        return settled

    def _denied(self, reason: Reason, clause: str) -> _Settled:
        old = self.decision
        terms = limit_terms(clause, old.limits, old.grant)
        return _Settled(old._replace(permit=False, reason=reason, clause=clause, terms=terms))


def _charges(debits: Sequence[Debit | BudgetDebit]) -> list[rec.Charge]:
    return usage.charges_message([(debit.scope, debit.amount) for debit in debits])
