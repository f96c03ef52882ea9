"""Second factor: time-based one-time codes (RFC 6238), six digits, half a minute, one step of drift either way, each code once."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pyotp
import segno

from backend.accounts import repository
from backend.accounts.errors import CodeWrong
from backend.accounts.models import Credential
from backend.accounts.schemas import Enrolment
from backend.core import vault
from backend.core.context import Context

STEP_S = 30
DRIFT_STEPS = 1
ISSUER = "Капитал"


def is_on(credential: Credential) -> bool:
    """Has the user confirmed a second factor?"""
    return credential.totp_confirmed_at is not None


def begin(ctx: Context, user_id: str, email: str) -> Enrolment:
    """Offer a secret (the same until it is confirmed) with its address for the authenticator and a QR picture."""
    row = repository.credential(ctx, user_id)
    if row.totp_secret is None:
        put_secret(ctx, row, pyotp.random_base32())
    secret = secret_of(ctx, row)
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)
    picture = io.BytesIO()
    segno.make(uri, error="m").save(
        picture, kind="svg", border=2, dark="#12233d", xmldecl=False, svgclass=None, omitsize=True
    )
    return Enrolment(secret=secret, uri=uri, svg=picture.getvalue().decode())


def put_secret(ctx: Context, row: Credential, secret: str) -> None:
    """Seal a secret; it counts only after :func:`confirm`."""
    row.totp_secret = vault.seal(ctx, row.user_id, secret.encode())
    ctx.session.add(row)
    ctx.session.flush()


def secret_of(ctx: Context, row: Credential) -> str:
    """The secret in clear (base 32)."""
    if row.totp_secret is None:
        raise CodeWrong(field="code")
    return vault.unseal(ctx, row.user_id, row.totp_secret).decode()


def accept(ctx: Context, row: Credential, code: str) -> None:
    """Take a code; raises :class:`CodeWrong` for another or a used one."""
    step = _matching_step(secret_of(ctx, row), code.replace(" ", ""))
    if step is None or step <= row.totp_last_step:
        raise CodeWrong(field="code")
    row.totp_last_step = step
    ctx.session.add(row)
    ctx.session.flush()


def _matching_step(secret: str, code: str) -> int | None:
    now = int(datetime.now(UTC).timestamp()) // STEP_S
    generator = pyotp.TOTP(secret)
    steps = range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1)
    return next((step for step in steps if pyotp.utils.strings_equal(generator.generate_otp(step), code)), None)
