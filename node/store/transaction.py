"""The hot path of the store: one write transaction of a group commit, on the driver itself.

SQLAlchemy compiles each statement once for the engine's dialect; running them through the driver's
cursor spares its per-call work, which a group would otherwise pay a dozen times.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar, cast

from sqlalchemy import (
    BindParameter,
    Column,
    Dialect,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.elements import ClauseElement

from node.core.deciding.budget import MARK, Pot, Spent, last_hour
from node.core.log.commit import AnsweredExchange, Append, Commit, Head
from node.core.log.kept_receipt import shared_name
from node.core.messages.grant_message import grant_to_bytes
from node.errors import NodeError, Reason
from node.store import budgets
from node.store import schema as s
from node.store.engine import BEGIN, store_errors
from node.store.history import contradiction_row, peer_log_row

_T = TypeVar("_T")
_KEYS_AT_ONCE = 512
_KEY, _ID_TIME = 16, 6


class Statements:
    """The statements of a transaction as text of one dialect, with positional parameters."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.begin = BEGIN[dialect.name]
        self.record = self._text(insert(s.record))
        self.opening = self._text(insert(s.opening))
        self.shared = self._text(upsert(s.shared_proof).on_conflict_do_nothing())
        self.tile = self._text(insert(s.log_tile))
        self.answered = self._text(insert(s.answered))
        self.asked = self._text(insert(s.asked))
        self.resend = self._text(insert(s.resend))
        self.release = self._text(insert(s.release))
        self.counter = self._text(replacing(s.counter))
        self.mark = self._text(replacing(s.mark))
        self.head = self._text(replacing(s.log_head))
        self.grant = self._text(replacing(s.issued_grant))
        self.fact = self._text(replacing(s.fact))
        self.peer_log = self._text(replacing(s.peer_log))
        self.contradiction = self._text(replacing(s.contradiction))
        self.gap = self._text(insert(s.gap))
        ends = update(s.gap).prefix_with("OR REPLACE").where(s.gap.c.until_ms > bindparam("c"))
        begins = func.min(s.gap.c.from_ms, bindparam("a"))
        self.end_gaps = self._text(ends.values(from_ms=begins, until_ms=bindparam("b")))
        settled = update(s.asked).where(s.asked.c.intent_index == bindparam("b"))
        self.settle = self._text(settled.values(outcome_index=bindparam("a")))
        self.forget = self._text(delete(s.resend).where(s.resend.c.intent_index == bindparam("a")))
        found = select(s.record.c.leaf, s.opening.c.body).where(s.record.c.seq == bindparam("a"))
        self.find_record = self._text(
            found.outerjoin_from(s.record, s.opening, s.record.c.seq == s.opening.c.seq)
        )
        self.find_release = self._text(select(s.release.c.body).where(s.release.c.key == bindparam("a")))
        asked = select(s.asked, s.resend.c.envelope, s.resend.c.response_key)
        asked = asked.outerjoin(s.resend, s.resend.c.intent_index == s.asked.c.intent_index)
        asked = asked.where(s.asked.c.exchange_id == bindparam("a")).order_by(s.asked.c.intent_index.desc())
        self.find_asked = self._text(asked)
        self.linked, self.used, self.spend = (
            self._text(statement) for statement in (budgets.linked("account"), budgets.used(), budgets.add())
        )
        self.balances = self._among(select(s.counter.c.key, s.counter.c.used), s.counter.c.key)
        self.marks = self._among(select(s.mark.c.key, s.mark.c.number), s.mark.c.key)
        self.find_answered = self._among(
            select(s.answered.c.key, s.answered.c.digest, s.answered.c.seq), s.answered.c.key
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
        """Amounts used, and the numbers of marks; what never was charged or marked is left out."""
        return counted(self._find, self._sql, keys)

    def spent(self, pot: Pot) -> Spent:
        """What was spent of a privacy budget, and the accounts that count together in it."""
        with store_errors():
            accounts = self._cursor.execute(self._sql.linked, (pot.account,)).fetchall()
            (used,) = self._cursor.execute(self._sql.used, tuple(pot)).fetchone()
        return Spent(frozenset(account for (account,) in accounts), used or 0)

    def answered(self, ids: Sequence[tuple[str, bytes]]) -> dict[tuple[str, bytes], AnsweredExchange]:
        """The exchanges among (requester, exchange id) that were answered before."""
        by_key = {answered_key(*each): each for each in ids}
        found = self._find(self._sql.find_answered, list(by_key))
        rows = cast("Iterator[tuple[bytes, bytes, int]]", found)
        return {by_key[key]: AnsweredExchange(*by_key[key], digest, seq) for key, digest, seq in rows}

    def record(self, index: int) -> tuple[bytes, bytes]:
        """Leaf and encrypted opening of a record, b"" if it has none. Raises NodeError(LOG_CORRUPT)."""
        row = self._one(self._sql.find_record, index)
        if row is None:
            raise NodeError(Reason.LOG_CORRUPT, "error.store.record-missing", index=index)
        return row[0], row[1] or b""

    def release(self, key: bytes) -> bytes | None:
        """A statistic that was released before."""
        row = self._one(self._sql.find_release, key)
        return None if row is None else row[0]

    def write(self, commit: Commit) -> None:
        """Write everything of one group commit."""
        sql, appends = self._sql, commit.appends
        indexed = list(enumerate(appends, commit.first_index))
        self._many(sql.record, [(seq, a.leaf, a.evidence) for seq, a in indexed])
        self._many(sql.opening, [(seq, a.opening) for seq, a in indexed if a.opening])
        self._many(
            sql.shared, [(shared_name(each), each) for each in {a.shared for a in appends if a.shared}]
        )
        answered = [a.answered for a in appends if a.answered is not None]
        self._many(
            sql.answered, [(x.index, answered_key(x.requester, x.exchange_id), x.digest) for x in answered]
        )
        self._exchanges(indexed)
        self._many(sql.tile, [(t.level, t.index, t.hashes) for t in commit.tiles])
        self._balances(commit.balances)
        self._many(sql.spend, [(*row, amount) for row, amount in commit.spent.items()])
        self._many(sql.release, [(a.release.key, a.release.body) for a in appends if a.release is not None])
        self._many(sql.grant, [(grant.id, grant_to_bytes(grant)) for a in appends for grant in a.issued])
        self._many(sql.fact, [fact for a in appends for fact in a.facts])
        decided = [a.peer_log for a in appends if a.peer_log is not None]
        self._many(sql.peer_log, [peer_log_row(log) for log in (*commit.peer_logs, *decided)])
        self._many(
            sql.contradiction,
            [
                contradiction_row(a.peer_log.code, a.contradiction)
                for a in appends
                if a.peer_log is not None and a.contradiction is not None
            ],
        )
        self._many(sql.gap, [tuple(a.gap) for a in appends if a.gap is not None])
        self._many(sql.end_gaps, [(a.lost_until_ms,) * 3 for a in appends if a.lost_until_ms])
        self._many(sql.head, [_head_row(commit.head)])

    def _exchanges(self, indexed: Sequence[tuple[int, Append]]) -> None:
        """What was asked, and what has its outcome; a request that is answered is not kept any longer."""
        sql = self._sql
        asked = [a.asked for _, a in indexed if a.asked is not None]
        settled = [(seq, a.settled) for seq, a in indexed if a.settled is not None]
        final = {each.intent_index for _, each in settled if each.final}
        # First: what is asked takes the place of what was answered.
        self._many(sql.forget, [(index,) for index in final])
        self._many(
            sql.resend,
            [(y.intent_index, y.envelope, y.response_key) for y in asked if y.intent_index not in final],
        )
        self._many(sql.asked, [(y.intent_index, y.exchange_id, y.digest, y.outcome_index) for y in asked])
        self._many(sql.settle, [(seq, each.intent_index) for seq, each in settled])

    def _balances(self, balances: Mapping[str, tuple[int, int]]) -> None:
        counters: list[tuple[object, ...]] = []
        marks: list[tuple[object, ...]] = []
        for key, (number, until_ms) in balances.items():
            if key.startswith(MARK):
                marks.append((key.removeprefix(MARK), number, last_hour(until_ms)))
            else:
                counters.append((key, number))
        self._many(self._sql.counter, counters)
        self._many(self._sql.mark, marks)

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
        for part in in_parts(keys):
            with store_errors():
                self._cursor.execute(query(len(part)), part)
                yield from self._cursor.fetchall()


def counted(
    find: Callable[[Callable[[int], str], Sequence[str]], Iterator[tuple[object, ...]]],
    sql: Statements,
    keys: Sequence[str],
) -> dict[str, int]:
    """What `find` finds of counters and marks; what never was charged or marked is left out."""

    def amounts(query: Callable[[int], str], keys: Sequence[str]) -> Iterator[tuple[str, int]]:
        return cast("Iterator[tuple[str, int]]", find(query, keys))

    marks = [key.removeprefix(MARK) for key in keys if key.startswith(MARK)]
    if not marks:
        return dict(amounts(sql.balances, keys))
    found = dict(amounts(sql.balances, [key for key in keys if not key.startswith(MARK)]))
    found.update((MARK + key, number) for key, number in amounts(sql.marks, marks))
    return found


def in_parts(keys: Sequence[object]) -> Iterator[list[object]]:
    """The keys in lists of few different lengths, so that few statements are needed; some come again."""
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        part = list(keys[start : start + _KEYS_AT_ONCE])
        yield part + part[:1] * ((1 << (len(part) - 1).bit_length()) - len(part))


def answered_key(requester: str, exchange_id: bytes) -> bytes:
    """What an answered exchange is found under: the time that an id begins with, and a hash of all.

    In the order of time they are written at one end of the index, and not at random places.
    """
    whole = hashlib.sha256(requester.encode() + b"\0" + exchange_id).digest()
    return exchange_id[:_ID_TIME] + whole[: _KEY - _ID_TIME]


def replacing(table: Table) -> Insert:
    """An insert that takes the place of a row with the same key."""
    statement = upsert(table)
    keys = [column.name for column in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def _head_row(head: Head) -> tuple[object, ...]:
    return (1, head.size, head.time_ms, head.note, head.cosigned, head.cosigned_size, head.cosigned_ms)
