"""How commands write: results to stdout as text, tables or JSON; errors and notes to stderr."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from node.cli.terminal.exits import Exit, by_peer, exit_of
from node.cli.terminal.streams import is_screen
from node.core.identity import holds_identifier
from node.errors import NodeError, Reason, wording_of
from node.texts import wording
from node.texts.message import Message
from node.texts.wording import CHINA, find, labelled, listing, say, t

if TYPE_CHECKING:
    from rich.progress import Progress

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

_PLACES = ("rule", "clause", "grant")
"""Where in a policy or grant a denial comes from; metadata of an error."""

MEANT: Final = ("department", "dataset", "question", "purpose", "parameter", "claim", "grant")
"""What may be mistyped: metadata `meant_…` of an error has what was probably meant."""

_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
"""Categories of what a terminal obeys in place of showing it, and of what nobody sees."""
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that have no ink either."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where a command writes; with `json` it writes one JSON document to stdout and nothing else there."""

    json: bool = False

    def result(self, value: object, *lines: str) -> None:
        """The result of a command: `value` as JSON, or the lines."""
        if self.json:
            self.document(value)
        else:
            for line in lines:
                sys.stdout.write(harmless(line) + "\n")

    def document(self, value: object) -> None:
        """`value` as JSON."""
        sys.stdout.write(as_json(value))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
        """Rows under their columns; without rows, says `empty`.

        When stdout is no terminal, they are separated by tabs. On a terminal that is too narrow for them each
        row is a block of lines.
        """
        rows = [[harmless(cell) for cell in row] for row in rows]
        if not rows:
            self.note(empty)
            return
        if not is_screen():
            for row in (columns, *rows):
                sys.stdout.write("\t".join(re.sub(r"[\t\n]", " ", cell) for cell in row) + "\n")
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        from node.cli.terminal.layout import BETWEEN, blocks, fits

        console = Console()
        if not fits(columns, rows, console.width):
            for line in blocks(columns, rows, console.width):
                sys.stdout.write(line + "\n")
            return
        table = Table(box=None, pad_edge=False, padding=(0, BETWEEN, 0, 0), header_style="bold")
        for column in columns:
            table.add_column(column, no_wrap=True)
        for row in rows:
            table.add_row(*map(Text, row))  # rich would read square brackets in a plain string as markup
        console.print(table)

    def note(self, text: str) -> None:
        """Something for people beside the result; scripts do not see it."""
        if not self.json:
            sys.stdout.flush()  # both may lead to one place, where the result stands first
            sys.stderr.write(harmless(text) + "\n")

    def stopped(self, text: str, value: Mapping[str, str]) -> None:
        """What to know of a command that the user stops: to stderr, with `json` as a document."""
        sys.stderr.write((_dumped(plain(value)) if self.json else harmless(without_identifiers(text))) + "\n")

    def progress(self, what: str, total: int | None) -> AbstractContextManager[Ticker]:
        """Progress to stderr on a terminal, nothing in a pipe or with `json`."""
        if self.json or not sys.stderr.isatty():
            return nullcontext(Ticker(None))
        return _bar(what, total)


class Ticker:
    """Moves a progress bar; does nothing without one."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar

    def advance(self, steps: int) -> None:
        if self._bar is not None:
            self._bar.advance(self._bar.task_ids[0], steps)


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Ticker]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        progress.add_task(what, total=total)
        yield Ticker(progress)


def harmless(text: str) -> str:
    """The text with what a terminal would obey, or nobody would see, spelled out: others wrote some of it.

    Line feed and tab are left to who writes.
    """
    return _spelled(text, lambda unseen: unseen.encode("unicode_escape").decode("ascii"))


def _spelled(text: str, spelling: Callable[[str], str]) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(spelling(each) if _is_unseen(each) else each for each in text)


def _is_unseen(character: str) -> bool:
    return character not in "\n\t" and (unicodedata.category(character) in _UNSEEN or character in _FILLERS)


def as_json(value: object) -> str:
    """A value object as an indented JSON document."""
    return _dumped(plain(value), 2) + "\n"


def _dumped(value: Json, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _spelled(text, lambda unseen: json.dumps(unseen)[1:-1])


def plain(value: object) -> Json:
    """A value object as JSON: bytes in hex, enums by value, times in ISO 8601 and China's time."""
    if isinstance(value, Reason):
        return value.name
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(CHINA).isoformat()
    if isinstance(value, Message):
        return {"key": value.key, "args": plain(value.args), "text": say(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def when(moment: datetime | None) -> str:
    """A time for people, or that there is none."""
    return t("label.never") if moment is None else wording.when(moment)


def last_day(end: datetime) -> str:
    """The end of something for people: the last day of it when it goes on until midnight, else the time."""
    local = end.astimezone(CHINA)
    return f"{local - timedelta(days=1):%Y-%m-%d}" if local.time() == time() else when(end)


def when_ms(milliseconds: int) -> str:
    """As `when`, from milliseconds since 1970-01-01 UTC; what lies outside the calendar stays a number."""
    try:
        return when(datetime.fromtimestamp(milliseconds / 1000, CHINA))
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)


def report(error: NodeError, *, as_json: bool) -> Exit:
    """Tell stderr what went wrong and what to do next; gives the exit code."""
    at_desk = error.reason is Reason.PEER_UNAVAILABLE and error.metadata.get("peer") == "desk"
    what, hint = (t(key) for key in _texts_of(error, at_desk=at_desk))
    detail = without_identifiers(_detail(error))
    metadata = {name: without_identifiers(value) for name, value in sorted(error.metadata.items())}
    exchange_id, fetch = metadata.get("exchange_id", ""), metadata.pop("fetch", "")
    meant = {kind: metadata.pop(f"meant_{kind}") for kind in MEANT if f"meant_{kind}" in metadata}
    if as_json:
        told: dict[str, Json] = {
            "reason": error.reason.name,
            "key": error.wording.key,
            "message": without_identifiers(say(error.wording)),
            "what": what,
            "detail": detail,
            "hint": hint,
            "metadata": dict(metadata),
        }
        told |= {"exchange_id": exchange_id} if exchange_id else {}
        told |= {"fetch": fetch} if fetch else {}
        told |= {"meant": dict(meant)} if meant else {}
        body: dict[str, Json] = {"error": told}
        sys.stderr.write(_dumped(body) + "\n")
    else:
        _say("error", what)
        if detail:
            _add(detail)
        for kind, names in meant.items():
            _add(t(f"meant.{kind}", names=names))
        if not (detail and _says_what_to_do(error)):
            _say("hint", hint)
        places = [
            t(f"label.{name}", **{name: error.metadata[name]}) for name in _PLACES if error.metadata.get(name)
        ]
        _add(labelled(t("label.support"), listing((error.reason.name, *places))))
        if fetch:
            _add(t("ask.fetch", command=fetch))
    return exit_of(error)


_OWN_WORDS: Mapping[str, tuple[str, str]] = {
    "error.cli.no-log-export": ("log.no_export_what", "log.no_export_next"),
    "error.identity.column-invalid": ("reason.QUERY_INVALID.what", "batch.accept"),
    "error.identity.column-rounded": ("reason.QUERY_INVALID.what", "batch.accept"),
    "batch.locked": ("batch.locked_what", "batch.locked_next"),
    "batch.terminated": ("batch.terminated_what", "batch.terminated_next"),
    "batch.unwritable": ("batch.unwritable_what", "batch.unwritable_next"),
}
"""What is wrong and what to do next for errors of a command itself: what their reasons say is of nodes."""

_AS_SAID_ABOVE: Final = frozenset(
    {Reason.QUERY_INVALID, Reason.CONFIG_INVALID, Reason.SOURCE_UNAVAILABLE, Reason.SOURCE_BUSY}
)
"""Reasons of which the next step is whatever the error itself says."""


def _says_what_to_do(error: NodeError) -> bool:
    """Whether the error's own words tell all that there is to do: another hint would only be more to read."""
    if error.wording.key.startswith("denial.") or error.wording.key == "error.rpc.peer-overloaded":
        return True
    return error.reason in _AS_SAID_ABOVE and _texts_of(error, at_desk=False)[1].startswith("reason.")


_PIECE = re.compile(r"[^\s，。：；、（）“”‘’\"'()=]+")
"""What stands between blanks and marks, a path or a number for one."""


def without_identifiers(text: str) -> str:
    """The text with each word left out that a resident identity number stands in.

    Whoever mistypes a command gives one in the place of a file, a name or a value, and errors end up in logs.
    """
    rest = _PIECE.sub(lambda piece: "…" if holds_identifier(piece[0]) else piece[0], text)
    if not holds_identifier(rest):
        return rest
    # It is written in several words: every one with a numeral goes.
    rest = _PIECE.sub(lambda piece: "…" if any(map(str.isnumeric, piece[0])) else piece[0], rest)
    return "…" if holds_identifier(rest) else rest


def _detail(error: NodeError) -> str:
    """What an error says beyond its reason; nothing where that is all it says."""
    said_already = (
        wording_of(error.reason).key,
        "error.desk.silent",
        *(["error.rpc.peer-refused"] if by_peer(error) else []),
    )
    return "" if error.wording.key in said_already else say(error.wording)


def _texts_of(error: NodeError, *, at_desk: bool) -> tuple[str, str]:
    """The keys of what is wrong and what to do next: by the reason, or what is known more closely."""
    if at_desk:
        return "desk.unreachable", "desk.unreachable_next"
    if error.reason is Reason.CONFIG_INVALID and "setting" in error.metadata:
        return "settings.wrong", "settings.wrong_next"
    if error.reason is Reason.QUESTION_NOT_ALLOWED and error.metadata.get("clause") == "role":
        return "role.wrong", "role.wrong_next"
    if error.reason is Reason.PROOF_INVALID and not error.metadata.keys() & {"exchange_id", "peer"}:
        return "reason.PROOF_INVALID.what", "proof.of_file_next"
    if error.wording.key in _OWN_WORDS:
        return _OWN_WORDS[error.wording.key]
    if error.reason is Reason.POLICY_NOT_LOADED and exit_of(error) is Exit.USAGE:
        return "reason.POLICY_NOT_LOADED.what", "reason.CONFIG_INVALID.next"
    if by_peer(error):
        return f"reason.{error.reason.name}.theirs", _next_at_peer(error.reason)
    return f"reason.{error.reason.name}.what", f"reason.{error.reason.name}.next"


def _next_at_peer(reason: Reason) -> str:
    if reason in (Reason.RATE_LIMITED, Reason.DRAINING, Reason.TIMEOUT):
        return f"reason.{reason.name}.next"
    own = f"reason.{reason.name}.theirs_next"
    return own if find(own, "en") is not None else "their_node.next"


def report_usage(message: str, hint: str, *, as_json: bool) -> Exit:
    """As `report`, for a wrong command line."""
    message = without_identifiers(message)
    if as_json:
        body: dict[str, Json] = {
            "error": {"reason": "USAGE", "message": message, "what": message, "hint": hint, "metadata": {}}
        }
        sys.stderr.write(_dumped(body) + "\n")
    else:
        _say("error", message)
        _say("hint", hint)
    return Exit.USAGE


def report_defect(error: Exception, *, as_json: bool) -> Exit:
    """As `report`, for an error that nobody foresaw: its text may hold anything, so only its type is said."""
    if os.environ.get("DXNODE_DEBUG"):
        traceback.print_exception(error)
    report_usage(t("unexpected.what", kind=type(error).__name__), t("unexpected.next"), as_json=as_json)
    return Exit.FAILED


class StoppedError(BaseException):
    """The user stopped a command; `how_far` tells programs how far one got that can go on.

    No KeyboardInterrupt, which Typer makes an exit code of before anything is said.
    """

    def __init__(self, how_far: Mapping[str, str]) -> None:
        super().__init__()
        self.how_far = how_far


def report_stopped(error: StoppedError, *, as_json: bool) -> None:
    """Tell stderr that the user stopped the command."""
    stopped = t("unexpected.interrupted")
    if as_json:
        metadata: dict[str, Json] = {
            name: without_identifiers(value) for name, value in error.how_far.items()
        }
        body: dict[str, Json] = {
            "error": {
                "reason": "STOPPED",
                "message": stopped,
                "what": stopped,
                "hint": "",
                "metadata": metadata,
            }
        }
        sys.stderr.write(_dumped(body) + "\n")
    else:
        sys.stderr.write(stopped + "\n")


def _say(label: str, text: str) -> None:
    sys.stderr.write(harmless(labelled(t(f"label.{label}"), text) + "\n"))


def _add(text: str) -> None:
    """A line more to what was said."""
    sys.stderr.write(harmless(f"  {text}\n"))
