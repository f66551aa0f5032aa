"""Runs heavy jobs (building files, counting) in a process of their own.

So the node stays small, a damaged file that crashes a library takes no node with it, and a job that hangs
can be ended. Job and outcome travel as JSON over pipes; nothing stands in the process list.
"""

from __future__ import annotations

import os
import resource
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field as Marked
from pydantic import TypeAdapter, ValidationError

from node.errors import NodeError, Reason
from node.no_dumps import forbid_dumps
from node.source.snapshot import Manifest
from node.source.spec import FileSpec, Layout, Progress

# Data of the job's process, at most: 10 million rows need a third of it.
_MEMORY_BYTES = 1 << 30
_LINE_BYTES = 64 << 20
_PROGRESS_SECONDS = 0.1
_END_SECONDS = 5


@dataclass(frozen=True, slots=True)
class BuildJob:
    """Build the files for answering out of a data file, into `folder`."""

    spec: FileSpec
    layout: Layout
    folder: Path
    kind: Literal["build"] = "build"


@dataclass(frozen=True, slots=True)
class CountJob:
    """Run one query for counts over a snapshot's groups file; its columns are groups, then the count."""

    groups: Path
    query: str
    values: dict[str, str | int]
    kind: Literal["count"] = "count"


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of group values and a count."""

    rows: tuple[tuple[tuple[str | int | None, ...], int], ...]
    kind: Literal["counts"] = "counts"


@dataclass(frozen=True, slots=True)
class Built:
    """The snapshot is there."""

    manifest: Manifest
    kind: Literal["built"] = "built"


@dataclass(frozen=True, slots=True)
class Advance:
    """A sign of life, and how far the job is."""

    done: int
    total: int | None
    kind: Literal["advance"] = "advance"


@dataclass(frozen=True, slots=True)
class Failure:
    """The job ended with a NodeError."""

    reason: Reason
    message: str
    metadata: dict[str, str]
    kind: Literal["failure"] = "failure"


_Job = BuildJob | CountJob
_Word = Advance | Built | Counts | Failure
JOB: TypeAdapter[_Job] = TypeAdapter(Annotated[_Job, Marked(discriminator="kind")])
WORD: TypeAdapter[_Word] = TypeAdapter(Annotated[_Word, Marked(discriminator="kind")])
Outcome = TypeVar("Outcome", Built, Counts)


def run(job: _Job, outcome: type[Outcome], progress: Progress, silence: float) -> Outcome:
    """Do a job in a process of its own; `silence` is how many seconds may pass without a sign of life.

    Raises NodeError: the job's own, or (SOURCE_UNAVAILABLE) if its process died or hung.
    """
    folder = job.folder if isinstance(job, BuildJob) else job.groups.parent
    # What does not fit into memory goes beside the built files, not into a shared folder.
    environment = os.environ | {"SQLITE_TMPDIR": str(folder), "ARROW_DEFAULT_MEMORY_POOL": "system"}
    process = subprocess.Popen(  # noqa: S603 (this program, no arguments from outside)
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the libraries' words may quote the data
        env=environment,
    )
    try:
        for word in _words(process, JOB.dump_json(job), silence):
            if isinstance(word, Advance):
                progress(word.done, word.total)
            elif isinstance(word, Failure):
                raise NodeError(word.reason, word.message, **word.metadata)
            elif isinstance(word, outcome):
                return word
    finally:
        _end(process)
    message = "reading the data ended unexpectedly: check the file and the memory, then load again"
    raise NodeError(Reason.SOURCE_UNAVAILABLE, message)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    # A process that waits for a dead disk cannot be ended: it is left to the system.
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)


def _words(process: subprocess.Popen[bytes], job: bytes, silence: float) -> Iterator[_Word]:
    """What the process says; ends when it does. Raises NodeError(SOURCE_UNAVAILABLE) on silence."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(job)
        process.stdin.close()
    except BrokenPipeError:
        return
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(silence):
            heard = os.read(process.stdout.fileno(), 1 << 16)
            if not heard or len(rest) > _LINE_BYTES:
                return
            *lines, rest = (rest + heard).split(b"\n")
            for line in lines:
                try:
                    yield WORD.validate_json(line)
                except ValidationError:
                    return
    message = f"reading the data took longer than {silence:g} seconds: check the disk, then try again"
    raise NodeError(Reason.SOURCE_UNAVAILABLE, message)


def main() -> None:
    """The job's side of the pipes."""
    forbid_dumps()
    os.umask(0o077)
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    said = 0.0

    def say(word: _Word) -> None:
        sys.stdout.buffer.write(WORD.dump_json(word) + b"\n")
        sys.stdout.buffer.flush()

    def progress(done: int, total: int | None) -> None:
        nonlocal said
        if time.monotonic() - said >= _PROGRESS_SECONDS or done == total:
            said = time.monotonic()
            say(Advance(done, total))

    try:
        say(_do(JOB.validate_json(sys.stdin.buffer.read()), progress))
    except NodeError as error:
        say(Failure(error.reason, error.message, dict(error.metadata)))
    except MemoryError:
        say(Failure(Reason.SOURCE_UNAVAILABLE, "the data need too much memory: write smaller row groups", {}))


def _do(job: _Job, progress: Progress) -> Built | Counts:
    # Each job loads only the engine that it needs.
    if isinstance(job, BuildJob):
        from node.source.ingest import build

        return Built(build(job.spec, job.layout, job.folder, progress))
    from node.source.aggregate import count

    return Counts(count(job.groups, job.query, job.values))


if __name__ == "__main__":
    main()
