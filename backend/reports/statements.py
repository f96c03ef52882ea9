"""An investor's statement: rights and rubles at a moment, operations of a period. Given out once under a number that anybody can check.

The content is one JSON text; its SHA-256 stands on the PDF, and the page of verification tells whether a number and a digest belong
together, without telling whose the statement is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from backend.core import vault
from backend.core.clock import block_at
from backend.core.context import Context
from backend.core.errors import Forbidden, TooLarge
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.money import format_kopeks
from backend.core.pagination import EVERYTHING, Page, PageRequest
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.identity.service import Participant
from backend.issues import service as issues
from backend.payouts import service as payouts
from backend.reports import pdf, repository
from backend.reports.errors import DocumentUnknown
from backend.reports.models import IssuedDocument
from backend.reports.registers import Period, moscow, period_of

KIND = "statement"
MADE = "reports.statement_made"


@dataclass(frozen=True, slots=True)
class Verification:
    """What the page of verification tells."""

    number: str
    kind: str
    sha256: str
    made_at: datetime
    block_number: int
    block_hash: str
    matches: bool | None
    document_id: str

    @property
    def attested(self) -> dict[str, Any]:
        """What the operator signs for anybody: nothing of it is personal."""
        return {
            "number": self.number,
            "kind": self.kind,
            "sha256": self.sha256,
            "made_at": self.made_at.isoformat(),
            "block_number": self.block_number,
            "block_hash": self.block_hash,
        }


class FileKind(StrEnum):
    """Which of our two files of a document somebody holds."""

    COPY = "copy"  # the machine-readable one, whose digest stands on the paper
    PAPER = "paper"  # the PDF


def make_statement(
    ctx: Context, since: datetime | None = None, until: datetime | None = None, number: str | None = None
) -> IssuedDocument:
    """Give out a statement: of the asker, or by an officer of the participant with a number."""
    owner = _owner(ctx, number)
    period = period_of(ctx, since, until)
    document_number = identity.next_number(ctx, "KPT-DOC")
    content = _content(ctx, owner, period, document_number)
    text = canonical(content)
    row = IssuedDocument(
        id=new_id(),
        number=document_number,
        kind=KIND,
        participant_id=owner.id,
        sha256=hashlib.sha256(text).hexdigest(),
        content=b"",
        block_number=content["block"]["number"],
        block_hash=content["block"]["hash"],
        made_by=ctx.actor.user_id,
        made_at=ctx.now(),
    )
    row.content = vault.seal(ctx, f"document:{row.id}", text)
    ctx.session.add(row)
    ctx.session.flush()
    details = {"number": row.number, "sha256": row.sha256, "participant": owner.number}
    record(ctx, action=MADE, entity="document", entity_id=row.id, details=details)
    return row


def my_documents(ctx: Context, request: PageRequest) -> Page[IssuedDocument]:
    """Documents of the asker."""
    ctx.require(Permission.REPORT_OWN)
    return repository.own_documents(ctx, request, identity.own(ctx).id)


def document_json(ctx: Context, number: str) -> bytes:
    """The content whose SHA-256 is on the paper."""
    row = _visible(ctx, number)
    return vault.unseal(ctx, f"document:{row.id}", row.content)


def document_pdf(ctx: Context, number: str) -> bytes:
    """The statement on paper."""
    return _paper(ctx, _visible(ctx, number))


def document_period(ctx: Context, row: IssuedDocument) -> tuple[datetime, datetime]:
    """First and last moment that a document speaks of, for those who may read it."""
    content = json.loads(document_json(ctx, row.number))
    return datetime.fromisoformat(content["since"]), datetime.fromisoformat(content["until"])


def verify(ctx: Context, number: str, sha256: str | None = None) -> Verification:
    """Is there a document of this number, and is this its digest? Anybody may ask; the owner isn't told."""
    row = repository.document_by_number(ctx, number)
    if row is None:
        raise DocumentUnknown
    given = sha256.strip().lower().removeprefix("0x") if sha256 else None
    return _verification(row, None if given is None else given == row.sha256)


def check_file(ctx: Context, data: bytes, number: str | None = None) -> tuple[Verification, FileKind | None]:
    """Is this file a document of ours, and which of the two? Anybody may ask; the file isn't kept.

    Without a number only a machine-readable copy can be found. Raises :class:`DocumentUnknown`, or TooLarge.
    """
    if len(data) > ctx.settings.upload_max_bytes:
        raise TooLarge("Файл слишком большой.", "The file is too large.", field="file")
    digest = hashlib.sha256(data).hexdigest()
    row = repository.document_by_number(ctx, number) if number else repository.document_by_digest(ctx, digest)
    if row is None:
        raise DocumentUnknown(field="number" if number else "file")
    if digest == row.sha256:
        return _verification(row, matches=True), FileKind.COPY
    if data.startswith(b"%PDF-") and _paper(ctx, row) == data:
        return _verification(row, matches=True), FileKind.PAPER
    return _verification(row, matches=False), None


def canonical(content: dict[str, Any]) -> bytes:
    """The one text of a content."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _verification(row: IssuedDocument, matches: bool | None) -> Verification:
    return Verification(
        row.number, row.kind, row.sha256, row.made_at, row.block_number, row.block_hash, matches, row.id
    )


def _paper(ctx: Context, row: IssuedDocument) -> bytes:
    content = json.loads(vault.unseal(ctx, f"document:{row.id}", row.content))
    return pdf.statement(content, row.sha256, f"{ctx.settings.public_url}/verify/{row.number}")


def _owner(ctx: Context, number: str | None) -> Participant:
    if number is None:
        ctx.require(Permission.REPORT_OWN)
        return identity.own(ctx)
    ctx.require(Permission.REPORT_MAKE)
    found = identity.participant_by_number(ctx, number)
    if found is None:
        raise DocumentUnknown("Участник не найден.", "No such participant.", field="number")
    return found


def _visible(ctx: Context, number: str) -> IssuedDocument:
    row = repository.document_by_number(ctx, number)
    if row is None:
        raise DocumentUnknown
    if ctx.actor.may(Permission.REPORT_MAKE):
        return row
    if not ctx.actor.may(Permission.REPORT_OWN):
        raise Forbidden
    if ctx.actor.participant_id is None or row.participant_id != ctx.actor.participant_id:
        raise DocumentUnknown
    return row


def _content(ctx: Context, owner: Participant, period: Period, number: str) -> dict[str, Any]:
    block = block_at(ctx.session, period.until)
    return {
        "number": number,
        "operator": ctx.settings.operator_name,
        "participant": {"number": owner.number, "name": str(identity.profile(ctx, owner)["full_name"])},
        "address": owner.wallet,
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "until_msk": moscow(period.until),
        "since_msk": moscow(period.since),
        "made_at_msk": moscow(ctx.now()),
        "block": {"number": block.number if block else 0, "hash": block.hash if block else ""},
        "holdings": _holdings(ctx, owner, period.until),
        "rubles": _rubles(ctx, owner, period),
        "operations": _operations(ctx, owner, period),
        "payouts": _payouts(ctx, owner, period),
    }


def _holdings(ctx: Context, owner: Participant, moment: datetime) -> list[dict[str, Any]]:
    found, own = [], set(identity.wallets_of(ctx, owner))
    for chain in repository.chain_issues(ctx):
        held = issues.holdings_at(ctx, chain.asset, int(moment.timestamp()))
        units = sum(count for wallet, count in held if wallet in own)
        if units:
            issue = issues.by_chain_id(ctx, chain.issue_id)
            found.append(
                {
                    "issue": issue.number if issue else chain.symbol,
                    "title": issue.title if issue else chain.name,
                    "asset": chain.asset,
                    "units": units,
                    "nominal": format_kopeks(chain.nominal_kopeks),
                    "total": format_kopeks(units * chain.nominal_kopeks),
                }
            )
    return found


def _rubles(ctx: Context, owner: Participant, period: Period) -> dict[str, Any]:
    every = [
        one for wallet in identity.wallets_of(ctx, owner) for one in repository.ruble_entries(ctx, wallet, period.until)
    ]
    entries = sorted(every, key=lambda one: (one.block_number, one.log_index))
    opening = sum(_delta(one) for one in entries if one.at < period.since)
    shown = [one for one in entries if one.at >= period.since]
    return {
        "opening": format_kopeks(opening),
        "closing": format_kopeks(sum(_delta(one) for one in entries)),
        "free": format_kopeks(sum(one.free_delta for one in entries)),
        "held": format_kopeks(sum(one.held_delta for one in entries)),
        "in_transit": format_kopeks(sum(one.in_transit_delta for one in entries)),
        "frozen": format_kopeks(sum(one.frozen_delta for one in entries)),
        "entries": [
            {
                "at_msk": moscow(one.at),
                "kind": one.kind,
                "free": format_kopeks(one.free_delta),
                "total": format_kopeks(_delta(one)),
                "tx": one.tx_hash,
            }
            for one in shown
        ],
    }


def _delta(entry: Any) -> int:
    return int(entry.free_delta + entry.held_delta + entry.in_transit_delta + entry.frozen_delta)


def _operations(ctx: Context, owner: Participant, period: Period) -> list[dict[str, Any]]:
    numbers: dict[str, str] = {}
    for chain in repository.chain_issues(ctx):
        issue = issues.by_chain_id(ctx, chain.issue_id)
        numbers[chain.asset] = issue.number if issue else chain.symbol
    own = identity.wallets_of(ctx, owner)
    every = [
        one
        for wallet in own
        for one in repository.transfers(ctx, since=period.since, until=period.until, wallet=wallet)
        if not {one.from_address, one.to_address} <= set(own)  # from an own address to its successor
    ]
    moves = sorted(every, key=lambda one: (one.block_number, one.log_index))
    return [
        {
            "at_msk": moscow(one.at),
            "kind": one.kind,
            "issue": numbers.get(one.asset, one.asset),
            "units": one.units if one.to_address in own else -one.units,
            "tx": one.tx_hash,
        }
        for one in moves
    ]


def _payouts(ctx: Context, owner: Participant, period: Period) -> list[dict[str, Any]]:
    wallets = identity.wallets_of(ctx, owner)
    paid = [one for wallet in wallets for one in payouts.received_by(ctx, wallet, EVERYTHING).items]
    return [
        {
            "at_msk": moscow(one.payment.at),
            "issue": one.run.issue_number if one.run else one.chain.asset,
            "kind": one.chain.kind,
            "gross": format_kopeks(one.payment.gross_kopeks),
            "tax": format_kopeks(one.payment.withheld_kopeks),
            "net": format_kopeks(one.net_kopeks),
            "tx": one.payment.tx_hash,
        }
        for one in sorted(paid, key=lambda one: (one.payment.block_number, one.payment.log_index))
        if period.since <= one.payment.at <= period.until
    ]
