"""Between participants: a plain transfer, an offer to sell, its acceptance (delivery versus payment) and withdrawal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.cash import service as cash
from backend.core.context import Context
from backend.core.errors import Invalid, NotFound
from backend.core.events import emit
from backend.core.ids import bytes32_of
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import service as identity
from backend.identity.service import Participant
from backend.issues import service as issues
from backend.orders import repository
from backend.orders.errors import FundsShort, OfferUnknown, UnitsShort
from backend.orders.models import Wish
from backend.orders.states import WishKind, WishState
from indexer.models import ChainOffer

WISH_REF = "orders.wish"
_ANYBODY = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer with the issue it concerns."""

    offer: ChainOffer
    issue_id: str
    issue_number: str
    issue_title: str


@dataclass(frozen=True, slots=True)
class _Call:
    contract: str
    function: str
    args: list[Any]
    address: str | None = None


def transfer(ctx: Context, issue_id: str, to_number: str, units: int, *, key: str) -> Wish:
    """Move own units to another participant without payment (gift, own nominee)."""
    ctx.require(Permission.ASSET_TRANSFER)
    ctx.require_step_up()
    sender = identity.require_trading(ctx)
    receiver = _receiver(ctx, to_number)
    asset = _asset(ctx, issue_id)
    _check_units(ctx, asset, sender, units)
    call = _Call("DigitalAsset", "transfer", [receiver.wallet, units], asset)
    details = {"to": receiver.number}
    return _wish(ctx, WishKind.TRANSFER, sender, asset, units, details, key, call)


def offer(
    ctx: Context,
    issue_id: str,
    units: int,
    price_kopeks: int,
    expires_at: datetime,
    *,
    key: str,
    minimum_units: int = 1,
    buyer_number: str | None = None,
) -> Wish:
    """Offer own units at a price a unit, to everybody or to one participant."""
    ctx.require(Permission.OFFER_MAKE)
    ctx.require_step_up()
    seller = identity.require_trading(ctx)
    if price_kopeks <= 0:
        raise Invalid("Укажите цену.", "Give a price.", field="price")
    if expires_at <= ctx.now():
        raise Invalid("Срок предложения уже прошёл.", "The offer would have expired already.", field="expires_at")
    asset = _asset(ctx, issue_id)
    _check_units(ctx, asset, seller, units)
    buyer = _receiver(ctx, buyer_number).wallet if buyer_number else _ANYBODY
    wish_id = _wish_id(seller, key)
    args = [asset, units, price_kopeks, minimum_units, buyer, int(expires_at.timestamp()), bytes32_of(wish_id)]
    details = {"price_kopeks": price_kopeks, "minimum_units": minimum_units, "buyer": buyer_number}
    return _wish(ctx, WishKind.OFFER, seller, asset, units, details, key, _Call("Exchange", "offer", args))


def accept(ctx: Context, offer_id: int, units: int, *, key: str) -> Wish:
    """Buy all or a part of an offer: units against rubles in one transaction."""
    ctx.require(Permission.OFFER_MAKE)
    ctx.require_step_up()
    buyer = identity.require_trading(ctx)
    found = ctx.session.get(ChainOffer, offer_id)
    if found is None or found.state != "OPEN" or found.buyer not in (None, _ANYBODY, buyer.wallet):
        raise OfferUnknown
    if not 0 < units <= found.units_left:
        raise Invalid("Столько единиц не предлагают.", "That many units are not on offer.", field="units")
    if cash.balance_of(ctx, buyer.wallet).free < units * found.price_kopeks:
        raise FundsShort(field="units")
    args = [offer_id, units, bytes32_of(_wish_id(buyer, key))]
    details = {"offer": offer_id, "price_kopeks": found.price_kopeks}
    return _wish(ctx, WishKind.ACCEPT, buyer, found.asset, units, details, key, _Call("Exchange", "accept", args))


def withdraw(ctx: Context, offer_id: int, *, key: str) -> Wish:
    """Take an own offer back."""
    ctx.require(Permission.OFFER_MAKE)
    seller = identity.require_trading(ctx)
    found = ctx.session.get(ChainOffer, offer_id)
    if found is None or found.seller != seller.wallet:
        raise OfferUnknown
    call = _Call("Exchange", "withdraw", [offer_id])
    return _wish(ctx, WishKind.WITHDRAW, seller, found.asset, found.units_left, {"offer": offer_id}, key, call)


def offers(ctx: Context, request: PageRequest, *, own: bool = False) -> Page[OfferView]:
    """Offers open to the asker, or the asker's own."""
    ctx.require(Permission.OFFER_MAKE)
    page = repository.offers(ctx, request, wallet=identity.own(ctx).wallet, own=own)
    return page.of([_offer_view(ctx, one) for one in page.items])


def my_wishes(ctx: Context, request: PageRequest) -> Page[Wish]:
    """What the asker asked for."""
    ctx.require(Permission.HOLDING_READ)
    return repository.wishes(ctx, request)


def my_wish(ctx: Context, wish_id: str) -> Wish:
    """One own wish."""
    row = ctx.session.get(Wish, wish_id)
    if row is None or row.participant_id != ctx.actor.participant_id:
        raise NotFound
    return row


def on_wish(ctx: Context, intent: Intent) -> None:
    """Done, or refused with the decoded reason."""
    row = ctx.session.get_one(Wish, intent.ref_id)
    done = intent.state == IntentState.CONFIRMED
    row.state = WishState.ON_CHAIN if done else WishState.REFUSED
    row.error_ru, row.error_en = intent.error_ru, intent.error_en
    ctx.session.add(row)
    payload = {"wish": row.id, "kind": row.kind.value, "reason_ru": intent.error_ru, "reason_en": intent.error_en}
    emit(ctx, "offer.accepted" if done else "offer.refused", participant_id=row.participant_id, payload=payload)


def _wish(
    ctx: Context,
    kind: WishKind,
    owner: Participant,
    asset: str,
    units: int,
    details: dict[str, Any],
    key: str,
    call: _Call,
) -> Wish:
    wish_id = _wish_id(owner, key)
    present = ctx.session.get(Wish, wish_id)
    if present is not None:
        return present
    row = Wish(
        id=wish_id,
        client_ref=bytes32_of(wish_id),
        kind=kind,
        participant_id=owner.id,
        asset=asset,
        units=units,
        details=details,
        created_at=ctx.now(),
    )
    ctx.session.add(row)
    ctx.session.flush()
    custody.request_call(
        ctx,
        wallet=owner.wallet,
        contract=call.contract,
        function=call.function,
        args=call.args,
        address=call.address,
        idempotency_key=f"wish:{wish_id}",
        ref_kind=WISH_REF,
        ref_id=wish_id,
        summary=f"{_SUMMARY[kind]}: {units} ед.",
    )
    record(ctx, action=f"orders.{kind.value.lower()}", entity="wish", entity_id=wish_id, details={"units": units})
    return row


_SUMMARY = {
    WishKind.TRANSFER: "Перевод",
    WishKind.OFFER: "Предложение о продаже",
    WishKind.ACCEPT: "Покупка по предложению",
    WishKind.WITHDRAW: "Отзыв предложения",
}


def _wish_id(owner: Participant, key: str) -> str:
    return hashlib.sha256(f"wish:{owner.id}:{key}".encode()).hexdigest()[:32]


def _receiver(ctx: Context, number: str) -> Participant:
    found = identity.participant_by_number(ctx, number)
    if found is None:
        raise NotFound("Участник с таким номером не найден.", "No participant of this number.", field="to")
    return found


def _asset(ctx: Context, issue_id: str) -> str:
    chain = issues.issue_page(ctx, issue_id).chain
    if chain is None:
        raise NotFound
    return chain.asset


def _check_units(ctx: Context, asset: str, owner: Participant, units: int) -> None:
    if units <= 0:
        raise Invalid("Укажите количество.", "Give a number of units.", field="units")
    held = repository.holding(ctx, asset, owner.wallet)
    if held is None or held.free_units < units:
        raise UnitsShort(field="units")


def _offer_view(ctx: Context, found: ChainOffer) -> OfferView:
    issue = issues.by_asset(ctx, found.asset)
    if issue is None:
        raise OfferUnknown
    return OfferView(found, issue.id, issue.number, issue.title)
