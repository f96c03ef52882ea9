"""Counts of mirrored blocks by segments

Revision: d4b81f06a2c7, after 9d27c4e1b8f3
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import indexer.db

revision = "d4b81f06a2c7"
down_revision = "9d27c4e1b8f3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_block_segments",
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.Column("unproven", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Integer(), nullable=False),
        sa.Column("below_all", sa.Integer(), nullable=False),
        sa.Column("fewest", sa.Integer(), nullable=True),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("counted_at", indexer.db.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("first", name=op.f("pk_audit_block_segments")),
    )
    with op.batch_alter_table("audit_block_segments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_block_segments_counted_at"), ["counted_at"], unique=False)
    refused = sa.text("status = 0")
    with op.batch_alter_table("chain_transactions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_chain_transactions_refused", ["block_number"], sqlite_where=refused, postgresql_where=refused
        )


def downgrade() -> None:
    with op.batch_alter_table("chain_transactions", schema=None) as batch_op:
        batch_op.drop_index("ix_chain_transactions_refused")
    with op.batch_alter_table("audit_block_segments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_block_segments_counted_at"))
    op.drop_table("audit_block_segments")
