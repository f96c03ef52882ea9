"""Deploy the contracts to any network, from wherever an earlier attempt was killed.

The flow (`Deployment.run`):

1. wait until everything that an earlier attempt sent is mined;
2. contracts: the deployer's nonce says how many of the nine are there; the rest are sent in one go and awaited;
3. configuration: each grant, rule and parameter is asked for, and only what is missing is sent. Parameters belong to four eyes;
   the deployer holds that role (and COMPLIANCE, to admit the tax account) for this stage alone;
4. the deployer gives up all its roles, ADMIN_ROLE last;
5. verification: code, roles, rules, parameters, and that the deployer holds nothing;
6. the addresses are written, in one move, to besu-network/deployments/<name>.json.

Nothing can be deployed twice: a contract has a fixed nonce of a key that serves this one deployment, and a network on which the
file already names live contracts of another key is refused.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from eth_account import Account
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.types import RPCEndpoint

from scripts.deployment_plan import ADMIN_ROLE, NO_ADDRESS, ROLES, ROOMS, Parameters, Plan

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "build" / "contracts"
DEPLOYMENTS = ROOT / "besu-network" / "deployments"
SYSTEM_KIND = 5  # IParticipants.Kind.SYSTEM
CONFIGURATION_GAS = 300_000
LOG_RANGE = 5_000  # what Besu answers at once
MINED_WITHIN_S = 120.0
POLL_S = 0.1
BLOCK_ATTEMPTS = 20

Artifact = dict[str, Any]


class DeploymentFailedError(Exception):
    """The network is not in the state that a deployment needs or leaves; the message says what and what to do."""


@dataclass(frozen=True)
class Step:
    """One act of configuration: whether it is done, and the call that does it."""

    label: str
    done: Callable[[], bool]
    call: Any  # a bound contract function of web3


@dataclass
class Deployment:
    """One deployment by one key. `after_send` is told the number of each transaction just sent (for progress, and for tests)."""

    web3: Web3
    key: str
    plan: Plan
    artifacts: Path = ARTIFACTS
    after_send: Callable[[int], None] = lambda _number: None
    sent: int = field(default=0, init=False)
    _known: dict[str, Contract] = field(default_factory=dict, init=False)

    def run(self) -> dict[str, Any]:
        """Deploy what is missing, verify, and return the record of the deployment; DeploymentFailedError if it can't be."""
        self._settle()
        self._contracts()
        if not self._finished():
            self._configure()
            self._resign()
        self.verify()
        return self.record()

    # --- contracts ---------------------------------------------------------------------------------------------------

    def _contracts(self) -> None:
        """Send the creations that the deployer's nonce says are missing."""
        done = self._nonce("latest")
        missing = list(ROOMS)[done:]
        for nonce, room in enumerate(missing, start=done):
            self._create(room, nonce)
        if missing:
            self._settle()
        for room, address in self.plan.addresses().items():
            if not self.web3.eth.get_code(Web3.to_checksum_address(address)):
                raise DeploymentFailedError(
                    f"no {room} at {address}: nonce {list(ROOMS).index(room)} of this deployer was used for something else "
                    "or its creation failed; take a fresh deployer key"
                )

    def _create(self, room: str, nonce: int) -> None:
        """Send a creation with a tenth more gas than estimated; constructors ask nothing of each other, so none must wait."""
        made = self.artifact(room)
        factory = self.web3.eth.contract(abi=made["abi"], bytecode=made["bytecode"])
        creation = factory.constructor(*self.plan.arguments(room))
        gas = creation.estimate_gas({"from": Web3.to_checksum_address(self.plan.deployer)}) * 11 // 10
        self._send(creation, nonce, gas)

    # --- configuration -----------------------------------------------------------------------------------------------

    def _finished(self) -> bool:
        """Has the deployer given up the right to configure?"""
        return not self._holds(ADMIN_ROLE, self.plan.deployer)

    def _configure(self) -> None:
        """Grants, rules, parameters: only what is missing."""
        steps = [*self._grants(), *self._rules(), *self._parameters()]
        missing = [step for step in steps if not step.done()]
        if any(step.label.startswith("parameter") for step in missing):
            missing = [*(step for step in self._stage_roles() if not step.done()), *missing]
        self._perform(missing)
        for step in steps:
            if not step.done():
                raise DeploymentFailedError(f"{step.label}: was sent and did not take effect")

    def _resign(self) -> None:
        """The deployer renounces what it holds, ADMIN_ROLE last, so that an interrupted attempt can still go on."""
        manager, deployer = self.contract("AccessManager"), Web3.to_checksum_address(self.plan.deployer)
        roles = [ROLES["COMPLIANCE"], ROLES["FOUR_EYES"], ADMIN_ROLE]
        held = [role for role in roles if self._holds(role, deployer)]
        self._perform(
            [Step(f"renounce {role}", lambda: False, manager.functions.renounceRole(role, deployer)) for role in held]
        )

    def _grants(self) -> list[Step]:
        return [self._grant(role, holder) for role, holder in self.plan.grants()]

    def _stage_roles(self) -> list[Step]:
        """The roles that the deployer needs to set parameters."""
        return [self._grant(ROLES[role], self.plan.deployer) for role in ("FOUR_EYES", "COMPLIANCE")]

    def _grant(self, role: int, holder: str) -> Step:
        who = Web3.to_checksum_address(holder)
        call = self.contract("AccessManager").functions.grantRole(role, who, 0)
        return Step(f"role {role} to {who}", partial(self._holds, role, who), call)

    def _rules(self) -> list[Step]:
        eyes = self.contract("FourEyes").functions
        return [
            Step(
                f"rule {selector.hex()} of {target}",
                partial(self._is_rule, target, selector, role),
                eyes.setRule(target, selector, role),
            )
            for target, selector, role in self.plan.rules()
        ]

    def _is_rule(self, target: str, selector: bytes, role: int) -> bool:
        return bool(self.contract("FourEyes").functions.roleFor(target, selector).call() == role)

    def _parameters(self) -> list[Step]:
        wanted: Parameters = self.plan.parameters
        tax = Web3.to_checksum_address(self.plan.tax_account)
        people, payouts = self.contract("Participants").functions, self.contract("Payouts").functions
        admit = people.admit(
            [tax], [SYSTEM_KIND], [0], [wanted.system_admitted_until], [Web3.keccak(text="tax account")]
        )
        limit = people.setLimit(wanted.limit_from, wanted.limit_kopeks)
        tax_rule = payouts.setTaxRule(tax, wanted.maximum_withheld_bps)
        return [
            Step("parameter: tax account admitted", lambda: people.participant(tax).call()[0] != 0, admit),
            Step("parameter: yearly limit", lambda: max(people.limitRule().call()[0::2]) >= wanted.limit_from, limit),
            Step("parameter: tax rule", lambda: payouts.taxAccount().call() != NO_ADDRESS, tax_rule),
            Step(
                "parameter: grace", lambda: payouts.graceSeconds().call() != 0, payouts.setGrace(wanted.grace_seconds)
            ),
        ]

    # --- verification ------------------------------------------------------------------------------------------------

    def verify(self) -> None:
        """The network carries this deployment: same code, roles, rules and parameters, and a deployer without any power."""
        for room, address in self.plan.addresses().items():
            self._verify_code(room, address)
        for role in (ADMIN_ROLE, *ROLES.values()):
            if self._holds(role, self.plan.deployer):
                raise DeploymentFailedError(f"the deployer still holds role {role}")
        for step in (*self._rules(), *self._parameters()):
            if not step.done():
                raise DeploymentFailedError(f"{step.label}: not set")
        at = self.plan.addresses()
        if not self._holds(ADMIN_ROLE, at["FourEyes"]) or not self._holds(ROLES["FOUR_EYES"], at["FourEyes"]):
            raise DeploymentFailedError("FourEyes does not hold its roles")

    def _verify_code(self, room: str, address: str) -> None:
        """The code is that of the artifact, immutables aside."""
        made = self.artifact(room)
        wanted = bytearray.fromhex(made["deployedBytecode"][2:])
        found = bytearray(self.web3.eth.get_code(Web3.to_checksum_address(address)))
        for places in made["immutableReferences"].values():
            for place in places:
                blank = slice(place["start"], place["start"] + place["length"])
                wanted[blank] = found[blank] = bytes(place["length"])
        if wanted != found:
            raise DeploymentFailedError(f"{room} at {address} has other code than the compiled contract")

    # --- the record --------------------------------------------------------------------------------------------------

    def record(self) -> dict[str, Any]:
        """What besu-network/deployments/<name>.json holds."""
        return {
            "chain_id": self.web3.eth.chain_id,
            "genesis_hash": block_of(self.web3, "earliest")["hash"],
            "deployer": Web3.to_checksum_address(self.plan.deployer),
            "deployed_block": self._first_block(),
            "contracts": self.plan.addresses(),
        }

    def _first_block(self) -> int:
        """Block of the first contract: its constructor's event, looked for in ranges that every node answers."""
        manager = Web3.to_checksum_address(self.plan.addresses()["AccessManager"])
        head = self.web3.eth.block_number  # Besu refuses a range that ends above it (since 26.1)
        for start in range(0, head + 1, LOG_RANGE):
            end = min(start + LOG_RANGE - 1, head)
            logs = self.web3.eth.get_logs({"address": manager, "fromBlock": start, "toBlock": end})
            if logs:
                return int(logs[0]["blockNumber"])
        raise DeploymentFailedError("the access manager has no event on this network")

    # --- sending -----------------------------------------------------------------------------------------------------

    def _perform(self, steps: Sequence[Step]) -> None:
        """Send all steps in a row and wait until they are mined; DeploymentFailedError for one that was reverted."""
        first = self._nonce("latest")
        hashes = [self._send(step.call, nonce, CONFIGURATION_GAS) for nonce, step in enumerate(steps, start=first)]
        self._settle()
        for step, digest in zip(steps, hashes, strict=True):
            if self.web3.eth.get_transaction_receipt(digest)["status"] != 1:
                raise DeploymentFailedError(f"{step.label}: reverted in {Web3.to_hex(digest)}")

    def _send(self, call: Any, nonce: int, gas: int) -> HexBytes:
        """Sign and send one call or creation; returns the transaction's hash."""
        base_fee = int(block_of(self.web3, "latest").get("baseFeePerGas", "0x0"), 16)
        transaction = call.build_transaction(
            {
                "nonce": nonce,
                "chainId": self.web3.eth.chain_id,
                "gas": gas,
                "gasPrice": 2 * base_fee,  # nothing on our networks, where gas is free
                "value": 0,
            }
        )
        signed = Account.from_key(self.key).sign_transaction(transaction)
        digest = self.web3.eth.send_raw_transaction(signed.raw_transaction)
        self.sent += 1
        self.after_send(self.sent)
        return digest

    def _settle(self) -> None:
        """Wait until every transaction of the deployer is mined; DeploymentFailedError after two minutes without a block of it."""
        deadline, mined = time.monotonic() + MINED_WITHIN_S, self._nonce("latest")
        while mined < self._nonce("pending"):
            if time.monotonic() > deadline:
                raise DeploymentFailedError("the network does not mine the deployer's transactions")
            time.sleep(POLL_S)
            now = self._nonce("latest")
            if now > mined:
                deadline, mined = time.monotonic() + MINED_WITHIN_S, now

    def _nonce(self, block: str) -> int:
        return self.web3.eth.get_transaction_count(Web3.to_checksum_address(self.plan.deployer), block)  # type: ignore[arg-type]

    # --- reading -----------------------------------------------------------------------------------------------------

    def artifact(self, room: str) -> Artifact:
        """Compiled contract of that name; DeploymentFailedError when the contracts aren't compiled."""
        path = self.artifacts / f"{room}.json"
        if not path.exists():
            raise DeploymentFailedError(f"{path.name} is missing: run `make compile`")
        made: Artifact = json.loads(path.read_text(encoding="utf-8"))
        return made

    def contract(self, room: str) -> Contract:
        """web3's view of a contract at its address."""
        if room not in self._known:
            address = Web3.to_checksum_address(self.plan.addresses()[room])
            self._known[room] = self.web3.eth.contract(address=address, abi=self.artifact(room)["abi"])
        return self._known[room]

    def _holds(self, role: int, who: str) -> bool:
        member, _delay = self.contract("AccessManager").functions.hasRole(role, Web3.to_checksum_address(who)).call()
        return bool(member)


def deploy(
    web3: Web3,
    *,
    name: str,
    key: str,
    officers: dict[str, list[str]],
    tax_account: str,
    parameters: Parameters | None = None,
    folder: Path = DEPLOYMENTS,
    artifacts: Path = ARTIFACTS,
    after_send: Callable[[int], None] = lambda _number: None,
) -> dict[str, Any]:
    """Deploy to the network behind `web3` and write `<folder>/<name>.json`; returns what it holds.

    `key` is the deployer's private key (0x-hex), used for this deployment only. `officers` maps role names to addresses.
    Raises PlanInvalidError before anything is sent, DeploymentFailedError when the network refuses; can be repeated after either.
    """
    deployer = str(Account.from_key(key).address)
    plan = Plan(deployer, officers, tax_account, parameters or Parameters())
    refuse_second(web3, folder / f"{name}.json", deployer)
    record = Deployment(web3, key, plan, artifacts, after_send).run()
    write_record(folder / f"{name}.json", record)
    return record


def refuse_second(web3: Web3, path: Path, deployer: str) -> None:
    """DeploymentFailedError when the file names live contracts of another deployer on this very chain."""
    if not path.exists():
        return
    known = json.loads(path.read_text(encoding="utf-8"))
    same_chain = known["genesis_hash"] == block_of(web3, "earliest")["hash"]
    if same_chain and known["deployer"] != deployer and web3.eth.get_code(known["contracts"]["AccessManager"]):
        raise DeploymentFailedError(f"{path.name} names contracts that {known['deployer']} deployed on this network")


def block_of(web3: Web3, which: str) -> dict[str, Any]:
    """A block as the node tells it. web3's own reader refuses blocks of QBFT, whose extraData are longer than Ethereum's."""
    for _ in range(BLOCK_ATTEMPTS):
        answer = web3.provider.make_request(RPCEndpoint("eth_getBlockByNumber"), [which, False])
        block: dict[str, Any] | None = answer.get("result")
        if block is not None:
            return block
        time.sleep(POLL_S)  # Besu may have no newest block in the instant that it is replaced
    raise DeploymentFailedError(f"the node has no block {which}: {answer.get('error')}")


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write the record so that a reader sees all of it or the former one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(json.dumps(record, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
