"""What a verified block is made of: rows of the raw tables, and the decoded events in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from indexer.chain.abi import events_of
from indexer.chain.addresses import AddressBook
from indexer.chain.decode import DecodeError, decode_event
from indexer.chain.errors import ProofFailed

Row = dict[str, Any]

REGISTRY = "IssueRegistry"
DISCOVERY = "IssueDeployed"


@dataclass
class VerifiedBlock:
    """A block that has passed every check, as rows of chain_blocks, chain_transactions and chain_logs."""

    row: Row
    transactions: list[Row]
    logs: list[Row]

    @property
    def number(self) -> int:
        """Height."""
        return int(self.row["number"])

    @property
    def hash(self) -> str:
        """Block hash."""
        return str(self.row["hash"])


@dataclass(frozen=True)
class Fact:
    """One decoded event of one of our contracts, with its place. ``neighbours`` are all facts of the same transaction, in order."""

    contract: str
    event: str
    args: dict[str, Any]
    address: str
    block_number: int
    log_index: int
    timestamp: int
    at: datetime
    tx_hash: str
    sender: str
    neighbours: list["Fact"] = field(default_factory=list, repr=False, compare=False)

    @property
    def key(self) -> str:
        """Name under which projections know it: contract and event."""
        return f"{self.contract}.{self.event}"

    @property
    def place(self) -> Row:
        """Key of its row in a history table."""
        return {"block_number": self.block_number, "log_index": self.log_index}


def decode_logs(logs: Iterable[Row], book: AddressBook) -> int:
    """Fill contract, event and args of log rows; adds newly deployed assets to the book first. Returns how many stay undecoded.

    Raises ProofFailed when data doesn't fit our own ABI: then the ABI files belong to other contracts than the deployment.
    """
    rows = list(logs)
    for row in rows:
        if book.name_of(row["address"]) == REGISTRY:
            _decode(row, REGISTRY)
            if row["event"] == DISCOVERY:
                book.add_asset(row["args"]["asset"])
    undecoded = 0
    for row in rows:
        contract = book.name_of(row["address"])
        if contract is None:
            row.update(contract=None, event=None, args=None)
        else:
            _decode(row, contract)
        undecoded += row["event"] is None
    return undecoded


def facts_of(block_row: Row, senders: dict[str, str], logs: Sequence[Row]) -> list[Fact]:
    """The decoded logs of one block as facts, in order."""
    facts: list[Fact] = []
    groups: dict[str, list[Fact]] = {}
    for row in logs:
        if row["event"] is None:
            continue
        group = groups.setdefault(row["tx_hash"], [])
        fact = Fact(
            contract=row["contract"],
            event=row["event"],
            args=row["args"],
            address=row["address"],
            block_number=row["block_number"],
            log_index=row["log_index"],
            timestamp=block_row["timestamp"],
            at=block_row["at"],
            tx_hash=row["tx_hash"],
            sender=senders[row["tx_hash"]],
            neighbours=group,
        )
        group.append(fact)
        facts.append(fact)
    return facts


def _decode(row: Row, contract: str) -> None:
    event = events_of(contract).get(row["topics"][0]) if row["topics"] else None
    row.update(contract=contract, event=event.name if event else None, args=None)
    if event is None:
        return
    try:
        row["args"] = decode_event(event, row["topics"], row["data"])
    except DecodeError as error:
        raise ProofFailed("decode", row["block_number"], f"log {row['log_index']}: {error}") from error
