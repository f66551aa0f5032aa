"""What the scan of a CSV file lets pass is read in one way, and no pair of stray marks makes rows vanish."""

from __future__ import annotations

import csv
import re
from io import BytesIO, StringIO

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv
from support.examples import examples

from node.core.csv_scan import CsvFaultError, CsvLines, CsvScan

# Mostly what has a meaning in CSV, and characters of several bytes.
ODD = st.text(st.sampled_from('",=\n\r\0 a1王\U0001f600'), max_size=40)
# Without a comma or a line break at an end or beside a mark: such values can hide whatever is done to a file.
TAME = st.sampled_from(["", "a", "王", '"', '""', 'x"y', "b,c", "d\ne", "d\r\ne", "f\n\ng", " "])
TABLES = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(TAME, min_size=columns, max_size=columns), min_size=1, max_size=5)
)
QUOTING = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
ENDS = st.sampled_from(["\n", "\r\n"])


def scan(content: bytes, part: int = 1 << 20, encoding: str = "utf-8") -> CsvLines | None:
    """The lines, None if the file is refused."""
    scanned = CsvScan(encoding)
    try:
        for start in range(0, len(content), part):
            scanned.feed(content[start : start + part])
        return scanned.end()
    except CsvFaultError:
        return None


def rows_of(content: bytes, encoding: str = "utf-8") -> list[list[str]]:
    """What a strict reader sees, without blank lines."""
    text = content.decode(encoding).removeprefix("\ufeff")
    return [row for row in csv.reader(StringIO(text, newline=""), strict=True) if row]


def written(rows: list[list[str]], quoting: int, end: str) -> bytes:
    out = StringIO()
    names = [f"h{number}" for number in range(len(rows[0]))]
    csv.writer(out, quoting=quoting, lineterminator=end).writerows([names, *rows])  # type: ignore[arg-type]
    return out.getvalue().encode()


def stray(content: bytes, place: float) -> bytes:
    """With a quotation mark more, that far into it (0 to 1)."""
    text = content.decode()
    at = round(place * len(text))
    return f'{text[:at]}"{text[at:]}'.encode()


@given(text=ODD, encoding=st.sampled_from(["utf-8", "gb18030"]), part=st.integers(1, 9))
@examples(1000)
def test_file_that_passes_has_the_rows_that_were_counted(text: str, encoding: str, part: int) -> None:
    content = text.encode(encoding)
    lines = scan(content, encoding=encoding)

    assert scan(content, part, encoding) == lines, "however the file comes in parts"
    if lines is not None:
        rows = rows_of(content, encoding)
        assert len(rows) == 1 + lines.rows
        assert {len(row) for row in rows} == {len(rows[0])}
        assert lines.lines == 1 + lines.rows + lines.blank + lines.continued
        assert lines.lines == content.count(b"\n") + (not content.endswith(b"\n"))


@given(rows=TABLES, quoting=QUOTING, end=ENDS)
@examples(300)
def test_reader_of_data_files_sees_the_values_that_were_written(
    rows: list[list[str]], quoting: int, end: str
) -> None:
    content = written(rows, quoting, end)
    lines = scan(content)
    tall = len(rows[0]) == 1 and any("\n" in row[0] for row in rows)

    assert (lines is None) is tall, "no value of a single column may have a line break"
    if lines is not None:
        parse = arrow_csv.ParseOptions(newlines_in_values=lines.continued > 0)
        names = [f"h{number}" for number in range(len(rows[0]))]
        convert = arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        table = arrow_csv.read_csv(BytesIO(content), parse_options=parse, convert_options=convert)
        assert [list(row.values()) for row in table.to_pylist()] == rows
        assert lines.rows == len(rows)


@given(rows=TABLES, quoting=QUOTING, end=ENDS, places=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@examples(1500)
def test_two_stray_marks_take_no_row_away_and_change_none_but_their_own(
    rows: list[list[str]], quoting: int, end: str, places: tuple[float, float]
) -> None:
    whole = written(rows, quoting, end)
    if scan(whole) is None:
        return
    strayed = stray(stray(whole, max(places)), min(places))

    if scan(strayed) is not None:
        before, after = rows_of(whole), rows_of(strayed)
        # Both marks on an empty line of a file of one column are one more row.
        assert len(after) - len(before) in ((0, 1) if len(rows[0]) == 1 else (0,))
        assert sum(mine != theirs for mine, theirs in zip(before, after, strict=False)) <= 2


@given(rows=TABLES, quoting=QUOTING, end=ENDS, place=st.floats(0, 1))
@examples(300)
def test_one_stray_mark_is_always_refused(
    rows: list[list[str]], quoting: int, end: str, place: float
) -> None:
    assert scan(stray(written(rows, quoting, end), place)) is None


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_no_longer_character_holds_a_byte_that_means_something(encoding: str) -> None:
    meaning = re.compile(rb'[",\r\n\0]')
    found = [
        code
        for code in (*range(0x80, 0xD800), *range(0xE000, 0x110000))
        if meaning.search(chr(code).encode(encoding))
    ]

    assert found == []
