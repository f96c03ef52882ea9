"""From a decision file to a deployed token, orders, settlement."""

from __future__ import annotations

from functools import partial
from typing import Any

import yaml

from scripts.demo.api import ApiRefusedError, User
from scripts.demo.stage import Stage, pdf

FILES = {"factory": "01-monthly-coupon.yaml", "retail": "02-thirty-day-discount.yaml"}
ORDERS: dict[str, list[tuple[str, int]]] = {
    "factory": [("maria", 4000), ("pyotr", 5000), ("olga", 3000)],
    "retail": [(who, 100_000_000) for who in ("maria", "pyotr", "olga", "maria", "pyotr", "olga")],
}


def play_factory(stage: Stage) -> None:
    """Issue 1: remarks, two approvals, FIFO with a recall and a partial last order, lock-up."""
    _approve_issue(stage, "factory", "Завод-1", remark=True)
    stage.step("начало размещения «Завод-1»", partial(stage.go_to, "2026-12-01T10:05:00+03:00"))
    stage.step("заявка Новикова подана и отозвана", partial(recall, stage))
    stage.step("заявка заблокированного Волкова отклонена", partial(refused_by_allowlist, stage))
    stage.step("заявки на «Завод-1»", partial(order_all, stage, "factory"))
    stage.step("конец приёма заявок «Завод-1»", partial(stage.go_to, "2026-12-04T15:00:05+03:00"))
    stage.step("«Завод-1»: поставка против платежа", partial(settled, stage, "factory"))
    stage.step("передача во время запрета отклонена реестром", partial(refused_by_lock, stage))


def play_retail(stage: Stage) -> None:
    """Issue 2: over-subscribed, pro rata."""
    _approve_issue(stage, "retail", "Ритейл-Сеть", remark=False)
    stage.step("начало размещения «Ритейл-Сеть»", partial(stage.go_to, "2026-12-07T09:05:00+03:00"))
    stage.step("заявки на «Ритейл-Сеть»", partial(order_all, stage, "retail"))
    stage.step("конец приёма заявок «Ритейл-Сеть»", partial(stage.go_to, "2026-12-08T18:00:05+03:00"))
    stage.step("день зачисления «Ритейл-Сеть»", partial(stage.go_to, "2026-12-09T09:00:00+03:00"))
    stage.step("«Ритейл-Сеть»: поставка против платежа", partial(settled, stage, "retail"))


def _approve_issue(stage: Stage, key: str, title: str, *, remark: bool) -> None:
    stage.step(f"«{title}»: проект решения из файла", partial(draft, stage, key))
    stage.step(f"«{title}»: решение подписано и подано", partial(submit, stage, key, "1"))
    if remark:
        stage.step(f"«{title}»: замечание модератора, исправлено", partial(remark_and_answer, stage, key))
    stage.schedule(key)
    stage.step(f"«{title}»: первое утверждение", partial(approve_first, stage, key))
    stage.step(f"«{title}»: второе утверждение, токен развёрнут", partial(approve_second, stage, key))


def draft(stage: Stage, key: str) -> None:
    """Upload the file and attach every document that it names."""
    issuer, content = stage.user(key), stage.decision_file(FILES[key])
    files = {"file": (FILES[key], content, "application/yaml")}
    made = issuer.post("issues/from-file", "draft", files=files)
    stage.facts[f"issue:{key}"] = made["id"]
    for name in yaml.safe_load(content)["documents"]:
        attached = {"file": (name, pdf(f"{key} {name}"), "application/pdf")}
        issuer.post(f"issues/{made['id']}/documents/{name}", f"document:{name}", files=attached)


def submit(stage: Stage, key: str, number: str) -> None:
    """Sign and hand in."""
    issuer, issue = stage.user(key), stage.facts[f"issue:{key}"]
    if issuer.get(f"issues/mine/{issue}")["state"] in ("DRAFT", "REMARKS"):
        issuer.post(f"issues/{issue}/submit", f"submit-{number}")


def remark_and_answer(stage: Stage, key: str) -> None:
    """One remark; the issuer corrects the text and hands in version 2."""
    issue, issuer, moderator = stage.facts[f"issue:{key}"], stage.user(key), stage.user("moderator1")
    if moderator.get(f"issues/{issue}")["state"] == "MODERATION" and moderator.get(f"issues/{issue}")["version"] == 1:
        body = {"remarks": [{"field": "rights", "text": "Уточните, что доход выплачивается ежемесячно."}]}
        moderator.post(f"issues/{issue}/remarks", "remark", json=body)
    mine = issuer.get(f"issues/mine/{issue}")
    if mine["state"] == "REMARKS":
        decision = {**mine["decision"], "rights": "Денежное требование: выплата номинала и ежемесячного дохода"}
        issuer.post(f"issues/{issue}", "answer", json={"decision": decision}, method="PUT")
    submit(stage, key, "2")


def approve_first(stage: Stage, key: str) -> None:
    """The proposal goes on chain."""
    issue, moderator = stage.facts[f"issue:{key}"], stage.user("moderator1")
    if moderator.get(f"issues/{issue}")["state"] == "MODERATION":
        moderator.post(f"issues/{issue}/approve", f"approve:{key}")
    moderator.wait(f"issues/{issue}", lambda seen: seen["proposal_id"] is not None, "the proposal on chain")
    try:
        moderator.post(f"issues/{issue}/approve", f"approve-again:{key}")
    except ApiRefusedError as error:
        if error.code != "same_moderator":
            raise
    else:
        raise AssertionError("one moderator must not approve twice")


def approve_second(stage: Stage, key: str) -> None:
    """Another moderator executes it; the token is deployed."""
    issue, moderator = stage.facts[f"issue:{key}"], stage.user("moderator2")
    if moderator.get(f"issues/{issue}")["state"] == "APPROVED":
        moderator.post(f"issues/{issue}/approve", f"approve:{key}")
    page = stage.user("maria").wait(f"catalogue/{issue}", lambda seen: seen["asset"] is not None, "the token")
    stage.facts[f"asset:{key}"] = page["asset"]


def recall(stage: Stage) -> None:
    """An order in the book, then taken back: the rubles are free again."""
    ivan = stage.user("ivan")
    before = stage.facts.setdefault("ivan:before", stage.free_kopeks("ivan"))
    stage.save()
    placed = place(stage, "factory", "ivan", 500, "recalled")
    if placed["state"] == "ACCEPTED":
        ivan.post(f"orders/{placed['id']}/recall", "recall")
    ivan.wait(f"orders/{placed['id']}", lambda seen: seen["state"] == "RECALLED", "the recall")
    stage.wait_balance("ivan", before)


def refused_by_allowlist(stage: Stage) -> None:
    """A blocked participant can't order."""
    body = {"issue_id": stage.facts["issue:factory"], "units": 10, "risk_accepted": True}
    try:
        stage.user("sergey").post("orders", "refused", json=body)
    except ApiRefusedError as error:
        stage.facts["refused:sergey"] = error.code
        if error.code != "participant_not_active":
            raise
        return
    raise AssertionError("a blocked participant must be refused")


def order_all(stage: Stage, key: str) -> None:
    """Orders in the order of the list, each in the book before the next."""
    for number, (who, units) in enumerate(ORDERS[key]):
        place(stage, key, who, units, str(number))


def place(stage: Stage, key: str, who: str, units: int, name: str) -> Any:
    """Order and wait for the chain."""
    user: User = stage.user(who)
    body = {"issue_id": stage.facts[f"issue:{key}"], "units": units, "risk_accepted": True}
    placed = user.post("orders", f"order:{key}:{name}", json=body)
    return user.wait(f"orders/{placed['id']}", lambda seen: seen["state"] != "CHECKING", f"the order of {who}")


def settled(stage: Stage, key: str) -> None:
    """Until every order is settled."""
    issue = stage.facts[f"issue:{key}"]
    ended = ("CIRCULATION", "LOCKED", "REDEMPTION")
    stage.user("maria").wait(f"catalogue/{issue}", lambda seen: seen["state"] in ended, f"settlement of {key}")


def refused_by_lock(stage: Stage) -> None:
    """A transfer before the end of the lock-up is refused by the token, and the reason is in words."""
    wish = transfer(stage, "maria", "ivan", 10, "locked")
    if wish["state"] != "REFUSED" or "запрет" not in wish["error"]:
        raise AssertionError(f"a transfer in the lock-up must be refused: {wish}")
    stage.facts["refused:lock"] = wish["error"]


def transfer(stage: Stage, sender: str, receiver: str, units: int, name: str) -> Any:
    """Transfer units of issue 1 and wait for the chain's word."""
    user = stage.user(sender)
    body = {"issue_id": stage.facts["issue:factory"], "to": stage.facts[f"number:{receiver}"], "units": units}
    wish = user.post("portfolio/transfers", f"transfer:{name}", json=body)
    return user.wait(f"portfolio/wishes/{wish['id']}", lambda seen: seen["state"] != "SENT", f"transfer {name}")
