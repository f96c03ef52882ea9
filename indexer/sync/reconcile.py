"""SQL against the contracts: every mirrored balance, state and total is asked of the chain at the cursor's block.

The same check proves a fresh rebuild, a restored backup and the projections themselves. What it finds stands in
``chain_reconciliations``; a mismatch means that a projection is wrong or that somebody has written into a derived table.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session

from indexer.chain.abi import ASSET, function_named
from indexer.chain.addresses import AddressBook
from indexer.chain.client import RpcClient
from indexer.chain.decode import DecodeError, decode_output, encode_call
from indexer.chain.enums import (
    ANCHOR_KIND,
    ISSUE_STATE,
    OFFER_STATE,
    ORDER_STATE,
    PARTICIPANT_STATUS,
    PLACEMENT_STATE,
    PROPOSAL_STATE,
    RUN_STATE,
    WITHDRAWAL_STATE,
)
from indexer.chain.errors import RpcError
from indexer.models import (
    ChainAnchor,
    ChainCashTotals,
    ChainEncumbrance,
    ChainEscrow,
    ChainHolding,
    ChainIssue,
    ChainOffer,
    ChainOrder,
    ChainParticipant,
    ChainPlacement,
    ChainProposal,
    ChainReconciliation,
    ChainRecordDate,
    ChainRoleMember,
    ChainRubleAccount,
    ChainRun,
    ChainWithdrawal,
)
from indexer.models.fields import BIGINT_MAX
from indexer.sync.checkpoint import Cursor, load_cursor
from indexer.sync.facts import Row

_SHOWN = 100
_BATCH = 400
"""Calls in one batch; rows are read as they are asked about, so a large register needs no more memory than a small one."""
_NO_ANSWER = "no answer:"


@dataclass(frozen=True)
class Question:
    """One call and what SQL expects of its answer: a value, or values by the name of the answer's part."""

    table: str
    key: str
    contract: str
    address: str
    function: str
    arguments: tuple[Any, ...]
    expected: Any


@dataclass
class Report:
    """Outcome of one comparison. ``counts`` are rows compared by table; ``unanswered`` of the mismatches are refused calls."""

    block_number: int
    block_hash: str
    counts: dict[str, int] = field(default_factory=dict)
    mismatches: list[dict[str, Any]] = field(default_factory=list)
    unanswered: int = 0

    @property
    def compared(self) -> int:
        """Rows compared in all."""
        return sum(self.counts.values())

    @property
    def agrees(self) -> bool:
        """Whether SQL says what the contracts say."""
        return not self.mismatches

    def row(self) -> ChainReconciliation:
        """The outcome as it is kept; of many mismatches the first hundred."""
        return ChainReconciliation(
            at=datetime.now(UTC),
            block_number=self.block_number,
            block_hash=self.block_hash,
            compared=self.compared,
            mismatches=len(self.mismatches),
            counts=self.counts,
            details=self.mismatches[:_SHOWN],
        )


def verify_at(session: Session, client: RpcClient, book: AddressBook, *, store: bool = True) -> Report:
    """Compare everything at the cursor's block and (with ``store``) keep the outcome in ``chain_reconciliations``.

    Raises NodeUnavailable when the node is down. A refused or empty answer counts as a mismatch, because a node without the state
    of that block proves nothing.
    """
    cursor = load_cursor(session)
    report = Report(cursor.height, cursor.hash or "")
    if cursor.hash is None:
        return report
    questions = (question for ask in _ASKED for question in ask(session, book))
    while batch := list(islice(questions, _BATCH)):
        _compare(batch, client, cursor, report)
    _compare_sums(session, report)
    if store:
        session.add(report.row())
    return report


def _compare(questions: Sequence[Question], client: RpcClient, cursor: Cursor, report: Report) -> None:
    calls: list[tuple[str, list[Any]]] = []
    for asked in questions:
        data = encode_call(function_named(asked.contract, asked.function), *asked.arguments)
        calls.append(("eth_call", [{"to": asked.address, "data": data}, hex(cursor.height)]))
    answers = client.batch_with_errors(calls, attempts=3)
    for asked, answer in zip(questions, answers, strict=True):
        report.counts[asked.table] = report.counts.get(asked.table, 0) + 1
        found = _answered(asked, answer)
        report.unanswered += isinstance(found, str) and found.startswith(_NO_ANSWER)
        if found != asked.expected:
            report.mismatches.append({"table": asked.table, "key": asked.key, "sql": asked.expected, "chain": found})


def _answered(asked: Question, answer: Any) -> Any:
    if isinstance(answer, RpcError):
        return f"{_NO_ANSWER} {answer}"
    try:
        value = decode_output(function_named(asked.contract, asked.function), answer or "0x")
    except DecodeError as error:
        return f"{_NO_ANSWER} {error}"
    if isinstance(asked.expected, dict):
        return {name: _bounded(value[name]) for name in asked.expected}
    return _bounded(value)


def _bounded(value: Any) -> Any:
    """As `indexer.projections.store` keeps numbers."""
    return min(value, BIGINT_MAX) if isinstance(value, int) and not isinstance(value, bool) else value


# --- what is asked ---------------------------------------------------------------------------------------------------


def _participants(session: Session, book: AddressBook) -> Iterator[Question]:
    ask = _asker(book, "Participants", "chain_participants")
    numbers: set[int] = set()
    for row in _rows(session, ChainParticipant):
        numbers.add(row["number"])
        expected = {
            "status": PARTICIPANT_STATUS.index(row["status"]),
            "classes": row["classes"],
            "admittedUntil": row["admitted_until"],
            "number": row["number"],
            "limitYear": row["limit_year"],
            "limitNet": row["limit_net_kopeks"],
            "limitReserved": row["limit_reserved_kopeks"],
        }
        yield ask(row["address"], "participant", (row["address"],), expected)
    yield ask("count", "count", (), len(numbers))


def _roles(session: Session, book: AddressBook) -> Iterator[Question]:
    ask = _asker(book, "AccessManager", "chain_role_members")
    for row in _rows(session, ChainRoleMember):
        expected = {"isMember": row["active"]}
        yield ask(f"{row['role_name']} {row['account']}", "hasRole", (int(row["role"]), row["account"]), expected)


def _proposals(session: Session, book: AddressBook) -> Iterator[Question]:
    ask = _asker(book, "FourEyes", "chain_proposals")
    count = 0
    for count, row in enumerate(_rows(session, ChainProposal), start=1):  # noqa: B007 - wanted after the loop
        expected = {"state": PROPOSAL_STATE.index(row["state"]), "proposer": row["proposer"]}
        yield ask(str(row["id"]), "proposal", (row["id"],), expected)
    yield ask("count", "count", (), count)


def _issues(session: Session, book: AddressBook) -> Iterator[Question]:
    ask = _asker(book, "IssueRegistry", "chain_issues")
    for row in _rows(session, ChainIssue):
        expected = {"state": ISSUE_STATE.index(row["state"]), "asset": row["asset"], "issuer": row["issuer"]}
        yield ask(row["issue_id"], "issue", (bytes.fromhex(row["issue_id"][2:]),), expected)
        for function, column in (
            ("totalSupply", "supply_units"),
            ("holderCount", "holders_count"),
            ("paused", "paused"),
            ("circulationEndsAt", "circulation_ends_at"),
        ):
            yield Question("chain_issues", f"{row['asset']} {function}", ASSET, row["asset"], function, (), row[column])


def _holders(session: Session, book: AddressBook) -> Iterator[Question]:
    for row in _rows(session, ChainHolding):
        key = f"{row['asset']} {row['holder']}"
        for function, column in (("balanceOf", "units"), ("freeUnits", "free_units")):
            yield Question("chain_holdings", key, ASSET, row["asset"], function, (row["holder"],), row[column])
    for row in _rows(session, ChainEncumbrance):
        key = f"{row['asset']} {row['id']}"
        expected = {"units": row["units_left"]}
        if row["state"] == "OPEN":
            expected["holder"] = row["holder"]
        yield Question("chain_encumbrances", key, ASSET, row["asset"], "encumbrance", (row["id"],), expected)
    for row in _rows(session, ChainRecordDate):
        key = f"{row['asset']} {row['number']}"
        arguments = (row["number"],)
        yield Question("chain_record_dates", key, ASSET, row["asset"], "recordDateAt", arguments, row["timestamp"])


def _rubles(session: Session, book: AddressBook) -> Iterator[Question]:
    ask = _asker(book, "Rubles", "chain_ruble_accounts")
    for row in _rows(session, ChainRubleAccount):
        expected = {
            "free": row["free_kopeks"],
            "held": row["held_kopeks"],
            "inTransit": row["in_transit_kopeks"],
            "frozen": row["frozen_kopeks"],
        }
        yield ask(row["address"], "accountOf", (row["address"],), expected)
    escrow = _asker(book, "Rubles", "chain_escrow")
    for row in _rows(session, ChainEscrow):
        yield escrow(row["venue"], "escrowOf", (row["venue"],), row["kopeks"])
    totals = _asker(book, "Rubles", "chain_cash_totals")
    for row in _rows(session, ChainCashTotals):
        yield totals("creditedTotal", "creditedTotal", (), row["credited_kopeks"])
        yield totals("paidOutTotal", "paidOutTotal", (), row["paid_out_kopeks"])
        yield totals("totalSupply", "totalSupply", (), row["credited_kopeks"] - row["paid_out_kopeks"])
    withdrawals = _asker(book, "Rubles", "chain_withdrawals")
    for row in _rows(session, ChainWithdrawal):
        expected = {"state": WITHDRAWAL_STATE.index(row["state"]), "kopeks": row["kopeks"], "account": row["account"]}
        yield withdrawals(row["id"], "withdrawal", (bytes.fromhex(row["id"][2:]),), expected)


def _sales(session: Session, book: AddressBook) -> Iterator[Question]:
    ask = _asker(book, "Placement", "chain_placements")
    for row in _rows(session, ChainPlacement):
        expected = {
            "state": PLACEMENT_STATE.index(row["state"]),
            "demand": row["demand_units"],
            "issued": row["issued_units"],
            "orderCount": row["order_count"],
        }
        yield ask(row["issue_id"], "sale", (bytes.fromhex(row["issue_id"][2:]),), expected)
    orders = _asker(book, "Placement", "chain_orders")
    for row in _rows(session, ChainOrder):
        expected = {"investor": row["investor"], "units": row["units"], "state": ORDER_STATE.index(row["state"])}
        key = (bytes.fromhex(row["issue_id"][2:]), row["order_id"])
        yield orders(f"{row['issue_id']} {row['order_id']}", "orderOf", key, expected)


def _offers(session: Session, book: AddressBook) -> Iterator[Question]:
    ask = _asker(book, "Exchange", "chain_offers")
    count = 0
    for count, row in enumerate(_rows(session, ChainOffer), start=1):  # noqa: B007 - wanted after the loop
        expected = {"seller": row["seller"], "units": row["units_left"], "state": OFFER_STATE.index(row["state"])}
        yield ask(str(row["id"]), "offerOf", (row["id"],), expected)
    yield ask("count", "count", (), count)


def _runs(session: Session, book: AddressBook) -> Iterator[Question]:
    ask = _asker(book, "Payouts", "chain_runs")
    count = 0
    for count, row in enumerate(_rows(session, ChainRun), start=1):  # noqa: B007 - wanted after the loop
        expected = {
            "asset": row["asset"],
            "state": RUN_STATE.index(row["state"]),
            "unitsPaid": row["units_paid"],
            "kopeksPaid": row["kopeks_paid"],
            "microKopeksPerUnit": row["micro_kopeks_per_unit"],
        }
        yield ask(str(row["id"]), "run", (row["id"],), expected)
    yield ask("count", "count", (), count)


def _anchors(session: Session, book: AddressBook) -> Iterator[Question]:
    ask = _asker(book, "Anchors", "chain_anchors")
    last: dict[str, Row] = {}
    for row in _rows(session, ChainAnchor):
        last[row["kind"]] = max(last.get(row["kind"], row), row, key=lambda anchor: anchor["sequence"])
    for kind, row in last.items():
        expected = {"sequence": row["sequence"], "root": row["root"], "lastEntry": row["last_entry"]}
        yield ask(kind, "latest", (ANCHOR_KIND.index(kind),), expected)


_ASKED: tuple[Callable[[Session, AddressBook], Iterator[Question]], ...] = (
    _participants,
    _roles,
    _proposals,
    _issues,
    _holders,
    _rubles,
    _sales,
    _offers,
    _runs,
    _anchors,
)


def _compare_sums(session: Session, report: Report) -> None:
    """Totals within SQL: units of all holders are the supply, kopeks of all accounts are what the bank holds, and what the venues keep in
    escrow is what accounts have on hold.
    """
    holdings, accounts, escrow = (_table(model) for model in (ChainHolding, ChainRubleAccount, ChainEscrow))
    sums = select(holdings.c.asset, func.sum(holdings.c.units)).group_by(holdings.c.asset)
    units = {asset: int(total) for asset, total in session.execute(sums)}
    for row in _rows(session, ChainIssue):
        _same(report, "sum of holdings", row["asset"], units.get(row["asset"], 0), row["supply_units"])
    parts = ("free_kopeks", "held_kopeks", "in_transit_kopeks", "frozen_kopeks")
    owned = {part: _sum(session, accounts.c[part]) for part in parts}
    for row in _rows(session, ChainCashTotals):
        found = sum(owned.values())
        _same(report, "sum of accounts", "rubles", found, row["credited_kopeks"] - row["paid_out_kopeks"])
    _same(report, "sum of escrow", "rubles", _sum(session, escrow.c.kopeks), owned["held_kopeks"])
    _compare_orders(session, report)


def _compare_orders(session: Session, report: Report) -> None:
    """Each sale counts its open orders as they are."""
    orders, sales = _table(ChainOrder), _table(ChainPlacement)
    open_ones = select(orders.c.issue_id, func.count()).where(orders.c.state == "OPEN").group_by(orders.c.issue_id)
    counted = {str(issue): int(count) for issue, count in session.execute(open_ones)}
    for issue_id, count in session.execute(select(sales.c.issue_id, sales.c.open_orders)):
        _same(report, "open orders", issue_id, counted.get(issue_id, 0), count)


def _sum(session: Session, column: Any) -> int:
    return int(session.execute(select(func.coalesce(func.sum(column), 0))).scalar_one())


def _same(report: Report, table: str, key: str, found: int, expected: int) -> None:
    report.counts[table] = report.counts.get(table, 0) + 1
    if found != expected:
        report.mismatches.append({"table": table, "key": key, "sql": found, "chain": expected})


def _asker(book: AddressBook, contract: str, table: str) -> Callable[[str, str, tuple[Any, ...], Any], Question]:
    address = book.address_of(contract)
    return lambda key, function, arguments, expected: Question(
        table, key, contract, address, function, arguments, expected
    )


def _rows(session: Session, model: Any) -> Iterator[Row]:
    table = _table(model)
    found = session.execute(select(table).order_by(*table.primary_key), execution_options={"yield_per": _BATCH})
    for row in found.mappings():
        yield dict(row)


def _table(model: Any) -> Any:
    return model.__table__
