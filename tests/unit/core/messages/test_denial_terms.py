"""Claims about the terms of a denial: numbers and times of the policy, and no way for anything else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.deciding.terms import LIMITS, NO_TERMS, Terms
from node.core.messages.denial_terms import MAX_LIMIT, terms_of, terms_to_message
from node.core.policy.rule import Effective
from node.core.revision import trim
from node.core.text.denials import denial_wording
from node.core.workdays import Hours
from node.errors import NodeError, Reason
from node.texts.wording import say
from node.v1 import record_pb2 as pb

HOURS = Terms(hours=Hours(510, 1050))
DAYS = Terms(days=Effective(date(2026, 1, 1), None))


def verdict(clause: str, terms: Terms | pb.DenialTerms) -> pb.Verdict:
    """A denial with that clause and those terms."""
    message = terms_to_message(terms) if isinstance(terms, Terms) else terms
    return pb.Verdict(decision=pb.DECISION_DENY, clause=clause, terms=message)


@pytest.mark.parametrize(
    ("clause", "terms"),
    [
        *((clause, Terms(limit=3)) for clause in LIMITS),
        ("when.hours", HOURS),
        ("when.hours", Terms(hours=Hours(0, 1440))),
        ("effective", DAYS),
        ("effective", Terms(days=Effective(None, date(9999, 12, 31)))),
        ("rules", NO_TERMS),
    ],
)
def test_terms_come_back_as_they_were_given(clause: str, terms: Terms) -> None:
    assert terms_of(verdict(clause, terms)) == terms


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ("rules", pb.DenialTerms(limit=1)),
        ("source", pb.DenialTerms(limit=1)),
        ("limits.per_day", pb.DenialTerms()),
        ("limits.per_day", pb.DenialTerms(limit=MAX_LIMIT + 1)),
        ("limits.per_day", pb.DenialTerms(limit=1, from_minute=1)),
        ("when.hours", pb.DenialTerms(from_minute=600, until_minute=600)),
        ("when.hours", pb.DenialTerms(until_minute=1441)),
        ("when.hours", pb.DenialTerms(until_minute=60, first_day=1)),
        ("effective", pb.DenialTerms(first_day=2**32 - 1)),
        ("effective", pb.DenialTerms(first_day=20_001, last_day=20_000)),
        ("effective", pb.DenialTerms(first_day=1, limit=7)),
    ],
)
def test_terms_that_the_clause_cannot_have_are_refused(clause: str, message: pb.DenialTerms) -> None:
    with pytest.raises(NodeError) as refused:
        terms_of(verdict(clause, message))
    assert refused.value.reason is Reason.PROOF_INVALID


@given(st.builds(pb.DenialTerms, limit=st.integers(0, 2**64 - 1), first_day=st.integers(0, 2**32 - 1)))
def test_whatever_comes_is_terms_or_refused(message: pb.DenialTerms) -> None:
    for clause in ("limits.per_day", "effective", "when.hours", "rules"):
        try:
            terms = terms_of(verdict(clause, message))
        except NodeError:
            continue
        assert terms_to_message(terms) == message


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (Effective(date(1949, 10, 1), date(2025, 12, 31)), Terms(days=Effective(None, date(2025, 12, 31)))),
        (Effective(date(1949, 10, 1), None), NO_TERMS),
        (Effective(None, date(1949, 10, 1)), NO_TERMS),
    ],
)
def test_days_before_1970_are_not_told_and_keep_no_denial_from_its_record(
    days: Effective, told: Terms
) -> None:
    assert terms_of(verdict("effective", Terms(days=days))) == told


def test_no_text_fits_into_the_terms() -> None:
    assert {field.type for field in pb.DenialTerms.DESCRIPTOR.fields} <= {
        pb.DenialTerms.DESCRIPTOR.fields_by_name["limit"].TYPE_UINT64,
        pb.DenialTerms.DESCRIPTOR.fields_by_name["limit"].TYPE_UINT32,
    }


def test_node_of_an_older_revision_is_told_the_clause_alone() -> None:
    assert not trim(verdict("when.hours", HOURS), 1).HasField("terms")
    assert trim(verdict("when.hours", HOURS), 2).HasField("terms")


@pytest.mark.parametrize(
    ("reason", "clause", "terms", "english", "chinese"),
    [
        (Reason.CONDITION_NOT_MET, "when.hours", HOURS, "from 08:30-17:30 only", "08:30-17:30"),
        (Reason.CONDITION_NOT_MET, "effective", DAYS, "from 2026-01-01 on only", "2026-01-01 起"),
        (Reason.QUOTA_EXHAUSTED, "limits.per_day", Terms(limit=40), "limit of 40 subjects", "每日 40 人次"),
    ],
)
def test_terms_are_in_what_the_requester_reads(
    reason: Reason, clause: str, terms: Terms, english: str, chinese: str
) -> None:
    with_terms, without = denial_wording(reason, clause, terms), denial_wording(reason, clause)
    assert with_terms is not None
    assert without is not None
    assert english in say(with_terms, "en")
    assert chinese in say(with_terms, "zh")
    assert say(with_terms, "en") != say(without, "en")
