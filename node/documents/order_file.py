"""Orders as signed notes: officers add their signatures, a node counts them."""

from __future__ import annotations

from dataclasses import dataclass

from node.core.directory.directory import Member
from node.core.state.order import MAX_BYTES, Order, OrderRefusedError, order_digest, parse_order, render_order
from node.crypto.signing import Signer, read_note
from node.documents.officer_note import add_signature, read_officers, require_enough
from node.errors import NodeError
from node.texts.message import Message


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """An order, the digest that names it, and which of the department's officers signed it."""

    order: Order
    digest: bytes
    approved: tuple[str, ...]


def read_order(content: bytes) -> Order:
    """The order in a file, signed or not, whoever signed it: to show it, never to carry it out.

    Raises NodeError(CONFIG_INVALID).
    """
    try:
        body = read_note(content, longest=MAX_BYTES).body
    except NodeError:
        body = content  # nobody has signed it yet
    return parse_order(body)


def sign_order(content: bytes, officer: Signer) -> bytes:
    """The order in a file with the officer's signature added. Raises NodeError(CONFIG_INVALID)."""
    order = read_order(content)
    body = render_order(order)
    note = content if content != body else None
    return add_signature(body, note, officer, order.department, _refuse)


def signed_order(note: bytes, member: Member) -> SignedOrder:
    """The order in a note, and who of the officers of `member` signed it, be they enough or not.

    Raises NodeError(CONFIG_INVALID): it is malformed, or a signature is wrong.
    """
    try:
        read, people = read_officers(note, member, MAX_BYTES)
    except NodeError as error:
        raise OrderRefusedError("error.order.untrusted", problem=error.wording) from None
    return SignedOrder(parse_order(read.body), order_digest(read.body), people)


def open_order(note: bytes, member: Member) -> SignedOrder:
    """As `signed_order`, of one that enough officers have signed; else NodeError(CONFIG_INVALID)."""
    signed = signed_order(note, member)
    require_enough(signed.approved, member, _refuse)
    return signed


def _refuse(problem: Message) -> OrderRefusedError:
    return OrderRefusedError("error.order.refused", problem=problem)
