"""What staff do to the node: grants, reloads. Every action is a record in the usage log (Art. 36)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from node.core.deciding.gap import Gap
from node.core.deciding.grant import Grant, GrantState
from node.core.identity import holds_identifier, normalise_region
from node.core.log import usage
from node.core.log.commit import AnsweredExchange, Append
from node.core.log.peer_log import Contradiction, PeerLog
from node.core.messages.grant_check import MAX_NOTE, check_grant
from node.core.policy.policy import Policies, Policy
from node.core.purpose import PurposeTree, purpose_covers
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.exchange.group import GroupCommit
from node.exchange.job import Recorded
from node.exchange.ledger import Ledger


@dataclass(slots=True)
class AdminJob:
    """One admin record, and what becomes durable with it: grants, facts, the memory of a peer's log.

    `approved` are the officers who signed the order for it; of a `gap`, what was counted is lost.
    """

    department: str
    caller: Caller
    action: str
    target: str
    note: str
    grants: tuple[Grant, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    approved: tuple[str, ...] = ()
    peer_log: PeerLog | None = None
    contradiction: Contradiction | None = None
    gap: Gap | None = None

    counters: Sequence[str] = ()
    exchange: tuple[str, bytes] | None = None

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> int | None:
        """Never."""
        return None

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """The record, with the grant."""
        leaf = usage.admin_record(
            time_ms, self.department, self.caller, self.action, self.target, self.note, self.approved
        )
        return Append(
            leaf=leaf,
            issued=self.grants,
            facts=self.facts,
            peer_log=self.peer_log,
            contradiction=self.contradiction,
            gap=self.gap,
        )

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, int]:
        """Where it stands."""
        return append, recorded.index


class Grants:
    """The grants that this node issued; a change holds for every decision from the moment it is durable."""

    def __init__(
        self,
        code: str,
        grants: Sequence[Grant],
        commit: GroupCommit,
        policies: Callable[[], Policies],
        is_member: Callable[[str], bool],
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
    ) -> None:
        self._code = code
        self._grants = {grant.id: grant for grant in grants}
        self._of: dict[str, tuple[Grant, ...]] = {}
        self._commit = commit
        self._policies = policies
        self._is_member = is_member
        self._clock = clock
        self._random = random
        for grant in self.all():
            self._of[grant.requester] = (*self._of.get(grant.requester, ()), grant)

    def find(self, grant_id: str) -> Grant | None:
        """The grant of this id, in any state."""
        return self._grants.get(grant_id)

    def get(self, grant_id: str) -> Grant:
        """The grant of this id. Raises NodeError(NOT_FOUND)."""
        grant = self._grants.get(grant_id)
        if grant is None:
            raise NodeError(Reason.NOT_FOUND, "error.exchange.grant-unknown")
        return grant

    def of(self, requester: str) -> tuple[Grant, ...]:
        """All grants of one requester, by id; the same object until one of them changes."""
        return self._of.get(requester, ())

    def all(self) -> list[Grant]:
        """All grants, by id."""
        return [self._grants[grant_id] for grant_id in sorted(self._grants)]

    async def issue(self, caller: Caller, wanted: Grant) -> Grant:
        """Approve an application; the id is the node's. Raises NodeError(QUERY_INVALID)."""
        grant = replace(
            wanted,
            id=f"g-{self._random(8).hex()}",
            provider=self._code,
            region=normalise_region(wanted.region) if wanted.region else "",
            state=GrantState.ACTIVE,
            note="",
            kinds=(),
            subject_type=None,
            chunk_subjects=(),
        )
        self._check(grant)
        return await self._change(caller, "grant.issue", grant, grant.scenario)

    async def suspend(self, caller: Caller, grant_id: str, note: str) -> Grant:
        """Suspend at once (Art. 27). Raises NodeError(NOT_FOUND), (QUERY_INVALID)."""
        return await self._set_state(
            caller, grant_id, GrantState.SUSPENDED, "grant.suspend", require_note(note)
        )

    async def resume(self, caller: Caller, grant_id: str, note: str) -> Grant:
        """Lift a suspension. Raises NodeError(NOT_FOUND), (QUERY_INVALID)."""
        return await self._set_state(caller, grant_id, GrantState.ACTIVE, "grant.resume", note[:MAX_NOTE])

    async def revoke(self, caller: Caller, grant_id: str, note: str) -> Grant:
        """End for good. Raises NodeError(NOT_FOUND), (QUERY_INVALID)."""
        return await self._set_state(caller, grant_id, GrantState.REVOKED, "grant.revoke", require_note(note))

    def put_on_hold(self, note: str) -> tuple[Grant, ...]:
        """All that are active, as suspended ones; once they are durable, give them to `adopt`."""
        active = (grant for grant in self.all() if grant.state is GrantState.ACTIVE)
        return tuple(replace(grant, state=GrantState.SUSPENDED, note=note) for grant in active)

    def adopt(self, grants: Sequence[Grant]) -> None:
        """These became durable."""
        for grant in grants:
            self._put(grant)

    async def _set_state(
        self, caller: Caller, grant_id: str, state: GrantState, action: str, note: str
    ) -> Grant:
        grant = self.get(grant_id)
        if grant.state is GrantState.REVOKED:
            raise NodeError(Reason.QUERY_INVALID, "error.exchange.grant-revoked")
        return await self._change(caller, action, replace(grant, state=state, note=note), note)

    async def _change(self, caller: Caller, action: str, grant: Grant, note: str) -> Grant:
        _check_note(note)
        previous = self._grants.get(grant.id)
        narrowing = grant.state is not GrantState.ACTIVE
        if narrowing:  # what takes away holds before it is durable, what gives holds after
            self._put(grant)
        try:
            await self._commit.run(
                AdminJob(self._code, caller, action, grant.id, note, (grant,)), by_staff=True
            )
        except NodeError:
            if narrowing and previous is not None:
                self._put(previous)
            raise
        self._put(grant)
        return grant

    def _put(self, grant: Grant) -> None:
        self._grants[grant.id] = grant
        others = [each for each in self._of.get(grant.requester, ()) if each.id != grant.id]
        self._of[grant.requester] = tuple(sorted([*others, grant], key=lambda each: each.id))

    def _check(self, grant: Grant) -> None:
        if grant.requester == self._code or not self._is_member(grant.requester):
            raise NodeError(Reason.QUERY_INVALID, "error.exchange.requester-unknown")
        policies = self._policies()
        policy = policies.get(grant.dataset)
        if policy is None:
            raise NodeError(Reason.QUERY_INVALID, "error.exchange.grant-dataset-unknown")
        if grant.questions - set(policy.questions):  # not repeated: it may be anything
            raise NodeError(Reason.QUERY_INVALID, "error.exchange.grant-questions-unknown")
        check_grant(grant)
        for purpose in grant.purposes:
            _check_purpose(purpose, policy, policies.purposes)
        if grant.valid_until <= self._clock():
            raise NodeError(Reason.QUERY_INVALID, "error.messages.grant-validity")


def _check_purpose(purpose: str, policy: Policy, known: PurposeTree | None) -> None:
    if known is not None and purpose not in known:
        raise NodeError(Reason.QUERY_INVALID, "error.exchange.purpose-unknown")
    # A grant may be wider than a rule or narrower, as both cover what is below them.
    if not any(
        purpose_covers(purpose, each) or purpose_covers(each, purpose)
        for rule in policy.rules
        for each in rule.purposes
    ):
        raise NodeError(Reason.QUERY_INVALID, "error.exchange.no-rule-for-purpose")


def require_note(note: str) -> str:
    """The reason that staff give. Raises NodeError(QUERY_INVALID) for none, and for an essay."""
    if not note.strip() or len(note) > MAX_NOTE:
        raise NodeError(Reason.QUERY_INVALID, "error.exchange.reason-length", max_note=MAX_NOTE)
    _check_note(note)
    return note


def _check_note(note: str) -> None:
    if holds_identifier(note):
        raise NodeError(Reason.QUERY_INVALID, "error.exchange.reason-with-identity-number")
