"""Building the files for answering out of a data file."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.register import ANN, BEN, COLUMNS, EVE, KEY, ROWS, Row, dataset, resident, write_csv

from node.core.csv_scan import CsvLines
from node.core.policy.dataset import Sensitivity
from node.errors import NodeError, Reason
from node.source.ingest import build
from node.source.open import open_database
from node.source.reader import Table, read_file
from node.source.snapshot import GROUPS, LOOKUP, Manifest, content_name, name_of
from node.source.spec import DatabaseSpec, FileSpec, Layout

LAYOUT = Layout.of(dataset())


def _build(path: Path, folder: Path, layout: Layout = LAYOUT) -> Manifest:
    kind = FileSpec(path, "parquet") if path.suffix == ".parquet" else FileSpec(path, "csv")
    return build(kind, layout, folder, KEY, lambda done, total: None)


def _rows(folder: Path, manifest: Manifest) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / manifest.snapshot / LOOKUP)) as database:
        return database.execute("SELECT * FROM subject").fetchall()


def _refusal(path: Path, folder: Path) -> NodeError:
    with pytest.raises(NodeError) as refused:
        _build(path, folder)
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    return refused.value


def test_rows_are_normalised_and_sorted_by_subject(tmp_path: Path) -> None:
    rows: Sequence[Row] = [
        (f" {EVE.lower()} ", " 欧阳　娜 ", "active", "１２", "2020年1月2日", "", None, "4419"),
        (f"{ANN[:6]}{ANN[8:17]}", "王", "paused", "7.0", "20200102", " ", BEN, "441900003000"),
    ]

    manifest = _build(write_csv(tmp_path / "r.csv", rows), tmp_path / "data")

    assert _rows(tmp_path / "data", manifest) == [
        (ANN, "王", "paused", 7, "2020-01-02", None, BEN, "441900003"),
        (EVE, "欧阳娜", "active", 12, "2020-01-02", None, None, "441900"),
    ]


def test_report_counts_what_was_left_out(tmp_path: Path) -> None:
    rows: Sequence[Row] = [
        (ANN, "first", "active", "1", None, None, None, None),
        (BEN, None, "gone", "721", "2020-02-30", None, "x", "99"),
        ("not a number", "x", "active", "1", None, None, None, None),
        (None, "x", "active", "1", None, None, None, None),
        (ANN, "last", "paused", "2", None, None, None, None),
    ]

    manifest = _build(write_csv(tmp_path / "r.csv", rows), tmp_path / "data")
    report = manifest.report

    assert (report.read, report.rows, report.invalid_subjects, report.duplicates) == (5, 2, 2, 1)
    assert report.refused == {
        "name": 0, "status": 1, "months": 1, "since": 1, "note": 0, "partner": 1, "region": 1
    }  # fmt: skip
    assert report.empty["name"] == 1
    assert report.empty["note"] == 5
    assert _rows(tmp_path / "data", manifest)[0][:3] == (ANN, "last", "paused"), "the last of several counts"


def test_counts_and_lookups_see_the_same_rows_without_the_subject(tmp_path: Path) -> None:
    rows = [*ROWS, (ANN, "王小芳", "paused", "1", None, None, None, "441900004")]

    manifest = _build(write_csv(tmp_path / "r.csv", rows), tmp_path / "data")
    groups = pq.read_table(tmp_path / "data" / manifest.snapshot / GROUPS)

    assert groups.num_rows == manifest.report.rows == 4
    assert groups.column_names == list(COLUMNS[1:])
    assert sorted(groups["status"].to_pylist()) == ["active", "o'clock: x", "paused", "paused"]
    assert set(groups["name"].to_pylist()) == {"", None}, "of an identifier, only whether it is there"
    content = (tmp_path / "data" / manifest.snapshot / GROUPS).read_bytes()
    assert not any(subject.encode() in content for subject in (ANN, BEN, EVE))


def test_only_the_nodes_user_can_read_what_was_built(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    manifest = _build(write_csv(tmp_path / "r.csv"), folder)

    assert [path.stat().st_mode & 0o077 for path in (folder, *folder.rglob("*"))] == [0] * 5
    assert {path.name for path in (folder / manifest.snapshot).iterdir()} == {LOOKUP, GROUPS, "manifest.json"}


def test_same_content_under_another_date_is_not_built_again(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv")
    first = _build(path, tmp_path / "data")
    built = (tmp_path / "data" / first.snapshot / LOOKUP).stat()
    os.utime(path, (1, 1))

    second = _build(path, tmp_path / "data")

    assert second.snapshot == first.snapshot
    assert second.original != first.original
    assert (tmp_path / "data" / first.snapshot / LOOKUP).stat() == built


def test_changed_content_or_layout_has_another_snapshot(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv")
    stricter = tuple(replace(f, maximum=100) if f.name == "months" else f for f in LAYOUT.fields)
    public = tuple(replace(f, sensitivity=Sensitivity.NORMAL) for f in LAYOUT.fields)
    retitled = tuple(replace(f, title="x") for f in LAYOUT.fields)

    first = _build(path, tmp_path / "data").snapshot
    names = {_build(path, tmp_path / "data", replace(LAYOUT, fields=f)).snapshot for f in (stricter, public)}
    assert _build(path, tmp_path / "data", replace(LAYOUT, fields=retitled)).snapshot == first
    names |= {first, _build(write_csv(path, ROWS[:2]), tmp_path / "data").snapshot}

    assert len(names) == 4


def test_name_of_a_content_cannot_be_found_by_trying(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv")
    mine = _build(path, tmp_path / "data")
    other = build(FileSpec(path, "csv"), LAYOUT, tmp_path / "other", bytes(32), lambda done, total: None)

    assert mine.snapshot != other.snapshot
    assert mine.content != other.content
    # Whoever has the data, but not the key, can make none of the names.
    known = hashlib.sha256(path.read_bytes()).digest()
    assert known.hex()[:32] not in (mine.content, mine.snapshot)
    assert name_of(content_name(b"", known), LAYOUT.digest(), "utf-8") != mine.snapshot
    assert name_of(content_name(KEY, known), LAYOUT.digest(), "utf-8") == mine.snapshot


def test_snapshot_of_an_earlier_format_is_built_again(tmp_path: Path) -> None:
    path, folder = write_csv(tmp_path / "r.csv"), tmp_path / "data"
    built = _build(path, folder)
    manifest = folder / built.snapshot / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 3', '"format": 2'))
    before = (folder / built.snapshot / LOOKUP).stat().st_ino

    _build(path, folder)

    assert (folder / built.snapshot / LOOKUP).stat().st_ino != before


def test_load_has_another_mark_when_the_file_was_touched_and_only_then(tmp_path: Path) -> None:
    path, folder = write_csv(tmp_path / "r.csv"), tmp_path / "data"
    first = _build(path, folder)
    assert _build(path, folder).mark() == first.mark()

    touched = []
    for touch in (
        lambda: os.utime(path, (1, 1)),
        lambda: path.chmod(0o640),
        lambda: write_csv(tmp_path / "same.csv").replace(path),
    ):
        touch()
        touched.append(_build(path, folder))

    assert {manifest.content for manifest in touched} == {first.content}
    assert len({first.mark(), *(manifest.mark() for manifest in touched)}) == 4
    moved = replace(first, original=replace(first.original, device=first.original.device + 1))
    assert moved.mark() == first.mark(), "the device says nothing: a restart may number it anew"


def test_damaged_build_is_built_again(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv")
    lookup = tmp_path / "data" / _build(path, tmp_path / "data").snapshot / LOOKUP
    whole = lookup.read_bytes()
    lookup.write_bytes(whole[:-1])

    _build(path, tmp_path / "data")

    assert lookup.read_bytes() == whole


def test_interrupted_build_leaves_nothing_behind(tmp_path: Path) -> None:
    class InterruptError(Exception):
        pass

    def interrupt(done: int, total: int | None) -> None:
        raise InterruptError

    path = write_csv(tmp_path / "r.csv")
    with pytest.raises(InterruptError):
        build(FileSpec(path, "csv"), LAYOUT, tmp_path / "data", KEY, interrupt)
    (tmp_path / "data" / ".building-1").mkdir()
    (tmp_path / "data" / ".building-1" / LOOKUP).write_text("from a build that was killed")

    manifest = _build(path, tmp_path / "data")

    assert [entry.name for entry in (tmp_path / "data").iterdir()] == [manifest.snapshot]


def test_file_that_keeps_changing_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv")

    def change(done: int, total: int | None) -> None:
        with path.open("a") as file:
            file.write(f"{resident(9)},,,,,,,\n")

    with pytest.raises(NodeError) as refused:
        build(FileSpec(path, "csv"), LAYOUT, tmp_path / "data", KEY, change)

    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert list((tmp_path / "data").iterdir()) == []


def test_progress_reaches_the_number_of_rows(tmp_path: Path) -> None:
    heard: list[tuple[int, int | None]] = []
    rows = [(resident(number), *ROWS[0][1:]) for number in range(40_000)]

    build(
        FileSpec(write_csv(tmp_path / "r.csv", rows), "csv"),
        LAYOUT,
        tmp_path / "data",
        KEY,
        lambda done, total: heard.append((done, total)),
    )

    assert heard[-1] == (40_000, 40_000)
    assert 0 < heard[0][0] < 40_000
    assert heard == sorted(heard)


def test_columns_may_come_in_any_order_with_others_between(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    extra = [("ignored", *reversed(row)) for row in ROWS]
    first = _build(write_csv(path, extra, ("other", *reversed(COLUMNS))), tmp_path / "a")
    second = _build(write_csv(path), tmp_path / "b")

    assert _rows(tmp_path / "a", first) == _rows(tmp_path / "b", second)


def test_columns_are_found_whatever_an_export_made_of_their_names(tmp_path: Path) -> None:
    plain = _build(write_csv(tmp_path / "plain.csv"), tmp_path / "a")
    names = (
        " resident_id",
        "NAME",
        "\u200bstatus",
        "ｍｏｎｔｈｓ",
        "since\u00a0",
        "Note",
        "partner",
        "region ",
    )
    written = _build(write_csv(tmp_path / "r.csv", columns=names), tmp_path / "b")
    columns = zip(names, zip(*ROWS, strict=True), strict=True)
    pq.write_table(
        pa.table({name: pa.array(texts, pa.string()) for name, texts in columns}), tmp_path / "r.parquet"
    )
    kept = _build(tmp_path / "r.parquet", tmp_path / "c")
    assert _rows(tmp_path / "a", plain) == _rows(tmp_path / "b", written) == _rows(tmp_path / "c", kept)


@pytest.mark.parametrize(("sign", "said"), [(";", ";"), ("\t", "Tab"), ("|", "|"), ("，", "，")])
def test_file_that_is_parted_otherwise_is_told_how(tmp_path: Path, sign: str, said: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(write_csv(path, [(ANN, "王", *[""] * 6)]).read_text("utf-8").replace(",", sign), "utf-8")
    assert f"“{said}” parts the columns" in _refusal(path, tmp_path / "data").message


def test_file_in_utf_8_is_not_read_as_gb_18030(tmp_path: Path) -> None:
    """Half of all texts in UTF-8 are some other text in GB 18030, and nobody would be found by name."""
    rows = [(resident(number), "欧阳", *[None] * 6) for number in range(9)]
    path = write_csv(tmp_path / "r.csv", rows)
    assert path.read_bytes().decode("gb18030") != path.read_text("utf-8")
    spec = FileSpec(path, "csv", "gb18030")
    with pytest.raises(NodeError, match="the file is UTF-8, and the settings say encoding: gb18030"):
        build(spec, LAYOUT, tmp_path / "data", KEY, lambda done, total: None)
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))
    assert build(spec, LAYOUT, tmp_path / "data", KEY, lambda done, total: None).report.rows == 9


@pytest.mark.parametrize("form", ['="{}"', '"=""{}"""', "'{}", "{}", "{}.0"])
def test_rounded_identifiers_are_counted_as_such_also_where_a_text_was_made_of_them(
    tmp_path: Path, form: str
) -> None:
    path = write_csv(tmp_path / "r.csv", [])
    numbers = (resident(number)[:15] + "000" for number in range(30))
    with path.open("a") as file:
        file.writelines(f"{form.format(each)},,,,,,,\n" for each in numbers)
    assert _build(path, tmp_path / "data").report.rounded == 30


def test_byte_order_mark_quotes_and_line_ends_are_those_of_rfc_4180(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    header = ",".join(COLUMNS)
    path.write_bytes(
        f'\ufeff{header}\r\n{ANN},"a ""b"", c",active,"1",,"d\r\ne",,\r\n\r\n{BEN},,,,,,,'.encode()
    )

    manifest = _build(path, tmp_path / "data")
    report = manifest.report

    rows = _rows(tmp_path / "data", manifest)
    assert [row[:6] for row in rows] == [
        (ANN, 'a "b", c', "active", 1, None, "d e"),
        (BEN, None, None, None, None, None),
    ]
    assert (report.lines, report.header, report.blank, report.continued) == (5, 1, 1, 1)


def test_header_alone_is_a_dataset_without_rows(tmp_path: Path) -> None:
    assert _build(write_csv(tmp_path / "r.csv", []), tmp_path / "data").report.rows == 0


@pytest.mark.parametrize(
    ("content", "words", "metadata"),
    [
        (b"", "empty", {"file": "r.csv", "line": "1", "column": "1"}),
        (b"\x00\x01\x02" * 100, "NUL", {"line": "1", "column": "1"}),
        (f"{ANN},x\n".encode() * 3, "no column named resident_id", {"field": "resident_id"}),
        (
            (",".join([*COLUMNS, "name"]) + "\n").encode(),
            "more than one column named name",
            {"field": "name"},
        ),
        (
            (",".join(COLUMNS) + f"\n{ANN},only two\n").encode(),
            "2 of 8 values",
            {"line": "2", "column": "28"},
        ),
        (
            (",".join(COLUMNS) + f'\n{ANN},"open,,,,,,\n{BEN},,,,,,,\n').encode(),
            "no other quotation mark",
            {"line": "2", "column": "20"},
        ),
        (
            (",".join(COLUMNS) + f"\n{ANN},王,,,,,,\n").encode("gb18030"),
            "gb18030",
            {"line": "2", "column": "20"},
        ),
        (
            (",".join(COLUMNS) + f"\n{ANN},").encode() + b"\xff\xfe,,,,,,\n",
            "not UTF-8 here",
            {"line": "2", "column": "20"},
        ),
        (
            (",".join(COLUMNS) + f"\n{ANN}," + "x" * (5 << 20) + ",,,,,,\n").encode(),
            "longer than",
            {"line": "2", "column": "1"},
        ),
    ],
)
def test_corrupt_csv_is_refused_without_its_content(
    tmp_path: Path, content: bytes, words: str, metadata: dict[str, str]
) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(content)

    error = _refusal(path, tmp_path / "data")

    assert words in error.message
    assert error.metadata.items() >= metadata.items()
    assert ANN not in str(error)
    assert error.__cause__ is None


def test_rows_that_are_read_otherwise_than_they_were_counted_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(tmp_path / "r.csv")

    def one_row_less(
        spec: FileSpec, columns: Sequence[str], lines: CsvLines | None, identifiers: Collection[str]
    ) -> Table:
        table = read_file(spec, columns, lines, identifiers)
        return Table(table.rows, [[column[1:] for column in chunk] for chunk in table.chunks])

    monkeypatch.setattr("node.source.ingest.read_file", one_row_less)

    assert "not those that the data file has" in _refusal(path, tmp_path / "data").message
    assert list((tmp_path / "data").iterdir()) == []


def test_missing_file_and_folder_in_its_place_are_refused(tmp_path: Path) -> None:
    assert "missing" in _refusal(tmp_path / "none.csv", tmp_path / "data").message
    (tmp_path / "folder.csv").mkdir()
    assert "a folder, a pipe or a device" in _refusal(tmp_path / "folder.csv", tmp_path / "data").message


def test_pipe_and_device_in_place_of_a_database_are_refused_without_opening_them(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.sqlite"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(NodeError) as refused:
            open_database(DatabaseSpec(f"sqlite:///{path}", "t"), dataset(), lambda: datetime.now(UTC))
        # One that was opened would be given up after a while, or found to have no table.
        assert "a folder, a pipe or a device" in refused.value.message


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_pipe_and_device_in_place_of_the_file_are_refused_at_once(tmp_path: Path, suffix: str) -> None:
    pipe, device = tmp_path / f"pipe.{suffix}", tmp_path / f"device.{suffix}"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")

    for path in (pipe, device):
        assert "a folder, a pipe or a device" in _refusal(path, tmp_path / "data").message
