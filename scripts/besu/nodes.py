"""Each node of a network: key, ports, address, and the files that Besu starts with.

Options are those of Besu 26.7.1 and later; the reasons are in besu-network/README.md.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.besu import files
from scripts.besu.config import PORTS, Config, Planned, allowed_enodes, is_ip
from scripts.besu.files import TomlValue

# What the processes of the platform ask without a token; everything else (perm_*, qbft_*, admin_*, debug_*, trace_*) needs one.
OPEN_METHODS = [
    *(f"eth_{name}" for name in ("blockNumber", "call", "chainId", "estimateGas", "gasPrice", "feeHistory", "syncing")),
    *(
        f"eth_get{name}"
        for name in ("Balance", "BlockByHash", "BlockByNumber", "BlockReceipts", "Code", "Logs", "Proof", "StorageAt")
    ),
    *(f"eth_getTransaction{name}" for name in ("ByHash", "Count", "Receipt")),
    "eth_sendRawTransaction",
    "net_listening",
    "net_peerCount",
    "net_version",
    "qbft_getValidatorsByBlockNumber",
    "txpool_besuStatistics",
    "txpool_besuTransactions",
    "web3_clientVersion",
]
COMMON_APIS = ["ETH", "NET", "WEB3", "TXPOOL", "QBFT", "PERM", "ADMIN"]
RPC_APIS = [*COMMON_APIS, "DEBUG", "TRACE"]
LEAST_PEERS = 25


@dataclass(frozen=True, slots=True)
class Node:
    """A node as nodes.json tells it."""

    name: str
    role: str
    address: str
    enode: str
    host: str
    p2p_port: int
    rpc_port: int
    metrics_port: int
    rpc_url: str
    metrics_url: str

    @property
    def ports(self) -> dict[str, int]:
        """Its three ports by kind."""
        return {"p2p_port": self.p2p_port, "rpc_port": self.rpc_port, "metrics_port": self.metrics_port}


def folder_of(network: Path, name: str) -> Path:
    """Where a node's files lie."""
    return network / "nodes" / name


def make_nodes(network: Path, wanted: Sequence[Planned], present: dict[str, dict[str, Any]]) -> list[Node]:
    """Keys and addresses of all nodes; keys and free ports that an earlier run chose are kept. ``present``: nodes of nodes.json by name."""
    taken = {(one.host, port) for one in wanted for port in one.ports.values() if port}
    return [_make(network, one, present.get(one.name, {}), taken) for one in wanted]


def write_node(network: Path, config: Config, node: Node, all_nodes: Sequence[Node], allowed: Sequence[str]) -> None:
    """Write a node's files. Permission lists are written once: later they belong to perm_* and survive a new run."""
    folder = folder_of(network, node.name)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    files.write_json(folder / "static-nodes.json", [one.enode for one in all_nodes if one != node])
    files.kept(
        folder / "permissions.toml",
        lambda: permissions(allowed, all_nodes, allowed_enodes(config)).strip(),
        files.PUBLIC,
    )
    root = config.nodes.root or str(network.resolve())
    files.write(
        folder / "config.toml", _HEADER.format(root=root) + files.toml(options(config, node, len(all_nodes), root))
    )


def permissions(allowed: Sequence[str], all_nodes: Sequence[Node], others: Sequence[str]) -> str:
    """Accounts that may send, nodes that may connect."""
    enodes = dict.fromkeys([*(one.enode for one in all_nodes), *others])
    return files.toml({"accounts-allowlist": list(allowed), "nodes-allowlist": list(enodes)})


def options(config: Config, node: Node, count: int, root: str) -> dict[str, TomlValue]:
    """Everything that a node is told, by the names of Besu's options."""
    at, bind = f"{root}/nodes/{node.name}", config.nodes.bind
    values: dict[str, TomlValue] = {
        "genesis-file": f"{root}/genesis.json",
        "data-path": f"{at}/data",
        "node-private-key-file": f"{at}/key",
        "logging": config.nodes.log_level,
        "color-enabled": False,
        # peers: only those of the list, found by the list
        "p2p-host": node.host if is_ip(node.host) else "127.0.0.1",
        "p2p-interface": bind,
        "p2p-port": node.p2p_port,
        "discovery-enabled": False,
        "nat-method": "NONE",
        "static-nodes-file": f"{at}/static-nodes.json",
        "max-peers": max(LEAST_PEERS, 2 * count),
        "remote-connections-limit-enabled": False,
        "permissions-nodes-config-file-enabled": True,
        "permissions-nodes-config-file": f"{at}/permissions.toml",
        "permissions-accounts-config-file-enabled": True,
        "permissions-accounts-config-file": f"{at}/permissions.toml",
        # every block is executed and every state kept: the comparison of SQL with contracts asks at old blocks
        "sync-mode": "FULL",
        "data-storage-format": "FOREST",
        # free gas, and a block that fits into half a period
        "min-gas-price": 0,
        "target-gas-limit": config.chain.gas_limit,
        "rpc-tx-feecap": 0,
        # one sender may have many transactions on their way, and a restart loses none
        "tx-pool": "SEQUENCED",
        "tx-pool-max-size": 100_000,
        "tx-pool-limit-by-account-percentage": 1,
        "tx-pool-no-local-priority": True,
        "tx-pool-enable-save-restore": True,
        "cache-last-blocks": 1024,
        "revert-reason-enabled": node.role == "rpc",
        "rpc-http-enabled": True,
        "rpc-http-host": bind,
        "rpc-http-port": node.rpc_port,
        "rpc-http-api": RPC_APIS if node.role == "rpc" else COMMON_APIS,
        "rpc-http-max-active-connections": 300,
        "host-allowlist": list(dict.fromkeys([*config.nodes.host_allowlist, node.host])),
        "rpc-http-authentication-enabled": True,
        "rpc-http-authentication-jwt-public-key-file": f"{root}/jwt/public.pem",
        "rpc-http-authentication-jwt-algorithm": "RS256",
        "rpc-http-api-methods-no-auth": OPEN_METHODS,
        "metrics-enabled": True,
        "metrics-host": bind,
        "metrics-port": node.metrics_port,
    }
    if not is_ip(node.host):
        values |= {"Xdns-enabled": True, "Xdns-update-enabled": True}
    return values


def free_port(taken: set[tuple[str, int]], host: str) -> int:
    """A port of this machine that nobody listens on and that no other node was given."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if (host, port) not in taken:
            taken.add((host, port))
            return port


def as_json(node: Node) -> dict[str, Any]:
    """A node in nodes.json."""
    return asdict(node)


def _make(network: Path, one: Planned, present: dict[str, Any], taken: set[tuple[str, int]]) -> Node:
    folder = folder_of(network, one.name)
    key = files.private_key(folder / "key")
    public = files.public_key(key)
    files.write(folder / "key.pub", f"0x{public}\n")
    ports = {kind: one.ports[kind] or present.get(kind) or free_port(taken, one.host) for kind in PORTS}
    return Node(
        name=one.name,
        role=one.role,
        address=files.address(key),
        enode=f"enode://{public}@{one.host}:{ports['p2p_port']}",
        host=one.host,
        p2p_port=ports["p2p_port"],
        rpc_port=ports["rpc_port"],
        metrics_port=ports["metrics_port"],
        rpc_url=f"http://{one.host}:{ports['rpc_port']}",
        metrics_url=f"http://{one.host}:{ports['metrics_port']}/metrics",
    )


_HEADER = """# Made by `make network` and made anew by every run of it: change network.yaml instead.
# Where operators prefer passwords to tokens: put rpc-http-authentication-credentials-file = "{root}/rpc-users.toml"
# in the place of the two lines rpc-http-authentication-jwt-*. Tokens signed with jwt/private.pem are refused then.
"""
