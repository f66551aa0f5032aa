"""Opens the data source of a dataset, as the settings name it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from node.config.settings import Limits
from node.config.settings import Source as SourceSettings
from node.core.policy.dataset import Dataset
from node.exchange.ports import Source
from node.source.count_query import Counter
from node.source.database_url import counted_from
from node.source.held import Judge, TableJudge
from node.source.open import open_database, open_file
from node.source.spec import DatabaseSpec, Exactness, FileSpec, LoadReport, SourceSpec
from node.texts.message import Message

log = logging.getLogger(__name__)
_TELL_SECONDS = 5.0


class OpenSource(Source, Protocol):
    """A source as the composition root holds it."""

    @property
    def mark(self) -> str:
        """Tells this load of the data from any other; not for outside."""

    @property
    def content(self) -> str:
        """What names the content under the node's own key, "" if there is none; not for outside."""

    @property
    def daily(self) -> bool:
        """Whether each day is a load of its own, as of what changes all the time."""

    @property
    def changed_ms(self) -> int:
        """When the data file was last changed, by the system's clock; 0 for what changes all the time."""

    @property
    def read_ms(self) -> int:
        """When what changes all the time was last read, by the node's clock; 0 for a file."""

    @property
    def report(self) -> LoadReport | None:
        """What loading found, None if it is not known."""

    @property
    def exactness(self) -> Exactness:
        """How far it is known that the data are in the form of the product."""

    def problems(self) -> Sequence[Message]:
        """What is refused of the data, though the source answers."""

    def tend(self, *, asked: bool = False) -> None:
        """Look at the data again if it is time, or if something was wrong and it is `asked` for."""

    def check(self) -> None:
        """Raises NodeError(SOURCE_UNAVAILABLE)."""

    def close(self) -> None:
        """Let go of files and connections."""


def source_mark(settings: SourceSettings, dataset: Dataset) -> tuple[object, ...]:
    """Changes whenever a source has to be opened anew."""
    path = settings.csv or settings.parquet
    status = path.stat() if path is not None and path.exists() else None
    file = (
        (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino) if status is not None else ()
    )
    return settings, dataset, file


def load_source(
    settings: SourceSettings,
    dataset: Dataset,
    data_folder: Path,
    key: bytes,
    counter: Counter,
    now: Callable[[], datetime],
    limits: Limits,
    judge: Judge,
    judge_table: TableJudge,
) -> OpenSource:
    """Open the data source of a dataset, building its files when they changed.

    `key` is the node's own, for names of contents; `counter` counts over built files; `now` is the time
    where the department is; `limits` bound what a live database is asked; `judge` says whether a load of a
    file is used, `judge_table` whether a live table is.

    Raises NodeError(SOURCE_UNAVAILABLE), (CONFIG_INVALID).
    """
    spec = source_spec(settings)
    if isinstance(spec, FileSpec):
        return open_file(spec, dataset, data_folder, key, _progress(dataset.name), counter, judge)
    return open_database(
        spec,
        dataset,
        now,
        float(limits.source_seconds),
        float(limits.source_check_seconds),
        limits.counts,
        judge_table,
    )


def source_spec(settings: SourceSettings) -> SourceSpec:
    """Where a source is. Raises NodeError(CONFIG_INVALID) for a URL that cannot be read."""
    path = settings.csv or settings.parquet
    if path is not None:
        return FileSpec(path, "csv" if settings.csv is not None else "parquet", settings.encoding)
    url = counted_from(settings.url_folder, settings.database_url(os.environ))
    return DatabaseSpec(url, settings.table or "")


def _progress(dataset: str) -> Callable[[int, int | None], None]:
    last = 0.0

    def tell(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last >= _TELL_SECONDS:
            last = time.monotonic()
            log.info("building %s: %d rows%s", dataset, done, f" of {total}" if total else "")

    last = time.monotonic()
    return tell
