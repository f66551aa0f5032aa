"""Answers questions from a live database, which evaluates them itself: only bits and derived values leave it.

Read-only and in bounded time, on the URLs of SQLAlchemy. The table or view has one row for each subject,
identifiers as `node.core.identity` normalises them, regions and dates in the forms of `values`; where the
department's tables differ, a view brings them to that. If a subject has several rows all the same, a
verification asks whether one of them fits, a derived field is the least answer, and a count takes one row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.types import Date, Integer, NullType, String, TypeEngine
from sqlglot import exp

from node.core.catalogue import FieldType
from node.core.question import Question
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.source.bounded import Workers
from node.source.counting import conditions, fold, group_columns, statistic_of
from node.source.place import place_of
from node.source.spec import DatabaseSpec, Layout, LoadReport
from node.source.sql import ROW, claim_value, parameter_values, region_condition, region_values, render
from node.source.values import Value

T = TypeVar("T")
_Values = dict[str, Value | None]

_CONNECTIONS = 4
_MAX_PLANS = 512
_MARK = "\x00"
_SUBJECT = "_subject"
_SUBJECTS = "_subjects"
_NUMBER = "_number"
# Name of SQLAlchemy's dialect to that of sqlglot's.
_DIALECTS = {
    "postgresql": "postgres",
    "sqlite": "sqlite",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mssql": "tsql",
    "oracle": "oracle",
}


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

    def __init__(self, spec: DatabaseSpec, layout: Layout, seconds: float) -> None:
        """Connect and look at the table; no call takes longer than about `seconds`.

        Raises NodeError: (CONFIG_INVALID) for a URL, table or column that does not fit,
        (SOURCE_UNAVAILABLE).
        """
        self._spec = spec
        self._layout = layout
        self.mark = f"{place_of(spec)} {layout.digest()}"
        self._engine = _engine(spec.url, seconds)
        self._dialect = _DIALECTS[self._engine.dialect.name]
        self._workers = Workers(_CONNECTIONS, seconds)
        self._plans: dict[tuple[int, bool, bool], _Plan] = {}
        try:
            self._is_unique = self._workers.run(lambda: _examine(self._engine, spec.table, layout))
            self.report = self._count_rows()
        except NodeError:
            self.close()
            raise

    def check(self) -> None:
        """Read one row. Raises NodeError(SOURCE_UNAVAILABLE)."""
        self._rows(self._statement(exp.select("1").from_(self._table()).limit(1)), {})

    def close(self) -> None:
        """Let go of the connections."""
        self._workers.close()
        self._engine.dispose()

    def verify(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> list[bool]:
        """Whether the predicate holds, for each subject; an unknown one and NULL are false.

        Raises NodeError: (SOURCE_UNAVAILABLE), (QUERY_INVALID) for a missing parameter.
        """
        found = self._ask(question, parameters, region, subjects, derives=False)
        return [answer is not None for answer in found]

    def field(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> list[str | None]:
        """The derived value, for each subject; None for an unknown one and an empty field.

        Raises as `verify`.
        """
        return self._ask(question, parameters, region, subjects, derives=True)

    def count(
        self, question: Question, parameters: Mapping[str, str], region: str
    ) -> list[tuple[tuple[str, ...], int]]:
        """Exact counts for every combination of declared groups, zeros too; to be noised.

        A subject counts once. One inside nested declared regions counts for the innermost. Raises as
        `verify`.
        """
        statistic = statistic_of(question)
        scope = region_values(self._layout, region)
        values: _Values = {**parameter_values(question, parameters), **scope}
        columns = group_columns(statistic)
        wanted = [*conditions(question, self._layout), _not_null(self._subject())]
        if scope:
            wanted.append(region_condition(self._layout))
        select = exp.select(*columns, exp.Count(this=exp.Star())).from_(self._one_row_each())
        for condition in wanted:
            select = select.where(condition)
        rows = self._rows(self._statement(select.group_by(*columns)), values)
        return fold(((row[:-1], int(str(row[-1]))) for row in rows), statistic, self._layout)

    def _ask(
        self,
        question: Question,
        parameters: Mapping[str, str],
        region: str,
        subjects: Sequence[SubjectKey],
        derives: bool,
    ) -> list[str | None]:
        scope = region_values(self._layout, region)
        values: _Values = {**parameter_values(question, parameters), **scope}
        plan = self._plan(question, bool(scope), derives)
        if len(subjects) > 1 and not question.claims:
            ids = sorted({subject.id for subject in subjects})
            found = _least(self._rows(plan.many, {**values, _SUBJECTS: ids}))
            return [found.get(subject.id) for subject in subjects]

        # Claims differ from subject to subject: one statement each, in one transaction.
        def each(connection: Connection) -> list[str | None]:
            answers = []
            for subject in subjects:
                claims = {n: claim_value(subject.claims, n, c.type) for n, c in question.claims.items()}
                rows = connection.execute(plan.one, {**values, **claims, _SUBJECT: subject.id}).all()
                answers.append(min(_least([tuple(row) for row in rows]).values(), default=None))
            return answers

        return self._workers.run(lambda: self._transact(each))

    def _plan(self, question: Question, scoped: bool, derives: bool) -> _Plan:
        key = (id(question), scoped, derives)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = self._compile(question, scoped, derives)
        return plan

    def _compile(self, question: Question, scoped: bool, derives: bool) -> _Plan:
        answer = question.expression if derives else exp.Literal.string("1")
        select = exp.select(self._subject(), answer).from_(self._table())
        if not derives:
            select = select.where(question.expression)
        if scoped:
            select = select.where(region_condition(self._layout))
        one = exp.EQ(this=self._subject(), expression=exp.Placeholder(this=_SUBJECT))
        return _Plan(question, self._statement(select.where(one)), self._among(select))

    def _among(self, select: exp.Select) -> sa.TextClause:
        """The selection for many subjects at once."""
        subjects = exp.Placeholder(this=_SUBJECTS)
        if self._dialect == "postgres":
            # One array, not a thousand values to write a statement for: ten times as fast.
            among = exp.Any(this=exp.Paren(this=subjects))
            return self._statement(select.where(exp.EQ(this=self._subject(), expression=among)))
        statement = self._statement(select.where(exp.In(this=self._subject(), field=subjects)))
        return statement.bindparams(sa.bindparam(_SUBJECTS, expanding=True))

    def _statement(self, select: exp.Select) -> sa.TextClause:
        # SQLAlchemy reads a colon as the mark of a bound name, so those in the policy's text are escaped.
        sql = render(select, self._dialect, _MARK)
        return sa.text(sql.replace(":", "\\:").replace(_MARK, ":"))

    def _subject(self) -> exp.Expression:
        return exp.column(self._layout.subject, quoted=True)

    def _table(self) -> exp.Table:
        schema, _, name = self._spec.table.rpartition(".")
        return exp.table_(name, db=schema or None, quoted=True, alias=ROW)

    def _one_row_each(self) -> exp.Expression:
        """The table, or if its subjects may not be unique, a selection of one row of each."""
        if self._is_unique:
            return self._table()
        number = exp.Window(
            this=exp.RowNumber(),
            partition_by=[self._subject()],
            order=exp.Order(expressions=[exp.Ordered(this=self._subject())]),
        )
        numbered = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier(ROW)), number.as_(_NUMBER))
        first = exp.EQ(this=exp.column(_NUMBER), expression=exp.Literal.number(1))
        return exp.select("*").from_(numbered.from_(self._table()).subquery(ROW)).where(first).subquery(ROW)

    def _rows(self, statement: sa.TextClause, values: Mapping[str, object]) -> list[tuple[object, ...]]:
        def read(connection: Connection) -> list[tuple[object, ...]]:
            return [tuple(row) for row in connection.execute(statement, dict(values)).all()]

        return self._workers.run(lambda: self._transact(read))

    def _transact(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise _unavailable(error) from None

    def _count_rows(self) -> LoadReport:
        """Rows and duplicates, if the database can count them in time."""
        distinct = exp.Count(this=exp.Distinct(expressions=[self._subject()]))
        counted = [exp.Count(this=exp.Star())] if self._is_unique else [exp.Count(this=exp.Star()), distinct]
        statement = self._statement(exp.select(*counted).from_(self._table()))
        try:
            numbers = [int(str(number)) for number in self._rows(statement, {})[0]]
        except NodeError:
            numbers = [-1, -1]
        rows, subjects = numbers[0], numbers[-1]
        return LoadReport(subjects, rows, -1, rows - subjects, {}, {})


def _engine(url: str, seconds: float) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            # A file that is missing is not to be made.
            parsed = parsed.set(
                database=f"file:{quote(parsed.database)}", query={"mode": "ro", "uri": "true"}
            )
        is_postgresql = parsed.get_backend_name() == "postgresql"
        engine = sa.create_engine(
            parsed,
            pool_pre_ping=True,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=seconds,
            hide_parameters=True,
            connect_args={"connect_timeout": max(1, int(seconds))} if is_postgresql else {},
        )
    except (ArgumentError, NoSuchModuleError, ImportError, TypeError, ValueError):
        message = "the database URL is not understood: check it, and that the driver it names is installed"
        raise NodeError(Reason.CONFIG_INVALID, message) from None
    settings = _session_settings(engine.dialect.name, seconds)
    if engine.dialect.name not in _DIALECTS:
        message = f"no SQL can be written for {engine.dialect.name}: use one of {', '.join(_DIALECTS)}"
        raise NodeError(Reason.CONFIG_INVALID, message)

    def prepare(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        for setting in settings:
            cursor.execute(setting)
        cursor.close()
        connection.commit()

    sa.event.listen(engine, "connect", prepare)
    return engine


def _session_settings(dialect: str, seconds: float) -> tuple[str, ...]:
    """What makes a session read-only and its statements end in time."""
    if dialect == "postgresql":
        timeout = f"SET statement_timeout = {int(seconds * 1000)}"
        return ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", timeout)
    return ("PRAGMA query_only = ON",) if dialect == "sqlite" else ()


def _examine(engine: Engine, table: str, layout: Layout) -> bool:
    """Check that the table has the columns of the layout; say whether its subjects are surely unique."""
    schema, _, name = table.rpartition(".")
    try:
        inspector = sa.inspect(engine)
        found = {column["name"]: column["type"] for column in inspector.get_columns(name, schema or None)}
        keys = [inspector.get_pk_constraint(name, schema or None)["constrained_columns"]]
        keys += [unique["column_names"] for unique in inspector.get_unique_constraints(name, schema or None)]
    except NoSuchTableError:
        raise _misfit("the database has no such table or view: check its name and permissions") from None
    except SQLAlchemyError as error:
        raise _unavailable(error) from None
    wanted = {layout.subject: FieldType.TEXT} | {field.name: field.type for field in layout.fields}
    for column, kind in wanted.items():
        if column not in found:
            raise _misfit(f"the table has no column {column}: give a view that has the fields of the policy")
        if not _fits(found[column], kind):
            raise _misfit(f"the column {column} does not hold {kind}: give a view that casts it")
    return [layout.subject] in keys


def _fits(column: TypeEngine[object], kind: FieldType) -> bool:
    if isinstance(column, NullType):  # some databases do not say what a view holds
        return True
    if kind is FieldType.INTEGER:
        return isinstance(column, Integer)
    return isinstance(column, String) or (kind is FieldType.DATE and isinstance(column, Date))


def _least(rows: Sequence[tuple[object, ...]]) -> dict[str, str]:
    """The answer by subject, from rows of subject and answer; NULL is none."""
    found: dict[str, str] = {}
    for subject, answer in rows:
        if answer is not None:
            key, text = str(subject).strip(), str(answer)
            found[key] = min(found.get(key, text), text)
    return found


def _not_null(column: exp.Expression) -> exp.Expression:
    return exp.Not(this=exp.Is(this=column, expression=exp.Null()))


def _unavailable(error: SQLAlchemyError) -> NodeError:
    """A failure in words that hold nothing of the query, its values or the URL."""
    if isinstance(error, sa.exc.ProgrammingError):
        message = "the database refuses the query: check the table, its columns and the permissions"
    else:
        message = "the database does not answer: check it and its network, then ask again"
    return NodeError(Reason.SOURCE_UNAVAILABLE, message)


def _misfit(message: str) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, message)
