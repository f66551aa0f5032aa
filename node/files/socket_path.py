"""Unix sockets by their paths, as gRPC takes them: as a URI; what it cannot read it would write to stderr."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import quote

LONGEST: Final = 107
"""Bytes of a Unix socket's path: Linux has room for 108 in `sun_path`, the NUL at the end among them."""


def is_too_long(path: Path | str) -> bool:
    """Whether no socket can have this path."""
    return len(os.fsencode(path)) > LONGEST


def socket_target(path: Path | str) -> str:
    """The address of a socket for gRPC, in which `#`, `?` and `%` of its name are no signs of a URI."""
    return f"unix:{quote(os.fsencode(path), safe='/')}"
