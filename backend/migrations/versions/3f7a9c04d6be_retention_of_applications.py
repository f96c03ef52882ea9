"""Retention of applications: legal hold, moment of destruction

Revision: 3f7a9c04d6be, after 8e4b6d2f1a57
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from indexer.db import UtcDateTime

revision = "3f7a9c04d6be"
down_revision = "8e4b6d2f1a57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("kyc_cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("legal_hold", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.add_column(sa.Column("erased_at", UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("kyc_cases", schema=None) as batch_op:
        batch_op.drop_column("erased_at")
        batch_op.drop_column("legal_hold")
