"""What people see of payouts: the order joined with what the chain has done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from backend.core.context import Context
from backend.core.pagination import EVERYTHING, Page, PageRequest
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.models import Intent
from backend.identity import service as identity
from backend.payouts import execution, repository
from backend.payouts.calculation import gross_kopeks
from backend.payouts.errors import RunUnknown
from backend.payouts.models import PayoutCheck, PayoutIndex, PayoutLine, PayoutRun
from backend.payouts.states import LineState, RunState
from indexer.models import ChainRun, ChainRunPayment, moment


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a list."""

    run: PayoutRun
    chain: ChainRun | None


@dataclass(frozen=True, slots=True)
class RunPage(RunRow):
    """A run whole: checks, the entered index, its transactions."""

    checks: list[PayoutCheck]
    index: PayoutIndex | None
    intents: list[Intent]


@dataclass(frozen=True, slots=True)
class LineRow:
    """A holder's line with what was paid; names only for those who may see them."""

    line: PayoutLine
    state: LineState
    payment: ChainRunPayment | None
    number: str | None
    name: str | None

    @property
    def net_kopeks(self) -> int:
        """What reaches the holder."""
        return (self.line.gross_kopeks or 0) - (self.line.tax_kopeks or 0)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch: how many lines, how many the chain has paid, the last transaction."""

    batch: int
    lines: int
    paid: int
    gross_kopeks: int
    tax_kopeks: int
    intent: Intent | None


@dataclass(frozen=True, slots=True)
class Coming:
    """A payout that an investor may expect. ``gross_kopeks`` is None until the amount is fixed; before the record date it is a forecast."""

    run: PayoutRun
    units: int
    gross_kopeks: int | None
    tax_kopeks: int | None
    forecast: bool


@dataclass(frozen=True, slots=True)
class Received:
    """A payout that the chain has made."""

    payment: ChainRunPayment
    chain: ChainRun
    run: PayoutRun | None

    @property
    def net_kopeks(self) -> int:
        """What reached the holder."""
        return self.payment.gross_kopeks - self.payment.withheld_kopeks


def all_runs(
    ctx: Context,
    request: PageRequest,
    *,
    state: RunState | None = None,
    issue_id: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Page[RunRow]:
    """The office's calendar."""
    ctx.require(Permission.PAYOUT_READ_ALL)
    return _rows(ctx, repository.runs(ctx, request, state=state, issue_id=issue_id, since=since, until=until))


def issuer_runs(ctx: Context, request: PageRequest, *, only_open: bool = False) -> Page[RunRow]:
    """The calendar of the asker's issues, or what of it isn't over."""
    ctx.require(Permission.PAYOUT_READ_OWN)
    return _rows(ctx, repository.runs_of_issuer(ctx, request, identity.own(ctx).id, only_open=only_open))


def run_page(ctx: Context, run_id: str) -> RunPage:
    """A run, for the office and for its issuer."""
    run = visible(ctx, run_id)
    kinds = (execution.DECLARE_REF, execution.FUND_REF, execution.CANCEL_REF)
    found = [one for kind in kinds for one in custody.intents_of(ctx, kind, run.id)]
    return RunPage(
        run=run,
        chain=repository.chain_run(ctx, run),
        checks=repository.checks(ctx, run),
        index=ctx.session.get(PayoutIndex, run.id),
        intents=sorted(found, key=lambda one: one.created_at),
    )


def run_lines(ctx: Context, run_id: str, request: PageRequest) -> Page[LineRow]:
    """Holders of a run with what each is due and was paid: the report of payments. For the office and the issuer."""
    run = visible(ctx, run_id)
    page = repository.line_page(ctx, run.id, request)
    chain = repository.chain_run(ctx, run)
    paid = repository.payments(ctx, chain.id) if chain else {}
    sent = _sent_batches(ctx, run, {line.batch for line in page.items})
    known = identity.participants_by_wallets(ctx, [line.holder for line in page.items])
    rows = []
    for line in page.items:
        owner = known.get(line.holder)
        name = str(identity.profile(ctx, owner)["name"]) if owner else None
        payment = paid.get(line.holder)
        state = line_state(line, payment, sent=line.batch in sent)
        rows.append(LineRow(line, state, payment, owner.number if owner else None, name))
    return page.of(rows)


def line_state(line: PayoutLine, payment: ChainRunPayment | None, *, sent: bool) -> LineState:
    """Where the payment of a line is."""
    if payment is not None:
        return LineState.HELD if payment.to_frozen else LineState.CONFIRMED
    if sent:
        return LineState.SENT
    return LineState.DUE if line.gross_kopeks is None else LineState.TAXED


def run_batches(ctx: Context, run_id: str) -> list[BatchRow]:
    """Batches of a run."""
    run = visible(ctx, run_id)
    chain = repository.chain_run(ctx, run)
    paid = repository.payments(ctx, chain.id) if chain else {}
    batches: dict[int, list[PayoutLine]] = {}
    for line in repository.lines(ctx, run.id):
        batches.setdefault(line.batch, []).append(line)
    return [_batch(ctx, run, number, found, paid) for number, found in sorted(batches.items())]


def _batch(
    ctx: Context, run: PayoutRun, number: int, found: list[PayoutLine], paid: dict[str, ChainRunPayment]
) -> BatchRow:
    intents = custody.intents_of(ctx, execution.BATCH_REF, f"{run.id}:{number}")
    return BatchRow(
        batch=number,
        lines=len(found),
        paid=sum(line.holder in paid for line in found),
        gross_kopeks=sum(line.gross_kopeks or 0 for line in found),
        tax_kopeks=sum(line.tax_kopeks or 0 for line in found),
        intent=intents[-1] if intents else None,
    )


def coming(ctx: Context) -> list[Coming]:
    """What the asker may expect: by the fixed register, or a forecast by the units held now."""
    ctx.require(Permission.PAYOUT_READ_OWN)
    wallet = identity.own(ctx).wallet
    fixed = [
        Coming(run, line.units, line.gross_kopeks, line.tax_kopeks, forecast=False)
        for run, line in repository.ordered_of(ctx, wallet)
    ]
    planned = [Coming(run, units, _forecast(run, units), None, forecast=True) for run, units in _planned(ctx, wallet)]
    return sorted([*fixed, *planned], key=lambda one: (one.run.due_at, one.run.number))


def received(ctx: Context, request: PageRequest) -> Page[Received]:
    """What the chain has paid to the asker, the latest first."""
    ctx.require(Permission.PAYOUT_READ_OWN)
    return received_by(ctx, identity.own(ctx).wallet, request)


def received_by(ctx: Context, wallet: str, request: PageRequest) -> Page[Received]:
    """What the chain has paid to an address; whether the asker may know is the caller's rule."""
    page = repository.received_of(ctx, wallet, request)
    runs = repository.runs_by_ref(ctx, [chain.ref for _, chain in page.items])
    rows = [Received(payment, chain, runs.get(chain.ref)) for payment, chain in page.items]
    return page.of(rows)


def visible(ctx: Context, run_id: str) -> PayoutRun:
    """A run that the asker may see; raises :class:`RunUnknown`."""
    run = ctx.session.get(PayoutRun, run_id)
    if run is None:
        raise RunUnknown
    if ctx.actor.may(Permission.PAYOUT_READ_ALL):
        return run
    ctx.require(Permission.PAYOUT_READ_OWN)
    if ctx.actor.participant_id is None or run.issuer_id != ctx.actor.participant_id:
        raise RunUnknown
    return run


def grace_end(chain: ChainRun | None) -> datetime | None:
    """When an overdue run becomes a default."""
    return moment(chain.grace_ends_at) if chain else None


def next_due(ctx: Context, issue_id: str) -> datetime | None:
    """When the next payment of an issue is due."""
    open_runs = [run for run in repository.runs(ctx, EVERYTHING, issue_id=issue_id).items if run.state != RunState.DONE]
    return min((run.due_at for run in open_runs), default=None)


def _planned(ctx: Context, wallet: str) -> list[tuple[PayoutRun, int]]:
    return repository.coming_of(ctx, wallet)


def _forecast(run: PayoutRun, units: int) -> int | None:
    return None if run.micro_kopeks_per_unit is None else gross_kopeks(run.rounding, units, run.micro_kopeks_per_unit)


def _rows(ctx: Context, page: Page[PayoutRun]) -> Page[RunRow]:
    chains = repository.chain_runs(ctx, [run.chain_ref for run in page.items])
    items: Sequence[RunRow] = [RunRow(run, chains.get(run.chain_ref)) for run in page.items]
    return page.of(items)


def _sent_batches(ctx: Context, run: PayoutRun, batches: set[int]) -> set[int]:
    return {
        batch
        for batch in batches
        if any(not one.handled for one in custody.intents_of(ctx, execution.BATCH_REF, f"{run.id}:{batch}"))
    }
