"""The table or view that a live database is asked about: its name, its columns, and whether they fit."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError
from sqlalchemy.types import CHAR, Date, Float, Integer, NullType, Numeric, String, TypeEngine
from sqlglot import exp

from node.core.policy.dataset import FieldType
from node.errors import NodeError, Reason
from node.source.dialect import POSTGRES, Dialect
from node.source.failing import failed
from node.source.sessions import statement_of
from node.source.spec import Layout
from node.source.sql import ROW
from node.texts.message import Value

# Case, blanks at the end, accents, width; in characters that every Chinese character set has.
_NOT_ALIKE = (("a", "A"), ("a", "a "), ("e", "é"), ("A", "Ａ"), ("王", "主"))


@dataclass(frozen=True, slots=True)
class Shape:
    """What the database says of a table.

    `is_unique`: a subject has one row at most. `array`: the type of an array in PostgreSQL that is compared
    with the subject like a single text; "" where any is.
    """

    is_unique: bool
    array: str


def named(table: str) -> exp.Table:
    """A table as a policy's node.yaml names it, "schema.table" or "table", under the alias `ROW`."""
    schema, _, name = table.rpartition(".")
    return exp.table_(name, db=schema or None, quoted=True, alias=ROW)


def examine(engine: Engine, table: str, layout: Layout) -> Shape:
    """Check that a table has the columns of the layout.

    Raises NodeError: (CONFIG_INVALID) if it has not, (SOURCE_UNAVAILABLE).
    """
    schema, _, name = table.rpartition(".")
    try:
        inspector = sa.inspect(engine)
        found = {column["name"]: column["type"] for column in inspector.get_columns(name, schema or None)}
        keys = [inspector.get_pk_constraint(name, schema or None)["constrained_columns"]]
        keys += [unique["column_names"] for unique in inspector.get_unique_constraints(name, schema or None)]
    except NoSuchTableError:
        raise _misfit("error.source.table-missing") from None
    except SQLAlchemyError as error:
        raise failed(error, connecting=True) from None
    wanted = {layout.subject: FieldType.TEXT} | {field.name: field.type for field in layout.fields}
    for column, kind in wanted.items():
        if column not in found:
            raise _misfit("error.source.table-column-missing", column=column)
        if column in layout.identifiers and isinstance(found[column], Numeric | Float | Integer):
            raise _misfit("error.source.identifiers-numeric", column=column)
        if not _fits(found[column], kind):
            raise _misfit("error.source.column-type", column=column, kind=kind)
    return Shape([layout.subject] in keys, _array_of(found[layout.subject]))


def check_comparison(connection: Connection, dialect: Dialect) -> None:
    """Have the database compare what is not alike, as every question will.

    One that calls itself another, or was set up to know no case, is found out by this. Raises
    NodeError(CONFIG_INVALID).
    """
    alike = [
        exp.EQ(
            this=dialect.exactly(exp.Literal.string(one)),
            expression=dialect.exactly(exp.Literal.string(other)),
        )
        for one, other in _NOT_ALIKE
    ]
    found = exp.select(exp.Case(ifs=[exp.If(this=exp.or_(*alike), true=exp.Literal.number(1))]))
    if connection.execute(statement_of(found, dialect)).scalar() is not None:
        raise _misfit("error.source.database-inexact")


def can_normalise(connection: Connection, dialect: Dialect) -> bool:
    """Whether the database can bring text to its form: PostgreSQL knows Unicode in UTF-8 alone."""
    if dialect is not POSTGRES:
        return True
    return bool(connection.execute(sa.text("SHOW server_encoding")).scalar() == "UTF8")


def _array_of(column: TypeEngine[object]) -> str:
    if isinstance(column, CITEXT):
        return "CITEXT[]"
    return "BPCHAR[]" if isinstance(column, CHAR) else ""


def _fits(column: TypeEngine[object], kind: FieldType) -> bool:
    if isinstance(column, NullType):  # some databases do not say what a view holds
        return True
    if kind is FieldType.INTEGER:
        return isinstance(column, Integer)
    return isinstance(column, String) or (kind is FieldType.DATE and isinstance(column, Date))


def _misfit(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, key, **args)
