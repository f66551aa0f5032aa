"""Loads of data in place of their names; privacy budgets by account and day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_DATASET = "dataset "


class _Spent(NamedTuple):
    account: str
    scope: str
    who: str
    day: int
    used: int


def upgrade() -> None:
    """Make the tables, and bring budgets over that were counted by dataset and period."""
    op.create_table(
        "data_load",
        sa.Column("dataset", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("daily", sa.Boolean, nullable=False),
    )
    budget = op.create_table(
        "budget",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    account_source = op.create_table(
        "account_source",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("dataset", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("account_source_account", "account_source", ["account"])
    connection = op.get_bind()
    spent = list(_spent(connection))
    if spent:
        connection.execute(sa.insert(budget), [row._asdict() for row in spent])
        # Until now the dataset was the account: another account of it has spent the same.
        pairs = [
            {"source": _DATASET + account, "account": account, "dataset": account}
            for account in sorted({row.account for row in spent})
        ]
        connection.execute(sa.insert(account_source), pairs)
    connection.execute(sa.text("DELETE FROM counter WHERE key >= 'budget.' AND key < 'budget/'"))
    # Their keys hold names of data, by which nobody asks any more.
    connection.execute(sa.text("DELETE FROM release"))


def _spent(connection: sa.Connection) -> Iterator[_Spent]:
    last = connection.execute(sa.text("SELECT time_ms FROM log_head WHERE id = 1")).scalar() or 0
    # No later than the last record. Where the node is, the day may be another one, by an hour or so.
    known = datetime.fromtimestamp(last / 1000, UTC).date()
    counters = sa.text("SELECT key, used FROM counter WHERE key >= 'budget.' AND key < 'budget/'")
    found: dict[tuple[str, str, str, int], int] = {}
    for key, used in connection.execute(counters):
        scope, account, rest = key.split("|", 2)
        who, period = rest.rsplit("|", 1)
        first, end = _days(period)
        day = min(max(first, known), end).toordinal()
        at = (account, scope, who, day)
        found[at] = found.get(at, 0) + used
    for (account, scope, who, day), used in found.items():
        yield _Spent(account, scope, who, day, used)


def _days(period: str) -> tuple[date, date]:
    """The first and the last day of 2026, 2026-11 or 2026-11-23."""
    parts = [int(part) for part in period.split("-")]
    if len(parts) == 3:
        return date(*parts), date(*parts)
    if len(parts) == 2:
        year, month = parts
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    return date(parts[0], 1, 1), date(parts[0], 12, 31)
