"""A platform gateway in the middle: ends TLS on both sides, forwards what it gets, and keeps all it saw."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from support.running import as_is
from support.town import Office, Town
from support.waiting import PATIENCE

from node.crypto.certificates import identify
from node.rpc.exchange_service import ON_BEHALF

Call = grpc.HandlerCallDetails
Context = grpc.ServicerContext


@dataclass(slots=True)
class Gateway(grpc.GenericRpcHandler):
    """Forwards every call on its port to one provider, in its own name."""

    upstream: grpc.Channel
    seen: list[bytes] = field(default_factory=list)
    """Everything that passed: requests, responses, metadata."""

    def service(self, details: Call) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Raw bytes in, raw bytes out."""
        path = details.method

        def unary(request: bytes, context: Context) -> bytes:
            call = self.upstream.unary_unary(path, as_is, as_is)
            self._see(request)
            try:
                response: bytes = call(request, timeout=PATIENCE, metadata=self._behalf(context))
            except grpc.RpcError as error:
                self._pass_on(error, context)
                raise AssertionError from None
            self._see(response)
            return response

        def stream(requests: Iterator[bytes], context: Context) -> Iterator[bytes]:
            call = self.upstream.stream_stream(path, as_is, as_is)
            try:
                for response in call(
                    map(self._see, requests), timeout=PATIENCE, metadata=self._behalf(context)
                ):
                    yield self._see(response)
            except grpc.RpcError as error:
                self._pass_on(error, context)

        if path.endswith(("/AskBatch", "/Link")):
            return grpc.stream_stream_rpc_method_handler(stream, as_is, as_is)
        return grpc.unary_unary_rpc_method_handler(unary, as_is, as_is)

    def _see(self, body: bytes) -> bytes:
        self.seen.append(body)
        return body

    def _behalf(self, context: Context) -> tuple[tuple[str, str], ...]:
        pem = next(iter(context.auth_context()["x509_pem_cert"]))
        return ((ON_BEHALF, identify(pem).department),)

    def _pass_on(self, error: grpc.RpcError, context: Context) -> None:
        assert isinstance(error, grpc.Call)
        context.set_trailing_metadata(tuple(error.trailing_metadata() or ()))
        context.abort(error.code(), error.details() or "")


@contextmanager
def gateway(town: Town, office: Office, provider: Office) -> Iterator[Gateway]:
    """A gateway with the certificate of `office`, on its exchange port, in front of `provider`."""
    roots = town.tls_authority.certificate
    certificate = (office.folder / "tls" / "exchange.pem").read_bytes()
    key = (office.folder / "tls" / "exchange.key").read_bytes()
    server = grpc.server(ThreadPoolExecutor(16))
    with grpc.secure_channel(
        f"127.0.0.1:{provider.exchange_port}", grpc.ssl_channel_credentials(roots, key, certificate)
    ) as upstream:
        between = Gateway(upstream)
        server.add_generic_rpc_handlers((between,))
        credentials = grpc.ssl_server_credentials([(key, certificate)], roots, require_client_auth=True)
        assert server.add_secure_port(f"127.0.0.1:{office.exchange_port}", credentials)
        server.start()
        try:
            yield between
        finally:
            server.stop(None).wait()
