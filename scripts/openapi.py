"""The API's description as a file, so that a change of the API is seen in review.

python -m scripts.openapi          compare docs/openapi.json with the application; the exit code is 1 when they differ
python -m scripts.openapi --write  write it
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from backend.web.app import create_app

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def description() -> str:
    """OpenAPI 3.1 of the JSON API, sorted, so that equal APIs give equal files."""
    return json.dumps(create_app().openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Command line."""
    text = description()
    if "--write" in arguments:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text, encoding="utf-8")
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == text:
        return 0
    print(
        "docs/openapi.json is not what the application says: run python -m scripts.openapi --write and read the difference"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
