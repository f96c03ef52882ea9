"""From one page to another while live parts load pages anew by themselves.

A browser that is sent somewhere by a script, not by a hand, may give way to the page that is just loading itself anew; the way is then taken again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Request, Response

GAVE_WAY = ("net::ERR_ABORTED", "is interrupted by another navigation")
ATTEMPTS = 3


def visit(page: Page, url: str) -> Response:
    """Go to an address."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            answer = page.goto(url)
        except PlaywrightError as error:
            if attempt == ATTEMPTS or not _gave_way(error):
                raise
        else:
            break
    assert answer is not None, f"{url} is the page that was open"
    return answer


@contextmanager
def moved(page: Page) -> Iterator[None]:
    """Wait until what is done meanwhile (a link, a filter) has led to another page."""
    try:
        with page.expect_navigation():
            yield
    except PlaywrightError as error:
        if not _gave_way(error):
            raise
        # The one that gave way was the page loading itself anew.
        page.wait_for_load_state()


@contextmanager
def answered(page: Page) -> Iterator[None]:
    """Wait until the form that is sent meanwhile was answered by a page; one that loads itself anew is no answer."""
    with page.expect_response(_answers_a_form) as answer:
        yield
    answer.value.finished()
    page.wait_for_load_state()


def _gave_way(error: PlaywrightError) -> bool:
    return any(words in str(error) for words in GAVE_WAY)


def _answers_a_form(answer: Response) -> bool:
    if httpx.codes.is_redirect(answer.status) or not answer.request.is_navigation_request():
        return False
    asked: Request | None = answer.request
    while asked is not None and asked.method != "POST":
        asked = asked.redirected_from
    return asked is not None
