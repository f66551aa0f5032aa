"""Claims about how many subjects a request may be about, so that its answers fit into a message."""

from __future__ import annotations

import pytest
from support.places import POLICIES

from node.core.bounds import MAX_ANSWER, MAX_SUBJECTS
from node.core.messages.chunk_bound import LONGEST_ANSWER, MESSAGE_BYTES, ChunkBound, longest_answer
from node.core.messages.envelope import response_bucket
from node.core.policy.policy import DEFINITIONS_FILE, Policy, PolicyFile
from node.core.policy.question_kind import QuestionKind
from node.core.reading.build import build_policies
from node.crypto.sealing import pad
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec
from node.v1 import usage_log_pb2 as log_pb

HAN = "\U00020000"
"""Four bytes of UTF-8, as the longest characters of names are."""
QUESTIONS = "is-active", "company-name", "company-status", "capital-band", "legal-representative-masked"


@pytest.fixture(scope="module")
def policy() -> Policy:
    """Business licences: a name is let out as it stands, the rest are codes, bands and masks."""
    names = ("business-licence.yaml", DEFINITIONS_FILE)
    files = [PolicyFile(name, (POLICIES / name).read_bytes()) for name in names]
    return build_policies(files).datasets["business-licence"]


def sealed(subjects: int, answers: rec.Answers) -> int:
    """The bytes of the message with these answers, as a node sends it, with the longest record around."""
    inside = pb.SealedResponse(
        verdict=bytes(5000), receipt=log_pb.Receipt(), answers=answers.SerializeToString()
    )
    inside.receipt.checkpoint = bytes(2000)
    padded = pad(inside.SerializeToString(), response_bucket(subjects))
    answer = pb.SealedAnswer(exchange_id=bytes(16), ciphertext=bytes(12) + padded + bytes(16))
    return pb.AskBatchResponse(answer=answer).ByteSize()


def longest(question: str, subjects: int) -> rec.Answers:
    """The longest answers that there are."""
    if question == "is-active":
        return rec.Answers(salt=bytes(32), verify=rec.VerifyAnswers(results=[True] * subjects))
    value = HAN * MAX_ANSWER if question.startswith("company-name") else HAN * 16
    answers = [rec.FieldAnswer(present=True, value=value)] * subjects
    return rec.Answers(salt=bytes(32), field=rec.FieldAnswers(answers=answers))


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("message_bytes", [64 << 10, 100_000, 1 << 20, 4 << 20, 64 << 20])
def test_longest_answers_of_the_largest_chunk_fit_into_a_message_of_both(
    policy: Policy, question: str, message_bytes: int
) -> None:
    most = ChunkBound(message_bytes=message_bytes).given(policy, policy.questions[question])
    assert 1 <= most <= MAX_SUBJECTS
    assert sealed(most, longest(question, most)) <= min(message_bytes, MESSAGE_BYTES)


def test_only_text_of_the_data_makes_chunks_smaller_in_usual_messages(policy: Policy) -> None:
    usual = {name: ChunkBound().given(policy, policy.questions[name]) for name in QUESTIONS}
    assert usual.pop("company-name") == 521
    assert set(usual.values()) == {MAX_SUBJECTS}


def test_longest_value_is_that_of_what_the_policy_lets_out(policy: Policy) -> None:
    assert longest_answer(policy, policy.questions["company-name"]) == LONGEST_ANSWER
    assert longest_answer(policy, policy.questions["capital-band"]) < 100
    assert longest_answer(policy, policy.questions["is-active"]) == 0


def test_settings_bound_it_too(policy: Policy) -> None:
    few = ChunkBound(subjects=100)
    assert {few.given(policy, each) for each in policy.questions.values()} == {100}
    assert few.taken(QuestionKind.FIELD) == 100


@pytest.mark.parametrize("kind", [QuestionKind.VERIFY, QuestionKind.FIELD])
def test_node_that_takes_shorter_messages_asks_about_no_more_than_any_answer_allows(
    policy: Policy, kind: QuestionKind
) -> None:
    question = "company-name" if kind is QuestionKind.FIELD else "is-active"
    for message_bytes in (64 << 10, 1 << 20):
        most = ChunkBound(message_bytes=message_bytes).taken(kind)
        assert sealed(most, longest(question, most)) <= message_bytes
    assert ChunkBound().taken(kind) == MAX_SUBJECTS
