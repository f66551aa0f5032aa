"""How each kind of live database is told to compare text as the product does, and what its sessions may do.

A database compares by the collation of a column: without case, without accents, without blanks at the end,
one rare character like another. Here text is compared byte by byte, in every database alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp, parse_one

_HOLE = "_x"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of database.

    `name` is that of sqlglot. `as_text` makes text of a column, without the blanks that a CHAR column is
    filled with; `exact` brings text to what is compared byte by byte. Both are SQL with the hole `_x`.
    """

    name: str
    as_text: exp.Expression
    exact: exp.Expression

    def text(self, value: exp.Expression) -> exp.Expression:
        """A column as text."""
        return _filled(self.as_text, value)

    def exactly(self, value: exp.Expression) -> exp.Expression:
        """Text, to be compared byte by byte."""
        return _filled(self.exact, value)


def dialect_of(name: str, as_text: str, exact: str) -> Dialect:
    """From SQL with the hole `_x`."""
    return Dialect(name, _parsed(as_text, name), _parsed(exact, name))


def _parsed(sql: str, name: str) -> exp.Expression:
    parsed = parse_one(sql, dialect=name)
    assert isinstance(parsed, exp.Expression)
    return parsed


def _filled(template: exp.Expression, value: exp.Expression) -> exp.Expression:
    return template.transform(
        lambda node: value.copy() if isinstance(node, exp.Column) and node.name == _HOLE else node
    )


POSTGRES = dialect_of("postgres", "CAST(_x AS TEXT)", 'CAST(_x AS TEXT) COLLATE "C"')
# A binary string: the _bin collations pass over blanks at the end, and only some versions have others.
MYSQL = dialect_of(
    "mysql",
    "CAST(_x AS CHAR CHARACTER SET utf8mb4)",
    "CAST(CAST(_x AS CHAR CHARACTER SET utf8mb4) AS BINARY)",
)
SQLITE = dialect_of("sqlite", "CAST(_x AS TEXT)", "CAST(_x AS TEXT) COLLATE BINARY")

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {"postgresql": POSTGRES, "sqlite": SQLITE, "mysql": MYSQL, "mariadb": MYSQL}
)
"""By SQLAlchemy's name. One that is not here has no comparison that is known to be exact."""

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between)
_TEXTS = (exp.Cast, exp.Substring, exp.DPipe)


def exactly(
    expression: exp.Expression,
    dialect: Dialect,
    is_integer: Callable[[str], bool],
    forms: Mapping[str, exp.Expression],
) -> exp.Expression:
    """An expression of the policy's grammar, for a live database.

    Columns that hold no integer are taken as text, those that `forms` names in the form that it has for them,
    and every comparison of text is exact.
    """
    whole = exp.Paren(this=expression.copy())
    for comparison in list(whole.find_all(*_COMPARISONS)):
        operands = _operands(comparison)
        if any(_is_text(operand, is_integer) for operand in operands):
            for operand in operands:
                operand.replace(dialect.exactly(operand))
    for column in list(whole.find_all(exp.Column)):
        if not is_integer(column.name):
            column.replace(forms[column.name].copy() if column.name in forms else dialect.text(column))
    changed: exp.Expression = whole.this
    return changed.pop()


def _operands(comparison: exp.Expr) -> list[exp.Expression]:
    parts = [comparison.args.get(name) for name in ("this", "expression", "low", "high")]
    return [part for part in (*parts, *comparison.expressions) if isinstance(part, exp.Expression)]


def _is_text(operand: exp.Expression, is_integer: Callable[[str], bool]) -> bool:
    if isinstance(operand, exp.Paren):
        return _is_text(operand.this, is_integer)
    if isinstance(operand, exp.Column):
        return not is_integer(operand.name)
    return isinstance(operand, _TEXTS) or (isinstance(operand, exp.Literal) and operand.is_string)
