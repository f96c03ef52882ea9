"""Table of docs/settings.md, made from the classes that declare the settings.

python -m scripts.docs_settings          write it
python -m scripts.docs_settings --check  compare; the exit code is 1 when they differ
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from backend.settings import DEVELOPMENT_SECRET, Settings
from indexer.settings import Settings as IndexerSettings
from scripts.docs_sections import DOCS, refresh, table

DOCUMENT = DOCS / "settings.md"


def kind(annotation: Any) -> str:
    """A type in words: the choices of a Literal, else the name."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{one}`" for one in get_args(annotation))
    options = [one for one in get_args(annotation) if one is not NoneType]
    if options:
        return " or ".join(kind(one) for one in options)
    return {"str": "text", "int": "whole number", "float": "number", "Path": "path"}.get(
        annotation.__name__, str(annotation.__name__)
    )


def default(field: FieldInfo) -> str:
    """The default as it would be typed."""
    if field.default is None:
        return "none"
    if field.default == DEVELOPMENT_SECRET:
        return "a development secret, refused in production"
    return f"`{field.default}`"


def settings_table() -> str:
    """Every setting: variable, kind, default, meaning, and who reads it."""
    rows = []
    for name, field in Settings.model_fields.items():
        readers = "all processes" if name in IndexerSettings.model_fields else "web, worker"
        rows.append(
            [f"`KAPITAL_{name.upper()}`", kind(field.annotation), default(field), field.description or "", readers]
        )
    return table(["Variable", "Kind", "Default", "Meaning", "Read by"], rows)


def main(arguments: list[str], document: Path = DOCUMENT) -> int:
    """Command line."""
    return refresh(document, {"settings": settings_table()}, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
