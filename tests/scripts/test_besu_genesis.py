"""The genesis block of a Besu network: against published vectors, and decoded back by the indexer."""

from __future__ import annotations

import pytest
import rlp

from indexer.chain.proofs import genesis_validators
from scripts.besu.genesis import differences, extra_data, genesis, genesis_hash, validators_of

VANITY = "a0" + 64 * "0"
# Besu's documentation, "Configure QBFT consensus", the sample of toEncode.json
BESU_ONE = ["0x9811ebc35d7b06b3fa8dc5809a1f9c52751e1deb"]
# Quorum's tests of its QBFT engine, and istanbul-tools' README: four validators
QUORUM_FOUR = [
    "0x44add0ec310f115a0e603b2d7db9f067778eaf8a",
    "0x294fc7e8f22b3bcdcf955dd7ff3ba2ed833f8212",
    "0x6beaaed781d2d2ab6350f5c4566a2c6eaac407a6",
    "0x8be76812f765c24641ec63dc2852b378aba2b440",
]
TOOLS_FOUR = [
    "0x07d8299de61faed3686ba4c4e6c3b9083d7e2371",
    "0x475cc98b5521ab2a1335683e7567c8048bfe79ed",
    "0x4fe035ce99af680d89e2c4d73aca01dbfc1bd2fd",
    "0xdc421209441a754f79c4a4ecd2b49c935aad0312",
]


def test_extra_data_of_one_validator_is_that_of_besus_documentation() -> None:
    published = f"0xf83a{VANITY}d5949811ebc35d7b06b3fa8dc5809a1f9c52751e1debc080c0"
    assert extra_data(BESU_ONE) == published


def test_extra_data_of_four_validators_has_the_published_form_in_ascending_order() -> None:
    # The published value keeps the order that was given; Besu wants the addresses ascending (Quorum's sample has the first two swapped).
    ascending = sorted(QUORUM_FOUR)
    published = f"0xf87a{VANITY}f854" + "".join("94" + one[2:] for one in ascending) + "c080c0"
    assert extra_data(QUORUM_FOUR) == published
    tools = f"0xf87a{VANITY}f854" + "".join("94" + one[2:] for one in TOOLS_FOUR) + "c080c0"
    assert extra_data(reversed(TOOLS_FOUR)) == tools  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 2, 4, 7, 25, 100])
def test_extra_data_is_decoded_back_by_the_indexer(count: int) -> None:
    validators = [f"0x{number:040x}" for number in range(count, 0, -1)]
    made = made_with(validators)
    header = {**made, "number": "0x0"}
    assert genesis_validators(header) == tuple(sorted(validators))
    assert validators_of(made) == sorted(validators)
    vanity, _, vote, turn, seals = rlp.decode(bytes.fromhex(made["extraData"][2:]))
    assert (vanity, vote, turn, seals) == (bytes(32), [], b"", [])


def made_with(validators: list[str], **changed: int) -> dict[str, object]:
    values = {
        "chain_id": 20260,
        "period_s": 2,
        "request_timeout_s": 4,
        "epoch_blocks": 30_000,
        "gas_limit": 100_000_000,
    }
    return genesis(**{**values, **changed}, validators=validators)  # type: ignore[arg-type]


def test_gas_is_free_and_prague_holds_from_the_first_block() -> None:
    made = made_with(TOOLS_FOUR)
    config = made["config"]
    assert isinstance(config, dict)
    assert config["zeroBaseFee"] is True
    assert made["baseFeePerGas"] == "0x0"
    assert config["pragueTime"] == config["cancunTime"] == config["shanghaiTime"] == 0
    assert config["qbft"] == {
        "blockperiodseconds": 2,
        "requesttimeoutseconds": 4,
        "epochlength": 30_000,
        "emptyblockperiodseconds": 0,
        "pertxgaslimit": 0,
    }
    assert made["alloc"] == {}
    assert made["gasLimit"] == "0x5f5e100"


def test_the_hash_depends_on_validators_and_gas_limit() -> None:
    first = genesis_hash(made_with(TOOLS_FOUR))
    assert first != genesis_hash(made_with(QUORUM_FOUR))
    assert first != genesis_hash(made_with(TOOLS_FOUR, gas_limit=90_000_000))
    # Rules that are no field of the block leave its hash alone: nodes would find out only later, so the files are compared instead.
    assert first == genesis_hash(made_with(TOOLS_FOUR, period_s=1))


def test_differences_are_told_by_field() -> None:
    assert differences(made_with(TOOLS_FOUR), made_with(TOOLS_FOUR)) == []
    told = differences(made_with(TOOLS_FOUR), made_with(TOOLS_FOUR[:3], period_s=1))
    assert told == [
        "config.qbft.blockperiodseconds: 2, wanted 1",
        "validators: 4 (0x07d8299d…, 0x475cc98b…, 0x4fe035ce…, 0xdc421209…), wanted 3 (0x07d8299d…, 0x475cc98b…, 0x4fe035ce…)",
    ]
