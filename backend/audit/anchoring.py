"""New journal entries get a root on chain: every so many entries, or after so many minutes when there are any.

The contract takes entries in sequence only, so the next first entry is the one after the last that the mirror shows; nothing is sent
while a root is on its way.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from backend.audit import merkle, repository
from backend.audit.journal import leaf_of
from backend.audit.models import JournalAnchor
from backend.core.context import Context
from backend.core.journal import JournalEntry, JournalHead
from backend.custody import service as custody
from backend.custody.errors import CallUnknown

ANCHOR_REF = "audit.anchor"
_JOURNAL = 0  # IAnchors.Kind
_ATTEMPTS = 5
_MAXIMUM = 10_000


def anchor_journal(ctx: Context) -> None:
    """Tick: anchor the entries that no root covers."""
    head = ctx.session.get(JournalHead, 1)
    last = repository.last_anchor(ctx)
    first = (last.last_entry if last else 0) + 1
    if head is None or head.seq < first or not _is_time(ctx, first, head.seq):
        return
    tried = custody.intents_of(ctx, ANCHOR_REF, str(first))
    if any(not one.handled for one in tried) or len(tried) >= _ATTEMPTS:
        return
    end = min(head.seq, first + _MAXIMUM - 1)
    root = "0x" + merkle.root([leaf_of(one) for one in repository.entry_hashes(ctx, first, end)]).hex()
    try:
        custody.request_call(
            ctx,
            wallet=custody.create_wallet(ctx, "system", "operator"),
            contract="Anchors",
            function="anchor",
            args=[_JOURNAL, root, first, end],
            idempotency_key=f"{ANCHOR_REF}:{first}:{len(tried)}",
            ref_kind=ANCHOR_REF,
            ref_id=str(first),
            summary=f"Закрепить записи журнала {first}–{end}",
        )
    except CallUnknown:
        return  # nothing is deployed yet
    row = ctx.session.get(JournalAnchor, first)
    row = row or JournalAnchor(first_entry=first, last_entry=end, root=root, requested_at=ctx.now())
    row.last_entry, row.root, row.requested_at = end, root, ctx.now()
    ctx.session.add(row)


def _is_time(ctx: Context, first: int, newest: int) -> bool:
    if newest - first + 1 >= ctx.settings.anchor_every_entries:
        return True
    oldest = ctx.session.get(JournalEntry, first)
    waits = timedelta(minutes=ctx.settings.anchor_every_minutes)
    return oldest is not None and datetime.now(UTC) - oldest.recorded_at >= waits
