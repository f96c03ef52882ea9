"""A state in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """Words (Russian), colour (green, blue, orange, red, secondary, purple, teal), and what to do next."""

    text: str
    colour: str = "secondary"
    hint: str = ""
