"""Acts of registrars

Revision: b7e2d9405c18, after 3f7a9c04d6be
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from indexer.db import UtcDateTime

revision = "b7e2d9405c18"
down_revision = "3f7a9c04d6be"
branch_labels = None
depends_on = None

INDEXED = ("asset", "kind", "participant_id", "receiver_id")


def upgrade() -> None:
    op.create_table(
        "registrar_acts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "COURT_TRANSFER", "ARREST", "RELEASE", "INHERITANCE", "REPLACEMENT", "CORRECTION", name="actkind"
            ),
            nullable=False,
        ),
        sa.Column("participant_id", sa.String(), nullable=False),
        sa.Column("receiver_id", sa.String(), nullable=True),
        sa.Column("asset", sa.String(), nullable=True),
        sa.Column("units", sa.BigInteger(), nullable=True),
        sa.Column("encumbrance_id", sa.BigInteger(), nullable=True),
        sa.Column("corrected_tx", sa.String(), nullable=True),
        sa.Column("new_wallet", sa.String(), nullable=True),
        sa.Column("basis", sa.LargeBinary(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("document_hash", sa.String(), nullable=False),
        sa.Column("calls", sa.JSON(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrar_acts")),
        sa.UniqueConstraint("new_wallet", name=op.f("uq_registrar_acts_new_wallet")),
        sa.UniqueConstraint("number", name=op.f("uq_registrar_acts_number")),
    )
    with op.batch_alter_table("registrar_acts", schema=None) as batch_op:
        for name in INDEXED:
            batch_op.create_index(batch_op.f(f"ix_registrar_acts_{name}"), [name], unique=False)


def downgrade() -> None:
    op.drop_table("registrar_acts")
    sa.Enum(name="actkind").drop(op.get_bind(), checkfirst=True)
