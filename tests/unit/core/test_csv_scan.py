"""Where a CSV file is refused, and what its lines are."""

from __future__ import annotations

import collections

import pytest

from node.core.csv_scan import MAX_ROW, CsvFaultError, CsvLines, CsvScan
from node.texts.wording import say


def scanned(content: bytes, part: int = 64 << 10, encoding: str = "utf-8") -> CsvLines:
    scan = CsvScan(encoding)
    for start in range(0, len(content), part):
        scan.feed(content[start : start + part])
    return scan.end()


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a,b", CsvLines(1, 0, 0, 0)),
        (b"\xef\xbb\xbfa,b\n1,2", CsvLines(2, 1, 0, 0)),
        (b"a,b\r\n1,2\n3,4\r\n", CsvLines(3, 2, 0, 0)),
        (b"a,b\n\n1,2\n\r\n\n3,4\n\n", CsvLines(7, 2, 4, 0)),
        (b'a,b\n"1\n\n\n2",3\n\n', CsvLines(6, 1, 1, 3)),
        (b'a,b\n"1,2",""\n"""",""""""\n', CsvLines(3, 2, 0, 0)),
        (b'"a"\n""\n\n \n', CsvLines(4, 2, 1, 0)),
    ],
)
def test_lines_add_up(content: bytes, lines: CsvLines) -> None:
    assert scanned(content) == lines
    assert scanned(content, 1) == lines
    assert lines.lines == 1 + lines.rows + lines.blank + lines.continued


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"", (1, 1), "is empty"),
        (b"\xef\xbb\xbf", (1, 1), "is empty"),
        (b"\na,b\n", (1, 1), "first line is empty"),
        (b'a,"b\nc"\n1,2\n', (1, 3), "name of a column has a line break"),
        (b"\xff\xfea\x00,\x00b\x00", (1, 1), "UTF-16"),
        (b"\xfe\xff\x00a", (1, 1), "UTF-16"),
        (b"PK\x03\x04\x14\x00", (1, 1), "workbook"),
        (b"\x7fELF\x00", (1, 5), "NUL"),
        (b"PAR1\x15\x00", (1, 1), "is Parquet"),
        ("a,b\n王,x\x00\n".encode(), (2, 4), "NUL"),
        (b'a,b\n1,"x\x00"\n', (2, 5), "NUL"),
        (b"a,b\r1,2\r", (1, 4), "carriage return stands alone"),
        (b"a,b\n1,2\n3,4\r", (3, 4), "carriage return stands alone"),
        (b'a,b\n1,"x"\r"y"\n', (2, 6), "carriage return stands alone"),
        (b"a,b\n1\n", (2, 2), "1 of 2 values"),
        (b"a,b,c\n1,2,3\n1,2", (3, 4), "2 of 3 values"),
        (b"a,b\n1,2\n\n1,2,3\n", (4, 5), "more than 2 values"),
        (b"sep=,\na,b,c\n1,2,3\n", (2, 5), "let that line hold the names of the columns alone"),
        ("登记表\na,b\n1,2\n".encode(), (2, 3), "without a title"),
        ("登记表,\na,b,c\n".encode(), (2, 5), "without a title"),
        ('a,b\n王,王"五\n'.encode(), (2, 4), "mark stands within"),
        (b'a,b\n1,"x"y\n', (2, 6), "behind a closing quotation mark"),
        (b'a,b\n1,"x" \n', (2, 6), "behind a closing quotation mark"),
        (b'a,b\n1,2\n3,"x\n5,6\n', (3, 3), "no other quotation mark"),
        (b'a,b\n1,"x""', (2, 3), "no other quotation mark"),
        (b'a,b\n1,"x,\ny"\n', (2, 3), "a line break and a comma"),
        (b'a,b\n1,"x,\ry"\n', (2, 3), "a line break and a comma"),
        (b'a,b\n"1\n2",x"\n', (3, 5), "mark stands within"),
        (b'a\n"1\n2"\n', (2, 1), "file of one column"),
    ],
)
def test_fault_is_told_with_line_and_column(content: bytes, place: tuple[int, int], words: str) -> None:
    for part in (1, 64 << 10):
        with pytest.raises(CsvFaultError) as refused:
            scanned(content, part)
        assert (refused.value.line, refused.value.column) == place
        assert words in say(refused.value.problem, "en")


def test_column_is_counted_in_characters_of_the_encoding() -> None:
    with pytest.raises(CsvFaultError) as refused:
        scanned('姓名,b\n王小芳,x"\n'.encode("gb18030"), encoding="gb18030")

    assert (refused.value.line, refused.value.column) == (2, 6)


@pytest.mark.parametrize(("begin", "column"), [(b"", 1), (b"1,", 1), (b'"', 1), (b'1,"', 3)])
def test_row_without_an_end_is_given_up_while_little_is_in_memory(begin: bytes, column: int) -> None:
    parts = iter([b"a,b\n1,2\n" + begin, *[b"x" * 1000] * (2 * MAX_ROW // 1000)])
    scan = CsvScan("utf-8")

    with pytest.raises(CsvFaultError) as refused:
        collections.deque(map(scan.feed, parts))

    assert (refused.value.line, refused.value.column) == (3, column)
    assert len(list(parts)) > 900, "the rest was not read"
