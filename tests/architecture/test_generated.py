"""Generated files that are committed match what they are generated from."""

import pytest

from scripts import compile as contracts


@pytest.fixture(scope="module")
def compiled():
    """The contracts compiled with the present sources and settings (skipped by the compiler when nothing changed)."""
    contracts.compile_all()


@pytest.mark.usefixtures("compiled")
def test_committed_abi_files_are_fresh():
    assert contracts.stale_abi() == [], "run `make abi`"


def test_a_changed_abi_file_is_noticed(tmp_path, monkeypatch):
    made = {
        "contractName": "Coin",
        "sourceName": "contracts/cash/Coin.sol",
        "deployedBytecode": "0x60",
        "abi": [{"type": "x"}],
    }
    monkeypatch.setattr(contracts, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(contracts, "ABI_FOLDER", tmp_path / "abi")
    contracts.ARTIFACTS.mkdir()
    contracts.replace(contracts.ARTIFACTS / "Coin.json", made)
    assert contracts.stale_abi() == ["Coin"]
    contracts.write_abi()
    assert contracts.stale_abi() == []
    (contracts.ABI_FOLDER / "Coin.json").write_text("[]\n", encoding="utf-8")
    assert contracts.stale_abi() == ["Coin"]


def test_interfaces_mocks_and_libraries_get_no_abi_file(tmp_path, monkeypatch):
    monkeypatch.setattr(contracts, "ARTIFACTS", tmp_path)
    internal = f"0x73{'00' * 20}30146080"
    for folder, code in (
        ("mocks", "0x60"),
        ("libraries", "0x60"),
        ("interfaces", "0x"),
        ("cash", "0x"),
        ("issues", internal),
    ):
        made = {"contractName": folder, "sourceName": f"contracts/{folder}/X.sol", "deployedBytecode": code, "abi": []}
        contracts.replace(tmp_path / f"{folder}.json", made)
    assert contracts.deployed_abi() == {}


def test_ape_and_the_compile_script_pin_the_same_compiler(root):
    chosen = contracts.configuration()
    assert (root / f"build/solcx/solc-v{chosen['version']}").exists()
    assert contracts.settings({})["evmVersion"] == chosen["evm_version"] == "prague"
