"""The parts of a node that staff hear of: what a reload reads each by itself, and what a status looks at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from node.texts.message import Message
from node.texts.wording import say


class PartKind(StrEnum):
    """What a part is; those with a name of their own are marked."""

    DIRECTORY = "directory"
    EXCHANGE_CERTIFICATE = "exchange-certificate"
    DESK_CERTIFICATE = "desk-certificate"
    KEYS = "keys"
    CONTENT_KEY = "content-key"
    POLICIES = "policies"
    CATALOGUE = "catalogue"
    IMPORTED = "imported-catalogues"
    HOLIDAYS = "holidays"
    SETTINGS = "settings"
    RESTART = "restart"
    """What in the settings has changed, and needs a restart."""
    SOURCE = "source"
    """Named by its dataset."""
    ACCOUNT = "account"
    """The budget account of a source, named by its dataset."""
    LOG = "log"
    LOG_KEYS = "log-keys"
    SCHEMA = "schema"
    STATE = "state"
    MARK = "mark"
    PEER = "peer"
    """Another department, named by its credit code."""
    CLOCK = "clock"
    FOLDER = "folder"
    DATABASE = "database"
    OTHER = "other"
    """What another version of the node tells of."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a node."""

    kind: PartKind
    name: str = ""

    @property
    def title(self) -> Message:
        """What the part is called."""
        return Message(f"state.part.{self.kind}", {"name": self.name} if self.name else {})


@dataclass(frozen=True, slots=True)
class PartProblem:
    """What is wrong with one part."""

    part: Part
    problem: Message

    def text(self, lang: str | None = None) -> str:
        """The part and what is wrong with it on one line, in `lang` or the language spoken now."""
        whole = Message("state.problem", {"part": self.part.title, "problem": self.problem})
        return on_one_line(say(whole, lang))

    @property
    def message(self) -> str:
        """The part and what is wrong with it, in English."""
        return self.text("en")


def on_one_line(text: str) -> str:
    """A text that has several lines, such as one for each mistake in a file, in one."""
    return "; ".join(text.splitlines())
