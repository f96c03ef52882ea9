"""The investor's portal as its user meets it: the application, the catalogue, an order, money, holdings, exports, other people's records."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from backend.accounts.models import UserSession
from backend.cash.models import Withdrawal
from backend.cash.states import WithdrawalState
from backend.core.ids import new_id
from backend.core.permissions import Role
from backend.identity.models import Participant
from indexer.models import ChainPlacement
from scripts.demo.cast import account
from tests.backend.conftest import Browser, code_now
from tests.backend.payouts.market import ASSET, make_market
from tests.factories.chain import word

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
HOME = "/investor/onboarding"
PERSON = {
    "last_name": "Иванова",
    "first_name": "Мария",
    "birth_date": "1991-03-15",
    "birth_place": "г. Москва",
    "citizenship": "RUS",
    "passport.series": "4511",
    "passport.number": "123451",
    "passport.issued_by": "ОВД Примерного района",
    "passport.issued_on": "2015-04-20",
    "passport.department_code": "770-001",
    "address": "117000, г. Москва, ул. Примерная, д. 1",
    "phone": "+79160000001",
    "tax_resident": "on",
    "bank.bic": "044599987",
    "bank.account": account(101),
    "source_of_funds": "Заработная плата",
    "consent_personal_data": "on",
    "consent_rules": "on",
}
PAGES = [
    "/investor",
    "/investor/issues",
    "/investor/portfolio",
    "/investor/orders",
    "/investor/market",
    "/investor/market/mine",
    "/investor/market/wishes",
    "/investor/market/new",
    "/investor/transfers/new",
    "/investor/operations",
    "/investor/cash",
    "/investor/cash/deposit",
    "/investor/cash/withdraw",
    "/investor/payouts",
    "/investor/payouts/received",
    "/investor/notifications",
    "/investor/onboarding",
]
EXPORTS = [path for path in PAGES if not path.endswith(("/new", "/onboarding")) and path != "/investor"]


@dataclass
class Place:
    """An issue on sale, an investor with money and units, and another investor."""

    issue_id: str
    asset: str
    number: str
    me: Browser
    other: Browser


@pytest.fixture
def place(system_ctx: Callable[[], Any], browser: Callable[..., Browser]) -> Place:
    with system_ctx() as ctx:
        market = make_market(lambda **_: ctx)
        now = int(ctx.now().timestamp())
        person = market.people["person"]
        market.chain.rubles(person.wallet, 5_000_000)
        chain = market.chain
        ctx.session.add(
            ChainPlacement(
                issue_id=market.issue.chain_id_hash,
                asset=ASSET,
                issuer=market.issuer.wallet,
                state="OPEN",
                price_kopeks=100_000,
                minimum_units=1,
                maximum_units=10_000,
                order_min=1,
                order_max=5_000,
                starts_at=now - 3600,
                ends_at=now + 3600,
                ends_at_at=ctx.now() + timedelta(hours=1),
                crediting_at=now + 7200,
                allocation="FIFO",
                opened_block=chain.number,
                opened_tx=word(7),
                opened_at=ctx.now(),
            )
        )
        issue_id, number = market.issue.id, person.number
        ids = person.id, market.people["foreigner"].id
    me, other = (browser(Role.INVESTOR, participant_id=one) for one in ids)
    return Place(issue_id, ASSET, number, me, other)


def text_of(page: Any) -> str:
    """Words of a page without tags, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).replace("\u00a0", " ").split())


# --- application -----------------------------------------------------------------------------------------------------


@pytest.fixture
def newcomer(browser: Callable[..., Browser]) -> Browser:
    found = browser()
    assert found.send(f"{HOME}/start", HOME, kind="PERSON").status_code == 303
    return found


def test_a_newcomer_is_led_to_the_application(browser: Callable[..., Browser]) -> None:
    page = browser().get("/investor")
    assert page.status_code == 200
    assert f'href="{HOME}"' in page.text
    assert "Начать анкету" in page.text


def test_a_draft_keeps_what_was_typed_right_or_wrong(newcomer: Browser) -> None:
    answer = newcomer.send(f"{HOME}/save", HOME, then="save", **{"last_name": "Иванова", "passport.series": "1"})
    assert answer.status_code == 303
    page = newcomer.get(HOME).text
    assert 'name="last_name" type="text" value="Иванова"' in page
    assert 'name="passport.series" type="text" value="1"' in page


def test_problems_stand_beside_their_fields_and_the_draft_is_kept(newcomer: Browser) -> None:
    wrong = {**PERSON, "passport.series": "1", "phone": ""}
    answer = newcomer.send(f"{HOME}/save", HOME, then="submit", **wrong)
    assert answer.status_code == 422
    assert 'id="e-passport.series"' in answer.text
    assert 'id="e-phone"' in answer.text
    assert 'id="e-last_name"' not in answer.text
    assert 'value="Иванова"' in newcomer.get(HOME).text


def test_an_application_is_handed_in_and_taken_back(newcomer: Browser) -> None:
    attached = newcomer.send(
        f"{HOME}/save", HOME, files={"file": ("passport.pdf", PDF)}, document_kind="passport", then="attach"
    )
    assert attached.status_code == 303
    assert "passport.pdf" in newcomer.get(HOME).text
    assert newcomer.send(f"{HOME}/save", HOME, then="submit", **PERSON).status_code == 303
    page = newcomer.get(HOME)
    assert "На проверке" in page.text
    assert f'action="{HOME}/save"' not in page.text
    assert newcomer.send(f"{HOME}/withdraw", HOME).status_code == 303
    assert "Прежняя анкета отозвана" in newcomer.get(HOME).text


def test_a_document_is_shown_to_its_owner_alone(newcomer: Browser, browser: Callable[..., Browser]) -> None:
    newcomer.send(f"{HOME}/save", HOME, files={"file": ("passport.pdf", PDF)}, document_kind="passport", then="attach")
    link = re.search(rf'href="({HOME}/files/[^"]+)"', newcomer.get(HOME).text)
    assert link is not None
    own = newcomer.get(link.group(1))
    assert own.content == PDF
    stranger = browser()
    stranger.send(f"{HOME}/start", HOME, kind="PERSON")
    assert stranger.get(link.group(1)).status_code == 404


def test_a_document_of_another_type_is_refused_beside_its_field(newcomer: Browser) -> None:
    answer = newcomer.send(
        f"{HOME}/save", HOME, files={"file": ("passport.pdf", b"MZ program")}, document_kind="passport", then="attach"
    )
    assert answer.status_code == 422
    assert 'id="e-file"' in answer.text


def test_an_issuer_may_not_apply_as_a_person(browser: Callable[..., Browser]) -> None:
    page = browser(Role.ISSUER_EDITOR)
    assert 'value="PERSON"' not in page.get("/issuer/onboarding").text
    assert page.send("/issuer/onboarding/start", "/issuer/onboarding", kind="PERSON").status_code == 422
    assert page.send("/issuer/onboarding/start", "/issuer/onboarding", kind="ORGANISATION").status_code == 303
    assert 'name="signer.last_name"' in page.get("/issuer/onboarding").text


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_every_page_opens_in_both_languages(place: Place, lang: str) -> None:
    for path in [*PAGES, f"/investor/issues/{place.issue_id}", f"/investor/issues/{place.issue_id}/order"]:
        page = place.me.get(f"{path}?lang={lang}")
        assert page.status_code == 200, path
        russian = re.findall(r"<h1>([^<]*[А-Яа-я][^<]*)</h1>", page.text)
        if lang == "en" and place.issue_id not in path:
            assert not russian, (path, russian)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_list_is_exported(place: Place, kind: str) -> None:
    for path in EXPORTS:
        answer = place.me.get(f"{path}?format={kind}")
        assert answer.status_code == 200, path
        assert f".{kind}" in answer.headers["content-disposition"], path


def test_the_portfolio_shows_units_and_exports_them(place: Place) -> None:
    assert "137 000,00 ₽" in text_of(place.me.get("/investor/portfolio"))
    line = place.me.get("/investor/portfolio?format=csv").content.decode("utf-8-sig").splitlines()[1]
    assert ";137;137;137000.00;" in line
    assert "3 000,00 ₽" not in text_of(place.me.get("/investor/portfolio"))


def test_the_catalogue_is_filtered(place: Place) -> None:
    link = f"/investor/issues/{place.issue_id}"
    assert link in place.me.get("/investor/issues?access=FREE&income=fixed").text
    assert link not in place.me.get("/investor/issues?access=QUAL").text
    assert link not in place.me.get("/investor/issues?income=floating").text


def test_the_issue_page_tells_terms_cash_flow_and_register(place: Place) -> None:
    page = place.me.get(f"/investor/issues/{place.issue_id}?units=10")
    words = text_of(page)
    assert "−10 000,00 ₽" in words
    assert "Деньги не застрахованы" in words
    assert f"/audit/tokens/{place.asset}" in page.text


def test_payment_details_name_the_participant(place: Place) -> None:
    words = text_of(place.me.get("/investor/cash/deposit"))
    assert place.number in words
    assert "40701810300000000001" in words


# --- orders ----------------------------------------------------------------------------------------------------------


def order(place: Place, **fields: str) -> Any:
    """Send the order form."""
    path = f"/investor/issues/{place.issue_id}/order"
    return place.me.send(path, **{"units": "7", "risk_accepted": "on", "totp_code": code_now(steps_ahead=1), **fields})


def test_an_order_is_signed_once_and_seen_by_its_owner_alone(place: Place) -> None:
    path = f"/investor/issues/{place.issue_id}/order"
    sent = {**place.me.hidden(path, path), "units": "7", "risk_accepted": "on", "totp_code": code_now(steps_ahead=1)}
    first = place.me.client.post(path, data=sent)
    assert first.status_code == 303, text_of(first)
    again = place.me.client.post(path, data={**sent, "totp_code": ""})
    assert again.headers["location"] == first.headers["location"]
    page = place.me.get(first.headers["location"])
    assert "Записывается" in page.text
    assert "7 000,00 ₽" in text_of(page)
    assert place.other.get(first.headers["location"]).status_code == 404
    assert place.other.get(first.headers["location"] + "/status").status_code == 404
    rows = place.me.get("/investor/orders?format=csv").content.decode("utf-8-sig").splitlines()
    assert len(rows) == 2
    assert ";7;7000.00;" in rows[1]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"units": "0"}, "units"),
        ({"units": "семь"}, "units"),
        ({"units": "5001"}, "units"),
        ({"units": "51"}, "units"),
        ({"risk_accepted": ""}, "risk_accepted"),
    ],
)
def test_a_refused_order_marks_its_field(place: Place, fields: dict[str, str], field: str) -> None:
    answer = order(place, **fields)
    assert answer.status_code == 422
    assert f'id="e-{field}"' in answer.text


def test_an_order_without_a_fresh_code_is_not_signed(place: Place, system_ctx: Callable[[], Any]) -> None:
    with system_ctx() as ctx:
        for session in ctx.session.exec(select(UserSession)):
            session.stepped_up_at = ctx.now() - timedelta(minutes=6)
            ctx.session.add(session)
    assert order(place, totp_code="").status_code == 401
    assert len(place.me.get("/investor/orders?format=csv").content.decode("utf-8-sig").splitlines()) == 1


# --- secondary market, transfers, withdrawals ------------------------------------------------------------------------


def test_a_transfer_of_more_than_is_held_marks_its_field(place: Place) -> None:
    fields = {"issue": place.issue_id, "to": "KPT-INV-000002", "units": "138", "totp_code": code_now(steps_ahead=1)}
    answer = place.me.send("/investor/transfers/new", **fields)
    assert answer.status_code == 422
    assert 'id="e-units"' in answer.text


def test_an_offer_is_made_and_its_fate_is_seen_by_its_owner_alone(place: Place) -> None:
    fields = {"issue": place.issue_id, "units": "10", "price": "1 005,50", "expires_at": "2099-01-01T10:00"}
    answer = place.me.send("/investor/market/new", **fields, totp_code=code_now(steps_ahead=1))
    assert answer.status_code == 303, text_of(answer)
    assert "1 005,50 ₽" in text_of(place.me.get(answer.headers["location"]))
    assert place.other.get(answer.headers["location"]).status_code == 404


def test_the_page_of_money_notices_each_step_of_a_withdrawal(place: Place, system_ctx: Callable[[], Any]) -> None:
    with system_ctx() as ctx:
        owner = ctx.session.exec(select(Participant).where(Participant.number == place.number)).one()
        waiting = {
            "state": WithdrawalState.CONFIRMING,
            "amount_kopeks": 100_000,
            "details": b"",
            "created_at": ctx.now(),
        }
        ctx.session.add(Withdrawal(id=new_id(), number="KPT-WDR-000001", participant_id=owner.id, **waiting))
    page = place.me.get("/investor/cash/withdraw").text
    seen = re.search(r'hx-get="(/investor/cash/stamp\?seen=[^"]+)"', page)
    assert seen is not None
    address = html.unescape(seen.group(1))
    assert "HX-Refresh" not in place.me.get(address).headers
    with system_ctx() as ctx:
        row = ctx.session.exec(select(Withdrawal)).one()
        row.state = WithdrawalState.PAID
        ctx.session.add(row)
    assert place.me.get(address).headers["HX-Refresh"] == "true"


def test_a_withdrawal_beyond_free_money_is_refused(place: Place) -> None:
    answer = place.me.send("/investor/cash/withdraw", amount="50 000,01", totp_code=code_now(steps_ahead=1))
    assert answer.status_code == 422, text_of(answer)
    assert 'id="e-amount"' in answer.text
