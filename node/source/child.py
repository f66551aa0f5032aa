"""A process of this program's own, which is told and says something in lines over pipes.

So the node stays small, a damaged file that crashes a library takes no node with it, and work that hangs can
be ended. Nothing stands in the process list, and it gets nothing of the node's surroundings that may be a
secret, such as the URL of a database.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

_LINE_BYTES = 64 << 20
_END_SECONDS = 5
_PASSED_ON = frozenset({"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"})


class Child:
    """One process; used by one thread at a time."""

    def __init__(self, module: str, settings: Mapping[str, str]) -> None:
        """Run `module`, with `settings` in its environment."""
        passed = {
            name: value
            for name, value in os.environ.items()
            if name in _PASSED_ON or name.startswith("PYTHON")
        }
        self._process = subprocess.Popen(  # noqa: S603 (this program, no arguments from outside)
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the libraries' words may quote the data
            env={**passed, **settings},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        os.set_blocking(self._to.fileno(), False)
        self._heard = bytearray()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def tell(self, line: bytes, seconds: float) -> bool:
        """Send it a line; False if it has ended. Raises TimeoutError when it takes none of it for so long."""
        left = memoryview(line + b"\n")
        while left:
            try:
                left = left[os.write(self._to.fileno(), left) :]
            except BlockingIOError:
                if not _ready(self._to.fileno(), select.POLLOUT, seconds):
                    raise TimeoutError from None
            except OSError:
                return False
        return True

    def say_no_more(self) -> None:
        """Let its input end."""
        self._to.close()

    def hear(self, seconds: float) -> bytes | None:
        """The next line that it says; None when it has ended. Raises TimeoutError after so much silence."""
        looked = 0
        while (end := self._heard.find(b"\n", looked)) < 0:
            looked = len(self._heard)
            if not _ready(self._from.fileno(), select.POLLIN, seconds):
                raise TimeoutError
            part = os.read(self._from.fileno(), 1 << 16)
            if not part or looked > _LINE_BYTES:
                return None
            self._heard += part
        line = bytes(self._heard[:end])
        del self._heard[: end + 1]
        return line

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._to.close()
        self._from.close()
        # A process that waits for a dead disk cannot be ended: it is left to the system.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)


def _ready(descriptor: int, event: int, seconds: float) -> bool:
    # Not `select`, which knows no descriptor above 1,023.
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(seconds * 1000))
