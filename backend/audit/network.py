"""Who may seal blocks and who may join: what the node reports now, beside what the mirrored blocks prove, and where the two differ.

A node answers as much as its RPC allows; what it keeps to itself is None. An embedded development node has no validators at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlmodel import col, select

from backend.audit import repository
from backend.core.context import Context
from backend.core.permissions import Permission
from indexer.chain.proofs import genesis_validators, seals_of
from indexer.models import ChainBlock

WITHIN_S = 2.0
RECENT_BLOCKS = 1000
Ask = Callable[[str, list[Any]], Any]
"""A question to the node: its answer, or None when it gives none. Tests replace it."""


@dataclass(frozen=True, slots=True)
class ValidatorSeen:
    """A validator by three witnesses: the node's list, the last block's list, the blocks proposed of late."""

    address: str
    named_by_node: bool
    named_by_block: bool
    proposed: int
    last_block: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """The list of validators that a block names differs from the one before."""

    block: int
    added: list[str]
    gone: list[str]


@dataclass(frozen=True, slots=True)
class Network:
    """``consensus``: qbft, or none for a development node. ``drift``: what differs, as codes (see :data:`DRIFT`)."""

    reachable: bool
    client_version: str | None
    chain_id: int | None
    mirrored_chain_id: int | None
    head: int | None
    mirrored: int | None
    peers: int | None
    consensus: str
    validators: list[ValidatorSeen] = field(default_factory=list)
    history: list[Change] = field(default_factory=list)
    allowed_nodes: list[str] | None = None
    allowed_accounts: list[str] | None = None
    drift: list[str] = field(default_factory=list)


def network(ctx: Context, ask: Ask | None = None) -> Network:
    """Ask the node and compare; for officers and auditors."""
    ctx.require(Permission.EXPLORER_READ)
    ctx.require(Permission.HOLDER_READ_ALL)
    question = ask or _asker(ctx.settings.rpc_urls)
    version, chain_id = question("web3_clientVersion", []), _number(question("eth_chainId", []))
    head = _number(question("eth_blockNumber", []))
    reachable = chain_id is not None
    named = question("qbft_getValidatorsByBlockNumber", ["latest"]) if reachable else None
    cursor = repository.cursor(ctx)
    named_by_block, history = _of_blocks(ctx, cursor.height if cursor else 0)
    validators = _seen(ctx, cursor.height if cursor else 0, _texts(named) or [], named_by_block)
    found = Network(
        reachable=reachable,
        client_version=str(version) if version else None,
        chain_id=chain_id,
        mirrored_chain_id=cursor.chain_id if cursor else None,
        head=head,
        mirrored=cursor.height if cursor else None,
        peers=_number(question("net_peerCount", [])) if reachable else None,
        consensus="qbft" if named_by_block or named else "none",
        validators=validators,
        history=history,
        allowed_nodes=_texts(question("perm_getNodesAllowlist", [])) if reachable else None,
        allowed_accounts=_texts(question("perm_getAccountsAllowlist", [])) if reachable else None,
    )
    found.drift.extend(_drift(found, told=named is not None))
    return found


DRIFT = ("chain_differs", "mirror_ahead", "lists_differ", "stranger_proposed", "silent_validator")
"""Another chain than the mirror's; a mirror beyond the node's head; node and block name other validators; a proposer whom nobody names;
a validator who proposed none of the recent blocks though there were enough for all."""


def _drift(found: Network, *, told: bool) -> list[str]:
    seen = []
    if None not in (found.chain_id, found.mirrored_chain_id) and found.chain_id != found.mirrored_chain_id:
        seen.append("chain_differs")
    if found.head is not None and found.mirrored is not None and found.mirrored > found.head:
        seen.append("mirror_ahead")
    if found.consensus == "none":
        return seen
    if told and any(one.named_by_node != one.named_by_block for one in found.validators):
        seen.append("lists_differ")
    if any(one.proposed and not one.named_by_block for one in found.validators):
        seen.append("stranger_proposed")
    busy = sum(one.proposed for one in found.validators) >= 2 * len(found.validators)
    if busy and any(one.named_by_block and not one.proposed for one in found.validators):
        seen.append("silent_validator")
    return seen


def _of_blocks(ctx: Context, height: int) -> tuple[list[str], list[Change]]:
    """Validators that the last block names, and the changes of their list in the recent blocks, the latest first."""
    rows = ChainBlock
    statement = select(rows.number, rows.header).where(rows.number > height - RECENT_BLOCKS).order_by(col(rows.number))
    before: list[str] | None = None
    changes: list[Change] = []
    for number, header in ctx.session.exec(statement):
        named = _named(dict(header), number)
        if named is None:
            continue
        if before is not None and set(named) != set(before):
            changes.append(Change(number, sorted(set(named) - set(before)), sorted(set(before) - set(named))))
        before = named
    return before or [], changes[::-1]


def _named(header: dict[str, Any], number: int) -> list[str] | None:
    if "mixHash" not in header or "extraData" not in header:
        return None
    if number == 0:
        first = genesis_validators(header)
        return list(first) if first is not None else None
    seals = seals_of(header, recover=False)
    return list(seals.validators) if seals is not None else None


def _seen(ctx: Context, height: int, by_node: list[str], by_block: list[str]) -> list[ValidatorSeen]:
    proposed = {address: (blocks, last) for address, blocks, last in repository.proposers(ctx, height - RECENT_BLOCKS)}
    everybody = sorted({*by_node, *by_block, *(proposed if by_block or by_node else ())})
    return [
        ValidatorSeen(
            one, one in by_node, one in by_block, proposed.get(one, (0, None))[0], proposed.get(one, (0, None))[1]
        )
        for one in everybody
    ]


def _asker(urls: Sequence[str]) -> Ask:
    """The first node that answers; its chain id is among the questions, so a strange one shows."""
    left = list(urls)

    def ask(method: str, params: list[Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        while left:
            try:
                answer = httpx.post(left[0], json=body, timeout=WITHIN_S, trust_env=False).json()
            except (httpx.HTTPError, ValueError):
                left.pop(0)  # a dead node is waited for once
            else:
                return answer.get("result") if isinstance(answer, dict) else None
        return None

    return ask


def _number(value: Any) -> int | None:
    try:
        return int(str(value), 16) if value is not None else None
    except ValueError:
        return None


def _texts(value: Any) -> list[str] | None:
    return (
        [str(one).lower() if str(one).startswith("0x") else str(one) for one in value]
        if isinstance(value, list)
        else None
    )
