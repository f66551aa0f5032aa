"""Times as records and messages hold them: milliseconds since 1970-01-01 UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from node.errors import NodeError, Reason


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return int(moment.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """The UTC time of milliseconds since 1970-01-01. Raises NodeError(QUERY_INVALID) past year 9999."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        raise NodeError(Reason.QUERY_INVALID, "error.milliseconds.out-of-range") from None
