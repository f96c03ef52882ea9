"""Two requests at the same moment, on both databases; a stream of changes."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy.engine import Engine
from sqlmodel import func, select

from backend.accounts.models import User
from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.core.permissions import Role
from backend.settings import Settings
from backend.web.app import create_app
from backend.web.live import TOPICS
from indexer.models import ChainBlock
from tests.backend.conftest import PASSWORD, code_now, make_user

UP_WITHIN_S = 120
BODY = {"email": "anna@example.ru", "name": "Анна Орлова", "password": PASSWORD, "portal": "investor"}


@pytest.fixture
def api(engine: Engine, settings: Settings) -> Iterator[TestClient]:
    address = engine.url.render_as_string(hide_password=False)
    with TestClient(create_app(settings.model_copy(update={"database_url": address}))) as client:
        yield client


def at_once(client: TestClient, bodies: list[dict[str, str]], key: str | None) -> list[Response]:
    answers: list[Response] = []
    start = threading.Barrier(len(bodies))

    def send(body: dict[str, str]) -> None:
        start.wait()
        headers = {"Idempotency-Key": key} if key else {}
        answers.append(client.post("/api/v1/auth/register", json=body, headers=headers))

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def users_in(engine: Engine) -> int:
    with unit_of_work(engine, write=False) as session:
        return session.exec(select(func.count()).select_from(User)).one()


def test_a_request_sent_four_times_at_once_is_carried_out_once_and_answered_alike(
    api: TestClient, engine: Engine
) -> None:
    answers = at_once(api, [BODY] * 4, "one-and-the-same")
    assert [answer.status_code for answer in answers] == [201] * 4
    assert users_in(engine) == 1


def test_one_address_is_registered_once_however_many_try(api: TestClient, engine: Engine) -> None:
    answers = at_once(api, [BODY] * 3, None)
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
    assert users_in(engine) == 1


def test_the_stamp_of_the_chain_changes_with_a_block(engine: Engine, settings: Settings) -> None:
    def stamp() -> str:
        with unit_of_work(engine, write=False) as session:
            return TOPICS["chain"](Context(session, SystemClock(), Actor.system("test"), settings), "")

    before = stamp()
    with unit_of_work(engine) as session:
        session.add(block())
    assert stamp() != before


@pytest.fixture
def served(embedded: Engine, settings: Settings) -> Iterator[tuple[str, Engine]]:
    """The application behind a real server, for answers that do not end."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings), port=0, log_level="warning", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + UP_WITHIN_S
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", embedded
    server.should_exit = True
    thread.join(20)


def test_a_page_hears_of_a_new_block_and_the_event_carries_no_data(
    served: tuple[str, Engine], settings: Settings
) -> None:
    address, engine = served
    with unit_of_work(engine) as session:
        user = make_user(Context(session, SystemClock(), Actor.system("test"), settings), (Role.INVESTOR,))
    with httpx.Client(base_url=address, timeout=60) as client:
        token = re.search(r'name="csrf_token" value="(\w+)"', client.get("/login").text)
        assert token is not None
        fields = {"email": user.email, "password": PASSWORD, "code": code_now(), "csrf_token": token[1]}
        assert client.post("/login", data=fields).status_code == 303
        with client.stream("GET", "/investor/events", params={"topic": "chain"}) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = (line for line in stream.iter_lines() if line.startswith(("event", "data")))
            assert [next(lines), next(lines)] == ["event: change", "data: None"]
            with unit_of_work(engine) as session:
                session.add(block())
            assert [next(lines), next(lines)] == ["event: change", "data: 1"]


def block() -> ChainBlock:
    word = "0x" + "00" * 32
    texts = ("hash", "parent_hash", "transactions_root", "receipts_root", "state_root", "header")
    counts = ("number", "timestamp", "gas_used", "gas_limit", "tx_count", "log_count")
    proofs = [name for name in ChainBlock.model_fields if name.startswith("proven_")]
    fields = {**dict.fromkeys(texts, word), **dict.fromkeys(counts, 1), **dict.fromkeys(proofs, True)}
    return ChainBlock(**fields, proposer="0x" + "00" * 20, at=datetime.now(UTC))
