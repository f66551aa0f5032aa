"""Standard gRPC health, in which no watcher waits for another, nor the node for any of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping

import grpc
from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1 import health_pb2_grpc

from node.rpc.grpc_status import Context


class Health(health_pb2_grpc.HealthServicer):
    """What is served, by name.

    The servicer that comes with gRPC holds a lock while it writes to a watcher, and takes the same lock to
    set a status: a watcher that lets nothing through would hold up the node that says how it is.
    """

    def __init__(self) -> None:
        self._serving: dict[str, bool] = {}
        self._changed = asyncio.Event()

    def set(self, serving: Mapping[str, bool]) -> None:
        """Say of some names whether they are served; names said before stay."""
        if serving.items() <= self._serving.items():
            return
        self._serving.update(serving)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def Check(self, request: pb.HealthCheckRequest, context: Context) -> pb.HealthCheckResponse:
        """How it is now; NOT_FOUND for a name that was never said."""
        if request.service not in self._serving:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        return self._status(request.service)

    async def List(self, _request: object, context: Context) -> object:
        """How all is now."""
        statuses = {name: self._status(name) for name in self._serving}
        return pb.HealthListResponse(statuses=statuses)  # type: ignore[attr-defined]  # newer than the stubs

    async def Watch(
        self, request: pb.HealthCheckRequest, context: Context
    ) -> AsyncGenerator[pb.HealthCheckResponse, None]:
        """How it is now, and at every change."""
        told = None
        while True:
            changed, status = self._changed, self._status(request.service)
            if status != told:
                yield status
                told = status
            await changed.wait()

    def _status(self, name: str) -> pb.HealthCheckResponse:
        serving = self._serving.get(name)
        if serving is None:
            return pb.HealthCheckResponse(status=pb.HealthCheckResponse.SERVICE_UNKNOWN)
        good, bad = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING
        return pb.HealthCheckResponse(status=good if serving else bad)
