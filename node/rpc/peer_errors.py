"""What a peer's failure is told as: in words of this node, which name the peer by code and title."""

from __future__ import annotations

import grpc

from node.error_info import is_too_large, reason_in
from node.errors import NodeError, Reason, wording_of_peer


def peer_error(error: grpc.aio.AioRpcError, peer: str, title: str) -> NodeError:
    """The peer's own reason, or that it cannot be reached."""
    if (reason := reason_in(error)) is not None:
        return refused_by(reason, peer, title)
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return too_slow(peer, title)
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        if is_too_large(error):
            return NodeError(Reason.TOO_LARGE, "error.rpc.peer-too-large", peer=peer, peer_title=title)
        return NodeError(Reason.OVERLOADED, "error.rpc.peer-overloaded", peer=peer, peer_title=title)
    return gone(peer, title)


def refused_by(reason: Reason, peer: str, title: str) -> NodeError:
    """A peer's reason. Of its words nothing is passed on, nor looked at: another node wrote them."""
    return NodeError(
        reason,
        "error.rpc.peer-refused",
        peer=peer,
        peer_title=title,
        problem=wording_of_peer(reason),
        decided_by="provider",
    )


def gone(peer: str, title: str) -> NodeError:
    """A peer that cannot be reached."""
    return NodeError(Reason.PEER_UNAVAILABLE, "error.rpc.peer-unreachable", peer=peer, peer_title=title)


def too_slow(peer: str, title: str) -> NodeError:
    """A peer that has not answered in time."""
    return NodeError(Reason.TIMEOUT, "error.rpc.peer-too-slow", peer=peer, peer_title=title)


def unasked(peer: str, title: str) -> NodeError:
    """A peer that answers what nobody asked."""
    return NodeError(Reason.ENVELOPE_INVALID, "error.rpc.peer-answers-unasked", peer=peer, peer_title=title)
