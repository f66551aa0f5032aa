"""Fixtures that test files of several folders have in common; `tests/conftest.py` brings them in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.fake_desk import FakeDesk, serving
from support.live import Databases, databases
from support.two_sides import TwoSides
from support.waiting import PATIENCE

from node.client import Client


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[TwoSides]:
    """A requester and a provider without a network between them."""
    sides = TwoSides(tmp_path)
    yield sides
    await sides.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Live databases of every kind, started when a test of the file first needs them."""
    with databases(tmp_path_factory.mktemp("live")) as servers:
        yield servers


@pytest.fixture
def desk() -> FakeDesk:
    """A desk that answers what a test tells it to."""
    return FakeDesk()


@pytest.fixture
def address(desk: FakeDesk, tmp_path: Path) -> Iterator[str]:
    """Where that desk is."""
    with serving(desk, tmp_path) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    """A client of that desk."""
    with Client(address, timeout=PATIENCE) as client:
        yield client
