"""The standard streams of a command, which may be closed, full, or read by somebody who goes away.

What a command found is its exit code, whoever reads what it says of that: a gate that failed must fail
also in `dxnode policy check policies | head -1`.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from node.cli.terminal.exits import Exit
from node.files.why import why
from node.texts.wording import say, t

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Output(io.FileIO):
    """Writes to a descriptor; from the first failure on it writes nowhere, and keeps what failed."""

    failed: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.failed = error
            # Also for what libraries write there without us.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(memoryview(data))


def keep_verdict(command: Callable[[], None]) -> None:
    """Run a command that ends by SystemExit, and end with its exit code whatever becomes of its output.

    A reader that went away has read what it wanted. Where output is lost otherwise, as on a full disk, a
    command that would have said that all is well has not.
    """
    _open_all()
    out, err = _Output(1, "wb", closefd=False), _Output(2, "wb", closefd=False)
    sys.stdout, sys.stderr = _text(out), _text(err)
    code: object = Exit.OK
    try:
        command()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
    if out.failed is not None and out.failed.errno != errno.EPIPE:
        sys.stderr.write(t("unexpected.output_lost", why=say(why(out.failed))) + "\n")
        code = code or Exit.UNAVAILABLE
    sys.stderr.flush()
    sys.exit(code if isinstance(code, int) else Exit.OK)


def is_screen() -> bool:
    """Whether a person reads stdout as it is written."""
    return sys.stdout.isatty()


def _open_all() -> None:
    """Open what was closed before the start: else the next file opened would be taken for a stream.

    A database in the place of stderr would be written over by the first message.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # It takes the lowest number that is free.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115


def _text(raw: _Output) -> TextIO:
    given = sys.stdout if raw.fileno() == 1 else sys.stderr
    encoding = given.encoding if given is not None else "utf-8"
    # Where a terminal has no Chinese, write escapes: a command that is done must not fail in saying so.
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=raw.fileno() == 2 or raw.isatty(),
    )
