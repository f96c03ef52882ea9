"""Tables of docs/contracts.md that follow from the code: who must agree to what, and what each refusal means.

python -m scripts.docs_errors          write them
python -m scripts.docs_errors --check  compare; the exit code is 1 when they differ
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from backend.custody.sentences import SENTENCES, UNKNOWN
from scripts.deployment_plan import ASSETS, RULES, SALE, TERMS
from scripts.docs_sections import DOCS, refresh, table

ABI = DOCS.parent / "indexer" / "abi"
DOCUMENT = DOCS / "contracts.md"
SHARED_BY = 3
"""An error that so many contracts can raise is told as shared, without their names."""


def errors() -> dict[str, tuple[str, list[str]]]:
    """Parameters and contracts of each custom error of the committed ABIs."""
    found: dict[str, tuple[str, list[str]]] = {}
    for path in sorted(ABI.glob("*.json")):
        for item in json.loads(path.read_text(encoding="utf-8")):
            if item["type"] == "error":
                parameters = ", ".join(f"{one['type']} {one['name']}".strip() for one in item["inputs"])
                found.setdefault(item["name"], (parameters, []))[1].append(path.stem)
    return found


def error_table() -> str:
    """Name with parameters, where it is raised, the sentence that a user reads."""
    rows: list[list[str]] = []
    for name, (parameters, contracts) in sorted(errors().items()):
        russian, english = SENTENCES.get(name, UNKNOWN)
        where = ", ".join(contracts) if len(contracts) < SHARED_BY else f"{len(contracts)} contracts"
        rows.append([f"`{name}({parameters})`", where, russian, english])
    return table(["Error", "Raised by", "По-русски", "In English"], rows)


def four_eyes_table() -> str:
    """Each action that needs two officers, and of which role."""
    rows = []
    for room, signature, role in RULES:
        spoken = signature.replace(TERMS, "terms").replace(SALE, "sale")
        rows.append(["every token" if room == ASSETS else room, f"`{spoken}`", role])
    return table(["Contract", "Action", "Two different officers of"], rows)


def sections() -> dict[str, str]:
    """Content of the generated sections by name."""
    return {"four-eyes": four_eyes_table(), "errors": error_table()}


def main(arguments: list[str], document: Path = DOCUMENT) -> int:
    """Command line."""
    return refresh(document, sections(), check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
