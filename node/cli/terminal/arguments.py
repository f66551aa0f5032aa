"""Looks at the arguments of a command before all else: for what cannot be seen, and for people named."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from node.core.identity import holds_identifier, is_credit_code
from node.core.normal_form import line

_DIGITS = re.compile(r"\d+[xX\uff38\uff58]?").fullmatch
_OF_DEPARTMENTS = frozenset(
    {
        "--appoint",
        "--authority-code",
        "--code",
        "--department",
        "--provider",
        "--remove",
        "--requester",
        "--resume",
        "--suspend",
        "--to",
    }
)
"""Options that take a department's credit code, which may look like an identity number by chance."""


def as_copied(arguments: Sequence[str]) -> list[str]:
    """The arguments without what cannot be seen, and blanks of other kinds at their ends.

    Such come along when something is copied from a form or a page. A file that is called so is found.
    """
    return [each if each.isascii() or os.path.exists(each) else line(each) for each in arguments]


def name_a_person(arguments: Sequence[str]) -> bool:
    """Whether an identity number stands among them, in any spelling and in any place."""
    given = list(_without_departments(arguments))
    return any(map(holds_identifier, (*given, *_runs_of_digits(given))))


def _runs_of_digits(arguments: Sequence[str]) -> Iterator[str]:
    """Arguments behind each other that are digits alone, as one: a number with blanks is several words."""
    for is_number, run in groupby(arguments, lambda each: _DIGITS(line(each)) is not None):
        if is_number:
            yield " ".join(run)


def _without_departments(arguments: Sequence[str]) -> Iterator[str]:
    before = ""
    for argument in arguments:
        option, equals, value = argument.partition("=")
        code, slash, question = argument.partition("/")
        if slash and is_credit_code(code):  # of a question
            yield question
        elif equals and option in _OF_DEPARTMENTS and is_credit_code(value):
            yield option
        elif not (is_credit_code(argument) and (before in _OF_DEPARTMENTS or arguments[0] == "peer")):
            yield argument
        before = argument
