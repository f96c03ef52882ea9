"""Queries of identity; the ones that limit to own records live here and nowhere else."""

from __future__ import annotations

import hmac
import os
import unicodedata
from collections.abc import Sequence
from hashlib import sha256

from sqlmodel import col, select

from backend.core import vault
from backend.core.context import Context
from backend.core.ids import reference
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.identity.errors import ParticipantUnknown
from backend.identity.models import (
    Case,
    CaseFile,
    CaseRemark,
    CaseVersion,
    IdentitySecret,
    NumberSeries,
    Participant,
    ParticipantNote,
    WatchlistEntry,
)
from backend.identity.states import OPEN, CaseState
from indexer.models import ChainParticipant

_SECRET = "digests"  # noqa: S105 - the name of a row


def digest(ctx: Context, kind: str, value: str) -> str:
    """Keyed digest of a personal number or a folded name: equal values can be found, none can be read."""
    row = ctx.session.get(IdentitySecret, _SECRET)
    if row is None:
        row = IdentitySecret(name=_SECRET, sealed=vault.seal(ctx, "identity", os.urandom(32)))
        ctx.session.add(row)
        ctx.session.flush()
    key = vault.unseal(ctx, "identity", row.sealed)
    return hmac.new(key, f"{kind}:{fold(value)}".encode(), sha256).hexdigest()


def fold(value: str) -> str:
    """One spelling of a name: case, spaces and ё/е do not matter."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().replace("ё", "е").split())


def own_case(ctx: Context) -> Case | None:
    """The latest application of the asker; one whose data is destroyed is none."""
    statement = select(Case).where(Case.user_id == ctx.actor.user_id, col(Case.erased_at).is_(None))
    return ctx.session.exec(statement.order_by(col(Case.created_at).desc()).limit(1)).first()


def case_locked(ctx: Context, case_id: str) -> Case | None:
    """An application, locked for a move."""
    return ctx.session.exec(select(Case).where(Case.id == case_id).with_for_update()).first()


def cases(ctx: Context, request: PageRequest, state: CaseState | None) -> Page[Case]:
    """The queue, drafts left out."""
    statement = select(Case).where(Case.state != CaseState.DRAFT)
    if state is not None:
        statement = statement.where(Case.state == state)
    columns = {"submitted_at": col(Case.submitted_at), "state": col(Case.state), "kind": col(Case.kind)}
    return paginate(ctx.session, ordered(statement, request, columns, "-submitted_at"), request)


def other_open_cases(ctx: Context, case: Case) -> list[Case]:
    """Open or approved applications of others with the same ИНН or document."""
    same = [col(Case.inn_digest) == case.inn_digest] if case.inn_digest else []
    same += [col(Case.document_digest) == case.document_digest] if case.document_digest else []
    found: dict[str, Case] = {}
    for condition in same:
        statement = select(Case).where(condition, Case.user_id != case.user_id)
        statement = statement.where(col(Case.state).in_(OPEN | {CaseState.APPROVED}))
        found.update({one.id: one for one in ctx.session.exec(statement)})
    return list(found.values())


def files_of(ctx: Context, case_id: str) -> list[CaseFile]:
    """Documents of an application."""
    return list(ctx.session.exec(select(CaseFile).where(CaseFile.case_id == case_id)))


def remarks_of(ctx: Context, case_id: str) -> list[CaseRemark]:
    """Remarks, oldest first."""
    return list(ctx.session.exec(select(CaseRemark).where(CaseRemark.case_id == case_id).order_by(col(CaseRemark.at))))


def versions_of(ctx: Context, case_id: str) -> list[CaseVersion]:
    """Versions handed in."""
    statement = select(CaseVersion).where(CaseVersion.case_id == case_id).order_by(col(CaseVersion.version))
    return list(ctx.session.exec(statement))


def next_number(ctx: Context, prefix: str) -> str:
    """The next number of a series, given once."""
    row = ctx.session.exec(select(NumberSeries).where(NumberSeries.prefix == prefix).with_for_update()).first()
    if row is None:
        row = NumberSeries(prefix=prefix, next=1)
    number, row.next = row.next, row.next + 1
    ctx.session.add(row)
    ctx.session.flush()
    return reference(prefix, number)


def participant(ctx: Context, participant_id: str) -> Participant:
    """A participant; raises :class:`ParticipantUnknown`."""
    row = ctx.session.get(Participant, participant_id)
    if row is None:
        raise ParticipantUnknown
    return row


def participant_by_number(ctx: Context, number: str) -> Participant | None:
    """By the number that people use, e.g. KPT-INV-000017."""
    return ctx.session.exec(select(Participant).where(Participant.number == number.strip().upper())).first()


def participant_by_wallet(ctx: Context, wallet: str) -> Participant | None:
    """By address, the present one or one that was replaced."""
    return participants_by_wallets(ctx, [wallet]).get(wallet.lower())


def participants_by_wallets(ctx: Context, wallets: Sequence[str]) -> dict[str, Participant]:
    """Participants by address, present or replaced, for many addresses at once; unknown ones are left out."""
    found: dict[str, Participant] = {}
    for start in range(0, len(wallets), 500):
        part = [wallet.lower() for wallet in wallets[start : start + 500]]
        heirs = _heirs(ctx, part)
        statement = select(Participant).where(col(Participant.wallet).in_({*part, *heirs.values()}))
        known = {row.wallet: row for row in ctx.session.exec(statement)}
        found.update({one: known[now] for one in part if (now := heirs.get(one, one)) in known})
    return found


def wallets_of(ctx: Context, row: Participant) -> list[str]:
    """Every address that a participant has had, the present one first."""
    found, chain = [row.wallet], ChainParticipant
    while True:
        statement = select(chain.address).where(chain.replaced_by == found[-1], col(chain.address).not_in(found))
        before = ctx.session.exec(statement).first()
        if before is None:
            return found
        found.append(before)


def _heirs(ctx: Context, wallets: Sequence[str]) -> dict[str, str]:
    """The present address of each replaced one."""
    chain = ChainParticipant
    replaced = select(chain.address, chain.replaced_by).where(chain.status == "REPLACED")
    after = {old: new for old, new in ctx.session.exec(replaced).all() if new}
    found: dict[str, str] = {}
    for one in wallets:
        now = one
        while now in after:  # an address is replaced once and by a new one, so this ends
            now = after[now]
        if now != one:
            found[one] = now
    return found


def participants(ctx: Context, request: PageRequest, portal: str | None = None) -> Page[Participant]:
    """The register, searched by number, address or exact ИНН."""
    statement = select(Participant)
    if portal:
        statement = statement.where(Participant.portal == portal)
    if request.q:
        found = col(Participant.number).contains(request.q.upper()) | (col(Participant.wallet) == request.q.lower())
        if request.q.isdigit():
            found = found | (col(Participant.inn_digest) == digest(ctx, "inn", request.q))
        statement = statement.where(found)
    columns = {"number": col(Participant.number), "created_at": col(Participant.created_at)}
    return paginate(ctx.session, ordered(statement, request, columns, "number"), request)


def organisations_by_powers(ctx: Context, request: PageRequest) -> Page[Participant]:
    """Organisations, those whose signers' powers end first at the top, without an end last."""
    statement = select(Participant).where(Participant.kind == "ORGANISATION")
    order = (col(Participant.powers_until).asc().nulls_last(), col(Participant.number))
    return paginate(ctx.session, statement.order_by(*order), request)


def history_of(ctx: Context, participant_id: str) -> list[ParticipantNote]:
    """Changes of a participant, latest first."""
    statement = select(ParticipantNote).where(ParticipantNote.participant_id == participant_id)
    return list(ctx.session.exec(statement.order_by(col(ParticipantNote.at).desc())))


def watchlist_hits(ctx: Context, inn_digest: str | None, name_digest: str) -> list[WatchlistEntry]:
    """Entries with the same ИНН or name."""
    condition = col(WatchlistEntry.name_digest) == name_digest
    if inn_digest:
        condition = condition | (col(WatchlistEntry.inn_digest) == inn_digest)
    return list(ctx.session.exec(select(WatchlistEntry).where(condition)))
