"""What other packages may call, in one place."""

from __future__ import annotations

from backend.audit.events import event_names, events, export_csv, export_json, public_key, verify
from backend.audit.explorer import (
    AddressPage,
    BlockPage,
    Call,
    TransactionPage,
    TransactionRow,
    address_page,
    block_page,
    blocks,
    names_of,
    transaction_page,
    transactions,
)
from backend.audit.integrity import Integrity, JournalCheck, Validator, integrity, verify_journal
from backend.audit.journal import Proof, anchors, entries, proof
from backend.audit.repository import EventFilter, JournalFilter
from backend.audit.tokens import Holders, TokenPage, TokenRow, holders_at, token_page, tokens, transfers

__all__ = [
    "AddressPage",
    "BlockPage",
    "Call",
    "EventFilter",
    "Holders",
    "Integrity",
    "JournalCheck",
    "JournalFilter",
    "Proof",
    "TokenPage",
    "TokenRow",
    "TransactionPage",
    "TransactionRow",
    "Validator",
    "address_page",
    "anchors",
    "block_page",
    "blocks",
    "entries",
    "event_names",
    "events",
    "export_csv",
    "export_json",
    "holders_at",
    "integrity",
    "names_of",
    "proof",
    "public_key",
    "token_page",
    "tokens",
    "transaction_page",
    "transactions",
    "transfers",
    "verify",
    "verify_journal",
]
