"""Lists compared and put right; senders of blocks; metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from backend.core.errors import NotFound
from backend.core.events import DomainEvent
from backend.core.journal import JournalEntry
from backend.network import metrics, repository, service
from backend.network.models import NetworkAlarm
from backend.network.states import AlarmKind, DeliveryState, Kind
from indexer.db import Session
from indexer.models import ChainBlock, ChainTransaction
from tests.backend.network.conftest import Office
from tests.backend.network.fake_besu import FakeNetwork, enode_of
from tests.factories.chain import Chain, address, word

ALICE, STRANGER = address(0xA11CE), address(0xBAD)
DEPLOYER = address(0xDE)


@pytest.fixture
def settled(office: Office) -> Office:
    """Everything wanted has arrived, and a comparison found nothing."""
    with office.admin() as ctx:
        service.allow(ctx, Kind.ACCOUNT, ALICE, reason="Оператор")
    office.jobs().round()
    office.jobs().check()
    return office


def alarms(office: Office, *, open_only: bool = True) -> list[tuple[AlarmKind, str]]:
    with office.admin() as ctx:
        return [(one.kind, one.subject) for one in service.alarms(ctx, open_only=open_only)]


def test_nodes_that_follow_raise_nothing(settled: Office) -> None:
    with settled.admin() as ctx:
        states = service.node_states(ctx)
        found = service.overview(ctx)
    assert [(one.reachable, one.differs) for one in states] == [(True, False)] * 5
    assert (found.alarms, found.unfinished) == ([], 0)
    assert found.check is not None
    assert (found.check.nodes, found.check.unreachable, found.check.missing, found.check.extra) == (5, 0, 0, 0)


def test_what_a_node_lacks_and_has_too_much_is_told_and_alarmed_once(settled: Office, besu: FakeNetwork) -> None:
    node = besu.node("validator-2")
    node.accounts = [STRANGER, *(one for one in node.accounts if one != ALICE)]
    node.nodes = [*node.nodes[:-1], enode_of(0x77), node.enode + "?discport=0"]
    settled.jobs().check()
    settled.jobs().check()
    with settled.admin() as ctx:
        state = {one.node: one for one in service.node_states(ctx)}["validator-2"]
        raised = list(ctx.session.exec(select(DomainEvent).where(DomainEvent.kind == "network.alarm")))
    assert (state.accounts_missing, state.accounts_extra) == ([ALICE], [STRANGER])
    assert (state.nodes_missing, state.nodes_extra) == ([besu.node("rpc-1").enode], [enode_of(0x77)])
    assert alarms(settled) == [(AlarmKind.DRIFT, "validator-2")]
    assert len(raised) == 1


def test_a_silent_node_raises_an_alarm_that_ends_with_its_silence(settled: Office, besu: FakeNetwork) -> None:
    besu.node("rpc-1").stop()
    settled.jobs().check()
    assert alarms(settled) == [(AlarmKind.UNREACHABLE, "rpc-1")]
    besu.node("rpc-1").start()
    settled.jobs().check()
    assert alarms(settled) == []
    with settled.admin() as ctx:
        (old,) = service.alarms(ctx)
    assert old.closed_at is not None


def test_a_change_on_its_way_is_no_drift(settled: Office, besu: FakeNetwork) -> None:
    with settled.admin() as ctx:
        service.allow(ctx, Kind.ACCOUNT, address(0xB0B), reason="Оператор")
        service.remove(ctx, Kind.ACCOUNT, ALICE, reason="Уволен")
    settled.jobs().check()
    assert alarms(settled) == []


def test_a_wiped_node_is_put_right(settled: Office, besu: FakeNetwork) -> None:
    node = besu.node("validator-3")
    node.accounts, node.nodes = [STRANGER], []
    with settled.admin() as ctx:
        asked = service.ask_repair(ctx, "validator-3")
        assert service.ask_repair(ctx, "validator-3").id == asked.id
    settled.jobs().round()
    settled.jobs().check()
    assert set(node.accounts) == set(besu.node("validator-1").accounts)
    assert STRANGER not in node.accounts
    assert alarms(settled) == []
    with settled.admin() as ctx:
        (row,) = service.repairs(ctx)
        actions = [
            one.action for one in ctx.session.exec(select(JournalEntry).where(col(JournalEntry.entity_id) == row.id))
        ]
    assert (row.state, row.added, row.removed) == (DeliveryState.DONE, len(node.accounts) + len(node.nodes), 1)
    assert actions == ["network.node.repair", "network.node.repaired"]


def test_a_repair_waits_for_a_node_that_is_down(settled: Office, besu: FakeNetwork) -> None:
    node = besu.node("validator-3")
    node.accounts = []
    node.stop()
    with settled.admin() as ctx:
        service.ask_repair(ctx, "validator-3")
    settled.jobs().round()
    with settled.admin() as ctx:
        (row,) = service.repairs(ctx)
    assert (row.state, row.reason, row.attempts) == (DeliveryState.FAILED, "unreachable", 1)
    node.start()
    settled.jobs().round()
    with settled.admin() as ctx:
        assert service.repairs(ctx)[0].state == DeliveryState.DONE
    assert ALICE in node.accounts


def test_a_node_that_nobody_knows_is_not_repaired(settled: Office) -> None:
    with settled.admin() as ctx, pytest.raises(NotFound):
        service.ask_repair(ctx, "validator-9")


def test_a_node_that_left_the_file_raises_nothing_more(settled: Office, besu: FakeNetwork) -> None:
    besu.node("rpc-1").stop()
    settled.jobs().check()
    besu.write(only=[one.name for one in besu.validators])
    settled.jobs().check()
    assert alarms(settled) == []


def test_comparisons_come_by_themselves(settled: Office, besu: FakeNetwork) -> None:
    besu.node("validator-1").accounts.append(STRANGER)
    settled.settings = settled.settings.model_copy(update={"network_check_every_s": 0.001})
    settled.jobs().round()
    assert alarms(settled) == [(AlarmKind.DRIFT, "validator-1")]


# --- senders ---------------------------------------------------------------------------------------------------------


class Blocks:
    """Mirrored blocks with transactions."""

    def __init__(self, session: Session) -> None:
        self.chain, self.session = Chain(session), session
        last = session.exec(select(ChainBlock.number).order_by(col(ChainBlock.number).desc())).first()
        self.chain.number = -1 if last is None else last

    def add(self, *senders: str, at: datetime | None = None) -> int:
        when = at or datetime.now(UTC)
        number = self.chain.block(when)
        for place, sender in enumerate(senders):
            row = ChainTransaction(
                hash=word(0xF000000 + number * 100 + place), block_number=number, tx_index=place, type=2, sender=sender,
                to_address=None, nonce=0, input="0x", value_wei="0", gas=0, gas_used=0, cumulative_gas_used=0, status=1,
                contract_address=None, revert_data=None, raw="0x", at=when,
            )  # fmt: skip
            self.session.add(row)
        self.session.flush()
        return number


def mirrored(office: Office, *senders: str, at: datetime | None = None) -> int:
    with office.unit() as ctx:
        return Blocks(ctx.session).add(*senders, at=at)


def test_a_sender_outside_the_list_is_alarmed_with_block_hash_and_sender(settled: Office) -> None:
    mirrored(settled, DEPLOYER, ALICE)
    number = mirrored(settled, DEPLOYER, STRANGER)
    settled.jobs().round()
    settled.jobs().round()
    with settled.admin() as ctx:
        (alarm,) = service.alarms(ctx, open_only=True)
        block = ctx.session.get_one(ChainBlock, number)
        entry = ctx.session.exec(select(JournalEntry).where(col(JournalEntry.entity_id) == alarm.id)).one()
    assert (alarm.kind, alarm.block_number, alarm.block_hash, alarm.sender) == (
        AlarmKind.FOREIGN_SENDER, number, block.hash, STRANGER,
    )  # fmt: skip
    assert alarm.subject == word(0xF000000 + number * 100 + 1)
    assert entry.details["sender"] == STRANGER


def test_who_was_removed_is_foreign_in_later_blocks_only(settled: Office) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    mirrored(settled, ALICE)
    with settled.admin() as ctx:
        service.remove(ctx, Kind.ACCOUNT, ALICE, reason="Уволен")
    mirrored(settled, ALICE, at=before)
    settled.jobs().round()
    assert alarms(settled) == []
    mirrored(settled, ALICE, at=datetime.now(UTC) + timedelta(seconds=1))
    settled.jobs().round()
    assert [kind for kind, _ in alarms(settled)] == [AlarmKind.FOREIGN_SENDER]


def test_who_was_admitted_later_was_foreign_before(settled: Office) -> None:
    mirrored(settled, STRANGER)
    with settled.admin() as ctx:
        service.allow(ctx, Kind.ACCOUNT, STRANGER, reason="Оператор")
    mirrored(settled, STRANGER)
    settled.jobs().round()
    with settled.admin() as ctx:
        assert [one.block_number for one in service.alarms(ctx)] == [0]


def test_every_block_is_looked_at_once_however_many_there_are(settled: Office, monkeypatch: Any) -> None:
    monkeypatch.setattr("backend.network.senders.BLOCKS_AT_ONCE", 3)
    for number in range(8):
        mirrored(settled, STRANGER if number == 6 else ALICE)
    jobs = settled.jobs()
    jobs.round()
    assert alarms(settled) == []
    jobs.round()
    jobs.round()
    assert len(alarms(settled)) == 1
    with settled.unit() as ctx:
        row = repository.job(ctx)
        assert row is not None
        assert row.looked_up_to == 7


def test_a_person_closes_an_alarm_with_a_reason(settled: Office) -> None:
    mirrored(settled, STRANGER)
    settled.jobs().round()
    with settled.admin() as ctx:
        alarm = ctx.session.exec(select(NetworkAlarm)).one()
        service.acknowledge(ctx, alarm.id, "Разобрано: узел настраивали заново")
    assert alarms(settled) == []
    mirrored(settled, ALICE)
    settled.jobs().round()
    assert alarms(settled) == []


def test_figures_for_prometheus(settled: Office, besu: FakeNetwork) -> None:
    besu.node("validator-1").accounts.append(STRANGER)
    besu.node("rpc-1").stop()
    mirrored(settled, STRANGER)
    with settled.admin() as ctx:
        service.allow(ctx, Kind.ACCOUNT, address(0xB0B), reason="Оператор")
    settled.jobs().round()
    settled.jobs().check()
    with settled.unit() as ctx:
        text = metrics.text(ctx).decode()
    for line in (
        'kapital_network_drift{kind="account",node="validator-1",side="extra"} 1.0',
        'kapital_network_drift{kind="account",node="validator-2",side="extra"} 0.0',
        'kapital_network_node_unreachable{node="rpc-1"} 1.0',
        'kapital_network_alarms_open{kind="FOREIGN_SENDER"} 1.0',
        'kapital_network_deliveries{node="rpc-1",state="failed"} 1.0',
        "kapital_network_foreign_senders 1.0",
        "kapital_network_senders_behind_blocks 0.0",
    ):
        assert line in text, text


def test_without_a_network_there_are_no_figures(embedded_office: Office) -> None:
    with embedded_office.unit() as ctx:
        assert metrics.text(ctx) == b""
