"""`ape run deploy`: deploy the contracts to the network that ape connects to.

    ape run deploy --network ethereum:local:foundry --name local --officers officers.json \\
        --deployer-key-file key.hex --tax-account 0x…
    ape run deploy --network http://127.0.0.1:8545 --name pilot …

Can be repeated after a failure or a kill: it goes on where the earlier attempt stopped. All the work is in scripts/deployment.py.
"""

import json
from pathlib import Path

import click
from ape import networks
from ape.cli import ConnectedProviderCommand

from scripts import compile as contracts
from scripts.deployment import DEPLOYMENTS, DeploymentFailedError, deploy
from scripts.deployment_plan import PlanInvalidError


@click.command(cls=ConnectedProviderCommand, short_help="deploy the contracts, or finish an interrupted deployment")
@click.option("--name", required=True, help="name of the network; the file is besu-network/deployments/<name>.json")
@click.option(
    "--officers",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='JSON file: {"ADMINISTRATOR": ["0x…", "0x…"], "COMPLIANCE": […], …, "OPERATOR": ["0x…"]}',
)
@click.option(
    "--deployer-key-file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="file with the deployer's private key in hex; a key made for this deployment only",
)
@click.option("--tax-account", required=True, help="address that receives withheld tax")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEPLOYMENTS,
    help="where the file of addresses is written",
)
def cli(name: str, officers: Path, deployer_key_file: Path, tax_account: str, folder: Path) -> None:
    """Deploy the contracts, or finish an interrupted deployment."""
    contracts.compile_all()
    try:
        record = deploy(
            networks.provider.web3,
            name=name,
            key=deployer_key_file.read_text(encoding="ascii").strip(),
            officers=json.loads(officers.read_text(encoding="utf-8")),
            tax_account=tax_account,
            folder=folder,
        )
    except (PlanInvalidError, DeploymentFailedError) as error:
        raise click.ClickException(str(error)) from error
    for contract, address in record["contracts"].items():
        click.echo(f"{contract:<14} {address}")
    click.echo(
        f"deployed to chain {record['chain_id']} from block {record['deployed_block']}: {folder / f'{name}.json'}"
    )
