"""States and signatures of the sender; where the key of a wallet lives

Revision: 7b3e51c9a604, after a4c05e83d716
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from indexer.db import UtcDateTime

revision = "7b3e51c9a604"
down_revision = "a4c05e83d716"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TYPE intentstate ADD VALUE IF NOT EXISTS 'MINED' BEFORE 'CONFIRMED'")
    with op.batch_alter_table("wallets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("store", sa.String(), nullable=False, server_default="embedded"))
        batch_op.add_column(sa.Column("key_ref", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("stopped_at", UtcDateTime(timezone=True), nullable=True))
    with op.batch_alter_table("intents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shown", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("shown_hash", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("sum_kopeks", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("mined_ok", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("cancel_reason", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("cancel_raw", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("cancel_hash", sa.String(), nullable=True))
        batch_op.create_index("ix_intents_cancel_hash", ["cancel_hash"])
    op.create_table(
        "signatures",
        sa.Column("wallet", sa.String(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("intent_id", sa.String(), nullable=False),
        sa.Column("payload_hash", sa.String(), nullable=False),
        sa.Column("tx_hash", sa.String(), nullable=False),
        sa.Column("shown_hash", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("wallet", "nonce", "kind", name="pk_signatures"),
    )
    op.create_index("ix_signatures_intent_id", "signatures", ["intent_id"])


def downgrade() -> None:
    op.drop_index("ix_signatures_intent_id", "signatures")
    op.drop_table("signatures")
    with op.batch_alter_table("intents", schema=None) as batch_op:
        batch_op.drop_index("ix_intents_cancel_hash")
        for name in ("cancel_hash", "cancel_raw", "cancel_reason", "mined_ok", "sum_kopeks", "shown_hash", "shown"):
            batch_op.drop_column(name)
    with op.batch_alter_table("wallets", schema=None) as batch_op:
        for name in ("stopped_at", "key_ref", "store"):
            batch_op.drop_column(name)
