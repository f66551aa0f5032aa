"""What a reload read, for staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from node.app.live.publishing import Published
from node.core.role import Roles
from node.core.state.data_load import KeptLoad
from node.core.workdays import Calendar
from node.texts.message import Message


def said_of_policies(published: Published) -> list[Message]:
    """The policies in use with who signed them, and how many entries wait."""
    policies, loaded = published.policies, published.loaded
    digest, count = policies.digest.hex()[:16], len(policies.datasets)
    if loaded.manifest is None:
        said = [Message("state.read.policies-unsigned", {"digest": digest, "count": count})]
    else:
        said = [
            Message(
                "state.read.policies",
                {
                    "digest": digest,
                    "count": count,
                    "version": loaded.manifest.version,
                    "officers": loaded.approved,
                },
            )
        ]
    if published.waiting:
        said.append(said_of_waiting(published))
    return said


def said_of_waiting(published: Published) -> Message:
    """How many entries wait for approval."""
    return Message("state.read.waiting", {"count": len(published.waiting)})


def said_of_keys(log_key: str, cosign_key: str) -> Message:
    """What the own log is signed with."""
    return Message("state.read.signing", {"log": log_key, "cosign": cosign_key})


def said_of_holidays(calendar: Calendar) -> Message:
    """Until when working days are known."""
    return Message("state.read.holidays", {"until": str(calendar.known_until)})


def said_of_roles(roles: Roles) -> Message:
    """The roles that may ask."""
    names = tuple(roles.rules)
    return Message("state.read.roles", {"roles": names}) if names else Message("state.read.no-roles")


def said_of_loads(loads: Mapping[str, KeptLoad], now: datetime) -> Sequence[Message]:
    """The sources, each with the number of its load."""
    return [
        Message("state.read.source", {"dataset": dataset, "load": load.at(now).number})
        for dataset, load in loads.items()
    ]
