"""What other packages may call, in one place."""

from __future__ import annotations

from backend.payouts.calculation import check, confirm_index, enter_index, recalculate
from backend.payouts.early import Callable, CallDay, PutView, declare_call, my_calls, my_put, my_puts, tender
from backend.payouts.execution import cancel, declare, fund, operator_wallet, repeat, retry
from backend.payouts.models import PayoutCheck, PayoutIndex, PayoutLine, PayoutRun
from backend.payouts.states import LineState, Part, RunState
from backend.payouts.views import (
    BatchRow,
    Coming,
    LineRow,
    Received,
    RunPage,
    RunRow,
    all_runs,
    coming,
    grace_end,
    issuer_runs,
    next_due,
    received,
    received_by,
    run_batches,
    run_lines,
    run_page,
    visible,
)

__all__ = [
    "BatchRow",
    "CallDay",
    "Callable",
    "Coming",
    "LineRow",
    "LineState",
    "Part",
    "PayoutCheck",
    "PayoutIndex",
    "PayoutLine",
    "PayoutRun",
    "PutView",
    "Received",
    "RunPage",
    "RunRow",
    "RunState",
    "all_runs",
    "cancel",
    "check",
    "coming",
    "confirm_index",
    "declare",
    "declare_call",
    "enter_index",
    "fund",
    "grace_end",
    "issuer_runs",
    "my_calls",
    "my_put",
    "my_puts",
    "next_due",
    "operator_wallet",
    "recalculate",
    "received",
    "received_by",
    "repeat",
    "retry",
    "run_batches",
    "run_lines",
    "run_page",
    "tender",
    "visible",
]
