"""What a unit of work will sign in a person's name, gathered so that its edge can show all of it and ask for a code once.

A domain service says what it needs where it needs it (``require_step_up``, the words of a call). Where the edge gathers (a page, an API
client that asks for a preview) neither stops the service: at the end the edge compares the hash of what the person has seen with the hash
of what would be signed now, and rolls everything back unless they are the same and a code was given. Elsewhere nothing is gathered and a
missing code is refused on the spot.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlmodel import Session

_KEY = "signing"


@dataclass(slots=True)
class Signing:
    """Texts that will be signed, in order; whether an act asked for a code that is missing; the hash of what the person has seen.

    ``dry``: nothing of this unit of work will be kept, whatever happens.
    """

    seen: str = ""
    dry: bool = False
    texts: list[str] = field(default_factory=list)
    code_needed: bool = False

    @property
    def digest(self) -> str:
        """sha-256 of one text, or of the hashes of several; empty when nothing is signed."""
        hashes = [hash_of(text) for text in self.texts]
        return hash_of("\n".join(hashes)) if len(hashes) > 1 else "".join(hashes)

    @property
    def is_settled(self) -> bool:
        """The person has seen exactly this and needs no code."""
        return not self.code_needed and self.seen == self.digest


def hash_of(text: str) -> str:
    """sha-256 of what was shown, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def gather(session: Session, seen: str = "", *, dry: bool = False) -> Signing:
    """Gather from here on in this unit of work."""
    made = Signing(seen, dry)
    session.info[_KEY] = made
    return made


def gathered(session: Session) -> Signing | None:
    """What is gathered in this unit of work, or None where nobody gathers."""
    found = session.info.get(_KEY)
    return found if isinstance(found, Signing) else None
