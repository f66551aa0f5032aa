"""The authority of the desk's callers is replaced, and nobody is let down in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.crypto.certificates import ends_of, make_authority, trusted_until
from node.documents.desk_authority import (
    retire_desk_authority,
    rotate_desk_authority,
    rotate_desk_certificate,
)
from node.documents.pki import CertificateFiles, DeskUser, NodeFiles, make_desk, make_desk_user
from node.errors import NodeError

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
YEARS = timedelta(days=3650)
CODE = "11441900000000035L"
HOSTS = ["localhost"]


@pytest.fixture
def files(tmp_path: Path) -> NodeFiles:
    tls = tmp_path / "tls"
    made = NodeFiles(
        keys=tmp_path / "keys",
        exchange=CertificateFiles(tls / "exchange.pem", tls / "exchange.key"),
        desk=CertificateFiles(tls / "desk.pem", tls / "desk.key"),
        desk_roots=tls / "desk-roots.pem",
        desk_authority=CertificateFiles(tls / "desk-authority/ca.pem", tls / "desk-authority/ca.key"),
    )
    make_desk(made, CODE, HOSTS, NOW)
    return made


def user(files: NodeFiles, name: str, now: datetime = NOW) -> DeskUser:
    return make_desk_user(files, files.keys.parent / name, CODE, "clerk", name, now)


def is_let_in(files: NodeFiles, caller: DeskUser) -> bool:
    """Whether the desk knows a caller, and the caller the desk."""
    return _is_known(caller.certificate, files.desk_roots) and _is_known(
        files.desk.certificate, caller.desk_roots
    )


def _is_known(certificate: Path, roots: Path) -> bool:
    try:
        trusted_until(certificate.read_bytes(), b"", roots.read_bytes())
    except NodeError:
        return False
    return True


def test_callers_of_both_authorities_are_let_in_until_the_rotation_is_ended(files: NodeFiles) -> None:
    before = user(files, "before")
    ends = rotate_desk_authority(files, CODE, NOW + YEARS / 2)
    after = user(files, "after", NOW + YEARS / 2)

    assert ends == NOW + YEARS / 2 + YEARS
    assert is_let_in(files, before)
    assert is_let_in(files, after)

    retire_desk_authority(files, CODE, HOSTS, NOW + YEARS / 2)
    assert not is_let_in(files, before)
    assert is_let_in(files, after)
    assert is_let_in(files, user(files, "later", NOW + YEARS / 2))
    assert not list(files.desk_authority.key.parent.glob("before-*")), "its key is gone"


def test_certificate_of_the_desk_that_is_renewed_meanwhile_is_known_to_all(files: NodeFiles) -> None:
    before = user(files, "before")
    rotate_desk_authority(files, CODE, NOW)
    after = user(files, "after")

    rotate_desk_certificate(files, CODE, HOSTS, NOW)

    assert is_let_in(files, before)
    assert is_let_in(files, after)


def test_authority_that_ends_soon_issues_nothing_where_there_is_a_next_one(files: NodeFiles) -> None:
    late = NOW + YEARS - timedelta(days=10)
    rotate_desk_authority(files, CODE, late)
    after = user(files, "after", late)

    assert rotate_desk_certificate(files, CODE, HOSTS, late) == late + timedelta(days=365)
    assert is_let_in(files, after)


def test_folder_of_a_caller_takes_the_next_certificate_too(files: NodeFiles) -> None:
    folder = files.keys.parent / "window-3"
    make_desk_user(files, folder, CODE, "clerk", "first", NOW)
    rotate_desk_authority(files, CODE, NOW)

    second = make_desk_user(files, folder, CODE, "clerk", "second", NOW)

    assert is_let_in(files, second)
    assert len(ends_of(second.desk_roots.read_bytes())) == 2


def test_other_authorities_that_the_desk_trusts_stay(files: NodeFiles) -> None:
    other = make_authority("another of the department", NOW, YEARS).certificate
    files.desk_roots.write_bytes(files.desk_roots.read_bytes() + other)

    rotate_desk_authority(files, CODE, NOW)
    retire_desk_authority(files, CODE, HOSTS, NOW)

    assert other in files.desk_roots.read_bytes()


def test_second_rotation_waits_for_the_end_of_the_first(files: NodeFiles) -> None:
    rotate_desk_authority(files, CODE, NOW)
    with pytest.raises(NodeError, match="--finish"):
        rotate_desk_authority(files, CODE, NOW)

    retire_desk_authority(files, CODE, HOSTS, NOW)
    with pytest.raises(NodeError, match="no rotation"):
        retire_desk_authority(files, CODE, HOSTS, NOW)
    rotate_desk_authority(files, CODE, NOW)


def test_rotation_that_was_cut_off_is_run_again(files: NodeFiles) -> None:
    before = user(files, "before")
    files.desk_authority.earlier.write(files.desk_authority.read())

    rotate_desk_authority(files, CODE, NOW)

    assert is_let_in(files, before)
    assert is_let_in(files, user(files, "after"))


def test_authority_of_the_departments_own_is_not_replaced_here(files: NodeFiles) -> None:
    files.desk_authority.key.unlink()
    with pytest.raises(NodeError, match="another authority"):
        rotate_desk_authority(files, CODE, NOW)
