"""The session secrets that a requester shares with providers: one encapsulation serves many requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from node.core.messages.envelope import Routing
from node.crypto.sealing import SECRET_BYTES, SealingPublicKey, seal_secret

MAX_EXCHANGES = 1000
LIFETIME_MS = 60_000


@dataclass(slots=True)
class Session:
    """A secret, and the same sealed to a provider."""

    secret: bytes = field(repr=False)
    sealed_key: bytes
    info: bytes
    """What it is bound to."""
    since_ms: int
    exchanges: int = 0

    def serves(self, info: bytes, time_ms: int) -> bool:
        """Whether it may carry one more exchange."""
        return (
            self.info == info
            and self.exchanges < MAX_EXCHANGES
            and self.since_ms <= time_ms < self.since_ms + LIFETIME_MS
        )


class Sessions:
    """The current session with each provider."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._current: dict[str, Session] = {}
        self._lock = Lock()

    def take(self, recipient: SealingPublicKey, routing: Routing, time_ms: int) -> Session:
        """A session for one more exchange. Raises as `seal_secret`."""
        info = routing.session_info()
        with self._lock:
            session = self._current.get(routing.provider)
            if session is None or not session.serves(info, time_ms):
                secret = self._random(SECRET_BYTES)
                session = Session(secret, seal_secret(secret, recipient, routing), info, time_ms)
                self._current[routing.provider] = session
            session.exchanges += 1
            return session
