"""How a state of the data is named to others: by a number and a time, by nothing that depends on the data.

A name that were a function of the data, or told whether two states are equal, would give exact values away at
no epsilon: whoever knows the other rows tries out what the one may be. So a load is counted, not compared:
a file that was touched is another load whatever is in it, and a live database has one load a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import NamedTuple

from node.core.milliseconds import from_ms, to_ms


class DataLoad(NamedTuple):
    """A load of a dataset, as verdicts and statistics name it: its number, from 1, and since when it is.

    `as_of_ms` is how things stood in the data, and `overdue` whether that is longer ago than the catalogue
    entry says.
    """

    number: int
    time_ms: int
    as_of_ms: int
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class KeptLoad:
    """The newest load of a dataset, as its node remembers it.

    `mark` tells what was loaded from any other, without looking at the data; it never leaves the node. With
    `daily`, this is the load of the day that began at `time_ms`, and each day after it has the next number.
    `changed_ms` is when a data file was last changed; it is not remembered, but read with the file.
    """

    number: int
    time_ms: int
    mark: str
    daily: bool = False
    changed_ms: int = 0

    def at(self, local: datetime) -> DataLoad:
        """The load at an aware time where the provider is; a clock that was set back brings no other.

        A live database is as of that time. A file is as of its last change, and no later than it was loaded.
        """
        now = to_ms(local)
        days = self.days(local) if self.daily else 0
        if days <= 0:
            as_of = now if self.daily else min(self.changed_ms or self.time_ms, self.time_ms, now)
            return DataLoad(self.number, self.time_ms, max(0, as_of))
        began = datetime.combine(local.date(), time(), local.tzinfo)
        return DataLoad(self.number + days, to_ms(began), now)

    def days(self, local: datetime) -> int:
        """How many days ago it began at that time; negative if it is still to come."""
        return (local.date() - from_ms(self.time_ms).astimezone(local.tzinfo).date()).days


def next_load(last: KeptLoad | None, mark: str, daily: bool, local: datetime) -> KeptLoad:
    """The load of what has this mark: the last one if it is that, else one with the next number.

    `local` is an aware time where the provider is. A day that is still to come was a clock's mistake: counted
    from it, the days until then would be one load.
    """
    to_come = last is not None and last.daily and last.days(local) < 0
    if last is not None and (last.mark, last.daily) == (mark, daily) and not to_come:
        return last
    number = 1 if last is None else last.at(local).number + 1
    began = datetime.combine(local.date(), time(), local.tzinfo) if daily else local
    return KeptLoad(number, to_ms(began), mark, daily)
