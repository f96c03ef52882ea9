"""What time asks for: the book closes after the cut-off, orders are settled or refunded in batches, offers expire.

Every call here may be made by anybody and does only what the contract's own state allows, so the operator's wallet signs and the chain decides. Keys
are made of what is to be done, so a tick that runs again promises nothing twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from backend.core.context import Context
from backend.core.ids import bytes32_of
from backend.custody import service as custody
from backend.custody.states import IntentState
from backend.orders import repository
from indexer.models import ChainPlacement

BATCH = 50
TICK_REF = "orders.tick"
OPERATOR = ("system", "operator")
RETRY_AFTER, RETRY_AT_MOST = timedelta(seconds=2), timedelta(minutes=10)


def operator_wallet(ctx: Context) -> str:
    """The operator's own wallet for work that anybody may do."""
    return custody.create_wallet(ctx, *OPERATOR)


def run_placements(ctx: Context) -> None:
    """Close books and settle; one promise a placement at a time."""
    now = int(ctx.now().timestamp())
    for sale in repository.open_placements(ctx):
        if sale.state in ("OPEN", "SUSPENDED"):
            if now > sale.ends_at:
                _call(ctx, sale, "close", [sale.issue_id], f"close:{sale.issue_id}")
        elif sale.state == "REFUNDING" or now >= sale.crediting_at:
            settled = sale.order_count - sale.open_orders
            _call(ctx, sale, "settle", [sale.issue_id, BATCH], f"settle:{sale.issue_id}:{settled}:{sale.state}")


def drop_blocked(ctx: Context) -> None:
    """Cancel open orders of blocked participants in the name of the compliance service wallet, when it has the role."""
    for order in repository.orders_of_blocked(ctx):
        _promise(
            ctx,
            f"drop:{order.issue_id}:{order.order_id}",
            wallet=custody.create_wallet(ctx, "system", "compliance"),
            contract="Placement",
            function="cancelOrder",
            args=[order.issue_id, order.order_id, bytes32_of("PARTICIPANT_BLOCKED")],
            ref_id=order.issue_id,
            summary="Отмена заявки заблокированного участника",
        )


def expire_offers(ctx: Context) -> None:
    """Return units of offers past their expiry."""
    for offer in repository.expired_offers(ctx, int(ctx.now().timestamp())):
        _promise(
            ctx,
            f"expire:{offer.id}",
            wallet=operator_wallet(ctx),
            contract="Exchange",
            function="expire",
            args=[offer.id],
            ref_id=str(offer.id),
            summary=f"Истечение предложения № {offer.id}",
        )


def _call(ctx: Context, sale: ChainPlacement, function: str, args: list[Any], key: str) -> None:
    summary = "Закрытие книги заявок" if function == "close" else "Расчёты по заявкам"
    _promise(
        ctx,
        key,
        wallet=operator_wallet(ctx),
        contract="Placement",
        function=function,
        args=args,
        ref_id=sale.issue_id,
        summary=summary,
    )


def _promise(ctx: Context, key: str, *, ref_id: str, **call: Any) -> None:
    # A call that was refused or reverted (clock of the node behind, somebody was quicker) is promised again under the next number,
    # each time after a longer wait, so that one that can never succeed does not fill the outbox.
    tried = [one for one in custody.intents_of(ctx, TICK_REF, ref_id) if one.idempotency_key.startswith(key + "#")]
    if any(not one.handled for one in tried) or any(one.state == IntentState.CONFIRMED for one in tried):
        return
    if tried and datetime.now(UTC) < tried[-1].updated_at + min(RETRY_AFTER * 2 ** (len(tried) - 1), RETRY_AT_MOST):
        return
    custody.request_call(ctx, idempotency_key=f"{key}#{len(tried)}", ref_kind=TICK_REF, ref_id=ref_id, **call)
