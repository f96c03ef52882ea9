"""The back office: every page opens for its roles and stays closed to others; what is done on a page is done by the service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.core.permissions import Role
from tests.backend.conftest import (  # noqa: F401 - pytest finds fixtures by these names
    Browser,
    browser,
    client,
    embedded,
    quick_passwords,
    settings,
    sqlite_template,
    system_ctx,
)

OFFICERS = (
    Role.KYC_OFFICER,
    Role.COMPLIANCE_OFFICER,
    Role.MODERATOR,
    Role.TREASURER,
    Role.CORPORATE_ACTIONS,
    Role.ADMINISTRATOR,
)
PAGES = {
    "/office": set(OFFICERS),
    "/office/cases": {Role.KYC_OFFICER, Role.COMPLIANCE_OFFICER},
    "/office/participants": set(OFFICERS),
    "/office/watchlists": {Role.COMPLIANCE_OFFICER},
    "/office/issues": set(OFFICERS),
    "/office/placements": set(OFFICERS),
    "/office/payouts": set(OFFICERS),
    "/office/cash": {Role.TREASURER, Role.COMPLIANCE_OFFICER, Role.CORPORATE_ACTIONS},
    "/office/cash/deposits": {Role.TREASURER, Role.COMPLIANCE_OFFICER, Role.CORPORATE_ACTIONS},
    "/office/cash/withdrawals": {Role.TREASURER, Role.COMPLIANCE_OFFICER, Role.CORPORATE_ACTIONS},
    "/office/tasks": set(OFFICERS),
    "/office/users": {Role.ADMINISTRATOR},
    "/office/journal": {Role.ADMINISTRATOR},
    "/office/outbox": set(OFFICERS),
    "/office/outbox/wallets": set(OFFICERS),
}
STATEMENT = Path(__file__).parents[2] / "examples" / "bank" / "statement-2026-12-02.1c.txt"


@pytest.mark.parametrize("role", OFFICERS)
def test_pages_open_for_their_roles_only(browser: Callable[..., Browser], role: Role) -> None:  # noqa: F811 - the fixture
    officer = browser(role)
    answers = {path: officer.get(path).status_code for path in PAGES}
    assert answers == {path: 200 if role in roles else 403 for path, roles in PAGES.items()}


def test_menu_shows_only_what_may_be_opened(browser: Callable[..., Browser]) -> None:  # noqa: F811 - the fixture
    text = browser(Role.TREASURER).get("/office").text
    assert 'href="/office/cash"' in text
    assert 'href="/office/users"' not in text


def test_pages_speak_english(browser: Callable[..., Browser]) -> None:  # noqa: F811 - the fixture
    text = browser(Role.TREASURER).get("/office/cash?lang=en").text
    assert "Nominal account" in text
    assert "Reconciliation and statements" in text


def test_watch_list_is_imported_and_its_result_told(browser: Callable[..., Browser]) -> None:  # noqa: F811 - the fixture
    officer = browser(Role.COMPLIANCE_OFFICER)
    files = {"file": ("list.csv", "Иванов Иван;770012345606\n".encode(), "text/csv")}
    answer = officer.send("/office/watchlists", source="rosfinmonitoring", files=files)
    assert answer.status_code == 200
    assert "Прочитано строк: 1" in answer.text
    assert "Совпадений нет" in answer.text


def test_missing_file_is_named_at_its_field(browser: Callable[..., Browser]) -> None:  # noqa: F811 - the fixture
    answer = browser(Role.TREASURER).send("/office/cash/statements", "/office/cash")
    assert answer.status_code == 422
    assert "Выберите файл выписки." in answer.text


def test_unknown_payers_wait_in_the_queue(browser: Callable[..., Browser], settings: Any) -> None:  # noqa: F811 - the fixtures
    treasurer = browser(Role.TREASURER)
    files = {"file": ("statement.txt", STATEMENT.read_bytes(), "text/plain")}
    answer = treasurer.send("/office/cash/statements", "/office/cash", files=files)
    assert answer.status_code == 303, answer.text
    queue = treasurer.get("/office/cash/deposits?state=QUEUED").text
    assert "Номер не найден в реестре" in queue or "В назначении нет номера участника" in queue


def test_lists_are_files_too(browser: Callable[..., Browser]) -> None:  # noqa: F811 - the fixture
    answer = browser(Role.ADMINISTRATOR).get("/office/journal?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "Подробности" in answer.content.decode("utf-8-sig").splitlines()[0]
    sheet = browser(Role.COMPLIANCE_OFFICER).get("/office/participants?format=xlsx")
    assert sheet.content.startswith(b"PK")
