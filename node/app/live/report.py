"""What a reload read, for staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from node.app.live.publishing import Published
from node.core.role import Roles
from node.core.state.data_load import KeptLoad
from node.texts.message import Message, Value


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
