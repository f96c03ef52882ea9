"""Answers about the chain and the journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from backend.audit.service import (
    AddressPage,
    BlockPage,
    Call,
    Holders,
    TokenPage,
    TokenRow,
    TransactionPage,
    TransactionRow,
)
from backend.core.context import Context
from backend.core.permissions import Permission
from backend.web.api.money import Rubles, rubles
from indexer.models import ChainBlock, ChainHoldingHistory, ChainLog, ChainTransfer, checksum


class FromRow(BaseModel):
    """Fields as the mirror has them."""

    model_config = ConfigDict(from_attributes=True)


class BlockOut(FromRow):
    """A block; ``proven_*`` tell what was recomputed before it was taken."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int
    at: datetime
    proposer: str
    tx_count: int
    log_count: int
    gas_used: int
    gas_limit: int
    state_root: str
    transactions_root: str
    receipts_root: str
    round: int | None
    seals_count: int | None
    validators_count: int | None
    proven_hash: bool
    proven_transactions: bool
    proven_receipts: bool
    proven_seals: bool


class CallOut(BaseModel):
    """Decoded call data; ``inner`` is what a proposal would call."""

    contract: str | None
    function: str | None
    arguments: dict[str, Any]
    inner: CallOut | None = None


class TransactionOut(BaseModel):
    """A transaction in a list."""

    hash: str
    block_number: int
    tx_index: int
    at: datetime
    sender: str
    sender_name: str | None
    to: str | None
    succeeded: bool
    gas_used: int
    call: str
    summary: str | None


class EventOut(BaseModel):
    """An event; ``args`` is null for a topic that no ABI names."""

    block_number: int
    log_index: int
    tx_hash: str
    at: datetime
    contract: str | None
    event: str | None
    address: str
    args: dict[str, Any] | None
    topics: list[str]
    data: str


class RefusalOut(BaseModel):
    """Why a contract refused."""

    code: str
    values: dict[str, Any]
    text: str


class OrderedOut(BaseModel):
    """Whose wish a transaction carried out."""

    intent_id: str
    summary: str
    ref_kind: str
    ref_id: str
    requested_by: str | None
    created_at: datetime


class TransactionPageOut(TransactionOut):
    """A transaction whole; ``names`` tells whose addresses are mentioned."""

    nonce: int
    input: str
    raw: str
    block_hash: str | None
    decoded: CallOut
    events: list[EventOut]
    refusal: RefusalOut | None
    ordered: OrderedOut | None
    names: dict[str, str]


class BlockPageOut(BlockOut):
    """A block whole."""

    digest: str | None
    proposer_name: str | None
    transactions: list[TransactionOut]


class HoldingOut(BaseModel):
    """Units of one holder in one token."""

    asset: str
    symbol: str | None
    holder: str
    name: str | None = None
    units: int
    encumbered_units: int
    frozen_units: int
    free_units: int
    since_block: int


class AddressOut(BaseModel):
    """An address; ``balance`` is null for those who may not see it."""

    address: str
    checksum: str
    name: str | None
    participant: dict[str, Any] | None
    admissions: list[dict[str, Any]]
    roles: list[dict[str, Any]]
    holdings: list[HoldingOut]
    balance: dict[str, Rubles] | None
    at_block: int


class TokenOut(BaseModel):
    """A token in a list."""

    asset: str
    issue_id: str
    number: str | None
    name: str
    symbol: str
    state: str
    issuer: str
    nominal: Rubles
    supply_units: int
    maximum_units: int
    holders_count: int
    decision_hash: str
    paused: bool
    deployed_block: int
    deployed_tx: str
    deployed_at: datetime


class TokenPageOut(TokenOut):
    """A token whole."""

    access_class: int
    locked_until: int
    maturity_at: datetime | None
    transfer_mode: str
    burn_on_issuer_acquire: bool
    record_dates: list[dict[str, Any]]
    history: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    supply_walk: list[dict[str, Any]]


class HoldersOut(BaseModel):
    """The register after a block."""

    at_block: int
    at: datetime | None
    supply: int
    adds_up: bool
    holders: list[HoldingOut]


class TransferOut(FromRow):
    """A move of units."""

    block_number: int
    log_index: int
    at: datetime
    kind: str
    from_address: str
    to_address: str
    units: int
    tx_hash: str


def block_out(row: ChainBlock) -> BlockOut:
    """The answer about a block."""
    return BlockOut.model_validate(row)


def block_page_out(page: BlockPage) -> BlockPageOut:
    """The answer about a block, whole."""
    return BlockPageOut(
        **block_out(page.block).model_dump(),
        digest=page.digest,
        proposer_name=page.proposer_name,
        transactions=[transaction_out(one) for one in page.transactions],
    )


def call_out(call: Call) -> CallOut:
    """The answer about call data."""
    inner = call_out(call.inner) if call.inner else None
    return CallOut(contract=call.contract, function=call.function, arguments=call.arguments, inner=inner)


def transaction_out(row: TransactionRow) -> TransactionOut:
    """The answer about a transaction."""
    tx = row.tx
    return TransactionOut(
        hash=tx.hash,
        block_number=tx.block_number,
        tx_index=tx.tx_index,
        at=tx.at,
        sender=tx.sender,
        sender_name=row.sender_name,
        to=tx.to_address,
        succeeded=tx.status == 1,
        gas_used=tx.gas_used,
        call=row.call.text,
        summary=row.intent.summary if row.intent else None,
    )


def transaction_page_out(ctx: Context, page: TransactionPage) -> TransactionPageOut:
    """The answer about a transaction, whole; who asked is told to those who may read the journal."""
    refusal, intent = page.refusal, page.intent
    told = None
    if refusal is not None:
        text = refusal.ru if ctx.lang == "ru" else refusal.en
        told = RefusalOut(code=refusal.code, values={key: str(v) for key, v in refusal.values.items()}, text=text)
    ordered = None
    if intent is not None:
        ordered = OrderedOut(
            intent_id=intent.id,
            summary=intent.summary,
            ref_kind=intent.ref_kind,
            ref_id=intent.ref_id,
            requested_by=intent.requested_by if ctx.actor.may(Permission.JOURNAL_READ) else None,
            created_at=intent.created_at,
        )
    return TransactionPageOut(
        **transaction_out(page).model_dump(),
        nonce=page.tx.nonce,
        input=page.tx.input,
        raw=page.tx.raw,
        block_hash=page.block.hash if page.block else None,
        decoded=call_out(page.call),
        events=[event_out(one) for one in page.logs],
        refusal=told,
        ordered=ordered,
        names=page.names,
    )


def event_out(row: ChainLog) -> EventOut:
    """The answer about an event."""
    return EventOut(**{name: getattr(row, name) for name in EventOut.model_fields})


def address_out(page: AddressPage) -> AddressOut:
    """The answer about an address."""
    one, money = page.participant, page.balance
    sums = ("free", "held", "in_transit", "frozen", "total")
    return AddressOut(
        address=page.address,
        checksum=checksum(page.address),
        name=page.name,
        participant=one.model_dump() if one else None,
        admissions=[row.model_dump() for row in page.admissions],
        roles=[row.model_dump() for row in page.roles],
        holdings=[_holding(row, issue.symbol if issue else None) for row, issue in page.holdings],
        balance={name: rubles(getattr(money, name)) for name in sums} if money else None,
        at_block=page.at_block,
    )


def _holding(row: ChainHoldingHistory, symbol: str | None, name: str | None = None) -> HoldingOut:
    return HoldingOut(
        asset=row.asset,
        symbol=symbol,
        holder=row.holder,
        name=name,
        units=row.units,
        encumbered_units=row.encumbered_units,
        frozen_units=row.frozen_units,
        free_units=row.free_units,
        since_block=row.block_number,
    )


def token_out(row: TokenRow) -> TokenOut:
    """The answer about a token."""
    return TokenOut(**_token(row))


def _token(row: TokenRow) -> dict[str, Any]:
    issue = row.issue
    special = {"number": row.number, "nominal": rubles(issue.nominal_kopeks)}
    plain = {name: getattr(issue, name) for name in TokenOut.model_fields if name not in special}
    return {**plain, **special}


def token_page_out(page: TokenPage) -> TokenPageOut:
    """The answer about a token, whole."""
    issue = page.issue
    return TokenPageOut(
        **_token(page),
        access_class=issue.access_class,
        locked_until=issue.locked_until,
        maturity_at=issue.maturity_at,
        transfer_mode=issue.transfer_mode,
        burn_on_issuer_acquire=issue.burn_on_issuer_acquire,
        record_dates=[row.model_dump(exclude={"asset"}) for row in page.record_dates],
        history=[row.model_dump(exclude={"asset", "issue_id"}) for row in page.history],
        runs=[row.model_dump(exclude={"asset"}) for row in page.runs],
        documents=[row.model_dump(exclude={"asset"}) for row in page.documents],
        supply_walk=[row.model_dump(exclude={"asset"}) for row in page.supply_walk],
    )


def holders_out(found: Holders) -> HoldersOut:
    """The answer about a register."""
    return HoldersOut(
        at_block=found.at_block,
        at=found.at,
        supply=found.supply,
        adds_up=found.adds_up,
        holders=[_holding(row, None, name) for row, name in found.rows],
    )


def transfer_out(row: ChainTransfer) -> TransferOut:
    """The answer about a move of units."""
    return TransferOut.model_validate(row)
