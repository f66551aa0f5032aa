"""What runs out or is too much is refused with a reason: quotas, tries, rates, lengths, streams."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc
import pytest
from support.forger import Forger, forging, verdict
from support.log_audit import audit
from support.running import (
    CASE,
    DEFERRAL,
    ENROLLED,
    PENSION,
    Running,
    pension_grant,
    pension_policy,
    pension_town,
    resident,
    running,
)
from support.town import FORGER, HR, MEDICAL, TAX
from support.waiting import PATIENCE, until, wait_for

from node.client import Chunk, Client, Subject
from node.client.call_error import node_error
from node.errors import NodeError, Reason
from node.exchange.arrival import Arrival
from node.exchange.provider import Provider
from node.rpc.exchange_service import WINDOW
from node.rpc.inflow import STREAMS
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

AT_ONCE = 64
LIMITS = """
limits: {peer_requests_per_second: 100, peer_burst: 200, refusal_interval_seconds: 1, batch_chunks: 5,
  deadline_seconds: 6, source_seconds: 1, counts_wait_seconds: 1, message_bytes: 200000, chunk_subjects: 100}
"""


def _together(count: int, work: Callable[[int], object]) -> Counter[object]:
    """Do it so many times at once; what came of it, errors by their reason."""
    barrier = threading.Barrier(count)

    def one(number: int) -> object:
        barrier.wait()
        try:
            return work(number)
        except NodeError as error:
            return error.reason

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(one, range(count)))


def _charged(nodes: Running, scope: str) -> int:
    return sum(c.amount for r in nodes.records(HR) for c in r.verdict.charges if c.scope == scope)


# --- quotas ---


@pytest.fixture
def scarce(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The tax office may ask 5 times a day, and 3 times about one subject."""
    policy = pension_policy(per_day="5", per_subject_per_day="3")
    with running(pension_town(tmp_path_factory.mktemp("town"), policy), HR, TAX) as nodes:
        nodes.grant()
        yield nodes


def _verify(client: Client, number: int) -> object:
    return client.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE).answer


def test_last_unit_of_a_quota_goes_to_exactly_one_of_64(scarce: Running) -> None:
    with scarce.operator(TAX) as tax:
        for number in range(4):
            _verify(tax, 2 * number)
        said = _together(AT_ONCE, lambda number: _verify(tax, 2 * number + 20))
        with pytest.raises(NodeError) as refused:
            _verify(tax, 200)
    assert said == {True: 1, Reason.QUOTA_EXHAUSTED: AT_ONCE - 1}
    assert refused.value.metadata["clause"] == "limits.per_day"
    assert _charged(scarce, "rule.day") == 5
    verdicts = [r.verdict for r in scarce.records(HR) if r.WhichOneof("body") == "verdict"]
    assert Counter(v.decision for v in verdicts) == {rec.DECISION_PERMIT: 5, rec.DECISION_DENY: AT_ONCE}
    with scarce.operator(HR) as hr:
        assert audit(hr, scarce.town.member(HR)) == []


def test_limit_of_one_subject_holds_under_the_same_64(scarce: Running) -> None:
    with scarce.operator(TAX) as tax:
        said = _together(AT_ONCE, lambda _: _verify(tax, 2))
    assert said == {True: 3, Reason.QUOTA_EXHAUSTED: AT_ONCE - 3}
    assert _charged(scarce, "rule.subject") == 3


def test_quota_stays_used_up_after_a_restart(scarce: Running) -> None:
    with scarce.operator(TAX) as tax:
        for number in range(5):
            _verify(tax, number)
    scarce.stop(HR)
    scarce.start(HR)
    with scarce.operator(TAX) as tax, pytest.raises(NodeError) as refused:
        _verify(tax, 100)
    assert refused.value.reason is Reason.QUOTA_EXHAUSTED


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    policy = pension_policy(per_subject_per_day="2").replace(f"[{TAX}]}}", f"[{TAX}, {FORGER}]}}")
    town = pension_town(tmp_path_factory.mktemp("town"), policy, LIMITS)
    town.add(FORGER)
    town.publish()
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        yield nodes


@pytest.fixture
def forger(nodes: Running) -> Iterator[Forger]:
    with nodes.operator(HR) as hr:
        granted = hr.admin.issue_grant(pension_grant(FORGER))
    with forging(nodes.town, FORGER) as forger:
        forger.use(granted.id)
        yield forger


def test_grants_subjects_a_day_count_every_subject_of_a_batch(nodes: Running, forger: Forger) -> None:
    with nodes.operator(HR) as hr:
        granted = hr.admin.issue_grant(pension_grant(FORGER, subjects_per_day=10))

    def ask(first: int, count: int) -> rec.Verdict:
        subjects = [rec.Subject(id=resident(first + n)) for n in range(count)]
        return verdict(forger.send(forger.make(subjects, grant_id=granted.id)))

    assert ask(0, 6).decision == rec.DECISION_PERMIT
    over = ask(10, 5)
    assert (over.reason, over.clause) == (Reason.QUOTA_EXHAUSTED.wire, "scope.subjects_per_day")
    assert not over.charges
    assert ask(20, 4).decision == rec.DECISION_PERMIT
    assert ask(30, 1).reason == Reason.QUOTA_EXHAUSTED.wire
    with nodes.operator(HR) as hr:
        hr.admin.revoke_grant(granted.id, "used up")


def test_used_up_subject_is_left_out_of_a_batch_and_the_others_are_answered(nodes: Running) -> None:
    with nodes.operator(TAX) as tax:
        for _ in range(2):
            tax.verify(ENROLLED, resident(40), purpose=DEFERRAL, case=CASE)
        subjects = tuple(Subject(resident(n)) for n in (42, 40, 44, 44, 44))
        (result,) = tax.batch(
            ENROLLED, [Chunk(0, subjects)], purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16)
        )
    assert result.over_limit == {1, 4}
    assert [result.answers[n] for n in (0, 2, 3)] == [True, True, True]
    assert nodes.records(HR)[-1].verdict.charges[1].amount == 3


def test_wrong_tries_run_out_for_guesses_at_once(nodes: Running) -> None:
    def guess(number: int) -> object:
        return tax.verify(
            f"{PENSION}/name-matches",
            resident(60),
            purpose=DEFERRAL,
            case=CASE,
            claims={"name": f"张三{number}"},
        ).answer

    with nodes.operator(TAX) as tax:
        said = _together(20, lambda number: guess(number + 100))
    # Two a day is this rule's limit about one subject, and wrong tries would end at three.
    assert said[True] == 0
    assert said[False] == 2
    assert said[Reason.QUOTA_EXHAUSTED] == 18


# --- rates and floods ---


def test_flood_is_told_to_slow_down_and_becomes_one_record_an_interval(
    nodes: Running, forger: Forger
) -> None:
    time.sleep(2.1)  # until the bucket of the tax office is full again
    before = len(nodes.records(HR))
    told: Counter[object] = Counter()
    began = time.monotonic()
    while time.monotonic() - began < 1.5 or told[Reason.RATE_LIMITED] <= 50:
        try:
            forger.answer(pb.Envelope())
        except NodeError as error:
            told[error.reason] += 1
    flood = told[Reason.RATE_LIMITED]
    assert set(told) == {Reason.RATE_LIMITED, Reason.ENVELOPE_INVALID}

    def counted(reason: Reason) -> list[int]:
        return [
            r.refusals.count
            for r in nodes.records(HR)[before:]
            if r.WhichOneof("body") == "refusals" and r.refusals.reason == reason.wire
        ]

    wait_for(lambda: sum(counted(Reason.RATE_LIMITED)) == flood)
    wait_for(lambda: sum(counted(Reason.ENVELOPE_INVALID)) == told[Reason.ENVELOPE_INVALID])
    intervals = int(time.monotonic() - began) + 2  # the first and the last are met in part
    assert len(counted(Reason.RATE_LIMITED)) <= intervals
    # A few of each kind and interval by themselves, the rest counted.
    assert len(counted(Reason.ENVELOPE_INVALID)) <= 4 * intervals


def test_flood_of_one_department_leaves_the_others_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    town = pension_town(tmp_path_factory.mktemp("town"), extra=LIMITS)
    with running(town, HR) as nodes, forging(town, TAX) as tax, forging(town, MEDICAL) as medical:
        with nodes.operator(HR) as hr:
            medical.use(hr.admin.issue_grant(pension_grant(MEDICAL)).id)
        stop = threading.Event()

        def flood() -> None:
            while not stop.is_set():
                with pytest.raises(NodeError):
                    tax.answer(pb.Envelope())

        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(flood) for _ in range(2)]
            try:
                for _ in range(20):
                    said = verdict(medical.send(medical.make(purpose="social-insurance/medical")))
                    assert said.reason in (0, Reason.PURPOSE_NOT_ALLOWED.wire)
            finally:
                stop.set()
            assert all(each.result() is None for each in done)


# --- too long, too many, too slow ---


def _code(error: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    assert isinstance(error.value, grpc.Call)
    return error.value.code()


def test_message_over_the_limit_is_refused_and_the_node_serves_on(nodes: Running, forger: Forger) -> None:
    huge = pb.AskRequest(envelope=pb.Envelope(ciphertext=bytes(200_001)))
    with pytest.raises(grpc.RpcError) as refused:
        forger.stub.Ask(huge, timeout=PATIENCE)
    assert _code(refused) is grpc.StatusCode.RESOURCE_EXHAUSTED
    with nodes.operator(TAX) as tax:
        assert _verify(tax, 80) is True


def test_stream_of_too_many_chunks_ends_with_a_reason(nodes: Running, forger: Forger) -> None:
    batch_id = os.urandom(16)
    sent = [
        forger.make([rec.Subject(id=resident(100 + n))], batch=rec.BatchPosition(batch_id=batch_id, chunk=n))
        for n in range(6)
    ]
    answers = forger.stream(sent)
    assert [verdict(next(answers)).decision for _ in range(5)] == [rec.DECISION_PERMIT] * 5
    with pytest.raises(NodeError) as ended:
        next(answers)
    assert ended.value.reason is Reason.QUERY_INVALID


def test_idle_stream_is_ended(forger: Forger) -> None:
    silence = threading.Event()

    def nothing() -> Iterator[pb.AskBatchRequest]:
        silence.wait(PATIENCE)
        yield from ()

    with pytest.raises(grpc.RpcError) as ended:
        list(forger.stub.AskBatch(nothing(), timeout=PATIENCE))
    silence.set()
    assert _code(ended) is grpc.StatusCode.DEADLINE_EXCEEDED
    # The node says so, and not the caller's own bound on the wait.
    assert isinstance(ended.value, grpc.Call)
    assert "idle" in (ended.value.details() or "")


def test_department_that_opens_many_streams_keeps_no_other_out(nodes: Running, forger: Forger) -> None:
    silence = threading.Event()

    def nothing() -> Iterator[pb.AskBatchRequest]:
        silence.wait(PATIENCE)
        yield from ()

    calls = [forger.stub.AskBatch(nothing(), timeout=PATIENCE) for _ in range(20)]
    codes = Counter(call.code() for call in calls[::-1])
    silence.set()
    assert codes[grpc.StatusCode.RESOURCE_EXHAUSTED] >= 4
    with nodes.operator(TAX) as tax:
        assert _verify(tax, 82) is True


def test_streams_that_are_left_count_until_what_was_begun_on_them_has_ended(
    nodes: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    works, may_end = Counter[str](), threading.Event()

    async def ask(_self: Provider, arrival: Arrival, *_: object) -> pb.SealedAnswer:
        works[arrival.peer.code] += 1
        await until(may_end.is_set)
        raise NodeError(Reason.SOURCE_UNAVAILABLE, "slow")

    monkeypatch.setattr(Provider, "ask", ask)
    with forging(nodes.town, FORGER) as forger:
        for _ in range(100):
            call = forger.stub.AskBatch(iter([pb.AskBatchRequest()] * 4), timeout=PATIENCE)
            time.sleep(0.02)
            call.cancel()
    wait_for(lambda: works[FORGER] >= 4)
    assert works[FORGER] <= STREAMS * WINDOW
    monkeypatch.undo()
    may_end.set()
    with forging(nodes.town, FORGER) as forger:
        wait_for(lambda: _refused_stream(forger) is not Reason.RATE_LIMITED)


def _refused_stream(forger: Forger) -> Reason:
    call = forger.stub.AskBatch(iter([pb.AskBatchRequest()]), timeout=PATIENCE)
    with pytest.raises(grpc.RpcError) as refused:
        list(call)
    return node_error(refused.value).reason


def test_calls_beyond_the_concurrency_are_refused_and_the_node_recovers(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    town = pension_town(tmp_path_factory.mktemp("town"), extra="limits: {concurrent: 4}\n")
    silence = threading.Event()

    def nothing() -> Iterator[pb.AskBatchRequest]:
        silence.wait(PATIENCE)
        yield from ()

    with running(town, HR) as nodes, ExitStack() as stack:
        # Each has a connection of its own: on one, what is too much waits at the sender.
        forgers = [stack.enter_context(forging(town, code)) for code in (TAX, MEDICAL) * 2]
        held = [forger.stub.AskBatch(nothing(), timeout=PATIENCE) for forger in forgers]
        more = stack.enter_context(forging(town, TAX))

        def all_taken() -> bool:
            # The call that tries is one of the four too: it may have taken the place of a stream.
            for place, forger in enumerate(forgers):
                if not held[place].is_active():
                    held[place] = forger.stub.AskBatch(nothing(), timeout=PATIENCE)
            return _refusal(more) in (Reason.RATE_LIMITED, Reason.OVERLOADED)  # its half, or all

        wait_for(all_taken)
        silence.set()
        for call in held:
            call.cancel()
        wait_for(lambda: _refusal(more) is Reason.ENVELOPE_INVALID)
        with nodes.operator(HR) as hr:
            assert hr.admin.status().state == "SERVING"


def _refusal(forger: Forger) -> Reason:
    with pytest.raises(NodeError) as refused:
        forger.answer(pb.Envelope())
    return refused.value.reason


def test_chunk_of_too_many_subjects_is_refused_before_anything_is_sent(nodes: Running) -> None:
    nodes.call(nodes.nodes[HR]._refusals.flush())  # what the tests before had refused
    before = len(nodes.records(HR))
    subjects = tuple(Subject(resident(n)) for n in range(101))
    with nodes.operator(TAX) as tax:
        (result,) = tax.batch(
            ENROLLED, [Chunk(0, subjects)], purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16)
        )
    assert result.refusal is not None
    assert result.refusal.reason is Reason.QUERY_INVALID
    assert len(nodes.records(HR)) == before
