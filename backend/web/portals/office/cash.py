"""The nominal account: statements, deposits, withdrawals, reconciliation."""

from __future__ import annotations

from starlette.responses import Response

from backend.cash import service as cash
from backend.cash.deposits import CREDIT_REF
from backend.cash.service import Deposit, DepositState, Withdrawal, WithdrawalState
from backend.cash.withdrawals import CANCEL_REF, CONFIRM_REF, REQUEST_REF
from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.custody.models import Intent
from backend.identity import service as identity
from backend.web.api.money import kopeks, rubles
from backend.web.deps import Form, Listing, Page, PageContext
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.office.tools import intents_of
from backend.web.routing import page_router

router = page_router("/office/cash")


@router.get("")
def account(page: Page, listing: Listing) -> Response:
    """Reconciliation and statements."""
    return page.render(
        "office/cash.html",
        report=cash.reconcile(page.ctx),
        rows=cash.statements(page.ctx, listing),
        listing=listing,
        imported=None,
        account=page.ctx.settings.nominal_account,
        may_manage=page.actor.may(Permission.CASH_MANAGE),
    )


@router.post("/statements")
def import_statement(page: Page, form: Form) -> Response:
    """camt.053 or 1C; the same file twice does nothing twice."""
    file = form.file("file")
    if file is None:
        raise Invalid("Выберите файл выписки.", "Choose a statement.", field="file")
    report = cash.import_statement(page.ctx, file.data)
    if report.repeated:
        return page.redirect("/office/cash", toast=_("Эта выписка уже загружена, ничего не изменилось."))
    parts = [
        f"{_('зачисляется')}: {report.credited}",
        f"{_('в очереди')}: {report.queued}",
        f"{_('подтверждено списаний')}: {report.confirmed}",
        f"{_('неизвестных списаний')}: {len(report.unknown_debits)}",
    ]
    target = "/office/cash/deposits?state=QUEUED" if report.queued else "/office/cash"
    return page.redirect(target, toast=f"{_('Выписка загружена')}: {', '.join(parts)}")


@router.get("/deposits")
def deposits(page: Page, listing: Listing, state: DepositState | None = None) -> Response:
    """Payments in; QUEUED is the queue."""
    found = cash.all_deposits(page.ctx, listing, state)
    payers = {one.id: cash.payer_of(page.ctx, one) for one in found.items}
    owners = {one.id: _owner(page, one.participant_id) for one in found.items}
    if listing.file:
        columns = [
            (_("Дата"), lambda one: one.booked_on.isoformat()),
            (_("Номер в банке"), lambda one: one.bank_ref),
            (_("Сумма, руб."), lambda one: rubles(one.amount_kopeks)),
            (_("Плательщик"), lambda one: payers[one.id].get("name") or ""),
            (_("Назначение"), lambda one: payers[one.id].get("purpose") or ""),
            (_("Участник"), lambda one: owners[one.id]),
            (_("Состояние"), lambda one: _(label("deposit", one.state).text)),
        ]
        return export(found, columns, "deposits", listing.file)
    return page.render(
        "office/deposits.html",
        rows=found,
        payers=payers,
        owners=owners,
        intents={one.id: _last(page, one) for one in found.items},
        listing=listing,
        state=state,
        filters=DepositState,
        may_manage=page.actor.may(Permission.CASH_MANAGE),
    )


@router.post("/deposits/{deposit_id}/match")
def match(page: Page, form: Form, deposit_id: str) -> Response:
    """Name the owner."""
    if not form.get("number"):
        raise Invalid("Укажите номер участника.", "Give the participant's number.", field="number")
    row = cash.match(page.ctx, deposit_id, form.get("number"))
    return page.redirect("/office/cash/deposits", toast=f"{_('Зачисляется')}: {rubles(row.amount_kopeks)} ₽")


@router.post("/deposits/{deposit_id}/return")
def order_return(page: Page, deposit_id: str) -> Response:
    """Send back to the payer."""
    row = cash.order_return(page.ctx, deposit_id)
    toast = f"{_('К возврату. Отправьте платёж через банк с пометкой')} RET-{row.bank_ref}"
    return page.redirect("/office/cash/deposits?state=RETURN_ORDERED", toast=toast)


@router.get("/withdrawals")
def withdrawals(page: Page, listing: Listing, state: WithdrawalState | None = None) -> Response:
    """Payments out; IN_TRANSIT are to be paid through the bank."""
    found = cash.all_withdrawals(page.ctx, listing, state)
    details = {one.id: cash.details_of(page.ctx, one) for one in found.items}
    owners = {one.id: _owner(page, one.participant_id) for one in found.items}
    if listing.file:
        columns = [
            (_("Номер"), lambda one: one.number),
            (_("Участник"), lambda one: owners[one.id]),
            (_("Сумма, руб."), lambda one: rubles(one.amount_kopeks)),
            (_("Получатель"), lambda one: details[one.id].get("name", "")),
            (_("БИК"), lambda one: details[one.id].get("bic", "")),
            (_("Номер счёта"), lambda one: details[one.id].get("account", "")),
            (_("Состояние"), lambda one: _(label("withdrawal", one.state).text)),
            (_("Номер в банке"), lambda one: one.bank_ref or ""),
        ]
        return export(found, columns, "withdrawals", listing.file)
    return page.render(
        "office/withdrawals.html",
        rows=found,
        details=details,
        owners=owners,
        intents={one.id: _last(page, one) for one in found.items},
        listing=listing,
        state=state,
        filters=WithdrawalState,
        may_manage=page.actor.may(Permission.CASH_MANAGE),
    )


@router.post("/withdrawals/{withdrawal_id}/confirm")
def confirm(page: Page, form: Form, withdrawal_id: str) -> Response:
    """The bank has paid."""
    cash.confirm(page.ctx, withdrawal_id, form.get("bank_ref"))
    return page.redirect("/office/cash/withdrawals", toast=_("Оплата записывается в реестр."))


@router.post("/withdrawals/{withdrawal_id}/cancel")
def cancel(page: Page, form: Form, withdrawal_id: str) -> Response:
    """The bank returned it."""
    if not form.get("reason"):
        raise Invalid("Укажите причину.", "State the reason.", field="reason")
    cash.cancel(page.ctx, withdrawal_id, form.get("reason"))
    return page.redirect("/office/cash/withdrawals", toast=_("Деньги возвращаются участнику."))


@router.post("/tax")
def pay_tax(page: Page, form: Form) -> Response:
    """Withheld tax to the budget."""
    cash.request_of_system(page.ctx, "TAX", kopeks(form.get("amount"), "amount"), page.key)
    return page.redirect("/office/cash/withdrawals", toast=_("Перечисление налога оформляется."))


def _owner(page: PageContext, participant_id: str | None) -> str:
    if participant_id is None:
        return ""
    row = identity.participant(page.ctx, participant_id)
    return f"{row.number} · {identity.profile(page.ctx, row)['name']}"


def _last(page: PageContext, row: Deposit | Withdrawal) -> Intent | None:
    kinds = (CREDIT_REF,) if isinstance(row, Deposit) else (REQUEST_REF, CONFIRM_REF, CANCEL_REF)
    found = intents_of(page.ctx, row.id, *kinds)
    return found[-1] if found else None
