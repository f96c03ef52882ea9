"""The first page of an officer: what waits, the money, the mirror of the register."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import col, select
from starlette.responses import Response

from backend.cash import service as cash
from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.pagination import EVERYTHING, PageRequest
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.payouts import service as payouts
from backend.payouts.service import RunRow, RunState
from backend.web.deps import Page
from backend.web.i18n import gettext as _
from backend.web.portals.office.tools import rubles_axis
from backend.web.routing import page_router
from indexer.models import ChainAlarm, ChainCursor

router = page_router("/office")
ONE = PageRequest(size=1)


@dataclass(frozen=True, slots=True)
class Queue:
    """Work that waits: how much, and where."""

    title: str
    text: str
    count: int
    href: str
    icon: str


@router.get("")
def home(page: Page) -> Response:
    """Queues, money, coming payouts."""
    ctx = page.ctx
    coming = _coming(ctx) if ctx.actor.may(Permission.PAYOUT_READ_ALL) else []
    return page.render(
        "office/home.html",
        queues=queues(ctx),
        report=cash.reconcile(ctx) if ctx.actor.may(Permission.CASH_READ_ALL) else None,
        coming=coming[:6],
        chart=_chart(coming),
        **_chain(ctx),
    )


@router.get("/chain")
def chain(page: Page) -> Response:
    """Height, lag and alarms of the mirror."""
    page.ctx.require(Permission.EXPLORER_READ)
    return page.render("office/_chain.html", **_chain(page.ctx))


def queues(ctx: Context) -> list[Queue]:
    """Every queue that the officer may see, empty ones too."""
    found: list[Queue] = []
    if ctx.actor.may(Permission.CASE_READ):
        found.append(_cases(ctx))
    if ctx.actor.may(Permission.ISSUE_READ_ALL):
        found += _issues(ctx)
    if ctx.actor.may(Permission.TASK_READ):
        waiting = [one for one in identity.waiting(ctx) if not one.mine]
        text = _("Решение нужно от другого сотрудника той же роли")
        found.append(Queue(_("Задачи второго сотрудника"), text, len(waiting), "/office/tasks", "users"))
    if ctx.actor.may(Permission.CASH_READ_ALL):
        found += _money(ctx)
    if ctx.actor.may(Permission.PAYOUT_READ_ALL):
        found += _payouts(ctx)
    return found


def _cases(ctx: Context) -> Queue:
    count = identity.queue(ctx, ONE, identity.CaseState.IN_REVIEW).total
    return Queue(
        _("Анкеты на проверке"), _("Новые участники ждут допуска"), count, "/office/cases?state=IN_REVIEW", "id-badge-2"
    )


def _issues(ctx: Context) -> list[Queue]:
    first = issues.queue(ctx, ONE, issues.IssueState.MODERATION).total
    second = issues.queue(ctx, ONE, issues.IssueState.APPROVED).total
    return [
        Queue(
            _("Выпуски на модерации"),
            _("Нужна проверка решения"),
            first,
            "/office/issues?state=MODERATION",
            "file-search",
        ),
        Queue(
            _("Второе одобрение"),
            _("Выпуск одобрен одним модератором"),
            second,
            "/office/issues?state=APPROVED",
            "checks",
        ),
    ]


def _money(ctx: Context) -> list[Queue]:
    deposits = cash.all_deposits(ctx, ONE, cash.DepositState.QUEUED).total
    out = cash.all_withdrawals(ctx, ONE, cash.WithdrawalState.IN_TRANSIT).total
    return [
        Queue(
            _("Неопознанные платежи"),
            _("Назовите владельца или верните"),
            deposits,
            "/office/cash/deposits?state=QUEUED",
            "help-hexagon",
        ),
        Queue(
            _("Выводы к оплате"),
            _("Оплатите через банк"),
            out,
            "/office/cash/withdrawals?state=IN_TRANSIT",
            "arrow-up-right",
        ),
    ]


def _payouts(ctx: Context) -> list[Queue]:
    def count(*states: RunState) -> int:
        return sum(payouts.all_runs(ctx, ONE, state=state).total for state in states)

    late = count(RunState.OVERDUE, RunState.DEFAULT, RunState.PARTIAL)
    return [
        Queue(
            _("Выплаты ждут проверки"),
            _("Расчёт готов, нужна проверка"),
            count(RunState.CALCULATED),
            "/office/payouts?state=CALCULATED",
            "calculator",
        ),
        Queue(
            _("Выплаты с трудностями"),
            _("Просрочены или прошли не всем"),
            late,
            "/office/payouts?state=OVERDUE",
            "alert-triangle",
        ),
    ]


def _coming(ctx: Context) -> list[RunRow]:
    today = to_msk(ctx.now()).date()
    found = payouts.all_runs(ctx, EVERYTHING, since=today, until=today + timedelta(days=366)).items
    return [row for row in found if row.run.state not in (RunState.DONE, RunState.CANCELLED)]


def _chart(rows: list[RunRow]) -> dict[str, Any]:
    months: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        micro = row.run.micro_kopeks_per_unit or 0
        known = row.run.gross_kopeks or micro * (row.run.units or 0) // 1_000_000
        months[row.run.payment_date.strftime("%m.%Y")] += known
    return {
        "xAxis": {"type": "category", "data": list(months)},
        "yAxis": {"type": "value"},
        "series": [{"type": "bar", "name": _("Выплаты, ₽"), "data": [rubles_axis(one) for one in months.values()]}],
    }


def _chain(ctx: Context) -> dict[str, Any]:
    cursor = ctx.session.get(ChainCursor, 1)
    alarms = ctx.session.exec(select(ChainAlarm).order_by(col(ChainAlarm.at).desc()).limit(5)).all()
    return {"cursor": cursor, "lag": max(0, cursor.head_seen - cursor.height) if cursor else 0, "alarms": alarms}
