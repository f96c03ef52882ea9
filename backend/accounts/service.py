"""What other packages may call, in one place."""

from __future__ import annotations

from backend.accounts.mail import Letter, mailbox, send_due, write_letter
from backend.accounts.models import Portal, RoleChange, RoleChangeState, User, UserStatus
from backend.accounts.officers import Officer, OfficerSpec, bootstrap_officers
from backend.accounts.policy import needs_second_factor
from backend.accounts.recovery import (
    ask_confirmation_again,
    ask_reset,
    change_password,
    confirm,
    register,
    reset,
)
from backend.accounts.roles import (
    PORTAL_ROLES,
    approve_role,
    create_officer,
    grant_role,
    propose_role,
    put_role,
    revoke_role,
    role_changes,
)
from backend.accounts.schemas import Account, Client, Enrolment, SessionView, SignedIn
from backend.accounts.sessions import (
    actor_by_secret,
    actor_by_session,
    my_sessions,
    revoke,
    revoke_others,
    touch,
)
from backend.accounts.sign_in import (
    begin_enrolment,
    confirm_enrolment,
    enter,
    refresh,
    sign_in,
    sign_out,
    step_up,
)
from backend.accounts.tokens import issue as issue_token
from backend.accounts.tokens import session_of as session_of_token
from backend.accounts.users import (
    account,
    account_by_email,
    accounts_of_participant,
    add_user,
    all_accounts,
    block_user,
    holders_of,
    link_participant,
    row_of,
    set_language,
    unblock_user,
)

__all__ = [
    "PORTAL_ROLES",
    "Account",
    "Client",
    "Enrolment",
    "Letter",
    "Officer",
    "OfficerSpec",
    "Portal",
    "RoleChange",
    "RoleChangeState",
    "SessionView",
    "SignedIn",
    "User",
    "UserStatus",
    "account",
    "account_by_email",
    "accounts_of_participant",
    "actor_by_secret",
    "actor_by_session",
    "add_user",
    "all_accounts",
    "approve_role",
    "ask_confirmation_again",
    "ask_reset",
    "begin_enrolment",
    "block_user",
    "bootstrap_officers",
    "change_password",
    "confirm",
    "confirm_enrolment",
    "create_officer",
    "enter",
    "grant_role",
    "holders_of",
    "issue_token",
    "link_participant",
    "mailbox",
    "my_sessions",
    "needs_second_factor",
    "propose_role",
    "put_role",
    "refresh",
    "register",
    "reset",
    "revoke",
    "revoke_others",
    "revoke_role",
    "role_changes",
    "row_of",
    "send_due",
    "session_of_token",
    "set_language",
    "sign_in",
    "sign_out",
    "step_up",
    "touch",
    "unblock_user",
    "write_letter",
]
