"""Addresses as host:port: what is wrong with the writing of one, and when it leads past its port."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, TypeAlias

from node.core.meant import wide_sign
from node.texts.message import Message

_Ip: TypeAlias = IPv4Address | IPv6Address
_PORT: Final = re.compile(r"[0-9]{1,5}")
_DIGITS_AND_DOTS: Final = re.compile(r"[0-9.]+")
# RFC 1123, 2.1, with the underscores that names of containers have.
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_LOCAL: Final = IPv4Address("127.0.0.1")
_LAST_PORT: Final = (1 << 16) - 1

Resolve: TypeAlias = Callable[[str], Sequence[str]]
"""The addresses that a host name leads to; none for one that nobody here knows."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host without brackets, and a port."""

    host: str
    port: int

    @property
    def ip(self) -> _Ip | None:
        """The host as an address; None for a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def whole(self) -> str:
        """As it is written."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_fault(text: str) -> str | None:
    """The key of what is wrong with `text` as host:port, for what can be named; None if nothing is."""
    host, colon, port = text.rpartition(":")
    if wide_sign(text) is not None:
        return "file.address.wide"
    if "/" in text:
        return "file.address.url"
    if "%" in text:
        return "file.address.zone"
    if (host.count(":") and not text.startswith("[")) or text.startswith("::"):
        return "file.address.brackets"
    if colon and not host:
        return "file.directory.endpoint"
    if not colon or text.endswith("]"):
        return "file.address.port-missing"
    if not _PORT.fullmatch(port) or int(port) > _LAST_PORT:
        return "file.address.port"
    if host.startswith("["):
        return (
            None if ":" in host and _is_ip(host.strip("[]")) and host.endswith("]") else "file.address.ipv6"
        )
    if _DIGITS_AND_DOTS.fullmatch(host):
        return None if _is_ip(host) else "file.address.ipv4"
    return None if _NAME.fullmatch(host) else "file.address.host"


def read_address(text: str) -> Address:
    """The parts of an address without a fault."""
    host, _, port = text.rpartition(":")
    return Address(host.strip("[]"), int(port))


def nowhere(text: str) -> bool:
    """Whether nobody can call an address without a fault: it is of all interfaces, or of many machines."""
    ip = read_address(text).ip
    return ip is not None and (ip.is_unspecified or ip.is_multicast)


def every_interface(beside: Address) -> str:
    """What listens on all interfaces for those who are told `beside`: of IPv4 alone, unless that is IPv6."""
    return "[::]" if isinstance(beside.ip, IPv6Address) else "0.0.0.0"  # noqa: S104 - others must reach it


def reached_at(listen: str, advertise: str) -> str:
    """Where to call what listens there: on all interfaces, it is at the host that others are told."""
    if not nowhere(listen):
        return listen
    return Address(read_address(advertise).host, read_address(listen).port).whole


def misled(advertise: str, listen: str, resolve: Resolve) -> Iterator[Message]:
    """What keeps whoever is told to call `advertise` from what listens, unless something passes calls on."""
    told, there = read_address(advertise), read_address(listen)
    args = {"advertise": advertise, "listen": listen}
    if told.port != there.port and there.port:
        yield Message("setting.address.port", args)
    told_ip, bound = told.ip, _LOCAL if there.host == "localhost" else there.ip
    if told_ip is not None:
        yield from _of_told(told_ip, args)
    if bound is not None and bound.is_loopback and not (told_ip is not None and told_ip.is_loopback):
        if told.host != "localhost":
            yield Message("setting.address.listens-inside", args)
        return
    if told_ip is None:
        yield from _of_name(told.host, bound, resolve, args)
    elif bound is not None:
        if not _answers(told_ip, bound):
            families = {"family": _family(told_ip), "own": _family(bound)}
            yield Message("setting.address.family", args | families)
        elif not bound.is_unspecified and bound != told_ip:
            yield Message("setting.address.other", args)


def _of_told(told: _Ip, args: dict[str, str]) -> Iterator[Message]:
    if told.is_loopback:
        yield Message("setting.address.loopback", args)
    elif told.is_link_local:
        yield Message("setting.address.link-local", args)


def _of_name(name: str, bound: _Ip | None, resolve: Resolve, args: dict[str, str]) -> Iterator[Message]:
    found = [ip_address(each.partition("%")[0]) for each in resolve(name)]
    if not found:
        yield Message("setting.address.unknown-name", args | {"name": name})
    elif all(each.is_loopback for each in found):
        yield Message("setting.address.loopback", args)
    elif bound is not None and not any(_answers(each, bound) for each in found):
        families = _family(found[0])
        yield Message(
            "setting.address.name-family", args | {"name": name, "family": families, "own": _family(bound)}
        )


def _answers(told: _Ip, bound: _Ip) -> bool:
    """Whether what listens at `bound` hears calls of the kind of `told`: [::] takes both kinds."""
    return told.version == bound.version or bound == IPv6Address("::")


def _family(address: _Ip) -> str:
    return f"IPv{address.version}"


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
