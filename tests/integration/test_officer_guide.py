"""The officer's guide is held to the code: its commands are run in an empty folder, its edits are made."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.places import ROOT
from support.waiting import PATIENCE, wait_for
from typer.testing import CliRunner

from node.cli.main import app
from node.demo.ports import free_ports

GUIDES = {"en": ROOT / "docs" / "officer-guide.md", "zh": ROOT / "docs" / "officer-guide.zh-CN.md"}
PROMPTS = ("passphrase of the key:", "the same again:", "密钥口令:", "再输入一次:")
WORDS = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, where it stands, and its lines."""

    kind: str
    line: int
    lines: tuple[str, ...]


@dataclass(slots=True)
class Reader:
    """Does what a guide says, in a folder, and sees that everything is as it says."""

    folder: Path
    lang: str
    code: int = 0
    served: list[subprocess.Popen[bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def follow(self, block: Block) -> None:
        """Run the commands of a console block, or make the edits of a diff."""
        if block.kind == "console":
            for command, said in steps(block):
                self.commands.append(command)
                self.run(command, said)
        elif block.kind == "diff":
            self.edit(block)

    def run(self, command: str, expected: list[str]) -> None:
        expected = [line for line in expected if line.strip() not in PROMPTS]
        if command == "echo $?":
            assert expected == [str(self.code)]
            return
        if command.startswith("dxnode serve ") and command.endswith(" &"):
            self.serve(command.removesuffix(" &"))
            return
        said = self.dxnode(command) if command.startswith("dxnode ") else self.shell(command)
        assert fits(expected, said.splitlines()), f"$ {command}\n{said}\n--- the guide says\n" + "\n".join(
            expected
        )

    def dxnode(self, command: str) -> str:
        words, _, path = command.partition(" > ")
        environment = {"DXNODE_LANG": self.lang, "COLUMNS": "120"}
        result = CliRunner().invoke(app, shlex.split(words)[1:], input=f"{WORDS}\n{WORDS}\n", env=environment)
        self.code = result.exit_code
        if path:
            Path(path).write_text(result.stdout, "utf-8")
            return result.stderr
        return result.output

    def serve(self, command: str) -> None:
        """Start a node, on ports that are free here, and wait until it answers."""
        config = self.folder / shlex.split(command)[-1]
        text = config.read_text("utf-8")
        for port, free in zip(("8443", "8444"), free_ports(2), strict=True):
            text = text.replace(f":{port} ", f":{free} ").replace(f":{port}\n", f":{free}\n")
        config.write_text(text, "utf-8")
        self.served.append(
            subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "node.cli.main", *shlex.split(command)[1:]],
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )
        )
        wait_for(lambda: "PEER_UNAVAILABLE" not in self.dxnode(f"dxnode status --config {config}"))

    def close(self) -> None:
        """End the nodes that were started."""
        for process in self.served:
            process.terminate()
            process.wait(PATIENCE)

    def shell(self, command: str) -> str:
        done = subprocess.run(  # noqa: S603
            ["/bin/bash", "-c", command], cwd=self.folder, capture_output=True, text=True, check=False
        )
        self.code = done.returncode
        return done.stdout + done.stderr

    def edit(self, block: Block) -> None:
        """Replace the lines with - by those with + in the file that the first line names."""
        path = self.folder / block.lines[0].removeprefix("+++ ").strip()
        text = path.read_text("utf-8")
        for old, new in hunks(block.lines[1:]):
            found = re.findall(pattern(old), text)
            assert len(found) == 1, f"{path}, line {block.line} of the guide: {old}"
            text = text.replace(found[0], new)
        path.write_text(text, "utf-8")


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a document."""
    for match in re.finditer(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(match[1], line, tuple(match[2].splitlines()))


def steps(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each command with what it says; a command goes on after a backslash."""
    command, open_ = "", False
    said: list[str] = []
    for line in block.lines:
        if open_:
            command, open_ = command.removesuffix("\\") + line.strip(), line.endswith("\\")
        elif line.startswith("$ "):
            if command:
                yield command, said
            command, said, open_ = line[2:], [], line.endswith("\\")
        else:
            said.append(line)
    yield command, said


def hunks(lines: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What goes and what comes in its place, with the lines around them."""
    text = "\n".join(lines)
    for part in re.split(r"^@@.*\n", text, flags=re.MULTILINE):
        given = part.splitlines()
        old = "\n".join(line[1:] for line in given if line[:1] in (" ", "-"))
        new = "\n".join(line[1:] for line in given if line[:1] in (" ", "+"))
        if given:
            yield old, new


def fits(expected: list[str], said: list[str]) -> bool:
    """Whether lines are as expected; `…` stands for any words, alone on a line for any lines."""
    if not expected:
        return not [line for line in said if line.strip()]
    first, *rest = expected
    if first.strip() == "…":
        return any(fits(rest, said[skip:]) for skip in range(len(said) + 1))
    return (
        bool(said)
        and re.fullmatch(pattern(first.rstrip()), said[0].rstrip()) is not None
        and fits(rest, said[1:])
    )


def pattern(text: str) -> str:
    """A text as a regular expression; `…` stands for any words."""
    return ".*".join(map(re.escape, text.split("…")))


@pytest.mark.parametrize(
    "lang", [pytest.param("en", marks=pytest.mark.full("the same commands as in the Chinese guide")), "zh"]
)
def test_a_new_officer_can_follow_the_guide(
    lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path, lang)
    try:
        for block in blocks(GUIDES[lang].read_text("utf-8")):
            reader.follow(block)
    finally:
        reader.close()
    assert len(reader.commands) > 20


def test_both_guides_have_the_same_commands() -> None:
    english, chinese = (commands(path.read_text("utf-8")) for path in GUIDES.values())
    assert english == chinese


def commands(text: str) -> list[str]:
    return [command for block in blocks(text) if block.kind == "console" for command, _ in steps(block)]


def test_what_a_guide_leaves_out_is_marked() -> None:
    said = ["one", "two", "three 3"]
    assert fits(["one", "…", "three …"], said)
    assert fits(["…"], said)
    assert not fits(["one", "two"], said)
    assert not fits(["one", "…", "four"], said)
    assert not fits([], said)
