"""The first officers of an installation: they exist before any administrator who could appoint them."""

from __future__ import annotations

from dataclasses import dataclass

from backend.accounts import repository, roles, totp, users
from backend.accounts.models import Portal, UserStatus
from backend.accounts.policy import wall_clock
from backend.core.context import Context
from backend.core.errors import Forbidden
from backend.core.permissions import CHAIN_ROLES, Role
from backend.custody import service as custody
from backend.custody.importing import import_wallet


@dataclass(frozen=True, slots=True)
class OfficerSpec:
    """An officer to make. Without ``totp_secret`` (base 32) they set up a second factor at the first sign-in.

    ``secret``: the private key of their wallet, when that was made before.
    """

    email: str
    name: str
    password: str
    roles: tuple[Role, ...]
    totp_secret: str | None = None
    portal: Portal = Portal.OFFICE
    secret: bytes | None = None


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer who was made, with the on-chain address."""

    user_id: str
    email: str
    address: str
    roles: tuple[Role, ...]


def bootstrap_officers(ctx: Context, spec: list[OfficerSpec]) -> tuple[list[Officer], dict[Role, list[str]]]:
    """Make the officers, their wallets and second factors; returns them and the addresses of each on-chain role.

    Only a process of the operator may call it. Running it again changes nothing and returns the same addresses.
    """
    if not ctx.actor.is_system:
        raise Forbidden
    officers = [_ensure(ctx, one) for one in spec]
    addresses = {role: [one.address for one in officers if role in one.roles] for role in CHAIN_ROLES}
    return officers, addresses


def _ensure(ctx: Context, spec: OfficerSpec) -> Officer:
    row = repository.user_by_email(ctx, spec.email) or users.add_user(
        ctx, email=spec.email, name=spec.name, portal=spec.portal, password=spec.password, status=UserStatus.ACTIVE
    )
    if spec.secret is not None:
        import_wallet(ctx, "officer", row.id, spec.secret)
    address = custody.create_wallet(ctx, "officer", row.id)
    _ensure_second_factor(ctx, row.id, spec.totp_secret)
    for role in spec.roles:
        roles.put_role(ctx, row.id, role, grant=True)
    return Officer(user_id=row.id, email=spec.email, address=address, roles=spec.roles)


def _ensure_second_factor(ctx: Context, user_id: str, secret: str | None) -> None:
    credential = repository.credential(ctx, user_id)
    if secret is None or totp.is_on(credential):
        return
    totp.put_secret(ctx, credential, secret)
    credential.totp_confirmed_at = wall_clock()
    ctx.session.add(credential)
    ctx.session.flush()
