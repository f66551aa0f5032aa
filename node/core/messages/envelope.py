"""The routing data of an envelope, bound to its content, and the sizes that hide what is inside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

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

    def session_info(self) -> bytes:
        """What binds a session secret to all but the exchange: the HPKE `info` of a sealed key."""
        return _session_info(self.version, self.suite, self.requester, self.provider, self.key_id)

    def info(self) -> bytes:
        """What binds a request or an answer to its exchange: their additional data."""
        return self.session_info() + self.exchange_id


# The same for every exchange between two departments: put together once, not at every message.
@lru_cache(maxsize=1024)
def _session_info(version: int, suite: int, *parts: str) -> bytes:
    head = b"dxnode/envelope" + bytes((version, suite))
    encoded = [part.encode() for part in parts]
    return head + b"".join(len(part).to_bytes(2, "big") + part for part in encoded)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What an envelope carries beside its routing data."""

    sealed_key: bytes
    """A session secret, sealed to the provider."""
    ciphertext: bytes
    """The request, under a key of that secret and the exchange id."""


def response_bucket(subjects: int) -> int:
    """The length (bytes) that a response about `subjects` subjects is padded to.

    It depends on the request alone, so hit, miss and denial look the same.
    """
    needed = RESPONSE_BUCKET + (_PER_SUBJECT * subjects if subjects > 1 else 0)
    return 1 << (needed - 1).bit_length()
