"""``--network``: what the platform runs over, and the folders that follow from it."""

from __future__ import annotations

import argparse
from pathlib import Path

from scripts.besu.find import BesuMissingError
from scripts.besu.generate import NetworkRefusedError, generate
from scripts.besu.processes import StartRefusedError
from scripts.besu.yaml_lines import ConfigInvalidError
from scripts.stack.home import ROOT

EMBEDDED, BESU = "embedded", "besu"
REFUSALS = (BesuMissingError, ConfigInvalidError, NetworkRefusedError, StartRefusedError)
"""What a network can have against starting; the messages say what to do."""


def add_choice(parser: argparse.ArgumentParser) -> None:
    """The options of ``make up`` and ``make demo``."""
    parser.add_argument(
        "--network", choices=[EMBEDDED, BESU], default=EMBEDDED, help="the register: embedded node or Besu"
    )
    parser.add_argument("--network-dir", type=Path, help="folder of the Besu network, made when it is missing")


def network_of(
    options: argparse.Namespace, default: Path, source: Path = ROOT / "besu-network" / "network.yaml"
) -> Path | None:
    """Folder of the network, made when there is none; None for the embedded node. Raises one of :data:`REFUSALS`."""
    if options.network == EMBEDDED:
        return None
    folder: Path = (options.network_dir or default).resolve()
    if not (folder / "nodes.json").exists():
        generate(source, folder)
    return folder
