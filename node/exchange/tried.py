"""Who asked about a person: of a denial too, though nothing is kept of it that names the person.

Beside each verdict the provider keeps, encrypted, whom it was about: of an answer the opening, of a denial a
few bytes of a keyed pseudonym for each subject. Whoever has the node's data key can look a person up; nobody
can read from the pseudonyms who was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from node.core.identity import common_form
from node.core.log import usage
from node.exchange.ports import Vault
from node.v1 import record_pb2 as rec

PSEUDONYM = 8
"""Bytes of one: two people have the same one in 2^64 times, and a denial has as many as it has subjects."""
_CONTEXT = b"tried/subject"
_AT_ONCE = 50
"""Openings at one time: the longest have a MiB each."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A verdict about a person: where it stands in the usage log, and whether it was a permit."""

    index: int
    permit: bool


class Openings(Protocol):
    """Where encrypted openings are read."""

    def openings(self, start: int, limit: int) -> list[tuple[int, bytes, bytes]]: ...


def pseudonyms(opening: rec.Opening, vault: Vault) -> bytes:
    """The pseudonyms of all subjects, end to end."""
    return b"".join(
        vault.pseudonym(_CONTEXT, common_form(subject.id).encode())[:PSEUDONYM]
        for subject in opening.subjects
    )


def tried(openings: Openings, vault: Vault, subject: str, start: int = 0) -> Iterator[Tried]:
    """The verdicts about `subject` from the record `start` on, as far as their openings are still kept.

    Reads all of them: minutes for millions. Also finds what was written under earlier data keys. Raises
    NodeError(LOG_CORRUPT) for an opening that cannot be decrypted.
    """
    person = common_form(subject)
    value = person.encode()
    names = (vault.pseudonym(_CONTEXT, value), *vault.older_pseudonyms(_CONTEXT, value))
    short = {name[:PSEUDONYM] for name in names}
    while rows := openings.openings(start, _AT_ONCE):
        for index, leaf, body in rows:
            record = usage.parse_record(leaf)
            if record.HasField("verdict"):
                kept = rec.KeptOpening.FromString(vault.decrypt(body, b"opening/%d" % index))
                if _is_about(kept, person, short):
                    yield Tried(index, record.verdict.decision == rec.DECISION_PERMIT)
        start = rows[-1][0] + 1


def _is_about(kept: rec.KeptOpening, person: str, short: set[bytes]) -> bool:
    denied = kept.pseudonyms
    if any(denied[place : place + PSEUDONYM] in short for place in range(0, len(denied), PSEUDONYM)):
        return True
    subjects = rec.Opening.FromString(kept.opening).subjects
    return any(common_form(subject.id) == person for subject in subjects)
