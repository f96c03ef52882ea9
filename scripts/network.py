"""``make network``: a Besu network of this project: its files, its processes on this machine.

make network                              make the files in var/besu from besu-network/network.yaml (again: brings them up to date)
make network ARGS="--validators 7 --dir var/seven"
make network ARGS=start                   run the nodes until Ctrl-C; those that die are started again
make network ARGS="start --detach"        the same in the background; `stop` ends it
make network ARGS=status                  heights, peers, rounds
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from indexer.chain.proofs import seals_of
from scripts.besu import find, generate, processes
from scripts.besu.find import BesuMissingError
from scripts.besu.generate import Network, NetworkRefusedError
from scripts.besu.nodes import Node
from scripts.besu.processes import Running, StartRefusedError
from scripts.besu.rpc import NodeRefusesError, NodeSilentError, call, peers
from scripts.besu.yaml_lines import ConfigInvalidError
from scripts.deployment_plan import PlanInvalidError
from scripts.stack.ending import Ended, Ending
from scripts.stack.home import ROOT

TEND_EVERY_S = 0.5
STOPPED_WITHIN_S = 120.0
REFUSALS = (ConfigInvalidError, NetworkRefusedError, PlanInvalidError, BesuMissingError, StartRefusedError, ValueError)

Folder = Annotated[Path, typer.Option("--dir", help="folder of the network")]
VAR = Path("var/besu")
app = typer.Typer(
    add_completion=False, no_args_is_help=False, help=(__doc__ or "").splitlines()[0], rich_markup_mode=None
)


@app.command("generate")
def make(
    config: Annotated[Path, typer.Option(help="what to make it from")] = ROOT / "besu-network" / "network.yaml",
    folder: Folder = VAR,
    validators: Annotated[int | None, typer.Option(help="so many validators instead of the file's")] = None,
) -> None:
    """Make what is missing and bring the rest up to date; keys are never overwritten."""
    network = generate.generate(config, folder.resolve(), validators)
    print(
        f"{network.folder}: chain {network.chain_id}, {len(network.validators)} validators, genesis {network.genesis_hash}"
    )
    for node in network.nodes:
        print(f"  {node.name:<14} {node.address}  {node.rpc_url}")


@app.command()
def start(
    folder: Folder = VAR,
    detach: Annotated[bool, typer.Option("--detach", help="go on in the background")] = False,
) -> None:
    """Run all nodes and start again those that die, until Ctrl-C or `stop`."""
    network = generate.read(folder.resolve())
    besu = find.find()
    if detach:
        _detach(network)
        return
    print(besu.text + (f"\nwarning: {besu.warning}" if besu.warning else ""), flush=True)
    running = Running(network, besu, ending=Ending())
    running.ending.listen()
    try:
        running.start()
        print(f"ready: {network.entry.rpc_url}", flush=True)
        while True:
            time.sleep(TEND_EVERY_S)
            for name in running.tend():
                print(f"{name} had ended; started again", flush=True)
    except Ended:
        return
    finally:
        running.stop()


@app.command()
def stop(folder: Folder = VAR) -> None:
    """End the nodes that `start` runs, and wait for them."""
    network = generate.read(folder.resolve())
    watcher = processes.running_pids(network).get("watcher")
    if watcher is None:
        print("no nodes run")
        return
    os.kill(watcher, signal.SIGTERM)
    deadline = time.monotonic() + STOPPED_WITHIN_S
    while processes.running_pids(network):
        if time.monotonic() > deadline:
            raise StartRefusedError(f"process {watcher} doesn't end")
        time.sleep(TEND_EVERY_S)
    print("ended")


@app.command()
def status(folder: Folder = VAR) -> None:
    """What each node says of itself; exit code 1 when one is silent or another chain's."""
    network = generate.read(folder.resolve())
    table = Table("Node", "Role", "Process", "Block", "Peers", "Sealed by", "Round", "Chain")
    pids, sound = processes.running_pids(network), True
    for node in network.nodes:
        cells, right = _row(network, node)
        sound = sound and right
        table.add_row(node.name, node.role, str(pids.get(node.name) or ""), *cells)
    Console(width=130).print(table)
    raise typer.Exit(0 if sound else 1)


def _row(network: Network, node: Node) -> tuple[list[str], bool]:
    try:
        head = call(node.rpc_url, "eth_getBlockByNumber", "latest", False)
        first = call(node.rpc_url, "eth_getBlockByNumber", "0x0", False)["hash"]
        connected = peers(node.rpc_url)
    except (NodeSilentError, NodeRefusesError) as error:
        return ["", "", "", "", str(error)[:60]], False
    seals = seals_of(head)
    sealed = f"{len(set(seals.signers))} of {len(seals.validators)}" if seals else ""
    right = first == network.genesis_hash
    cells = [str(int(head["number"], 16)), str(connected), sealed, str(seals.round) if seals else ""]
    return [*cells, "ours" if right else f"another: {first[:12]}…"], right


def _detach(network: Network) -> None:
    """Run `start` in a session of its own and wait until it is ready or has failed."""
    if processes.running_pids(network):
        raise processes.run_by_another(network)  # before its log is emptied
    log = network.folder / "network.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "scripts.network", "start", "--dir", str(network.folder)]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    while process.poll() is None:
        if "ready: " in (said := log.read_text(errors="replace")):
            print(said.strip())
            process.returncode = 0  # it outlives us on purpose, and isn't waited for
            return
        time.sleep(TEND_EVERY_S)
    raise StartRefusedError(log.read_text(errors="replace").strip())


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 with the reason for a refusal; without a command: generate."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or (given[0].startswith("-") and given[0] != "--help"):
        given = ["generate", *given]
    try:
        answer = app(given, standalone_mode=False, prog_name="make network")
    except REFUSALS as error:
        print(error, file=sys.stderr)
        return 1
    except typer.Exit as ended:
        return ended.exit_code
    return int(answer or 0)


if __name__ == "__main__":
    sys.exit(main())
