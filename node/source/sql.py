"""Turns a question's expression into SQL of one dialect; values are bound, never written into it.

What the requester gives (parameters, claims, subjects, a region) reaches a database as bound values only.
Literals in the SQL are those of the reviewed policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlglot import exp

from node.core.identity import normalise_region, region_digits
from node.core.policy.dataset import FieldType
from node.core.policy.question import Question
from node.errors import NodeError, Reason
from node.source.spec import Layout
from node.source.values import Value, read_value

# The alias of the table with the subjects' rows. Names of fields, parameters and claims begin with a
# letter, so they cannot be taken for these.
ROW = "_row"
_REGION = "_region"
_LENGTH = "_length"


def render(
    expression: exp.Expression,
    dialect: str,
    mark: str = ":",
    claims: Mapping[str, exp.Expression] | None = None,
) -> str:
    """The SQL of an expression over the columns of `ROW`.

    `mark` begins a bound name in this dialect; `claims` are the columns that hold claims where many
    subjects are asked about at once.
    """

    def placed(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Column) and not node.table:
            return exp.column(node.name, table=ROW, quoted=True)
        if isinstance(node, exp.Placeholder):
            column = (claims or {}).get(node.name)
            return column.copy() if column is not None else exp.Var(this=f"{mark}{node.name}")
        return node

    return expression.transform(placed).sql(dialect=dialect)


def raw(sql: str) -> exp.Expression:
    """SQL of the node's own that is in the dialect already."""
    return exp.Var(this=sql)


def region_condition(layout: Layout) -> exp.Expression:
    """What must hold for a row to lie in the region that `region_values` binds."""
    column = exp.column(layout.region, quoted=True)
    cut = exp.Substring(this=column, start=exp.Literal.number(1), length=exp.Placeholder(this=_LENGTH))
    return exp.EQ(this=cut, expression=exp.Placeholder(this=_REGION))


def region_values(layout: Layout, region: str) -> dict[str, Value]:
    """The values to bind in `region_condition`; empty if the region is everywhere, so that none is needed.

    Raises NodeError(CONDITION_NOT_MET) if the dataset does not say where its subjects belong.
    """
    prefix = region_digits(normalise_region(region)) if region else ""
    if not prefix:
        return {}
    if not layout.region:
        raise NodeError(Reason.CONDITION_NOT_MET, "error.source.no-region-for-grant")
    return {_REGION: prefix, _LENGTH: len(prefix)}


def parameter_values(question: Question, parameters: Mapping[str, str]) -> dict[str, Value]:
    """The question's parameters as values to bind. Raises NodeError(QUERY_INVALID)."""
    values: dict[str, Value] = {}
    for name, parameter in question.parameters.items():
        value = _choice(parameters.get(name, ""), parameter.type)
        if value is None:
            raise NodeError(Reason.QUERY_INVALID, "error.source.parameter-missing", parameter=name)
        values[name] = value
    return values


def claim_value(claims: Mapping[str, str], name: str, kind: FieldType) -> Value | None:
    """A claim as a value to bind; one that is missing or malformed is None, which equals nothing."""
    return read_value(claims.get(name, ""), kind)


@lru_cache(maxsize=1024)
def _choice(text: str, kind: FieldType) -> Value | None:
    """A parameter's value; it is one of a few choices, so reading it once is enough.

    Of an enum it is a value as the policy spells it, as are those that it is compared with.
    """
    return (text or None) if kind is FieldType.ENUM else read_value(text, kind)
