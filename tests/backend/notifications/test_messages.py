"""Messages: each event once, to the right people, in their language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlmodel import col, select

from backend.accounts.models import Mail
from backend.core.events import DomainEvent, emit
from backend.core.ids import new_id
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.notifications import service as notifications
from backend.notifications.words import TEMPLATES, words

ALL = PageRequest(size=100)


def test_an_event_becomes_one_message_to_each_user_of_the_participant(ctx_for: Any) -> None:
    worker, participant = ctx_for(system="worker"), new_id()
    first, second = (ctx_for(Role.ISSUER_SIGNER, participant_id=participant) for _ in range(2))
    stranger = ctx_for(Role.INVESTOR)
    emit(worker, "cash.deposit.credited", participant_id=participant, payload={"kopeks": 150_000})
    notifications.deliver(worker)
    notifications.deliver(worker)
    for reader in (first, second):
        (message,) = notifications.my_messages(reader, ALL).items
        assert message.words.text == "На счёт зачислено 1\u00a0500,00\u00a0₽."
    assert notifications.my_messages(stranger, ALL).total == 0


def test_an_old_message_is_read_in_the_reader_s_present_language(ctx_for: Any) -> None:
    worker, reader = ctx_for(system="worker"), ctx_for(Role.INVESTOR)
    emit(worker, "identity.case.approved", user_id=reader.actor.user_id, payload={"number": "KPT-INV-000001"})
    notifications.deliver(worker)
    english = replace(reader, lang="en")
    assert notifications.my_messages(reader, ALL).items[0].words.title == "Вы допущены к операциям"
    assert notifications.my_messages(english, ALL).items[0].words.title == "You are admitted"


def test_important_news_also_goes_by_mail(ctx_for: Any) -> None:
    worker, reader = ctx_for(system="worker"), ctx_for(Role.INVESTOR)
    user_id = reader.actor.user_id
    emit(worker, "identity.case.approved", user_id=user_id, payload={"number": "KPT-INV-000001"})
    emit(worker, "cash.deposit.credited", user_id=user_id, payload={"kopeks": 100})
    notifications.deliver(worker)
    mails = worker.session.exec(select(Mail).where(Mail.user_id == user_id)).all()
    assert [mail.kind for mail in mails] == ["identity.case.approved"]


def test_reading_is_remembered(ctx_for: Any) -> None:
    worker, reader = ctx_for(system="worker"), ctx_for(Role.INVESTOR)
    for kopeks in (100, 200):
        emit(worker, "cash.deposit.credited", user_id=reader.actor.user_id, payload={"kopeks": kopeks})
    notifications.deliver(worker)
    assert notifications.unread_count(reader) == 2
    newest = notifications.my_messages(reader, ALL).items[0]
    notifications.mark_read(reader, newest.row.seq)
    assert notifications.unread_count(reader) == 1
    assert notifications.mark_all_read(reader) == 1
    assert notifications.my_messages(reader, ALL, unread=True).total == 0


def test_an_event_that_commits_late_is_not_lost(ctx_for: Any) -> None:
    worker, reader = ctx_for(system="worker"), ctx_for(Role.INVESTOR)
    user_id = reader.actor.user_id
    emit(worker, "cash.deposit.credited", user_id=user_id, payload={"kopeks": 100})
    slow = worker.session.exec(select(DomainEvent).order_by(col(DomainEvent.seq).desc())).first()
    emit(worker, "cash.deposit.credited", user_id=user_id, payload={"kopeks": 200})
    seen = slow.model_dump()
    worker.session.delete(slow)  # another transaction has taken this number and isn't committed yet
    worker.session.flush()
    notifications.deliver(worker)
    assert notifications.unread_count(reader) == 1
    worker.session.add(DomainEvent(**seen))
    worker.session.flush()
    notifications.deliver(worker)
    notifications.deliver(worker)
    assert notifications.unread_count(reader) == 2


def test_every_template_can_be_shown_without_its_values() -> None:
    for kind, template in TEMPLATES.items():
        for lang in ("ru", "en"):
            told = words(kind, {}, lang)  # type: ignore[arg-type]  # both are languages
            assert told.title
            assert "{" not in told.title + told.text + told.link
        assert template.title_ru != template.title_en
