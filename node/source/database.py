"""Answers questions from a live database, which evaluates them itself: only bits and derived values leave it.

Read-only and in bounded time, on the URLs of SQLAlchemy. The table or view has one row for each subject,
identifiers as `node.core.identity` normalises them, regions and dates in the forms of `values`; where the
department's tables differ, a view brings them to that. Text is brought to its form (`text_form`) and compared
byte by byte, whatever the collation.
What is not in that form, or has several rows, is refused: by column or as a whole where the table could be
looked through (`checker`), and for the one subject in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlglot import exp

from node.core.identity import normalise_subject
from node.core.milliseconds import to_ms
from node.core.outage import Outage, OutageError
from node.core.policy.dataset import FieldType
from node.core.policy.question import Question
from node.core.stop import Stop
from node.core.subject import SubjectKey, Unclear
from node.errors import NodeError
from node.source.checker import Checker
from node.source.counting import conditions, fold, group_columns, statistic_of
from node.source.dialect import POSTGRES, exactly
from node.source.forms import Forms, forms_of, functions
from node.source.held import TableJudge
from node.source.live_check import Findings, look_through
from node.source.live_table import can_normalise, check_comparison, examine, named
from node.source.place import place_of
from node.source.sessions import DatabaseSessions, statement_of
from node.source.spec import DatabaseSpec, Exactness, Layout, LoadReport
from node.source.sql import ROW, claim_value, parameter_values, raw, region_condition, region_values
from node.source.text_form import normal
from node.source.values import Value
from node.texts.message import Message

T = TypeVar("T")
_Values = dict[str, Value | None]
_Answer = str | None | Unclear

_SESSIONS = 4
_MAX_PLANS = 512
# How long an opening waits for the table to be looked through: a start is not held up for more.
_OPENING_SECONDS = 2.0
_SUBJECT = "_subject"
_SUBJECTS = "_subjects"
_ROWS = "_rows"


@dataclass(frozen=True, slots=True)
class _Plan:
    """The statements of one question, for one subject and for many; `question` keeps its identity taken."""

    question: Question
    one: sa.TextClause
    many: sa.TextClause


class DatabaseSource:
    """A dataset in a live database; safe to use from many threads at once."""

    quick = False
    daily = True
    content = ""
    changed_ms = 0

    def __init__(
        self,
        spec: DatabaseSpec,
        layout: Layout,
        now: Callable[[], datetime],
        seconds: float,
        check_seconds: float,
        counts: int,
        judge: TableJudge = lambda report: None,
    ) -> None:
        """Connect, examine the table, and begin to look through it; `now` is the time of the place.

        A question takes no longer than about `seconds`, a look `check_seconds`; `counts` run at one time. A
        table that `judge` doubts after a look is not answered from.

        Raises NodeError: (CONFIG_INVALID) for a URL, table or column that does not fit, (SOURCE_UNAVAILABLE).
        """
        self._spec = spec
        self._layout = layout
        self._now = now
        self.read_ms = to_ms(now())
        """When it last answered."""
        self.mark = f"{place_of(spec)} {layout.digest()}"
        self._plans: dict[tuple[int, bool, bool], _Plan] = {}
        integers = {field.name for field in layout.fields if field.type is FieldType.INTEGER}
        self._is_integer = integers.__contains__
        # Counts and looks take long: they have sessions of their own, so that no lookup waits for them.
        taught = functions(layout)
        self._lookups = DatabaseSessions(spec.url, _SESSIONS, seconds, taught)
        self._counts = DatabaseSessions(spec.url, counts, seconds, taught)
        self._looks = DatabaseSessions(spec.url, 1, check_seconds, taught)
        self._dialect = dialect = self._lookups.dialect
        try:
            self._shape = self._lookups.inspect(lambda engine: examine(engine, spec.table, layout))
            self._lookups.run(lambda connection: check_comparison(connection, dialect))
            self._can_normalise = self._lookups.run(lambda connection: can_normalise(connection, dialect))
        except NodeError:
            self.close()
            raise

        def look(connection: Connection) -> Findings:
            found = look_through(connection, spec.table, layout, dialect)
            return replace(found, doubt=judge(found.report))

        self._checker = Checker(self._looks, look, lambda: now().date(), check_seconds)
        self._checker.wait(min(_OPENING_SECONDS, seconds))

    @property
    def report(self) -> LoadReport | None:
        """What looking through the table found, None where that was not possible."""
        findings = self._checker.findings
        return findings.report if findings is not None else None

    @property
    def exactness(self) -> Exactness:
        """How far the table is known."""
        return self._checker.exactness

    def problems(self) -> tuple[Message, ...]:
        """What is refused of the table as it is, for the staff who can mend it."""
        findings = self._checker.findings
        return findings.problems() if findings is not None else ()

    def tend(self, *, asked: bool = False) -> None:
        """Look through the table again if it is time, or something was wrong and it is `asked` for."""
        self._checker.tend(asked=asked)

    def check(self) -> None:
        """Read one row. Raises NodeError(SOURCE_UNAVAILABLE).

        Where there is none though a look found some, or the other way round, the table is looked through
        anew: one that was emptied must not answer "no" about everybody until the next day.
        """
        row = exp.select("1").from_(named(self._spec.table)).limit(1)
        statement = statement_of(row, self._dialect)
        is_empty = self._read(lambda connection: connection.execute(statement).first() is None)
        if (known := self.report) is not None and is_empty == bool(known.read):
            self._checker.look_again()

    def _read(self, work: Callable[[Connection], T]) -> T:
        result = self._lookups.run(work)
        self.read_ms = to_ms(self._now())
        return result

    def close(self) -> None:
        """Let go of the connections."""
        for sessions in (self._lookups, self._counts, self._looks):
            sessions.close()

    def verify(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> Sequence[bool | Unclear]:
        """Whether the predicate holds, for each subject; an unknown one and NULL are false.

        Raises NodeError: (SOURCE_UNAVAILABLE), (QUERY_INVALID) for a missing parameter.
        """
        found = self._ask(question, parameters, region, subjects, derives=False)
        return [answer if isinstance(answer, Unclear) else answer is not None for answer in found]

    def field(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> list[str | Unclear | None]:
        """The derived value, for each subject; None for an unknown one and an empty field.

        Raises as `verify`.
        """
        return self._ask(question, parameters, region, subjects, derives=True)

    def count(
        self, question: Question, parameters: Mapping[str, str], region: str, stop: Stop
    ) -> list[tuple[tuple[str, ...], int]]:
        """Exact counts for every combination of declared groups, zeros too; to be noised.

        A subject counts once. One inside nested declared regions counts for the innermost. Raises as
        `verify`.
        """
        statistic = statistic_of(question)
        if self._checker.findings is None:
            raise OutageError(Outage.SILENT, "error.source.not-scanned")
        scope = region_values(self._layout, region)
        self._refuse_inexact([*question.fields, *(group.name for group in statistic.group_by)], scope)
        columns = [self._group(column) for column in group_columns(statistic)]
        wanted = [self._exactly(condition) for condition in conditions(question, self._layout)]
        # What came since the table was looked through: no identifier counts, nor one with several rows.
        wanted.append(raw(self._forms.own))
        if scope:
            wanted.append(self._exactly(region_condition(self._layout)))
        select = exp.select(*columns, exp.Count(this=exp.Star())).from_(self._rows_counted())
        for condition in wanted:
            select = select.where(condition)
        statement = statement_of(select.group_by(*columns), self._dialect)
        values = {**parameter_values(question, parameters), **scope}
        rows = self._counts.run_until(stop, lambda connection: connection.execute(statement, values).all())
        return fold(((list(map(_text, row[:-1])), int(row[-1])) for row in rows), statistic, self._layout)

    def _ask(
        self,
        question: Question,
        parameters: Mapping[str, str],
        region: str,
        subjects: Sequence[SubjectKey],
        derives: bool,
    ) -> list[_Answer]:
        scope = region_values(self._layout, region)
        values: _Values = {**parameter_values(question, parameters), **scope}
        self._refuse_inexact(question.fields, scope)
        plan = self._plan(question, bool(scope), derives)

        def together(connection: Connection) -> list[_Answer]:
            ids = sorted({subject.id for subject in subjects})
            found = self._by_subject(connection.execute(plan.many, {**values, _SUBJECTS: ids}))
            return [found.get(subject.id) for subject in subjects]

        # Claims differ from subject to subject: one statement each, in one transaction.
        def each(connection: Connection) -> list[_Answer]:
            answers = []
            for subject in subjects:
                claims = {n: claim_value(subject.claims, n, c.type) for n, c in question.claims.items()}
                rows = connection.execute(plan.one, {**values, **claims, _SUBJECT: subject.id})
                answers.append(self._by_subject(rows).get(subject.id))
            return answers

        return self._read(together if len(subjects) > 1 and not question.claims else each)

    def _refuse_inexact(self, fields: Iterable[str], scope: Mapping[str, Value]) -> None:
        """Raises NodeError(SOURCE_UNAVAILABLE) if a column that is read is refused, or the whole table."""
        if (findings := self._checker.findings) is not None:
            findings.check([*fields, *([self._layout.region] if scope else [])])

    def _by_subject(self, rows: Iterable[Sequence[object]]) -> dict[str, _Answer]:
        """The answer by subject, from rows of subject and answer: unclear for one that has several.

        A collation may give rows about a subject in another spelling, too: they are no less about it.
        """
        found: dict[str, _Answer] = {}
        for subject, answer in rows:
            text = _text(subject)
            try:
                key = normalise_subject(text, self._layout.subject_type)
            except NodeError:
                continue
            is_one = key == text and key not in found
            found[key] = (None if answer is None else _text(answer)) if is_one else Unclear.SEVERAL_ROWS
        return found

    def _plan(self, question: Question, scoped: bool, derives: bool) -> _Plan:
        key = (id(question), scoped, derives)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = self._compile(question, scoped, derives)
        return plan

    def _compile(self, question: Question, scoped: bool, derives: bool) -> _Plan:
        # Every row of a subject is read, also one for which the answer is no: there may be several.
        answer = question.expression if derives else exp.Literal.string("1")
        holds = [] if derives else [question.expression]
        holds += [region_condition(self._layout)] if scoped else []
        if holds:
            answer = exp.Case(ifs=[exp.If(this=exp.and_(*holds), true=answer)])
        subject = self._dialect.text(self._subject())
        select = exp.select(subject, self._exactly(answer)).from_(named(self._spec.table))
        # As the column compares, so that an index on it serves; that finds at least those that are equal.
        one = exp.EQ(this=self._subject(), expression=exp.Placeholder(this=_SUBJECT))
        return _Plan(question, statement_of(select.where(one), self._dialect), self._among(select))

    def _among(self, select: exp.Select) -> sa.TextClause:
        """The selection for many subjects at once."""
        subjects: exp.Expression = exp.Placeholder(this=_SUBJECTS)
        if self._dialect is POSTGRES:
            # One array, not a thousand values to write a statement for: ten times as fast.
            if self._shape.array:
                subjects = exp.Cast(this=subjects, to=exp.DataType.build(self._shape.array, udt=True))
            among = exp.Any(this=exp.Paren(this=subjects))
            return statement_of(select.where(exp.EQ(this=self._subject(), expression=among)), self._dialect)
        chosen = select.where(exp.In(this=self._subject(), field=subjects))
        return statement_of(chosen, self._dialect).bindparams(sa.bindparam(_SUBJECTS, expanding=True))

    def _exactly(self, expression: exp.Expression) -> exp.Expression:
        return exactly(expression, self._dialect, self._is_integer, self._texts)

    @cached_property
    def _texts(self) -> Mapping[str, exp.Expression]:
        """Columns of text, in the form in which text is compared."""
        if not self._can_normalise:
            return {}
        texts = [field.name for field in self._layout.fields if field.type is FieldType.TEXT]
        columns = [exp.column(name, table=ROW, quoted=True).sql(dialect=self._dialect.name) for name in texts]
        return {name: raw(normal(column, self._dialect)) for name, column in zip(texts, columns, strict=True)}

    @cached_property
    def _forms(self) -> Forms:
        return forms_of(self._layout, self._dialect)

    def _group(self, column: exp.Expression) -> exp.Expression:
        return column if self._is_integer(column.name) else self._dialect.exactly(column)

    def _subject(self) -> exp.Expression:
        return exp.column(self._layout.subject, quoted=True)

    def _rows_counted(self) -> exp.Expression:
        """The table, without subjects that have several rows."""
        table = named(self._spec.table)
        if self._shape.is_unique:
            return table
        same = exp.Window(
            this=exp.Count(this=exp.Star()), partition_by=[self._dialect.exactly(self._subject())]
        )
        counted = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier(ROW)), same.as_(_ROWS))
        alone = exp.EQ(this=exp.column(_ROWS), expression=exp.Literal.number(1))
        return exp.select("*").from_(counted.from_(table).subquery(ROW)).where(alone).subquery(ROW)


def _text(value: object) -> str:
    # MySQL gives what is compared byte by byte as bytes.
    return value.decode() if isinstance(value, bytes) else str(value)
