"""What follows when the chain has answered: a role given or refused under four eyes; and the sending of letters."""

from __future__ import annotations

from collections.abc import Callable

from backend.accounts import mail, roles
from backend.core.context import Context
from backend.custody.models import Intent
from backend.custody.states import IntentState


def on_proposed(ctx: Context, intent: Intent) -> None:
    """A proposal that the chain refused closes the change; an accepted one waits for the second administrator."""
    if intent.state != IntentState.CONFIRMED:
        roles.fail(ctx, intent.ref_id, intent.error_ru, intent.error_en)


def on_approved(ctx: Context, intent: Intent) -> None:
    """The approval executed: the role is given or taken here too."""
    if intent.state == IntentState.CONFIRMED:
        roles.finish(ctx, intent.ref_id)
    else:
        roles.fail(ctx, intent.ref_id, intent.error_ru, intent.error_en)


def send_letters(ctx: Context) -> None:
    """Send the letters that are due."""
    mail.send_due(ctx)


REACTIONS: dict[str, Callable[[Context, Intent], None]] = {
    roles.PROPOSED_REF: on_proposed,
    roles.APPROVED_REF: on_approved,
}
TICKS: list[Callable[[Context], None]] = [send_letters]
