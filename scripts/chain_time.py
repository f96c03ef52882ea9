"""Chain time of the embedded node: read it, and move it forward (the demo passes over months).

    python -m scripts.chain_time RPC_URL                     print chain time
    python -m scripts.chain_time RPC_URL 2026-12-15T09:00Z   move it there

Works on anvil only: a network of validators keeps its own time, and says so by refusing the call.
"""

import argparse
import sys
from datetime import UTC, datetime
from typing import Any

from scripts.node_rpc import NodeRefusedError, NodeRpc, NodeUnreachableError

ATTEMPTS = 5


def chain_now(rpc_url: str) -> datetime:
    """The time that a block mined at this moment would bear, aware UTC, whole seconds."""
    with NodeRpc(rpc_url) as rpc:
        return _at(_block(rpc, "pending"))


def last_block_time(rpc_url: str) -> datetime:
    """The time of the newest block, aware UTC: what contracts see in a call."""
    with NodeRpc(rpc_url) as rpc:
        return _at(_block(rpc, "latest"))


def advance_to(rpc_url: str, moment: datetime) -> bool:
    """Let the newest block be at `moment` (aware) or later; chain time flows on from there. True when time was moved.

    Does nothing when a block is that late already, and may be repeated after a crash at any point.
    Raises ValueError for a naive moment, NodeUnreachableError and NodeRefusedError.
    """
    if moment.tzinfo is None:
        raise ValueError("the moment needs a time zone")
    # Rounded up: a block at 12:00:00 is before 12:00:00.5.
    target = -int(-moment.timestamp() // 1)
    with NodeRpc(rpc_url) as rpc:
        for _ in range(ATTEMPTS):
            if _seconds(rpc, "latest") >= target:
                return False
            moved = _mine_at(rpc, target)
            if _seconds(rpc, "latest") >= target:
                return moved
    raise NodeRefusedError(f"the node doesn't reach {moment.isoformat()}")


def _mine_at(rpc: NodeRpc, target: int) -> bool:
    """Mine a block at `target` seconds, or now when chain time is past it; True when time was moved."""
    moved = _seconds(rpc, "pending") < target
    try:
        if moved:
            rpc.call("evm_setNextBlockTimestamp", target)
        rpc.call("evm_mine")
    except NodeRefusedError:
        # Somebody else may have moved time past the target in between.
        if _seconds(rpc, "latest") < target:
            raise
    return moved


def _seconds(rpc: NodeRpc, tag: str) -> int:
    return int(_block(rpc, tag)["timestamp"], 16)


def _block(rpc: NodeRpc, tag: str) -> dict[str, Any]:
    block: dict[str, Any] | None = rpc.call("eth_getBlockByNumber", tag, False)
    if block is None:  # Besu may answer so for the newest block in the instant that it is replaced
        raise NodeRefusedError(f"the node has no block {tag} at this instant")
    return block


def _at(block: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(block["timestamp"], 16), UTC)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.chain_time", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rpc_url")
    parser.add_argument("moment", nargs="?", type=datetime.fromisoformat, help="ISO 8601 with a time zone")
    options = parser.parse_args(arguments)
    try:
        if options.moment is not None:
            advance_to(options.rpc_url, options.moment)
        print(chain_now(options.rpc_url).isoformat())
    except (ValueError, NodeRefusedError, NodeUnreachableError) as error:
        print(f"chain_time: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
