"""Look for identifiers that a node left behind in the clear, in whatever kind of file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_FULL_WIDTH_DIGIT = re.compile(rb"\xef\xbc([\x90-\x99])")


@dataclass(frozen=True, slots=True)
class Trace:
    """One place where an identifier stands in the clear; `hint` is its first six and last two characters."""

    path: Path
    hint: str


def find_identifiers(folder: Path, ids: Iterable[str], skip: Collection[Path] = ()) -> list[Trace]:
    """Search every file below `folder`, as bytes, for any of `ids`; leave out what is in `skip`.

    Found are identifiers in UTF-8 in either case, with full-width digits, and inside longer runs of letters
    and digits; not what was encoded or compressed. The time does not depend on how many `ids` there are.
    Files that vanish meanwhile are passed over.
    """
    wanted: dict[int, set[bytes]] = defaultdict(set)
    for identifier in ids:
        if not (identifier.isascii() and identifier.isalnum()):
            raise ValueError("an identifier to look for consists of ASCII letters and digits")
        wanted[len(identifier)].add(identifier.upper().encode())
    if not wanted:
        return []
    runs = re.compile(rb"[0-9A-Za-z]{%d,}" % min(wanted))
    return [
        Trace(path, f"{found[:6]}…{found[-2:]}")
        for path in sorted(_files(folder, frozenset(skip)))
        for found in sorted(_find(_read(path), runs, wanted))
    ]


def _files(folder: Path, skip: frozenset[Path]) -> Iterator[Path]:
    for path in folder.iterdir():
        if path in skip or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path, skip)
        elif path.is_file():
            yield path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _find(data: bytes, runs: re.Pattern[bytes], wanted: dict[int, set[bytes]]) -> set[str]:
    found = set()
    if b"\xef\xbc" in data:
        data = _FULL_WIDTH_DIGIT.sub(lambda digit: bytes([digit[1][0] - 0x60]), data)
    for run in runs.finditer(data):
        text = run[0].upper()
        for length, needles in wanted.items():
            for start in range(len(text) - length + 1):
                if text[start : start + length] in needles:
                    found.add(text[start : start + length].decode())
    return found
