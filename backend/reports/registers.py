"""Registers as tables: participants, issues, deals, holders at a moment, payouts. One shape for CSV, XLSX and JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.journal import record
from backend.core.money import format_kopeks
from backend.core.pagination import EVERYTHING
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.payouts import service as payouts
from backend.reports import repository
from backend.reports.errors import PeriodInvalid


class RegisterKind(StrEnum):
    """What can be listed."""

    PARTICIPANTS = "participants"
    ISSUES = "issues"
    DEALS = "deals"
    HOLDERS = "holders"
    PAYOUTS = "payouts"


@dataclass(frozen=True, slots=True)
class Table:
    """Titles and rows; cells are text, whole numbers or None."""

    name: str
    titles: list[str]
    rows: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Period:
    """From and until, both counted; aware UTC."""

    since: datetime
    until: datetime


def register(ctx: Context, kind: RegisterKind, since: datetime | None = None, until: datetime | None = None) -> Table:
    """A register; deals and payouts of a period, the others at its end. The edge notes the reading: :func:`note_read`."""
    ctx.require_any(Permission.REPORT_READ, Permission.REPORT_MAKE)
    return MAKERS[kind](ctx, period_of(ctx, since, until))


def note_read(ctx: Context, table: Table, until: datetime | None = None) -> None:
    """Write down who read a register. Apart from the reading: that one takes a snapshot and writes nothing."""
    details = {"kind": table.name, "rows": len(table.rows), "until": (until or ctx.now()).isoformat()}
    record(ctx, action="reports.register_read", entity="register", entity_id=table.name, details=details)


def period_of(ctx: Context, since: datetime | None, until: datetime | None) -> Period:
    """A period with its defaults: from the beginning to now. What is not over yet can't be certified: :class:`PeriodInvalid`."""
    now = ctx.now()
    first = since or datetime(2000, 1, 1, tzinfo=UTC)
    last = until or now
    if first.tzinfo is None or last.tzinfo is None or last < first:
        raise PeriodInvalid(field="until")
    if last > now:
        ru = f"Конец периода ещё не наступил: в системе сейчас {moscow(now)} МСК."
        en = f"The period has not ended yet: the system's time is {moscow(now)} MSK."
        raise PeriodInvalid(ru, en, code="period_not_over", field="until")
    return Period(first, last)


def moscow(moment: datetime | None) -> str:
    """Moscow time for people."""
    return "" if moment is None else to_msk(moment).strftime("%d.%m.%Y %H:%M:%S")


def participants(ctx: Context, period: Period) -> Table:
    """The register of participants (282-ФЗ ст. 39): number, kind, address, classes, admission. No names: they are in the cards."""
    del period
    rows = []
    chain = repository.chain_participants(ctx)
    known = identity.participants_by_wallets(ctx, [one.address for one in chain])
    for one in chain:
        owner = known.get(one.address)
        classes = ", ".join(name for bit, name in _CLASSES.items() if one.classes & bit)
        rows.append(
            [
                owner.number if owner else "",
                one.kind,
                one.status,
                one.address,
                classes,
                moscow(one.admitted_until_at),
                one.admitted_block,
            ]
        )
    titles = ["Номер", "Вид", "Состояние", "Адрес", "Категории", "Допущен до (МСК)", "Блок допуска"]
    return Table("participants", titles, rows)


_CLASSES = {1: "FREE", 2: "LIMIT", 4: "TEST", 8: "QUAL"}


def all_issues(ctx: Context, period: Period) -> Table:
    """The register of issues."""
    rows = []
    for one in repository.chain_issues(ctx):
        if one.deployed_at > period.until:
            continue
        issue = issues.by_chain_id(ctx, one.issue_id)
        rows.append(
            [
                issue.number if issue else one.symbol,
                issue.title if issue else one.name,
                one.state,
                format_kopeks(one.nominal_kopeks),
                one.maximum_units,
                one.supply_units,
                one.holders_count,
                one.asset,
                one.decision_hash,
                moscow(one.deployed_at),
                moscow(one.maturity_at),
            ]
        )
    titles = [
        "Номер", "Название", "Состояние", "Номинал, руб.", "Объём, ед.", "В обращении, ед.", "Держателей", "Адрес",
        "Хэш решения", "Внесён (МСК)", "Погашение (МСК)",
    ]  # fmt: skip
    return Table("issues", titles, rows)


def deals(ctx: Context, period: Period) -> Table:
    """The register of deals: primary and secondary, by number of participant."""
    primary = repository.settled_orders(ctx, period.since, period.until)
    secondary = repository.trades(ctx, period.since, period.until)
    wallets = {one.investor for one in primary} | {one.seller for one in secondary} | {one.buyer for one in secondary}
    numbers = {wallet: row.number for wallet, row in identity.participants_by_wallets(ctx, sorted(wallets)).items()}
    titles_of = _issue_numbers(ctx)
    rows: list[list[Any]] = [
        [
            moscow(one.closed_at),
            "первичное размещение",
            titles_of.get(one.asset, one.asset),
            "эмитент",
            numbers.get(one.investor, one.investor),
            one.settled_units,
            format_kopeks(one.paid_kopeks),
            one.closed_tx or "",
        ]
        for one in primary
    ]
    rows += [
        [
            moscow(one.at),
            "вторичная сделка",
            titles_of.get(one.asset, one.asset),
            numbers.get(one.seller, one.seller),
            numbers.get(one.buyer, one.buyer),
            one.units,
            format_kopeks(one.kopeks),
            one.tx_hash,
        ]
        for one in secondary
    ]
    titles = ["Время (МСК)", "Вид", "Выпуск", "Продавец", "Покупатель", "Единиц", "Сумма, руб.", "Транзакция"]
    return Table("deals", titles, rows)


def all_holders(ctx: Context, period: Period) -> Table:
    """Holders of every issue at the end of the period."""
    rows: list[list[Any]] = []
    titles_of = _issue_numbers(ctx)
    for chain in repository.chain_issues(ctx):
        found = issues.holdings_at(ctx, chain.asset, int(period.until.timestamp()))
        known = identity.participants_by_wallets(ctx, [wallet for wallet, _ in found])
        rows += [
            [
                titles_of.get(chain.asset, chain.asset),
                known[wallet].number if wallet in known else "",
                wallet,
                units,
                format_kopeks(units * chain.nominal_kopeks),
            ]
            for wallet, units in sorted(found, key=lambda one: (-one[1], one[0]))
        ]
    return Table("holders", ["Выпуск", "Номер держателя", "Адрес", "Единиц", "По номиналу, руб."], rows)


def all_payouts(ctx: Context, period: Period) -> Table:
    """Payouts whose day falls into the period."""
    first, last = to_msk(period.since).date(), to_msk(period.until).date()
    page = payouts.all_runs(ctx.as_system("reports"), EVERYTHING, since=first, until=last)
    rows = [
        [
            one.run.number,
            one.run.issue_number,
            one.run.kind,
            one.run.state.value,
            one.run.payment_date.strftime("%d.%m.%Y"),
            one.run.holders,
            one.run.units,
            format_kopeks(one.run.gross_kopeks),
            format_kopeks(one.run.tax_kopeks),
            format_kopeks(one.chain.kopeks_paid if one.chain else 0),
            one.chain.closed_tx or "" if one.chain else "",
        ]
        for one in page.items
    ]
    titles = [
        "Номер", "Выпуск", "Вид", "Состояние", "Дата", "Держателей", "Единиц", "Начислено, руб.", "Налог, руб.",
        "Выплачено, руб.", "Транзакция",
    ]  # fmt: skip
    return Table("payouts", titles, rows)


def _issue_numbers(ctx: Context) -> dict[str, str]:
    numbers: dict[str, str] = {}
    for chain in repository.chain_issues(ctx):
        issue = issues.by_chain_id(ctx, chain.issue_id)
        numbers[chain.asset] = issue.number if issue else chain.symbol
    return numbers


MAKERS: dict[RegisterKind, Callable[[Context, Period], Table]] = {
    RegisterKind.PARTICIPANTS: participants,
    RegisterKind.ISSUES: all_issues,
    RegisterKind.DEALS: deals,
    RegisterKind.HOLDERS: all_holders,
    RegisterKind.PAYOUTS: all_payouts,
}
