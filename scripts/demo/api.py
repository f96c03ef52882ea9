"""A user of the JSON API. Every POST carries an idempotency key, so it may be repeated when the server was killed in the middle."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyotp

WAIT_S = 150.0
PAUSE_S = 0.1
CODE_ATTEMPTS = 3


class ApiRefusedError(Exception):
    """The API said no; ``code`` and ``detail`` as in RFC 9457, ``fields`` the fields that it names."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.body = body
        self.fields = [one.get("field") for one in body.get("problems", body.get("errors", []))]
        super().__init__(f"{status} {self.code}: {body.get('detail') or body.get('title')} {self.fields or ''}")


class WaitedTooLongError(Exception):
    """What was waited for did not come."""


@dataclass(slots=True)
class User:
    """Somebody who signs in. ``totp`` is the base-32 secret of the second factor, once there is one."""

    url: str
    email: str
    password: str
    portal: str
    totp: str | None = None
    token: str | None = None
    last_code_step: int = 0
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))

    def get(self, path: str, **params: Any) -> Any:
        """GET under /api/v1."""
        return self._ask("GET", path, params=params)

    def post(
        self, path: str, key: str, json: Any = None, files: Any = None, data: Any = None, method: str = "POST"
    ) -> Any:
        """POST (or PUT) under /api/v1; ``key`` names the act, the same at every repetition."""
        headers = {"Idempotency-Key": f"{self.email}:{key}"[:100]}
        return self._ask(method, path, json=json, files=files, data=data, headers=headers)

    def sign_in(self) -> None:
        """Get a token; with the second factor when there is one."""
        body: dict[str, Any] = {"email": self.email, "password": self.password, "portal": self.portal}
        self.token = self._with_code("auth/login", {}, body, "totp")["access_token"]

    def enrol(self) -> str:
        """Turn a second factor on; the secret."""
        offered = self.post("auth/totp", f"totp:{time.time_ns()}")
        self.totp = str(offered["secret"])
        try:
            self.post("auth/totp/confirm", f"totp-confirm:{time.time_ns()}", json={"code": self.code()})
        except ApiRefusedError:
            if not self.get("auth/me")["second_factor"]:
                raise
        return self.totp

    def code(self) -> str:
        """A code that was not used before: of this half minute, of the next one, or waited for."""
        if self.totp is None:
            raise ValueError(f"{self.email} has no second factor")
        now = int(time.time()) // 30
        step = max(now - 1, self.last_code_step + 1)
        while step > int(time.time()) // 30 + 1:
            time.sleep(PAUSE_S)
        self.last_code_step = step
        return pyotp.TOTP(self.totp).generate_otp(step)

    def wait(self, path: str, until: Callable[[Any], bool], what: str, **params: Any) -> Any:
        """Ask again and again until the answer satisfies; a refusal is an answer that doesn't."""
        deadline = time.monotonic() + WAIT_S
        seen: Any = None
        while time.monotonic() < deadline:
            try:
                seen = self.get(path, **params)
                if until(seen):
                    return seen
            except ApiRefusedError as error:
                seen = error
            time.sleep(PAUSE_S)
        raise WaitedTooLongError(f"{what}: last answer {str(seen)[:600]}")

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        if self.token is None:
            self.sign_in()
        headers = request.pop("headers", {})
        for _ in range(4):
            try:
                return self._send(method, path, {**headers, "Authorization": f"Bearer {self.token}"}, **request)
            except ApiRefusedError as error:
                if error.code == "step_up_required":
                    self._step_up()
                elif error.status == httpx.codes.UNAUTHORIZED:
                    self.sign_in()
                else:
                    raise
        raise WaitedTooLongError(f"{method} {path}: signing in again and again")

    def _step_up(self) -> None:
        self._with_code("auth/step-up", {"Authorization": f"Bearer {self.token}"}, {}, "code")

    def _with_code(self, path: str, headers: dict[str, str], body: dict[str, Any], field_name: str) -> Any:
        # A code counts once: when the answer was lost with a killed server, the code may be spent, and the next one is tried.
        for attempt in range(CODE_ATTEMPTS):
            try:
                return self._send("POST", path, headers, json={**body, field_name: self.code()} if self.totp else body)
            except ApiRefusedError as error:
                if error.code != "code_wrong" or attempt == CODE_ATTEMPTS - 1:
                    raise
        raise WaitedTooLongError(path)

    def _send(self, method: str, path: str, headers: dict[str, str], **request: Any) -> Any:
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                answer = self.http.request(method, f"{self.url}/api/v1/{path}", headers=headers, **request)
            except httpx.TransportError as error:
                # The web process was killed: it comes back, and the key makes the repetition safe.
                if time.monotonic() > deadline:
                    raise WaitedTooLongError(f"{method} {path}: {error}") from error
                time.sleep(PAUSE_S)
                continue
            if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR and time.monotonic() < deadline:
                time.sleep(PAUSE_S)
                continue
            body = answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else {}
            if answer.is_error:
                raise ApiRefusedError(answer.status_code, body)
            return body
