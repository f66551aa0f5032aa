"""Less on the disk for an exchange, and what is over lies together: openings, exchanges, counters, marks."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_HOUR_MS = 3_600_000
_PSEUDONYM = 24
"""Letters of a counter that is about a subject; of them the first 16 are its name now."""


def upgrade() -> None:
    """Bring every table over; nothing that was counted or answered is forgotten."""
    op.create_table(
        "shared_proof",
        sa.Column("name", sa.LargeBinary, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    _openings()
    _answered()
    _asked()
    _counters()


def _openings() -> None:
    op.create_table(
        "opening",
        sa.Column("seq", _ID, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.execute("INSERT INTO opening (seq, body) SELECT seq, opening FROM record WHERE length(opening) > 0")
    op.drop_column("record", "opening")
    op.execute("DELETE FROM fact WHERE name = 'openings.cleared'")


def _answered() -> None:
    op.rename_table("answered", "answered_before")
    op.drop_index("answered_seq", "answered_before")
    op.create_table(
        "answered",
        sa.Column("seq", _ID, primary_key=True, autoincrement=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    op.create_index("answered_key", "answered", ["key"])
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT seq, requester, exchange_id, digest FROM answered_before"))
    while rows := found.fetchmany(1000):
        connection.execute(
            sa.text("INSERT INTO answered (seq, key, digest) VALUES (:seq, :key, :digest)"),
            [
                {"seq": row.seq, "key": _key(row.requester, row.exchange_id), "digest": row.digest[:16]}
                for row in rows
            ],
        )
    op.drop_table("answered_before")


def _key(requester: str, exchange_id: bytes) -> bytes:
    return exchange_id[:6] + hashlib.sha256(requester.encode() + b"\0" + exchange_id).digest()[:10]


def _asked() -> None:
    op.rename_table("asked", "asked_before")
    op.drop_index("asked_outcome", "asked_before")
    op.create_table(
        "asked",
        sa.Column("intent_index", _ID, primary_key=True, autoincrement=False),
        sa.Column("exchange_id", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("outcome_index", sa.BigInteger, nullable=False),
    )
    op.create_index("asked_exchange", "asked", ["exchange_id"])
    op.create_index("asked_open", "asked", ["outcome_index"], sqlite_where=sa.text("outcome_index < 0"))
    op.create_table(
        "resend",
        sa.Column("intent_index", _ID, primary_key=True, autoincrement=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("response_key", sa.LargeBinary, nullable=False),
    )
    op.execute(
        "INSERT INTO asked (intent_index, exchange_id, digest, outcome_index) "
        "SELECT intent_index, exchange_id, digest, outcome_index FROM asked_before"
    )
    # An outcome with evidence has its answer or its denial.
    op.execute(
        "INSERT INTO resend (intent_index, envelope, response_key) "
        "SELECT intent_index, envelope, response_key FROM asked_before LEFT JOIN record "
        "ON seq = outcome_index WHERE coalesce(length(evidence), 0) = 0"
    )
    op.drop_table("asked_before")


def _counters() -> None:
    op.rename_table("counter", "counter_before")
    op.create_table(
        "counter",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mark",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("until_hour", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("mark_until", "mark", ["until_hour"])
    hour = f"(until_ms + {_HOUR_MS - 1}) / {_HOUR_MS}"
    about_a_subject = f"length(key) = {_PSEUDONYM} AND instr(key, '|') = 0"
    name = f"CASE WHEN {about_a_subject} THEN substr(key, 1, 16) ELSE key END"
    op.execute(
        f"INSERT INTO counter (key, used) SELECT CASE WHEN until_ms = 0 THEN key "  # noqa: S608 - own text
        f"ELSE printf('%07d|', {hour}) || {name} END, used FROM counter_before"
    )
    # What was a counter and what a mark their keys do not tell, and neither is looked for as the other.
    op.execute(
        f"INSERT INTO mark (key, number, until_hour) SELECT substr(key, 1, 16), used, {hour} "  # noqa: S608
        f"FROM counter_before WHERE until_ms > 0 AND {about_a_subject}"
    )
    op.drop_table("counter_before")
