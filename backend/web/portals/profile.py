"""The user's own page in every portal: second factor, password, sessions, sign-out."""

from __future__ import annotations

from starlette.responses import Response

from backend.accounts import service as accounts
from backend.web import security
from backend.web.deps import Form, Page, open_context
from backend.web.i18n import gettext as _
from backend.web.refusing import keep
from backend.web.routing import page_router

router = page_router()


@router.get("/{portal}/profile")
def profile(page: Page, portal: str) -> Response:
    """Account, second factor, sessions."""
    account = accounts.account(page.ctx, str(page.actor.user_id))
    return page.render("auth/profile.html", account=account, sessions=accounts.my_sessions(page.ctx))


@router.get("/{portal}/profile/totp")
def totp_page(page: Page, portal: str, next: str = "") -> Response:  # noqa: A002 - the name in the address
    """The QR code, or the way on when the second factor is set up."""
    target = security.safe_next(next, f"/{page.portal}")
    if accounts.account(page.ctx, str(page.actor.user_id)).totp:
        return page.redirect(f"/{page.portal}/profile")
    with open_context(page.request, page.actor) as ctx:  # a GET reads only; the offered secret has to be kept
        offer = accounts.begin_enrolment(ctx)
    return page.render("auth/totp.html", offer=offer, next=target, required=accounts.must_enrol(page.ctx))


@router.post("/{portal}/profile/totp")
def totp(page: Page, form: Form, portal: str) -> Response:
    """Turn it on by the first code."""
    keep(accounts.confirm_enrolment(page.ctx, form.get("code")))
    return page.redirect(security.safe_next(form.get("next"), f"/{page.portal}"), toast=_("Второй фактор подключён."))


@router.post("/{portal}/profile/password")
def password(page: Page, form: Form, portal: str) -> Response:
    """Change it; the other sessions end."""
    accounts.change_password(page.ctx, form.get("current"), form.get("password"))
    return page.redirect(f"/{page.portal}/profile", toast=_("Пароль изменён, остальные сеансы завершены."))


@router.post("/{portal}/profile/sessions/{session_id}/end")
def end_session(page: Page, portal: str, session_id: str) -> Response:
    """End one session."""
    accounts.revoke(page.ctx, session_id)
    return page.redirect(f"/{page.portal}/profile", toast=_("Сеанс завершён."))


@router.post("/{portal}/profile/sessions/end")
def end_others(page: Page, portal: str) -> Response:
    """End all others."""
    accounts.revoke_others(page.ctx)
    return page.redirect(f"/{page.portal}/profile", toast=_("Остальные сеансы завершены."))


@router.post("/{portal}/logout")
def logout(page: Page, portal: str) -> Response:
    """End this session."""
    accounts.sign_out(page.ctx)
    response = page.redirect("/", toast=_("Вы вышли."))
    response.delete_cookie(security.session_cookie(page.portal), path="/")
    return response
