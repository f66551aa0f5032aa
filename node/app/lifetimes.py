"""Until when a node's keys, certificates and directory are good, and what to say of those that end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from node.core.directory.directory import Directory
from node.core.state.part import Part, PartKind
from node.crypto.certificates import ends_of
from node.documents.keys import PrivateKey
from node.texts.message import Message

WARNING: Final = timedelta(days=30)
"""So long before the end of something, status tells of it."""
EXCHANGE: Final = "exchange-tls"
DESK: Final = "desk-tls"
EXCHANGE_ROOTS: Final = "exchange-roots"
DESK_ROOTS: Final = "desk-roots"
DIRECTORY: Final = "directory"
_ALL_NEEDED: Final = frozenset({EXCHANGE, DESK})
"""Of these, the first that ends is the end; of the others, a successor stands beside those before."""
_PARTS: Final = {
    EXCHANGE: PartKind.EXCHANGE_CERTIFICATE,
    EXCHANGE_ROOTS: PartKind.EXCHANGE_CERTIFICATE,
    DESK: PartKind.DESK_CERTIFICATE,
    DESK_ROOTS: PartKind.DESK_CERTIFICATE,
    DIRECTORY: PartKind.DIRECTORY,
}
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What a key or certificate is for, what it is named by, and when it ends."""

    use: str
    key_id: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """The certificates (PEM) of a node: what both ports show, and what others and desk callers chain to."""

    exchange: bytes
    exchange_roots: bytes
    desk: bytes
    desk_roots: bytes


def lifetimes(keys: Iterable[PrivateKey], shown: Shown, directory: Directory) -> tuple[Lifetime, ...]:
    """Of all keys and certificates, and of the directory. A certificate is named by its fingerprint."""
    found = [Lifetime(key.use, key.key_id, key.expires) for key in keys]
    for use, certificates in (
        (EXCHANGE, shown.exchange),
        (EXCHANGE_ROOTS, shown.exchange_roots),
        (DESK, shown.desk),
        (DESK_ROOTS, shown.desk_roots),
    ):
        ends = ends_of(certificates) if certificates else ()
        found += [Lifetime(use, fingerprint.hex()[:_DIGITS], end) for fingerprint, end in ends]
    return (*found, Lifetime(DIRECTORY, str(directory.version), directory.expires))


@dataclass(frozen=True, slots=True)
class Ending:
    """A use whose last key or certificate has ended (`over`), or ends soon, and what to do."""

    use: str
    over: bool
    said: Message

    @property
    def degrades(self) -> bool:
        """Whether the operator has to do something about it; a directory comes anew from the authority."""
        return self.over or self.use != DIRECTORY

    @property
    def part(self) -> Part:
        """The part of the node that it belongs to."""
        return Part(_PARTS.get(self.use, PartKind.KEYS))


def endings(known: Sequence[Lifetime], now: datetime) -> list[Ending]:
    """What has ended, so that the node cannot do all that it is for, and what ends soon."""
    return [
        Ending(each.use, each.ends <= now, _said(each, now))
        for each in _deciding(known)
        if each.ends <= now + WARNING
    ]


def _deciding(known: Sequence[Lifetime]) -> Iterator[Lifetime]:
    """Of each use, the one by whose end the use ends."""
    for use in dict.fromkeys(each.use for each in known):
        choose = min if use in _ALL_NEEDED else max
        yield choose((each for each in known if each.use == use), key=lambda each: each.ends)


def _said(each: Lifetime, now: datetime) -> Message:
    return Message(
        "state.life.over" if each.ends <= now else "state.life.soon",
        {
            "what": Message(f"state.life.of.{each.use}", {"id": each.key_id}),
            "at": each.ends,
            "days": (each.ends - now).days,
            "next": Message(f"state.life.next.{each.use}"),
        },
    )
