"""Money in by the bank's statement and out to the owner's account, as the treasurer and the owner live it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from backend.cash import deposits, withdrawals
from backend.cash import service as cash
from backend.cash.errors import BankDetailsMissing, FundsShort, StatementAccount, StatementDiffers, StatementGap
from backend.cash.reactions import REACTIONS
from backend.cash.service import Deposit, DepositState, Withdrawal, WithdrawalState
from backend.cash.statement import Direction, Entry, Statement, day_bounds, write_camt053
from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid, NotAllowedInState, NotFound, StepUpRequired
from backend.core.ids import bytes32_of
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import service as custody
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import participants
from backend.identity.models import NumberSeries
from backend.identity.service import Participant, ParticipantStatus
from indexer.models import ChainCashTotals
from tests.backend.conftest import ContextMaker
from tests.factories.chain import Chain, write_deployment

BANK = Path(__file__).parents[2] / "cases" / "bank"
CAMT = (BANK / "statement-2026-12-02.camt053.xml").read_bytes()
ACCOUNT = "40701810300000000001"
ALL = PageRequest(size=100)
DETAILS = {"bic": "044599987", "account": "40817810100000000017"}


@pytest.fixture
def treasurer(ctx_for: ContextMaker) -> Context:
    made = ctx_for(Role.TREASURER)
    write_deployment(made.settings)
    return made


@pytest.fixture
def chain(treasurer: Context) -> Chain:
    made = Chain(treasurer.session)
    made.block(treasurer.now())
    return made


@pytest.fixture
def maria(treasurer: Context, chain: Chain) -> Participant:
    """The investor KPT-INV-000017 whom the sample statement names."""
    treasurer.session.merge(NumberSeries(prefix="KPT-INV", next=17))
    treasurer.session.flush()
    row = investor(treasurer, "Иванова Мария Петровна", "770012345606", DETAILS)
    chain.participant(row.wallet, 1)
    return row


def investor(ctx: Context, name: str, inn: str | None, bank: dict[str, str]) -> Participant:
    row = participants._new(ctx, "PERSON", "investor", {"name": name, "full_name": name, "inn": inn, "bank": bank})
    row.status = ParticipantStatus.ACTIVE
    ctx.session.add(row)
    ctx.session.flush()
    return row


def answer(ctx: Context, intent: Intent, state: IntentState = IntentState.CONFIRMED) -> None:
    intent.state = state
    if state != IntentState.CONFIRMED:
        intent.error_ru, intent.error_en = "Отказ.", "Refused."
    REACTIONS[intent.ref_kind](ctx, intent)
    intent.handled = True
    ctx.session.add(intent)
    ctx.session.flush()


def rows(ctx: Context) -> list[Deposit]:
    return list(ctx.session.exec(select(Deposit).order_by(Deposit.bank_ref)))  # type: ignore[arg-type]  # a column


def entry(ref: str, kopeks: int, direction: Direction = Direction.CREDIT, **more: Any) -> Entry:
    content: dict[str, Any] = {"end_to_end_id": None, "counterparty_name": "Кто-то", "counterparty_inn": None}
    content |= {"purpose": "перевод", **more}
    return Entry(bank_ref=ref, direction=direction, amount_kopeks=kopeks, booked_on=date(2026, 12, 3), **content)


def statement(
    ctx: Context, *entries: Entry, opening: int = 0, account: str = ACCOUNT, number: str = "20261203"
) -> bytes:
    starts, ends = day_bounds(date(2026, 12, 3))
    total = sum(one.amount_kopeks * (1 if one.direction is Direction.CREDIT else -1) for one in entries)
    made = Statement(account, number, starts, ends, opening, opening + total, entries)
    return write_camt053(made, message_id=f"STM-{number}", created=ctx.now())


def test_the_sample_statement_credits_whom_it_names_and_queues_the_rest(treasurer: Context, maria: Participant) -> None:
    assert maria.number == "KPT-INV-000017"
    report = cash.import_statement(treasurer, CAMT)
    assert (report.credited, report.queued, report.repeated) == (1, 1, False)
    named, nameless = rows(treasurer)
    assert (named.state, named.participant_id, named.amount_kopeks) == (DepositState.CREDITING, maria.id, 150_000_000)
    assert (nameless.state, nameless.why_queued) == (DepositState.QUEUED, "no_number")
    (promise,) = custody.intents_of(treasurer, deposits.CREDIT_REF, named.id)
    assert (promise.contract, promise.function, promise.wallet) == ("Rubles", "credit", treasurer.actor.wallet)
    assert promise.args == [maria.wallet, 150_000_000, bytes32_of(f"{ACCOUNT}:B1202-000001")]
    answer(treasurer, promise)
    assert named.state == DepositState.CREDITED


def test_the_same_file_again_does_nothing_and_says_so(treasurer: Context, maria: Participant) -> None:
    cash.import_statement(treasurer, CAMT)
    assert cash.import_statement(treasurer, CAMT).repeated
    assert len(rows(treasurer)) == 2
    assert len(custody.intents_of(treasurer, deposits.CREDIT_REF, rows(treasurer)[0].id)) == 1
    assert maria.wallet


def test_other_content_under_a_used_number_is_refused(treasurer: Context) -> None:
    cash.import_statement(treasurer, CAMT)
    with pytest.raises(StatementDiffers):
        cash.import_statement(treasurer, CAMT.replace("оплата по".encode(), "оплата без".encode()))


def test_a_gap_and_a_foreign_account_are_refused(treasurer: Context) -> None:
    cash.import_statement(treasurer, CAMT)
    with pytest.raises(StatementGap):
        cash.import_statement(treasurer, statement(treasurer, entry("B3", 100), opening=1))
    foreign = statement(treasurer, entry("B3", 100), opening=175_000_050, account="40701810600000000002")
    with pytest.raises(StatementAccount):
        cash.import_statement(treasurer, foreign)
    assert cash.import_statement(treasurer, statement(treasurer, entry("B3", 100), opening=175_000_050)).queued == 1


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"purpose": "для KPT-INV-000017 и KPT-INV-000018"}, "several_numbers"),
        ({"purpose": "для KPT-INV-000099"}, "unknown_number"),
        ({"purpose": "для KPT-INV-0000171"}, "no_number"),
        ({"purpose": "для KPT-INV-000017", "counterparty_inn": "7700123459"}, "another_payer"),
        ({"purpose": "для KPT-INV-000017", "counterparty_name": "Пётр Петров"}, "another_payer"),
    ],
)
def test_doubt_puts_a_payment_into_the_queue(
    treasurer: Context, maria: Participant, more: dict[str, Any], why: str
) -> None:
    cash.import_statement(treasurer, statement(treasurer, entry("B1", 100, **more)))
    assert [(one.state, one.why_queued) for one in rows(treasurer)] == [(DepositState.QUEUED, why)]
    assert maria.id


def test_a_name_in_other_letters_is_the_same_name(treasurer: Context, maria: Participant) -> None:
    named = entry("B1", 100, end_to_end_id="kpt-inv-000017", counterparty_name="ИВАНОВА  МАРИЯ ПЕТРОВНА")
    assert cash.import_statement(treasurer, statement(treasurer, named)).credited == 1
    assert rows(treasurer)[0].participant_id == maria.id


def test_the_treasurer_names_the_owner_of_a_queued_payment(treasurer: Context, maria: Participant) -> None:
    cash.import_statement(treasurer, statement(treasurer, entry("B1", 100)))
    (row,) = rows(treasurer)
    with pytest.raises(NotFound) as unknown:
        cash.match(treasurer, row.id, "KPT-INV-000099")
    assert [one.field for one in unknown.value.problems] == ["number"]
    assert cash.match(treasurer, row.id, maria.number).state == DepositState.CREDITING
    with pytest.raises(NotAllowedInState):
        cash.match(treasurer, row.id, maria.number)


def test_a_credit_that_the_chain_refuses_comes_back_to_the_queue_and_can_be_repeated(
    treasurer: Context, maria: Participant
) -> None:
    cash.import_statement(treasurer, CAMT)
    row = rows(treasurer)[0]
    answer(treasurer, custody.intents_of(treasurer, deposits.CREDIT_REF, row.id)[0], IntentState.FAILED)
    assert (row.state, row.why_queued, row.error_ru) == (DepositState.QUEUED, "refused", "Отказ.")
    cash.match(treasurer, row.id, maria.number)
    first, second = custody.intents_of(treasurer, deposits.CREDIT_REF, row.id)
    assert first.args == second.args, "the chain counts the bank's reference once"


def test_a_payment_is_returned_and_the_banks_debit_ends_it(treasurer: Context) -> None:
    cash.import_statement(treasurer, statement(treasurer, entry("B1", 500)))
    (row,) = rows(treasurer)
    assert cash.order_return(treasurer, row.id).state == DepositState.RETURN_ORDERED
    back = entry("B2", 500, Direction.DEBIT, end_to_end_id="RET-B1")
    report = cash.import_statement(treasurer, statement(treasurer, back, opening=500, number="20261204"))
    assert (report.confirmed, report.unknown_debits, row.state) == (1, [], DepositState.RETURNED)


def test_a_debit_that_nobody_ordered_is_named(treasurer: Context) -> None:
    content = statement(treasurer, entry("B1", 500), entry("B2", 200, Direction.DEBIT))
    assert cash.import_statement(treasurer, content).unknown_debits == ["B2"]


def test_payers_are_sealed(treasurer: Context, maria: Participant) -> None:
    cash.import_statement(treasurer, CAMT)
    assert cash.payer_of(treasurer, rows(treasurer)[0])["name"] == "Иванова Мария Петровна"
    for line in treasurer.session.execute(text("SELECT * FROM deposits")):
        shown = " ".join(str(value) for value in line if not isinstance(value, bytes | memoryview))
        assert "Иванова" not in shown
        assert "770012345606" not in shown
    assert maria.id


# --- payments out ----------------------------------------------------------------------------------------------------


def requested(owner: Context, kopeks: int = 50_000, key: str = "one") -> tuple[Withdrawal, Intent]:
    row = cash.request(owner, kopeks, key)
    return row, custody.intents_of(owner, withdrawals.REQUEST_REF, row.id)[-1]


@pytest.fixture
def owner(ctx_for: ContextMaker, maria: Participant, chain: Chain) -> Context:
    chain.rubles(maria.wallet, 100_000)
    return ctx_for(Role.INVESTOR, participant_id=maria.id)


def test_a_withdrawal_from_the_wish_to_the_banks_debit(treasurer: Context, owner: Context, maria: Participant) -> None:
    row, promise = requested(owner)
    assert (promise.wallet, promise.function, promise.args[:2]) == (
        maria.wallet,
        "requestWithdrawal",
        [bytes32_of(row.id), 50_000],
    )
    assert requested(owner)[0].id == row.id, "a double click is one withdrawal"
    answer(owner, promise)
    assert row.state == WithdrawalState.IN_TRANSIT
    assert cash.details_of(treasurer, row) == {"name": "Иванова Мария Петровна", **DETAILS}
    debit = entry("B9", 50_000, Direction.DEBIT, end_to_end_id=row.number)
    report = cash.import_statement(treasurer, statement(treasurer, debit, opening=60_000))
    assert (report.confirmed, row.state, row.bank_ref) == (1, WithdrawalState.CONFIRMING, "B9")
    (burn,) = custody.intents_of(treasurer, withdrawals.CONFIRM_REF, row.id)
    assert burn.args == [bytes32_of(row.id), bytes32_of(f"{ACCOUNT}:B9")]
    answer(treasurer, burn)
    assert row.state == WithdrawalState.PAID


def test_a_debit_of_another_sum_confirms_nothing(treasurer: Context, owner: Context) -> None:
    row, promise = requested(owner)
    answer(owner, promise)
    debit = entry("B9", 49_999, Direction.DEBIT, end_to_end_id=row.number)
    assert cash.import_statement(treasurer, statement(treasurer, debit, opening=60_000)).unknown_debits == ["B9"]
    assert row.state == WithdrawalState.IN_TRANSIT


def test_a_withdrawal_that_the_chain_refused_is_over(owner: Context) -> None:
    row, promise = requested(owner)
    answer(owner, promise, IntentState.REVERTED)
    assert (row.state, row.error_ru) == (WithdrawalState.REFUSED, "Отказ.")


def test_a_payment_that_the_bank_returned_gives_the_rubles_back(treasurer: Context, owner: Context) -> None:
    row, promise = requested(owner)
    with pytest.raises(NotAllowedInState):
        cash.cancel(treasurer, row.id, "закрыт счёт")
    answer(owner, promise)
    cash.cancel(treasurer, row.id, "закрыт счёт")
    first = custody.intents_of(treasurer, withdrawals.CANCEL_REF, row.id)[0]
    answer(treasurer, first, IntentState.FAILED)
    assert row.state == WithdrawalState.IN_TRANSIT
    cash.cancel(treasurer, row.id, "закрыт счёт")
    second = custody.intents_of(treasurer, withdrawals.CANCEL_REF, row.id)[-1]
    assert second.id != first.id
    answer(treasurer, second)
    assert row.state == WithdrawalState.CANCELLED


def test_a_confirmation_by_hand_needs_the_banks_reference(treasurer: Context, owner: Context) -> None:
    row, promise = requested(owner)
    answer(owner, promise)
    with pytest.raises(Invalid):
        cash.confirm(treasurer, row.id, "  ")
    assert cash.confirm(treasurer, row.id, " B77 ").bank_ref == "B77"
    burn = custody.intents_of(treasurer, withdrawals.CONFIRM_REF, row.id)[0]
    answer(treasurer, burn, IntentState.FAILED)
    assert (row.state, row.bank_ref) == (WithdrawalState.IN_TRANSIT, None)


def test_the_statement_of_a_payment_confirmed_by_hand_is_no_surprise(treasurer: Context, owner: Context) -> None:
    row, promise = requested(owner)
    answer(owner, promise)
    cash.confirm(treasurer, row.id, "B77")
    known = entry("B77", 50_000, Direction.DEBIT, end_to_end_id=row.number)
    twice = entry("B78", 50_000, Direction.DEBIT, end_to_end_id=row.number)
    report = cash.import_statement(treasurer, statement(treasurer, known, twice, opening=100_000))
    assert (report.confirmed, report.unknown_debits) == (1, ["B78"])
    assert len(custody.intents_of(treasurer, withdrawals.CONFIRM_REF, row.id)) == 1


def test_money_that_is_not_free_is_not_paid_out(owner: Context, treasurer: Context, ctx_for: ContextMaker) -> None:
    for kopeks, error in ((100_001, FundsShort), (0, Invalid), (-5, Invalid)):
        with pytest.raises(error) as refused:
            cash.request(owner, kopeks, f"key {kopeks}")
        assert [one.field for one in refused.value.problems] == ["amount"]
    with pytest.raises(StepUpRequired):
        cash.request(ctx_for(Role.INVESTOR, participant_id=owner.actor.participant_id, stepped_up=False), 1, "k")
    assert cash.my_balance(owner).total == 100_000
    assert treasurer.actor.wallet


def test_without_bank_details_there_is_nowhere_to_pay(treasurer: Context, chain: Chain, ctx_for: ContextMaker) -> None:
    row = investor(treasurer, "Без счёта", None, {})
    chain.participant(row.wallet, 4)
    chain.rubles(row.wallet, 1000)
    with pytest.raises(BankDetailsMissing):
        cash.request(ctx_for(Role.INVESTOR, participant_id=row.id), 10, "k")


def test_money_belongs_to_its_owner(owner: Context, treasurer: Context, ctx_for: ContextMaker) -> None:
    row, _ = requested(owner)
    stranger = investor(treasurer, "Другой", None, DETAILS)
    other = ctx_for(Role.INVESTOR, participant_id=stranger.id)
    assert cash.my_withdrawals(other, ALL).total == 0
    assert [one.id for one in cash.my_withdrawals(owner, ALL).items] == [row.id]
    for act in (
        lambda: cash.import_statement(owner, CAMT),
        lambda: cash.all_withdrawals(owner, ALL),
        lambda: cash.confirm(owner, row.id, "B1"),
        lambda: cash.reconcile(owner),
    ):
        with pytest.raises(Forbidden):
            act()


def test_withheld_tax_is_paid_out_by_the_treasurer(treasurer: Context, chain: Chain) -> None:
    with pytest.raises(FundsShort):
        cash.request_of_system(treasurer, "TAX", 100, "k")
    account = participants.ensure_system_participant(treasurer, "TAX")
    chain.rubles(account.wallet, 500)
    row = cash.request_of_system(treasurer, "TAX", 100, "k2")
    assert cash.details_of(treasurer, row) == {"name": "TAX", "purpose": "budget"}


# --- reconciliation --------------------------------------------------------------------------------------------------


def test_bank_and_chain_agree_to_the_kopek_at_every_step(treasurer: Context, owner: Context) -> None:
    def difference() -> int:
        return cash.reconcile(treasurer).difference_kopeks

    assert difference() == 0
    cash.import_statement(treasurer, CAMT)
    assert difference() == 0, "all is waiting"
    totals = ChainCashTotals(id=1, credited_kopeks=150_000_000, block_number=0)
    treasurer.session.add(totals)
    answer(treasurer, custody.intents_of(treasurer, deposits.CREDIT_REF, rows(treasurer)[0].id)[0])
    assert difference() == 0
    row, promise = requested(owner)
    answer(owner, promise)
    assert difference() == 0
    debit = entry("B9", 50_000, Direction.DEBIT, end_to_end_id=row.number)
    cash.import_statement(treasurer, statement(treasurer, debit, opening=175_000_050))
    assert difference() == 0, "paid by the bank, the burn is under way"
    totals.paid_out_kopeks = 50_000
    treasurer.session.add(totals)
    answer(treasurer, custody.intents_of(treasurer, withdrawals.CONFIRM_REF, row.id)[0])
    assert difference() == 0
    totals.credited_kopeks += 1
    treasurer.session.add(totals)
    assert difference() == -1
