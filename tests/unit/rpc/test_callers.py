"""Who calls: members and gateways by certificate and directory, staff by role, each at a bounded rate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.town import HR, MEDICAL, TAX

from node.core.directory.directory import Directory, Member
from node.core.directory.spelling import Role
from node.core.role import AUDITOR, CLERK, OPERATOR, ROLES, SYSTEM
from node.errors import NodeError, Reason
from node.exchange.rate import MAX_BUCKETS, Rate
from node.rpc.callers import Certificate, DeskTrust, Members, Staff
from node.rpc.grpc_status import Context

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BEGINS, ENDS = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
"""When every certificate is valid."""


class Call:
    """What the callers' side looks at of a call."""

    def __init__(self, pem: str = "", peer: str = "ipv4:127.0.0.1:5") -> None:
        self._pem, self._peer = pem, peer

    def auth_context(self) -> Mapping[str, list[bytes]]:
        return {"x509_pem_cert": [self._pem.encode()]} if self._pem else {}

    def peer(self) -> str:
        return self._peer


def call(pem: str = "", peer: str = "ipv4:127.0.0.1:5") -> Context:
    return Call(pem, peer)  # type: ignore[return-value]


def read(pem: bytes) -> Certificate:
    """A certificate that reads "department role fingerprint"."""
    try:
        department, role, fingerprint = pem.decode().split(" ")
    except ValueError:
        raise NodeError(Reason.CALLER_UNIDENTIFIED, "no certificate") from None
    return Certificate(bytes.fromhex(fingerprint * 32), department, role.strip("-"), BEGINS, ENDS)


def member(code: str, fingerprint: str, *roles: Role, suspended: bool = False) -> Member:
    return Member(
        code=code,
        title=code,
        region="441900",
        level="city",
        organisation=code,
        roles=roles,
        endpoint="127.0.0.1:1",
        certificates=(fingerprint * 32,),
        tls_roots="",
        sealing_keys=(),
        log_keys=(),
        cosign_keys=(),
        suspended=suspended,
    )


class Door:
    """The exchange port's view of a directory that a test can change."""

    def __init__(self) -> None:
        listed = (member(TAX, "aa"), member(MEDICAL, "bb", suspended=True), member(HR, "cc", Role.GATEWAY))
        self.directory = Directory(1, NOW, NOW + timedelta(days=1), {each.code: each for each in listed})
        self.now, self.time = NOW, 0.0
        self.members = Members(
            lambda: self.directory, read, lambda: self.now, Rate(10.0, 5.0, lambda: self.time)
        )

    def refuses(self, context: Context, on_behalf: str = "") -> Reason:
        with pytest.raises(NodeError) as refused:
            self.members.identify(context, on_behalf)
        return refused.value.reason


@pytest.fixture
def door() -> Door:
    return Door()


def test_listed_certificate_names_its_member(door: Door) -> None:
    assert door.members.identify(call(f"{TAX} - aa")).code == TAX


def test_suspended_member_is_known_so_that_its_denial_can_be_recorded(door: Door) -> None:
    assert door.members.identify(call(f"{MEDICAL} - bb")).suspended


@pytest.mark.parametrize("pem", ["", "garbage", f"{TAX} - bb", "1144190000000006X2 - aa", f"{MEDICAL} - aa"])
def test_others_are_unidentified(door: Door, pem: str) -> None:
    assert door.refuses(call(pem)) is Reason.CALLER_UNIDENTIFIED


@pytest.mark.parametrize(
    ("moment", "said"), [(ENDS, "has expired"), (BEGINS - timedelta(seconds=1), "is not valid yet")]
)
def test_certificate_counts_in_its_time_alone_on_a_connection_that_stands_too(
    door: Door, moment: datetime, said: str
) -> None:
    # The calls of one connection all show the certificate that its handshake took.
    for shown in (f"{TAX} - aa", f"{MEDICAL} - bb"):
        assert door.members.caller(call(shown)) == door.members.identify(call(shown)).code
    door.now = moment
    for shown in (f"{TAX} - aa", f"{MEDICAL} - bb", f"{HR} - cc"):
        for look in (door.members.caller, door.members.identify):
            with pytest.raises(NodeError, match=said) as refused:
                look(call(shown))
            assert refused.value.reason is Reason.CALLER_UNIDENTIFIED
    with pytest.raises(NodeError, match=said):
        door.members.identify(call(f"{HR} - cc"), TAX)  # a gateway carries nothing with it either


def test_certificate_that_the_directory_lists_no_more_is_nobodys(door: Door) -> None:
    assert door.members.caller(call(f"{TAX} - aa")) == TAX
    door.directory = replace(door.directory, members={**door.directory.members, TAX: member(TAX, "dd")})
    assert door.members.caller(call(f"{TAX} - aa")) == ""


def test_nobody_is_identified_by_an_expired_directory(door: Door) -> None:
    door.directory = replace(door.directory, expires=NOW)
    assert door.refuses(call(f"{TAX} - aa")) is Reason.DIRECTORY_EXPIRED


def test_change_of_the_directory_holds_for_the_next_call(door: Door) -> None:
    door.members.identify(call(f"{TAX} - aa"))
    changed = {**door.directory.members, TAX: member(TAX, "dd")}
    door.directory = replace(door.directory, members=changed)
    assert door.refuses(call(f"{TAX} - aa")) is Reason.CALLER_UNIDENTIFIED
    assert door.members.identify(call(f"{TAX} - dd")).code == TAX


def test_gateway_calls_for_others_and_others_do_not(door: Door) -> None:
    assert door.members.identify(call(f"{HR} - cc"), TAX).code == TAX
    assert door.members.identify(call(f"{HR} - cc"), HR).code == HR
    assert door.members.identify(call(f"{HR} - cc")).code == HR
    assert door.members.identify(call(f"{TAX} - aa"), HR).code == TAX
    assert door.refuses(call(f"{HR} - cc"), "1144190000000006X2") is Reason.CALLER_UNIDENTIFIED


def test_suspended_gateway_carries_nothing(door: Door) -> None:
    changed = {**door.directory.members, HR: member(HR, "cc", Role.GATEWAY, suspended=True)}
    door.directory = replace(door.directory, members=changed)
    assert door.refuses(call(f"{HR} - cc"), TAX) is Reason.SUSPENDED
    assert door.members.identify(call(f"{HR} - cc")).suspended


def test_rate_is_each_members_own_also_behind_a_gateway(door: Door) -> None:
    for _ in range(5):
        door.members.identify(call(f"{HR} - cc"), TAX)
    assert door.refuses(call(f"{HR} - cc"), TAX) is Reason.RATE_LIMITED
    assert door.refuses(call(f"{TAX} - aa")) is Reason.RATE_LIMITED
    assert door.members.identify(call(f"{MEDICAL} - bb")).code == MEDICAL
    door.time += 0.1
    assert door.members.identify(call(f"{TAX} - aa")).code == TAX
    assert door.refuses(call(f"{TAX} - aa")) is Reason.RATE_LIMITED


def test_certificate_that_is_not_listed_takes_no_places_of_the_member_it_names(door: Door) -> None:
    assert door.members.caller(call(f"{TAX} - aa")) == TAX
    assert door.members.caller(call(f"{TAX} - bb")) == ""
    assert door.members.caller(call("1144190000000006X2 - aa")) == ""
    assert door.members.caller(call("")) == ""


def test_refusal_is_written_to_the_account_of_who_the_certificate_names(door: Door) -> None:
    assert door.members.code(call(f"{TAX} - bb")) == TAX
    assert door.members.code(call("1144190000000006X2 - aa")) == ""
    assert door.members.code(call("")) == ""


# --- rates ---


def test_bucket_fills_up_to_its_burst_and_no_further() -> None:
    moment = 0.0
    rate = Rate(2.0, 3.0, lambda: moment)

    def taken() -> int:
        count = 0
        while True:
            try:
                rate.take("x")
            except NodeError:
                return count
            count += 1

    assert taken() == 3
    moment = 1.0
    assert taken() == 2
    moment = 1000.0
    assert taken() == 3


def test_what_was_spent_beyond_the_bucket_has_to_be_waited_for() -> None:
    """Who causes much at once pays for all of it, and not for what was left."""
    moment = 0.0
    rate = Rate(1.0, 3.0, lambda: moment)
    rate.check("x")
    rate.spend("x", 10)
    for moment in (1.0, 7.0):  # noqa: B007 - the clock
        with pytest.raises(NodeError):
            rate.check("x")
    moment = 8.0
    rate.check("x")


def test_many_callers_do_not_fill_the_memory() -> None:
    rate = Rate(1.0, 1.0, lambda: 0.0)
    for number in range(MAX_BUCKETS + 10):
        rate.take(str(number))
    assert len(rate._buckets) <= MAX_BUCKETS


# --- the desk ---


class Desk:
    """A desk that knows which certificates were revoked, and until when the way to its root is valid."""

    def __init__(self) -> None:
        self.refused: list[Reason] = []
        self.now, self.chain_ends = NOW, ENDS
        self.revoked: set[bytes] = set()
        self.trusted = True
        trust = DeskTrust(self._until, lambda each: each in self.revoked, lambda: self.now)
        self.staff = Staff(TAX, read, trust, Rate(0.0, 3.0, lambda: 0.0), self._note)

    def _until(self, pem: bytes, chain: bytes) -> datetime:
        if not self.trusted:
            raise NodeError(Reason.CALLER_UNIDENTIFIED, "not trusted")
        return self.chain_ends

    async def _note(self, reason: Reason) -> None:
        self.refused.append(reason)

    async def refuses(self, context: Context, *roles: str) -> Reason:
        with pytest.raises(NodeError) as refused:
            await self.staff.admit(context, *roles)
        assert self.refused[-1] is refused.value.reason
        return refused.value.reason


async def test_socket_is_the_operator_who_may_do_everything() -> None:
    desk = Desk()
    for roles in ((), (CLERK,), ROLES):
        caller = await desk.staff.admit(call(peer="unix:/run/x"), *roles)
        fingerprint = hashlib.sha256(b"dxnode/v1/operator").digest()
        assert (caller.role, caller.fingerprint) == (OPERATOR, fingerprint)
    assert desk.refused == []


async def test_certificate_gives_its_role_and_no_other() -> None:
    desk = Desk()
    caller = await desk.staff.admit(call(f"{TAX} clerk aa"), CLERK, SYSTEM)
    assert (caller.role, caller.fingerprint) == (CLERK, bytes.fromhex("aa" * 32))
    assert await desk.refuses(call(f"{TAX} clerk aa"), AUDITOR) is Reason.QUESTION_NOT_ALLOWED
    assert await desk.refuses(call(f"{TAX} clerk aa")) is Reason.QUESTION_NOT_ALLOWED


@pytest.mark.parametrize("pem", ["", "garbage", f"{TAX} - aa", f"{MEDICAL} clerk aa"])
async def test_desk_does_not_know_others(pem: str) -> None:
    assert await Desk().refuses(call(pem), *ROLES) is Reason.CALLER_UNIDENTIFIED


async def test_desk_caller_is_told_to_slow_down() -> None:
    desk = Desk()
    for _ in range(3):
        await desk.staff.admit(call(f"{TAX} clerk aa"), CLERK)
    assert await desk.refuses(call(f"{TAX} clerk aa"), CLERK) is Reason.RATE_LIMITED
    await desk.staff.admit(call(f"{TAX} clerk bb"), CLERK)


def _revoke(desk: Desk) -> None:
    desk.revoked = {bytes.fromhex("aa" * 32)}


def _expire(desk: Desk) -> None:
    desk.now = ENDS


def _expire_the_authority(desk: Desk) -> None:
    desk.chain_ends = NOW


def _trust_no_more(desk: Desk) -> None:
    desk.trusted = False


@pytest.mark.parametrize("change", [_revoke, _expire, _expire_the_authority, _trust_no_more])
async def test_desk_certificate_that_counts_no_more_ends_calls_and_streams(
    change: Callable[[Desk], None],
) -> None:
    desk, shown = Desk(), call(f"{TAX} clerk aa")
    await desk.staff.admit(shown, CLERK)
    await desk.staff.look_again(shown)
    change(desk)
    assert await desk.refuses(shown, CLERK) is Reason.CALLER_UNIDENTIFIED
    with pytest.raises(NodeError):
        desk.staff.caller(shown)
    with pytest.raises(NodeError):
        await desk.staff.look_again(shown)
    assert desk.refused == [Reason.CALLER_UNIDENTIFIED] * 2
    assert desk.staff.caller(call(peer="unix:")) is None


async def test_colleagues_of_who_was_revoked_go_on() -> None:
    desk = Desk()
    _revoke(desk)
    await desk.staff.admit(call(f"{TAX} clerk bb"), CLERK)


def test_each_desk_certificate_counts_by_itself_and_the_operator_not_at_all() -> None:
    desk = Desk()
    clerk, other = (desk.staff.caller(call(f"{TAX} {CLERK} {each}")) for each in ("aa", "bb"))
    assert clerk
    assert other
    assert clerk != other
    assert desk.staff.caller(call(f"{HR} {CLERK} cc")) == ""
    assert desk.staff.caller(call("")) == ""
    assert desk.staff.caller(call(peer="unix:")) is None
