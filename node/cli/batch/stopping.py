"""Ends a batch in order when it cannot go on or is told to: says how far it got and how to go on.

It is told to by Ctrl-C, by SIGTERM, as service managers do, and by SIGHUP, when its terminal goes away.
"""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Final, NoReturn

from node.cli.terminal.output import StoppedError, Terminal
from node.cli.terminal.session import language_again
from node.errors import NodeError, Reason
from node.texts.wording import t

if TYPE_CHECKING:
    from node.cli.batch.output_file import Output

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
_ONCE: Final = frozenset({"--restart", "--yes"})
"""Options that would begin anew, or are for the beginning alone."""


class ToldToStopError(BaseException):
    """A signal asked this process to end; no handler of errors takes it for one."""


def command_to_go_on(arguments: Sequence[str]) -> str:
    """The command line that goes on with the batch that these arguments began."""
    return shlex.join(["dxnode", *language_again(), *(each for each in arguments if each not in _ONCE)])


@contextmanager
def told_to_stop() -> Iterator[None]:
    """Raise `ToldToStopError` in the main thread, once, when the process is told to end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise ToldToStopError

    # Who started this with a signal ignored, as nohup does, means it.
    taken = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, stop) for each in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def saying_how_far(terminal: Terminal, output: Output, total: int, command: str) -> Iterator[None]:
    """Whatever ends the batch within, say how many of `total` rows are done, and the `command` to go on.

    Raises NodeError, or StoppedError for Ctrl-C, with both among its arguments.
    """
    try:
        yield
    except NodeError as error:
        how_far = _told(terminal, output, total, command)
        args = {**error.wording.args, **how_far}
        raise NodeError(error.reason, error.wording.key, **args) from error
    except ToldToStopError:
        how_far = _told(terminal, output, total, command)
        raise NodeError(Reason.DRAINING, "batch.terminated", **how_far) from None
    except KeyboardInterrupt:
        raise StoppedError(_told(terminal, output, total, command)) from None


def _told(terminal: Terminal, output: Output, total: int, command: str) -> Mapping[str, str]:
    if not output.has_begun:
        terminal.note(t("batch.nothing_left"))
        return {}
    done = output.rows_kept()
    if done is None:
        with suppress(NodeError):
            output.forget()
        terminal.note(t("batch.files_gone"))
        return {}
    terminal.note(t("batch.stopped", done=done, total=total, command=command))
    return {"rows_done": str(done), "rows": str(total), "command": command}
