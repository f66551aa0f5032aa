"""What comes along with the program from the top of the project: example policies, protos and documents."""

from __future__ import annotations

import re
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Final

from node.errors import NodeError, Reason

PARTS: Final = ("policies", "protos", "docs")
"""Folders at the top of the project; `pyproject.toml` puts the same ones into a wheel."""

_LINK: Final = re.compile(r"\[(?P<words>[^\[\]]*)\]\((?P<target>[^()\s]+)\)")


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
    for page in folder.rglob("*.md"):
        page.write_text(without_lost_links(page.read_text("utf-8"), page.parent), "utf-8")
    return made


def without_lost_links(text: str, folder: Path) -> str:
    """A page of `folder`, with the words alone where a link leads to what did not come along."""

    def kept(link: re.Match[str]) -> str:
        target = link["target"].partition("#")[0]
        leads = not target or ":" in target or (folder / target).exists()
        return link[0] if leads else link["words"]

    return _LINK.sub(kept, text)
