"""Which loads of data are used: each is judged by what is remembered of the last good one."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from typing import Protocol

from node.config.settings import Settings, Source
from node.core.state.good_load import (
    LoadCounts,
    Tolerance,
    doubt,
    fact_name,
    from_fact,
    put_aside,
    to_fact,
)
from node.core.state.part import Part, PartKind
from node.errors import NodeError, Reason
from node.source.held import Held, Judge, TableJudge
from node.source.snapshot import Manifest
from node.source.spec import LoadReport
from node.texts.message import Message
from node.texts.wording import say

log = logging.getLogger(__name__)


class Facts(Protocol):
    """Where small facts are kept, such as the store."""

    def fact(self, name: str) -> str | None: ...
    def set_fact(self, name: str, value: str) -> None: ...


@dataclass(frozen=True, slots=True)
class HeldLoad:
    """A load that is not used, and the last good one; None if there never was one."""

    found: LoadCounts
    good: LoadCounts | None
    why: Message
    problem: Message
    name: str

    def as_good(self, dataset: str) -> tuple[str, str]:
        """The fact that makes it the last good one."""
        return fact_name(dataset), to_fact(self.found)


class LoadJudge:
    """Judges loads as the settings say, and knows which ones are held."""

    def __init__(self, settings: Settings, facts: Facts) -> None:
        self._settings = settings
        self._facts = facts
        self._held: dict[str, HeldLoad] = {}

    def of(self, dataset: str, key: bytes) -> Judge:
        """What judges the loads of one dataset; `key` is the node's own, for their names."""
        return lambda manifest: self._judge(dataset, manifest, key)

    def of_table(self, dataset: str, key: bytes) -> TableJudge:
        """What judges a live table of one dataset, from the thread that looked through it."""
        return lambda report: self._judge_table(dataset, report, key)

    def is_held(self, dataset: str) -> bool:
        """Whether the newest load of a dataset is not used."""
        return dataset in self._held

    def held(self, dataset: str) -> HeldLoad:
        """The load of a dataset that is not used. Raises NodeError(NOT_FOUND)."""
        held = self._held.get(dataset)
        if held is None:
            raise NodeError(Reason.NOT_FOUND, "error.app.no-load-held")
        return held

    def good(self, dataset: str) -> str:
        """The snapshot of the last good load of the file of a dataset, "" if there is none.

        A load of another file than the settings name is none: who names another means that one.
        """
        good = from_fact(self._facts.fact(fact_name(dataset)))
        return good.snapshot if good is not None and good.place == self._place(dataset) else ""

    def _judge(self, dataset: str, manifest: Manifest, key: bytes) -> Held | None:
        place = self._place(dataset)
        found = replace(counts_of(manifest.report, manifest.snapshot, manifest.content), place=place)
        held = self._doubted(dataset, found, key)
        if held is None:
            return None
        good = held.good
        alone = put_aside(dataset, held.why, found, good, held.name, stays=False)
        if good is None:
            return Held(held.problem, alone, "", stays=False)
        return Held(held.problem, alone, good.snapshot, stays=good.place == place)

    def _judge_table(self, dataset: str, report: LoadReport, key: bytes) -> Message | None:
        held = self._doubted(dataset, counts_of(report), key)
        return None if held is None else held.problem

    def _place(self, dataset: str) -> str:
        """The data file as the settings name it, wherever a link leads; "" without one."""
        source = self._settings.sources[dataset]
        path = source.csv or source.parquet
        return "" if path is None else os.path.abspath(path)

    def _doubted(self, dataset: str, found: LoadCounts, key: bytes) -> HeldLoad | None:
        good = from_fact(self._facts.fact(fact_name(dataset)))
        source = self._settings.sources[dataset]
        why = doubt(found, good, tolerance_of(source))
        if why is None:
            if found != good:  # before anything of the last good load is removed
                self._facts.set_fact(fact_name(dataset), to_fact(found.after(good)))
            self._held.pop(dataset, None)
            return None
        stays = good is not None and bool(found.snapshot)  # a live table has no load to fall back to
        name = found.name(key)
        held = HeldLoad(found, good, why, put_aside(dataset, why, found, good, name, stays=stays), name)
        if self._held.get(dataset) != held:
            part = Part(PartKind.SOURCE, dataset)
            log.warning("%s not loaded: %s", say(part.title, "en"), say(held.problem, "en"))
        self._held[dataset] = held
        return held


def tolerance_of(source: Source) -> Tolerance:
    """What the settings let a load look like."""
    return Tolerance(source.least_rows_percent, source.most_invalid_percent)


def counts_of(report: LoadReport, snapshot: str = "", content: str = "") -> LoadCounts:
    """What loading found, as it is remembered; the names are those of a file's load."""
    # What does not fit in a live table is refused by its column.
    unfit = {name: report.refused[name] for name in report.empty}
    values = {name: report.read - empty - unfit[name] for name, empty in report.empty.items()}
    return LoadCounts(
        report.rows,
        report.read,
        report.invalid_subjects,
        report.rounded,
        snapshot,
        content,
        values=values,
        unfit=unfit,
    )
