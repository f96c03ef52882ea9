"""Texts that both databases can keep: PostgreSQL stores neither NUL nor half of a surrogate pair, so no input may hold one.

``backend.web.deps.read_request`` checks every request, wherever the text stands: path, query, form field, name of a file,
string or key of a JSON body. Readers of uploaded files check what they found in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from backend.core.errors import Invalid, Problem

CODE = "text_unstorable"
RU = "В тексте есть знак, который нельзя сохранить. Наберите его заново, не вставляя из другого документа."
EN = "The text holds a character that can't be stored. Type it anew instead of pasting it."

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Place = tuple[str, str]


def check_texts(places: Iterable[Place]) -> None:
    """``places`` are names of fields with their texts; raises Invalid that marks every field with an unstorable text."""
    wrong = unstorable(places)
    if wrong:
        raise Invalid(code=CODE, problems=[Problem(name, CODE, RU, EN) for name in wrong])


def unstorable(places: Iterable[Place]) -> list[str]:
    """Names of the fields whose text, or name, can't be stored."""
    marked = (name for name, text in places if _UNSTORABLE.search(text) or _UNSTORABLE.search(name))
    return list(dict.fromkeys(cleaned(name) for name in marked))


def cleaned(text: str) -> str:
    """The text without what can't be stored, to show it again."""
    return _UNSTORABLE.sub("", text)


def texts_in(content: Any) -> Iterator[Place]:
    """Every string and key of a JSON value with its dotted path; ``body`` when the value is a string itself."""
    waiting: list[tuple[str, Any]] = [("", content)]  # not by recursion: the depth is the sender's choice
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path or "body", value
        elif isinstance(value, list):
            waiting += [(_joined(path, str(number)), one) for number, one in enumerate(value)]
        elif isinstance(value, dict):
            yield from ((_joined(path, name), name) for name in value)
            waiting += [(_joined(path, name), one) for name, one in value.items()]


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
