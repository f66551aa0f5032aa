"""What group commit records: a job decides its record, and builds its result on the receipt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from node.core.log.commit import AnsweredExchange, Append
from node.exchange.ledger import Ledger
from node.v1 import usage_log_pb2 as pb

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a record stands in the own log, with its receipt."""

    index: int
    size: int
    root: bytes
    leaf: bytes
    receipt: pb.Receipt


class Job(Protocol[T_co]):
    """One record to append, and what depends on it; called in this order."""

    @property
    def counters(self) -> Sequence[str]:
        """Keys of the counters that `settle` reads."""

    @property
    def exchange(self) -> tuple[str, bytes] | None:
        """(requester, exchange id) of an exchange that may have been answered before."""

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> T_co | None:
        """The result once more, if `earlier` answered this very request; None settles it anew.

        `recorded` and the encrypted `opening` are those of the earlier record.
        """

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """Decide the record at `index`, paying its debits through `ledger`."""

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, T_co]:
        """Build the result on the receipt; may add to what is written, but not change the leaf."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Another time than the clock's, by which a record is written and the node goes on.

    Only with `back` may it be before the last record. `taken` is called once the record is durable, before
    anything else is recorded.
    """

    time_ms: Callable[[], int]
    back: bool
    taken: Callable[[], None]
