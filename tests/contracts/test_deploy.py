"""A deployment ends complete and powerless for its deployer, however often it is interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from eth_account import Account

from scripts.deployment import DeploymentFailedError, deploy
from scripts.deployment_plan import ADMIN_ROLE, ROLES, ROOMS, Plan, PlanInvalidError, address_at
from tests.contracts import compiled
from tests.contracts.evm import Contract
from tests.contracts.system import digest

ROOT = Path(__file__).resolve().parents[2]


class Killed(BaseException):
    """Stands for the end of the process: nothing in the program catches it."""


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contracts")
    for room in ROOMS:
        (folder / f"{room}.json").write_text(json.dumps(compiled.artifact(room)))
    return folder


@pytest.fixture
def key(evm):
    """A fresh deployer on a network that forgets the test."""
    snapshot = evm.rpc("evm_snapshot")
    yield "0x" + digest("a fresh deployer").hex()
    evm.rpc("evm_revert", snapshot)


@pytest.fixture
def order(evm, key, people, tmp_path, artifacts):
    """A deployment that only waits to be called."""
    names = {number: name for name, number in ROLES.items()}
    officers = {names[role]: holders for role, holders in people.officers.items()}

    def call(**changes):
        wanted = {"key": key, "officers": officers, "tax_account": people.tax_account, **changes}
        return deploy(evm.web3, name="test", folder=tmp_path, artifacts=artifacts, **wanted)

    return call


def kill_after(count):
    def told(number):
        if number == count:
            raise Killed

    return told


def deployer_of(key):
    return Account.from_key(key).address


def test_the_record_names_the_chain_and_every_contract(evm, order, key, tmp_path):
    record = order()

    assert json.loads((tmp_path / "test.json").read_text()) == record
    assert record["chain_id"] == evm.web3.eth.chain_id
    assert record["genesis_hash"] == evm.web3.to_hex(evm.web3.eth.get_block(0)["hash"])
    assert record["contracts"] == {room: address_at(deployer_of(key), n) for n, room in enumerate(ROOMS)}
    first = evm.web3.eth.get_block(record["deployed_block"], full_transactions=True)["transactions"][0]
    assert (first["from"], first["nonce"]) == (deployer_of(key), 0)


def test_the_deployer_ends_without_any_role(evm, order, key):
    record = order()

    manager = Contract(
        evm, "AccessManager", record["contracts"]["AccessManager"], compiled.artifact("AccessManager")["abi"]
    )
    for role in (ADMIN_ROLE, *ROLES.values()):
        assert manager.hasRole(role, deployer_of(key)).isMember is False


def test_officers_venues_rules_and_parameters_are_in_place(system, people, manager, participants, payouts):
    for role, officers in people.officers.items():
        assert all(manager.hasRole(role, officer).isMember for officer in officers)
    for venue in ("Placement", "Exchange", "Payouts"):
        assert manager.hasRole(ROLES["VENUE"], system.contract(venue)).isMember
    eyes = system.contract("FourEyes")
    assert eyes.roleFor(participants, participants.unblock.selector) == ROLES["COMPLIANCE"]
    assert eyes.roleFor(system.registry, system.registry.deploy.selector) == ROLES["MODERATOR"]
    assert participants.limitRule().kopeks == 60_000_000
    assert payouts.taxAccount() == people.tax_account
    assert participants.participant(people.tax_account).kind == 5


def test_every_four_eyed_function_of_the_plan_exists(system):
    faces = {entry for room in (*ROOMS, "DigitalAsset") for entry in selectors(room)}

    plan = Plan(system.people.deployer, officers_by_name(system.people), system.people.tax_account)
    assert {selector for _, selector, _ in plan.rules()} <= faces


def selectors(room):
    return {bytes.fromhex(value) for value in compiled.artifact(room)["methodIdentifiers"].values()}


def officers_by_name(people):
    names = {number: name for name, number in ROLES.items()}
    return {names[role]: holders for role, holders in people.officers.items()}


@pytest.mark.parametrize("count", [1, 5, 9, 10, 25, 40, 54, 55, 56, 57])
def test_a_killed_deployment_goes_on_to_the_same_addresses(evm, order, key, tmp_path, count):
    with pytest.raises(Killed):
        order(after_send=kill_after(count))
    assert not (tmp_path / "test.json").exists()

    record = order()

    assert record["contracts"] == {room: address_at(deployer_of(key), n) for n, room in enumerate(ROOMS)}
    assert contracts_made(evm, key) == len(ROOMS)


def test_a_deployment_killed_again_and_again_ends_as_well(evm, order, key):
    attempts = 0
    while attempts < 100:
        attempts += 1
        try:
            order(after_send=kill_after(3))
        except Killed:
            continue
        break

    assert 10 < attempts < 100
    assert contracts_made(evm, key) == len(ROOMS)


def test_transactions_left_in_the_pool_are_waited_for_and_not_sent_again(evm, order, key, tmp_path):
    evm.rpc("evm_setAutomine", False)
    try:
        with pytest.raises(Killed):
            order(after_send=kill_after(4))
        assert evm.web3.eth.get_transaction_count(deployer_of(key), "pending") == 4
        evm.rpc("evm_setIntervalMining", 1)
        order()
    finally:
        evm.rpc("evm_setIntervalMining", 0)
        evm.rpc("evm_setAutomine", True)

    assert contracts_made(evm, key) == len(ROOMS)


def test_a_repeated_deployment_sends_nothing(evm, order, key):
    first = order()
    nonce = evm.web3.eth.get_transaction_count(deployer_of(key))

    assert order() == first
    assert evm.web3.eth.get_transaction_count(deployer_of(key)) == nonce


def test_a_second_deployer_on_the_same_network_is_refused(order):
    order()

    with pytest.raises(DeploymentFailedError, match="deployed on this network"):
        order(key="0x" + digest("another deployer").hex())


def test_a_key_that_was_used_before_is_refused(evm, order, key):
    evm.send(deployer_of(key), deployer_of(key), "0x")

    with pytest.raises(DeploymentFailedError, match="take a fresh deployer key"):
        order()


@pytest.mark.parametrize("role", ["ADMINISTRATOR", "COMPLIANCE", "MODERATOR", "REGISTRAR", "TREASURER"])
def test_one_officer_is_not_four_eyes(order, people, role):
    officers = officers_by_name(people)
    lonely = officers[role][0]

    with pytest.raises(PlanInvalidError, match=role):
        order(officers={**officers, role: [lonely, lonely.lower()]})


def test_an_operator_is_needed_and_venues_are_not_officers(order, people):
    officers = officers_by_name(people)

    with pytest.raises(PlanInvalidError, match="OPERATOR"):
        order(officers={**officers, "OPERATOR": []})
    with pytest.raises(PlanInvalidError, match="VENUE"):
        order(officers={**officers, "VENUE": [people.alice]})


def test_the_deployer_is_no_officer(order, people, key):
    officers = officers_by_name(people)

    with pytest.raises(PlanInvalidError, match="deployer"):
        order(officers={**officers, "OPERATOR": [deployer_of(key)]})


def contracts_made(evm, key):
    """How many contracts stand at the addresses of the deployer's nonces."""
    used = evm.web3.eth.get_transaction_count(deployer_of(key))
    return sum(bool(evm.web3.eth.get_code(address_at(deployer_of(key), nonce))) for nonce in range(used))


@pytest.mark.slow
def test_ape_deploys_to_any_address_even_after_being_killed(evm, key, people, tmp_path):
    (tmp_path / "key").write_text(key)
    (tmp_path / "officers.json").write_text(json.dumps(officers_by_name(people)))
    command = [
        *(Path(sys.executable).with_name("ape").as_posix(), "run", "deploy"),
        *("--network", evm.web3.provider.endpoint_uri, "--name", "killed", "--folder", tmp_path.as_posix()),
        *("--officers", (tmp_path / "officers.json").as_posix(), "--tax-account", people.tax_account),
        *("--deployer-key-file", (tmp_path / "key").as_posix()),
    ]
    evm.rpc("evm_setAutomine", False)
    try:
        with subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL) as first:
            wait_for_transactions(evm, key, 3)
            first.send_signal(signal.SIGKILL)
    finally:
        evm.rpc("evm_setAutomine", True)
        evm.rpc("evm_mine")

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((tmp_path / "killed.json").read_text())
    assert record["contracts"]["Anchors"] == address_at(deployer_of(key), 8)
    assert contracts_made(evm, key) == len(ROOMS)


def wait_for_transactions(evm, key, count):
    """Until the deployer has sent that many; at most two minutes."""
    deadline = time.monotonic() + 120
    while evm.web3.eth.get_transaction_count(deployer_of(key), "pending") < count:
        assert time.monotonic() < deadline, "nothing was sent"
        time.sleep(0.1)
