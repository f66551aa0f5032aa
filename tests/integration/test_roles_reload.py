"""A running process takes up roles in node.yaml, keeps the last good ones, names what needs a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import Processes, processes
from support.running import BAND, CASE, DEFERRAL, ENROLLED, pension_town, resident
from support.told import all_english
from support.town import HR, TAX, Office
from support.waiting import wait_for

from node.client import Client
from node.client.desk_tls import Credentials
from node.core.state.part import PartKind
from node.errors import NodeError, Reason

ENROLLED_ONLY = 'roles: {clerk: {questions: ["*/is-enrolled"]}}'
BAND_ONLY = 'roles: {clerk: {questions: ["*/contribution-band"]}}'
OTHER_PURPOSE = 'roles: {clerk: {questions: ["*/*"], purposes: [city-planning]}}'
BAD = "roles: {clerk: {questions: [everything]}}"


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Processes]:
    with processes(pension_town(tmp_path, extra=ENROLLED_ONLY), HR, TAX) as nodes:
        nodes.grant()
        yield nodes


def clerk(office: Office) -> Client:
    folder = office.desk_user("clerk")
    credentials = Credentials(folder / "cert.pem", folder / "key.pem", folder / "roots.pem")
    return Client(f"127.0.0.1:{office.desk_port}", credentials)


def asked(client: Client) -> tuple[Reason | None, Reason | None]:
    """What comes of asking whether somebody is enrolled, and for the band."""
    refused: list[Reason | None] = []
    for ask, question in ((client.verify, ENROLLED), (client.field, BAND)):
        try:
            ask(question, resident(2), purpose=DEFERRAL, case=CASE)
            refused.append(None)
        except NodeError as error:
            refused.append(error.reason)
    return refused[0], refused[1]


def write(office: Office, old: str, new: str) -> None:
    """Change node.yaml, whole from one moment to the next."""
    text = office.config.read_text()
    assert old in text
    part = office.config.with_suffix(".part")
    part.write_text(text.replace(old, new))
    part.replace(office.config)


def test_roles_change_under_open_connections_and_the_last_good_ones_stay(nodes: Processes) -> None:
    office, no = nodes.town.offices[TAX], Reason.QUESTION_NOT_ALLOWED
    with clerk(office) as client, nodes.client(TAX) as operator:
        assert asked(client) == (None, no)

        # Told by a signal.
        write(office, ENROLLED_ONLY, BAND_ONLY)
        nodes.ask_to_reload(TAX)
        wait_for(lambda: asked(client) == (no, None))
        assert operator.admin.status().state == "SERVING"

        # A bad file: told where, and the last good roles stay.
        write(office, BAND_ONLY, BAD)
        [refused] = operator.admin.reload().refused
        assert refused.message.startswith(f"settings: {office.config}:")
        assert "roles.clerk.questions.0 must be dataset/question" in refused.message
        assert asked(client) == (no, None)
        status = operator.admin.status()
        assert status.state == "DEGRADED"
        assert status.problems == (refused,)
        assert "roles" not in " ".join(all_english(operator.admin.reload().done))

        # By itself, once it is good again; what cannot change in a running node is named, the roles change.
        write(office, BAD, OTHER_PURPOSE + "\nlimits: {concurrent: 7}\ntimezone: Asia/Urumqi")
        wait_for(lambda: asked(client) == (Reason.PURPOSE_NOT_ALLOWED, Reason.PURPOSE_NOT_ALLOWED))
        restart = "restart needed: timezone, limits.concurrent changed in node.yaml"
        assert all_english(operator.admin.status().problems) == [restart]
        again = operator.admin.reload()
        assert all_english(again.refused) == [restart]
        assert "roles clerk" in all_english(again.done)

        # A file that is gone changes nothing either.
        text = office.config.read_text()
        office.config.unlink()
        assert any(each.part.kind is PartKind.SETTINGS for each in operator.admin.reload().refused)
        assert asked(client) == (Reason.PURPOSE_NOT_ALLOWED, Reason.PURPOSE_NOT_ALLOWED)

        # Nobody has a role left, and nothing waits for a restart.
        office.config.write_text(text)
        write(office, OTHER_PURPOSE + "\nlimits: {concurrent: 7}\ntimezone: Asia/Urumqi", "")
        assert operator.admin.reload().refused == ()
        assert operator.admin.status().state == "SERVING"
        assert asked(client) == (no, no)
