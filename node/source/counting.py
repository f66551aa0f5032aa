"""What a statistic asks for, and the table of cells that it fills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from sqlglot import exp

from node.core.identity import region_covers
from node.core.policy.dataset import Field, FieldType
from node.core.policy.question import GroupField, Question, Statistic
from node.errors import NodeError, Reason
from node.source.spec import Layout

# One release: every cell is noised, stored and sent.
MAX_CELLS = 100_000


def statistic_of(question: Question) -> Statistic:
    """The statistic of a question. Raises NodeError(QUERY_INVALID) if it is none, or too large."""
    statistic = question.statistic
    if statistic is None:
        raise NodeError(Reason.QUERY_INVALID, "error.source.no-statistic")
    cells = 1
    for group in statistic.group_by:
        cells *= len(group.values)
    if cells > MAX_CELLS:
        raise NodeError(Reason.QUERY_INVALID, "error.source.too-many-cells", max_cells=MAX_CELLS)
    return statistic


def group_columns(statistic: Statistic) -> list[exp.Expression]:
    """The columns to group by."""
    return [exp.column(group.name, quoted=True) for group in statistic.group_by]


def conditions(question: Question, layout: Layout) -> list[exp.Expression]:
    """What must hold for a row to be counted: the filter, and values that have a cell.

    Regions are matched to their cells by `fold`, because a row's region may lie within the cell's.
    """
    fields = {field.name: field for field in layout.fields}
    statistic = statistic_of(question)
    listed = [
        exp.In(
            this=exp.column(group.name, quoted=True),
            expressions=[_literal(value, fields[group.name]) for value in group.values],
        )
        for group in statistic.group_by
        if fields[group.name].type is not FieldType.REGION
    ]
    return [question.expression, *listed]


def fold(
    rows: Iterable[tuple[Sequence[object], int]], statistic: Statistic, layout: Layout
) -> list[tuple[tuple[str, ...], int]]:
    """Counts by group as the table of all declared combinations, zeros too, in declared order."""
    cells = dict.fromkeys(product(*(group.values for group in statistic.group_by)), 0)
    regions = {field.name for field in layout.fields if field.type is FieldType.REGION}
    known: Mapping[str, dict[str, str | None]] = {group.name: {} for group in statistic.group_by}
    for values, count in rows:
        key = []
        for group, value in zip(statistic.group_by, values, strict=True):
            text = "" if value is None else str(value)
            if text not in known[group.name]:
                known[group.name][text] = _cell_value(text, group, group.name in regions)
            key.append(known[group.name][text])
        if None not in key:
            cells[tuple(value for value in key if value is not None)] += count
    return list(cells.items())


def _cell_value(text: str, group: GroupField, is_region: bool) -> str | None:
    """The declared value that a row's value belongs to: at most one, so that a row counts once."""
    if not is_region:
        return text if text in group.values else None
    covering = [value for value in group.values if text and region_covers(value, text)]
    return max(covering, key=len, default=None)


def _literal(value: str, field: Field) -> exp.Expression:
    is_number = field.type is FieldType.INTEGER
    return exp.Literal.number(value) if is_number else exp.Literal.string(value)
