"""A department whose usage log is long already; made once in a run, for all who measure something of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache

from scripts.benchmarks.figures import Setting
from scripts.benchmarks.population import Population
from scripts.benchmarks.site import Site, build_site, running
from scripts.benchmarks.verdicts import Appended, writing

CALLERS = 256
ROWS = 10_000


@dataclass(frozen=True, slots=True)
class LongLog:
    """The site, whose provider does not run, and what writing its log took."""

    site: Site
    appended: Appended


@cache
def long_log(setting: Setting, name: str = "longlog") -> LongLog:
    """A provider of `ROWS` residents with a million records; a hundredth of it when quick.

    Under another `name` it is another one: a provider believes one log of its requester, either the node's
    own or the one of requests that were prepared.
    """
    records = 10_000 if setting.quick else 1_000_000
    setting.tell(f"writing a usage log of {records:,} records")
    site = build_site(setting.folder / name, Population(ROWS))
    with running(site.provider):
        pass  # it makes its mark: later, that would be a record while something is measured

    async def write() -> Appended:
        async with writing(site.provider, site.population) as log:
            return await log.append_records(records, CALLERS)

    return LongLog(site, asyncio.run(write()))
