"""How much one wallet may move: one call and one Moscow day of business time, by dated rules (``sign_…`` in core/data/rules.yaml).

A participant is limited by its kind, a treasurer as an officer. What counts is the money a call moves: the sum that stands in it, the price
of an order or an offer, the nominal of units given away. The limit bounds what can be gone on one day, so what didn't go or came back counts
no more: a call that failed before it was sent or that the contract refused, and of an order what was returned, when it was recalled, cancelled,
refunded or allotted in part (ChainOrder.returned_kopeks, from the mirror). The calls themselves stay calls of the day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, func, text
from sqlmodel import col, select

from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.money import format_rubles
from backend.core.rules import read_rules, rule_int
from backend.custody import repository
from backend.custody.errors import LimitOfSigning
from backend.custody.models import Intent, Wallet
from backend.custody.states import IntentState
from indexer.models import ChainIssue, ChainOffer, ChainOrder, ChainPlacement, ChainWithdrawal

WORDS: dict[str, tuple[str, str]] = {
    "person": ("физического лица", "a person"),
    "sole_trader": ("индивидуального предпринимателя", "a sole trader"),
    "organisation": ("организации", "an organisation"),
    "nominee": ("номинального держателя", "a nominee"),
    "treasurer": ("казначея", "a treasurer"),
}
"""Kinds that have limits: names of rules and words."""

_OF_THE_DAY = select(func.count(), func.coalesce(func.sum(col(Intent.sum_kopeks)), 0)).where(
    col(Intent.wallet) == bindparam("wallet"),
    col(Intent.asked_on) == bindparam("day"),
    col(Intent.state).not_in((IntentState.FAILED, IntentState.REVERTED)),
)
"""Calls and kopeks; built once, for it is asked with every call."""


@dataclass(frozen=True, slots=True)
class Usage:
    """A wallet's limits on a day and what is used of them: ``calls`` accepted and not refused, ``kopeks`` that they moved and that stayed away."""

    kind: str
    day: date
    call_kopeks: int
    day_kopeks: int
    day_calls: int
    calls: int
    kopeks: int


def day_of(ctx: Context) -> date:
    """The Moscow day that a call asked for now counts on."""
    return to_msk(ctx.now()).date()


def usage(ctx: Context, wallet: Wallet) -> Usage | None:
    """Limits and their use today; None for a wallet without limits (the operator's service wallets)."""
    used = _moved(ctx, wallet)
    return used if used is None or not used.kopeks else _without_returned(ctx, wallet, used)


def _moved(ctx: Context, wallet: Wallet) -> Usage | None:
    """The same with what came back still counted in."""
    kind = kind_of(ctx, wallet)
    if kind is None:
        return None
    day, book = day_of(ctx), read_rules()
    ctx.session.flush()
    wanted = {"wallet": wallet.address, "day": day}
    calls, kopeks = ctx.session.connection().execute(_OF_THE_DAY, wanted).one()
    one, whole = (rule_int(f"sign_{span}_{kind}_kopeks", day, book) for span in ("call", "day"))
    return Usage(kind, day, one, whole, rule_int("sign_day_calls", day, book), calls, int(kopeks or 0))


def _without_returned(ctx: Context, wallet: Wallet, used: Usage) -> Usage:
    """Less what was returned of the day's orders, on whatever day that was."""
    statement = (
        select(func.coalesce(func.sum(col(ChainOrder.returned_kopeks)), 0))
        .join(Intent, col(Intent.tx_hash) == col(ChainOrder.placed_tx))
        .where(
            col(ChainOrder.investor) == wallet.address,
            col(Intent.wallet) == wallet.address,
            col(Intent.asked_on) == used.day,
            col(Intent.state).not_in((IntentState.FAILED, IntentState.REVERTED)),
        )
    )
    return replace(used, kopeks=used.kopeks - int(ctx.session.exec(statement).one()))


def kind_of(ctx: Context, wallet: Wallet) -> str | None:
    """Which limits a wallet has. Who isn't in the register yet has those of a person, the narrowest."""
    if wallet.owner_kind == "officer":
        return "treasurer"
    if wallet.owner_kind != "participant":
        return None
    row = repository.registered(ctx, wallet.address)
    kind = row.kind.lower() if row is not None else "person"
    return kind if kind in WORDS else None


def check(ctx: Context, wallet: Wallet, kopeks: int | None) -> None:
    """Raise :class:`LimitOfSigning` in words: the limit, what is used of it, when it is free again."""
    if wallet.owner_kind == "officer" and (kopeks is None or ctx.actor.is_system):
        return
    _one_at_a_time(ctx, wallet)
    used = _moved(ctx, wallet)
    if used is None:
        return
    if used.calls >= used.day_calls and wallet.owner_kind == "participant":
        raise _too_many(used)
    if kopeks is not None and kopeks > used.call_kopeks:
        raise _too_much_at_once(used, kopeks)
    if kopeks is not None and used.kopeks + kopeks > used.day_kopeks:
        used = _without_returned(
            ctx, wallet, used
        )  # asked only now: it is seldom needed, and this is done under the writer's lock
    if kopeks is not None and used.kopeks + kopeks > used.day_kopeks:
        raise _too_much_today(used, kopeks)


def _one_at_a_time(ctx: Context, wallet: Wallet) -> None:
    """Two requests of one wallet must see each other's sums; the sender, which locks rows of wallets, isn't held up. SQLite has one writer."""
    if ctx.session.get_bind().dialect.name == "postgresql":
        ctx.session.connection().execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:wallet, 0))"), {"wallet": wallet.address}
        )


# --- what a call moves -----------------------------------------------------------------------------------------------


def sum_of(ctx: Context, contract: str, function: str, target: str, args: list[Any]) -> int | None:
    """Kopeks that a call moves; None where it moves none or the mirror doesn't know the price (the contract will refuse it)."""
    counted = _SUMS.get((contract, function.partition("(")[0]))
    return counted(ctx, target, args) if counted is not None else None


def _of_order(ctx: Context, _target: str, args: list[Any]) -> int | None:
    sale = ctx.session.get(ChainPlacement, str(args[0]).lower())
    return int(args[1]) * sale.price_kopeks if sale is not None else None


def _of_acceptance(ctx: Context, _target: str, args: list[Any]) -> int | None:
    found = ctx.session.get(ChainOffer, int(args[0]))
    return int(args[1]) * found.price_kopeks if found is not None else None


def _of_transfer(ctx: Context, target: str, args: list[Any]) -> int | None:
    statement = select(ChainIssue.nominal_kopeks).where(ChainIssue.asset == target.lower())
    nominal = ctx.session.exec(statement).first()
    return int(args[1]) * nominal if nominal is not None else None


def _of_withdrawal(ctx: Context, _target: str, args: list[Any]) -> int | None:
    found = ctx.session.get(ChainWithdrawal, str(args[0]).lower())
    return found.kopeks if found is not None else None


def _second(_ctx: Context, _target: str, args: list[Any]) -> int | None:
    return int(args[1])


_SUMS: dict[tuple[str, str], Callable[[Context, str, list[Any]], int | None]] = {
    ("Rubles", "requestWithdrawal"): _second,
    ("Rubles", "credit"): _second,
    ("Rubles", "confirmWithdrawal"): _of_withdrawal,
    ("Payouts", "fund"): _second,
    ("Placement", "order"): _of_order,
    ("Exchange", "offer"): lambda _ctx, _target, args: int(args[1]) * int(args[2]),
    ("Exchange", "accept"): _of_acceptance,
    ("DigitalAsset", "transfer"): _of_transfer,
}


# --- refusals --------------------------------------------------------------------------------------------------------


def _too_many(used: Usage) -> LimitOfSigning:
    ru, en = _free_again(used)
    return LimitOfSigning(
        f"Не больше {used.day_calls} операций в день с одного адреса, столько уже принято. {ru}",
        f"No more than {used.day_calls} operations a day from one address, and that many are accepted. {en}",
    )


def _too_much_at_once(used: Usage, kopeks: int) -> LimitOfSigning:
    ru, en = WORDS[used.kind]
    limit, wanted = format_rubles(used.call_kopeks), format_rubles(kopeks)
    return LimitOfSigning(
        f"Предел одной операции для {ru} — {limit}, нужно {wanted}. Разделите сумму на части.",
        f"The limit of one operation for {en} is {limit}, {wanted} are wanted. Split the sum.",
    )


def _too_much_today(used: Usage, kopeks: int) -> LimitOfSigning:
    who_ru, who_en = WORDS[used.kind]
    limit, spent, wanted = (format_rubles(one) for one in (used.day_kopeks, used.kopeks, kopeks))
    ru, en = _free_again(used)
    return LimitOfSigning(
        f"Дневной предел подписания для {who_ru} — {limit}. Сегодня использовано {spent}, нужно ещё {wanted}. {ru}",
        f"The limit of signing a day for {who_en} is {limit}. {spent} are used today, {wanted} more are wanted. {en}",
    )


def _free_again(used: Usage) -> tuple[str, str]:
    tomorrow = used.day + timedelta(days=1)
    return (
        f"Предел снова свободен с 00:00 МСК {tomorrow:%d.%m.%Y}.",
        f"The limit is free again at 00:00 Moscow time on {tomorrow:%d.%m.%Y}.",
    )
