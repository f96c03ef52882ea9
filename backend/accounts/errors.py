"""Refusals of accounts.

Invalid           EmailTaken · PasswordWeak · TokenSpent · CodeWrong
Unauthenticated   CredentialsWrong · SecondFactorNeeded · LockedOut · NotConfirmed · UserBlocked · ProviderRefused
Conflict          RoleChangeOpen · NeedsFourEyes
Forbidden         EnrolmentNeeded · SameOfficer
"""

from __future__ import annotations

from backend.core.errors import Conflict, Forbidden, Invalid, Unauthenticated


class EmailTaken(Invalid):
    """Another user signs in with this address."""

    code = "email_taken"
    message_ru = "Этот адрес уже зарегистрирован. Войдите или восстановите пароль."
    message_en = "This address is registered already. Sign in or reset the password."


class PasswordWeak(Invalid):
    """The password is short, or follows from the address."""

    code = "password_weak"
    message_ru = "Пароль не короче 12 знаков и не повторяет адрес почты."
    message_en = "A password has 12 characters or more and does not repeat the e-mail address."


class TokenSpent(Invalid):
    """A link from a letter is unknown, used, or too old."""

    code = "link_spent"
    message_ru = "Ссылка недействительна или уже использована. Запросите новую."
    message_en = "The link is not valid or was used already. Ask for a new one."


class CodeWrong(Invalid):
    """The one-time code is not the one of this half minute, or was used already."""

    code = "code_wrong"
    message_ru = "Код не подошёл. Введите новый код из приложения."
    message_en = "The code did not match. Enter a new code from your authenticator."


class CredentialsWrong(Unauthenticated):
    """Unknown address or wrong password; the answer does not tell which."""

    code = "credentials_wrong"
    message_ru = "Неверный адрес почты или пароль."
    message_en = "Wrong e-mail address or password."


class SecondFactorNeeded(Unauthenticated):
    """The password is right; the user has a second factor and must give its code."""

    code = "second_factor_needed"
    message_ru = "Введите код из приложения-аутентификатора."
    message_en = "Enter the code from your authenticator."


class LockedOut(Unauthenticated):
    """Too many failed attempts in a row."""

    code = "locked_out"
    message_ru = "Слишком много неудачных попыток. Попробуйте позже."
    message_en = "Too many failed attempts. Try again later."


class NotConfirmed(Unauthenticated):
    """The e-mail address has not been confirmed."""

    code = "not_confirmed"
    message_ru = "Подтвердите адрес почты по ссылке из письма."
    message_en = "Confirm your e-mail address with the link from the letter."


class UserBlocked(Unauthenticated):
    """The operator has closed this account."""

    code = "user_blocked"
    message_ru = "Вход закрыт оператором. Обратитесь в поддержку."
    message_en = "The operator has closed this account. Contact support."


class ProviderRefused(Unauthenticated):
    """The external identity provider did not confirm the user."""

    code = "provider_refused"
    message_ru = "Внешняя служба входа не подтвердила пользователя."
    message_en = "The external identity provider did not confirm the user."


class EnrolmentNeeded(Forbidden):
    """Officers work with a second factor only."""

    code = "second_factor_enrolment"
    message_ru = "Сначала подключите приложение-аутентификатор."
    message_en = "Set up an authenticator first."


class SameOfficer(Forbidden):
    """The second pair of eyes must be another's."""

    code = "same_officer"
    message_ru = "Утвердить должен другой администратор."
    message_en = "Another administrator has to approve."


class RoleChangeOpen(Conflict):
    """The same change waits for approval already."""

    code = "role_change_open"
    message_ru = "Такое изменение роли уже ждёт утверждения."
    message_en = "The same change of role is waiting for approval."


class NeedsFourEyes(Conflict):
    """The role exists on chain too and can't be given by one officer."""

    code = "needs_four_eyes"
    message_ru = "Эту роль даёт и отзывает пара администраторов."
    message_en = "Two administrators grant and revoke this role."
