"""How old data may be by what their catalogue entry promises (Decree 809, Art. 13: 数据更新频率)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from node.core.milliseconds import from_ms
from node.core.state.data_load import DataLoad, KeptLoad
from node.core.workdays import Calendar

DAYS: Final[Mapping[str, int]] = MappingProxyType(
    {"realtime": 1, "daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}
)
"""By the word of a policy's `update`: how many days old data may be; what is supplied `once`, any number."""


def is_overdue(as_of_ms: int, update: str, moment: datetime, calendar: Calendar) -> bool:
    """Whether data of that time are older than the entry says, at an aware `moment` where the provider is.

    Told in whole days by the calendar of the place, so that the hour of an export does not matter: data of
    yesterday are not overdue by `daily`. Newer data may come until the end of the last of these days; as with
    any term (Civil Code, Art. 203), where that is no working day, until the end of the next one. Data of a
    time that is still to come, as where a clock was set back, are not old.
    """
    most = DAYS.get(update)
    if most is None:
        return False
    today = calendar.local(moment).date()
    last = calendar.local(from_ms(as_of_ms)).date() + timedelta(days=most)
    return last < today and _worked_from(last, calendar) < today


def _worked_from(day: date, calendar: Calendar) -> date:
    """A day if it is worked, else the next one that is."""
    return day if calendar.on(day).workday else calendar.add_workdays(day, 1).end


def dated(load: KeptLoad, update: str, moment: datetime, calendar: Calendar, read_ms: int = 0) -> DataLoad:
    """A load as it is named at an aware `moment`, and whether its data are overdue.

    What changes all the time is as of when it was last read: `read_ms`, or with 0 now.
    """
    named = load.at(calendar.local(moment))
    if load.daily and read_ms:
        named = named._replace(as_of_ms=min(read_ms, named.as_of_ms))
    return named._replace(overdue=is_overdue(named.as_of_ms, update, moment, calendar))
