"""The Python client: `from node.client import Client`."""

from node.client.channel import Credentials
from node.client.client import Client
from node.client.results import (
    CatalogueEntry,
    CatalogueFound,
    Chunk,
    ChunkResult,
    FieldAnswer,
    Statistic,
    Subject,
    Verification,
)

__all__ = [
    "CatalogueEntry",
    "CatalogueFound",
    "Chunk",
    "ChunkResult",
    "Client",
    "Credentials",
    "FieldAnswer",
    "Statistic",
    "Subject",
    "Verification",
]
