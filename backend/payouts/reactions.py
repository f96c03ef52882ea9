"""What follows when the chain has answered, and what time asks for."""

from __future__ import annotations

from collections.abc import Callable

from backend.core.context import Context
from backend.custody.models import Intent
from backend.payouts import calculation, early, execution, planning

REACTIONS: dict[str, Callable[[Context, Intent], None]] = {
    execution.DECLARE_REF: execution.on_answer,
    execution.FUND_REF: execution.on_answer,
    execution.CANCEL_REF: execution.on_answer,
    execution.BATCH_REF: execution.on_batch,
    early.TENDER_REF: early.on_tender,
}
TICKS: list[Callable[[Context], None]] = [
    planning.plan,
    early.plan_puts,
    early.open_puts,
    early.announce,
    planning.fix_registers,
    calculation.calculate_fixed,
    execution.follow,
    execution.distribute,
    execution.mark_late,
    early.close_unused,
    early.drop_after_call,
    execution.close_redeemed,
]
