"""Claims about the typed client, at a small working desk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from support.fake_catalogue import DATASET, PROVIDER, PURPOSE, REQUESTER
from support.fake_desk import (
    COUNT,
    EXCHANGE,
    FIELD,
    VERIFY,
    FakeDesk,
    claims_of,
    enrolled,
    grant_message,
    resident,
)
from support.plain_log import make_log
from support.told import all_english

from node.client import Chunk, Client, Subject, convert
from node.core.deciding.grant import Grant, GrantState
from node.core.state.part import Part, PartKind
from node.errors import NodeError, Reason
from node.texts.message import Message
from node.v1 import desk_pb2


def test_verification_is_one_bit_with_its_proof(client: Client) -> None:
    for number in range(4):
        said = client.verify(VERIFY, resident(number), purpose=PURPOSE, case="DG-1", exchange_id=EXCHANGE)
        assert said.answer is enrolled(resident(number))
    assert (said.proof.own_index, said.proof.provider_index, said.proof.provider_size) == (2, 7, 9)
    assert said.proof.exchange_id == EXCHANGE


def test_query_claims_and_parameters_reach_the_desk(client: Client, desk: FakeDesk) -> None:
    client.verify(
        VERIFY, resident(1), purpose=PURPOSE, case="DG-7", parameters={"n": "60"}, claims={"name": "张三"}
    )
    query = desk.asked[0].query
    assert (query.provider, query.dataset, query.question) == (PROVIDER, DATASET, "is-enrolled")
    assert (query.purpose, query.case_number, dict(query.parameters)) == (PURPOSE, "DG-7", {"n": "60"})
    assert claims_of(desk.asked[0]) == {"name": "张三"}


def test_each_question_gets_an_exchange_id_of_its_own(client: Client, desk: FakeDesk) -> None:
    for _ in range(2):
        client.verify(VERIFY, resident(1), purpose=PURPOSE, case="DG-1")
    first, second = (asked.exchange_id for asked in desk.asked)
    assert len(first) == len(second) == 16
    assert first != second


def test_provider_is_found_among_the_grants(client: Client, desk: FakeDesk) -> None:
    client.verify(f"{DATASET}/is-enrolled", resident(1), purpose=PURPOSE, case="DG-1")
    assert desk.asked[0].query.provider == PROVIDER


def test_provider_is_asked_for_grants_that_are_not_known_yet(client: Client, desk: FakeDesk) -> None:
    desk.grants, desk.fresh = {}, {"g-1": grant_message()}
    client.verify(f"{DATASET}/is-enrolled", resident(1), purpose=PURPOSE, case="DG-1")
    assert desk.asked[0].query.provider == PROVIDER


def test_provider_must_be_named_when_several_gave_grants(client: Client, desk: FakeDesk) -> None:
    desk.grants["g-2"] = grant_message(id="g-2", provider="11441900000000027R")
    with pytest.raises(NodeError) as raised:
        client.verify(f"{DATASET}/is-enrolled", resident(1), purpose=PURPOSE, case="DG-1")
    assert raised.value.reason is Reason.QUERY_INVALID


def test_dataset_without_grant_needs_its_provider(client: Client) -> None:
    with pytest.raises(NodeError) as raised:
        client.verify("diploma/degree", resident(1), purpose=PURPOSE, case="DG-1")
    assert raised.value.reason is Reason.NO_GRANT


@pytest.mark.parametrize("question", ["", "is-enrolled", "a/b/c/d", "a//c", "/b"])
def test_malformed_question_name_is_refused(client: Client, question: str) -> None:
    with pytest.raises(NodeError) as raised:
        client.verify(question, resident(1), purpose=PURPOSE, case="DG-1")
    assert raised.value.reason is Reason.QUERY_INVALID


def test_field_answer_is_a_value_or_none(client: Client) -> None:
    values = {
        enrolled(resident(number)): client.field(FIELD, resident(number), purpose=PURPOSE, case="DG-1").value
        for number in range(20)
    }
    assert values == {True: "[0,60)", False: None}


def test_answer_of_another_kind_is_refused(client: Client) -> None:
    with pytest.raises(NodeError) as raised:
        client.verify(FIELD, resident(1), purpose=PURPOSE, case="DG-1")
    assert raised.value.reason is Reason.QUERY_INVALID


def test_subject_over_its_own_limit_is_no_answer(client: Client, desk: FakeDesk) -> None:
    desk.over_limit.add(resident(1))
    with pytest.raises(NodeError) as raised:
        client.verify(VERIFY, resident(1), purpose=PURPOSE, case="DG-1")
    assert raised.value.reason is Reason.QUOTA_EXHAUSTED


def test_statistic_has_cells_price_and_accuracy(client: Client) -> None:
    release = client.statistic(COUNT, purpose="city-planning", case="DG-2")
    assert [(cell.key, cell.count) for cell in release.cells] == [(("441900003",), 120), (("441900004",), -2)]
    assert (release.epsilon_micros, release.accuracy_95, release.reused) == (500_000, 6, True)


def test_subject_is_in_no_representation() -> None:
    subject = Subject(resident(1), {"name": "张三"})
    for text in (repr(subject), str(subject), repr(Chunk(0, (subject,)))):
        assert resident(1) not in text
        assert "张三" not in text


def test_batch_gives_results_in_order(client: Client, desk: FakeDesk) -> None:
    chunks = [Chunk(n, tuple(Subject(resident(10 * n + i)) for i in range(10))) for n in range(30)]
    results = list(client.batch(VERIFY, chunks, purpose=PURPOSE, case="DG-1", batch_id=EXCHANGE))
    assert [result.chunk for result in results] == list(range(30))
    for chunk, result in zip(chunks, results, strict=True):
        assert result.answers == tuple(enrolled(subject.id) for subject in chunk.subjects)
    assert {batch_id for batch_id, _, _ in desk.chunks} == {EXCHANGE}


def test_refused_chunk_does_not_end_the_batch(client: Client, desk: FakeDesk) -> None:
    desk.refuse[1] = Reason.QUERY_INVALID
    chunks = [Chunk(n, (Subject(resident(n)),)) for n in range(3)]
    first, second, third = client.batch(VERIFY, chunks, purpose=PURPOSE, case="DG-1", batch_id=EXCHANGE)
    assert second.refusal is not None
    assert second.refusal.reason is Reason.QUERY_INVALID
    assert first.answers
    assert third.answers


def test_batch_asks_no_further_ahead_than_its_window(client: Client, desk: FakeDesk) -> None:
    taken = 0

    def chunks() -> Iterator[Chunk]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield Chunk(number, (Subject(resident(number)),))

    results = client.batch(VERIFY, chunks(), purpose=PURPOSE, case="DG-1", batch_id=EXCHANGE, window=4)
    next(results)
    assert taken <= 5


def test_error_of_the_source_of_chunks_reaches_the_caller(client: Client) -> None:
    def chunks() -> Iterator[Chunk]:
        yield Chunk(0, (Subject(resident(0)),))
        raise OSError("the file went away")

    with pytest.raises(OSError, match="the file went away"):
        list(client.batch(VERIFY, chunks(), purpose=PURPOSE, case="DG-1", batch_id=EXCHANGE))


def test_chunk_with_too_many_subjects_is_refused_before_it_is_sent(client: Client, desk: FakeDesk) -> None:
    chunk = Chunk(0, tuple(Subject(resident(number)) for number in range(1001)))
    with pytest.raises(NodeError) as raised:
        list(client.batch(VERIFY, [chunk], purpose=PURPOSE, case="DG-1", batch_id=EXCHANGE))
    assert raised.value.reason is Reason.QUERY_INVALID
    assert desk.chunks == []


def test_empty_batch_asks_nothing(client: Client, desk: FakeDesk) -> None:
    assert list(client.batch(VERIFY, [], purpose=PURPOSE, case="DG-1", batch_id=EXCHANGE)) == []


def test_catalogue_lists_and_shows(client: Client) -> None:
    assert [entry.dataset for entry in client.catalogue(PROVIDER)] == [DATASET]
    entry = client.dataset(DATASET, PROVIDER)
    assert (entry.provider, entry.sharing, entry.level, entry.personal) == (PROVIDER, "conditional", 3, True)
    assert entry.questions[0].parameters == {"n": ("60", "120")}
    assert entry.questions[0].claims == {"name": 3}


def test_grant_goes_through_its_life(client: Client) -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    wanted = Grant(
        id="",
        provider="",
        requester=PROVIDER,
        dataset=DATASET,
        questions=frozenset({"is-enrolled"}),
        purposes=(PURPOSE,),
        region="441900",
        subjects_per_day=50,
        valid_from=start,
        valid_until=end,
        state=GrantState.ACTIVE,
        basis="b",
        scenario="s",
        note="",
    )
    issued = client.admin.issue_grant(wanted)
    assert (issued.id, issued.provider, issued.valid_until) == ("g-2", REQUESTER, end)
    assert client.admin.suspend_grant("g-2", "why").state is GrantState.SUSPENDED
    assert client.admin.resume_grant("g-2").state is GrantState.ACTIVE
    assert client.admin.revoke_grant("g-2", "end").note == "end"
    assert client.admin.grant("g-2").state is GrantState.REVOKED
    assert [grant.id for grant in client.admin.issued_grants()] == ["g-1", "g-2"]


def test_status_and_reload_are_told(client: Client) -> None:
    status = client.admin.status()
    (problem,) = status.problems
    assert (status.state, problem.part) == ("DEGRADED", Part(PartKind.SOURCE, "tax-payment"))
    assert problem.message == (
        "source tax-payment: the database does not answer: check it and its network, then ask again"
    )
    assert status.datasets[0].problem == problem
    assert status.keys[0].expires is None
    reloaded = client.admin.reload()
    assert all_english(reloaded.done) == ["certificates and keys"]
    assert [each.part for each in reloaded.refused] == [Part(PartKind.DIRECTORY)]


def test_records_are_read_page_by_page(client: Client, desk: FakeDesk) -> None:
    desk.leaves = make_log(20)
    assert [record.leaf for record in client.log.records()] == desk.leaves
    assert [record.index for record in client.log.records(5, 15)] == list(range(5, 15))
    assert client.log.size() == 40


def test_what_a_newer_node_tells_is_named_as_unknown() -> None:
    newer = desk_pb2.PartProblem(part="weather", name="x", wording='{"key":"state.weather.bad","args":{}}')
    reloaded = convert.reloaded(desk_pb2.ReloadResponse(part_problems=[newer], done_wordings=["nonsense"]))
    (problem,) = reloaded.refused
    assert problem.part == Part(PartKind.OTHER, "x")
    assert problem.problem == Message("state.unknown") == reloaded.done[0]
