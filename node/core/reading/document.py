"""Reads the YAML of a policy: plain mappings, lists and text, each with its place in the file.

A restricted YAML 1.2: one document, no anchors, aliases or tags, no duplicate or empty keys or
values. A scalar is never guessed at: it stays the text that was written, and the model that reads it
says whether that is an integer, a boolean or text. So `no`, `on`, `1_000`, `0o17` and dates keep
their spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import yaml

from node.core.reading.yaml_fault import fault_at, kind_of, list_comma, narrow
from node.core.text.problem import Problem
from node.core.words import shorten

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_PROBLEMS = 100

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Control characters, line ends other than LF and CRLF, invisible characters and those that turn the
# direction of text: what a reviewer cannot see must not be in a policy.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u115f-\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ud800-\udfff\ufeff\uffa0\ufff9-\uffff\U000e0000-\U000e007f]|\r(?!\n)"
)


class Plain(str):
    """A scalar written without quotes: the only kind that may be read as a number or boolean."""

    __slots__ = ()


Node: TypeAlias = "str | list[Node] | dict[str, Node]"
Path: TypeAlias = tuple[str | int, ...]


class Place(NamedTuple):  # there is one for every word of a file: a tuple is made in half the time
    """Where a scalar, list or mapping stands: line and column from 0, text[start:end]."""

    line: int
    column: int
    start: int
    end: int


Places: TypeAlias = dict[Path, Place]


@dataclass(slots=True)
class Document:
    """A file as read; `problems` says why `root` is None or what was left out of it."""

    file: str
    text: str = ""
    root: Node | None = None
    values: Places = field(default_factory=dict)
    keys: Places = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

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
        for length in range(len(path), -1, -1):
            place = first.get(path[:length]) or then.get(path[:length])
            if place is not None:
                return self._at(place.line, place.column, key, self.text[place.start : place.end], args)
        return self._at(0, 0, key, "", args)

    def problem_within(self, key: str, path: Path, offset: int, words: str, /, **args: str) -> Problem:
        """A problem with the characters from `offset` of the text at `path`."""
        value = self.at(path)
        index = _source_index(self.text, self.values[path], value if isinstance(value, str) else "", offset)
        line, column = _line_column(self.text, index)
        return self._at(line, column, key, words, args)

    def at(self, path: Path) -> Node | None:
        """The part of the file at `path`."""
        return within(self.root, path)

    def _at(self, line: int, column: int, key: str, words: str, args: dict[str, str]) -> Problem:
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
        document.text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _line_column(content[: error.start].decode("utf-8", "replace"), error.start)
        document.problems.append(document._at(line, column, "file.not-utf8", "", {}))
        return document
    if unseen := _UNSEEN.search(document.text):
        char = unseen.group()
        line, column = _line_column(document.text, unseen.start())
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
    """A list or mapping whose end has not been read yet; `key` waits for its value."""

    node: list[Node] | dict[str, Node]
    path: Path
    key: str | None = None
    duplicate: bool = False


class _Reader:
    """Builds the document from parser events, without recursion, so that depth costs nothing."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._stack: list[_Open] = []
        self._documents = 0
        # The last text in quotes, if it runs over several lines: its closing quote may be missing.
        self.quoted: Place | None = None

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
            top.duplicate = text in top.node
            if top.duplicate:
                first = self._document.keys[(*top.path, text)]
                self._report("yaml.duplicate-key", event, words=text, first=str(first.line + 1))
            else:
                self._document.keys[(*top.path, text)] = place
            return
        if not text and event.implicit[0]:
            self._report("yaml.empty-value", event)
        if top is not None and isinstance(top.node, list) and not event.style and (sign := list_comma(text)):
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
                if top.duplicate:
                    path = (*path, "(duplicate)")  # no real path: dropped, but read for its own problems
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
            line, column = _line_column(document.text, document.text.find(sign, place.start))
            problem = document._at(line, column, "yaml.list-comma", sign, {"narrow": narrow(sign)})
            document.problems.append(problem)

    def _stop(self, key: str, event: yaml.Event, **args: str) -> _Stop:
        place = _place(event)
        words = self._document.text[place.start : place.end]
        return _Stop(self._document._at(place.line, place.column, key, words, args))


def _line_column(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n"), len(before) - (before.rfind("\n") + 1)


def _place(event: yaml.Event) -> Place:
    start, end = event.start_mark, event.end_mark
    if start is None or end is None:  # the parser always sets them
        return Place(0, 0, 0, 0)
    return Place(start.line, start.column, start.index, end.index)


def _source_index(text: str, place: Place, value: str, offset: int) -> int:
    """Index into the file of a character of a scalar's value; its start when escapes hide it.

    Folding and indentation change white space only, so that the n-th visible character of the value
    is the n-th one of the source.
    """
    source = text[place.start : place.end]
    begin = 0
    if source[:1] in ("'", '"'):
        begin = 1
    elif source[:1] in ("|", ">"):
        begin = source.find("\n") + 1
    wanted = sum(1 for char in value[:offset] if not char.isspace())
    visible = [index for index in range(begin, len(source)) if not source[index].isspace()]
    skipped = 0
    position = 0
    while position < len(visible):
        index = visible[position]
        if source[:1] == "'" and source[index : index + 2] == "''":
            position += 1  # a doubled quote stands for one
        elif source[:1] == '"' and source[index] == "\\":
            break
        if skipped == wanted:
            return place.start + index
        skipped += 1
        position += 1
    return place.start


def _syntax(document: Document, error: yaml.MarkedYAMLError, quoted: Place | None) -> Problem:
    """Where the parser gave up, or, where that is behind the last word, where what it misses began."""
    lines = document.text.split("\n")
    detail = f"{error.context or ''} {error.problem or ''}"
    marks = [error.problem_mark, error.context_mark]
    if "expected ':'" in detail or "quoted scalar found unexpected" in detail:
        marks.reverse()  # it looked for the colon until the next line, or for the quote
    elif quoted is not None and error.problem_mark is not None:
        end = _line_column(document.text, quoted.end)
        if (error.problem_mark.line, error.problem_mark.column) == end:
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
