"""Take anvil's state out, check it, and mine recorded blocks again."""

import gzip

from eth_hash.auto import keccak

from scripts.node_rpc import NodeRefusedError, NodeRpc
from scripts.node_store import BlockRecord

ZERO_ADDRESS = "0x" + 40 * "0"


class UnrepeatableError(Exception):
    """A checkpoint or a journal doesn't give the chain that was recorded."""


def dump(rpc: NodeRpc) -> bytes:
    """Anvil's whole state as the JSON that `--load-state` reads. Not a moment in time unless mining stands still."""
    packed: str = rpc.call("anvil_dumpState")
    return gzip.decompress(bytes.fromhex(packed.removeprefix("0x")))


def check_state_root(rpc: NodeRpc) -> None:
    """Raises UnrepeatableError when the loaded state isn't the one that the newest header names."""
    head = rpc.call("eth_getBlockByNumber", "latest", False)
    if int(head["number"], 16) == 0:
        return  # anvil's genesis header names no state
    root = rpc.call("eth_getProof", ZERO_ADDRESS, [], "latest")["accountProof"][0]
    if keccak(bytes.fromhex(root.removeprefix("0x"))) != bytes.fromhex(head["stateRoot"].removeprefix("0x")):
        raise UnrepeatableError(f"the state is not that of block {int(head['number'], 16)}")


def mine_again(rpc: NodeRpc, record: BlockRecord) -> bool:
    """Mine a block of the journal; False when the checkpoint has it. Raises UnrepeatableError when it isn't the same."""
    height = hex(record.number)
    block = rpc.call("eth_getBlockByNumber", height, False)
    new = block is None
    try:
        if new:
            rpc.call("evm_setNextBlockTimestamp", record.timestamp)
            for signed in record.transactions:
                rpc.call("eth_sendRawTransaction", signed)
            rpc.call("evm_mine")
            block = rpc.call("eth_getBlockByNumber", height, False)
    except NodeRefusedError as error:
        raise UnrepeatableError(f"block {record.number} of the journal can't be repeated: {error}") from error
    if block is None or block["hash"] != record.hash:
        raise UnrepeatableError(
            f"block {record.number} of the journal can't be repeated: the chain was changed by other means than transactions"
        )
    return new
