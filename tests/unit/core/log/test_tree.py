"""The growing tree: tiles, confirm and rollback, restoring, and what proofs read."""

from __future__ import annotations

import pytest

from node.core.log.merkle import EMPTY_ROOT, fold_root, hash_leaves, verify_consistency, verify_inclusion
from node.core.log.tree import TILE, TILE_BYTES, Tile, Tree
from node.errors import NodeError, Reason

HASHES = hash_leaves(index.to_bytes(4) for index in range(70_000))


class Store:
    """Tiles in memory, and how often they were read."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.reads = 0

    def put(self, tiles: tuple[Tile, ...]) -> None:
        for tile in tiles:
            assert (tile.level, tile.index) not in self.tiles
            self.tiles[tile.level, tile.index] = tile.hashes

    def tile(self, level: int, index: int) -> bytes:
        self.reads += 1
        if (level, index) not in self.tiles:
            raise NodeError(Reason.LOG_CORRUPT, "the tile is missing")
        return self.tiles[level, index]


def grown(size: int, step: int = 1000) -> tuple[Tree, Store]:
    store = Store()
    tree = Tree(store)
    for start in range(0, size, step):
        store.put(tree.extend(HASHES[start : min(start + step, size)]))
        tree.confirm()
    return tree, store


def test_the_empty_tree_has_the_empty_root() -> None:
    tree = Tree(Store())
    assert tree.extend(()) == ()
    assert tree.size == 0
    assert tree.root() == EMPTY_ROOT


@pytest.mark.parametrize("step", [1, 7, 255, 256, 257, 1000, 70_000])
def test_the_root_does_not_depend_on_the_batches(step: int) -> None:
    size = 3000 if step < 255 else 70_000
    tree, _ = grown(size, step)
    assert tree.root() == fold_root(HASHES[:size])


def test_a_tile_is_given_out_once_when_it_is_full() -> None:
    _, store = grown(70_000)
    assert sorted(store.tiles) == [(0, index) for index in range(70_000 // TILE)] + [(1, 0)]
    assert store.tiles[0, 3] == b"".join(HASHES[3 * TILE : 4 * TILE])
    roots = [fold_root(HASHES[start : start + TILE]) for start in range(0, TILE * TILE, TILE)]
    assert store.tiles[1, 0] == b"".join(roots)
    assert all(len(hashes) == TILE_BYTES for hashes in store.tiles.values())


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000])
def test_a_restored_tree_goes_on_as_the_first_would(size: int) -> None:
    tree, store = grown(size)
    restored = Tree.restore(size, HASHES[size - size % TILE : size], store)
    assert restored.root() == tree.root()
    more = HASHES[:300]
    assert restored.extend(more) == tree.extend(more)
    assert restored.root() == tree.root()
    assert restored.inclusion_proof(size + 5) == tree.inclusion_proof(size + 5)


def test_a_tail_of_the_wrong_length_is_refused() -> None:
    _, store = grown(300)
    with pytest.raises(NodeError) as caught:
        Tree.restore(300, HASHES[:43], store)
    assert caught.value.reason is Reason.LOG_CORRUPT


@pytest.mark.parametrize("stored", [b"", b"\0" * (TILE_BYTES - 1), b"\0" * (TILE_BYTES + 32)])
def test_a_stored_tile_of_the_wrong_length_is_refused(stored: bytes) -> None:
    _, store = grown(300)
    store.tiles[0, 0] = stored
    with pytest.raises(NodeError) as caught:
        Tree.restore(300, HASHES[256:300], store)
    assert caught.value.reason is Reason.LOG_CORRUPT


def test_a_proof_at_the_right_edge_reads_no_tile() -> None:
    store = Store()
    tree = Tree(store)
    for start in range(0, 70_000, 500):
        store.put(tree.extend(HASHES[start : start + 500]))
        root = tree.root()
        for index in range(start, start + 500, 100):
            verify_inclusion(index, tree.size, HASHES[index], tree.inclusion_proof(index), root)
        tree.confirm()
        verify_inclusion(
            tree.size - 1, tree.size, HASHES[tree.size - 1], tree.inclusion_proof(tree.size - 1), root
        )
    assert store.reads == 0


def test_a_proof_of_an_old_leaf_reads_each_tile_once() -> None:
    tree, store = grown(70_000)
    for _ in range(3):
        for index in (5, 6, 200):
            verify_inclusion(index, 70_000, HASHES[index], tree.inclusion_proof(index), tree.root())
    assert store.reads <= 2


def test_old_tiles_do_not_pile_up_in_memory() -> None:
    tree, store = grown(70_000)
    for index in range(0, 70_000, TILE):
        tree.inclusion_proof(index)
    assert store.reads > 100
    assert len(tree._cache) <= Tree._CACHED


def test_roots_and_proofs_of_former_sizes() -> None:
    tree, _ = grown(3000)
    for size in (1, 2, 255, 256, 257, 512, 1000, 2999):
        assert tree.root(size) == fold_root(HASHES[:size])
        verify_inclusion(
            size // 2, size, HASHES[size // 2], tree.inclusion_proof(size // 2, size), tree.root(size)
        )
        proof = tree.consistency_proof(size, 3000)
        verify_consistency(size, 3000, proof, tree.root(size), tree.root())


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 65_500])
@pytest.mark.parametrize("added", [1, 200, 256, 600])
def test_a_rollback_restores_the_tree_as_it_was(size: int, added: int) -> None:
    tree, store = grown(size)
    before = tree.root()
    # What is rolled back differs from what comes after.
    lost = hash_leaves(b"lost" + bytes([index % 256]) for index in range(added))
    tree.extend(lost[: added // 2])
    tree.extend(lost[added // 2 :])
    tree.rollback()
    assert (tree.size, tree.root()) == (size, before)
    store.put(tree.extend(HASHES[size : size + added]))
    tree.confirm()
    assert tree.root() == fold_root(HASHES[: size + added])
    for index in {0, size, size + added - 1}:
        verify_inclusion(index, tree.size, HASHES[index], tree.inclusion_proof(index), tree.root())


def test_a_confirmed_tree_is_not_rolled_back() -> None:
    tree, _ = grown(300)
    tree.rollback()
    assert tree.root() == fold_root(HASHES[:300])


def test_indices_and_sizes_beyond_the_tree_are_refused() -> None:
    tree, _ = grown(300)
    for index, size in ((300, 300), (-1, 300), (0, 301), (0, 0), (5, 5), (0, -1)):
        with pytest.raises(NodeError) as caught:
            tree.inclusion_proof(index, size)
        assert caught.value.reason is Reason.NOT_FOUND
    for first, second in ((5, 4), (-1, 5), (1, 301)):
        with pytest.raises(NodeError):
            tree.consistency_proof(first, second)
    with pytest.raises(NodeError):
        tree.root(301)


def test_consistency_with_the_empty_tree_and_with_itself_needs_no_hashes() -> None:
    tree, _ = grown(300)
    assert tree.consistency_proof(0) == []
    assert tree.consistency_proof(300) == []
