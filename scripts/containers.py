"""What containers need beside the files of ``make network``: secrets as files for compose.yaml, objects for the Helm chart.

python -m scripts.containers secrets --dir var/compose
python -m scripts.containers kubernetes --dir var/kubernetes --database-url postgresql://kapital:…@postgres/kapital | kubectl apply -f -

Nothing that exists is overwritten. Secrets are readable by their owner alone, who must be KAPITAL_UID of compose.yaml. On Kubernetes they are
Secrets of the release's namespace: encrypt them at rest there, or put a vault in their place under the same names.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

SECRET_FILES: dict[str, Callable[[Path], str]] = {
    "postgres_password": lambda _: secrets.token_urlsafe(32),
    "keycloak_database_password": lambda _: secrets.token_urlsafe(32),
    "keycloak_admin_password": lambda _: secrets.token_urlsafe(24),
    "grafana_admin_password": lambda _: secrets.token_urlsafe(24),
    "kapital_database_url": lambda folder: (
        f"postgresql://kapital:{(folder / 'postgres_password').read_text().strip()}@postgres/kapital"
    ),
    "kapital_jwt_secret": lambda _: secrets.token_urlsafe(48),
    "kek": lambda _: secrets.token_hex(32),
}
"""Secrets of compose.yaml and how each is made, in this order."""
OF_PLATFORM = ("kapital_database_url", "kapital_jwt_secret", "kek")
DATA = ("postgres", "platform", "deployments", "prometheus", "grafana")
"""Folders that services write; they must exist, or the daemon would make them as root."""
NODE_FILES = ("key", "config.toml", "static-nodes.json", "permissions.toml")
COMMON_FILES = ("genesis.json", "nodes.json", "accounts.json", "jwt/public.pem")

app = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)
Folder = Annotated[Path, typer.Option("--dir", help="folder of the network, made by `make network`")]


@app.command("secrets")
def make_secrets(folder: Folder) -> None:
    """Make the secrets and data folders that are missing."""
    _require(folder)
    made = secret_files(folder / "secrets")
    for name in DATA:
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    typer.echo(f"{folder / 'secrets'}: {', '.join(made) or 'nothing'} made, {len(SECRET_FILES) - len(made)} kept")


@app.command()
def kubernetes(
    folder: Folder,
    database_url: Annotated[str, typer.Option(help="address of PostgreSQL as the pods see it, with its password")],
    namespace: Annotated[str, typer.Option(help="namespace of the release")] = "kapital",
) -> None:
    """Print the Secrets and the ConfigMap that the chart refers to, as YAML for `kubectl apply -f -`."""
    _require(folder)
    secret_files(folder / "secrets", {"kapital_database_url": lambda _: database_url})
    typer.echo(yaml.safe_dump_all(objects(folder, namespace), sort_keys=False, allow_unicode=True))


def secret_files(folder: Path, instead: dict[str, Callable[[Path], str]] | None = None) -> list[str]:
    """Make the files that are missing; their names."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    for name, make in {**SECRET_FILES, **(instead or {})}.items():
        if not (folder / name).exists():
            draft = folder / f".{name}"
            draft.touch(mode=0o600)
            draft.write_text(make(folder) + "\n")
            draft.rename(folder / name)
            made.append(name)
    return made


def objects(folder: Path, namespace: str) -> list[dict[str, Any]]:
    """Objects of a network and its platform: one Secret a node, so that no node can read another's key."""
    nodes = json.loads((folder / "nodes.json").read_text())["nodes"]
    names = [node["name"] for node in nodes]
    return [
        _object("ConfigMap", "kapital-network", namespace, {n.rpartition("/")[2]: folder / n for n in COMMON_FILES}),
        *(_object("Secret", f"{name}-files", namespace, _of_node(folder, name)) for name in names),
        _object("Secret", "kapital-platform", namespace, {name: folder / "secrets" / name for name in OF_PLATFORM}),
        _object("Secret", "kapital-rpc-jwt", namespace, {"private.pem": folder / "jwt/private.pem"}),
        _object(
            "Secret", "kapital-accounts", namespace, {one.name: one for one in sorted(folder.glob("accounts/*.key"))}
        ),
    ]


def _of_node(folder: Path, name: str) -> dict[str, Path]:
    return {file: folder / "nodes" / name / file for file in NODE_FILES}


def _object(kind: str, name: str, namespace: str, files: dict[str, Path]) -> dict[str, Any]:
    secret = kind == "Secret"
    text = {key: path.read_bytes() for key, path in files.items()}
    data = {key: base64.b64encode(one).decode() if secret else one.decode() for key, one in text.items()}
    labels = {"app.kubernetes.io/part-of": "kapital"}
    head: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
    }
    return {**head, **({"type": "Opaque"} if secret else {}), "data": data}


def _require(folder: Path) -> None:
    if not (folder / "nodes.json").exists():
        typer.echo(f'{folder} holds no network: make it first with `make network ARGS="--dir {folder} …"`', err=True)
        raise typer.Exit(2)


if __name__ == "__main__":
    app()
