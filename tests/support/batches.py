"""Lists of made-up people, and `dxnode batch` run on them at a fake desk, here or in a process of its own."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from support.cli_run import Ran, dxnode
from support.fake_catalogue import PURPOSE
from support.fake_desk import VERIFY, resident
from support.launched import launched


def people(path: Path, count: int, encoding: str = "utf-8") -> Path:
    """A CSV file of so many people with the columns no, id and name."""
    rows = "".join(f"{number},{resident(number)},某某\n" for number in range(count))
    path.write_text("no,id,name\n" + rows, encoding=encoding)
    return path


def command(source: Path, address: str, *options: str, target: Path | None = None) -> list[str]:
    """The arguments that ask about a list, by default from beside it to out.csv."""
    target = target or source.with_name("out.csv")
    asked = ["batch", VERIFY, str(source), str(target), "--purpose", PURPOSE, "--case", "DG-1"]
    return [*asked, "--desk", address, *options]


def batch(source: Path, address: str, *options: str, target: Path | None = None) -> Ran:
    """Run it in this process."""
    return dxnode(*command(source, address, *options, target=target))


def started(
    source: Path,
    address: str,
    *options: str,
    target: Path | None = None,
    first: str = "pass",
) -> subprocess.Popen[str]:
    """Run it in a process of its own, which does `first`, statements of Python, and becomes the command."""
    arguments = [sys.executable, "-m", "node.cli.main", *command(source, address, *options, target=target)]
    return subprocess.Popen(  # noqa: S603
        launched(first, arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DXNODE_LANG": "en"},
    )


def answers(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    """The rows of an output."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def numbers(path: Path) -> list[int]:
    """The column no of an output."""
    return [int(row["no"]) for row in answers(path)]
