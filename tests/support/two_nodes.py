"""Two departments with all that may happen to them, for a state machine test, and what holds after each.

The provider's policy allows one release of a statistic in all, and one answer about a subject a day; so
whatever gives a second one is found as soon as it happens.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pandas as pd
from support.bundles import listed, officer
from support.cli_run import dxnode
from support.crashed import crash
from support.forger import forging
from support.hand_clock import HandClock
from support.log_audit import audit_leaves
from support.older_states import COPY, keep, put_back, reason_of, second_copy
from support.processes import charged, used
from support.running import (
    BY_REGION,
    CASE,
    DEFERRAL,
    ENROLLED,
    PLANNING,
    Running,
    pension_policy,
    pension_town,
    resident,
)
from support.town import HR, TAX, Office

from node.app.node import Node
from node.client.results import NodeStatus
from node.core.deciding.cost import BUDGET_PREFIX, RULE_DAY
from node.core.deciding.grant import GrantState
from node.core.directory.directory import parse_member
from node.core.directory.spelling import MAX_KEYS
from node.core.log.merkle import leaf_hash
from node.core.log.segment import LogFault
from node.core.log.usage import parse_record
from node.core.milliseconds import from_ms
from node.crypto.signing import Signer
from node.documents.order_file import sign_order
from node.errors import NodeError, Reason
from node.statistics.pool import Pool
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

T = TypeVar("T")
ZONE = ZoneInfo("Asia/Shanghai")
LIMIT = 500_000
"""Micro-epsilon of the one release that the budget pays for."""
FAR = timedelta(minutes=10)
"""Further than this no record is dated from the time that it was."""
PERIODS = ("year", "month", "day")
_BY_ALL = f"{BUDGET_PREFIX}dataset"
_PARTS = ("state", "mark")


class _Clocked(Running):
    """Nodes on machines with clocks of their own."""

    def __init__(self, folder: Path) -> None:
        policy = pension_policy(dataset="0.5", organisation="0.5", requester="0.5", per_subject_per_day="1")
        town = pension_town(folder, policy.replace("    limits: {per_day: 100}\n", ""))
        for code in (HR, TAX):
            town.publish(listed(town.member(code), *_officers(code)))
        super().__init__(town)
        self.clocks = {HR: HandClock(), TAX: HandClock()}
        self.clocks[COPY] = self.clocks[TAX]

    async def _start(self, office: Office) -> Node:
        code = next(code for code, each in self.town.offices.items() if each is office)
        for _ in range(50):
            with suppress(NodeError):  # the port may take a moment to be free again
                return await self._started(office, code)
            await asyncio.sleep(0.1)
        return await self._started(office, code)

    async def _started(self, office: Office, code: str) -> Node:
        node = Node(office.config, clock=self.clocks[code])
        await node.start()
        return node


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verdict says that the provider ever recorded, whether or not it still has the record."""

    exchange_id: bytes
    permits: bool
    spent: int


@dataclass
class World:
    """The two nodes, and what is known of all that they ever said."""

    folder: Path
    nodes: _Clocked = field(init=False)
    verdicts: dict[bytes, Verdict] = field(default_factory=dict)
    answered: Counter[tuple[int, str]] = field(default_factory=Counter)
    asked: dict[bytes, tuple[int, bool]] = field(default_factory=dict)
    envelopes: list[pb.Envelope] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    rotated: Counter[tuple[str, str]] = field(default_factory=Counter)
    counted: int = 0
    opened_again: int = 0
    kept: dict[str, Path] = field(default_factory=dict)
    disturbed: bool = False
    """Whether a log was ever put back or forked."""
    back: set[str] = field(default_factory=set)
    back_with_mark: set[str] = field(default_factory=set)
    """Who was ever put back, and of them with the mark."""
    accepted: set[str] = field(default_factory=set)
    """Of whom officers accepted a loss."""
    copies: int = 0

    def __post_init__(self) -> None:
        self._patched = ExitStack()
        self._patched.enter_context(patch.object(Pool, "count", self._counting(Pool.count)))
        self.nodes = _Clocked(self.folder)
        self.nodes.start(HR, TAX)
        self.grant = self.nodes.grant()
        for code in (HR, TAX):
            self.keep(code)
        self._text = (self.office(HR).folder / "policies" / "pension-insurance.yaml").read_text()

    def office(self, code: str) -> Office:
        return self.nodes.town.offices[code]

    def close(self) -> None:
        self.nodes.close()
        self._patched.close()

    def _counting(self, count: Callable[..., T]) -> Callable[..., T]:
        def counting(*arguments: object) -> T:
            self.counted += 1
            return count(*arguments)

        return counting

    # --- what people and machines do ---

    def ask(self, number: int, exchange_id: bytes = b"", office: str = TAX) -> None:
        """Ask about a subject, as new, or again under an id that was used."""
        exchange_id, day = exchange_id or os.urandom(16), self._day()
        self._take(number, exchange_id, day, self._said(number, exchange_id, office), office)

    def ask_while_it_falls(self, number: int, code: str) -> None:
        """Ask, and let a node fall meanwhile as in a power cut."""
        exchange_id, day = os.urandom(16), self._day()
        with ThreadPoolExecutor(1) as beside:
            asking = beside.submit(self._said, number, exchange_id, TAX)
            time.sleep(0.02)
            self.crash(code)
            self._take(number, exchange_id, day, asking.result(60), TAX)

    def ask_again(self, turn: int) -> None:
        """Ask once more, under the same id as before."""
        if self.asked:
            exchange_id, (number, _) = list(self.asked.items())[turn % len(self.asked)]
            self.ask(number, exchange_id)

    def batch(self, numbers: Sequence[int]) -> None:
        """Ask about several at once."""
        day = self._day()
        frame = pd.DataFrame({"id": [resident(number) for number in numbers]})
        with self.nodes.operator(TAX) as tax, suppress(NodeError):
            done = tax.verify_batch(frame, question=ENROLLED, purpose=DEFERRAL, case=CASE, chunk_size=2)
            for number, answer, exchange_id in zip(numbers, done["answer"], done["exchange_id"], strict=True):
                if not pd.isna(answer):
                    assert bool(answer) is (number % 2 == 0), "another's answer"
                    self.answered[number, day] += 1
                    self._recorded_on_both_sides(bytes.fromhex(exchange_id), TAX)

    def statistic(self) -> Reason | bool:
        """Ask for the statistic; whether it was released before, or why there is none."""
        before, releases = self.counted, self._releases()
        with self.nodes.operator(TAX) as tax:
            said = reason_of(lambda: tax.statistic(BY_REGION, purpose=PLANNING, case=CASE).reused)
        made = self.counted - before - (self._releases() - releases)
        self.outcomes[f"statistic {said}"] += 1
        assert made <= 0, "work that was not paid for"
        return said

    def crash(self, code: str) -> None:
        """End a node as a power cut does, and start it again."""
        self.nodes.call(crash(self.nodes.nodes.pop(code)))
        self.nodes.start(code)

    def send_again(self, turn: int) -> None:
        """Send a request that was sent before once more, as whoever holds the requester's certificate can."""
        if self.envelopes:
            with forging(self.nodes.town, TAX) as tax, suppress(NodeError):
                tax.answer(self.envelopes[turn % len(self.envelopes)])

    def keep(self, code: str) -> None:
        """Copy the folders of a node that is stopped."""
        to = self.folder / f"kept-{code}-{len(self.verdicts)}-{len(list(self.folder.iterdir()))}"
        keep(self.nodes, code, to, *_PARTS)
        self.kept[code] = to

    def put_back(self, code: str, parts: Sequence[str]) -> None:
        """Start a node on what was kept of some of its folders, and ask at once.

        Not both nodes, where one goes back with its mark: nobody would be left who has seen what is lost. Nor
        one with its mark after officers accepted a loss: what others show up to there counts as decided. Both
        are limits that the threat model names.
        """
        other = TAX if code == HR else HR
        if other in self.back_with_mark or (
            "mark" in parts and (other in self.back or code in self.accepted)
        ):
            return
        self.disturbed = True
        self.back.add(code)
        if "mark" in parts:
            self.back_with_mark.add(code)
        put_back(self.nodes, code, self.kept[code], parts)
        self.statistic()

    def fork(self, number: int) -> None:
        """Let a copy of the requester's node run beside it, and ask."""
        self.copies, self.disturbed = self.copies + 1, True
        second_copy(self.nodes, TAX, self.folder / f"{COPY}-{self.copies}")
        try:
            self.ask(number, office=COPY)
        finally:
            self.nodes.stop(COPY)
            del self.nodes.town.offices[COPY]

    def move_clock(self, code: str, by: timedelta) -> None:
        """Set the date of a machine."""
        self.nodes.clocks[code].moved = by

    def ask_while_suspended(self, number: int) -> None:
        """The authority suspends the requester for the time of one question."""
        town = self.nodes.town
        for suspended in (True, False):
            town.publish(replace(town.member(TAX), suspended=suspended))
            self.reload(HR)
            self.reload(TAX)
            if suspended:
                before = self.answered.copy()
                self.ask(number)
                assert self.answered == before, "an answer to who is suspended"

    def ask_without_grant(self, number: int) -> None:
        """The provider suspends the grant for the time of one question."""
        with self.nodes.operator(HR) as hr, suppress(NodeError):
            hr.admin.suspend_grant(self.grant.id, "as the head decided")
            before = self.answered.copy()
            self.ask(number)
            assert self.answered == before, "an answer without a grant"
            hr.admin.resume_grant(self.grant.id, "as the head decided")

    def reload(self, code: str) -> None:
        with self.nodes.operator(code) as client, suppress(NodeError):
            client.admin.reload()

    def load_anew(self) -> None:
        """A new load of the register, so that the statistic has to be made anew."""
        path = self.office(HR).folder / "data" / "pension-insurance.csv"
        shutil.copyfile(path, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
        self.reload(HR)
        self.statistic()

    def change_policy(self, period: str, account: str) -> None:
        """Another period of the budget, or another name of its account, and a new load to spend of it."""
        text = self._text.replace("period: year", f"period: {period}\n  account: {account}")
        (self.office(HR).folder / "policies" / "pension-insurance.yaml").write_text(text)
        self.load_anew()

    def rotate(self, code: str, use: str) -> None:
        """A new key of a node, which reads it and has it published; as many as a directory lists."""
        if self.rotated[code, use] >= MAX_KEYS - 1:
            return
        self.rotated[code, use] += 1
        office, roots = self.office(code), self.folder / "roots.pem"
        roots.write_bytes(self.nodes.town.tls_authority.certificate)
        assert dxnode("pki", "rotate", use, "--config", office.config).code == 0
        self.reload(code)
        out = self.folder / f"member-{code}.json"
        out.unlink(missing_ok=True)
        done = dxnode("pki", "member", "--config", office.config, "--roots", roots, "--out", out)
        assert done.code == 0, done.err
        known = self.nodes.town.member(code)
        made = parse_member(out.read_bytes())
        self.nodes.town.publish(replace(listed(made, *_officers(code)), suspended=known.suspended))
        self.reload(HR)
        self.reload(TAX)

    def decide(self) -> None:
        """Officers and staff decide on what is lost, and on what contradicts; clocks are set right."""
        for clock in self.nodes.clocks.values():
            clock.moved = timedelta()
        for code in (HR, TAX):
            with self.nodes.operator(code) as client, suppress(NodeError):
                note = client.admin.draft_order("accept-state", "", "the disk broke")
                client.admin.apply_order(self._signed(code, note))
                self.accepted.add(code)
        for code, other in ((HR, TAX), (TAX, HR)):
            with self.nodes.operator(code) as client, suppress(NodeError):
                client.admin.accept_peer(other, "they put back a backup")
        with self.nodes.operator(HR) as hr, suppress(NodeError):
            if hr.admin.issued_grants()[0].state is GrantState.SUSPENDED:
                hr.admin.resume_grant(self.grant.id, "nothing was taken back since")

    def open_budget(self) -> None:
        """Two officers open the budget of which nobody knows what was spent."""
        lost = self._spent_ever() - charged((r.verdict for r in self._records(HR)), _BY_ALL)
        with self.nodes.operator(HR) as hr, suppress(NodeError):
            for account in ("pension-insurance", "other"):
                with suppress(NodeError):
                    note = hr.admin.draft_order("reopen-budget", account, "counted by the requesters")
                    hr.admin.apply_order(self._signed(HR, note))
                    self.opened_again = max(self.opened_again, lost)

    # --- what always holds ---

    def check(self) -> None:
        """All that was promised, of what there is now and of all that ever was."""
        for code in (HR, TAX):
            self._check_log(code)
        self._check_ledger()
        self._check_status()
        assert self._spent_ever() <= LIMIT + self.opened_again, "privacy was lost without a budget for it"
        assert all(times <= 1 for times in self.answered.values()), "one answer too many about a subject"
        permitted = Counter(each.exchange_id for each in self.verdicts.values() if each.permits)
        assert all(times == 1 for times in permitted.values()), "one exchange was decided twice"

    def _check_log(self, code: str) -> None:
        node, clock = self.nodes.nodes[code], self.nodes.clocks[code]
        head = node._commit.head
        leaves = [leaf for _, leaf in node._store.leaves(0, 100_000)][: head.size]
        # What a department that forked said of its log contradicts itself, and that it did is on record.
        known = {LogFault.POSITION_DIFFERS} if self.disturbed else set()
        found = audit_leaves(self.nodes.town.member(code), head.note, leaves)
        wrong = [each for each in found if each.fault not in known]
        assert not wrong, wrong
        for leaf in leaves:
            key = leaf_hash(leaf)
            if key in self.verdicts:
                continue
            record = parse_record(leaf)
            assert abs(from_ms(record.time_ms) - clock.true) < FAR, "a record of another time"
            spent = charged([record.verdict], _BY_ALL) if code == HR else 0
            permits = code == HR and record.verdict.decision == rec.DECISION_PERMIT
            self.verdicts[key] = Verdict(record.exchange_id or key, permits, spent)
        if code == TAX:
            self._remember_envelopes(node)

    def _remember_envelopes(self, node: Node) -> None:
        for exchange_id in self.asked:
            kept = node._store.asked(exchange_id)
            if kept is not None and kept.envelope and len(self.envelopes) < 8:
                self.envelopes.append(pb.Envelope.FromString(kept.envelope))

    def _check_ledger(self) -> None:
        """What was charged is what the records say."""
        verdicts = [record.verdict for record in self._records(HR)]
        used_up = used(self.nodes.nodes[HR]._store)
        for scope in (RULE_DAY, _BY_ALL):
            assert used_up[scope] == charged(verdicts, scope), "a charge was lost, or made twice"

    def _check_status(self) -> None:
        """Who answers nothing says so."""
        for code in (HR, TAX):
            node = self.nodes.nodes[code]
            if node._history.lost is not None or not node._clock.known():
                assert self.status(code).state != "SERVING"

    def status(self, code: str) -> NodeStatus:
        with self.nodes.operator(code) as client:
            return client.admin.status()

    # --- ---

    def _said(self, number: int, exchange_id: bytes, office: str) -> Reason | bool:
        with self.nodes.operator(office) as tax:
            return reason_of(
                lambda: (
                    tax.verify(
                        ENROLLED, resident(number), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id
                    ).answer
                )
            )

    def _take(self, number: int, exchange_id: bytes, day: str, said: Reason | bool, office: str) -> None:
        self.outcomes[str(said)] += 1
        if not isinstance(said, bool):
            return
        assert said is (number % 2 == 0), "another's answer"
        if exchange_id not in self.asked:
            self.answered[number, day] += 1
            self.asked[exchange_id] = number, said
        assert self.asked[exchange_id] == (number, said), "another answer under the same id"
        self._recorded_on_both_sides(exchange_id, office)

    def _recorded_on_both_sides(self, exchange_id: bytes, office: str) -> None:
        asked = [r for r in self._records(office) if r.exchange_id == exchange_id]
        assert "intent" in {r.WhichOneof("body") for r in asked}, "an answer without the requester's record"
        assert rec.OUTCOME_KIND_ANSWERED in {r.outcome.kind for r in asked}, "an answer without an outcome"
        decided = [r.verdict for r in self._records(HR) if r.exchange_id == exchange_id]
        # What the requester has the provider's receipt of, it may give again when the provider has lost it.
        had = any(each.exchange_id == exchange_id and each.permits for each in self.verdicts.values())
        permitted = rec.DECISION_PERMIT in {verdict.decision for verdict in decided}
        assert permitted or had, "an answer without the provider's record"

    def _records(self, code: str) -> list[rec.UsageRecord]:
        return [parse_record(leaf) for _, leaf in self.nodes.nodes[code]._store.leaves(0, 100_000)]

    def _releases(self) -> int:
        return sum(charged([record.verdict], _BY_ALL) > 0 for record in self._records(HR))

    def _spent_ever(self) -> int:
        return sum(each.spent for each in self.verdicts.values())

    def _day(self) -> str:
        return self.nodes.clocks[HR].true.astimezone(ZONE).strftime("%Y%m%d")

    def _signed(self, code: str, note: bytes) -> bytes:
        for each in _officers(code):
            note = sign_order(note, each)
        return note


def _officers(code: str) -> tuple[Signer, Signer]:
    return officer("li", code), officer("wang", code)
