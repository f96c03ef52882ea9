"""The nodes: do they answer, are they one chain at one height, is gas free, are their lists and clocks right."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from sqlalchemy import func
from sqlmodel import select

from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import Session
from backend.network import drift, repository
from backend.network.answers import Meaning
from backend.network.models import NetworkChange
from backend.network.nodes import Network, NetworkNode
from backend.network.rpc import NodeClient
from backend.network.states import ChangeState, Kind
from indexer.models import ChainCursor
from scripts.doctoring.findings import Finding, bad, good, nothing
from scripts.doctoring.house import House

WITHIN_S = 5.0
APART_AT_MOST = 2
SKEW_S = 2.0
LATE_S = 60.0
STALLED_PERIODS = 10
STALLED_S = 30.0
NOBODY = "0x00000000000000000000000000000000d0c70a00"
"""An address without ether: what it may call costs nothing."""


@dataclass(slots=True)
class Told:
    """What one node answered; None where it gave none."""

    node: NetworkNode
    reachable: bool = False
    why: str = ""
    chain_id: int | None = None
    genesis: str | None = None
    head: int | None = None
    head_time: int | None = None
    base_fee: int | None = None
    gas_price: int | None = None
    free_call: str | None = None
    peers: int | None = None
    skew_s: float | None = None
    hashes: dict[int, str] = field(default_factory=dict)


def look(house: House, mirrored: ChainCursor | None) -> tuple[list[Finding], list[Told]]:
    """All findings about nodes, and what they told."""
    with ThreadPoolExecutor(max_workers=len(house.nodes)) as pool:
        told = list(pool.map(lambda one: ask(house, one), house.nodes))
    heard = [one for one in told if one.reachable]
    findings = [_reachable(house, told)]
    if heard:
        _read_common_block(house, heard)
        checks: list[Callable[[], Finding]] = [
            lambda: _chain_id(house, heard, mirrored),
            lambda: _genesis(house, heard, mirrored),
            lambda: _heads(heard),
            lambda: _moves(house, heard),
            lambda: _peers(house, told),
            lambda: _free_gas(house, heard),
            lambda: _clocks(house, heard),
        ]
        findings += [check() for check in checks]
    return findings, told


def ask(house: House, node: NetworkNode) -> Told:
    """One node's answers to the doctor's questions."""
    told = Told(node)
    dates: list[float] = []

    def note(response: httpx.Response) -> None:
        stamp = response.headers.get("date")
        if stamp:
            dates.append(parsedate_to_datetime(stamp).timestamp() - time.time())

    network = house.network or Network(chain_id=house.settings.chain_id, nodes=(node,))
    http = httpx.Client(timeout=WITHIN_S, trust_env=False, event_hooks={"response": [note]})
    with http, NodeClient(network, node, http=http) as client:
        first = client.ask("eth_chainId", [])
        told.reachable, told.why = first.meaning == Meaning.OK, first.detail or first.meaning.value
        if not told.reachable:
            return told
        told.chain_id = _number(first.value)
        told.genesis = (_value(client, "eth_getBlockByNumber", ["0x0", False]) or {}).get("hash")
        head = _value(client, "eth_getBlockByNumber", ["latest", False]) or {}
        told.head, told.head_time = _number(head.get("number")), _number(head.get("timestamp"))
        told.base_fee = _number(head.get("baseFeePerGas"))
        told.gas_price = _number(_value(client, "eth_gasPrice", []))
        call = {"from": NOBODY, "to": NOBODY, "gasPrice": "0x0", "data": "0x"}
        answer = client.ask("eth_estimateGas", [call])
        told.free_call = None if answer.meaning == Meaning.OK else answer.detail or answer.meaning.value
        told.peers = _number(_value(client, "net_peerCount", []))
    # The header counts whole seconds and was written before it arrived: the largest difference is the nearest to the truth.
    told.skew_s = max(dates, key=lambda one: -abs(one)) if dates else None
    return told


def lists(house: House, session: Session, told: list[Told]) -> list[Finding]:
    """Permission lists of the nodes against the wanted ones of the database."""
    network = house.network
    if network is None:
        return [nothing("permissions", "the embedded node has no permission lists")]
    ctx = Context(session=session, clock=SystemClock(), actor=Actor.system("doctor"), settings=house.settings)
    job = repository.job(ctx)
    if job is None:
        return [
            bad(
                "permissions",
                "the wanted lists were never written",
                f"start the worker, it reads nodes.json at its first round: {house.start}",
            )
        ]
    wanted = {kind: repository.wanted_values(ctx, kind) for kind in (Kind.ACCOUNT, Kind.NODE)}
    findings = [
        _drift(house, network, one.node, wanted, repository.undelivered(ctx, one.node.name))
        for one in told
        if one.reachable
    ]
    late = _late(ctx)
    if late:
        step = f"is the worker running? {house.portal('/office/network/history')} tells what each node answered"
        findings.append(
            bad("deliveries", f"{late} changes of the lists have not reached every node for over a minute", step)
        )
    alarms = repository.alarms(ctx, open_only=True)
    foreign = [one for one in alarms if one.sender]
    if foreign:
        one = foreign[0]
        text = f"{len(foreign)} transactions of senders outside the list, e.g. {one.sender} in block {one.block_number}"
        findings.append(
            bad(
                "senders",
                text,
                f"one validator's list admits it: compare them, docs/runbooks/network-permissions.md; then close the alarms: {house.portal('/office/network')}",
            )
        )
    else:
        findings.append(good("senders", f"every sender up to block {job.looked_up_to} was admitted"))
    return findings


def _late(ctx: Context) -> int:
    before = repository.wall() - timedelta(seconds=LATE_S)
    rows = select(func.count()).where(NetworkChange.state == ChangeState.OPEN, NetworkChange.kind != Kind.VALIDATOR)
    return ctx.session.exec(rows.where(NetworkChange.requested_at < before)).one()


def _drift(
    house: House, network: Network, node: NetworkNode, wanted: dict[Kind, list[str]], on_way: set[tuple[Kind, str]]
) -> Finding:
    with NodeClient(network, node, timeout_s=WITHIN_S) as client:
        found = drift.compare(client, wanted)
    check = f"lists {node.name}"
    if found.answer.meaning != Meaning.OK:
        text = f"{node.name} tells no lists: {found.answer.detail or found.answer.meaning.value}"
        step = {
            Meaning.UNAUTHORIZED: f"is {network.jwt_key_file} the key whose public half the node was started with?",
            Meaning.NOT_ENABLED: "start the node with permissions-accounts-config-file-enabled and the PERM methods",
        }.get(found.answer.meaning, "look into the node's log")
        return bad(check, text, step)
    waits = {value for _, value in on_way}
    missing = [one for of in found.lists.values() for one in of.missing if one not in waits]
    extra = [one for of in found.lists.values() for one in of.extra if one not in waits]
    if missing or extra:
        step = (
            f"find out who changed it (docs/runbooks/network-permissions.md), then align the node: {house.portal('/office/network/drift')}, "
            f"or `python -m backend.network repair {node.name}` with the settings of this installation"
        )
        told = [
            f"{len(listed)} {word}, e.g. {listed[0]}"
            for listed, word in ((missing, "missing"), (extra, "too much"))
            if listed
        ]
        return bad(check, "; ".join(told), step)
    return good(check, f"as wanted: {len(wanted[Kind.ACCOUNT])} accounts, {len(wanted[Kind.NODE])} nodes")


# --- one line each ---------------------------------------------------------------------------------------------------


def _reachable(house: House, told: list[Told]) -> Finding:
    silent = [one for one in told if not one.reachable]
    if not silent:
        return good("nodes", f"{len(told)} of {len(told)} answer")
    names = ", ".join(f"{one.node.name} ({one.node.rpc_url}: {one.why})" for one in silent)
    text = f"{len(told) - len(silent)} of {len(told)} answer; silent: {names}"
    network = house.network
    if network is None:
        return bad("nodes", text, f"start it: {house.start}")
    of, left = len(network.validators), sum(one.reachable and one.node.role == "validator" for one in told)
    quorum = -(-2 * of // 3)
    if left < quorum:
        text += f". {left} of {of} validators are left and {quorum} must seal: no block is made, nothing is lost"
        return bad("nodes", text, f"start ALL validators anew, docs/runbooks/lose-quorum.md; {_status(network)}")
    if left < of:
        text += (
            f". Blocks go on; {left - quorum} more validators may fail"
            if left > quorum
            else ". Blocks go on; no other may fail"
        )
    return bad("nodes", text, f"start it again, docs/runbooks/lose-validator.md; {_status(network)}")


def _status(network: Network) -> str:
    """Where more is told of nodes that run as processes of this machine; in containers their logs do."""
    if not (network.folder / "nodes").is_dir():
        return "its container's log tells why it ended"
    return f'`make network ARGS="status --dir {network.folder}"`; log: {network.folder}/nodes/NAME/besu.log'


def _chain_id(house: House, heard: list[Told], mirrored: ChainCursor | None) -> Finding:
    wanted = house.settings.chain_id
    other = [f"{one.node.name}: {one.chain_id}" for one in heard if one.chain_id != wanted]
    if house.network is not None and house.network.chain_id != wanted:
        other.append(f"nodes.json: {house.network.chain_id}")
    if mirrored is not None and mirrored.chain_id != wanted:
        other.append(f"database: {mirrored.chain_id}")
    if other:
        return bad(
            "chain id",
            f"wanted {wanted}, but {', '.join(other)}",
            "KAPITAL_RPC_URL or the database belongs to another network",
        )
    return good("chain id", f"{wanted} everywhere")


def _genesis(house: House, heard: list[Told], mirrored: ChainCursor | None) -> Finding:
    found = {one.node.name: one.genesis or "none" for one in heard}
    if house.network is not None and house.network.genesis_hash:
        found["nodes.json"] = house.network.genesis_hash
    if mirrored is not None:
        found["database"] = mirrored.genesis_hash
    if len(set(found.values())) > 1:
        text = "; ".join(f"{name} {value}" for name, value in found.items())
        return bad(
            "genesis",
            f"differs: {text}",
            "a node or the database began with another genesis.json: wipe its data and let it sync, or restore the right database",
        )
    return good("genesis", f"{next(iter(found.values()))} everywhere")


def _heads(heard: list[Told]) -> Finding:
    heads = {one.node.name: one.head if one.head is not None else -1 for one in heard}
    low, high = min(heads.values()), max(heads.values())
    if high - low > APART_AT_MOST:
        behind = ", ".join(f"{name} at {head}" for name, head in heads.items() if high - head > APART_AT_MOST)
        return bad(
            "heads", f"highest {high}, behind: {behind}", "is it syncing, or cut off? its peers and its log tell"
        )
    hashes = {value for one in heard for number, value in one.hashes.items() if number == low}
    if len(hashes) > 1:
        return bad(
            "heads",
            f"block {low} has {len(hashes)} hashes: the chain has split",
            "stop worker and indexer, change nothing on the nodes, read docs/runbooks/disaster-recovery.md",
        )
    return good("heads", f"{high}" if low == high else f"{low} to {high}, same block at {low}")


def _moves(house: House, heard: list[Told]) -> Finding:
    newest = max((one.head_time or 0 for one in heard), default=0)
    age = time.time() - newest
    if house.embedded:
        return nothing("block age", "the embedded node makes blocks when there is something to put in")
    limit = max(STALLED_PERIODS * (house.network.period_s if house.network else 1.0), STALLED_S)
    if age > limit:
        return bad(
            "block age",
            f"the last block is {age:.0f} s old: the chain stands still",
            "two thirds of the validators must run and see each other: docs/runbooks/lose-quorum.md",
        )
    return good("block age", f"the last block is {max(age, 0):.0f} s old")


def _peers(house: House, told: list[Told]) -> Finding:
    if house.embedded:
        return nothing("peers", "the embedded node has none")
    heard = [one for one in told if one.reachable]
    wanted = len(heard) - 1  # who is silent is told above, and is nobody's peer
    few = [
        f"{one.node.name} has {'?' if one.peers is None else one.peers}"
        for one in told
        if one.reachable and (one.peers is None or one.peers < wanted)
    ]
    if few:
        step = "compare the node's list and static-nodes.json with the enodes of nodes.json; are the ports open?"
        return bad("peers", f"every node should have {wanted}, but {', '.join(few)}", step)
    return good("peers", f"every node has the {wanted} others" + ("" if len(heard) == len(told) else " that answer"))


def _free_gas(house: House, heard: list[Told]) -> Finding:
    dear = [f"{one.node.name} base fee {one.base_fee}" for one in heard if one.base_fee]
    if not house.embedded:  # what the embedded node proposes binds nobody; what Besu proposes is the least it takes
        dear += [f"{one.node.name} asks {one.gas_price} wei" for one in heard if one.gas_price]
    refused = [f"{one.node.name}: {one.free_call}" for one in heard if one.free_call]
    if dear or refused:
        return bad(
            "free gas",
            f"a transaction at price 0 doesn't pass: {', '.join([*dear, *refused])}",
            "genesis needs zeroBaseFee, every node min-gas-price=0",
        )
    return good("free gas", "an account without ether may call at price 0 on every node")


def _clocks(house: House, heard: list[Told]) -> Finding:
    ahead = {one.node.name: float(one.head_time or 0) - time.time() for one in heard}
    wrong = (
        []
        if house.settings.clock == "chain"
        else [f"{name}: block {value:.0f} s in the future" for name, value in ahead.items() if value > SKEW_S]
    )
    wrong += [
        f"{one.node.name}: clock {one.skew_s:+.0f} s"
        for one in heard
        if one.skew_s is not None and abs(one.skew_s) > SKEW_S
    ]
    if wrong:
        return bad(
            "clocks",
            "; ".join(wrong),
            "set the clocks by NTP: nodes refuse blocks from the future, and record dates are judged by them",
        )
    known = [abs(one.skew_s) for one in heard if one.skew_s is not None]
    return good(
        "clocks", f"at most {max(known):.0f} s apart" if known else "no block is ahead of this computer's clock"
    )


def _read_common_block(house: House, heard: list[Told]) -> None:
    low = min(one.head if one.head is not None else 0 for one in heard)

    def read(one: Told) -> None:
        network = house.network or Network(chain_id=house.settings.chain_id, nodes=(one.node,))
        with NodeClient(network, one.node, timeout_s=WITHIN_S) as client:
            block = _value(client, "eth_getBlockByNumber", [hex(low), False])
            if isinstance(block, dict) and block.get("hash"):
                one.hashes[low] = str(block["hash"])

    with ThreadPoolExecutor(max_workers=len(heard)) as pool:
        list(pool.map(read, heard))


def _value(client: NodeClient, method: str, params: list[Any]) -> Any:
    answer = client.ask(method, params)
    return answer.value if answer.meaning == Meaning.OK else None


def _number(value: Any) -> int | None:
    try:
        return int(str(value), 16) if value is not None else None
    except ValueError:
        return None
