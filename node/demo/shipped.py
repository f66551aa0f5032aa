"""What comes along with the program from the top of the project: example policies, protos and documents."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Final

from node.errors import NodeError, Reason

PARTS: Final = ("policies", "protos", "docs")
"""Folders at the top of the project; `pyproject.toml` puts the same ones into a wheel."""


def shipped(part: str) -> Path:
    """The folder of one of `PARTS`: in the installed package, or at the top of the project beside `node`."""
    package = Path(str(files("node")))
    along = package / "demo" / "along"
    return (along if along.is_dir() else package.parent) / part


def make_empty(folder: Path, mode: int) -> None:
    """Make a folder that holds nothing. Raises NodeError(CONFIG_INVALID), OSError."""
    folder.mkdir(mode, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NodeError(Reason.CONFIG_INVALID, "error.demo.not-empty", folder=str(folder))


def unpack(folder: Path) -> list[Path]:
    """Copy all of it into `folder`, to read and to change; return what was made.

    Raises NodeError(CONFIG_INVALID) when there is anything in the folder already, OSError.
    """
    make_empty(folder, 0o755)
    made = [folder / part for part in PARTS]
    for target in made:
        shutil.copytree(shipped(target.name), target, copy_function=shutil.copyfile)
    return made
