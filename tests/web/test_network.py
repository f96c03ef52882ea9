"""The pages of the network in a browser: on a network of fake nodes, wide and on a telephone, and on the embedded node."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, expect
from sqlalchemy.engine import Engine

from backend.core.permissions import Role
from backend.settings import Settings
from backend.web.app import create_app
from tests.backend.conftest import (
    PASSWORD,
    TOTP_SECRET,
    embedded,
    make_user,
    quick_passwords,
    settings,
    sqlite_template,
)
from tests.backend.network.conftest import Office
from tests.backend.network.fake_besu import FakeNetwork, besu_network, keys
from tests.backend.network.test_drift import Blocks
from tests.factories.chain import address
from tests.web.conftest import STEP_S, Desk, Person, Site, windows

__all__ = ["embedded", "quick_passwords", "settings", "sqlite_template"]
pytestmark = pytest.mark.browser

ALICE, STRANGER = address(0xA11CE), address(0xBAD)
UP_WITHIN_S = 120
PAGES = ("", "/accounts", "/nodes", "/history", "/drift", "/validators")
Open = Callable[..., Desk]


@pytest.fixture
def besu(tmp_path: Path) -> Iterator[FakeNetwork]:
    with besu_network(tmp_path / "besu", keys()) as made:
        yield made


@pytest.fixture
def office(embedded: Engine, settings: Settings, besu: FakeNetwork) -> Office:
    return Office(embedded, settings.model_copy(update={"besu_nodes_file": besu.file}))


@pytest.fixture
def desk(office: Office, chromium: Browser) -> Iterator[Open]:
    with served(office, chromium) as opened:
        yield opened


class served:  # noqa: N801 - used as a function
    """The portals on a port of their own with two administrators; gives the opener of windows."""

    def __init__(self, office: Office, browser: Browser) -> None:
        with office.unit() as ctx:
            users = {name: make_user(ctx, (Role.ADMINISTRATOR,)) for name in ("anna", "boris")}
        config = uvicorn.Config(create_app(office.settings), host="127.0.0.1", port=0, log_level="warning")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        used = int(time.time()) // STEP_S - 1
        self.people = {name: Person(one.email, PASSWORD, "office", TOTP_SECRET, used) for name, one in users.items()}
        self.browser = browser

    def __enter__(self) -> Open:
        self.thread.start()
        deadline = time.monotonic() + UP_WITHIN_S
        while not self.server.started:
            assert time.monotonic() < deadline, "the portals don't come up"
            time.sleep(0.02)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        site = Site(f"http://127.0.0.1:{port}", Path(), self.people, {})
        self.opened = windows(site, self.browser)
        return self.opened.__enter__()

    def __exit__(self, *problem: object) -> None:
        try:
            self.opened.__exit__(None, None, None)
        finally:
            self.server.should_exit = True
            self.thread.join(10)


def test_an_administrator_admits_an_account_and_sees_every_node_take_it(
    office: Office, besu: FakeNetwork, desk: Open
) -> None:
    besu.node("validator-3").stop()
    anna = desk("anna")
    page = anna.go("/office/network/accounts")
    page.get_by_label("Адрес").fill(ALICE)
    page.get_by_label("Чья запись").fill("Банк «Первый»")
    page.get_by_label("Причина").fill("Договор № 14")
    page.get_by_role("button", name="Записать и разослать").click()
    page.get_by_role("button", name="Подтвердить").click()
    expect(page.get_by_text("Рассылается").first).to_be_visible()
    office.jobs().round()
    expect(page.get_by_text("узел не отвечает")).to_be_visible()
    expect(page.get_by_text("принято", exact=True)).to_have_count(4)
    anna.shoot("office-network-change")
    besu.node("validator-3").start()
    office.jobs().round()
    expect(page.get_by_text("На всех узлах")).to_be_visible()
    anna.go("/office/network/history")
    expect(page.get_by_text("5 / 5").first).to_be_visible()
    expect(page.get_by_text("Договор № 14")).to_be_visible()


def test_a_wrong_entry_is_told_at_its_field(desk: Open) -> None:
    anna = desk("anna")
    anna.expected.add(422)
    page = anna.go("/office/network/nodes")
    page.get_by_label(re.compile("enode")).fill("enode://12@host:1")
    page.get_by_label("Причина").fill("Проверка")
    page.get_by_role("button", name="Записать и разослать").click()
    page.get_by_role("button", name="Подтвердить").click()
    expect(page.locator("#e-value")).to_contain_text("Нужен enode")
    expect(page.get_by_label("Причина")).to_have_value("Проверка")


def test_a_drifted_node_is_put_right_and_an_alarm_is_closed(office: Office, besu: FakeNetwork, desk: Open) -> None:
    office.jobs().round()
    besu.node("validator-1").accounts.append(STRANGER)
    with office.unit() as ctx:
        Blocks(ctx.session).add(STRANGER)
    office.jobs().round()
    office.jobs().check()
    anna = desk("anna")
    page = anna.go("/office/network")
    expect(page.get_by_text("Чужой отправитель в блоке")).to_be_visible()
    anna.shoot("office-network")
    anna.shoot_narrow("office-network")
    page.get_by_text("Закрыть", exact=True).click()
    page.get_by_label("Что выяснили").fill("Узел настраивали заново")
    page.get_by_role("button", name="Закрыть тревогу").click()
    page.get_by_role("button", name="Подтвердить").click()
    expect(page.get_by_text("Чужой отправитель в блоке")).to_have_count(0)
    anna.go("/office/network/drift")
    expect(page.get_by_text(STRANGER)).to_be_visible()
    anna.shoot("office-network-drift")
    page.get_by_role("button", name="Выровнять узел").click()
    page.get_by_role("button", name="Подтвердить").click()
    expect(page.get_by_text("Выравнивание запрошено")).to_be_visible()
    office.jobs().round()
    office.jobs().check()
    anna.go("/office/network/drift")
    expect(page.get_by_text("Расхождений нет")).to_be_visible()


def test_two_administrators_vote_a_validator_out(office: Office, besu: FakeNetwork, desk: Open) -> None:
    anna, boris, path = desk("anna"), desk("boris"), "/office/network/validators"
    page = anna.go(path)
    page.get_by_label("Действие").select_option("out")
    page.get_by_label("Адрес узла").fill(besu.node("validator-4").address)
    page.get_by_label("Причина").fill("Вывод из эксплуатации")
    page.get_by_role("button", name="Предложить").click()
    page.get_by_role("button", name="Подтвердить").click()
    expect(page.get_by_text("Ждёт второго администратора")).to_be_visible()
    expect(page.get_by_role("button", name="Утвердить")).to_have_count(0)
    other = boris.go(path)
    other.get_by_role("button", name="Утвердить").click()
    other.get_by_role("button", name="Подтвердить").click()
    expect(other.get_by_text("валидаторы начинают голосовать")).to_be_visible()
    office.jobs().round()
    boris.go(path)
    expect(other.get_by_text("4 / 4")).to_be_visible()
    boris.shoot("office-network-validators")


def test_every_page_fits_a_telephone(office: Office, desk: Open) -> None:
    office.jobs().round()
    office.jobs().check()
    anna = desk("anna")
    for page in PAGES:
        anna.go(f"/office/network{page}")
        anna.shoot_narrow(f"office-network{page.replace('/', '-')}")


def test_the_embedded_node_says_that_it_has_no_lists(embedded: Engine, settings: Settings, chromium: Browser) -> None:
    with served(Office(embedded, settings), chromium) as opened:
        anna = opened("anna")
        for page in PAGES:
            anna.go(f"/office/network{page}")
        expect(anna.page.get_by_text("Установка работает на встроенном узле")).to_be_visible()
        anna.shoot("office-network-embedded")
