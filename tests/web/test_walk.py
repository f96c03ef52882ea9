"""The life of one ЦФА in the four portals, by clicking: from the draft to the auditor who follows it. No act is ordered past the pages.

Only people's admission (which has a page test of its own, ``test_life``), another issue for qualified investors, and time are prepared
by the interfaces of the demonstration. The parts of the walk are classes, each inheriting the one before: pytest runs inherited tests first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.web import walk_stage as own
from tests.web.acts import OpenDesk, press
from tests.web.conftest import windows
from tests.web.walk_holding import Holding
from tests.web.walk_pages import (
    NAMES,
    badge,
    card,
    follow,
    row,
    says,
)
from tests.web.walk_stage import Walk, count, rubles

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The stage of all tests of this file."""
    with own.walking(tmp_path_factory.mktemp("walk") / "platform") as found:
        yield found


@pytest.fixture
def open_desk(walk: Walk, chromium: Browser) -> Iterator[OpenDesk]:
    """Windows on the walk's own platform."""
    with windows(walk.site, chromium) as open_one:
        yield open_one


class TestLifeOfAnAsset(Holding):
    """Each test goes on from the one before; the auditor comes last."""

    def test_the_auditor_follows_the_asset_through_the_explorer(self, walk: Walk, open_desk: OpenDesk) -> None:
        desk, asset = open_desk("auditor"), walk.site.facts["asset"]
        page = desk.go(f"/audit/tokens/{asset}")
        says(card(page, "Держатели на дату"), "сумма сходится с выпуском: 0")
        badge(page, "Закрыт")
        desk.shoot("walk-45-token")
        desk.shoot_narrow("walk-45-token")
        # The register after the first record date: the day's link leads there.
        follow(page, row(page, "10.01.2027").get_by_role("link"))
        says(card(page, "Держатели на дату"), re.compile(r"сумма сходится с выпуском: 10\s000"))
        for key, units in own.registers()[0].items():
            says(row(page, walk.number(key)).filter(has_text="%"), count(units))
        desk.shoot("walk-46-holders-at-an-earlier-block")
        block = re.search(r"block=(\d+)", page.url)
        assert block is not None
        follow(page, row(page, walk.number("olga")).filter(has_text="%").get_by_role("link").first)
        says(page.locator("main"), "История допуска")
        page.fill("[name=block]", block.group(1))
        press(page, "Показать")
        says(row(page, "KPT-2026").first, count(1400))
        desk.shoot("walk-47-address-at-an-earlier-block")
        desk.shoot_narrow("walk-47-address-at-an-earlier-block")

    def test_the_auditor_reads_blocks_transactions_and_events(self, walk: Walk, open_desk: OpenDesk) -> None:
        desk = open_desk("auditor")
        page = desk.go("/audit/transactions?size=100")
        # The sale: the call and its events in words, and the user who ordered it.
        follow(page, row(page, "Принятие предложения").locator("a[href^='/audit/transactions/0x']").first)
        badge(page, "Исполнена")
        says(
            page.locator("main"),
            NAMES["olga"],
            "Покупка по предложению: 400 ед.",
            rubles(own.BOUGHT * own.PRICE_KOPEKS),
        )
        desk.shoot("walk-48-transaction")
        desk.shoot_narrow("walk-48-transaction")
        follow(page, page.locator("main a[href^='/audit/blocks/']").first)
        says(page.locator("main"), "Что проверено")
        desk.shoot("walk-49-block")
        page = desk.go("/audit/events")
        page.select_option("[name=event]", label="Выплата обеспечена")
        press(page, "Показать")
        expect(page.locator("main table tbody tr")).to_have_count(3)
        desk.shoot("walk-50-events")
        with page.expect_download() as coming:
            page.get_by_role("link", name="JSON с подписью").click()
        text = Path(coming.value.path()).read_text()
        assert '"signature"' in text
        assert text.count("RunFunded") >= 3
        desk.go("/audit/integrity")
        expect(page.locator("main .kp-note-danger")).to_have_count(0)
        desk.shoot("walk-51-integrity")
        follow(page, page.get_by_role("link", name="Проверить журнал"))
        says(page.locator("main .kp-note-success").first, "Журнал цел")
        desk.shoot("walk-52-journal")
