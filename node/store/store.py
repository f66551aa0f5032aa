"""The node's durable state: usage log, ledger, answered and asked exchanges, grants, releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.pool import PoolProxiedConnection

from node.core.commit import AskedExchange, Head
from node.core.grant import Grant
from node.core.grant_message import grant_from_bytes, grant_to_bytes
from node.core.publication import ServedVersion
from node.core.tree import TILE
from node.errors import NodeError, Reason
from node.store import driver
from node.store import schema as s
from node.store.engine import is_busy, never_wait, open_engine, store_errors
from node.store.transaction import Statements, Transaction
from node.v1 import catalogue_pb2 as pb

_T = TypeVar("_T")
_KEYS_AT_ONCE = 500
_PRUNE_AT_ONCE = 2000
_CLEARED = "openings.cleared"


class Store:
    """All access to the node's database. Reads may come from any thread; one thread commits.

    Every method raises NodeError(STORE_UNAVAILABLE) when the database cannot be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(readonly=True)
        self._sql = Statements(engine.dialect)
        self._writer: PoolProxiedConnection | None = None

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open or make the database file; see `open_engine`."""
        return cls(open_engine(path))

    def close(self) -> None:
        """Give all connections back to the system."""
        if self._writer is not None:
            self._writer.close()
        self._engine.dispose()

    # --- one group commit ---

    def begin(self) -> Transaction | None:
        """Begin an immediate transaction: the only writer until it ends. One at a time.

        None while another connection writes: to wait for it is the caller's business.
        """
        with store_errors():
            if self._writer is None or not self._writer.is_valid:
                self._writer = self._engine.raw_connection()
                never_wait(self._writer)
            try:
                return Transaction(self._writer, self._sql)
            except driver.Error as error:
                if is_busy(error):
                    return None
                # Connections that were opened while the file could not be written never write again.
                self._writer.invalidate()
                self._engine.dispose()
                raise

    # --- the usage log ---

    def head(self) -> Head:
        """The newest signed tree head; an empty one for a new log."""
        with self._read() as connection:
            row = connection.execute(select(s.log_head).where(s.log_head.c.id == 1)).one_or_none()
        if row is None:
            return Head()
        return Head(row.size, row.time_ms, row.note, row.cosigned, row.cosigned_size, row.cosigned_ms)

    def leaves(self, start: int, limit: int) -> list[tuple[int, bytes]]:
        """At most `limit` (index, leaf) pairs from `start` on, in order."""
        query = select(s.record.c.seq, s.record.c.leaf).where(s.record.c.seq >= start)
        with self._read() as connection:
            rows = connection.execute(query.order_by(s.record.c.seq).limit(limit)).all()
        return [(row.seq, row.leaf) for row in rows]

    def leaf_count(self) -> int:
        """Index of the last leaf plus one."""
        with self._read() as connection:
            last = connection.execute(select(func.max(s.record.c.seq))).scalar()
        return 0 if last is None else int(last) + 1

    def tail(self, size: int) -> list[bytes]:
        """The leaves after the last full tile of a log of `size` leaves."""
        return [leaf for _, leaf in self.leaves(size - size % TILE, TILE)]

    def tile(self, level: int, index: int) -> bytes:
        """A full tile: 256 hashes. Raises NodeError(LOG_CORRUPT) when it is missing."""
        query = select(s.log_tile.c.hashes).where(s.log_tile.c.level == level, s.log_tile.c.idx == index)
        with self._read() as connection:
            hashes = connection.execute(query).scalar()
        if hashes is None:
            raise NodeError(Reason.LOG_CORRUPT, f"tile {level}/{index} of the usage log is missing")
        return bytes(hashes)

    def opening(self, index: int) -> bytes | None:
        """The encrypted opening of a record, unless it has none or was pruned."""
        return self._scalar(select(s.record.c.opening).where(s.record.c.seq == index)) or None

    def evidence(self, index: int) -> bytes | None:
        """What the other side gave for a record, if anything."""
        return self._scalar(select(s.record.c.evidence).where(s.record.c.seq == index)) or None

    # --- exchanges, releases ---

    def asked(self, exchange_id: bytes) -> AskedExchange | None:
        """The requester's exchange of this id."""
        with self._read() as connection:
            row = connection.execute(
                select(s.asked).where(s.asked.c.exchange_id == exchange_id)
            ).one_or_none()
        if row is None:
            return None
        return AskedExchange(
            row.exchange_id, row.digest, row.intent_index, row.envelope, row.response_key, row.outcome_index
        )

    def unfinished(self) -> list[tuple[bytes, int]]:
        """(exchange id, intent index) of the requester's exchanges that have no outcome."""
        query = select(s.asked.c.exchange_id, s.asked.c.intent_index).where(s.asked.c.outcome_index < 0)
        with self._read() as connection:
            return [(row.exchange_id, row.intent_index) for row in connection.execute(query)]

    def release(self, key: bytes) -> bytes | None:
        """A statistic that was released before."""
        return self._scalar(select(s.release.c.body).where(s.release.c.key == key))

    def balances(self, keys: Iterable[str]) -> dict[str, int]:
        """Amounts used; keys never charged are left out."""
        with self._read() as connection:
            return _balances(connection, list(keys))

    def prune(self, now_ms: int, answered_before: int) -> int:
        """Forget expired counters, and answered exchanges before an index; returns rows removed."""
        expired = select(s.counter.c.key).where(s.counter.c.until_ms > 0, s.counter.c.until_ms < now_ms)
        # Found without holding up the writer: there is no index for it, which every exchange would pay for.
        with self._read() as connection:
            keys = connection.execute(expired.limit(_PRUNE_AT_ONCE)).scalars().all()
        with store_errors(), self._engine.begin() as connection:
            if keys:
                connection.execute(
                    delete(s.counter).where(s.counter.c.key == bindparam("k")), [{"k": key} for key in keys]
                )
            old = connection.execute(
                select(s.answered.c.requester, s.answered.c.exchange_id)
                .where(s.answered.c.seq < answered_before)
                .order_by(s.answered.c.seq)
                .limit(_PRUNE_AT_ONCE)
            ).all()
            if old:
                connection.execute(
                    delete(s.answered).where(
                        s.answered.c.requester == bindparam("r"), s.answered.c.exchange_id == bindparam("e")
                    ),
                    [{"r": row.requester, "e": row.exchange_id} for row in old],
                )
        return len(keys) + len(old)

    def clear_openings(self, before: int) -> int:
        """Forget some openings of records before an index, oldest first; returns up to where it is done."""
        done = int(self.fact(_CLEARED) or 0)
        end = min(before, done + _PRUNE_AT_ONCE)
        if end <= done:
            return done
        with store_errors(), self._engine.begin() as connection:
            rows = (s.record.c.seq >= done, s.record.c.seq < end)
            connection.execute(update(s.record).where(*rows).values(opening=b""))
            connection.execute(_fact(_CLEARED, str(end)))
        return end

    # --- the history of the catalogue ---

    def served_digests(self) -> dict[str, bytes]:
        """The entry digest of the version of each dataset that was served last."""
        last = select(s.served_version.c.dataset, func.max(s.served_version.c.number).label("number"))
        newest = last.group_by(s.served_version.c.dataset).subquery()
        query = select(s.served_version.c.dataset, s.served_version.c.digest).join(
            newest,
            (s.served_version.c.dataset == newest.c.dataset) & (s.served_version.c.number == newest.c.number),
        )
        with self._read() as connection:
            return {row.dataset: row.digest for row in connection.execute(query)}

    def served_versions(self, dataset: str, limit: int) -> list[ServedVersion]:
        """At most so many versions of an entry, the newest first."""
        query = select(s.served_version).where(s.served_version.c.dataset == dataset)
        with self._read() as connection:
            rows = connection.execute(query.order_by(s.served_version.c.number.desc()).limit(limit)).all()
        return [
            ServedVersion(
                row.dataset, row.number, row.digest, row.entry, pb.DatasetVersion.FromString(row.body)
            )
            for row in rows
        ]

    def add_served_versions(self, versions: Sequence[ServedVersion]) -> None:
        """Add versions, all or none; durable when it returns."""
        rows = [
            {
                "dataset": version.dataset,
                "number": version.number,
                "digest": version.digest,
                "entry": version.entry,
                "body": version.message.SerializeToString(deterministic=True),
            }
            for version in versions
        ]
        if rows:
            with store_errors(), self._engine.begin() as connection:
                connection.execute(insert(s.served_version), rows)

    # --- grants, facts ---

    def issued_grants(self) -> list[Grant]:
        """All grants that this node issued, by id."""
        with self._read() as connection:
            rows = connection.execute(select(s.issued_grant.c.body).order_by(s.issued_grant.c.id)).all()
        return [grant_from_bytes(row.body) for row in rows]

    def received_grants(self) -> list[Grant]:
        """All grants that this department was given, by provider and id."""
        query = select(s.received_grant.c.body).order_by(s.received_grant.c.provider, s.received_grant.c.id)
        with self._read() as connection:
            return [grant_from_bytes(row.body) for row in connection.execute(query)]

    def replace_received_grants(self, provider: str, grants: Sequence[Grant]) -> None:
        """Take over what `provider` says that it granted."""
        with store_errors(), self._engine.begin() as connection:
            connection.execute(delete(s.received_grant).where(s.received_grant.c.provider == provider))
            if grants:
                rows = [{"provider": provider, "id": g.id, "body": grant_to_bytes(g)} for g in grants]
                connection.execute(insert(s.received_grant), rows)

    def fact(self, name: str) -> str | None:
        """A small fact about the node."""
        with self._read() as connection:
            value = connection.execute(select(s.fact.c.value).where(s.fact.c.name == name)).scalar()
        return None if value is None else str(value)

    def set_fact(self, name: str, value: str) -> None:
        """Remember a small fact about the node."""
        with store_errors(), self._engine.begin() as connection:
            connection.execute(_fact(name, value))

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with store_errors(), self._reader.connect() as connection:
            yield connection

    def _scalar(self, query: Select[bytes]) -> bytes | None:
        with self._read() as connection:
            return connection.execute(query).scalar()


def _fact(name: str, value: str) -> Insert:
    statement = upsert(s.fact).values(name=name, value=value)
    return statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})


def _balances(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(keys):
        query = select(s.counter.c.key, s.counter.c.used).where(s.counter.c.key.in_(part))
        found.update((row.key, row.used) for row in connection.execute(query))
    return found


def _parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _KEYS_AT_ONCE):
        yield items[start : start + _KEYS_AT_ONCE]
