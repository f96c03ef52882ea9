"""The issuer's portal: a decision by form, file or text; the form keeps what it doesn't show; changes between versions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.core.permissions import Role
from backend.identity.models import Participant, ParticipantStatus
from backend.issues.decision import read_decision_yaml
from backend.web.forms import Form
from backend.web.portals.issuer import decision_form, decision_view
from tests.backend.conftest import (  # noqa: F401 - pytest finds fixtures by these names
    Browser,
    browser,
    client,
    embedded,
    quick_passwords,
    settings,
    sqlite_template,
    system_ctx,
)

DECISIONS = sorted((Path(__file__).parents[2] / "examples" / "decisions").glob("*.yaml"))


def content_of(path: Path) -> dict[str, Any]:
    return read_decision_yaml(path.read_bytes())


@pytest.fixture
def issuer(browser: Callable[..., Browser], system_ctx: Callable[[], Any]) -> Browser:  # noqa: F811 - the fixtures
    from backend.core import vault
    from backend.custody import service as custody

    with system_ctx() as ctx:
        profile = {"name": "Завод", "full_name": "ООО «Завод»", "inn": "7700123459", "ogrn": "1207700123454"}
        bank = {"bic": "044599987", "account": "40702810500000012345"}
        row = Participant(
            id="issuer-1",
            number="KPT-ISS-000001",
            kind="ORGANISATION",
            portal="issuer",
            status=ParticipantStatus.ACTIVE,
            wallet=custody.create_wallet(ctx, "participant", "issuer-1"),
            profile=vault.seal(ctx, "issuer-1", {**profile, "address": "Москва", "phone": "", "bank": bank}),
            profile_salt=vault.seal(ctx, "issuer-1", b"0" * 32),
            created_at=ctx.now(),
        )
        ctx.session.add(row)
    return browser(Role.ISSUER_EDITOR, Role.ISSUER_SIGNER, participant_id="issuer-1")


@pytest.mark.parametrize("path", ["/issuer", "/issuer/issues", "/issuer/issues/new", "/issuer/payouts", "/issuer/cash"])
def test_pages_open(issuer: Browser, path: str) -> None:
    assert issuer.get(path).status_code == 200


def test_somebody_without_admission_is_led_to_the_application(browser: Callable[..., Browser]) -> None:  # noqa: F811 - the fixture
    text = browser(Role.ISSUER_EDITOR).get("/issuer").text
    assert 'href="/issuer/onboarding"' in text


def test_uploaded_decision_shows_its_payments_and_missing_documents(issuer: Browser) -> None:
    files = {"file": ("decision.yaml", DECISIONS[0].read_bytes(), "application/yaml")}
    answer = issuer.send("/issuer/issues/upload", "/issuer/issues/new", files=files)
    assert answer.status_code == 303, answer.text
    page = issuer.get(answer.headers["location"]).text
    assert "Завод-1" in page
    assert page.count("не приложен") >= 4
    assert "Приложите документы" in page
    for part in ("/edit", "/text", "/status"):
        assert issuer.get(answer.headers["location"] + part).status_code == 200


def test_incomplete_draft_is_kept_and_its_problems_stand_beside_the_fields(issuer: Browser) -> None:
    answer = issuer.send("/issuer/issues/new", title="Заём", **{"units.maximum": "много"})
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    assert "Что исправить" in issuer.get(place).text
    form = issuer.get(f"{place}/edit").text
    assert 'id="e-units.maximum"' in form
    assert 'value="много"' in form


def test_unreadable_text_names_the_line(issuer: Browser) -> None:
    place = issuer.send("/issuer/issues/new", title="Заём").headers["location"]
    answer = issuer.send(f"{place}/text", document="title: Заём\nrights: [")
    assert answer.status_code == 422
    assert "Строка" in answer.text


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_form_saved_unchanged_changes_nothing(path: Path) -> None:
    content = content_of(path)
    typed = Form(values={name: [text] for name, text in decision_form.shown(content).items()})
    assert decision_view.changes(content, decision_form.apply(content, typed)) == []


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_text_reads_back_as_it_was(path: Path) -> None:
    content = content_of(path)
    assert read_decision_yaml(decision_form.as_text(content).encode()) == content


def test_changes_name_the_field_and_both_values() -> None:
    before = {"title": "Заём", "units": {"maximum": 10}, "documents": ["a.pdf"]}
    after = {"title": "Заём", "units": {"maximum": 20}, "documents": ["a.pdf", "b.pdf"]}
    found = [(one.path, one.before, one.after) for one in decision_view.changes(before, after)]
    assert found == [("units.maximum", "10", "20"), ("documents.1", "—", "b.pdf")]
