"""Every event of the chain with filters, and exports that anybody can check.

An export names the block up to which it was made, its hash and the running digest of the mirror, and carries an Ed25519 signature
(RFC 8032) of the operator over the canonical text. :func:`verify` needs nothing but the file and the published key.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from backend.audit import repository
from backend.audit.models import AuditKey
from backend.audit.repository import EventFilter
from backend.core import vault
from backend.core.context import Context
from backend.core.errors import TooLarge
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from indexer.models import ChainLog

KEY = "exports"
MAXIMUM_EVENTS = 50_000
_SIGNATURE_LINE = b"# signature: "
_COLUMNS = ("block", "log", "at", "tx", "contract", "event", "address", "args")


def events(ctx: Context, wanted: EventFilter, request: PageRequest) -> Page[ChainLog]:
    """Events, the latest first."""
    ctx.require(Permission.HOLDER_READ_ALL)
    return repository.events(ctx, wanted, request)


def event_names(ctx: Context) -> list[tuple[str, str]]:
    """Contracts and events to choose from."""
    ctx.require(Permission.EXPLORER_READ)
    return repository.event_names(ctx)


def export_json(ctx: Context, wanted: EventFilter) -> bytes:
    """Signed JSON: ``{"content": …, "sha256": …, "signature": …, "public_key": …}``."""
    content = {**_head(ctx, wanted), "events": [_event(row) for row in _found(ctx, wanted)]}
    text = canonical(content)
    signature, public = sign(ctx, text)
    digest = hashlib.sha256(text).hexdigest()
    signed = {"content": content, "sha256": digest, "signature": signature, "public_key": public}
    return json.dumps(signed, ensure_ascii=False, sort_keys=True, indent=1).encode()


def export_csv(ctx: Context, wanted: EventFilter) -> bytes:
    """Signed CSV: comment lines with the head, the rows, and a last line with the signature over everything before it."""
    text = io.StringIO()
    for name, value in _head(ctx, wanted).items():
        text.write(f"# {name}: {json.dumps(value, ensure_ascii=False)}\r\n")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in _found(ctx, wanted):
        plain = _event(row)
        args = json.dumps(plain["args"], ensure_ascii=False, sort_keys=True)
        writer.writerow([*(plain[name] for name in _COLUMNS[:-1]), args])
    content = text.getvalue().encode()
    signature, public = sign(ctx, content)
    return content + f"# public_key: {public}\r\n".encode() + _SIGNATURE_LINE + signature.encode() + b"\r\n"


def verify(file: bytes, public_key: str) -> bool:
    """Whether a file (either form) is as the holder of the key signed it."""
    try:
        if file.lstrip().startswith(b"{"):
            signed = json.loads(file)
            content, signature = canonical(signed["content"]), str(signed["signature"])
        else:
            content, _, tail = file.partition(b"# public_key: ")
            signature = tail.partition(_SIGNATURE_LINE)[2].strip().decode()
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


def public_key(ctx: Context) -> str:
    """The published key, 64 hexadecimal digits; anybody may ask."""
    return _key(ctx)[1]


def published_key(ctx: Context) -> str | None:
    """The published key as it stands; None before :func:`ensure_key` has made it."""
    row = ctx.session.get(AuditKey, KEY)
    return row.public_key if row else None


def ensure_key(ctx: Context) -> None:
    """Tick: make the key before the first reader asks, for readers don't write."""
    _key(ctx)


def canonical(content: dict[str, Any]) -> bytes:
    """The one text of a content."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sign(ctx: Context, content: bytes) -> tuple[str, str]:
    """Signature and public key, hexadecimal."""
    private, public = _key(ctx)
    return private.sign(content).hex(), public


def _key(ctx: Context) -> tuple[Ed25519PrivateKey, str]:
    row = ctx.session.get(AuditKey, KEY)
    if row is None:
        made = Ed25519PrivateKey.generate()
        public = made.public_key().public_bytes_raw().hex()
        sealed = vault.seal(ctx, f"audit-key:{KEY}", made.private_bytes_raw())
        row = AuditKey(name=KEY, sealed=sealed, public_key=public, created_at=datetime.now(UTC))
        ctx.session.add(row)
        ctx.session.flush()
        record(ctx, action="audit.key.made", entity="audit_key", entity_id=KEY, details={"public_key": public})
    private = Ed25519PrivateKey.from_private_bytes(vault.unseal(ctx, f"audit-key:{KEY}", row.sealed))
    return private, row.public_key


def _found(ctx: Context, wanted: EventFilter) -> list[ChainLog]:
    ctx.require(Permission.HOLDER_READ_ALL)
    statement = repository.events_statement(wanted, latest_first=False).limit(MAXIMUM_EVENTS + 1)
    rows = list(ctx.session.exec(statement))
    if len(rows) > MAXIMUM_EVENTS:
        ru, en = "Слишком много событий: сузьте отбор по блокам.", "Too many events: choose fewer blocks."
        raise TooLarge(ru, en, field="to_block")
    return rows


def _head(ctx: Context, wanted: EventFilter) -> dict[str, Any]:
    cursor = repository.cursor(ctx)
    chosen = {name: getattr(wanted, name) for name in EventFilter.__slots__}
    return {
        "operator": ctx.settings.operator_name,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "chain_id": cursor.chain_id if cursor else None,
        "genesis_hash": cursor.genesis_hash if cursor else None,
        "block": cursor.height if cursor else None,
        "block_hash": cursor.hash if cursor else None,
        "digest": cursor.digest if cursor else None,
        "filter": {name: value for name, value in chosen.items() if value is not None},
    }


def _event(row: ChainLog) -> dict[str, Any]:
    return {
        "block": row.block_number,
        "log": row.log_index,
        "at": row.at.isoformat(),
        "tx": row.tx_hash,
        "contract": row.contract,
        "event": row.event,
        "address": row.address,
        "args": row.args if row.event else {"topics": row.topics, "data": row.data},
    }
