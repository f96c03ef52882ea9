"""Settings of the backend, each with its meaning; read from the environment (prefix ``KAPITAL_``).

Outside development and demonstration the application refuses to start with a default secret.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from indexer.settings import Settings as IndexerSettings

DEVELOPMENT_SECRET = "development-only-secret-do-not-use"  # noqa: S105 - recognised and refused in production


class OidcClient(BaseModel):
    """A client at the external provider; ``secret`` is absent for a public client (PKCE alone)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    secret: str | None = None


class Settings(IndexerSettings):
    """Everything that an operator may set. Database, node and deployment are inherited from the indexer."""

    environment: Literal["development", "demo", "production"] = Field("development", description="Kind of installation")
    jwt_secret: str = Field(
        DEVELOPMENT_SECRET, description="Key that signs access tokens (HS256), 32 characters or more"
    )
    kek_file: Path | None = Field(None, description="File with the key-encryption key: 32 bytes in hexadecimal")
    kek: str | None = Field(None, description="The key-encryption key itself, hexadecimal, when there is no file")
    kek_previous_file: Path | None = Field(
        None,
        description="File with the key-encryption key before a rotation: accepted beside the new one until all is wrapped anew",
    )
    kek_previous: str | None = Field(None, description="The same as text, hexadecimal, when there is no file")
    clock: Literal["system", "chain"] = Field("system", description="Business time: the computer's or the chain's")
    files_dir: Path = Field(Path("var/files"), description="Folder of encrypted documents")
    public_url: str = Field("http://127.0.0.1:8000", description="Address of the portals as users type it")
    operator_name: str = Field("ООО «Капитал ОИС»", description="Name of the operator of the information system")
    nominal_account: str = Field("40701810300000000001", description="Number of the nominal account at the bank")
    nominal_bic: str = Field("044599987", description="БИК of the bank of the nominal account")
    smtp_url: str | None = Field(
        None, description="smtp://user:password@host:port; without it mail stays in the mailbox table"
    )
    oidc_issuer: str | None = Field(None, description="Address of an external OpenID Connect provider")
    oidc_client_id: str | None = Field(None, description="Client identifier at the provider")
    oidc_client_secret: str | None = Field(None, description="Client secret at the provider")
    oidc_clients: dict[str, OidcClient] = Field(
        {}, description='Clients of single portals instead, JSON: {"office": {"id": "...", "secret": "..."}}'
    )
    virus_scan_command: str | None = Field(
        None, description="Program that reads a document from standard input: 0 clean, 1 infected (clamdscan -)"
    )
    access_token_minutes: int = Field(15, description="Life of an access token, minutes")
    session_hours: int = Field(12, description="Life of a session, hours")
    worker_interval_s: float = Field(0.15, description="Pause of the worker between rounds, seconds")
    worker_metrics_port: int | None = Field(
        None, ge=0, le=65_535, description="Port of the worker's /metrics and /health; absent: none, 0: any"
    )
    key_store: Literal["embedded", "pkcs11", "web3signer"] = Field(
        "embedded",
        description="Where keys of new wallets are made: sealed in the database, in a device (HSM), in a Web3Signer",
    )
    pkcs11_module: Path | None = Field(None, description="PKCS#11 library of the device, e.g. libsofthsm2.so")
    pkcs11_token: str | None = Field(None, description="Label of the token in the device")
    pkcs11_pin_file: Path | None = Field(None, description="File with the user's PIN of the token")
    web3signer_url: str | None = Field(None, description="Address of the Web3Signer")
    web3signer_timeout_s: float = Field(
        5.0, gt=0, description="Longest wait for one signature of the Web3Signer, seconds"
    )
    sender_window: int = Field(
        100,
        ge=1,
        description="Transactions of one wallet on their way at once; below the node's limit (Besu layered pool: 200)",
    )
    sender_in_flight: int = Field(2500, ge=1, description="Transactions of all wallets on their way at once")
    sender_batch: int = Field(500, ge=1, description="Transactions that one round of the sender takes up")
    sender_lanes: int = Field(
        2,
        ge=1,
        le=16,
        description="Threads of the sender when more waits than a round takes; each has wallets of its own",
    )
    upload_max_bytes: int = Field(10 * 1024 * 1024, description="Largest document, bytes")
    uploads_per_case: int = Field(10, description="Documents in one application")

    payout_checkers: int = Field(1, description="Officers who must check an automatic calculation of a payout; 0: none")
    anchor_every_entries: int = Field(200, description="Journal entries after which their root is anchored on chain")
    anchor_every_minutes: int = Field(60, description="Minutes after which new journal entries are anchored anyway")
    besu_nodes_file: Path | None = Field(
        None, description="nodes.json of a permissioned Besu network; none: one node without permission lists"
    )
    network_check_every_s: float = Field(
        60.0, gt=0, description="Pause between comparisons of all nodes' permission lists with the wanted ones, seconds"
    )

    calendar_file: Path | None = Field(
        None,
        description="Demonstrations over a real clock only: JSON pairs of planned and real moments that issues' calendars are run through by",
    )

    @model_validator(mode="after")
    def _no_default_secret_in_production(self) -> Settings:
        if self.environment == "production":
            if self.jwt_secret == DEVELOPMENT_SECRET or len(self.jwt_secret) < 32:
                raise ValueError("KAPITAL_JWT_SECRET must be set to a secret of 32 characters or more")
            if self.kek_file is None and self.kek is None:
                raise ValueError("KAPITAL_KEK_FILE (or KAPITAL_KEK) must be set")
            if self.calendar_file is not None:
                raise ValueError(
                    "KAPITAL_CALENDAR_FILE is for demonstrations: in production issues keep their calendar"
                )
        return self


@lru_cache
def get_settings() -> Settings:
    """The settings of this process."""
    return Settings()
