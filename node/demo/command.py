"""Runs `dxnode` as a scene of the demo shows it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass

from node.cli.terminal.exits import Exit
from node.client import Credentials
from node.demo.process import DXNODE
from node.demo.scenes import Play

_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Ran:
    """How one command ended, and what it printed."""

    code: int
    out: str


def dxnode(
    play: Play,
    *arguments: str,
    caller: tuple[str, Credentials] | None = None,
    show: bool = True,
    expected: tuple[int, ...] = (Exit.OK, Exit.INTEGRITY),
) -> Ran:
    """Run `dxnode` in the city's folder, as `caller` (desk, certificate) if one is given.

    What it says on stderr is shown when it ends otherwise than `expected`.
    """
    stage = play.stage
    environment = os.environ | {"DXNODE_LANG": stage.language}
    if caller is not None:
        desk, credentials = caller
        environment |= {
            "DXNODE_DESK": desk,
            "DXNODE_CERT": str(credentials.certificate),
            "DXNODE_KEY": str(credentials.key),
            "DXNODE_ROOTS": str(credentials.roots),
        }
    if show:
        stage.command(f"dxnode {shlex.join(arguments)}")
    ended = subprocess.run(  # noqa: S603 - this interpreter, this package
        [*DXNODE, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if sys.stderr.isatty() else subprocess.PIPE,
        text=True,
        check=False,
        timeout=_TIMEOUT,
        cwd=play.city.folder,
        env=environment,
    )
    if ended.returncode not in expected:
        stage.show((ended.stderr or "").splitlines(), "red")
    return Ran(ended.returncode, ended.stdout)
