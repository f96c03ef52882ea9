"""What a node's answer to ``perm_*`` and ``qbft_*`` means.

Besu gives one code, -32000, to everything about its lists: the text decides (RpcErrorType). An entry that is there already, or gone
already, is what was wanted: after a kill between the node's act and our record the act is simply asked for again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

UNAUTHORIZED_CODE = -40100
NOT_ENABLED_CODES = frozenset({-32601, -32604})


class Meaning(StrEnum):
    """Codes of answers; they stand in ``network_deliveries.reason`` and are shown in words."""

    OK = "ok"
    PRESENT = "present"
    """To be added, but there already."""
    ABSENT = "absent"
    """To be removed, but gone already."""
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    FIXED = "fixed"
    """A static node or bootnode: the node keeps it until it is started without it."""
    NOT_SAVED = "not_saved"
    """Nothing changed: the node couldn't write its file."""
    OUT_OF_SYNC = "out_of_sync"
    """In force until the node's next start: its file differs from what it has in memory, so it wasn't written."""
    NOT_ENABLED = "not_enabled"
    UNAUTHORIZED = "unauthorized"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    """Any other error of the node."""


_TEXTS: tuple[tuple[str, Meaning], ...] = (
    ("cannot add an existing", Meaning.PRESENT),
    ("cannot remove an absent", Meaning.ABSENT),
    ("request contains an invalid", Meaning.INVALID),
    ("request contains an empty list", Meaning.INVALID),
    ("invalid accounts list", Meaning.INVALID),
    ("invalid account params", Meaning.INVALID),
    ("invalid enode", Meaning.INVALID),
    ("request contains duplicate", Meaning.DUPLICATE),
    ("cannot remove a fixed node", Meaning.FIXED),
    ("unable to persist changes", Meaning.NOT_SAVED),
    ("allowlist configuration file is out of sync", Meaning.OUT_OF_SYNC),
    ("allowlist has not been enabled", Meaning.NOT_ENABLED),
    ("method not enabled", Meaning.NOT_ENABLED),
    ("unauthorized", Meaning.UNAUTHORIZED),
)

IN_FORCE = frozenset({Meaning.OK, Meaning.PRESENT, Meaning.ABSENT, Meaning.OUT_OF_SYNC})
"""After these the node does what was wanted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``value`` is the result where there was one, ``detail`` the node's own words of an error."""

    meaning: Meaning
    value: Any = None
    detail: str | None = None

    @property
    def in_force(self) -> bool:
        """Whether the node does now what was wanted."""
        return self.meaning in IN_FORCE


def read(body: Any, status: int = 200) -> Answer:
    """The meaning of a JSON-RPC answer that arrived with an HTTP status."""
    if isinstance(body, dict) and "error" not in body and "result" in body and status < 400:
        return Answer(Meaning.OK, body["result"])
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        meaning = Meaning.UNAUTHORIZED if status in (401, 403) else Meaning.REFUSED
        return Answer(meaning, None, f"HTTP {status}")
    code, message = error.get("code"), str(error.get("message", ""))
    detail = f"{code}: {message}"[:300]
    if code == UNAUTHORIZED_CODE or status in (401, 403):
        return Answer(Meaning.UNAUTHORIZED, None, detail)
    lowered = message.lower()
    by_text = next((meaning for text, meaning in _TEXTS if text in lowered), None)
    if by_text is None and code in NOT_ENABLED_CODES:
        by_text = Meaning.NOT_ENABLED
    return Answer(by_text or Meaning.REFUSED, None, detail)
