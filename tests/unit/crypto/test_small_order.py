"""The points of small order, computed from the curve: all spellings of each are known, and no key is one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from node.crypto.small_order import is_no_ed25519_key, is_no_x25519_key

# edwards25519 (RFC 8032, 5.1): -x^2 + y^2 = 1 + d x^2 y^2.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of -1
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def root_of(square: int) -> int | None:
    found = pow(square, (P + 3) // 8, P)
    for each in (found, found * ROOT % P):
        if each * each % P == square % P:
            return each
    return None


def add(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def times(number: int, point: Point) -> Point:
    result = NEUTRAL
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def points() -> Iterator[Point]:
    """Points of the curve, of any order."""
    for y in range(2, 200):
        x = root_of((y * y - 1) * pow(D * y * y + 1, -1, P) % P)
        if x is not None:
            yield x, y


def of_small_order() -> set[Point]:
    """All eight: what is left of points once they are multiplied by the prime order."""
    found = {times(L, point) for point in points()}
    assert len(found) == 8
    assert all(times(8, point) == NEUTRAL for point in found)
    return found


SMALL = sorted(of_small_order())


def spellings(point: Point) -> list[bytes]:
    """Every encoding that a lenient reader takes for the point: y not reduced, a sign for x = 0."""
    x, y = point
    signs = (0, 1) if x == 0 else (x & 1,)
    return [
        (each | sign << 255).to_bytes(32, "little")
        for each in (y, y + P)
        if each < 1 << 255
        for sign in signs
    ]


@pytest.mark.parametrize("point", SMALL, ids=[f"{times(4, p) == NEUTRAL:d}-{n}" for n, p in enumerate(SMALL)])
def test_no_spelling_of_a_point_of_small_order_is_a_key(point: Point) -> None:
    for encoded in spellings(point):
        assert is_no_ed25519_key(encoded)


def test_there_are_14_spellings_of_them() -> None:
    assert len({encoded for point in SMALL for encoded in spellings(point)}) == 14


def test_library_takes_such_keys_and_a_signature_under_one_fits_what_nobody_signed() -> None:
    # Why this is looked at here: the neutral point as key, and as the R of a signature with S = 0.
    neutral = (1).to_bytes(32, "little")
    key = Ed25519PublicKey.from_public_bytes(neutral)
    for text in (b"one thing", b"another"):
        key.verify(neutral + bytes(32), text)
    assert is_no_ed25519_key(neutral)


def test_y_that_is_not_reduced_is_no_key() -> None:
    for y in range(P, 1 << 255):
        assert is_no_ed25519_key(y.to_bytes(32, "little"))


def test_keys_that_are_made_are_keys() -> None:
    for _ in range(200):
        assert not is_no_ed25519_key(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
        assert not is_no_x25519_key(X25519PrivateKey.generate().public_key().public_bytes_raw())


def test_points_that_are_small_only_in_part_are_told_apart() -> None:
    base = next(point for point in points() if times(L, point) == NEUTRAL)
    assert not is_no_ed25519_key(base[1].to_bytes(32, "little"))


def test_no_x25519_key_of_small_order_passes_and_the_library_shares_no_secret_with_it() -> None:
    # Montgomery form (RFC 7748, 4.1): u = (1 + y) / (1 - y); the neutral point has none, and 0 is its own.
    values = {0} | {(1 + y) * pow(1 - y, -1, P) % P for _, y in SMALL if y != 1}
    reduced_or_not = [
        each + more for each in values | {1, P - 1} for more in (0, P) if each + more < 1 << 255
    ]
    spelled = [each | top << 255 for each in reduced_or_not for top in (0, 1)]
    private = X25519PrivateKey.generate()
    for number in spelled:
        encoded = number.to_bytes(32, "little")
        assert is_no_x25519_key(encoded)
        with pytest.raises(ValueError):  # noqa: PT011 - the library says no more
            private.exchange(X25519PublicKey.from_public_bytes(encoded))
    assert not is_no_x25519_key(os.urandom(31) + b"\x08")
