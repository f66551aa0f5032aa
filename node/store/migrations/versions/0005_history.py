"""What is remembered of other logs, and times of which records are lost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "peer_log",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("newest", sa.LargeBinary, nullable=False),
        sa.Column("newest_ms", sa.BigInteger, nullable=False),
        sa.Column("proved", sa.LargeBinary, nullable=False),
        sa.Column("proved_ms", sa.BigInteger, nullable=False),
        sa.Column("stopped_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "contradiction",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("found_ms", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("remembered", sa.LargeBinary, nullable=False),
        sa.Column("remembered_ms", sa.BigInteger, nullable=False),
        sa.Column("other", sa.LargeBinary, nullable=False),
        sa.Column("other_ms", sa.BigInteger, nullable=False),
        sa.Column("accepted_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "gap",
        sa.Column("from_ms", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("until_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    )
