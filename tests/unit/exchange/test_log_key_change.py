"""Claims about a log key that is replaced: what the other side believes before, during and after."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from support.decided import charged
from support.running import resident
from support.town import HR, TAX
from support.two_sides import CALLER, Side, TwoSides, query

from node.core.subject import SubjectKey
from node.crypto.signing import SignatureSuite, Signer
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.v1 import record_pb2 as rec


def new_signer(code: str) -> Signer:
    return Signer(f"dxnode/{code}", SignatureSuite.ED25519, os.urandom(32))


def listing(side: Side, *signers: Signer) -> None:
    """The directory of the other side lists these log keys of a side."""
    side.member = replace(side.member, log_keys=tuple(signer.verifier.vkey() for signer in signers))


async def ask(sides: TwoSides, exchange_id: bytes = b"") -> Answered:
    sides.wire.requester = sides.tax.member
    return await sides.requester.ask(CALLER, query(), [SubjectKey(resident(2), {})], exchange_id)


async def refused(sides: TwoSides, exchange_id: bytes = b"") -> NodeError:
    with pytest.raises(NodeError) as caught:
        await ask(sides, exchange_id)
    return caught.value


async def test_either_side_is_believed_under_its_old_and_its_new_key(sides: TwoSides) -> None:
    for side in (sides.hr, sides.tax):
        old, new = side.signer, new_signer(side.member.code)
        listing(side, new, old)
        for signer in (old, new, old):
            side.signer = signer
            assert list((await ask(sides)).answers.verify.results) == [True]


async def test_requester_with_an_older_directory_is_told_to_fetch_it_and_then_has_its_answer(
    sides: TwoSides,
) -> None:
    old, exchange_id = sides.hr.signer, os.urandom(16)
    sides.hr.signer = new_signer(HR)
    error = await refused(sides, exchange_id)
    assert error.reason is Reason.PROOF_INVALID
    assert "fetch the newest directory" in error.message
    assert sides.tax.records()[-1].outcome.kind == rec.OUTCOME_KIND_FAILED
    listing(sides.hr, sides.hr.signer, old)
    assert list((await ask(sides, exchange_id)).answers.verify.results) == [True]
    assert charged(sides) == 1


async def test_provider_with_an_older_directory_denies_on_record_and_charges_nothing(sides: TwoSides) -> None:
    old = sides.tax.signer
    sides.tax.signer = new_signer(TAX)
    assert (await refused(sides)).reason is Reason.PROOF_INVALID
    verdict = sides.hr.records()[-1].verdict
    assert (verdict.decision, verdict.reason) == (rec.DECISION_DENY, Reason.PROOF_INVALID.wire)
    assert charged(sides) == 0
    listing(sides.tax, sides.tax.signer, old)
    assert list((await ask(sides)).answers.verify.results) == [True]


def unlisted(_: TwoSides) -> Signer:
    return new_signer(HR)


def of_another_member(sides: TwoSides) -> Signer:
    return sides.tax.signer


def of_another_member_under_the_own_name(sides: TwoSides) -> Signer:
    other = sides.tax.signer
    assert other.verifier.vkey() in sides.tax.member.log_keys
    renamed = Signer(f"dxnode/{HR}", SignatureSuite.ED25519, SEED)
    assert renamed.verifier.public == other.verifier.public
    return renamed


SEED = b"\5" * 32


@pytest.mark.parametrize("stranger", [unlisted, of_another_member, of_another_member_under_the_own_name])
async def test_key_that_is_not_listed_for_the_member_is_refused(
    sides: TwoSides, stranger: Callable[[TwoSides], Signer]
) -> None:
    sides.tax.signer = Signer(f"dxnode/{TAX}", SignatureSuite.ED25519, SEED)
    listing(sides.tax, sides.tax.signer)
    assert await ask(sides)
    sides.hr.signer = stranger(sides)
    assert (await refused(sides)).reason is Reason.PROOF_INVALID


async def test_key_that_was_struck_off_is_refused_on_either_side(sides: TwoSides) -> None:
    for side in (sides.hr, sides.tax):
        old, new = side.signer, new_signer(side.member.code)
        listing(side, new, old)
        assert await ask(sides)
        listing(side, new)
        assert (await refused(sides)).reason is Reason.PROOF_INVALID
        side.signer = new
        assert await ask(sides)
