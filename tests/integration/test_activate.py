"""`dxnode policy activate` at a running node: real processes and TLS, good bundles and bad ones."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
from grpc_health.v1 import health_pb2
from support.approvals import appoint, approve, versions
from support.bundles import DAY, LI, WANG, ZHAO, listed, officer
from support.cli_run import dxnode
from support.hand_clock import following
from support.launched import launched
from support.places import POLICIES
from support.processes import processes, read_ended
from support.running import (
    CASE,
    DEFERRAL,
    ENROLLED,
    Running,
    asking,
    goes_on,
    pension_grant,
    pension_policy,
    pension_town,
    resident,
)
from support.signing import POLICY, Nodes, Officers
from support.told import all_english
from support.town import HR, TAX
from support.waiting import PATIENCE, patiently, wait_for

from node.client import Client
from node.core.policy.approval import ApprovalRole
from node.core.policy.bundle import MANIFEST
from node.demo.process import DXNODE
from node.documents.approval_file import approval_path
from node.documents.bundle_folder import ACTIVE
from node.errors import NodeError, Reason

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Every test leaves a good bundle in use; at the end, all verdicts name the bundles that decided."""
    town = pension_town(tmp_path_factory.mktemp("town"), unsigned=False)
    town.publish(listed(town.member(HR), LI, WANG))
    appoint(town)
    officers = Officers(town)
    officers.put()
    with processes(town, HR, TAX) as running:
        running.grant()
        yield Nodes(running, officers)
    provider, requester = read_ended(town, HR), read_ended(town, TAX)
    assert provider.findings == requester.findings == ()
    decided = [each.verdict for each in provider.records if each.WhichOneof("body") == "verdict"]
    assert decided
    versions = [officers.versions[verdict.policy_digest] for verdict in decided]
    assert versions == sorted(versions)
    outcomes = [each.outcome for each in requester.records if each.WhichOneof("body") == "outcome"]
    told = {outcome.policy_digest for outcome in outcomes if outcome.verdict_hash}
    assert told == {verdict.policy_digest for verdict in decided}


def test_new_bundles_are_taken_up_without_restart_and_without_a_dropped_request(nodes: Nodes) -> None:
    with nodes.running.client(TAX) as tax, asking(tax) as answered:
        process = nodes.running.nodes[HR].pid
        for _ in range(3):
            goes_on(answered)
            version = nodes.officers.activate_next()
            goes_on(answered)
            status = nodes.status()
            assert (status.state, status.policy_version) == ("SERVING", version)
            assert status.policy_digest == nodes.officers.digest()
            assert status.policy_approved == ("li", "wang")
            assert status.policy_valid_until is not None
            assert status.policy_valid_until > datetime.now(UTC) + 29 * DAY
            assert not status.policies_unsigned
            assert nodes.health() == (SERVING, SERVING)
        assert nodes.running.nodes[HR].pid == process


def _too_few(officers: Officers) -> None:
    officers.sign(signers=(LI,))


def _one_officer_twice(officers: Officers) -> None:
    officers.sign(signers=(LI,))
    note = (officers.draft / MANIFEST).read_text()
    (officers.draft / MANIFEST).write_text(note + note.splitlines(keepends=True)[-1])


def _wrong_key(officers: Officers) -> None:
    officers.sign(signers=(LI, officer("wang", key="found on the way")))


def _unknown(officers: Officers) -> None:
    officers.sign(signers=(LI, ZHAO))


def _tampered(officers: Officers) -> None:
    officers.sign()
    path = officers.draft / POLICY
    path.write_text(path.read_text().replace("08:30", "00:30", 1))


def _signature_changed(officers: Officers) -> None:
    officers.sign()
    lines = (officers.draft / MANIFEST).read_text().splitlines(keepends=True)
    lines[-1] = lines[-1][:-9] + ("A" if lines[-1][-9] != "A" else "B") + lines[-1][-8:]
    (officers.draft / MANIFEST).write_text("".join(lines))


def _rolled_back(officers: Officers) -> None:
    officers.sign(version=1)


def _mixed(officers: Officers) -> None:
    officers.sign()
    (officers.draft / POLICY).write_text(pension_policy(per_day="100001"))  # as in version 1


def _cut(officers: Officers) -> None:
    officers.sign()
    content = (officers.draft / POLICY).read_bytes()
    (officers.draft / POLICY).write_bytes(content[: len(content) // 2])


def _expired(officers: Officers) -> None:
    officers.sign(start=datetime.now(UTC) - 9 * DAY, end=datetime.now(UTC) - DAY)


def _not_yet(officers: Officers) -> None:
    officers.sign(start=datetime.now(UTC) + DAY)


def _file_added(officers: Officers) -> None:
    officers.sign()
    shutil.copy(POLICIES / "diploma.yaml", officers.draft)


def _file_removed(officers: Officers) -> None:
    shutil.copy(POLICIES / "diploma.yaml", officers.draft)
    officers.sign()
    (officers.draft / "diploma.yaml").unlink()


def _link_out(officers: Officers) -> None:
    officers.sign()
    shutil.copy(officers.draft / POLICY, officers.town.folder / "elsewhere.yaml")
    (officers.draft / POLICY).unlink()
    (officers.draft / POLICY).symlink_to(officers.town.folder / "elsewhere.yaml")


def _another_department(officers: Officers) -> None:
    signers = (officer("li", TAX), officer("wang", TAX))
    officers.sign(signers=signers, code=TAX)


BAD = {
    "one signature": (_too_few, "signed by li"),
    "one officer twice": (_one_officer_twice, ""),
    "wrong key": (_wrong_key, "signed by li"),
    "unknown officer": (_unknown, "signed by li"),
    "tampered byte": (_tampered, "is not the one that was signed"),
    "changed signature": (_signature_changed, "cannot be trusted"),
    "rolled back version": (_rolled_back, "was already in use"),
    "mixed bundle": (_mixed, "is not the one that was signed"),
    "partial copy": (_cut, "is not the one that was signed"),
    "expired": (_expired, "it was valid until"),
    "not valid yet": (_not_yet, "still to come"),
    "file added": (_file_added, "is not of its manifest"),
    "file removed": (_file_removed, "is missing"),
    "link out of the folder": (_link_out, "is a link to another place"),
    "of another department": (_another_department, ""),
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_bundle_is_refused_by_the_command_and_by_the_node_and_the_last_good_one_stays(
    nodes: Nodes, bad: str
) -> None:
    make, why = BAD[bad]
    officers, before = nodes.officers, nodes.status()
    pointer = (officers.placed / ACTIVE).read_text()
    make(officers)
    done = officers.activate()
    assert done.code != 0
    assert why in done.err
    assert (officers.placed / ACTIVE).read_text() == pointer
    assert nodes.reload() == []
    assert nodes.health() == (SERVING, SERVING)

    officers.copy_in()
    (said,) = nodes.reload()
    assert why in said
    status = nodes.status()
    assert status.state == "DEGRADED"
    assert said in all_english(status.problems)
    assert (status.policy_version, status.policy_digest) == (before.policy_version, before.policy_digest)
    assert nodes.health() == (NOT_SERVING, NOT_SERVING)
    assert nodes.health("") == (SERVING, SERVING)
    assert nodes.ask()

    (officers.placed / ACTIVE).write_text(pointer)
    for path in officers.draft.iterdir():
        if path.is_symlink() or path.name == "diploma.yaml":
            path.unlink()
    assert nodes.reload() == []
    assert nodes.status().state == "SERVING"
    assert nodes.health() == (SERVING, SERVING)


def test_node_that_restarts_beside_a_bad_newer_bundle_enforces_the_last_good_one(nodes: Nodes) -> None:
    good = nodes.officers.activate_next()
    _tampered(nodes.officers)
    nodes.officers.copy_in()
    nodes.running.kill(HR)
    nodes.running.start(HR)
    nodes.running.wait(HR)
    status = nodes.status()
    assert (status.state, status.policy_version) == ("DEGRADED", good)
    assert nodes.health() == (NOT_SERVING, NOT_SERVING)
    assert patiently(nodes.ask)
    nodes.officers.activate_next()
    assert nodes.health() == (SERVING, SERVING)


def test_full_disk_while_activating_leaves_the_bundle_in_use(nodes: Nodes) -> None:
    before = nodes.version()
    nodes.officers.sign()
    no_room = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"

    with nodes.running.client(TAX) as tax, asking(tax) as answered:
        limited = subprocess.run(  # noqa: S603 - this interpreter, this package
            launched(no_room, [*DXNODE, *nodes.officers.activating()]),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert limited.returncode != 0
        assert "cannot be written" in limited.stderr
        assert nodes.reload() == []
        assert nodes.version() == before
        goes_on(answered)
    done = nodes.officers.activate()
    assert done.code == 0, done.err
    assert nodes.version() == nodes.officers.newest


def test_kill_9_while_activating_leaves_a_whole_bundle_in_use(nodes: Nodes) -> None:
    """The command is killed while requests go on; what the node reads is the old bundle or the new one.

    That it is so at every moment is a claim about `node.documents.bundle_folder`.
    """
    rng = random.Random(3)  # noqa: S311 - the same moments whenever it runs
    killed = 0
    nodes.officers.sign()
    command = [*DXNODE, *nodes.officers.activating()]
    began = monotonic()
    subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)  # noqa: S603 - this package
    whole = monotonic() - began
    with nodes.running.client(TAX) as tax, asking(tax) as answered:
        for _ in range(12):  # on a machine whose speed varies, some will be done before they are killed
            before, version = nodes.version(), nodes.officers.sign()
            with subprocess.Popen(  # noqa: S603 - this interpreter, this package
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                # Most of its time goes by before it begins to write.
                sleep(whole * rng.uniform(0.5, 1.0))
                process.kill()
                killed += process.wait() != 0
            assert nodes.reload() == []
            assert nodes.version() in (before, version)
            goes_on(answered)
            if killed == 3:
                break
    assert killed
    nodes.officers.activate_next()


def test_bundle_whose_validity_ends_in_use_answers_nothing_until_the_next(nodes: Nodes) -> None:
    def was_used(seconds: float) -> bool:
        nodes.officers.put(end=datetime.now(UTC) + timedelta(seconds=seconds))
        with suppress(NodeError):
            return nodes.reload() == [] and nodes.ask()
        return False

    assert was_used(8) or was_used(40)  # a busy machine may be too slow for the first
    # Nobody reloads: the node sees to it by itself.
    wait_for(lambda: nodes.health() == (NOT_SERVING, NOT_SERVING))
    status = nodes.status()
    assert status.state == "DEGRADED"
    assert any("it was valid until" in problem.message for problem in status.problems)
    with pytest.raises(NodeError) as refused:
        nodes.ask()
    assert refused.value.reason is Reason.POLICY_NOT_LOADED
    nodes.officers.activate_next()
    assert nodes.ask()
    assert nodes.health() == (SERVING, SERVING)


def test_officer_who_left_counts_no_more_from_the_next_load_on(nodes: Nodes) -> None:
    town, officers = nodes.running.town, nodes.officers
    town.publish(listed(town.member(HR), LI, ZHAO))
    (said,) = nodes.reload()
    assert "signed by li" in said
    assert nodes.ask()  # until those who stay have signed, what two officers signed goes on
    officers.sign(signers=(LI, ZHAO))
    assert officers.activate().code == 0
    assert nodes.status().policy_approved == ("li", "zhao")
    town.publish(listed(town.member(HR), LI, WANG))
    officers.activate_next()


def test_dataset_that_is_served_is_not_withheld_for_want_of_approvals_unless_that_is_said(
    nodes: Nodes,
) -> None:
    officers, before = nodes.officers, nodes.version()
    officers.sign()
    assert json.loads(officers.verify("--json").out)["waiting"] == []
    for version in versions(officers.draft):
        for role in ApprovalRole:
            approval_path(officers.draft, version, role).unlink()
    foreseen = json.loads(officers.verify("--json").out)
    assert foreseen["waiting"] == foreseen["withheld"] == ["pension-insurance"]
    verified = officers.verify()
    assert verified.code == 0
    assert "or activate it with --withhold" in verified.err
    assert "can be activated" not in verified.err
    done = officers.activate()
    assert done.code == 2
    assert "would not before the changed entry is approved" in done.err
    assert nodes.version() == before
    assert nodes.ask()
    assert officers.activate("--withhold").code == 0
    assert [each.dataset for each in nodes.status().waiting] == ["pension-insurance"]
    with pytest.raises(NodeError):
        nodes.ask()
    approve(officers.draft)
    assert nodes.reload() == []
    assert nodes.ask()


def test_log_show_names_the_bundle_that_decided_as_status_does(nodes: Nodes) -> None:
    sizes = {}
    for code in (HR, TAX):
        with nodes.running.client(code) as operator:
            sizes[code] = operator.log.size()
    nodes.ask()
    digest = nodes.status().policy_digest.hex()
    for code in (HR, TAX):
        # What the node itself records meanwhile stands among the rows.
        shown = (
            "log",
            "show",
            "--start",
            str(sizes[code]),
            "--config",
            nodes.running.town.offices[code].config,
        )
        assert dxnode(*shown).out.count(digest[:16]) == 1


def test_moving_the_clock_neither_prolongs_a_bundle_nor_brings_an_older_one_back(tmp_path: Path) -> None:
    town = pension_town(tmp_path, unsigned=False)
    town.publish(listed(town.member(HR)))
    appoint(town)
    officers = Officers(town)
    moved = timedelta()
    now = datetime.now(UTC)
    officers.put(now - 9 * DAY, now + 2 * DAY)
    first = (officers.placed / ACTIVE).read_text()
    running = Running(town, clock=following(lambda: datetime.now(UTC) + moved))
    try:
        running.start(HR, TAX)
        running.grant(pension_grant(valid_from=now - 9 * DAY, valid_until=now + 9 * DAY))

        def ask(client: Client) -> bool:
            return client.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer

        def refuses(client: Client) -> Reason:
            with pytest.raises(NodeError) as refused:
                ask(client)
            return refused.value.reason

        with running.operator(TAX) as tax, running.operator(HR) as hr:
            assert ask(tax)
            officers.put(now - timedelta(hours=1), now + 5 * DAY)
            assert hr.admin.reload().refused == ()
            assert ask(tax)
            moved = -DAY  # before the second begins, while the first is valid
            (officers.placed / ACTIVE).write_text(first)
            with pytest.raises(NodeError):  # nothing can be recorded either
                hr.admin.reload()
            problems = all_english(hr.admin.status().problems)
            assert any("version 2 was already in use" in problem for problem in problems)
            assert refuses(tax) in (Reason.CLOCK_SKEWED, Reason.KEY_ID_UNKNOWN)
            moved = 6 * DAY  # past the end of both
            assert refuses(tax) is Reason.POLICY_NOT_LOADED
    finally:
        running.close()
