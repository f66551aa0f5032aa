"""Runs `dxnode` command lines in this process, and reads transcripts of them."""

from __future__ import annotations

import logging
import os
import pty
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

from support.waiting import PATIENCE
from typer.testing import CliRunner

from node.cli.main import app


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str


def dxnode(*arguments: str | Path, stdin: str = "", env: Mapping[str, str] | None = None) -> Ran:
    """Run one command line, in English unless it says otherwise."""
    environment = {"DXNODE_LANG": "en", "COLUMNS": "100", **(env or {})}
    handlers, level = list(logging.root.handlers), logging.root.level
    try:
        result = CliRunner().invoke(app, list(map(str, arguments)), input=stdin, env=environment)
    finally:  # what a command sets up for its process writes where the runner no longer listens
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
    return Ran(result.exit_code, result.stdout, result.stderr)


def at_a_terminal(arguments: list[str], typed: list[str]) -> tuple[str, str]:
    """Run a command on a terminal of its own; gives its stdout and what the terminal showed."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "DXNODE_LANG": "en"}
    # A session of its own, so that its prompts cannot reach the terminal that the tests run on.
    process = Popen(  # noqa: S603
        [sys.executable, "-m", "node.cli.main", *arguments],
        stdin=theirs,
        stderr=theirs,
        stdout=PIPE,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    screen = b""
    for line in typed:
        # Typed only once it is asked for, when the echo is off.
        while not screen.endswith(b": "):
            screen += os.read(ours, 1024)
        os.write(ours, line.encode() + b"\n")
        screen += b"|"
    try:
        while part := os.read(ours, 1024):
            screen += part
    except OSError:
        pass  # Linux tells the end of a terminal so.
    out, _ = process.communicate(timeout=PATIENCE)
    os.close(ours)
    return out.decode().strip(), screen.decode()


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a transcript, with what it reads, and everything that it has to say."""

    command: str
    stdin: str
    said: str

    def arguments(self) -> list[str]:
        return shlex.split(self.command)[1:]


def read_transcript(path: Path) -> Iterator[Step]:
    """The steps of a transcript.

    `$ ` begins a command, `< ` is a line that it reads; then follow its output with `> `, its stderr
    with `! `, and `? ` with the exit code when that is not 0. Blank and `# ` lines are for the reader.
    """
    command, stdin, said = "", "", ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("$ "):
            if command:
                yield Step(command, stdin, said)
            command, stdin, said = line[2:], "", ""
        elif line.startswith("< "):
            stdin += line[2:] + "\n"
        elif line and not line.startswith("# "):
            said += line.rstrip() + "\n"
    yield Step(command, stdin, said)


def follow(path: Path, run: Callable[[Step], Ran]) -> None:
    """Claim that each command of a transcript says what stands there.

    With WRITE_TRANSCRIPTS=1 in the environment it is written there instead, to be read in the diff.
    """
    said = [(step, told(run(step))) for step in read_transcript(path)]
    if os.environ.get("WRITE_TRANSCRIPTS"):
        _write(path, [each for _, each in said])
        return
    for step, each in said:
        assert f"$ {step.command}\n{each}" == f"$ {step.command}\n{step.said}"


def _write(path: Path, said: Sequence[str]) -> None:
    """A transcript with the same commands and remarks, and all that was said."""
    parts: list[list[str]] = []
    between: list[str] = []  # what is for the reader belongs to the command that follows
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("$ "):
            parts.append([*(between or [""] * bool(parts)), line])
            between = []
        elif line.startswith("< "):
            parts[-1].append(line)
        elif not line or line.startswith("# "):
            between.append(line)
    texts = [each for part, answer in zip(parts, said, strict=True) for each in (*part, *answer.splitlines())]
    path.write_text("\n".join([*texts, *filter(None, between)]) + "\n", "utf-8")


def told(ran: Ran) -> str:
    """What a command said, as a transcript writes it."""
    lines = [f"> {line}".rstrip() for line in ran.out.splitlines()]
    lines += [f"! {line}".rstrip() for line in ran.err.splitlines()]
    if ran.code:
        lines.append(f"? {ran.code}")
    return "".join(f"{line}\n" for line in lines)
