"""An issue in circulation with holders of every kind, for tests of what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from backend.core.context import Actor, Context
from backend.core.ids import bytes32_of, new_id
from backend.core.permissions import Role
from backend.custody import service as custody
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import participants
from backend.identity.service import Participant, ParticipantStatus
from backend.issues.decision import decision_from_yaml, read_decision_yaml, validate_decision
from backend.issues.models import Issue
from backend.issues.schedule import planned_payments
from backend.issues.states import IssueState
from backend.payouts.reactions import REACTIONS, TICKS
from tests.factories.chain import Chain, address, write_deployment

DECISIONS = Path(__file__).resolve().parents[2] / "cases" / "decisions"
ASSET = address(0xA55E7)


class FixedClock:
    """A clock that a test moves."""

    def __init__(self, now: datetime) -> None:
        self.moment = now

    def now(self, session: Session) -> datetime:
        del session
        return self.moment


@dataclass
class Market:
    """Issuer and holders of one issue; ``at`` moves clock and chain, ``tick`` runs what the worker would."""

    ctx: Context
    clock: FixedClock
    chain: Chain
    issuer: Participant
    issue: Issue
    people: dict[str, Participant]

    def at(self, moment: datetime) -> None:
        self.clock.moment = moment
        self.chain.block(moment)

    def tick(self) -> None:
        for tick in TICKS:
            tick(self.ctx)

    def answer(self, ref_kind: str, *, confirmed: bool = True) -> list[Intent]:
        """The chain's answer to every open promise of a kind."""
        statement = select(Intent).where(Intent.ref_kind == ref_kind, Intent.handled == False)  # noqa: E712 - SQL
        found = list(self.ctx.session.exec(statement))
        for intent in found:
            intent.state = IntentState.CONFIRMED if confirmed else IntentState.FAILED
            intent.error_ru, intent.error_en = (None, None) if confirmed else ("Отказ.", "Refused.")
            if ref_kind in REACTIONS:
                REACTIONS[ref_kind](self.ctx, intent)
            intent.handled = True
            self.ctx.session.add(intent)
        self.ctx.session.flush()
        return found

    def as_issuer(self, maker: Any) -> Context:
        return self._with(maker(Role.ISSUER_SIGNER, participant_id=self.issuer.id))

    def as_holder(self, maker: Any, name: str) -> Context:
        return self._with(maker(Role.INVESTOR, participant_id=self.people[name].id))

    def as_officer(self, maker: Any, *roles: Role) -> Context:
        return self._with(maker(*(roles or (Role.CORPORATE_ACTIONS,))))

    def _with(self, ctx: Context) -> Context:
        return replace(ctx, clock=self.clock)


def make_market(maker: Any, decision: str = "01-monthly-coupon.yaml") -> Market:
    """The issue of a decision file, in circulation since its crediting day: 137 units of a person, 60 of a foreigner, 3 of a company."""
    base: Context = maker(system="worker")
    clock = FixedClock(datetime(2026, 12, 4, 9, tzinfo=UTC))
    ctx = replace(base, clock=clock)
    write_deployment(ctx.settings)
    chain = Chain(ctx.session)
    chain.block(clock.moment)
    content = read_decision_yaml((DECISIONS / decision).read_bytes())
    issuer = participant(ctx, "ORGANISATION", "issuer", "ООО «Завод»")
    people = {
        "person": participant(ctx, "PERSON", "investor", "Иван Иванов"),
        "foreigner": participant(ctx, "PERSON", "investor", "Джон Смит", tax_status="non_resident"),
        "company": participant(ctx, "ORGANISATION", "investor", "АО «Инвест»"),
    }
    issue = add_issue(ctx, issuer, content)
    dates = sorted({one.record_at for one in planned_payments(validate_decision(content)) if one.record_at})
    dates = dates or [datetime(2029, 12, 27, 20, 59, 59, tzinfo=UTC)]
    chain.issue(issue.chain_id_hash, ASSET, issuer.wallet, record_dates=list(dates), state="CIRCULATION")
    chain.tax_rule(address(0x7A8))
    for number, (name, units) in enumerate({"person": 137, "foreigner": 60, "company": 3}.items(), start=1):
        chain.participant(people[name].wallet, number, kind=people[name].kind)
        chain.hold(ASSET, people[name].wallet, units)
    chain.participant(issuer.wallet, 9, kind="ORGANISATION")
    return Market(ctx, clock, chain, issuer, issue, people)


def participant(ctx: Context, kind: str, portal: str, name: str, tax_status: str = "resident") -> Participant:
    """An active participant."""
    row = participants._new(ctx, kind, portal, {"name": name, "full_name": name, "inn": None, "bank": {}})
    row.status, row.tax_status = ParticipantStatus.ACTIVE, tax_status if kind == "PERSON" else "self_taxed"
    ctx.session.add(row)
    ctx.session.flush()
    return row


def add_issue(ctx: Context, issuer: Participant, content: dict[str, Any]) -> Issue:
    """A deployed issue."""
    issue_id = new_id()
    row = Issue(
        id=issue_id,
        number=f"KPT-2026-{issue_id[-4:]}",
        chain_id_hash=bytes32_of(issue_id),
        participant_id=issuer.id,
        title=str(content["title"]),
        content=content,
        state=IssueState.DEPLOYED,
        created_at=ctx.now(),
        published_at=ctx.now(),
    )
    ctx.session.add(row)
    ctx.session.flush()
    return row


DAY = timedelta(days=1)
__all__ = ["ASSET", "DAY", "Actor", "FixedClock", "Market", "custody", "decision_from_yaml", "make_market"]
