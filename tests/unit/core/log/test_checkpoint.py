"""A checkpoint has one text, and nothing else is taken for one."""

from __future__ import annotations

from base64 import b64encode

import pytest

from node.core.log.checkpoint import Checkpoint
from node.errors import NodeError, Reason

ROOT = bytes(range(32))
ROOT_TEXT = b64encode(ROOT).decode()


@pytest.mark.parametrize("size", [0, 1, 1_000_000, 2**63 - 1])
def test_a_checkpoint_is_read_as_it_was_written(size: int) -> None:
    checkpoint = Checkpoint("dxnode/11441900000000019Y", size, ROOT)
    assert checkpoint.body() == f"dxnode/11441900000000019Y\n{size}\n{ROOT_TEXT}\n".encode()
    assert Checkpoint.parse(checkpoint.body()) == checkpoint


def test_extension_lines_are_left_aside() -> None:
    assert Checkpoint.parse(f"origin\n5\n{ROOT_TEXT}\nmore\nand more\n".encode()).size == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        "origin\n5\n",
        f"origin\n5\n{ROOT_TEXT}",
        f"\n5\n{ROOT_TEXT}\n",
        f"origin\n\n{ROOT_TEXT}\n",
        f"origin\n5\n{ROOT_TEXT}\n\n",
        f"origin\n5\n{ROOT_TEXT}\n\nmore\n",
        f"origin\n05\n{ROOT_TEXT}\n",
        f"origin\n+5\n{ROOT_TEXT}\n",
        f"origin\n-5\n{ROOT_TEXT}\n",
        f"origin\n 5\n{ROOT_TEXT}\n",
        f"origin\n5_0\n{ROOT_TEXT}\n",
        f"origin\n٥\n{ROOT_TEXT}\n",
        f"origin\n{2**63}\n{ROOT_TEXT}\n",
        f"origin\n{'9' * 1000}\n{ROOT_TEXT}\n",
        f"origin\n5\n{ROOT_TEXT[:-4]}\n",
        f"origin\n5\n{ROOT_TEXT[:-1]}\n",
        # The same 32 bytes, with other bits in the part that base64 leaves unused.
        f"origin\n5\n{ROOT_TEXT[:-2]}9=\n",
        f"origin\n5\n{ROOT_TEXT} \n",
        f"origin\n5\n{b64encode(ROOT + ROOT).decode()}\n",
        f"origin\r\n5\r\n{ROOT_TEXT}\r\n",
        f"{'o' * 5000}\n5\n{ROOT_TEXT}\n",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(NodeError) as caught:
        Checkpoint.parse(text.encode())
    assert caught.value.reason is Reason.PROOF_INVALID


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(NodeError):
        Checkpoint.parse(b"\xff\n5\n" + ROOT_TEXT.encode() + b"\n")
