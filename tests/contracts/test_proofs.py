"""The symbolic proofs bite: a contract with a fault has a counterexample, the sound one has none."""

import shutil
from pathlib import Path

import pytest

from scripts.assurance import prove

ROOT = Path(__file__).resolve().parents[2]
PROOFS = "tests/contracts/proofs"

# name of the proof's file, what is proved, the source, what is broken there, and how
FAULTS = {
    "the proposer approves": (
        "FourEyes",
        "check_an_action_needs_two_different_officers",
        "contracts/access/FourEyes.sol",
        "if (msg.sender == proposer) revert ActionSameOfficer(id, proposer);",
        "",
    ),
    "a credit counts one kopek twice": (
        "Rubles",
        "check_credit",
        "contracts/cash/Rubles.sol",
        "_add(account, kopeks, toFrozen);\n\n        emit RublesCredited",
        "_add(account, kopeks + 1, toFrozen);\n\n        emit RublesCredited",
    ),
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_a_counterexample(tmp_path, fault):
    proof, name, source, sound, broken = FAULTS[fault]
    copy_project(tmp_path, proof)
    text = (tmp_path / source).read_text(encoding="utf-8")
    assert text.count(sound) == 1
    (tmp_path / source).write_text(text.replace(sound, broken), encoding="utf-8")

    done, output = prove.run(tmp_path, tmp_path / "build/prove", f"^{proof}Proof$", f"^{name}")

    assert [(one.name, one.passed) for one in done] == [(name, False)]
    assert "Counterexample" in output


def copy_project(place, proof):
    """What one proof needs, in a folder of its own."""
    shutil.copytree(ROOT / "contracts", place / "contracts")
    (place / PROOFS).mkdir(parents=True)
    for file in ("foundry.toml", "Symbolic.sol", f"{proof}.t.sol"):
        shutil.copy(ROOT / PROOFS / file, place / PROOFS)
    (place / "node_modules").symlink_to(ROOT / "node_modules")
    (place / "build").mkdir()
    (place / "build/solcx").symlink_to(ROOT / "build/solcx")
