"""How a batch is cut and how many days it takes, by the limits of grant and rule; nothing is asked for it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from node.core.id_column import IdColumn
from node.core.identity import SubjectType
from node.texts.message import Message

if TYPE_CHECKING:
    from node.client.limits import AskLimits


@dataclass(frozen=True, slots=True)
class Subjects:
    """What the identifiers of an input are as a whole: rows, those to be asked about, how often about one."""

    rows: int
    valid: int
    times: tuple[tuple[int, int], ...]
    """How many subjects are there once, twice and so on."""
    rounded: bool
    fault: Message | None

    def beyond(self, most: int) -> int:
        """How many rows are about a subject who was asked about so many times in rows before; 0: no limit."""
        return sum((times - most) * subjects for times, subjects in self.times if most and times > most)


def look_through(identifiers: Iterable[str], column: str, kind: SubjectType | None = None) -> Subjects:
    """Read the column of that name, with identifiers of that kind as far as is known, to its end."""
    judged = IdColumn(kind)
    # A hash of each, 8 bytes: an input may have millions of rows.
    seen = array("q", (hash(found) for each in identifiers if (found := judged.take(each)) is not None))
    _, times = np.unique(np.frombuffer(seen, dtype=np.int64), return_counts=True)
    often, subjects = np.unique(times, return_counts=True)
    return Subjects(
        judged.rows,
        len(seen),
        tuple(zip(often.tolist(), subjects.tolist(), strict=True)),
        judged.rounded > 0,
        judged.fault(column),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows of a chunk, subjects that are answered in a day at most (0: no limit), and days it takes.

    `today` of them can still be answered today, as far as is known.
    """

    chunk_rows: int
    per_day: int
    days: int
    today: int = 0


def plan(subjects: int, limits: AskLimits) -> Plan:
    """What to do about so many subjects.

    A chunk is answered as a whole or not at all. So it is at most a day's limit, and a day's chunks are of
    equal size: of 5,500 a day, six of 916 leave less unused than five of 1,000.
    """
    if not limits.per_day:
        return Plan(limits.chunk_subjects, 0, 1)
    chunks = -(-limits.per_day // limits.chunk_subjects)
    return plan_rest(limits.per_day // chunks, subjects, limits)


def plan_rest(chunk_rows: int, subjects: int, limits: AskLimits) -> Plan:
    """The same for the rest of a batch, whose chunks go on as they began."""
    if not limits.per_day:
        return Plan(chunk_rows, 0, 1)
    per_day = max(1, limits.per_day // chunk_rows) * chunk_rows
    today = (limits.per_day - limits.used_today) // chunk_rows * chunk_rows
    later = -(-max(0, subjects - today) // per_day)
    return Plan(chunk_rows, per_day, 1 + later, today)
