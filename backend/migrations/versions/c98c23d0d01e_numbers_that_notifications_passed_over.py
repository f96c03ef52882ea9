"""Numbers that notifications passed over

Revision: c98c23d0d01e, after 0c5134239226
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c98c23d0d01e"
down_revision = "0c5134239226"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("notification_cursor", schema=None) as batch_op:
        batch_op.add_column(sa.Column("missing", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("notification_cursor", schema=None) as batch_op:
        batch_op.drop_column("missing")
