"""The stage of the walk: an own platform, its admitted people, the decision, and what everybody must get by a calculation of our own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from scripts.demo import cast, expected, onboarding
from scripts.demo.bank import Payment
from scripts.demo.stage import PASSWORD, Stage, pdf
from scripts.stack.home import ROOT, Home
from scripts.stack.officers import OfficerLogin
from tests.web.conftest import Person, Site
from tests.web.walk_up import READY

START_WITHIN_S = 600
ACTORS = (cast.MARIA, cast.PYOTR, cast.OLGA, cast.IVAN, cast.FACTORY)
INVESTORS = ("maria", "pyotr", "olga", "ivan")
DEPOSITS = {
    "maria": 5_000_000_00,
    "pyotr": 6_000_000_00,
    "olga": 4_000_000_00,
    "ivan": 1_000_000_00,
    "factory": 1_200_000_50,
}
UNNAMED = 250_000_50
"""Ivan's second payment, without his number."""
TITLE = "Завод-1: заём на пополнение оборотных средств, 2 месяца"
CLOSED_TITLE = "Завод-1: закрытый заём для квалифицированных"
RIGHTS = "Денежное требование: выплата номинала и ежемесячного дохода"
ORDERS = [("maria", 4000), ("pyotr", 5000), ("olga", 3000)]
GIVEN, OFFERED, BOUGHT, PRICE_KOPEKS = 100, 1000, 400, 1005_00
AFTER = timedelta(seconds=5)
_SPACE = "[ \u00a0]"


@dataclass(slots=True)
class Walk:
    """The site with its people, and what moves time and money outside the pages."""

    site: Site
    stage: Stage

    def number(self, key: str) -> str:
        """A participant's number."""
        return str(self.stage.facts[f"number:{key}"])

    def go_to(self, moment: str) -> None:
        """Let time pass until a moment of Moscow (ISO 8601)."""
        # The stage asks for the time in Maria's name, perhaps signing in anew: a code that one of the two has used is used up.
        person, user = self.site.people["maria"], self.stage.user("maria")
        user.last_code_step = max(user.last_code_step, person.last_step)
        self.stage.go_to(datetime.fromisoformat(f"{moment}+03:00") + AFTER)
        person.last_step = user.last_code_step

    def first_statement(self) -> bytes:
        """The bank's statement of the first day: everybody's deposits and one payment that names nobody."""
        payments = [onboarding.payment(self.stage, key, kopeks) for key, kopeks in DEPOSITS.items()]
        payments.append(Payment(UNNAMED, "", cast.IVAN.name, str(cast.IVAN.form["inn"])))
        return self.stage.bank.statement(date(2026, 11, 30), payments)

    def last_statement(self, number: str, kopeks: int) -> bytes:
        """The bank's statement with the payment of one withdrawal."""
        payment = Payment(kopeks, number, cast.MARIA.name, str(cast.MARIA.form["inn"]), incoming=False)
        return self.stage.bank.statement(date(2027, 2, 4), [payment])


def decision_text() -> str:
    """The factory's decision, two months long, with one field wrong: the largest order is larger than the issue."""
    text = (ROOT / "examples" / "decisions" / "01-monthly-coupon.yaml").read_text()
    text = re.sub(r"early_redemption:.*\n", "", text)
    text = re.sub(r"title:.*\n", f'title: "{TITLE}"\n', text)
    for old, new in (
        ("payments: 6", "payments: 2"),
        ("2027-06-04", "2027-02-04"),
        ("order_max: 5000}", "order_max: 50000}"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


def decision() -> dict[str, Any]:
    """The decision as it must come out."""
    content: dict[str, Any] = yaml.safe_load(decision_text().replace("order_max: 50000", "order_max: 5000"))
    return content


def registers() -> list[dict[str, int]]:
    """Units by holder at the two record dates: first come first served, then one gift and one sale."""
    bought = expected.fifo(ORDERS, decision()["units"]["maximum"])
    held = {**bought, "ivan": GIVEN}
    held["maria"] -= GIVEN
    held["pyotr"] -= BOUGHT
    held["olga"] += BOUGHT
    return [held, held]


def incomes() -> dict[str, list[tuple[Decimal, Decimal]]]:
    """(gross, tax) of each coupon by holder, rubles."""
    return expected.with_tax(expected.monthly_coupons(decision(), registers()))


def final_balances() -> dict[str, int]:
    """Kopeks of everybody when the issue is closed, before anybody takes money out."""
    terms = decision()
    bought = expected.fifo(ORDERS, terms["units"]["maximum"])
    found: dict[str, int] = {}
    for key in INVESTORS:
        net = sum((gross - tax for gross, tax in incomes()[key]), Decimal(0))
        principal = registers()[-1][key] * Decimal(terms["nominal"])
        spent = bought.get(key, 0) * Decimal(terms["price"])
        found[key] = DEPOSITS[key] + int((net + principal - spent) * 100)
    found["ivan"] += UNNAMED
    found["pyotr"] += BOUGHT * PRICE_KOPEKS
    found["olga"] -= BOUGHT * PRICE_KOPEKS
    gross = sum((one for paid in incomes().values() for one, _ in paid), Decimal(0))
    found["factory"] = DEPOSITS["factory"] - int(gross * 100)
    return found


def rubles(kopeks: int) -> re.Pattern[str]:
    """A sum as a page writes it."""
    return re.compile(f"{_alone(kopeks // 100)},{kopeks % 100:02d}{_SPACE}₽")


def count(units: int) -> re.Pattern[str]:
    """A whole number as a page writes it."""
    return re.compile(rf"{_alone(units)}(?!\d|,\d)")


def _alone(number: int) -> str:
    return rf"(?<!\d)(?<!\d{_SPACE})" + f"{number:,}".replace(",", _SPACE)


@contextmanager
def walking(folder: Path) -> Iterator[Walk]:
    """An own platform with five admitted participants and an issue for qualified investors; ended at the end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAPITAL_")}
    folder.mkdir(parents=True)
    log = folder.with_suffix(".log")
    with log.open("w") as output:
        command = [sys.executable, "-m", "tests.web.walk_up", str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            deadline = time.monotonic() + START_WITHIN_S
            while not (folder / READY).exists():
                assert process.poll() is None, f"the platform failed:\n{log.read_text()[-4000:]}"
                assert time.monotonic() < deadline, f"the platform takes too long:\n{log.read_text()[-2000:]}"
                time.sleep(0.1)
            walk = _admitted(Home(folder))
            yield walk
            for user in walk.stage.users.values():
                user.http.close()
        finally:
            process.terminate()
            process.wait(60)


def _admitted(home: Home) -> Walk:
    logins = {key: OfficerLogin(**one) for key, one in json.loads((home.folder / "logins.json").read_text()).items()}
    stage = Stage(home, logins, ROOT / "examples" / "decisions")
    site = Site(home.url, home.folder, {}, stage.facts)
    for actor in ACTORS:
        onboarding.sign_up(stage, actor)
        site.people[actor.key] = Person(actor.email, PASSWORD, actor.portal)
        if actor is cast.MARIA:
            site.cookies(
                actor.key
            )  # a session from before the second factor: she'll be asked for a code when she signs
        onboarding.enrol(stage, actor)
        onboarding.apply(stage, actor)
    for actor in ACTORS:
        onboarding.admit(stage, actor)
    _closed_issue(stage)
    for key, login in logins.items():
        site.people[key] = Person(login.email, login.password, login.portal, login.totp_secret)
    for key, user in stage.users.items():
        site.people[key].totp, site.people[key].last_step = user.totp, user.last_code_step
    return Walk(site, stage)


def _closed_issue(stage: Stage) -> None:
    # Another issue, for those who lack the class; how an issue comes to be is walked by pages with the first one.
    issuer, content = stage.user("factory"), {**decision(), "title": CLOSED_TITLE, "access_class": "QUAL"}
    content["documents"] = ["decision.pdf"]
    text = yaml.safe_dump(content, allow_unicode=True).encode()
    made = issuer.post("issues/from-file", "closed", files={"file": ("closed.yaml", text, "application/yaml")})
    path = f"issues/{made['id']}"
    attached = {"file": ("decision.pdf", pdf("closed"), "application/pdf")}
    issuer.post(f"{path}/documents/decision.pdf", "closed-document", files=attached)
    issuer.post(f"{path}/submit", "closed-submit")
    first, second = stage.user("moderator1"), stage.user("moderator2")
    first.post(f"{path}/approve", "closed-approve")
    first.wait(path, lambda seen: seen["proposal_id"] is not None, "the proposal on chain")
    second.post(f"{path}/approve", "closed-approve")
    stage.user("maria").wait(f"catalogue/{made['id']}", lambda seen: seen["asset"] is not None, "the token")
