"""A line of the doctor: green, red with the next step, or grey where there is nothing to look at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a line ended."""

    GOOD = "good"
    BAD = "bad"
    NONE = "none"
    """There is nothing to look at, e.g. permission lists on the embedded node."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``check`` is a stable name, ``next_step`` what to do about a red line."""

    check: str
    verdict: Verdict
    text: str
    next_step: str = ""


def good(check: str, text: str) -> Finding:
    """A green line."""
    return Finding(check, Verdict.GOOD, text)


def bad(check: str, text: str, next_step: str) -> Finding:
    """A red line."""
    return Finding(check, Verdict.BAD, text, next_step)


def nothing(check: str, text: str) -> Finding:
    """A grey line."""
    return Finding(check, Verdict.NONE, text)


def ill(findings: Iterable[Finding]) -> bool:
    """Whether any line is red."""
    return any(one.verdict == Verdict.BAD for one in findings)


_SIGNS = {
    Verdict.GOOD: ("\x1b[32m", "ok  "),
    Verdict.BAD: ("\x1b[31m", "BAD "),
    Verdict.NONE: ("\x1b[90m", "-   "),
}


def as_text(findings: Iterable[Finding], *, colour: bool) -> str:
    """Lines for a person."""
    lines = []
    for one in findings:
        paint, sign = _SIGNS[one.verdict]
        line = f"{sign}{one.check:<16} {one.text}"
        lines.append(f"{paint}{line}\x1b[0m" if colour else line)
        if one.next_step:
            lines.append(f"{'':<20} next: {one.next_step}")
    return "\n".join(lines)


def as_json(findings: Iterable[Finding]) -> str:
    """The same for a program."""
    listed = list(findings)
    return json.dumps({"healthy": not ill(listed), "findings": [asdict(one) for one in listed]}, indent=1)
