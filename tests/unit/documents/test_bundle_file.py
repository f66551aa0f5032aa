"""Claims about who approves a policy bundle: people whom the directory lists are counted, each once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from support.bundles import LI, WANG, ZHAO, head, listed, officer, refusal
from support.town import HR, TAX, Town

from node.core.directory.directory import (
    Directory,
    Member,
    OfficerRole,
    officer_key_name,
    parse_directory,
    render_directory,
)
from node.core.policy.bundle import make_manifest, render_manifest
from node.core.policy.policy import PolicyFile
from node.crypto.signing import SignatureSuite, Signer, sign_note
from node.documents.bundle_file import open_manifest, read_manifest, sign_manifest, signed_manifest
from node.documents.directory_file import check_member_keys
from node.errors import Reason

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
MANIFEST = make_manifest(HR, 1, NOW, NOW + timedelta(days=9), (PolicyFile("a.yaml", b"a"),))
SEED_OF_LI = sha256(b"li").digest()
MALLORY = Signer(LI.name, SignatureSuite.ED25519, b"m" * 32)


@pytest.fixture(scope="module")
def member(tmp_path_factory: pytest.TempPathFactory) -> Member:
    town = Town(tmp_path_factory.mktemp("town"))
    town.add(HR)
    return listed(town.member(HR))


def signed_by(*officers: Signer) -> bytes:
    return sign_note(render_manifest(MANIFEST), *officers)


def test_two_officers_approve_a_bundle_one_after_the_other(member: Member) -> None:
    first = sign_manifest(MANIFEST, None, WANG)
    assert signed_manifest(first, member).approved == ("wang",)
    opened = open_manifest(sign_manifest(MANIFEST, first, LI), member)
    assert (opened.manifest, opened.approved) == (MANIFEST, ("li", "wang"))
    assert opened.digest == signed_manifest(first, member).digest


@pytest.mark.parametrize(
    ("officers", "by"),
    [
        ((LI,), "by li"),
        ((LI, LI), "by li"),
        ((LI, officer("mallory")), "by li"),
        ((LI, officer("wang", TAX)), "by li"),
        ((officer("a"), officer("b")), "by nobody"),
        ((LI, MALLORY), "by li"),
    ],
    ids=["one", "one-twice", "unknown", "another-department", "two-unknown", "own-key-under-a-name"],
)
def test_bundle_of_too_few_officers_is_refused(member: Member, officers: tuple[Signer, ...], by: str) -> None:
    assert by in refusal(lambda: open_manifest(signed_by(*officers), member))


def test_two_keys_of_one_officer_are_one_approval(member: Member) -> None:
    second = officer("li", key="new")
    both = listed(member, LI, second, WANG)
    check_member_keys(both)
    assert "by li" in refusal(lambda: open_manifest(signed_by(LI, second), both))
    assert open_manifest(signed_by(second, WANG), both).approved == ("li", "wang")


def test_threshold_of_the_directory_decides(member: Member) -> None:
    three = replace(member, approvals=3)
    assert "needs 3" in refusal(lambda: open_manifest(signed_by(LI, WANG), three))
    assert len(open_manifest(signed_by(LI, WANG, ZHAO), three).approved) == 3


def test_officer_who_was_struck_off_counts_no_more(member: Member) -> None:
    refusal(lambda: open_manifest(signed_by(LI, WANG), listed(member, LI, ZHAO)))


def test_member_without_officers_approves_nothing(member: Member) -> None:
    none = replace(member, officers=())
    assert "lists no officers" in refusal(lambda: open_manifest(signed_by(LI, WANG), none))


def test_bundle_of_another_department_is_refused(member: Member) -> None:
    other = replace(MANIFEST, department=TAX)
    note = sign_note(render_manifest(other), LI, WANG)
    assert "another department" in refusal(lambda: open_manifest(note, member))


def test_changed_manifest_is_refused(member: Member) -> None:
    note = signed_by(LI, WANG).replace(b'"version": 1', b'"version": 2')
    assert "a signature under the note is wrong" in refusal(lambda: open_manifest(note, member))
    assert refusal(lambda: open_manifest(b"", member))
    assert refusal(lambda: open_manifest(signed_by(LI, WANG)[:-30], member))


def test_officer_does_not_sign_twice_or_under_another_manifest(member: Member) -> None:
    note = sign_manifest(MANIFEST, None, LI)
    assert "signed it already" in refusal(lambda: sign_manifest(MANIFEST, note, LI))
    assert "another than the one" in refusal(lambda: sign_manifest(replace(MANIFEST, version=2), note, WANG))
    assert read_manifest(note) == MANIFEST


def test_head_signs_no_bundle_and_is_not_counted(member: Member) -> None:
    chief = head("zhang")
    with_head = listed(member, LI, WANG, chief)
    assert with_head.keys_for(OfficerRole.HEAD) == (chief.verifier.vkey(),)
    assert "no officer's key" in refusal(lambda: sign_manifest(MANIFEST, None, chief))
    assert "is signed by li" in refusal(lambda: open_manifest(signed_by(LI, chief), with_head))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: replace(one, approvals=1), "approvals"),
        (lambda one: replace(one, approvals=4), "are fewer people than the 4"),
        (lambda one: listed(one, LI, officer("li", key="2")), "are fewer people"),
        (lambda one: listed(one, LI, LI, WANG), "a second time"),
        (lambda one: listed(one, LI, WANG, officer("zhao", TAX)), "must be named"),
        (lambda one: listed(one, LI, Signer(f"dxnode/{HR}", LI.suite, b"k" * 32)), "must be named"),
        (lambda one: listed(one, LI, Signer(officer_key_name(HR, "wang"), LI.suite, SEED_OF_LI)), "of li a"),
        (lambda one: listed(one, LI, head("wang"), head("zhao")), "are fewer people"),
        (lambda one: listed(one, LI, WANG, Signer(head("li").name, LI.suite, SEED_OF_LI)), "of li a"),
        (lambda one: listed(one, *(officer(f"o{number}") for number in range(17))), "officers"),
    ],
    ids=[
        "threshold-1",
        "too-high",
        "one-person",
        "twice",
        "foreign",
        "no-name",
        "shared-key",
        "heads-are-no-officers",
        "one-key-for-both-roles",
        "too-many",
    ],
)
def test_directory_refuses_officers_that_are_not_several_people(
    member: Member, change: Callable[[Member], Member], said: str
) -> None:
    def directory(one: Member) -> bytes:
        return render_directory(Directory(1, NOW, NOW + timedelta(days=1), {HR: one}))

    assert parse_directory(directory(member)).members[HR].officers == member.officers
    assert said in refusal(lambda: parse_directory(directory(change(member))), Reason.DIRECTORY_INVALID)


def test_officers_key_of_another_suite_is_refused(member: Member) -> None:
    slow = Signer(officer_key_name(HR, "slow"), SignatureSuite.ML_DSA_65, b"s" * 32)
    assert "not ed25519" in refusal(
        lambda: check_member_keys(listed(member, LI, slow)), Reason.DIRECTORY_INVALID
    )
