"""Each changed decision of the shared table is refused by the API with its field named, and stays a draft."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from backend.core.permissions import Role
from backend.issues.decision import read_decision_yaml
from tests.backend.conftest import Browser, code_now
from tests.backend.issues.test_life import COUPON, PDF, factory
from tests.factories.chain import write_deployment

DECISIONS = Path(__file__).parents[2] / "cases" / "decisions"
ROWS = yaml.safe_load((DECISIONS / "invalid.yaml").read_text(encoding="utf-8"))


def changed(change: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(read_decision_yaml((DECISIONS / COUPON).read_bytes()), default=str))
    for path, value in change.items():
        *parents, last = path.split(".")
        target = data
        for part in parents:
            target = target[part]
        target[last] = value
    return data


@pytest.fixture
def headers(
    client: TestClient, system_ctx: Callable[[], Any], sign_in: Callable[..., dict[str, str]]
) -> dict[str, str]:
    with system_ctx() as ctx:
        write_deployment(ctx.settings)
        owner = factory(ctx).id
    found = sign_in(Role.ISSUER_SIGNER, participant_id=owner)
    answer = client.post("/api/v1/auth/step-up", json={"code": code_now(steps_ahead=1)}, headers=found)
    assert answer.status_code < 300, answer.text
    return found


def handed_in(client: TestClient, headers: dict[str, str], decision: dict[str, Any]) -> tuple[str, Any]:
    made = client.post("/api/v1/issues", json={"decision": decision}, headers=headers)
    assert made.status_code == 201, made.text
    issue = made.json()
    for name in decision["documents"]:
        path = f"/api/v1/issues/{issue['id']}/documents/{name}"
        assert client.post(path, files={"file": (name, PDF)}, headers=headers).status_code == 201
    return issue["id"], client.post(f"/api/v1/issues/{issue['id']}/submit", headers=headers)


@pytest.mark.parametrize("row", [row for row in ROWS if row["id"] != "X12"], ids=lambda row: row["id"])
def test_a_changed_decision_is_refused_with_its_field_named_and_nothing_is_submitted(
    client: TestClient, headers: dict[str, str], row: dict[str, Any]
) -> None:
    issue_id, answer = handed_in(client, headers, changed(row["change"]))
    assert answer.status_code == 422, answer.text
    (path,) = row["change"]
    assert path in [one["field"] for one in answer.json()["errors"]]
    assert all(one["message"] for one in answer.json()["errors"])
    kept = client.get(f"/api/v1/issues/mine/{issue_id}", headers=headers).json()
    assert (kept["state"], kept["version"]) == ("DRAFT", 0)


def test_the_unchanged_decision_is_taken(client: TestClient, headers: dict[str, str]) -> None:
    _, answer = handed_in(client, headers, changed({}))
    assert (answer.status_code, answer.json()["state"]) == (200, "MODERATION")


def test_a_title_with_markup_is_text_wherever_it_is_shown(
    client: TestClient, headers: dict[str, str], browser: Callable[..., Browser]
) -> None:
    title = next(row for row in ROWS if row["id"] == "X12")["change"]["title"]
    issue_id, answer = handed_in(client, headers, changed({"title": title}))
    assert (answer.status_code, answer.json()["title"]) == (200, title)
    assert answer.headers["content-type"].startswith("application/json")
    officer = browser(Role.MODERATOR)
    pages = [officer.get(path) for path in ("/office/issues", f"/office/issues/{issue_id}")]
    shown = [page for page in pages if page.status_code == 200]
    assert all("<script>alert(1)" not in page.text for page in pages)
    assert all("&lt;script&gt;alert(1)" in page.text for page in shown if "alert(1)" in page.text)
