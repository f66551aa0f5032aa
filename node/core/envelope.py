"""The routing data of an envelope, bound to its content, and the sizes that hide what is inside."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 1
SUITE = 1
"""`SUITE_XWING_HKDF_SHA256_AES256GCM`."""

REQUEST_BUCKET = 2048
RESPONSE_BUCKET = 4096
_PER_SUBJECT = 96


@dataclass(frozen=True, slots=True)
class Routing:
    """What a gateway may see of an envelope."""

    requester: str
    provider: str
    exchange_id: bytes
    key_id: str
    version: int = VERSION
    suite: int = SUITE

    def info(self) -> bytes:
        """The bytes that bind it to the ciphertext: HPKE `info`, and the answer's additional data."""
        parts = (self.requester.encode(), self.provider.encode(), self.exchange_id, self.key_id.encode())
        head = b"dxnode/envelope" + bytes((self.version, self.suite))
        return head + b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def response_bucket(subjects: int) -> int:
    """The length (bytes) that a response about `subjects` subjects is padded to.

    It depends on the request alone, so hit, miss and denial look the same.
    """
    needed = RESPONSE_BUCKET + (_PER_SUBJECT * subjects if subjects > 1 else 0)
    return 1 << (needed - 1).bit_length()
