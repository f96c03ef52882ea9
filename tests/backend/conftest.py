"""Databases, contexts and clients for tests of the backend.

ctx_for     ctx_for(Role.INVESTOR, ...) -> Context of a new user with these roles, on SQLite and on PostgreSQL;
            all contexts of a test share one transaction, which is rolled back at its end
engine      an own database for each test that must commit, copied from one that the migrations built (both kinds, slower)
embedded    the same on SQLite only (for tests of the edge)
client      the JSON API and pages on `embedded`; sign_in(roles) -> Bearer headers; browser(portal, roles) -> signed-in Browser
"""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine, make_url
from sqlmodel import Session

from backend.accounts import passwords
from backend.accounts import service as accounts
from backend.accounts.service import Portal
from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.core.permissions import OFFICER_ROLES, Role
from backend.custody import service as custody
from backend.migrate import upgrade
from backend.migrations.tables import metadata
from backend.settings import Settings
from backend.web.app import create_app
from indexer.db import create_database_engine

PASSWORD = "correct horse battery staple"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def portal_of(roles: tuple[Role, ...]) -> Portal:
    """The portal that holders of these roles use."""
    if set(roles) & OFFICER_ROLES:
        return Portal.OFFICE
    if set(roles) & {Role.AUDITOR, Role.REGULATOR}:
        return Portal.AUDIT
    return Portal.ISSUER if set(roles) & {Role.ISSUER_EDITOR, Role.ISSUER_SIGNER} else Portal.INVESTOR


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with the least cost: its strength is the library's matter, its time would be every test's."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


# --- databases -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "kapital.db"
    engine = create_database_engine(f"sqlite:///{path}")
    build(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def pg_template(pg_url: str) -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex[:8]}"
    _run_sql(pg_url, f"CREATE DATABASE {name}")
    engine = create_database_engine(_named(pg_url, name))
    build(engine)
    engine.dispose()
    yield name
    _run_sql(pg_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def shared_sqlite(sqlite_template: Path) -> Iterator[Engine]:
    engine = create_database_engine(f"sqlite:///{sqlite_template}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_postgres(pg_url: str) -> Iterator[Engine]:
    name = f"shared_{uuid.uuid4().hex[:8]}"
    _run_sql(pg_url, f"CREATE DATABASE {name}")
    engine = create_database_engine(_named(pg_url, name))
    build(engine)
    yield engine
    engine.dispose()
    _run_sql(pg_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def embedded(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "kapital.db"
    shutil.copyfile(sqlite_template, path)
    engine = create_database_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "sqlite":
        yield request.getfixturevalue("embedded")
        return
    pg_url, template = request.getfixturevalue("pg_url"), request.getfixturevalue("pg_template")
    name = f"t{uuid.uuid4().hex[:12]}"
    _run_sql(pg_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    made = create_database_engine(_named(pg_url, name))
    yield made
    made.dispose()
    _run_sql(pg_url, f"DROP DATABASE {name} WITH (FORCE)")


def build(engine: Engine) -> None:
    """The tables by the migrations, and those that have no revision yet."""
    upgrade(engine)
    metadata.create_all(engine)


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _run_sql(url: str, statement: str) -> None:
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(statement))
    admin.dispose()


# --- contexts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        environment="development",
        files_dir=tmp_path / "files",
        database_url=f"sqlite:///{tmp_path / 'kapital.db'}",
        deployment_file=tmp_path / "deployment.json",
    )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """One transaction for the whole test, rolled back at its end, on SQLite and on PostgreSQL."""
    shared: Engine = request.getfixturevalue(f"shared_{request.param}")
    connection = shared.execution_options(kapital_write=True).connect()
    transaction = connection.begin()
    made = Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
    yield made
    made.close()
    transaction.rollback()
    connection.close()


ContextMaker = Callable[..., Context]


@pytest.fixture
def ctx_for(session: Session, settings: Settings) -> ContextMaker:
    """Contexts in the test's transaction; without roles and with ``system="worker"`` a process of the operator."""

    def make(
        *roles: Role, participant_id: str | None = None, system: str | None = None, stepped_up: bool = True
    ) -> Context:
        ctx = Context(session=session, clock=SystemClock(), actor=Actor.system(system or "test"), settings=settings)
        if system is not None:
            return ctx
        return replace(ctx, actor=make_actor(ctx, roles, participant_id, stepped_up=stepped_up))

    return make


def make_user(ctx: Context, roles: tuple[Role, ...], participant_id: str | None = None) -> accounts.Officer:
    """A user with password, second factor, wallet and these roles."""
    number = uuid.uuid4().hex[:8]
    spec = accounts.OfficerSpec(
        email=f"user-{number}@example.ru",
        name=f"Пользователь {number}",
        password=PASSWORD,
        roles=roles,
        totp_secret=TOTP_SECRET,
        portal=portal_of(roles),
    )
    made = accounts.bootstrap_officers(ctx.as_system("test"), [spec])[0][0]
    if participant_id is not None:
        accounts.link_participant(ctx, made.user_id, participant_id)
    return made


def make_actor(ctx: Context, roles: tuple[Role, ...], participant_id: str | None, *, stepped_up: bool) -> Actor:
    user = make_user(ctx, roles, participant_id)
    wallet = user.address
    if participant_id is not None:
        wallet = custody.create_wallet(ctx, "participant", participant_id)
    at = accounts.wall_clock() if stepped_up else None
    return Actor(user.user_id, "Проверка", frozenset(roles), participant_id, wallet, None, "127.0.0.1", at)


# --- the edge --------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(embedded: Engine, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), follow_redirects=False, raise_server_exceptions=True) as made:
        yield made


@pytest.fixture
def system_ctx(client: TestClient) -> Callable[[], Any]:
    """``with system_ctx() as ctx`` prepares data in a committed transaction of the client's database."""

    def opened() -> Any:
        return _system_context(client)

    return opened


class _system_context:  # noqa: N801 - used as a function
    def __init__(self, client: TestClient) -> None:
        state = client.app.state  # type: ignore[attr-defined]  # the ASGI app is ours
        self.work, self.state = unit_of_work(state.engine), state

    def __enter__(self) -> Context:
        session = self.work.__enter__()
        return Context(
            session=session, clock=self.state.clock, actor=Actor.system("test"), settings=self.state.settings
        )

    def __exit__(self, *problem: object) -> None:
        self.work.__exit__(*problem)  # type: ignore[arg-type]  # handed through


def code_now(secret: str = TOTP_SECRET, steps_ahead: int = 0) -> str:
    """The authenticator's code, now or half-minutes ahead (each code works once)."""
    generator = pyotp.TOTP(secret)
    return generator.generate_otp(int(accounts.wall_clock().timestamp()) // 30 + steps_ahead)


@pytest.fixture
def sign_in(client: TestClient, system_ctx: Callable[[], Any]) -> Callable[..., dict[str, str]]:
    """Bearer headers of a new user with these roles."""

    def make(*roles: Role, participant_id: str | None = None) -> dict[str, str]:
        with system_ctx() as ctx:
            user = make_user(ctx, roles, participant_id)
        body = {"email": user.email, "password": PASSWORD, "totp": code_now()}
        answer = client.post("/api/v1/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    return make


class Reader(TestClient):
    """A client that reads what will be signed on the page that shows it, and agrees, as people do; a page that wants a code stays."""

    agrees = True

    def post(self, url: Any, **request: Any) -> Response:  # type: ignore[override]  # the same answer as the client's own
        answer = super().post(url, **request)
        digest = re.search(r'name="shown_hash" value="([0-9a-f]{64})"', answer.text)
        if (
            not self.agrees
            or digest is None
            or 'name="totp_code"' in answer.text.split("</header>")[-1].split("kp-form")[-1]
        ):
            return answer
        typed = {name: text for name, text in (request.get("data") or {}).items() if name != "totp_code"}
        return super().post(url, **{**request, "data": {**typed, "shown_hash": digest[1]}})


@dataclass(slots=True)
class Browser:
    """A signed-in user who opens pages and sends the forms on them."""

    client: TestClient
    user: accounts.Officer | None = None

    def get(self, path: str) -> Response:
        return self.client.get(path)

    def hidden(self, path: str, action: str | None = None) -> dict[str, str]:
        """Hidden fields of the first form on a page, or of the one with this action."""
        page = self.client.get(path)
        assert page.status_code == 200, f"{path} {page.status_code} {page.headers.get('location')}"
        forms = re.findall(r"<form[^>]*method=\"post\"[^>]*>.*?</form>", page.text, re.DOTALL)
        wanted = [form for form in forms if f'action="{action or path}"' in form]
        assert wanted, f"no form for {action or path} on {path}"
        return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', wanted[0]))

    def send(self, path: str, page: str | None = None, files: Any = None, **fields: Any) -> Response:
        """Open ``page`` (default: the form's own address), fill in its form and send it."""
        return self.client.post(path, data={**self.hidden(page or path, path), **fields}, files=files)


@pytest.fixture
def visitor(client: TestClient) -> Browser:
    return Browser(client)


@pytest.fixture
def browser(client: TestClient, system_ctx: Callable[[], Any]) -> Callable[..., Browser]:
    """A browser signed in to the portal of these roles."""

    def make(*roles: Role, participant_id: str | None = None) -> Browser:
        with system_ctx() as ctx:
            user = make_user(ctx, roles, participant_id)
        found = Browser(Reader(client.app, follow_redirects=False), user)
        answer = found.send("/login", email=user.email, password=PASSWORD, code=code_now())
        assert answer.status_code == 303, answer.text
        return found

    return make
