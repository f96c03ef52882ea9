"""Early redemption: a run that is announced

Revision: 2b9c7e41d0f8, after 6c1be8d27a40
"""

from __future__ import annotations

from alembic import op

revision = "2b9c7e41d0f8"
down_revision = "6c1be8d27a40"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps the words of an enumeration as text
        op.execute("ALTER TYPE runstate ADD VALUE IF NOT EXISTS 'ANNOUNCED' AFTER 'PLANNED'")


def downgrade() -> None:
    pass  # PostgreSQL takes no word out of an enumeration; an unused one does no harm
