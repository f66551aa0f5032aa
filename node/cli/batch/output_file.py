"""The output of a batch, which can be stopped at any moment and goes on where it was.

Beside the output stand two files while it runs: `OUT.part` with the rows answered so far, and
`OUT.progress`, which says how many bytes of it count. A chunk counts once its rows are written; what comes
after that is cut off when the batch goes on. Both vanish when the output appears under its name, and when
nobody was asked about yet.

One run at a time: it holds a lock on `OUT.part`, which the system takes back when its process ends.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from node.cli.batch.encoding import TextForm
from node.cli.batch.progress import LONGEST, Progress, read_progress
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular
from node.files.whole import sync_folder
from node.files.why import why

if TYPE_CHECKING:
    import pandas as pd

    from node.client.frame import AnsweredBlock

SYNC_SECONDS: Final = 1.0
_OPEN_PART: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_MISTYPED: Final = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EISDIR, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP}
)
"""What is wrong with a path rather than with what it leads to."""


class Output:
    """The output of a batch while it grows. Every method raises NodeError OUTPUT_UNAVAILABLE if it cannot."""

    def __init__(self, path: Path, clock: Callable[[], float] = monotonic) -> None:
        """Raises NodeError OUTPUT_UNAVAILABLE while another run writes it, QUERY_INVALID for a wrong path."""
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._state = path.with_name(path.name + ".progress")
        self._new = path.with_name(path.name + ".progress.new")
        self._clock = clock
        self._synced = clock()
        self._progress: Progress | None = None
        self._begun = False
        self._form = TextForm("utf-8", mark=False)
        try:
            self._file = _held(self._part)
        except BlockingIOError:
            raise NodeError(Reason.OUTPUT_UNAVAILABLE, "batch.locked", path=str(path)) from None
        except OSError as error:
            if not path.parent.exists():
                folder = str(path.parent)
                raise NodeError(Reason.QUERY_INVALID, "batch.folder_missing", path=folder) from None
            reason = Reason.QUERY_INVALID if error.errno in _MISTYPED else Reason.OUTPUT_UNAVAILABLE
            raise NodeError(reason, "batch.unwritable", path=str(self._part), problem=why(error)) from None
        if self._was_finished():
            self.forget()

    def _was_finished(self) -> bool:
        """Whether an earlier run ended between giving the output its name and taking the progress away."""
        try:
            whole = json.loads(read_regular(self._state, LONGEST))["bytes"] == self._path.stat().st_size
            return whole and os.fstat(self._file).st_size == 0
        except (OSError, ValueError, TypeError, KeyError):
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Only who holds the lock may take the file away.
        with suppress(OSError):
            if not self._state.exists() and _is_at(self._file, self._part):
                self._part.unlink()
        with suppress(OSError):
            os.close(self._file)

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        assert self._progress is not None
        return self._progress

    @property
    def has_begun(self) -> bool:
        """Whether somebody may have been asked about by this run, or one that it goes on with."""
        return self._begun

    def rows_kept(self) -> int | None:
        """From which row on the same command goes on later; None if it would begin anew."""
        try:
            # What stands there: a signal may have come between writing that and knowing it.
            kept = Progress(**json.loads(read_regular(self._state, LONGEST)))
            return kept.rows if _is_at(self._file, self._part) else None
        except (OSError, ValueError, TypeError):
            return None

    def earlier(self, asked: str, content: str) -> Progress | None:
        """Where an earlier run came to, None without one. Raises NodeError as `read_progress`."""
        return read_progress(self._state, self._part, asked, content)

    def forget(self) -> None:
        """Drop what an earlier run left, or what this one began."""
        with self._writing(self._state):
            self._state.unlink(missing_ok=True)
            self._new.unlink(missing_ok=True)

    def start(self, progress: Progress, form: TextForm) -> None:
        """Go on from `progress`; nothing is left of it before `begin`."""
        self._progress = progress
        self._begun = self._state.exists()
        self._form = form
        with self._writing(self._part):
            os.ftruncate(self._file, progress.bytes)
            os.lseek(self._file, progress.bytes, os.SEEK_SET)

    def begin(self) -> None:
        """From now on somebody may have been asked about: whoever goes on has to do so under the same id."""
        if not self._begun:
            self._save(self.progress, durable=True)
            self._begun = True

    def append(self, answered: AnsweredBlock) -> None:
        """Write the answered rows of one block: from now on they are never asked again.

        That holds when this process is killed. When the machine fails, what was written in the last second
        may be asked again, under the same ids and so at no second charge.
        """
        first = self.progress.rows == 0
        text = _worded(answered.frame).to_csv(index=False, header=first, lineterminator="\n")
        if first and self._form.mark:
            text = "\ufeff" + text
        content = memoryview(text.encode(self._form.name))
        size = self.progress.bytes + len(content)
        with self._writing(self._part):
            while content:
                content = content[os.write(self._file, content) :]
        progress = self.progress.after(answered, size)
        self._save(progress, durable=self._clock() - self._synced >= SYNC_SECONDS)

    def renew(self, random: Callable[[int], bytes], chunk_rows: int) -> None:
        """Go on under a new batch id: the answer under the old one is a refusal, and stays one."""
        renewed = replace(self.progress, batch_id=random(16).hex(), chunk_rows=chunk_rows)
        if renewed.rows:
            self._save(renewed, durable=True)
        else:
            self.forget()
            self._begun, self._progress = False, renewed

    def finish(self) -> None:
        """Give the output its name."""
        with self._writing(self._path):
            self._require_part()
            os.fsync(self._file)
            self._part.replace(self._path)
            self._state.unlink(missing_ok=True)
            sync_folder(self._path.parent)

    def _save(self, progress: Progress, *, durable: bool) -> None:
        with self._writing(self._state):
            self._require_part()
            if durable:
                # The rows first: the progress must not count what is not there.
                os.fsync(self._file)
                self._synced = self._clock()
            try:
                # Rows of people's cases: for the owner's eyes.
                new = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(new, "w") as file:
                    json.dump(asdict(progress), file)
                    file.flush()
                    if durable:
                        os.fsync(file.fileno())
                self._new.replace(self._state)
            except OSError:
                with suppress(OSError):
                    self._new.unlink(missing_ok=True)
                raise
        self._progress = progress

    def _require_part(self) -> None:
        """Raises FileNotFoundError if the rows are no longer where they were written: then they are lost."""
        if not _is_at(self._file, self._part):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._part))

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        """Say what the system says as an error of this project."""
        try:
            yield
        except OSError as error:
            raise NodeError(
                Reason.OUTPUT_UNAVAILABLE, "batch.unwritable", path=str(path), problem=why(error)
            ) from None


def _worded(block: pd.DataFrame) -> pd.DataFrame:
    """Answers as they stand in the file, in every language: yes, no, or the value; empty without one."""
    if block["answer"].dtype != "boolean":
        return block
    return block.assign(answer=block["answer"].map({True: "yes", False: "no"}).astype("string"))


def _held(path: Path) -> int:
    """A file, open and locked, made if need be. Raises OSError, BlockingIOError while another run has it."""
    while True:
        # Answers about people: for the owner's eyes.
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who had it may have renamed it or taken it away in between.
            if _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
