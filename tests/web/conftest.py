"""A platform on which the demonstration has ended, its people, and a Chromium that notes everything that goes wrong in a page.

The demonstration takes minutes; ``KAPITAL_TEST_DEMO_DIR`` names the folder of one that runs already (``make demo``) and is used instead.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from scripts.demo import cast
from scripts.demo.stage import PASSWORD
from tests.web.moves import visit

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
DEMO_WITHIN_S = 900
STEP_S = 30
PATIENCE_MS = 60_000
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
INSTALL = f"no Chromium on PATH; install one: apt-get install chromium (looked for {', '.join(CHROMIUMS)})"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@dataclass(slots=True)
class Person:
    """Somebody who signs in. A code is used once (RFC 6238, 5.2), so each call gives the next one, waiting for it when need be."""

    email: str
    password: str
    portal: str
    totp: str | None = None
    last_step: int = 0
    cookies: list[dict[str, Any]] = field(default_factory=list)

    def code(self) -> str:
        """A code that nobody has used."""
        assert self.totp is not None
        step = max(int(time.time()) // STEP_S, self.last_step + 1)
        while step > int(time.time()) // STEP_S + 1:
            time.sleep(0.2)
        self.last_step = step
        return pyotp.TOTP(self.totp).generate_otp(step)


@dataclass(slots=True)
class Site:
    """Address, folder and people of the platform."""

    url: str
    folder: Path
    people: dict[str, Person]
    facts: dict[str, Any]

    def session(self, key: str) -> httpx.Client:
        """A signed-in client without a browser."""
        client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        for one in self.cookies(key):
            client.cookies.set(one["name"], one["value"], domain="127.0.0.1", path="/")
        return client

    def cookies(self, key: str) -> list[dict[str, Any]]:
        """The session of somebody, signed in by the form of the sign-in page; kept for the next time."""
        person = self.people[key]
        if not person.cookies:
            with httpx.Client(base_url=self.url, timeout=60, trust_env=False) as client:
                page = client.get("/login").text
                hidden = dict(re.findall(r'name="(csrf_token|idempotency_key|form_page)" value="([^"]*)"', page))
                fields = {**hidden, "email": person.email, "password": person.password, "next": ""}
                answer = client.post("/login", data={**fields, "code": person.code() if person.totp else ""})
                assert answer.status_code == httpx.codes.SEE_OTHER, f"{key} can't sign in: {answer.text[:2000]}"
                name = f"kapital_{person.portal}"
                person.cookies = [{"name": name, "value": client.cookies[name], "url": self.url}]
        return person.cookies

    def letter(self, email: str, path: str) -> str:
        """The link to ``path`` in the newest letter to somebody."""
        page = html.unescape(httpx.get(f"{self.url}/dev/mail", timeout=60, trust_env=False).text)
        for letter in page.split("<article")[1:]:
            found = re.search(rf'{path}\?token=[^\s"<]+', letter)
            if email in letter and found:
                return found.group(0)
        raise AssertionError(f"no letter with {path} for {email}")


@dataclass
class Desk:
    """A browser window of one person; what goes wrong in its pages is collected in ``faults``."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def watch(self) -> Desk:
        """Listen to the page."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", lambda answer: self._answered(answer.status, answer.url))
        return self

    def go(self, path: str) -> Page:
        """Open a page and wait until its live parts have come."""
        answer = visit(self.page, self.url + path)
        assert answer.status == httpx.codes.OK, f"{path}: {answer.status}"
        return self.settle()

    def settle(self) -> Page:
        """Until nothing is a grey placeholder."""
        expect(self.page.locator(".kp-skeleton")).to_have_count(0)
        return self.page

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page, from top to bottom as if the window were that high."""
        self.settle()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        window = self.page.viewport_size or WIDE
        height = self._measure("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": window["width"], "height": max(height, window["height"])})
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")
        self.page.set_viewport_size(window)

    def shoot_narrow(self, name: str) -> None:
        """The page on a telephone: a picture, and nothing sticks out to the right."""
        self.page.set_viewport_size(NARROW)
        self.shoot(f"{name}-390")
        assert self.overhang() <= 0, f"{self.page.url} is {self.overhang()} px wider than a telephone"
        self.page.set_viewport_size(WIDE)

    def overhang(self) -> int:
        """By how many pixels the page is wider than the window."""
        return self._measure("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def check(self) -> None:
        """Fail with everything that went wrong."""
        assert not self.faults, "\n".join(self.faults)

    def _measure(self, expression: str) -> int:
        """A number of pixels; asked again when a live part loads the page anew just then."""
        while True:
            try:
                return int(self.page.evaluate(expression))
            except PlaywrightError as error:
                if "Execution context was destroyed" not in str(error):
                    raise

    def _console(self, message: ConsoleMessage) -> None:
        # The browser itself reports answers of 4xx; _answered judges them.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"{self.page.url}: console: {message.text}")

    def _failed(self, request: Request) -> None:
        # A page that is left or loaded anew ends what it was asking for; files of the browser's own viewer of PDFs aren't ours.
        if request.url.startswith(self.url) and request.failure != "net::ERR_ABORTED":
            self.faults.append(f"{self.page.url}: {request.method} {request.url}: {request.failure}")

    def _answered(self, status: int, url: str) -> None:
        if status >= httpx.codes.BAD_REQUEST and status not in self.expected:
            self.faults.append(f"{self.page.url}: {url} answered {status}")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole platform after the demonstration's last step."""
    running = os.environ.get("KAPITAL_TEST_DEMO_DIR")
    if running:
        yield read_site(Path(running))
        return
    folder = tmp_path_factory.mktemp("browser") / "demo"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAPITAL_")}
    log = folder.with_suffix(".log")
    with log.open("w") as output:
        command = [sys.executable, "-m", "scripts.demo", "--dir", str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            deadline = time.monotonic() + DEMO_WITHIN_S
            while not (folder / "finished").exists():
                assert process.poll() is None, f"the demonstration failed:\n{log.read_text()[-4000:]}"
                assert time.monotonic() < deadline, f"the demonstration takes too long:\n{log.read_text()[-2000:]}"
                time.sleep(0.2)
            yield read_site(folder)
        finally:
            process.terminate()
            process.wait(60)


def read_site(folder: Path) -> Site:
    """People and address of a demonstration from its folder."""
    facts = json.loads((folder / "progress.json").read_text())["facts"]
    used = int(time.time()) // STEP_S + 1  # the demonstration has just used codes of its own
    people = {
        key: Person(one["email"], one["password"], one["portal"], one["totp_secret"], used)
        for key, one in json.loads((folder / "logins.json").read_text()).items()
    }
    for actor in cast.ALL:
        people[actor.key] = Person(actor.email, PASSWORD, actor.portal, facts[f"totp:{actor.key}"], used)
    port = (folder / "web-port").read_text().strip()
    return Site(f"http://127.0.0.1:{port}", folder, people, facts)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine; without one the test is passed over, on the build server it fails."""
    found = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture
def open_desk(platform: Site, chromium: Browser) -> Iterator[Callable[..., Desk]]:
    """Opens windows: ``open_desk()`` for a visitor, ``open_desk("maria")`` signed in. At the end nothing may have gone wrong in any."""
    with windows(platform, chromium) as open_one:
        yield open_one


@contextmanager
def windows(site: Site, chromium: Browser) -> Iterator[Callable[..., Desk]]:
    """Gives the opener of windows of a site; closes them and judges what went wrong in them."""
    contexts: list[BrowserContext] = []
    desks: list[Desk] = []

    def open_one(key: str = "") -> Desk:
        context = chromium.new_context(
            viewport=WIDE, locale="ru-RU", timezone_id="Europe/Moscow", reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        if key:
            context.add_cookies(site.cookies(key))
        contexts.append(context)
        desks.append(Desk(context.new_page(), site.url).watch())
        return desks[-1]

    try:
        yield open_one
    finally:
        for context in contexts:
            context.close()
    for desk in desks:
        desk.check()
