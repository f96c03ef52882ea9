"""The registrar's desk: what may be proposed, what stands on chain then, and what follows when the chain has done it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid, StepUpRequired
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import calls
from backend.custody import service as custody
from backend.custody.states import IntentState
from backend.registrar import service as registrar
from backend.registrar.errors import ActInvalid
from backend.registrar.reactions import TICKS
from backend.registrar.service import ActKind, RegistrarAct, StepState, Wish
from indexer.models import ChainEncumbrance, ChainHolding, ChainParticipant, ChainProposal, ChainTransfer
from tests.backend.payouts.market import ASSET, Market, make_market
from tests.factories.chain import address, word

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
BASIS = "Постановление № 17-ИП от 03.12.2026, ОСП по ЦАО"


@pytest.fixture
def market(ctx_for: Any) -> Market:
    return make_market(ctx_for)


@pytest.fixture
def registrars(market: Market, ctx_for: Any) -> tuple[Context, Context]:
    return market.as_officer(ctx_for, Role.REGISTRAR), market.as_officer(ctx_for, Role.REGISTRAR)


def wish(market: Market, kind: ActKind, **more: Any) -> Wish:
    """An act on the person's units of the only issue."""
    common = {"number": market.people["person"].number, "basis": BASIS, "filename": "act.pdf", "document": PDF}
    return Wish(kind=kind, **{**common, "asset": ASSET, "units": 37, **more})


def on_chain(market: Market, act: RegistrarAct, place: int = 0) -> ChainProposal:
    """The chain has taken a proposal of an act; the mirror shows it."""
    intent = [
        one for one in custody.intents_of(market.ctx, registrar.ACT_REF, act.id) if f":{place}:" in one.idempotency_key
    ][-1]
    intent.state, intent.tx_hash = IntentState.CONFIRMED, word(0xAC0000 + intent.created_at.microsecond)
    target, data, reason, document, until = intent.args
    known = len(market.ctx.session.exec(select(ChainProposal)).all())
    row = ChainProposal(
        id=known + 1, proposer=intent.wallet, target=target, target_name=None, role="4", role_name="REGISTRAR",
        selector=data[:10], data=data, reason=reason, document_hash=document, expires_at=until, state="PROPOSED",
        proposed_block=market.chain.number, proposed_tx=intent.tx_hash, proposed_at=market.clock.moment,
    )  # fmt: skip
    market.ctx.session.add_all([intent, row])
    market.ctx.session.flush()
    return row


def encumber(market: Market, kind: str, units: int, number: int = 1) -> None:
    wallet = market.people["person"].wallet
    market.ctx.session.add(
        ChainEncumbrance(
            asset=ASSET, id=number, holder=wallet, kind=kind, units=units, units_left=units, until=0, basis=word(1),
            by_address=address(1), state="OPEN", created_block=1, created_tx=word(2), created_at=market.clock.moment,
            block_number=1,
        )
    )  # fmt: skip
    holding = market.ctx.session.get_one(ChainHolding, (ASSET, wallet))
    holding.encumbered_units, holding.free_units = units, holding.units - units
    market.ctx.session.add(holding)
    market.ctx.session.flush()


def test_an_arrest_is_proposed_with_the_hash_of_its_document(market: Market, registrars: Any) -> None:
    act = registrar.propose(registrars[0], wish(market, ActKind.ARREST))
    assert registrar.view(registrars[1], act.id).state is StepState.SENDING
    proposal = on_chain(market, act)
    decoded = calls.decode_call("DigitalAsset", proposal.data)
    assert decoded is not None
    assert decoded[0] == "encumber"
    assert list(decoded[1].values()) == [market.people["person"].wallet, 3, 37, 0, "0x" + act.document_hash]
    assert proposal.document_hash == "0x" + act.document_hash
    found = registrar.view(registrars[1], act.id)
    assert (found.state, found.steps[0].proposal) == (StepState.WAITING, proposal)
    assert registrar.act_of_proposal(registrars[1], proposal.proposed_tx) == act
    proposal.state = "EXECUTED"
    assert registrar.view(registrars[1], act.id).state is StepState.EXECUTED


@pytest.mark.parametrize("kind", [ActKind.COURT_TRANSFER, ActKind.INHERITANCE])
def test_a_forced_transfer_names_both_and_says_whether_the_class_is_asked(
    market: Market, registrars: Any, kind: ActKind
) -> None:
    act = registrar.propose(registrars[0], wish(market, kind, receiver=market.people["company"].number))
    decoded = calls.decode_call("DigitalAsset", on_chain(market, act).data)
    assert decoded is not None
    owner, heir, units, bypass = list(decoded[1].values())[:4]
    assert (owner, heir, units) == (market.people["person"].wallet, market.people["company"].wallet, 37)
    assert bypass is (kind is ActKind.INHERITANCE)


def test_the_class_is_asked_for_unless_the_document_orders_the_transfer(market: Market, registrars: Any) -> None:
    company = market.people["company"]
    chain = market.ctx.session.get_one(ChainParticipant, company.wallet)
    chain.classes = 0
    with pytest.raises(ActInvalid) as refused:
        registrar.propose(registrars[0], wish(market, ActKind.COURT_TRANSFER, receiver=company.number))
    assert refused.value.field == "bypass_class"
    assert registrar.propose(
        registrars[0], wish(market, ActKind.COURT_TRANSFER, receiver=company.number, bypass_class=True)
    )


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"number": "KPT-INV-999999"}, "number"),
        ({"asset": address(5)}, "asset"),
        ({"units": 0}, "units"),
        ({"units": 138}, "units"),
        ({"receiver": ""}, "receiver"),
        ({"basis": " "}, "basis"),
        ({"document": b"text"}, "file"),
    ],
)
def test_what_cannot_be_done_is_refused_at_its_field(market: Market, registrars: Any, more: Any, field: str) -> None:
    asked = {"receiver": market.people["company"].number, **more}
    with pytest.raises(Invalid) as refused:
        registrar.propose(registrars[0], wish(market, ActKind.COURT_TRANSFER, **asked))
    assert refused.value.field == field


def test_units_on_offer_are_not_seized_and_arrested_ones_are_not_arrested_twice(
    market: Market, registrars: Any
) -> None:
    company = market.people["company"].number
    encumber(market, "ORDER", 100)
    with pytest.raises(ActInvalid, match="37"):
        registrar.propose(registrars[0], wish(market, ActKind.COURT_TRANSFER, receiver=company, units=38))
    with pytest.raises(ActInvalid):
        registrar.propose(registrars[0], wish(market, ActKind.ARREST, units=38))
    assert registrar.propose(registrars[0], wish(market, ActKind.COURT_TRANSFER, receiver=company, units=37))


def test_a_registrar_releases_arrests_and_no_freeze_of_compliance(market: Market, registrars: Any) -> None:
    encumber(market, "FREEZE", 10, number=1)
    encumber(market, "ARREST", 20, number=2)
    with pytest.raises(ActInvalid) as refused:
        registrar.propose(registrars[0], wish(market, ActKind.RELEASE, units=10, encumbrance_id=1))
    assert refused.value.field == "encumbrance_id"
    with pytest.raises(ActInvalid):
        registrar.propose(registrars[0], wish(market, ActKind.RELEASE, units=21, encumbrance_id=2))
    act = registrar.propose(registrars[0], wish(market, ActKind.RELEASE, units=20, encumbrance_id=2))
    decoded = calls.decode_call("DigitalAsset", on_chain(market, act).data)
    assert decoded == ("release", {"id": 2, "units": 20})


def test_a_correction_reverses_a_transfer_that_was_made(market: Market, registrars: Any) -> None:
    owner, receiver = market.people["person"], market.people["company"]
    asked = {"receiver": receiver.number, "units": 5, "corrected_tx": word(77)}
    with pytest.raises(ActInvalid) as refused:
        registrar.propose(registrars[0], wish(market, ActKind.CORRECTION, **asked))
    assert refused.value.field == "corrected_tx"
    market.ctx.session.add(
        ChainTransfer(
            **market.chain.place(), asset=ASSET, from_address=receiver.wallet, to_address=owner.wallet, units=5,
            kind="TRANSFER", tx_hash=word(77), at=market.clock.moment,
        )
    )  # fmt: skip
    market.ctx.session.flush()
    assert registrar.propose(registrars[0], wish(market, ActKind.CORRECTION, **asked)).corrected_tx == word(77)


def test_a_replaced_participant_acts_under_the_new_address(market: Market, registrars: Any) -> None:
    person = market.people["person"]
    old = person.wallet
    market.chain.rubles(old, 5_000_00)
    act = registrar.propose(registrars[0], wish(market, ActKind.REPLACEMENT))
    assert [one.intent.contract for one in registrar.view(registrars[0], act.id).steps] == ["FourEyes"] * 3
    inner = [
        calls.decode_call(contract, on_chain(market, act, place).data)
        for place, contract in enumerate(("Participants", "Rubles", "DigitalAsset"))
    ]
    assert [one[0] for one in inner if one] == ["replace", "moveAll", "replaceHolder"]
    assert all(list(one[1].values()) == [old, act.new_wallet] for one in inner if one)
    TICKS[0](market.ctx)
    assert person.wallet == old, "nothing follows before the chain has replaced it"
    chain = market.ctx.session.get_one(ChainParticipant, old)
    chain.status, chain.replaced_by = "REPLACED", act.new_wallet
    market.chain.participant(str(act.new_wallet), chain.number)
    TICKS[0](market.ctx)
    TICKS[0](market.ctx)
    assert person.wallet == act.new_wallet
    assert custody.wallet_of(market.ctx, "participant", person.id) == act.new_wallet


def test_an_address_in_the_hands_of_a_market_is_not_replaced(market: Market, registrars: Any) -> None:
    encumber(market, "ORDER", 1)
    with pytest.raises(ActInvalid, match="offers"):
        registrar.propose(registrars[0], wish(market, ActKind.REPLACEMENT))


def test_what_nobody_approved_in_time_may_be_proposed_again(market: Market, registrars: Any) -> None:
    act = registrar.propose(registrars[0], wish(market, ActKind.ARREST))
    on_chain(market, act)
    with pytest.raises(ActInvalid):
        registrar.propose_again(registrars[0], act.id)
    market.clock.moment += timedelta(days=6)
    assert registrar.view(registrars[0], act.id).state is StepState.EXPIRED
    assert registrar.propose_again(registrars[0], act.id).state is StepState.SENDING
    on_chain(market, act)
    assert registrar.view(registrars[0], act.id).state is StepState.WAITING


def test_only_registrars_who_have_just_proved_themselves_propose(market: Market, ctx_for: Any) -> None:
    for role in (Role.COMPLIANCE_OFFICER, Role.ADMINISTRATOR, Role.INVESTOR):
        with pytest.raises(Forbidden):
            registrar.propose(market.as_officer(ctx_for, role), wish(market, ActKind.ARREST))
    idle = replace(ctx_for(Role.REGISTRAR, stepped_up=False), clock=market.clock)
    with pytest.raises(StepUpRequired):
        registrar.propose(idle, wish(market, ActKind.ARREST))


def test_the_document_and_its_basis_are_for_registrars(market: Market, registrars: Any, ctx_for: Any) -> None:
    act = registrar.propose(registrars[0], wish(market, ActKind.ARREST))
    assert BASIS.encode() not in act.basis
    assert registrar.basis_of(registrars[1], act) == BASIS
    assert registrar.document_of(registrars[1], act.id)[1] == PDF
    moderator = market.as_officer(ctx_for, Role.MODERATOR)
    with pytest.raises(Forbidden):
        registrar.basis_of(moderator, act)
    with pytest.raises(Forbidden):
        registrar.document_of(moderator, act.id)


def test_acts_are_found_by_participant_kind_and_number(market: Market, registrars: Any) -> None:
    ctx, company = registrars[0], market.people["company"]
    arrest = registrar.propose(ctx, wish(market, ActKind.ARREST))
    heir = registrar.propose(ctx, wish(market, ActKind.INHERITANCE, receiver=company.number))
    assert [one.act.id for one in registrar.listed(ctx, PageRequest()).items] == [heir.id, arrest.id]
    assert [one.act.id for one in registrar.listed(ctx, PageRequest(), ActKind.ARREST).items] == [arrest.id]
    assert [one.act.id for one in registrar.listed(ctx, PageRequest(), number=company.number).items] == [heir.id]
    assert [one.act.id for one in registrar.listed(ctx, PageRequest(q=arrest.number)).items] == [arrest.id]
