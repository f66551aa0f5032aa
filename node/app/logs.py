"""The node's diagnostic log: one line an event on standard error, without a data value in it."""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import datetime
from types import TracebackType

from node.texts.wording import CHINA

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlainFormatter(logging.Formatter):
    """Formats a traceback as places alone: an exception's text, like a line's, may hold a value."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """As all that is shown, to the millisecond."""
        at = datetime.fromtimestamp(record.created, CHINA)
        return at.isoformat(" ", "milliseconds")

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the base class's name
        """Exception type and file:line of each frame, innermost last."""
        kind, _, trace = ei
        if kind is None:
            return ""
        frames = traceback.extract_tb(trace)
        return "\n".join([f"  {kind.__name__}", *(f"    {f.filename}:{f.lineno} {f.name}" for f in frames)])


def set_up(level: int = logging.INFO) -> None:
    """Send all logging to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
