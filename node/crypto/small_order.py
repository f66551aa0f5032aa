"""Public keys of Curve25519 that are no keys: points of small order, and spellings that nobody makes.

The curve has eight points whose order divides eight. Under such an Ed25519 key one signature may fit many
texts, or any; with such an X25519 key every shared secret is the same. Neither RFC 8032 (5.1.7) nor the
library refuses them. The tables are those of libsodium (`ge25519_has_small_order`, and `has_small_order` of
its X25519, after cr.yp.to/ecdh.html, "How do I validate Curve25519 public keys?").
"""

from __future__ import annotations

from typing import Final

_P: Final = 2**255 - 19
_BITS: Final = (1 << 255) - 1
# The two values of y (Edwards form) of the four points of order eight; those of u (Montgomery form).
_Y8: Final = (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)
_U8: Final = (
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
)


def _number(encoded: bytes) -> int:
    return int.from_bytes(encoded, "little") & _BITS


_SMALL_Y: Final = frozenset((0, 1, _P - 1, *(_number(bytes.fromhex(each)) for each in _Y8)))
_SMALL_U: Final = frozenset((0, 1, _P - 1, *(_number(bytes.fromhex(each)) for each in _U8)))


def is_no_ed25519_key(public: bytes) -> bool:
    """Whether an encoded point (32 bytes, RFC 8032, 5.1.2) has small order, or a y that is not reduced."""
    y = _number(public)  # the bit above it is the sign of x
    return y >= _P or y in _SMALL_Y


def is_no_x25519_key(public: bytes) -> bool:
    """Whether a u-coordinate (32 bytes, RFC 7748, 5; its top bit does not count) has small order."""
    return _number(public) % _P in _SMALL_U
