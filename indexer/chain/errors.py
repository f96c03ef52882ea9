"""Errors of the indexer, sorted by what the caller may do::

IndexerError
├── Retryable               wait, then ask again: nothing is wrong with what is stored
│   ├── NodeUnavailable     no connection, time-out, HTTP 5xx, a node that is still syncing
│   └── AnswerIncomplete    a block without its receipts yet, an answer missing in a batch
├── AnswerTooLarge          ask for less at once
├── RpcError                the node refused this one call; code, message and data are the node's
├── Misconfigured           a person must act before a start makes sense; the message names the next step (exit code 2)
│   ├── NodeRefused · WrongChain · WrongDeployment · TablesMissing · SchemaOutdated · WriterBusy · NodeBehind · NodePruned
└── ProofFailed             what the node says contradicts itself or what is stored: halt and raise the alarm (exit code 3)
"""

from typing import Any


class IndexerError(Exception):
    """Root of the tree above."""


class Retryable(IndexerError):
    """Ask again later."""


class NodeUnavailable(Retryable):
    """The node can't be reached or can't answer now."""


class AnswerIncomplete(Retryable):
    """The node answered, but not everything that was asked."""


class AnswerTooLarge(IndexerError):
    """The node or a proxy refuses so large a batch."""


class RpcError(IndexerError):
    """A JSON-RPC error object. ``data`` carries the revert data of a failed ``eth_call``."""

    def __init__(self, method: str, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class Misconfigured(IndexerError):
    """Can't start like this."""


class NodeRefused(Misconfigured):
    """HTTP 401, 403 or 404: credentials, host allow-list or address are wrong."""


class WrongChain(Misconfigured):
    """The node serves another chain than the settings or the database name."""


class WrongDeployment(Misconfigured):
    """The deployment file is missing, or belongs to another network."""


class TablesMissing(Misconfigured):
    """The database has no tables yet."""


class SchemaOutdated(Misconfigured):
    """The derived tables were written by another version."""


class WriterBusy(Misconfigured):
    """Another indexer writes into this database."""


class NodeBehind(Misconfigured):
    """The node doesn't have the blocks that the database has already."""


class NodePruned(Misconfigured):
    """The node has thrown away blocks or receipts that were never read."""


class ProofFailed(IndexerError):
    """A check of a block failed. ``check`` is its short name, ``block_number`` the block, ``detail`` what was found."""

    def __init__(self, check: str, block_number: int, detail: str) -> None:
        super().__init__(f"block {block_number}: {check}: {detail}")
        self.check = check
        self.block_number = block_number
        self.detail = detail
