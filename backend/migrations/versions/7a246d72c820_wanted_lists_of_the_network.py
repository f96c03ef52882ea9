"""Wanted lists of the network, their way to the nodes, comparisons and alarms

Revision: 7a246d72c820, after 7b3e51c9a604
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from indexer.db import UtcDateTime

revision = "7a246d72c820"
down_revision = "7b3e51c9a604"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "network_alarms",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("DRIFT", "UNREACHABLE", "FOREIGN_SENDER", name="alarmkind", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("raised_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("block_number", sa.BigInteger(), nullable=True),
        sa.Column("block_hash", sa.String(), nullable=True),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_alarms")),
    )
    with op.batch_alter_table("network_alarms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_network_alarms_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_network_alarms_raised_at"), ["raised_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_network_alarms_sender"), ["sender"], unique=False)
        batch_op.create_index("ix_network_alarms_subject", ["kind", "subject"], unique=False)

    op.create_table(
        "network_changes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column(
            "kind", sa.Enum("ACCOUNT", "NODE", "VALIDATOR", name="kind", native_enum=False, length=16), nullable=False
        ),
        sa.Column("action", sa.Enum("ADD", "REMOVE", name="action", native_enum=False, length=16), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "PROPOSED",
                "OPEN",
                "CLOSING",
                "WITHDRAWING",
                "DONE",
                "CANCELLED",
                "SUPERSEDED",
                name="changestate",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("after_block", sa.BigInteger(), nullable=False),
        sa.Column("journal_seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_changes")),
    )
    with op.batch_alter_table("network_changes", schema=None) as batch_op:
        batch_op.create_index("ix_network_changes_entry", ["kind", "value"], unique=False)
        batch_op.create_index("ix_network_changes_state", ["state", "requested_at"], unique=False)

    op.create_table(
        "network_checks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("nodes", sa.Integer(), nullable=False),
        sa.Column("unreachable", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("extra", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_checks")),
    )
    with op.batch_alter_table("network_checks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_network_checks_at"), ["at"], unique=False)

    op.create_table(
        "network_deliveries",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("PENDING", "DONE", "FAILED", "CLEARED", name="deliverystate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("next_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("change_id", "node", name=op.f("pk_network_deliveries")),
    )
    with op.batch_alter_table("network_deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_network_deliveries_due", ["state", "next_at"], unique=False)

    op.create_table(
        "network_entries",
        sa.Column(
            "kind", sa.Enum("ACCOUNT", "NODE", "VALIDATOR", name="kind", native_enum=False, length=16), nullable=False
        ),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.Column("effective_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_network_entries")),
    )
    with op.batch_alter_table("network_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_network_entries_change_id"), ["change_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_network_entries_wanted"), ["wanted"], unique=False)

    op.create_table(
        "network_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("looked_up_to", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("seeded_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_job")),
    )
    op.create_table(
        "network_node_states",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("checked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("accounts_missing", sa.JSON(), nullable=False),
        sa.Column("accounts_extra", sa.JSON(), nullable=False),
        sa.Column("nodes_missing", sa.JSON(), nullable=False),
        sa.Column("nodes_extra", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_network_node_states")),
    )
    op.create_table(
        "network_repairs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("PENDING", "DONE", "FAILED", "CLEARED", name="deliverystate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("journal_seq", sa.BigInteger(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("next_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_repairs")),
    )
    with op.batch_alter_table("network_repairs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_network_repairs_node"), ["node"], unique=False)
        batch_op.create_index(batch_op.f("ix_network_repairs_state"), ["state"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("network_repairs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_network_repairs_state"))
        batch_op.drop_index(batch_op.f("ix_network_repairs_node"))

    op.drop_table("network_repairs")
    op.drop_table("network_node_states")
    op.drop_table("network_job")
    with op.batch_alter_table("network_entries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_network_entries_wanted"))
        batch_op.drop_index(batch_op.f("ix_network_entries_change_id"))

    op.drop_table("network_entries")
    with op.batch_alter_table("network_deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_network_deliveries_due")

    op.drop_table("network_deliveries")
    with op.batch_alter_table("network_checks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_network_checks_at"))

    op.drop_table("network_checks")
    with op.batch_alter_table("network_changes", schema=None) as batch_op:
        batch_op.drop_index("ix_network_changes_state")
        batch_op.drop_index("ix_network_changes_entry")

    op.drop_table("network_changes")
    with op.batch_alter_table("network_alarms", schema=None) as batch_op:
        batch_op.drop_index("ix_network_alarms_subject")
        batch_op.drop_index(batch_op.f("ix_network_alarms_sender"))
        batch_op.drop_index(batch_op.f("ix_network_alarms_raised_at"))
        batch_op.drop_index(batch_op.f("ix_network_alarms_closed_at"))

    op.drop_table("network_alarms")
