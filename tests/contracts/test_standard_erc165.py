"""ERC-165 as its text has it: who asks which interfaces a token speaks gets a true answer, cheaply."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from eth_utils import keccak

from tests.contracts import compiled, tokens
from tests.contracts.evm import Contract
from tests.contracts.system import System
from tests.contracts.tokens import make_token

ERC20 = (
    *("transfer(address,uint256)", "transferFrom(address,address,uint256)", "approve(address,uint256)"),
    *("balanceOf(address)", "allowance(address,address)", "totalSupply()"),
)
ERC7943 = (
    *("forcedTransfer(address,address,uint256)", "setFrozenTokens(address,uint256)", "canSend(address)"),
    *("canReceive(address)", "getFrozenTokens(address)", "canTransfer(address,address,uint256)"),
)
ERC1643 = (
    *("setDocument(bytes32,string,bytes32)", "removeDocument(bytes32)", "getDocument(bytes32)"),
    "getAllDocuments()",
)
SPOKEN = {
    "ERC-165": ("supportsInterface(bytes4)",),
    "ERC-20": ERC20,
    "ERC-20 metadata": ("name()", "symbol()", "decimals()"),
    "ERC-1404": ("detectTransferRestriction(address,address,uint256)", "messageForTransferRestriction(uint8)"),
    "ERC-1643": ERC1643,
    "ERC-7943": ERC7943,
}


def interface_id(signatures: Sequence[str]) -> bytes:
    """The exclusive or of all selectors of an interface."""
    value = 0
    for signature in signatures:
        value ^= int.from_bytes(keccak(text=signature)[:4])
    return value.to_bytes(4)


@pytest.fixture
def token(system: System) -> Contract:
    tokens.prepare(system)
    return make_token(system)


def test_the_identifiers_are_those_of_the_standards() -> None:
    assert interface_id(SPOKEN["ERC-165"]).hex() == "01ffc9a7"
    assert interface_id(SPOKEN["ERC-20"]).hex() == "36372b07"
    assert interface_id(SPOKEN["ERC-7943"]).hex() == "3edbb4c4"


@pytest.mark.parametrize("standard", SPOKEN)
def test_what_is_claimed_is_there(token: Contract, standard: str) -> None:
    assert token.supportsInterface(interface_id(SPOKEN[standard])) is True
    known = compiled.artifact("DigitalAsset")["methodIdentifiers"]
    assert set(SPOKEN[standard]) <= known.keys()


def test_the_platforms_own_interface_is_claimed(token: Contract) -> None:
    """As the compiler counts it: `type(IDigitalAsset).interfaceId`."""
    own = compiled.artifact("IDigitalAsset")["methodIdentifiers"]
    assert token.supportsInterface(interface_id(list(own))) is True
    assert token.supportsInterface(interface_id(list(own)[1:])) is False


@pytest.mark.parametrize("unknown", ["ffffffff", "00000000", "80ac58cd", "d9b67a26", "bf1ef5fe"])
def test_nothing_else_is_claimed(token: Contract, unknown: str) -> None:
    """ffffffff MUST be false; neither ERC-721, ERC-1155 nor the non-fungible ERC-7943."""
    assert token.supportsInterface(bytes.fromhex(unknown)) is False


def test_the_answer_costs_less_than_30_000_gas(token: Contract, system: System) -> None:
    data = token.supportsInterface.data(bytes.fromhex("36372b07"))
    gas = int(system.evm.rpc("eth_estimateGas", {"to": token.address, "data": data}), 16)
    assert gas - 21_000 < 30_000
