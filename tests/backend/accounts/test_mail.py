"""Letters: stored with the change that causes them, sent by SMTP, tried again after a failure."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from backend.accounts import repository
from backend.accounts import service as accounts
from backend.accounts.service import Portal
from backend.core.context import Context
from backend.core.errors import NotFound
from tests.backend.conftest import PASSWORD, ContextMaker


class SmtpServer(socketserver.ThreadingTCPServer):
    """As much of SMTP (RFC 5321) as a client needs; keeps what it was given."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.letters: list[str] = []
        super().__init__(("127.0.0.1", 0), SmtpHandler)


class SmtpHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                self.say("354 go on")
                self.server.letters.append(self.read_letter())  # type: ignore[attr-defined]  # our own server
            self.say("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def read_letter(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line)
        return "".join(lines)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    server = SmtpServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ctx(ctx_for: ContextMaker) -> Context:
    made = ctx_for(system="worker")
    accounts.register(made, email="anna@example.ru", name="Анна", password=PASSWORD, portal=Portal.INVESTOR)
    return made


def with_smtp(ctx: Context, port: int) -> Context:
    return replace(ctx, settings=ctx.settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"}))


def test_a_letter_is_sent_once(ctx: Context, smtp: SmtpServer) -> None:
    sending = with_smtp(ctx, smtp.server_address[1])
    assert accounts.send_due(sending) == 1
    assert accounts.send_due(sending) == 0
    assert len(smtp.letters) == 1
    assert "To: anna@example.ru" in smtp.letters[0]


def test_a_failed_letter_is_tried_again_later_and_its_error_names_nobody(ctx: Context, smtp: SmtpServer) -> None:
    assert accounts.send_due(with_smtp(ctx, 1)) == 0
    letter = repository.latest_mails(ctx, 1)[0]
    assert letter.attempts == 1
    assert "anna" not in str(letter.error)
    working = with_smtp(ctx, smtp.server_address[1])
    assert accounts.send_due(working) == 0, "not before the pause is over"
    letter.next_try_at -= timedelta(seconds=30)
    assert accounts.send_due(working) == 1


def test_without_smtp_letters_wait_in_the_mailbox(ctx: Context) -> None:
    assert accounts.send_due(ctx) == 0
    assert [letter.to for letter in accounts.mailbox(ctx)] == ["anna@example.ru"]


def test_production_shows_no_mailbox(ctx: Context) -> None:
    production = replace(ctx, settings=ctx.settings.model_copy(update={"environment": "production"}))
    with pytest.raises(NotFound):
        accounts.mailbox(production)
