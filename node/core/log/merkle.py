"""Merkle tree hashes, and the verification of proofs (RFC 6962, 2.1; RFC 9162, 2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import islice

from node.errors import NodeError, Reason
from node.texts.message import Value

HASH = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
# The wire carries sizes as unsigned 64-bit; a signed one must hold them in every database.
LARGEST = 2**63 - 1

_sha256 = hashlib.sha256


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf (RFC 6962, 2.1)."""
    return _sha256(b"\0" + leaf).digest()


def hash_leaves(leaves: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of many leaves."""
    return [_sha256(b"\0" + leaf).digest() for leaf in leaves]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and the two children (RFC 6962, 2.1)."""
    return _sha256(b"\1" + left + right).digest()


def pair_up(hashes: Sequence[bytes]) -> list[bytes]:
    """`node_hash` of the first and second, the third and fourth, and so on; an odd last one is left out."""
    pairs = iter(hashes)
    return [_sha256(b"\1" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]


def fold(peaks: Iterable[bytes]) -> bytes:
    """The root over complete subtrees, given from the smallest, rightmost one to the largest."""
    root = b""
    for peak in peaks:
        root = node_hash(peak, root) if root else peak
    return root or EMPTY_ROOT


class Frontier:
    """The roots of the complete subtrees of a growing tree: enough to have its root, in O(log n) memory.

    For reading a log once from its beginning, as a verifier does: add leaf hashes in batches of thousands,
    and take the root wherever a checkpoint stands.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        # By height: the root of the complete subtree of 2**height leaves, where the size has that bit.
        self._peaks: list[bytes | None] = []

    def extend(self, leaf_hashes: Sequence[bytes]) -> None:
        """Adds leaf hashes of 32 bytes each at the right."""
        self.size += len(leaf_hashes)
        level, height = list(leaf_hashes), 0
        while level:
            if height == len(self._peaks):
                self._peaks.append(None)
            peak = self._peaks[height]
            if peak is not None:
                level.insert(0, peak)
            self._peaks[height] = level[-1] if len(level) % 2 else None
            level = pair_up(level)
            height += 1

    def root(self) -> bytes:
        """The root hash of all leaves so far."""
        return fold(peak for peak in self._peaks if peak is not None)


def fold_root(hashes: Iterable[bytes]) -> bytes:
    """The root hash over any number of leaf hashes, streamed."""
    frontier = Frontier()
    source = iter(hashes)
    while batch := list(islice(source, 4096)):
        frontier.extend(batch)
    return frontier.root()


def root_from_inclusion(index: int, size: int, leaf_hash: bytes, hashes: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to, from leaf `index` of a tree of `size` (RFC 9162, 2.1.3.2).

    `hashes` are siblings of 32 bytes from the leaf upwards. Raises NodeError(PROOF_INVALID) when index,
    size and number or length of the hashes do not belong together. The root still has to be compared with a
    checkpoint's.
    """
    if not 0 <= index < size <= LARGEST:
        raise _invalid("error.log.leaf-index")
    _check_lengths(leaf_hash)
    node, last, root = index, size - 1, leaf_hash
    for sibling in hashes:
        if len(sibling) != HASH:
            raise _invalid("error.log.proof-hash-length")
        if last == 0:
            raise _invalid("error.log.inclusion-proof-long")
        if node & 1 or node == last:
            root = _sha256(b"\1" + sibling + root).digest()
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            root = _sha256(b"\1" + root + sibling).digest()
        node >>= 1
        last >>= 1
    if last:
        raise _invalid("error.log.inclusion-proof-short")
    return root


def verify_inclusion(index: int, size: int, leaf_hash: bytes, hashes: Sequence[bytes], root: bytes) -> None:
    """Raises NodeError(PROOF_INVALID) unless the leaf is at `index` in the tree of `size` with that root."""
    if root_from_inclusion(index, size, leaf_hash, hashes) != root:
        raise _invalid("error.log.inclusion-disproved")


def verify_consistency(
    first: int, second: int, hashes: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Raises NodeError(PROOF_INVALID) unless the first tree is a prefix of the second (RFC 9162, 2.1.4.2).

    The first tree must not be empty: every tree extends the empty one, so that a proof would say nothing.
    """
    if not 0 < first <= second <= LARGEST:
        raise _invalid("error.log.proof-sizes")
    _check_lengths(*hashes)
    if first == second:
        if hashes or first_root != second_root:
            raise _invalid("error.log.roots-differ")
        return
    # A first tree that is one complete subtree is its own starting point.
    path = [first_root, *hashes] if first & (first - 1) == 0 else list(hashes)
    if not path or not hashes:
        raise _invalid("error.log.consistency-proof-short")
    node, last = first - 1, second - 1
    while node & 1:
        node >>= 1
        last >>= 1
    first_again = second_again = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise _invalid("error.log.consistency-proof-long")
        if node & 1 or node == last:
            first_again = node_hash(sibling, first_again)
            second_again = node_hash(sibling, second_again)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            second_again = node_hash(second_again, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise _invalid("error.log.consistency-proof-short")
    if first_again != first_root or second_again != second_root:
        raise _invalid("error.log.consistency-disproved")


def _check_lengths(*hashes: bytes) -> None:
    for hashed in hashes:
        if len(hashed) != HASH:
            raise _invalid("error.log.proof-hash-length")


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.PROOF_INVALID, key, **args)
