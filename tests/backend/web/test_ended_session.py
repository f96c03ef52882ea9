"""A session that ends while somebody types: after the sign-in the form is there with everything typed, for that user only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from backend.accounts.models import UserSession
from backend.accounts.policy import wall_clock
from backend.core.permissions import Role
from backend.web import kept_forms
from backend.web.models import KeptForm
from tests.backend.conftest import PASSWORD, Browser, code_now, make_user
from tests.factories.chain import write_deployment

HOME = "/investor/onboarding"
TYPED = {"last_name": "Прозорова", "birth_place": "г. Пермь", "passport.issued_by": "ОВД <района>"}


@pytest.fixture
def anna(system_ctx: Callable[[], Any], browser: Any) -> Browser:
    with system_ctx() as ctx:
        write_deployment(ctx.settings)
    made: Browser = browser(Role.INVESTOR)
    assert made.send(f"{HOME}/start", page=HOME, kind="PERSON").status_code == 303
    return made


def end_sessions(system_ctx: Callable[[], Any]) -> None:
    with system_ctx() as ctx:
        for row in ctx.session.exec(select(UserSession)):
            row.expires_at = wall_clock() - timedelta(seconds=1)
            ctx.session.add(row)


def left(anna: Browser, system_ctx: Callable[[], Any], **more: str) -> str:
    """Send the form when the session has ended; where the browser is led."""
    fields = anna.hidden(HOME, f"{HOME}/save")
    end_sessions(system_ctx)
    answer = anna.client.post(f"{HOME}/save", data={**fields, **TYPED, "then": "save", **more})
    assert answer.status_code == 303
    return str(answer.headers["location"])


def enter(browser: Browser, email: str, door: str, step: int) -> str:
    answer = browser.send("/login", page=door, email=email, password=PASSWORD, code=code_now(steps_ahead=step))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_what_was_typed_comes_back_after_the_sign_in(anna: Browser, system_ctx: Callable[[], Any]) -> None:
    assert anna.user is not None
    door = left(anna, system_ctx)
    assert door.startswith("/login?next=")
    assert enter(anna, anna.user.email, door, 1) == HOME
    page = anna.get(HOME).text
    assert "Сеанс закончился прежде, чем форма дошла" in page
    assert 'value="Прозорова"' in page
    assert 'value="ОВД &lt;района&gt;"' in page
    assert 'value="Прозорова"' in anna.get(HOME).text, "a page that is opened once more still has it"
    assert anna.send(f"{HOME}/save", page=HOME, then="save", **TYPED).status_code == 303
    again = anna.get(HOME).text
    assert "Сеанс закончился" not in again
    assert 'value="Прозорова"' in again
    with system_ctx() as ctx:
        assert ctx.session.exec(select(KeptForm)).all() == []


def test_another_user_of_the_same_browser_sees_nothing_of_it(anna: Browser, system_ctx: Callable[[], Any]) -> None:
    door = left(anna, system_ctx)
    with system_ctx() as ctx:
        other = make_user(ctx, (Role.INVESTOR,))
    enter(anna, other.email, door, 0)
    assert anna.send(f"{HOME}/start", page=HOME, kind="PERSON").status_code == 303
    assert "Прозорова" not in anna.get(HOME).text


def test_secrets_and_strangers_texts_are_not_kept(anna: Browser, system_ctx: Callable[[], Any]) -> None:
    left(anna, system_ctx, password="open sesame", totp_code="123456")
    with system_ctx() as ctx:
        (row,) = ctx.session.exec(select(KeptForm)).all()
        assert "Прозорова".encode() not in row.sealed
        content = kept_forms.vault.unseal(ctx, kept_forms._OWNER, row.sealed).decode()
    assert "Прозорова" in content
    assert "open sesame" not in content
    assert "123456" not in content


def test_a_kept_form_is_forgotten_after_an_hour(anna: Browser, system_ctx: Callable[[], Any]) -> None:
    assert anna.user is not None
    door = left(anna, system_ctx)
    with system_ctx() as ctx:
        row = ctx.session.exec(select(KeptForm)).one()
        row.created_at -= timedelta(hours=2)
        ctx.session.add(row)
    enter(anna, anna.user.email, door, 1)
    assert "Прозорова" not in anna.get(HOME).text
    left(anna, system_ctx)
    with system_ctx() as ctx:
        assert len(ctx.session.exec(select(KeptForm)).all()) == 1
