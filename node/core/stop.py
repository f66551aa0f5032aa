"""Says to work in another thread that nobody wants it any more."""

from __future__ import annotations


class Stop:
    """Asked once, and looked at by what waits for the work: at least every tenth of a second."""

    LOOK_SECONDS = 0.1

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        """Have the work ended soon."""
        self.asked = True
