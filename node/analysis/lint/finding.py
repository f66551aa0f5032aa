"""Findings: warnings and notes before they have their place in the file, and which of them are accepted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.core.policy.suppression import Suppression
from node.core.reading.document import Document
from node.core.reading.place import Path
from node.core.text.problem import Problem
from node.core.text.problem_kinds import NOTES, WARNINGS
from node.core.words import closest

# These say what the check did not do, or what an acceptance is worth: nobody can answer for that.
_NEVER_ACCEPTED = frozenset(
    {
        *("lint.file-skipped", "lint.no-purposes", "lint.more"),
        *("lint.acceptance-stale", "lint.acceptance-several"),
    }
)
_SIMPLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_/-]*")


@dataclass(frozen=True, slots=True)
class Finding:
    """A warning or note with the part of the file that it is about.

    `offset` and `words` are for a finding within a condition. `because` is why an officer accepts it, ""
    while nobody does; `acceptance` is the line that would accept it.
    """

    key: str
    path: Path
    args: tuple[tuple[str, str], ...] = ()
    on_key: bool = False
    offset: int | None = None
    words: str = ""
    because: str = ""
    acceptance: str = ""

    def problem(self, document: Document) -> Problem:
        """With its place in the file."""
        args = dict(self.args)
        if self.offset is not None:
            found = document.problem_within(self.key, self.path, self.offset, self.words, **args)
        elif self.on_key:
            found = document.key_problem(self.key, self.path, **args)
        else:
            found = document.problem(self.key, self.path, **args)
        return replace(found, because=self.because, acceptance=self.acceptance)


def finding(key: str, path: Path, /, *, on_key: bool = False, **args: str) -> Finding:
    """A finding about the value at `path`, or about its key."""
    return Finding(key, path, tuple(args.items()), on_key)


def warning_name(key: str) -> str:
    """What officers call a warning: its key without the part that all warnings share."""
    return key.partition(".")[2]


def settle(document: Document, accepted: Sequence[Suppression], found: Sequence[Finding]) -> list[Finding]:
    """The findings, those that are accepted with their reason, and what is wrong with acceptances.

    An acceptance that fits nothing, or several findings, accepts none.
    """
    settled = list(found)
    places: dict[tuple[str, str], list[int]] = {}
    for index, each in enumerate(settled):
        if each.key not in _NEVER_ACCEPTED:
            places.setdefault((warning_name(each.key), _place(document, each.path)), []).append(index)
    for (warning, place), indices in places.items():
        words = Counter(value for index in indices for value in {value for _, value in settled[index].args})
        for index in indices:
            unique = (value for _, value in settled[index].args if words[value] == 1 and _fits(value))
            about = next(unique, None) if len(indices) > 1 else ""
            if about is not None:
                settled[index] = replace(settled[index], acceptance=_written(warning, place, about))
    wrong: list[Finding] = []
    for order, acceptance in enumerate(accepted):
        fitting = [
            index
            for index in places.get((acceptance.warning, acceptance.at), ())
            if not acceptance.about or acceptance.about in dict(settled[index].args).values()
        ]
        if len(fitting) == 1 and not settled[fitting[0]].because:
            settled[fitting[0]] = replace(settled[fitting[0]], because=acceptance.because)
        elif len(fitting) > 1:
            count = str(len(fitting))
            path: Path = ("accepted", order, "about" if acceptance.about else "at")
            wrong.append(finding("lint.acceptance-several", path, count=count, name=acceptance.warning))
        else:
            wrong.append(_stale(order, acceptance, places))
    return [*settled, *wrong]


def _place(document: Document, path: Path) -> str:
    """A part of the file as officers name it: `rules/tax-deferral`, `privacy/budget/requester`."""
    steps = []
    for length, step in enumerate(path, 1):
        if isinstance(step, int):
            part = document.at(path[:length])
            name = part.get("id") if isinstance(part, dict) else None
            if isinstance(name, str):
                steps.append(name)
        else:
            steps.append(step)
    return "/".join(steps if path[:1] == ("privacy",) else steps[:2])


def _written(warning: str, place: str, about: str) -> str:
    """The line that accepts a warning, as it stands in a policy."""
    which = f", about: {_quoted(about)}" if about else ""
    return f"{{warning: {warning}, at: {_quoted(place)}{which}, because: …}}"


def _fits(value: str) -> bool:
    return 0 < len(value) <= 200 and value == value.strip() and value.isprintable()


def _quoted(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) else "'" + text.replace("'", "''") + "'"


def _stale(order: int, acceptance: Suppression, places: dict[tuple[str, str], list[int]]) -> Finding:
    known = sorted(warning_name(key) for key in (WARNINGS | NOTES) - _NEVER_ACCEPTED)
    if acceptance.warning not in known:
        guess, step = closest(acceptance.warning, known), "warning"
    elif (acceptance.warning, acceptance.at) in places:
        guess, step = "", "about" if acceptance.about else "at"
    else:
        there = [place for warning, place in places if warning == acceptance.warning]
        guess, step = closest(acceptance.at, there), "at"
    path: Path = ("accepted", order, step)
    return finding("lint.acceptance-stale", path, name=acceptance.warning, at=acceptance.at, closest=guess)
