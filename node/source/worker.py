"""Builds the files for answering, in a process of its own (`child`)."""

from __future__ import annotations

import os
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field as Marked
from pydantic import TypeAdapter, ValidationError

from node.errors import NodeError, Reason
from node.no_dumps import forbid_dumps
from node.source.child import Child
from node.source.snapshot import Manifest
from node.source.spec import FileSpec, Layout, Progress
from node.texts.carried import from_text, to_text
from node.texts.message import Message

# Data of the job's process, at most: 10 million rows need a third of it.
_MEMORY_BYTES = 1 << 30
_PROGRESS_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class BuildJob:
    """Build the files for answering out of a data file, into `folder`."""

    spec: FileSpec
    layout: Layout
    folder: Path
    key: str = field(repr=False)


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
    wording: str
    kind: Literal["failure"] = "failure"


_Word = Advance | Built | Failure
JOB: TypeAdapter[BuildJob] = TypeAdapter(BuildJob)
WORD: TypeAdapter[_Word] = TypeAdapter(Annotated[_Word, Marked(discriminator="kind")])


def run(job: BuildJob, progress: Progress, silence: float) -> Manifest:
    """Build in a process of its own; `silence` is how many seconds may pass without a sign of life.

    Raises NodeError: the job's own, or (SOURCE_UNAVAILABLE) if its process died or hung.
    """
    # What does not fit into memory goes beside the built files, not into a shared folder.
    child = Child(__name__, {"SQLITE_TMPDIR": str(job.folder), "ARROW_DEFAULT_MEMORY_POOL": "system"})
    try:
        child.tell(JOB.dump_json(job), silence)
        child.say_no_more()
        while (line := child.hear(silence)) is not None:
            word = WORD.validate_json(line)
            if isinstance(word, Advance):
                progress(word.done, word.total)
            elif isinstance(word, Failure):
                raise NodeError.of(word.reason, from_text(word.wording) or Message("error.source.failed"))
            else:
                return word.manifest
    except TimeoutError:
        raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.reading-too-slow", silence=silence) from None
    except ValidationError:
        pass  # a process that dies may say anything
    finally:
        child.end()
    raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.reading-ended")


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

    # Only here: the node itself builds nothing.
    from node.source.ingest import build

    try:
        job = JOB.validate_json(sys.stdin.buffer.read())
        say(Built(build(job.spec, job.layout, job.folder, bytes.fromhex(job.key), progress)))
    except NodeError as error:
        say(Failure(error.reason, to_text(error.wording)))
    except MemoryError:
        say(Failure(Reason.SOURCE_UNAVAILABLE, to_text(Message("error.source.data-too-large"))))


if __name__ == "__main__":
    main()
