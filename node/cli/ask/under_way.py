"""An exchange that is begun: its id is shown before; if its answer is lost, the command that fetches it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from node.cli.terminal.session import DeskSession
from node.errors import NodeError, Reason
from node.texts.message import Message, Value
from node.texts.wording import t

_OPEN = frozenset(
    {
        Reason.TIMEOUT,
        Reason.PEER_UNAVAILABLE,
        Reason.DRAINING,
        Reason.STORE_UNAVAILABLE,
        Reason.INTERNAL,
    }
)
"""After these it may have been answered all the same, unless the provider's denial says so."""


@contextmanager
def under_way(
    session: DeskSession, exchange_id: bytes, command: Sequence[str], *, is_new: bool
) -> Iterator[None]:
    """Ask within this; `command` is how it was asked, without its id, its subject and the way to the desk.

    An id that `is_new` was chosen here: nobody has seen it yet.
    """
    shown, terminal = exchange_id.hex(), session.terminal
    fetch = shlex.join(["dxnode", *command, "--exchange-id", shown, *session.reach])
    if is_new:
        terminal.note(t("ask.exchange", exchange=shown))
    try:
        yield
    except NodeError as error:
        told: dict[str, Value] = {**error.wording.args, "exchange_id": shown}
        if error.reason in _OPEN and "clause" not in error.metadata:
            told["fetch"] = fetch
        raise NodeError.of(error.reason, Message(error.wording.key, told)) from error
    except KeyboardInterrupt:
        terminal.stopped(t("ask.fetch", command=fetch), {"exchange_id": shown, "fetch": fetch})
        raise


def command_of(
    name: str,
    question: str,
    purpose: str,
    case: str,
    parameters: Sequence[str],
    claims: Sequence[str] = (),
    subject_from: Path | None = None,
) -> list[str]:
    """A command as it was given; who is asked about is never in one."""
    words = [name, question, "--purpose", purpose, "--case", case]
    words += [word for each in parameters for word in ("--param", each)]
    words += [word for each in claims for word in ("--claim", each)]
    return words if subject_from is None else [*words, "--subject-from", str(subject_from)]
