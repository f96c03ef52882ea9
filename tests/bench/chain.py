"""A long chain of our own transactions on anvil, for measuring indexers: transfers, orders and payouts of 200 holders.

The contracts are deployed by the program that deploys for real; every transaction is really signed, because the indexer proves
signatures. The bulk is signed by hand (RLP and libsecp256k1) and sent in batches, a block at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from coincurve import PrivateKey

from indexer.chain.client import RpcClient
from indexer.chain.encoding import keccak, rlp_encode, trimmed, unhex
from scripts.deployment_plan import ROOMS
from tests.contracts.evm import Contract
from tests.contracts.market import COUPON, MICRO, PER_UNIT, close, settle
from tests.contracts.system import DAY, START, YEAR, People, System, build_system, digest
from tests.indexer.signing import CHAIN_ID, SigningEvm

HOLDERS = 400
BATCH = 200
"""Holders that one payout transaction pays."""
BLOCK = 100
"""Transactions in a block: a block of two seconds at fifty transactions a second."""
PRICE = 100
GAS = 600_000
PAYOUT_GAS = 20_000_000
UNITS = 1_000


@dataclass(frozen=True)
class Key:
    """An account that signs."""

    secret: PrivateKey
    address: str


def key_of(name: str) -> Key:
    """The test account of that name, as `tests.contracts.system.account` has it."""
    secret = PrivateKey(digest(f"test account {name}"))
    return Key(secret, "0x" + keccak(secret.public_key.format(compressed=False)[1:])[12:].hex())


@dataclass(frozen=True)
class Size:
    """How much of what."""

    transfers: int = 39_600
    orders: int = 10_000
    runs: int = 50

    @property
    def payouts(self) -> int:
        """Payout transactions."""
        return self.runs * (HOLDERS // BATCH)


class Fleet:
    """Signs and sends many transactions of many accounts."""

    def __init__(self, url: str) -> None:
        self.client = RpcClient(url, timeout_s=120)
        self._nonces: dict[str, int] = {}
        self.sent = 0

    def raw(self, key: Key, to: str, data: str, gas: int = GAS) -> str:
        """The next transaction of an account, signed (EIP-155)."""
        nonce = self._nonces.get(key.address)
        if nonce is None:
            nonce = int(self.client.call("eth_getTransactionCount", key.address, "latest"), 16)
        self._nonces[key.address] = nonce + 1
        body = [trimmed(nonce), b"", trimmed(gas), unhex(to), b"", unhex(data)]
        seal = key.secret.sign_recoverable(keccak(rlp_encode([*body, trimmed(CHAIN_ID), b"", b""])), hasher=None)
        r, s = (trimmed(int.from_bytes(part, "big")) for part in (seal[:32], seal[32:64]))
        return "0x" + rlp_encode([*body, trimmed(CHAIN_ID * 2 + 35 + seal[64]), r, s]).hex()

    def mine(self, raws: Sequence[str]) -> int:
        """One block of these transactions; its number. AssertionError when one of them failed."""
        self.client.batch([("eth_sendRawTransaction", [raw]) for raw in raws])
        self.client.call("evm_mine")
        number: str = self.client.call("eth_blockNumber")
        receipts = self.client.call("eth_getBlockReceipts", number)
        done = [receipt for receipt in receipts if receipt["status"] == "0x1"]
        if len(done) != len(raws):
            raise AssertionError(f"block {number}: {len(done)} of {len(raws)} transactions succeeded")
        self.sent += len(raws)
        return int(number, 16)

    def mine_all(self, raws: Sequence[str], block: int = BLOCK) -> None:
        """Blocks of these transactions."""
        for start in range(0, len(raws), block):
            self.mine(raws[start : start + block])

    def forget(self) -> None:
        """Others have sent for these accounts meanwhile."""
        self._nonces.clear()


@dataclass
class LongChain:
    """The chain after it was made, and what is needed to go on with it."""

    url: str
    deployment: Path
    asset: Contract
    sale: Contract
    fleet: Fleet
    holders: list[Key]
    system: System

    @property
    def height(self) -> int:
        """Number of the last block."""
        return int(self.fleet.client.call("eth_blockNumber"), 16)

    def transfer(self, number: int) -> str:
        """The n-th transfer of the bulk: a unit to the next but some holder."""
        sender = self.holders[number % HOLDERS]
        receiver = self.holders[(number * 7 + 13) % HOLDERS]
        if receiver is sender:
            receiver = self.holders[(number + 1) % HOLDERS]
        data = self.asset.overload("transfer(address,uint256)").data(receiver.address, 1)
        return self.fleet.raw(sender, self.asset.address, data)

    def order(self, number: int) -> str:
        """The n-th order of the bulk."""
        data = self.system.placement.order.data(self.sale_id, 1, number.to_bytes(32, "big"))
        return self.fleet.raw(self.holders[(number * 3 + 1) % HOLDERS], self.system.placement.address, data)

    @cached_property
    def sale_id(self) -> bytes:
        """Issue whose sale takes the orders."""
        found: bytes = self.sale.issueId()
        return found


def make(url: str, folder: Path, size: Size) -> LongChain:
    """Deploy, admit, sell, then the bulk. The node must mine at once when this begins and mines on demand when it ends."""
    system = build_system(SigningEvm(url), People(), folder)
    deployment = folder / "deployment.json"
    deployment.write_text(
        json.dumps({"chain_id": CHAIN_ID, "contracts": {name: system.contract(name).address for name in ROOMS}}),
        encoding="utf-8",
    )
    holders = [key_of(f"holder {number}") for number in range(HOLDERS)]
    fleet = Fleet(url)
    asset = _circulating(system, fleet, holders)
    sale = _open_sale(system)
    chain = LongChain(url, deployment, asset, sale, fleet, holders, system)
    runs = _declare(chain, size.runs)
    fleet.forget()
    fleet.client.call("evm_setAutomine", False)
    for block in _bulk(chain, size, runs):
        fleet.mine(block)
    return chain


def _circulating(system: System, fleet: Fleet, holders: list[Key]) -> Contract:
    """A token held by all holders."""
    for start in range(0, HOLDERS, 100):
        system.admit(*(key.address for key in holders[start : start + 100]))
    asset = system.issue(
        "ЦФА-1",
        sale={"priceKopeks": PRICE, "orderMax": UNITS},
        nominalKopeks=PRICE,
        maximumUnits=HOLDERS * UNITS,
    )
    system.rubles.credit(system.people.issuer, 10**12, digest("bank of the issuer"), sender=system.people.treasurer1)
    treasurer = key_of("treasurer1")
    issue_id = asset.issueId()
    fleet.client.call("evm_setAutomine", False)
    credits_ = [
        fleet.raw(treasurer, system.rubles.address, system.rubles.credit.data(key.address, 10**8, digest(key.address)))
        for key in holders
    ]
    fleet.mine_all(credits_)
    orders = [
        fleet.raw(
            key, system.placement.address, system.placement.order.data(issue_id, UNITS, digest(f"o {key.address}"))
        )
        for key in holders
    ]
    fleet.mine_all(orders)
    fleet.client.call("evm_setAutomine", True)
    close(system, asset)
    for _ in range(HOLDERS // 100):
        settle(system, asset, 100)
    return asset


def _open_sale(system: System) -> Contract:
    """After the first record date of the token: a sale that takes orders for a year."""
    system.evm.travel(START + 100 * DAY)
    now = system.evm.now()
    sale = {"priceKopeks": PRICE, "orderMax": UNITS, "endsAt": now + YEAR, "creditingAt": now + YEAR}
    later = [now + YEAR + 90 * DAY, now + YEAR + 180 * DAY]
    return system.issue(
        "ЦФА-2",
        sale=sale,
        nominalKopeks=PRICE,
        maximumUnits=10**9,
        maturity=now + 2 * YEAR,
        recordDates=[*later, now + 2 * YEAR - DAY],
    )


def _declare(chain: LongChain, runs: int) -> list[int]:
    """Coupon runs, due already and funded."""
    system, asset, issuer = chain.system, chain.asset, chain.system.people.issuer
    due = asset.recordDateAt(1) + DAY
    found = []
    for number in range(runs):
        terms = (asset, COUPON, PER_UNIT, 1, 2 * MICRO, due, digest(f"run {number}"))
        made = system.payouts.declare(*terms, sender=issuer)
        run = int(made.event("RunDeclared").id)
        system.payouts.fund(run, system.payouts.required(run), sender=issuer)
        found.append(run)
    return found


def _bulk(chain: LongChain, size: Size, runs: list[int]) -> Iterator[list[str]]:
    """Blocks of the bulk: orders among transfers, payouts among both."""
    stranger, payouts = key_of("stranger"), chain.system.payouts
    batches = [chain.holders[start : start + BATCH] for start in range(0, HOLDERS, BATCH)]
    paid = [(run, [key.address for key in batch]) for run in runs for batch in batches]
    total = size.transfers + size.orders
    blocks = -(-total // BLOCK)
    transfers = orders = 0
    for block in range(blocks):
        raws: list[str] = []
        for _ in range(min(BLOCK, total - block * BLOCK)):
            if (transfers + orders + 1) * size.orders // total > orders:
                raws.append(chain.order(orders))
                orders += 1
            else:
                raws.append(chain.transfer(transfers))
                transfers += 1
        due = len(paid) * (block + 1) // blocks - len(paid) * block // blocks
        for place in range(due):
            run, who = paid[len(paid) * block // blocks + place]
            data = payouts.distribute.data(run, who, [0] * len(who))
            raws.append(chain.fleet.raw(stranger, payouts.address, data, PAYOUT_GAS))
        yield raws


def describe(chain: LongChain, size: Size) -> dict[str, Any]:
    """What the chain is made of."""
    return {
        "blocks": chain.height + 1,
        "transfers": size.transfers,
        "orders": size.orders,
        "payouts_of_200_holders": size.payouts,
        "holders": HOLDERS,
        "transactions_in_a_block": BLOCK,
    }
