"""Signing in through an external provider: a small but real one, on a loopback port, that checks PKCE and signs with RS256."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient
from jose import jwk, jwt

from backend.accounts import service as accounts
from backend.accounts.service import Portal
from backend.core.permissions import Role
from backend.settings import OidcClient, Settings
from tests.backend.conftest import PASSWORD, make_user

CLIENT = "kapital-portals"


@dataclass
class Provider:
    """What the provider will say, and what it remembers."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    signing_key: rsa.RSAPrivateKey | None = None

    def pem(self, key: rsa.RSAPrivateKey) -> bytes:
        no_password = serialization.NoEncryption()
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)

    def public_keys(self) -> dict[str, Any]:
        public = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {"keys": [{**jwk.construct(public, "RS256").to_dict(), "kid": "1", "use": "sig"}]}

    def approve(self, address: str) -> str:
        """The user agrees: the address that the browser is sent back to."""
        asked = {name: texts[0] for name, texts in parse_qs(urlsplit(address).query).items()}
        assert asked["code_challenge_method"] == "S256"
        self.codes["the-code"] = asked
        back = urlsplit(asked["redirect_uri"])
        return f"{back.path}?code=the-code&state={asked['state']}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if asked is None or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": form["client_id"],
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 60,
            **self.claims,
        }
        key = self.pem(self.signing_key or self.key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": jwt.encode(claims, key, "RS256", {"kid": "1"})}


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            endpoints = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            configuration = {"issuer": found.url, **{name: found.url + path for name, path in endpoints.items()}}
            self.answer(200, found.public_keys() if self.path == "/keys" else configuration)

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tokens = found.token({name: texts[0] for name, texts in parse_qs(text).items()})
            self.answer(200 if tokens else 400, tokens or {"error": "invalid_grant"})

        def answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(settings: Settings, provider: Provider) -> Settings:
    return settings.model_copy(update={"oidc_issuer": provider.url, "oidc_client_id": CLIENT})


def come_back(client: TestClient, provider: Provider, **claims: Any) -> Any:
    provider.claims = {"sub": "42", "email": "olga@example.ru", "email_verified": True, "name": "Ольга", **claims}
    started = client.get("/oidc/start?portal=issuer&next=/issuer/profile")
    assert started.status_code == 303
    return client.get(provider.approve(started.headers["location"]))


def test_a_new_person_is_registered_without_rights_and_signed_in(client: TestClient, provider: Provider) -> None:
    answer = come_back(client, provider)
    assert answer.headers["location"] == "/issuer/profile"
    home = client.get("/issuer/profile")
    assert "olga@example.ru" in home.text
    assert "Роли ещё не выданы" in home.text


def test_the_same_person_comes_back_as_the_same_user(
    client: TestClient, provider: Provider, system_ctx: Callable[[], Any]
) -> None:
    come_back(client, provider)
    come_back(client, provider, email="new-address@example.ru")
    with system_ctx() as ctx:
        found = accounts.account_by_email(ctx, "olga@example.ru")
        assert found is not None
        assert found.portal == Portal.ISSUER
        assert accounts.account_by_email(ctx, "new-address@example.ru") is None


def test_an_officer_is_linked_by_a_verified_address_and_needs_a_strong_method(
    client: TestClient, provider: Provider, system_ctx: Callable[[], Any]
) -> None:
    with system_ctx() as ctx:
        officer = make_user(ctx, (Role.TREASURER,))
    come_back(client, provider, email=officer.email)
    assert client.get("/office").headers["location"].startswith("/office/profile/totp")
    come_back(client, provider, email=officer.email, amr=["pwd", "otp"])
    assert client.get("/office").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [{"email_verified": False}, {"nonce": "another"}, {"aud": "another"}, {"iss": "http://evil.example"}, {"exp": 1}],
    ids=["address not verified", "replayed nonce", "other audience", "other issuer", "expired"],
)
def test_a_token_that_does_not_fit_is_refused(client: TestClient, provider: Provider, claims: dict[str, Any]) -> None:
    answer = come_back(client, provider, **claims)
    assert answer.status_code == 401
    assert client.get("/issuer").headers["location"].startswith("/login")


def test_a_token_signed_by_another_key_is_refused(client: TestClient, provider: Provider) -> None:
    provider.signing_key = rsa.generate_private_key(65537, 2048)
    assert come_back(client, provider).status_code == 401


def test_a_portal_may_have_a_client_of_its_own(client: TestClient, provider: Provider) -> None:
    state = client.app.state  # type: ignore[attr-defined]  # the ASGI app is ours
    own = {"office": OidcClient(id="kapital-office", secret="s3cret")}
    state.settings = state.settings.model_copy(update={"oidc_clients": own})
    asked = [client.get(f"/oidc/start?portal={portal}").headers["location"] for portal in ("office", "investor")]
    assert [parse_qs(urlsplit(one).query)["client_id"] for one in asked] == [["kapital-office"], [CLIENT]]


def test_a_token_made_for_another_portals_client_is_refused(client: TestClient, provider: Provider) -> None:
    state = client.app.state  # type: ignore[attr-defined]  # the ASGI app is ours
    own = {"issuer": OidcClient(id="kapital-issuer")}
    state.settings = state.settings.model_copy(update={"oidc_clients": own})
    assert come_back(client, provider, aud=CLIENT).status_code == 401
    assert come_back(client, provider).headers["location"] == "/issuer/profile"


def test_the_sign_in_of_a_page_leads_to_the_provider_with_the_portal_of_that_page(client: TestClient) -> None:
    assert "/oidc/start?portal=office&amp;next=/office/cases" in client.get("/login?next=/office/cases").text


def test_a_foreign_state_is_refused(client: TestClient, provider: Provider) -> None:
    client.get("/oidc/start")
    assert client.get("/oidc/callback?code=the-code&state=forged").status_code == 401


def test_a_provider_that_does_not_answer_is_named(client: TestClient) -> None:
    state = client.app.state  # type: ignore[attr-defined]  # the ASGI app is ours
    state.settings = state.settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:1"})
    answer = client.get("/oidc/start")
    assert answer.status_code == 401
    assert "служба входа" in answer.text.casefold()


def test_the_password_still_works_beside_the_provider(client: TestClient, system_ctx: Callable[[], Any]) -> None:
    with system_ctx() as ctx:
        spec = accounts.OfficerSpec("p@example.ru", "Павел", PASSWORD, (Role.INVESTOR,), portal=Portal.INVESTOR)
        accounts.bootstrap_officers(ctx, [spec])
    answer = client.post("/api/v1/auth/login", json={"email": "p@example.ru", "password": PASSWORD})
    assert answer.status_code == 200
    assert "организации" in client.get("/login").text
