"""A process that counts and adds noise, one job at a time, until its input ends.

It holds no key, and nothing of a job once that is done: each count has a database of its own in memory, which
can read the one file of its data. Each engine is loaded with the first job that needs it.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from node.errors import NodeError, Reason
from node.no_dumps import forbid_dumps
from node.statistics import protocol
from node.texts.carried import to_text
from node.texts.message import Message

_MEMORY_BYTES = 1 << 30
"""Of the process, at most; DuckDB has a bound of its own below that."""


def main() -> None:
    """Do what comes in; end with it, or with the node."""
    forbid_dumps()
    os.umask(0o077)
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    # What a library prints is nothing that the node should hear: it goes where its errors go.
    said = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    bench = _Bench(said)
    Thread(target=bench.work, daemon=True).start()
    # Heard here while a job runs: that nobody wants it any more, and that the node has ended.
    for line in sys.stdin.buffer:
        told = protocol.ORDER.validate_json(line)
        if isinstance(told, protocol.Stop):
            bench.interrupt()
        else:
            bench.jobs.put(told)
    os._exit(0)  # whatever is under way, nobody hears of it


class _Bench:
    """Where jobs are done, one after the other."""

    def __init__(self, said: BinaryIO) -> None:
        self.jobs: SimpleQueue[protocol.Job] = SimpleQueue()
        self._said = said
        self._interrupt: Callable[[], None] = _nothing

    def interrupt(self) -> None:
        """Interrupt the query that runs, if one does; a job that cannot be interrupted goes on."""
        with suppress(Exception):  # it may just have ended
            self._interrupt()

    def work(self) -> None:
        """Do what is to be done, for ever."""
        while True:
            outcome = self._done(self.jobs.get())
            self._interrupt = _nothing
            self._said.write(protocol.REPLY.dump_json(outcome) + b"\n")
            self._said.flush()

    def _done(self, job: protocol.Job) -> protocol.Reply:
        try:
            if isinstance(job, protocol.Count):
                from node.source.aggregate import count

                return protocol.Counted(count(job.query, self._begins))
            from node.privacy.mechanism import release

            return protocol.Released(release(job.counts, job.unit_contributes, job.epsilon_micros))
        except NodeError as error:
            return protocol.Failed(error.reason, to_text(error.wording))
        except MemoryError:
            wording = Message("error.statistics.too-much-memory")
            return protocol.Failed(Reason.SOURCE_UNAVAILABLE, to_text(wording))

    def _begins(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt


def _nothing() -> None:
    pass


if __name__ == "__main__":
    main()
