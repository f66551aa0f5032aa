"""The one mapping from `NodeError` to a gRPC status with google.rpc.ErrorInfo."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import NoReturn, TypeAlias, TypeVar

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message as ProtoMessage
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from node.error_info import error_info
from node.errors import NodeError, Reason

log = logging.getLogger(__name__)
R = TypeVar("R")
Context: TypeAlias = "grpc.aio.ServicerContext[ProtoMessage, ProtoMessage]"

_CODES = {
    grpc.StatusCode.UNAUTHENTICATED: (Reason.CALLER_UNIDENTIFIED,),
    grpc.StatusCode.PERMISSION_DENIED: (
        Reason.NO_GRANT,
        Reason.PURPOSE_NOT_ALLOWED,
        Reason.QUESTION_NOT_ALLOWED,
        Reason.CONDITION_NOT_MET,
        Reason.GRANT_EXPIRED,
        Reason.SUSPENDED,
        Reason.NOT_SHARED,
    ),
    grpc.StatusCode.INVALID_ARGUMENT: (Reason.QUERY_INVALID, Reason.ENVELOPE_INVALID, Reason.PROOF_INVALID),
    grpc.StatusCode.FAILED_PRECONDITION: (
        Reason.KEY_ID_UNKNOWN,
        Reason.POLICY_NOT_LOADED,
        Reason.DIRECTORY_EXPIRED,
        Reason.DIRECTORY_INVALID,
        Reason.CONFIG_INVALID,
        Reason.CLOCK_SKEWED,
        Reason.STATE_LOST,
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (
        Reason.BUDGET_EXHAUSTED,
        Reason.QUOTA_EXHAUSTED,
        Reason.RATE_LIMITED,
        Reason.OVERLOADED,
        Reason.TOO_LARGE,
    ),
    grpc.StatusCode.ALREADY_EXISTS: (Reason.REQUEST_REPLAYED,),
    grpc.StatusCode.NOT_FOUND: (Reason.NOT_FOUND,),
    grpc.StatusCode.UNAVAILABLE: (
        Reason.SOURCE_UNAVAILABLE,
        Reason.PEER_UNAVAILABLE,
        Reason.DRAINING,
        Reason.STORE_UNAVAILABLE,
        Reason.SOURCE_BUSY,
        Reason.OUTPUT_UNAVAILABLE,
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: (Reason.TIMEOUT,),
    grpc.StatusCode.DATA_LOSS: (Reason.LOG_CORRUPT, Reason.LOG_DIFFERS),
    grpc.StatusCode.INTERNAL: (Reason.INTERNAL,),
}
CODE_OF = {reason: code for code, reasons in _CODES.items() for reason in reasons}


def to_status(error: NodeError) -> Status:
    """The status of an error, with its reason and metadata as ErrorInfo."""
    detail = any_pb2.Any()
    detail.Pack(error_info(error))
    return Status(code=CODE_OF[error.reason].value[0], message=error.message, details=[detail])


async def abort(context: Context, error: NodeError) -> NoReturn:
    """End the call with the error."""
    await context.abort_with_status(rpc_status.to_status(to_status(error)))
    raise AssertionError("abort returns never")


async def answered(context: Context, work: Awaitable[R]) -> R:
    """The result of `work`; its NodeError becomes the status, any other error INTERNAL with an id only."""
    try:
        return await work
    except NodeError as error:
        await abort(context, error)
    except grpc.aio.AbortError:
        raise
    except Exception:
        await abort(context, internal_error())


async def streamed(context: Context, work: Callable[[], AsyncGenerator[R, None]]) -> AsyncGenerator[R, None]:
    """As `answered`, for a stream of responses; what `work` holds is let go when the caller goes away."""
    try:
        async with aclosing(work()) as items:
            async for item in items:
                yield item
    except NodeError as error:
        await abort(context, error)
    except grpc.aio.AbortError:
        raise
    except Exception:
        await abort(context, internal_error())


def told(error: BaseException) -> NodeError:
    """What a caller is told of an error that ended its work: it as it is, or that it was a defect."""
    return error if isinstance(error, NodeError) else internal_error(error)


def internal_error(defect: BaseException | None = None) -> NodeError:
    """The error for a defect, by default the one in hand: it is logged, the caller gets an id only."""
    request_id = secrets.token_hex(8)
    log.error("request %s failed", request_id, exc_info=defect or True)
    return NodeError(
        Reason.INTERNAL,
        "error.rpc.node-failed",
        request_id=request_id,
    )
