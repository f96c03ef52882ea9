"""Sums and pages in the JSON API: rubles as text with two decimals, lists as pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, StringConstraints

from backend.core.errors import Invalid
from backend.core.money import MoneyError, format_kopeks, parse_rubles
from backend.core.pagination import Page

T = TypeVar("T")
S = TypeVar("S")

Rubles = Annotated[str, StringConstraints(max_length=40)]
rubles = format_kopeks


class PageOut(BaseModel, Generic[T]):
    """A page of a list; with ``more`` the list is longer than ``total``, to which it was counted."""

    items: list[T]
    total: int
    page: int
    size: int
    more: bool


def page_out(page: Page[Any], out: Callable[[Any], S]) -> PageOut[S]:
    """The answer about a page."""
    items = [out(one) for one in page.items]
    return PageOut[Any](items=items, total=page.total, page=page.page, size=page.size, more=page.more)


def kopeks(text: str, field: str) -> int:
    """Kopeks of a sum as users type it; raises Invalid that names the field."""
    try:
        return parse_rubles(text)
    except MoneyError as error:
        raise Invalid(error.message, "A sum such as 1234.50 is expected.", code=error.code, field=field) from error
