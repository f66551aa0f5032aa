"""The tree and its proofs against published vectors (RFC 6962, RFC 9162)."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

import pytest

from node.core.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    fold_root,
    hash_leaves,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from node.core.log.tree import Tree
from node.errors import NodeError, Reason


class Inclusion(TypedDict):
    name: str
    leafIdx: int
    treeSize: int
    leafHash: str
    root: str
    proof: list[str]
    wantErr: bool


class Consistency(TypedDict):
    name: str
    size1: int
    size2: int
    root1: str
    root2: str
    proof: list[str]
    wantErr: bool


class Proofs(TypedDict):
    source: str
    inclusion: list[Inclusion]
    consistency: list[Consistency]


PROOFS: Proofs = json.loads((Path(__file__).parent / "vectors" / "merkle_proofs.json").read_text())

# The test tree of Certificate Transparency: testonly/constants.go in transparency-dev/merkle, and before it
# cpp/merkletree/merkle_tree_test.cc in google/certificate-transparency.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class NoTiles:
    """The reader of a tree that is too small to have a full tile."""

    def tile(self, level: int, index: int) -> bytes:
        raise AssertionError(f"no tile {level}/{index} can exist")


def tree_of(hashes: list[bytes]) -> Tree:
    tree = Tree(NoTiles())
    tree.extend(hashes)
    return tree


def test_hashes_are_those_of_rfc_6962() -> None:
    # rfc6962/rfc6962_test.go in transparency-dev/merkle.
    assert EMPTY_ROOT.hex() == ROOTS[0]
    assert leaf_hash(b"").hex() == ROOTS[1]
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert (
        node_hash(b"N123", b"N456").hex()
        == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_roots_of_the_test_tree(size: int) -> None:
    hashes = hash_leaves(LEAVES[:size])
    frontier = Frontier()
    frontier.extend(hashes)
    expected = ROOTS[size]
    assert tree_of(hashes).root().hex() == expected
    assert tree_of(hash_leaves(LEAVES)).root(size).hex() == expected
    assert frontier.root().hex() == expected
    assert fold_root(hashes).hex() == expected


@pytest.mark.parametrize("vector", PROOFS["inclusion"], ids=lambda vector: str(vector["name"]))
def test_inclusion_vectors(vector: Inclusion) -> None:
    proof = [b64decode(hashed) for hashed in vector["proof"]]
    leaf, root = b64decode(vector["leafHash"] or ""), b64decode(vector["root"] or "")
    if vector["wantErr"]:
        with pytest.raises(NodeError) as caught:
            verify_inclusion(vector["leafIdx"], vector["treeSize"], leaf, proof, root)
        assert caught.value.reason is Reason.PROOF_INVALID
    else:
        verify_inclusion(vector["leafIdx"], vector["treeSize"], leaf, proof, root)


@pytest.mark.parametrize("vector", PROOFS["consistency"], ids=lambda vector: str(vector["name"]))
def test_consistency_vectors(vector: Consistency) -> None:
    proof = [b64decode(hashed) for hashed in vector["proof"]]
    first, second = b64decode(vector["root1"] or ""), b64decode(vector["root2"] or "")
    if vector["wantErr"]:
        with pytest.raises(NodeError) as caught:
            verify_consistency(vector["size1"], vector["size2"], proof, first, second)
        assert caught.value.reason is Reason.PROOF_INVALID
    else:
        verify_consistency(vector["size1"], vector["size2"], proof, first, second)


def test_the_tree_gives_the_proofs_of_the_vectors() -> None:
    tree = tree_of(hash_leaves(LEAVES))
    given = 0
    for vector in PROOFS["inclusion"]:
        if vector["wantErr"] or bytes.fromhex(ROOTS[vector["treeSize"]]) != b64decode(vector["root"]):
            continue
        proof = tree.inclusion_proof(vector["leafIdx"], vector["treeSize"])
        assert proof == [b64decode(hashed) for hashed in vector["proof"]]
        given += 1
    for other in PROOFS["consistency"]:
        if not other["wantErr"] and b64decode(other["root2"]).hex() in ROOTS:
            assert tree.consistency_proof(other["size1"], other["size2"]) == [
                b64decode(hashed) for hashed in other["proof"]
            ]
            given += 1
    assert given >= 10


def subtrees(most: int) -> Iterator[tuple[int, int]]:
    """The valid subtrees: start is a multiple of the length, rounded up to a power of two."""
    for end in range(most + 1):
        for start in range(end + 1):
            length = end - start
            if start == 0 or length == 0 or start % (1 << (length - 1).bit_length()) == 0:
                yield start, end


# draft-ietf-plants-merkle-tree-certs, "Subtree Test Vectors" (also testonly/vectors_test.go in
# transparency-dev/merkle): one rolling SHA-256 over the answers for all subtrees of a tree whose 130 leaves
# are the bytes 0 to 129.
BYTE_LEAVES = hash_leaves(bytes([value]) for value in range(130))


def test_roots_of_all_subtrees_of_130_leaves() -> None:
    rolling = sha256()
    for start, end in subtrees(130):
        root = tree_of(BYTE_LEAVES[start:end]).root()
        rolling.update(f"[{start}, {end}) {root.hex()}\n".encode())
    assert rolling.hexdigest() == "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"


def test_inclusion_proofs_of_all_leaves_in_all_subtrees_of_130_leaves() -> None:
    rolling = sha256()
    for start, end in subtrees(130):
        tree = tree_of(BYTE_LEAVES[start:end])
        for index in range(start, end):
            proof = tree.inclusion_proof(index - start)
            line = " ".join([f"{index} [{start}, {end})", *(hashed.hex() for hashed in proof)])
            rolling.update(f"{line}\n".encode())
    assert rolling.hexdigest() == "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"
