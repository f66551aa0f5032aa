"""Signed notes and checkpoints against the examples of C2SP and of Go's checksum database."""

from __future__ import annotations

from base64 import b64decode

import pytest

from node.core.log.checkpoint import Checkpoint
from node.crypto.signing import SignatureSuite, Signer, Verifier, open_note, sign_note
from node.errors import NodeError, Reason

# c2sp.org/signed-note, "Example".
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""

# golang.org/x/mod, sumdb/note/note_test.go.
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6Ryy"
    "BwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc"
    "+QQ=\n"
)


def test_the_example_of_c2sp_signed_note_opens() -> None:
    note = open_note(C2SP_NOTE.encode(), [Verifier.parse(C2SP_KEY)])
    assert note.body == b"This is an example message.\n"
    assert note.signers == ("example.com/foo",)


def test_verifier_keys_keep_their_text() -> None:
    for vkey in (C2SP_KEY, PETER_KEY, ENOCH_KEY):
        assert Verifier.parse(vkey).vkey() == vkey


def test_signing_gives_the_note_of_go() -> None:
    signer = Signer("PeterNeumann", SignatureSuite.ED25519, b64decode(PETER_SEED)[1:])
    assert signer.verifier.vkey() == PETER_KEY
    assert sign_note(TEXT.encode(), signer).decode() == f"{TEXT}\n{PETER_LINE}"


def test_signatures_of_other_keys_are_left_aside() -> None:
    peter, enoch = Verifier.parse(PETER_KEY), Verifier.parse(ENOCH_KEY)
    note = f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}".encode()
    assert open_note(note, [peter]).verified == (peter,)
    assert open_note(note, [enoch, peter]).verified == (peter, enoch)
    with pytest.raises(NodeError) as caught:
        open_note(note, [])
    assert caught.value.reason is Reason.PROOF_INVALID


def test_repeated_signatures_count_once() -> None:
    peter = Verifier.parse(PETER_KEY)
    assert open_note(f"{TEXT}\n{PETER_LINE}{PETER_LINE}".encode(), [peter]).verified == (peter,)


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}\n{PETER_LINE[:-1]}",
        f"\x01{TEXT}\n{PETER_LINE}",
        f"{TEXT}\n— Bad Name {PETER_LINE.split()[2]}",
        f"{TEXT}\n{PETER_LINE}Unexpected line.\n",
        f"{TEXT}\n{PETER_LINE * 101}",
        f"{TEXT}\n{PETER_LINE[:60]}ABCD{PETER_LINE[60:]}",
    ],
)
def test_the_malformed_notes_of_go_are_refused(note: str) -> None:
    with pytest.raises(NodeError) as caught:
        open_note(note.encode(), [Verifier.parse(PETER_KEY)])
    assert caught.value.reason is Reason.PROOF_INVALID


def test_every_part_and_every_change_of_a_verifier_key_is_refused() -> None:
    # As TestNewVerifier in note_test.go.
    parts = [PETER_KEY[i:j] for i in range(len(PETER_KEY)) for j in range(i + 1, len(PETER_KEY) + 1)]
    changed = [PETER_KEY[:i] + chr(ord(PETER_KEY[i]) + 1) + PETER_KEY[i + 1 :] for i in range(len(PETER_KEY))]
    wrong_length = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="
    wrong_type = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    for vkey in [*parts, *changed, wrong_length, wrong_type]:
        if vkey != PETER_KEY:
            with pytest.raises(NodeError):
                Verifier.parse(vkey)


def test_the_example_of_c2sp_tlog_checkpoint_parses() -> None:
    body = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = Checkpoint.parse(body)
    assert checkpoint.origin == "example.com/behind-the-sofa"
    assert checkpoint.size == 20852163
    assert checkpoint.root.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert checkpoint.body() == body
