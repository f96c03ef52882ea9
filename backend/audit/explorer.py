"""Blocks, transactions with decoded calls and who ordered them, addresses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backend.accounts import service as accounts
from backend.audit import repository
from backend.audit.errors import AddressUnknown, BlockUnknown, TransactionUnknown
from backend.cash import service as cash
from backend.cash.service import Balance
from backend.core.context import Context
from backend.core.errors import Forbidden
from backend.core.pagination import EVERYTHING, Page, PageRequest
from backend.core.permissions import Permission
from backend.custody import refusals
from backend.custody.models import Intent
from backend.custody.refusals import Refusal
from backend.identity import service as identity
from indexer.chain.abi import ASSET, contract_names, functions_of
from indexer.chain.addresses import load_deployment
from indexer.chain.decode import DecodeError, decode_arguments
from indexer.chain.errors import IndexerError
from indexer.models import (
    ChainBlock,
    ChainHoldingHistory,
    ChainIssue,
    ChainLog,
    ChainParticipant,
    ChainParticipantEvent,
    ChainProposal,
    ChainRoleEvent,
    ChainTransaction,
)

_ADDRESS_LENGTH = 42
_BIGGEST = 2**63  # of a number in SQL; call data may carry any


@dataclass(frozen=True, slots=True)
class Call:
    """Decoded call data. ``inner`` is the call that a proposal carries."""

    contract: str | None
    function: str | None
    arguments: dict[str, Any]
    inner: Call | None = None

    @property
    def text(self) -> str:
        """Contract and function."""
        return f"{self.contract}.{self.function}" if self.function else "?"


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction in a list."""

    tx: ChainTransaction
    call: Call
    sender_name: str | None
    intent: Intent | None


@dataclass(frozen=True, slots=True)
class TransactionPage(TransactionRow):
    """A transaction whole; ``ordered_by`` names the user only for those who may read the journal."""

    block: ChainBlock | None
    logs: list[ChainLog]
    refusal: Refusal | None
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class BlockPage:
    """A block with its transactions and the running digest."""

    block: ChainBlock
    digest: str | None
    transactions: list[TransactionRow]
    proposer_name: str | None


@dataclass(frozen=True, slots=True)
class AddressPage:
    """What the register knows of an address, holdings at a block."""

    address: str
    name: str | None
    participant: ChainParticipant | None
    admissions: list[ChainParticipantEvent]
    roles: list[ChainRoleEvent]
    holdings: list[tuple[ChainHoldingHistory, ChainIssue | None]]
    balance: Balance | None
    at_block: int


def blocks(ctx: Context, request: PageRequest, *, with_transactions: bool = False) -> Page[ChainBlock]:
    """Blocks, the latest first."""
    ctx.require(Permission.EXPLORER_READ)
    return repository.blocks(ctx, request, with_transactions=with_transactions)


def block_page(ctx: Context, reference: str) -> BlockPage:
    """A block by number or hash."""
    ctx.require(Permission.EXPLORER_READ)
    row = repository.block(ctx, reference)
    if row is None:
        raise BlockUnknown
    found = repository.transactions(ctx, EVERYTHING, block_number=row.number).items
    names = names_of(ctx, {row.proposer, *(tx.sender for tx in found)})
    return BlockPage(
        row, repository.digest(ctx, row.number), _rows(ctx, list(reversed(found)), names), names.get(row.proposer)
    )


def transactions(
    ctx: Context, request: PageRequest, *, address: str | None = None, failed: bool | None = None
) -> Page[TransactionRow]:
    """Transactions, the latest first; ``q`` may be a hash."""
    ctx.require(Permission.EXPLORER_READ)
    page = repository.transactions(ctx, request, address=address.lower() if address else None, failed=failed)
    names = names_of(ctx, {tx.sender for tx in page.items})
    return page.of(_rows(ctx, list(page.items), names))


def transaction_page(ctx: Context, tx_hash: str) -> TransactionPage:
    """A transaction with decoded call, events and refusal, and who ordered it."""
    ctx.require(Permission.EXPLORER_READ)
    tx = repository.transaction(ctx, tx_hash)
    if tx is None:
        raise TransactionUnknown
    logs = repository.logs_of(ctx, tx.hash)
    mentioned = {tx.sender, tx.to_address or "", *_addresses([log.args for log in logs])}
    names = names_of(ctx, mentioned)
    (row,) = _rows(ctx, [tx], names)
    return TransactionPage(
        tx=tx,
        call=row.call,
        sender_name=row.sender_name,
        intent=row.intent,
        block=repository.block(ctx, str(tx.block_number)),
        logs=logs,
        refusal=None if tx.status == 1 else refusals.explain(tx.revert_data),
        names=names,
    )


def address_page(ctx: Context, address: str, at_block: int | None = None) -> AddressPage:
    """An address: role, admission history, holdings at a block. Others' money and units are for officers and auditors."""
    ctx.require(Permission.EXPLORER_READ)
    wanted = address.lower()
    if len(wanted) != _ADDRESS_LENGTH or not wanted.startswith("0x"):
        raise AddressUnknown
    require_insight(ctx, wanted)
    cursor = repository.cursor(ctx)
    number = at_block if at_block is not None else (cursor.height if cursor else 0)
    issues = repository.assets(ctx)
    held = repository.holdings_at_block(ctx, number, holder=wanted)
    shows_money = ctx.actor.may(Permission.CASH_READ_ALL) or wanted == own_wallet(ctx)
    return AddressPage(
        address=wanted,
        name=names_of(ctx, {wanted}).get(wanted),
        participant=ctx.session.get(ChainParticipant, wanted),
        admissions=repository.admission_history(ctx, wanted),
        roles=repository.role_history(ctx, wanted),
        holdings=[(row, issues.get(row.asset)) for row in held],
        balance=cash.balance_of(ctx, wanted) if shows_money else None,
        at_block=number,
    )


def require_insight(ctx: Context, address: str) -> None:
    """Raise Forbidden when the address is another participant's and the asker is neither officer nor auditor."""
    if ctx.actor.may(Permission.HOLDER_READ_ALL) or address == own_wallet(ctx):
        return
    if address not in contracts(ctx):
        raise Forbidden


def own_wallet(ctx: Context) -> str | None:
    """Address of the asker's participant."""
    if ctx.actor.participant_id is None:
        return None
    return identity.participant(ctx, ctx.actor.participant_id).wallet


# --- names and calls --------------------------------------------------------------------------------------------------


def contracts(ctx: Context) -> dict[str, str]:
    """Contract names by address: the deployment and every token of the register."""
    path = ctx.settings.deployment_file
    try:
        names = dict(load_deployment(Path(path)).names) if path else {}
    except IndexerError:
        names = {}
    return {**names, **dict.fromkeys(repository.assets(ctx), ASSET)}


def names_of(ctx: Context, addresses: Collection[str]) -> dict[str, str]:
    """What to call an address: contract, symbol of a token, number of a participant, officer (for those who may know it)."""
    wanted = {address.lower() for address in addresses if address}
    known = contracts(ctx)
    symbols = {asset: issue.symbol for asset, issue in repository.assets(ctx).items()}
    found = {one: symbols.get(one, known[one]) for one in wanted if one in known}
    people = identity.participants_by_wallets(ctx, sorted(wanted - found.keys()))
    for wallet, owner in people.items():
        if ctx.actor.may(Permission.PARTICIPANT_READ) or owner.id == ctx.actor.participant_id:
            found[wallet] = owner.number
    if ctx.actor.may(Permission.PARTICIPANT_READ):
        found |= _officers(ctx, wanted - found.keys())
    return found


def _officers(ctx: Context, addresses: Collection[str]) -> dict[str, str]:
    """Names of officers and of the operator's own services by their addresses."""
    found = {}
    for address, kind, owner in repository.owners_of(ctx, sorted(addresses)):
        if kind == "officer":
            found[address] = accounts.account(ctx, owner).name
        elif kind == "system":
            found[address] = owner
    return found


def decode_call(contract: str | None, data: str, known: dict[str, str]) -> Call:
    """Function and arguments of call data; an unknown contract or selector stays undecoded."""
    if contract is None or contract not in contract_names():
        return Call(contract, None, {})
    function = functions_of(contract).get(data[:10])
    if function is None:
        return Call(contract, None, {})
    try:
        arguments = decode_arguments(function, data)
    except DecodeError:
        return Call(contract, function.name, {})
    inner = None
    if contract == "FourEyes" and function.name == "propose":
        target, payload = str(arguments.get("target", "")), str(arguments.get("data", ""))
        inner = decode_call(known.get(target, ASSET), payload, known)
    return Call(contract, function.name, arguments, inner)


def _rows(ctx: Context, found: list[ChainTransaction], names: dict[str, str]) -> list[TransactionRow]:
    known = contracts(ctx)
    intents = repository.intents_by_hash(ctx, [tx.hash for tx in found])
    return [
        TransactionRow(
            tx,
            _approved(ctx, decode_call(known.get(tx.to_address or ""), tx.input, known), known),
            names.get(tx.sender),
            intents.get(tx.hash),
        )
        for tx in found
    ]


def _approved(ctx: Context, call: Call, known: dict[str, str]) -> Call:
    """An approval repeats the data of its proposal without the target: the target stands in the proposal."""
    if call.text != "FourEyes.approve":
        return call
    number = int(call.arguments.get("id", 0))
    proposal = ctx.session.get(ChainProposal, number) if number < _BIGGEST else None
    if proposal is None:
        return call
    inner = decode_call(known.get(proposal.target, ASSET), str(call.arguments.get("data", "")), known)
    return replace(call, inner=inner)


def _addresses(values: Any) -> set[str]:
    if isinstance(values, str):
        return {values} if len(values) == _ADDRESS_LENGTH and values.startswith("0x") else set()
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        return set().union(*(_addresses(one) for one in values)) if values else set()
    return set()
