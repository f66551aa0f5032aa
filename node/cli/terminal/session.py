"""What commands share: `--json` for all, and the options that lead to the desk of the own node."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec, get_type_hints

import typer

from node.cli.terminal.exits import Exit
from node.cli.terminal.help import CONNECTION
from node.cli.terminal.output import Terminal
from node.core.state.part import PartKind
from node.errors import NodeError, Reason
from node.texts.wording import detect_language, language, t

if TYPE_CHECKING:
    from node.client import Client

P = ParamSpec("P")

PANEL = CONNECTION
DEFAULT_CONFIG = Path("node.yaml")

JsonOption = Annotated[bool, typer.Option("--json")]
DeskOption = Annotated[str | None, typer.Option("--desk", envvar="DXNODE_DESK", rich_help_panel=PANEL)]
CertOption = Annotated[Path | None, typer.Option("--cert", envvar="DXNODE_CERT", rich_help_panel=PANEL)]
KeyOption = Annotated[Path | None, typer.Option("--key", envvar="DXNODE_KEY", rich_help_panel=PANEL)]
RootsOption = Annotated[Path | None, typer.Option("--roots", envvar="DXNODE_ROOTS", rich_help_panel=PANEL)]


def settings_in(path: Path | None) -> Path | None:
    """A settings file as it is named: by itself, or by the folder of its node."""
    return path / DEFAULT_CONFIG if path is not None and path.is_dir() else path


ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="DXNODE_CONFIG", callback=settings_in, rich_help_panel=PANEL),
]
ConfigFile = Annotated[Path, typer.Option("--config", envvar="DXNODE_CONFIG", callback=settings_in)]
"""Of commands that need the settings of the own node."""
ConfigIfThere = Annotated[
    Path | None,
    typer.Option("--config", envvar="DXNODE_CONFIG", callback=settings_in, show_default=False),
]
"""Of commands that can do without, see `settings_file`."""
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", min=0.1, max=600.0, show_default=False, rich_help_panel=PANEL)
]


@dataclass(frozen=True, slots=True)
class DeskSession:
    """One command at the desk: where to write, the open client, and the options that led to it."""

    terminal: Terminal
    client: Client
    reach: Sequence[str] = ()


def with_terminal(command: Callable[Concatenate[Terminal, P], None]) -> Callable[..., None]:
    """Make a command of a function whose first parameter is the `Terminal`; adds `--json`."""

    def run(*, as_json: bool, **given: object) -> None:
        command(Terminal(as_json), **given)  # type: ignore[arg-type, call-arg]

    return _with_options(command, run, {"as_json": (JsonOption, False)})


def with_desk(command: Callable[Concatenate[DeskSession, P], None]) -> Callable[..., None]:
    """Make a command of a function whose first parameter is the session; adds the options to reach a desk."""

    def run(
        *,
        desk: str | None,
        cert: Path | None,
        key: Path | None,
        roots: Path | None,
        config: Path | None,
        timeout: float | None,
        as_json: bool,
        **given: object,
    ) -> None:
        given_to_reach = {"desk": desk, "cert": cert, "key": key, "roots": roots, "config": config}
        reach = [
            word
            for name, value in given_to_reach.items()
            if value and os.environ.get(f"DXNODE_{name.upper()}") != str(value)  # that holds next time too
            for word in (f"--{name}", str(value))
        ]
        reach += ["--timeout", f"{timeout:g}"] if timeout is not None else []
        reach += [*(["--json"] if as_json else []), *language_again()]
        with open_client(desk, cert, key, roots, config, timeout) as client:
            session = DeskSession(Terminal(as_json), client, reach)
            command(session, **given)  # type: ignore[arg-type, call-arg]

    options: dict[str, tuple[object, object]] = {
        "desk": (DeskOption, None),
        "cert": (CertOption, None),
        "key": (KeyOption, None),
        "roots": (RootsOption, None),
        "config": (ConfigOption, None),
        "timeout": (TimeoutOption, None),
        "as_json": (JsonOption, False),
    }
    return _with_options(command, run, options)


def _with_options(
    command: Callable[..., None], run: Callable[..., None], options: dict[str, tuple[object, object]]
) -> Callable[..., None]:
    """Give `run` the parameters of `command` but the first, and `options`, in the form that Typer reads."""
    hints = get_type_hints(command, include_extras=True)
    _first, *own = inspect.signature(command).parameters.values()
    parameters = [parameter.replace(annotation=hints[parameter.name]) for parameter in own]
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters += [
        inspect.Parameter(name, kind, default=default, annotation=annotation)
        for name, (annotation, default) in options.items()
    ]

    @functools.wraps(command)
    def wrapped(**given: object) -> None:
        run(**given)

    del wrapped.__wrapped__
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def language_again() -> list[str]:
    """The option that has the next command speak as this one does, where the environment would not."""
    return [] if detect_language(os.environ) == language() else ["--lang", language()]


def settings_file(config: Path | None) -> Path | None:
    """The settings of the own node: those that `--config` names, else ./node.yaml if it is there."""
    return config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)


@contextmanager
def open_client(
    desk: str | None,
    cert: Path | None,
    key: Path | None,
    roots: Path | None,
    config: Path | None,
    timeout: float | None,
) -> Iterator[Client]:
    """The desk that the options name: `--desk`, else the socket of `--config`, else of ./node.yaml.

    Without `timeout` it waits as long as a node may take.

    Raises NodeError CONFIG_INVALID when nothing names one, or when this user may not use its socket.
    """
    # Else gRPC's core would write of a failed handshake in words of its own, before ours.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    from node.client import Client, Credentials

    credentials = Credentials(cert, key, roots) if cert and key and roots else None
    if desk is None:
        path = settings_file(config)
        if path is None:
            raise _no_desk()
        desk = _socket_of(path)
    with Client(desk, credentials, timeout=timeout) as client:
        yield client


def _no_desk() -> NodeError:
    from node.config.file import settings_near

    if meant := settings_near(DEFAULT_CONFIG):
        return NodeError(Reason.CONFIG_INVALID, "desk.missing_meant", meant=meant)
    return NodeError(Reason.CONFIG_INVALID, "desk.missing")


def have_read(terminal: Terminal, config: Path, kind: PartKind) -> bool:
    """Have the node of these settings read its files at once; False if it does not run.

    Says what of this kind it refuses, and ends the command for that.
    """
    try:
        with open_client(None, None, None, None, config, 60.0) as client:
            refused = [each for each in client.admin.reload().refused if each.part.kind is kind]
    except NodeError as error:
        if error.reason is not Reason.PEER_UNAVAILABLE:
            raise
        return False
    for each in refused:
        terminal.note(t("status.refused", what=each.text()))
    if refused:
        raise typer.Exit(Exit.USAGE)
    return True


def _socket_of(path: Path) -> str:
    from node.config.file import load_settings

    return f"unix:{load_settings(path).desk.socket}"
