"""Users and roles, for administrators."""

from __future__ import annotations

import hashlib

from starlette.responses import Response

from backend.accounts import service as accounts
from backend.accounts.service import PORTAL_ROLES, Portal
from backend.core.errors import Invalid
from backend.core.permissions import CHAIN_ROLES, Permission, Role
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.office.tools import person
from backend.web.routing import page_router

router = page_router("/office/users")


@router.get("")
def users(page: Page, listing: Listing) -> Response:
    """Newest first; ``q`` looks in name and address."""
    found = accounts.all_accounts(page.ctx, listing.q)
    if listing.file:
        columns = [
            (_("Имя"), lambda one: one.name),
            (_("Почта"), lambda one: one.email),
            (_("Кабинет"), lambda one: _(label("portal", one.portal).text)),
            (_("Роли"), lambda one: ", ".join(_(label("role", role).text) for role in sorted(one.roles))),
            (_("Состояние"), lambda one: _(label("user", one.status).text)),
        ]
        return export(found, columns, "users", listing.file)
    return page.render(
        "office/users.html",
        rows=listing.of(found),
        listing=listing,
        changes=accounts.role_changes(page.ctx),
        person=lambda user_id: person(page.ctx, user_id),
    )


@router.post("/officers")
def create(page: Page, form: Form) -> Response:
    """A new officer without a role."""
    portal = Portal.AUDIT if form.get("portal") == "audit" else Portal.OFFICE
    made = accounts.create_officer(
        page.ctx, email=form.get("email"), name=form.get("name"), password=form.get("password"), portal=portal
    )
    return page.redirect(f"/office/users/{made.id}", toast=_("Сотрудник добавлен. Выдайте роли."))


@router.post("/role-changes/{change_id}/approve")
def approve(page: Page, change_id: str) -> Response:
    """As the second administrator."""
    change = accounts.approve_role(page.ctx, change_id)
    return page.redirect(f"/office/users/{change.user_id}", toast=_("Утверждено, исполняется в реестре."))


@router.get("/{user_id}")
def user(page: Page, user_id: str) -> Response:
    """One user with roles."""
    page.ctx.require(Permission.USER_READ)
    found = accounts.account(page.ctx, user_id)
    changes = [one for one in accounts.role_changes(page.ctx, open_only=False) if one.user_id == user_id]
    return page.render(
        "office/user.html",
        user=found,
        roles=[(one, one in CHAIN_ROLES) for one in sorted(PORTAL_ROLES[found.portal])],
        changes=changes,
        person=lambda one: person(page.ctx, one),
        may_manage=page.actor.may(Permission.USER_MANAGE),
    )


@router.post("/{user_id}/roles")
def change_role(page: Page, form: Form, user_id: str) -> Response:
    """At once, or through a second administrator where the register knows the role."""
    if form.get("role") not in set(Role):
        raise Invalid("Выберите роль.", "Choose a role.", field="role")
    role, grant = Role(form.get("role")), form.get("act") != "revoke"
    if role in CHAIN_ROLES:
        file = form.file("document")
        digest = hashlib.sha256(file.data).hexdigest() if file else form.get("document_hash")
        accounts.propose_role(
            page.ctx, user_id=user_id, role=role, grant=grant, reason=form.get("reason"), document_hash=digest
        )
        toast = _("Предложение записывается в реестр. Нужен второй администратор.")
    else:
        (accounts.grant_role if grant else accounts.revoke_role)(page.ctx, user_id, role)
        toast = _("Роль выдана.") if grant else _("Роль отозвана.")
    return page.redirect(f"/office/users/{user_id}", toast=toast)


@router.post("/{user_id}/block")
def block(page: Page, form: Form, user_id: str) -> Response:
    """Close an account."""
    accounts.block_user(page.ctx, user_id, form.get("reason"))
    return page.redirect(f"/office/users/{user_id}", toast=_("Вход закрыт, сеансы завершены."))


@router.post("/{user_id}/unblock")
def unblock(page: Page, form: Form, user_id: str) -> Response:
    """Open it again."""
    accounts.unblock_user(page.ctx, user_id, form.get("reason"))
    return page.redirect(f"/office/users/{user_id}", toast=_("Вход открыт."))
