"""Grants: what they cover and when they are valid."""

from __future__ import annotations

from datetime import timedelta

from policy_samples import GRANT


def test_a_grant_covers_its_questions_only() -> None:
    assert GRANT.covers_question("is-enrolled")
    assert not GRANT.covers_question("deferral-eligible")


def test_a_grant_for_a_purpose_covers_its_children() -> None:
    assert GRANT.covers_purpose("social-insurance")
    assert GRANT.covers_purpose("social-insurance/pension/deferral")
    assert not GRANT.covers_purpose("tax")
    assert not GRANT.covers_purpose("social-insurance/../tax")


def test_validity_includes_its_start_and_not_its_end() -> None:
    instant = timedelta(microseconds=1)
    assert GRANT.valid_at(GRANT.valid_from)
    assert not GRANT.valid_at(GRANT.valid_from - instant)
    assert GRANT.valid_at(GRANT.valid_until - instant)
    assert not GRANT.valid_at(GRANT.valid_until)
