"""Makes the folder of a new node, ready to edit: settings, an example policy and its data file, keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from node.cli.pki.node import about_node, node_files
from node.cli.policy.example import EXAMPLE, example_file, write_example
from node.config.file import load_settings, parse_settings, reference
from node.core.address import address_fault, every_interface, nowhere, read_address
from node.core.directory.spelling import Level
from node.documents.pki import (
    Authority,
    export_member,
    make_authority_files,
    make_desk,
    make_node_certificate,
    make_node_keys,
    open_authority,
)
from node.documents.publish import Orders, publish, refuse_listed
from node.errors import NodeError, Reason
from node.files.whole import PRIVATE, PUBLIC, write_file
from node.texts.message import Message

DIRECTORY_LIFETIME = timedelta(days=90)
_LAST_PORT = (1 << 16) - 1

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class NewNode:
    """What the department says of itself; the last three are host:port, "" follows from `advertise`."""

    code: str
    title: str
    region: str
    level: Level
    organisation: str
    advertise: str
    exchange_listen: str = ""
    desk_listen: str = ""

    def listens(self) -> tuple[str, str]:
        """Where both ports listen: by default the exchange at the advertised port, the desk at the next one.

        Raises NodeError(CONFIG_INVALID).
        """
        if (fault := address_fault(self.advertise)) is not None:
            raise NodeError(Reason.CONFIG_INVALID, "error.cli.advertise-malformed", problem=Message(fault))
        if nowhere(self.advertise):
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.cli.advertise-malformed",
                problem=Message("setting.problem.advertise-nowhere", {"setting": "--advertise"}),
            )
        told = read_address(self.advertise)
        if not 0 < told.port < _LAST_PORT:
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.cli.advertise-malformed",
                problem=Message("file.address.port-before-desk", {"most": _LAST_PORT - 1}),
            )
        return (
            self.exchange_listen or f"{every_interface(told)}:{told.port}",
            self.desk_listen or f"127.0.0.1:{told.port + 1}",
        )


def settings_text(new: NewNode, authority: str, directory: str) -> str:
    """The reference settings, with the department's own values in place of the examples.

    `authority` is the development authority's verifier key, "" without one; `directory` is a path.
    """
    text = reference()
    exchange_listen, desk_listen = new.listens()
    values = {
        "department.code": new.code,
        "department.title": new.title,
        "department.region": new.region,
        "department.level": new.level,
        "department.organisation": new.organisation,
        "exchange.listen": exchange_listen,
        "exchange.advertise": new.advertise,
        "desk.listen": desk_listen,
        "directory": directory,
        # The example of a node for development works at once, though no officer has signed it.
        "policies.unsigned": "true" if authority else "",
        "authority": authority,
        "sources": f"{{{EXAMPLE}: {{csv: data/{EXAMPLE}.csv}}}}",
    }
    for name, value in values.items():
        before, line, after = _find(text, name)
        # What stands behind the value on its line is a comment.
        comment = line[len(line.split()[0]) :] if line else ""
        own = value or name.startswith("department.")  # an empty name is no reason to take the example's
        text = f"{before}{_scalar(value)}{comment}{after}" if own else text
    return text


def _scalar(value: str) -> str:
    """A value as YAML: quoted when it would mean something else without."""
    plain = re.fullmatch(r"[\w./+-][\w./:+=-]*|\{.*\}", value)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _find(text: str, name: str) -> tuple[str, str, str]:
    """The text up to the value of a setting, the rest of its line, and what follows."""
    section, _, key = name.rpartition(".")
    start = re.search(rf"(?m)^{section}:\n", text) if section else None
    match = re.compile(rf"(?m)^{'  ' if section else ''}{key}: ").search(text, start.end() if start else 0)
    assert match, f"the reference settings have no line {name}"
    end = text.index("\n", match.end())
    return text[: match.end()], text[match.end() : end], text[end:]


def make_node_folder(
    folder: Path,
    new: NewNode,
    dev_authority: Path | None,
    authority_code: str,
    now: datetime,
    random: Random,
    *,
    replace: bool = False,
) -> tuple[Path, ...]:
    """Make the folder; gives what was made. With `dev_authority` the node can start at once.

    Raises NodeError CONFIG_INVALID, as when the folder holds something, or when the authority's directory
    lists the department already, whose entry only `replace` replaces.
    """
    if folder.exists() and any(folder.iterdir()):
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.folder-not-empty", folder=str(folder))
    _check_settings(new)  # before anything is made
    authority = None
    vkey = ""
    if dev_authority is not None:
        authority = _authority(dev_authority, authority_code, now, random)
        if not replace:
            refuse_listed(authority, new.code, now)
        vkey = authority.signer(now).verifier.vkey()
    # All nodes of a development authority read the directory where it is published.
    directory = "" if authority is None else str(authority.directory.absolute())
    config = folder / "node.yaml"
    write_file(config, settings_text(new, vkey, directory).encode(), PUBLIC)
    made = [config, *_example(folder, new.code)]
    settings = load_settings(config)
    node, about = node_files(settings), about_node(settings)
    make_node_keys(node.keys, now, random)
    hosts = [new.advertise.rpartition(":")[0], "localhost", "127.0.0.1"]
    make_desk(node, new.code, hosts, now)
    made += [node.keys, node.desk.certificate, node.desk_authority.certificate]
    if authority is not None:
        make_node_certificate(node.exchange, authority, new.code, hosts, now)
        member = export_member(about, node.keys, node.exchange, node.exchange.roots, now)
        publish(authority, Orders(members=(member,), replace=replace), now, DIRECTORY_LIFETIME)
        made += [node.exchange.certificate, authority.directory]
    # Settings hold whole paths; told is what was given.
    whole = folder.absolute()
    return tuple(folder / path.relative_to(whole) if path.is_relative_to(whole) else path for path in made)


def _check_settings(new: NewNode) -> None:
    """Raises NodeError(CONFIG_INVALID) when no good settings can be made of what was given."""
    _settings, problems = parse_settings("node.yaml", settings_text(new, "", "").encode(), Path.cwd())
    if problems:
        wordings = tuple(problem.wording for problem in problems)
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.nothing-made", problems=wordings)


def _authority(folder: Path, code: str, now: datetime, random: Random) -> Authority:
    if (folder / "code").exists():
        return open_authority(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        # Its files may be those of a node: nobody is to move them out of the way.
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.no-authority-folder", folder=str(folder))
    return make_authority_files(folder, code, now, random)


def _example(folder: Path, code: str) -> list[Path]:
    data = example_file(f"{EXAMPLE}.csv")
    write_example(folder / "policies", EXAMPLE, code)
    # Data about people: for the node alone, from the first row on.
    write_file(folder / "data" / f"{EXAMPLE}.csv", data.encode(), PRIVATE)
    return [folder / "policies", folder / "data"]
