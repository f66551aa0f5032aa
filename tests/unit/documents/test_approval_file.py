"""Claims about who approves a catalogue entry: the provider's head and the authority, this very version."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.approvals import CHEN, ZHANG, with_heads
from support.bundles import LI, WANG, head, listed
from support.town import AUTHORITY, HR, TAX, Town

from node.core.catalogue.digest import entry_digest
from node.core.catalogue.publication import approval_messages, keep_proved
from node.core.directory.directory import Directory, Member
from node.core.directory.spelling import Role
from node.core.policy.approval import (
    MAX_BYTES,
    MAX_SKEW,
    Approval,
    ApprovalRole,
    Publication,
    Version,
    make_approval,
    parse_approval,
    render_approval,
)
from node.crypto.signing import SignatureSuite, Signer, sign_note
from node.documents.approval_file import (
    Approvers,
    all_approvals,
    approval_path,
    proved_approvals,
    publication_of,
    sign_approval,
    take_along,
    write_approval,
)
from node.errors import NodeError, Reason
from node.texts.wording import say
from node.v1 import catalogue_pb2 as pb

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
VERSION = Version("pension-insurance", HR, b"e" * 32)
HEAD, REVIEW = ApprovalRole.HEAD, ApprovalRole.AUTHORITY


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    town = Town(tmp_path_factory.mktemp("town"))
    for code in (HR, TAX):
        town.add(code)
    town.add(AUTHORITY, roles=(Role.AUTHORITY,))
    members = (
        with_heads(listed(town.member(HR)), ZHANG),
        with_heads(town.member(TAX), head("tang", TAX)),
        with_heads(town.member(AUTHORITY), CHEN),
    )
    return Directory(1, NOW, NOW + timedelta(days=1), {member.code: member for member in members})


def with_member(directory: Directory, code: str, **changes: object) -> Directory:
    changed: Member = replace(directory.members[code], **changes)  # type: ignore[arg-type]
    return replace(directory, members={**directory.members, code: changed})


def approval(role: ApprovalRole, signer: Signer, version: Version = VERSION, at: datetime = NOW) -> Approval:
    return make_approval(version, role, signer.name, at)


def put(
    folder: Path, role: ApprovalRole, signer: Signer, version: Version = VERSION, at: datetime = NOW
) -> Path:
    given = approval(role, signer, version, at)
    return write_approval(folder, given, sign_approval(given, signer))


@pytest.fixture
def approved(tmp_path: Path) -> Path:
    """A folder with both approvals."""
    put(tmp_path, HEAD, ZHANG)
    put(tmp_path, REVIEW, CHEN)
    return tmp_path


def publication(folder: Path, directory: Directory, now: datetime = NOW) -> Publication:
    return publication_of(folder, VERSION, Approvers(directory), now)


def test_head_and_authority_approve_an_entry(approved: Path, directory: Directory) -> None:
    found = publication(approved, directory)
    assert found.lacking == ()
    assert found.problems == {}
    assert [(each.approval.person, each.approval.department) for each in found.approvals.values()] == [
        ("zhang", HR),
        ("chen", AUTHORITY),
    ]
    assert [each.role for each in all_approvals(approved, Approvers(directory), NOW)] == [REVIEW, HEAD]


@pytest.mark.parametrize("role", ApprovalRole)
def test_one_approval_is_not_enough(approved: Path, directory: Directory, role: ApprovalRole) -> None:
    approval_path(approved, VERSION, role).unlink()
    found = publication(approved, directory)
    assert found.lacking == (role,)
    assert found.problems == {}


def lacks(found: Publication, role: ApprovalRole, why: str) -> None:
    assert found.lacking == (role,)
    assert why in say(found.problems[role], "en")


@pytest.mark.parametrize(
    ("role", "signer"),
    [
        (HEAD, head("nobody")),
        (HEAD, head("zhang", key="2")),
        (HEAD, Signer(ZHANG.name, SignatureSuite.ED25519, b"m" * 32)),
        (REVIEW, head("chen", TAX)),
        (REVIEW, head("tang", TAX)),
        (REVIEW, head("wu", HR)),
    ],
    ids=["unlisted", "other-key", "same-name", "other-department", "no-authority", "own-head"],
)
def test_key_that_may_not_approve_counts_for_nothing(
    approved: Path, directory: Directory, role: ApprovalRole, signer: Signer
) -> None:
    put(approved, role, signer)
    lacks(publication(approved, directory), role, "no key that the directory lists for it has signed it")


def test_officers_and_other_departments_heads_cannot_even_make_an_approval() -> None:
    for role, signer in ((HEAD, LI), (REVIEW, LI), (HEAD, CHEN), (HEAD, head("tang", TAX))):
        with pytest.raises(NodeError):
            approval(role, signer)


def test_officers_key_under_the_name_of_a_head_does_not_count(approved: Path, directory: Directory) -> None:
    given = approval(HEAD, ZHANG)
    note = sign_note(render_approval(given), LI, WANG)
    write_approval(approved, given, note)
    lacks(publication(approved, directory), HEAD, "no key that the directory lists")


def test_approval_signed_by_another_head_than_it_names_does_not_count(
    approved: Path, directory: Directory
) -> None:
    wu = head("wu")
    both = with_member(directory, HR, officers=(*directory.members[HR].officers, wu.verifier.vkey()))
    given = approval(HEAD, ZHANG)
    write_approval(approved, given, sign_note(render_approval(given), wu))
    lacks(publication(approved, both), HEAD, "no key that the directory lists")


def test_key_that_was_taken_out_of_the_directory_counts_no_more(approved: Path, directory: Directory) -> None:
    lacks(publication(approved, with_member(directory, HR, officers=())), HEAD, "no key")
    lacks(publication(approved, with_member(directory, AUTHORITY, officers=())), REVIEW, "no key")


def test_authority_reviews_its_own_area_only(approved: Path, directory: Directory) -> None:
    for region, good in (("440000", True), ("441900", True), ("441300", False), ("441900003", False)):
        found = publication(approved, with_member(directory, AUTHORITY, region=region))
        assert (REVIEW not in found.lacking) is good
    lacks(publication(approved, with_member(directory, AUTHORITY, roles=())), REVIEW, "no key")


def test_one_person_does_not_give_both_approvals(tmp_path: Path, directory: Directory) -> None:
    """Where the authority is the provider, and where one key goes by two names."""
    own = Version("pension-insurance", AUTHORITY, b"e" * 32)
    put(tmp_path, HEAD, CHEN, own)
    put(tmp_path, REVIEW, CHEN, own)
    lacks(publication_of(tmp_path, own, Approvers(directory), NOW), REVIEW, "by who gave the other approval")
    deputy = head("deng", AUTHORITY)
    put(tmp_path, REVIEW, deputy, own)
    keys = (*directory.members[AUTHORITY].officers, deputy.verifier.vkey())
    assert (
        publication_of(
            tmp_path, own, Approvers(with_member(directory, AUTHORITY, officers=keys)), NOW
        ).lacking
        == ()
    )

    twin = Signer(CHEN.name, SignatureSuite.ED25519, b"t" * 32)
    same = Signer(ZHANG.name, SignatureSuite.ED25519, b"t" * 32)
    put(tmp_path, HEAD, same)
    put(tmp_path, REVIEW, twin)
    shared = with_member(directory, HR, officers=(same.verifier.vkey(),))
    shared = with_member(shared, AUTHORITY, officers=(twin.verifier.vkey(),))
    lacks(publication(tmp_path, shared), REVIEW, "by who gave the other approval")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (replace(VERSION, digest=b"e" * 8 + b"f" * 24), "another version"),
        (replace(VERSION, dataset="medical-insurance"), "another dataset"),
        (replace(VERSION, provider=TAX), "another dataset or department"),
    ],
    ids=["version", "dataset", "provider"],
)
def test_approval_of_something_else_does_not_count(
    approved: Path, directory: Directory, other: Version, why: str
) -> None:
    given = approval(REVIEW, CHEN, other)
    approval_path(approved, VERSION, REVIEW).write_bytes(sign_approval(given, CHEN))
    lacks(publication(approved, directory), REVIEW, why)


def test_approval_in_the_other_role_does_not_count(tmp_path: Path, directory: Directory) -> None:
    """The head of the authority, as head of a provider, approves nothing as the authority."""
    own = replace(VERSION, provider=AUTHORITY)
    given = approval(HEAD, CHEN, own)
    write_approval(tmp_path, given, sign_approval(given, CHEN))
    approval_path(tmp_path, own, HEAD).rename(approval_path(tmp_path, own, REVIEW))
    found = publication_of(tmp_path, own, Approvers(directory), NOW)
    assert found.lacking == (HEAD, REVIEW)
    assert "given as head, not as authority" in say(found.problems[REVIEW], "en")
    assert list(all_approvals(tmp_path, Approvers(directory), NOW)) == []


def test_no_byte_can_be_changed_nor_left_out(approved: Path, directory: Directory) -> None:
    path = approval_path(approved, VERSION, HEAD)
    note = path.read_bytes()
    for index in range(len(note)):
        path.write_bytes(note[:index] + bytes([note[index] ^ 1]) + note[index + 1 :])
        assert publication(approved, directory).lacking == (HEAD,), index
        path.write_bytes(note[:index])
        without_line_end = index == len(note) - 1  # which is put back
        assert publication(approved, directory).lacking == (() if without_line_end else (HEAD,)), index


def test_file_that_is_no_plain_small_file_does_not_count(approved: Path, directory: Directory) -> None:
    path = approval_path(approved, VERSION, HEAD)
    elsewhere = approved / "elsewhere.note"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    lacks(publication(approved, directory), HEAD, "a link")
    path.unlink()
    path.write_bytes(elsewhere.read_bytes() + b"\n" * MAX_BYTES)
    lacks(publication(approved, directory), HEAD, "longer")
    path.unlink()
    os.mkfifo(path)
    lacks(publication(approved, directory), HEAD, "is not a file")


def test_folder_that_is_a_link_does_not_count(approved: Path, directory: Directory) -> None:
    (approved / "approvals").rename(approved / "real")
    (approved / "approvals").symlink_to(approved / "real")
    found = publication(approved, directory)
    assert found.lacking == (HEAD, REVIEW)
    assert "a link" in say(found.problems[HEAD], "en")


def test_folder_that_cannot_be_looked_into_does_not_count(tmp_path: Path, directory: Directory) -> None:
    """A name that no file system takes stands for a folder that only somebody else may enter."""
    found = publication(tmp_path / ("n" * 300), directory)
    assert found.lacking == tuple(ApprovalRole)
    assert all("cannot be read" in say(problem, "en") for problem in found.problems.values())


def test_approval_from_the_future_counts_once_its_time_has_come(approved: Path, directory: Directory) -> None:
    put(approved, REVIEW, CHEN, at=NOW + timedelta(hours=1))
    lacks(publication(approved, directory), REVIEW, "still to come")
    assert publication(approved, directory, NOW + timedelta(hours=1) - MAX_SKEW).lacking == ()
    assert publication(approved, directory, NOW + timedelta(days=3650)).lacking == ()


def test_approvals_of_the_next_version_leave_those_of_this_one_alone(
    approved: Path, directory: Directory
) -> None:
    following = replace(VERSION, digest=b"f" * 32)
    put(approved, HEAD, ZHANG, following)
    assert publication(approved, directory).lacking == ()
    assert publication_of(approved, following, Approvers(directory), NOW).lacking == (REVIEW,)
    assert len(list(all_approvals(approved, Approvers(directory), NOW))) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"note": ""', '"note": "",\n  "extra": 1'),
        lambda text: text.replace('"note": ""', '"note": "two\\nlines"'),
        lambda text: text.replace('"role": "head"', '"role": "officer"'),
        lambda text: text.replace("catalogue-approval/1", "catalogue-approval/2"),
        lambda text: text.replace("pension-insurance", "../pension"),
        lambda text: text.replace(f"{HR}/head/zhang", f"{HR}/officer/zhang"),
        lambda text: text.replace(" ", "  "),
        lambda text: text.replace("2026-11-22T08:30:00Z", "2026-11-22"),
        lambda text: text[:-2],
        lambda _text: "[" * 5000,
        lambda _text: "",
    ],
)
def test_text_of_another_form_is_no_approval(change: Callable[[str], str]) -> None:
    text = render_approval(approval(HEAD, ZHANG)).decode()
    assert parse_approval(text.encode()).person == "zhang"
    with pytest.raises(NodeError) as caught:
        parse_approval(change(text).encode())
    assert caught.value.reason is Reason.POLICY_NOT_LOADED


def test_approvals_are_taken_along_as_foreseen_and_never_written_over(
    approved: Path, tmp_path: Path, directory: Directory
) -> None:
    target = tmp_path / "node" / "policies"
    kept = put(target, HEAD, head("wu"))
    before = kept.read_bytes()
    foreseen = publication_of(target, VERSION, Approvers(directory), NOW, approved)
    take_along(approved, target, VERSION)
    assert publication_of(target, VERSION, Approvers(directory), NOW) == foreseen
    assert foreseen.lacking == (HEAD,)
    take_along(approved, target, replace(VERSION, digest=b"f" * 32))
    assert kept.read_bytes() == before
    assert approval_path(target, VERSION, REVIEW).read_bytes() == (
        approval_path(approved, VERSION, REVIEW).read_bytes()
    )
    assert len(list(kept.parent.iterdir())) == 2


def from_elsewhere(folder: Path, directory: Directory) -> pb.Dataset:
    """An entry as another department sends it, with both approvals."""
    entry = pb.Dataset(summary=pb.DatasetSummary(dataset=VERSION.dataset, provider=HR, title="养老"), level=3)
    version = replace(VERSION, digest=entry_digest(entry))
    put(folder, HEAD, ZHANG, version)
    put(folder, REVIEW, CHEN, version)
    found = publication_of(folder, version, Approvers(directory), NOW)
    entry.publication.CopyFrom(
        pb.Publication(entry_digest=version.digest, approvals=approval_messages(found))
    )
    return entry


def shown(entry: pb.Dataset, directory: Directory) -> list[str]:
    """Who is shown to have approved it."""
    approvers = Approvers(directory)
    keep_proved(entry, lambda version, told: proved_approvals(version, told, approvers, NOW))
    return [each.person for each in entry.publication.approvals]


def test_approvals_that_another_department_tells_are_kept_when_their_notes_prove_them(
    tmp_path: Path, directory: Directory
) -> None:
    entry = from_elsewhere(tmp_path, directory)
    told = pb.Dataset.FromString(entry.SerializeToString())
    assert shown(entry, directory) == ["zhang", "chen"]
    assert entry == told


@pytest.mark.parametrize(
    "forge",
    [
        lambda entry: entry.MergeFrom(pb.Dataset(level=1)),
        lambda entry: entry.summary.MergeFrom(pb.DatasetSummary(provider=TAX)),
        lambda entry: [each.ClearField("signed") for each in entry.publication.approvals],
        lambda entry: [each.MergeFrom(pb.Approval(signed=b"x")) for each in entry.publication.approvals],
    ],
    ids=["changed entry", "other provider", "no notes", "broken notes"],
)
def test_approvals_that_another_department_made_up_are_not_shown(
    tmp_path: Path, directory: Directory, forge: Callable[[pb.Dataset], object]
) -> None:
    entry = from_elsewhere(tmp_path, directory)
    forge(entry)
    assert shown(entry, directory) == []


def test_what_is_shown_of_an_approval_is_what_was_signed(tmp_path: Path, directory: Directory) -> None:
    entry = from_elsewhere(tmp_path, directory)
    made_up = entry.publication.approvals[0]
    made_up.person, made_up.department, made_up.at_ms, made_up.note = "somebody", TAX, 1, "made up"
    assert shown(entry, directory) == ["zhang", "chen"]
    kept = entry.publication.approvals[0]
    assert (kept.department, kept.at_ms, kept.note) == (HR, int(NOW.timestamp() * 1000), "")
    assert shown(entry, with_member(directory, HR, officers=())) == ["chen"]
