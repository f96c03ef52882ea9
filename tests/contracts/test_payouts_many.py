"""A coupon for thousands of holders, paid in full in blocks of the planned network: 100 million gas every two seconds.

`PAYOUT_HOLDERS` sets how many holders there are; `make bench-gas` takes 10,000.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence

import pytest

from tests.contracts import compiled, gas_figures
from tests.contracts.evm import Contract, Evm, deploy
from tests.contracts.market import COUPON, DONE, circulating, declare, fund
from tests.contracts.system import TREASURER, VENUE, System, account

MANY = int(os.environ.get("PAYOUT_HOLDERS", "500"))
BLOCK_GAS = 100_000_000
IN_A_TRANSACTION = 1_000
GAS_A_HOLDER = 16_000  # what a sender asks for: a block has room for the gas that is asked for, not for what is used
AT_ONCE = 400
KOPEKS = 5_178  # a unit


def parts(many: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """A list cut into batches."""
    return (many[start : start + size] for start in range(0, len(many), size))


@pytest.fixture
def each(system: System) -> Contract:
    """A contract that acts as treasurer and as venue, many times in a transaction."""
    made = deploy(system.evm, "Each", compiled.artifact("Each"), sender=system.people.deployer)
    for role in (TREASURER, VENUE):
        system.four_eyes(system.manager, "grantRole", role, made, 0, by=system.people.pair(1))
    return made


@pytest.fixture
def by_hand(evm: Evm) -> Iterator[None]:
    """Blocks of 100 million gas, mined when the test says so; automatic again after it."""
    limit = evm.rpc("eth_getBlockByNumber", "latest", False)["gasLimit"]
    evm.rpc("evm_setBlockGasLimit", hex(BLOCK_GAS))
    yield
    evm.rpc("evm_setAutomine", True)
    evm.rpc("evm_setBlockGasLimit", limit)


def holders_of(system: System, asset: Contract, each: Contract, names: Sequence[str]) -> None:
    """Admit everybody, a kopek and one, two or three units each."""
    for some in parts(names, AT_ONCE):
        system.admit(*some)
        kopeks = [system.rubles.credit.data(who, 1, f"0x{index:024x}{who[2:]}") for index, who in enumerate(some)]
        each.act(system.rubles, kopeks, sender=system.people.deployer)
        units = [asset.issueUnits.data(who, 1 + int(who, 16) % 3) for who in some]
        each.act(asset, units, sender=system.people.deployer)


def pay_all(evm: Evm, run: int, payouts: Contract, names: Sequence[str]) -> list[dict[str, str]]:
    """Distribute to everybody and mine until nothing is waiting; the receipts."""
    sender = account("anybody")
    batches = [payouts.distribute.data(run, list(some), [0] * len(some)) for some in parts(names, IN_A_TRANSACTION)]
    transaction = {
        "from": sender,
        "to": payouts.address,
        "gas": hex(IN_A_TRANSACTION * GAS_A_HOLDER),
        "gasPrice": "0x0",
    }
    sent = [evm.rpc("eth_sendTransaction", transaction | {"data": data}) for data in batches]
    for _ in sent:
        evm.rpc("evm_mine")
        if int(evm.rpc("txpool_status")["pending"], 16) == 0:
            break
    return [evm.rpc("eth_getTransactionReceipt", digest) for digest in sent]


@pytest.mark.timeout(1_200)
@pytest.mark.usefixtures("by_hand")
def test_a_coupon_reaches_every_holder_in_blocks_of_100_million_gas(
    system: System, evm: Evm, each: Contract, request: pytest.FixtureRequest
) -> None:
    asset = circulating(system, {account("first of many"): 1}, maximumUnits=3 * MANY + 1)
    names = [account_of(number) for number in range(MANY)]
    holders_of(system, asset, each, names)
    names.append(account("first of many"))
    run = declare(system, asset, COUPON, micro=KOPEKS * 1_000_000)
    fund(system, run)
    evm.travel(system.payouts.run(run).dueAt)

    evm.rpc("evm_setAutomine", False)
    receipts = pay_all(evm, run, system.payouts, names)

    assert {receipt["status"] for receipt in receipts} == {"0x1"}
    blocks, gas = {receipt["blockNumber"] for receipt in receipts}, sum(int(r["gasUsed"], 16) for r in receipts)
    facts = system.payouts.run(run)
    assert facts.state == DONE
    assert facts.unitsPaid == facts.unitsDue == asset.totalSupply()
    assert facts.kopeksPaid == facts.unitsDue * KOPEKS
    for some in parts(names[:-1], AT_ONCE):
        questions = [system.rubles.accountOf.data(who) for who in some]
        answers = each.ask([system.rubles.address] * len(some), questions).answers
        free = [int(answer[:32].hex(), 16) for answer in answers]
        assert free == [1 + KOPEKS * (1 + int(who, 16) % 3) for who in some]
    print(f"\npayout to {MANY:,} holders: {gas:,} gas, {gas // MANY:,} each, {len(blocks)} blocks of 100 M gas")
    if MANY >= 10_000:
        gas_figures.record({"payout_10000_blocks": len(blocks), "payout_10000_gas": gas})
    assert len(blocks) <= gas // BLOCK_GAS + 2


def account_of(number: int) -> str:
    """Addresses like any others, made quickly."""
    return "0x" + hashlib.sha256(f"holder {number}".encode()).hexdigest()[:40]
