"""What a file is, told from its first bytes, whatever its name says."""

from __future__ import annotations

import gzip
import io
import zipfile

import pandas as pd
import pytest

from node.core.file_form import BEGINNING, FileForm, form_of
from node.texts.wording import LANGUAGES, say

TABLE = "resident_id,name,status\n441999196503080016,王芳,active\n441999197110010003,李雷,active\n"
CHINESE = "姓名,状态,备注\n王芳,参保,无\n李雷,停保,无\n"


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet")
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame({"a": ["1"]}).to_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("text", [TABLE, CHINESE])
@pytest.mark.parametrize(
    ("encoding", "form"),
    [
        ("utf-16", FileForm.UTF_16),
        ("utf-16-le", FileForm.UTF_16),
        ("utf-16-be", FileForm.UTF_16),
        ("utf-32", FileForm.UTF_32),
        ("utf-32-le", FileForm.UTF_32),
        ("utf-32-be", FileForm.UTF_32),
        ("utf-8", None),
        ("utf-8-sig", None),
        ("gb18030", None),
    ],
)
def test_wide_text_is_told_with_and_without_a_mark(text: str, encoding: str, form: FileForm | None) -> None:
    for length in (1, 200):
        assert form_of((text * length).encode(encoding)) is form
    assert form_of(("\ufeff" + text).encode(encoding)) is form


@pytest.mark.parametrize(
    ("beginning", "form"),
    [
        (zipped("[Content_Types].xml", "xl/workbook.xml"), FileForm.WORKBOOK),
        (zipped("docProps/app.xml"), FileForm.WORKBOOK),
        (zipped("word/document.xml", "[Content_Types].xml"), FileForm.ARCHIVE),
        (zipped("mimetype"), FileForm.OPEN_DOCUMENT),
        (zipped("people.csv"), FileForm.ARCHIVE),
        (b"PK\x05\x06" + bytes(18), FileForm.ARCHIVE),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500), FileForm.OLD_WORKBOOK),
        (gzip.compress(TABLE.encode(), mtime=0), FileForm.COMPRESSED),
        (b"Rar!\x1a\x07\x01\x00", FileForm.COMPRESSED),
        (b"%PDF-1.7\n", FileForm.PDF),
        (b"<html><table><tr><td>resident_id</td></tr></table></html>", FileForm.HTML),
        (b"\xef\xbb\xbf\r\n  <!DOCTYPE HTML PUBLIC>", FileForm.HTML),
        (b"<!-- export --><TABLE border=1>", FileForm.HTML),
        (b"MIME-Version: 1.0\r\nX-Document-Type: Workbook", FileForm.HTML),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>', FileForm.XML),
        (b"<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'>", FileForm.XML),
        (b"<div class=login>please sign in</div>", FileForm.HTML),
        (b"\n<script>location='/login'</script>", FileForm.HTML),
        (b'{"error": "no right", "code": 403}', FileForm.JSON),
        (b'[{"resident_id": "1"}]', FileForm.JSON),
        (b'\xef\xbb\xbf [\n ["a", "b"]]', FileForm.JSON),
        (b"{\\rtf1\\ansi", FileForm.RTF),
        (parquet(), FileForm.PARQUET),
        (b"SQLite format 3\0" + bytes(100), FileForm.DATABASE),
    ],
)
def test_what_is_no_text_is_called_what_it_is(beginning: bytes, form: FileForm) -> None:
    assert form_of(beginning) is form
    assert form_of(beginning[:BEGINNING]) is form


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"resident_id",
        b"PK,name\n1,2\n",
        b"<5 years,name\n1,2\n",
        b"[a],{b}\n1,2\n",
        b'"a","b"\n"{",2\n',
        b"<p5,name\n1,2\n",
        b"a,b\n1,\x00\n",
        b"a,b\n" + b"1,2\n" * 100 + b"1,\x00\x00\x00\x00\n",
        b"a,b\n1,\x00\x00\x00\x00\x00\n",
        "表格,html\n1,2\n".encode("gb18030"),
    ],
)
def test_text_with_a_fault_in_it_is_text(beginning: bytes) -> None:
    assert form_of(beginning) is None


def test_every_form_says_in_both_languages_what_to_do() -> None:
    for form in FileForm:
        for lang in LANGUAGES:
            assert "CSV" in say(form.said(), lang)
