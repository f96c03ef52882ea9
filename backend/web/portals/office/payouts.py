"""Payouts: the calendar, a run with its lines and batches, the officer's acts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from starlette.responses import Response

from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.issues import service as issues
from backend.payouts import service as payouts
from backend.payouts.service import RunPage, RunState
from backend.payouts.states import BEFORE_DECLARATION, CALCULABLE, EARLY, FINAL
from backend.web.api.payouts import LINE_COLUMNS, RUN_COLUMNS
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.portals.office.tools import fragment, person
from backend.web.render import unit_rate
from backend.web.routing import page_router

router = page_router("/office/payouts")
NOT_CANCELLABLE = FINAL | {RunState.EXECUTING, RunState.PARTIAL}
_WAY = (
    RunState.PLANNED,
    RunState.RECORD_FIXED,
    RunState.CALCULATED,
    RunState.CHECKED,
    RunState.AWAIT_FUNDING,
    RunState.FUNDED,
    RunState.EXECUTING,
    RunState.DONE,
)


@router.get("")
def calendar(page: Page, listing: Listing, state: RunState | None = None, issue_id: str | None = None) -> Response:
    """Every payment of every issue."""
    found = payouts.all_runs(page.ctx, listing, state=state, issue_id=issue_id)
    if listing.file:
        return export(found, RUN_COLUMNS, "payouts", listing.file)
    return page.render("office/payouts.html", rows=found, listing=listing, state=state, filters=RunState)


@router.get("/{run_id}")
def run(page: Page, listing: Listing, run_id: str) -> Response:
    """One run: state, sums, index, lines, batches."""
    found = payouts.run_page(page.ctx, run_id)
    page.ctx.require(Permission.PAYOUT_READ_ALL)
    lines = payouts.run_lines(page.ctx, run_id, listing)
    if listing.file:
        return export(lines, LINE_COLUMNS, "payments", listing.file)
    state = found.run.state
    manages, checks = page.actor.may(Permission.PAYOUT_MANAGE), page.actor.may(Permission.PAYOUT_CHECK)
    return page.render(
        "office/payout.html",
        listing=listing,
        rows=lines,
        batches=payouts.run_batches(page.ctx, run_id),
        issue=page.ctx.session.get(issues.Issue, found.run.issue_id),
        entered_by=person(page.ctx, found.index.entered_by) if found.index else "",
        needs_index=found.run.micro_kopeks_per_unit is None and state in BEFORE_DECLARATION,
        may_check=checks and state == RunState.CALCULATED,
        may_calculate=manages and state in CALCULABLE,
        may_declare=manages and state == RunState.CHECKED and bool(found.run.error_ru),
        may_cancel=manages and state not in NOT_CANCELLABLE,
        may_retry=manages and state == RunState.PARTIAL,
        may_repeat=manages and state == RunState.CANCELLED and found.run.kind not in EARLY,
        manages=manages,
        **run_facts(page.ctx, found),
    )


@router.get("/{run_id}/status")
def status(page: Page, run_id: str) -> Response:
    """Where the run is, live."""
    found = payouts.run_page(page.ctx, run_id)
    return fragment(page, "office/_run.html", found.run.state.value, **run_facts(page.ctx, found))


@router.post("/{run_id}/index")
def enter_index(page: Page, form: Form, run_id: str) -> Response:
    """Value of the index; another officer confirms it."""
    try:
        on = date.fromisoformat(form.get("on"))
    except ValueError as error:
        raise Invalid("Нужна дата.", "A date is needed.", field="on") from error
    payouts.enter_index(page.ctx, run_id, form.get("value").replace(",", "."), form.get("source"), on)
    return _back(page, run_id, _("Значение записано. Его подтверждает другой сотрудник."))


@router.post("/{run_id}/cancel")
def cancel(page: Page, form: Form, run_id: str) -> Response:
    """Before the first batch."""
    if not form.get("reason"):
        raise Invalid("Укажите причину.", "State the reason.", field="reason")
    payouts.cancel(page.ctx, run_id, form.get("reason"))
    return _back(page, run_id, _("Отмена принята."))


@router.post("/{run_id}/repeat")
def repeat(page: Page, run_id: str) -> Response:
    """A cancelled payment anew."""
    made = payouts.repeat(page.ctx, run_id)
    return _back(page, made.id, _("Выплата запланирована заново."))


Act = Callable[[Context, str], object]
_ACTS: dict[str, tuple[Act, str]] = {
    "index/confirm": (payouts.confirm_index, mark("Значение подтверждено.")),
    "calculate": (payouts.recalculate, mark("Рассчитано заново.")),
    "check": (payouts.check, mark("Расчёт проверен, выплата объявляется.")),
    "declare": (payouts.declare, mark("Объявление отправлено в реестр.")),
    "retry": (payouts.retry, mark("Отклонённые части отправлены снова.")),
}
"""Acts on a run that need nothing but a button: what is done and what the officer then reads."""


def _button(act: Act, words: str) -> Callable[[Page, str], Response]:
    def pressed(page: Page, run_id: str) -> Response:
        act(page.ctx, run_id)
        return _back(page, run_id, _(words))

    return pressed


for _path, (_act, _words) in _ACTS.items():
    router.add_api_route(f"/{{run_id}}/{_path}", _button(_act, _words), methods=["POST"])


def run_facts(ctx: Context, found: RunPage) -> dict[str, Any]:
    """What the pages of the office and of the issuer show of a run."""
    one, chain = found.run, found.chain
    way = (RunState.PLANNED, RunState.ANNOUNCED, *_WAY[1:]) if one.kind in EARLY else _WAY
    return {
        "found": found,
        "run": one,
        "chain": chain,
        "per_unit": unit_rate(one.micro_kopeks_per_unit),
        "grace": payouts.grace_end(chain),
        "way": way,
        "place": way.index(one.state) if one.state in way else None,
        "checkers": [person(ctx, check.user_id) for check in found.checks],
        "intents": found.intents,
    }


def _back(page: Page, run_id: str, toast: str) -> Response:
    return page.redirect(f"/office/payouts/{run_id}", toast=toast)
