"""How a data source fails whoever is asked about: what is told apart to who asks, and costs no quota.

Whatever depends on a subject, a claim or a row is no outage: it is a plain `NodeError`, and is charged like
an answer, so that failing on purpose is no way to learn for nothing.
"""

from __future__ import annotations

from enum import StrEnum

from node.errors import NodeError, Reason
from node.texts.message import Message, Value


class Outage(StrEnum):
    """Why a data source gives no answer; each is the clause of a denial."""

    SILENT = "source.silent"
    """It cannot be reached, or is just being replaced."""
    REFUSED = "source.refused"
    """It does not let the node in, or not at the table."""
    LOCKED = "source.locked"
    """Somebody else holds it locked."""
    SLOW = "source.slow"
    """It said nothing in time."""
    UNFIT = "source.unfit"
    """What is in it is not in a form that the question can be answered from."""
    BUSY = "source.busy"
    """It can be read, but too many wait for it."""


class OutageError(NodeError):
    """A data source fails, and would with any other subject."""

    def __init__(self, outage: Outage, key: str, /, **args: Value) -> None:
        reason = Reason.SOURCE_BUSY if outage is Outage.BUSY else Reason.SOURCE_UNAVAILABLE
        super().__init__(reason, key, **args)
        self.outage = outage

    @classmethod
    def as_told(cls, outage: Outage, wording: Message) -> OutageError:
        """The outage that is worded like this."""
        return cls(outage, wording.key, **wording.args)
