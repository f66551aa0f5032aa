"""The node's durable state: usage log, ledger, answered and asked exchanges, grants, releases."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, Select, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import RootTransaction
from sqlalchemy.exc import SQLAlchemyError

from node.core.commit import AnsweredExchange, AskedExchange, Commit, Head, Release
from node.core.grant import Grant
from node.core.grant_message import grant_from_bytes, grant_to_bytes
from node.core.tree import TILE
from node.errors import NodeError, Reason
from node.store import schema as s
from node.store.engine import open_engine, store_errors

_T = TypeVar("_T")
_KEYS_AT_ONCE = 500
_PRUNE_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class _Statements:
    """The hot statements, compiled once: SQLAlchemy's text, the driver's executemany."""

    record: str
    tile: str
    answered: str
    asked: str
    counter: str


class Store:
    """All access to the node's database. Reads may come from any thread; one thread commits.

    Every method raises NodeError(STORE_UNAVAILABLE) when the database cannot be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(readonly=True)
        counter = upsert(s.counter)
        compiled = [
            str(statement.compile(dialect=engine.dialect))
            for statement in (
                insert(s.record),
                insert(s.log_tile),
                insert(s.answered),
                insert(s.asked),
                counter.on_conflict_do_update(
                    index_elements=["key"],
                    set_={"used": counter.excluded.used, "until_ms": counter.excluded.until_ms},
                ),
            )
        ]
        self._sql = _Statements(*compiled)

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open or make the database file; see `open_engine`."""
        return cls(open_engine(path))

    def close(self) -> None:
        """Give all connections back to the system."""
        self._engine.dispose()

    # --- one group commit ---

    def begin(self) -> Transaction:
        """Begin an immediate transaction: the only writer until it ends."""
        with store_errors():
            connection = self._engine.connect()
            try:
                return Transaction(connection, connection.begin(), self._sql)
            except BaseException:
                connection.close()
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
        """Forget expired counters, and answered exchanges of records before an index; returns rows removed."""
        old_counters = select(s.counter.c.key).where(s.counter.c.until_ms > 0, s.counter.c.until_ms < now_ms)
        with store_errors(), self._engine.begin() as connection:
            removed = connection.execute(
                delete(s.counter).where(s.counter.c.key.in_(old_counters.limit(_PRUNE_AT_ONCE)))
            ).rowcount
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
        return removed + len(old)

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
        statement = upsert(s.fact).values(name=name, value=value)
        statement = statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
        with store_errors(), self._engine.begin() as connection:
            connection.execute(statement)

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with store_errors(), self._reader.connect() as connection:
            yield connection

    def _scalar(self, query: Select[tuple[bytes]]) -> bytes | None:
        with self._read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else row[0]


class Transaction:
    """One open write transaction; ends with `commit` or `rollback`. Raises NodeError(STORE_UNAVAILABLE)."""

    def __init__(self, connection: Connection, root: RootTransaction, sql: _Statements) -> None:
        self._connection = connection
        self._root = root
        self._sql = sql

    def commit(self) -> None:
        """Make it durable. May be called in another thread."""
        with store_errors():
            self._root.commit()
            self._connection.close()

    def rollback(self) -> None:
        """Undo what is not durable; never raises."""
        with contextlib.suppress(SQLAlchemyError):
            self._root.rollback()
        with contextlib.suppress(SQLAlchemyError):
            self._connection.close()

    def balances(self, keys: Sequence[str]) -> dict[str, int]:
        """Amounts used; keys never charged are left out."""
        return _balances(self._connection, keys)

    def answered(self, ids: Sequence[tuple[str, bytes]]) -> dict[tuple[str, bytes], AnsweredExchange]:
        """The exchanges among (requester, exchange id) that were answered before."""
        found = {}
        for part in _parts([exchange_id for _, exchange_id in ids]):
            query = select(s.answered).where(s.answered.c.exchange_id.in_(part))
            for row in self._connection.execute(query):
                found[(row.requester, row.exchange_id)] = AnsweredExchange(
                    row.requester, row.exchange_id, row.digest, row.seq
                )
        return found

    def record(self, index: int) -> tuple[bytes, bytes]:
        """Leaf and encrypted opening of a record. Raises NodeError(LOG_CORRUPT)."""
        query = select(s.record.c.leaf, s.record.c.opening).where(s.record.c.seq == index)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NodeError(Reason.LOG_CORRUPT, f"record {index} of the usage log is missing")
        return row.leaf, row.opening

    def release(self, key: bytes) -> bytes | None:
        """A statistic that was released before."""
        value = self._connection.execute(select(s.release.c.body).where(s.release.c.key == key)).scalar()
        return None if value is None else bytes(value)

    def write(self, commit: Commit) -> None:
        """Write everything of one group commit."""
        indexed = list(enumerate(commit.appends, commit.first_index))
        self._many(self._sql.record, [(seq, a.leaf, a.opening, a.evidence) for seq, a in indexed])
        self._many(
            self._sql.answered,
            [
                (x.exchange_id, x.requester, x.digest, x.index)
                for x in (a.answered for a in commit.appends)
                if x is not None
            ],
        )
        self._many(
            self._sql.asked,
            [
                (y.exchange_id, y.digest, y.intent_index, y.envelope, y.response_key, y.outcome_index)
                for y in (a.asked for a in commit.appends)
                if y is not None
            ],
        )
        self._many(self._sql.tile, [(t.level, t.index, t.hashes) for t in commit.tiles])
        self._many(self._sql.counter, [(key, used, until) for key, (used, until) in commit.balances.items()])
        for seq, append in indexed:
            if append.settled:
                self._settle(append.settled, seq)
            if append.release is not None:
                self._put_release(append.release)
            if append.issued is not None:
                self._put_grant(append.issued)
        self._put_head(commit.head)

    def _many(self, sql: str, rows: list[tuple[object, ...]]) -> None:
        if rows:
            self._connection.exec_driver_sql(sql, rows)

    def _settle(self, exchange_id: bytes, index: int) -> None:
        self._connection.execute(
            update(s.asked).where(s.asked.c.exchange_id == exchange_id).values(outcome_index=index)
        )

    def _put_release(self, release: Release) -> None:
        self._connection.execute(insert(s.release).values(key=release.key, body=release.body))

    def _put_grant(self, grant: Grant) -> None:
        body = grant_to_bytes(grant)
        statement = upsert(s.issued_grant).values(id=grant.id, body=body)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"body": body}))

    def _put_head(self, head: Head) -> None:
        values = {
            "size": head.size,
            "time_ms": head.time_ms,
            "note": head.note,
            "cosigned": head.cosigned,
            "cosigned_size": head.cosigned_size,
            "cosigned_ms": head.cosigned_ms,
        }
        statement = upsert(s.log_head).values(id=1, **values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def _balances(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(keys):
        query = select(s.counter.c.key, s.counter.c.used).where(s.counter.c.key.in_(part))
        found.update((row.key, row.used) for row in connection.execute(query))
    return found


def _parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _KEYS_AT_ONCE):
        yield items[start : start + _KEYS_AT_ONCE]
