"""The sealing suites against published vectors (RFC 9180, X-Wing, XAES-256-GCM)."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from hashlib import shake_128, shake_256
from pathlib import Path
from typing import TypedDict

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric.ec import SECP521R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

from node.crypto.data_key import Xaes256Gcm
from node.crypto.sealing import SealingKey

VECTORS = Path(__file__).parent / "vectors"
CREATED, EXPIRES = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


class HpkeVector(TypedDict):
    suite: str
    kem_id: int
    kdf_id: int
    aead_id: int
    info: str
    skRm: str
    enc: str
    pt: str
    aad: str
    ct: str


class Encryption(TypedDict):
    pt: str
    aad: str
    ct: str


class HpkeXwingVector(TypedDict):
    info: str
    skRm: str
    pkRm: str
    enc: str
    encryptions: list[Encryption]


class XwingVector(TypedDict):
    seed: str
    pk: str
    ct: str
    ss: str


RFC_9180: list[HpkeVector] = json.loads((VECTORS / "hpke_rfc9180.json").read_text())["vectors"]
HPKE_XWING: list[HpkeXwingVector] = json.loads((VECTORS / "hpke_xwing.json").read_text())["vectors"]
XWING: list[XwingVector] = json.loads((VECTORS / "xwing.json").read_text())["vectors"]

KEMS = {0x20: KEM.X25519, 0x12: KEM.P521}
KDFS = {1: KDF.HKDF_SHA256, 3: KDF.HKDF_SHA512}
AEADS = {1: AEAD.AES_128_GCM, 2: AEAD.AES_256_GCM, 3: AEAD.CHACHA20_POLY1305}


@pytest.mark.parametrize("vector", RFC_9180, ids=lambda vector: str(vector["suite"]))
def test_hpke_opens_the_vectors_of_rfc_9180(vector: HpkeVector) -> None:
    suite = Suite(KEMS[vector["kem_id"]], KDFS[vector["kdf_id"]], AEADS[vector["aead_id"]])
    secret = bytes.fromhex(vector["skRm"])
    key = (
        X25519PrivateKey.from_private_bytes(secret)
        if vector["kem_id"] == 0x20
        else derive_private_key(int.from_bytes(secret), SECP521R1())
    )
    # The vectors have additional data, which the public single-shot call does not take.
    plaintext = openssl.hpke._decrypt_with_aad(
        suite,
        bytes.fromhex(vector["enc"] + vector["ct"]),
        key,
        bytes.fromhex(vector["info"]),
        bytes.fromhex(vector["aad"]),
    )
    assert plaintext.hex() == vector["pt"]


@pytest.mark.parametrize("vector", HPKE_XWING, ids=lambda vector: str(vector["info"])[:8])
def test_hpke_opens_the_xwing_vectors_of_draft_ietf_hpke_pq(vector: HpkeXwingVector) -> None:
    # The draft has this KEM and KDF with ChaCha20Poly1305 only.
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    expanded = shake_256_of(vector["skRm"])
    key = MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])
    )
    for encryption in vector["encryptions"]:
        plaintext = openssl.hpke._decrypt_with_aad(
            suite,
            bytes.fromhex(vector["enc"] + encryption["ct"]),
            key,
            bytes.fromhex(vector["info"]),
            bytes.fromhex(encryption["aad"]),
        )
        assert plaintext.hex() == encryption["pt"]
    ours = SealingKey(bytes.fromhex(vector["skRm"]), CREATED, EXPIRES)
    assert ours.public.public.hex() == vector["pkRm"]


@pytest.mark.parametrize("vector", XWING, ids=lambda vector: str(vector["seed"])[:8])
def test_sealing_keys_are_those_of_the_xwing_draft(vector: XwingVector) -> None:
    key = SealingKey(bytes.fromhex(vector["seed"]), CREATED, EXPIRES)
    assert key.public.public.hex() == vector["pk"]


@pytest.mark.parametrize("vector", XWING, ids=lambda vector: str(vector["seed"])[:8])
def test_sealing_keys_decapsulate_the_ciphertexts_of_the_xwing_draft(vector: XwingVector) -> None:
    # The library gives no shared secret, so the rest of HPKE is worked out here from the draft's.
    key, nonce = key_schedule(bytes.fromhex(vector["ss"]), b"info")
    sealed = bytes.fromhex(vector["ct"]) + AESGCM(key).encrypt(nonce, b"plaintext", b"")
    opened = SealingKey(bytes.fromhex(vector["seed"]), CREATED, EXPIRES).open(sealed, b"info")
    assert opened == b"plaintext"


def key_schedule(shared_secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and base nonce of HPKE base mode with X-Wing, HKDF-SHA256 and AES-256-GCM (RFC 9180, 4 and 5.1)."""
    suite = b"HPKE" + bytes.fromhex("647a00010002")

    def extract(salt: bytes, label: bytes, material: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + suite + label + material, "sha256")

    def expand(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
        labelled = length.to_bytes(2) + b"HPKE-v1" + suite + label + context
        return hmac.digest(secret, labelled + b"\x01", "sha256")[:length]

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared_secret, b"secret", b"")
    return expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)


def shake_256_of(seed: str) -> bytes:
    return shake_256(bytes.fromhex(seed)).digest(96)


# c2sp.org/XAES-256-GCM, "Test vectors".
@pytest.mark.parametrize(
    ("key", "aad", "ciphertext"),
    [
        (b"\x01" * 32, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (b"\x03" * 32, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ],
)
def test_encryption_at_rest_gives_the_vectors_of_xaes_256_gcm(
    key: bytes, aad: bytes, ciphertext: str
) -> None:
    cipher, nonce = Xaes256Gcm(key), b"ABCDEFGHIJKLMNOPQRSTUVWX"
    assert cipher.encrypt(nonce, b"XAES-256-GCM", aad).hex() == ciphertext
    assert cipher.decrypt(nonce, bytes.fromhex(ciphertext), aad) == b"XAES-256-GCM"


def test_encryption_at_rest_gives_the_accumulated_vector_of_xaes_256_gcm() -> None:
    # Keys, nonces and texts are read from SHAKE-128 of nothing; the hash is over 10 000 ciphertexts.
    stream = memoryview(shake_128(b"").digest(10_000 * (32 + 24 + 2 + 2 * 255)))
    rolling = shake_128()
    at = 0

    def read(length: int) -> bytes:
        nonlocal at
        at += length
        return bytes(stream[at - length : at])

    for _ in range(10_000):
        key, nonce = read(32), read(24)
        plaintext = read(read(1)[0])
        aad = read(read(1)[0])
        rolling.update(Xaes256Gcm(key).encrypt(nonce, plaintext, aad))
    assert rolling.hexdigest(32) == "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
