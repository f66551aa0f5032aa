"""Command lines that set something up in the new process before they become the command."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def launched(first: str, command: Sequence[str]) -> list[str]:
    """The command line that does `first`, statements of Python, and then becomes `command`.

    In place of `preexec_fn`, whose code runs between fork and exec: where threads of libraries run, as those
    of gRPC do in most tests, the child may abort there.
    """
    return [sys.executable, "-c", f"import os, sys\n{first}\nos.execv(sys.argv[1], sys.argv[1:])", *command]
