"""The network for programs: what the pages show and do, with the same permissions, second factors and refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.engine import Engine
from sqlmodel import select

from backend.accounts import service as accounts
from backend.accounts.models import UserSession
from backend.core.permissions import Role
from backend.network.jobs import NetworkJobs
from backend.settings import Settings
from backend.web.app import create_app
from tests.backend.network.conftest import Office
from tests.backend.network.fake_besu import FakeNetwork, besu_network, enode_of, keys
from tests.backend.network.test_drift import Blocks
from tests.factories.chain import address

ALICE, STRANGER = address(0xA11CE), address(0xBAD)
API = "/api/v1/network"
WRITES: list[tuple[str, dict[str, str]]] = [
    ("/accounts", {"value": ALICE, "reason": "Договор № 14"}),
    ("/accounts/remove", {"value": ALICE, "reason": "Уволен"}),
    ("/nodes", {"value": enode_of(7), "reason": "Узел банка"}),
    ("/nodes/remove", {"value": enode_of(1), "reason": "Выведен"}),
    ("/drift/rpc-1/repair", {}),
    ("/alarms/none/close", {"reason": "Разобрано"}),
    ("/votes", {"action": "REMOVE", "validator": address(0xA0), "reason": "Потерян ключ"}),
    ("/votes/none/approve", {}),
    ("/votes/none/withdraw", {}),
]
Headers = Callable[..., dict[str, str]]


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
def jobs(client: TestClient, embedded: Engine) -> NetworkJobs:
    return Office(embedded, client.app.state.settings).jobs()  # type: ignore[attr-defined]  # the ASGI app is ours


@pytest.fixture
def ask(client: TestClient, sign_in: Headers) -> Callable[..., Any]:
    """GET without a body, POST with one; the answer's content after its status was checked."""
    headers = sign_in(Role.ADMINISTRATOR)

    def asked(path: str, body: dict[str, str] | None = None, *, status: int = 200, as_: Any = None) -> Any:
        given = as_ or headers
        answer = (
            client.get(API + path, headers=given) if body is None else client.post(API + path, json=body, headers=given)
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    return asked


def test_an_account_is_admitted_and_its_way_to_every_node_is_told(
    ask: Callable[..., Any], besu: FakeNetwork, jobs: NetworkJobs
) -> None:
    made = ask("/accounts", {"value": ALICE.upper().replace("0X", "0x"), "reason": "Договор № 14"}, status=201)
    assert (made["kind"], made["action"], made["value"], made["state"]) == ("ACCOUNT", "ADD", ALICE, "OPEN")
    besu.node("validator-2").stop()
    jobs.round()
    told = ask(f"/changes/{made['id']}")
    assert {one["node"]: one["state"] for one in told["nodes"]} == {
        one.name: "FAILED" if one.name == "validator-2" else "DONE" for one in besu.nodes
    }
    assert told["nodes"][0].keys() >= {"attempts", "reason", "detail", "next_at"}
    assert ALICE in [one["value"] for one in ask("/accounts")["items"]]
    unfinished = [one["id"] for one in ask("/changes?unfinished=true")["items"]]
    assert made["id"] in unfinished
    assert ask("")["unfinished"] == len(unfinished)
    ask("/accounts/remove", {"value": ALICE, "reason": "Уволен"}, status=201)
    assert [one["value"] for one in ask("/accounts?removed=true")["items"]] == [ALICE]
    assert [one["reason"] for one in ask("/changes?kind=ACCOUNT&size=2")["items"]] == ["Уволен", "Договор № 14"]


def test_drift_is_told_and_repaired(ask: Callable[..., Any], besu: FakeNetwork, jobs: NetworkJobs) -> None:
    jobs.round()
    besu.node("validator-3").accounts.append(STRANGER)
    besu.node("rpc-1").stop()
    jobs.check()
    found = ask("/drift")
    nodes = {one["node"]: one for one in found["nodes"]}
    assert (nodes["validator-3"]["differs"], nodes["validator-3"]["accounts_extra"]) == (True, [STRANGER])
    assert nodes["rpc-1"]["reachable"] is False
    assert (found["checks"][0]["unreachable"], found["checks"][0]["extra"]) == (1, 1)
    state = ask("")
    assert {(one["kind"], one["subject"]) for one in state["alarms"]} == {
        ("DRIFT", "validator-3"), ("UNREACHABLE", "rpc-1"),
    }  # fmt: skip
    assert {one["name"]: one["differs"] for one in state["nodes"]}["validator-3"] is True
    wanted = ask("/drift/validator-3/repair", {}, status=201)
    assert ask("/drift/validator-3/repair", {}, status=201)["id"] == wanted["id"], "one that waits is that one"
    jobs.round()
    assert STRANGER not in besu.node("validator-3").accounts
    (done,) = ask("/drift")["repairs"]
    assert (done["state"], done["removed"]) == ("DONE", 1)
    ask("/drift/nowhere/repair", {}, status=404)


def test_a_foreign_sender_is_closed_with_a_reason(
    ask: Callable[..., Any], client: TestClient, embedded: Engine, jobs: NetworkJobs
) -> None:
    jobs.round()
    with Office(embedded, client.app.state.settings).unit() as ctx:  # type: ignore[attr-defined]  # the ASGI app is ours
        Blocks(ctx.session).add(STRANGER)
    jobs.round()
    (alarm,) = ask("/alarms?open_only=true")
    assert (alarm["kind"], alarm["sender"]) == ("FOREIGN_SENDER", STRANGER)
    ask(f"/alarms/{alarm['id']}/close", {"reason": ""}, status=422)
    assert ask(f"/alarms/{alarm['id']}/close", {"reason": "Разобрано"})["closed_at"] is not None
    assert ask("/alarms?open_only=true") == []
    assert len(ask("/alarms")) == 1


def test_a_vote_needs_two_administrators(
    ask: Callable[..., Any], besu: FakeNetwork, jobs: NetworkJobs, sign_in: Headers
) -> None:
    jobs.round()
    lost = besu.node("validator-4").address
    made = ask("/votes", {"action": "REMOVE", "validator": lost, "reason": "Потерян ключ"}, status=201)
    assert (made["kind"], made["state"]) == ("VALIDATOR", "PROPOSED")
    ask(f"/votes/{made['id']}/approve", {}, status=403)
    ask(f"/votes/{made['id']}/approve", {}, as_=sign_in(Role.ADMINISTRATOR))
    jobs.round()
    (waiting,) = ask("/votes")
    assert waiting["approved_by"] != waiting["requested_by"]
    assert besu.node("validator-1").votes == {lost: False}
    assert {one["node"] for one in waiting["nodes"]} <= {one.name for one in besu.nodes}
    assert ask(f"/votes/{made['id']}/withdraw", {})["state"] == "WITHDRAWING"
    ask("/votes", {"action": "SOMEHOW", "validator": lost, "reason": "?"}, status=422)


def test_validators_are_counted_over_a_window(ask: Callable[..., Any]) -> None:
    assert ask("/validators?window=10")["validators"] == []
    ask("/validators?window=0", status=422)
    ask("/validators?window=1000000", status=422)


@pytest.mark.parametrize("path", ["", "/accounts", "/nodes", "/changes", "/drift", "/alarms", "/validators", "/votes"])
def test_reading_is_for_who_may_read_the_network(path: str, client: TestClient, sign_in: Headers) -> None:
    assert client.get(API + path).status_code == 401
    assert client.get(API + path, headers=sign_in(Role.INVESTOR)).status_code == 403
    for role in (Role.COMPLIANCE_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR):
        assert client.get(API + path, headers=sign_in(role)).status_code == 200, role


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_changing_is_for_administrators_with_a_fresh_second_factor(
    path: str,
    body: dict[str, str],
    client: TestClient,
    sign_in: Headers,
    besu: FakeNetwork,
    system_ctx: Callable[[], Any],
) -> None:
    for role in (Role.COMPLIANCE_OFFICER, Role.AUDITOR, Role.INVESTOR):
        assert client.post(API + path, json=body, headers=sign_in(role)).status_code == 403, role
    tired = sign_in(Role.ADMINISTRATOR)
    with system_ctx() as ctx:
        for row in ctx.session.exec(select(UserSession)):
            row.stepped_up_at = accounts.wall_clock() - timedelta(minutes=6)
            ctx.session.add(row)
    asked = client.post(API + path, json=body, headers=tired)
    assert (asked.status_code, asked.json()["code"]) == (401, "step_up_required")
    assert not [one for node in besu.nodes for one in node.writes()]


def test_mistakes_name_their_field(ask: Callable[..., Any]) -> None:
    wrong = ask("/accounts", {"value": "0x12", "reason": "Договор"}, status=422)
    assert [one["field"] for one in wrong["errors"]] == ["value"]
    wrong = ask("/nodes", {"value": "enode://12@host:1", "reason": "Узел"}, status=422)
    assert [one["field"] for one in wrong["errors"]] == ["value"]
    ask("/changes/none", status=404)


def test_the_embedded_node_has_no_lists(
    embedded: Engine, settings: Settings, sign_in: Headers, client: TestClient
) -> None:
    headers = sign_in(Role.ADMINISTRATOR)
    with TestClient(create_app(settings), raise_server_exceptions=True) as alone:
        state = alone.get(API, headers=headers).json()
        assert (state["chain_id"], state["nodes"], state["alarms"]) == (None, [], [])
        assert alone.get(f"{API}/drift", headers=headers).json() == {"nodes": [], "checks": [], "repairs": []}
        refused = alone.post(f"{API}/accounts", json={"value": ALICE, "reason": "?"}, headers=headers)
        assert refused.status_code == 409
