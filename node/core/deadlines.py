"""How long each waits for the next: a time limit further out is longer than the one further in.

A provider waits for its data source, a requester for the provider, a desk for the exchange, and who asks for
the desk. Where the outer one gave up first, it would blame what it waits for itself, and the cause would
never be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LONGEST_CALL: Final = 600
"""Seconds that a node may be set to wait for another."""
_PROOF: Final = 5.0
_COMMIT: Final = 2.0
_CROSSING: Final = 5.0
_SHARE: Final = 4
"""What is done beside a call takes this part of its time at the most, so that short calls stay short."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds.

    `proof` is one look at another node's log, clock or grants on the way; `commit` is a record of the own
    log; `work` is all that a provider does for one request; `call` is one call of a provider, with what
    carries it; `desk` is what a desk takes for an exchange; `client` is what who asks the desk has to wait.
    """

    proof: float
    commit: float
    work: float
    call: float
    desk: float
    client: float

    @classmethod
    def of(cls, call: float, source: float, counts_wait: float) -> Deadlines:
        """From the settings: one call, one reading of a data source, one wait of a count for its turn.

        A reading waits for its turn too, no longer than it may take itself.
        """
        proof, commit = min(_PROOF, call / _SHARE), min(_COMMIT, call / _SHARE)
        work = proof + max(source, counts_wait) + source + commit
        # Grants are asked for and the intent is recorded before the call, a proof and the outcome come after.
        desk = proof + commit + call + proof + commit
        return cls(proof, commit, work, call, desk, desk + _CROSSING)

    @property
    def fit(self) -> bool:
        """Whether a provider of these settings is done while a requester of these settings still waits."""
        return self.work < self.call


def least_call(source: float, counts_wait: float) -> int | None:
    """The shortest call that is longer than the work of a provider, None if none is that may be set."""
    fitting = (each for each in range(1, LONGEST_CALL + 1) if Deadlines.of(each, source, counts_wait).fit)
    return next(fitting, None)


CLIENT_SECONDS: Final = Deadlines.of(LONGEST_CALL, 1, 1).client
"""Longer than any node takes, whatever its settings: the node tells what hung, and who asks hears of it."""
