"""Reads the YAML of a policy: plain mappings, lists and text, each with its place in the file.

A restricted YAML 1.2: one document, no anchors, aliases or tags, no duplicate or empty keys or
values. A scalar is never guessed at: it stays the text that was written, and the model that reads it
says whether that is an integer, a boolean or text. So `no`, `on`, `1_000`, `0o17` and dates keep
their spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from node.core.meant import BLANKS, narrow, wide_sign
from node.core.reading.decoded import NotTextError, decoded
from node.core.reading.mistyped import mistyped
from node.core.reading.place import Path, Place, Places, line_column, source_index
from node.core.reading.titles import Titles, name_meant, titles_of
from node.core.reading.wide_signs import wide_signs
from node.core.reading.yaml_fault import fault_at, kind_of, list_comma, parted_number, wide_quote
from node.core.text.problem import Problem
from node.core.words import shorten

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_PROBLEMS = 100
_MOST_LOOKED_AT = 2_000
_WIDE_SIGNS = frozenset({"yaml.full-width", "yaml.list-comma", "yaml.wide-blank", "yaml.wide-colon"})
_FOLLOWS_MISREADING = ("key.", "name.", "value.", "yaml.", "purpose.", "field.values-missing")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Control characters, line ends other than LF and CRLF, invisible characters and those that turn the
# direction of text: what a reviewer cannot see must not be in a policy.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u115f-\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ud800-\udfff\ufeff\uffa0\ufff9-\uffff\U000e0000-\U000e007f]|\r(?!\n)"
)
# A mark of a comment that is none, as a wide sign stands in it.
_WIDE_COMMENT = re.compile(rf"[ {BLANKS}](?P<sign>＃)|(?P<blank>[{BLANKS}])#")


class Plain(str):
    """A scalar written without quotes: the only kind that may be read as a number or boolean."""

    __slots__ = ()


Node: TypeAlias = "str | list[Node] | dict[str, Node]"


@dataclass(slots=True)
class Document:
    """A file as read; `problems` says why `root` is None or what was left out of it."""

    file: str
    text: str = ""
    root: Node | None = None
    values: Places = field(default_factory=dict)
    keys: Places = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    # What the definitions beside it call by which title.
    shared_titles: Titles = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether there are so many problems that looking for more helps nobody."""
        return len(self.problems) >= MAX_PROBLEMS

    def add(self, key: str, path: Path, /, **args: str) -> None:
        """Add `problem`, unless there are so many that one more helps nobody."""
        if not self.full:
            self.problems.append(self.problem(key, path, **args))

    def add_at_key(self, key: str, path: Path, /, **args: str) -> None:
        """The same for `key_problem`."""
        if not self.full:
            self.problems.append(self.key_problem(key, path, **args))

    def problem(self, key: str, path: Path, /, **args: str) -> Problem:
        """A problem with the value at `path`, or with the nearest part of the file around it."""
        return self._nearest(key, path, self.values, self.keys, args)

    def key_problem(self, key: str, path: Path, /, **args: str) -> Problem:
        """A problem with the key at `path`, or with the nearest part of the file around it."""
        return self._nearest(key, path, self.keys, self.values, args)

    def _nearest(self, key: str, path: Path, first: Places, then: Places, args: dict[str, str]) -> Problem:
        if not args.get("closest") and (name := self._name_meant(path)):
            args = args | {"closest": name}
        for length in range(len(path), -1, -1):
            place = first.get(path[:length]) or then.get(path[:length])
            if place is not None:
                return self._at(place.line, place.column, key, self.text[place.start : place.end], args)
        return self._at(0, 0, key, "", args)

    def _name_meant(self, path: Path) -> str:
        """The name of what the value at `path` calls by its title, if it is one of those that have titles."""
        value = self.at(path)
        if not isinstance(value, str) or value.isascii():
            return ""
        key = next((step for step in reversed(path) if isinstance(step, str)), "")
        return name_meant(key, value, titles_of(self.root), self.shared_titles)

    def told(self) -> list[Problem]:
        """All problems by their places, and every wide sign of the file once, whatever it was found by.

        A line with one is not read as it is meant: what only follows from that is not told.
        """
        if not self.problems:
            return []
        wide = {
            (each.line + 1, each.column + 1): self._at(
                each.line, each.column, each.key, each.words, dict(each.args)
            )
            for each in wide_signs(self.text)
        }
        # By whom it was found first says best what it stands for.
        found = [each for each in reversed(self.problems) if each.key in _WIDE_SIGNS]
        wide |= {(each.line, each.column): each for each in found}
        misread = {line for line, _ in wide}
        rest = [
            each
            for each in self.problems
            if each.key not in _WIDE_SIGNS
            and not (each.line in misread and each.key.startswith(_FOLLOWS_MISREADING))
        ]
        return sorted((*rest, *wide.values()), key=lambda each: (each.line, each.column))

    def problem_within(self, key: str, path: Path, offset: int, words: str, /, **args: str) -> Problem:
        """A problem with the characters from `offset` of the text at `path`."""
        value = self.at(path)
        index = source_index(self.text, self.values[path], value if isinstance(value, str) else "", offset)
        line, column = line_column(self.text, index)
        return self._at(line, column, key, words, args)

    def at(self, path: Path) -> Node | None:
        """The part of the file at `path`."""
        return within(self.root, path)

    def _at(self, line: int, column: int, key: str, words: str, args: dict[str, str]) -> Problem:
        if (other := mistyped(key, words[:_MOST_LOOKED_AT].split("\n", 1)[0], args)) is not None:
            column, key, words, args = column + other.offset, other.key, other.words, dict(other.args)
        if self.text and line > (last := self.text.count("\n")):  # the parser's end of a file without LF
            line, column = last, len(self.text) - (self.text.rfind("\n") + 1)
        written = words.split("\n", 1)[0].rstrip()
        shown = shorten(written)
        clean = {name: shorten(value) if name == "words" else value for name, value in args.items()}
        every = tuple(({"words": shown} | clean).items())
        return Problem(self.file, line + 1, column + 1, key, every, shown, len(written))


def within(node: Node | None, path: Path) -> Node | None:
    """The part of `node` at `path`, None if there is none."""
    for step in path:
        if isinstance(node, dict) and isinstance(step, str):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node


def read(file: str, content: bytes) -> Document:
    """Read one file; never raises for what is in it."""
    document = Document(file)
    if len(content) > MAX_BYTES:
        document.problems.append(document._at(0, 0, "file.too-large", "", {"limit": f"{MAX_BYTES:,}"}))
        return document
    try:
        document.text = decoded(content)
    except NotTextError as error:
        line, column = line_column(content[: error.offset].decode("utf-8", "replace"), error.offset)
        document.problems.append(document._at(line, column, error.key, "", dict(error.said)))
        return document
    if unseen := _UNSEEN.search(document.text):
        char = unseen.group()
        line, column = line_column(document.text, unseen.start())
        document.problems.append(
            document._at(line, column, "file.unseen-character", char, {"code": f"U+{ord(char):04X}"})
        )
        return document
    reader = _Reader(document)
    try:
        reader.run()
    except _Stop as stop:
        document.problems.append(stop.problem)
        document.root = None
    except yaml.MarkedYAMLError as error:
        document.problems.append(_syntax(document, error, reader.quoted))
        document.root = None
    return document


class _Stop(Exception):  # noqa: N818  # ends the reading of a file, is no error of the node
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.key)
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read yet; `key` waits for its value, to keep or drop."""

    node: list[Node] | dict[str, Node]
    path: Path
    key: str | None = None
    dropped: bool = False


class _Reader:
    """Builds the document from parser events, without recursion, so that depth costs nothing."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._stack: list[_Open] = []
        self._documents = 0
        # The last text in quotes, if it runs over several lines: its closing quote may be missing.
        self.quoted: Place | None = None
        # Where the last number begins that commas part.
        self._number = -1

    def run(self) -> None:
        for event in yaml.parse(self._document.text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                raise self._stop("yaml.alias", event)
            if isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    raise self._stop("yaml.documents", event)
                if event.version or event.tags:
                    raise self._stop("yaml.directive", event)
            elif isinstance(event, yaml.ScalarEvent):
                self._refuse_extras(event)
                self._scalar(event)
            elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
                self._refuse_extras(event)
                self._start(event)
            elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                closed = self._stack.pop()
                opened, end = self._document.values[closed.path], _place(event)
                self._document.values[closed.path] = opened._replace(end=end.end)
        if self._document.root is None and not self._document.problems:
            raise _Stop(self._document._at(0, 0, "yaml.empty-file", "", {}))

    def _refuse_extras(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            raise self._stop("yaml.anchor", event)
        if getattr(event, "tag", None) is not None:
            raise self._stop("yaml.tag", event)

    def _start(self, event: yaml.NodeEvent) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise self._stop("yaml.too-deep", event, limit=str(MAX_DEPTH))
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.node, dict) and top.key is None:
            raise self._stop("yaml.key-not-text", event)
        node: list[Node] | dict[str, Node] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._stack.append(_Open(node, self._hang(node, _place(event))))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text: str = event.value
        place = _place(event)
        over_lines = event.style in ("'", '"') and "\n" in self._document.text[place.start : place.end]
        self.quoted = place if over_lines else None
        # An escape such as \e or \u202E can be seen in the file, but not where its text is shown.
        if event.style == '"' and (unseen := _UNSEEN.search(text)):
            raise self._stop("file.unseen-character", event, code=f"U+{ord(unseen.group()[0]):04X}")
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.node, dict) and top.key is None:
            if not text or text == "<<":
                raise self._stop("yaml.key-empty" if not text else "yaml.merge-key", event)
            top.key = text
            top.dropped = self._parts_a_number(event, place, in_list=False)
            if top.dropped:
                return
            top.dropped = text in top.node
            if top.dropped:
                first = self._document.keys[(*top.path, text)]
                self._report("yaml.duplicate-key", event, words=text, first=str(first.line + 1))
            else:
                self._document.keys[(*top.path, text)] = place
            return
        if not event.style:
            if not text and event.implicit[0] and not _said_already(top):
                self._report("yaml.empty-value", event)
            if ("#" in text or "＃" in text) and (comment := _WIDE_COMMENT.search(text)):
                self._wide_comment(comment, place)
            if top is not None and isinstance(top.node, list):
                if self._parts_a_number(event, place, in_list=True):
                    return
                if sign := list_comma(text):
                    self._list_comma(sign, place)
        self._hang(text if event.style else Plain(text), place)

    def _hang(self, node: Node, place: Place) -> Path:
        """Hang a node where it belongs and remember its place."""
        if not self._stack:
            self._document.root = node
            path: Path = ()
        else:
            top = self._stack[-1]
            if isinstance(top.node, list):
                path = (*top.path, len(top.node))
                top.node.append(node)
            else:
                key = top.key if top.key is not None else ""
                path = (*top.path, key)
                if top.dropped:
                    path = (*path, "(dropped)")  # no real path: dropped, but read for its own problems
                else:
                    top.node[key] = node
                top.key = None
        self._document.values[path] = place
        return path

    def _report(self, key: str, event: yaml.Event, **args: str) -> None:
        if not self._document.full:
            self._document.problems.append(self._stop(key, event, **args).problem)

    def _list_comma(self, sign: str, place: Place) -> None:
        document = self._document
        if not document.full:  # before the place is looked for, which costs
            line, column = line_column(document.text, document.text.find(sign, place.start))
            problem = document._at(line, column, "yaml.list-comma", sign, {"narrow": narrow(sign)})
            document.problems.append(problem)

    def _wide_comment(self, found: re.Match[str], place: Place) -> None:
        document, group = self._document, "sign" if found["sign"] else "blank"
        if not document.full:
            start = place.start + found.start(group)
            line, column = line_column(document.text, start)
            sign = found[group]
            args = {"narrow": "#"} if group == "sign" else {"code": f"U+{ord(sign):04X}"}
            key = "yaml.full-width" if group == "sign" else "yaml.wide-blank"
            document.problems.append(document._at(line, column, key, sign, args))

    def _parts_a_number(self, event: yaml.ScalarEvent, place: Place, *, in_list: bool) -> bool:
        """Whether a word in flow style is a part of a number such as 50,000, which is then told once."""
        if event.style:
            return False
        document = self._document
        found = parted_number(document.text, place.start, place.end, in_list=in_list)
        if found is None:
            return False
        if self._number != found.start and not document.full:
            self._number = found.start
            line, column = line_column(document.text, found.start)
            args = {"closest": found.meant}
            document.problems.append(document._at(line, column, "yaml.number-comma", found.words, args))
        return True

    def _stop(self, key: str, event: yaml.Event, **args: str) -> _Stop:
        place = _place(event)
        words = self._document.text[place.start : place.end]
        return _Stop(self._document._at(place.line, place.column, key, words, args))


def _said_already(top: _Open | None) -> bool:
    """Whether that a value is missing follows from what is said of its key: a wide colon is no colon."""
    return top is not None and (top.dropped or (top.key is not None and wide_sign(top.key) is not None))


def _place(event: yaml.Event) -> Place:
    start, end = event.start_mark, event.end_mark
    if start is None or end is None:  # the parser always sets them
        return Place(0, 0, 0, 0)
    return Place(start.line, start.column, start.index, end.index)


def _syntax(document: Document, error: yaml.MarkedYAMLError, quoted: Place | None) -> Problem:
    """Where the parser gave up, or, where that is behind the last word, where what it misses began."""
    lines = document.text.split("\n")
    detail = f"{error.context or ''} {error.problem or ''}"
    marks = [error.problem_mark, error.context_mark]
    if "expected ':'" in detail or "quoted scalar found unexpected" in detail:
        marks.reverse()  # it looked for the colon until the next line, or for the quote
    elif quoted is not None and error.problem_mark is not None:
        end = line_column(document.text, quoted.end)
        if (error.problem_mark.line, error.problem_mark.column) == end:
            if (closing := wide_quote(lines[quoted.line])) is not None and closing > quoted.column:
                sign = lines[quoted.line][closing]
                return document._at(quoted.line, closing, "yaml.full-width", sign, {"narrow": narrow(sign)})
            words = lines[quoted.line][quoted.column :]
            return document._at(quoted.line, quoted.column, "yaml.open-quote", words, {})
    for mark in marks:
        if mark is not None and mark.line < len(lines) and lines[mark.line].strip():
            at_fault, column = lines[mark.line], min(mark.column, len(lines[mark.line]))
            if "\t" in at_fault[: column + 1]:
                return document._at(mark.line, at_fault.index("\t"), "yaml.tab", "\t", {})
            others = [each.line for each in marks if each is not None and each is not mark]
            fault = fault_at(lines, mark.line, column, detail, others)
            return document._at(fault.line, fault.column, fault.key, fault.words, dict(fault.args))
    return document._at(0, 0, kind_of(detail), "", {})
