"""Checks of a block before it is written: nothing that the header doesn't prove gets into the database.

In this order: number, parent, header hash, seals (QBFT), transactions (count, hash, root, signer), receipts (count, root, place),
logs (numbering, place). A failure is a ProofFailed with the name of the check; the loop reads again and then halts with an alarm.
"""

from datetime import UTC, datetime
from typing import Any

import rlp

from indexer.chain.errors import AnswerIncomplete, ProofFailed
from indexer.chain.proofs import (
    HEADER_FIELDS,
    QBFT_MIX_HASH,
    Json,
    Seals,
    header_hash,
    keccak,
    number,
    ordered_root,
    raw_transaction,
    receipts_root,
    rlp_encode,
    seals_of,
    sender_of,
    trimmed,
    unhex,
)
from indexer.sync.facts import Row, VerifiedBlock

_BROKEN = (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, rlp.exceptions.RLPException)


def verify_block(
    expected: int, parent_hash: str | None, block: Json | None, receipts: list[Json] | None
) -> VerifiedBlock:
    """Check one block against its parent and itself, and give it as rows.

    ``parent_hash`` None: the genesis block. Raises AnswerIncomplete when the node hasn't got all of it yet, ProofFailed on a
    contradiction.
    """
    if block is None:
        raise AnswerIncomplete(f"the node has no block {expected} yet")
    if receipts is None and block.get("transactions"):
        raise AnswerIncomplete(f"the node has no receipts of block {expected} yet")
    try:
        return _verified(expected, parent_hash, block, receipts or [])
    except _BROKEN as error:
        raise ProofFailed("format", expected, f"{type(error).__name__}: {error}") from error


def _verified(expected: int, parent_hash: str | None, block: Json, receipts: list[Json]) -> VerifiedBlock:
    seals = _check_header(expected, parent_hash, block)
    at = datetime.fromtimestamp(number(block["timestamp"]), UTC)
    transactions = _transactions(expected, block, at)
    _check_receipts(expected, block, receipts)
    logs = _complete(expected, transactions, receipts, at)
    return VerifiedBlock(_block_row(block, seals, at, len(transactions), len(logs)), transactions, logs)


# --- header ----------------------------------------------------------------------------------------------------------


def _check_header(expected: int, parent_hash: str | None, block: Json) -> Seals | None:
    _require(number(block["number"]) == expected, "number", expected, f"the node answered {block['number']}")
    if parent_hash is not None:
        parent = block["parentHash"].lower()
        _require(parent == parent_hash, "parent", expected, f"its parent is {parent}, stored is {parent_hash}")
    found = header_hash(block)
    _require(found == block["hash"].lower(), "header", expected, f"fields hash to {found}, not to {block['hash']}")
    if block["mixHash"].lower() != QBFT_MIX_HASH:
        return None
    seals = seals_of(block)
    if seals is not None and seals.validators:
        told = f"{len(set(seals.signers))} seals of {len(seals.validators)} validators, {seals.quorum} needed"
        _require(seals.proven, "seals", expected, told)
    return seals


def _block_row(block: Json, seals: Seals | None, at: datetime, tx_count: int, log_count: int) -> Row:
    return {
        "number": number(block["number"]),
        "hash": block["hash"].lower(),
        "parent_hash": block["parentHash"].lower(),
        "timestamp": number(block["timestamp"]),
        "at": at,
        "proposer": block["miner"].lower(),
        "gas_used": number(block["gasUsed"]),
        "gas_limit": min(number(block["gasLimit"]), 2**63 - 1),
        "transactions_root": block["transactionsRoot"].lower(),
        "receipts_root": block["receiptsRoot"].lower(),
        "state_root": block["stateRoot"].lower(),
        "tx_count": tx_count,
        "log_count": log_count,
        "round": seals.round if seals else None,
        "seals_count": len(set(seals.signers)) if seals else None,
        "validators_count": len(seals.validators) if seals else None,
        "proven_hash": True,
        "proven_transactions": True,
        "proven_receipts": True,
        "proven_seals": bool(seals and seals.proven),
        "header": {name: block[name] for name in HEADER_FIELDS if block.get(name) is not None},
    }


# --- transactions ----------------------------------------------------------------------------------------------------


def _transactions(expected: int, block: Json, at: datetime) -> list[Row]:
    raws = [raw_transaction(tx) for tx in block["transactions"]]
    root = ordered_root(raws)
    told = f"{len(raws)} transactions give {root}, the header says {block['transactionsRoot']}"
    _require(root == block["transactionsRoot"].lower(), "transactionsRoot", expected, told)
    return [_transaction(expected, index, tx, raws[index], at) for index, tx in enumerate(block["transactions"])]


def _transaction(expected: int, index: int, tx: Json, raw: bytes, at: datetime) -> Row:
    found, sender = "0x" + keccak(raw).hex(), sender_of(raw)
    _require(
        found == tx["hash"].lower(),
        "transaction hash",
        expected,
        f"transaction {index} hashes to {found}, not to {tx['hash']}",
    )
    _require(sender == tx["from"].lower(), "signer", expected, f"{found} is signed by {sender}, not by {tx['from']}")
    return {
        "hash": found,
        "block_number": expected,
        "tx_index": index,
        "type": number(tx.get("type", "0x0")),
        "sender": sender,
        "to_address": tx["to"].lower() if tx.get("to") else None,
        "nonce": number(tx["nonce"]),
        "input": tx["input"].lower(),
        "value_wei": str(number(tx["value"])),
        "gas": number(tx["gas"]),
        "raw": "0x" + raw.hex(),
        "at": at,
    }


# --- receipts and logs -----------------------------------------------------------------------------------------------


def _check_receipts(expected: int, block: Json, receipts: list[Json]) -> None:
    count = len(block["transactions"])
    _require(len(receipts) == count, "receipts", expected, f"{len(receipts)} receipts for {count} transactions")
    root = receipts_root(receipts)
    _require(
        root == block["receiptsRoot"].lower(),
        "receiptsRoot",
        expected,
        f"receipts give {root}, the header says {block['receiptsRoot']}",
    )


def _complete(expected: int, transactions: list[Row], receipts: list[Json], at: datetime) -> list[Row]:
    """Add what the receipts say to the transactions and return the rows of the logs."""
    logs: list[Row] = []
    before = 0
    for row, receipt in zip(transactions, receipts, strict=True):
        told = f"receipt {row['tx_index']} is of {receipt['transactionHash']}"
        _require(receipt["transactionHash"].lower() == row["hash"], "receipt place", expected, told)
        used = number(receipt["cumulativeGasUsed"])
        row.update(
            gas_used=used - before,
            cumulative_gas_used=used,
            status=number(receipt["status"]),
            contract_address=_created(row, receipt),
            revert_data=receipt.get("revertReason"),
        )
        before = used
        for log in receipt["logs"]:
            logs.append(_log(expected, len(logs), row, log, at))
    return logs


def _created(row: Row, receipt: Json) -> str | None:
    if row["to_address"] is not None or not number(receipt["status"]):
        return None
    encoded = rlp_encode([unhex(row["sender"]), trimmed(row["nonce"])])
    return "0x" + keccak(encoded)[12:].hex()


def _log(expected: int, index: int, row: Row, log: Json, at: datetime) -> Row:
    told = f"log {log['logIndex']} of {log['transactionHash']} stands at {index} of {row['hash']}"
    in_place = number(log["logIndex"]) == index and log["transactionHash"].lower() == row["hash"]
    _require(in_place and not log.get("removed"), "log place", expected, told)
    return {
        "block_number": expected,
        "log_index": index,
        "tx_hash": row["hash"],
        "tx_index": row["tx_index"],
        "address": log["address"].lower(),
        "topics": [topic.lower() for topic in log["topics"]],
        "data": log["data"].lower(),
        "at": at,
    }


# --- stored facts ----------------------------------------------------------------------------------------------------


def verify_stored(parent_hash: str | None, block: Row, transactions: list[Row], logs: list[Row]) -> None:
    """Prove once more, from the database alone, a block that was written before. Raises ProofFailed."""
    expected = block["number"]
    header: dict[str, Any] = block["header"]
    if parent_hash is not None:
        _require(block["parent_hash"] == parent_hash, "parent", expected, f"its parent is {block['parent_hash']}")
    _require(header_hash(header) == block["hash"], "header", expected, "the stored header has another hash")
    root = ordered_root([unhex(row["raw"]) for row in transactions])
    _require(
        root == header["transactionsRoot"].lower(), "transactionsRoot", expected, f"stored transactions give {root}"
    )
    by_transaction: dict[str, list[Row]] = {}
    for log in logs:
        by_transaction.setdefault(log["tx_hash"], []).append(log)
    receipts = [
        {
            "type": row["type"],
            "status": row["status"],
            "cumulativeGasUsed": row["cumulative_gas_used"],
            "logs": by_transaction.get(row["hash"], []),
        }
        for row in transactions
    ]
    root = receipts_root(receipts)
    _require(root == header["receiptsRoot"].lower(), "receiptsRoot", expected, f"stored receipts give {root}")


def _require(holds: bool, check: str, block_number: int, detail: str) -> None:
    if not holds:
        raise ProofFailed(check, block_number, detail)
