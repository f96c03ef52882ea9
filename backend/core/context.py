"""What every service function is given: the open transaction, business time, and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from backend.core.errors import Forbidden, Lang, StepUpRequired
from backend.core.permissions import Permission, Role, permissions_of
from backend.core.signing import gathered

if TYPE_CHECKING:
    from sqlmodel import Session

    from backend.core.clock import Clock
    from backend.settings import Settings

STEP_UP_LASTS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. ``wallet`` is the on-chain address that the operator's custody keeps for them."""

    user_id: str | None
    name: str
    roles: frozenset[Role] = frozenset()
    participant_id: str | None = None
    wallet: str | None = None
    session_id: str | None = None
    ip: str | None = None
    stepped_up_at: datetime | None = None
    is_system: bool = False

    @classmethod
    def system(cls, name: str) -> Actor:
        """A process of the operator: worker, command line."""
        return cls(user_id=None, name=name, is_system=True)

    @property
    def author(self) -> str:
        """How journals and histories name the actor: a user by identifier, never by name; a process by its name."""
        return self.user_id or (self.name if self.is_system else "")

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything the roles allow."""
        return permissions_of(self.roles)

    def may(self, permission: Permission) -> bool:
        """True for a process of the operator, or when a role allows it."""
        return self.is_system or permission in self.permissions


@dataclass(frozen=True, slots=True)
class Context:
    """One unit of work. Services never commit: the edge that opened the transaction does."""

    session: Session
    clock: Clock
    actor: Actor
    settings: Settings
    lang: Lang = "ru"
    request_id: str | None = field(default=None)

    def now(self) -> datetime:
        """Business time, aware UTC."""
        return self.clock.now(self.session)

    def require(self, permission: Permission) -> None:
        """Raise :class:`Forbidden` unless the actor may."""
        if not self.actor.may(permission):
            raise Forbidden(code=f"forbidden:{permission.value}")

    def require_any(self, *permissions: Permission) -> None:
        """Raise :class:`Forbidden` unless the actor may do one of these."""
        if not any(self.actor.may(permission) for permission in permissions):
            raise Forbidden(code=f"forbidden:{permissions[0].value}")

    def require_step_up(self) -> None:
        """Raise :class:`StepUpRequired` unless a second factor was given within five minutes; an edge that gathers asks at the end."""
        if self.actor.is_system:
            return
        at = self.actor.stepped_up_at
        if at is not None and datetime.now(UTC) - at <= STEP_UP_LASTS:
            return
        asked_later = gathered(self.session)
        if asked_later is None:
            raise StepUpRequired
        asked_later.code_needed = True

    def as_system(self, name: str) -> Context:
        """The same transaction in the name of a process."""
        return replace(self, actor=Actor.system(name))
