"""Which files of a folder are policies, for all who read such a folder, and which only look like policies.

A policy is a file whose name ends in `.yaml`, but for tables of tests. What an editor left beside it is none
(`node.files.leftover`), nor is a link to nothing, and neither keeps the others from being read. But what a
person may take for a policy that is in force, and nobody reads, is told by everything that reads the folder.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.core.policy.policy import TABLE_ENDING
from node.core.text.problem import Problem
from node.files.leftover import is_leftover
from node.files.regular_file import read_regular

ENDING: Final = ".yaml"
_LOOKED_AT: Final = 1 << 20
_MOST_LOOKED_AT: Final = 200
_MOST_WALKED: Final = 2_000
_MOST_TOLD: Final = 50
_DEEPEST: Final = 4
# A name as YAML has one: in capitals, with the shorter or another ending, with a full-width dot.
_YAML: Final = re.compile(r"[.。]ya?ml(?![a-z0-9])")
_TEXT_ENDINGS: Final = frozenset({"", ".txt", ".text", ".json", ".conf"})
_POLICY_KEY: Final = re.compile(r"^[\"']?(?:dataset|purposes)[\"']?[ \t]*[:：]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PolicyFolder:
    """The files of a folder by name: policies and definitions, tables of tests, and what is not read."""

    policies: tuple[Path, ...]
    tables: tuple[Path, ...]
    unread: tuple[Problem, ...]


def policy_files(folder: Path) -> list[Path]:
    """The policies in a folder, by name."""
    return list(read_folder(folder, look_deeper=False).policies)


def read_folder(folder: Path, *, look_deeper: bool = True) -> PolicyFolder:
    """What lies in a folder; one that cannot be read holds nothing. Below it, only so much is looked at."""
    try:
        paths = sorted(path for path in folder.iterdir() if not is_leftover(path.name))
    except OSError:
        paths = []
    named = [path for path in paths if path.name.endswith(ENDING)]
    there = [path for path in named if not _leads_nowhere(path)]
    unread = tuple(_unread(paths, set(there)))[:_MOST_TOLD] if look_deeper else ()
    return PolicyFolder(
        tuple(path for path in there if not path.name.endswith(TABLE_ENDING)),
        tuple(path for path in there if path.name.endswith(TABLE_ENDING)),
        unread,
    )


def _leads_nowhere(path: Path) -> bool:
    """Whether it is a folder, or a link to nothing or itself; a pipe is refused by whoever reads it."""
    try:
        return path.is_dir() or (path.is_symlink() and not path.exists())
    except (OSError, RuntimeError):
        return True


def _unread(paths: list[Path], read: set[Path]) -> Iterator[Problem]:
    looked_at = 0
    for path in paths:
        if path in read:
            continue
        if path.is_dir() and not path.is_symlink():
            if count := sum(1 for _ in _deeper(path)):
                yield _problem("lint.file-deeper", path, count=str(count))
        elif path.name.endswith(ENDING):
            yield _problem("lint.file-nowhere", path)
        elif _is_named_like_yaml(path.name):
            yield _problem("lint.file-ending", path, rename=_renamed(path.name))
        elif path.suffix.lower() in _TEXT_ENDINGS and looked_at < _MOST_LOOKED_AT:
            looked_at += 1
            if _holds_policy(path):
                yield _problem("lint.file-ending", path, rename=_renamed(path.name))


def _deeper(folder: Path) -> Iterator[Path]:
    """The files below a folder that are named like YAML and hold a policy."""
    walked = 0
    for place, folders, names in os.walk(folder):
        deep = len(Path(place).relative_to(folder).parts)
        folders[:] = [] if deep >= _DEEPEST else [name for name in folders if not is_leftover(name)]
        for name in names:
            walked += 1
            if walked > _MOST_WALKED:
                return
            if not is_leftover(name) and _is_named_like_yaml(name) and _holds_policy(Path(place, name)):
                yield Path(place, name)


def _is_named_like_yaml(name: str) -> bool:
    return _YAML.search(unicodedata.normalize("NFKC", name).casefold()) is not None


def _renamed(name: str) -> str:
    """The name that would have the file read."""
    folded = unicodedata.normalize("NFKC", name)
    found = _YAML.search(folded.casefold())
    return (
        folded[: found.start()] if found is not None else folded.removesuffix(Path(folded).suffix)
    ) + ENDING


def _holds_policy(path: Path) -> bool:
    """Whether the beginning of a file is that of a policy or of definitions, be it broken or not."""
    try:
        if not path.is_file():
            return False
        content = read_regular(path, _LOOKED_AT)
    except OSError:
        return False
    if content.lstrip()[:1] == b"{":
        try:
            root = json.loads(content)
        except (ValueError, RecursionError):
            return False
        return isinstance(root, dict) and isinstance(root.get("dataset", root.get("purposes")), str | dict)
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return _POLICY_KEY.search(content.decode(encoding, "replace")) is not None


def _problem(key: str, path: Path, **args: str) -> Problem:
    every = {"words": path.name, **args}
    return Problem(str(path), 1, 1, key, tuple(every.items()))
