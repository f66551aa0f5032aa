"""What holds for every tree: the recursive definition of RFC 6962, and that no altered proof verifies."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from node.core.log.merkle import (
    Frontier,
    fold_root,
    hash_leaves,
    root_from_inclusion,
    verify_consistency,
    verify_inclusion,
)
from node.core.log.tree import TILE, Tree
from node.errors import NodeError

HASHES = hash_leaves(index.to_bytes(4) for index in range(1200))


class Store:
    """Tiles in memory."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}

    def tile(self, level: int, index: int) -> bytes:
        return self.tiles[level, index]


def mth(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01" + mth(hashes[:split]) + mth(hashes[split:])).digest()


def path(index: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(hashes) == 1:
        return []
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if index < split:
        return [*path(index, hashes[:split]), mth(hashes[split:])]
    return [*path(index - split, hashes[split:]), mth(hashes[:split])]


def subproof(first: int, hashes: list[bytes], whole: bool) -> list[bytes]:
    """RFC 6962, 2.1.2."""
    if first == len(hashes):
        return [] if whole else [mth(hashes)]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if first <= split:
        return [*subproof(first, hashes[:split], whole), mth(hashes[split:])]
    return [*subproof(first - split, hashes[split:], False), mth(hashes[:split])]


def stored(sizes: list[int]) -> tuple[Tree, int]:
    """A tree grown in these steps, restored from its tiles, so that every proof goes through the store."""
    store, size = Store(), 0
    tree = Tree(store)
    for step in sizes:
        for tile in tree.extend(HASHES[size : size + step]):
            store.tiles[tile.level, tile.index] = tile.hashes
        tree.confirm()
        size += step
    return Tree.restore(size, HASHES[size - size % TILE : size], store), size


steps = st.lists(st.integers(1, 300), min_size=1, max_size=4)


@given(steps, st.data())
@examples(60)
def test_tiles_give_the_roots_and_proofs_of_the_recursive_definition(
    sizes: list[int], data: st.DataObject
) -> None:
    tree, whole = stored(sizes)
    size = data.draw(st.integers(1, whole))
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size))
    hashes = HASHES[:size]
    assert tree.root(size) == mth(hashes) == fold_root(hashes)
    assert tree.inclusion_proof(index, size) == path(index, hashes)
    assert tree.consistency_proof(first, size) == subproof(first, hashes, True)


@given(st.lists(st.integers(0, 70), max_size=8))
def test_a_frontier_has_the_root_at_every_size_it_stops_at(sizes: list[int]) -> None:
    frontier, size = Frontier(), 0
    for step in sizes:
        frontier.extend(HASHES[size : size + step])
        size += step
        assert (frontier.size, frontier.root()) == (size, mth(HASHES[:size]))


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


bits = st.integers(0, 255)


@given(st.integers(1, 600), st.data())
@examples(100)
def test_only_the_right_inclusion_proof_verifies(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = HASHES[:size]
    root, proof, leaf = mth(hashes), path(index, hashes), hashes[index]
    verify_inclusion(index, size, leaf, proof, root)

    bit = data.draw(bits)
    wrong = [
        (index, leaf, proof, flipped(root, bit)),
        (index, flipped(leaf, bit), proof, root),
        (index, leaf, [*proof, leaf], root),
        (index, leaf[:-1], proof, root),
        (size, leaf, proof, root),
        (-1, leaf, proof, root),
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        other = data.draw(st.integers(0, size - 1).filter(lambda other: other != index))
        wrong += [
            (index, leaf, [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]], root),
            (index, leaf, [*proof[:place], *proof[place + 1 :]], root),
            (index, leaf, [*proof[:place], proof[place][:-1], *proof[place + 1 :]], root),
            (other, leaf, proof, root),
        ]
    for wrong_index, wrong_leaf, wrong_proof, wrong_root in wrong:
        with pytest.raises(NodeError):
            verify_inclusion(wrong_index, size, wrong_leaf, wrong_proof, wrong_root)


@given(st.integers(1, 600), st.data())
@examples(100)
def test_only_the_right_consistency_proof_verifies(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    first_root, second_root = mth(HASHES[:first]), mth(HASHES[:second])
    proof = subproof(first, HASHES[:second], True)
    verify_consistency(first, second, proof, first_root, second_root)

    bit = data.draw(bits)
    wrong = [
        (first, proof, flipped(first_root, bit), second_root),
        (first, proof, first_root, flipped(second_root, bit)),
        (first, [*proof, first_root], first_root, second_root),
        (0, proof, first_root, second_root),
        (second + 1, proof, first_root, second_root),
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        wrong += [
            (
                first,
                [*proof[:place], flipped(proof[place], bit), *proof[place + 1 :]],
                first_root,
                second_root,
            ),
            (first, [*proof[:place], *proof[place + 1 :]], first_root, second_root),
            (first, [*proof[:place], proof[place][:-1], *proof[place + 1 :]], first_root, second_root),
        ]
    for wrong_first, wrong_proof, wrong_first_root, wrong_second_root in wrong:
        with pytest.raises(NodeError):
            verify_consistency(wrong_first, second, wrong_proof, wrong_first_root, wrong_second_root)


@given(st.integers(1, 600), st.integers(1, 300))
@examples(40)
def test_a_rewritten_leaf_breaks_consistency(first: int, added: int) -> None:
    rewritten = [*HASHES[: first - 1], flipped(HASHES[first - 1], 0), *HASHES[first : first + added]]
    proof = subproof(first, rewritten, True)
    with pytest.raises(NodeError):
        verify_consistency(first, first + added, proof, mth(HASHES[:first]), mth(rewritten))


@given(
    st.integers(-(2**70), 2**70),
    st.integers(-(2**70), 2**70),
    st.binary(max_size=40),
    st.lists(st.binary(min_size=30, max_size=32), max_size=70),
)
def test_arbitrary_proofs_are_refused_or_give_a_root(
    index: int, size: int, leaf: bytes, proof: list[bytes]
) -> None:
    try:
        root = root_from_inclusion(index, size, leaf, proof)
    except NodeError:
        return
    assert len(root) == 32


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=8))
@examples(60)
def test_rolled_back_leaves_leave_no_trace(batches: list[tuple[int, bool]]) -> None:
    store = Store()
    tree, kept = Tree(store), list[bytes]()
    for number, (count, commits) in enumerate(batches):
        batch = hash_leaves(f"{number}/{index}".encode() for index in range(count))
        tiles = tree.extend(batch)
        if commits:
            store.tiles.update({(tile.level, tile.index): tile.hashes for tile in tiles})
            tree.confirm()
            kept += batch
        else:
            tree.rollback()
        assert (tree.size, tree.root()) == (len(kept), mth(kept))
    for index in range(0, len(kept), 97):
        assert tree.inclusion_proof(index) == path(index, kept)
