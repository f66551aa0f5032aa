"""Tell what happens in the demo: in Chinese or English, on a terminal, in a pipe, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import IO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from node.texts.message import Message, Value
from node.texts.wording import say

Fact = str | int | float | bool | list[str] | dict[str, int]


def mask(identifier: str) -> str:
    """Show an identifier as `441999********000X`."""
    return f"{identifier[:6]}{'*' * (len(identifier) - 10)}{identifier[-4:]}"


@dataclass(slots=True)
class Scene:
    """What one scene has shown so far; `failures` is empty when it ended as it should."""

    name: str
    title: str
    lines: list[str] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Stage:
    """Shows scenes as they are played, and keeps what they have shown."""

    def __init__(self, language: str, out: IO[str], *, as_json: bool = False) -> None:
        self.language: str = language
        self.scenes: list[Scene] = []
        self._json = as_json
        self._out = out
        self._console = Console(file=out, highlight=False, quiet=as_json)

    @property
    def width(self) -> int:
        """Cells that a line of a scene may take."""
        return min(self._console.width, 100) - 2

    def word(self, key: str, /, **args: Value) -> str:
        """A text in the language of this stage."""
        return say(Message(key, args), self.language)

    @contextmanager
    def scene(self, name: str) -> Iterator[Scene]:
        """Open a scene; what is told from here on belongs to it."""
        scene = Scene(name, self.word(f"demo.{name}.title"))
        self.scenes.append(scene)
        self._console.print()
        self._console.print(Text(f"{len(self.scenes)}  {scene.title}", style="bold"))
        began = monotonic()
        try:
            yield scene
        finally:
            scene.seconds = round(monotonic() - began, 3)

    @contextmanager
    def busy(self, key: str, /) -> Iterator[None]:
        """Show on a terminal that something goes on."""
        if not self._console.is_terminal or self._json:
            yield
            return
        with self._console.status(self.word(key)):
            yield

    def tell(self, key: str, /, *, style: str = "", **args: Value) -> None:
        """One sentence of the scene."""
        self.show([self.word(key, **args)], style)

    def good(self, key: str, /, **args: Value) -> None:
        """One sentence about something that ended well."""
        self.show([f"✓ {self.word(key, **args)}"], "green")

    def refused(self, key: str, /, **args: Value) -> None:
        """One sentence about something that was refused, as it should be."""
        self.show([f"✗ {self.word(key, **args)}"], "yellow")

    def command(self, text: str) -> None:
        """A command that is run, or to try."""
        self.show([f"$ {text}"], "cyan")

    def show(self, lines: Sequence[str], style: str = "") -> None:
        """Lines as they are."""
        if self.scenes:
            self.scenes[-1].lines.extend(lines)
        for line in lines:
            self._line(line, style)

    def expect(self, holds: bool, key: str, /, **args: Value) -> None:
        """Note a failure of the scene, and show it, unless `holds`."""
        if not holds:
            self.fail(self.word(key, **args))

    def fail(self, what: str) -> None:
        """Note a failure of the scene and show it."""
        self.scenes[-1].failures.append(what)
        self._line(f"! {what}", "bold red")

    def closing(self, what: str, commands: Sequence[str]) -> None:
        """Say something after the last scene, with commands to try."""
        self._console.print()
        for text, style in ((what, "bold"), *((f"   {command}", "cyan") for command in commands)):
            # Not wrapped, so that a command can be copied.
            self._console.print(Text(text, style=style), soft_wrap=True)

    def end(self, facts: Mapping[str, Fact]) -> bool:
        """Close the demo; return whether every scene ended as it should."""
        played_well = all(not scene.failures for scene in self.scenes)
        if self._json:
            json.dump(
                {
                    "ok": played_well,
                    **facts,
                    "scenes": [
                        {
                            "name": scene.name,
                            "title": scene.title,
                            "ok": not scene.failures,
                            "seconds": scene.seconds,
                            "facts": scene.facts,
                            "failures": scene.failures,
                        }
                        for scene in self.scenes
                    ],
                },
                self._out,
                ensure_ascii=False,
                indent=2,
            )
            self._out.write("\n")
        return played_well

    def _line(self, text: str, style: str) -> None:
        # In a pipe nothing is wrapped: who reads it there searches it, or has another width.
        if self._console.is_terminal:
            self._console.print(Padding.indent(Text(text, style=style), 3))
        else:
            self._console.print(Text(f"   {text}", style=style), soft_wrap=True)
