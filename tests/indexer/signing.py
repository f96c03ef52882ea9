"""Anvil with transactions that are really signed: the indexer proves every signature, so a borrowed sender won't do."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth_account import Account
from web3 import Web3

from indexer.chain.client import RpcClient
from tests.contracts.evm import GAS, Evm, Receipt
from tests.contracts.system import People, digest

CHAIN_ID = 20260
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running_anvil() -> Iterator[str]:
    """A node on a free port; its address."""
    program = shutil.which("anvil") or str(ROOT / "node_modules/.bin/anvil")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--gas-price", "0", "--block-base-fee-per-gas", "0", "--hardfork", "prague", "--silent"]
    command = [program, "--port", str(port), "--chain-id", str(CHAIN_ID), *options]
    with subprocess.Popen(command, env=os.environ) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            with RpcClient(url) as client:
                client.call("eth_chainId", attempts=30)
            yield url
        finally:
            process.terminate()


class SigningEvm(Evm):
    """The contracts' test door, sending raw transactions signed with each test account's own key."""

    def __init__(self, url: str) -> None:
        super().__init__(Web3(Web3.HTTPProvider(url)))
        names = [name for name in vars(People) if not name.startswith("_") and isinstance(vars(People)[name], str)]
        keys = [digest(f"test account {name.replace('_', ' ')}") for name in names]
        self._keys = {Account.from_key(key).address: key for key in keys}

    def send(self, sender: str, to: str | None, data: str, value: int = 0) -> tuple[Receipt, str | None]:
        """Sign, send, wait; Refused with the contract's own error."""
        fields = {
            "chainId": CHAIN_ID,
            "nonce": int(self.rpc("eth_getTransactionCount", sender, "latest"), 16),
            "gas": GAS,
            "gasPrice": 0,
            "value": value,
            "data": data,
        }
        if to is not None:
            fields["to"] = to
        signed = Account.sign_transaction(fields, self._keys[sender])
        mined = self._mined(self.rpc("eth_sendRawTransaction", signed.raw_transaction.to_0x_hex()))
        if mined["status"] != "0x1":
            trace = self.rpc("debug_traceTransaction", mined["transactionHash"], {"tracer": "callTracer"})
            raise self.refusal(trace.get("output") or "0x")
        logs = tuple(event for log in mined["logs"] if (event := self.event(log)) is not None)
        block = self.rpc("eth_getBlockByNumber", mined["blockNumber"], False)
        receipt = Receipt(int(mined["gasUsed"], 16), int(mined["blockNumber"], 16), int(block["timestamp"], 16), logs)
        return receipt, mined.get("contractAddress")
