"""Who may seal the next block of a QBFT chain: the votes in the headers, counted as Besu counts them.

A block's own extra data names its validators, and a forger would name himself. So the list is not believed: it must be the list of the
block before, changed only by the votes that more than half of those validators have cast since the last epoch block (where open votes
are dropped). An empty list means that a contract chooses the validators; then nothing is counted and no seal is called proven.

Source: VoteTally and VoteTallyUpdater of Besu (consensus/common/validator/blockbased).
"""

from dataclasses import dataclass, field
from typing import Any

from indexer.chain.encoding import number
from indexer.chain.proofs import Seals, genesis_validators, seals_of

EPOCH_LENGTH = 30_000
"""Besu's default of ``epochlength``."""


@dataclass
class ValidatorTally:
    """Validators after some block, and the votes that are open then. ``current`` None: no QBFT block seen yet."""

    epoch_length: int = EPOCH_LENGTH
    current: frozenset[str] | None = None
    votes: dict[str, dict[str, bool]] = field(default_factory=dict)
    """By candidate: what each validator wants, True to let him in."""

    def copy(self) -> "ValidatorTally":
        """Another one that goes its own way."""
        votes = {candidate: dict(cast) for candidate, cast in self.votes.items()}
        return ValidatorTally(self.epoch_length, self.current, votes)

    def unexpected(self, seals: Seals | None) -> str | None:
        """What is wrong with the validators that a block names; None when they are those expected or nothing is known."""
        if seals is None or not self.current or set(seals.validators) == self.current:
            return None
        added = sorted(set(seals.validators) - self.current)
        gone = sorted(self.current - set(seals.validators))
        return f"not the validators after its parent: {', '.join(added) or 'nobody'} added, {', '.join(gone) or 'nobody'} left out"

    def add(self, header: dict[str, Any], seals: Seals | None) -> None:
        """Take in a block that has passed every check."""
        height = number(header["number"])
        if seals is None:
            listed = genesis_validators(header) if height == 0 else None
            self.current = frozenset(listed) if listed else None
            return
        if self.current is None:
            self.current = frozenset(seals.validators)
        if (height + 1) % self.epoch_length == 0:
            self.votes.clear()
        elif seals.vote is not None:
            self._vote(header["miner"].lower(), *seals.vote)

    def replay(self, header: dict[str, Any]) -> None:
        """Take in a block that was proved before."""
        self.add(header, seals_of(header, recover=False))

    def _vote(self, voter: str, candidate: str, wanted: bool) -> None:
        validators = self.current or frozenset()
        cast = self.votes.setdefault(candidate, {})
        cast[voter] = wanted
        enough = len(validators) // 2 + 1
        if sum(cast.values()) >= enough:
            self.current = validators | {candidate}
            del self.votes[candidate]
        elif len(cast) - sum(cast.values()) >= enough:
            self.current = validators - {candidate}
            del self.votes[candidate]
            for others in self.votes.values():
                others.pop(candidate, None)
