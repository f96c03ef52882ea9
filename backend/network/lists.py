"""The wanted lists: who may send, which nodes may join. A change is stored with its author, reason and journal entry, then fanned out.

Every wallet that custody makes is wanted from its first moment on; it may send when the nodes admit it (:mod:`backend.network.fanout`).
"""

from __future__ import annotations

from backend.core.context import Context
from backend.core.errors import Invalid, NotAllowedInState
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.custody.models import Wallet
from backend.network import repository, values
from backend.network.errors import EntryListed, EntryNotListed
from backend.network.models import NetworkChange, NetworkEntry, NetworkJob
from backend.network.nodes import Network, required
from backend.network.states import Action, ChangeState, Kind

LONGEST_REASON = 300
WALLETS_AT_ONCE = 500
FROM_THE_START = -1
WALLET_REASON = "wallet"
SEED_REASON = "genesis"


def allow(ctx: Context, kind: Kind, text: str, *, reason: str, label: str = "") -> NetworkChange:
    """Want an account or a node; raises :class:`EntryListed` when it is wanted already."""
    network = _managed(ctx)
    value, why = values.entry(kind, text), checked_reason(reason)
    if _listed(ctx, kind, value):
        raise EntryListed(field="value")
    return _change(ctx, network, kind, Action.ADD, value, why, label.strip()[:120])


def remove(ctx: Context, kind: Kind, text: str, *, reason: str) -> NetworkChange:
    """Want it no more. A system wallet in use can't be removed: the platform itself would fall silent."""
    network = _managed(ctx)
    value, why = values.entry(kind, text), checked_reason(reason)
    value = _listed(ctx, kind, value) or value
    row = repository.entry(ctx, kind, value)
    if row is None or not row.wanted:
        raise EntryNotListed(field="value")
    wallet = repository.wallet(ctx, value) if kind == Kind.ACCOUNT else None
    if wallet is not None and wallet.owner_kind == "system" and wallet.retired_at is None:
        raise NotAllowedInState(
            "Это действующий кошелёк системы: без допуска платформа не отправит ни одной транзакции.",
            "This is a system wallet in use: without it the platform can't send anything.",
            field="value",
        )
    return _change(ctx, network, kind, Action.REMOVE, value, why, row.label)


def seed(ctx: Context, network: Network) -> NetworkJob:
    """Begin with what the network was made with: its system accounts and nodes, and the wallets there are; once."""
    present = repository.job(ctx)
    if present is not None:
        return present
    row = NetworkJob(id=1, seeded_at=repository.wall())
    ctx.session.add(row)
    ctx.session.flush()
    accounts = network.system_accounts()
    enodes = network.enodes()
    details = {"accounts": len(accounts), "nodes": len(enodes)}
    entry = record(ctx, action="network.lists.seeded", entity="network", entity_id="lists", details=details)
    for kind, listed in ((Kind.ACCOUNT, accounts), (Kind.NODE, enodes)):
        for value, label in listed.items():
            _store(ctx, kind, Action.ADD, value, SEED_REASON, label, FROM_THE_START, entry.seq, ChangeState.DONE)
    wallets = [one for one in repository.new_wallets(ctx, None) if one.address not in accounts]
    ids = [_admit(ctx, one, FROM_THE_START, entry.seq).id for one in wallets]
    repository.add_deliveries(ctx, ids, [one.name for one in network.nodes])
    return row


def admit_wallets(ctx: Context, network: Network) -> int:
    """Want the wallets that custody has made since; how many there were."""
    fresh = repository.new_wallets(ctx, WALLETS_AT_ONCE)
    if not fresh:
        return 0
    height = repository.height(ctx)
    ids: list[str] = []
    for one in fresh:
        change = _admit(ctx, one, height, None)
        details = {"kind": Kind.ACCOUNT.value, "value": one.address, "owner": one.owner_kind, "change": change.id}
        entry = record(ctx, action="network.account.allowed", entity="network", entity_id=change.id, details=details)
        change.journal_seq = entry.seq
        ids.append(change.id)
    repository.add_deliveries(ctx, ids, [one.name for one in network.nodes])
    return len(fresh)


def not_admitted(ctx: Context) -> set[str]:
    """Wallets whose next call must wait until the nodes admit them; the sender asks this each round."""
    return repository.waiting_wallets(ctx, limit=5000)


def checked_reason(reason: str) -> str:
    """Never empty: it stands in the journal for ever."""
    text = " ".join(reason.split())
    if not text:
        raise Invalid("Укажите причину.", "State the reason.", field="reason")
    if len(text) > LONGEST_REASON:
        raise Invalid(f"Не длиннее {LONGEST_REASON} знаков.", f"At most {LONGEST_REASON} characters.", field="reason")
    return text


# --- inside ----------------------------------------------------------------------------------------------------------


def _managed(ctx: Context) -> Network:
    ctx.require(Permission.NETWORK_MANAGE)
    ctx.require_step_up()
    network = required(ctx.settings)
    seed(ctx, network)
    return network


def _listed(ctx: Context, kind: Kind, value: str) -> str | None:
    """The stored form of a wanted entry: a node may be stored with another discovery port."""
    if kind == Kind.ACCOUNT:
        row = repository.entry(ctx, kind, value)
        return row.value if row is not None and row.wanted else None
    key = values.key_of(kind, value)
    return next((one for one in repository.wanted_values(ctx, kind) if values.key_of(kind, one) == key), None)


def _change(
    ctx: Context, network: Network, kind: Kind, action: Action, value: str, reason: str, label: str
) -> NetworkChange:
    for old in repository.open_changes(ctx, kind, value, ChangeState.OPEN):
        old.state, old.finished_at = ChangeState.SUPERSEDED, repository.wall()
        ctx.session.add(old)
    ctx.session.flush()
    change = _store(ctx, kind, action, value, reason, label, repository.height(ctx), None, ChangeState.OPEN)
    verb = "allowed" if action == Action.ADD else "removed"
    details = {"kind": kind.value, "value": value, "reason": reason, "change": change.id}
    entry = record(
        ctx, action=f"network.{kind.value.lower()}.{verb}", entity="network", entity_id=change.id, details=details
    )
    change.journal_seq = entry.seq
    ctx.session.add(change)
    repository.add_deliveries(ctx, [change.id], [one.name for one in network.nodes])
    return change


def _admit(ctx: Context, wallet: Wallet, after_block: int, seq: int | None) -> NetworkChange:
    label = f"{wallet.owner_kind} {wallet.owner_id}"[:120]
    return _store(
        ctx, Kind.ACCOUNT, Action.ADD, wallet.address, WALLET_REASON, label, after_block, seq, ChangeState.OPEN
    )


def _store(
    ctx: Context,
    kind: Kind,
    action: Action,
    value: str,
    reason: str,
    label: str,
    after_block: int,
    seq: int | None,
    state: ChangeState,
) -> NetworkChange:
    now = repository.wall()
    done = now if state == ChangeState.DONE else None
    change = NetworkChange(
        id=new_id(),
        kind=kind,
        action=action,
        value=value,
        label=label,
        reason=reason,
        state=state,
        requested_by=ctx.actor.author,
        requested_at=now,
        finished_at=done,
        after_block=after_block,
        journal_seq=seq,
    )
    row = repository.entry(ctx, kind, value) or NetworkEntry(
        kind=kind, value=value, wanted=True, change_id=change.id, since=now
    )
    row.wanted, row.label, row.change_id, row.since = action == Action.ADD, label, change.id, now
    row.effective_at = done
    ctx.session.add(change)
    ctx.session.add(row)
    ctx.session.flush()
    return change
