"""State machines as data: which moves exist. A domain's states.py says what each state means."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

from backend.core.errors import NotAllowedInState

S = TypeVar("S", bound=StrEnum)


class StateMachine(Generic[S]):
    """Allowed moves between states."""

    def __init__(self, moves: dict[S, set[S]]) -> None:
        self.moves = {state: frozenset(targets) for state, targets in moves.items()}

    def allows(self, current: S, target: S) -> bool:
        """Whether the move exists."""
        return target in self.moves.get(current, frozenset())

    def check(self, current: S, target: S) -> S:
        """The target state; raises :class:`NotAllowedInState` when there is no such move."""
        if not self.allows(current, target):
            raise NotAllowedInState(
                f"Переход из состояния {current.value} в {target.value} невозможен.",
                f"There is no move from {current.value} to {target.value}.",
            )
        return target
