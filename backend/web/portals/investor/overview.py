"""The first page: money, holdings, what comes, what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from backend.cash import service as cash
from backend.core.pagination import PageRequest
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.identity.service import CaseState, CaseView
from backend.issues import service as issues
from backend.orders import service as orders
from backend.payouts import service as payouts
from backend.web.deps import Page, PageContext
from backend.web.i18n import gettext as _
from backend.web.portals.investor import charts
from backend.web.portals.investor.common import participant
from backend.web.routing import page_router

router = page_router("/investor")
SHOWN = 5
OPEN_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Advice:
    """The next step for this investor."""

    title: str
    text: str
    href: str
    action: str
    icon: str = "arrow-right"


@router.get("")
def overview(page: Page) -> Response:
    """Before admission: the way to it. After: money, portfolio, payouts, orders."""
    case = identity.mine(page.ctx)
    if participant(page) is None or not page.actor.may(Permission.HOLDING_READ):
        return page.render("investor/newcomer.html", case=case, advice=_to_admission(page, case))
    ctx = page.ctx
    positions, coming, balance = orders.positions(ctx), payouts.coming(ctx), cash.my_balance(ctx)
    return page.render(
        "investor/overview.html",
        me=identity.own(ctx),
        balance=balance,
        positions=positions,
        value=sum(one.value_kopeks for one in positions),
        cost=sum(one.cost_kopeks for one in positions),
        received=sum(one.received_kopeks for one in positions),
        coming=coming[:SHOWN],
        coming_total=sum(one.gross_kopeks or 0 for one in coming),
        orders=orders.my_orders(ctx, PageRequest(size=SHOWN)).items,
        open_issues=issues.placed_now(ctx, OPEN_SHOWN),
        advice=_advice(page, balance, bool(positions)),
        pie=charts.of_positions(positions) if positions else None,
        bars=charts.of_coming(coming) if coming else None,
    )


def _to_admission(page: PageContext, case: CaseView | None) -> Advice:
    home = "/investor/onboarding"
    if case is None or case.case.state == CaseState.WITHDRAWN:
        text = _("Заполните анкету участника: это открывает счёт в реестре и доступ к выпускам.")
        return Advice(_("Заполните анкету"), text, home, _("Начать анкету"), "clipboard-text")
    words = {
        CaseState.DRAFT: (_("Допишите анкету"), _("Черновик сохранён. Заполните его и отправьте на проверку.")),
        CaseState.NEED_INFO: (_("Исправьте анкету"), _("Сотрудник оставил замечания рядом с полями.")),
        CaseState.REJECTED: (_("В допуске отказано"), _("Посмотрите причину, исправьте анкету и подайте её снова.")),
    }
    checking = (
        _("Анкета на проверке"),
        _("Мы напишем, когда проверка закончится. Пока можно подключить второй фактор."),
    )
    title, text = words.get(case.case.state, checking)
    return Advice(title, text, home, _("Открыть анкету"), "clipboard-check")


def _advice(page: PageContext, balance: cash.Balance, holds: bool) -> list[Advice]:
    found = []
    if not getattr(page.request.state, "has_totp", False):
        text = _("Без него нельзя подписать заявку, сделку и вывод денег.")
        found.append(
            Advice(_("Подключите второй фактор"), text, "/investor/profile/totp", _("Подключить"), "shield-plus")
        )
    if not balance.total and not holds:
        text = _("Переведите деньги со своего счёта, указав номер участника.")
        found.append(Advice(_("Пополните счёт"), text, "/investor/cash/deposit", _("Реквизиты"), "wallet"))
    elif balance.free and not holds:
        text = _("Деньги на счёте. Выберите выпуск и подайте заявку.")
        found.append(Advice(_("Выберите выпуск"), text, "/investor/issues", _("Каталог"), "list-search"))
    return found
