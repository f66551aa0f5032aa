"""Random bytes for nonces and keys."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


class RandomPool:
    """Random bytes from the system, fetched in blocks: a system call for every nonce costs too much."""

    _BLOCK = 8192

    def __init__(self, source: Callable[[int], bytes] = os.urandom) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._block = memoryview(b"")

    def __call__(self, count: int) -> bytes:
        """`count` bytes, never given twice."""
        if count > self._BLOCK:
            return self._source(count)
        with self._lock:
            if len(self._block) < count:
                self._block = memoryview(self._source(self._BLOCK))
            taken, self._block = self._block[:count], self._block[count:]
        return bytes(taken)
