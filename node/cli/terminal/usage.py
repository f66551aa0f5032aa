"""Words what is wrong with a command line, in the language spoken."""

from __future__ import annotations

import re

import typer

from node.cli.terminal.said import spoken
from node.texts.wording import t

# What may name a person: a word with many digits, or not in ASCII.
_PERSONAL = re.compile(r"[^\s()]*(?:[0-9]{6}|[^\x00-\x7f])[^\s()]*")


def usage_message(error: typer.TyperException) -> tuple[str, str]:
    """What is wrong, and where to look."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "dxnode"
    return _what(error), t("usage.next", command=command)


def _what(error: typer.TyperException) -> str:
    # By the name of the class: its module is not public.
    given = error.format_message()
    match type(error).__name__:
        case "MissingParameter":
            return t("usage.missing", name=_name(error))
        case "NoSuchOption":
            return t("usage.no_option", name=getattr(error, "option_name", ""))
        case "BadParameter" if not _name(error):
            # Raised by a command itself, in the language spoken.
            return error.message
    if given.startswith("Got unexpected extra argument"):
        # An identifier or a name that does not belong on a command line must not get into a log from here.
        given = _PERSONAL.sub("…", given)
    return spoken(_in_our_form(given))


def _in_our_form(given: str) -> str:
    """Typer's messages begin with a capital and end in a full stop; ours do not, nor do they name a class."""
    given = given.rstrip(".").replace(": Value error, ", ": ")
    return given[0].lower() + given[1:] if given[1:2].islower() else given


def _name(error: typer.TyperException) -> str:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return ""
    options: list[str] = parameter.opts
    return parameter.metavar or options[0] if parameter.param_type_name == "argument" else options[0]
