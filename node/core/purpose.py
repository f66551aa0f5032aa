"""Purpose codes and the tree they form: what an answer may be used for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

PURPOSE_MAX_LENGTH = 200
PURPOSE_MAX_DEPTH = 8
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)*")


def is_purpose_code(text: str) -> bool:
    """Whether `text` is spelled like `social-insurance/pension/deferral`."""
    return (
        len(text) <= PURPOSE_MAX_LENGTH
        and _CODE.fullmatch(text) is not None
        and text.count("/") < PURPOSE_MAX_DEPTH
    )


def purpose_covers(outer: str, inner: str) -> bool:
    """Whether `inner` is `outer` or one of its descendants; false for anything misspelled."""
    return outer in purpose_line(inner)


@lru_cache(maxsize=4096)
def purpose_line(code: str) -> tuple[str, ...]:
    """The code and its ancestors, nearest first; empty for anything misspelled.

    >>> purpose_line("tax/refund/late")
    ('tax/refund/late', 'tax/refund', 'tax')
    """
    if not is_purpose_code(code):
        return ()
    line = [code]
    while (cut := line[-1].rfind("/")) > 0:
        line.append(line[-1][:cut])
    return tuple(line)


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose and its titles."""

    code: str
    title: str
    title_en: str


@dataclass(frozen=True, slots=True)
class PurposeTree:
    """The purposes that a node knows; every parent of a known code is known too."""

    purposes: Mapping[str, Purpose]

    def __contains__(self, code: object) -> bool:
        return code in self.purposes
