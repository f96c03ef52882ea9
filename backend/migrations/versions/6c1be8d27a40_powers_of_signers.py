"""Powers of signers

Revision: 6c1be8d27a40, after b7e2d9405c18
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from indexer.db import UtcDateTime

revision = "6c1be8d27a40"
down_revision = "b7e2d9405c18"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    op.create_table(
        "signer_powers",
        sa.Column("id", text(), nullable=False),
        sa.Column("participant_id", text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("document_hash", text(), nullable=True),
        sa.Column("by", text(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signer_powers")),
    )
    with op.batch_alter_table("signer_powers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_signer_powers_participant_id"), ["participant_id"], unique=False)
    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.add_column(sa.Column("powers_until", sa.Date(), nullable=True))
        batch_op.create_index(batch_op.f("ix_participants_powers_until"), ["powers_until"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("participants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_participants_powers_until"))
        batch_op.drop_column("powers_until")
    op.drop_table("signer_powers")
