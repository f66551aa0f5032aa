"""Puts together what a node needs to know the time: the machine, its memory, the other departments."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import SystemRandom

from node.app.live.live import Live
from node.config.settings import Limits, Settings
from node.core.clock import ClockBounds, Reading
from node.core.directory.directory import MAX_BYTES, MAX_SKEW
from node.crypto.signing import Verifier
from node.documents.directory_file import read_directory
from node.documents.note_file import read_note_file
from node.errors import NodeError
from node.exchange.group import GroupCommit
from node.exchange.node_clock import NodeClock
from node.exchange.second_look import ClockKeeper, ClockMemory
from node.rpc.peer_client import PeerClient

_TOLERATED_JUMPS = 3
"""How far a clock that is believed can be behind the last record: it may jump from one bound to the other."""


def read_clocks() -> Reading:
    """The machine's clock, and the time since it was started, in which it may have slept."""
    elapsed = timedelta(microseconds=time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)
    return Reading(datetime.now(UTC), elapsed)


def open_clock(
    settings: Settings,
    read: Callable[[], Reading],
    recorded: datetime | None,
    certain: datetime | None = None,
) -> NodeClock:
    """The clock of a node that last recorded a time, None for a new one; see `NodeClock`.

    That, or the time at which the authority signed the directory, is the last that it knows.
    """
    return NodeClock(read, _last_known(settings, recorded), _bounds(settings.limits), certain)


def tolerated_ms(limits: Limits) -> int:
    """How far the last record may be ahead of a clock that is believed."""
    return _TOLERATED_JUMPS * limits.clock_jump_seconds * 1000


def make_keeper(
    department: str,
    clock: NodeClock,
    commit: GroupCommit,
    memory: ClockMemory,
    live: Live,
    peers: PeerClient,
    in_worker: Callable[[Callable[[], None]], Awaitable[None]],
    changed: Callable[[], None],
) -> ClockKeeper:
    """What looks at the clock again and again; see `ClockKeeper`."""

    def choose(codes: Sequence[str], count: int) -> Sequence[str]:
        return SystemRandom().sample(codes, min(count, len(codes)))

    return ClockKeeper(
        department=department,
        clock=clock,
        commit=commit,
        memory=memory,
        others=live.others,
        ask=lambda code: peers.time_of(live.directory.members[code]),
        choose=choose,
        in_worker=in_worker,
        changed=changed,
    )


def _bounds(limits: Limits) -> ClockBounds:
    return ClockBounds(
        timedelta(seconds=limits.clock_jump_seconds),
        timedelta(hours=limits.clock_away_hours),
        timedelta(seconds=limits.clock_skew_seconds),
    )


def _last_known(settings: Settings, recorded: datetime | None) -> datetime | None:
    if recorded is None:
        return None
    try:
        note = read_note_file(settings.directory, MAX_BYTES)
        signed = read_directory(note, Verifier.parse(settings.authority)).issued - MAX_SKEW
    except NodeError:  # told where the directory is loaded
        return recorded
    return max(recorded, signed)
