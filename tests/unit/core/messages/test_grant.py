"""Grants: what they cover and when they are valid."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from support.policy_samples import GRANT
from support.running import pension_grant

from node.core.messages.grant_message import (
    grant_from_bytes,
    grant_from_message,
    grant_to_bytes,
    grant_to_message,
)
from node.core.policy.question_kind import QuestionKind, kind_to_message
from node.core.role import ASKING_ROLES


def test_a_grant_covers_its_questions_only() -> None:
    assert GRANT.covers_question("is-enrolled")
    assert not GRANT.covers_question("deferral-eligible")


def test_a_grant_for_a_purpose_covers_its_children() -> None:
    assert GRANT.covers_purpose("social-insurance")
    assert GRANT.covers_purpose("social-insurance/pension/deferral")
    assert not GRANT.covers_purpose("tax")
    assert not GRANT.covers_purpose("social-insurance/../tax")


def test_a_grant_may_say_whom_its_dataset_is_about() -> None:
    grant = replace(GRANT, subject_type="credit_code")
    assert grant_from_bytes(grant_to_bytes(grant)) == grant
    message = grant_to_message(grant)
    for unknown in ("", "person"):
        message.subject_type = unknown
        assert grant_from_message(message).subject_type is None


def test_validity_includes_its_start_and_not_its_end() -> None:
    instant = timedelta(microseconds=1)
    assert GRANT.valid_at(GRANT.valid_from)
    assert not GRANT.valid_at(GRANT.valid_from - instant)
    assert GRANT.valid_at(GRANT.valid_until - instant)
    assert not GRANT.valid_at(GRANT.valid_until)


def test_roles_and_kinds_survive_the_wire_and_a_grant_without_roles_is_for_all_that_ask() -> None:
    grant = replace(
        pension_grant(),
        questions=frozenset({"is-enrolled", "contribution-band"}),
        roles=("system",),
        kinds=(QuestionKind.FIELD, QuestionKind.VERIFY),
    )
    message = grant_to_message(grant)
    assert grant_from_message(message) == grant_from_bytes(grant_to_bytes(grant))
    assert grant_from_message(message).roles == ("system",)
    assert grant.kind_of("contribution-band") is QuestionKind.FIELD
    assert grant.kind_of("is-enrolled") is QuestionKind.VERIFY
    assert grant.kind_of("other") is None
    message.ClearField("roles")
    assert grant_from_message(message).roles == ASKING_ROLES
    del message.kinds[1:]
    assert grant_from_message(message).kinds == ()
    assert grant_from_message(message).kind_of("is-enrolled") is None


def test_kinds_belong_to_the_questions_in_whatever_order_they_come() -> None:
    message = grant_to_message(replace(pension_grant(), kinds=()))
    del message.questions[:]
    message.questions.extend(["b", "a"])
    message.kinds.extend([kind_to_message(QuestionKind.STATISTIC), kind_to_message(QuestionKind.VERIFY)])
    grant = grant_from_message(message)
    assert (grant.kind_of("a"), grant.kind_of("b")) == (QuestionKind.VERIFY, QuestionKind.STATISTIC)
