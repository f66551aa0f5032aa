"""The columns of a frame that answers stand in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import pandas as pd

from node.client.results import ChunkResult
from node.errors import Reason
from node.texts.wording import CHINA

ANSWER, REASON, EXCHANGE, AS_OF = "answer", "reason", "exchange_id", "data_as_of"
RESULT_COLUMNS = (ANSWER, REASON, EXCHANGE, AS_OF)


def merge(frame: pd.DataFrame, valid: Sequence[bool], result: ChunkResult | None) -> pd.DataFrame:
    """The frame with its result columns; `result` is about its `valid` rows, None if there are none."""
    rows = [row for row, asked in enumerate(valid) if asked]
    reasons = ["" if asked else Reason.QUERY_INVALID.name for asked in valid]
    exchanges = [""] * len(reasons)
    ages = [""] * len(reasons)
    answers: list[bool | str | None] = [None] * len(reasons)
    if result is not None:
        refused = "" if result.refusal is None else result.refusal.reason.name
        given = result.answers or (None,) * len(rows)
        as_of = _moment(result.proof.data_as_of)
        for position, (row, answer) in enumerate(zip(rows, given, strict=True)):
            over_limit = position in result.over_limit
            reasons[row] = Reason.QUOTA_EXHAUSTED.name if over_limit else refused
            answers[row] = None if over_limit else answer
            exchanges[row] = result.proof.exchange_id.hex()
            ages[row] = as_of
    kind: Literal["string", "boolean"] = (
        "string" if any(isinstance(answer, str) for answer in answers) else "boolean"
    )
    answered = frame.copy()
    answered[ANSWER] = pd.Series(answers, answered.index, "object").astype(kind)
    answered[REASON] = pd.Series(reasons, answered.index, "string")
    answered[EXCHANGE] = pd.Series(exchanges, answered.index, "string")
    answered[AS_OF] = pd.Series(ages, answered.index, "string")
    return answered


def _moment(as_of: datetime | None) -> str:
    """In China's time, as people read it in a table; "" from a provider's node that does not say."""
    return "" if as_of is None else as_of.astimezone(CHINA).isoformat(timespec="seconds")


def unanswered(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with result columns that have nothing yet."""
    result = frame.copy()
    result[ANSWER] = pd.Series(pd.NA, result.index, "boolean")
    for name in (REASON, EXCHANGE, AS_OF):
        result[name] = pd.Series(pd.NA, result.index, "string")
    return result


def join(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """One frame; a block whose answers are all empty takes the type of the others."""
    texts = any(str(part[ANSWER].dtype) in ("string", "str") for part in parts)
    kinds = dict.fromkeys(RESULT_COLUMNS, "string") | {ANSWER: "string" if texts else "boolean"}
    return pd.concat([part.astype(kinds) for part in parts])
