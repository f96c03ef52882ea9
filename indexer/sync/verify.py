"""Checks of a block before it is written: nothing that the header doesn't prove gets into the database.

In this order: number, parent, header hash, validators and seals (QBFT), transactions (count, hash, root, signer), receipts (count, root, place),
logs (numbering, place). A failure is a ProofFailed with the name of the check; the loop reads again and then halts with an alarm.
"""

from datetime import UTC, datetime
from typing import Any

import rlp

from indexer.chain.encoding import keccak, number, ordered_root, rlp_encode, trimmed, unhex
from indexer.chain.errors import AnswerIncomplete, ProofFailed
from indexer.chain.proofs import (
    HEADER_FIELDS,
    QBFT_MIX_HASH,
    Json,
    Seals,
    header_hash,
    raw_and_sender,
    receipts_root,
    seals_of,
    sender_of,
)
from indexer.chain.validators import ValidatorTally
from indexer.sync.facts import Row, VerifiedBlock

_BROKEN = (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, rlp.exceptions.RLPException)


def verify_block(
    expected: int,
    parent_hash: str | None,
    block: Json | None,
    receipts: list[Json] | None,
    tally: ValidatorTally | None = None,
) -> VerifiedBlock:
    """Check one block against its parent and itself, and give it as rows. ``tally`` (validators after the parent) takes it in.

    ``parent_hash`` None: the genesis block. Raises AnswerIncomplete when the node hasn't got all of it yet, ProofFailed on a
    contradiction.
    """
    if block is None:
        raise AnswerIncomplete(f"the node has no block {expected} yet")
    if receipts is None and block.get("transactions"):
        raise AnswerIncomplete(f"the node has no receipts of block {expected} yet")
    try:
        return _verified(expected, parent_hash, block, receipts or [], tally or ValidatorTally())
    except _BROKEN as error:
        raise ProofFailed("format", expected, f"{type(error).__name__}: {error}") from error


def _verified(
    expected: int, parent_hash: str | None, block: Json, receipts: list[Json], tally: ValidatorTally
) -> VerifiedBlock:
    seals = check_header(expected, parent_hash, block, block["hash"], tally)
    at = datetime.fromtimestamp(number(block["timestamp"]), UTC)
    transactions = _transactions(expected, block, at)
    _check_receipts(expected, block, receipts)
    logs = _complete(expected, transactions, receipts, at)
    tally.add(block, seals)
    return VerifiedBlock(_block_row(block, seals, at, len(transactions), len(logs)), transactions, logs)


# --- header ----------------------------------------------------------------------------------------------------------


def check_header(
    expected: int, parent_hash: str | None, header: Json, block_hash: str, tally: ValidatorTally
) -> Seals | None:
    """Number, parent, hash, and on QBFT the seals of the validators that the chain itself has chosen. Raises ProofFailed."""
    _require(number(header["number"]) == expected, "number", expected, f"the node answered {header['number']}")
    if parent_hash is not None:
        parent = header["parentHash"].lower()
        _require(parent == parent_hash, "parent", expected, f"its parent is {parent}, stored is {parent_hash}")
    found = header_hash(header)
    _require(found == block_hash.lower(), "header", expected, f"fields hash to {found}, not to {block_hash}")
    if header["mixHash"].lower() != QBFT_MIX_HASH:
        _require(not tally.current, "consensus", expected, "its parents are of QBFT, it isn't")
        return None
    seals = seals_of(header)
    wrong = tally.unexpected(seals)
    _require(wrong is None, "validators", expected, wrong or "")
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
    signed = [raw_and_sender(tx) for tx in block["transactions"]]
    root = ordered_root([raw for raw, _ in signed])
    told = f"{len(signed)} transactions give {root}, the header says {block['transactionsRoot']}"
    _require(root == block["transactionsRoot"].lower(), "transactionsRoot", expected, told)
    return [_transaction(expected, index, tx, *signed[index], at) for index, tx in enumerate(block["transactions"])]


def _transaction(expected: int, index: int, tx: Json, raw: bytes, sender: str, at: datetime) -> Row:
    found = "0x" + keccak(raw).hex()
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


def verify_stored(
    parent_hash: str | None,
    block: Row,
    transactions: list[Row],
    logs: list[Row],
    tally: ValidatorTally | None = None,
) -> None:
    """Prove once more, from the database alone, a block that was written before. Raises ProofFailed."""
    expected: int = block["number"]
    try:
        _stored(expected, parent_hash, block, transactions, logs, tally or ValidatorTally())
    except _BROKEN as error:
        raise ProofFailed("format", expected, f"{type(error).__name__}: {error}") from error


def _stored(
    expected: int,
    parent_hash: str | None,
    block: Row,
    transactions: list[Row],
    logs: list[Row],
    tally: ValidatorTally,
) -> None:
    header: dict[str, Any] = block["header"]
    seals = check_header(expected, parent_hash, header, block["hash"], tally)
    raws = [unhex(row["raw"]) for row in transactions]
    root = ordered_root(raws)
    told = f"stored transactions give {root}"
    _require(root == header["transactionsRoot"].lower(), "transactionsRoot", expected, told)
    for index, (row, raw) in enumerate(zip(transactions, raws, strict=True)):
        _require(row["hash"] == "0x" + keccak(raw).hex(), "transaction hash", expected, f"transaction {index}")
        _require(row["sender"] == sender_of(raw), "signer", expected, f"transaction {index} isn't of {row['sender']}")
        _require(row["tx_index"] == index, "transaction place", expected, f"{row['tx_index']} stands at {index}")
    root = receipts_root(_stored_receipts(transactions, logs))
    _require(root == header["receiptsRoot"].lower(), "receiptsRoot", expected, f"stored receipts give {root}")
    for index, log in enumerate(logs):
        _require(log["log_index"] == index, "log place", expected, f"log {log['log_index']} stands at {index}")
    expected_row = _block_row({**header, "hash": block["hash"]}, seals, block["at"], len(transactions), len(logs))
    changed = sorted(name for name, value in expected_row.items() if block[name] != value and name != "header")
    _require(not changed, "block row", expected, f"columns {', '.join(changed)} aren't what the header says")
    tally.add(header, seals)


def _stored_receipts(transactions: list[Row], logs: list[Row]) -> list[Json]:
    by_transaction: dict[str, list[Row]] = {}
    for log in logs:
        by_transaction.setdefault(log["tx_hash"], []).append(log)
    return [
        {
            "type": row["type"],
            "status": row["status"],
            "cumulativeGasUsed": row["cumulative_gas_used"],
            "logs": by_transaction.get(row["hash"], []),
        }
        for row in transactions
    ]


def _require(holds: bool, check: str, block_number: int, detail: str) -> None:
    if not holds:
        raise ProofFailed(check, block_number, detail)
