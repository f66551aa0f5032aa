"""A receipt that was taken apart is put together again to the letter, of every log and place."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.log.checkpoint import Checkpoint
from node.core.log.kept_receipt import (
    MAX_OWN,
    MAX_SHARED,
    SHARED_FROM,
    KeptReceipt,
    put_together,
    shared_name,
    siblings_below,
    take_apart,
)
from node.core.log.merkle import HASH, leaf_hash, root_from_inclusion
from node.core.log.note import note_of
from node.core.log.tree import TILE, Tile, Tree
from node.crypto.signing import SignatureSuite, Signer, sign_note
from node.errors import NodeError, Reason
from node.v1.record_pb2 import LogPosition
from node.v1.usage_log_pb2 import InclusionProof, Receipt

ORIGIN = "dxnode/11441900000000019Y"
SIGNER = Signer(ORIGIN, SignatureSuite.ED25519, bytes(32))
COSIGNER = Signer(ORIGIN, SignatureSuite.ML_DSA_65, bytes(32))
MOST = 3000


class _Tiles(dict[tuple[int, int], bytes]):
    def tile(self, level: int, index: int) -> bytes:
        return self[level, index]


def _tree() -> Tree:
    tiles = _Tiles()
    tree = Tree(tiles)
    full: tuple[Tile, ...] = tree.extend([leaf_hash(b"%d" % n) for n in range(MOST)])
    tiles.update(((tile.level, tile.index), tile.hashes) for tile in full)
    tree.confirm()
    return tree


TREE = _tree()


def receipt(index: int, size: int) -> tuple[Receipt, LogPosition]:
    root = TREE.root(size)
    note = sign_note(Checkpoint(ORIGIN, size, root).body(), SIGNER)
    proof = InclusionProof(index=index, hashes=TREE.inclusion_proof(index, size))
    return Receipt(proof=proof, checkpoint=note), LogPosition(index=index, size=size, root=root)


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, MOST) | st.sampled_from((1, TILE - 1, TILE, TILE + 1, 2048, 2049)))
    return draw(st.integers(0, size - 1) | st.integers(max(0, size - 300), size - 1)), size


@given(places())
def test_receipt_is_put_together_to_the_letter(place: tuple[int, int]) -> None:
    given_receipt, position = receipt(*place)
    kept = take_apart(given_receipt, ORIGIN, position)
    assert put_together(kept, ORIGIN, position).SerializeToString() == given_receipt.SerializeToString()
    assert len(kept.own) <= MAX_OWN


@given(st.integers(0, 2**62), st.integers(1, 2**62))
def test_parts_of_the_longest_log_are_bounded(index: int, size: int) -> None:
    index %= size
    own = siblings_below(index, size, SHARED_FROM)
    proof = siblings_below(index, size, 63)
    # What verifies a proof counts the siblings in its own way.
    root_from_inclusion(index, size, bytes(HASH), [bytes(HASH)] * proof)
    assert 0 <= own <= SHARED_FROM
    assert (proof - own) * HASH <= MAX_SHARED


@given(st.integers(TILE, MOST - TILE), st.integers(0, TILE - 1))
def test_neighbours_share_what_lies_above(start: int, further: int) -> None:
    """Two receipts of one growing log, each for its newest record: whose block is one, whose rest is one."""
    first, second = start - start % TILE, start - start % TILE + further
    kept = [take_apart(*_with_origin(index, index + 1)) for index in (first, second)]
    assert kept[0].shared == kept[1].shared != b""
    assert shared_name(kept[0].shared) == shared_name(kept[1].shared)
    assert len(shared_name(kept[0].shared)) == 16


def _with_origin(index: int, size: int) -> tuple[Receipt, str, LogPosition]:
    made, position = receipt(index, size)
    return made, ORIGIN, position


def test_nothing_that_is_shared_has_no_name() -> None:
    made, position = receipt(3, 9)
    assert take_apart(made, ORIGIN, position).shared == b""
    assert shared_name(b"") == b""


def _bent(kind: str) -> bytes:
    made, position = receipt(5, 9)
    body = Checkpoint(ORIGIN, position.size, position.root).body()
    return {
        "two signatures": sign_note(body, SIGNER, COSIGNER),
        "one signature twice": made.checkpoint + made.checkpoint.rpartition(b"\n\n")[2],
        "a line more": sign_note(body + b"more\n", SIGNER),
        "a long signature": made.checkpoint[:-1] + b"A" * 4096 + b"\n",
        "a signature of another length": note_of(body, (ORIGIN, bytes(69))),
        "a signature spelled differently": made.checkpoint[:-3] + b"B=\n",
        "nothing": b"",
        "a blank at the end": made.checkpoint + b"\n",
        "another log": made.checkpoint.replace(b"019Y", b"035L"),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "two signatures",
        "one signature twice",
        "a line more",
        "a long signature",
        "a signature of another length",
        "a signature spelled differently",
        "nothing",
        "a blank at the end",
        "another log",
    ],
)
def test_checkpoint_that_could_not_be_put_together_is_refused(kind: str) -> None:
    made, position = receipt(5, 9)
    made.checkpoint = _bent(kind)
    with pytest.raises(NodeError) as refused:
        take_apart(made, ORIGIN, position)
    assert refused.value.reason is Reason.PROOF_INVALID


@given(st.binary(max_size=300))
def test_whatever_is_taken_apart_comes_back(tail: bytes) -> None:
    made, position = receipt(5, 9)
    made.checkpoint = made.checkpoint[: -len(tail) - 1] + tail
    try:
        kept = take_apart(made, ORIGIN, position)
    except NodeError:
        return
    assert put_together(kept, ORIGIN, position).checkpoint == made.checkpoint


def test_parts_are_what_they_say() -> None:
    kept = KeptReceipt(os.urandom(68), os.urandom(HASH), os.urandom(2 * HASH))
    position = LogPosition(index=700, size=701, root=os.urandom(HASH))
    built = put_together(kept, ORIGIN, position)
    assert list(built.proof.hashes) == [kept.own, kept.shared[:HASH], kept.shared[HASH:]]
