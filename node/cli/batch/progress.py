"""How far a batch has come, as it stands beside its output in `OUT.progress`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from node.core.bounds import MAX_SUBJECTS
from node.core.policy.question_kind import QuestionKind
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular

if TYPE_CHECKING:
    from node.client.frame import AnsweredBlock, Columns, Query

YES, NO, VALUE, ABSENT = "yes", "no", "value", "absent"
LONGEST: Final = 64 << 10
_BATCH_ID: Final = 16


@dataclass(frozen=True, slots=True)
class Progress:
    """`asked` names the question and `input` the content of the input: nothing else goes on with it.

    `kind` is that of the question; a chunk has at most `chunk_rows`. Of the first `rows`, which take `bytes`
    in the output, `answers` has how many there are of each kind of answer, `reasons` of each reason for none.
    """

    batch_id: str
    asked: str
    input: str
    kind: str
    chunk_rows: int
    rows: int = 0
    next_chunk: int = 0
    bytes: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    not_asked: int = 0
    """Rows of those without an answer that nobody was asked about: their identifier or a claim is none."""
    overdue: bool = False
    """Whether data that some were answered from are older than the catalogue entry says."""

    @property
    def answered(self) -> int:
        """How many rows have an answer."""
        return sum(self.answers.values())

    @property
    def asked_about(self) -> int:
        """How many rows somebody was asked about in."""
        return self.rows - self.not_asked

    def after(self, answered: AnsweredBlock, size: int) -> Progress:
        """What it is once a block of answered rows is written, and the output has `size` bytes."""
        block = answered.frame
        reasons = Counter(each for each in block["reason"].tolist() if each)
        answers = Counter(
            _answer(QuestionKind(self.kind), answer)
            for answer, reason in zip(block["answer"].tolist(), block["reason"].tolist(), strict=True)
            if not reason
        )
        return replace(
            self,
            rows=self.rows + len(block),
            next_chunk=answered.next_chunk,
            bytes=size,
            not_asked=self.not_asked + int((block["exchange_id"] == "").sum()),
            overdue=self.overdue or answered.overdue,
            answers=dict(Counter(self.answers) + answers),
            reasons=dict(Counter(self.reasons) + reasons),
        )


def _answer(kind: QuestionKind, answer: object) -> str:
    if kind is QuestionKind.VERIFY:
        return YES if answer else NO
    return VALUE if isinstance(answer, str) else ABSENT


def new_progress(
    asked: str, content: str, kind: QuestionKind, chunk_rows: int, random: Callable[[int], bytes]
) -> Progress:
    """The start of a batch, under a new id."""
    return Progress(random(_BATCH_ID).hex(), asked, content, kind, chunk_rows)


def asked_digest(query: Query, columns: Columns, sheet: str) -> str:
    """Names a question about the columns of an input, whatever rows it has."""
    text = json.dumps(
        {
            "question": query.question,
            "purpose": query.purpose,
            "case": query.case,
            "parameters": dict(query.parameters),
            "subject": columns.subject,
            "claims": dict(columns.claims),
            "sheet": sheet,
        },
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def read_progress(state: Path, part: Path, asked: str, content: str) -> Progress | None:
    """Where an earlier run came to, by its files; None without one.

    Raises NodeError QUERY_INVALID when it asked something else, or of another input, or is damaged.
    """
    if not state.exists():
        return None
    try:
        progress = Progress(**json.loads(read_regular(state, LONGEST)))
        sound = _is_sound(progress) and part.stat().st_size >= progress.bytes
    except (OSError, ValueError, TypeError):
        sound = False
    if not sound:
        raise NodeError(Reason.QUERY_INVALID, "batch.progress_broken", path=str(state))
    if progress.asked != asked:
        raise NodeError(Reason.QUERY_INVALID, "batch.other_question", path=str(state))
    if progress.input != content:
        raise NodeError(Reason.QUERY_INVALID, "batch.other_input", path=str(state), count=progress.rows)
    return progress


def _is_sound(progress: Progress) -> bool:
    """Whether values that were read are of their kinds. Raises ValueError or TypeError for some others."""
    QuestionKind(progress.kind)
    numbers = [progress.rows, progress.next_chunk, progress.bytes, progress.not_asked]
    numbers += [*progress.answers.values(), *progress.reasons.values()]
    return (
        len(bytes.fromhex(progress.batch_id)) == _BATCH_ID
        and all(isinstance(each, int) and each >= 0 for each in numbers)
        and 1 <= progress.chunk_rows <= MAX_SUBJECTS
        and all(reason in Reason.__members__ for reason in progress.reasons)
    )
