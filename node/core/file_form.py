"""Tells from the first bytes of a file what it is, where it is not the text that it was taken for.

Spreadsheets, portals and mail programs hand out workbooks, web pages and archives under the names of text
files. Whoever reads such a file as text says something about its line 1; here it is called what it is.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from node.texts.message import Message

BEGINNING: Final = 4096
"""How many bytes `form_of` looks at."""


class FileForm(StrEnum):
    """What a file is; each has a text `file.form.…` that says what to do with it."""

    UTF_16 = "utf16"
    UTF_32 = "utf32"
    WORKBOOK = "workbook"
    """Office Open XML, as .xlsx."""
    OLD_WORKBOOK = "old-workbook"
    """The compound files of older programs, as .xls; a workbook under a password is one, too."""
    OPEN_DOCUMENT = "open-document"
    ARCHIVE = "archive"
    """ZIP, of which nothing else is known."""
    COMPRESSED = "compressed"
    PDF = "pdf"
    HTML = "html"
    XML = "xml"
    JSON = "json"
    RTF = "rtf"
    PARQUET = "parquet"
    DATABASE = "database"
    """A file of SQLite."""

    @property
    def encoding(self) -> str:
        """What the encoding is called, where the file is text in another one."""
        return self.upper().replace("UTF", "UTF-")

    def said(self) -> Message:
        """What the file is, and what to do next."""
        return Message(f"file.form.{self}")


# UTF-32 before UTF-16, with whose mark its own begins.
_BEGIN: Final = (
    (b"\xff\xfe\0\0", FileForm.UTF_32),
    (b"\0\0\xfe\xff", FileForm.UTF_32),
    (b"\xff\xfe", FileForm.UTF_16),
    (b"\xfe\xff", FileForm.UTF_16),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileForm.OLD_WORKBOOK),
    (b"\x1f\x8b", FileForm.COMPRESSED),
    (b"BZh", FileForm.COMPRESSED),
    (b"\xfd7zXZ\0", FileForm.COMPRESSED),
    (b"\x28\xb5\x2f\xfd", FileForm.COMPRESSED),
    (b"7z\xbc\xaf\x27\x1c", FileForm.COMPRESSED),
    (b"Rar!\x1a\x07", FileForm.COMPRESSED),
    (b"%PDF-", FileForm.PDF),
    (b"{\\rtf", FileForm.RTF),
    (b"PAR1", FileForm.PARQUET),
    (b"SQLite format 3\0", FileForm.DATABASE),
)
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OFFICE_PARTS: Final = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")
_OTHER_OFFICE: Final = (b"word/", b"ppt/")
_MARKUP: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:(?P<xml><\?xml\s|<[\w:]+\s[^<>]*\bxmlns\b)|mime-version:"
    rb"|(?P<json>\[?\s*\{\s*(?:\"[^\"]*\"\s*:|\})|\[\s*(?:\[|\"[^\"]*\"\s*[,\]]))"
    rb"|(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|meta|table|body|div|script|p|h[1-6])\b)",
    re.IGNORECASE | re.DOTALL,
).match
# Text of 8-bit units has no NUL at all; a few strays are a fault at their place, not another encoding.
_FEW: Final = 4
_SELDOM: Final = 16


def form_of(beginning: bytes) -> FileForm | None:
    """What a file that begins so is; None for text of bytes, as far as can be told.

    `beginning` is the first `BEGINNING` bytes, or the whole of a shorter file.
    """
    beginning = beginning[:BEGINNING]
    for mark, form in _BEGIN:
        if beginning.startswith(mark):
            return form
    if beginning.startswith(_ZIP):
        return _zipped(beginning)
    if (markup := _MARKUP(beginning)) is not None:
        return FileForm.XML if markup["xml"] else FileForm.JSON if markup["json"] else FileForm.HTML
    return _wide(beginning)


def _zipped(beginning: bytes) -> FileForm:
    if b"mimetypeapplication/vnd.oasis.opendocument" in beginning:
        return FileForm.OPEN_DOCUMENT
    if any(part in beginning for part in _OTHER_OFFICE):
        return FileForm.ARCHIVE
    return FileForm.WORKBOOK if any(part in beginning for part in _OFFICE_PARTS) else FileForm.ARCHIVE


def _wide(beginning: bytes) -> FileForm | None:
    """UTF-32 or UTF-16 without a mark, in which commas and line ends have a NUL each, all at one side."""
    zeros = beginning.count(0)
    if zeros < _FEW or zeros * _SELDOM < len(beginning):
        return None
    for low in (0, 3):  # which byte of four is NUL always, in big and in little endian
        if not any(beginning[low::4]) and max(beginning[1 if low == 0 else 2 :: 4]) <= 0x10:
            return FileForm.UTF_32
    if not zeros - beginning[0::2].count(0) or not zeros - beginning[1::2].count(0):
        return FileForm.UTF_16
    return None
