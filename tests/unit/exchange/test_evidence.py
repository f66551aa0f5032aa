"""What is kept of the other side's proof leads back to its bytes, and has a bound."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.kept import receipt_of
from support.running import resident
from support.town import HR, TAX
from support.two_sides import CALLER, TwoSides, query

from node.core.log.checkpoint import log_origin
from node.core.subject import SubjectKey
from node.exchange.evidence import evidence_of, verdict_of
from node.exchange.receipt import check_receipt
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
    found = receipt_of(kept.body, lambda _: kept.shared, ORIGIN, POSITION)
    assert found.SerializeToString() == _receipt().SerializeToString()
    assert verdict_of(kept.body, intent) == verdict


def test_verdict_without_the_intent_is_kept_as_it_is() -> None:
    kept = evidence_of(_receipt(), ORIGIN, POSITION, b"a denial", b"the whole intent")
    assert verdict_of(kept.body, b"the whole intent") == b"a denial"


def test_receipt_does_not_come_back_without_the_hashes_that_it_shares() -> None:
    kept = evidence_of(_receipt(), ORIGIN, POSITION)
    assert kept.shared
    with pytest.raises(LookupError):
        receipt_of(kept.body, lambda _: None, ORIGIN, POSITION)


def test_what_was_kept_whole_before_can_still_be_read() -> None:
    receipt = _receipt()
    response = pb.SealedResponse(verdict=b"verdict with its intent", receipt=receipt)
    for old in (receipt.SerializeToString(), response.SerializeToString()):
        assert receipt_of(old, lambda _: None, ORIGIN, POSITION) == receipt
    assert verdict_of(response.SerializeToString(), b"its intent") == b"verdict with its intent"


async def test_each_side_can_show_what_the_other_proved(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path)
    tax, hr = sides.tax, sides.hr
    for number in range(300):  # long enough for receipts to share hashes
        await sides.requester.ask(CALLER, query(), [SubjectKey(resident(number), {})])
    for number in (0, 1, 298, 299):
        position = hr.records()[number].verdict.requester_log
        kept = hr.store.evidence(number)
        assert kept is not None
        receipt = receipt_of(kept, hr.store.shared_proof, log_origin(TAX), position)
        intent = tax.store.leaves(2 * number, 1)[0][1]
        assert check_receipt(intent, receipt, tax.member, hr.vault) == position

        outcome = tax.records()[2 * number + 1].outcome
        kept = tax.store.evidence(2 * number + 1)
        assert kept is not None
        verdict = verdict_of(kept, intent)
        assert verdict == hr.store.leaves(number, 1)[0][1]
        receipt = receipt_of(kept, tax.store.shared_proof, log_origin(HR), outcome.provider_log)
        assert check_receipt(verdict, receipt, hr.member, tax.vault) == outcome.provider_log
    await sides.close()
