"""What is wrong with an address is named, and so is one that leads past the port it is told for."""

from __future__ import annotations

import pytest

from node.core.address import (
    Address,
    address_fault,
    every_interface,
    misled,
    nowhere,
    reached_at,
    read_address,
)

FAULTS = {
    "::1:8443": "brackets",
    "2001:db8::7": "brackets",
    "2001:db8::7:8443": "brackets",
    "::": "brackets",
    "[fe80::1%eth0]:8443": "zone",
    "fe80::1%eth0": "zone",
    "https://node.example:8443": "url",
    "node.example:8443/": "url",
    "node.example": "port-missing",
    "192.0.2.7": "port-missing",
    "[2001:db8::7]": "port-missing",
    "node.example:": "port",
    "node.example:https": "port",
    "node.example:99999": "port",
    "node.example:-1": "port",
    "node.example：8443": "wide",
    "192。0。2。7:8443": "wide",
    "［::1］:8443": "wide",
    "[1:2]:8443": "ipv6",
    "[node.example]:8443": "ipv6",
    "[::1:8443": "ipv6",
    "192.0.2:8443": "ipv4",
    "192.0.2.777:8443": "ipv4",
    "192.0.2.07:8443": "ipv4",
    "[192.0.2.7]:8443": "ipv6",
    "１９２.0.2.7:8443": "wide",
    "node.example:８４４３": "wide",
    "node．example:8443": "wide",
    "node.example:\u30008443": "wide",
    "\u00a0node.example:8443": "wide",
    " node.example:8443": "host",
    "node.\u200bexample:8443": "host",
    "our node:8443": "host",
    "-node.example:8443": "host",
    "node..example:8443": "host",
    "*:8443": "host",
    "节点.example:8443": "host",
}
WELL = [
    "node.example:8443",
    "localhost:1",
    "192.0.2.7:65535",
    "[::1]:8443",
    "[2001:db8::7]:0",
    "[::ffff:192.0.2.7]:1",
    "node_1.example.:1",
    "xn--55qx5d.example:1",
    "3com.example:1",
]


@pytest.mark.parametrize("text", FAULTS)
def test_what_is_wrong_with_an_address_is_named(text: str) -> None:
    assert address_fault(text) == f"file.address.{FAULTS[text]}"


@pytest.mark.parametrize("text", WELL)
def test_nothing_is_wrong_with_a_good_address(text: str) -> None:
    assert address_fault(text) is None
    assert read_address(text).whole == text


@pytest.mark.parametrize(
    ("text", "is_nowhere"),
    [
        ("0.0.0.0:1", True),
        ("[::]:1", True),
        ("[ff02::1]:1", True),
        ("[::1]:1", False),
        ("node.example:1", False),
    ],
)
def test_an_address_that_nobody_can_call_is_known(text: str, is_nowhere: bool) -> None:
    assert nowhere(text) is is_nowhere


def test_what_listens_takes_the_kind_of_calls_that_is_told() -> None:
    assert every_interface(Address("2001:db8::7", 1)) == "[::]"
    every_ipv4 = "0.0.0.0"  # noqa: S104 - what is to be given
    assert every_interface(Address("192.0.2.7", 1)) == every_ipv4
    assert every_interface(Address("node.example", 1)) == every_ipv4


NAMES = {
    "both.example": ("192.0.2.7", "2001:db8::7"),
    "six.example": ("2001:db8::7", "fe80::1%eth0"),
    "four.example": ("192.0.2.7",),
    "self.example": ("127.0.1.1",),
    "localhost": ("127.0.0.1", "::1"),
}
TOLD: list[tuple[str, str, list[str]]] = [
    ("[2001:db8::7]:8443", "0.0.0.0:8443", ["family"]),
    ("[2001:db8::7]:8443", "192.0.2.7:8443", ["family"]),
    ("[2001:db8::7]:8443", "[::]:8443", []),
    ("[2001:db8::7]:8443", "[2001:db8::7]:8443", []),
    ("[2001:db8::7]:8443", "[2001:db8:0::7]:8443", []),
    ("192.0.2.7:8443", "[::]:8443", []),
    ("192.0.2.7:8443", "[2001:db8::7]:8443", ["family"]),
    ("192.0.2.7:8443", "192.0.2.8:8443", ["other"]),
    ("192.0.2.7:443", "0.0.0.0:8443", ["port"]),
    ("[2001:db8::7]:443", "0.0.0.0:8443", ["port", "family"]),
    ("192.0.2.7:8443", "127.0.0.1:8443", ["listens-inside"]),
    ("node.unknown:8443", "localhost:8443", ["listens-inside"]),
    ("127.0.0.1:8443", "127.0.0.1:8443", ["loopback"]),
    ("[::1]:8443", "0.0.0.0:8443", ["loopback", "family"]),
    ("localhost:8443", "0.0.0.0:8443", ["loopback"]),
    ("localhost:8443", "127.0.0.1:8443", []),
    ("[fe80::7]:8443", "[::]:8443", ["link-local"]),
    ("169.254.1.7:8443", "0.0.0.0:8443", ["link-local"]),
    ("six.example:8443", "0.0.0.0:8443", ["name-family"]),
    ("six.example:8443", "[::]:8443", []),
    ("four.example:8443", "[2001:db8::7]:8443", ["name-family"]),
    ("both.example:8443", "0.0.0.0:8443", []),
    ("self.example:8443", "0.0.0.0:8443", ["loopback"]),
    ("node.unknown:8443", "0.0.0.0:8443", ["unknown-name"]),
    ("four.example:8443", "inner.example:8443", []),
    ("four.example:8443", "0.0.0.0:0", []),
]


@pytest.mark.parametrize(("advertise", "listen", "said"), TOLD)
def test_an_address_that_leads_past_what_listens_is_told(
    advertise: str, listen: str, said: list[str]
) -> None:
    found = misled(advertise, listen, lambda name: NAMES.get(name, ()))
    assert [message.key.rpartition(".")[2] for message in found] == said


@pytest.mark.parametrize(
    ("listen", "called"),
    [
        ("127.0.0.1:8444", "127.0.0.1:8444"),
        ("desk.example:8444", "desk.example:8444"),
        ("0.0.0.0:8444", "node.example:8444"),
        ("[::]:8444", "node.example:8444"),
    ],
)
def test_what_listens_on_all_interfaces_is_called_by_the_host_that_is_told(listen: str, called: str) -> None:
    assert reached_at(listen, "node.example:8443") == called
