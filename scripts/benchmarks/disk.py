"""What an exchange leaves on the disk of either side, once the journal is worked into the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import numpy as np

from node.app.node import DATABASE
from node.client.client import Client
from node.config.file import load_settings
from node.demo.city import CityNode
from scripts.benchmarks.figures import BenchError, Figure, Setting, Target, at_most
from scripts.benchmarks.longlog import CALLERS, long_log
from scripts.benchmarks.site import (
    CASE,
    DATASET,
    PROVIDER,
    PURPOSE,
    QUESTION,
    Site,
    log_size,
    running,
)
from scripts.benchmarks.verdicts import writing

_ASKING = 32
_GRANT_SECONDS = 20
_KB = 1000


def disk(setting: Setting) -> list[Figure]:
    """Bytes that a single question leaves at provider and requester, whose logs are long already.

    Each keeps the other's receipt, whose proof grows with the other's log.
    """
    questions = 200 if setting.quick else 10_000
    site = long_log(setting, "disk").site
    records = asyncio.run(_lengthen(setting, site))
    setting.tell(f"disk: {questions:,} single questions, both logs with {records:,} records and more")
    with running(site.provider, site.requester):
        site.issue_grant()
        _ask(site, 1)  # makes what is made once
    before = _sizes(site)
    with running(site.provider, site.requester):
        logged = log_size(site.provider)
        _ask(site, questions)
        if log_size(site.provider) != logged + questions:
            raise BenchError("the provider did not record every question once")
    after = _sizes(site)
    grown = [(late - early) / questions for late, early in zip(after, before, strict=True)]
    return [
        _figure("at the provider, a single question", grown[0], at_most(1.5 * _KB)),
        _figure("at the requester, a single question", grown[1], at_most(2 * _KB)),
    ]


def _figure(name: str, value: float, target: Target) -> Figure:
    return Figure(name, value, "bytes", target)


async def _lengthen(setting: Setting, site: Site) -> int:
    """Make the requester's log as long as the provider's."""
    async with writing(site.provider, site.population) as log:
        records = log.commit.head.size
    setting.tell(f"disk: writing the requester's log of {records:,} records")
    async with writing(site.requester, site.population) as log:
        await log.append_records(records - log.commit.head.size, CALLERS)
    return records


def _ask(site: Site, questions: int) -> None:
    subjects = site.population.some(questions, np.random.default_rng(5))
    with Client(site.requester.desk_address, site.requester.credentials("system"), timeout=60) as client:
        _wait_for_grant(client)

        def ask(subject: str) -> None:
            client.verify(f"{PROVIDER.code}/{DATASET}/{QUESTION}", subject, purpose=PURPOSE, case=CASE)

        with ThreadPoolExecutor(_ASKING) as pool:
            for done in [pool.submit(ask, subject) for subject in subjects]:
                done.result()


def _wait_for_grant(client: Client) -> None:
    # A node that has just started may not reach the other one yet.
    end = monotonic() + _GRANT_SECONDS
    while not client.grants(refresh=True):
        if monotonic() > end:
            raise BenchError("the requester did not get its grant")
        sleep(0.1)


def _sizes(site: Site) -> Sequence[int]:
    """Bytes of both databases; a node that stops leaves no journal."""
    return [_database(node).stat().st_size for node in (site.provider, site.requester)]


def _database(node: CityNode) -> Path:
    path = load_settings(node.config).state / DATABASE
    if path.with_name(f"{DATABASE}-wal").exists():
        raise BenchError("the node left a journal beside its database")
    return path
