"""Claims about replacing the log and cosign keys of running nodes: published first, then signed with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.running import (
    CASE,
    DEFERRAL,
    ENROLLED,
    Running,
    goes_on,
    pension_town,
    resident,
    running,
    traffic,
)
from support.town import HR, TAX, keys_of
from support.waiting import PATIENCE

from node.core.directory.directory import Member, parse_member
from node.crypto.signing import Verifier, open_note
from node.demo.process import NodeProcess
from node.documents.keys import KeyUse
from node.errors import NodeError, Reason

BOTH = (HR, TAX)
LOG_AND_COSIGN = (KeyUse.LOG, KeyUse.COSIGN)


class World:
    """Human resources and the tax office, each with a copy of the directory of its own."""

    def __init__(self, nodes: Running) -> None:
        self.nodes = nodes
        self.town = nodes.town

    def folder(self, code: str) -> Path:
        return self.town.offices[code].folder

    def rotate(self, code: str) -> None:
        """Make the next keys, and let the node read them; nobody has published them yet."""
        for use in LOG_AND_COSIGN:
            assert dxnode("pki", "rotate", use, "--config", self.town.offices[code].config).code == 0
        self.reload(code)

    def publish(self, code: str) -> Member:
        """The authority publishes what the department exports; nobody has fetched it yet."""
        roots, out = self.town.folder / "roots.pem", self.folder(code) / "member.json"
        roots.write_bytes(self.town.tls_authority.certificate)
        config = self.town.offices[code].config
        exported = dxnode("pki", "member", "--config", config, "--roots", roots, "--out", out)
        assert exported.code == 0, exported.err
        member = parse_member(out.read_bytes())
        self.town.publish(member)
        return member

    def fetch(self, *codes: str) -> None:
        """These nodes get the newest directory."""
        for code in codes:
            part = self.folder(code) / "directory.part"
            shutil.copyfile(self.town.folder / "directory.note", part)
            part.replace(self.folder(code) / "directory.note")
            self.reload(code)

    def reload(self, code: str) -> None:
        with self.nodes.operator(code) as client:
            assert client.admin.reload().refused == ()

    def take_away_all_but_the_newest(self, code: str) -> None:
        for use in LOG_AND_COSIGN:
            for key in [each for each in keys_of(self.town.offices[code]) if each.use is use][1:]:
                (self.folder(code) / "keys" / f"{use}-{key.key_id}.json").unlink()

    def notes(self, code: str) -> tuple[bytes, bytes]:
        """The newest checkpoint, and the newest that is cosigned."""
        with self.nodes.operator(code) as client:
            notes = client.log.checkpoints()
            return notes.newest, notes.cosigned

    def signs_with(self, code: str) -> tuple[str, str]:
        """The log key of the newest checkpoint and the cosign key of the newest cosigned one."""
        newest, cosigned = self.notes(code)
        member = self.town.member(code)
        (log,) = open_note(newest, map(Verifier.parse, member.log_keys)).verified
        (cosign,) = open_note(cosigned, map(Verifier.parse, member.cosign_keys)).verified
        return log.vkey(), cosign.vkey()

    def ask(self, exchange_id: bytes = b"") -> bool:
        with self.nodes.operator(TAX) as tax:
            return tax.verify(
                ENROLLED, resident(2), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id
            ).answer

    def refused(self, exchange_id: bytes) -> NodeError:
        with pytest.raises(NodeError) as caught:
            self.ask(exchange_id)
        return caught.value

    def verify_exports(self, *kept: Path) -> None:
        """Both logs verify from an export, with the directory and the checkpoints `<code>-*` of `kept`."""
        for code in BOTH:
            export = self.folder(code) / "usage.log"
            desk = f"unix:{self.town.offices[code].socket}"
            assert dxnode("log", "export", export, "--force", "--desk", desk).code == 0
            directory, authority = self.town.folder / "directory.note", self.town.signer.verifier.vkey()
            checkpoints = [
                part for path in kept if path.name.startswith(code) for part in ("--checkpoint", path)
            ]
            options = ("--directory", directory, "--authority-key", authority, *checkpoints)
            ran = dxnode("log", "verify", export, *options)
            assert ran.code == 0, ran.err
            assert "the log is whole" in ran.out


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Both nodes, with a grant."""
    town = pension_town(tmp_path)
    for code in BOTH:
        office = town.offices[code]
        shutil.copyfile(town.folder / "directory.note", office.folder / "directory.note")
        text = office.config.read_text()
        office.config.write_text(text.replace("../directory.note", "directory.note"))
    with running(town, *BOTH) as nodes:
        nodes.grant()
        yield World(nodes)


def test_log_keys_of_both_sides_are_replaced_without_a_lost_question_and_both_logs_verify(
    world: World, tmp_path: Path
) -> None:
    kept: list[Path] = []

    def keep(code: str) -> None:
        path = tmp_path / f"{code}-{len(kept)}.checkpoint"
        path.write_bytes(world.notes(code)[0])
        kept.append(path)

    with traffic(world.nodes) as answered:
        goes_on(answered)
        for code, other in (BOTH, BOTH[::-1]):
            keep(code)
            before = world.signs_with(code)
            world.rotate(code)
            goes_on(answered)
            assert world.signs_with(code) == before
            member = world.publish(code)
            assert [member.log_keys[1:], member.cosign_keys[1:]] == [(before[0],), (before[1],)]
            world.fetch(other)
            goes_on(answered)
            assert world.signs_with(code) == before
            keep(code)
            world.fetch(code)
            goes_on(answered)
            assert world.signs_with(code) == (member.log_keys[0], member.cosign_keys[0])
            keep(code)
    world.verify_exports(*kept)
    for code in BOTH:
        # Its stored checkpoint is of the new key, the older ones of the old.
        world.nodes.stop(code)
        world.nodes.start(code)
    assert world.ask()
    world.verify_exports(*kept)


def test_node_that_was_down_for_the_change_goes_on_from_the_checkpoint_of_its_old_key(world: World) -> None:
    assert world.ask()
    world.rotate(HR)
    old = world.signs_with(HR)
    member = world.publish(HR)
    world.nodes.stop(HR)
    shutil.copyfile(world.town.folder / "directory.note", world.folder(HR) / "directory.note")
    world.fetch(TAX)
    world.nodes.start(HR)
    assert world.signs_with(HR)[0] == old[0]
    assert world.ask()
    assert world.signs_with(HR)[0] == member.log_keys[0]
    world.verify_exports()


def test_key_that_was_struck_off_is_refused_and_its_successor_is_not(world: World) -> None:
    assert world.ask()
    world.rotate(HR)
    world.publish(HR)
    world.fetch(TAX)
    # Human resources still signs with the old key, by its own directory.
    world.take_away_all_but_the_newest(HR)
    world.publish(HR)
    world.fetch(TAX)
    exchange_id = os.urandom(16)
    error = world.refused(exchange_id)
    assert error.reason is Reason.PROOF_INVALID
    world.fetch(HR)
    assert world.ask(exchange_id)
    world.verify_exports()
    world.nodes.stop(HR)
    world.nodes.start(HR)
    assert world.ask()


def test_requester_with_an_old_directory_is_told_to_fetch_the_new_one(world: World) -> None:
    world.rotate(HR)
    world.publish(HR)
    world.fetch(HR)
    exchange_id = os.urandom(16)
    error = world.refused(exchange_id)
    assert error.reason is Reason.PROOF_INVALID
    assert "fetch the newest directory" in error.message
    world.fetch(TAX)
    assert world.ask(exchange_id)
    verdicts = [each for each in world.nodes.records(HR) if each.exchange_id == exchange_id]
    assert len(verdicts) == 1
    world.verify_exports()


def test_provider_with_an_old_directory_denies_until_it_has_the_new_one(world: World) -> None:
    world.rotate(TAX)
    world.publish(TAX)
    world.fetch(TAX)
    assert world.refused(os.urandom(16)).reason is Reason.PROOF_INVALID
    assert world.nodes.records(HR)[-1].verdict.reason == Reason.PROOF_INVALID.wire
    world.fetch(HR)
    assert world.ask()
    world.verify_exports()


def test_node_says_that_its_keys_are_not_listed_and_keeps_its_log(world: World) -> None:
    world.rotate(HR)
    world.take_away_all_but_the_newest(HR)
    world.reload(HR)
    with world.nodes.operator(HR) as hr:
        assert any("does not list the key" in problem.message for problem in hr.admin.status().problems)
    assert world.refused(os.urandom(16)).reason is Reason.PROOF_INVALID
    world.publish(HR)
    world.fetch(*BOTH)
    with world.nodes.operator(HR) as hr:
        assert hr.admin.status().problems == ()
    assert world.ask()
    world.verify_exports()


def test_node_whose_last_signing_key_was_taken_away_does_not_start_and_says_why(world: World) -> None:
    assert world.ask()
    world.nodes.stop(HR)
    office = world.town.offices[HR]
    assert dxnode("pki", "rotate", "log", "--config", office.config).code == 0
    kept = {path: path.read_bytes() for path in (office.folder / "keys").glob("log-*.json")}
    world.take_away_all_but_the_newest(HR)
    process = NodeProcess(office.config, office.socket, office.folder / "output")
    process.start()
    assert process.wait(PATIENCE) not in (0, None)
    assert "put back the one that was taken away" in process.last_output()
    for path, content in kept.items():
        path.touch(mode=0o600)
        path.write_bytes(content)
    world.nodes.start(HR)
    assert world.ask()
