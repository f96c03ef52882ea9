"""The sender for officers: what is on its way to the register, each call in plain words, each wallet with its history."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from backend.core.context import Context
from backend.core.errors import Invalid, NotFound
from backend.core.pagination import FileKind, PageRequest
from backend.core.pagination import Page as Part
from backend.core.permissions import Permission
from backend.custody import desk, limits, taken
from backend.custody.models import Intent, Wallet
from backend.custody.states import OPEN, IntentState
from backend.identity import service as identity
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.office.tools import person
from backend.web.routing import page_router

router = page_router("/office/outbox")

Age = Annotated[int, Query(ge=0, le=10**9)]
Address = Annotated[str | None, Query(max_length=42)]


@router.get("")
def outbox(
    page: Page,
    listing: Listing,
    state: IntentState | None = None,
    older: Age = 0,
    wallet: Address = None,
    every: int = 0,
) -> Response:
    """What is on its way, the oldest first; with ``every`` or a state also what has come to its end."""
    only_open = not (every or state or wallet)
    found = desk.outbox(page.ctx, listing, state=state, wallet=wallet, older_than_s=older or None, only_open=only_open)
    if listing.file:
        return _file(page, found, listing.file)
    ages = desk.ages(page.ctx)
    return page.render(
        "office/outbox.html",
        rows=found,
        listing=listing,
        state=state,
        older=older,
        wallet=wallet,
        every=every,
        waiting=sum(sum(one) for one in ages.values()),
        chart=_chart(ages),
        **_standing(page.ctx),
    )


@router.get("/standing")
def standing(page: Page) -> Response:
    """Counts, ages and stopped wallets: the part that keeps itself fresh."""
    return page.render("office/_outbox_standing.html", **_standing(page.ctx))


@router.get("/wallets")
def wallets(page: Page, listing: Listing, stopped: int = 0) -> Response:
    """Every address that the operator keeps."""
    found = desk.wallets(page.ctx, listing, stopped=bool(stopped))
    owners = {one.address: owner_of(page.ctx, one) for one in found.items}
    if listing.file:
        columns = [
            (_("Адрес"), lambda one: one.address),
            (_("Чей"), lambda one: _(label("wallet_owner", one.owner_kind).text)),
            (_("Владелец"), lambda one: owners[one.address][0]),
            (_("Ключ"), lambda one: _(label("key_store", one.store).text)),
            (_("Следующий номер"), lambda one: one.next_nonce),
            (_("Остановлен"), lambda one: one.stopped_at.isoformat() if one.stopped_at else ""),
            (_("Почему"), lambda one: reason_in_words(one.stopped_reason)),
        ]
        return export(found, columns, "wallets", listing.file)
    return page.render(
        "office/wallets.html", rows=found, listing=listing, stopped=stopped, owners=owners, reason=reason_in_words
    )


@router.get("/wallets/{address}")
def wallet(page: Page, address: str, listing: Listing) -> Response:
    """Owner, numbers, limits and history of one address."""
    ctx = page.ctx
    row = desk.one_wallet(ctx, address)
    history = desk.outbox(ctx, _newest(listing), wallet=row.address)
    if listing.file:
        return _file(page, history, listing.file)
    counts = desk.counts_of(ctx, row.address)
    return page.render(
        "office/wallet.html",
        wallet=row,
        owner=owner_of(ctx, row),
        history=history,
        listing=listing,
        counts=counts,
        flying=sum(count for state, count in counts.items() if state in OPEN),
        taken=taken.of_wallet(ctx, row.address),
        mirrored=taken.mirrored_next(ctx, row.address),
        usage=limits.usage(ctx, row),
        reason=reason_in_words,
        age=_age,
        may_manage=page.actor.may(Permission.OUTBOX_MANAGE),
        may_read_journal=page.actor.may(Permission.JOURNAL_READ),
    )


@router.post("/wallets/{address}/stop")
def stop(page: Page, form: Form, address: str) -> Response:
    """Nothing more is signed or sent for it."""
    row = desk.stop_wallet(page.ctx, address, form.get("reason"))
    return page.redirect(f"/office/outbox/wallets/{row.address}", toast=_("Кошелёк остановлен."))


@router.post("/wallets/{address}/resume")
def resume(page: Page, form: Form, address: str) -> Response:
    """Let it go on, from the number that the form names."""
    typed = form.get("next_nonce")
    if typed and not re.fullmatch(r"\d{1,18}", typed):
        raise Invalid("Нужно целое число.", "A whole number is needed.", field="next_nonce")
    row = desk.resume_wallet(page.ctx, address, form.get("reason"), next_nonce=int(typed) if typed else None)
    return page.redirect(f"/office/outbox/wallets/{row.address}", toast=_("Кошелёк снова подписывает."))


@router.get("/{intent_id}")
def intent(page: Page, intent_id: str) -> Response:
    """One call: in words, what was shown, its way with times, the refusal."""
    row = desk.one_intent(page.ctx, intent_id)
    wallet_row = desk.one_wallet(page.ctx, row.wallet)
    return page.render(
        "office/intent.html",
        intent=row,
        wallet=wallet_row,
        owner=owner_of(page.ctx, wallet_row),
        steps=_steps(row),
        asked_by=person(page.ctx, row.requested_by) if row.requested_by else _("система"),
        holder=taken.holder_of(page.ctx, row),
        may_cancel=desk.may_cancel(row),
        reason=reason_in_words,
        may_manage=page.actor.may(Permission.OUTBOX_MANAGE),
        may_read_journal=page.actor.may(Permission.JOURNAL_READ),
    )


@router.post("/{intent_id}/cancel")
def cancel(page: Page, form: Form, intent_id: str) -> Response:
    """Spend its number on nothing."""
    row = desk.cancel(page.ctx, intent_id, form.get("reason"))
    return page.redirect(
        f"/office/outbox/{row.id}", toast=_("Отмена подписана. Исполнится то, что раньше попадёт в блок.")
    )


@router.post("/{intent_id}/give-up")
def give_up(page: Page, form: Form, intent_id: str) -> Response:
    """Report it as not carried out: a foreign transaction has its number."""
    row = taken.give_up(page.ctx, intent_id, form.get("reason"))
    return page.redirect(f"/office/outbox/wallets/{row.wallet}", toast=_("Операция отмечена как неисполненная."))


@router.post("/{intent_id}/renumber")
def renumber(page: Page, form: Form, intent_id: str) -> Response:
    """Give it a new number: a foreign transaction has the old one."""
    row = taken.renumber(page.ctx, intent_id, form.get("reason"))
    return page.redirect(f"/office/outbox/wallets/{row.wallet}", toast=_("Операция получит новый номер."))


# --- words -----------------------------------------------------------------------------------------------------------


def owner_of(ctx: Context, row: Wallet) -> tuple[str, str]:
    """Name of a wallet's owner and the page about it, as far as the reader may see it."""
    if row.owner_kind == "participant" and ctx.actor.may(Permission.PARTICIPANT_READ):
        try:
            found = identity.participant(ctx, row.owner_id)
        except NotFound:
            return row.owner_id, ""
        return f"{identity.display_name(ctx, found.id)}, {found.number}", f"/office/participants/{found.id}"
    if row.owner_kind == "officer":
        href = f"/office/users/{row.owner_id}" if ctx.actor.may(Permission.USER_READ) else ""
        return person(ctx, row.owner_id), href
    return row.owner_id, ""


def reason_in_words(reason: str | None) -> str:
    """Why a wallet was stopped: the sender's reasons in words, an administrator's as written."""
    if reason is None:
        return ""
    for pattern, words in _reasons():
        found = re.fullmatch(pattern, reason)
        if found is not None:
            return words % found.groupdict()
    return reason


def _reasons() -> list[tuple[str, str]]:
    return [
        (
            r"node has (?P<mined>\d+) transactions, the outbox gave (?P<given>\d+)",
            _(
                "У узла %(mined)s транзакций этого адреса, система дала номера только %(given)s: ключом пользовались помимо неё."
            ),
        ),
        (
            r"number (?P<number>\d+) was used by a transaction that is not ours",
            _("Номер %(number)s занят транзакцией, которую система не подписывала."),
        ),
        (r"number (?P<number>\d+) was signed before", _("Под номером %(number)s уже подписана другая операция.")),
        (
            r"a stored call is not allowed to this wallet",
            _("В очереди операция, которую этому адресу нельзя подписывать."),
        ),
    ]


def _age(moment: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    for size, unit in ((86_400, _("дн.")), (3_600, _("ч")), (60, _("мин"))):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} {_('с')}"


def _standing(ctx: Context) -> dict[str, Any]:
    stopped = desk.wallets(ctx, PageRequest(size=1), stopped=True).total
    return {"standing": desk.standing(ctx), "stopped_wallets": stopped, "age": _age}


def _steps(row: Intent) -> list[tuple[str, datetime | None, str, str]]:
    """The way of a call: what is behind it with times, what comes, where it ended."""
    way = [
        (IntentState.ACCEPTED, row.created_at, ""),
        (
            IntentState.NONCE_GIVEN,
            row.numbered_at,
            _("Номер %(nonce)s") % {"nonce": row.nonce} if row.nonce is not None else "",
        ),
        (IntentState.SIGNED, row.signed_at, ""),
        (IntentState.SENT, row.sent_at, _("Отправлено раз: %(sends)s") % {"sends": row.sends} if row.sends else ""),
        (
            IntentState.MINED,
            row.mined_at,
            _("Блок %(block)s") % {"block": row.block_number} if row.block_number else "",
        ),
    ]
    ended = row.state not in OPEN
    steps = [
        (_(label("intent", state).text), at, text, "done" if at else "now" if state == row.state else "next")
        for state, at, text in way
        if at or not ended
    ]
    final = row.state if ended else IntentState.CONFIRMED
    outcome = "next" if not ended else "done" if final == IntentState.CONFIRMED else "failed"
    words = (row.error_ru or "") if ended else ""
    return [*steps, (_(label("intent", final).text), row.settled_at if ended else None, words, outcome)]


def _chart(ages: dict[IntentState, list[int]]) -> dict[str, Any]:
    names = [_("до 10 с"), _("до минуты"), _("до 5 минут"), _("до часа"), _("старше")]
    states = [state for state in IntentState if state in OPEN]
    zero = [0] * len(names)
    return {
        "legend": {},
        "xAxis": {"type": "category", "data": [_(label("intent", state).text) for state in states]},
        "yAxis": {"type": "value"},
        "series": [
            {"type": "bar", "stack": "age", "name": name, "data": [ages.get(state, zero)[place] for state in states]}
            for place, name in enumerate(names)
        ],
    }


def _newest(listing: PageRequest) -> PageRequest:
    return listing if listing.sort else replace(listing, sort="-created_at")


def _file(page: Page, rows: Part[Intent], kind: FileKind) -> Response:
    english = page.ctx.lang == "en"
    columns = [
        (_("Принято"), lambda one: one.created_at.isoformat()),
        (_("Что"), lambda one: one.summary),
        (_("Вызов"), lambda one: f"{one.contract}.{one.function}"),
        (_("Адрес"), lambda one: one.wallet),
        (_("Номер"), lambda one: "" if one.nonce is None else one.nonce),
        (_("Состояние"), lambda one: _(label("intent", one.state).text)),
        (_("Изменено"), lambda one: one.updated_at.isoformat()),
        (_("Транзакция"), lambda one: one.tx_hash or ""),
        (_("Отказ"), lambda one: (one.error_en if english else one.error_ru) or ""),
        (_("Хеш показанного"), lambda one: one.shown_hash or ""),
        (_("Идентификатор"), lambda one: one.id),
    ]
    return export(rows, columns, "outbox", kind)
