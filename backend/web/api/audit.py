"""The explorer of the mirrored chain, its integrity, the journal."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel
from starlette.responses import Response

from backend.audit import service as audit
from backend.audit.service import EventFilter, JournalFilter
from backend.web import exports
from backend.web.api.audit_out import (
    AddressOut,
    BlockOut,
    BlockPageOut,
    EventOut,
    HoldersOut,
    TokenOut,
    TokenPageOut,
    TransactionOut,
    TransactionPageOut,
    TransferOut,
    address_out,
    block_out,
    block_page_out,
    event_out,
    holders_out,
    token_out,
    token_page_out,
    transaction_out,
    transaction_page_out,
    transfer_out,
)
from backend.web.api.journal_out import (
    AnchorOut,
    ChainAlarmOut,
    EntryOut,
    IntegrityOut,
    JournalCheckOut,
    ProofOut,
    ReconciliationOut,
    anchor_out,
    entry_out,
    integrity_out,
    proof_out,
)
from backend.web.api.money import PageOut, page_out
from backend.web.deps import Ctx, Listing, OpenCtx
from backend.web.i18n import gettext, mark
from backend.web.labels import label
from backend.web.render import moment
from backend.web.routing import RowNumber, api_router

explorer = api_router("/explorer", "explorer")
journal = api_router("/journal", "journal")
integrity = api_router("/integrity", "integrity")
ROUTERS = [explorer, journal, integrity]

Block = Annotated[int | None, Query(ge=0, le=2**62)]
Address = Annotated[str | None, Query(pattern="^0x[0-9a-fA-F]{40}$")]


class KeyOut(BaseModel):
    """The key that checks signed exports (Ed25519, RFC 8032), hexadecimal."""

    public_key: str


class EventName(BaseModel):
    """An event that the mirror has seen."""

    contract: str
    event: str


@explorer.get("/blocks", summary="Blocks")
def blocks(ctx: Ctx, listing: Listing, with_transactions: bool = False) -> PageOut[BlockOut]:
    """The latest first."""
    return page_out(audit.blocks(ctx, listing, with_transactions=with_transactions), block_out)


@explorer.get("/blocks/{reference}", summary="A block by number or hash")
def block(ctx: Ctx, reference: str) -> BlockPageOut:
    """With what was proved of it and its transactions."""
    return block_page_out(audit.block_page(ctx, reference))


@explorer.get("/transactions", summary="Transactions")
def transactions(
    ctx: Ctx, listing: Listing, address: Address = None, failed: bool | None = None
) -> PageOut[TransactionOut]:
    """The latest first; of an address when given."""
    page = audit.transactions(ctx, listing, address=address, failed=failed)
    return page_out(page, transaction_out)


@explorer.get("/transactions/{tx_hash}", summary="A transaction")
def transaction(ctx: Ctx, tx_hash: str) -> TransactionPageOut:
    """Decoded call, events, refusal, and who ordered it."""
    return transaction_page_out(ctx, audit.transaction_page(ctx, tx_hash))


@explorer.get("/addresses/{address}", summary="An address")
def address(ctx: Ctx, address: str, block: Block = None) -> AddressOut:
    """Role, admission history, holdings after a block."""
    return address_out(audit.address_page(ctx, address, block))


@explorer.get("/tokens", summary="Tokens")
def tokens(ctx: Ctx) -> list[TokenOut]:
    """In the order of deployment."""
    return [token_out(one) for one in audit.tokens(ctx)]


@explorer.get("/tokens/{asset}", summary="A token")
def token(ctx: Ctx, asset: str) -> TokenPageOut:
    """States, record dates, corporate actions, the walk of the supply."""
    return token_page_out(audit.token_page(ctx, asset))


@explorer.get("/tokens/{asset}/holders", summary="Holders after a block", response_model=HoldersOut)
def holders(ctx: Ctx, asset: str, listing: Listing, block: Block = None) -> Any:
    """``format=csv`` gives a file."""
    found = audit.holders_at(ctx, asset, block)
    if listing.file:
        return exports.export(found.rows, HOLDER_COLUMNS, "holders", listing.file)
    return holders_out(found)


@explorer.get("/tokens/{asset}/transfers", summary="Moves of units")
def transfers(ctx: Ctx, asset: str, listing: Listing) -> PageOut[TransferOut]:
    """The latest first."""
    return page_out(audit.transfers(ctx, asset, listing), transfer_out)


@explorer.get("/events", summary="Events", response_model=PageOut[EventOut])
def events(
    ctx: Ctx,
    listing: Listing,
    contract: Annotated[str | None, Query(max_length=40)] = None,
    event: Annotated[str | None, Query(max_length=60)] = None,
    address: Address = None,
    participant: Address = None,
    from_block: Block = None,
    to_block: Block = None,
) -> Any:
    """Filters combine. ``participant`` finds an address in the arguments."""
    wanted = _filter(contract, event, address, participant, from_block, to_block)
    return page_out(audit.events(ctx, wanted, listing), event_out)


@explorer.get("/events/export", summary="Signed export of events")
def export_events(
    ctx: Ctx,
    contract: Annotated[str | None, Query(max_length=40)] = None,
    event: Annotated[str | None, Query(max_length=60)] = None,
    address: Address = None,
    participant: Address = None,
    from_block: Block = None,
    to_block: Block = None,
    as_: Annotated[str, Query(alias="as", pattern="^(json|csv)$")] = "json",
) -> Response:
    """Carries block, block hash, running digest and the operator's signature; /explorer/key has the key."""
    wanted = _filter(contract, event, address, participant, from_block, to_block)
    content = audit.export_json(ctx, wanted) if as_ == "json" else audit.export_csv(ctx, wanted)
    media = "application/json" if as_ == "json" else "text/csv; charset=utf-8"
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="events.{as_}"'})


@explorer.get("/event-names", summary="Events to choose from")
def event_names(ctx: Ctx) -> list[EventName]:
    """Contract and event."""
    return [EventName(contract=contract, event=event) for contract, event in audit.event_names(ctx)]


@explorer.get("/key", summary="Key that checks signed exports")
def key(ctx: OpenCtx) -> KeyOut:
    """Open to everybody."""
    return KeyOut(public_key=audit.public_key(ctx))


@integrity.get("", summary="Is the mirror true and fresh")
def overview(ctx: Ctx) -> IntegrityOut:
    """Lag, gaps, reconciliations, alarms, validators, anchors."""
    return integrity_out(audit.integrity(ctx))


@integrity.get("/reconciliations", summary="Comparisons with the contracts", response_model=PageOut[ReconciliationOut])
def reconciliations(ctx: Ctx, listing: Listing, *, only_differing: bool = False) -> Any:
    """The latest first; ``format=csv`` or ``xlsx`` gives a file."""
    page = audit.reconciliations(ctx, listing, only_differing=only_differing)
    if listing.file:
        return exports.export(page, RECONCILIATION_COLUMNS, "reconciliations", listing.file)
    return page_out(page, ReconciliationOut.model_validate)


@integrity.get("/alarms", summary="Alarms of the indexer", response_model=PageOut[ChainAlarmOut])
def alarms(ctx: Ctx, listing: Listing) -> Any:
    """The latest first; ``q`` looks in the check and in what it found; ``format=csv`` or ``xlsx`` gives a file."""
    page = audit.alarms(ctx, listing)
    if listing.file:
        return exports.export(page, ALARM_COLUMNS, "alarms", listing.file)
    return page_out(page, ChainAlarmOut.model_validate)


@journal.get("", summary="The audit journal", response_model=PageOut[EntryOut])
def entries(
    ctx: Ctx,
    listing: Listing,
    action: Annotated[str | None, Query(max_length=80)] = None,
    entity: Annotated[str | None, Query(max_length=40)] = None,
    entity_id: Annotated[str | None, Query(max_length=80)] = None,
    actor_id: Annotated[str | None, Query(max_length=40)] = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Any:
    """The latest first; ``action`` is the start of a name; ``format=csv`` gives a file."""
    wanted = JournalFilter(action, entity, entity_id, actor_id, since, until)
    page = audit.entries(ctx, wanted, listing)
    authors = audit.authors_of(ctx, page.items)
    if listing.file:
        return exports.export(page, entry_columns(authors), "journal", listing.file)
    return page_out(page, lambda row: entry_out(row, authors[row.seq]))


@journal.get("/verify", summary="Verify the whole journal")
def verify(ctx: Ctx) -> JournalCheckOut:
    """Every hash is recomputed."""
    found = audit.verify_journal(ctx)
    return JournalCheckOut(entries=found.entries, head=found.head, first_broken=found.first_broken)


@journal.get("/anchors", summary="Roots of the journal on chain")
def anchors(ctx: Ctx) -> list[AnchorOut]:
    """The latest first."""
    return [anchor_out(one) for one in audit.anchors(ctx)]


@journal.get("/{seq}/proof", summary="Proof of an entry")
def proof(ctx: Ctx, seq: RowNumber) -> ProofOut:
    """Merkle path (RFC 6962) from the entry to the root on chain; 409 before it is anchored."""
    found = audit.proof(ctx, seq)
    return proof_out(found, audit.authors_of(ctx, [found.entry])[seq])


RECONCILIATION_COLUMNS: exports.Columns = [
    (mark("Время"), lambda row: moment(row.at, seconds=True)),
    (mark("Блок"), lambda row: row.block_number),
    (mark("Хэш блока"), lambda row: row.block_hash),
    (mark("Сверено"), lambda row: row.compared),
    (mark("Расхождений"), lambda row: row.mismatches),
    (mark("Подробности"), lambda row: json.dumps(row.details, ensure_ascii=False) if row.details else ""),
]
ALARM_COLUMNS: exports.Columns = [
    (mark("Время"), lambda row: moment(row.at, seconds=True)),
    (mark("Блок"), lambda row: row.block_number),
    (mark("Проверка"), lambda row: row.check),
    (mark("Что не сошлось"), lambda row: row.detail),
]
HOLDER_COLUMNS: exports.Columns = [
    (mark("Адрес"), lambda row: row[0].holder),
    (mark("Номер"), lambda row: row[1] or ""),
    (mark("Единиц"), lambda row: row[0].units),
    (mark("Обременено"), lambda row: row[0].encumbered_units),
    (mark("Заморожено"), lambda row: row[0].frozen_units),
]


def entry_columns(authors: dict[int, str]) -> exports.Columns:
    """Columns of a file of journal entries; ``authors`` by the number of the entry."""
    return [
        (mark("Номер"), lambda row: row.seq),
        (mark("Время"), lambda row: row.at.isoformat()),
        (mark("Кто"), lambda row: authors[row.seq]),
        (mark("Автор"), lambda row: row.actor),
        (mark("Действие"), lambda row: row.action),
        (mark("Действие словами"), lambda row: gettext(label("journal_action", row.action).text)),
        (mark("Запись"), lambda row: row.entity),
        (mark("Запись словами"), lambda row: gettext(label("journal_entity", row.entity).text)),
        (mark("Идентификатор"), lambda row: row.entity_id),
        (mark("Хэш"), lambda row: row.hash),
    ]


def _filter(
    contract: str | None,
    event: str | None,
    address: str | None,
    participant: str | None,
    from_block: int | None,
    to_block: int | None,
) -> EventFilter:
    return EventFilter(
        contract=contract,
        event=event,
        address=address.lower() if address else None,
        participant=participant.lower() if participant else None,
        from_block=from_block,
        to_block=to_block,
    )
