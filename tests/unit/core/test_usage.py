"""What usage records are made of."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from node.core.usage import EXCHANGE_ID_BYTES, new_exchange_id


def test_exchange_ids_follow_time_and_never_repeat() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    ids = [new_exchange_id(now + timedelta(milliseconds=step), os.urandom) for step in range(100)]
    assert ids == sorted(ids)
    assert {len(each) for each in ids} == {EXCHANGE_ID_BYTES}
    assert len({new_exchange_id(now, os.urandom) for _ in range(1000)}) == 1000
