"""Walk every route as every role and write what happened: docs/permissions.md.

    python -m scripts.permissions          compare; the exit code is 1 when the document is not what the walk finds
    python -m scripts.permissions --write  write the document

The walk runs the real application on an empty database of its own and sends each request once for each role. Identifiers in addresses
are of no record, bodies come from the examples of the API's description, forms are empty.
"""

from __future__ import annotations

import re
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
from httpx import Response

from backend.accounts import service as accounts
from backend.accounts.service import Portal
from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.core.permissions import CHAIN_ROLES, OFFICER_ROLES, Permission, Role, permissions_of
from backend.migrate import upgrade
from backend.migrations.tables import metadata
from backend.settings import Settings
from backend.web import api, portals
from backend.web.app import create_app
from indexer.db import create_database_engine

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the test client still takes httpx
    from fastapi.testclient import TestClient

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "permissions.md"
SECRET, PASSWORD = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "walking through every door"  # of a throw-away database
NOWHERE = "00000000-0000-7000-8000-000000000000"

# Not walked: they end the walker's own session, or stream without end.
LEFT_OUT = {
    "/api/v1/auth/logout",
    "/api/v1/auth/sessions",
    "/{portal}/logout",
    "/{portal}/profile/sessions/end",
    "/{portal}/events",
}
REACHED, REFUSED, CONTENT, ABSENT, SIGN_IN = "✓", "✗", "·", "○", ""
EARLY = {404: ABSENT, 413: CONTENT, 422: CONTENT}


@dataclass(frozen=True, slots=True)
class Walker:
    """Somebody with one role (or none), signed in to the API and to the portal."""

    name: str
    portal: str
    client: TestClient
    headers: dict[str, str]
    csrf: str


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address."""

    method: str
    path: str
    body: Any = None

    @property
    def is_api(self) -> bool:
        """JSON, not a page."""
        return self.path.startswith("/api/")


def walk() -> dict[Route, list[str]]:
    """The answer's kind for each route and each role, in the order of :func:`column_names`."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url=f"sqlite:///{folder}/walk.db",
            files_dir=Path(folder) / "files",
            deployment_file=Path(folder) / "none.json",
            environment="development",
        )
        build(settings)
        with TestClient(create_app(settings), follow_redirects=False, raise_server_exceptions=False) as client:
            walkers = [Walker("", "", client, {}, ""), *(signed_in(client, role) for role in (None, *Role))]
            return {route: [kind(send(walker, route)) for walker in walkers] for route in routes(client)}


def column_names() -> list[str]:
    """The columns: without a sign-in, signed in without a role, then each role."""
    return ["гость", "без роли", *(role.value for role in Role)]


def build(settings: Settings) -> None:
    """A database with one user for each role."""
    engine = create_database_engine(settings.database_url)
    upgrade(engine)
    metadata.create_all(engine)
    specs = [
        accounts.OfficerSpec(email_of(role), "Обходчик", PASSWORD, (role,) if role else (), SECRET, portal_of(role))
        for role in (None, *Role)
    ]
    with unit_of_work(engine) as session:
        accounts.bootstrap_officers(Context(session, SystemClock(), Actor.system("walk"), settings), specs)
    engine.dispose()


def email_of(role: Role | None) -> str:
    """Address of the walker of a role."""
    return f"{role.value if role else 'none'}@walk.example.ru"


def portal_of(role: Role | None) -> Portal:
    """The portal that a role belongs to."""
    if role is None:
        return Portal.INVESTOR
    return next(portal for portal, roles in accounts.PORTAL_ROLES.items() if role in roles)


def signed_in(client: TestClient, role: Role | None) -> Walker:
    """Sign in to the API and to the portal; the second code is of the next half-minute, for each works once."""
    codes = pyotp.TOTP(SECRET)
    now = int(accounts.wall_clock().timestamp()) // 30
    body = {"email": email_of(role), "password": PASSWORD, "totp": codes.generate_otp(now)}
    token = client.post("/api/v1/auth/login", json=body).json()["access_token"]
    own = TestClient(client.app, follow_redirects=False, raise_server_exceptions=False)
    form = {"email": email_of(role), "password": PASSWORD, "code": codes.generate_otp(now + 1)}
    own.post("/login", data={**form, "csrf_token": csrf_on(own.get("/login"))})
    portal = portal_of(role).value
    csrf = csrf_on(own.get(f"/{portal}/profile"))
    return Walker(role.value if role else "", portal, own, {"Authorization": f"Bearer {token}"}, csrf)


def csrf_on(page: Response) -> str:
    """The token in the first form of a page."""
    found = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    return found[1] if found else ""


def routes(client: TestClient) -> list[Route]:
    """Every address of the API and of the portals, sorted."""
    description = client.get("/api/v1/openapi.json").json()
    found = [
        Route(method, route.path, example_of(description, method, route.path))  # type: ignore[attr-defined]  # API routes
        for router in (*api.ROUTERS, *portals.ROUTERS)
        for route in router.routes
        for method in sorted(route.methods)  # type: ignore[attr-defined]  # API routes
        if route.path not in LEFT_OUT and method != "HEAD"  # type: ignore[attr-defined]  # API routes
    ]
    unique = {(one.method, one.path): one for one in found}
    return [Route(m, p, Frozen(unique[m, p].body)) for m, p in sorted(unique, key=lambda key: (key[1], key[0]))]


class Frozen:
    """A body that may be part of a key."""

    def __init__(self, content: Any) -> None:
        self.content = content


def example_of(description: dict[str, Any], method: str, path: str) -> Any:
    """A JSON body that fits: the description's example, or one made from the schema."""
    operation = description["paths"].get(path, {}).get(method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else sample(description, content["schema"])


def sample(description: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A value that fits a schema."""
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    for known in ("default", "const"):
        if known in schema:
            return schema[known]
    if schema.get("examples") or schema.get("enum"):
        return (schema.get("examples") or schema["enum"])[0]
    if "anyOf" in schema:
        return sample(description, schema["anyOf"][0])
    if schema.get("type") == "object":
        needed = schema.get("required", [])
        return {name: sample(description, one) for name, one in schema.get("properties", {}).items() if name in needed}
    if schema.get("type") == "array":
        return [sample(description, schema["items"]) for _ in range(schema.get("minItems", 0))]
    return sample_scalar(schema)


def sample_scalar(schema: dict[str, Any]) -> Any:
    """A text, number or truth value that fits."""
    texts = {"date": "2026-12-01", "date-time": "2026-12-01T00:00:00Z"}
    if schema.get("type") == "string":
        return texts.get(schema.get("format", ""), "1" * max(schema.get("minLength", 1), 1))
    return {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": True}.get(
        schema["type"]
    )


def send(walker: Walker, route: Route) -> Response:
    """The request; an address that wants a number gets one."""
    answer = send_to(walker, route, NOWHERE)
    if answer.status_code == 422 and route.method == "GET":
        answer = send_to(walker, route, "1")
    return answer


def send_to(walker: Walker, route: Route, identifier: str) -> Response:
    """The request with an identifier of no record."""
    path = route.path.replace("{portal}", walker.portal or "investor")
    path = re.sub(r"\{[^}]+\}", identifier, path)
    if route.is_api:
        answer: Response = walker.client.request(route.method, path, json=route.body.content, headers=walker.headers)
        return answer
    data = {"csrf_token": walker.csrf or csrf_on(walker.client.get("/login"))} if route.method == "POST" else None
    page: Response = walker.client.request(route.method, path, data=data)
    return page


def kind(answer: Response) -> str:
    """What the answer says about the right to ask."""
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    code = answer.json()["code"] if is_problem else ""
    to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/login?next=")
    if code == "unauthenticated" or to_sign_in:
        return SIGN_IN
    if answer.status_code == 403:
        return REFUSED
    return EARLY.get(answer.status_code, REACHED)


def document() -> str:
    """The text of docs/permissions.md."""
    lines = [
        "# Права: роли, разрешения, маршруты",
        "",
        "Файл написан командой `python -m scripts.permissions --write`; тест проверяет, что он совпадает с обходом.",
        "",
        "## Роли и разрешения",
        "",
        f"В реестре (on chain) есть роли: {', '.join(sorted(role.value for role in CHAIN_ROLES))}; их дают и отзывают двое.",
        f"Второй фактор обязателен: {', '.join(sorted(role.value for role in OFFICER_ROLES))}, auditor, regulator.",
        "",
        *table(
            ["разрешение", *(role.value for role in Role)],
            [[f"`{one.value}`", *mark_roles(one)] for one in Permission],
        ),
        "",
        "## Маршруты",
        "",
        f"`{REACHED}` — право есть, `{REFUSED}` — отказ 403, пусто — нужен вход в этот кабинет, `{ABSENT}` — ищется среди видимых",
        f"этой роли записей и не найдена (404), `{CONTENT}` — запрос отклонён по содержанию раньше, чем понадобилось право.",
        "",
        *table(["маршрут", *column_names()], [[f"`{r.method} {r.path}`", *kinds] for r, kinds in walk().items()]),
        "",
    ]
    return "\n".join(lines)


def mark_roles(permission: Permission) -> list[str]:
    """A tick for each role that has a permission."""
    return [REACHED if permission in permissions_of(frozenset({role})) else "" for role in Role]


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """A Markdown table."""
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)]


def main(arguments: list[str]) -> int:
    """Command line."""
    text = document()
    if "--write" in arguments:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text, encoding="utf-8")
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == text:
        return 0
    print(
        "docs/permissions.md is not what the walk finds: run python -m scripts.permissions --write and read the difference"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
