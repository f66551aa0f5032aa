"""How much work something is: time of the processor, which does not grow with what else the machine does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time


@contextmanager
def work_of_at_most(seconds: float) -> Iterator[None]:
    """What this thread does in the block takes no more than so many seconds of a processor."""
    before = thread_time()
    yield
    assert thread_time() - before < seconds
