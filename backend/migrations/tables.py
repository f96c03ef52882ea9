"""Every table of the product, imported by name so that none is forgotten: a test compares this list with the files."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from indexer.db import metadata

__all__ = ["metadata", "model_modules"]

_BACKEND = Path(__file__).resolve().parent.parent
_ELSEWHERE = (
    "backend.core.journal",
    "backend.core.vault",
    "backend.core.files",
    "backend.core.events",
    "indexer.models",
)


def model_modules() -> list[str]:
    """Modules that define tables: models.py of each package of backend, and those of the core and the indexer."""
    found = [f"backend.{path.parent.name}.models" for path in sorted(_BACKEND.glob("*/models.py"))]
    return [*_ELSEWHERE, *found]


for _name in model_modules():
    import_module(_name)
