"""Signing in: password, second factor, lockout, sessions. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.accounts import repository
from backend.accounts import service as accounts
from backend.accounts.errors import (
    CodeWrong,
    CredentialsWrong,
    EmailTaken,
    LockedOut,
    NotConfirmed,
    PasswordWeak,
    SecondFactorNeeded,
    TokenSpent,
)
from backend.accounts.service import Client, Portal, SignedIn
from backend.core.context import Context
from backend.core.errors import NotFound, StepUpRequired, Unauthenticated
from backend.core.permissions import Role
from tests.backend.conftest import PASSWORD, TOTP_SECRET, ContextMaker, code_now, make_user

HERE = Client(ip="10.0.0.1", agent="Firefox")


def register(ctx: Context, email: str = "anna@example.ru") -> str:
    return accounts.register(ctx, email=email, name="Анна Орлова", password=PASSWORD, portal=Portal.INVESTOR).id


def link_in_last_letter(ctx: Context) -> str:
    return accounts.mailbox(ctx)[0].text.split("token=")[1].split()[0]


def attempt(ctx: Context, email: str = "anna@example.ru", password: str = PASSWORD, code: str | None = None) -> object:
    return accounts.sign_in(ctx, email=email, password=password, code=code, kind="web", client=HERE)


@pytest.fixture
def ctx(ctx_for: ContextMaker) -> Context:
    return ctx_for(system="test")


@pytest.fixture
def anna(ctx: Context) -> str:
    user_id = register(ctx)
    accounts.confirm(ctx, link_in_last_letter(ctx))
    return user_id


def test_a_new_user_signs_in_only_after_confirming_the_address(ctx: Context) -> None:
    register(ctx)
    assert isinstance(attempt(ctx), NotConfirmed)
    accounts.confirm(ctx, link_in_last_letter(ctx))
    signed_in = attempt(ctx)
    assert isinstance(signed_in, SignedIn)
    assert signed_in.account.roles == frozenset()


def test_a_confirmation_link_works_once(ctx: Context) -> None:
    register(ctx)
    secret = link_in_last_letter(ctx)
    accounts.confirm(ctx, secret)
    with pytest.raises(TokenSpent):
        accounts.confirm(ctx, secret)


def test_address_and_name_are_not_stored_in_clear(ctx: Context, anna: str) -> None:
    row = accounts.row_of(ctx, anna)
    letter = repository.latest_mails(ctx, 1)[0]
    stored = f"{row.model_dump()} {letter.model_dump()}".casefold()
    assert "anna" not in stored
    assert "орлова" not in stored


def test_the_same_address_in_other_letters_is_taken(ctx: Context, anna: str) -> None:
    with pytest.raises(EmailTaken) as refusal:
        register(ctx, " Anna@Example.RU ")
    assert refusal.value.problems[0].field == "email"


@pytest.mark.parametrize("password", ["short", "anna-anna-anna-anna", "x" * 201])
def test_a_weak_password_is_refused(ctx: Context, password: str) -> None:
    with pytest.raises(PasswordWeak):
        accounts.register(ctx, email="anna@example.ru", name="Анна", password=password, portal=Portal.INVESTOR)


def test_unknown_address_and_wrong_password_get_the_same_answer(ctx: Context, anna: str) -> None:
    unknown, wrong = attempt(ctx, "nobody@example.ru"), attempt(ctx, password="wrong wrong wrong")
    assert isinstance(unknown, CredentialsWrong)
    assert isinstance(wrong, CredentialsWrong)
    assert unknown.message_ru == wrong.message_ru


def test_five_failures_close_the_sign_in_for_a_quarter_of_an_hour(ctx: Context, anna: str) -> None:
    answers = [attempt(ctx, password="wrong wrong wrong") for _ in range(5)]
    assert [type(one) for one in answers] == [CredentialsWrong] * 4 + [LockedOut]
    assert isinstance(attempt(ctx), LockedOut), "the right password does not open a locked account"
    credential = repository.credential(ctx, anna)
    assert credential.locked_until is not None
    credential.locked_until -= timedelta(minutes=15)
    assert isinstance(attempt(ctx), SignedIn)


def test_a_second_factor_is_asked_for_and_each_code_works_once(ctx: Context) -> None:
    user = make_user(ctx, (Role.TREASURER,))
    assert isinstance(attempt(ctx, user.email), SecondFactorNeeded)
    code = code_now(TOTP_SECRET)
    assert isinstance(attempt(ctx, user.email, code=code), SignedIn)
    assert isinstance(attempt(ctx, user.email, code=code), CodeWrong)


def test_an_officer_without_a_second_factor_has_no_rights_until_it_is_set_up(ctx: Context) -> None:
    spec = accounts.OfficerSpec("officer@example.ru", "Олег Офицер", PASSWORD, (Role.TREASURER,))
    accounts.bootstrap_officers(ctx, [spec])
    signed_in = attempt(ctx, "officer@example.ru")
    assert isinstance(signed_in, SignedIn)
    weak = actor_ctx(ctx, signed_in.secret)
    assert weak.actor.roles == frozenset()
    assert accounts.must_enrol(weak)
    offer = accounts.begin_enrolment(weak)
    assert accounts.confirm_enrolment(weak, code_now(offer.secret)) is None
    assert actor_ctx(ctx, signed_in.secret).actor.roles == {Role.TREASURER}


def test_step_up_lasts_five_minutes(ctx: Context) -> None:
    user = make_user(ctx, (Role.TREASURER,))
    signed_in = attempt(ctx, user.email, code=code_now())
    assert isinstance(signed_in, SignedIn)
    fresh = actor_ctx(ctx, signed_in.secret)
    fresh.require_step_up()
    row = repository.session_row(ctx, signed_in.session_id)
    assert row is not None
    assert row.stepped_up_at is not None
    row.stepped_up_at -= timedelta(minutes=5, seconds=1)
    stale = actor_ctx(ctx, signed_in.secret)
    with pytest.raises(StepUpRequired):
        stale.require_step_up()
    assert accounts.step_up(stale, code_now(steps_ahead=1)) is None
    actor_ctx(ctx, signed_in.secret).require_step_up()


def test_a_reset_sets_a_new_password_and_ends_every_session(ctx: Context, anna: str) -> None:
    signed_in = attempt(ctx)
    assert isinstance(signed_in, SignedIn)
    accounts.ask_reset(ctx, "anna@example.ru")
    accounts.reset(ctx, link_in_last_letter(ctx), "another long password")
    assert accounts.actor_by_secret(ctx, signed_in.secret, HERE) is None
    assert isinstance(attempt(ctx), CredentialsWrong)
    assert isinstance(attempt(ctx, password="another long password"), SignedIn)


def test_a_reset_for_an_unknown_address_sends_nothing_and_says_nothing(ctx: Context) -> None:
    accounts.ask_reset(ctx, "nobody@example.ru")
    assert accounts.mailbox(ctx) == []


def test_sessions_are_listed_and_can_be_ended(ctx: Context, anna: str) -> None:
    one, two = attempt(ctx), attempt(ctx)
    assert isinstance(one, SignedIn)
    assert isinstance(two, SignedIn)
    mine = actor_ctx(ctx, one.secret)
    assert {row.id: row.current for row in accounts.my_sessions(mine)} == {one.session_id: True, two.session_id: False}
    accounts.revoke(mine, two.session_id)
    assert accounts.actor_by_secret(ctx, two.secret, HERE) is None
    assert accounts.actor_by_secret(ctx, one.secret, HERE) is not None


def test_nobody_ends_anothers_session(ctx: Context, anna: str) -> None:
    mine = attempt(ctx)
    assert isinstance(mine, SignedIn)
    register(ctx, "boris@example.ru")
    accounts.confirm(ctx, link_in_last_letter(ctx))
    other = attempt(ctx, "boris@example.ru")
    assert isinstance(other, SignedIn)
    with pytest.raises(NotFound):
        accounts.revoke(actor_ctx(ctx, other.secret), mine.session_id)


def test_a_refresh_token_shown_twice_ends_the_session(ctx: Context, anna: str) -> None:
    first = accounts.sign_in(ctx, email="anna@example.ru", password=PASSWORD, code=None, kind="api", client=HERE)
    assert isinstance(first, SignedIn)
    renewed = accounts.refresh(ctx, first.secret, HERE)
    assert isinstance(renewed, tuple)
    assert isinstance(accounts.refresh(ctx, first.secret, HERE), Unauthenticated)
    assert isinstance(accounts.refresh(ctx, renewed[0].secret, HERE), Unauthenticated)


def actor_ctx(ctx: Context, secret: str) -> Context:
    found = accounts.actor_by_secret(ctx, secret, HERE)
    assert found is not None
    return replace(ctx, actor=found[0])
