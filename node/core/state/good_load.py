"""Whether a new load of a dataset can be what it should be, or is put aside until the operator accepts it.

An export that failed half-way, lost its rows or went through a spreadsheet is a file like any other. Answered
from, it says "no" about everybody, on record. So each load is compared with the last one that was good.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from node.core.json_text import canonical_json
from node.errors import NodeError, Reason
from node.texts.message import Message, Value

_Count = Annotated[int, Field(ge=0)]
WINDOW: Final = 10
"""So many good loads, the last one and those before it: none of them may be so much larger than a new one."""
_A_FEW: Final = 10
"""So many values of a column may all be gone by chance."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What a load may look like, in percent, before it is put aside."""

    least_rows: int = 50
    """Of the rows of the largest of the last good loads."""
    most_invalid: int = 5
    """Of its own rows: those without a valid identifier."""


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What a load was found to hold, and what names it in this node; the names never leave it.

    `rows` are the subjects; of `read` rows, `invalid` have no valid identifier, and `rounded` have one that a
    spreadsheet took for a number. `snapshot` and `content` are "" for a live database; `place` is the file as
    the settings name it. `earlier` are the rows of the good loads before it, the newest first, since one was
    accepted.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    rows: _Count
    read: _Count
    invalid: _Count
    rounded: _Count
    snapshot: str = ""
    content: str = ""
    values: Mapping[str, _Count] = field(default_factory=dict)
    """By column of a file: how many of the read rows have a value that fits."""
    unfit: Mapping[str, _Count] = field(default_factory=dict)
    """And how many have one that does not, and counts as none."""
    place: str = ""
    earlier: tuple[_Count, ...] = field(default=(), compare=False)

    @property
    def most_rows(self) -> int:
        """The rows of the largest of the last good loads, of which this is the newest."""
        return max(self.rows, *self.earlier, 0)

    def after(self, good: LoadCounts | None) -> LoadCounts:
        """The same, as the last good load from now on."""
        earlier = () if good is None else (good.rows, *good.earlier)[: WINDOW - 1]
        return replace(self, earlier=earlier)

    def name(self, key: bytes) -> str:
        """What staff name it by, who accept what they have seen; under the node's own key."""
        told = f"load {self.rows} {self.read} {self.invalid} {self.rounded} {self.snapshot} {self.content}"
        return hmac.digest(key, told.encode(), "sha256").hex()[:_NAME_DIGITS]

    @property
    def bad(self) -> int:
        """Rows that are about nobody, or perhaps about somebody else."""
        return max(self.invalid, self.rounded)


_NAME_DIGITS: Final = 8
_AS_JSON = TypeAdapter(LoadCounts)


def fact_name(dataset: str) -> str:
    """Under which name a node remembers the last good load of a dataset."""
    return f"source.good.{dataset}"


def to_fact(load: LoadCounts) -> str:
    """As a node remembers it."""
    return canonical_json(_AS_JSON, load).decode()


def from_fact(text: str | None) -> LoadCounts | None:
    """What was remembered, None before anything was. Raises NodeError(LOG_CORRUPT)."""
    if text is None:
        return None
    try:
        return _AS_JSON.validate_json(text)
    except ValidationError:
        raise NodeError(Reason.LOG_CORRUPT, "error.state.good-load-unreadable") from None


def doubt(found: LoadCounts, good: LoadCounts | None, tolerance: Tolerance) -> Message | None:
    """Why a load may be no good, None if nothing speaks against it; `good` is the last one that was."""
    if good is not None and _is_accepted(found, good):
        return _worse_column(found, good, tolerance)
    if not found.read:
        return Message("state.source.no-rows") if good is None or good.read else None
    if found.bad * 100 > tolerance.most_invalid * found.read and not _as_accepted(found, good):
        if found.rounded * 2 > found.bad:
            return Message("state.source.rounded", {"count": found.rounded, "read": found.read})
        args = {"count": found.invalid, "read": found.read, "percent": tolerance.most_invalid}
        return Message("state.source.invalid-many", args)
    if good is not None and found.rows * 100 < tolerance.least_rows * good.rows:
        return Message("state.source.rows-fewer", {"percent": tolerance.least_rows})
    if good is not None and found.rows * 100 < tolerance.least_rows * good.most_rows:
        args = {"percent": tolerance.least_rows, "most": good.most_rows, "loads": WINDOW}
        return Message("state.source.rows-decline", args)
    return None if good is None else _worse_column(found, good, tolerance)


def _worse_column(found: LoadCounts, good: LoadCounts, tolerance: Tolerance) -> Message | None:
    """What is wrong with a column whose values are gone: questions would be answered "no" about everybody.

    More of them do not fit by as large a part of the rows as may have no valid identifier. Or it was filled
    in half of the rows and more, and is in so many fewer of them as rows may be fewer. Or all of more than a
    few values are gone.
    """
    for name, before in sorted(good.values.items()):
        now = found.values.get(name, before)
        unfit, unfit_before = found.unfit.get(name, 0), good.unfit.get(name, 0)
        more = unfit * good.read - unfit_before * found.read
        if more * 100 > tolerance.most_invalid * found.read * good.read:
            return Message("state.source.values-unfit", {"column": name, "count": unfit, "read": found.read})
        fewer = now * 100 * good.read < tolerance.least_rows * before * found.read
        if (fewer and before * 2 >= good.read) or (not now and before > _A_FEW):
            return Message("state.source.values-fewer", {"column": name})
    return None


def _as_accepted(found: LoadCounts, good: LoadCounts | None) -> bool:
    """Whether no larger part of it is bad than of the load before: beyond the bound, that was accepted."""
    return good is not None and found.bad * good.read <= good.bad * found.read


def _is_accepted(found: LoadCounts, good: LoadCounts) -> bool:
    """Whether it is the load that is good already, or its file read in another way with the same result."""
    if found.snapshot and found.snapshot == good.snapshot:
        return True
    same = (found.rows, found.read, found.invalid) == (good.rows, good.read, good.invalid)
    return bool(found.content) and found.content == good.content and same


def put_aside(
    dataset: str, why: Message, found: LoadCounts, good: LoadCounts | None, name: str, *, stays: bool
) -> Message:
    """What staff are told of a load that is not used, and what they can do: accept it by its `name`.

    The good one `stays` in use.
    """
    args: dict[str, Value] = {"why": why, "rows": found.rows, "dataset": dataset, "load": name}
    args["before"] = good.rows if good is not None else 0
    if not found.snapshot:
        return Message("state.source.table-doubted", args)
    if good is not None and good.place and good.place != found.place:
        return Message("state.source.held-moved", {**args, "file": good.place})
    return Message(f"state.source.{'held' if stays else 'held-alone'}", args)


def about(rows: int) -> str:
    """How many rows, for a record that others can read: two digits of it, and no number below a hundred.

    The number itself is an exact count over the data, which no record may hold.
    """
    if not rows:
        return "0"
    if rows < 100:
        return "<100"
    unit = 10 ** (len(str(rows)) - 2)
    return f"~{rows // unit * unit}"
