"""The part of the store that remembers logs: what was seen of others, and what is lost of the own one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from node.core.deciding.gap import Gap
from node.core.log.peer_log import Contradiction, ContradictionKind, PeerLog, SeenCheckpoint
from node.store import schema as s


def peer_logs(connection: Connection) -> list[PeerLog]:
    """What was seen of all other logs, by credit code."""
    stopped = {
        (code, each.found_ms): each for code, found in contradictions(connection).items() for each in found
    }
    rows = connection.execute(select(s.peer_log).order_by(s.peer_log.c.code))
    return [
        PeerLog(
            row.code,
            SeenCheckpoint.of(row.newest, row.newest_ms),
            SeenCheckpoint.of(row.proved, row.proved_ms),
            stopped.get((row.code, row.stopped_ms)),
        )
        for row in rows
    ]


def contradictions(connection: Connection) -> dict[str, list[Contradiction]]:
    """What was found wrong with other logs, by credit code, the newest first."""
    query = select(s.contradiction).order_by(s.contradiction.c.found_ms.desc())
    found: dict[str, list[Contradiction]] = {}
    for row in connection.execute(query):
        found.setdefault(row.code, []).append(_contradiction(row))
    return found


def gaps(connection: Connection) -> list[Gap]:
    """Times of which records and counts are lost, the oldest first."""
    rows = connection.execute(select(s.gap).order_by(s.gap.c.until_ms))
    return [Gap(row.from_ms, row.until_ms) for row in rows]


def peer_log_row(log: PeerLog) -> tuple[object, ...]:
    """The row of `peer_log`."""
    stopped = log.stopped.found_ms if log.stopped is not None else 0
    newest, proved = log.newest, log.proved
    return log.code, newest.note, newest.time_ms, proved.note, proved.time_ms, stopped


def contradiction_row(code: str, found: Contradiction) -> tuple[object, ...]:
    """The row of `contradiction`."""
    remembered, other = found.remembered, found.other
    return (
        code,
        found.found_ms,
        found.kind.value,
        remembered.note,
        remembered.time_ms,
        other.note,
        other.time_ms,
        found.accepted_ms,
    )


def rows_as_values(logs: Sequence[PeerLog]) -> list[dict[str, object]]:
    """Rows of `peer_log` by column."""
    names = [column.name for column in s.peer_log.columns]
    return [dict(zip(names, peer_log_row(each), strict=True)) for each in logs]


def _contradiction(row: Row[tuple[object, ...]]) -> Contradiction:
    return Contradiction(
        row.found_ms,
        ContradictionKind(row.kind),
        SeenCheckpoint.of(row.remembered, row.remembered_ms),
        SeenCheckpoint.of(row.other, row.other_ms),
        row.accepted_ms,
    )
