"""When an intent came to each state, the day it counts on, and the foreign transaction that took its number

Revision: 9d27c4e1b8f3, after 7a246d72c820
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from indexer.db import UtcDateTime

revision = "9d27c4e1b8f3"
down_revision = "7a246d72c820"
branch_labels = None
depends_on = None

MOMENTS = ("numbered_at", "signed_at", "sent_at", "mined_at", "settled_at")


def upgrade() -> None:
    with op.batch_alter_table("intents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("spent_by", sa.String(), nullable=True))
        for name in MOMENTS:
            batch_op.add_column(sa.Column(name, UtcDateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_intents_wallet_day", ["wallet", "asked_on"])
    # What was accepted on the day of the upgrade counts on.
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE intents SET asked_on = (created_at AT TIME ZONE 'Europe/Moscow')::date")
    else:
        op.execute("UPDATE intents SET asked_on = date(created_at, '+3 hours')")


def downgrade() -> None:
    with op.batch_alter_table("intents", schema=None) as batch_op:
        batch_op.drop_index("ix_intents_wallet_day")
        for name in (*MOMENTS, "spent_by", "asked_on"):
            batch_op.drop_column(name)
