"""Why the operating system refused, as something that can be said in both languages."""

from __future__ import annotations

import errno

from node.texts.message import Message
from node.texts.wording import can_say


def why(error: OSError) -> Message:
    """What the system says is wrong, without the path."""
    by_name = Message(f"file.os.{errno.errorcode.get(error.errno or 0, '')}")
    return by_name if can_say(by_name) else Message("file.os.other", {"number": error.errno or 0})
