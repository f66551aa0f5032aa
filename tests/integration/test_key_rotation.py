"""Claims about replacing the data key of running nodes, and the authority of the desk's callers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.running import CASE, DEFERRAL, ENROLLED, Running, pension_town, resident, running
from support.town import HR, TAX

from node.cli.pki.node import node_files
from node.client import Credentials
from node.client.client import Client
from node.client.results import Verification
from node.config.file import load_settings
from node.documents.desk_authority import (
    retire_desk_authority,
    rotate_desk_authority,
    rotate_desk_certificate,
)
from node.documents.pki import DeskUser, make_desk_authority, make_desk_user
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


def test_callers_of_the_desk_are_let_in_while_their_authority_is_replaced(nodes: Running) -> None:
    office = nodes.town.offices[TAX]
    files = node_files(load_settings(office.config))
    # Both are made by the product, and so of one name.
    first = make_desk_authority(TAX, datetime.now(UTC))
    files.desk_authority.write(first)
    files.desk_roots.write_bytes(first.certificate)
    rotate_desk_certificate(files, TAX, ["127.0.0.1"], datetime.now(UTC))

    def caller(name: str) -> DeskUser:
        return make_desk_user(files, office.folder.parent / name, TAX, "auditor", name, datetime.now(UTC))

    def is_let_in(user: DeskUser) -> bool:
        credentials = Credentials(user.certificate, user.key, user.desk_roots)
        try:
            with Client(f"127.0.0.1:{office.desk_port}", credentials) as auditor:
                return auditor.admin.status().department == TAX
        except NodeError:
            return False

    before = caller("before")
    with nodes.operator(TAX) as operator:
        assert operator.admin.reload().refused == ()
        assert is_let_in(before)
        rotate_desk_authority(files, TAX, datetime.now(UTC))
        assert operator.admin.reload().refused == ()
        after = caller("after")
        assert (is_let_in(before), is_let_in(after)) == (True, True)

        rotate_desk_certificate(files, TAX, ["127.0.0.1"], datetime.now(UTC))
        assert operator.admin.reload().refused == ()
        assert (is_let_in(before), is_let_in(after)) == (True, True)

        retire_desk_authority(files, TAX, ["127.0.0.1"], datetime.now(UTC))
        assert operator.admin.reload().refused == ()
        assert (is_let_in(before), is_let_in(after)) == (False, True)
