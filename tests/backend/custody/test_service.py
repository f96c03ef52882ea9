"""Promises by idempotency key, call data, sentences for refusals, the door to the node."""

from __future__ import annotations

import json
import string
from typing import Any

import httpx
import pytest
from eth_abi.abi import encode
from eth_utils import keccak

from backend.core.context import Context
from backend.core.ids import bytes32_of
from backend.custody import calls, refusals
from backend.custody import service as custody
from backend.custody.errors import CallUnknown, IntentDiffers, WalletMissing
from backend.custody.models import Intent
from backend.custody.node import Node, NodeDownError, NodeRefusedError
from backend.custody.sentences import SENTENCES
from indexer.chain.endpoints import Endpoints
from tests.backend.conftest import ContextMaker
from tests.factories.chain import address, write_deployment

HOLDER = address(0xABC)


@pytest.fixture
def ctx(ctx_for: ContextMaker) -> Context:
    made = ctx_for(system="worker")
    write_deployment(made.settings)
    return made


def ask(ctx: Context, wallet: str, kopeks: int = 100, **changes: Any) -> Intent:
    content: dict[str, Any] = {
        "wallet": wallet,
        "contract": "Rubles",
        "function": "credit",
        "args": [HOLDER, kopeks, bytes32_of("payment")],
        "idempotency_key": "one",
        "ref_kind": "cash.credit",
        "ref_id": "1",
        "summary": "",
    }
    return custody.request_call(ctx, **{**content, **changes})


def test_the_same_key_with_the_same_content_is_the_same_promise(ctx: Context) -> None:
    wallet = custody.create_wallet(ctx, "officer", "treasury")
    first = ask(ctx, wallet)
    assert ask(ctx, wallet.upper().replace("0X", "0x")).id == first.id
    assert custody.intents_of(ctx, "cash.credit", "1") == [first]


@pytest.mark.parametrize("changes", [{"kopeks": 101}, {"ref_id": "2"}, {"ref_kind": "other"}])
def test_the_same_key_with_other_content_is_refused(ctx: Context, changes: dict[str, Any]) -> None:
    wallet = custody.create_wallet(ctx, "officer", "treasury")
    ask(ctx, wallet)
    with pytest.raises(IntentDiffers):
        ask(ctx, wallet, **changes)


def test_what_is_unknown_is_refused(ctx: Context) -> None:
    wallet = custody.create_wallet(ctx, "officer", "treasury")
    unknown: list[dict[str, Any]] = [{"contract": "Nothing"}, {"function": "nothing"}, {"contract": "../abi"}]
    for changes in unknown:
        with pytest.raises(CallUnknown):
            ask(ctx, wallet, **changes)
    with pytest.raises(WalletMissing):
        ask(ctx, address(0xDEAD))
    with pytest.raises(WalletMissing):
        custody.wallet_of(ctx, "officer", "nobody")


def test_an_owner_has_one_wallet(ctx: Context) -> None:
    first = custody.create_wallet(ctx, "participant", "p1")
    assert custody.create_wallet(ctx, "participant", "p1") == first == custody.wallet_of(ctx, "participant", "p1")
    assert custody.create_wallet(ctx, "officer", "p1") != first


def test_a_proposal_carries_the_whole_call_its_reason_and_its_document(ctx: Context) -> None:
    wallet = custody.create_wallet(ctx, "officer", "o1")
    made = custody.four_eyes_propose(
        ctx,
        wallet=wallet,
        contract="Participants",
        function="unblock",
        args=[HOLDER],
        reason="COURT",
        document_hash="ab" * 32,
        idempotency_key="p",
        ref_kind="r",
        ref_id="1",
        summary="",
    )
    target, data, reason, document, until = made.args
    assert target == calls.address_of(ctx.settings, "Participants")
    assert calls.decode_call("Participants", data) == ("unblock", {"who": HOLDER})
    assert (reason, document) == (bytes32_of("COURT"), "0x" + "ab" * 32)
    assert until > ctx.now().timestamp()
    approved = custody.four_eyes_approve(
        ctx, wallet=wallet, proposal_id=7, data=data, idempotency_key="a", ref_kind="r", ref_id="1", summary=""
    )
    assert approved.args == [7, data]


# --- sentences -------------------------------------------------------------------------------------------------------


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_error_of_the_contracts_has_a_sentence_and_every_sentence_an_error() -> None:
    known = {name for name, _, _ in refusals.errors_by_selector().values()}
    assert sorted(known - set(SENTENCES)) == []
    assert sorted(set(SENTENCES) - known) == []


def test_sentences_use_only_values_that_the_error_has_and_both_languages_use_the_same() -> None:
    for name, _, values in refusals.errors_by_selector().values():
        ru, en = SENTENCES[name]
        assert names_in(ru) == names_in(en), name
        assert names_in(ru) <= set(values), name


def revert(signature: str, *values: Any) -> str:
    types = signature[signature.index("(") + 1 : -1]
    return "0x" + (keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)).hex()


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (revert("LimitExceeded(address,uint256,uint256)", HOLDER, 150, 100_00), "LimitExceeded", ["1,50", "100,00"]),
        (revert("RublesInUse(address,uint64,uint64)", HOLDER, 100, 200), "RublesInUse", ["1,00", "2,00"]),
        (revert("Error(string)", "odd"), "Error", ["odd"]),
        (revert("Panic(uint256)", 17), "Panic", ["оператору"]),
        ("0xdeadbeef", "Unknown", ["отклонил"]),
        (None, "Unknown", ["отклонил"]),
        ("0x", "Unknown", ["отклонил"]),
        (revert("RublesInUse(address,uint64,uint64)", HOLDER, 1, 2)[:-3], "Unknown", ["отклонил"]),
        (revert("RublesInUse(address,uint64,uint64)", HOLDER, 1, 2)[:40], "Unknown", ["отклонил"]),
    ],
)
def test_revert_data_becomes_a_sentence_with_its_values(data: str | None, code: str, words: list[str]) -> None:
    found = refusals.explain(data)
    assert found.code == code
    assert all(word in found.ru for word in words), found.ru
    assert found.en


# --- node ------------------------------------------------------------------------------------------------------------


def node_that_answers(answer: Any) -> Node:
    def reply(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return (
            httpx.Response(200, json=answer) if not isinstance(answer, bytes) else httpx.Response(502, content=answer)
        )

    return Node("http://node", transport=httpx.MockTransport(reply))


def test_a_question_that_meets_a_dead_node_fails_once_and_the_next_goes_to_the_next_node() -> None:
    asked: list[tuple[str, str]] = []
    dead = {"first", "second"}

    def reply(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        asked.append((request.url.host, body[0]["method"] if isinstance(body, list) else body["method"]))
        if request.url.host in dead:
            raise httpx.ConnectError("gone")
        if isinstance(body, list):
            return httpx.Response(200, json=[{"jsonrpc": "2.0", "id": one["id"], "result": "0x1"} for one in body])
        result: Any = {"hash": "0x" + "11" * 32} if body["method"] == "eth_getBlockByNumber" else "0x7"
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": result})

    endpoints = Endpoints(["http://first", "http://second"], chain_id=7)
    node = Node(endpoints, transport=httpx.MockTransport(reply))
    with pytest.raises(NodeDownError, match=r"http://first.*http://second"):
        node.send_many(["0x01"])
    assert ("second", "eth_sendRawTransaction") not in asked, "nothing is handed over unseen"
    dead.clear()
    assert node.send_many(["0x01"]) == [None]
    dead.add("first")
    with pytest.raises(NodeDownError):
        node.send_many(["0x02"])
    assert node.send_many(["0x02"]) == [None]
    sent = [host for host, method in asked if method == "eth_sendRawTransaction"]
    assert sent == ["first", "first", "second"]
    node.close()


def error(code: int, message: str, data: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message, "data": data}}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("late"),
        httpx.ConnectError("gone"),
        b"<html>bad gateway",
        error(-32005, "limit exceeded"),
        error(-32603, "Internal error"),
    ],
)
def test_no_answer_and_a_busy_node_are_not_verdicts(answer: Any) -> None:
    node = node_that_answers(answer)
    with pytest.raises(NodeDownError):
        node.simulate(sender=HOLDER, to=HOLDER, data="0x")
    node.close()


@pytest.mark.parametrize(
    ("answer", "data"),
    [
        (error(3, "execution reverted", "0x1234"), "0x1234"),
        (error(-32000, "Execution reverted", {"data": "0x1234"}), "0x1234"),
        (error(-32603, "execution reverted"), None),
        (error(-32000, "Nonce too low"), None),
    ],
)
def test_a_refusal_carries_its_revert_data(answer: Any, data: str | None) -> None:
    node = node_that_answers(answer)
    with pytest.raises(NodeRefusedError) as refused:
        node.simulate(sender=HOLDER, to=HOLDER, data="0x")
    assert refused.value.data == data
    node.close()


def test_answers_of_a_batch_are_told_apart_by_their_numbers_not_their_order() -> None:
    node = node_that_answers(
        [
            {"jsonrpc": "2.0", "id": 2, "result": "0x12"},
            {"jsonrpc": "2.0", "id": 0, "result": "0x10"},
            {**error(3, "execution reverted", "0x1234"), "id": 1},
        ]
    )
    first, refused, third, missing = node.transaction_counts([HOLDER] * 4)
    assert (first, third) == (16, 18)
    assert isinstance(refused, NodeRefusedError)
    assert isinstance(missing, NodeDownError)
    node.close()


def test_a_batch_that_is_refused_whole_is_no_verdict_on_any_of_it() -> None:
    node = node_that_answers(error(-32005, "batch size too large"))
    with pytest.raises(NodeDownError):
        node.send_many(["0x00"])
    node.close()


def test_the_head_is_read() -> None:
    node = node_that_answers({"jsonrpc": "2.0", "id": 1, "result": "0x10"})
    assert node.block_number() == 16
    node.close()
