"""Looks at the data that settings name, before a node answers from them: is each what it is said to be?"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from node.app.live.opening import source_spec
from node.app.live.policy_loading import load_policies
from node.app.live.quality import counts_of, tolerance_of
from node.config.file import SettingPlaces, SettingProblem
from node.config.settings import Settings
from node.config.settings import Source as SourceSettings
from node.core.policy.dataset import Dataset
from node.core.state.good_load import doubt, put_aside
from node.errors import NodeError
from node.source.open import open_database
from node.source.reader import check_encoding, content_and_lines, read_file
from node.source.snapshot import FileIdentity
from node.source.spec import DatabaseSpec, FileSpec, Layout, LoadReport
from node.texts.message import Message


def data_problems(
    settings: Settings, places: SettingPlaces, closed: Collection[str]
) -> Iterator[SettingProblem]:
    """What is wrong with data, in the order of the settings; those that are `closed` cannot be read.

    Each file is read through. Of a live table as much is looked at as can be in two seconds. Columns and
    values are held to the policies in the folder, where those can be read.
    """
    try:
        policies = load_policies(settings.policies.folder, settings.department.code).datasets
    except (NodeError, OSError):
        policies = {}  # what is wrong with them is for `dxnode policy check` to say
    for name, source in settings.sources.items():
        if name in closed:
            continue
        dataset = policies[name].dataset if name in policies else None
        try:
            spec = source_spec(source)
            if isinstance(spec, FileSpec):
                _read_through(spec, dataset)
                continue
            for problem in _look_at(spec, source, dataset):
                yield places.problem(("sources", name), problem)
        except NodeError as error:
            yield _problem(error, source, name, places)


def _read_through(spec: FileSpec, dataset: Dataset | None) -> None:
    """Raises NodeError(SOURCE_UNAVAILABLE)."""
    layout = Layout.of(dataset) if dataset is not None else None
    FileIdentity.of(spec.path)
    lines = content_and_lines(spec, lambda: None).lines
    if lines is not None:
        check_encoding(spec)
    if layout is not None:
        table = read_file(spec, layout.columns, lines, layout.identifiers)
        next(iter(table.chunks), None)
    elif lines is None:
        read_file(spec, (), None)


def _look_at(spec: DatabaseSpec, source: SourceSettings, dataset: Dataset | None) -> tuple[Message, ...]:
    """What is wrong with a live table. Raises NodeError(SOURCE_UNAVAILABLE), (CONFIG_INVALID)."""
    if dataset is None:
        return ()

    def judge(report: LoadReport) -> Message | None:
        found = counts_of(report)
        why = doubt(found, None, tolerance_of(source))
        return None if why is None else put_aside(dataset.name, why, found, None, "…", stays=False)

    table = open_database(spec, dataset, lambda: datetime.now(UTC), judge=judge)
    try:
        return table.problems()
    finally:
        table.close()


def _problem(error: NodeError, source: SourceSettings, name: str, places: SettingPlaces) -> SettingProblem:
    """With the place in the data file, if it is one."""
    path = source.csv or source.parquet
    if path is None:
        return places.problem(("sources", name), error.wording)
    told = error.wording.args
    line, column = (int(str(told.get(each, 1))) for each in ("line", "column"))
    problem = told.get("problem")
    wording = problem if isinstance(problem, Message) else error.wording
    kind = "csv" if source.csv is not None else "parquet"
    return SettingProblem(str(path), line, column, f"sources.{name}.{kind}", wording)
