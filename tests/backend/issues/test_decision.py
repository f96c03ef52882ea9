"""Issuance decisions: the shared cases, every refusal names its field, and the hash depends on the meaning alone."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from backend.issues.decision import (
    Decision,
    DecisionInvalid,
    DecisionUnreadable,
    canonical_json,
    decision_from_yaml,
    decision_hash,
    read_decision_yaml,
    validate_decision,
)

DECISIONS = Path(__file__).parents[2] / "cases" / "decisions"
EXAMPLES = Path(__file__).parents[3] / "examples" / "decisions"
NAMES = ["01-monthly-coupon", "02-thirty-day-discount", "03-key-rate-floater", "04-gold-linked"]
INVALID = yaml.safe_load((DECISIONS / "invalid.yaml").read_text(encoding="utf-8"))
FIELDS = {
    "X1": "units.minimum_to_issue",
    "X2": "issuer.inn",
    "X3": "issuer.ogrn",
    "X4": "placement.ends",
    "X5": "price",
    "X6": "redemption.date",
    "X7": "payout_account.bic",
    "X8": "access_class",
    "X9": "income.rate",
    "X10": "income.payments",
    "X11": "burn_on_issuer_acquire",
    "X13": "units.maximum",
    "X14": "business",
}


def _data(name: str) -> dict[str, Any]:
    return read_decision_yaml((DECISIONS / f"{name}.yaml").read_bytes())


def _changed(name: str, **changes: Any) -> dict[str, Any]:
    data = copy.deepcopy(_data(name))
    for path, value in changes.items():
        *parents, last = path.split("__")
        target: Any = data
        for part in parents:
            target = target[int(part)] if part.isdigit() else target[part]
        target[last] = value
    return data


def _refused(data: dict[str, Any]) -> list[str]:
    with pytest.raises(DecisionInvalid) as refused:
        validate_decision(data)
    assert all(p.code and p.message_ru and p.message_en for p in refused.value.problems)
    return [problem.field for problem in refused.value.problems]


def _accepted_or_explained(data: dict[str, Any]) -> bool:
    """Any other error than a refusal with problems escapes and fails the test."""
    try:
        return isinstance(validate_decision(data), Decision)
    except DecisionInvalid as refused:
        return bool(refused.problems)


@pytest.mark.parametrize("name", NAMES)
def test_shared_decision_is_accepted_and_the_example_is_the_same(name: str) -> None:
    decision = decision_from_yaml((DECISIONS / f"{name}.yaml").read_bytes())
    assert decision_hash(decision_from_yaml((EXAMPLES / f"{name}.yaml").read_bytes())) == decision_hash(decision)


@pytest.mark.parametrize("row", INVALID, ids=lambda row: row["id"])
def test_one_wrong_place_is_refused_by_its_name(row: dict[str, Any]) -> None:
    data = _changed(NAMES[0], **{path.replace(".", "__"): value for path, value in row["change"].items()})
    if row["id"] == "X12":
        assert validate_decision(data).title == "<script>alert(1)</script>"
    else:
        assert _refused(data) == [FIELDS[row["id"]]]


def test_all_problems_are_reported_at_once() -> None:
    data = _changed(
        NAMES[0], issuer__inn="7700123450", units__minimum_to_issue=10001, income__rate="-1", access_class=None, x=1
    )
    assert set(_refused(data)) == {"issuer.inn", "units.minimum_to_issue", "income.rate", "access_class", "x"}


@pytest.mark.parametrize(
    ("name", "changes", "fields"),
    [
        (0, {"price": 1000.0}, ["price"]),
        (0, {"price": "1e3"}, ["price"]),
        (0, {"price": "0.00"}, ["price"]),
        (0, {"price": {"formula": "GOLD_RUB_PER_GRAM; DROP"}}, ["price.formula", "price.fixing", "price.order_holds"]),
        (0, {"nominal": None}, ["nominal"]),
        (0, {"title": ""}, ["title"]),
        (0, {"title": "a\u202eb"}, ["title"]),
        (0, {"title": "x" * 201}, ["title"]),
        (0, {"units": 5}, ["units"]),
        (0, {"units__maximum": "10000"}, ["units.maximum"]),
        (0, {"units__maximum": True}, ["units.maximum"]),
        (0, {"units__maximum": 0}, ["units.maximum"]),
        (0, {"units__order_max": 10001}, ["units.order_max"]),
        (0, {"units__order_min": 5001}, ["units.order_min"]),
        (0, {"units__maximum": 2**63 - 1}, ["units.maximum"]),
        (0, {"placement__starts": "2026-12-01T10:00"}, ["placement.starts"]),
        (0, {"placement__starts": "2026-12-01T10:00:00.5+03:00"}, ["placement.starts"]),
        (0, {"placement__starts": "1999-12-01T10:00+03:00"}, ["placement.starts"]),
        (0, {"crediting": "2026-13-01"}, ["crediting"]),
        (0, {"crediting": "2026-12-03"}, ["crediting"]),
        (0, {"crediting": None}, ["crediting"]),
        (0, {"issuer__ogrn": "320770012345673"}, ["issuer.ogrn"]),
        (0, {"payout_account__account": "407"}, ["payout_account.account"]),
        (0, {"income__kind": "magic"}, ["income.kind"]),
        (0, {"income": "5 %"}, ["income"]),
        (0, {"income__day_count": "ACT/364"}, ["income.day_count"]),
        (0, {"income__payments": 5}, ["income.payments"]),
        (0, {"income__payments": None}, ["income.payments"]),
        (0, {"income__first_payment": "2026-12-04"}, ["income.first_payment"]),
        (0, {"record_date__time": "23:59:59"}, ["record_date.time"]),
        (0, {"record_date__rule": "T-9"}, ["record_date.rule"]),
        (0, {"record_date": {"rule": "AT_EVENT"}}, ["record_date.rule"]),
        (0, {"lock__until": "2028-01-01T00:00+03:00"}, ["lock.until"]),
        (0, {"lock__from_window": True}, ["lock.from_window"]),
        (0, {"redemption__nominal": "remaining"}, ["redemption.nominal"]),
        (0, {"early_redemption__issuer_call__from": "2027-06-04"}, ["early_redemption.issuer_call.from"]),
        (0, {"documents": []}, ["documents"]),
        (0, {"documents": ["a.pdf", "a.pdf"]}, ["documents.1"]),
        (0, {"security": {"kind": "hope"}}, ["security.kind"]),
        (1, {"income__first_payment": "2027-01-08"}, ["income.first_payment"]),
        (1, {"record_date__window_opens": "2027-01-09T00:00+03:00"}, ["record_date.window_opens"]),
        (1, {"lock__before_payment_days": 2}, ["lock.before_payment_days"]),
        (1, {"redemption__date": "2026-12-12", "redemption__business_days": "PRECEDING"}, ["record_date.window_opens"]),
        (2, {"access_class": "FREE"}, ["access_class"]),
        (2, {"income__floor": "31"}, ["income.cap"]),
        (2, {"amortisation__0__date": "2027-12-21"}, ["amortisation.0.date"]),
        (2, {"amortisation__0__percent": "70"}, ["amortisation.1.percent"]),
        (2, {"amortisation__1__percent": "0"}, ["amortisation.1.percent"]),
        (2, {"redemption__nominal": "full"}, ["redemption.nominal"]),
        (2, {"early_redemption__investor_put__pay": "2027-12-01"}, ["early_redemption.investor_put.pay"]),
        (
            2,
            {"early_redemption__investor_put__window": ["2027-12-10", "2027-12-01"]},
            ["early_redemption.investor_put.window"],
        ),
        (
            2,
            {"early_redemption__investor_put__minimum_units": 3001},
            ["early_redemption.investor_put.minimum_units"],
        ),
        (3, {"profile": "DEBT", "burn_on_issuer_acquire": None}, None),
        (3, {"crediting": "2026-12-30"}, ["crediting"]),
        (3, {"redemption__nominal": "full"}, ["redemption.nominal"]),
        (3, {"price__formula": "GOLD_RUB_PER_GRAM * 0"}, ["price.formula"]),
    ],
)
def test_refusal_names_the_field(name: int, changes: dict[str, Any], fields: list[str] | None) -> None:
    expected = fields or ["placement.crediting", "nominal", "price", "income.kind", "redemption.formula"]
    assert sorted(_refused(_changed(NAMES[name], **changes))) == sorted(expected)


@pytest.mark.parametrize("name", NAMES)
def test_breaking_or_dropping_any_field_never_escapes_as_another_error(name: str) -> None:
    def walk(node: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
        return [p for key, item in items for p in ((*path, key), *walk(item, (*path, key)))]

    for path in walk(_data(name), ()):
        for broken in (None, [], {}, "?", -1, {"?": {}}):
            data = _data(name)
            target: Any = data
            for part in path[:-1]:
                target = target[part]
            target[path[-1]] = broken
            assert _accepted_or_explained(data), path


def test_debt_is_burnt_when_the_issuer_acquires_it_even_if_unsaid() -> None:
    assert validate_decision(_data(NAMES[0])).burn_on_issuer_acquire is True
    assert validate_decision(_data(NAMES[3])).burn_on_issuer_acquire is False


def test_moments_are_moscow_time_wherever_they_were_written() -> None:
    elsewhere = _changed(NAMES[0], placement__starts="2026-12-01T07:00:00Z")
    assert decision_hash(validate_decision(elsewhere)) == decision_hash(validate_decision(_data(NAMES[0])))


def test_hash_does_not_depend_on_spelling_but_on_meaning() -> None:
    plain = validate_decision(_data(NAMES[0]))
    spelled = _changed(NAMES[0], price="1000", income__rate="21", income__day_count="ACT/365F", lock__until=None)
    spelled["lock"]["until"] = "2026-12-31T20:59:59Z"
    respelled = validate_decision(dict(reversed(spelled.items())))
    assert decision_hash(respelled) == decision_hash(plain)
    assert decision_hash(validate_decision(_changed(NAMES[0], income__rate="21.01"))) != decision_hash(plain)


@pytest.mark.parametrize("name", NAMES)
def test_canonical_text_is_itself_a_decision_with_the_same_hash(name: str) -> None:
    decision = decision_from_yaml((DECISIONS / f"{name}.yaml").read_bytes())
    text = canonical_json(decision)
    again = validate_decision(json.loads(text))
    assert canonical_json(again) == text
    assert decision_hash(decision).startswith("0x")
    assert len(decision_hash(decision)) == 66


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"title: a\ntitle: b\n", "yaml_refused", 2),
        (b"a: &x [1]\nb: *x\n", "yaml_refused", 1),
        (b"a: 1\nb: !!python/object/apply:os.system [x]\n", "yaml_refused", 2),
        (b"a: 1\n1: 2\n", "yaml_refused", 2),
        (b"a: 1\n<<: {b: 1}\nc: [\n", "yaml", 4),
        (b"a: " + b"[" * 200 + b"]" * 200, "yaml_refused", 1),
        (b"a: 1\nb: \xff\n", "encoding", 2),
        (b"- 1\n", "not_a_mapping", None),
        (b"", "not_a_mapping", None),
        (b"a: 1\n---\nb: 2\n", "yaml", 2),
        (b"a: \x01\n", "yaml", None),
        (b"#" * (64 * 1024 + 1), "too_large", None),
    ],
)
def test_file_that_is_no_decision_is_refused_with_its_line(content: bytes, code: str, line: int | None) -> None:
    with pytest.raises(DecisionUnreadable) as refused:
        read_decision_yaml(content)
    assert (refused.value.problems[0].code, refused.value.line) == (code, line)
    assert refused.value.problems[0].field == "document"


def test_numbers_and_dates_of_yaml_keep_their_spelling() -> None:
    content = b"a: 1000.10\nb: 2026-12-04\nc: 044599987\nd: 10:30\ne: yes\nf: 12\ng: true\nh: ~\ni: 1e3\n"
    assert read_decision_yaml(content) == {
        "a": "1000.10",
        "b": "2026-12-04",
        "c": "044599987",
        "d": "10:30",
        "e": "yes",
        "f": 12,
        "g": True,
        "h": None,
        "i": "1e3",
    }


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        explained = _accepted_or_explained(read_decision_yaml(content))
    except DecisionUnreadable as refused:
        explained = bool(refused.problems)
    assert explained
