"""Who proposed, who sealed, in how many rounds: read from the mirrored headers, so that no node has to be believed.

A QBFT block needs ⌈2n/3⌉ seals and carries those that had arrived when it was finished, so a missing seal is no fault of one block; a
validator whose seals are missing again and again is late, cut off or stopped. A round above 0 means that a proposer was waited for in vain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from backend.core.context import Context
from backend.network import repository
from indexer.chain.proofs import seals_of
from indexer.models import ChainBlock

WINDOW = 200
LARGEST_WINDOW = 5000
_KEPT: dict[str, tuple[str, ...]] = {}


@dataclass(slots=True)
class ValidatorWork:
    """One validator over a window of blocks; ``due``: blocks that named it."""

    address: str
    proposed: int = 0
    due: int = 0
    sealed: int = 0
    last_proposed: int | None = None
    last_sealed: int | None = None
    current: bool = False

    @property
    def missing(self) -> int:
        """Blocks without its seal."""
        return self.due - self.sealed


@dataclass(frozen=True, slots=True)
class VoteSeen:
    """A vote that a block carries: who proposed the block, about whom, in (True) or out."""

    block: int
    voter: str
    about: str
    inwards: bool


@dataclass(slots=True)
class Window:
    """What the last blocks show. ``rounds``: round -> blocks; ``seals``: (k, n) of the last block."""

    first: int | None = None
    last: int | None = None
    blocks: int = 0
    validators: list[ValidatorWork] = field(default_factory=list)
    rounds: dict[int, int] = field(default_factory=dict)
    votes: list[VoteSeen] = field(default_factory=list)
    seals: tuple[int, int] | None = None

    @property
    def late(self) -> int:
        """Blocks that needed more than one round."""
        return sum(many for turn, many in self.rounds.items() if turn)


def window(ctx: Context, size: int = WINDOW) -> Window:
    """The last ``size`` blocks of a QBFT chain; empty for another consensus."""
    height = repository.height(ctx)
    statement = select(ChainBlock.number, ChainBlock.hash, ChainBlock.proposer, ChainBlock.header).where(
        ChainBlock.number > max(height - min(size, LARGEST_WINDOW), 0), ChainBlock.number <= height
    )
    found, seen = Window(), dict[str, ValidatorWork]()
    for number, block_hash, proposer, header in ctx.session.exec(statement.order_by(col(ChainBlock.number))):
        _add(found, seen, number, block_hash, proposer, dict(header))
    found.validators = sorted(seen.values(), key=lambda one: one.address)
    return found


def _add(
    found: Window, seen: dict[str, ValidatorWork], number: int, block_hash: str, proposer: str, header: Any
) -> None:
    if "mixHash" not in header or "extraData" not in header:
        return
    told = seals_of(header, recover=False)
    if told is None:
        return
    signers = set(_signers(block_hash, header))
    found.first, found.last, found.blocks = found.first or number, number, found.blocks + 1
    found.rounds[told.round] = found.rounds.get(told.round, 0) + 1
    found.seals = (len(signers), len(told.validators))
    if told.vote is not None:
        found.votes.insert(0, VoteSeen(number, proposer, *told.vote))
    for one in seen.values():
        one.current = one.address in told.validators
    for address in told.validators:
        work = seen.setdefault(address, ValidatorWork(address, current=True))
        work.due += 1
        if address in signers:
            work.sealed, work.last_sealed = work.sealed + 1, number
    work = seen.setdefault(proposer, ValidatorWork(proposer))
    work.proposed, work.last_proposed = work.proposed + 1, number


def _signers(block_hash: str, header: dict[str, Any]) -> tuple[str, ...]:
    """Recovering a signature takes a tenth of a millisecond: each block's are kept. A mirrored block is never replaced by another."""
    if block_hash not in _KEPT:
        if len(_KEPT) > 2 * LARGEST_WINDOW:
            _KEPT.clear()
        told = seals_of(header)
        _KEPT[block_hash] = told.signers if told is not None else ()
    return _KEPT[block_hash]
