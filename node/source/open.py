"""Opens the data source of a dataset: a file, or a live database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from node.core.policy.dataset import Dataset
from node.errors import NodeError, Reason
from node.source.count_query import Counter
from node.source.database import DatabaseSource
from node.source.held import Judge, TableJudge
from node.source.lookup import SnapshotSource
from node.source.snapshot import FileIdentity, Manifest, manifests, prune
from node.source.spec import DatabaseSpec, FileSpec, Layout, Progress
from node.source.worker import BuildJob, run

# A build says how far it is all the time; a disk that stops answering does not.
_SILENCE_SECONDS = 120.0
_DATABASE_SECONDS = 5.0
_CHECK_SECONDS = 60.0
_COUNTS = 2


def open_file(
    spec: FileSpec,
    dataset: Dataset,
    data_folder: Path,
    key: bytes,
    progress: Progress,
    counter: Counter,
    judge: Judge = lambda manifest: None,
) -> SnapshotSource:
    """Answer from a data file: built into `data_folder` first, if its content or the layout changed.

    `key` is the node's own, for names of contents. A load that `judge` holds is built and kept, and the
    snapshot before it is answered from. Raises NodeError(SOURCE_UNAVAILABLE), also where none is before; what
    is open goes on.
    """
    layout = Layout.of(dataset)
    folder = data_folder / dataset.name
    manifest = _unchanged(spec, layout, folder)
    if manifest is None:
        manifest = run(BuildJob(spec, layout, folder, key.hex()), progress, _SILENCE_SECONDS)
    held = judge(manifest)
    if held is None:
        source = SnapshotSource(folder, layout, manifest, counter)
        prune(folder, keep={manifest.snapshot})
        return source
    prune(folder, keep={manifest.snapshot, held.good})
    good = _snapshot(folder, held.good, layout) if held.stays else None
    if good is None:
        raise NodeError.of(Reason.SOURCE_UNAVAILABLE, held.alone)
    return SnapshotSource(folder, layout, good, counter, held.problem)


def open_good(dataset: Dataset, data_folder: Path, snapshot: str, counter: Counter) -> SnapshotSource | None:
    """Answer from a snapshot that was good, whatever its data file is by now; None if it is not there.

    Raises NodeError(SOURCE_UNAVAILABLE).
    """
    layout, folder = Layout.of(dataset), data_folder / dataset.name
    found = _snapshot(folder, snapshot, layout)
    return None if found is None else SnapshotSource(folder, layout, found, counter)


def open_database(
    spec: DatabaseSpec,
    dataset: Dataset,
    now: Callable[[], datetime],
    seconds: float = _DATABASE_SECONDS,
    check_seconds: float = _CHECK_SECONDS,
    counts: int = _COUNTS,
    judge: TableJudge = lambda report: None,
) -> DatabaseSource:
    """Answer from a live database; `now` is the time where the department is.

    `seconds` bounds each question, `check_seconds` each look through the table; `counts` run at one time. A
    table that `judge` doubts is not answered from.

    Raises NodeError: (CONFIG_INVALID) for a URL, table or column that does not fit, (SOURCE_UNAVAILABLE).
    """
    return DatabaseSource(spec, Layout.of(dataset), now, seconds, check_seconds, counts, judge)


def _snapshot(folder: Path, snapshot: str, layout: Layout) -> Manifest | None:
    wanted = (snapshot, layout.digest())
    return next((m for m in manifests(folder) if (m.snapshot, m.layout) == wanted), None)


def _unchanged(spec: FileSpec, layout: Layout, folder: Path) -> Manifest | None:
    original = FileIdentity.of(spec.path)
    wanted = (original, layout.digest(), spec.encoding)
    return next((m for m in manifests(folder) if (m.original, m.layout, m.encoding) == wanted), None)
