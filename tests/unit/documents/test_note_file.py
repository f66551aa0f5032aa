"""Notes and verifier keys are read from their files; what was changed beyond line ends is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.crypto.signing import SignatureSuite, Signer, open_note, sign_note
from node.documents.note_file import read_note_file
from node.documents.verifier_file import read_verifier, verifier_from
from node.errors import NodeError, Reason

SIGNER = Signer("dxnode/1144190000000006X2", SignatureSuite.ED25519, bytes(range(32)))
COSIGNER = Signer("dxnode/1144190000000006X2", SignatureSuite.ML_DSA_65, bytes(range(32)))
NOTE = sign_note("某处\n12\n".encode(), SIGNER, COSIGNER)
VKEY = SIGNER.verifier.vkey()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a+b" / "file"


def put(file: Path, content: bytes) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    "changed",
    [
        NOTE.replace(b"\n", b"\r\n"),
        NOTE[:-1],
        NOTE + b"\n\n",
        NOTE.replace(b"\n", b"\n\n"),
        NOTE.replace(b"\n", b"\r\r\n"),
        b"\xef\xbb\xbf" + NOTE,
        NOTE.decode().encode("utf-16"),
    ],
)
def test_a_note_verifies_from_a_file_whose_line_ends_were_changed(file: Path, changed: bytes) -> None:
    found = open_note(read_note_file(put(file, changed), 1 << 16), (SIGNER.verifier,))
    assert found.body == "某处\n12\n".encode()


@pytest.mark.parametrize(
    "changed",
    [
        b"",
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace("—".encode(), b"-"),
        NOTE.replace("—".encode(), b"=E2=80=94"),
        NOTE[:-20],
        b"".join(NOTE[start : start + 76] + b"\n" for start in range(0, len(NOTE), 76)),
        b"\x00\x01",
    ],
)
def test_what_is_no_note_any_more_is_told_by_its_file_and_not_as_a_wrong_signature(
    file: Path, changed: bytes
) -> None:
    with pytest.raises(NodeError, match="was changed on its way") as caught:
        read_note_file(put(file, changed), 1 << 16)
    assert caught.value.reason is Reason.CONFIG_INVALID
    assert caught.value.metadata["path"] == str(file)


def test_another_text_under_the_signature_stays_a_wrong_signature(file: Path) -> None:
    note = read_note_file(put(file, NOTE.replace(b"12", b"13").replace(b"\n", b"\r\n")), 1 << 16)
    with pytest.raises(NodeError, match="signature under the note is wrong"):
        open_note(note, (SIGNER.verifier,))


@pytest.mark.parametrize(
    "content",
    [
        VKEY.encode(),
        VKEY.encode() + b"\r\n",
        b"\xef\xbb\xbf" + VKEY.encode() + b"\n",
        (VKEY + "\r\n").encode("utf-16"),
        b"  " + VKEY.encode() + b"  \n\n",
    ],
)
def test_a_verifier_key_is_read_from_its_file(file: Path, content: bytes) -> None:
    assert read_verifier(put(file, content)) == SIGNER.verifier
    assert verifier_from(str(file)) == SIGNER.verifier


def test_a_verifier_key_is_taken_written_out() -> None:
    assert verifier_from(f" {VKEY}\r\n") == SIGNER.verifier
    assert verifier_from(f"\ufeff{VKEY}") == SIGNER.verifier
    assert verifier_from(COSIGNER.verifier.vkey()) == COSIGNER.verifier


@pytest.mark.parametrize("content", [b"", VKEY[:-4].encode(), NOTE, (VKEY + "\n").encode() * 2])
def test_a_file_without_one_verifier_key_is_named(file: Path, content: bytes) -> None:
    with pytest.raises(NodeError) as caught:
        verifier_from(str(put(file, content)))
    assert caught.value.message.startswith(f"{file}: ")
