"""Which address is which contract: the deployment file, and assets as the IssueRegistry deploys them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indexer.chain.abi import ASSET
from indexer.chain.errors import WrongDeployment

CONTRACTS = (
    "AccessManager",
    "FourEyes",
    "Participants",
    "Rubles",
    "IssueRegistry",
    "Placement",
    "Exchange",
    "Payouts",
    "Anchors",
)
"""What a deployment file must name."""


@dataclass
class AddressBook:
    """Contract names by lower-case address."""

    chain_id: int
    genesis_hash: str | None
    names: dict[str, str] = field(default_factory=dict)

    def name_of(self, address: str) -> str | None:
        """Contract at an address, None for a stranger."""
        return self.names.get(address)

    def address_of(self, contract: str) -> str:
        """Address of a contract that exists once. Raises KeyError."""
        for address, name in self.names.items():
            if name == contract:
                return address
        raise KeyError(contract)

    def add_asset(self, address: str) -> None:
        """Remember an asset that the registry has deployed."""
        self.names.setdefault(address, ASSET)


def load_deployment(path: Path) -> AddressBook:
    """Read ``{"chain_id", "genesis_hash"?, "contracts": {name: address}}``.

    Raises WrongDeployment when the file is missing, unreadable or incomplete; the message names the next step.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        chain_id = int(content.get("chain_id", content.get("chainId", 0)))
        contracts = {name: _address(entry) for name, entry in content["contracts"].items()}
    except FileNotFoundError as error:
        raise WrongDeployment(
            f"no deployment file {path}: deploy the contracts first, or set KAPITAL_DEPLOYMENT_FILE"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongDeployment(f"deployment file {path} is unreadable ({error!r}): deploy again") from error
    missing = [name for name in CONTRACTS if name not in contracts]
    if missing:
        raise WrongDeployment(f"deployment file {path} lacks {', '.join(missing)}: deploy again")
    genesis = content.get("genesis_hash", content.get("genesisHash"))
    names = {address: name for name, address in contracts.items() if name != ASSET}
    return AddressBook(chain_id, genesis.lower() if genesis else None, names)


def _address(entry: Any) -> str:
    return str(entry["address"] if isinstance(entry, dict) else entry).lower()
