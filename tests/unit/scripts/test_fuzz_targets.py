"""Every fuzz target reads its seed corpus, and what is near it; finds of the fuzzer stay found."""

from __future__ import annotations

import random

import pytest
from support.places import CORPUS

from node.errors import NodeError
from scripts.fuzzing.targets import TARGETS, run, seeds

NEAR = 60
"""Changed copies of each seed; `scripts/bench fuzz` makes a million."""


@pytest.mark.parametrize("target", TARGETS)
def test_seed_is_read_by_its_target(target: str) -> None:
    good = 0
    for seed in seeds(CORPUS, target):
        try:
            TARGETS[target](seed)
        except NodeError:
            continue
        good += 1
    assert good, "no seed of the target is well-formed: the fuzzer would start from nothing"


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_near_a_seed_is_read_or_refused(target: str) -> None:
    rng = random.Random(target)  # noqa: S311 - the same cases whenever it runs
    known = seeds(CORPUS, target)
    for seed in [b"", b"\x00", "身份证".encode(), *known]:
        run(target, seed)
        for _ in range(NEAR):
            run(target, changed(seed, rng.choice(known), rng))


def changed(seed: bytes, other: bytes, rng: random.Random) -> bytes:
    """One of what a fuzzer does to a seed."""
    start, end = sorted(rng.randrange(len(seed) + 1) for _ in range(2))
    piece = other[: rng.randrange(len(other) + 1)][-16:]
    middle = rng.choice(
        [b"", piece, seed[start:end] * 2, bytes([rng.randrange(256)]), b'"', b"\r", b"\xff" * 8]
    )
    return seed[:start] + middle + seed[rng.choice([start, start + 1, end]) :]


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert sorted(TARGETS) == sorted(path.name for path in CORPUS.iterdir())
