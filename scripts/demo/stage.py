"""What every act needs: users by key, the node's clock, the bank, and the memory of what is done.

A step is done once: its name is written down when it has ended well. After a restart it is either passed over or repeated from its
beginning with the same idempotency keys, so nothing happens twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml

from scripts.chain_time import advance_to, last_block_time
from scripts.demo import cast
from scripts.demo.api import PAUSE_S, WAIT_S, User
from scripts.demo.bank import MSK, Bank
from scripts.demo.calendar import Calendar
from scripts.node_rpc import NodeRefusedError, NodeUnreachableError
from scripts.stack.home import Home
from scripts.stack.officers import OfficerLogin

T = TypeVar("T")
PASSWORD = "Demo-Kapital-2026"  # noqa: S105 - of made-up users


@dataclass(slots=True)
class Stage:
    """The demonstration in progress."""

    home: Home
    logins: dict[str, OfficerLogin]
    decisions: Path
    say: Callable[[str], None] = print
    facts: dict[str, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    users: dict[str, User] = field(default_factory=dict)
    calendar: Calendar | None = None
    """Over a real clock: where planned moments lie; without one the node's clock is moved."""
    bank: Bank = field(default_factory=lambda: Bank("40701810300000000001"))

    def load(self) -> None:
        """Remember what an earlier run did."""
        kept = self.home.read("progress.json") or {}
        self.facts, self.done = kept.get("facts", {}), kept.get("done", [])
        self.bank.balance_kopeks, self.bank.statements = kept.get("bank", [0, 0])

    def step(self, name: str, act: Callable[[], None]) -> None:
        """Do a step unless it was done."""
        if name in self.done:
            return
        act()
        self.done.append(name)
        self.save()
        self.say(f"  ✓ {self.now():%d.%m.%Y %H:%M} МСК  {name}")

    def save(self) -> None:
        """Write down facts and steps."""
        bank = [self.bank.balance_kopeks, self.bank.statements]
        self.home.write("progress.json", {"facts": self.facts, "done": self.done, "bank": bank})

    def user(self, key: str) -> User:
        """A participant or an officer, signed in when first asked for something."""
        if key not in self.users:
            self.users[key] = self._officer(key) if key in self.logins else self._participant(key)
        return self.users[key]

    def now(self) -> datetime:
        """Time of the newest block, Moscow."""
        return _patiently(lambda: last_block_time(self.home.rpc_url)).astimezone(MSK)

    def go_to(self, moment: datetime | str) -> None:
        """Be at a planned moment (text) or a real one: move the node's clock forward, or wait where it can't be moved."""
        when = self.real(moment) if isinstance(moment, str) else moment
        if self.calendar is not None:
            while self.now() < when:
                time.sleep(PAUSE_S)

        def arrived(seen: dict[str, Any]) -> bool:
            # The block that moved time is lost when the node is killed before it was durable: then time is moved again.
            if datetime.fromisoformat(seen["business_time"]) >= when:
                return True
            if self.calendar is None:
                _patiently(lambda: advance_to(self.home.rpc_url, when))
            return False

        self.user("maria").wait("status", arrived, f"business time {when}")

    def real(self, planned: str) -> datetime:
        """The real moment of a planned one; the same where time is moved."""
        moment = datetime.fromisoformat(planned)
        return self.calendar.real(moment) if self.calendar else moment

    def schedule(self, key: str) -> None:
        """Lay out the real moments of an issue before its terms go on chain; nothing where time is moved."""
        if self.calendar is None:
            return
        files = {"factory": "01-monthly-coupon.yaml", "retail": "02-thirty-day-discount.yaml"}
        decision = yaml.safe_load(self.decision_file(files[key]))
        if key == "factory":
            self.calendar.begin(decision, self.now())
        else:
            self.calendar.fit_retail(decision, self.now())

    def decision_file(self, name: str) -> bytes:
        """A decision as the issuer has it."""
        return (self.decisions / name).read_bytes()

    def wait_balance(self, key: str, kopeks: int) -> None:
        """Until the free rubles of a participant are exactly so many."""
        wanted = f"{kopeks // 100}.{kopeks % 100:02d}"
        self.user(key).wait("cash/balance", lambda seen: seen["free"] == wanted, f"balance of {key} to be {wanted}")

    def free_kopeks(self, key: str) -> int:
        """Free rubles of a participant."""
        return int(self.user(key).get("cash/balance")["free"].replace(".", ""))

    def _officer(self, key: str) -> User:
        login = self.logins[key]
        return User(self.home.url, login.email, login.password, login.portal, login.totp_secret)

    def _participant(self, key: str) -> User:
        actor = next(one for one in cast.ALL if one.key == key)
        return User(self.home.url, actor.email, PASSWORD, actor.portal, self.facts.get(f"totp:{key}"))


def _patiently(ask: Callable[[], T]) -> T:
    # A killed node comes back within seconds; moving its clock may be repeated.
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            return ask()
        except (NodeUnreachableError, NodeRefusedError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)


def pdf(title: str) -> bytes:
    """A one-page PDF that says what it stands for."""
    text = json.dumps(title, ensure_ascii=True)[1:-1]
    stream = f"BT /F1 14 Tf 60 760 Td ({text}) Tj ET".encode()
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start)
