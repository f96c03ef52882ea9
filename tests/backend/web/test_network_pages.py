"""Pages of the network: what an administrator sees and does; errors stand at their fields; the embedded node says that it has no lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.engine import Engine

from backend.core.permissions import Role
from backend.network.jobs import NetworkJobs
from backend.settings import Settings
from backend.web.app import create_app
from tests.backend.conftest import Browser
from tests.backend.network.conftest import Office
from tests.backend.network.fake_besu import FakeNetwork, besu_network, enode_of, keys
from tests.factories.chain import address

ALICE = address(0xA11CE)
PAGES = (
    "/office/network",
    "/office/network/accounts",
    "/office/network/nodes",
    "/office/network/history",
    "/office/network/drift",
    "/office/network/validators",
)


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    return keys()


@pytest.fixture
def besu(tmp_path: Path, pair: tuple[str, str]) -> Iterator[FakeNetwork]:
    with besu_network(tmp_path / "besu", pair) as made:
        yield made


@pytest.fixture
def client(embedded: Engine, settings: Settings, besu: FakeNetwork) -> Iterator[TestClient]:
    chosen = settings.model_copy(update={"besu_nodes_file": besu.file})
    with TestClient(create_app(chosen), follow_redirects=False, raise_server_exceptions=True) as made:
        yield made


@pytest.fixture
def work(client: TestClient, embedded: Engine) -> Callable[[], NetworkJobs]:
    office = Office(embedded, client.app.state.settings)  # type: ignore[attr-defined]  # the ASGI app is ours
    return office.jobs


def test_an_account_is_admitted_on_a_page_and_its_way_is_shown(
    browser: Callable[..., Browser], besu: FakeNetwork, work: Callable[[], NetworkJobs]
) -> None:
    admin = browser(Role.ADMINISTRATOR)
    answer = admin.send("/office/network/accounts", act="allow", value=ALICE, label="Банк", reason="Договор № 14")
    assert answer.status_code == 303, answer.text
    waiting = admin.get(answer.headers["location"]).text
    assert "Рассылается" in waiting
    assert "Ждёт отправки" in waiting
    besu.node("validator-2").stop()
    work().round()
    page = admin.get(answer.headers["location"]).text
    assert "Договор № 14" in page
    assert "узел не отвечает" in page
    listed = admin.get("/office/network/accounts").text
    assert ALICE in listed
    history = admin.get("/office/network/history").text
    assert "4 / 5" in history
    assert admin.user is not None
    exported = admin.get("/office/network/history?format=csv").content.decode("utf-8-sig")
    assert ALICE in exported
    assert "Договор № 14" in exported


def test_errors_stand_at_their_fields_in_the_readers_language(browser: Callable[..., Browser]) -> None:
    admin = browser(Role.ADMINISTRATOR)
    answer = admin.send("/office/network/accounts", act="allow", value="0x12", reason="x")
    assert answer.status_code == 422
    assert "Нужен адрес" in answer.text
    assert 'id="e-value"' in answer.text
    empty = admin.send("/office/network/nodes", act="allow", value=enode_of(5, 1), reason=" ")
    assert (empty.status_code, 'id="e-reason"' in empty.text) == (422, True)
    admin.get("/office/network?lang=en")
    english = admin.send("/office/network/nodes", act="allow", value="enode://1", reason="x")
    assert "Give enode://" in english.text
    assert admin.get("/office/network/elsewhere").status_code == 404


def test_differences_are_shown_exported_and_put_right(
    browser: Callable[..., Browser], besu: FakeNetwork, work: Callable[[], NetworkJobs]
) -> None:
    admin = browser(Role.ADMINISTRATOR)
    work().round()
    besu.node("validator-1").accounts = [address(0xBAD)]
    work().check()
    page = admin.get("/office/network/drift").text
    assert "Есть расхождения" in page
    assert address(0xBAD) in page
    assert address(0xBAD) in admin.get("/office/network/drift?format=csv").text
    assert "Списки узла разошлись" in admin.get("/office/network").text
    answer = admin.send("/office/network/drift/validator-1/repair", "/office/network/drift")
    assert answer.status_code == 303, answer.text
    work().round()
    work().check()
    assert "Расхождений нет" in admin.get("/office/network/drift").text
    assert besu.node("validator-1").accounts == besu.node("validator-2").accounts


def test_a_validator_is_voted_out_by_two_administrators(
    browser: Callable[..., Browser], besu: FakeNetwork, work: Callable[[], NetworkJobs]
) -> None:
    first, second = browser(Role.ADMINISTRATOR), browser(Role.ADMINISTRATOR)
    path, gone = "/office/network/validators", besu.node("validator-4").address
    bad = first.send(path, act="in", value=address(0x999), reason="Новый банк")
    assert bad.status_code == 409
    assert "нет в файле сети" in bad.text
    answer = first.send(path, act="out", value=gone, reason="Вывод из эксплуатации")
    assert answer.status_code == 303, answer.text
    page = second.get(path).text
    assert "Ждёт второго администратора" in page
    own = first.get(path).text
    assert "/approve" not in own
    action = page.split('action="')[1:]
    approve = next(one.split('"')[0] for one in action if "/approve" in one)
    assert second.send(approve, path).status_code == 303
    work().round()
    assert all(one.votes == {gone: False} for one in besu.validators)
    assert "4 / 4" in second.get(path).text


def test_pages_open_for_who_may_read_and_closed_for_others(browser: Callable[..., Browser]) -> None:
    for role, status in ((Role.ADMINISTRATOR, 200), (Role.COMPLIANCE_OFFICER, 200), (Role.TREASURER, 403)):
        officer = browser(role)
        assert {path: officer.get(path).status_code for path in PAGES} == dict.fromkeys(PAGES, status), role
    reader = browser(Role.COMPLIANCE_OFFICER)
    assert 'name="act"' not in reader.get("/office/network/accounts").text


class TestEmbedded:
    @pytest.fixture
    def client(self, embedded: Engine, settings: Settings) -> Iterator[Any]:
        with TestClient(create_app(settings), follow_redirects=False) as made:
            yield made

    def test_every_page_says_that_there_are_no_lists(self, browser: Callable[..., Browser]) -> None:
        admin = browser(Role.ADMINISTRATOR)
        for path in PAGES:
            answer = admin.get(path)
            assert answer.status_code == 200
            if not path.endswith("history"):
                assert "Установка работает на встроенном узле" in answer.text, path
