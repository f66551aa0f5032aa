"""The id of an exchange, which who asks chooses: whoever has it can fetch an answer that was lost."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from node.core.log import usage


def new_exchange_id() -> bytes:
    """A new one, 16 bytes: a UUIDv7."""
    return usage.new_exchange_id(datetime.now(UTC), os.urandom)
