"""Claims about replacing the data key of running nodes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.running import CASE, DEFERRAL, ENROLLED, Running, pension_town, resident, running
from support.town import HR, TAX

from node.client.client import Client
from node.client.results import Verification
from node.documents.rotation import rotate_data_key
from node.errors import NodeError


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Running]:
    """Human resources and the tax office, with a grant."""
    with running(pension_town(tmp_path), HR, TAX) as nodes:
        nodes.grant()
        yield nodes


def asked(tax: Client, exchange_id: bytes) -> Verification:
    """The answer under an exchange id: a new one, or the one that is kept."""
    return tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id)


def test_what_was_kept_before_a_rotation_is_read_with_the_old_key_and_written_with_the_new(
    nodes: Running,
) -> None:
    before, after = os.urandom(16), os.urandom(16)
    offices = [nodes.town.offices[code] for code in (HR, TAX)]
    old = [path for office in offices for path in (office.folder / "keys").glob("data-*.json")]
    with nodes.operator(TAX) as tax, nodes.operator(HR) as hr:
        first = asked(tax, before)
        for office in offices:
            rotate_data_key(office.folder / "keys", datetime.now(UTC), os.urandom)
        assert not any(desk.admin.reload().refused for desk in (tax, hr))
        assert asked(tax, before) == first
        second = asked(tax, after)
        for path in old:
            path.rename(path.with_suffix(".away"))
        assert not any(desk.admin.reload().refused for desk in (tax, hr))
        assert asked(tax, after) == second
        with pytest.raises(NodeError):
            asked(tax, before)
