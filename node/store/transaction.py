"""The hot path of the store: one write transaction of a group commit, on the driver itself.

SQLAlchemy compiles each statement once for the engine's dialect; running them through the driver's
cursor spares its per-call work, which a group would otherwise pay a dozen times.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar, cast

from sqlalchemy import BindParameter, Column, Dialect, Select, Table, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.elements import ClauseElement

from node.core.commit import AnsweredExchange, Commit, Head
from node.core.grant_message import grant_to_bytes
from node.errors import NodeError, Reason
from node.store import schema as s
from node.store.engine import BEGIN, store_errors

_T = TypeVar("_T")
_KEYS_AT_ONCE = 512


class Statements:
    """The statements of a transaction as text of one dialect, with positional parameters."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.begin = BEGIN[dialect.name]
        self.record = self._text(insert(s.record))
        self.tile = self._text(insert(s.log_tile))
        self.answered = self._text(insert(s.answered))
        self.asked = self._text(insert(s.asked))
        self.release = self._text(insert(s.release))
        self.counter = self._text(_replacing(s.counter))
        self.head = self._text(_replacing(s.log_head))
        self.grant = self._text(_replacing(s.issued_grant))
        self.fact = self._text(_replacing(s.fact))
        settled = update(s.asked).where(s.asked.c.exchange_id == bindparam("b"))
        self.settle = self._text(settled.values(outcome_index=bindparam("a")))
        self.find_record = self._text(
            select(s.record.c.leaf, s.record.c.opening).where(s.record.c.seq == bindparam("a"))
        )
        self.find_release = self._text(select(s.release.c.body).where(s.release.c.key == bindparam("a")))
        self.balances = self._among(select(s.counter.c.key, s.counter.c.used), s.counter.c.key)
        self.find_answered = self._among(
            select(s.answered.c.exchange_id, s.answered.c.requester, s.answered.c.digest, s.answered.c.seq),
            s.answered.c.exchange_id,
        )

    def _text(self, statement: ClauseElement) -> str:
        return str(statement.compile(dialect=self._dialect))

    def _among(self, query: Select[tuple[object, ...]], column: Column[_T]) -> Callable[[int], str]:
        @lru_cache(maxsize=16)
        def text(count: int) -> str:
            keys: list[BindParameter[object]] = [bindparam(f"k{place}") for place in range(count)]
            return self._text(query.where(column.in_(keys)))

        return text


class Transaction:
    """One open write transaction; ends with `commit` or `rollback`. Raises NodeError(STORE_UNAVAILABLE)."""

    def __init__(self, connection: PoolProxiedConnection, sql: Statements) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._sql = sql
        self._cursor.execute(sql.begin)

    def commit(self) -> None:
        """Make it durable. May be called in another thread."""
        with store_errors():
            # Not left to when it is freed: that can be in the middle of the next transaction, whose
            # statement it would reset.
            self._cursor.close()
            self._connection.commit()

    def rollback(self) -> None:
        """Undo what is not durable, and give up the connection; never raises."""
        with contextlib.suppress(Exception):
            self._connection.rollback()
        self._connection.invalidate()

    def balances(self, keys: Sequence[str]) -> dict[str, int]:
        """Amounts used; keys never charged are left out."""
        rows = cast("Iterator[tuple[str, int]]", self._find(self._sql.balances, keys))
        return dict(rows)

    def answered(self, ids: Sequence[tuple[str, bytes]]) -> dict[tuple[str, bytes], AnsweredExchange]:
        """The exchanges among (requester, exchange id) that were answered before."""
        found = self._find(self._sql.find_answered, [exchange_id for _, exchange_id in ids])
        rows = cast("Iterator[tuple[bytes, str, bytes, int]]", found)
        return {
            (requester, exchange_id): AnsweredExchange(requester, exchange_id, digest, seq)
            for exchange_id, requester, digest, seq in rows
        }

    def record(self, index: int) -> tuple[bytes, bytes]:
        """Leaf and encrypted opening of a record. Raises NodeError(LOG_CORRUPT)."""
        row = self._one(self._sql.find_record, index)
        if row is None:
            raise NodeError(Reason.LOG_CORRUPT, f"record {index} of the usage log is missing")
        return row[0], row[1]

    def release(self, key: bytes) -> bytes | None:
        """A statistic that was released before."""
        row = self._one(self._sql.find_release, key)
        return None if row is None else row[0]

    def write(self, commit: Commit) -> None:
        """Write everything of one group commit."""
        sql, appends = self._sql, commit.appends
        indexed = list(enumerate(appends, commit.first_index))
        self._many(sql.record, [(seq, a.leaf, a.opening, a.evidence) for seq, a in indexed])
        answered = [a.answered for a in appends if a.answered is not None]
        self._many(sql.answered, [(x.exchange_id, x.requester, x.digest, x.index) for x in answered])
        asked = [a.asked for a in appends if a.asked is not None]
        self._many(
            sql.asked,
            [
                (y.exchange_id, y.digest, y.intent_index, y.envelope, y.response_key, y.outcome_index)
                for y in asked
            ],
        )
        self._many(sql.tile, [(t.level, t.index, t.hashes) for t in commit.tiles])
        self._many(sql.counter, [(key, used, until) for key, (used, until) in commit.balances.items()])
        self._many(sql.settle, [(seq, a.settled) for seq, a in indexed if a.settled])
        self._many(sql.release, [(a.release.key, a.release.body) for a in appends if a.release is not None])
        self._many(
            sql.grant, [(a.issued.id, grant_to_bytes(a.issued)) for a in appends if a.issued is not None]
        )
        self._many(sql.fact, [fact for a in appends for fact in a.facts])
        self._many(sql.head, [_head_row(commit.head)])

    def _many(self, sql: str, rows: list[tuple[object, ...]]) -> None:
        if rows:
            with store_errors():
                self._cursor.executemany(sql, rows)

    def _one(self, sql: str, key: object) -> tuple[bytes, ...] | None:
        with store_errors():
            self._cursor.execute(sql, (key,))
            row: tuple[bytes, ...] | None = self._cursor.fetchone()
        return row

    def _find(self, query: Callable[[int], str], keys: Sequence[object]) -> Iterator[tuple[object, ...]]:
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            part = list(keys[start : start + _KEYS_AT_ONCE])
            # Repeating a key changes nothing, and few different lengths need few statements.
            part += part[:1] * ((1 << (len(part) - 1).bit_length()) - len(part))
            with store_errors():
                self._cursor.execute(query(len(part)), part)
                yield from self._cursor.fetchall()


def _replacing(table: Table) -> ClauseElement:
    statement = upsert(table)
    keys = [column.name for column in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def _head_row(head: Head) -> tuple[object, ...]:
    return (1, head.size, head.time_ms, head.note, head.cosigned, head.cosigned_size, head.cosigned_ms)
