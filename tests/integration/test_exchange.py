"""An exchange between two nodes over mutual TLS: answered, denied, recorded on both sides, retried."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pandas as pd
import pytest
from support.cli_run import dxnode
from support.fake_desk import BY_CHANCE
from support.running import (
    BAND,
    BY_REGION,
    CASE,
    DEFERRAL,
    ENROLLED,
    PENSION,
    PLANNING,
    Running,
    pension_grant,
    pension_town,
    resident,
    running,
)
from support.town import HR, MEDICAL, TAX
from support.waiting import wait_for

from node.cli.terminal.exits import Exit
from node.client import Chunk, ChunkResult, Client, Subject
from node.client.frame import BatchStoppedError
from node.core.deciding.grant import Grant
from node.core.log.checkpoint import Checkpoint
from node.core.log.merkle import leaf_hash, verify_inclusion
from node.core.log.usage import parse_record
from node.core.policy.question_kind import QuestionKind
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(pension_town(tmp_path_factory.mktemp("town"))) as nodes:
        nodes.grant()
        nodes.grant(pension_grant(MEDICAL))
        yield nodes


UNLISTED = "11441900000000043F"


def tax_desk(nodes: Running) -> str:
    return f"unix:{nodes.town.offices[TAX].socket}"


@pytest.fixture
def tax(nodes: Running) -> Iterator[Client]:
    with nodes.operator(TAX) as client:
        yield client


def _verify(client: Client, number: int, purpose: str = DEFERRAL, case: str = CASE) -> bool:
    return client.verify(ENROLLED, resident(number), purpose=purpose, case=case).answer


def test_verification_says_what_the_register_says(tax: Client) -> None:
    assert _verify(tax, 2) is True
    assert _verify(tax, 3) is False
    assert _verify(tax, 777) is False


def test_derived_field_is_a_band_and_absent_for_the_unknown(tax: Client) -> None:
    assert tax.field(BAND, resident(77), purpose=DEFERRAL, case=CASE).value == "[60,120)"
    assert tax.field(BAND, resident(777), purpose=DEFERRAL, case=CASE).value is None


def test_claim_is_compared_and_wrong_tries_run_out(tax: Client) -> None:
    def try_name(name: str) -> bool:
        return tax.verify(
            f"{PENSION}/name-matches", resident(8), purpose=DEFERRAL, case=CASE, claims={"name": name}
        ).answer

    assert try_name("张三8") is True
    for _ in range(3):
        assert try_name("李四") is False
    with pytest.raises(NodeError) as stopped:
        try_name("张三8")
    assert stopped.value.reason is Reason.QUOTA_EXHAUSTED
    assert stopped.value.metadata["clause"] == "claims.wrong_tries_per_subject"


def test_parameter_is_one_of_the_choices(tax: Client) -> None:
    question = f"{PENSION}/months-at-least"
    said = tax.verify(question, resident(61), purpose=DEFERRAL, case=CASE, parameters={"n": "60"})
    assert said.answer is True
    with pytest.raises(NodeError) as refused:
        tax.verify(question, resident(61), purpose=DEFERRAL, case=CASE, parameters={"n": "61"})
    assert refused.value.reason is Reason.QUERY_INVALID


def test_statistic_is_released_once_and_reused_at_no_cost(nodes: Running, tax: Client) -> None:
    first = tax.statistic(BY_REGION, purpose=PLANNING, case=CASE)
    assert len(first.cells) == 8
    town_cell = next(cell for cell in first.cells if cell.key == ("441900003",))
    # Once in about three million runs it is further away.
    assert abs(town_cell.count - 250) <= 5 * first.accuracy_95
    with nodes.operator(MEDICAL) as medical:
        second = medical.statistic(BY_REGION, purpose=PLANNING, case=CASE)
    assert second.reused
    assert second.cells == first.cells
    charges = {
        charge.scope: charge.amount for record in nodes.records(HR)[-1:] for charge in record.verdict.charges
    }
    assert not any(scope.startswith("budget.") for scope in charges)


def test_each_side_records_the_exchange_with_the_hash_of_the_other(nodes: Running, tax: Client) -> None:
    proof = tax.verify(ENROLLED, resident(4), purpose=DEFERRAL, case=CASE).proof
    own, provider = nodes.leaves(TAX), nodes.leaves(HR)
    outcome = parse_record(own[proof.own_index])
    verdict = parse_record(provider[proof.provider_index])
    intent = next(leaf for leaf in own if parse_record(leaf).exchange_id == proof.exchange_id)

    assert verdict.exchange_id == outcome.exchange_id == proof.exchange_id
    assert verdict.verdict.intent == intent
    assert outcome.outcome.intent_hash == leaf_hash(intent)
    assert outcome.outcome.verdict_hash == leaf_hash(provider[proof.provider_index])
    assert outcome.outcome.kind == rec.OUTCOME_KIND_ANSWERED
    assert verdict.verdict.decision == rec.DECISION_PERMIT
    assert verdict.verdict.rule == proof.rule == "tax-deferral"


def test_intent_is_recorded_before_the_verdict_and_the_verdict_before_the_outcome(
    nodes: Running, tax: Client
) -> None:
    proof = tax.verify(ENROLLED, resident(4), purpose=DEFERRAL, case=CASE).proof
    own = [r for r in nodes.records(TAX) if r.exchange_id == proof.exchange_id]
    verdict = parse_record(nodes.leaves(HR)[proof.provider_index])
    assert [record.WhichOneof("body") for record in own] == ["intent", "outcome"]
    assert own[0].time_ms <= verdict.time_ms <= own[1].time_ms
    # The requester's log had the intent when the provider decided.
    assert verdict.verdict.requester_log.index < verdict.verdict.requester_log.size <= proof.own_index


def test_proof_that_the_desk_gives_holds_in_the_providers_log(nodes: Running, tax: Client) -> None:
    proof = tax.verify(ENROLLED, resident(4), purpose=DEFERRAL, case=CASE).proof
    with nodes.operator(HR) as hr:
        shown = hr.log.inclusion_proof(proof.provider_index)
        checkpoint = Checkpoint.parse(hr.log.checkpoints().newest.partition(b"\n\n")[0] + b"\n")
        leaf = next(iter(hr.log.records(proof.provider_index, proof.provider_index + 1))).leaf
    assert checkpoint.size == shown.size
    verify_inclusion(shown.index, shown.size, leaf_hash(leaf), shown.hashes, checkpoint.root)


def test_denial_is_recorded_on_both_sides(nodes: Running, tax: Client) -> None:
    with pytest.raises(NodeError) as denied:
        _verify(tax, 2, purpose="social-insurance/pension/transfer", case="wrong form")
    assert denied.value.reason is Reason.CONDITION_NOT_MET
    assert denied.value.metadata["rule"] == "after-hours-check"
    assert denied.value.metadata["clause"].startswith("when.")
    exchange_id = bytes.fromhex(denied.value.metadata["exchange_id"])
    verdict = next(r for r in nodes.records(HR) if r.exchange_id == exchange_id).verdict
    own = [r for r in nodes.records(TAX) if r.exchange_id == exchange_id]
    assert (verdict.decision, verdict.reason) == (rec.DECISION_DENY, Reason.CONDITION_NOT_MET.wire)
    assert not verdict.charges
    assert not verdict.answer_commitment
    assert own[-1].outcome.kind == rec.OUTCOME_KIND_DENIED
    assert own[-1].outcome.reason == Reason.CONDITION_NOT_MET.wire
    verdict_leaf = next(leaf for leaf in nodes.leaves(HR) if parse_record(leaf).exchange_id == exchange_id)
    assert own[-1].outcome.verdict_hash == leaf_hash(verdict_leaf)


def test_desk_refuses_a_purpose_outside_its_grant_before_anything_is_sent(
    nodes: Running, tax: Client
) -> None:
    before = len(nodes.records(HR))
    with pytest.raises(NodeError) as refused:
        _verify(tax, 2, purpose="tax/inspection")
    assert refused.value.reason is Reason.PURPOSE_NOT_ALLOWED
    assert len(nodes.records(HR)) == before
    assert not any(r.intent.purpose == "tax/inspection" for r in nodes.records(TAX))
    attempts = [r for r in nodes.records(TAX) if r.refusals.attempt.purpose == "tax/inspection"]
    assert (attempts[-1].requester, attempts[-1].provider) == (TAX, HR)
    assert attempts[-1].refusals.attempt.question == "is-enrolled"
    assert attempts[-1].refusals.attempt.case_number == CASE


def test_department_that_the_directory_does_not_list_is_for_the_caller_to_correct(
    nodes: Running, tax: Client
) -> None:
    elsewhere = ENROLLED.replace(HR, UNLISTED)
    with pytest.raises(NodeError) as refused:
        tax.verify(elsewhere, resident(2), purpose=DEFERRAL, case=CASE)
    assert refused.value.reason is Reason.NOT_FOUND
    last = nodes.records(TAX)[-1]
    assert (last.provider, last.refusals.attempt.question) == (UNLISTED, "is-enrolled")
    ask = ("verify", elsewhere, "--purpose", DEFERRAL, "--case", CASE, "--desk", tax_desk(nodes))
    said = dxnode(*ask, stdin=f"{resident(2)}\n")
    assert said.code == Exit.USAGE
    assert "the directory has no such department: check its credit code" in said.err
    assert "again" not in said.err
    assert "部门名录中没有该部门" in dxnode(*ask, "--lang", "zh", stdin=f"{resident(2)}\n").err


def test_batch_to_a_department_that_the_directory_does_not_list_stops_at_once(
    nodes: Running, tax: Client
) -> None:
    frame = pd.DataFrame({"id": [resident(number) for number in range(20)]})
    before = len(nodes.records(TAX))
    with pytest.raises(BatchStoppedError) as stopped:
        tax.verify_batch(
            frame, question=ENROLLED.replace(HR, UNLISTED), purpose=DEFERRAL, case=CASE, chunk_size=1
        )
    assert stopped.value.reason is Reason.NOT_FOUND
    assert len(nodes.records(TAX)) <= before + 9


def test_attempt_that_names_a_person_is_recorded_without_the_name(nodes: Running, tax: Client) -> None:
    with pytest.raises(NodeError) as refused:
        _verify(tax, 2, case=resident(2))
    assert refused.value.reason is Reason.QUERY_INVALID
    last = nodes.records(TAX)[-1]
    assert last.refusals.attempt.question == "is-enrolled"
    assert last.refusals.attempt.case_number == ""


def test_retry_with_the_same_exchange_id_gets_the_same_answer_and_one_charge(
    nodes: Running, tax: Client
) -> None:
    exchange_id = os.urandom(16)
    said = [
        tax.verify(ENROLLED, resident(6), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id)
        for _ in range(3)
    ]
    assert said[0] == said[1] == said[2]
    assert sum(r.exchange_id == exchange_id for r in nodes.records(HR)) == 1
    assert sum(r.exchange_id == exchange_id for r in nodes.records(TAX)) == 2


def test_question_asked_with_the_wrong_command_is_refused_before_it_is_sent(
    nodes: Running, tax: Client
) -> None:
    before = len(nodes.records(HR))
    attempts: list[tuple[Callable[[], object], str]] = [
        (lambda: tax.field(ENROLLED, resident(6), purpose=DEFERRAL, case=CASE), "`dxnode verify`"),
        (lambda: tax.statistic(ENROLLED, purpose=DEFERRAL, case=CASE), "`dxnode verify`"),
        (lambda: tax.verify(BAND, resident(6), purpose=DEFERRAL, case=CASE), "`dxnode ask`"),
        (lambda: tax.verify(BY_REGION, resident(6), purpose=PLANNING, case=CASE), "`dxnode stats`"),
    ]
    for attempt, command in attempts:
        with pytest.raises(NodeError) as mistaken:
            attempt()
        assert mistaken.value.reason is Reason.QUERY_INVALID
        assert command in mistaken.value.message
        assert mistaken.value.metadata["clause"] == "question.kind"
    assert len(nodes.records(HR)) == before
    assert nodes.records(TAX)[-1].refusals.attempt.question == "enrolled-by-region"


def test_kind_of_a_question_is_that_of_the_grants(nodes: Running, tax: Client) -> None:
    assert [tax.kind_of(name) for name in (ENROLLED, BAND, BY_REGION)] == list(QuestionKind)
    assert tax.kind_of(f"{PENSION}/unknown") is QuestionKind.VERIFY
    with nodes.operator(HR) as hr:
        assert {grant.kinds for grant in hr.admin.issued_grants()} == {()}


def test_subject_of_another_kind_is_told_as_what_the_dataset_has_and_not_sent(
    nodes: Running, tax: Client
) -> None:
    assert tax.subject_type_of(ENROLLED) == "resident_id"
    assert tax.subject_type_of("pension-insurance/is-enrolled") == "resident_id"
    assert tax.subject_type_of("other/is-enrolled") is None
    before = len(nodes.records(HR))
    number = resident(6)
    wrong_digit = number[:-1] + ("1" if number[-1] != "1" else "2")
    for wrong, told in (
        (wrong_digit, "the resident identity number does not fit its check character"),
        (BY_CHANCE, "the dataset is about people, and this is a credit code"),
        (HR, "the dataset is about people, and this is a credit code"),
    ):
        with pytest.raises(NodeError, match=told) as refused:
            tax.verify(ENROLLED, wrong, purpose=DEFERRAL, case=CASE)
        assert refused.value.reason is Reason.QUERY_INVALID
        assert wrong not in refused.value.message
        chunks = [Chunk(0, (Subject(wrong),))]
        with pytest.raises(NodeError, match=told):
            list(tax.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16)))
    assert len(nodes.records(HR)) == before


def test_what_is_copied_is_asked_without_what_cannot_be_seen(nodes: Running, tax: Client) -> None:
    said = tax.verify(
        f"\u202a{ENROLLED.lower()}\u202c",
        f"\u2068{resident(6)}\u2069",
        purpose=f"{DEFERRAL}\u200b",
        case=f"\ufeff{CASE}\u00a0",
    )
    assert said.answer is True
    assert nodes.records(HR)[-1].exchange_id == said.proof.exchange_id


def test_claim_with_a_control_character_uses_no_try(nodes: Running, tax: Client) -> None:
    before = len(nodes.records(HR))
    with pytest.raises(NodeError, match=r"claimed as name holds a control character .* U\+0007 in place 2"):
        tax.verify(
            f"{PENSION}/name-matches",
            resident(6),
            purpose=DEFERRAL,
            case=CASE,
            claims={"name": "张\x07三6"},
        )
    assert len(nodes.records(HR)) == before


@pytest.mark.parametrize("claim", ["张　三14", "张\u200b三１４", "\u202a张三14\u202c"])
def test_name_is_claimed_as_keyboards_and_forms_write_it(tax: Client, claim: str) -> None:
    name = f"{PENSION}/name-matches"
    said = tax.verify(name, resident(14), purpose=DEFERRAL, case=CASE, claims={"name": claim})
    assert said.answer is True


def test_other_content_under_a_used_exchange_id_is_refused(tax: Client) -> None:
    exchange_id = os.urandom(16)
    tax.verify(ENROLLED, resident(6), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id)
    with pytest.raises(NodeError) as replayed:
        tax.verify(ENROLLED, resident(8), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id)
    assert replayed.value.reason is Reason.REQUEST_REPLAYED


def test_caller_who_hangs_up_and_asks_again_gets_the_one_answer(nodes: Running) -> None:
    exchange_id = os.urandom(16)
    with nodes.operator(TAX, timeout=0.002) as hasty, suppress(NodeError):
        hasty.verify(ENROLLED, resident(10), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id)
    with nodes.operator(TAX) as patient:
        said = patient.verify(ENROLLED, resident(10), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id)
    assert said.answer is True
    assert sum(r.exchange_id == exchange_id for r in nodes.records(HR)) == 1
    own = [r.WhichOneof("body") for r in nodes.records(TAX) if r.exchange_id == exchange_id]
    assert own == ["intent", "outcome"]


def test_callers_at_once_with_one_exchange_id_get_one_answer(nodes: Running, tax: Client) -> None:
    exchange_id = os.urandom(16)
    together = threading.Barrier(8)

    def ask() -> object:
        together.wait()
        return tax.verify(ENROLLED, resident(12), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id)

    with ThreadPoolExecutor(8) as pool:
        said = [done.result() for done in [pool.submit(ask) for _ in range(8)]]
    assert all(each == said[0] for each in said)
    assert sum(r.exchange_id == exchange_id for r in nodes.records(HR)) == 1
    assert sum(r.exchange_id == exchange_id for r in nodes.records(TAX)) == 2


def test_batch_is_answered_in_order_and_every_chunk_recorded(nodes: Running, tax: Client) -> None:
    before = len(nodes.records(HR))
    frame = pd.DataFrame({"id": [resident(n) for n in range(500)] + [resident(900)]})
    done = tax.verify_batch(frame, question=ENROLLED, purpose=DEFERRAL, case=CASE, chunk_size=100)
    assert list(done["answer"]) == [n % 2 == 0 for n in range(500)] + [False]
    verdicts = [r.verdict for r in nodes.records(HR)[before:]]
    assert len(verdicts) == 6
    intents = [parse_record(verdict.intent).intent for verdict in verdicts]
    assert sorted(intent.batch.chunk for intent in intents) == [0, 1, 2, 3, 4, 5]
    assert len({intent.batch.batch_id for intent in intents}) == 1
    assert sum(c.amount for v in verdicts for c in v.charges if c.scope == "rule.day") == 501


def _chunks_recorded(nodes: Running, batch_id: bytes) -> list[int]:
    """The chunks of a batch that the provider decided, each as often as it did."""
    intents = [
        parse_record(record.verdict.intent).intent
        for record in nodes.records(HR)
        if record.WhichOneof("body") == "verdict"
    ]
    return sorted(intent.batch.chunk for intent in intents if intent.batch.batch_id == batch_id)


def test_resumed_batch_is_not_charged_again(nodes: Running, tax: Client) -> None:
    batch_id = os.urandom(16)
    chunks = [Chunk(number, (Subject(resident(number)),)) for number in range(4)]

    def ask(part: list[Chunk]) -> list[object]:
        return [
            each.answers for each in tax.batch(ENROLLED, part, purpose=DEFERRAL, case=CASE, batch_id=batch_id)
        ]

    first = ask(chunks[:3])
    again = ask(chunks[1:])
    assert again[:2] == first[1:]
    assert _chunks_recorded(nodes, batch_id) == [0, 1, 2, 3]


def test_two_callers_of_one_batch_do_not_disturb_anyone(nodes: Running) -> None:
    batch_id = os.urandom(16)
    together = threading.Barrier(3)

    def batch() -> list[str]:
        with nodes.operator(TAX) as client:
            together.wait()
            chunks = [Chunk(n, (Subject(resident(n)),)) for n in range(12)]
            try:
                return [
                    "answered" if each.refusal is None else each.refusal.reason.name
                    for each in client.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=batch_id)
                ]
            except NodeError as error:
                return [error.reason.name]

    def single() -> bool:
        with nodes.operator(TAX) as client:
            together.wait()
            return all(_verify(client, n) is (n % 2 == 0) for n in range(20))

    with ThreadPoolExecutor(3) as pool:
        batches = [pool.submit(batch), pool.submit(batch)]
        alone = pool.submit(single)
        seen = {reason for each in batches for reason in each.result()}
        assert alone.result()
    assert seen <= {"answered", "REQUEST_REPLAYED"}
    assert "answered" in seen
    assert _chunks_recorded(nodes, batch_id) == list(range(12))


def _batch(client: Client, count: int, each: int = 1) -> Generator[ChunkResult, None, None]:
    """A batch of `count` chunks about `each` subjects, to be taken result by result."""
    chunks = [Chunk(n, (Subject(resident(n)),) * each) for n in range(count)]
    yield from client.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16))


def _open_intents(nodes: Running, code: str) -> set[bytes]:
    records = nodes.records(code)
    asked = {r.exchange_id for r in records if r.WhichOneof("body") == "intent"}
    return asked - {r.exchange_id for r in records if r.WhichOneof("body") == "outcome"}


def test_every_intent_has_an_outcome_though_callers_hang_up(nodes: Running) -> None:
    for hurry in (0.001, 0.003, 0.006, 0.01, 0.02):
        with nodes.operator(TAX, timeout=hurry) as hasty:
            with suppress(NodeError):
                _verify(hasty, 14)
            with suppress(NodeError):
                list(_batch(hasty, 6, each=50))
    with nodes.operator(TAX) as client:
        batch = _batch(client, 40, each=50)
        next(batch)
        batch.close()
    wait_for(lambda: not _open_intents(nodes, TAX))


def test_grant_suspended_at_the_provider_holds_at_once(nodes: Running) -> None:
    with nodes.operator(HR) as hr, nodes.operator(MEDICAL) as medical:
        granted = next(g for g in hr.admin.issued_grants() if g.requester == MEDICAL)
        purpose = "social-insurance/medical"
        wider = nodes.grant(
            replace(granted, id="", purposes=(purpose,), questions=frozenset({"is-enrolled"}))
        )
        assert _verify(medical, 2, purpose=purpose) is True
        hr.admin.suspend_grant(wider.id, "complaint")
        with pytest.raises(NodeError) as denied:
            _verify(medical, 2, purpose=purpose)
        assert denied.value.reason is Reason.SUSPENDED
        hr.admin.resume_grant(wider.id)
        medical.grants(refresh=True)
        assert _verify(medical, 2, purpose=purpose) is True
        hr.admin.revoke_grant(wider.id, "over")
        with pytest.raises(NodeError) as ended:
            _verify(medical, 2, purpose=purpose)
        assert ended.value.reason is Reason.GRANT_EXPIRED


def test_grant_suspended_during_a_batch_stops_its_next_chunks(nodes: Running) -> None:
    granted: Grant = nodes.grant(replace(pension_grant(), questions=frozenset({"months-at-least"})))
    with nodes.operator(HR) as hr, nodes.operator(TAX) as tax:
        results = tax.batch(
            f"{PENSION}/months-at-least",
            [Chunk(n, (Subject(resident(n)),)) for n in range(60)],
            purpose=DEFERRAL,
            case=CASE,
            parameters={"n": "60"},
            batch_id=os.urandom(16),
            window=4,
        )
        first = next(results)
        others = [g for g in hr.admin.issued_grants() if g.requester == TAX]
        for grant in others:
            hr.admin.suspend_grant(grant.id, "complaint")
        rest = list(results)
        for grant in others:
            hr.admin.resume_grant(grant.id)
        tax.grants(refresh=True)
    assert granted in others
    assert first.refusal is None
    assert len(rest) == 59
    # At most what was under way when the suspension came was still answered.
    late = rest[-40:]
    assert {each.refusal.reason for each in late if each.refusal is not None} == {Reason.SUSPENDED}
    assert all(each.refusal is not None for each in late)
