"""A stray quotation mark in a data file: no row vanishes, and nobody is answered from another's row."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.places import POLICIES
from support.register import COUNTER, KEY
from support.running import resident

from node.core.policy.policy import Policy, PolicyFile
from node.core.reading.build import build_policies
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.source.lookup import SnapshotSource
from node.source.open import open_file
from node.source.spec import FileSpec

HEADER = "resident_id,name,status,months_paid,region\n"


def pension() -> Policy:
    names = ("pension-insurance.yaml", "definitions.yaml")
    built = build_policies([PolicyFile(name, (POLICIES / name).read_bytes()) for name in names])
    return built.datasets["pension-insurance"]


def row(number: int, status: str = "active", name: str = "张三", region: str = "441900003") -> str:
    return f"{resident(number)},{name},{status},{number},{region}\n"


def load(folder: Path, text: str) -> SnapshotSource:
    file = folder / "people.csv"
    file.write_text(text, encoding="utf-8")
    spec, data = FileSpec(file, "csv"), folder / "data"
    return open_file(spec, pension().dataset, data, KEY, lambda done, total: None, COUNTER)


def enrolled(source: SnapshotSource, people: list[int]) -> list[bool]:
    subjects = [SubjectKey(resident(number), {}) for number in people]
    return list(source.verify(pension().questions["is-enrolled"], {}, "", subjects))


def refusal(folder: Path, text: str) -> NodeError:
    with pytest.raises(NodeError) as refused:
        load(folder, text)
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert resident(0) not in str(refused.value)
    assert "张" not in str(refused.value)
    return refused.value


def test_sound_file_is_answered_from_and_its_lines_add_up(tmp_path: Path) -> None:
    text = HEADER + "".join(row(number) for number in range(5)) + "\n" + row(1, "ended") + "none,,,,\n"
    source = load(tmp_path, text)

    assert enrolled(source, [0, 1, 4]) == [True, False, True]
    report = source.report
    assert report.lines == text.count("\n") == 9
    assert (report.header, report.rows, report.invalid_subjects, report.duplicates, report.blank) == (
        1,
        5,
        1,
        1,
        1,
    )
    assert report.adds_up


def test_mark_that_opens_a_value_and_is_never_closed_is_refused_at_its_place(tmp_path: Path) -> None:
    rest = "".join(row(number % 500) for number in range(1, 20_000))
    error = refusal(tmp_path, HEADER + row(0, region='"441900003') + rest)

    assert error.metadata == {"file": "people.csv", "line": "2", "column": "32"}
    assert error.message.startswith("people.csv:2:32: ")


def test_two_marks_that_close_each_other_over_several_rows_are_refused(tmp_path: Path) -> None:
    text = HEADER + row(0, "ended", '"张三') + row(2) + row(4, "active", '李"四') + row(6)

    assert refusal(tmp_path, text).metadata == {"file": "people.csv", "line": "2", "column": "20"}


def test_two_marks_that_leave_whole_rows_are_refused(tmp_path: Path) -> None:
    """By RFC 4180 the file is well formed: the first and the last row have become one row."""
    text = HEADER + row(0, "ended", '"张三') + row(2) + row(4, "active", '李四"') + row(6)

    assert refusal(tmp_path, text).metadata == {"file": "people.csv", "line": "2", "column": "20"}


def test_refused_file_leaves_the_last_good_one_in_use(tmp_path: Path) -> None:
    source = load(tmp_path, HEADER + row(0) + row(2))
    refusal(tmp_path, HEADER + row(0, "ended", '"张三') + row(2))

    assert enrolled(source, [0, 2]) == [True, True]
