"""Decodes a file that has to be UTF-8, or says in which encoding it was saved instead.

Only UTF-8 is taken: officers sign bytes, and what they sign can be read in one way only.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from dataclasses import dataclass, field

from node.core.file_form import FileForm, form_of

# What Chinese text is made of: characters of everyday, its punctuation, and full-width signs.
_CHINESE = re.compile(r"[\u4e00-\u9fff\u3000-\u3011\uff01-\uff5e\u2014\u2018-\u201d\u2026\u00b7]")


@dataclass(slots=True)
class NotTextError(Exception):
    """The file is no UTF-8 from the byte at `offset` on; `key` and `said` are of a `Problem`."""

    offset: int
    key: str
    said: Mapping[str, str] = field(default_factory=dict)


def decoded(content: bytes) -> str:
    """The text of a file, without its byte order mark. Raises NotTextError."""
    form = form_of(content)  # also of UTF-16 without a mark, whose bytes are UTF-8 where its text is ASCII
    if form in (FileForm.UTF_16, FileForm.UTF_32):
        raise NotTextError(0, "file.encoding", {"encoding": form.encoding})
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if form is not None:
            raise NotTextError(0, "file.no-text") from None
        if is_gb18030(content):
            raise NotTextError(error.start, "file.encoding", {"encoding": "GB 18030 (GBK, ANSI)"}) from None
        raise NotTextError(error.start, "file.not-utf8") from None


def is_gb18030(content: bytes) -> bool:
    """Whether bytes are Chinese text in GB 18030: nearly all bytes are some text in it, by chance."""
    try:
        foreign = [char for char in content.decode("gb18030") if not char.isascii()]
    except UnicodeDecodeError:
        return False
    return sum(_CHINESE.match(char) is not None for char in foreign) * 4 >= len(foreign) * 3


def shown(content: bytes) -> str:
    """The text of a file as its officer sees it: to show lines of it, never to read them."""
    if form_of(content) is FileForm.UTF_16 and content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030" if is_gb18030(content) else "utf-8-sig", "replace")
