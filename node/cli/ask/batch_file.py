"""A batch from CSV to CSV that can be killed at any moment and goes on where it was.

Beside the output stand two files while it runs: `OUT.part` with the rows answered so far, and
`OUT.progress`, which says how many bytes of it count. A chunk counts once its rows are written; what comes
after that is cut off when the batch goes on. Both vanish when the output appears under its name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

from node.cli.ask.batch_input import Input
from node.core.policy.question_kind import QuestionKind
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular
from node.texts.wording import t

if TYPE_CHECKING:
    import pandas as pd

SYNC_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch has come; `asked` names question and input, so that no other batch goes on with it.

    `kind` is that of the question.
    """

    batch_id: str
    asked: str
    kind: str
    rows: int
    next_chunk: int
    bytes: int
    answered: int
    yes: int


_LONGEST_PROGRESS = 64 << 10


def asked_digest(source: Input, query: Mapping[str, object]) -> str:
    """Names a question about an input."""
    text = json.dumps({"input": source.digest, **query}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Output:
    """The output of a batch while it grows."""

    def __init__(
        self, path: Path, encoding: str, progress: Progress, clock: Callable[[], float] = monotonic
    ) -> None:
        self.progress = progress
        self._clock = clock
        self._synced = clock()
        self._path = path
        # Excel takes the mark at the start of a file only.
        self._encoding = encoding.removesuffix("-sig")
        self._mark = encoding.endswith("-sig")
        self._part, self._state = _beside(path)
        # Answers about people: for the owner's eyes.
        descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        self._file.truncate(progress.bytes)
        self._file.seek(progress.bytes)
        self._save(progress, durable=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, block: pd.DataFrame, next_chunk: int) -> Progress:
        """Write the answered rows of one block: from now on they are never asked again.

        That holds when this process is killed. When the machine fails, what was written in the last second
        may be asked again, under the same ids and so at no second charge.
        """
        first = self.progress.rows == 0
        text = block.to_csv(index=False, header=first, lineterminator="\n")
        if first and self._mark:
            text = "\ufeff" + text
        self._file.write(text.encode(self._encoding))
        self._file.flush()
        answered = block["reason"] == ""
        progress = replace(
            self.progress,
            rows=self.progress.rows + len(block),
            next_chunk=next_chunk,
            bytes=self._file.tell(),
            answered=self.progress.answered + int(answered.sum()),
            yes=self.progress.yes + int((block["answer"] == "yes").sum()),
        )
        self._save(progress, durable=self._clock() - self._synced >= SYNC_SECONDS)
        return progress

    def renew(self, random: Callable[[int], bytes]) -> None:
        """Go on under a new batch id: the answer under the old one is a refusal, and stays one."""
        self._save(replace(self.progress, batch_id=random(16).hex()), durable=True)

    def finish(self) -> None:
        """Give the output its name."""
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)
        self._state.unlink()

    def _save(self, progress: Progress, *, durable: bool) -> None:
        new = self._state.with_name(self._state.name + ".new")
        if durable:
            # The rows first: the progress must not count what is not there.
            os.fsync(self._file.fileno())
            self._synced = self._clock()
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(progress), file)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        new.replace(self._state)
        self.progress = progress


def new_progress(asked: str, kind: QuestionKind, random: Callable[[int], bytes]) -> Progress:
    """The start of a batch, under a new id."""
    return Progress(random(16).hex(), asked, kind, rows=0, next_chunk=0, bytes=0, answered=0, yes=0)


def load_progress(path: Path, asked: str) -> Progress | None:
    """Where an earlier run for output `path` came to, None without one.

    Raises NodeError QUERY_INVALID when it asked something else or its file is damaged.
    """
    part, state = _beside(path)
    if not state.exists():
        return None
    try:
        progress = Progress(**json.loads(read_regular(state, _LONGEST_PROGRESS)))
        QuestionKind(progress.kind)
        sound = len(bytes.fromhex(progress.batch_id)) == 16 and part.stat().st_size >= progress.bytes
    except (OSError, ValueError, TypeError):
        sound = False
    if not sound:
        raise NodeError(Reason.QUERY_INVALID, t("batch.progress_broken", path=state))
    if progress.asked != asked:
        raise NodeError(Reason.QUERY_INVALID, t("batch.other_input", path=state))
    return progress


def forget_progress(path: Path) -> None:
    """Drop what an earlier run left."""
    for file in _beside(path):
        file.unlink(missing_ok=True)


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + ".part"), path.with_name(path.name + ".progress")
