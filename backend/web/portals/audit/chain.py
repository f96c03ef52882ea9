"""Blocks, transactions, addresses."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backend.accounts import service as accounts
from backend.audit import service as audit
from backend.core.context import Context
from backend.core.errors import NotFound
from backend.core.pagination import PageRequest
from backend.core.permissions import Permission
from backend.custody.models import Intent
from backend.web import exports
from backend.web.deps import Listing, Page
from backend.web.i18n import mark
from backend.web.portals.audit.common import Block, Moment, Text, addresses_in, chosen_block, names_for
from backend.web.portals.audit.words import call_title, refusal_values, tell_call, tell_event
from backend.web.render import moment
from backend.web.routing import page_router
from indexer.chain.enums import role_name
from indexer.models import checksum

router = page_router("/audit")

BLOCK_COLUMNS: exports.Columns = [
    (mark("Блок"), lambda row: row.number),
    (mark("Время"), lambda row: moment(row.at, seconds=True)),
    (mark("Хэш"), lambda row: row.hash),
    (mark("Транзакций"), lambda row: row.tx_count),
    (mark("Событий"), lambda row: row.log_count),
    (mark("Газ"), lambda row: row.gas_used),
    (mark("Печатей"), lambda row: row.seals_count if row.seals_count is not None else ""),
]
TRANSACTION_COLUMNS: exports.Columns = [
    (mark("Хэш"), lambda row: row.tx.hash),
    (mark("Блок"), lambda row: row.tx.block_number),
    (mark("Время"), lambda row: moment(row.tx.at, seconds=True)),
    (mark("Действие"), lambda row: call_title(row.call)),
    (mark("Вызов"), lambda row: row.call.text),
    (mark("Отправитель"), lambda row: row.tx.sender),
    (mark("Кто"), lambda row: row.sender_name or ""),
    (mark("По распоряжению"), lambda row: row.intent.summary if row.intent else ""),
    (mark("Исполнена"), lambda row: "да" if row.tx.status == 1 else "нет"),
]


@router.get("/blocks")
def blocks(page: Page, listing: Listing, only: Text = None) -> Response:
    """Blocks, the latest first; ``only=tx`` leaves out empty ones."""
    found = audit.blocks(page.ctx, listing, with_transactions=only == "tx")
    if listing.file:
        return exports.export(found, BLOCK_COLUMNS, "blocks", listing.file)
    return page.render("audit/blocks.html", rows=found, listing=listing, only=only)


@router.get("/blocks/{reference}")
def block(page: Page, reference: str) -> Response:
    """A block by number or hash: what was proved of it, its transactions."""
    found = audit.block_page(page.ctx, reference)
    rows = [(row, call_title(row.call)) for row in found.transactions]
    return page.render("audit/block.html", found=found, block=found.block, rows=rows, last=_height(page.ctx))


@router.get("/transactions")
def transactions(page: Page, listing: Listing, address: Text = None, status: Text = None) -> Response:
    """Transactions, the latest first."""
    failed = {"ok": False, "failed": True}.get(status or "")
    found = audit.transactions(page.ctx, listing, address=address or None, failed=failed)
    if listing.file:
        return exports.export(found, TRANSACTION_COLUMNS, "transactions", listing.file)
    titles = {row.tx.hash: call_title(row.call) for row in found.items}
    return page.render(
        "audit/transactions.html", rows=found, titles=titles, listing=listing, chosen_status=status or ""
    )


@router.get("/transactions/{tx_hash}")
def transaction(page: Page, tx_hash: str) -> Response:
    """A transaction: the call, its events and its refusal in words, who signed and who ordered it."""
    found = audit.transaction_page(page.ctx, tx_hash)
    mentioned = {found.tx.sender, found.tx.to_address or "", *addresses_in(found.logs), *_mentioned(found.call)}
    names = names_for(page.ctx, mentioned)
    return page.render(
        "audit/transaction.html",
        found=found,
        tx=found.tx,
        told=tell_call(found.call, names),
        title=call_title(found.call),
        events=[(log, tell_event(log, names)) for log in found.logs],
        refused=refusal_values(found.refusal.values, names) if found.refusal else [],
        to_name=names.addresses.get(found.tx.to_address or ""),
        ordered_by=_ordered_by(page.ctx, found.intent),
    )


@router.get("/addresses/{address}")
def address(page: Page, listing: Listing, address: str, block: Block = None, at: Moment = None) -> Response:
    """An address: role, admission history, holdings after a block, rubles, transactions."""
    found = audit.address_page(page.ctx, address, chosen_block(page.ctx, block, at))
    rows = audit.transactions(page.ctx, listing, address=found.address)
    return page.render(
        "audit/address.html",
        found=found,
        checksum=checksum(found.address),
        rows=rows,
        titles={row.tx.hash: call_title(row.call) for row in rows.items},
        listing=listing,
        role_name=role_name,
        asked_block=block or "",
        asked_at=at or "",
    )


def _mentioned(call: audit.Call) -> set[str]:
    found: set[str] = set()
    stack: list[Any] = [call.arguments, call.inner.arguments if call.inner else {}]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, str) and value.startswith("0x") and len(value) == 42:
            found.add(value)
    return found


def _ordered_by(ctx: Context, intent: Intent | None) -> str | None:
    """Name of the user who ordered it, for those who may read the journal."""
    if intent is None or intent.requested_by is None or not ctx.actor.may(Permission.JOURNAL_READ):
        return None
    try:
        return accounts.account(ctx, intent.requested_by).name
    except NotFound:
        return intent.requested_by


def _height(ctx: Context) -> int:
    latest = audit.blocks(ctx, _ONE).items
    return latest[0].number if latest else 0


_ONE = PageRequest(size=1)
