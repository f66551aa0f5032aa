"""A call of a peer: made only if the peer knows it, and read only in canonical bytes."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Generic, TypeVar

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message as ProtoMessage

from node.core import wire
from node.core.directory.directory import Member
from node.core.revision import require_call, trim

A = TypeVar("A", bound=ProtoMessage)


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """A method of a service, and the kind of message that it answers with.

    The generated stubs would read whatever comes, and send what the peer does not know.
    """

    method: MethodDescriptor
    answer: type[A]

    @classmethod
    def of(cls, file: ModuleType, service: str, name: str, answer: type[A]) -> Call[A]:
        """The method of that name in a service of a generated file."""
        method = file.DESCRIPTOR.services_by_name[service].methods_by_name[name]
        assert method.output_type is answer.DESCRIPTOR
        return cls(method, answer)

    @property
    def path(self) -> str:
        """What gRPC calls it."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"

    def request(self, member: Member, message: ProtoMessage) -> bytes:
        """The bytes to send to a member. Raises NodeError(PEER_UNAVAILABLE) for a call it does not know."""
        require_call(self.method, member.revision)
        return wire.write(trim(message, member.revision))

    def read(self, body: bytes) -> A:
        """What it answered. Raises NodeError(ENVELOPE_INVALID)."""
        return wire.read(self.answer, body, "error.wire.of.peer")

    def unary(self, channel: grpc.aio.Channel) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
        """The call on a channel, bytes for bytes."""
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(self.path)
        return call

    def stream(self, channel: grpc.aio.Channel) -> grpc.aio.StreamStreamMultiCallable[bytes, bytes]:
        """The call on a channel, bytes for bytes."""
        call: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(self.path)
        return call
