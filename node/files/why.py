"""Why the operating system refused, as something that can be said in both languages."""

from __future__ import annotations

import errno
import os
from typing import Final

from node.errors import NodeError, Reason
from node.texts.message import Message
from node.texts.wording import can_say

_OF_FILES: Final = frozenset(
    {
        "EACCES",
        "EBUSY",
        "EDQUOT",
        "EEXIST",
        "EFBIG",
        "EIO",
        "EISDIR",
        "ELOOP",
        "EMFILE",
        "EMLINK",
        "ENAMETOOLONG",
        "ENFILE",
        "ENODEV",
        "ENOENT",
        "ENOSPC",
        "ENOTDIR",
        "ENOTEMPTY",
        "ENXIO",
        "EPERM",
        "EROFS",
        "ESTALE",
        "ETXTBSY",
        "EXDEV",
    }
)
"""What the system says of paths and disks."""


def why(error: OSError) -> Message:
    """What the system says is wrong, without the path."""
    by_name = Message(f"file.os.{errno.errorcode.get(error.errno or 0, '')}")
    return by_name if can_say(by_name) else Message("file.os.other", {"number": error.errno or 0})


def refused(error: OSError) -> NodeError | None:
    """The error for what the system refused at a path, where nobody who knows the path caught it.

    None for what is no matter of files, such as a connection: a command that ends so has a defect.
    """
    if errno.errorcode.get(error.errno or 0, "") not in _OF_FILES:
        return None
    if isinstance(error.filename, str | bytes):
        path = os.fsdecode(error.filename)
        return NodeError(Reason.CONFIG_INVALID, "error.files.path-refused", path=path, why=why(error))
    return NodeError(Reason.CONFIG_INVALID, "error.files.refused", why=why(error))
