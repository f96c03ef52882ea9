"""Four validators: what holds when some are lost, wiped or restarted, and who may send."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path

import pytest
import yaml
from eth_account import Account
from web3 import HTTPProvider, Web3

from indexer.chain.proofs import header_hash, seals_of
from scripts import deployment
from scripts.besu.accounts import DEPLOYER, key_file
from scripts.besu.generate import Network, generate
from scripts.besu.nodes import Node, folder_of
from scripts.besu.processes import Running
from scripts.besu.rpc import NodeRefusesError, NodeSilentError, call, height, token
from scripts.compile import compile_all
from tests.besu.conftest import PERIOD_S, Sender, block, grows, receipt, send, until

pytestmark = [pytest.mark.besu, pytest.mark.slow, pytest.mark.timeout(2400)]
STALL_S = 15 * PERIOD_S
NOT_AUTHORIZED = -32_007


def test_every_node_has_the_genesis_block_that_was_calculated(whole: Running) -> None:
    for node in whole.network.nodes:
        first = block(node, 0)
        assert first is not None
        assert first["hash"] == whole.network.genesis_hash


def test_blocks_are_sealed_by_two_thirds_and_proved_by_the_indexer(whole: Running) -> None:
    node = whole.network.entry
    grows(node, 2)
    head = block(node, "latest")
    assert head is not None
    assert header_hash(head) == head["hash"]
    seals = seals_of(head)
    assert seals is not None
    assert seals.proven
    assert set(seals.validators) == {one.address.lower() for one in whole.network.validators}


def test_the_contracts_get_the_addresses_that_were_known_before(whole: Running, tmp_path: Path) -> None:
    compile_all()
    folder = whole.network.folder
    known = json.loads((folder / "accounts.json").read_text())
    record = deployment.deploy(
        Web3(HTTPProvider(whole.network.entry.rpc_url)),
        name="test",
        key=key_file(folder, DEPLOYER).read_text().strip(),
        officers=known["officers"],
        tax_account=known["tax"],
        folder=tmp_path,
    )
    assert record["contracts"] == known["contracts"]
    assert record["genesis_hash"] == whole.network.genesis_hash


def test_an_account_outside_the_list_is_refused_until_every_node_admits_it(whole: Running) -> None:
    stranger = Sender(whole.network.chain_id, key="0x" + 62 * "0" + "5e")
    raw = stranger.next()
    for node in whole.network.nodes:
        with pytest.raises(NodeRefusesError) as refused:
            call(node.rpc_url, "eth_sendRawTransaction", raw)
        assert refused.value.code == NOT_AUTHORIZED
    bearer = token(whole.network.folder / "jwt" / "private.pem", ["perm:*"])
    for node in whole.network.nodes:
        call(node.rpc_url, "perm_addAccountsToAllowlist", [stranger.address.lower()], bearer=bearer)
        listed = (folder_of(whole.network.folder, node.name) / "permissions.toml").read_text()
        assert stranger.address.lower() in listed, "a restart must not forget it"
    send(whole.network.entry, raw)
    until(lambda: receipt(whole.network.entry, stranger.hashes[0]) is not None, "the stranger's transaction")
    with pytest.raises(NodeRefusesError):  # without a token nobody changes a list
        call(whole.network.entry.rpc_url, "perm_addAccountsToAllowlist", [Account.create().address])


def test_three_of_four_go_on(whole: Running, sender: Sender) -> None:
    whole.kill_node("validator-4")
    send(whole.network.entry, sender.next())
    until(lambda: receipt(whole.network.entry, sender.hashes[-1]) is not None, "a transaction with three validators")
    grows(whole.network.entry, 6)
    head = block(whole.network.entry, "latest")
    assert head is not None
    seals = seals_of(head)
    assert seals is not None
    assert len(set(seals.signers)) == 3
    whole.start_node("validator-4")
    whole.wait_ready()
    same_head(whole.network)


def test_two_of_four_stand_still_and_nothing_is_lost(whole: Running, sender: Sender) -> None:
    whole.kill_node("validator-3")
    whole.kill_node("validator-4")
    node = whole.network.entry
    # What was agreed on before the second was killed may still arrive; then no block comes.
    last = settled_height(node.rpc_url)
    send(node, sender.next())
    deadline = time.monotonic() + STALL_S
    while time.monotonic() < deadline:
        assert height(node.rpc_url) == last
        time.sleep(0.5)
    assert receipt(node, sender.hashes[-1]) is None
    kept = block(node, last)
    assert kept is not None
    # Rounds of those that stayed have grown long: all are started anew.
    for name in ("validator-1", "validator-2"):
        whole.stop_node(name)
    for one in whole.network.nodes:
        whole.start_node(one.name)
    whole.wait_ready()
    until(lambda: receipt(node, sender.hashes[-1]) is not None, "the transaction that waited for the quorum")
    for one in whole.network.nodes:
        again = block(one, last)
        assert again is not None
        assert again["hash"] == kept["hash"]


def test_a_wiped_node_reads_the_whole_chain_again(whole: Running, sender: Sender) -> None:
    send(whole.network.entry, sender.next())
    until(lambda: receipt(whole.network.entry, sender.hashes[-1]) is not None, "a transaction before the wipe")
    whole.stop_node("validator-4")
    data = folder_of(whole.network.folder, "validator-4") / "data"
    shutil.rmtree(data)
    data.mkdir()
    grows(whole.network.entry, 3)
    whole.start_node("validator-4")
    whole.wait_ready()
    wiped = whole.network.node("validator-4")
    until(lambda: receipt(wiped, sender.hashes[-1]) is not None, "the old transaction on the wiped node")
    same_head(whole.network)


def test_a_rolling_restart_under_load_loses_and_doubles_nothing(whole: Running, sender: Sender) -> None:
    first, stop, raws = len(sender.hashes), threading.Event(), list[str]()

    def load() -> None:
        turn = 0
        while not stop.wait(0.2):
            raws.append(sender.next())
            for node in whole.network.nodes[turn % 4 :] + whole.network.nodes[: turn % 4]:
                try:
                    send(node, raws[-1])
                    break
                except NodeSilentError:
                    continue
            turn += 1

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for node in whole.network.nodes:
            whole.stop_node(node.name)
            whole.start_node(node.name)
            whole.wait_ready()
    finally:
        stop.set()
        thread.join()
    sent = sender.hashes[first:]
    assert len(sent) > 20
    # As the platform's sender does: identical bytes again, until each has its receipt.
    for raw in raws:
        send(whole.network.entry, raw)
    until(lambda: receipt(whole.network.entry, sent[-1]) is not None, "the last transaction")
    found = [receipt(whole.network.entry, one) for one in sent]
    assert all(one is not None and int(one["status"], 16) == 1 for one in found)
    mined = int(call(whole.network.entry.rpc_url, "eth_getTransactionCount", sender.address, "latest"), 16)
    assert mined == sender.nonce
    same_head(whole.network)


def test_a_further_node_is_voted_in_and_out(whole: Running, tmp_path: Path) -> None:
    """Last, for the network has five nodes afterwards."""
    folder = whole.network.folder
    source = yaml.safe_load((folder / "network.yaml").read_text())
    (tmp_path / "five.yaml").write_text(yaml.safe_dump({**source, "rpc_nodes": 1}))
    grown = generate(tmp_path / "five.yaml", folder)
    newcomer, validators = grown.node("rpc-1"), grown.validators
    bearer = token(folder / "jwt" / "private.pem")
    for node in validators:
        call(node.rpc_url, "perm_addNodesToAllowlist", [newcomer.enode], bearer=bearer)
    whole.network = grown
    whole.start_node(newcomer.name)
    whole.wait_ready()
    same_head(grown)
    for wanted, add in ((5, True), (4, False)):
        for node in validators[:3]:
            call(node.rpc_url, "qbft_proposeValidatorVote", newcomer.address, add, bearer=bearer)
        until(lambda wanted=wanted: len(sealing(validators[0])) == wanted, f"{wanted} validators")  # type: ignore[misc]
        assert (newcomer.address.lower() in sealing(validators[0])) is add
        for node in validators[:3]:
            call(node.rpc_url, "qbft_discardValidatorVote", newcomer.address, bearer=bearer)
    grows(validators[0], 3)


def sealing(node: Node) -> list[str]:
    found: list[str] = call(node.rpc_url, "qbft_getValidatorsByBlockNumber", "latest")
    return found


def settled_height(url: str) -> int:
    """Height that hasn't changed for five periods."""
    last, since = height(url), time.monotonic()
    while time.monotonic() - since < 5 * PERIOD_S:
        time.sleep(0.2)
        if (now := height(url)) != last:
            last, since = now, time.monotonic()
    return last


def same_head(network: Network) -> None:
    """All nodes reach a common block, which is the same block."""
    least = max(height(node.rpc_url) for node in network.nodes)
    for node in network.nodes:
        until(lambda node=node: height(node.rpc_url) >= least, f"{node.name} at block {least}")  # type: ignore[misc]
    found = [block(node, least) for node in network.nodes]
    assert len({one["hash"] for one in found if one is not None}) == 1
    assert None not in found
