"""Authors by identifier, stored answers sealed

Histories of participants name their authors by identifier instead of by name: each note was journalled in its own transaction,
and the journal holds the identifier. Stored answers of repeated requests were in clear and are dropped (the key stays: a repeat
still does nothing twice). Journal entries that are written keep their content, for their hashes are anchored.

Revision: 5d1f0a7c3e92, after c98c23d0d01e
"""

from __future__ import annotations

from alembic import op

revision = "5d1f0a7c3e92"
down_revision = "c98c23d0d01e"
branch_labels = None
depends_on = None

ENTRY = """
    FROM journal_entries AS entry
    WHERE entry.entity = 'participant' AND entry.entity_id = participant_history.participant_id
      AND entry.action = 'identity.participant.' || participant_history.what
      AND entry.actor = participant_history.by AND entry.actor_id IS NOT NULL
"""


def upgrade() -> None:
    op.execute(
        f'UPDATE participant_history SET "by" = (SELECT min(entry.actor_id) {ENTRY}) WHERE EXISTS (SELECT 1 {ENTRY})'
    )
    op.execute("UPDATE request_keys SET body = NULL")


def downgrade() -> None:
    pass  # names and answers are gone for good
