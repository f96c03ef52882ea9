"""Templates: the environment, its filters, and what every page is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse

from backend.core.clock import to_msk
from backend.core.context import Actor
from backend.core.ids import new_id
from backend.core.money import MICRO
from backend.settings import Settings
from backend.web import i18n, security
from backend.web.labels import label
from backend.web.nav import FACES, current_entry, menu_of

FOLDER = Path(__file__).parent
NARROW_SPACE, NO_BREAK_SPACE = "\u202f", "\u00a0"
THEMES = ("light", "dark")
_MONTHS_RU = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
]
_MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@lru_cache
def environment() -> Environment:
    """The one environment; an unknown variable is an error, never an empty text."""
    env = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_callables(i18n.gettext, _ngettext, newstyle=False)  # type: ignore[attr-defined]  # by the extension
    by_language: dict[str, Callable[..., str]] = {
        "money": money,
        "units": units,
        "moment": moment,
        "day": day,
        "long_day": long_day,
        "percent": percent,
    }
    env.filters.update({name: _at_each_page(value) for name, value in by_language.items()})
    env.filters.update(short=short, device=device, as_read=as_read)
    env.filters["urlencode_with"] = urlencode_with
    env.globals.update(label=label, plural=i18n.plural, new_key=new_id, faces=FACES, static=static_url)
    return env


def _at_each_page(value: Callable[..., str]) -> Callable[..., str]:
    """A filter whose result depends on the language: it must not be computed when the template is compiled."""

    @pass_context
    def filtered(_context: Context, *args: Any, **options: Any) -> str:
        return value(*args, **options)

    return filtered


def _ngettext(one: str, many: str, number: int) -> str:
    return i18n.gettext(one if number == 1 else many)


# --- filters ---------------------------------------------------------------------------------------------------------


def money(kopeks: int | Decimal | None, sign: bool = True) -> str:
    """Kopeks as people read rubles: 1 234 567,89 ₽ (English: 1,234,567.89 ₽)."""
    if kopeks is None:
        return "—"
    whole, part = divmod(abs(int(kopeks)), 100)
    minus = "−" if kopeks < 0 else ""
    text = f"{whole:,}"
    text = f"{text}.{part:02d}" if _english() else f"{text.replace(',', NO_BREAK_SPACE)},{part:02d}"
    return f"{minus}{text}{NO_BREAK_SPACE}₽" if sign else f"{minus}{text}"


def unit_rate(micro: int | None) -> str:
    """Millionths of a kopek a unit as rubles with all decimals that they have, two at least: 17,84 ₽, 0,012345 ₽."""
    if micro is None:
        return "—"
    kopeks, rest = divmod(micro, MICRO)
    more = f"{rest:06d}".rstrip("0")
    return f"{money(kopeks, sign=False)}{more}{NO_BREAK_SPACE}₽"


def units(number: int | None) -> str:
    """A whole number with its thousands apart."""
    if number is None:
        return "—"
    text = f"{abs(number):,}"
    return ("−" if number < 0 else "") + (text if _english() else text.replace(",", NO_BREAK_SPACE))


def percent(value: Decimal | int | str | None, places: int = 2) -> str:
    """A percentage such as 14,50 %."""
    if value is None:
        return "—"
    text = f"{Decimal(value):.{places}f}"
    return f"{text}%" if _english() else f"{text.replace('.', ',')}{NO_BREAK_SPACE}%"


def moment(value: datetime | int | None, seconds: bool = False) -> str:
    """A moment in Moscow time, marked so: 21.11.2026, 10:15 МСК. Whole numbers are seconds since 1970."""
    if value is None:
        return "—"
    at = datetime.fromtimestamp(value, UTC) if isinstance(value, int) else value
    zone = "MSK" if _english() else "МСК"
    return f"{to_msk(at).strftime('%d.%m.%Y, %H:%M:%S' if seconds else '%d.%m.%Y, %H:%M')}{NO_BREAK_SPACE}{zone}"


def day(value: date | datetime | None) -> str:
    """A Moscow day: 21.11.2026."""
    if value is None:
        return "—"
    return (to_msk(value) if isinstance(value, datetime) else value).strftime("%d.%m.%Y")


def as_read(text: str) -> str:
    """A date of a form (ISO 8601) as people read it; any other text as it is."""
    try:
        return day(date.fromisoformat(text)) if len(text) == 10 and text[4] == text[7] == "-" else text
    except ValueError:
        return text


def long_day(value: date | datetime | None) -> str:
    """A Moscow day in words: 21 ноября 2026."""
    if value is None:
        return "—"
    found = to_msk(value) if isinstance(value, datetime) else value
    months = _MONTHS_EN if _english() else _MONTHS_RU
    return f"{found.day}{NO_BREAK_SPACE}{months[found.month - 1]} {found.year}"


def short(text: str | None, head: int = 8, tail: int = 6) -> str:
    """A hash or address cut in the middle."""
    if not text:
        return "—"
    return text if len(text) <= head + tail + 1 else f"{text[:head]}…{text[-tail:]}"


_BROWSERS = (
    ("Edg/", "Edge"),
    ("YaBrowser", "Яндекс Браузер"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """Browser and system of a user agent, as people call them."""
    found = [next((name for mark, name in table if mark in agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in found if name) or agent[:40]


def urlencode_with(query: Mapping[str, str], **changes: Any) -> str:
    """The address's query with some values changed; the switch of language is not carried along."""
    kept = {key: value for key, value in query.items() if key not in {"lang", "format"}}
    return urlencode({**kept, **{key: str(value) for key, value in changes.items()}})


def _english() -> bool:
    return i18n.current_lang.get() == "en"


@lru_cache
def static_url(path: str) -> str:
    """Address of one of our files with its age, so that a browser takes the new one after an update."""
    file = FOLDER / "static" / path
    return f"/static/{path}?{int(file.stat().st_mtime):x}" if file.exists() else f"/static/{path}"


# --- pages -----------------------------------------------------------------------------------------------------------


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page with the shell around it."""
    shell = shell_of(request)
    content = environment().get_template(template).render(**{**shell, **context})
    response = HTMLResponse(content, status)
    settings: Settings = request.app.state.settings
    if shell["visitor"] and security.ANONYMOUS_COOKIE not in request.cookies:
        security.set_cookie(response, settings, security.ANONYMOUS_COOKIE, shell["visitor"])
    if shell["toast"]:
        response.delete_cookie(security.TOAST_COOKIE, path="/")
    return response


def shell_of(request: Request) -> dict[str, Any]:
    """What every template may use."""
    settings: Settings = request.app.state.settings
    portal: str = getattr(request.state, "portal", "") or ""
    actor: Actor | None = getattr(request.state, "actor", None)
    visitor = visitor_of(request)
    subject = actor.session_id if actor is not None and actor.session_id else visitor
    # A part that reloads itself, perhaps of the page that is being left, must not take away what the next page has to say.
    toast = None if request.headers.get("HX-Request") else request.cookies.get(security.TOAST_COOKIE)
    return {
        "request": request,
        "path": request.url.path,
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "lang": i18n.current_lang.get(),
        "portal": portal,
        "actor": actor,
        "visitor": visitor,
        "menu": menu_of(portal, actor) if actor is not None else [],
        "entry": current_entry(portal, request.url.path),
        "csrf_token": security.csrf_token(settings, subject or ""),
        "form_state": getattr(request.state, "form_state", None),
        "toast": security.unpack_signed(settings, "toast", toast) if toast else None,
        "theme": request.cookies.get("kapital_theme") if request.cookies.get("kapital_theme") in THEMES else "light",
        "operator": settings.operator_name,
        "environment": settings.environment,
        "request_id": getattr(request.state, "request_id", ""),
        "stepped_up": getattr(request.state, "stepped_up", False),
        "has_totp": getattr(request.state, "has_totp", False),
    }


def visitor_of(request: Request) -> str:
    """Identifier of an anonymous visitor's browser, made at the first page."""
    known = request.cookies.get(security.ANONYMOUS_COOKIE) or getattr(request.state, "visitor", None)
    if known is None:
        known = new_id()
        request.state.visitor = known
    return str(known)
