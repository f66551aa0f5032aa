"""Claims about the check of a whole usage log."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_catalogue import DATASET, PROVIDER, PURPOSE, REQUESTER
from support.plain_log import make_log, tree_hash

from node.core.directory.spelling import MIN_APPROVALS
from node.core.log import check as logcheck
from node.core.log import usage
from node.core.log.check import LogCheck, Report
from node.core.log.checkpoint import Checkpoint
from node.core.log.framing import split_leaves, split_segments
from node.core.log.merkle import hash_leaves, leaf_hash
from node.core.log.positions import PositionCheck, entry
from node.core.log.segment import OFFICERS, LogFault, LogFinding, check_segment
from node.core.log.usage import ACCEPTED
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as pb

SEGMENT = 8


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logcheck, "SEGMENT", SEGMENT)


def delimited(leaves: Sequence[bytes]) -> bytes:
    parts = []
    for leaf in leaves:
        assert len(leaf) < 1 << 14
        low, high = len(leaf) & 0x7F, len(leaf) >> 7
        parts += [bytes([low | 0x80, high]) if high else bytes([low]), leaf]
    return b"".join(parts)


def checkpoint(leaves: Sequence[bytes]) -> Checkpoint:
    return Checkpoint(f"dxnode/{REQUESTER}", len(leaves), tree_hash(hash_leaves(leaves)))


def check(leaves: Sequence[bytes], *checkpoints: Checkpoint, owner: str = REQUESTER) -> Report:
    data = delimited(leaves)
    whole = LogCheck(checkpoints)
    for first, begin, end in split_segments(data, 0, SEGMENT):
        marks = whole.marks(first, SEGMENT)
        whole.add(check_segment(split_leaves(data[begin:end], first), first, owner, marks))
    return whole.report()


@pytest.mark.parametrize("exchanges", [0, 1, 3, 4, 5, 8, 13, 20, 33])
def test_whole_log_of_any_size_fits_its_checkpoint(exchanges: int) -> None:
    leaves = make_log(exchanges)
    report = check(leaves, checkpoint(leaves))
    assert report.findings == ()
    assert report.records == 2 * exchanges
    assert report.root == tree_hash(hash_leaves(leaves))
    assert report.open_intents == 0


def test_report_counts_kinds_and_times() -> None:
    report = check(make_log(10), checkpoint(make_log(10)))
    assert dict(report.kinds) == {"intent": 10, "outcome": 10}
    assert (report.first_ms, report.last_ms) == (1_764_000_000_000, 1_764_000_000_019)


def test_every_older_checkpoint_is_compared() -> None:
    leaves = make_log(20)
    older = [checkpoint(leaves[:size]) for size in range(len(leaves) + 1)]
    assert check(leaves, *older).findings == ()


@pytest.mark.parametrize("changed", [0, 5, 7, 8, 15, 24, 39])
def test_changed_record_is_between_the_last_good_and_the_first_bad_checkpoint(changed: int) -> None:
    leaves = make_log(20)
    kept = [checkpoint(leaves[:size]) for size in (6, 10, 30, 40)]
    record = pb.UsageRecord.FromString(leaves[changed])
    record.time_ms += 1
    leaves[changed] = record.SerializeToString()
    found = [finding for finding in check(leaves, *kept).findings if finding.fault is LogFault.ROOT_DIFFERS]
    (only,) = found
    assert only.first <= changed <= only.last
    assert only.first in (0, 6, 10, 30)


def test_record_cut_off_the_end_is_missing() -> None:
    leaves = make_log(10)
    assert check(leaves[:-2], checkpoint(leaves)).findings == (LogFinding(18, 19, LogFault.RECORDS_MISSING),)


def test_record_added_to_the_end_is_not_covered() -> None:
    leaves = make_log(10)
    findings = check(leaves, checkpoint(leaves[:-1])).findings
    assert findings == (LogFinding(19, 19, LogFault.RECORDS_ADDED),)


def test_two_records_exchanged_do_not_fit() -> None:
    leaves = make_log(10)
    swapped = [*leaves[:4], leaves[6], leaves[5], leaves[4], *leaves[7:]]
    assert LogFault.ROOT_DIFFERS in {finding.fault for finding in check(swapped, checkpoint(leaves)).findings}


def test_removed_intent_is_missed_by_its_outcome() -> None:
    leaves = make_log(10)
    without = leaves[:4] + leaves[5:]
    assert LogFinding(4, 4, LogFault.INTENT_MISSING) in check(without).findings


def test_outcome_finds_its_intent_in_an_earlier_segment() -> None:
    leaves = make_log(2 * SEGMENT)
    intents, outcomes = leaves[::2], [pb.UsageRecord.FromString(leaf) for leaf in leaves[1::2]]
    for outcome in outcomes:
        outcome.time_ms += 3_600_000
    ordered = [*intents, *(outcome.SerializeToString() for outcome in outcomes)]
    assert check(ordered, checkpoint(ordered)).findings == ()


def test_failed_exchange_may_be_asked_again() -> None:
    intent, answered = make_log(1)
    parties = usage.Parties(REQUESTER, PROVIDER, bytes(16))
    abandoned = usage.outcome_record(
        1_764_000_000_000, parties, usage.abandoned_outcome(intent, Reason.DRAINING)
    )
    leaves = [intent, abandoned, answered]
    report = check(leaves, checkpoint(leaves))
    assert report.findings == ()
    assert report.open_intents == 0


def test_intent_without_an_outcome_is_open() -> None:
    leaves = make_log(5)[:-1]
    assert check(leaves, checkpoint(leaves)).open_intents == 1


@pytest.mark.parametrize("at", [3, 8, 17])
def test_record_older_than_those_before_it_is_found(at: int) -> None:
    leaves = make_log(10)
    record = pb.UsageRecord.FromString(leaves[at])
    record.time_ms -= 100
    leaves[at] = record.SerializeToString()
    assert LogFinding(at, at, LogFault.TIME_BACKWARDS) in check(leaves).findings


def test_record_that_is_older_by_a_millisecond_is_found() -> None:
    leaves = make_log(10)
    record = pb.UsageRecord.FromString(leaves[9])
    record.time_ms -= 2
    leaves[9] = record.SerializeToString()
    assert check(leaves, checkpoint(leaves)).findings == (LogFinding(9, 9, LogFault.TIME_BACKWARDS),)


def test_records_of_one_moment_are_in_order() -> None:
    leaves = [admin(START)] * 20
    assert check(leaves, checkpoint(leaves)).findings == ()


START = 1_764_000_000_000
YEAR = 365 * 86_400_000


def admin(time_ms: int, action: str = "node.reload", **changes: object) -> bytes:
    return usage.admin_record(time_ms, REQUESTER, Caller("operator"), action, "", "", **changes)  # type: ignore[arg-type]


def clock_set(from_ms: int, to_ms: int, approved: Sequence[str] = ("li", "wang")) -> bytes:
    times = usage.ClockTimes(from_ms, from_ms, to_ms)
    return admin(to_ms, usage.CLOCK_SET, approved=approved, clock=times)


def backwards(leaves: Sequence[bytes]) -> list[int]:
    findings = check(leaves).findings
    return [found.first for found in findings if found.fault is LogFault.TIME_BACKWARDS]


@pytest.mark.parametrize("at", [1, 3, 7, 8, 9, 15, 16, 17])
def test_step_back_that_two_officers_ordered_is_accepted_and_told(at: int) -> None:
    ahead = [admin(START + YEAR + n) for n in range(at)]
    leaves = [*ahead, clock_set(START + YEAR + at - 1, START), *(admin(START + n) for n in range(20))]
    report = check(leaves)
    assert backwards(leaves) == []
    (told,) = report.clock_sets
    assert (told.index, told.from_ms, told.to_ms) == (at, START + YEAR + at - 1, START)
    assert told.approved == ("li", "wang")
    assert report.last_ms == START + 19


@pytest.mark.parametrize("at", [1, 3, 7, 8, 9, 15, 16, 17])
@pytest.mark.parametrize(
    "step",
    [
        admin(START),
        clock_set(START + YEAR, START, approved=("li",)),
        clock_set(START + YEAR, START, approved=("li", "li")),
        clock_set(START + YEAR, START, approved=()),
        admin(
            START, "clock.believed", approved=("li", "wang"), clock=usage.ClockTimes(START + YEAR, 0, START)
        ),
        admin(START, usage.CLOCK_SET, approved=("li", "wang")),
        clock_set(START + YEAR - 1, START),
        clock_set(START + YEAR + 1, START),
    ],
    ids=["none", "one officer", "one twice", "nobody", "other action", "no times", "earlier", "later"],
)
def test_any_other_step_back_is_found(at: int, step: bytes) -> None:
    leaves = [*(admin(START + YEAR) for _ in range(at)), step, admin(START)]
    assert at in backwards(leaves)


def test_time_that_goes_back_once_more_after_a_step_is_found() -> None:
    leaves = [admin(START + YEAR), clock_set(START + YEAR, START), admin(START - YEAR), admin(START)]
    assert backwards(leaves) == [2]


@pytest.mark.parametrize("between", [1, 2, 9])
def test_clock_may_be_set_back_more_than_once(between: int) -> None:
    leaves = [admin(START + YEAR), clock_set(START + YEAR, START)]
    leaves += [admin(START + 2 * YEAR) for _ in range(between)]
    assert backwards([*leaves, clock_set(START + 2 * YEAR, START + 1), admin(START + 2)]) == []
    assert backwards([*leaves, clock_set(START + YEAR, START + 1), admin(START + 2)]) == [2 + between]


def test_as_many_have_to_order_it_as_must_sign_an_order() -> None:
    assert OFFICERS == MIN_APPROVALS


def test_record_that_is_none_is_found() -> None:
    leaves = make_log(10)
    leaves[5] = b"\xff\xff\xff"
    leaves[12] = b""
    report = check(leaves, checkpoint(leaves))
    assert [finding for finding in report.findings if finding.fault is LogFault.UNREADABLE] == [
        LogFinding(5, 5, LogFault.UNREADABLE),
        LogFinding(12, 12, LogFault.UNREADABLE),
    ]


def test_record_of_another_version_is_found() -> None:
    leaves = make_log(1)
    record = pb.UsageRecord.FromString(leaves[0])
    record.version = 2
    leaves[0] = record.SerializeToString()
    assert LogFinding(0, 0, LogFault.UNREADABLE) in check(leaves).findings


def test_log_of_another_department_is_foreign() -> None:
    leaves = make_log(1)
    faults = {finding.fault for finding in check(leaves, checkpoint(leaves), owner=PROVIDER).findings}
    assert faults == {LogFault.FOREIGN}


def verdict(**changes: object) -> bytes:
    parties = usage.Parties(REQUESTER, PROVIDER, bytes(16))
    intent = pb.Intent(dataset=DATASET, question="is-enrolled", purpose=PURPOSE, subjects=1)
    body = pb.Verdict(
        intent=usage.intent_record(1_764_000_000_000, parties, intent),
        decision=pb.DECISION_PERMIT,
        rule="r-1",
        answer_commitment=bytes(32),
    )
    body.MergeFrom(pb.Verdict(**changes))  # type: ignore[arg-type]
    return usage.verdict_record(1_764_000_000_000, parties, body)


def test_verdict_with_its_intent_holds() -> None:
    leaves = [verdict()]
    report = check(leaves, checkpoint(leaves), owner=PROVIDER)
    assert report.findings == ()
    assert report.kinds == (("verdict", 1),)


@pytest.mark.parametrize(
    "changes",
    [
        {"intent": b"\xff"},
        {"intent": make_log(2)[2]},
        {"intent": make_log(1)[1]},
        {"decision": pb.DECISION_DENY},
        {"reason": Reason.NO_GRANT.wire},
        {"answer_commitment": b"short"},
    ],
)
def test_verdict_that_contradicts_itself_is_found(changes: dict[str, object]) -> None:
    leaves = [verdict(**changes)]
    findings = check(leaves, checkpoint(leaves), owner=PROVIDER).findings
    assert findings == (LogFinding(0, 0, LogFault.VERDICT_INVALID),)


def named(index: int, size: int, root: bytes, number: int = 0, **changes: object) -> bytes:
    """A verdict about an intent that stood there in the requester's log."""
    place = pb.LogPosition(index=index, size=size, root=root * 32)
    record = pb.UsageRecord.FromString(verdict(requester_log=place, **changes))
    intent = pb.UsageRecord.FromString(record.verdict.intent)
    intent.intent.case_number = str(number)
    record.verdict.intent = intent.SerializeToString()
    return record.SerializeToString()


def accepted() -> bytes:
    caller = Caller("officer", bytes(32))
    return usage.admin_record(1_764_000_000_000, PROVIDER, caller, ACCEPTED, REQUESTER, "restored")


ONE_LOG = (
    named(0, 1, b"a", 1),
    named(2, 4, b"c", 3),
    named(1, 2, b"b", 2),
    named(1, 2, b"b", 2),
    named(9, 20, b"d", 4),
)
DENIED: dict[str, object] = {"decision": pb.DECISION_DENY, "reason": Reason.LOG_DIFFERS.wire}


def differing(*leaves: bytes) -> list[int]:
    findings = check(leaves, owner=PROVIDER).findings
    return [finding.first for finding in findings if finding.fault is LogFault.POSITION_DIFFERS]


def test_positions_in_one_log_of_the_other_side_agree_in_any_order() -> None:
    assert differing(*ONE_LOG) == []
    assert differing(*reversed(ONE_LOG)) == []


@pytest.mark.parametrize(
    "other",
    [named(2, 4, b"x", 3), named(2, 5, b"x", 9), named(1, 3, b"x", 9)],
    ids=["another root at the size", "another record at the index", "another record at a late index"],
)
@pytest.mark.parametrize("apart", [0, SEGMENT])
def test_position_that_contradicts_an_earlier_record_is_found(other: bytes, apart: int) -> None:
    between = [named(30 + each, 40 + each, b"e", each) for each in range(apart)]
    assert differing(*ONE_LOG, *between, other) == [len(ONE_LOG) + apart]


def test_position_that_staff_accepted_is_held_against_the_new_log_alone() -> None:
    other = named(2, 4, b"x", 3)
    assert differing(*ONE_LOG, accepted(), other) == []
    assert differing(*ONE_LOG, accepted(), other, ONE_LOG[1]) == [len(ONE_LOG) + 2]


def test_position_that_was_denied_for_it_is_no_fault_of_the_log() -> None:
    leaves = [*ONE_LOG, named(2, 4, b"x", 3, **DENIED), ONE_LOG[0]]
    assert differing(*leaves) == []


def test_outcomes_that_name_two_verdicts_at_one_place_are_found() -> None:
    leaves = []
    for number in range(2):
        parties = usage.Parties(REQUESTER, PROVIDER, bytes(16))
        intent = usage.intent_record(1_764_000_000_000, parties, pb.Intent(case_number=str(number)))
        outcome = pb.Outcome(
            intent_hash=leaf_hash(intent),
            kind=pb.OUTCOME_KIND_ANSWERED,
            verdict_hash=bytes([number + 1]) * 32,
            provider_log=pb.LogPosition(index=3, size=4 + number, root=bytes([number]) * 32),
        )
        leaves += [intent, usage.outcome_record(1_764_000_000_000, parties, outcome)]
    found = check(leaves, checkpoint(leaves)).findings
    assert found == (LogFinding(3, 3, LogFault.POSITION_DIFFERS),)


POSITIONS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 9), st.integers(1, 3), st.integers(0, 3)), max_size=40
)


@given(POSITIONS)
def test_positions_are_compared_as_two_tables_would(given_positions: list[tuple[int, int, int, int]]) -> None:
    roots: dict[int, int] = {}
    leaves: dict[int, int] = {}
    expected, entries = [], b""
    for record, (index, size, root, leaf) in enumerate(given_positions):
        entries += entry(record, index, size, bytes([root]) * 32, bytes([leaf]) * 32)
        same_root = roots.setdefault(size, root) == root
        same_leaf = not leaf or leaves.setdefault(index, leaf) == leaf
        if not (same_root and same_leaf):
            expected.append(record)
    assert list(PositionCheck().add(PROVIDER, entries)) == expected


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_broken_framing_names_the_record(cut: int) -> None:
    data = delimited(make_log(3))[:-cut]
    with pytest.raises(NodeError) as raised:
        list(split_segments(data, 0, SEGMENT))
    assert raised.value.reason is Reason.LOG_CORRUPT
    assert raised.value.metadata["index"] == "5"


@pytest.mark.parametrize("framing", [b"\x80\x80\x80\x80\x01", b"\xff\xff\x7f", b"\x80", b"\x80\x80"])
def test_length_beyond_any_record_is_refused(framing: bytes) -> None:
    for read in (lambda: list(split_segments(framing, 0)), lambda: split_leaves(framing, 0)):
        with pytest.raises(NodeError) as raised:
            read()
        assert raised.value.reason is Reason.LOG_CORRUPT


def test_segments_out_of_order_are_a_defect() -> None:
    whole = LogCheck([])
    segment = check_segment(make_log(4), 8, REQUESTER)
    with pytest.raises(NodeError) as raised:
        whole.add(segment)
    assert raised.value.reason is Reason.INTERNAL
