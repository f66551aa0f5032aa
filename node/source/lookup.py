"""Answers questions from a snapshot: keyed reads in SQLite, counts in DuckDB.

The question's expression runs inside the database: only the bit or the derived value comes out of it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from node.core.outage import Outage, OutageError
from node.core.policy.question import Question
from node.core.stop import Stop
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.source.count_query import Counter, CountQuery
from node.source.counting import conditions, fold, group_columns, statistic_of
from node.source.failing import sqlite_outage
from node.source.snapshot import GROUPS, LOOKUP, Manifest, distrust, is_whole
from node.source.spec import Exactness, Layout, LoadReport
from node.source.sql import ROW, claim_value, parameter_values, region_condition, region_values, render
from node.source.values import Value
from node.texts.message import Message

_CACHE_KIB = 8 << 10
_IDLE_CONNECTIONS = 8
_MAX_PLANS = 512
_READ_AHEAD = 128 << 10
# The relation of what is asked about in bulk: a JSON array, one entry for each subject.
_ASKED = "_asked"
# Names and values to bind.
_Values = dict[str, Value | None]
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The SQL of one question, for one subject and for many; `question` keeps its identity taken."""

    question: Question
    one: str
    many: str


class SnapshotSource:
    """A dataset in a built snapshot; safe to use from many threads at once.

    A connection reads the file without locks, since nobody ever changes it, and serves one call at a time.
    """

    quick = True
    daily = False
    read_ms = 0

    def __init__(
        self,
        folder: Path,
        layout: Layout,
        manifest: Manifest,
        counter: Counter,
        held: Message | None = None,
    ) -> None:
        """`held` says why a newer load is not used. Raises NodeError(SOURCE_UNAVAILABLE)."""
        self.snapshot = manifest.snapshot
        self.mark = manifest.mark()
        self.changed_ms = max(0, manifest.original.modified_ns // 1_000_000)
        # Of files without a row, one is like the other, whatever they are about.
        self.content = manifest.content if manifest.report.rows else ""
        self.report: LoadReport = manifest.report
        self.exactness = Exactness.READ
        self._folder = folder / manifest.snapshot
        self._manifest = manifest
        self._layout = layout
        self._counter = counter
        self._plans: dict[tuple[int, bool, bool], _Plan] = {}
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._held = held
        self.check()
        _warm(self._folder / LOOKUP)

    def check(self) -> None:
        """See whether the files are there, and read one row. Raises NodeError(SOURCE_UNAVAILABLE)."""
        if not is_whole(self._folder, self._manifest):
            raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.built-files-changed")
        self._read("SELECT 1 FROM subject LIMIT 1", {})

    def problems(self) -> tuple[Message, ...]:
        """Why a newer load is not used; a file is read exactly, or not opened."""
        return () if self._held is None else (self._held,)

    def tend(self, *, asked: bool = False) -> None:
        """Do nothing: a file is read when it changes."""

    def close(self) -> None:
        """Let go of the file; later calls raise NodeError(SOURCE_UNAVAILABLE)."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def verify(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> Sequence[bool]:
        """Whether the predicate holds, for each subject; an unknown one and NULL are false.

        Raises NodeError: (SOURCE_UNAVAILABLE), (QUERY_INVALID) for a missing parameter.
        """
        plan, values = self._plan(question, parameters, region, derives=False)
        if len(subjects) == 1:
            return [self._read(plan.one, self._one(question, values, subjects[0])) is not None]
        found = self._read(plan.many, self._many(question, values, subjects))
        answers = [False] * len(subjects)
        for position in json.loads(found or "[]"):
            answers[position] = True
        return answers

    def field(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> Sequence[str | None]:
        """The derived value, for each subject; None for an unknown one and an empty field.

        Raises as `verify`.
        """
        plan, values = self._plan(question, parameters, region, derives=True)
        if len(subjects) == 1:
            return [self._read(plan.one, self._one(question, values, subjects[0]))]
        found = json.loads(self._read(plan.many, self._many(question, values, subjects)) or "{}")
        return [found.get(str(position)) for position in range(len(subjects))]

    def count(
        self, question: Question, parameters: Mapping[str, str], region: str, stop: Stop
    ) -> list[tuple[tuple[str, ...], int]]:
        """Exact counts for every combination of declared groups, zeros too; to be noised. Raises as `verify`.

        A subject counts once. One inside nested declared regions counts for the innermost.
        """
        self._check_open()
        statistic = statistic_of(question)
        scope = region_values(self._layout, region)
        values = {**parameter_values(question, parameters), **scope}
        wanted = conditions(question, self._layout)
        if scope:
            wanted.append(region_condition(self._layout))
        columns = [render(column, "duckdb") for column in group_columns(statistic)]
        where = " AND ".join(f"({render(condition, 'duckdb', '$')})" for condition in wanted)
        selected = ", ".join([*columns, "COUNT(*)"])
        grouped = f" GROUP BY {', '.join(columns)}" if columns else ""
        query = f'SELECT {selected} FROM "groups" AS {ROW} WHERE {where}{grouped}'  # noqa: S608 (values are bound)
        try:
            counts = self._counter.count(CountQuery(self._folder / GROUPS, query, values), stop)
        except NodeError as error:
            if is_whole(self._folder, self._manifest):
                raise
            raise OutageError.as_told(Outage.SILENT, error.wording) from None
        return fold(counts, statistic, self._layout)

    def _plan(
        self, question: Question, parameters: Mapping[str, str], region: str, derives: bool
    ) -> tuple[_Plan, _Values]:
        scope = region_values(self._layout, region)
        values: _Values = {**parameter_values(question, parameters), **scope}
        key = (id(question), bool(scope), derives)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            plan = self._compile(question, bool(scope), derives)
            self._plans[key] = plan
        return plan, values

    def _compile(self, question: Question, scoped: bool, derives: bool) -> _Plan:
        subject = render(exp.column(self._layout.subject, quoted=True), "sqlite")
        in_scope = f" AND {render(region_condition(self._layout), 'sqlite')}" if scoped else ""
        claims = {
            name: exp.Anonymous(
                this="json_extract",
                expressions=[exp.column("value", table=_ASKED), exp.Literal.string(f"$[{place}]")],
            )
            for place, name in enumerate(sorted(question.claims), 1)
        }
        alone = render(question.expression, "sqlite")
        joined = render(question.expression, "sqlite", claims=claims)
        asked = f"json_extract({_ASKED}.value, '$[0]')" if claims else f"{_ASKED}.value"
        one_answer = alone if derives else "1"
        one_filter = "" if derives else f" AND ({alone})"
        # One row holds all answers: one step of the database, free of the interpreter, does all the work.
        answers = (
            f"json_group_object({_ASKED}.key, {joined})" if derives else f"json_group_array({_ASKED}.key)"
        )
        filters = "" if derives else f" AND ({joined})"
        # Every value is bound; what is written into the SQL comes from the policy.
        one = f"SELECT {one_answer} FROM subject AS {ROW} WHERE {subject} = :_subject{one_filter}{in_scope}"  # noqa: S608
        many = (
            f"SELECT {answers} FROM json_each(:_subjects) AS {_ASKED} "  # noqa: S608
            f"CROSS JOIN subject AS {ROW} ON {subject} = {asked}{filters}{in_scope}"
        )
        return _Plan(question, one, many)

    @staticmethod
    def _one(question: Question, values: _Values, subject: SubjectKey) -> _Values:
        values["_subject"] = subject.id
        for name, claim in question.claims.items():
            values[name] = claim_value(subject.claims, name, claim.type)
        return values

    @staticmethod
    def _many(question: Question, values: _Values, subjects: Sequence[SubjectKey]) -> _Values:
        entries: list[object]
        if question.claims:
            claims = sorted(question.claims.items())
            entries = [[s.id, *(claim_value(s.claims, name, c.type) for name, c in claims)] for s in subjects]
        else:
            entries = [subject.id for subject in subjects]
        values["_subjects"] = json.dumps(entries)
        return values

    def _read(self, query: str, values: Mapping[str, Value | None]) -> str | None:
        """The one value of a query that yields at most one row."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            row = connection.execute(query, values).fetchone()
        except sqlite3.Error as error:
            connection.close()
            raise self._failed(error) from None
        if self._closed or len(self._idle) >= _IDLE_CONNECTIONS:
            connection.close()
        else:
            self._idle.append(connection)
        return None if row is None else row[0]

    def _connect(self) -> sqlite3.Connection:
        self._check_open()
        # Nobody changes the file once it has its name.
        uri = f"{(self._folder / LOOKUP).absolute().as_uri()}?mode=ro&immutable=1"
        try:
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        except sqlite3.Error as error:
            raise self._failed(error) from None
        return connection

    def _check_open(self) -> None:
        if self._closed:
            raise OutageError(Outage.SILENT, "error.source.loaded-anew")

    def _failed(self, error: sqlite3.Error) -> NodeError:
        if getattr(error, "sqlite_errorcode", None) in _BROKEN:
            distrust(self._folder)
            return OutageError(Outage.SILENT, "error.source.built-files-damaged")
        if (outage := sqlite_outage(error)) is not None:
            return OutageError(outage, "error.source.built-files-unreadable")
        # Such as a number beyond what SQLite has: that depends on the row, and on what was claimed of it.
        return NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.built-files-unreadable")


def _warm(path: Path) -> None:
    """Ask the system to read the file ahead, so that the first answers do not wait for the disk."""
    if not hasattr(os, "posix_fadvise"):
        return
    with suppress(OSError), path.open("rb") as file:
        # The system cuts a longer range short.
        for start in range(0, path.stat().st_size, _READ_AHEAD):
            os.posix_fadvise(file.fileno(), start, _READ_AHEAD, os.POSIX_FADV_WILLNEED)
