"""Every door of the API from outside: closed without a token, and never a crash whatever is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from httpx import Response
from hypothesis import HealthCheck, Phase, given, settings

from backend.core.permissions import OFFICER_ROLES, Role
from tests.backend.issues.test_life import factory
from tests.factories.chain import write_deployment

OPEN = {
    "/api/v1/status",
    "/api/v1/explorer/key",
    "/api/v1/reports/verify",
    "/api/v1/reports/verify/{number}",
    "/api/v1/reports/verify/{number}/proof",
}
NOWHERE = "00000000-0000-7000-8000-000000000000"
METHODS = ("get", "post", "put", "patch", "delete")


def description(client: TestClient) -> dict[str, Any]:
    content: dict[str, Any] = client.get("/api/v1/openapi.json").json()
    return content


def operations(client: TestClient) -> Iterator[tuple[str, str]]:
    for path, item in description(client)["paths"].items():
        for method in METHODS:
            if method in item and path.startswith("/api/"):
                yield method, path


def test_no_address_of_the_api_answers_without_a_token(client: TestClient) -> None:
    walked = 0
    for method, path in operations(client):
        if path in OPEN or path.startswith("/api/v1/auth/"):
            continue
        answer = client.request(method, re.sub(r"\{[^}]+\}", NOWHERE, path))
        assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.headers["www-authenticate"] == "Bearer"
        walked += 1
    assert walked > 60


def test_what_is_open_to_everybody_is_listed_here(client: TestClient) -> None:
    found = {path for _, path in operations(client)}
    assert found >= OPEN, "a door of this list is gone"


# --- whatever is sent ------------------------------------------------------------------------------------------------

EXAMPLES = settings(
    max_examples=3,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def send(client: TestClient, case: Any, headers: dict[str, str]) -> Response:
    """One generated request of somebody signed in."""
    more: dict[str, Any] = {}
    if isinstance(case.body, dict) and case.media_type == "multipart/form-data":
        more["files"] = {name: (None, str(value)) for name, value in case.body.items()}
    elif isinstance(case.body, dict | list | str | int | float | bool):
        more = {"content": json.dumps(case.body)}
        headers = {**headers, "content-type": "application/json"}
    query = {name: value for name, value in (case.query or {}).items() if value is not None}
    answer = client.request(case.method, case.formatted_path, params=query, headers=headers, **more)
    return answer  # noqa: RET504 - typed as the client declares it


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(600)
def test_whatever_the_description_allows_is_answered_and_never_crashes(
    client: TestClient, system_ctx: Callable[[], Any], sign_in: Callable[..., dict[str, str]]
) -> None:
    with system_ctx() as ctx:
        write_deployment(ctx.settings)
        owner = factory(ctx).id
    people = [sign_in(*OFFICER_ROLES), sign_in(Role.ISSUER_SIGNER, participant_id=owner)]
    client = TestClient(client.app, follow_redirects=False, raise_server_exceptions=False)
    crashed: dict[str, str] = {}
    asked = 0
    for found in schemathesis.openapi.from_dict(description(client)).get_all_operations():
        operation = found.ok()
        if operation.path.startswith("/api/v1/auth/"):
            continue  # they end the asker's own session

        @EXAMPLES
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            for headers in people:
                answer = send(client, case, headers)
                asked += 1
                if answer.status_code >= 500 and answer.status_code != 503:  # 503: nothing is mirrored yet
                    crashed[f"{case.method} {case.path}"] = f"{case.path_parameters} {case.query} {case.body}"
                elif 400 <= answer.status_code < 500:
                    assert answer.headers["content-type"].startswith("application/problem+json"), case.path

        ask()
    assert crashed == {}
    assert asked > 300
