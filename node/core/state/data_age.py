"""How old data may be by what their catalogue entry promises (Decree 809, Art. 13: 数据更新频率)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from node.core.milliseconds import from_ms
from node.core.state.data_load import DataLoad, KeptLoad

DAYS: Final[Mapping[str, int]] = MappingProxyType(
    {"realtime": 1, "daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "yearly": 366}
)
"""By the word of a policy's `update`: how many days old data may be; what is supplied `once`, any number."""


def is_overdue(as_of_ms: int, update: str, local: datetime) -> bool:
    """Whether data of that time are older than the entry says, at an aware time where the provider is.

    Told in whole days by the calendar of the place, so that the hour of an export does not matter: data of
    yesterday are not overdue by `daily`. Data of a time that is still to come, as where a clock was set back,
    are not old.
    """
    most = DAYS.get(update)
    if most is None:
        return False
    return (local.date() - from_ms(as_of_ms).astimezone(local.tzinfo).date()).days > most


# What arrives together is asked about at one moment.
@lru_cache(maxsize=64)
def dated(load: KeptLoad, update: str, local: datetime) -> DataLoad:
    """A load as it is named at an aware time where the provider is, and whether its data are overdue."""
    named = load.at(local)
    return named._replace(overdue=is_overdue(named.as_of_ms, update, local))
