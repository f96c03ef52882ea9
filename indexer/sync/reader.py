"""Blocks from the node, verified and decoded, a chunk at a time. Knows nothing of the database."""

from dataclasses import dataclass
from typing import Any

from indexer.chain.addresses import AddressBook
from indexer.chain.client import RpcClient
from indexer.chain.errors import AnswerIncomplete, RpcError
from indexer.chain.validators import ValidatorTally
from indexer.sync.facts import VerifiedBlock, decode_logs
from indexer.sync.verify import verify_block

_TRACE = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
CHUNK_BYTES = 3_000_000
"""Size of an answer that chunks are cut for: some thousand of our transactions. Half of it costs the database a tenth more CPU, twice of it 35 MiB."""
_FEW_BLOCKS = 8
_BLOCK_BYTES, _TRANSACTION_BYTES = 1_800, 3_000
"""Of an answer: an empty block, and a transaction of ours with its receipt."""


@dataclass
class Answers:
    """What the node said about blocks ``first`` … ``last``, not looked at yet."""

    first: int
    last: int
    content: list[Any]
    size: int


@dataclass
class Chunk:
    """Consecutive blocks that have passed every check; ``undecoded`` logs in them, the validators after the last one, new assets."""

    blocks: list[VerifiedBlock]
    undecoded: int
    tally: ValidatorTally
    assets: list[str]

    @property
    def first(self) -> int:
        """Number of the first block."""
        return self.blocks[0].number

    @property
    def parent(self) -> str:
        """Hash of the block before the first."""
        return str(self.blocks[0].row["parent_hash"])


def fetch(client: RpcClient, first: int, last: int) -> Answers:
    """Ask for blocks and their receipts in one batch. Raises what `RpcClient` raises, AnswerIncomplete for a refusal."""
    calls: list[tuple[str, list[Any]]] = []
    for number in range(first, last + 1):
        calls += [("eth_getBlockByNumber", [hex(number), True]), ("eth_getBlockReceipts", [hex(number)])]
    try:
        content = client.batch(calls)
    except RpcError as error:
        raise AnswerIncomplete(str(error)) from error
    return Answers(first, last, content, client.last_size)


def verified(answers: Answers, parent: str | None, tally: ValidatorTally, book: AddressBook) -> Chunk:
    """Prove and decode; ``tally`` isn't changed, ``book`` learns new assets. Raises AnswerIncomplete, ProofFailed."""
    after = tally.copy()
    blocks: list[VerifiedBlock] = []
    undecoded, known = 0, len(book.names)
    for place, number in enumerate(range(answers.first, answers.last + 1)):
        block, receipts = answers.content[2 * place : 2 * place + 2]
        one = verify_block(number, parent, block, receipts, after)
        undecoded += decode_logs(one.logs, book)
        blocks.append(one)
        parent = one.hash
    return Chunk(blocks, undecoded, after, list(book.names)[known:])


def explain_failures(client: RpcClient, blocks: list[VerifiedBlock]) -> None:
    """Ask the node why transactions failed; no proof covers it, so it is a help for people and no part of the digest."""
    failed = [row for block in blocks for row in block.transactions if not row["status"] and not row["revert_data"]]
    if not failed:
        return
    traces = client.batch_with_errors([("debug_traceTransaction", [row["hash"], _TRACE]) for row in failed])
    for row, trace in zip(failed, traces, strict=True):
        if isinstance(trace, dict):
            row["revert_data"] = trace.get("output")


def next_size(blocks: int, size: int, limit: int) -> int:
    """How many blocks to ask for after ``blocks`` of them made an answer of ``size`` bytes: at most twice as many."""
    enough = blocks * CHUNK_BYTES // max(size, 1)
    return max(1, min(enough, 2 * blocks, limit))


def fitting(client: RpcClient, first: int, last: int) -> int:
    """``last``, or the block before it at which many blocks are enough for a chunk: a burst after quiet blocks isn't one huge answer.

    Asks for the counts of transactions only. A node that can't tell them is taken at the word of the last answer's size.
    """
    if last - first < _FEW_BLOCKS:
        return last
    numbers = range(first, last + 1)
    counts = client.batch_with_errors([("eth_getBlockTransactionCountByNumber", [hex(number)]) for number in numbers])
    room = CHUNK_BYTES
    for number, count in zip(numbers, counts, strict=True):
        room -= _BLOCK_BYTES + _count(count) * _TRANSACTION_BYTES
        if room < 0:
            return max(first, number - 1)
    return last


def _count(answer: Any) -> int:
    try:
        return int(answer, 16)
    except (TypeError, ValueError):  # refused, or nonsense: the blocks themselves will be judged
        return 0
