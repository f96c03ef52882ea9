"""A wanted change reaches every node, whatever dies on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.core.errors import Forbidden, Invalid, NotAllowedInState, StepUpRequired
from backend.core.journal import JournalEntry
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import service as custody
from backend.custody.models import Intent
from backend.network import answers, repository, service
from backend.network.answers import Answer, Meaning
from backend.network.errors import BadEntry, EntryListed, EntryNotListed, NetworkFileBroken, NoNetwork
from backend.network.jobs import NetworkJobs, open_client
from backend.network.models import NetworkChange
from backend.network.nodes import Network, NetworkNode
from backend.network.rpc import NodeClient
from backend.network.states import ChangeState, DeliveryState, Kind
from tests.backend.network.conftest import Killed, Office
from tests.backend.network.fake_besu import FakeNetwork, enode_of, error, keys
from tests.factories.chain import address

ALICE = address(0xA11CE)
CASES = json.loads((Path(__file__).parents[2] / "cases" / "besu" / "answers.json").read_text())["answers"]


def allow(office: Office, value: str = ALICE, kind: Kind = Kind.ACCOUNT, reason: str = "Новый оператор") -> str:
    with office.admin() as ctx:
        return service.allow(ctx, kind, value, reason=reason).id


def remove(office: Office, value: str = ALICE, kind: Kind = Kind.ACCOUNT, reason: str = "Ключ утрачен") -> str:
    with office.admin() as ctx:
        return service.remove(ctx, kind, value, reason=reason).id


def change_of(office: Office, change_id: str) -> tuple[NetworkChange, dict[str, Any]]:
    with office.admin() as ctx:
        change, rows = service.change(ctx, change_id)
        return change, {one.node: one for one in rows}


# --- the way to every node -------------------------------------------------------------------------------------------


def test_an_admitted_account_reaches_every_node_and_its_history_says_who_and_why(
    office: Office, besu: FakeNetwork
) -> None:
    change_id = allow(office, ALICE.upper().replace("0X", "0x"))
    before, rows = change_of(office, change_id)
    assert (before.state, {one.state for one in rows.values()}) == (ChangeState.OPEN, {DeliveryState.PENDING})
    assert set(rows) == {one.name for one in besu.nodes}
    office.jobs().round()
    assert all(ALICE in one.accounts for one in besu.nodes)
    change, rows = change_of(office, change_id)
    assert (change.state, change.reason) == (ChangeState.DONE, "Новый оператор")
    assert {(one.state, one.reason) for one in rows.values()} == {(DeliveryState.DONE, "ok")}
    with office.admin() as ctx:
        entry = ctx.session.get_one(JournalEntry, change.journal_seq)
        assert (entry.action, entry.details["value"], entry.actor) == (
            "network.account.allowed", ALICE, office.people["first"].user_id,
        )  # fmt: skip
        listed = service.entries(ctx, Kind.ACCOUNT, PageRequest(q=ALICE))
    assert [one.value for one in listed.items] == [ALICE]


def test_a_removed_account_leaves_every_node(office: Office, besu: FakeNetwork) -> None:
    allow(office)
    office.jobs().round()
    change_id = remove(office)
    office.jobs().round()
    assert not any(ALICE in one.accounts for one in besu.nodes)
    assert change_of(office, change_id)[0].state == ChangeState.DONE
    with office.admin() as ctx:
        assert service.entries(ctx, Kind.ACCOUNT, PageRequest(q=ALICE)).total == 0
        assert service.entries(ctx, Kind.ACCOUNT, PageRequest(q=ALICE), removed=True).total == 1


def test_a_node_is_admitted_and_removed_in_its_own_spelling(office: Office, besu: FakeNetwork) -> None:
    enode = enode_of(0x99)
    allow(office, enode.replace("127.0.0.1", "127.0.0.1") + "?discport=30303", Kind.NODE)
    office.jobs().round()
    assert all(enode in one.nodes for one in besu.nodes)
    # a node may print the port of discovery where ours doesn't
    besu.nodes[0].nodes = [f"{one}?discport=0" if one == enode else one for one in besu.nodes[0].nodes]
    remove(office, enode, Kind.NODE)
    office.jobs().round()
    assert not any(enode in text for one in besu.nodes for text in one.nodes)


def test_a_static_node_can_not_be_removed_and_the_reason_is_kept(office: Office, besu: FakeNetwork) -> None:
    gone = besu.nodes[-1].enode
    besu.nodes[0].fixed = {gone}
    change_id = remove(office, gone, Kind.NODE)
    office.jobs().round()
    change, rows = change_of(office, change_id)
    row = rows["validator-1"]
    assert (change.state, row.state, row.reason) == (ChangeState.OPEN, DeliveryState.FAILED, "fixed")
    assert "fixed node" in row.detail
    besu.nodes[0].fixed = set()  # started anew without it
    office.jobs().round()
    assert change_of(office, change_id)[0].state == ChangeState.DONE


def test_a_node_that_is_down_is_told_when_it_is_back(office: Office, besu: FakeNetwork) -> None:
    down = besu.node("validator-3")
    down.stop()
    change_id = allow(office)
    office.jobs().round()
    change, rows = change_of(office, change_id)
    assert change.state == ChangeState.OPEN
    assert {name: one.state for name, one in rows.items() if one.state != DeliveryState.DONE} == {
        "validator-3": DeliveryState.FAILED
    }
    assert (rows["validator-3"].reason, rows["validator-3"].attempts) == ("unreachable", 1)
    office.jobs().round()
    assert change_of(office, change_id)[1]["validator-3"].attempts == 2
    down.start()
    office.jobs().round()
    assert ALICE in down.accounts
    assert change_of(office, change_id)[0].state == ChangeState.DONE


def test_the_wait_grows_and_nothing_is_asked_before_it_ends(office: Office, besu: FakeNetwork) -> None:
    besu.node("rpc-1").answer["perm_getAccountsAllowlist"] = error(-32603, "Internal error")
    change_id = allow(office)
    jobs = NetworkJobs(office.unit, office.settings, name="worker", first_wait_s=3600.0)
    jobs.round()
    asked = len(besu.node("rpc-1").asked)
    jobs.round()
    row = change_of(office, change_id)[1]["rpc-1"]
    assert len(besu.node("rpc-1").asked) == asked
    assert 50 < (row.next_at - row.updated_at).total_seconds() < 70


def test_a_node_that_joins_the_file_gets_what_is_on_its_way(office: Office, besu: FakeNetwork) -> None:
    besu.write(only=["validator-1", "validator-2", "validator-3", "validator-4"])
    besu.node("validator-4").stop()
    change_id = allow(office)
    jobs = office.jobs()
    jobs.round()
    besu.write()
    jobs.round()
    rows = change_of(office, change_id)[1]
    assert rows["rpc-1"].state == DeliveryState.DONE
    assert ALICE in besu.node("rpc-1").accounts


def test_a_later_wish_takes_the_place_of_an_earlier_one(office: Office, besu: FakeNetwork) -> None:
    besu.node("validator-2").stop()
    first = allow(office)
    office.jobs().round()
    second = remove(office)
    besu.node("validator-2").start()
    office.jobs().round()
    assert change_of(office, first)[0].state == ChangeState.SUPERSEDED
    assert change_of(office, second)[0].state == ChangeState.DONE
    assert not any(ALICE in one.accounts for one in besu.nodes)
    told = [entry for _, (listed,) in besu.node("validator-2").writes() for entry in listed]
    assert ALICE not in told


def test_thousands_go_in_few_questions_and_one_bad_entry_spoils_none(office: Office, besu: FakeNetwork) -> None:
    many = [address(0xF0000 + number) for number in range(250)]
    with office.admin() as ctx:
        for one in many:
            service.allow(ctx, Kind.ACCOUNT, one, reason="Перенос")
    node = besu.node("validator-1")

    def somebody_else(method: str) -> None:
        if method == "perm_getAccountsAllowlist" and many[7] not in node.accounts:
            node.accounts.append(many[7])

    node.after = somebody_else
    office.jobs().round()
    assert all(set(many) <= set(one.accounts) for one in besu.nodes)
    assert len(besu.node("validator-2").writes()) == 2
    assert len([one for one in node.accounts if one == many[7]]) == 1
    with office.admin() as ctx:
        assert service.history(ctx, PageRequest(), unfinished=True).total == 0


# --- a kill at any line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["list", "add", "after"])
@pytest.mark.parametrize("node", ["validator-1", "rpc-1"])
def test_a_kill_between_any_two_steps_costs_a_repetition_only(
    office: Office, besu: FakeNetwork, line: str, node: str
) -> None:
    change_id = allow(office)

    class Dying(NodeClient):
        def ask(self, method: str, params: list[Any]) -> Answer:
            mine = self.node.name == node
            if mine and line == "list" and method == "perm_getAccountsAllowlist":
                raise Killed
            if mine and line == "add" and method == "perm_addAccountsToAllowlist":
                raise Killed
            answer = super().ask(method, params)
            if mine and line == "after" and method == "perm_addAccountsToAllowlist":
                raise Killed
            return answer

    def dying(network: Network, one: NetworkNode) -> NodeClient:
        return Dying(network, one)

    with pytest.raises(Killed):
        office.jobs("dies", dying).round()
    assert change_of(office, change_id)[0].state == ChangeState.OPEN
    office.jobs("dies").round()  # the same worker, started again
    assert change_of(office, change_id)[0].state == ChangeState.DONE
    for one in besu.nodes:
        assert one.accounts.count(ALICE) == 1, one.name


def test_a_second_worker_waits_until_the_lease_of_a_dead_one_ends(office: Office, besu: FakeNetwork) -> None:
    office.jobs("first").round()
    change_id = allow(office)
    assert office.jobs("second").round() == 0
    with office.unit() as ctx:
        row = repository.job(ctx)
        assert row is not None
        row.until = repository.wall()
        ctx.session.add(row)
    office.jobs("second").round()
    assert change_of(office, change_id)[0].state == ChangeState.DONE
    jobs = office.jobs("second")
    jobs.release()
    other = allow(office, address(0xB0B))
    office.jobs("first").round()
    assert change_of(office, other)[0].state == ChangeState.DONE


# --- wallets ---------------------------------------------------------------------------------------------------------


def intent(ctx: Any, wallet: str, number: int = 0) -> None:
    now = repository.wall()
    row = Intent(
        id=f"intent-{wallet}-{number}", idempotency_key=f"k-{wallet}-{number}", content_hash="", wallet=wallet,
        contract="Rubles", address=address(1), function="f", args=[], data="0x", ref_kind="test", ref_id="1",
        summary="", created_at=now, updated_at=now,
    )  # fmt: skip
    ctx.session.add(row)


def test_a_new_wallet_is_admitted_by_itself_before_its_first_call_may_be_sent(
    office: Office, besu: FakeNetwork
) -> None:
    jobs = office.jobs()
    jobs.round()
    with office.unit() as ctx:
        wallet = custody.create_wallet(ctx, "participant", "p-1")
        intent(ctx, wallet)
        assert service.not_admitted(ctx) == {wallet}
    jobs.round()
    assert all(wallet in one.accounts for one in besu.nodes)
    with office.unit() as ctx:
        assert service.not_admitted(ctx) == set()


def test_wallets_that_were_there_first_are_wanted_from_block_zero(office: Office, besu: FakeNetwork) -> None:
    with office.unit() as ctx:
        wallet = custody.create_wallet(ctx, "system", "operator")
    office.jobs().round()
    with office.admin() as ctx:
        found = {one.value: one for one in service.history(ctx, PageRequest(size=200)).items}
    assert found[wallet].after_block == -1
    assert found[address(0xDE)].label == "deployer"
    assert wallet in besu.node("rpc-1").accounts


def test_one_dead_validator_holds_up_nobody_two_do(office: Office, besu: FakeNetwork) -> None:
    jobs = office.jobs()
    jobs.round()
    besu.node("validator-1").stop()
    with office.unit() as ctx:
        first = custody.create_wallet(ctx, "participant", "p-1")
        intent(ctx, first)
    jobs.round()
    with office.unit() as ctx:
        assert service.not_admitted(ctx) == set()
    besu.node("validator-2").stop()
    with office.unit() as ctx:
        second = custody.create_wallet(ctx, "participant", "p-2")
        intent(ctx, second)
    jobs.round()
    with office.unit() as ctx:
        assert service.not_admitted(ctx) == {second}
    besu.node("validator-2").start()
    jobs.round()
    with office.unit() as ctx:
        assert service.not_admitted(ctx) == set()


def test_the_door_stays_closed_while_the_sending_node_refuses(office: Office, besu: FakeNetwork) -> None:
    jobs = office.jobs()
    jobs.round()
    besu.node("rpc-1").answer["perm_addAccountsToAllowlist"] = error(-32000, "Unable to persist changes to allowlist")
    with office.unit() as ctx:
        wallet = custody.create_wallet(ctx, "participant", "p-1")
        intent(ctx, wallet)
    jobs.round()
    with office.unit() as ctx:
        assert service.not_admitted(ctx) == {wallet}


def test_a_removed_wallet_is_not_admitted_again_and_sends_no_more(office: Office, besu: FakeNetwork) -> None:
    with office.unit() as ctx:
        wallet = custody.create_wallet(ctx, "participant", "p-1")
        intent(ctx, wallet)
    office.jobs().round()
    remove(office, wallet)
    office.jobs().round()
    office.jobs().round()
    assert not any(wallet in one.accounts for one in besu.nodes)
    with office.unit() as ctx:
        assert service.not_admitted(ctx) == {wallet}


def test_a_system_wallet_in_use_can_not_be_removed(office: Office, besu: FakeNetwork) -> None:
    with office.unit() as ctx:
        wallet = custody.create_wallet(ctx, "system", "operator")
    office.jobs().round()
    with pytest.raises(NotAllowedInState):
        remove(office, wallet)


# --- refusals --------------------------------------------------------------------------------------------------------


def test_what_is_listed_is_not_listed_again_and_what_is_not_is_not_removed(office: Office) -> None:
    allow(office)
    with pytest.raises(EntryListed):
        allow(office)
    with pytest.raises(EntryNotListed):
        remove(office, address(0xB0B))
    with pytest.raises(EntryListed):
        allow(office, enode_of(1) + "?discport=0", Kind.NODE)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.ACCOUNT, ""),
        (Kind.ACCOUNT, "0x12"),
        (Kind.ACCOUNT, "0x" + "0" * 40),
        (Kind.ACCOUNT, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed"),  # EIP-55 writes BeAed
        (Kind.NODE, "enode://12@127.0.0.1:30303"),
        (Kind.NODE, enode_of(1).replace("30303", "0")),
        (Kind.NODE, enode_of(1).replace("30303", "70000")),
        (Kind.NODE, enode_of(1).replace("127.0.0.1", "999.0.0.1")),
        (Kind.NODE, enode_of(1) + "?discport=x"),
        (Kind.NODE, ALICE),
    ],
)
def test_a_value_that_is_none_is_refused_at_its_field(office: Office, kind: Kind, value: str) -> None:
    with pytest.raises(BadEntry) as refused:
        allow(office, value, kind)
    assert [one.field for one in refused.value.problems] == ["value"]


def test_a_reason_is_needed(office: Office) -> None:
    with pytest.raises(Invalid):
        allow(office, reason="  ")
    with pytest.raises(Invalid):
        allow(office, reason="x" * 301)


def test_only_an_administrator_with_a_fresh_code_may_change_lists(office: Office) -> None:
    with office.admin("compliance", Role.COMPLIANCE_OFFICER) as ctx:
        service.overview(ctx)
        with pytest.raises(Forbidden):
            service.allow(ctx, Kind.ACCOUNT, ALICE, reason="x")
    with office.admin("treasurer", Role.TREASURER) as ctx, pytest.raises(Forbidden):
        service.overview(ctx)
    with office.admin() as ctx:
        stale = replace(ctx, actor=replace(ctx.actor, stepped_up_at=None))
        with pytest.raises(StepUpRequired):
            service.allow(stale, Kind.ACCOUNT, ALICE, reason="x")


def test_without_a_network_nothing_is_done_and_that_is_said(embedded_office: Office) -> None:
    with pytest.raises(NoNetwork):
        allow(embedded_office)
    assert embedded_office.jobs().round() == 0
    with embedded_office.admin() as ctx:
        assert service.overview(ctx).network is None


def test_a_broken_file_of_nodes_is_told(office: Office, besu: FakeNetwork) -> None:
    for content in ("{", "[]", '{"chain_id": 1, "nodes": []}'):
        besu.file.write_text(content)
        with pytest.raises(NetworkFileBroken):
            allow(office)
    besu.file.unlink()
    with pytest.raises(NetworkFileBroken):
        allow(office)


# --- answers and tokens ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one['method']}-{one['meaning']}-{one['status']}")
def test_besus_answers_are_understood(case: dict[str, Any]) -> None:
    found = answers.read(case["body"], case["status"])
    assert (found.meaning, found.in_force) == (Meaning(case["meaning"]), case["in_force"])


def test_a_token_of_another_key_opens_nothing(office: Office, besu: FakeNetwork, tmp_path: Path) -> None:
    (besu.folder / "jwt" / "private.pem").write_text(keys()[0])
    change_id = allow(office)
    office.jobs().round()
    assert {one.reason for one in change_of(office, change_id)[1].values()} == {"unauthorized"}
    (besu.folder / "jwt" / "private.pem").unlink()
    office.jobs().round()
    rows = change_of(office, change_id)[1]
    assert {one.reason for one in rows.values()} == {"unauthorized"}
    assert "key" in rows["rpc-1"].detail


def test_a_change_that_a_node_can_not_write_down_is_in_force_and_marked(office: Office, besu: FakeNetwork) -> None:
    out_of_sync = next(one for one in CASES if one["meaning"] == "out_of_sync")["body"]["error"]
    besu.node("validator-1").answer["perm_addAccountsToAllowlist"] = {"error": out_of_sync}
    change_id = allow(office)
    office.jobs().round()
    change, rows = change_of(office, change_id)
    assert (change.state, rows["validator-1"].reason) == (ChangeState.DONE, "out_of_sync")


def test_nothing_is_asked_of_a_port_that_answers_no_json(office: Office, besu: FakeNetwork) -> None:
    network = Network(
        chain_id=1,
        nodes=(NetworkNode(name="a", role="rpc", address=ALICE, enode=enode_of(1), rpc_url="http://127.0.0.1:9/"),),
    )
    with open_client(network, network.nodes[0]) as client:
        assert client.accounts().meaning == Meaning.UNREACHABLE
