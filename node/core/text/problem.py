"""Problems in a file that a person wrote: where, what is wrong, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from node.core.text.problem_kinds import ARTICLES, NOTES, WARNINGS
from node.texts.message import Message
from node.texts.wording import labelled, say, t


class Severity(StrEnum):
    """How grave a problem is: an error keeps a policy from being loaded, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `line` and `column` count from 1, in characters.

    `key` and `args` are stable for programs; `words` are the words at fault, as in the file but bounded,
    and `width` is how many characters of the line they take up there. `because` is why the officers accept
    a warning, "" while they do not; `acceptance` is the line that would accept it, "" if none can.
    """

    file: str
    line: int
    column: int
    key: str
    args: tuple[tuple[str, str], ...] = ()
    words: str = ""
    width: int = 0
    because: str = ""
    acceptance: str = ""

    @property
    def severity(self) -> Severity:
        """Whether it is an error, a warning, or a note on what was not analysed."""
        if self.key in WARNINGS:
            return Severity.WARNING
        return Severity.NOTE if self.key in NOTES else Severity.ERROR

    @property
    def article(self) -> int:
        """The article of Decree 809 (国务院令第809号) behind it, 0 without one."""
        return ARTICLES.get(self.key, 0)

    @property
    def message(self) -> str:
        """What is wrong, in English: lower case, no full stop."""
        return self.message_in("en")

    @property
    def hint(self) -> str:
        """How to mend it, in English."""
        return self.hint_in("en")

    @property
    def wording(self) -> Message:
        """What is wrong."""
        return Message(f"problem.{self.key}.what", dict(self.args))

    @property
    def advice(self) -> Message:
        """How to mend it; the closest known word if there is one."""
        args = dict(self.args)
        return Message("problem.did-you-mean" if args.get("closest") else f"problem.{self.key}.hint", args)

    def message_in(self, lang: str) -> str:
        """What is wrong."""
        return say(self.wording, lang)

    def hint_in(self, lang: str) -> str:
        """How to mend it."""
        return say(self.advice, lang)

    def render(self, lang: str) -> str:
        """Two lines for a terminal: `file:line:column: message`, then the hint."""
        label = t("policy_check.label.hint", lang)
        return (
            f"{self.file}:{self.line}:{self.column}: {self.message_in(lang)}\n  "
            f"{labelled(label, self.hint_in(lang), lang)}"
        )
