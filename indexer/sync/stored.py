"""Raw facts as the database has them: read back a page at a time, and proved once more."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from indexer.chain.addresses import AddressBook
from indexer.chain.client import RpcClient
from indexer.chain.errors import ProofFailed
from indexer.models import ChainBlock, ChainBlockDigest, ChainLog, ChainTransaction
from indexer.sync.checkpoint import Cursor, load_cursor, load_tally
from indexer.sync.facts import Row, decode_logs
from indexer.sync.verify import verify_stored

PAGE = 200
_SHOWN = 100


@dataclass
class Page:
    """Some consecutive blocks with their transactions and logs, by block."""

    blocks: list[Row]
    transactions: dict[int, list[Row]]
    logs: dict[int, list[Row]]

    @property
    def all_logs(self) -> list[Row]:
        """Logs of all blocks, in order."""
        return [log for number in sorted(self.logs) for log in self.logs[number]]


def pages(session: Session, first: int, last: int) -> Iterator[Page]:
    """Blocks ``first`` … ``last``."""
    for start in range(first, last + 1, PAGE):
        end = min(start + PAGE - 1, last)
        yield Page(
            _between(session, ChainBlock, "number", start, end),
            _by_block(_between(session, ChainTransaction, "block_number", start, end, "tx_index")),
            _by_block(_between(session, ChainLog, "block_number", start, end, "log_index")),
        )


def _between(session: Session, model: Any, column: str, start: int, end: int, *order: str) -> list[Row]:
    table = model.__table__
    wanted = table.c[column].between(start, end)
    found = session.connection().execute(
        select(table).where(wanted).order_by(table.c[column], *(table.c[name] for name in order))
    )
    return [dict(row) for row in found.mappings()]


def _by_block(rows: list[Row]) -> dict[int, list[Row]]:
    return {number: list(group) for number, group in groupby(rows, key=lambda row: row["block_number"])}


# --- checking history again ------------------------------------------------------------------------------------------


@dataclass
class Recheck:
    """Outcome of checking blocks ``first`` … ``last`` again. ``sealed``: with a quorum of seals; of many faults the first hundred."""

    first: int
    last: int
    blocks: int = 0
    transactions: int = 0
    logs: int = 0
    sealed: int = 0
    faults: list[ProofFailed] = field(default_factory=list)

    def fault(self, error: ProofFailed) -> None:
        """Remember what was found; the rest is checked all the same."""
        if len(self.faults) < _SHOWN:
            self.faults.append(error)


def recheck(
    session: Session, book: AddressBook, first: int, last: int, epoch_length: int, client: RpcClient | None = None
) -> Recheck:
    """Prove stored blocks again from the database alone: header, parent, seals, both roots, signers, numbering, decoding, digests.

    With a client their hashes are compared with the node's as well. Raises what the client raises.
    """
    cursor = load_cursor(session)
    outcome = Recheck(first, min(last, cursor.height))
    parent = _hash_of(session, first - 1)
    tally = load_tally(session, Cursor(first - 1, parent, 0, "", 0, 0, ""), epoch_length)
    expected = first
    for page in pages(session, first, outcome.last):
        _check_decoding(page, book, outcome)
        _check_digests(session, page, outcome)
        if client is not None:
            _check_node(client, page, outcome)
        for block in page.blocks:
            number = block["number"]
            if number != expected:
                outcome.fault(ProofFailed("gap", expected, f"the next stored block is {number}"))
                parent = None
            transactions, logs = page.transactions.get(number, []), page.logs.get(number, [])
            try:
                verify_stored(parent, block, transactions, logs, tally)
            except ProofFailed as error:
                outcome.fault(error)
            outcome.blocks, outcome.sealed = outcome.blocks + 1, outcome.sealed + block["proven_seals"]
            outcome.transactions, outcome.logs = outcome.transactions + len(transactions), outcome.logs + len(logs)
            parent, expected = block["hash"], number + 1
    if expected != outcome.last + 1:
        outcome.fault(ProofFailed("gap", expected, f"no stored blocks {expected} to {outcome.last}"))
    return outcome


def _hash_of(session: Session, number: int) -> str | None:
    table = ChainBlock.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    found: str | None = session.execute(select(table.c.hash).where(table.c.number == number)).scalar_one_or_none()
    return found


def _check_decoding(page: Page, book: AddressBook, outcome: Recheck) -> None:
    logs = page.all_logs
    stored = [(log["contract"], log["event"], log["args"]) for log in logs]
    try:
        decode_logs(logs, book)
    except ProofFailed as error:
        outcome.fault(error)
        return
    for log, before in zip(logs, stored, strict=True):
        if (log["contract"], log["event"], log["args"]) != before:
            told = (
                f"log {log['log_index']} decodes to {log['contract']}.{log['event']}, stored is {before[0]}.{before[1]}"
            )
            outcome.fault(ProofFailed("decoding", log["block_number"], told))


def _check_digests(session: Session, page: Page, outcome: Recheck) -> None:
    if not page.blocks:
        return
    table = ChainBlockDigest.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    first, last = page.blocks[0]["number"], page.blocks[-1]["number"]
    count = select(func.count()).where(table.c.block_number.between(first, last))
    found = session.execute(count).scalar_one()
    if found != len(page.blocks):
        outcome.fault(ProofFailed("digest", first, f"{found} digests of {len(page.blocks)} blocks from here"))


def _check_node(client: RpcClient, page: Page, outcome: Recheck) -> None:
    calls = [("eth_getBlockByNumber", [hex(block["number"]), False]) for block in page.blocks]
    for block, answer in zip(page.blocks, client.batch(calls, attempts=3), strict=True):
        said = answer["hash"].lower() if answer else "nothing"
        if said != block["hash"]:
            outcome.fault(ProofFailed("node", block["number"], f"the node has {said}, stored is {block['hash']}"))
