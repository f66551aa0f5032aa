"""How often something may happen: a token bucket for each caller."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from node.errors import NodeError, Reason

MAX_BUCKETS = 20_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True)
class Rate:
    """`per_second` on average, `burst` at once."""

    per_second: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def take(self, caller: str) -> None:
        """Take one token. Raises NodeError(RATE_LIMITED) when there is none."""
        self.check(caller)
        self.spend(caller)

    def check(self, caller: str) -> None:
        """Raises NodeError(RATE_LIMITED) when there is no token."""
        if self._bucket(caller).tokens < 1:
            raise NodeError(Reason.RATE_LIMITED, "error.exchange.too-many-requests")

    def spend(self, caller: str, tokens: int = 1) -> None:
        """Take tokens for what has already happened: what is not there yet will be waited for."""
        self._bucket(caller).tokens -= tokens

    def _bucket(self, caller: str) -> _Bucket:
        now = self.clock()
        bucket = self._buckets.get(caller)
        if bucket is None:
            if len(self._buckets) >= MAX_BUCKETS:
                self._buckets.clear()
            bucket = self._buckets[caller] = _Bucket(self.burst, now)
        bucket.tokens = min(self.burst, bucket.tokens + (now - bucket.at) * self.per_second)
        bucket.at = now
        return bucket
