"""Says what is wrong with a command line: what Typer found, by class and parameter, in our words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os.path import isdir, isfile, join
from typing import TYPE_CHECKING, Final

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from node.core.called import ALMOST_THE_SAME, Called, meant_names
from node.core.meant import as_plain, number_meant
from node.texts.message import Message, Value
from node.texts.wording import say, t

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_PATHS: Final = {
    " does not exist.": "usage.path_missing",
    " is a directory.": "usage.path_folder",
    " is a file.": "usage.path_file",
    " is not readable.": "usage.path_unreadable",
    " is not writable.": "usage.path_unwritable",
}
"""How Typer ends what it says of a path: which path it is and why, it says nowhere else."""
_ALSO_CALLED: Final = {
    "accept": ("approve",),
    "backup": ("save", "dump"),
    "check": ("validate", "lint", "test"),
    "demo": ("example", "try"),
    "init": ("new", "create", "setup", "install"),
    "issue": ("add", "new", "create", "give"),
    "list": ("ls",),
    "reload": ("restart", "refresh"),
    "revoke": ("delete", "remove", "rm"),
    "serve": ("start", "run", "up", "server"),
    "show": ("cat", "view", "get"),
    "stats": ("statistics", "count"),
    "status": ("health", "info", "ps"),
}
"""What commands are called in other programs, and what is typed here at first."""
_NAMES_A_PATH: Final[Mapping[str, Callable[[str], bool]]] = {
    "--config": lambda path: path.endswith((".yaml", ".yml")) or isfile(join(path, "node.yaml")),
    "--subject-from": isfile,
    "--policies": isdir,
}
"""Options whose path is often given without the option, and what such a path is like."""
_LONGEST_NUMBER: Final = 9
_GLOBAL: Final = (Called("--lang", ("--language", "--locale")), Called("--help"))
"""Options that every command has, and that are taken out before a command sees them."""


def usage_message(error: typer.TyperException, given: Sequence[str]) -> tuple[str, str]:
    """What is wrong with the arguments that were given, and where to look."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "dxnode"
    wording = _wide_option(error, given) or _wording(error)
    # What commands raise themselves is in the language spoken.
    return error.message if wording is None else say(wording), t("usage.next", command=command)


def unexpected(arguments: Sequence[str], options: Sequence[TyperOption]) -> str:
    """That there are more arguments than a command takes; which they are is not said.

    A path is often given so, without the option that names it.

    Nothing that does not belong on a command line is repeated: it may be an identifier or a name, in whatever
    spelling, and errors end up in logs. What was meant is told by what there is.
    """
    known = {name for option in options for name in option.opts}
    for option, is_of in _NAMES_A_PATH.items():
        if option in known and any(is_of(each) for each in arguments):
            return t("usage.extra_path", option=option)
    flags = [Called(name) for option in options if option.is_flag for name in option.opts]
    for each in arguments:
        if meant := meant_names(each, flags, ALMOST_THE_SAME):
            return t("usage.option_wide", meant=meant[0])
    return t("usage.extra", count=len(arguments))


def unknown_command(name: str, known: Iterable[str]) -> str:
    """That there is no command of this name."""
    meant = meant_names(name, [Called(each, _ALSO_CALLED.get(each, ())) for each in known])
    return t("usage.command_meant", meant=meant[0]) if meant else t("usage.no_command")


def _options(error: typer.TyperException) -> tuple[Called, ...]:
    context = getattr(error, "ctx", None)
    known = [name for each in (context.command.params if context is not None else ()) for name in each.opts]
    return (*(Called(name) for name in known if name.startswith("--")), *_GLOBAL)


def _wide_option(error: typer.TyperException, given: Sequence[str]) -> Message | None:
    """That an option has other dashes, as keyboards for Chinese and programs for texts write them."""
    for each in given:
        plain = as_plain(each).partition("=")[0]
        if plain.startswith("-") and not each.startswith("-"):
            name = f"--{plain.lstrip('-')}"
            known = _options(error)
            meant = (name,) if Called(name) in known else meant_names(name, known)
            if meant:
                return Message("usage.option_wide", {"meant": meant[0]})
    return None


def _unknown_option(error: typer.TyperException) -> Message:
    meant = meant_names(str(getattr(error, "option_name", "")), _options(error))
    return Message("usage.option_meant", {"meant": meant[0]}) if meant else Message("usage.no_option")


def _wording(error: typer.TyperException) -> Message | None:
    # By the name of the class: its module is not public.
    match type(error).__name__:
        case "MissingParameter":
            return Message("usage.missing", {"name": _name(error)})
        case "NoSuchOption":
            return _unknown_option(error)
        case "BadOptionUsage":
            return _misused(error, str(getattr(error, "option_name", "")))
        case "BadParameter" if _name(error):
            return Message("usage.invalid", {"name": _name(error), "problem": _problem(error)})
        case "UsageError" if isinstance(group := getattr(error, "cmd", None), TyperGroup):
            return Message("usage.command_missing", {"commands": tuple(group.commands)})
    return None


def _misused(error: typer.TyperException, name: str) -> Message:
    """An option has a value that takes none, or has none."""
    context = getattr(error, "ctx", None)
    options = context.command.params if context is not None else ()
    flags = [each for each in options if name in each.opts and getattr(each, "is_flag", False)]
    return Message("usage.option_value" if flags else "usage.option_alone", {"name": name})


def _problem(error: typer.TyperException) -> Value:
    """What is wrong with the value of a parameter."""
    from pydantic import ValidationError

    from node.core.json_text import first_fault

    cause, parameter = error.__cause__, getattr(error, "param", None)
    if isinstance(cause, ValidationError):
        descriptor = getattr(parameter, "type_descriptor", None)
        if descriptor is not None and descriptor.is_choice:
            choices = tuple(str(getattr(each, "value", each)) for each in descriptor.choices)
            return Message("usage.choice", {"choices": choices})
        if meant := _number_meant(cause.errors()[0]):
            return Message("usage.number_meant", {"meant": meant})
        return first_fault(cause)[1]
    for ending, key in _PATHS.items():
        if error.message.endswith(ending):
            return Message(key, {"path": error.message.removesuffix(ending).partition(" ")[2].strip("'\"")})
    return error.message  # a command's own check of a parameter


def _number_meant(fault: ErrorDetails) -> str:
    """The number that was meant by `2,000` or `1万`, if that is what is wrong; never a long one."""
    given = fault["input"]
    if fault["type"] not in ("int_parsing", "float_parsing") or not isinstance(given, str):
        return ""
    meant = number_meant(given)
    return meant if len(meant) <= _LONGEST_NUMBER else ""


def _name(error: typer.TyperException) -> str:
    parameter = getattr(error, "param", None)
    if not isinstance(parameter, TyperOption | TyperArgument):
        return ""
    options: list[str] = parameter.opts
    return parameter.metavar or options[0] if parameter.param_type_name == "argument" else options[0]
