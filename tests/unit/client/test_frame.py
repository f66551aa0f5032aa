"""Claims about asking a question about every row of a pandas frame."""

from __future__ import annotations

import pandas as pd
import pytest
from support.fake_catalogue import PURPOSE
from support.fake_desk import BY_CHANCE, FIELD, VERIFY, FakeDesk, enrolled, grant_message, resident

from node.client import Client
from node.client.frame import BatchStoppedError
from node.core.id_column import identifier
from node.errors import NodeError, Reason


def people(count: int) -> pd.DataFrame:
    index = [f"row-{number}" for number in range(count)]
    return pd.DataFrame({"id": [resident(number) for number in range(count)], "note": "x"}, index=index)


def ask(
    client: Client,
    frame: pd.DataFrame,
    question: str = VERIFY,
    batch_id: bytes = b"",
    *,
    accept_invalid: bool = False,
) -> pd.DataFrame:
    return client.verify_batch(
        frame,
        question=question,
        purpose=PURPOSE,
        case="DG-1",
        chunk_size=10,
        batch_id=batch_id,
        accept_invalid=accept_invalid,
    )


def test_order_index_and_columns_are_kept(client: Client) -> None:
    frame = people(25)
    answered = ask(client, frame)
    assert list(answered.columns) == ["id", "note", "answer", "reason", "exchange_id", "data_as_of"]
    pd.testing.assert_frame_equal(answered[["id", "note"]], frame)
    assert list(answered["answer"]) == [enrolled(subject) for subject in frame["id"]]
    assert set(answered["reason"]) == {""}
    assert "answer" not in frame.columns


def test_field_question_gives_text(client: Client) -> None:
    answered = ask(client, people(12), FIELD)
    assert str(answered["answer"].dtype) == "string"
    assert set(answered["answer"].dropna()) == {"[0,60)"}
    assert answered["answer"].isna().any()


def test_malformed_identifier_is_not_asked(client: Client, desk: FakeDesk) -> None:
    frame = people(15)
    frame.iloc[3, 0] = "not a number"
    frame.iloc[4, 0] = None
    answered = ask(client, frame)
    assert list(answered["reason"][3:5]) == ["QUERY_INVALID"] * 2
    assert answered["answer"].isna().sum() == 2
    assert [len(subjects) for _, _, subjects in desk.chunks] == [8, 5]


def test_chunk_of_nothing_but_malformed_identifiers_takes_no_number(client: Client, desk: FakeDesk) -> None:
    frame = people(30)
    frame.iloc[10:20, 0] = "?"
    answered = ask(client, frame)
    assert [number for _, number, _ in desk.chunks] == [0, 1]
    assert list(answered["reason"][10:20]) == ["QUERY_INVALID"] * 10
    assert list(answered["answer"][20:]) == [enrolled(subject) for subject in frame["id"][20:]]


def test_frame_of_nothing_but_malformed_identifiers_is_refused_as_a_whole(
    client: Client, desk: FakeDesk
) -> None:
    with pytest.raises(NodeError, match="5 of the 5 values in the column id") as refused:
        ask(client, people(5).assign(id="?"))
    assert refused.value.reason is Reason.QUERY_INVALID
    assert desk.chunks == []


def test_frame_of_malformed_identifiers_that_are_accepted_asks_nobody(client: Client, desk: FakeDesk) -> None:
    answered = ask(client, people(5).assign(id="?"), accept_invalid=True)
    assert list(answered["reason"]) == ["QUERY_INVALID"] * 5
    assert desk.chunks == []


@pytest.mark.parametrize("dtype", ["float64", "object"])
def test_frame_whose_identifiers_were_read_as_floats_is_refused_as_a_whole(
    client: Client, desk: FakeDesk, dtype: str
) -> None:
    digits = [float(resident(number)) for number in range(40) if resident(number).isdigit()]
    frame = pd.DataFrame({"id": pd.Series([*digits, None], dtype=dtype)})
    with pytest.raises(NodeError, match="rounded by a spreadsheet"):
        ask(client, frame)
    assert desk.chunks == []


def test_of_a_rounded_frame_that_is_accepted_nobody_is_asked_about_by_chance(
    client: Client, desk: FakeDesk
) -> None:
    rounded = [resident(number)[:15] + "000" for number in range(300)]
    frame = pd.DataFrame({"id": [*map(int, rounded), *map(resident, range(3))]})
    with pytest.raises(NodeError, match="rounded by a spreadsheet"):
        ask(client, frame)
    answered = ask(client, frame, accept_invalid=True)
    assert set(answered["reason"][:300]) == {"QUERY_INVALID"}
    assert [subjects for _, _, subjects in desk.chunks] == [tuple(map(resident, range(3)))]


def test_identifier_that_an_export_kept_from_rounding_is_asked_about(client: Client, desk: FakeDesk) -> None:
    kept = [f'="{resident(1)}"', f"'{resident(2)}", f"'{resident(3)}'", f"\u202a{resident(4)}\u2800"]
    frame = pd.DataFrame({" ID": kept})
    assert set(ask(client, frame)["reason"]) == {""}
    assert desk.chunks[0][2] == tuple(map(resident, range(1, 5)))


def test_chunks_are_cut_by_bytes_where_claims_are_long(client: Client, desk: FakeDesk) -> None:
    frame = people(400).assign(person="某" * 200)
    answered = client.verify_batch(
        frame, question=VERIFY, purpose=PURPOSE, case="DG-1", claims={"name": "person"}
    )
    assert set(answered["reason"]) == {""}
    assert list(answered["answer"]) == [enrolled(subject) for subject in frame["id"]]
    assert [number for _, number, _ in desk.chunks] == list(range(len(desk.chunks)))
    assert desk.largest_chunk < 32 << 10, "less than the smallest message that a node can be set to take"


def test_batch_that_was_cut_by_bytes_goes_on_with_the_same_chunks(client: Client, desk: FakeDesk) -> None:
    frame = people(400).assign(person="某" * 200)

    def asked(part: pd.DataFrame, batch_id: bytes = b"") -> pd.DataFrame:
        return client.verify_batch(
            part,
            question=VERIFY,
            purpose=PURPOSE,
            case="DG-1",
            claims={"name": "person"},
            batch_id=batch_id,
            chunk_size=100,
        )

    asked(frame)
    whole, desk.chunks = [chunk[1:] for chunk in desk.chunks], []
    desk.break_at = 3
    with pytest.raises(BatchStoppedError) as stopped:
        asked(frame)
    desk.break_at = None
    asked(stopped.value.frame, stopped.value.batch_id)
    assert [chunk[1:] for chunk in desk.chunks] == whole


@pytest.mark.parametrize("claim", ["某" * 201, "\ud800"])
def test_claim_that_no_node_takes_is_told_for_its_row_alone(
    client: Client, desk: FakeDesk, claim: str
) -> None:
    frame = people(3)
    frame["person"] = pd.Series(["甲", claim, "丙"], frame.index, dtype=object)
    answered = client.verify_batch(
        frame, question=VERIFY, purpose=PURPOSE, case="DG-1", claims={"name": "person"}
    )
    assert list(answered["reason"]) == ["", "QUERY_INVALID", ""]


def test_more_claims_than_a_subject_may_have_are_refused_before_anybody_is_asked_about(
    client: Client, desk: FakeDesk
) -> None:
    claims = {f"claim-{number}": "note" for number in range(17)}
    with pytest.raises(NodeError, match="at most 16 claims"):
        client.verify_batch(people(3), question=VERIFY, purpose=PURPOSE, case="DG-1", claims=claims)
    assert desk.chunks == []


def test_chunks_are_no_larger_than_the_nodes_take(client: Client, desk: FakeDesk) -> None:
    desk.most_subjects = 7
    desk.grants["g-1"].chunk_subjects.extend([7, 7])
    done = client.verify_batch(people(30), question=VERIFY, purpose=PURPOSE, case="DG-1")
    assert set(done["reason"]) == {""}
    assert [len(subjects) for _, _, subjects in desk.chunks] == [7, 7, 7, 7, 2]


def test_frame_that_goes_on_counts_the_chunks_that_were_asked_whatever_their_size(
    client: Client, desk: FakeDesk
) -> None:
    desk.break_at = 2
    with pytest.raises(BatchStoppedError) as stopped:
        ask(client, people(30))
    desk.break_at = None
    desk.chunks.clear()
    desk.grants["g-1"].chunk_subjects.extend([4, 4])
    done = ask(client, stopped.value.frame, batch_id=stopped.value.batch_id)
    assert set(done["reason"]) == {""}
    assert [number for _, number, _ in desk.chunks] == [2, 3, 4]


def test_frame_that_is_refused_for_its_size_goes_on_in_smaller_chunks(client: Client, desk: FakeDesk) -> None:
    def take_less(number: int) -> None:
        if number == 1:
            desk.most_subjects = 4
            desk.fresh["g-1"] = grant_message()
            desk.fresh["g-1"].chunk_subjects.extend([4, 4])

    desk.at_chunk = take_less
    frame = people(30)
    done = ask(client, frame)
    assert list(done["answer"]) == [enrolled(subject) for subject in frame["id"]]
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 2


def test_frame_that_no_chunk_is_small_enough_for_stops(client: Client, desk: FakeDesk) -> None:
    desk.most_subjects = 4
    with pytest.raises(BatchStoppedError) as stopped:
        ask(client, people(20))
    assert stopped.value.metadata["clause"] == "subjects"
    assert stopped.value.frame["reason"].isna().all()


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_chunk_size_out_of_bounds_is_refused(client: Client, desk: FakeDesk, size: int) -> None:
    with pytest.raises(NodeError, match="1 to 1000"):
        client.verify_batch(people(3), question=VERIFY, purpose=PURPOSE, case="DG-1", chunk_size=size)


def test_subject_over_its_limit_is_told_apart(client: Client, desk: FakeDesk) -> None:
    frame = people(5)
    desk.over_limit.add(resident(2))
    answered = ask(client, frame)
    assert list(answered["reason"]) == ["", "", "QUOTA_EXHAUSTED", "", ""]
    assert answered["answer"].isna().to_list() == [False, False, True, False, False]


def test_stopped_batch_goes_on_behind_the_last_answer(client: Client, desk: FakeDesk) -> None:
    frame = people(45)
    frame.iloc[0:10, 0] = "?"
    desk.break_at = 2
    with pytest.raises(BatchStoppedError) as stopped:
        ask(client, frame)
    assert stopped.value.reason is Reason.PEER_UNAVAILABLE
    part = stopped.value.frame
    assert len(part) == 45
    assert part["reason"].notna().sum() == 30
    desk.break_at = None
    answered = ask(client, part, batch_id=stopped.value.batch_id)
    assert [number for _, number, _ in desk.chunks] == [0, 1, 2, 3]
    assert len({batch_id for batch_id, _, _ in desk.chunks}) == 1
    assert list(answered["answer"][10:]) == [enrolled(subject) for subject in frame["id"][10:]]
    assert answered["reason"].notna().all()


def test_refusal_stops_the_batch_with_its_reason(client: Client, desk: FakeDesk) -> None:
    desk.refuse[1] = Reason.SUSPENDED
    with pytest.raises(BatchStoppedError) as stopped:
        ask(client, people(30))
    assert stopped.value.reason is Reason.SUSPENDED
    assert stopped.value.frame["reason"].notna().sum() == 10
    # The refusal stays on record under the first id: a resumed batch has another.
    assert stopped.value.batch_id not in {batch_id for batch_id, _, _ in desk.chunks}


def test_refusal_of_the_content_of_one_chunk_stays_with_it(client: Client, desk: FakeDesk) -> None:
    desk.refuse[1] = Reason.QUERY_INVALID
    answered = ask(client, people(30))
    assert list(answered["reason"][10:20]) == ["QUERY_INVALID"] * 10
    assert answered["answer"].notna().sum() == 20


def test_claims_come_from_their_columns(client: Client, desk: FakeDesk) -> None:
    frame = people(3).assign(person=["甲", "乙", "丙"])
    client.verify_batch(frame, question=VERIFY, purpose=PURPOSE, case="DG-1", claims={"name": "person"})
    assert desk.claims == [{"name": "甲"}, {"name": "乙"}, {"name": "丙"}]


def test_identifier_of_another_kind_than_the_datasets_is_not_asked(client: Client, desk: FakeDesk) -> None:
    desk.grants["g-1"] = grant_message(subject_type="resident_id")
    frame = pd.DataFrame({"id": [resident(1), BY_CHANCE, "11441900000000019Y", f"\u202a{resident(2)}"]})
    answered = ask(client, frame)
    assert list(answered["reason"]) == ["", "QUERY_INVALID", "QUERY_INVALID", ""]
    assert [subjects for _, _, subjects in desk.chunks] == [(resident(1), resident(2))]


def test_missing_column_is_named(client: Client) -> None:
    with pytest.raises(NodeError) as raised:
        client.verify_batch(people(1), subject="number", question=VERIFY, purpose=PURPOSE, case="DG-1")
    assert raised.value.reason is Reason.QUERY_INVALID
    assert raised.value.metadata["column"] == "number"


def test_empty_frame_is_answered_empty(client: Client) -> None:
    assert list(ask(client, people(0)).columns) == [
        "id",
        "note",
        "answer",
        "reason",
        "exchange_id",
        "data_as_of",
    ]


def test_identifiers_read_as_numbers_are_asked(client: Client, desk: FakeDesk) -> None:
    digits = [number for number in range(40) if resident(number).isdigit()]
    frame = pd.DataFrame({"id": [int(resident(number)) for number in digits]})
    assert set(ask(client, frame)["reason"]) == {""}


@pytest.mark.parametrize("digits", ["011441900000000019", "044190019500101002", "0"])
def test_no_identifier_begins_with_a_zero_so_that_whole_numbers_have_lost_nothing(digits: str) -> None:
    assert identifier(digits) is None
    assert identifier("0" + resident(1)[1:]) is None


@pytest.mark.parametrize(
    "numbers",
    [
        pd.Series([12, 7, 9], dtype="int64"),
        pd.Series([12, 7, None], dtype="Int64"),
        pd.Series(["012", 7, "9"], dtype="object"),
    ],
    ids=["int64", "Int64", "object"],
)
def test_claims_that_were_read_as_numbers_are_refused_as_they_may_have_lost_zeros(
    client: Client, desk: FakeDesk, numbers: pd.Series
) -> None:
    frame = people(3).assign(certificate=numbers.to_numpy(dtype=object))
    claims = {"certificate": "certificate"}
    with pytest.raises(NodeError, match=r"read the table as text \(dtype=str\)") as refused:
        client.verify_batch(frame, question=VERIFY, purpose=PURPOSE, case="DG-1", claims=claims)
    assert refused.value.metadata["column"] == "certificate"
    assert desk.chunks == []
    frame["certificate"] = ["012", "7", "9"]
    client.verify_batch(frame, question=VERIFY, purpose=PURPOSE, case="DG-1", claims=claims)
    assert desk.claims == [{"certificate": "012"}, {"certificate": "7"}, {"certificate": "9"}]


@pytest.mark.parametrize("claim", [12.5, True, pd.Timestamp(2020, 1, 31), ["x"], "2020\x07"])
def test_claim_without_one_text_is_not_asked(client: Client, desk: FakeDesk, claim: object) -> None:
    frame = people(3)
    frame["since"] = pd.Series(["2020-01-31", claim, None], frame.index, dtype=object)
    answered = client.verify_batch(
        frame, question=VERIFY, purpose=PURPOSE, case="DG-1", chunk_size=10, claims={"since": "since"}
    )

    assert list(answered["reason"]) == ["", "QUERY_INVALID", ""]
    assert desk.claims == [{"since": "2020-01-31"}, {"since": ""}]


def test_column_that_is_there_twice_is_refused(client: Client, desk: FakeDesk) -> None:
    frame = people(3)
    frame.columns = pd.Index(["id", "id"])

    with pytest.raises(NodeError, match="more than one column id"):
        ask(client, frame)
    assert desk.chunks == []
