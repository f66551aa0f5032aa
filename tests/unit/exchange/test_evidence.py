"""What is kept of the other side's proof leads back to its bytes, and has a bound."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import resident
from two_sides import CALLER, TwoSides, query

from node.core.subject import SubjectKey
from node.core.usage import parse_record
from node.errors import NodeError, Reason
from node.exchange.evidence import evidence_of, receipt_of, verdict_of
from node.exchange.opened import log_origin
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec
from node.v1.usage_log_pb2 import InclusionProof, Receipt

CODE = "11441900000000019Y"
POSITION = rec.LogPosition(index=700, size=701, root=bytes(range(32)))
ORIGIN = f"dxnode/{CODE}"


def _receipt() -> Receipt:
    hashes = [bytes([n]) * 32 for n in range(10)]
    text = f"{ORIGIN}\n701\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— {ORIGIN} {'A' * 91}=\n"
    return Receipt(proof=InclusionProof(index=700, hashes=hashes), checkpoint=text.encode())


def test_receipt_and_verdict_come_back_to_the_letter() -> None:
    intent, verdict = b"the whole intent", b"before the whole intent after"
    kept = evidence_of(_receipt(), ORIGIN, POSITION, verdict, intent)
    assert intent not in kept.body
    assert receipt_of(kept.body, {"": b""}.get, ORIGIN, POSITION) if not kept.shared else True
    found = receipt_of(kept.body, lambda _: kept.shared, ORIGIN, POSITION)
    assert found.SerializeToString() == _receipt().SerializeToString()
    assert verdict_of(kept.body, intent) == verdict


def test_verdict_without_the_intent_is_kept_as_it_is() -> None:
    kept = evidence_of(_receipt(), ORIGIN, POSITION, b"a denial", b"the whole intent")
    assert verdict_of(kept.body, b"the whole intent") == b"a denial"


def test_hashes_that_are_missing_are_told() -> None:
    kept = evidence_of(_receipt(), ORIGIN, POSITION)
    assert kept.shared
    with pytest.raises(NodeError) as missing:
        receipt_of(kept.body, lambda _: None, ORIGIN, POSITION)
    assert missing.value.reason is Reason.LOG_CORRUPT


def test_what_was_kept_whole_before_can_still_be_read() -> None:
    receipt = _receipt()
    response = pb.SealedResponse(verdict=b"verdict with its intent", receipt=receipt)
    for old in (receipt.SerializeToString(), response.SerializeToString()):
        assert receipt_of(old, lambda _: None, ORIGIN, POSITION) == receipt
    assert verdict_of(response.SerializeToString(), b"its intent") == b"verdict with its intent"


async def test_each_side_can_show_what_the_other_proved(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path)
    seen: list[pb.SealedResponse] = []
    for number in range(300):  # some receipts share hashes
        await sides.requester.ask(CALLER, query(), [SubjectKey(resident(number), {})])
    for number in (0, 1, 298, 299):
        verdict = sides.hr.records()[number].verdict
        kept = sides.hr.store.evidence(number)
        assert kept is not None
        receipt = receipt_of(
            kept, sides.hr.store.shared_proof, log_origin(sides.tax.member.code), verdict.requester_log
        )
        sides.tax.vault.open_checkpoint(receipt.checkpoint, sides.tax.member.log_keys)
        assert receipt.proof.index == verdict.requester_log.index == 2 * number
        index = 2 * number + 1
        outcome = sides.tax.records()[index].outcome
        kept = sides.tax.store.evidence(index)
        assert kept is not None
        intent = sides.tax.store.leaves(index - 1, 1)[0][1]
        assert verdict_of(kept, intent) == sides.hr.store.leaves(number, 1)[0][1]
        assert parse_record(verdict_of(kept, intent)).verdict.intent == intent
        receipt = receipt_of(
            kept, sides.tax.store.shared_proof, log_origin(sides.hr.member.code), outcome.provider_log
        )
        assert receipt.proof.index == number
    assert seen == []
    await sides.close()
