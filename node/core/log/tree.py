"""The Merkle tree of a usage log as it grows, kept in tiles (RFC 6962, 2.1; C2SP tlog-tiles)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from node.core.log.merkle import HASH, fold, fold_root, node_hash, pair_up
from node.errors import NodeError, Reason

# Hashes in a full tile, and their bytes.
TILE = 256
TILE_BYTES = TILE * HASH


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: 256 hashes, end to end, at tree height 8 * level, from hash 256 * index on."""

    level: int
    index: int
    hashes: bytes


class TileReader(Protocol):
    """Where full tiles are read back from."""

    def tile(self, level: int, index: int) -> bytes:
        """The 8192 bytes of a tile that was stored. Raises NodeError(LOG_CORRUPT) when it is missing."""
        ...


class _Block:
    """The hashes of one tile, full or not, and of all complete subtrees over them."""

    __slots__ = ("index", "rows")

    def __init__(self, index: int, hashes: Sequence[bytes] = ()) -> None:
        self.index = index
        # By height within the tile, 0 to 7.
        self.rows: list[list[bytes]] = [[] for _ in range(8)]
        self.add(hashes)

    def add(self, hashes: Sequence[bytes]) -> None:
        rows = self.rows
        rows[0].extend(hashes)
        for height in range(7):
            below, above = rows[height], rows[height + 1]
            done = 2 * len(above)
            if len(below) - done < 2:
                return
            above.extend(pair_up(below[done:]))

    def cut(self, count: int) -> None:
        for height, row in enumerate(self.rows):
            del row[count >> height :]


class Tree:
    """The append side of a log: the right edge in memory, full tiles read back when a proof needs them.

    One thread at a time may extend, confirm and roll back. Meanwhile others may ask for roots and proofs of
    sizes up to the last confirmed one. Methods raise NodeError(NOT_FOUND) for an index or size beyond the
    tree, and NodeError(LOG_CORRUPT) for a stored tile that is not one.
    """

    __slots__ = ("_cache", "_confirmed", "_edge", "_pending", "_tiles", "size")

    # Blocks of full tiles that are kept, about 40 KB each.
    _CACHED = 64

    def __init__(self, tiles: TileReader) -> None:
        self.size = 0
        self._confirmed = 0
        self._tiles = tiles
        # By level: the block that is being filled.
        self._edge = [_Block(0)]
        # Full since the last confirm, so perhaps not in the store.
        self._pending: dict[tuple[int, int], _Block] = {}
        self._cache: dict[tuple[int, int], _Block] = {}

    @classmethod
    def restore(cls, size: int, tail: Sequence[bytes], tiles: TileReader) -> Tree:
        """A tree of `size` leaves from its stored tiles; `tail`: hashes of the last `size % 256` leaves.

        Reads and hashes at most 255 tiles a level. The caller compares `root()` with the last checkpoint.
        """
        if len(tail) != size % TILE:
            raise NodeError(Reason.LOG_CORRUPT, "error.log.record-count-differs")
        tree = cls(tiles)
        tree.size = tree._confirmed = size
        tree._edge = [_Block(size // TILE, tail)]
        while full := tree._edge[-1].index:
            level = len(tree._edge) - 1
            roots = [fold_root(tree._read(level, index)) for index in range(full - full % TILE, full)]
            tree._edge.append(_Block(full // TILE, roots))
        return tree

    def extend(self, hashes: Sequence[bytes]) -> tuple[Tile, ...]:
        """Adds leaf hashes at the right, to be confirmed or rolled back; returns the tiles that became full.

        The tiles belong into the store in one transaction with the leaves.
        """
        full: list[Tile] = []
        level, rising = 0, hashes
        while rising:
            if level == len(self._edge):
                self._edge.append(_Block(0))
            roots: list[bytes] = []
            start = 0
            while start < len(rising):
                block = self._edge[level]
                part = rising[start : start + TILE - len(block.rows[0])]
                block.add(part)
                start += len(part)
                if len(block.rows[0]) == TILE:
                    full.append(Tile(level, block.index, b"".join(block.rows[0])))
                    roots.append(node_hash(*block.rows[7]))
                    self._pending[level, block.index] = block
                    self._edge[level] = _Block(block.index + 1)
            level, rising = level + 1, roots
        self.size += len(hashes)
        return tuple(full)

    def confirm(self) -> None:
        """What was added is stored."""
        self._confirmed = self.size
        for key, block in self._pending.items():
            self._remember(key, block)
        self._pending = {}

    def rollback(self) -> None:
        """What was added since the last confirm is not stored: forgets it."""
        self.size = count = self._confirmed
        for level, block in enumerate(self._edge):
            index, filled = divmod(count, TILE)
            if block.index != index:
                block = self._edge[level] = self._pending[level, index]
            block.cut(filled)
            count = index
        self._pending = {}

    def root(self, size: int | None = None) -> bytes:
        """The root hash of the first `size` leaves, or of all (RFC 6962, 2.1: MTH)."""
        return self._range_root(0, self._checked(size))

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """The siblings from leaf `index` up, in the tree of `size` leaves (RFC 6962, 2.1.1: PATH)."""
        size = self._checked(size)
        if not 0 <= index < size:
            raise NodeError(Reason.NOT_FOUND, "error.log.record-unknown")
        return self._path(0, index, size)

    def consistency_proof(self, first: int, second: int | None = None) -> list[bytes]:
        """The hashes that prove the first tree a prefix of the second (RFC 6962, 2.1.2: PROOF).

        Empty for equal sizes and for an empty first tree.
        """
        second = self._checked(second)
        if not 0 <= first <= second:
            raise NodeError(Reason.NOT_FOUND, "error.log.sizes-exchanged")
        if first in (0, second):
            return []
        # The largest complete subtree at the right edge of the first tree is where the proof starts.
        height = (first & -first).bit_length() - 1
        index = (first - 1) >> height
        start = [self._node(height, index)] if index else []
        return start + self._path(height, index, second)

    def _checked(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise NodeError(Reason.NOT_FOUND, "error.log.size-beyond-log")
        return size

    def _path(self, height: int, index: int, size: int) -> list[bytes]:
        """The siblings on the way up from the complete subtree `index` at `height`, in the tree of `size`."""
        last = (size - 1) >> height
        # Above this many steps, the way goes along the right edge of the tree.
        inner = (index ^ last).bit_length()
        path = [self._node(height + step, (index >> step) ^ 1) for step in range(inner - 1)]
        if inner:
            # The one sibling that may be incomplete.
            top = height + inner - 1
            path.append(self._range_root(((index >> (inner - 1)) ^ 1) << top, size))
        for step in range(inner, last.bit_length()):
            if index >> step & 1:
                path.append(self._node(height + step, (index >> step) - 1))
        return path

    def _range_root(self, start: int, size: int) -> bytes:
        """The root over the leaves from `start`, which is aligned to their number, up to `size`."""
        return fold(self._node(height, (size >> height) - 1) for height in _set_bits(size - start))

    def _node(self, height: int, index: int) -> bytes:
        """The root of the complete subtree of leaves index * 2**height and on, 2**height of them."""
        level, row = height >> 3, height & 7
        tile = index >> (8 - row)
        block = self._edge[level]
        if block.index != tile:
            block = self._full(level, tile)
        return block.rows[row][index & ((TILE >> row) - 1)]

    def _full(self, level: int, tile: int) -> _Block:
        key = (level, tile)
        block = self._pending.get(key) or self._cache.get(key)
        if block is None:
            block = _Block(tile, self._read(level, tile))
            self._remember(key, block)
        return block

    def _read(self, level: int, tile: int) -> list[bytes]:
        data = self._tiles.tile(level, tile)
        if len(data) != TILE_BYTES:
            raise NodeError(Reason.LOG_CORRUPT, "error.log.tile-length")
        return [data[start : start + HASH] for start in range(0, TILE_BYTES, HASH)]

    def _remember(self, key: tuple[int, int], block: _Block) -> None:
        self._cache[key] = block
        if len(self._cache) > self._CACHED:
            # Each step is atomic, so that readers on other threads need no lock.
            for oldest in list(self._cache)[: self._CACHED // 2]:
                self._cache.pop(oldest, None)


def _set_bits(number: int) -> Iterator[int]:
    """The positions of the bits that are set, the lowest first."""
    while number:
        yield (number & -number).bit_length() - 1
        number &= number - 1
