"""The tables of a node's own database; migrations in `migrations/` bring an older file up to this."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

REVISION = "0005"
"""The Alembic revision that these tables are."""

metadata = MetaData()

# SQLite makes a 64-bit rowid only of a column that is spelled INTEGER.
_Id = BigInteger().with_variant(Integer, "sqlite")

# One row a record: its leaf, and what is kept of the other side's proof that belongs to it.
record = Table(
    "record",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
)

# Encrypted openings of records. They are forgotten after the retention time, without touching the tree; a
# table of their own gives their pages back for others.
opening = Table(
    "opening",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

# Hashes that the receipts of neighbours in another's log share, by their own hash.
shared_proof = Table(
    "shared_proof",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

log_tile = Table(
    "log_tile",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("cosigned", LargeBinary, nullable=False),
    Column("cosigned_size", BigInteger, nullable=False),
    Column("cosigned_ms", BigInteger, nullable=False),
)

# A provider's answered exchanges of a day, by the place of the verdict: a retry is answered again from its
# record. In the order of time, so that those whose day is over lie together.
answered = Table(
    "answered",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    # Not unique: two ids that somebody made to have one key must not keep a group from being written.
    Index("answered_key", "key"),
)

# A requester's exchanges, by the place of the intent: what recognises one that is asked again.
asked = Table(
    "asked",
    metadata,
    Column("intent_index", _Id, primary_key=True, autoincrement=False),
    Column("exchange_id", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("outcome_index", BigInteger, nullable=False),
    Index("asked_exchange", "exchange_id"),
)
Index("asked_open", asked.c.outcome_index, sqlite_where=asked.c.outcome_index < 0)

# What it takes to send a request again: while there is no answer, and for a day.
resend = Table(
    "resend",
    metadata,
    Column("intent_index", _Id, primary_key=True, autoincrement=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("response_key", LargeBinary, nullable=False),
)

# Quotas: what is used of each. The key of one that ends begins with the hour in which it may be forgotten
# (`node.core.deciding.budget.counter_key`), so that those that are over lie together.
counter = Table(
    "counter",
    metadata,
    Column("key", Text, primary_key=True),
    Column("used", BigInteger, nullable=False),
    # A batch touches a thousand of them at random places: each should be in one place only.
    sqlite_with_rowid=False,
)

# The day on which a question was last answered about a subject, for combinations that are forbidden; from
# `until_hour` on it says nothing any more.
mark = Table(
    "mark",
    metadata,
    Column("key", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("until_hour", Integer, nullable=False),
    Index("mark_until", "until_hour"),
    sqlite_with_rowid=False,
)

# What was spent of privacy budgets, by the number of the day (date.toordinal): any period is a sum of days.
budget = Table(
    "budget",
    metadata,
    Column("account", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("used", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The accounts that were ever enforced on each source: those that share one count together, for good.
account_source = Table(
    "account_source",
    metadata,
    Column("source", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("dataset", Text, primary_key=True),
    Index("account_source_account", "account"),
    sqlite_with_rowid=False,
)

release = Table(
    "release",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

issued_grant = Table(
    "issued_grant",
    metadata,
    Column("id", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

received_grant = Table(
    "received_grant",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# The versions of catalogue entries that were served: canonical form, and what a history shows.
served_version = Table(
    "served_version",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# What was seen of other nodes' usage logs: the newest checkpoint, and the newest that was proved. While
# `stopped_ms` is not 0, it names the contradiction that staff have to decide on.
peer_log = Table(
    "peer_log",
    metadata,
    Column("code", Text, primary_key=True),
    Column("newest", LargeBinary, nullable=False),
    Column("newest_ms", BigInteger, nullable=False),
    Column("proved", LargeBinary, nullable=False),
    Column("proved_ms", BigInteger, nullable=False),
    Column("stopped_ms", BigInteger, nullable=False),
)

contradiction = Table(
    "contradiction",
    metadata,
    Column("code", Text, primary_key=True),
    Column("found_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("remembered", LargeBinary, nullable=False),
    Column("remembered_ms", BigInteger, nullable=False),
    Column("other", LargeBinary, nullable=False),
    Column("other_ms", BigInteger, nullable=False),
    Column("accepted_ms", BigInteger, nullable=False),
)

# Times of which records and counts are lost.
gap = Table(
    "gap",
    metadata,
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("until_ms", BigInteger, primary_key=True, autoincrement=False),
)

# The newest load of each dataset, by which a state of its data is named. Rows stay, so that numbers grow.
data_load = Table(
    "data_load",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("mark", Text, nullable=False),
    Column("daily", Boolean, nullable=False),
)

# Small facts about the node itself, such as the highest directory version seen.
fact = Table(
    "fact",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
