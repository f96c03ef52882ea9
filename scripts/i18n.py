"""Texts that have no English yet, and translations that no page uses any more.

python -m scripts.i18n          list them; the exit code is 1 when a text has no English
python -m scripts.i18n --add    append the missing ones, empty, to backend/web/locale/en/missing.po
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from babel.messages.extract import extract_from_dir

from backend.web.i18n import LOCALE, english

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "backend" / "web"
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"encoding": "utf-8", "silent": "false", "extensions": "jinja2.ext.do"}}
KEYWORDS = {"_": None, "gettext": None, "mark": None}


def texts_in_code() -> dict[str, list[str]]:
    """Every text marked for translation, with the places where it stands."""
    found: dict[str, list[str]] = {}
    for path, line, message, _, _ in extract_from_dir(WEB, METHODS, OPTIONS, keywords=KEYWORDS):
        for text in _texts(message):
            if text:
                found.setdefault(text, []).append(f"backend/web/{path}:{line}")
    return found


def _texts(message: str | tuple[str, ...]) -> Iterable[str]:
    return (message,) if isinstance(message, str) else message


def main(arguments: list[str]) -> int:
    """Command line."""
    used, known = texts_in_code(), english()
    missing = [text for text in used if text not in known]
    for text in missing:
        print(f"no English: {text!r}  ({used[text][0]})")
    for text in sorted(set(known) - set(used)):
        print(f"not used: {text!r}")
    if "--add" in arguments and missing:
        with (LOCALE / "en" / "missing.po").open("a", encoding="utf-8") as handle:
            for text in missing:
                quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
                handle.write(f'#: {used[text][0]}\nmsgid "{quoted}"\nmsgstr ""\n\n')
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
