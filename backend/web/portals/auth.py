"""The entry: landing, sign-in, registration, letters' links, an external provider."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.accounts import service as accounts
from backend.accounts.service import Portal, SignedIn
from backend.core.errors import Invalid
from backend.web import security
from backend.web.deps import Form, OpenPage, PageContext, settings_of
from backend.web.i18n import gettext as _
from backend.web.refusing import keep
from backend.web.routing import page_router

router = page_router()


@router.get("/")
def landing(page: OpenPage) -> Response:
    """The four doors."""
    return page.render("home/landing.html")


@router.get("/login")
def login_page(page: OpenPage, next: str = "", portal: str = "") -> Response:  # noqa: A002 - the name in the address
    """Sign-in; ``next`` is the page to come back to."""
    place = security.safe_next(next, "")
    door = portal if portal in security.PORTALS else portal_of_path(place)
    return page.render("auth/login.html", next=place, door=door, oidc=page.ctx.settings.oidc_issuer)


def portal_of_path(path: str) -> str:
    """The portal that a page of ours belongs to; empty for none."""
    first = path.removeprefix("/").split("/")[0].split("?")[0]
    return first if first in security.PORTALS else ""


@router.post("/login")
def login(page: OpenPage, form: Form) -> Response:
    """Open a session and go where the user wanted."""
    signed_in = keep(
        accounts.sign_in(
            page.ctx,
            email=form.get("email"),
            password=form.get("password"),
            code=form.get("code") or None,
            kind="web",
            client=security.client_of(page.request),
        )
    )
    return enter(page.request, signed_in, form.get("next"))


def enter(request: Request, signed_in: SignedIn, target: str) -> Response:
    """Set the session's cookie and lead on, within the user's own portal."""
    portal = signed_in.account.portal.value
    place = security.safe_next(target, f"/{portal}")
    foreign = place.split("/")[1].split("?")[0] in set(security.PORTALS) - {portal, "audit"}
    response = RedirectResponse(f"/{portal}" if foreign or place == "/" else place, status_code=303)
    security.set_cookie(response, settings_of(request), security.session_cookie(portal), signed_in.secret)
    return response


@router.get("/register")
def register_page(page: OpenPage, portal: str = "investor") -> Response:
    """Registration of an investor or issuer."""
    return page.render("auth/register.html", chosen=portal if portal in {"investor", "issuer"} else "investor")


@router.post("/register")
def register(page: OpenPage, form: Form) -> Response:
    """Store the user and send the letter."""
    portal = Portal.ISSUER if form.get("portal") == "issuer" else Portal.INVESTOR
    _check_agreed(form)
    accounts.register(
        page.ctx, email=form.get("email"), name=form.get("name"), password=form.get("password"), portal=portal
    )
    return page.redirect("/registered")


def _check_agreed(form: Form) -> None:
    if not form.checked("consent"):
        raise Invalid("Нужно согласие с правилами.", "You have to accept the rules.", field="consent")


@router.get("/registered")
def registered(page: OpenPage) -> Response:
    """What to do next."""
    return page.render("auth/registered.html", mailbox=page.ctx.settings.environment != "production")


@router.get("/confirm")
def confirm_page(page: OpenPage, token: str = "") -> Response:
    """A button: programs that look through letters follow links, but press no buttons."""
    return page.render("auth/confirm.html", token=token)


@router.post("/confirm")
def confirm(page: OpenPage, form: Form) -> Response:
    """Confirm the address."""
    account = accounts.confirm(page.ctx, form.get("token"))
    return page.redirect(f"/login?portal={account.portal.value}", toast=_("Почта подтверждена. Теперь войдите."))


@router.get("/reset")
def reset_page(page: OpenPage, token: str = "") -> Response:
    """Ask for a letter or, by its link, set a new password."""
    return page.render("auth/reset.html", token=token)


@router.post("/reset")
def ask_reset(page: OpenPage, form: Form) -> Response:
    """Send the letter; the answer is the same for unknown addresses."""
    accounts.ask_reset(page.ctx, form.get("email"))
    accounts.ask_confirmation_again(page.ctx, form.get("email"))
    return page.redirect("/login", toast=_("Если адрес зарегистрирован, мы отправили на него письмо."))


@router.post("/reset/finish")
def reset(page: OpenPage, form: Form) -> Response:
    """Set the new password."""
    accounts.reset(page.ctx, form.get("token"), form.get("password"))
    return page.redirect("/login", toast=_("Пароль изменён. Войдите с новым паролем."))


def home_of(page: PageContext) -> str:
    """Where a signed-in user starts."""
    return f"/{page.portal}" if page.portal else "/"
