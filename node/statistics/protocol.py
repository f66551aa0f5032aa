"""What the processes of `pool` are told, and what they say: JSON, a line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from node.errors import Reason
from node.privacy.mechanism import NoisyCounts
from node.source.count_query import CountQuery, Row


@dataclass(frozen=True, slots=True)
class Count:
    """Run a query for exact counts."""

    query: CountQuery
    kind: Literal["count"] = "count"


@dataclass(frozen=True, slots=True)
class Noise:
    """Make exact counts noisy, and price that."""

    counts: tuple[int, ...]
    unit_contributes: int
    epsilon_micros: int
    kind: Literal["noise"] = "noise"


@dataclass(frozen=True, slots=True)
class Stop:
    """End what you do."""

    kind: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of a query."""

    rows: tuple[Row, ...]
    kind: Literal["counted"] = "counted"


@dataclass(frozen=True, slots=True)
class Released:
    """Noisy counts and their price."""

    release: NoisyCounts
    kind: Literal["released"] = "released"


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended with a NodeError."""

    reason: Reason
    wording: str
    """As `node.texts.carried` has it."""
    kind: Literal["failed"] = "failed"


Job = Count | Noise
Order = Job | Stop
Reply = Counted | Released | Failed
ORDER: TypeAdapter[Order] = TypeAdapter(Annotated[Order, Field(discriminator="kind")])
REPLY: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="kind")])
