"""Says in the language spoken what a node, the client or Typer said in English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from node.core.text.denial_messages import denial_text
from node.errors import NodeError, Reason
from node.texts.wording import language, t, table

_HOLE = re.compile(r"\{(\w+)\}")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_PLACED = re.compile(r"(\S.*:[0-9]+:[0-9]+): (.+)")
"""A problem with its place in a file, which stays in front."""

_WHOLE = "message"
"""What stands in a hole of this name must be a known sentence itself."""
_LONGEST = 600
"""A line that is longer is no sentence of ours; to look for holes in one could take hours."""
_WORD = "word"
"""What stands in a hole of this name is one word, so that few words around it do not fit every sentence."""


def in_chinese(said: str) -> str | None:
    """The Chinese for an English sentence, None when there is none; Chinese stays as it is."""
    sentences, patterns = _known()
    if said in sentences:
        return sentences[said]
    if "\n" in said:
        lines = [in_chinese(line) for line in said.splitlines()]
        return None if None in lines else "\n".join(line for line in lines if line is not None)
    if (placed := _PLACED.fullmatch(said)) is not None:
        rest = in_chinese(placed[2])
        return None if rest is None else f"{placed[1]}: {rest}"
    for pattern, chinese in patterns if len(said) <= _LONGEST else ():
        if (match := pattern.fullmatch(said)) is not None:
            given = match.groupdict()
            if _WHOLE in given and in_chinese(given[_WHOLE]) is None:
                continue
            return chinese.format(**{name: in_chinese(value) or value for name, value in given.items()})
    # Only now: an English sentence may name a column or a title in Chinese.
    return said if _HAN.search(said) else None


def spoken(said: str) -> str:
    """`said` in the language spoken, as far as its words are known."""
    return said if language() == "en" else in_chinese(said) or said


def detail_of(error: NodeError) -> str | None:
    """What an error says beyond its reason in the language spoken; None if it says that in English only.

    Where the node has no sentence of its own for a denial, the clause that decided it has one.
    """
    if error.reason is Reason.POLICY_NOT_LOADED and (told := _policies_of(error)) is not None:
        return told
    if language() == "en":
        return error.message
    return in_chinese(error.message) or denial_text(error.reason, error.metadata.get("clause", ""), "zh")


def _policies_of(error: NodeError) -> str | None:
    """What is wrong with policies, by the first problem; None if the error is of another kind."""
    from node.core.reading.build import PoliciesInvalidError

    if not isinstance(error, PoliciesInvalidError):
        return None
    first = error.problems[0]
    return t(
        "policies.invalid",
        count=len(error.problems),
        place=f"{first.file}:{first.line}:{first.column}",
        what=first.message_in(language()),
    )


@cache
def _known() -> tuple[Mapping[str, str], list[tuple[re.Pattern[str], str]]]:
    """Sentences without a hole, and patterns for the others: those that say most themselves come first."""
    sentences = dict(table("said", "zh"))
    holed = [english for english in sentences if _HOLE.search(english)]
    holed.sort(key=lambda english: len(_HOLE.sub("", english)), reverse=True)
    return sentences, [(_pattern(english), sentences.pop(english)) for english in holed]


def _pattern(english: str) -> re.Pattern[str]:
    # The parts alternate between what is said and the name of a hole.
    parts = _HOLE.split(english)
    return re.compile(
        "".join(_hole(part) if turn % 2 else re.escape(part) for turn, part in enumerate(parts)), re.DOTALL
    )


def _hole(name: str) -> str:
    inside = r"\S+" if name == _WORD else ".+?"
    return f"(?P<{name}>{inside})"
