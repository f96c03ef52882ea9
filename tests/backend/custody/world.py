"""A node in memory that misbehaves on demand, and units of work that die at named places, for tests of the outbox."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils import keccak
from hexbytes import HexBytes
from sqlalchemy.engine import Engine
from sqlmodel import func, select

from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.core.ids import bytes32_of
from backend.custody import service as custody
from backend.custody.keys.chosen import KeyStores
from backend.custody.models import Intent, Wallet
from backend.custody.node import Call, NodeDownError, NodeError, NodeRefusedError, Receipt
from backend.custody.outbox import Outbox
from backend.custody.states import FINAL, IntentState
from backend.custody.work import Limits
from backend.settings import Settings
from indexer.models import ChainBlock
from tests.factories.chain import Chain, address, word

REVERT_DATA = "0x" + keccak(text="RublesZeroAmount()")[:4].hex()
CHAIN_ID = 1337
FOREIGN = "0xbad0"
"""Call data of a transaction that is not ours."""


class KilledError(BaseException):
    """The process was killed at this line."""


@dataclass
class Faults:
    """When to kill and when to lose an answer; nothing by default."""

    kill: Callable[[str], bool] = lambda _point: False
    lose: Callable[[str], bool] = lambda _method: False

    def point(self, name: str) -> None:
        if self.kill(name):
            raise KilledError(name)


def at_random(seed: int, often: float) -> Faults:
    """Kill and lose at any point with a chance, the same every time for a seed."""
    chance = random.Random(seed)
    return Faults(lambda _point: chance.random() < often, lambda _method: chance.random() < often)


def at_call(wanted: int) -> Faults:
    """Kill once, at the given point counted from 0."""
    count = [0]

    def kill(point: str) -> bool:
        count[0] += 1
        return count[0] == wanted + 1

    return Faults(kill)


@dataclass(frozen=True)
class Mined:
    """A transaction in a block."""

    hash: str
    sender: str
    nonce: int
    data: str
    status: int


@dataclass
class FakeNode:
    """A node with one pool. ``refused`` call data fail in simulation, ``reverted`` only when mined; ``needs`` is gas by call data."""

    needs: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    reverted: set[str] = field(default_factory=set)
    faults: Faults = field(default_factory=Faults)
    hook: Callable[[str], None] = lambda _method: None
    pool: dict[str, Mined] = field(default_factory=dict)
    blocks: list[Mined] = field(default_factory=list)
    heights: list[list[Mined]] = field(default_factory=list)
    payloads: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    foreign: dict[str, int] = field(default_factory=dict)

    def simulate(self, *, sender: str, to: str, data: str, block: str = "latest") -> None:
        del sender, to
        with self._answering("replay"):
            if data in self.refused or (block != "latest" and data in self.reverted):
                raise NodeRefusedError(3, "execution reverted", REVERT_DATA)

    def block_number(self) -> int:
        with self._answering("head"):
            return len(self.heights)

    def mined(self, number: int) -> list[str]:
        with self._answering("receipts"):
            return [one.hash for one in self.heights[number - 1]] if number else []

    def simulate_many(self, calls: Sequence[Call]) -> list[NodeError | None]:
        with self._answering("simulate"):
            refusal = NodeRefusedError(3, "execution reverted", REVERT_DATA)
            return [refusal if call.data in self.refused else self._simulated(call) for call in calls]

    def estimate_many(self, calls: Sequence[Call]) -> list[int | NodeError]:
        with self._answering("estimate"):
            refusal = NodeRefusedError(3, "execution reverted", REVERT_DATA)
            return [
                refusal if call.data in self.refused else self._lost("estimate") or self._needed(call) for call in calls
            ]

    def transaction_counts(self, addresses: Sequence[str]) -> list[int | NodeError]:
        with self._answering("count"):
            return [self._lost("count") or self._count(address) for address in addresses]

    def known(self, hashes: Sequence[str]) -> list[bool | NodeError]:
        with self._answering("has"):
            return [self._lost("has") or self._has(one) for one in hashes]

    def receipts(self, hashes: Sequence[str]) -> list[Receipt | NodeError | None]:
        with self._answering("receipt"):
            return [self._lost("receipt") or self._receipt(one) for one in hashes]

    def _receipt(self, tx_hash: str) -> Receipt | None:
        found = [(n, one) for n, block in enumerate(self.heights, 1) for one in block if one.hash == tx_hash]
        return Receipt(found[0][0], found[0][1].status == 1) if found else None

    def send_many(self, raws: Sequence[str]) -> list[NodeError | None]:
        with self._answering("send"):
            return [self._send(raw) for raw in raws]

    def _needed(self, call: Call) -> int:
        return self.needs.get(call.data, 100_000)

    def _simulated(self, call: Call) -> NodeError | None:
        if call.gas is not None and call.gas < self._needed(call):
            # As anvil says it of a call with a limit: it sounds like a fault of the node.
            return NodeDownError("eth_call: -32603: EVM error ReentrancySentryOOG")
        return self._lost("simulate")

    def _has(self, tx_hash: str) -> bool:
        return tx_hash in self.pool or any(one.hash == tx_hash for one in self.blocks)

    def _send(self, raw: str) -> NodeError | None:
        if self.faults.lose("send:one"):
            return NodeDownError("one of the batch did not arrive")
        one = self._read(raw)
        self.payloads.setdefault((one.sender, one.nonce), set()).add(one.hash)
        if one.nonce < self._count(one.sender):
            return NodeRefusedError(-32000, "Nonce too low", None)
        if one.hash in self.pool:
            return NodeRefusedError(-32000, "Known transaction", None)
        self.pool[one.hash] = one
        return self._lost("send:one")

    def _lost(self, method: str) -> NodeDownError | None:
        return NodeDownError(f"one answer to {method} was lost") if self.faults.lose(method) else None

    def restart(self) -> None:
        """The pool is gone; what is mined stays."""
        self.pool.clear()

    def forget_blocks(self) -> None:
        """A crash before anything was written: everything mined and the pool are gone."""
        self.pool.clear()
        self.blocks.clear()
        self.heights.clear()

    def mine(self) -> list[Mined]:
        """A block of everything in the pool that is next in its sender's order."""
        found: list[Mined] = []
        for one in sorted(self.pool.values(), key=lambda each: (each.sender, each.nonce)):
            if one.nonce == self._count(one.sender):
                del self.pool[one.hash]
                self.blocks.append(one)
                found.append(one)
        self.heights.append(found)
        return found

    def nonces(self, wallet: str) -> list[int]:
        """Nonces of a sender in the order of mining."""
        return [one.nonce for one in self.blocks if one.sender == wallet]

    def executed(self) -> list[str]:
        """Call data that a contract has carried out, in order."""
        return [one.data for one in self.blocks if one.status == 1]

    @contextmanager
    def _answering(self, method: str) -> Iterator[None]:
        self.hook(method)
        self.faults.point(f"{method}:before")
        if self.faults.lose(method):
            raise NodeDownError(f"{method} did not arrive")
        yield
        self.faults.point(f"{method}:after")
        if self.faults.lose(method):
            raise NodeDownError(f"the answer to {method} was lost")

    def _count(self, wallet: str) -> int:
        return self.foreign.get(wallet, 0) + len(self.nonces(wallet))

    def _read(self, raw: str) -> Mined:
        sender = Account.recover_transaction(raw).lower()
        content = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        data = "0x" + bytes(HexBytes(content["data"])).hex()
        tx_hash = "0x" + keccak(bytes.fromhex(raw[2:])).hex()
        return Mined(tx_hash, sender, int(content["nonce"]), data, 0 if data in self.reverted else 1)


@dataclass
class World:
    """One database, one node, and what a test does with them."""

    engine: Engine
    settings: Settings
    node: FakeNode = field(default_factory=FakeNode)
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)

    @contextmanager
    def unit(self) -> Iterator[Context]:
        """A unit of work that may die before it begins, before it commits, and after it has."""
        self.faults.point("unit:begin")
        with self.steady() as ctx:
            yield ctx
            ctx.session.flush()
            self.faults.point("unit:commit")
        self.faults.point("unit:after")

    @contextmanager
    def steady(self) -> Iterator[Context]:
        """A unit of work of the test itself."""
        with unit_of_work(self.engine) as session:
            yield Context(session, SystemClock(), Actor.system("worker"), self.settings)

    def worker(self, name: str = "one") -> Outbox:
        """A process of this name, as it is after its start."""
        keys = KeyStores(self.settings)
        return Outbox(self.unit, self.node, keys, chain_id=CHAIN_ID, worker=name, limits=self.limits, hold_s=0.0)

    def wallet(self, owner: str) -> str:
        """A wallet of the operator."""
        with self.steady() as ctx:
            return custody.create_wallet(ctx, "officer", owner)

    def ask(self, wallet: str, number: int) -> Intent:
        """Promise one call that differs from all others."""
        with self.steady() as ctx:
            return custody.request_call(
                ctx,
                wallet=wallet,
                contract="Rubles",
                function="credit",
                args=[address(0xABC), 100 + number, bytes32_of(f"payment {number}")],
                idempotency_key=f"credit:{number}",
                ref_kind="test",
                ref_id=str(number),
                summary="",
            )

    def intents(self) -> list[Intent]:
        """Every intent as it stands, in order."""
        with self.steady() as ctx:
            return list(ctx.session.exec(select(Intent).order_by(Intent.created_at)))  # type: ignore[arg-type]  # a column

    def wallet_row(self, wallet: str) -> Wallet:
        """A wallet as it stands."""
        with self.steady() as ctx:
            return ctx.session.get_one(Wallet, wallet)

    def time_passes(self, seconds: int = 60) -> None:
        """Leases and waits end, as if the clock had moved."""
        back = timedelta(seconds=seconds)
        with self.steady() as ctx:
            for intent in ctx.session.exec(select(Intent)):
                intent.updated_at -= back
                ctx.session.add(intent)
            for wallet in ctx.session.exec(select(Wallet)):
                wallet.lease_until = wallet.lease_until - back if wallet.lease_until else None
                ctx.session.add(wallet)

    def mine(self) -> None:
        """A block, and the indexer mirrors it."""
        found = self.node.mine()
        if not found:
            return
        with self.steady() as ctx:
            height = ctx.session.exec(select(func.max(ChainBlock.number))).one()
            chain = Chain(ctx.session, number=-1 if height is None else height)
            chain.block(datetime.now(UTC))
            for place, one in enumerate(found):
                chain.logs = place
                row = chain.transaction(one.hash, sender=one.sender, to=address(1), data=one.data, status=one.status)
                row.nonce = one.nonce
                row.revert_data = None if one.status else REVERT_DATA
                ctx.session.add(row)

    def intrude(self, wallet: str) -> None:
        """Somebody else who has the key puts a transaction of their own into the next block; the indexer mirrors it."""
        foreign = Mined(word(0xBAD), wallet, self.node._count(wallet), FOREIGN, 1)
        self.node.pool[foreign.hash] = foreign
        self.mine()

    def finish(self, name: str = "one", rounds: int = 40) -> None:
        """Nothing fails any more: work until every intent is settled."""
        self.faults = self.node.faults = Faults()
        worker = self.worker(name)
        for _ in range(rounds):
            self.time_passes()
            worker.round()
            self.mine()
            if all(one.state in FINAL for one in self.intents()):
                return
        raise AssertionError([(one.ref_id, one.state, one.nonce) for one in self.intents()])

    def check(self, wallets: list[str]) -> None:
        """Each intent executed exactly once, reverted, or never sent; no gap; one payload for a nonce."""
        executed = self.node.executed()
        assert len(executed) == len(set(executed))
        assert all(len(hashes) == 1 for hashes in self.node.payloads.values())
        mined = {one.hash: one for one in self.node.blocks}
        for intent in self.intents():
            if intent.state == IntentState.FAILED:
                assert (intent.nonce, intent.raw) == (None, None)
                assert intent.data in self.node.refused
                assert intent.data not in [one.data for one in self.node.blocks]
                continue
            wanted = IntentState.REVERTED if intent.data in self.node.reverted else IntentState.CONFIRMED
            assert intent.state == wanted
            assert mined[str(intent.tx_hash)].data == intent.data
        for wallet in wallets:
            nonces = self.node.nonces(wallet)
            assert nonces == list(range(len(nonces)))
            assert self.wallet_row(wallet).next_nonce == len(nonces)
