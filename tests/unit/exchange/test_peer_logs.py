"""A department that takes back what its log said is found out, whichever side it is on."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from support.running import resident
from support.small_log import open_store
from support.told import english
from support.town import HR, TAX
from support.two_sides import CALLER, Side, TwoSides, query

from node.core.log.checkpoint import Checkpoint
from node.core.log.peer_log import ContradictionKind
from node.core.revision import REVISION
from node.core.role import Caller
from node.core.subject import SubjectKey
from node.crypto.signing import sign_note
from node.errors import NodeError, Reason
from node.exchange import peer_logs
from node.exchange.asking import Answered
from node.exchange.group import GroupCommit
from node.exchange.peer_logs import PeerLogs
from node.exchange.refusals import RefusalJob
from node.v1 import record_pb2 as rec

OFFICER = Caller("officer", b"f" * 32)


async def ask(sides: TwoSides, number: int = 2, exchange_id: bytes = b"") -> Answered:
    return await sides.requester.ask(CALLER, query(), [SubjectKey(resident(number), {})], exchange_id)


async def refused(work: object) -> Reason:
    with pytest.raises(NodeError) as error:
        await work  # type: ignore[misc]
    return error.value.reason


def actions(side: Side) -> list[str]:
    return [record.admin.action for record in side.records() if record.HasField("admin")]


def seen(side: Side, code: str) -> int:
    found = side.peer_logs.get(code)
    return found.newest.size if found is not None else 0


async def grow(side: Side, records: int) -> None:
    """Records that no other side hears of."""
    for _ in range(records):
        await side.commit.run(RefusalJob("", side.member.code, Reason.RATE_LIMITED, 1, 0, 0, REVISION))


async def put_back(sides: TwoSides, side: Side, folder: Path, records: int) -> None:
    """From now on, `side` keeps another log of its own, which forked off at the beginning."""
    await side.commit.stop()
    side.store.close()
    folder.mkdir()  # noqa: ASYNC240 - a test waits for nobody
    side.store = side.faults.store = open_store(folder)
    side.commit = GroupCommit(side.faults, side.log_keys, sides.clock, watch=side)
    for other in (sides.tax, sides.hr):
        other.other_logs.logs = {
            each.member.code: each.commit for each in (sides.tax, sides.hr) if each is not other
        }
    sides.provider._commit = sides.hr.commit
    sides.provider._answered = sides.hr.store.is_answered
    sides.provider._computing._books = sides.hr.store
    sides.requester = sides.make_requester()
    await grow(side, records)


# --- what is remembered ---


async def test_newest_checkpoint_of_the_other_is_remembered_with_the_record_that_relies_on_it(
    sides: TwoSides,
) -> None:
    for number in range(3):
        await ask(sides, number)
    for side, other in ((sides.tax, sides.hr), (sides.hr, sides.tax)):
        (kept,) = side.store.peer_logs()
        assert kept.code == other.member.code
        assert kept.newest.size == seen(side, other.member.code) > 2
        assert kept.newest.root == other.commit.root(kept.newest.size)
        assert Checkpoint.parse(other.log_keys.verify(kept.newest.note)).size == kept.newest.size
        # Growth was believed as it came, and no proof was asked for on the way.
        assert kept.proved.size < kept.newest.size
        assert side.other_logs.asked == []


async def test_growth_is_proved_afterwards_and_once(sides: TwoSides) -> None:
    for number in range(3):
        await ask(sides, number)
    await sides.tax.peer_logs.prove_growth()
    (log,) = sides.tax.peer_logs.all()
    # From what was proved before, and from all that was the newest in between.
    asked = sides.tax.other_logs.asked
    assert asked == [(size, log.newest.size) for size in range(1, log.newest.size)]
    assert not log.unproved
    await sides.tax.peer_logs.prove_growth()
    assert len(asked) == log.newest.size - 1


async def test_memory_is_there_after_a_restart(sides: TwoSides) -> None:
    await ask(sides)
    tax = sides.tax
    again = PeerLogs(
        TAX,
        tax.store,
        tax.other_logs,
        sides._member,
        tax.vault.open_checkpoint,
        tax._record,
        sides.clock,
        os.urandom,
    )
    assert again.all() == tax.peer_logs.all()


# --- answers and requests that overtake each other ---


async def test_older_checkpoint_is_believed_after_its_proof_and_then_without(sides: TwoSides) -> None:
    lost = NodeError(Reason.TIMEOUT, "too late")
    first = os.urandom(16)
    sides.wire.lose_request = lost
    assert await refused(ask(sides, 2, first)) is Reason.TIMEOUT
    sides.wire.lose_request = None
    await ask(sides, 4)
    size = seen(sides.hr, TAX)
    assert list((await ask(sides, 2, first)).answers.verify.results) == [True]
    assert sides.hr.other_logs.asked == [(1, size)]
    assert seen(sides.hr, TAX) == size
    # Another request that came with the same checkpoint would not be asked about.
    note = sides.wire.carried[-1]
    assert note.exchange_id == first
    position = sides.hr.records()[-1].verdict.requester_log
    assert sides.hr.peer_logs.believe(TAX, position, b"")


async def test_request_that_was_answered_is_answered_again_without_a_proof(sides: TwoSides) -> None:
    first = os.urandom(16)
    sides.wire.lose_answer = NodeError(Reason.TIMEOUT, "too late")
    assert await refused(ask(sides, 2, first)) is Reason.TIMEOUT
    sides.wire.lose_answer = None
    await ask(sides, 4)
    sides.hr.peer_logs._known.clear()  # as after a restart
    sides.hr.other_logs.away = True
    assert list((await ask(sides, 2, first)).answers.verify.results) == [True]
    assert sides.hr.other_logs.asked == []


async def test_older_checkpoint_of_who_cannot_be_asked_is_not_believed_now_and_can_be_asked_again(
    sides: TwoSides,
) -> None:
    first = os.urandom(16)
    sides.wire.lose_request = NodeError(Reason.TIMEOUT, "too late")
    assert await refused(ask(sides, 2, first)) is Reason.TIMEOUT
    sides.wire.lose_request = None
    await ask(sides, 4)
    sides.hr.other_logs.away = True
    before = len(sides.hr.records())
    assert await refused(ask(sides, 2, first)) is Reason.PEER_UNAVAILABLE
    assert len(sides.hr.records()) == before
    assert sides.hr.peer_logs.stopped() == []
    sides.hr.other_logs.away = False
    assert list((await ask(sides, 2, first)).answers.verify.results) == [True]


async def test_many_older_requests_at_once_cost_one_proof_a_checkpoint(sides: TwoSides) -> None:
    ids = [os.urandom(16) for _ in range(6)]
    sides.wire.lose_request = NodeError(Reason.TIMEOUT, "too late")
    await asyncio.gather(*(ask(sides, 2, each) for each in ids), return_exceptions=True)
    sides.wire.lose_request = None
    await ask(sides, 4)
    answered = await asyncio.gather(*(ask(sides, 2, each) for each in ids))
    assert len(answered) == 6
    asked = sides.hr.other_logs.asked
    assert len(asked) == len(set(asked)) >= 1


# --- who takes back what it said ---


@pytest.mark.parametrize("records", [1, 40], ids=["shrunk", "forked"])
async def test_provider_that_was_put_back_is_stopped_and_its_answer_is_not_handed_over(
    sides: TwoSides, tmp_path: Path, records: int
) -> None:
    for number in range(4):
        await ask(sides, number)
    before = seen(sides.tax, HR)
    await put_back(sides, sides.hr, tmp_path / "old", records if records < before else before - 1)
    assert await refused(ask(sides, 5)) is Reason.LOG_DIFFERS
    outcomes = [record.outcome for record in sides.tax.records() if record.HasField("outcome")]
    assert (outcomes[-1].kind, outcomes[-1].reason) == (
        rec.OUTCOME_KIND_FAILED,
        Reason.LOG_DIFFERS.wire,
    )
    assert actions(sides.tax) == ["peer.stopped"]
    assert sides.tax.peer_logs.stopped() == [HR]
    assert HR in sides.tax.peer_logs.problems()[0].message
    # From now on, nothing is sent to it.
    carried, recorded = len(sides.wire.carried), len(sides.tax.records())
    assert await refused(ask(sides, 6)) is Reason.LOG_DIFFERS
    assert (len(sides.wire.carried), len(sides.tax.records())) == (carried, recorded)


async def test_requester_that_was_put_back_gets_a_sealed_denial_on_record(
    sides: TwoSides, tmp_path: Path
) -> None:
    for number in range(4):
        await ask(sides, number)
    asked = sides.register.asked
    await put_back(sides, sides.tax, tmp_path / "old", 1)
    for number in (5, 6):
        assert await refused(ask(sides, number)) is Reason.LOG_DIFFERS
        verdict = next(
            record.verdict for record in reversed(sides.hr.records()) if record.HasField("verdict")
        )
        assert (verdict.decision, verdict.reason, verdict.clause) == (
            rec.DECISION_DENY,
            Reason.LOG_DIFFERS.wire,
            "log",
        )
    assert sides.register.asked == asked
    assert sides.doubted == [HR, HR]
    assert actions(sides.hr) == ["peer.stopped"]


async def test_fork_of_one_size_is_found_without_asking(sides: TwoSides, tmp_path: Path) -> None:
    await ask(sides)
    size = seen(sides.tax, HR)
    await put_back(sides, sides.hr, tmp_path / "old", size - 1)
    sides.tax.other_logs.away = True
    assert await refused(ask(sides, 5)) is Reason.LOG_DIFFERS
    (log,) = sides.tax.peer_logs.all()
    assert log.stopped is not None
    assert log.stopped.kind is ContradictionKind.DIFFERS
    assert log.stopped.remembered.size == log.stopped.other.size == size


async def test_larger_fork_is_found_when_its_growth_is_to_be_proved(sides: TwoSides, tmp_path: Path) -> None:
    await ask(sides)
    await sides.tax.peer_logs.prove_growth()
    await put_back(sides, sides.hr, tmp_path / "old", 20)
    await ask(sides, 5)  # a larger log is believed until then
    await sides.tax.peer_logs.prove_growth()
    (log,) = sides.tax.peer_logs.all()
    assert log.stopped is not None
    assert (log.stopped.kind, log.stopped.other.size) == (ContradictionKind.DIFFERS, 21)
    assert await refused(ask(sides, 6)) is Reason.LOG_DIFFERS
    assert actions(sides.tax) == ["peer.stopped"]


async def test_what_was_seen_between_two_proofs_is_bounded_and_asked_about_when_its_node_is_back(
    sides: TwoSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_logs, "MOST_PASSED", 4)
    for number in range(10):
        await ask(sides, number)
    sides.tax.other_logs.away = True
    await sides.tax.peer_logs.prove_growth()
    sides.tax.other_logs.away, sides.tax.other_logs.asked = False, []
    await sides.tax.peer_logs.prove_growth()
    asked = sides.tax.other_logs.asked
    assert len(asked) == 1 + 4
    assert {second for _, second in asked} == {seen(sides.tax, HR)}


async def test_log_that_shrank_is_found_without_an_exchange(sides: TwoSides, tmp_path: Path) -> None:
    for number in range(4):
        await ask(sides, number)
    await put_back(sides, sides.hr, tmp_path / "old", 1)
    await sides.tax.peer_logs.prove_growth()
    (log,) = sides.tax.peer_logs.all()
    assert log.stopped is not None
    assert (log.stopped.kind, log.stopped.other.size) == (ContradictionKind.SHRANK, 1)


async def test_node_that_does_not_prove_its_growth_is_told_of_after_an_hour_and_not_stopped(
    sides: TwoSides,
) -> None:
    for number in range(2):
        await ask(sides, number)
    sides.tax.other_logs.away = True
    await sides.tax.peer_logs.prove_growth()
    assert sides.tax.peer_logs.notices() == []
    sides.clock.now += 3_700_000
    assert HR in english(sides.tax.peer_logs.notices()[0])
    assert await ask(sides, 4)
    sides.tax.other_logs.away = False
    await sides.tax.peer_logs.prove_growth()
    assert sides.tax.peer_logs.notices() == []


async def test_stop_holds_though_it_cannot_be_recorded_and_is_recorded_later(
    sides: TwoSides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(sides)
    await put_back(sides, sides.hr, tmp_path / "old", 0)

    async def fails(*_: object, **__: object) -> int:
        raise NodeError(Reason.STORE_UNAVAILABLE, "the disk is full")

    logs = sides.tax.peer_logs
    with monkeypatch.context() as full:
        full.setattr(logs, "_record", fails)
        assert await refused(ask(sides, 5)) is Reason.LOG_DIFFERS
    assert (logs.stopped(), actions(sides.tax)) == ([HR], [])
    await logs.prove_growth()
    assert actions(sides.tax) == ["peer.stopped"]
    await logs.prove_growth()
    assert actions(sides.tax) == ["peer.stopped"]
    assert sides.tax.store.peer_logs()[0].stopped is not None


# --- what staff decide ---


async def stopped(sides: TwoSides, tmp_path: Path) -> None:
    for number in range(4):
        await ask(sides, number)
    await put_back(sides, sides.hr, tmp_path / "old", 1)
    assert await refused(ask(sides, 5)) is Reason.LOG_DIFFERS


async def test_staff_accept_the_new_log_on_record_and_it_is_held_to_that(
    sides: TwoSides, tmp_path: Path
) -> None:
    await stopped(sides, tmp_path)
    log = await sides.tax.peer_logs.accept(OFFICER, HR, "restored from a backup, as they told us")
    record = sides.tax.records()[-1].admin
    assert (record.action, record.object, record.caller) == ("peer.accept", HR, OFFICER.fingerprint)
    assert record.note == "restored from a backup, as they told us"
    assert log.newest.size == 2
    assert sides.tax.store.peer_logs() == [log]
    await ask(sides, 6)
    await sides.tax.peer_logs.prove_growth()
    assert sides.tax.peer_logs.stopped() == []
    # What was said before the decision is not believed again.
    await put_back(sides, sides.hr, tmp_path / "older", 0)
    assert await refused(ask(sides, 7)) is Reason.LOG_DIFFERS


async def test_log_is_held_to_what_it_shows_right_after_the_decision(sides: TwoSides, tmp_path: Path) -> None:
    await stopped(sides, tmp_path)
    await grow(sides.hr, 5)
    size = sides.hr.commit.head.size

    accepted = await sides.tax.peer_logs.accept(OFFICER, HR, "restored")

    assert (accepted.newest.size, accepted.proved.size) == (size, size)
    await put_back(sides, sides.hr, tmp_path / "again", size - 1)
    assert await refused(ask(sides, 7)) is Reason.LOG_DIFFERS, "a second loss below that"


async def test_log_that_contradicts_what_was_accepted_is_stopped_at_once(
    sides: TwoSides, tmp_path: Path
) -> None:
    await stopped(sides, tmp_path)
    sides.clock.now += 1000
    await put_back(sides, sides.hr, tmp_path / "another", 9)

    accepted = await sides.tax.peer_logs.accept(OFFICER, HR, "restored")

    assert accepted.stopped is not None
    assert sides.tax.peer_logs.stopped() == [HR]
    kept = sides.tax.store.contradictions()[HR]
    assert sorted(found.accepted_ms > 0 for found in kept) == [False, True]


async def test_decision_holds_where_the_other_node_is_silent(sides: TwoSides, tmp_path: Path) -> None:
    await stopped(sides, tmp_path)
    sides.tax.other_logs.away = True

    accepted = await sides.tax.peer_logs.accept(OFFICER, HR, "restored")

    assert accepted.stopped is None
    assert sides.tax.peer_logs.stopped() == []


async def test_both_notes_are_kept_as_evidence_also_after_the_decision(
    sides: TwoSides, tmp_path: Path
) -> None:
    await stopped(sides, tmp_path)
    (found,) = sides.tax.store.contradictions()[HR]
    assert found.accepted_ms == 0
    for each in (found.remembered, found.other):
        assert Checkpoint.parse(sides.hr.log_keys.verify(each.note)) == Checkpoint(
            f"dxnode/{HR}", each.size, each.root
        )
    await sides.tax.peer_logs.accept(OFFICER, HR, "restored")
    (kept,) = sides.tax.store.contradictions()[HR]
    assert kept == replace(found, accepted_ms=kept.accepted_ms)
    assert kept.accepted_ms > 0


@pytest.mark.parametrize(
    ("code", "reason", "why"),
    [
        (TAX, "why", Reason.NOT_FOUND),
        (HR, "", Reason.QUERY_INVALID),
        (HR, f"about {resident(2)}", Reason.QUERY_INVALID),
    ],
)
async def test_decision_about_nothing_or_without_a_reason_is_refused(
    sides: TwoSides, tmp_path: Path, code: str, reason: str, why: Reason
) -> None:
    await stopped(sides, tmp_path)
    assert await refused(sides.tax.peer_logs.accept(OFFICER, code, reason)) is why
    assert sides.tax.peer_logs.stopped() == [HR]


async def test_decision_that_cannot_be_recorded_changes_nothing(
    sides: TwoSides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stopped(sides, tmp_path)
    sides.tax.faults.fail("commit")
    assert await refused(sides.tax.peer_logs.accept(OFFICER, HR, "restored")) is Reason.STORE_UNAVAILABLE
    sides.tax.faults.fail()
    assert sides.tax.peer_logs.stopped() == [HR]
    assert sides.tax.store.peer_logs()[0].stopped is not None


async def test_nobody_is_stopped_for_a_checkpoint_that_it_did_not_sign(
    sides: TwoSides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await ask(sides, number)
    await put_back(sides, sides.hr, tmp_path / "old", 1)
    forged = sign_note(Checkpoint(f"dxnode/{HR}", 1, b"r" * 32).body(), sides.tax.signer)

    async def shown(_: str) -> bytes:
        return forged

    with monkeypatch.context() as between:
        between.setattr(sides.tax.other_logs, "checkpoint", shown)
        await sides.tax.peer_logs.prove_growth()
    assert sides.tax.peer_logs.stopped() == []
    await sides.tax.peer_logs.prove_growth()
    assert sides.tax.peer_logs.stopped() == [HR]
