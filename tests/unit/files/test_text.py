"""Text is brought back to how it was written, whatever mail and editors made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.files.text import decoded, plain_text, read_text

WRITTEN = "dxnode/张\n12\nabc=\n\n— dxnode/张 xyz=\n".encode()


@pytest.mark.parametrize(
    "changed",
    [
        WRITTEN,
        WRITTEN.replace(b"\n", b"\r\n"),
        WRITTEN.replace(b"\n", b"\r"),
        WRITTEN.replace(b"\n", b" \n"),
        WRITTEN.replace(b"\n", "\u00a0\t\n".encode()),
        WRITTEN.rstrip(),
        WRITTEN + b"\n",
        WRITTEN.replace(b"\n", b"\n\n"),
        WRITTEN.replace(b"\n", b"\r\r\n"),
        WRITTEN + b"\r\n \r\n",
        b"\xef\xbb\xbf" + WRITTEN,
        b"\xef\xbb\xbf" + WRITTEN.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" * 3 + WRITTEN,
        WRITTEN.decode().encode("utf-16"),
        b"\xfe\xff" + WRITTEN.decode().replace("\n", "\r\n").encode("utf-16-be"),
    ],
)
def test_line_ends_and_marks_are_put_back(changed: bytes) -> None:
    assert plain_text(changed) == WRITTEN


@pytest.mark.parametrize("content", [b"\xff\xff\x00", b"\xef\xbb\xbf\xff", b"\xff\xfe\x00"])
def test_what_is_no_text_stays_as_it_is(content: bytes) -> None:
    assert plain_text(content) == content


def test_nothing_stays_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"\xef\xbb\xbf\r\n")
    assert read_text(empty, 100) == b""


def test_a_mark_is_no_part_of_the_text() -> None:
    assert decoded(b"\xef\xbb\xbfsecret\r\n") == "secret\r\n"
    assert decoded("secret".encode("utf-16")) == "secret"
    assert decoded(b"\xffsecret") == "\ufffdsecret"
