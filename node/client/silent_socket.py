"""Why nobody answers at a desk's Unix socket: gRPC says the same of all that can be wrong."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import stat
from pathlib import Path

from node.errors import NodeError, Reason

_SECONDS = 1.0


def why_silent(path: Path) -> NodeError | None:
    """What keeps this process from the desk at `path`; None when somebody listens there."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISSOCK(mode):
            return NodeError(Reason.CONFIG_INVALID, "error.client.no-socket", path=str(path))
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_SECONDS)
            probe.connect(str(path))
    except PermissionError:
        return _forbidden(path)
    except (FileNotFoundError, NotADirectoryError):
        return NodeError(Reason.PEER_UNAVAILABLE, "error.client.socket-missing", path=str(path), peer="desk")
    except ConnectionRefusedError:
        return NodeError(Reason.PEER_UNAVAILABLE, "error.client.socket-stale", path=str(path), peer="desk")
    except OSError:
        return None
    return None


def _forbidden(path: Path) -> NodeError:
    """Who may use the socket: the owner of it, or of the first folder on the way that others cannot enter."""
    closed = path
    for folder in reversed(path.absolute().parents):
        if not os.access(folder, os.X_OK):
            closed = folder
            break
    owner = closed.stat()
    return NodeError(
        Reason.CONFIG_INVALID,
        "error.client.socket-forbidden",
        path=str(path),
        folder=str(closed),
        name=_user(os.geteuid()),
        needed=_user(owner.st_uid),
        group=_group(owner.st_gid),
        mode=f"{stat.S_IMODE(owner.st_mode):03o}",
    )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
