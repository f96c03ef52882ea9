"""After the chain has replaced an address: the participant's record and key follow it."""

from __future__ import annotations

from backend.core.context import Context
from backend.core.journal import record
from backend.custody.succession import succeed
from backend.registrar import repository


def follow_replacements(ctx: Context) -> None:
    """Tick: whose address the chain has replaced acts under the new one from now on."""
    for participant, chain in repository.replaced(ctx):
        act = repository.act_of_successor(ctx, chain.replaced_by or "")
        if act is None or act.new_wallet is None:
            continue  # replaced past this desk: nobody here holds the key
        succeed(ctx, participant.wallet, act.new_wallet)
        participant.wallet = act.new_wallet
        ctx.session.add(participant)
        details = {"act": act.number, "old": chain.address, "new": act.new_wallet}
        record(
            ctx, action="registrar.address_replaced", entity="participant", entity_id=participant.id, details=details
        )
