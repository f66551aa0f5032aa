"""Certificates, keys, directory, policies and data are read again while questions are being answered."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.log_audit import audit
from support.running import (
    BAND,
    CASE,
    DEFERRAL,
    ENROLLED,
    Running,
    goes_on,
    pension_policy,
    pension_town,
    resident,
    running,
    traffic,
)
from support.told import all_english
from support.town import HR, MEDICAL, TAX, Office
from support.waiting import PATIENCE, wait_for

from node.client import Chunk, Subject
from node.core.directory.spelling import SealingKey
from node.core.role import OPERATOR, OPERATOR_FINGERPRINT
from node.crypto.certificates import identify, issue_desk, issue_node, make_authority
from node.demo.process import NodeProcess
from node.documents.keys import KeyUse, generate, write_key
from node.errors import NodeError, Reason

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Every test leaves them as whole as it found them."""
    with running(pension_town(tmp_path_factory.mktemp("town")), HR, TAX) as nodes:
        nodes.grant()
        yield nodes
        for code in (HR, TAX):
            with nodes.operator(code) as client:
                assert audit(client, nodes.town.member(code)) == []


def _verify(nodes: Running, number: int = 2) -> bool:
    with nodes.operator(TAX) as tax:
        return tax.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE).answer


def _fails(nodes: Running) -> Reason:
    with pytest.raises(NodeError) as refused:
        _verify(nodes)
    return refused.value.reason


def _reload(nodes: Running, *codes: str) -> list[str]:
    """Reload these nodes; what they refused."""
    refused: list[str] = []
    for code in codes or (HR, TAX):
        with nodes.operator(code) as client:
            refused += all_english(client.admin.reload().refused)
    return refused


def _write(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.chmod(0o600)
    part.replace(path)


# --- certificates ---


def test_new_exchange_certificates_take_over_without_a_lost_question(nodes: Running) -> None:
    town, now = nodes.town, datetime.now(UTC)
    with traffic(nodes) as answered:
        goes_on(answered)
        for code in (HR, TAX):
            member = town.member(code)
            new = issue_node(town.tls_authority, code, ["127.0.0.1"], now, DAY)
            both = (*member.certificates, identify(new.certificate).fingerprint.hex())
            town.publish(replace(member, certificates=both))
            assert _reload(nodes) == []
            folder = town.offices[code].folder / "tls"
            _write(folder / "exchange.key", new.key)
            _write(folder / "exchange.pem", new.certificate)
            assert _reload(nodes, code) == []
            goes_on(answered)
            # The old certificate is struck off; who still used it would be refused now.
            town.publish(replace(town.member(code), certificates=both[1:]))
            assert _reload(nodes) == []
            goes_on(answered)


def test_certificate_that_is_struck_off_is_refused_on_connections_that_are_open(nodes: Running) -> None:
    assert _verify(nodes)
    member = nodes.town.member(TAX)
    nodes.town.publish(replace(member, certificates=("00" * 32,)))
    _reload(nodes, HR)
    assert _fails(nodes) is Reason.CALLER_UNIDENTIFIED
    nodes.town.publish(member)
    _reload(nodes, HR)
    assert _verify(nodes)


def test_new_desk_certificate_and_authority_take_over(nodes: Running) -> None:
    office, now = nodes.town.offices[TAX], datetime.now(UTC)
    with nodes.user(TAX, "system") as before:
        before.grants()
        office.desk_authority = make_authority("new", now, DAY)
        desk = issue_desk(office.desk_authority, "desk", ["127.0.0.1"], now, DAY)
        for name, content in (
            ("desk.key", desk.key),
            ("desk.pem", desk.certificate),
            ("desk-roots.pem", office.desk_authority.certificate),
        ):
            _write(office.folder / "tls" / name, content)
        assert _reload(nodes, TAX) == []
    with nodes.user(TAX, "auditor") as after:
        after.grants()


@pytest.mark.parametrize("name", ["exchange.pem", "exchange.key", "desk.pem", "desk.key"])
@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_bad_certificate_is_refused_and_the_last_good_one_stays(
    nodes: Running, name: str, content: bytes | None
) -> None:
    path = nodes.town.offices[HR].folder / "tls" / name
    good = path.read_bytes()
    if content is None:
        path.unlink()
    else:
        _write(path, content)
    assert any("certificate" in line for line in _reload(nodes, HR))
    with nodes.operator(HR) as hr:
        status = hr.admin.status()
        assert status.state == "DEGRADED"
        assert any("certificate" in problem.message for problem in status.problems)
    _new_connections(nodes)
    assert _verify(nodes)
    with nodes.user(HR, "auditor") as auditor:
        assert auditor.admin.status().state == "DEGRADED"
    _write(path, good)
    assert _reload(nodes, HR) == []


def test_certificate_of_another_key_or_department_is_refused(nodes: Running) -> None:
    town, now = nodes.town, datetime.now(UTC)
    folder = town.offices[HR].folder / "tls"
    good = (folder / "exchange.pem").read_bytes(), (folder / "exchange.key").read_bytes()
    other = issue_node(town.tls_authority, HR, ["127.0.0.1"], now, DAY)
    foreign = issue_node(town.tls_authority, MEDICAL, ["127.0.0.1"], now, DAY)
    for certificate, key in (
        (other.certificate, good[1]),
        (good[0], other.key),
        (foreign.certificate, foreign.key),
    ):
        _write(folder / "exchange.pem", certificate)
        _write(folder / "exchange.key", key)
        assert _reload(nodes, HR) != []
        _new_connections(nodes)
        assert _verify(nodes)
    _write(folder / "exchange.pem", good[0])
    _write(folder / "exchange.key", good[1])
    assert _reload(nodes, HR) == []


def _new_connections(nodes: Running) -> None:
    """Make the tax office connect anew."""

    async def close() -> None:
        await nodes.nodes[TAX]._peers.close()

    nodes.call(close())


# --- keys ---


def test_sealing_key_is_rotated_with_overlap_under_traffic(nodes: Running) -> None:
    town, now = nodes.town, datetime.now(UTC)
    folder = town.offices[HR].folder / "keys"
    old = [path.name for path in folder.iterdir() if path.name.startswith("sealing")]
    with traffic(nodes) as answered:
        goes_on(answered)
        new = generate(KeyUse.SEALING, now, now + DAY, os.urandom)
        write_key(folder, new)
        assert _reload(nodes, HR) == []  # it can be opened
        key = SealingKey.parse(new.sealing_key().public.encode())
        member = town.member(HR)
        town.publish(replace(member, sealing_keys=(*member.sealing_keys, key)))
        assert _reload(nodes, TAX) == []  # it is used
        goes_on(answered)
        town.publish(replace(member, sealing_keys=(key,)))
        assert _reload(nodes) == []
        goes_on(answered)
        assert len(old) == 1
        (folder / old.pop()).unlink()
        assert _reload(nodes, HR) == []
        goes_on(answered)


def test_key_that_is_gone_at_once_fails_with_its_reason_and_recovers_with_the_directory(
    nodes: Running,
) -> None:
    town, now = nodes.town, datetime.now(UTC)
    assert _verify(nodes)
    folder = town.offices[HR].folder / "keys"
    for path in folder.iterdir():
        if path.name.startswith("sealing"):
            path.unlink()
    new = generate(KeyUse.SEALING, now, now + DAY, os.urandom)
    write_key(folder, new)
    assert _reload(nodes, HR) == []
    assert _fails(nodes) is Reason.KEY_ID_UNKNOWN
    key = SealingKey.parse(new.sealing_key().public.encode())
    town.publish(replace(town.member(HR), sealing_keys=(key,)))
    assert _reload(nodes) == []
    assert _verify(nodes)


def test_damaged_key_file_is_refused_and_the_keys_stay(nodes: Running) -> None:
    folder = nodes.town.offices[HR].folder / "keys"
    path = next(path for path in folder.iterdir() if path.name.startswith("sealing"))
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    assert any("keys" in line for line in _reload(nodes, HR))
    assert _verify(nodes)
    path.write_bytes(good)
    assert _reload(nodes, HR) == []


# --- the directory ---


def test_suspended_department_is_denied_at_once_and_recorded(nodes: Running) -> None:
    assert _verify(nodes)
    member = nodes.town.member(TAX)
    nodes.town.publish(replace(member, suspended=True))
    _reload(nodes, HR)
    assert _fails(nodes) is Reason.SUSPENDED
    last = nodes.records(HR)[-1]
    assert (last.requester, last.verdict.reason) == (TAX, Reason.SUSPENDED.wire)
    nodes.town.publish(member)
    _reload(nodes, HR)
    assert _verify(nodes)


def test_department_suspended_during_a_batch_gets_no_further_chunk(nodes: Running) -> None:
    member = nodes.town.member(TAX)
    chunks = [Chunk(n, (Subject(resident(n)),)) for n in range(60)]
    with nodes.operator(TAX) as tax:
        results = tax.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16), window=4)
        assert next(results).refusal is None
        nodes.town.publish(replace(member, suspended=True))
        _reload(nodes, HR)
        refused = [each.refusal for each in results]
    nodes.town.publish(member)
    _reload(nodes, HR)
    # At most what was under way when the suspension came was still answered.
    assert all(refusal is not None and refusal.reason is Reason.SUSPENDED for refusal in refused[20:])
    assert len(refused) == 59
    assert _verify(nodes)


def test_directory_is_noticed_without_being_told(nodes: Running) -> None:
    with nodes.operator(HR) as hr:
        version = hr.admin.status().directory_version
        nodes.town.publish()
        wait_for(lambda: hr.admin.status().directory_version == version + 1)


@pytest.fixture
def unwatched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Nodes that read their files again only when they are told to."""
    monkeypatch.setattr("node.app.node.WATCH_SECONDS", 3600)
    with running(pension_town(tmp_path), HR, TAX) as nodes:
        nodes.grant()
        yield nodes


def test_expired_directory_stops_the_exchange_until_a_new_one_comes(unwatched: Running) -> None:
    nodes = unwatched
    assert _verify(nodes)
    nodes.town.publish(lifetime=timedelta(seconds=3))
    _reload(nodes)
    wait_for(lambda: _state(nodes, HR) == "DEGRADED")
    wait_for(lambda: _state(nodes, TAX) == "DEGRADED")
    assert _fails(nodes) is Reason.DIRECTORY_EXPIRED
    nodes.town.publish()
    assert _reload(nodes, TAX) == []
    # The provider still has the old one: it identifies nobody by it.
    assert _fails(nodes) is Reason.DIRECTORY_EXPIRED
    assert _reload(nodes, HR) == []
    assert _verify(nodes)
    assert _state(nodes, HR) == "SERVING"


def _state(nodes: Running, code: str) -> str:
    with nodes.operator(code) as client:
        return client.admin.status().state


def test_directory_that_was_rolled_back_or_forged_is_refused(nodes: Running) -> None:
    path = nodes.town.folder / "directory.note"
    old = path.read_bytes()
    nodes.town.publish()
    new = path.read_bytes()
    assert _reload(nodes) == []
    forged = new.replace(b"department 1144", b"Department 1144", 1)
    truncated = new[: len(new) // 2]
    for bad in (old, forged, truncated, b"", b"\n" * 100):
        _write(path, bad)
        assert len(_reload(nodes)) == 2
        assert _verify(nodes)
        assert _state(nodes, HR) == "DEGRADED"
    path.unlink()
    assert len(_reload(nodes)) == 2
    assert _verify(nodes)
    _write(path, new)
    assert _reload(nodes) == []
    with nodes.operator(HR) as client:
        assert client.admin.status().problems == ()


def test_rolled_back_directory_is_refused_after_a_restart_too(nodes: Running) -> None:
    path = nodes.town.folder / "directory.note"
    old = path.read_bytes()
    nodes.town.publish()
    _reload(nodes, HR)
    nodes.stop(HR)
    new = path.read_bytes()
    _write(path, old)
    office = nodes.town.offices[HR]
    process = NodeProcess(office.config, office.socket, office.folder / "output")
    process.start()
    assert process.wait(PATIENCE) not in (0, None)
    assert "was already in use" in process.last_output()
    _write(path, new)
    nodes.start(HR)
    assert _verify(nodes)


# --- policies and data ---


def test_policy_changes_between_two_questions(nodes: Running) -> None:
    office = nodes.town.offices[HR]
    path = office.folder / "policies" / "pension-insurance.yaml"
    good = path.read_bytes()
    with nodes.operator(TAX) as tax:
        assert tax.field(BAND, resident(77), purpose=DEFERRAL, case=CASE).value == "[60,120)"
        _write(path, pension_policy().replace("contribution-band, name-matches", "name-matches").encode())
        assert _reload(nodes, HR) == []
        with pytest.raises(NodeError) as denied:
            tax.field(BAND, resident(77), purpose=DEFERRAL, case=CASE)
        assert denied.value.reason in (Reason.PURPOSE_NOT_ALLOWED, Reason.QUESTION_NOT_ALLOWED)
        digests = [r.verdict.policy_digest for r in nodes.records(HR) if r.WhichOneof("body") == "verdict"]
        assert digests[-1] != digests[-2]
    assert _verify(nodes)
    _write(path, good)
    assert _reload(nodes, HR) == []


@pytest.mark.parametrize("text", ["", "dataset: [", "dataset: pension-insurance\n", "\xff\xfe"])
def test_bad_policy_is_refused_and_the_last_good_one_stays(nodes: Running, text: str) -> None:
    path = nodes.town.offices[HR].folder / "policies" / "pension-insurance.yaml"
    good = path.read_bytes()
    _write(path, text.encode("latin-1"))
    assert any("policies" in line for line in _reload(nodes, HR))
    assert _verify(nodes)
    _write(path, good)
    assert _reload(nodes, HR) == []


def test_new_data_file_is_answered_from_under_traffic(nodes: Running) -> None:
    office: Office = nodes.town.offices[HR]
    path = office.folder / "data" / "pension-insurance.csv"
    before = len(nodes.records(HR))
    with traffic(nodes) as answered:
        goes_on(answered)
        added = f"{resident(600)},新人,active,5,441900003\n"
        _write(path, path.read_bytes() + added.encode())
        assert _reload(nodes, HR) == []
        goes_on(answered)
        assert _verify(nodes, 600)
    loads = [r.verdict.load.number for r in nodes.records(HR)[before:] if r.verdict.HasField("load")]
    assert loads == sorted(loads)
    assert len(set(loads)) == 2


def test_bad_data_file_is_refused_and_the_last_good_one_stays(nodes: Running) -> None:
    path = nodes.town.offices[HR].folder / "data" / "pension-insurance.csv"
    good = path.read_bytes()
    for bad in (b"", b"no,such,columns\n1,2,3\n"):
        _write(path, bad)
        assert any("source" in line for line in _reload(nodes, HR))
        assert _verify(nodes)
    path.unlink()
    assert any("source" in line for line in _reload(nodes, HR))
    assert _verify(nodes)
    _write(path, good)
    assert _reload(nodes, HR) == []


def test_reloads_at_once_and_again_leak_nothing(nodes: Running) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def many() -> None:
        threads = [threading.Thread(target=_reload, args=(nodes, HR)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    first = len(nodes.records(HR))
    with traffic(nodes) as answered:
        many()
        before = descriptors()
        for _ in range(5):
            many()
        goes_on(answered)
    assert descriptors() < before + 12
    reloads = [r.admin for r in nodes.records(HR)[first:] if r.admin.action == "node.reload"]
    assert len(reloads) == 24
    assert {(r.role, r.caller) for r in reloads} == {(OPERATOR, OPERATOR_FINGERPRINT)}
