"""What `pki` makes is private, complete, never overwritten, and replaced without a gap."""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.core.directory.directory import Member, render_member
from node.core.directory.spelling import Role
from node.crypto.certificates import identify, issue_node
from node.crypto.signing import Verifier
from node.documents.directory_file import open_directory
from node.documents.keys import KeyUse, generate, newest, read_keys, signature_key_id, write_key
from node.documents.pki import (
    SEALING_KEY_LIFETIME,
    SIGNING_KEY_LIFETIME,
    About,
    Authority,
    CertificateFiles,
    NodeFiles,
    export_member,
    make_authority_files,
    make_desk,
    make_desk_user,
    make_node_certificate,
    make_node_keys,
    open_authority,
)
from node.documents.publish import Orders, changes, publish
from node.documents.rotation import (
    activate_node_certificate,
    prepare_node_certificate,
    rotate_cosign_key,
    rotate_data_key,
    rotate_log_key,
    rotate_sealing_key,
)
from node.errors import NodeError, Reason

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
AUTHORITY = "1144190000000006X2"
TAX = "11441900000000035L"
INSURANCE = "11441900000000027R"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority_files(tmp_path / "authority", AUTHORITY, NOW, os.urandom)


def node_files(home: Path) -> NodeFiles:
    tls = home / "tls"
    return NodeFiles(
        keys=home / "keys",
        exchange=CertificateFiles(tls / "exchange.pem", tls / "exchange.key"),
        desk=CertificateFiles(tls / "desk.pem", tls / "desk.key"),
        desk_roots=tls / "desk-roots.pem",
        desk_authority=CertificateFiles(tls / "desk-authority/ca.pem", tls / "desk-authority/ca.key"),
    )


def about(code: str) -> About:
    return About(code, "税务局", "441900", "city", "市政府", "tax.example:8443")


def make_node(home: Path, authority: Authority, code: str = TAX) -> NodeFiles:
    files = node_files(home)
    make_node_keys(files.keys, NOW, os.urandom)
    make_node_certificate(files.exchange, authority, code, ["tax.example"], NOW)
    make_desk(files, code, ["localhost"], NOW)
    return files


def exported(files: NodeFiles, code: str = TAX, now: datetime = NOW) -> Member:
    return export_member(about(code), files.keys, files.exchange, files.exchange.roots, now)


def test_private_keys_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        authority = make_authority_files(tmp_path / "authority", AUTHORITY, NOW, os.urandom)
        files = make_node(tmp_path / "tax", authority)
        make_desk_user(files, tmp_path / "user", TAX, "clerk", "window-3", NOW)
    finally:
        os.umask(old)
    private = [*tmp_path.rglob("*.key"), *tmp_path.rglob("keys/*.json")]
    assert len(private) == 10
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert not list(tmp_path.rglob("*.part"))


def test_node_gets_one_key_for_each_use(tmp_path: Path, authority: Authority) -> None:
    files = make_node(tmp_path / "tax", authority)
    uses = sorted(key.use for key in read_keys(files.keys))
    assert uses == sorted([KeyUse.COSIGN, KeyUse.DATA, KeyUse.LOG, KeyUse.SEALING])


def test_nothing_is_overwritten(tmp_path: Path, authority: Authority) -> None:
    files = make_node(tmp_path / "tax", authority)
    make_desk_user(files, tmp_path / "user", TAX, "clerk", "window-3", NOW)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for again in (
        lambda: make_authority_files(tmp_path / "authority", AUTHORITY, NOW, os.urandom),
        lambda: make_node_keys(files.keys, NOW, os.urandom),
        lambda: make_node_certificate(files.exchange, authority, TAX, [], NOW),
        lambda: make_desk(files, TAX, [], NOW),
        lambda: make_desk_user(files, tmp_path / "user", TAX, "clerk", "window-3", NOW),
    ):
        with pytest.raises(NodeError, match="is there already"):
            again()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_desk_user_has_its_role_under_the_departments_own_authority(
    tmp_path: Path, authority: Authority
) -> None:
    files = make_node(tmp_path / "tax", authority)
    user = make_desk_user(files, tmp_path / "user", TAX, "clerk", "窗口-3", NOW)
    identity = identify(user.certificate.read_bytes())
    assert (identity.department, identity.role) == (TAX, "clerk")
    assert user.desk_roots.read_bytes() == files.desk_roots.read_bytes()


@pytest.mark.parametrize("name", ["../clerk", "a/b", "", "-x", ".hidden", "a b", "x" * 65])
def test_name_of_a_desk_user_cannot_leave_its_folder(tmp_path: Path, authority: Authority, name: str) -> None:
    files = make_node(tmp_path / "tax", authority)
    with pytest.raises(NodeError, match="CONFIG_INVALID"):
        make_desk_user(files, tmp_path / "user", TAX, "clerk", name, NOW)
    assert not (tmp_path / "user").exists()


def test_member_file_holds_public_keys_only(tmp_path: Path, authority: Authority) -> None:
    files = make_node(tmp_path / "tax", authority)
    member = exported(files)
    assert member.certificates == (identify(files.exchange.certificate.read_bytes()).fingerprint.hex(),)
    assert member.tls_roots == authority.tls.certificate.read_text()
    assert [key.split("+")[0] for key in member.log_keys] == [f"dxnode/{TAX}"]
    told = render_member(member)
    for key in read_keys(files.keys):
        assert b64encode(key.seed) not in told
        assert key.seed.hex().encode() not in told


def test_certificate_of_another_department_is_not_exported(tmp_path: Path, authority: Authority) -> None:
    files = make_node(tmp_path / "tax", authority, INSURANCE)
    with pytest.raises(NodeError, match="names another department"):
        exported(files, TAX)


def test_authority_is_found_again_with_its_key(authority: Authority) -> None:
    again = open_authority(authority.folder)
    assert again == authority
    vkey = (authority.folder / "authority.vkey").read_text().strip()
    assert again.signer(NOW).verifier.vkey() == vkey


def test_published_directory_is_accepted_by_members(tmp_path: Path, authority: Authority) -> None:
    member = exported(make_node(tmp_path / "tax", authority))
    before, after = publish(authority, Orders(members=(member,)), NOW, 30 * DAY)
    verifier = authority.signer(NOW).verifier
    opened, _ = open_directory(authority.directory.read_bytes(), verifier, None, NOW)
    assert before is None
    assert opened == after
    assert after.members == {TAX: member}


def test_department_cannot_appoint_or_reinstate_itself(tmp_path: Path, authority: Authority) -> None:
    member = exported(make_node(tmp_path / "tax", authority))
    publish(authority, Orders(members=(member,), suspended={TAX: True}), NOW, 30 * DAY)
    claimed = replace(member, roles=(Role.AUTHORITY,), suspended=False)
    _, after = publish(authority, Orders(members=(claimed,)), NOW, 30 * DAY)
    assert after.members[TAX] == replace(member, suspended=True)


def test_authority_appoints_suspends_resumes_and_removes(tmp_path: Path, authority: Authority) -> None:
    member = exported(make_node(tmp_path / "tax", authority))
    publish(authority, Orders(members=(member,), roles={TAX: (Role.AUTHORITY,)}), NOW, 30 * DAY)
    _, suspended = publish(authority, Orders(suspended={TAX: True}), NOW, 30 * DAY)
    _, resumed = publish(authority, Orders(suspended={TAX: False}), NOW, 30 * DAY)
    _, without = publish(authority, Orders(remove=(TAX,)), NOW, 30 * DAY)
    assert suspended.members[TAX] == replace(member, roles=(Role.AUTHORITY,), suspended=True)
    assert resumed.members[TAX] == replace(member, roles=(Role.AUTHORITY,))
    assert (without.members, without.version) == ({}, 4)


def test_orders_about_a_stranger_change_nothing(authority: Authority) -> None:
    publish(authority, Orders(), NOW, 30 * DAY)
    before = authority.directory.read_bytes()
    for orders in (Orders(remove=(TAX,)), Orders(suspended={TAX: True}), Orders(roles={TAX: ()})):
        with pytest.raises(NodeError) as caught:
            publish(authority, orders, NOW, 30 * DAY)
        assert caught.value.reason is Reason.NOT_FOUND
    assert authority.directory.read_bytes() == before


def test_entries_that_make_no_valid_directory_are_for_the_authority_to_correct(
    tmp_path: Path, authority: Authority
) -> None:
    member = exported(make_node(tmp_path / "tax", authority))
    lengthy = replace(member, certificates=member.certificates * 2000)
    with pytest.raises(NodeError, match="no directory can be made") as caught:
        publish(authority, Orders(members=(lengthy,)), NOW, 30 * DAY)
    assert caught.value.reason is Reason.CONFIG_INVALID
    assert not authority.directory.exists()


def test_tampered_directory_is_not_gone_on_from(authority: Authority) -> None:
    publish(authority, Orders(), NOW, 30 * DAY)
    authority.directory.write_bytes(
        authority.directory.read_bytes().replace(b'"version": 1', b'"version": 9')
    )
    with pytest.raises(NodeError, match="DIRECTORY_INVALID"):
        publish(authority, Orders(), NOW, 30 * DAY)


def test_changes_name_the_fields_that_differ(tmp_path: Path, authority: Authority) -> None:
    member = exported(make_node(tmp_path / "tax", authority))
    first = publish(authority, Orders(members=(member,)), NOW, 30 * DAY)[1]
    moved = replace(member, endpoint="new.example:8443", region="440000")
    second = publish(authority, Orders(members=(moved,)), NOW, 30 * DAY)[1]
    assert changes(first, first) == {}
    assert changes(first, second) == {TAX: ("region", "endpoint")}
    assert "log_keys" in changes(None, first)[TAX]


def test_sealing_keys_overlap_and_expired_ones_are_deleted(tmp_path: Path, authority: Authority) -> None:
    files = make_node(tmp_path / "tax", authority)
    first = exported(files).sealing_keys[0].key_id
    soon = NOW + SEALING_KEY_LIFETIME - DAY
    second = rotate_sealing_key(files.keys, soon, os.urandom)
    both = exported(files, now=soon)
    assert {key.key_id for key in both.sealing_keys} == {first, second}
    assert both.sealing_key(soon).key_id == second
    third = rotate_sealing_key(files.keys, soon + 2 * DAY, os.urandom)
    kept = {key.key_id for key in read_keys(files.keys) if key.use is KeyUse.SEALING}
    assert kept == {second, third}


def ids(vkeys: Sequence[str]) -> list[str]:
    return [signature_key_id(Verifier.parse(vkey)) for vkey in vkeys]


def key_ids(files: NodeFiles, use: KeyUse) -> list[str]:
    return [key.key_id for key in read_keys(files.keys) if key.use is use]


def test_log_and_cosign_keys_are_added_and_published_beside_the_ones_before_the_newest_first(
    tmp_path: Path, authority: Authority
) -> None:
    files = make_node(tmp_path / "tax", authority)
    first = exported(files)
    log_ids, cosign_ids = ids(first.log_keys), ids(first.cosign_keys)
    for day in (1, 2):
        log_ids.insert(0, rotate_log_key(files.keys, NOW + day * DAY, os.urandom))
        assert ids(exported(files, now=NOW + day * DAY).cosign_keys) == cosign_ids
        cosign_ids.insert(0, rotate_cosign_key(files.keys, NOW + day * DAY, os.urandom))
    member = exported(files, now=NOW + 2 * DAY)
    assert (ids(member.log_keys), ids(member.cosign_keys)) == (log_ids, cosign_ids)
    publish(authority, Orders(members=(first,)), NOW, 30 * DAY)
    before, after = publish(authority, Orders(members=(member,)), NOW + 2 * DAY, 30 * DAY)
    assert after.members[TAX] == member
    assert changes(before, after) == {TAX: ("log_keys", "cosign_keys")}


def test_key_that_expired_or_was_taken_away_is_not_published(tmp_path: Path, authority: Authority) -> None:
    files = make_node(tmp_path / "tax", authority)
    oldest = key_ids(files, KeyUse.LOG)[0]
    almost = NOW + SIGNING_KEY_LIFETIME - DAY
    second, third = (rotate_log_key(files.keys, almost + hours, os.urandom) for hours in (DAY / 4, DAY / 2))
    rotate_cosign_key(files.keys, almost, os.urandom)
    assert ids(exported(files, now=almost + DAY / 2).log_keys) == [third, second, oldest]
    assert ids(exported(files, now=almost + DAY).log_keys) == [third, second]
    (files.keys / f"log-{second}.json").unlink()
    assert ids(exported(files, now=almost + DAY).log_keys) == [third]


@pytest.mark.parametrize(
    ("rotate", "use"),
    [
        (rotate_sealing_key, KeyUse.SEALING),
        (rotate_data_key, KeyUse.DATA),
        (rotate_log_key, KeyUse.LOG),
        (rotate_cosign_key, KeyUse.COSIGN),
    ],
)
def test_key_that_was_made_last_is_the_newest_also_within_a_second(
    tmp_path: Path,
    authority: Authority,
    rotate: Callable[[Path, datetime, Callable[[int], bytes]], str],
    use: KeyUse,
) -> None:
    files = make_node(tmp_path / "tax", authority)
    made = key_ids(files, use)
    for number in range(1, 8):
        moment = NOW + timedelta(microseconds=number)
        made.insert(0, rotate(files.keys, moment, os.urandom))
        assert newest(read_keys(files.keys), use, moment).key_id == made[0]
    assert key_ids(files, use) == made


@pytest.mark.parametrize(
    ("rotate", "use"),
    [(rotate_log_key, "log"), (rotate_cosign_key, "cosign"), (rotate_sealing_key, "sealing")],
)
def test_more_keys_than_the_directory_takes_are_refused_before_they_are_made(
    tmp_path: Path,
    authority: Authority,
    rotate: Callable[[Path, datetime, Callable[[int], bytes]], str],
    use: str,
) -> None:
    files = make_node(tmp_path / "tax", authority)
    for day in range(1, 8):
        rotate(files.keys, NOW + day * DAY, os.urandom)
    last = NOW + 8 * DAY
    with pytest.raises(NodeError, match=f"at most 8 {use} keys"):
        rotate(files.keys, last, os.urandom)
    member = exported(files, now=last)
    listed = {"log": member.log_keys, "cosign": member.cosign_keys, "sealing": member.sealing_keys}
    assert len(listed[use]) == 8
    publish(authority, Orders(members=(member,)), last, 30 * DAY)
    # A key file that was put there by hand.
    write_key(files.keys, generate(KeyUse(use), last, last + DAY, os.urandom))
    with pytest.raises(NodeError, match=f"at most 8 {use} keys"):
        exported(files, now=last)


def test_certificate_is_replaced_only_once_the_directory_lists_it(
    tmp_path: Path, authority: Authority
) -> None:
    files = make_node(tmp_path / "tax", authority)
    old = files.exchange.certificate.read_bytes()
    _, directory = publish(authority, Orders(members=(exported(files),)), NOW, 30 * DAY)
    prepare_node_certificate(files.exchange, authority, TAX, ["tax.example"], NOW)
    with pytest.raises(NodeError, match="does not list the next certificate"):
        activate_node_certificate(files.exchange, directory)
    assert files.exchange.certificate.read_bytes() == old

    _, directory = publish(authority, Orders(members=(exported(files),)), NOW, 30 * DAY)
    assert len(directory.members[TAX].certificates) == 2
    activate_node_certificate(files.exchange, directory)
    new = identify(files.exchange.read().certificate).fingerprint.hex()
    assert exported(files).certificates == (new,)
    assert not list(files.exchange.certificate.parent.glob("next-*"))


def test_certificate_and_key_that_do_not_fit_are_refused(tmp_path: Path, authority: Authority) -> None:
    files = make_node(tmp_path / "tax", authority)
    files.exchange.certificate.write_bytes(issue_node(authority.tls.read(), TAX, [], NOW, DAY).certificate)
    with pytest.raises(NodeError, match="do not belong together"):
        files.exchange.read()


def test_private_key_that_others_can_read_is_refused(tmp_path: Path, authority: Authority) -> None:
    files = make_node(tmp_path / "tax", authority)
    files.exchange.key.chmod(0o640)
    with pytest.raises(NodeError, match="others may read"):
        files.exchange.read()


def test_missing_truncated_and_huge_files_are_told(tmp_path: Path, authority: Authority) -> None:
    files = make_node(tmp_path / "tax", authority)
    key = files.exchange.key.read_bytes()
    for content in (b"", key[: len(key) // 2], b"x" * 100_000):
        files.exchange.key.write_bytes(content)
        with pytest.raises(NodeError, match="CONFIG_INVALID"):
            files.exchange.read()
    files.exchange.key.unlink()
    with pytest.raises(NodeError, match="cannot be read"):
        files.exchange.read()
