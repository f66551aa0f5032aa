"""Keeps the memory of this process, which holds keys and personal values, out of core dumps.

`RLIMIT_CORE` is no bound where the kernel pipes dumps to a program (core(5)); a process that is not dumpable
gets none at all, and no other process of its user may read its memory (PR_SET_DUMPABLE in prctl(2)). The
limit passes on to programs that it starts; being dumpable comes back with each, which has to call this again.
"""

from __future__ import annotations

import ctypes
import resource
from contextlib import suppress

_PR_SET_DUMPABLE = 4


def forbid_dumps() -> None:
    """From now on no core of this process is dumped, as far as the system lets it say so."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
