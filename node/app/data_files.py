"""Reads the data files that settings name, before a node answers from them: is each what it is said to be?"""

from __future__ import annotations

from collections.abc import Iterator

from node.app.live.opening import source_spec
from node.config.file import SettingProblem
from node.config.settings import Settings
from node.errors import NodeError
from node.source.reader import check_encoding, content_and_lines, read_file
from node.source.snapshot import FileIdentity
from node.source.spec import FileSpec
from node.texts.message import Message


def data_file_problems(settings: Settings) -> Iterator[SettingProblem]:
    """What is wrong with data files by themselves, with the place in them; reads each of them through.

    Which columns they need is said by policies, and seen when they are loaded.
    """
    for dataset, source in settings.sources.items():
        path = source.csv or source.parquet
        if path is None:
            continue
        spec = source_spec(source)
        assert isinstance(spec, FileSpec)
        try:
            FileIdentity.of(path)
            lines = content_and_lines(spec, lambda: None).lines
            if lines is None:
                read_file(spec, (), None)
            else:
                check_encoding(spec)
        except NodeError as error:
            told = error.wording.args
            problem = told.get("problem")
            line, column = (int(str(told.get(each, 1))) for each in ("line", "column"))
            yield SettingProblem(
                str(path),
                line,
                column,
                f"sources.{dataset}.{spec.format}",
                problem if isinstance(problem, Message) else error.wording,
            )
