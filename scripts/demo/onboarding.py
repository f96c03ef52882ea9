"""Registration, applications, decisions of the officers, and the first money."""

from __future__ import annotations

import html
import re
from datetime import date
from functools import partial

import httpx

from scripts.demo import cast
from scripts.demo.api import ApiRefusedError
from scripts.demo.bank import Payment
from scripts.demo.stage import PASSWORD, Stage, pdf

ADMITTED_UNTIL = "2028-12-31T23:59:59+03:00"
FIRST_DAY = date(2026, 11, 30)
DEPOSITS = {
    "maria": 205_000_000_00,
    "pyotr": 206_000_000_00,
    "olga": 204_000_000_00,
    "ivan": 1_000_000_00,
}
UNNAMED = 250_000_50


def play(stage: Stage) -> None:
    """Everybody is admitted and has money."""
    for actor in cast.ALL:
        stage.step(f"{actor.name}: регистрация, второй фактор", partial(register, stage, actor))
    for actor in cast.ALL:
        stage.step(f"{actor.name}: анкета и документы", partial(apply, stage, actor))
    stage.step("Новиков И. О.: отказ, документ нечитаем", partial(reject_ivan, stage))
    stage.step("Новиков И. О.: анкета исправлена и подана снова", partial(apply_again, stage, "ivan"))
    stage.step("Лебедева О. И.: замечание к адресу, исправлено", partial(remark_olga, stage))
    for actor in cast.ALL:
        stage.step(f"{actor.name}: допуск в реестре", partial(admit, stage, actor))
    stage.step("Волков С. Ю. заблокирован", partial(block_sergey, stage))
    stage.step("выписка банка: поступления зачислены, одно ждёт разбора", partial(first_money, stage))
    stage.step("поступление без номера разобрано вручную", partial(match_by_hand, stage))


def register(stage: Stage, actor: cast.Actor) -> None:
    """Register, confirm the address, turn the second factor on."""
    sign_up(stage, actor)
    enrol(stage, actor)


def enrol(stage: Stage, actor: cast.Actor) -> None:
    """Turn the second factor on, unless it is."""
    user = stage.user(actor.key)
    if user.totp is None:
        stage.facts[f"totp:{actor.key}"] = user.enrol()
        stage.save()


def sign_up(stage: Stage, actor: cast.Actor) -> None:
    """Register and confirm the address by the letter's link."""
    user = stage.user(actor.key)
    body = {"email": actor.email, "name": actor.name[:100], "password": PASSWORD, "portal": actor.portal}
    try:
        user._send("POST", "auth/register", {"Idempotency-Key": f"register:{actor.key}"}, json=body)  # noqa: SLF001 - signed out
    except ApiRefusedError as error:
        if error.status != httpx.codes.CONFLICT:
            raise
    token = _letter_token(stage, actor.email)
    try:
        user._send("POST", "auth/confirm", {}, json={"token": token})  # noqa: SLF001 - signed out
    except ApiRefusedError:
        user.sign_in()  # the link was used before the interruption


def apply(stage: Stage, actor: cast.Actor) -> None:
    """Fill in, attach, hand in."""
    user = stage.user(actor.key)
    try:
        case = user.post("cases", "case", json={"kind": actor.kind, "form": actor.form})
    except ApiRefusedError as error:
        if error.code != "case_exists":
            raise
        case = user.get("cases/mine")
    stage.facts[f"case:{actor.key}"] = case["id"]
    kind = "passport" if actor.kind == "PERSON" else "charter"
    if case["state"] == "DRAFT":
        files = {"file": (f"{kind}.pdf", pdf(f"{kind} {actor.key}"), "application/pdf")}
        if not user.get("cases/mine")["files"]:
            user.post(f"cases/{case['id']}/files", "file", files=files, data={"kind": kind})
        user.post(f"cases/{case['id']}/submit", "submit")


def reject_ivan(stage: Stage) -> None:
    """The officer refuses with a reason that the applicant reads."""
    body = {"reason": "DOCUMENTS", "text": "Скан паспорта нечитаем. Приложите снимок лучшего качества."}
    case = stage.facts["case:ivan"]
    if stage.user("kyc").get(f"cases/{case}")["state"] == "IN_REVIEW":
        stage.user("kyc").post(f"cases/{case}/reject", "reject", json=body)
    seen = stage.user("ivan").get("cases/mine")
    if not seen["remarks"]:
        raise AssertionError("the applicant must read why he was refused")


def apply_again(stage: Stage, key: str) -> None:
    """Correct and hand in again."""
    user, case = stage.user(key), stage.facts[f"case:{key}"]
    if user.get("cases/mine")["state"] in ("REJECTED", "NEED_INFO"):
        files = {"file": ("passport-2.pdf", pdf(f"passport {key} again"), "application/pdf")}
        user.post(f"cases/{case}/files", "file-2", files=files, data={"kind": "passport"})
        user.post(f"cases/{case}/submit", "submit-2")


def remark_olga(stage: Stage) -> None:
    """A remark to one field, answered."""
    case = stage.facts["case:olga"]
    if stage.user("kyc").get(f"cases/{case}")["version"] == 1:
        remark = {"field": "address", "text": "Укажите индекс и номер квартиры."}
        if stage.user("kyc").get(f"cases/{case}")["state"] == "IN_REVIEW":
            stage.user("kyc").post(f"cases/{case}/remarks", "ask", json={"remarks": [remark]})
        form = {**cast.OLGA.form, "address": "117000, г. Москва, ул. Примерная, д. 3, кв. 7"}
        stage.user("olga").post(f"cases/{case}", "save", json={"form": form}, method="PUT")
        stage.user("olga").post(f"cases/{case}/submit", "submit-2")


def admit(stage: Stage, actor: cast.Actor) -> None:
    """Compliance approves; the chain admits; the participant has a number."""
    officer, case = stage.user("compliance1"), stage.facts[f"case:{actor.key}"]
    if officer.get(f"cases/{case}")["state"] == "IN_REVIEW":
        body = {"classes": list(actor.classes), "admitted_until": ADMITTED_UNTIL}
        officer.post(f"cases/{case}/approve", "approve:" + actor.key, json=body)
    user = stage.user(actor.key)
    me = user.wait("participants/me", lambda seen: seen["chain_status"] == "ACTIVE", f"{actor.key} to be admitted")
    stage.facts[f"number:{actor.key}"] = me["number"]
    stage.facts[f"id:{actor.key}"] = me["id"]
    stage.facts[f"wallet:{actor.key}"] = me["wallet"]


def block_sergey(stage: Stage) -> None:
    """One officer blocks at once; the chain follows."""
    officer = stage.user("compliance2")
    body = {"reason": "Совпадение с перечнем, решение МВК № 17", "document_hash": "ab" * 32}
    officer.post(f"participants/{stage.facts['id:sergey']}/block", "block", json=body)
    number = stage.facts["number:sergey"]

    def blocked(seen: dict[str, list[dict[str, str]]]) -> bool:
        return seen["items"][0]["chain_status"] == "BLOCKED"

    officer.wait("participants", blocked, "Sergey to be blocked on chain", q=number)


def first_money(stage: Stage) -> None:
    """The bank's statement of the first day, imported twice: nothing is credited twice."""
    payments = [payment(stage, key, kopeks) for key, kopeks in DEPOSITS.items()]
    payments.append(Payment(UNNAMED, "", cast.IVAN.name, str(cast.IVAN.form["inn"])))
    import_statement(stage, FIRST_DAY, payments, twice=True)
    for key, kopeks in DEPOSITS.items():
        stage.wait_balance(key, kopeks)


def match_by_hand(stage: Stage) -> None:
    """The treasurer names the owner of the payment without a number."""
    treasurer = stage.user("treasurer1")
    queued = treasurer.get("cash/deposits", state="QUEUED")["items"]
    for one in queued:
        treasurer.post(f"cash/deposits/{one['id']}/match", "match", json={"number": stage.facts["number:ivan"]})
    stage.wait_balance("ivan", DEPOSITS["ivan"] + UNNAMED)


def import_statement(stage: Stage, day: date, payments: list[Payment], *, twice: bool = False) -> None:
    """Hand the statement of a day to the treasurer's import."""
    content = stage.bank.statement(day, payments)
    treasurer = stage.user("treasurer1")
    for attempt in range(2 if twice else 1):
        files = {"file": (f"{day}.xml", content, "application/xml")}
        done = treasurer.post("cash/statements", f"statement:{day}:{attempt}", files=files)
        if attempt and not done["repeated"]:
            raise AssertionError("a statement imported again must be recognised")


def payment(stage: Stage, key: str, kopeks: int) -> Payment:
    """What a participant sends to the nominal account, with the number that names the payer."""
    actor = next(one for one in cast.ALL if one.key == key)
    return Payment(kopeks, stage.facts[f"number:{key}"], actor.name, str(actor.form["inn"]))


def _letter_token(stage: Stage, email: str) -> str:
    page = html.unescape(httpx.get(f"{stage.home.url}/dev/mail", timeout=30, trust_env=False).text)
    for letter in page.split("<article")[1:]:
        found = re.search(r"/confirm[^\s\"<]*?[?/=]([A-Za-z0-9_\-.]{20,})", letter)
        if email in letter and found:
            return found.group(1)
    raise AssertionError(f"no letter for {email}")
