"""Copies of folders that the command line made: keys under passphrases cost too much for every test."""

from __future__ import annotations

import shutil
from pathlib import Path


def copy_of(home: Path, to: Path) -> Path:
    """The folder with all nodes and keys in it, moved: settings name places in it."""
    shutil.copytree(home, to)
    for config in to.rglob("node.yaml"):
        config.write_text(config.read_text("utf-8").replace(str(home), str(to)), "utf-8")
    return to
