"""What a person tells about themselves is readable nowhere in the database, in no log, and no journal names anybody (152-ФЗ)."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.engine import Engine
from sqlmodel import col
from sqlmodel import select as pick

from backend.audit import service as audit
from backend.core.context import Context
from backend.core.events import DomainEvent
from backend.core.journal import JournalEntry
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import participants
from backend.identity import service as identity
from backend.identity.models import ParticipantNote
from backend.migrations.tables import metadata
from backend.web.models import RequestKey
from tests.backend.conftest import PASSWORD, Browser, code_now, make_user
from tests.backend.identity.forms import PERSON
from tests.factories.chain import write_deployment

NAME = "Анна Прозорова"
EMAIL = "anna.prozorova@example.ru"
PERSONAL = {
    "user's name": NAME,
    "surname at the sign-up": "Прозорова",
    "e-mail": EMAIL,
    "surname": "Иванова",
    "patronymic": "Петровна",
    "birthday": "1990-05-17",
    "ИНН": "770012345606",
    "СНИЛС": "11223344595",
    "passport": "123456",
    "who issued it": "ОВД района Примерный",
    "address": "Примерная, д. 1",
    "phone": "79001234567",
    "bank account": "40702810500000012345",
    "remark": "Фамилия Ивановой написана неразборчиво",
}


def readable(engine: Engine) -> Iterator[tuple[str, str]]:
    """Every column of every row of every table, numbers and marks between digits left out beside the text itself."""
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                for name, value in row._mapping.items():
                    content = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    yield f"{table.name}.{name}", content


@pytest.fixture
def told(
    client: TestClient, system_ctx: Callable[[], Any], browser: Any, sign_in: Any, caplog: pytest.LogCaptureFixture
) -> Iterator[tuple[Context, str]]:
    """A person registers, applies by page and by program, is asked, corrects, is admitted and blocked."""
    caplog.set_level(logging.DEBUG)
    with system_ctx() as ctx:
        write_deployment(ctx.settings)
        user = make_user(ctx, (), None)
        officer = make_user(ctx, (Role.COMPLIANCE_OFFICER, Role.KYC_OFFICER))
    visitor = Browser(client)
    form = {"email": EMAIL, "name": NAME, "password": PASSWORD, "portal": "investor", "consent": "on"}
    assert visitor.send("/register", **form).status_code == 303
    link = re.search(r"/confirm\?token=[\w-]+", visitor.get("/dev/mail").text)
    assert link is not None
    client.post("/confirm", data=visitor.hidden(link[0], "/confirm"))
    body = {"email": EMAIL, "password": PASSWORD}
    anna = {"Authorization": f"Bearer {client.post('/api/v1/auth/login', json=body).json()['access_token']}"}
    body = {"email": officer.email, "password": PASSWORD, "totp": code_now()}
    judge = {"Authorization": f"Bearer {client.post('/api/v1/auth/login', json=body).json()['access_token']}"}

    def call(who: dict[str, str], path: str, key: str, content: Any = None, verb: str = "POST", **more: Any) -> Any:
        headers = {**who, "Idempotency-Key": key}
        answers = [client.request(verb, f"/api/v1{path}", json=content, headers=headers, **more) for _ in range(2)]
        assert answers[0].status_code < 300, answers[0].text
        assert answers[0].content == answers[1].content
        return answers[0].json() if answers[0].content else None

    case = call(anna, "/cases", "start", {"kind": "PERSON", "form": PERSON})
    path = f"/cases/{case['id']}"
    for number in range(2):
        file = {"file": ("скан.pdf", b"%PDF-1.7 " + NAME.encode(), "application/pdf")}
        client.post(f"/api/v1{path}/files", data={"kind": "passport"}, files=file, headers=anna)
        call(anna, f"{path}/submit", f"submit {number}")
        client.get("/api/v1/cases", params={"q": "770012345606"}, headers=judge)
        if number == 0:
            call(judge, f"{path}/remarks", "ask", {"remarks": [{"field": "passport", "text": PERSONAL["remark"]}]})
            call(anna, path, "save", {"form": PERSON}, verb="PUT")
    call(judge, f"{path}/approve", "approve", {"classes": ["FREE"], "admitted_until": "2099-01-01T00:00:00Z"})
    with system_ctx() as ctx:
        intent = ctx.session.exec(pick(Intent).where(Intent.ref_kind == participants.ADMIT_REF)).one()
        intent.state = IntentState.CONFIRMED
        participants.on_admitted(ctx, intent)
        found = intent.ref_id
    grounds = {"reason": "Запрос органа", "document_hash": "ab" * 32}
    call(judge, f"/participants/{found}/block", "block", grounds)
    assert user.user_id
    with system_ctx() as ctx:
        yield ctx, found


def test_personal_data_are_readable_in_no_table_and_no_log(
    told: tuple[Context, str], client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    ctx, participant_id = told
    ctx.session.commit()
    engine = client.app.state.engine  # type: ignore[attr-defined]  # the ASGI app is ours
    found = {
        (place, what)
        for place, content in readable(engine)
        for what, value in PERSONAL.items()
        if value in content or value in content.replace("-", "").replace(" ", "")
    }
    assert found == set()
    records = [
        one for one in caplog.get_records("setup") + caplog.records if one.name != "httpx"
    ]  # httpx is the browser here
    lines = "\n".join(f"{one.getMessage()} {one.exc_text or ''}" for one in records)
    assert "POST /api/v1/cases" in lines
    assert [what for what, value in PERSONAL.items() if value in lines] == []
    with engine.connect() as connection:  # the search itself would find what stands in clear
        assert connection.execute(text("SELECT count(*) FROM journal_entries")).scalar_one() > 5
    assert any(participant_id in content for _, content in readable(engine))


def test_a_journal_keeps_identifiers_and_shows_names(told: tuple[Context, str], browser: Any) -> None:
    ctx, participant_id = told
    entries = ctx.session.exec(pick(JournalEntry)).all()
    assert {one.actor for one in entries} - {"", "test"} == {one.actor_id for one in entries} - {None}
    page = audit.entries(ctx, audit.JournalFilter(action="identity.case.started"), PageRequest())
    assert list(audit.authors_of(ctx, page.items).values()) == [NAME]
    by_name = audit.entries(ctx, audit.JournalFilter(), PageRequest(q="прозоров")).items
    assert {one.actor_id for one in by_name} == {page.items[0].actor_id}
    notes = identity.history_of(ctx, participant_id)
    officer = next(one.by for one in notes if one.what == "blocked")
    ctx.session.commit()
    shown = browser(Role.COMPLIANCE_OFFICER).get(f"/office/participants/{participant_id}").text
    assert officer not in shown
    assert "Пользователь " in shown
    assert NAME in browser(Role.AUDITOR).get("/audit/journal?action=identity.case.started").text
    assert NAME in browser(Role.ADMINISTRATOR).get("/office/journal?entity=case&size=200").text


def test_a_repeated_answer_is_sealed(told: tuple[Context, str]) -> None:
    ctx, _ = told
    stored = ctx.session.exec(pick(RequestKey).where(col(RequestKey.body).is_not(None))).all()
    assert stored
    assert not [one for one in stored if b"PERSON" in (one.body or b"")]
    assert ctx.session.exec(pick(DomainEvent)).all()


def test_a_statement_that_fails_is_logged_without_its_values(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(Exception, match="no_such_table") as failed:
        connection.execute(text("INSERT INTO no_such_table VALUES (:name)"), {"name": NAME})
    assert NAME not in str(failed.value)


def test_authors_of_older_histories_become_identifiers(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO journal_entries (seq, at, recorded_at, actor_id, actor, action, entity, entity_id, details,"
                " prev_hash, hash) VALUES (1, '2026-01-01', '2026-01-01', 'u-1', :name, 'identity.participant.blocked',"
                " 'participant', 'p-1', '{}', '', '')"
            ),
            {"name": NAME},
        )
        notes = text(
            "INSERT INTO participant_history (id, participant_id, what, details, by, at)"
            " VALUES (:id, 'p-1', :what, '{}', :by, '2026-01-01')"
        )
        connection.execute(notes, {"id": "1", "what": "blocked", "by": NAME})
        connection.execute(notes, {"id": "2", "what": "admitted", "by": "worker"})
    revision = import_module("backend.migrations.versions.5d1f0a7c3e92_authors_by_identifier")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        revision.upgrade()
    with engine.begin() as connection:
        found = dict(connection.execute(select(col(ParticipantNote.id), col(ParticipantNote.by))).all())
    assert found == {"1": "u-1", "2": "worker"}
