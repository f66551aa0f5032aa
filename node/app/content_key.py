"""The key by which a node names the contents of its data files: its own, and the same for good.

It is random, kept in the database under the data key, and encrypted anew when that is replaced. So names stay
when keys rotate, and are alike on all copies of a node, which have its database.
"""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from collections.abc import Callable

from node.app.memory import Memory
from node.crypto.data_key import DataKeyRing
from node.errors import NodeError

log = logging.getLogger(__name__)
_FACT = "content.key"
_CONTEXT = b"content-key"
_BYTES = 32


def content_key(memory: Memory, data: DataKeyRing, random: Callable[[int], bytes]) -> bytes:
    """The node's key for names of contents, 32 bytes; made when there is none, or none that can be read.

    Raises NodeError(STORE_UNAVAILABLE).
    """
    kept = b64decode(memory.fact(_FACT) or "")
    key = b""
    if kept:
        try:
            key = data.decrypt(kept, _CONTEXT)
        except NodeError:
            # The data files are all that it is about: they are named, and so built, anew.
            log.warning("the key for names of contents cannot be read: a new one is made")
    if not key or not data.is_current(kept):
        key = key or random(_BYTES)
        memory.set_fact(_FACT, b64encode(data.encrypt(key, _CONTEXT)).decode())
    return key
