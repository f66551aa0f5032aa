"""A checkpoint whose line ends were changed on the way counts; only what does not verify is told as that."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli_run import Ran, dxnode
from support.fake_catalogue import REQUESTER
from support.fake_desk import LOG_SIGNER, FakeDesk, serving
from support.plain_log import make_log

from node.cli.log.file import write_export
from node.crypto.signing import SignatureSuite, Signer
from node.v1.usage_log_pb2 import LogExport

LOG_KEY = LOG_SIGNER.verifier.vkey()
STRANGER = Signer(f"dxnode/{REQUESTER}", SignatureSuite.ED25519, bytes(31) + b"\1")
LEAVES = make_log(5)
NOTE = FakeDesk(LEAVES[:4]).note()
CHANGED = {
    "CR LF": NOTE.replace(b"\n", b"\r\n"),
    "no line end at the end": NOTE.rstrip(),
    "two line ends at the end": NOTE + b"\n",
    "byte order mark": b"\xef\xbb\xbf" + NOTE,
    "byte order mark twice": b"\xef\xbb\xbf\xef\xbb\xbf" + NOTE,
    "every line end twice": NOTE.replace(b"\n", b"\n\n"),
    "UTF-16": NOTE.decode().encode("utf-16"),
}
SPOILED = {
    "nothing": b"",
    "one line": NOTE.replace(b"\n", b" "),
    "no blank line": NOTE.replace(b"\n\n", b"\n"),
    "a dash for the long one": NOTE.replace("—".encode(), b"-"),
    "wrapped by mail": b"".join(NOTE[start : start + 60] + b"\n" for start in range(0, len(NOTE), 60)),
    "quoted by mail": b"".join(b"> " + line + b"\n" for line in NOTE.splitlines()),
    "with a signature of mail below": NOTE + b"\n-- \nWang\n",
    "blanks that do not break": NOTE.replace(b" ", "\u00a0".encode()),
    "GB 18030": NOTE.decode().encode("gb18030"),
    "another file": LOG_KEY.encode(),
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path, checkpoint = tmp_path / "usage.log", FakeDesk(LEAVES).note()
    header = LogExport(version=1, origin=f"dxnode/{REQUESTER}", size=len(LEAVES), checkpoint=checkpoint)
    write_export(path, header, LEAVES)
    return path


def verify(path: Path, *options: str | Path) -> Ran:
    return dxnode("log", "verify", path, "--log-key", LOG_KEY, *options)


def kept(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "kept.checkpoint").write_bytes(content)
    return tmp_path / "kept.checkpoint"


@pytest.mark.parametrize("how", CHANGED)
def test_a_checkpoint_with_other_line_ends_counts_and_that_is_told(
    log: Path, tmp_path: Path, how: str
) -> None:
    ran = verify(log, "--checkpoint", kept(tmp_path, CHANGED[how]))
    assert ran.code == 0, ran.err
    assert "line ends were changed" in ran.err


def test_of_a_checkpoint_as_it_was_written_nothing_is_told(log: Path, tmp_path: Path) -> None:
    ran = verify(log, "--checkpoint", kept(tmp_path, NOTE))
    assert (ran.code, "line ends" in ran.err) == (0, False)


@pytest.mark.parametrize("how", SPOILED)
def test_what_is_no_checkpoint_any_more_is_a_mistake_and_no_forgery(
    log: Path, tmp_path: Path, how: str
) -> None:
    ran = verify(log, "--checkpoint", kept(tmp_path, SPOILED[how]))
    assert ran.code == 2
    assert "kept.checkpoint" in ran.err
    assert "as files" in ran.err


@pytest.mark.parametrize(
    "content",
    [
        NOTE.replace(b"\n4\n", b"\n5\n"),
        NOTE.replace(b"\n4\n", b"\r\n5\r\n"),
        FakeDesk(LEAVES[:4]).note(STRANGER),
    ],
)
def test_what_does_not_verify_stays_what_does_not_verify(log: Path, tmp_path: Path, content: bytes) -> None:
    assert verify(log, "--checkpoint", kept(tmp_path, content)).code == 5


@pytest.mark.parametrize("how", CHANGED)
def test_a_log_is_proved_to_have_grown_from_it(tmp_path: Path, how: str) -> None:
    with serving(FakeDesk(LEAVES), tmp_path) as address:
        ran = dxnode("log", "prove", "--since", kept(tmp_path, CHANGED[how]), "--desk", address)
        assert ran.code == 0, ran.err
        ran = dxnode("log", "prove", "--since", kept(tmp_path, b"no note"), "--desk", address)
        assert ran.code == 2


@pytest.mark.parametrize(
    "content",
    [
        LOG_KEY.encode() + b"\r\n",
        b"\xef\xbb\xbf" + LOG_KEY.encode(),
        f"{LOG_KEY}\n".encode("utf-16"),
    ],
)
def test_a_key_is_read_from_its_file_however_it_was_saved(log: Path, tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "a+b.vkey"
    key.write_bytes(content)
    assert dxnode("log", "verify", log, "--log-key", key).code == 0
    key.write_bytes(content[:30])
    ran = dxnode("log", "verify", log, "--log-key", key)
    assert (ran.code, "a+b.vkey" in ran.err) == (2, True)


def test_a_checkpoint_that_is_kept_is_not_written_over(tmp_path: Path) -> None:
    with serving(FakeDesk(LEAVES), tmp_path) as address:
        out = ("--out", tmp_path / "kept", "--desk", address)
        assert dxnode("log", "checkpoint", *out).code == 0
        assert dxnode("log", "checkpoint", *out).code == 2
        assert dxnode("log", "checkpoint", *out, "--force").code == 0
        assert dxnode("log", "prove", "1", *out).code == 2
