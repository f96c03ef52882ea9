"""Compile the Solidity contracts, and keep the ABI files that the Python packages read.

    python -m scripts.compile            all contracts to build/contracts/<Name>.json, skipped when nothing changed
    python -m scripts.compile PATH...    only what lies below these paths (and what they import), always
    python -m scripts.compile --abi      as the first, then rewrite indexer/abi/<Name>.json (committed files)
    python -m scripts.compile --check    as the first, then fail when a file of indexer/abi is stale

Compiler settings are those of ape-config.yaml, so ape and this program make the same code. Imports of
`@openzeppelin/contracts` come from node_modules. Each artifact holds contractName, sourceName, abi, bytecode,
deployedBytecode, immutableReferences, methodIdentifiers and storageLayout.
"""

import argparse
import fcntl
import hashlib
import json
import os
import re
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import solcx
import yaml
from solcx.exceptions import SolcError

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
ARTIFACTS = ROOT / "build" / "contracts"
ABI_FOLDER = ROOT / "indexer" / "abi"
DIGEST = ARTIFACTS / ".digest"
SOLCX = ROOT / "build" / "solcx"

# Deployed as it is, so it is compiled though none of our contracts inherits it.
ACCESS_MANAGER = "@openzeppelin/contracts/access/manager/AccessManager.sol"
IMPORT = re.compile(r"""^\s*import\s+(?:[^"';]*?\bfrom\s+)?["']([^"']+)["']\s*;""", re.MULTILINE)
OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode", "evm.methodIdentifiers", "storageLayout"]
# Contracts in these folders are no part of what is deployed, so they get no committed ABI.
NOT_DEPLOYED = ("contracts/mocks/", "contracts/interfaces/", "contracts/libraries/")
# The code of every library begins by pushing its own address, zero until it is deployed (Solidity's call protection).
LIBRARY_CODE = "0x73" + "00" * 20
# 6335: `at` becomes a keyword in some later compiler; the compiler's version is pinned and the word names a moment well
ACCEPTED_WARNINGS = {"6335"}

Artifact = dict[str, Any]


class CompilationError(Exception):
    """The compiler refused the sources; the message holds its diagnostics."""


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when compiled (and, with --check, when the committed ABI files are fresh)."""
    parser = argparse.ArgumentParser(prog="python -m scripts.compile", description="compile the contracts")
    parser.add_argument("paths", nargs="*", help="compile only what lies below these paths")
    parser.add_argument("--abi", action="store_true", help="rewrite indexer/abi")
    parser.add_argument("--check", action="store_true", help="fail when indexer/abi is stale")
    options = parser.parse_args(arguments)
    try:
        if options.paths:
            compile_some([Path(path).resolve() for path in options.paths])
        else:
            compile_all()
    except CompilationError as error:
        print(error, file=sys.stderr)
        return 1
    if options.abi:
        write_abi()
    return report_stale() if options.check else 0


# --- compiling -------------------------------------------------------------------------------------------------------


def compile_all() -> None:
    """Compile every contract unless sources and settings are those of the artifacts already there."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    with (ARTIFACTS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        roots = [source_name(path) for path in sorted(CONTRACTS.rglob("*.sol"))]
        request = compiler_input([*roots, ACCESS_MANAGER])
        digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        if DIGEST.exists() and DIGEST.read_text() == digest:
            return
        DIGEST.unlink(missing_ok=True)
        written = write_artifacts(run_compiler(request))
        for path in ARTIFACTS.glob("*.json"):
            if path.stem not in written:
                path.unlink()
        DIGEST.write_text(digest)
        print(f"compiled {len(written)} contracts")


def compile_some(paths: list[Path]) -> None:
    """Compile what lies below `paths`, leaving other artifacts alone; for work on one part while another is broken."""
    files = [file for path in paths for file in (sorted(path.rglob("*.sol")) if path.is_dir() else [path])]
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    written = write_artifacts(run_compiler(compiler_input([source_name(file) for file in files])))
    print(f"compiled {', '.join(sorted(written))}")


def source_name(path: Path) -> str:
    """The name under which the compiler knows a file of ours: its path from the project's root."""
    return path.relative_to(ROOT).as_posix()


def compiler_input(roots: list[str]) -> dict[str, Any]:
    """Standard JSON input for `roots` and everything they import."""
    sources: dict[str, dict[str, str]] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in sources:
            content = locate(name).read_text(encoding="utf-8")
            sources[name] = {"content": content}
            waiting += [imported(name, target) for target in IMPORT.findall(content)]
    selection = {root: {"*": OUTPUTS} for root in roots}
    return {"language": "Solidity", "sources": dict(sorted(sources.items())), "settings": settings(selection)}


def locate(name: str) -> Path:
    """File of a source name; CompilationError when there is none."""
    path = (ROOT / "node_modules" if name.startswith("@") else ROOT) / name
    if not path.is_file():
        raise CompilationError(f"{name}: no such source")
    return path


def imported(importer: str, target: str) -> str:
    """Source name of an import, resolved the way the compiler does."""
    if not target.startswith("."):
        return target
    return os.path.normpath(PurePosixPath(importer).parent / target)


def configuration() -> dict[str, Any]:
    """The section `solidity` of ape-config.yaml."""
    section = yaml.safe_load((ROOT / "ape-config.yaml").read_text(encoding="utf-8"))["solidity"]
    return dict(section)


def settings(selection: dict[str, Any]) -> dict[str, Any]:
    """Compiler settings in the words of standard JSON."""
    chosen = configuration()
    return {
        "optimizer": {"enabled": chosen["optimize"], "runs": chosen["optimization_runs"]},
        "evmVersion": chosen["evm_version"],
        "viaIR": chosen["via_ir"],
        "outputSelection": selection,
    }


def run_compiler(request: dict[str, Any]) -> dict[str, Any]:
    """Compiler output for `request`; warnings are printed, errors raise CompilationError."""
    os.environ.setdefault("SOLCX_BINARY_PATH", str(SOLCX))
    try:
        output: dict[str, Any] = solcx.compile_standard(request, solc_version=str(configuration()["version"]))
    except SolcError as error:
        raise CompilationError(error.message or str(error)) from error
    for diagnostic in output.get("errors", []):
        if diagnostic.get("errorCode") not in ACCEPTED_WARNINGS:
            print(diagnostic["formattedMessage"], file=sys.stderr)
    return output


def write_artifacts(output: dict[str, Any]) -> set[str]:
    """Write one file a contract and return the names; CompilationError when two contracts share a name."""
    written: set[str] = set()
    for source, contracts in sorted(output["contracts"].items()):
        for name, compiled in contracts.items():
            if name in written:
                raise CompilationError(f"{source}: a second contract named {name}")
            written.add(name)
            replace(ARTIFACTS / f"{name}.json", artifact(source, name, compiled))
    return written


def artifact(source: str, name: str, compiled: dict[str, Any]) -> Artifact:
    """What is kept of the compiler's output for one contract."""
    evm = compiled["evm"]
    return {
        "contractName": name,
        "sourceName": source,
        "abi": compiled["abi"],
        "bytecode": f"0x{evm['bytecode']['object']}",
        "deployedBytecode": f"0x{evm['deployedBytecode']['object']}",
        "immutableReferences": evm["deployedBytecode"].get("immutableReferences", {}),
        "methodIdentifiers": evm["methodIdentifiers"],
        "storageLayout": compiled.get("storageLayout", {}),
    }


def replace(path: Path, content: object) -> None:
    """Write JSON so that a reader at the same moment sees the old file or the new one, never half of it."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(path)


# --- ABI files -------------------------------------------------------------------------------------------------------


def deployed_abi() -> dict[str, str]:
    """Text of each ABI file, by contract name: our deployable contracts and the access manager."""
    texts: dict[str, str] = {}
    for path in sorted(ARTIFACTS.glob("*.json")):
        made: Artifact = json.loads(path.read_text(encoding="utf-8"))
        if is_deployed(made):
            texts[made["contractName"]] = json.dumps(made["abi"], indent=1, sort_keys=True) + "\n"
    return texts


def is_deployed(made: Artifact) -> bool:
    """Is this a contract that the platform deploys: neither abstract nor a library, mock or interface?"""
    code = str(made["deployedBytecode"])
    return code != "0x" and not code.startswith(LIBRARY_CODE) and not made["sourceName"].startswith(NOT_DEPLOYED)


def write_abi() -> None:
    """Make indexer/abi hold exactly the ABI files of the compiled contracts."""
    ABI_FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = deployed_abi()
    for path in ABI_FOLDER.glob("*.json"):
        if path.stem not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = ABI_FOLDER / f"{name}.json"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def stale_abi() -> list[str]:
    """Names of contracts whose committed ABI is missing, differs or has no contract any more."""
    wanted = deployed_abi()
    committed = {path.stem: path.read_text(encoding="utf-8") for path in ABI_FOLDER.glob("*.json")}
    return sorted(name for name in wanted.keys() | committed.keys() if wanted.get(name) != committed.get(name))


def report_stale() -> int:
    """Print what is stale; 1 when anything is."""
    stale = stale_abi()
    if stale:
        print(f"stale in indexer/abi: {', '.join(stale)}; run `make abi`", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
