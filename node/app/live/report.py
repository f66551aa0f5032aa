"""What a reload read, for staff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from node.app.live.own_keys import signing_keys
from node.app.live.parts import LiveParts
from node.app.live.publishing import Published
from node.core.directory.directory import Member
from node.core.role import Roles
from node.core.state.data_load import KeptLoad
from node.documents.keys import signature_key_id
from node.texts.message import Message, Value


def parts_read(
    parts: LiveParts, own: Member | None, unread: int, holidays: bool, roles: bool, now: datetime
) -> Iterator[Message]:
    """Each part, one after the other.

    `own` is the own entry in the directory; so many files of the policy folder were left `unread`. `holidays`
    says whether there is a file of them, and `roles` whether those in the settings could be read.
    """
    yield Message("state.read.directory", {"version": parts.directory.version})
    yield Message("state.read.certificates")
    log_signer, cosigner = (signature_key_id(signer.verifier) for signer in signing_keys(parts.keys, own))
    yield Message("state.read.signing", {"log": log_signer, "cosign": cosigner})
    if parts.policies is not None:
        yield from policies_read(parts.policies)
    if unread:
        yield Message("state.read.unread", {"count": unread})
    if holidays and parts.calendar is not None:
        yield Message("state.read.holidays", {"until": str(parts.calendar.known_until)})
    if roles:
        yield roles_read(parts.roles)
    if len(parts.catalogue.imported):
        yield Message("state.read.imported", {"count": len(parts.catalogue.imported)})
    yield from loads_read(parts.sources.loads, now)


def policies_read(published: Published) -> list[Message]:
    """The policies in use with who signed them, and how many entries wait."""
    policies, loaded = published.policies, published.loaded
    args: dict[str, Value] = {"digest": policies.digest.hex()[:16], "count": len(policies.datasets)}
    if loaded.manifest is None:
        said = [Message("state.read.policies-unsigned", args)]
    else:
        args |= {"version": loaded.manifest.version, "officers": loaded.approved}
        said = [Message("state.read.policies", args)]
    if published.waiting:
        said.append(Message("state.read.waiting", {"count": len(published.waiting)}))
    return said


def roles_read(roles: Roles) -> Message:
    """The roles that may ask."""
    names = tuple(roles.rules)
    return Message("state.read.roles", {"roles": names}) if names else Message("state.read.no-roles")


def loads_read(loads: Mapping[str, KeptLoad], now: datetime) -> list[Message]:
    """The sources, each with the number of its load."""
    return [
        Message("state.read.source", {"dataset": dataset, "load": load.at(now).number})
        for dataset, load in loads.items()
    ]
