"""The node's keys behind the few operations that an exchange needs of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

from node.core.log.checkpoint import Checkpoint
from node.core.messages.envelope import Routing, Sealed
from node.crypto.data_key import DataKeyRing
from node.crypto.sealing import KeyRing, SealingPublicKey, open_answer, pad, seal_answer, seal_request, unpad
from node.crypto.sessions import Sessions
from node.crypto.signing import Verifier, open_note
from node.errors import NodeError, Reason

_NONCE = 12
CHECKPOINTS_KEPT = 1024
_LONGEST_CHECKPOINT = 16_384
"""One with both signatures has about 5 KB."""


class NodeVault:
    """Implements `node.exchange.ports.Vault`. Safe to use from several threads."""

    def __init__(self, ring: KeyRing, data: DataKeyRing, random: Callable[[int], bytes]) -> None:
        self._ring = ring
        self._data = data
        self._random = random
        self._sessions = Sessions(random)
        # All that were committed together show the same checkpoint. Note and keys are compared whole, and
        # what fails is never remembered.
        self._checkpoints = lru_cache(maxsize=CHECKPOINTS_KEPT)(_read_checkpoint)

    def replace_keys(self, ring: KeyRing, data: DataKeyRing) -> None:
        """Use other sealing and data keys from now on."""
        self._ring, self._data = ring, data

    def open(self, sealed: Sealed, routing: Routing, now: datetime) -> bytes:
        """Open a request, without its padding. Raises NodeError(KEY_ID_UNKNOWN) or (ENVELOPE_INVALID)."""
        return unpad(self._ring.open(sealed, routing, now))

    def seal(self, plaintext: bytes, recipient: str, routing: Routing, bucket: int, time_ms: int) -> Sealed:
        """Pad and seal to an encoded public sealing key, in the session with the provider at that time."""
        session = self._sessions.take(_public_key(recipient), routing, time_ms)
        padded = pad(plaintext, bucket)
        return Sealed(session.sealed_key, seal_request(padded, session.secret, routing, self._random(_NONCE)))

    def seal_answer(self, plaintext: bytes, response_key: bytes, routing: Routing, bucket: int) -> bytes:
        """Pad and seal an answer under the response key."""
        return seal_answer(pad(plaintext, bucket), response_key, routing, self._random(_NONCE))

    def open_answer(self, ciphertext: bytes, response_key: bytes, routing: Routing) -> bytes:
        """Open an answer, without its padding. Raises NodeError(ENVELOPE_INVALID)."""
        return unpad(open_answer(ciphertext, response_key, routing))

    def open_checkpoint(
        self, note: bytes, log_keys: tuple[str, ...], cosign_keys: tuple[str, ...] = ()
    ) -> Checkpoint:
        """The checkpoint of a note that one of the encoded log keys has signed, and perhaps cosign keys.

        Nothing else may stand in the note: it is kept as it came. Raises NodeError(PROOF_INVALID).
        """
        if len(note) > _LONGEST_CHECKPOINT:
            raise _has_more()
        return self._checkpoints(note, log_keys, cosign_keys)

    def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt for keeping, bound to `context`."""
        return self._data.encrypt(plaintext, context)

    def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        """The inverse of encrypt. Raises NodeError(LOG_CORRUPT)."""
        return self._data.decrypt(ciphertext, context)

    def pseudonym(self, context: bytes, value: bytes) -> bytes:
        """A keyed 16-byte name for a personal value."""
        return self._data.pseudonym(context, value)

    def older_pseudonyms(self, context: bytes, value: bytes) -> tuple[bytes, ...]:
        """What the value was called before keys were replaced."""
        return self._data.older_pseudonyms(context, value)

    def is_pseudonym(self, name: bytes, context: bytes, value: bytes) -> bool:
        """Whether `pseudonym` gives or gave this name to the value."""
        return self._data.is_pseudonym(name, context, value)


# Parsing a key costs more than using it, and a node talks to few others.
@lru_cache(maxsize=1024)
def _public_key(text: str) -> SealingPublicKey:
    return SealingPublicKey.decode(text)


@lru_cache(maxsize=1024)
def _verifier(text: str) -> Verifier:
    return Verifier.parse(text)


def _read_checkpoint(note: bytes, log_keys: tuple[str, ...], cosign_keys: tuple[str, ...]) -> Checkpoint:
    log = tuple(map(_verifier, log_keys))
    try:
        opened = open_note(note, (*log, *map(_verifier, cosign_keys)))
        if not any(verifier in log for verifier in opened.verified):
            raise NodeError(Reason.PROOF_INVALID, "error.crypto.cosigned-alone")
    except NodeError as error:
        # Perhaps its owner has a new key that only a newer directory lists.
        raise NodeError(
            Reason.PROOF_INVALID,
            "error.crypto.checkpoint-unsigned",
            problem=error.wording,
        ) from None
    checkpoint = Checkpoint.parse(opened.body)
    if opened.others or checkpoint.body() != opened.body:
        raise _has_more()
    return checkpoint


def _has_more() -> NodeError:
    return NodeError(
        Reason.PROOF_INVALID,
        "error.crypto.checkpoint-surplus",
    )
