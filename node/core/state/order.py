"""Orders: what a node does only when at least two of its department's officers have signed it.

Some steps reopen a limit or accept a loss of evidence: to go on from an older state, to believe another
clock, to open a budget again. The node writes down what is to be decided, with the facts as they are;
officers sign that text as a C2SP signed note, as they sign a policy bundle; and the node carries it out
once, while the facts still hold. The text is the JSON that `render_order` gives, byte for byte.
`node.documents.order_file` checks the signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from node.core.directory.spelling import Code, Moment, OneLine
from node.core.identity import holds_identifier
from node.core.json_text import canonical_json, malformed_at
from node.errors import NodeError, Reason
from node.texts.message import Value

FORMAT: Final = "dxnode/order/1"
MAX_BYTES: Final = 64 << 10
MAX_REASON: Final = 500
LIFETIME: Final = timedelta(days=7)
_SHAPE = ConfigDict(extra="forbid", strict=True)
_NAME = r"\A[a-z][a-z0-9_]{0,39}\z"


class OrderKind(StrEnum):
    """What an order lets the node do."""

    ACCEPT_STATE = "accept-state"
    """Go on from a state that is older than one which this node had before."""
    ACCEPT_CLOCK = "accept-clock"
    """Take the time of the system, which differs from what the node knows of it."""
    REOPEN_BUDGET = "reopen-budget"
    """Spend a privacy budget again of which it is not known how much was spent."""


class OrderRefusedError(NodeError):
    """Why an order is not carried out, and what to do: CONFIG_INVALID."""

    def __init__(self, key: str, /, **args: Value) -> None:
        super().__init__(Reason.CONFIG_INVALID, key, **args)


_Name = Annotated[str, StringConstraints(pattern=_NAME)]
_Value = Annotated[str, StringConstraints(min_length=1, max_length=500), OneLine]


@dataclass(frozen=True, slots=True)
class _Body:
    __pydantic_config__ = _SHAPE

    format: str
    department: Code
    kind: str
    id: Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{32}\z")]
    issued: Moment
    expires: Moment
    about: Annotated[str, StringConstraints(max_length=200), OneLine]
    facts: Annotated[dict[_Name, _Value], Field(max_length=50)]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=MAX_REASON), OneLine]


_BODY = TypeAdapter(_Body)


@dataclass(frozen=True, slots=True)
class Order:
    """What officers sign: `facts` are what the node found when it wrote the order, and must still hold.

    `about` narrows the kind down, such as to one budget account, "" where there is nothing to choose. `id`
    (hex) makes it good once. The times are those of the node's clock; for the order that sets the clock they
    do not count.
    """

    department: str
    kind: OrderKind
    id: str
    issued: datetime
    expires: datetime
    about: str
    facts: Mapping[str, str]
    reason: str


def make_order(
    department: str,
    kind: OrderKind,
    order_id: bytes,
    now: datetime,
    about: str,
    facts: Mapping[str, str],
    reason: str,
) -> Order:
    """The order to sign. Raises NodeError(CONFIG_INVALID) for a reason or facts that cannot stand in one."""
    issued = now.replace(microsecond=0)
    if holds_identifier(reason):
        raise OrderRefusedError("error.order.reason-with-identity-number")
    return parse_order(
        render_order(Order(department, kind, order_id.hex(), issued, issued + LIFETIME, about, facts, reason))
    )


def parse_order(body: bytes) -> Order:
    """The order whose canonical JSON is `body`. Raises NodeError(CONFIG_INVALID), saying where."""
    if len(body) > MAX_BYTES:
        raise OrderRefusedError("error.order.too-large", max_bytes=MAX_BYTES)
    try:
        parsed = _BODY.validate_json(body)
    except ValidationError as error:
        raise OrderRefusedError("error.order.malformed", malformed_at=malformed_at(error)) from None
    if parsed.format != FORMAT:
        raise OrderRefusedError("error.order.format-unknown", format=FORMAT)
    if parsed.kind not in set(OrderKind):
        raise OrderRefusedError("error.order.kind-unknown")
    if not parsed.issued < parsed.expires <= parsed.issued + LIFETIME:
        raise OrderRefusedError("error.order.validity-length", days=LIFETIME.days)
    order = Order(
        parsed.department,
        OrderKind(parsed.kind),
        parsed.id,
        parsed.issued,
        parsed.expires,
        parsed.about,
        MappingProxyType(parsed.facts),
        parsed.reason,
    )
    if render_order(order) != body:
        raise OrderRefusedError("error.order.not-canonical")
    return order


def render_order(order: Order) -> bytes:
    """The canonical JSON."""
    body = _Body(
        FORMAT,
        order.department,
        order.kind,
        order.id,
        order.issued,
        order.expires,
        order.about,
        dict(order.facts),
        order.reason,
    )
    return canonical_json(_BODY, body)


def order_digest(body: bytes) -> bytes:
    """The digest (32 bytes) that a record names an order by: SHA-256 of its text, whoever signed."""
    return sha256(body).digest()


def check_order(order: Order, department: str, facts: Mapping[str, str], now: datetime) -> None:
    """Raises NodeError(CONFIG_INVALID) unless the order is for this department, now, and its facts hold."""
    if order.department != department:
        raise OrderRefusedError("error.order.foreign")
    if order.kind is not OrderKind.ACCEPT_CLOCK and not order.issued <= now < order.expires:
        raise OrderRefusedError(
            "error.order.not-valid-now",
            start=order.issued,
            end=order.expires,
        )
    changed = sorted(name for name in {*order.facts, *facts} if order.facts.get(name) != facts.get(name))
    if changed:
        raise OrderRefusedError("error.order.facts-changed", changed=", ".join(changed))
