"""The node's durable state: usage log, ledger, answered and asked exchanges, grants, releases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.pool import PoolProxiedConnection

from node.core.catalogue.publication import ServedVersion
from node.core.deciding.budget import Pot, Spent
from node.core.deciding.gap import Gap
from node.core.deciding.grant import Grant
from node.core.log.commit import AskedExchange, Head
from node.core.log.peer_log import Contradiction, PeerLog
from node.core.log.tree import TILE
from node.core.messages.grant_message import grant_from_bytes, grant_to_bytes
from node.core.state.data_load import KeptLoad
from node.errors import NodeError, Reason
from node.store import budgets, driver, history
from node.store import schema as s
from node.store.cleaning import Cleaner
from node.store.engine import is_busy, never_wait, open_engine, store_errors
from node.store.transaction import Statements, Transaction, answered_key, counted, in_parts, replacing
from node.v1 import catalogue_pb2 as pb


class Store:
    """All access to the node's database. Reads may come from any thread; one thread commits.

    Every method raises NodeError(STORE_UNAVAILABLE) when the database cannot be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(readonly=True)
        self._sql = Statements(engine.dialect)
        self._writer: PoolProxiedConnection | None = None
        self._keep_peer_log = replacing(s.peer_log)

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
            raise NodeError(Reason.LOG_CORRUPT, "error.store.tile-missing", level=level, index=index)
        return bytes(hashes)

    def opening(self, index: int) -> bytes | None:
        """The encrypted opening of a record, unless it has none or its time is over."""
        return self._scalar(select(s.opening.c.body).where(s.opening.c.seq == index))

    def openings(self, start: int, limit: int) -> list[tuple[int, bytes, bytes]]:
        """At most `limit` (index, leaf, encrypted opening) from `start` on, of records that have one."""
        query = select(s.opening.c.seq, s.record.c.leaf, s.opening.c.body).where(s.opening.c.seq >= start)
        query = query.join(s.record, s.record.c.seq == s.opening.c.seq).order_by(s.opening.c.seq)
        with self._read() as connection:
            return [(row.seq, row.leaf, row.body) for row in connection.execute(query.limit(limit))]

    def evidence(self, index: int) -> bytes | None:
        """What is kept of the other side's proof for a record, if anything."""
        return self._scalar(select(s.record.c.evidence).where(s.record.c.seq == index)) or None

    def shared_proof(self, name: bytes) -> bytes | None:
        """The hashes of this name that receipts share."""
        return self._scalar(select(s.shared_proof.c.body).where(s.shared_proof.c.name == name))

    # --- exchanges, releases ---

    def asked(self, exchange_id: bytes) -> AskedExchange | None:
        """The requester's exchange of this id; the newest, as one that is forgotten may be used again."""
        query = select(s.asked, s.resend.c.envelope, s.resend.c.response_key)
        query = query.outerjoin(s.resend, s.resend.c.intent_index == s.asked.c.intent_index)
        query = query.where(s.asked.c.exchange_id == exchange_id).order_by(s.asked.c.intent_index.desc())
        with self._read() as connection:
            row = connection.execute(query.limit(1)).one_or_none()
        if row is None:
            return None
        return AskedExchange(
            row.exchange_id,
            row.digest,
            row.intent_index,
            row.envelope or b"",
            row.response_key or b"",
            row.outcome_index,
        )

    def unfinished(self) -> list[tuple[bytes, int]]:
        """(exchange id, intent index) of the requester's exchanges that have no outcome."""
        query = select(s.asked.c.exchange_id, s.asked.c.intent_index).where(s.asked.c.outcome_index < 0)
        with self._read() as connection:
            return [(row.exchange_id, row.intent_index) for row in connection.execute(query)]

    def is_answered(self, requester: str, exchange_id: bytes) -> bool:
        """Whether an exchange of a requester was answered, and is remembered."""
        return bool(self._rows(self._sql.find_answered(1), [answered_key(requester, exchange_id)]))

    def release(self, key: bytes) -> bytes | None:
        """A statistic that was released before."""
        found = self._rows(self._sql.find_release, [key])
        return None if not found else cast("bytes", found[0][0])

    def balances(self, keys: Iterable[str]) -> dict[str, int]:
        """Amounts used, and numbers of marks; what never was charged or marked is left out."""
        return counted(self._find, self._sql, list(keys))

    def balances_under(self, prefix: str) -> dict[str, int]:
        """The same of all counters whose key begins so."""
        key = s.counter.c.key
        query = select(key, s.counter.c.used).where(key >= prefix, key < prefix + "\U0010ffff")
        with self._read() as connection:
            return {row.key: row.used for row in connection.execute(query)}

    def spent(self, pot: Pot) -> Spent:
        """What was spent of a privacy budget by now, and the accounts that count together in it."""
        with self._read() as connection:
            return budgets.spent_of(connection, pot)

    def keep_account_sources(self, account: str, dataset: str, sources: Iterable[str], passing: str) -> None:
        """Remember on which sources an account is enforced; see `node.store.budgets.keep_sources`."""
        with store_errors(), self._engine.begin() as connection:
            budgets.keep_sources(connection, account, dataset, sources, passing)

    def cleaner(self) -> Cleaner:
        """What forgets what is over."""
        return Cleaner(self._engine)

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

    # --- loads of data ---

    def data_load(self, dataset: str) -> KeptLoad | None:
        """The newest load of a dataset; None before the first."""
        with self._read() as connection:
            row = connection.execute(
                select(s.data_load).where(s.data_load.c.dataset == dataset)
            ).one_or_none()
        return None if row is None else KeptLoad(row.number, row.time_ms, row.mark, row.daily)

    def set_data_load(self, dataset: str, load: KeptLoad) -> None:
        """Remember the newest load of a dataset; durable when it returns."""
        values = {"number": load.number, "time_ms": load.time_ms, "mark": load.mark, "daily": load.daily}
        statement = upsert(s.data_load).values(dataset=dataset, **values)
        with store_errors(), self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["dataset"], set_=values))

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

    # --- what is remembered of logs ---

    def peer_logs(self) -> list[PeerLog]:
        """What was seen of other nodes' logs, by credit code."""
        with self._read() as connection:
            return history.peer_logs(connection)

    def contradictions(self) -> dict[str, list[Contradiction]]:
        """What was found wrong with them, by credit code, the newest first."""
        with self._read() as connection:
            return history.contradictions(connection)

    def keep_peer_logs(self, logs: Sequence[PeerLog]) -> None:
        """Remember what was seen of some logs beside any record."""
        with store_errors(), self._engine.begin() as connection:
            connection.execute(self._keep_peer_log, history.rows_as_values(logs))

    def gaps(self) -> list[Gap]:
        """Times of which records and counts are lost, the oldest first."""
        with self._read() as connection:
            return history.gaps(connection)

    def fact(self, name: str) -> str | None:
        """A small fact about the node."""
        with self._read() as connection:
            value = connection.execute(select(s.fact.c.value).where(s.fact.c.name == name)).scalar()
        return None if value is None else str(value)

    def facts(self, prefix: str) -> dict[str, str]:
        """The small facts whose names begin so, by the rest of their names."""
        query = select(s.fact).where(s.fact.c.name.startswith(prefix, autoescape=True))
        with self._read() as connection:
            return {row.name.removeprefix(prefix): row.value for row in connection.execute(query)}

    def set_fact(self, name: str, value: str) -> None:
        """Remember a small fact about the node."""
        with store_errors(), self._engine.begin() as connection:
            connection.execute(_fact(name, value))

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with store_errors(), self._reader.connect() as connection:
            yield connection

    def _find(self, query: Callable[[int], str], keys: Sequence[object]) -> Iterator[tuple[object, ...]]:
        for part in in_parts(keys):
            yield from self._rows(query(len(part)), part)

    def _rows(self, sql: str, values: Sequence[object]) -> list[tuple[object, ...]]:
        """The rows of one of the `Statements`, on the driver itself: it is read before many exchanges."""
        with store_errors():
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(sql, tuple(values))
                found = list(cursor.fetchall())
                cursor.close()
            except BaseException:
                connection.invalidate()
                raise
            finally:
                connection.close()
        return found

    def _scalar(self, query: Select[bytes]) -> bytes | None:
        with self._read() as connection:
            return connection.execute(query).scalar()


def _fact(name: str, value: str) -> Insert:
    statement = upsert(s.fact).values(name=name, value=value)
    return statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
