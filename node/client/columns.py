"""Finds the column that was meant, in the table of a person who asks about its rows.

The name of a column is told if it is close to what was typed, or if identifiers stand below it. Nothing else
of a table is repeated: where the names of its columns were forgotten, the first row is about somebody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from node.core.called import Called, meant_names
from node.core.column_names import parting_sign, places_of
from node.core.id_column import identifier
from node.core.identity import SubjectType
from node.errors import NodeError, Reason

SAMPLE: Final = 100
"""How many rows are looked at for what stands in a column."""


def find_column(names: Sequence[str], wanted: str) -> str:
    """The column of that name, or the only one that `node.core.column_names` finds for it.

    Raises NodeError QUERY_INVALID if there are several; gives `wanted` itself if there is none.
    """
    places = places_of(wanted, [name if isinstance(name, str) else "" for name in names])
    if len(places) > 1:
        raise NodeError(Reason.QUERY_INVALID, "error.client.column-twice", column=wanted)
    return names[places[0]] if places else wanted


def no_column(
    names: Sequence[str],
    wanted: str,
    rows: Sequence[Sequence[str]],
    kind: SubjectType | None,
    *,
    of_subjects: bool,
) -> NodeError:
    """What to say of a table without the column `wanted`; `rows` are its first."""
    if any(identifier(name, kind) is not None for name in names):
        return NodeError(Reason.QUERY_INVALID, "error.client.columns-unnamed", column=wanted)
    if sign := parting_sign(names):
        return NodeError(Reason.QUERY_INVALID, "error.client.columns-unparted", column=wanted, sign=sign)
    near = meant_names(wanted, [Called(name) for name in names])
    if near:
        return NodeError(Reason.QUERY_INVALID, "error.client.column-near", column=wanted, near=near)
    found = identifiers_in(names, rows, kind) if of_subjects else ""
    if found:
        return NodeError(Reason.QUERY_INVALID, "error.client.column-elsewhere", column=wanted, found=found)
    return NodeError(Reason.QUERY_INVALID, "error.client.column-missing", column=wanted)


def identifiers_in(names: Sequence[str], rows: Sequence[Sequence[str]], kind: SubjectType | None) -> str:
    """The only column of which at least half of the rows hold an identifier; "" without one."""
    found = [
        name
        for place, name in enumerate(names)
        if rows and 2 * sum(identifier(row[place], kind) is not None for row in rows) >= len(rows)
    ]
    return found[0] if len(found) == 1 else ""
