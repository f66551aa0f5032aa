"""Reads who is asked about: from a hidden prompt, stdin or a file, never from the command line.

A command line stays in the shell's history and is visible to every process of the machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from node.cli.terminal.output import harmless
from node.core.decoding import UnclearEncodingError, text_of
from node.core.id_column import identifier
from node.core.identity import SubjectType, normalise_subject
from node.core.normal_form import line
from node.core.spreadsheet import identifier_text
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular
from node.files.why import why
from node.texts.message import Message
from node.texts.wording import say, t

if TYPE_CHECKING:
    from node.client import Subject

_LONGEST = 64 * 1024
_ATTEMPTS = 3


def read_subject(
    source: Path | None, claims: Sequence[str], kind: Callable[[], SubjectType | None]
) -> Subject:
    """The subject with its claims, identifier checked and normalised as that of a `kind`, if it is known.

    On a terminal without `source` it prompts, hidden, for the identifier and each of `claims`. Else it reads
    `source` ("-" or nothing is stdin): the identifier on the first line, then one `claim=value` a line.

    Raises NodeError QUERY_INVALID, never with the value in it; typer.BadParameter for a claim with its value.
    """
    from node.client.results import Subject

    if any("=" in name for name in claims):  # not repeated: the value is personal
        raise typer.BadParameter(t("ask.claim_alone"))
    if source is None and sys.stdin.isatty():
        identifier = _prompt_identifier(kind())
        return Subject(identifier, {name: _prompt(t("ask.claim", name=name)) for name in claims})
    filled = [(number, each) for number, each in enumerate(_read(source).splitlines(), 1) if line(each)]
    if not filled:
        raise NodeError(Reason.QUERY_INVALID, "ask.subject_empty")
    (_, first), *rest = filled
    claims_given = dict(_claim(number, each) for number, each in rest)
    return Subject(normalise_subject(identifier_text(line(first)), kind()), claims_given)


def _prompt_identifier(kind: SubjectType | None) -> str:
    # Typing 18 digits blind goes wrong: the check digit tells at once, so try again.
    for _ in range(_ATTEMPTS - 1):
        try:
            return normalise_subject(identifier_text(line(_prompt(t("ask.subject")))), kind)
        except NodeError as error:
            typer.echo(harmless(say(error.wording)), err=True)
    return normalise_subject(identifier_text(line(_prompt(t("ask.subject")))), kind)


def _prompt(what: str) -> str:
    answer: str = typer.prompt(what, hide_input=True, err=True)
    return answer


def _read(source: Path | None) -> str:
    try:
        if source is None or str(source) == "-":
            return text_of(sys.stdin.buffer.read(_LONGEST))
        return text_of(read_regular(source, _LONGEST))
    except UnicodeDecodeError:
        problem = Message("error.input.no-utf8")
    except UnclearEncodingError:
        problem = Message("error.input.encoding-unclear")
    except OSError as error:
        problem = why(error)
    # Without the path: who mistakes the option gives the identifier in its place.
    raise NodeError(Reason.QUERY_INVALID, "ask.unreadable", problem=problem)


def _claim(number: int, text: str) -> tuple[str, str]:
    # An input method for Chinese writes the sign in full width.
    name, equals, value = map(line, text.replace("\uff1d", "=", 1).partition("="))
    if equals and name and value:
        return name, value
    if identifier(text) is not None:
        raise NodeError(Reason.QUERY_INVALID, "ask.several_subjects", line=number)
    colon = next((each for each in (":", "\uff1a") if each in text and not equals), "")
    if colon:
        raise NodeError(Reason.QUERY_INVALID, "ask.claim_colon", line=number, sign=colon)
    raise NodeError(Reason.QUERY_INVALID, "ask.claims_form", line=number)
