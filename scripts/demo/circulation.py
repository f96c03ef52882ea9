"""Transfers, a secondary sale, coupons, redemption, closing, money out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from scripts.demo import cast
from scripts.demo.bank import Payment
from scripts.demo.issuing import transfer
from scripts.demo.onboarding import import_statement
from scripts.demo.stage import Stage

OFFERED, BOUGHT, PRICE_KOPEKS = 1000, 400, 1005_00
ISSUER_TOP_UP = {"factory": 1_200_000_00, "retail": 9_000_000_00}
AFTER_RECORD = timedelta(seconds=5)


def play(stage: Stage) -> None:
    """Until both issues are closed and the money is reconciled."""
    stage.step("запрет на передачу закончился", partial(stage.go_to, "2027-01-01T10:00:00+03:00"))
    stage.step("передача 100 ед. Ивановой Новикову", partial(give, stage, 100, "first"))
    stage.step("передача заблокированному отклонена реестром", partial(refused_by_chain, stage))
    stage.step("предложение Соколова принято Лебедевой частично", partial(sale, stage))
    stage.step("эмитенты пополнили счета для выплат", partial(top_up, stage))
    for run in planned(stage):
        pay(stage, run)
    stage.step("выпуски закрыты", partial(closed, stage))
    stage.step("вывод средств и перечисление налога заказаны", partial(order_withdrawals, stage))
    stage.step("банк исполнил, выписка загружена", partial(pay_out, stage))


def give(stage: Stage, units: int, name: str) -> None:
    """Maria gives units to Ivan."""
    wish = transfer(stage, "maria", "ivan", units, name)
    if wish["state"] != "ON_CHAIN":
        raise AssertionError(f"the transfer must succeed: {wish}")


def refused_by_chain(stage: Stage) -> None:
    """The receiver is blocked: the token itself refuses."""
    wish = transfer(stage, "maria", "sergey", 5, "to-blocked")
    if wish["state"] != "REFUSED" or "заблокирован" not in wish["error"]:
        raise AssertionError(f"a transfer to a blocked participant must be refused: {wish}")
    stage.facts["refused:allowlist"] = wish["error"]


def sale(stage: Stage) -> None:
    """Pyotr offers 1000 units, Olga buys 400, Pyotr takes the rest back."""
    pyotr, olga = stage.user("pyotr"), stage.user("olga")
    body = {
        "issue_id": stage.facts["issue:factory"],
        "units": OFFERED,
        "price": f"{PRICE_KOPEKS // 100}.00",
        "expires_at": stage.real("2027-01-31T18:00:00+03:00").isoformat(),
    }
    made = pyotr.post("offers", "offer", json=body)
    pyotr.wait(f"portfolio/wishes/{made['id']}", lambda seen: seen["state"] == "ON_CHAIN", "the offer")
    if "offer" not in stage.facts:
        stage.facts["offer"] = pyotr.get("offers", own="true")["items"][0]["id"]
        stage.save()
    number = stage.facts["offer"]
    bought = olga.post(f"offers/{number}/accept", "accept", json={"units": BOUGHT})
    olga.wait(f"portfolio/wishes/{bought['id']}", lambda seen: seen["state"] == "ON_CHAIN", "the acceptance")
    back = pyotr.post(f"offers/{number}/withdraw", "withdraw")
    pyotr.wait(f"portfolio/wishes/{back['id']}", lambda seen: seen["state"] == "ON_CHAIN", "the withdrawal")


def top_up(stage: Stage) -> None:
    """The issuers send what the income needs."""
    payments, before = [], {}
    for key, kopeks in ISSUER_TOP_UP.items():
        actor = next(one for one in cast.ISSUERS if one.key == key)
        payments.append(Payment(kopeks, stage.facts[f"number:{key}"], actor.name, str(actor.form["inn"])))
        before[key] = stage.facts.setdefault(f"before:{key}", stage.free_kopeks(key))
    stage.save()
    import_statement(stage, date(2027, 1, 2), payments)
    for key, kopeks in ISSUER_TOP_UP.items():
        stage.wait_balance(key, before[key] + kopeks)


def planned(stage: Stage) -> list[dict[str, Any]]:
    """Every payout of both issues in order of time."""
    officer = stage.user("actions1")
    seen = officer.wait("payouts", lambda page: page["total"] >= 9, "the schedule", size=100)
    return sorted(seen["items"], key=lambda run: (run["due_at"], run["issue_number"], run["kind"] != "COUPON"))


def pay(stage: Stage, run: dict[str, Any]) -> None:
    """Record date, check, declaration, funding, distribution."""
    name = f"{run['issue_number']} {run['kind_text']} № {run['payment_number']} {run['payment_date']}"
    record = datetime.fromisoformat(run["record_at"]) + AFTER_RECORD
    stage.step(f"{name}: дата фиксации", partial(stage.go_to, record))
    if run["payment_date"] == "2027-02-04":
        # Two owners around one record date: the seller is paid, the buyer only from the next coupon on.
        stage.step(f"{name}: передача 200 ед. после фиксации", partial(give, stage, 200, "after-record"))
    stage.step(f"{name}: расчёт проверен, эмитент внёс средства", partial(fund, stage, run))
    stage.step(f"{name}: день выплаты", partial(stage.go_to, datetime.fromisoformat(run["due_at"]) + AFTER_RECORD))
    stage.step(f"{name}: выплачено", partial(paid, stage, run))


def fund(stage: Stage, run: dict[str, Any]) -> None:
    """An officer checks, the issuer funds."""
    officer, path = stage.user("actions1"), f"payouts/{run['id']}"
    issuer = stage.user("factory" if run["issue_id"] == stage.facts["issue:factory"] else "retail")
    ready = ("CALCULATED", "AWAIT_FUNDING", "FUNDED", "EXECUTING", "DONE", "OVERDUE")
    seen = officer.wait(path, lambda one: one["state"] in ready, f"the calculation of {run['number']}")
    if seen["state"] == "CALCULATED":
        officer.post(f"{path}/check", f"check:{run['id']}")
    seen = officer.wait(path, lambda one: one["state"] in ready[1:], f"the declaration of {run['number']}")
    if seen["state"] in ("AWAIT_FUNDING", "OVERDUE"):
        issuer.post(f"{path}/fund", f"fund:{run['id']}")
    officer.wait(path, lambda one: one["state"] in ready[2:5], f"the funding of {run['number']}")


def paid(stage: Stage, run: dict[str, Any]) -> None:
    """Until everybody is paid, as the chain says."""
    done = stage.user("actions1").wait(
        f"payouts/{run['id']}", lambda one: one["state"] == "DONE", f"payout {run['number']}"
    )
    stage.facts.setdefault("runs", {})[run["id"]] = {
        "issue": "factory" if run["issue_id"] == stage.facts["issue:factory"] else "retail",
        "kind": run["kind"],
        "gross": done["gross"],
        "tax": done["tax"],
    }


def closed(stage: Stage) -> None:
    """The register closes both issues."""
    for key in ("factory", "retail"):
        issue = stage.facts[f"issue:{key}"]
        stage.user("maria").wait(f"catalogue/{issue}", lambda seen: seen["state"] == "CLOSED", f"closing of {key}")


def order_withdrawals(stage: Stage) -> None:
    """Maria takes everything out; the withheld tax goes to the budget."""
    amount = stage.facts.setdefault("withdrawn:maria", stage.free_kopeks("maria"))
    withheld = sum(round(float(one["tax"]) * 100) for one in stage.facts["runs"].values())
    stage.facts["withdrawn:tax"] = withheld
    stage.save()
    text = f"{amount // 100}.{amount % 100:02d}"
    stage.user("maria").post("cash/withdrawals", "out", json={"amount": text})
    body = {"account": "TAX", "amount": f"{withheld // 100}.{withheld % 100:02d}"}
    stage.user("treasurer1").post("cash/payments-out", "tax-out", json=body)


def pay_out(stage: Stage) -> None:
    """The bank pays what is in transit and says so in its statement."""
    treasurer = stage.user("treasurer1")
    waiting = treasurer.wait(
        "cash/payments-out", lambda page: all(one["state"] != "REQUESTED" for one in page["items"]), "transit"
    )["items"]
    payments = [
        Payment(int(one["amount"].replace(".", "")), one["number"], "Получатель", "", incoming=False)
        for one in sorted(waiting, key=lambda one: one["number"])
        if one["state"] in ("IN_TRANSIT", "CONFIRMING", "PAID")
    ]
    import_statement(stage, date(2027, 6, 7), payments)
    treasurer.wait("cash/payments-out", lambda page: all(one["state"] == "PAID" for one in page["items"]), "payment")
