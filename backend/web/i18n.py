"""Two languages: Russian is written in the code, English comes from the catalogues in locale/en/*.po (one file a portal or domain)."""

from __future__ import annotations

from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

from backend.core.errors import Lang

LOCALE = Path(__file__).parent / "locale"
LANGUAGES: tuple[Lang, ...] = ("ru", "en")

current_lang: ContextVar[Lang] = ContextVar("current_lang", default="ru")
"""Language of the request in hand; set once by the middleware, seen by its threads."""


@lru_cache
def english() -> dict[str, str]:
    """Every translated text of all catalogues."""
    texts: dict[str, str] = {}
    for path in sorted((LOCALE / "en").glob("*.po")):
        with path.open("rb") as handle:
            catalogue = read_po(handle, locale="en")
        texts.update({str(m.id): str(m.string) for m in catalogue if m.id and m.string})
    return texts


def gettext(text: str) -> str:
    """The text in the language of the request; Russian when there is no translation."""
    return text if current_lang.get() == "ru" else english().get(text, text)


def mark(text: str) -> str:
    """Mark a text for the catalogue where it is written; it is translated where it is shown."""
    return text


def plural(number: int, one: str, few: str, many: str) -> str:
    """The form that goes with the number: 1 заявка, 2 заявки, 5 заявок (arguments are translated already)."""
    if current_lang.get() == "en":
        return one if number == 1 else many
    tens, units = abs(number) % 100, abs(number) % 10
    if units == 1 and tens != 11:
        return one
    return few if units in (2, 3, 4) and tens not in (12, 13, 14) else many


def chosen_lang(query: str | None, cookie: str | None, header: str | None) -> Lang:
    """Query wins over cookie, cookie over the browser's first language; Russian otherwise."""
    for wanted in (query, cookie):
        if wanted in LANGUAGES:
            return "en" if wanted == "en" else "ru"
    return "en" if (header or "").lower().startswith("en") else "ru"
