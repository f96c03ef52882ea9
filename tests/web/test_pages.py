"""Whatever a role's menu and pages lead to opens; what belongs to another portal leads to the sign-in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from tests.web.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROLES = (
    "maria",
    "olga",
    "factory",
    "retail",
    "admin1",
    "kyc",
    "compliance1",
    "moderator1",
    "treasurer1",
    "registrar1",
    "actions1",
    "auditor",
    "regulator",
)
PORTALS = ("investor", "issuer", "office", "audit")
MOST_PAGES = 150
LINK = re.compile(r'<a [^>]*?href="([^"#]+)')
LIVE = re.compile(r'hx-get="([^"]+)"')
NAMED = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-fA-F]+|\d+")


def links(page: str, at: str) -> Iterator[str]:
    """Addresses of our own pages that a page leads to or is made of."""
    for found in (*LINK.findall(page), *LIVE.findall(page)):
        target = urljoin(at, html.unescape(found))
        if target.startswith("/") and not target.startswith(("//", "/static")) and "lang=" not in target:
            yield target


def shape(target: str) -> str:
    """One for all pages of a kind: identifiers become stars, of the query only the names of its fields stay."""
    parts = urlsplit(target)
    return NAMED.sub("*", parts.path) + "?" + ",".join(sorted(name for name, _ in parse_qsl(parts.query)))


def walk(client: httpx.Client, portal: str) -> dict[str, int]:
    """Every kind of page that the portal's home leads to, with its status; of the explorer what the portal's own pages lead to."""
    queue, seen, answers = [f"/{portal}"], set[str](), dict[str, int]()
    while queue and len(answers) < MOST_PAGES:
        target = queue.pop(0)
        if shape(target) in seen:
            continue
        seen.add(shape(target))
        answer = client.get(target)
        answers[target] = answer.status_code
        own = target.split("?")[0].split("/")[1] == portal
        if own and answer.is_success and "html" in answer.headers.get("content-type", ""):
            queue += [
                one for one in links(answer.text, target) if urlsplit(one).path.split("/")[1] in {portal, "audit"}
            ]
    return answers


@pytest.mark.parametrize("key", ROLES)
def test_every_page_that_a_role_is_led_to_opens(platform: Site, key: str) -> None:
    with platform.session(key) as client:
        answers = walk(client, platform.people[key].portal)
    print(key, len(answers), "pages")
    assert len(answers) > 3
    assert {path: status for path, status in answers.items() if status != httpx.codes.OK} == {}


@pytest.mark.parametrize("key", ["maria", "factory", "kyc", "auditor"])
def test_another_portal_asks_to_sign_in(platform: Site, key: str) -> None:
    with platform.session(key) as client:
        for portal in PORTALS[:3]:
            if portal != platform.people[key].portal:
                answer = client.get(f"/{portal}")
                assert answer.status_code == httpx.codes.SEE_OTHER
                assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("portal", PORTALS)
def test_nobody_enters_without_signing_in(platform: Site, portal: str) -> None:
    answer = httpx.get(f"{platform.url}/{portal}", trust_env=False, timeout=60)
    assert answer.status_code == httpx.codes.SEE_OTHER
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize(
    "path", ["/", "/login", "/register", "/registered", "/reset", "/confirm", "/dev/mail", "/dev/kitchen"]
)
def test_pages_for_anybody_open(platform: Site, path: str) -> None:
    assert httpx.get(platform.url + path, trust_env=False, timeout=60).status_code == httpx.codes.OK
