"""What staff do to the node: grants, reloads. Every action is a record in the usage log (Art. 36)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from node.core import usage
from node.core.commit import AnsweredExchange, Append
from node.core.grant import Grant, GrantState
from node.core.grant_check import MAX_NOTE, check_grant
from node.core.identity import holds_identifier, normalise_region
from node.core.policy import Policies, Policy
from node.core.purpose import PurposeTree, purpose_covers
from node.errors import NodeError, Reason
from node.exchange.group import GroupCommit, Ledger, Recorded


@dataclass(slots=True)
class AdminJob:
    """One admin record, and the grant that it makes or changes, or the facts about the node.

    `approved` are the officers who signed the order for it.
    """

    department: str
    caller: usage.Caller
    action: str
    target: str
    note: str
    grant: Grant | None = None
    facts: tuple[tuple[str, str], ...] = ()
    approved: tuple[str, ...] = ()

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
        return Append(leaf=leaf, issued=self.grant, facts=self.facts)

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
        self._commit = commit
        self._policies = policies
        self._is_member = is_member
        self._clock = clock
        self._random = random

    def find(self, grant_id: str) -> Grant | None:
        """The grant of this id, in any state."""
        return self._grants.get(grant_id)

    def get(self, grant_id: str) -> Grant:
        """The grant of this id. Raises NodeError(NOT_FOUND)."""
        grant = self._grants.get(grant_id)
        if grant is None:
            raise NodeError(Reason.NOT_FOUND, "no grant has this id: see `dxnode grant list`")
        return grant

    def of(self, requester: str) -> list[Grant]:
        """All grants of one requester, by id."""
        return [grant for grant in self.all() if grant.requester == requester]

    def all(self) -> list[Grant]:
        """All grants, by id."""
        return [self._grants[grant_id] for grant_id in sorted(self._grants)]

    async def issue(self, caller: usage.Caller, wanted: Grant) -> Grant:
        """Approve an application; the id is the node's. Raises NodeError(QUERY_INVALID)."""
        grant = replace(
            wanted,
            id=f"g-{self._random(8).hex()}",
            provider=self._code,
            region=normalise_region(wanted.region) if wanted.region else "",
            state=GrantState.ACTIVE,
            note="",
        )
        self._check(grant)
        return await self._change(caller, "grant.issue", grant, grant.scenario)

    async def suspend(self, caller: usage.Caller, grant_id: str, note: str) -> Grant:
        """Suspend at once (Art. 27). Raises NodeError(NOT_FOUND), (QUERY_INVALID)."""
        return await self._set_state(
            caller, grant_id, GrantState.SUSPENDED, "grant.suspend", stated_reason(note)
        )

    async def resume(self, caller: usage.Caller, grant_id: str, note: str) -> Grant:
        """Lift a suspension. Raises NodeError(NOT_FOUND), (QUERY_INVALID)."""
        return await self._set_state(caller, grant_id, GrantState.ACTIVE, "grant.resume", note[:MAX_NOTE])

    async def revoke(self, caller: usage.Caller, grant_id: str, note: str) -> Grant:
        """End for good. Raises NodeError(NOT_FOUND), (QUERY_INVALID)."""
        return await self._set_state(
            caller, grant_id, GrantState.REVOKED, "grant.revoke", stated_reason(note)
        )

    async def _set_state(
        self, caller: usage.Caller, grant_id: str, state: GrantState, action: str, note: str
    ) -> Grant:
        grant = self.get(grant_id)
        if grant.state is GrantState.REVOKED:
            raise NodeError(Reason.QUERY_INVALID, "the grant was revoked, which is final: issue a new one")
        return await self._change(caller, action, replace(grant, state=state, note=note), note)

    async def _change(self, caller: usage.Caller, action: str, grant: Grant, note: str) -> Grant:
        if holds_identifier(note):
            raise NodeError(Reason.QUERY_INVALID, "the reason holds an identity number: leave it out")
        previous = self._grants.get(grant.id)
        narrowing = grant.state is not GrantState.ACTIVE
        if narrowing:  # what takes away holds before it is durable, what gives holds after
            self._grants[grant.id] = grant
        try:
            await self._commit.run(AdminJob(self._code, caller, action, grant.id, note, grant))
        except NodeError:
            if narrowing and previous is not None:
                self._grants[grant.id] = previous
            raise
        self._grants[grant.id] = grant
        return grant

    def _check(self, grant: Grant) -> None:
        if grant.requester == self._code or not self._is_member(grant.requester):
            raise NodeError(
                Reason.QUERY_INVALID, "the requester is no other member of the directory: check its code"
            )
        policies = self._policies()
        policy = policies.get(grant.dataset)
        if policy is None:
            raise NodeError(
                Reason.QUERY_INVALID, "no policy of this node has that dataset: see `dxnode catalogue list`"
            )
        unknown = sorted(grant.questions - set(policy.questions))
        if unknown:
            raise NodeError(
                Reason.QUERY_INVALID,
                f"name questions of the dataset, each by itself: it has no {', '.join(unknown)}",
            )
        check_grant(grant)
        for purpose in grant.purposes:
            _check_purpose(purpose, policy, policies.purposes)
        if grant.valid_until <= self._clock():
            raise NodeError(
                Reason.QUERY_INVALID, "the grant ends before it starts, or has ended: give other dates"
            )


def _check_purpose(purpose: str, policy: Policy, known: PurposeTree | None) -> None:
    if known is not None and purpose not in known:
        raise NodeError(
            Reason.QUERY_INVALID,
            f"the policies know no purpose {purpose}: choose one of them, or have the officer add it",
        )
    # A grant may be wider than a rule or narrower, as both cover what is below them.
    if not any(
        purpose_covers(purpose, each) or purpose_covers(each, purpose)
        for rule in policy.rules
        for each in rule.purposes
    ):
        raise NodeError(
            Reason.QUERY_INVALID,
            f"no rule of the dataset is for the purpose {purpose}: see `dxnode catalogue show`",
        )


def stated_reason(note: str) -> str:
    """The reason that staff give. Raises NodeError(QUERY_INVALID) for none, and for an essay."""
    if not note.strip() or len(note) > MAX_NOTE:
        raise NodeError(Reason.QUERY_INVALID, f"say why, in at most {MAX_NOTE} characters (Art. 27)")
    return note
