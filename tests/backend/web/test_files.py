"""Lists as files: all rows, or the first of them and a plain word about it; what is reckoned from a list takes all of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from backend.core import journal, pagination
from backend.core.journal import JournalEntry
from backend.core.pagination import EVERYTHING, PageRequest, paginate
from backend.core.permissions import Role
from tests.backend.conftest import Browser

LIST = "/audit/journal?entity_id=filed"
ENTRIES = 5
LONGER = "Список длиннее: в файле его первые строки, всего 3. Сузьте отбор."


@pytest.fixture
def auditor(system_ctx: Callable[[], Any], browser: Callable[..., Browser]) -> Browser:
    """An auditor whose journal has five entries of one record."""
    with system_ctx() as ctx:
        for _ in range(ENTRIES):
            journal.record(ctx, action="issue.created", entity="issue", entity_id="filed")
    return browser(Role.AUDITOR)


def test_a_file_has_every_row_of_the_list(auditor: Browser) -> None:
    answer = auditor.get(f"{LIST}&format=csv&size=2&page=2")
    assert len(answer.text.splitlines()) == 1 + ENTRIES
    assert answer.headers["content-disposition"] == 'attachment; filename="journal.csv"'


def test_a_file_that_is_only_the_beginning_says_so(auditor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "FILE_SIZE", 3)
    answer = auditor.get(f"{LIST}&format=csv")
    assert len(answer.text.splitlines()) == 1 + 3 + 1
    assert answer.text.splitlines()[-1] == LONGER
    assert answer.headers["content-disposition"] == 'attachment; filename="journal-first-3.csv"'
    sheet = auditor.get(f"{LIST}&format=xlsx")
    assert 'filename="journal-first-3.xlsx"' in sheet.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(sheet.content)) as book:
        assert LONGER in book.read("xl/sharedStrings.xml").decode()


def test_what_is_reckoned_from_a_list_takes_all_of_it(
    auditor: Browser, system_ctx: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "FILE_SIZE", 3)
    monkeypatch.setattr(pagination, "COUNTED_TO", 3)
    of_record = select(JournalEntry).where(JournalEntry.entity_id == "filed")
    with system_ctx() as ctx:
        whole = paginate(ctx.session, of_record, EVERYTHING)
        part = paginate(ctx.session, of_record, PageRequest(size=2))
    assert (len(whole.items), whole.total, whole.more) == (ENTRIES, ENTRIES, False)
    assert (len(part.items), part.total, part.more) == (2, 3, True)


@pytest.mark.parametrize(
    ("request_of_it", "items", "total"),
    [
        (PageRequest(page=2, size=2), [3, 4], 5),
        (PageRequest(page=9, size=2), [], 5),
        (PageRequest(page=2, size=2, file="csv"), [1, 2, 3, 4, 5], 5),
        (EVERYTHING, [1, 2, 3, 4, 5], 5),
    ],
)
def test_a_list_in_hand_is_cut_into_pages(request_of_it: PageRequest, items: list[int], total: int) -> None:
    page = request_of_it.of([1, 2, 3, 4, 5])
    assert (list(page.items), page.total) == (items, total)
