"""What pages show is written for people: dates, sums, titles of files in the reader's language; strangers' texts are only text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import yaml

from backend.core.permissions import Role
from backend.identity import service as identity
from backend.identity.service import ApplicantKind
from backend.issues import service as issues
from backend.web import labels
from tests.backend.identity.forms import PERSON
from tests.backend.issues.test_life import complete, factory
from tests.backend.payouts.market import DECISIONS, FixedClock, make_market
from tests.factories.chain import write_deployment

PDF = ("скан.pdf", b"%PDF-1.7 synthetic", "application/pdf")


@pytest.fixture
def anna(client: Any, system_ctx: Callable[[], Any], browser: Any) -> Any:
    """An investor with an application begun."""
    with system_ctx() as ctx:
        write_deployment(ctx.settings)
    made = browser(Role.INVESTOR)
    assert made.send("/investor/onboarding/start", page="/investor/onboarding", kind="PERSON").status_code == 303
    return made


def fields_of(form: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in form.items():
        if isinstance(value, dict):
            found.update(fields_of(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = "on" if value is True else str(value)
    return found


def test_attaching_and_removing_a_document_keeps_what_was_typed(anna: Any) -> None:
    home = "/investor/onboarding"
    typed = {"last_name": "Иванова", "birth_place": "г. Тула"}
    answer = anna.send(f"{home}/save", page=home, files={"file": PDF}, document_kind="passport", then="attach", **typed)
    assert answer.status_code == 303, answer.text
    page = anna.get(home).text
    assert 'value="Иванова"' in page
    assert "скан.pdf" in page
    assert 'form="application"' in page
    remove = page.split('value="remove:')[1].split('"')[0]
    assert anna.send(f"{home}/save", page=home, then=f"remove:{remove}", **{**typed, "inn": "77"}).status_code == 303
    page = anna.get(home).text
    assert "скан.pdf" not in page
    assert 'value="77"' in page


def test_a_refused_document_leaves_the_draft_saved(anna: Any) -> None:
    home = "/investor/onboarding"
    file = {"file": ("a.exe", b"MZ", "application/octet-stream")}
    answer = anna.send(f"{home}/save", page=home, files=file, document_kind="other", then="attach", last_name="Иванова")
    assert answer.status_code == 422
    assert "Принимаются файлы PDF, PNG и JPEG" in answer.text
    assert 'value="Иванова"' in anna.get(home).text


def test_an_officer_reads_dates_of_an_application_in_words(
    anna: Any, client: Any, system_ctx: Callable[[], Any], browser: Any
) -> None:
    home = "/investor/onboarding"
    sent = anna.send(f"{home}/save", page=home, then="submit", **fields_of(PERSON))
    assert sent.status_code == 303, sent.text
    with system_ctx() as ctx:
        case = identity.mine(replace(ctx, actor=replace(ctx.actor, user_id=anna.user.user_id)))
        assert case is not None
        assert case.case.kind == ApplicantKind.PERSON
    officer = browser(Role.KYC_OFFICER, Role.COMPLIANCE_OFFICER)
    page = officer.get(f"/office/cases/{case.case.id}").text
    for shown in ("17.05.1990", "01.06.2015"):
        assert shown in page
        assert shown in anna.get(home).text
    assert "1990-05-17" not in page + anna.get(home).text
    path = f"/office/cases/{case.case.id}"
    assert officer.send(f"{path}/ask", page=path, field_1="birth_place", text_1="Укажите область").status_code == 303
    assert "<b>Место рождения</b>" in officer.get(path).text


@pytest.mark.parametrize(("lang", "title"), [("ru", "Дата выплаты"), ("en", "Payment date")])
def test_titles_of_a_file_are_in_the_language_of_the_page(
    client: Any, system_ctx: Callable[[], Any], browser: Any, lang: str, title: str
) -> None:
    with system_ctx() as ctx:
        market = make_market(lambda **_: ctx)
        market.tick()
        client.app.state.clock = FixedClock(market.clock.moment)
    investor = browser(Role.INVESTOR, participant_id=market.people["person"].id)
    first = investor.get(f"/investor/payouts?format=csv&lang={lang}").text.removeprefix("\ufeff").splitlines()[0]
    assert first.split(";")[0] == title
    portfolio = investor.get(f"/investor/portfolio?format=csv&lang={lang}").text.splitlines()[0]
    assert any("А" <= letter <= "я" for letter in portfolio) == (lang == "ru")


X12 = next(
    case["change"]["title"]
    for case in yaml.safe_load((DECISIONS / "invalid.yaml").read_text(encoding="utf-8"))
    if case["id"] == "X12"
)


def test_a_title_that_is_a_script_is_shown_as_text_everywhere(
    client: Any, system_ctx: Callable[[], Any], browser: Any
) -> None:
    """Case X12 of tests/cases/decisions/invalid.yaml."""
    with system_ctx() as ctx:
        write_deployment(ctx.settings)
        firm = factory(ctx)
        owner = replace(ctx, actor=replace(ctx.actor, participant_id=firm.id, is_system=True))
        draft = complete(owner)
        issues.save(owner, draft.issue.id, {**draft.issue.content, "title": X12})
        issue_id = draft.issue.id
    issuer = browser(Role.ISSUER_SIGNER, Role.ISSUER_EDITOR, participant_id=firm.id)
    pages = {path: issuer.get(path).text for path in ("/issuer/issues", f"/issuer/issues/{issue_id}", "/issuer")}
    with system_ctx() as ctx:
        owner = replace(ctx, actor=replace(ctx.actor, participant_id=firm.id, is_system=True))
        issues.submit(owner, issue_id)
    moderator = browser(Role.MODERATOR)
    pages |= {path: moderator.get(path).text for path in ("/office/issues", f"/office/issues/{issue_id}")}
    shown = [path for path, text in pages.items() if "&lt;script&gt;alert(1)&lt;/script&gt;" in text]
    assert {"/issuer/issues", f"/issuer/issues/{issue_id}", "/office/issues", f"/office/issues/{issue_id}"} <= set(
        shown
    )
    assert [path for path, text in pages.items() if X12 in text] == []


def test_the_volume_in_the_checklist_has_its_thousands_apart(client: Any, system_ctx: Callable[[], Any]) -> None:
    with system_ctx() as ctx:
        write_deployment(ctx.settings)
        owner = replace(ctx, actor=replace(ctx.actor, participant_id=factory(ctx).id))
        row = complete(owner).issue
        volume = next(one for one in issues.checklist(ctx, row) if one.code == "sum")
    assert volume.ru == "Объём выпуска: 10\u00a0000\u00a0000,00\u00a0₽"


def test_no_two_domains_name_their_words_alike() -> None:
    modules = [one for one in vars(labels).values() if isinstance(one, ModuleType) and hasattr(one, "LABELS")]
    names = [name for module in modules for name in module.LABELS]
    assert sorted(names) == sorted(labels.TABLES)
