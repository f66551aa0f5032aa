"""The `dxnode` command: finds the command, chooses the language, gives every error its exit code."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer
from typer.main import get_group

from node.cli.terminal import output
from node.cli.terminal.arguments import as_copied, name_a_person
from node.cli.terminal.exits import Exit
from node.cli.terminal.help import HelpfulCommand, HelpfulGroup, describe
from node.cli.terminal.streams import keep_verdict
from node.cli.terminal.usage import usage_message
from node.errors import NodeError
from node.files.why import refused
from node.no_dumps import forbid_dumps
from node.texts import wording
from node.texts.wording import t

if TYPE_CHECKING:
    # Typer does not name these in public.
    from typer._click import Command, Context

MODULES = {
    "demo": "demo.demo_cmd",
    "init": "cli.running.init_cmd",
    "serve": "cli.running.admin_cmd",
    "status": "cli.running.admin_cmd",
    "reload": "cli.running.admin_cmd",
    "verify": "cli.ask.ask_cmd",
    "ask": "cli.ask.ask_cmd",
    "stats": "cli.ask.ask_cmd",
    "batch": "cli.batch.command",
    "catalogue": "cli.catalogue.commands",
    "grant": "cli.running.grant_cmd",
    "policy": "cli.policy.commands",
    "workdays": "cli.policy.workdays_cmd",
    "log": "cli.log.commands",
    "source": "cli.running.source_cmd",
    "peer": "cli.running.peer_cmd",
    "order": "cli.running.order_cmd",
    "backup": "cli.running.backup_cmd",
    "restore": "cli.running.backup_cmd",
    "desk": "cli.pki.desk_cmd",
    "pki": "cli.pki.commands",
    "config": "cli.running.config_cmd",
    "version": "cli.running.admin_cmd",
}
"""Each command and its module in `node`, in the order of the help. A module is imported when it is needed.

The demo plays with all of this and so lies above it; it is known here by its name alone.
"""

GROUPS = frozenset(
    {"catalogue", "grant", "policy", "log", "source", "peer", "order", "desk", "pki", "config"}
)
"""Commands that have commands of their own: the whole module."""


_LANGUAGE = re.compile(r"(zh|en)(?:[-_.@].*)?", re.IGNORECASE).fullmatch
"""A language, also as systems call it: `zh_CN.UTF-8`, `zh-Hans`, `en_US`."""


class RootGroup(HelpfulGroup):
    """The root command: loads commands late, takes `--lang` anywhere, tells errors in the house's form."""

    def list_commands(self, ctx: Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        return load_command(cmd_name)

    def invoke(self, ctx: Context) -> object:
        """Run the command; Ctrl-C comes out as what `main` knows."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise output.StoppedError({}) from None

    def main(self, args: Sequence[str] | None = None, *_: object, **__: object) -> None:
        """Run a command line and exit with its code."""
        given = as_copied(sys.argv[1:] if args is None else args)
        as_json = "--json" in given
        wording.use_language(wording.detect_language(os.environ))
        try:
            given = _take_language(given)
            given = _as_usual_elsewhere(given)
            if name_a_person(given):
                sys.exit(output.report_usage(t("usage.person"), t("usage.person_next"), as_json=as_json))
            describe(self, ())
            code = super().main(given, "dxnode", standalone_mode=False, obj=tuple(given))
        except NodeError as error:
            code = output.report(error, as_json=as_json)
        except typer.TyperException as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                # The help was printed: it says what is missing.
                sys.exit(Exit.USAGE)
            code = output.report_usage(*usage_message(error, given), as_json=as_json)
        except (typer.Abort, KeyboardInterrupt):
            output.report_stopped(output.StoppedError({}), as_json=as_json)
            code = Exit.INTERRUPTED
        except output.StoppedError as error:
            output.report_stopped(error, as_json=as_json)
            code = Exit.INTERRUPTED
        except OSError as error:
            told = refused(error)
            code = (
                output.report_defect(error, as_json=as_json)
                if told is None
                else output.report(told, as_json=as_json)
            )
        except Exception as error:
            code = output.report_defect(error, as_json=as_json)
        sys.exit(code if isinstance(code, int) else Exit.OK)


def load_command(name: str) -> Command | None:
    """The command of that name with its help in the language spoken now, None without one."""
    if name not in MODULES:
        return None
    commands: typer.Typer = import_module(f"node.{MODULES[name]}").app
    _lay_out(commands)
    group = get_group(commands)
    command = group if name in GROUPS else group.commands[name]
    command.name = name
    describe(command, (name,))
    return command


def _lay_out(commands: typer.Typer) -> None:
    """Give commands, and groups below them, our layout of help."""
    commands.info.cls = HelpfulGroup
    for registered in commands.registered_commands:
        registered.cls = HelpfulCommand
    for below in commands.registered_groups:
        below.cls = HelpfulGroup
        if below.typer_instance is not None:
            _lay_out(below.typer_instance)


def _as_usual_elsewhere(given: list[str]) -> list[str]:
    """`help`, `help COMMAND` and `--version`, as other programs have them, in our spelling."""
    if given[:1] == ["help"]:
        return [*(each for each in given[1:] if not each.startswith("-")), "--help"]
    return ["version", *given[1:]] if given[:1] == ["--version"] else given


def _take_language(given: list[str]) -> list[str]:
    """Take `--lang zh` or `--lang=zh` out of the arguments, from wherever it stands before `--`."""
    rest: list[str] = []
    arguments = iter(given)
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if name == "--":
            rest += [argument, *arguments]
        elif name != "--lang":
            rest.append(argument)
        else:
            chosen = _LANGUAGE(value if equals else next(arguments, ""))
            if chosen is None:
                raise typer.TyperException(t("usage.language"))
            wording.use_language(chosen[1].lower())
    return rest


app = typer.Typer(
    cls=RootGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    # Taken out of the arguments before they come here; it stands here for the help.
    lang: Annotated[str, typer.Option("--lang", metavar="zh|en", show_default=False)] = "",
) -> None:
    """Ask other departments' nodes, and answer them."""


def run() -> None:
    """The entry point of the `dxnode` command."""
    forbid_dumps()  # commands hold passphrases, keys, identity numbers
    keep_verdict(app)


if __name__ == "__main__":
    run()
