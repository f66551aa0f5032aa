"""The Python client: `from node.client import Client`, or `AsyncClient` in an event loop."""

from node.client.aio import AsyncClient
from node.client.catalogue import CatalogueEntry, CatalogueFound
from node.client.client import Client
from node.client.desk_tls import Credentials
from node.client.exchange_id import new_exchange_id
from node.client.results import (
    Chunk,
    ChunkResult,
    FieldAnswer,
    Statistic,
    Subject,
    Verification,
)
from node.errors import NodeError, Reason

__all__ = [
    "AsyncClient",
    "CatalogueEntry",
    "CatalogueFound",
    "Chunk",
    "ChunkResult",
    "Client",
    "Credentials",
    "FieldAnswer",
    "NodeError",
    "Reason",
    "Statistic",
    "Subject",
    "Verification",
    "new_exchange_id",
]
