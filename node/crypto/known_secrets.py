"""The session secrets that a provider has just opened, so that one decapsulation serves many requests.

It is a memory only: what is not in it is decapsulated again, and any envelope opens by itself.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

MAX_KNOWN = 4096
LIFETIME = timedelta(seconds=120)
"""Longer than a requester uses a session, which is all that it has to be."""


class KnownSecrets:
    """Session secrets by a digest of all that they are bound to: the last few, each for a while."""

    __slots__ = ("_known", "_lock")

    def __init__(self) -> None:
        # The oldest first: all live equally long.
        self._known: OrderedDict[bytes, tuple[bytes, datetime]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, digest: bytes, now: datetime) -> bytes | None:
        """The secret that was remembered less than LIFETIME ago."""
        found = self._known.get(digest)
        return None if found is None or found[1] <= now else found[0]

    def remember(self, digest: bytes, secret: bytes, now: datetime) -> None:
        """Keep a secret, and forget the expired and the oldest above MAX_KNOWN."""
        with self._lock:
            known = self._known
            known.pop(digest, None)
            while known and (len(known) >= MAX_KNOWN or next(iter(known.values()))[1] <= now):
                known.popitem(last=False)
            known[digest] = secret, now + LIFETIME

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._known.clear()
