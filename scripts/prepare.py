"""``python -m scripts.prepare``: what an installation in containers needs once, safe to repeat: tables, first officers, contracts.

Its settings are those of the other processes (database, key-encryption key, secret of the tokens). The network's folder needs nodes.json, accounts.json
and accounts/; the contracts must be compiled (build/contracts). With jwt/private.pem it makes nodes that have just started connect at once. How the first officers sign in stands in logins.json of the installation's folder
afterwards, readable by the owner alone: let them change it, and remove the file.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from web3 import HTTPProvider, Web3

from backend.migrate import upgrade
from backend.settings import get_settings
from indexer.db import create_database_engine
from scripts import deployment
from scripts.besu.generate import read as read_network
from scripts.besu.introduce import gather
from scripts.stack import officers
from scripts.stack.home import Home


def prepare(home: Home) -> None:
    """Make what is missing. Raises RuntimeError, DeploymentFailedError."""
    settings = get_settings()
    os.environ["KAPITAL_DATABASE_URL"] = settings.database_url  # the officers' part reads it from there
    home.folder.mkdir(parents=True, exist_ok=True)
    adopt(home.folder / "kek.hex", settings.kek_file)
    secrets_dir = os.environ.get("KAPITAL_SECRETS_DIR")
    adopt(home.folder / "jwt-secret", Path(secrets_dir) / "kapital_jwt_secret" if secrets_dir else None)
    home.prepare()
    engine = create_database_engine(settings.database_url)
    upgrade(engine)
    engine.dispose()
    officers.make_officers(home)
    network = read_network(home.network) if home.network else None
    if network is not None:
        gather(network)
    deployment.deploy(
        Web3(HTTPProvider(home.rpc_url)),
        name=home.deployment_file.stem,
        key=(home.folder / "deployer.hex").read_text().strip(),
        officers=home.read("officers.json"),
        tax_account=home.read("tax.json")["address"],
        folder=home.deployments,
    )


def adopt(place: Path, secret: Path | None) -> None:
    """Let the installation use a mounted secret where it is: a link, never a copy."""
    if secret is not None and not place.exists():
        place.unlink(missing_ok=True)
        place.symlink_to(secret.resolve())


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 with the reason when it can't be done; it may be repeated."""
    parser = argparse.ArgumentParser(prog="python -m scripts.prepare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--network", type=Path, required=True, help="folder of the Besu network")
    parser.add_argument("--dir", type=Path, required=True, help="folder of the installation")
    options = parser.parse_args(arguments)
    home = Home(options.dir.resolve(), environment="production", network=options.network.resolve())
    try:
        prepare(home)
    except RuntimeError as error:
        print(f"prepare: {error}", file=sys.stderr)
        return 1
    print(f"prepared: contracts in {home.deployment_file}, officers in {home.folder / 'logins.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
