"""The first officers and the contracts: wallets are made by custody, the deployment gives their addresses the roles and keeps none itself."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass

from web3 import HTTPProvider, Web3

from backend.accounts.service import OfficerSpec, bootstrap_officers
from backend.core.clock import clock_of
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.custody import service as custody
from backend.custody.importing import import_wallet
from backend.identity import service as identity
from backend.settings import Settings
from indexer.db import create_database_engine
from scripts import deployment
from scripts.besu.accounts import TAX, key_file
from scripts.compile import compile_all
from scripts.stack.home import Home
from scripts.stack.people import CHAIN_NAMES, PEOPLE, PROCESSES


@dataclass(frozen=True, slots=True)
class OfficerLogin:
    """How an officer signs in."""

    email: str
    password: str
    totp_secret: str
    portal: str


def make_officers(home: Home) -> dict[str, OfficerLogin]:
    """Make the officers (once) and write ``officers.json`` for the deployment; returns how they sign in."""
    logins = _logins(home)
    environment = home.environment_of_processes()
    names = {
        name.removeprefix("KAPITAL_").lower(): value
        for name, value in environment.items()
        if name.startswith("KAPITAL_")
    }
    settings = Settings.model_validate(names)
    engine = create_database_engine(settings.database_url)
    spec = [
        OfficerSpec(
            logins[key].email, name, logins[key].password, roles, logins[key].totp_secret, portal, _secret(home, key)
        )
        for key, name, roles, portal in PEOPLE
    ]
    with unit_of_work(engine) as session:
        ctx = Context(session=session, clock=clock_of("system"), actor=Actor.system("setup"), settings=settings)
        _, addresses = bootstrap_officers(ctx, spec)
        table = {CHAIN_NAMES[role]: list(found) for role, found in addresses.items()}
        for process, role in PROCESSES.items():
            if secret := _secret(home, process):
                import_wallet(ctx, "system", process, secret)
            table[role].append(custody.create_wallet(ctx, "system", process))
        tax = identity.ensure_system_participant(ctx, "TAX", _secret(home, TAX)).wallet
        _refuse_strangers(home, table, tax)
    engine.dispose()
    home.write("officers.json", table)
    home.write("tax.json", {"address": tax})
    return logins


def _secret(home: Home, name: str) -> bytes | None:
    """Private key that was made with the network for an officer or a process; None where custody makes it."""
    if home.network is None or not (path := key_file(home.network, name)).exists():
        return None
    return bytes.fromhex(path.read_text(encoding="utf-8").strip().removeprefix("0x"))


def _refuse_strangers(home: Home, table: dict[str, list[str]], tax: str) -> None:
    """RuntimeError when the installation's accounts aren't those that the network admits from its first block on."""
    if home.network is None:
        return
    known = json.loads((home.network / "accounts.json").read_text(encoding="utf-8"))
    admitted = {one.lower() for one in known["allowlist"]}
    strangers = {one.lower() for holders in table.values() for one in holders} | {tax.lower()}
    if missing := sorted(strangers - admitted):
        raise RuntimeError(
            f"the network in {home.network} doesn't admit accounts of this installation: {', '.join(missing)}. They were made for "
            "another network, or their keys are gone from its folder `accounts`: take a new folder (--dir), or name them in network.yaml"
        )


def deploy(home: Home) -> None:
    """Deploy the contracts, or finish an interrupted deployment: what ``ape run deploy`` does, without a second process.

    Raises DeploymentFailedError.
    """
    compile_all()
    deployment.deploy(
        Web3(HTTPProvider(home.rpc_url)),
        name=home.deployment_file.stem,
        key=(home.folder / "deployer.hex").read_text().strip(),
        officers=home.read("officers.json"),
        tax_account=home.read("tax.json")["address"],
        folder=home.deployments,
    )


def _logins(home: Home) -> dict[str, OfficerLogin]:
    kept = home.read("logins.json")
    if kept is None:
        kept = {
            key: {
                "email": f"{key}@kapital.example",
                "password": _password(home, key),
                "totp_secret": base64.b32encode(secrets.token_bytes(20)).decode(),
                "portal": portal.value,
            }
            for key, _, _, portal in PEOPLE
        }
        home.write("logins.json", kept)
    return {key: OfficerLogin(**one) for key, one in kept.items()}


def _password(home: Home, key: str) -> str:
    # Printed for the demonstration; made of this installation's own secret, so no two installations share one.
    secret = (home.folder / "jwt-secret").read_text()
    return "Kapital-" + hashlib.sha256(f"{secret}:{key}".encode()).hexdigest()[:12]
