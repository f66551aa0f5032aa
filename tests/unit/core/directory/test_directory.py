"""The directory refuses what is malformed, expired, rolled back or contradictory, and says where."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from node.core.directory.directory import (
    Directory,
    Member,
    SeenDirectory,
    accept,
    keys_held_back,
    next_directory,
    parse_directory,
    parse_member,
    render_directory,
    render_member,
)
from node.core.directory.spelling import Role, SealingKey, moment_text
from node.errors import NodeError, Reason

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
INSURANCE = "11441900000000027R"
TAX = "11441900000000035L"
PEM = "-----BEGIN CERTIFICATE-----\nTUlJQ\n-----END CERTIFICATE-----\n"


def sealing_key(key_id: str, from_day: int, until_day: int) -> SealingKey:
    days = "+".join(moment_text(NOW + timedelta(days=day)) for day in (from_day, until_day))
    return SealingKey.parse(f"xwing+{key_id}+{days}+{'A' * 1622}==")


def log_key(number: int, code: str = INSURANCE) -> str:
    return f"dxnode/{code}+0123abc{number}+{'A' * 44}"


def member(code: str = INSURANCE, **changes: Any) -> Member:
    name = f"dxnode/{code}"
    whole = Member(
        code=code,
        title="东莞市医疗保障局",
        region="441900",
        level="city",
        organisation="东莞市人民政府",
        roles=(),
        endpoint="insurance.example:8443",
        certificates=(code[-4:].lower().encode().hex() * 8,),
        tls_roots=PEM,
        sealing_keys=(sealing_key("0" * 16, 0, 30),),
        log_keys=(f"{name}+0123abcd+{'A' * 44}",),
        cosign_keys=(f"{name}+0123abce+{'B' * 2608}",),
        suspended=False,
    )
    return replace(whole, **changes)


def directory(*members: Member, version: int = 7) -> Directory:
    listed = members or (member(), member(TAX))
    return Directory(version, NOW, NOW + timedelta(days=30), {one.code: one for one in listed})


def altered(change: Callable[[Any], object]) -> bytes:
    """The JSON of a good directory after `change`."""
    tree = json.loads(render_directory(directory()))
    change(tree)
    return json.dumps(tree, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


def refusal(body: bytes) -> NodeError:
    with pytest.raises(NodeError) as caught:
        parse_directory(body)
    assert caught.value.reason is Reason.DIRECTORY_INVALID
    return caught.value


def test_directory_survives_writing_and_reading() -> None:
    once = directory(member(roles=(Role.AUTHORITY,)), member(TAX, suspended=True))
    body = render_directory(once)
    assert parse_directory(body) == once
    assert body.endswith(b"\n}\n")
    assert "东莞市医疗保障局".encode() in body


def test_member_may_have_eight_keys_of_each_kind_in_the_order_given() -> None:
    keys = tuple(log_key(number) for number in (3, 1, 7, 0, 2, 6, 5, 4))
    whole = directory(member(log_keys=keys, cosign_keys=keys))
    assert parse_directory(render_directory(whole)).members[INSURANCE].log_keys == keys


def test_of_two_sealing_keys_of_the_same_second_that_of_the_higher_id_is_used() -> None:
    low, high = sealing_key("0" * 15 + "1", 0, 30), sealing_key("f" * 16, 0, 30)
    newer = sealing_key("0" * 16, 1, 30)
    for keys in ((low, high), (high, low)):
        assert member(sealing_keys=keys).sealing_key(NOW) == high
        assert member(sealing_keys=(*keys, newer)).sealing_key(NOW + timedelta(days=1)) == newer


def test_member_file_survives_writing_and_reading() -> None:
    assert parse_member(render_member(member())) == member()


def set_member(index: int, **values: object) -> Callable[[Any], object]:
    return lambda tree: tree["members"][index].update(values)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda tree: tree.update(version=0), "version"),
        (lambda tree: tree.update(version="7"), "version"),
        (lambda tree: tree.update(format="dxnode/directory/2"), "format"),
        (lambda tree: tree.update(expires="2026-11-22T08:30:00Z"), "expires"),
        (lambda tree: tree.update(expires="2099-01-01T00:00:00Z"), "expires"),
        (lambda tree: tree.update(expires="2026-12-22T16:30:00+08:00"), "expires"),
        (lambda tree: tree.update(expires="2026-13-22T16:30:00Z"), "expires"),
        (lambda tree: tree.update(surprise=1), "surprise"),
        (lambda tree: tree.pop("members"), "members"),
        (set_member(1, code="11441900000000027X"), "members[1].code"),
        (set_member(1, code=INSURANCE), "members[0]"),
        (set_member(1, region="4419"), "members[1].region"),
        (set_member(0, level="village"), "members[0].level"),
        (set_member(0, endpoint="insurance.example"), "members[0].endpoint"),
        (set_member(0, endpoint="insurance.example:70000"), "members[0].endpoint"),
        (set_member(0, endpoint="https://insurance.example:8443"), "members[0].endpoint"),
        (set_member(0, certificates=["AB" * 32]), "members[0].certificates[0]"),
        (set_member(0, certificates=["ab" * 31]), "members[0].certificates[0]"),
        (set_member(0, tls_roots=PEM + "junk\n"), "members[0].tls_roots"),
        (set_member(0, log_keys=["dxnode/x"]), "members[0].log_keys[0]"),
        (set_member(0, log_keys=[]), "members[0].log_keys"),
        (set_member(0, cosign_keys=[]), "members[0].cosign_keys"),
        (set_member(0, log_keys=[log_key(number) for number in range(9)]), "members[0].log_keys"),
        (set_member(0, cosign_keys=[log_key(number) for number in range(9)]), "members[0].cosign_keys"),
        (set_member(0, log_keys=[log_key(1), log_key(1)]), "members[0].log_keys[1]"),
        (set_member(0, log_keys=[log_key(1), log_key(2, TAX)]), "members[0].log_keys[1]"),
        (set_member(0, cosign_keys=[log_key(1), log_key(2, TAX)]), "members[0].cosign_keys[1]"),
        (set_member(0, log_key=log_key(1)), "members[0].log_key"),
        (set_member(0, suspended="no"), "members[0].suspended"),
        (set_member(0, title="a\u2028b"), "members[0].title"),
        (set_member(0, roles=["king"]), "members[0].roles[0]"),
        (set_member(0, sealing_keys=["xwing+0123+x"]), "members[0].sealing_keys[0]"),
    ],
)
def test_malformed_directory_is_refused_with_its_place(change: Callable[[Any], object], where: str) -> None:
    assert refusal(altered(change)).metadata["where"].startswith(where)


def test_two_members_cannot_share_a_certificate() -> None:
    shared = member().certificates
    body = render_directory(directory(member(), member(TAX, certificates=shared)))
    assert refusal(body).metadata["where"] == "members[1].certificates"


def test_directory_has_one_spelling() -> None:
    body = render_directory(directory())
    for other in (body[:-1], body + b"\n", body.replace(b"  ", b" "), json.dumps(json.loads(body)).encode()):
        refusal(other)


def test_repeated_key_is_refused() -> None:
    body = render_directory(directory())
    refusal(body.replace(b'  "version": 7\n', b'  "version": 9,\n  "version": 7\n'))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"[" * 5000, b'{"a": "\xff"}', b"\x00"])
def test_what_is_no_directory_is_refused(body: bytes) -> None:
    refusal(body)


def test_truncated_directory_is_refused_wherever_it_ends() -> None:
    body = render_directory(directory())
    for end in range(0, len(body), 97):
        refusal(body[:end])


def accepted(one: Directory, seen: SeenDirectory | None = None, now: datetime = NOW) -> SeenDirectory:
    return accept(one, render_directory(one), seen, now)


def test_newer_directory_replaces_the_one_seen() -> None:
    seen = accepted(directory(version=7))
    assert accepted(directory(version=9), seen).version == 9


def test_same_directory_is_accepted_again() -> None:
    seen = accepted(directory())
    assert accepted(directory(), seen) == seen


def test_rolled_back_directory_is_refused() -> None:
    seen = accepted(directory(version=7))
    with pytest.raises(NodeError, match=r"DIRECTORY_INVALID.*version 6"):
        accepted(directory(version=6), seen)


def test_second_directory_of_one_version_is_refused() -> None:
    seen = accepted(directory())
    with pytest.raises(NodeError, match=r"DIRECTORY_INVALID.*two different"):
        accepted(directory(member(suspended=True), member(TAX)), seen)


def test_expired_directory_is_refused_from_the_second_it_expires() -> None:
    expires = directory().expires
    accepted(directory(), now=expires - timedelta(seconds=1))
    with pytest.raises(NodeError) as caught:
        accepted(directory(), now=expires)
    assert caught.value.reason is Reason.DIRECTORY_EXPIRED


def test_rollback_is_told_before_expiry() -> None:
    """An attacker who replays an old directory must not be taken for a lazy authority."""
    seen = accepted(directory(version=7))
    with pytest.raises(NodeError, match="DIRECTORY_INVALID"):
        accepted(directory(version=6), seen, NOW + timedelta(days=365))


def test_directory_of_the_future_is_refused() -> None:
    accepted(directory(), now=NOW - timedelta(minutes=5))
    with pytest.raises(NodeError, match="CLOCK_SKEWED"):
        accepted(directory(), now=NOW - timedelta(minutes=6))


def test_caller_is_identified_by_code_and_certificate_together() -> None:
    one, tax = member(), member(TAX)
    listed = directory(one, tax)
    assert listed.identify(INSURANCE, one.certificates[0]) == one
    for code, fingerprint in [
        (INSURANCE, tax.certificates[0]),
        (INSURANCE, "00" * 32),
        ("11441900000000043F", one.certificates[0]),
    ]:
        with pytest.raises(NodeError, match="CALLER_UNIDENTIFIED"):
            listed.identify(code, fingerprint)


def test_newest_sealing_key_that_is_valid_now_is_used() -> None:
    old, new, later = "a" * 16, "b" * 16, "c" * 16
    one = member(sealing_keys=(sealing_key(old, 0, 90), sealing_key(new, 10, 60), sealing_key(later, 70, 80)))

    def used(day: int) -> str:
        return one.sealing_key(NOW + timedelta(days=day)).key_id

    assert [used(0), used(10), used(59), used(60), used(70), used(80)] == [old, new, new, old, later, old]
    for day in (-1, 90):
        with pytest.raises(NodeError, match="KEY_ID_UNKNOWN"):
            used(day)


def test_roots_are_joined_without_repeats() -> None:
    other = PEM.replace("TUlJQ", "TUlJR")
    assert directory(member(), member(TAX)).tls_roots() == PEM
    assert directory(member(), member(TAX, tls_roots=other)).tls_roots() == PEM + other


def test_next_directory_counts_on() -> None:
    first = next_directory(None, [member()], NOW, timedelta(days=30))
    second = next_directory(first, [member(TAX)], NOW + timedelta(days=1), timedelta(days=30))
    assert (first.version, second.version) == (1, 2)
    assert second == replace(directory(member(TAX)), version=2, issued=second.issued, expires=second.expires)
    assert second.expires == NOW + timedelta(days=31)


def test_next_directory_cannot_hold_an_invalid_member() -> None:
    with pytest.raises(NodeError, match="DIRECTORY_INVALID"):
        next_directory(None, [replace(member(), endpoint="nowhere")], NOW, timedelta(days=30))


# --- revisions of the schema ---


def test_directory_of_the_first_revision_says_nothing_of_it_and_stays_valid() -> None:
    body = render_directory(directory())
    assert b"schema" not in body
    assert {each.schema for each in parse_directory(body).members.values()} == {1}
    spelled_out = altered(lambda tree: tree["members"][0].update(schema=1))
    assert "canonical" in refusal(spelled_out).message


def test_revision_that_a_member_announces_is_in_the_directory_and_in_its_file() -> None:
    newer = member(schema=3)
    told = directory(newer, member(TAX))
    assert render_directory(told).count(b'"schema": 3') == 1
    assert parse_directory(render_directory(told)) == told
    assert parse_member(render_member(newer)) == newer
    for wrong in (0, -1, 10_001):
        refusal(render_directory(directory(member(schema=wrong))))


def test_key_of_a_later_revision_waits_until_every_member_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.core.directory.directory.KEY_SINCE", {"approvals": 2})
    mixed = directory(member(schema=2, approvals=3), member(TAX))
    assert b"approvals" not in render_directory(mixed)
    assert keys_held_back(mixed) == {"approvals": (TAX,)}
    assert parse_directory(render_directory(mixed)).members[INSURANCE].approvals == 2
    known = directory(member(schema=2, approvals=3), member(TAX, schema=2))
    assert parse_directory(render_directory(known)).members[INSURANCE].approvals == 3
    assert keys_held_back(known) == {}
    assert b"approvals" in render_member(member(schema=2))
    # Who writes it all the same has not written a directory.
    early = json.loads(render_directory(known))
    del early["members"][1]["schema"]
    refusal(json.dumps(early, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b'"title"', b'"title": "a",\n  "title"'),
        lambda body: body.replace(b'"title"', b'"unknown": "a",\n  "title"'),
        lambda body: body + b"\n",
        lambda body: body.replace(b"  ", b" "),
    ],
    ids=["key twice", "key that is unknown", "more at the end", "other blanks"],
)
def test_member_file_has_one_spelling(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(NodeError) as refused:
        parse_member(change(render_member(member())))
    assert refused.value.reason is Reason.DIRECTORY_INVALID
