"""Nodes of this process that are put back to an older state, or run twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from support.running import Running
from support.town import free_port

from node.errors import NodeError, Reason

T = TypeVar("T")
COPY = "copy"
"""The code under which the second copy of a node is known."""
_NOT_SOCKETS = shutil.ignore_patterns("*.sock")


def reason_of(work: Callable[[], T]) -> T | Reason:
    """What it gives, or the reason why not."""
    try:
        return work()
    except NodeError as error:
        return error.reason


def keep(nodes: Running, code: str, to: Path, *parts: str) -> None:
    """Copy what a stopped node has in some folders, then start it again."""
    folder = nodes.town.offices[code].folder
    nodes.stop(code)
    for part in parts:
        shutil.copytree(folder / part, to / part, ignore=_NOT_SOCKETS)
    nodes.start(code)


def put_back(nodes: Running, code: str, kept: Path, parts: Iterable[str] = ()) -> None:
    """Stop a node, and start it on what was kept of these parts of it, without any of all."""
    folder = nodes.town.offices[code].folder
    nodes.stop(code)
    for part in parts or [each.name for each in kept.iterdir()]:
        shutil.rmtree(folder / part)
        shutil.copytree(kept / part, folder / part)
        (folder / part).chmod(0o700)
    nodes.start(code)


def second_copy(nodes: Running, code: str, folder: Path) -> None:
    """Start a copy of a node beside it, in this folder: the same files, other ports."""
    office = nodes.town.offices[code]
    nodes.stop(code)
    shutil.copytree(office.folder, folder, ignore=_NOT_SOCKETS)
    copied = replace(office, folder=folder, exchange_port=free_port(), desk_port=free_port())
    text = office.config.read_text()
    for old, new in ((office.exchange_port, copied.exchange_port), (office.desk_port, copied.desk_port)):
        text = text.replace(f":{old}", f":{new}")
    copied.config.write_text(text)
    nodes.town.offices[COPY] = copied
    nodes.start(code, COPY)
