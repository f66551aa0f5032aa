"""A record in a row: what it is about as far as it is on record, and a cell in each column."""

from __future__ import annotations

import pytest
from support.fake_catalogue import PROVIDER, REQUESTER
from support.plain_log import make_log, make_refused_log

from node.cli.log.record import COLUMNS, describe, intents_in, lacks_intent, row
from node.core.log import usage
from node.errors import Reason
from node.v1 import record_pb2 as pb

REFUSED = make_refused_log()
LEAVES = [*REFUSED, *make_log(1), b"no record"]


def cell(leaf: bytes, column: str, leaves: list[bytes]) -> str:
    return row(0, leaf, intents_in(leaves))[COLUMNS.index(column)]


@pytest.mark.parametrize("leaf", LEAVES)
def test_each_record_has_a_cell_in_each_column(leaf: bytes) -> None:
    cells = row(7, leaf, intents_in(LEAVES))
    assert len(cells) == len(COLUMNS)
    assert all(cells)


def test_what_the_own_desk_refused_names_the_provider_and_what_was_attempted() -> None:
    assert cell(REFUSED[0], "other", []) == PROVIDER
    assert cell(REFUSED[0], "what", []) == "pension-insurance/contribution-band"
    assert cell(REFUSED[0], "purpose", []) == "social-insurance/pension/audit"
    assert cell(REFUSED[0], "result", []) == "PURPOSE_NOT_ALLOWED"


def test_what_was_refused_of_others_names_them_and_how_often() -> None:
    assert cell(REFUSED[4], "other", []) == PROVIDER
    assert cell(REFUSED[4], "what", []) == "-"
    assert cell(REFUSED[4], "result", []) == "3x ENVELOPE_INVALID"


def test_a_denial_names_what_was_asked_at_both_sides() -> None:
    assert cell(REFUSED[2], "what", REFUSED) == "pension-insurance/contribution-band"
    assert cell(REFUSED[2], "purpose", REFUSED) == "social-insurance/pension/audit"
    assert cell(REFUSED[3], "what", REFUSED) == "tax-payment/is-paid"
    assert cell(REFUSED[3], "purpose", REFUSED) == "tax/refund"


def test_of_an_outcome_whose_intent_is_not_there_it_is_said_that_it_is_unknown() -> None:
    assert lacks_intent([REFUSED[2]], {})
    assert not lacks_intent(REFUSED, intents_in(REFUSED))
    assert cell(REFUSED[2], "what", []) == "-"


def test_a_verdict_without_an_intent_names_no_question() -> None:
    verdict = pb.Verdict(decision=pb.DECISION_DENY, reason=Reason.PROOF_INVALID.wire, intent_hash=bytes(32))
    leaf = usage.verdict_record(0, usage.Parties(PROVIDER, REQUESTER, bytes(16)), verdict)
    assert cell(leaf, "what", []) == "-"
    assert cell(leaf, "purpose", []) == "-"


def test_json_of_an_outcome_has_what_was_asked() -> None:
    told = describe(2, REFUSED[2], intents_in(REFUSED))
    assert isinstance(told, dict)
    body = told["record"]
    assert isinstance(body, dict)
    assert body["asked"] == {
        "dataset": "pension-insurance",
        "question": "contribution-band",
        "purpose": "social-insurance/pension/audit",
        "subjects": 1,
    }
