"""Every comparison with the contracts and every alarm can be found, however long ago it was, on a page, in a file and by the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.core.permissions import Role
from indexer.models import ChainAlarm, ChainReconciliation
from tests.backend.conftest import Browser
from tests.factories.chain import word

COMPARISONS, ALARMS = 30, 23
BEGINNING = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture
def auditor(system_ctx: Callable[[], Any], browser: Callable[..., Browser]) -> Browser:
    """An auditor of a mirror whose first comparison differed, and of many alarms."""
    with system_ctx() as ctx:
        for number in range(COMPARISONS):
            differing = 2 if number == 0 else 0
            ctx.session.add(
                ChainReconciliation(
                    at=BEGINNING + timedelta(hours=number), block_number=number, block_hash=word(number), compared=110,
                    mismatches=differing, counts={"ChainHolding": 110}, details=[{"what": "DIFFERS"}] * differing,
                )
            )  # fmt: skip
        for number in range(ALARMS):
            what = {"check": "receiptsRoot" if number == 0 else "parent", "detail": f"block {number}"}
            ctx.session.add(ChainAlarm(at=BEGINNING + timedelta(hours=number), block_number=number, **what))
    return browser(Role.AUDITOR)


def test_an_old_difference_is_found(auditor: Browser) -> None:
    assert "DIFFERS" not in auditor.get("/audit/integrity").text
    listed = auditor.get("/audit/integrity/reconciliations").text
    assert "DIFFERS" not in listed
    assert 'Всего: <b class="kp-num">30</b>' in listed
    assert "DIFFERS" in auditor.get("/audit/integrity/reconciliations?page=2").text
    assert "DIFFERS" in auditor.get("/audit/integrity/reconciliations?only=differing").text
    assert "DIFFERS" in auditor.get("/audit/integrity/reconciliations?sort=at").text
    lines = auditor.get("/audit/integrity/reconciliations?format=csv").text.splitlines()
    assert len(lines) == 1 + COMPARISONS
    assert "DIFFERS" in lines[-1]


def test_alarms_are_counted_and_found(auditor: Browser) -> None:
    assert "Все тревоги: 23" in auditor.get("/audit/integrity").text
    assert "receiptsRoot" in auditor.get("/audit/integrity/alarms").text
    found = auditor.get("/audit/integrity/alarms?q=receipts").text
    assert "receiptsRoot" in found
    assert "parent" not in found
    assert auditor.get("/audit/integrity/alarms?format=xlsx").content.startswith(b"PK")


def test_programs_ask_the_same(client: Any, auditor: Browser, sign_in: Callable[..., dict[str, str]]) -> None:
    del auditor
    headers = sign_in(Role.AUDITOR)
    differing = client.get("/api/v1/integrity/reconciliations?only_differing=true", headers=headers).json()
    assert [one["details"][0]["what"] for one in differing["items"]] == ["DIFFERS"]
    alarms = client.get("/api/v1/integrity/alarms?q=receipts", headers=headers).json()
    assert [one["block_number"] for one in alarms["items"]] == [0]
    assert client.get("/api/v1/integrity", headers=headers).json()["alarm_count"] == ALARMS
    file = client.get("/api/v1/integrity/reconciliations?format=csv", headers=headers)
    assert len(file.text.splitlines()) == 1 + COMPARISONS


@pytest.mark.parametrize("what", ["reconciliations", "alarms"])
def test_only_who_checks_integrity_reads_them(
    client: Any, browser: Callable[..., Browser], sign_in: Callable[..., dict[str, str]], what: str
) -> None:
    assert browser(Role.KYC_OFFICER).get(f"/audit/integrity/{what}").status_code == 403
    assert client.get(f"/api/v1/integrity/{what}", headers=sign_in(Role.INVESTOR)).status_code == 403
