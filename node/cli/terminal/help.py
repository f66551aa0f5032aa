"""Help in the language spoken, laid out so that Chinese is not cut off and examples can be copied."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from node.cli.terminal.usage import unexpected, unknown_command
from node.texts.wording import language, table

if TYPE_CHECKING:
    # Typer does not name these in public.
    from typer._click import Command, Context, HelpFormatter, Parameter

CONNECTION = "connection"


class HelpfulCommand(TyperCommand):
    """A command with our layout of help."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        show_help(self, ctx, ())

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True  # they are looked at here
        with _placed(ctx):
            super().parse_args(ctx, args)
        if ctx.args:
            options = [each for each in self.params if isinstance(each, TyperOption)]
            raise typer.BadParameter(unexpected(ctx.args, options), ctx=ctx)
        return ctx.args


class HelpfulGroup(TyperGroup):
    """A group of commands with our layout of help."""

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        show_help(self, ctx, self.list_commands(ctx))

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        with _placed(ctx):
            return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise typer.BadParameter(unknown_command(args[0], self.list_commands(ctx)), ctx=ctx)
        return super().resolve_command(ctx, args)


@contextmanager
def _placed(ctx: Context) -> Iterator[None]:
    """Typer does not say of some mistakes in which command they are."""
    try:
        yield
    except typer.TyperException as error:
        if getattr(error, "ctx", ctx) is None:
            error.ctx = ctx  # type: ignore[attr-defined]
        raise


def describe(command: Command, path: tuple[str, ...]) -> None:
    """Give a command, and those below it, their help; without one in the table it keeps that of its code."""
    texts = table("help", language())
    key = ".".join(("help", *path))
    command.help = texts.get(f"{key}.about", command.help)
    for parameter in command.params:
        if isinstance(parameter, (TyperOption, TyperArgument)):
            name = parameter.name or ""
            parameter.help = texts.get(f"{key}.{name}") or texts.get(f"option.{name}") or parameter.help
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            describe(child, (*path, name))


def show_help(command: Command, ctx: Context, below: Sequence[str]) -> None:
    """Print the help of a command to stdout."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    texts = table("help", language())
    path = tuple(ctx.command_path.split()[1:])
    console = Console(highlight=False)

    def section(title: str, rows: Iterable[tuple[str, str]]) -> None:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        # Rich folds between any two Chinese characters only when told to; else it cuts them off.
        grid.add_column(overflow="fold")
        for name, about in rows:
            grid.add_row(Text(f"  {name}", "bold"), Text(about))
        if grid.row_count:
            console.print(Text(f"\n{texts[f'label.{title}']}"))
            console.print(grid)

    parameters = [p for p in command.get_params(ctx) if not getattr(p, "hidden", False)]
    arguments = [p for p in parameters if isinstance(p, TyperArgument)]
    options = [p for p in parameters if isinstance(p, TyperOption)]
    usage = [ctx.command_path, f"[{texts['label.options_metavar']}]"]
    usage += [_metavar(p) for p in arguments]
    usage += [texts["label.command_metavar"]] if isinstance(command, TyperGroup) else []
    console.print(Text(f"{texts['label.usage']}: {' '.join(usage)}\n"))
    console.print(Text((command.help or "").strip()))
    if example := texts.get(".".join(("help", *path, "example"))):
        console.print(Text(f"\n{texts['label.example']}"))
        for line in example.strip().splitlines():
            # Not wrapped, so that it can be copied whole.
            sys.stdout.write(f"  {line}\n")
    section("arguments", ((_metavar(p), _about(p, ctx)) for p in arguments))
    section("commands", ((name, _short(command, path, name)) for name in below))
    own = [p for p in options if p.rich_help_panel != CONNECTION]
    section("options", ((_names(p, ctx), _about(p, ctx)) for p in own))
    reach = [p for p in options if p.rich_help_panel == CONNECTION]
    section("connection", ((_names(p, ctx), _about(p, ctx)) for p in reach))


def _short(command: Command, path: tuple[str, ...], name: str) -> str:
    about = table("help", language()).get(".".join(("help", *path, name, "about")))
    if about is None and isinstance(command, TyperGroup) and name in command.commands:
        about = command.commands[name].help
    return (about or "").strip().split("\n\n", 1)[0].replace("\n", " ")


def _metavar(argument: TyperArgument) -> str:
    return argument.metavar or (argument.name or "").upper()


def _names(option: TyperOption, ctx: Context) -> str:
    names = ", ".join(sorted([*option.opts, *option.secondary_opts], key=len))
    if option.is_flag:
        return names
    kind = option.metavar or option.display_type(ctx).strip("<>").split(" ")[0]
    return f"{names} {kind.upper() if kind.isascii() and '|' not in kind else kind}"


def _about(parameter: Parameter, ctx: Context) -> str:
    texts = table("help", language())
    about = (getattr(parameter, "help", "") or "").strip()
    if parameter.name == "help":
        about = texts["option.help"]
    notes = []
    if parameter.required:
        notes.append(texts["label.required"])
    default = parameter.get_default(ctx, call=False)
    if (
        not parameter.required
        and default not in (None, "", False, ())
        and getattr(parameter, "show_default", True)
    ):
        notes.append(f"{texts['label.default']} {default}")
    if isinstance(parameter.envvar, str):
        notes.append(parameter.envvar)
    return f"{about} ({'; '.join(notes)})" if notes else about
