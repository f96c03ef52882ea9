"""Calls and events of the contracts in words: a title for each, a title and a form for each value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from backend.audit.service import Call
from backend.web.i18n import gettext
from backend.web.labels import label
from backend.web.portals.audit.texts import ENUMS, EVENTS, FUNCTIONS, VALUES
from indexer.chain.enums import role_name
from indexer.models import ChainLog

_MONEY = frozenset(
    {"kopeks", "priceKopeks", "nominalKopeks", "returnedKopeks", "kopeksPaid", "refunded", "withheldKopeks"}
)
_MOMENTS = frozenset(
    {"until", "admittedUntil", "effectiveFrom", "expiresAt", "startsAt", "endsAt", "creditingAt", "lockedUntil", "maturity",
     "at", "dueAt", "graceEndsAt", "since", "when", "schedule", "moment", "recordDates"}
)  # fmt: skip
_UNITS = frozenset(
    {"units", "left", "demand", "toIssue", "amount", "maximumUnits", "minimumUnits", "orderMin", "orderMax", "issuedUnits",
     "unitsPaid", "unitsDue", "unitsReturned", "supply"}
)  # fmt: skip
_CLASSES = {1: "FREE", 2: "LIMIT", 4: "TEST", 8: "QUAL"}
_ADDRESS_LENGTH, _WORD_LENGTH = 42, 66
_ZERO = "0x" + "0" * 40
_FOREVER = 2**40 - 1
_LONG = 12
_PACKED_MASK = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Value:
    """A value for a page: ``form`` says how the template shows it (text, num, address, token, hash, moment, list, part)."""

    title: str
    form: str
    value: Any
    text: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What addresses and identifiers of issues are called."""

    addresses: Mapping[str, str]
    issues: Mapping[str, tuple[str, str]]
    """Identifier of an issue on chain → address of its token, number or symbol."""


@dataclass(frozen=True, slots=True)
class Told:
    """A call or an event in words, with its technical name."""

    title: str
    code: str
    values: list[Value]
    inner: Told | None = None


def tell_call(call: Call, names: Names) -> Told:
    """A decoded call."""
    if call.function is None:
        return Told(gettext("Вызов не расшифрован"), call.contract or "", [])
    title = FUNCTIONS.get(call.text)
    hidden = {"data"} if call.inner is not None else set()
    return Told(
        title=gettext(title) if title else call.function,
        code=call.text,
        values=_values(call.contract or "", call.arguments, names, hidden),
        inner=tell_call(call.inner, names) if call.inner is not None else None,
    )


def tell_event(log: ChainLog, names: Names) -> Told:
    """A decoded event; one that no ABI names is shown as its topic."""
    if log.event is None or log.args is None:
        return Told(gettext("Событие не расшифровано"), log.topics[0] if log.topics else "", [])
    code = f"{log.contract}.{log.event}"
    title = EVENTS.get(code)
    return Told(gettext(title) if title else log.event, code, _values(log.contract or "", log.args, names))


def event_title(contract: str, event: str) -> str:
    """Words of an event, or its name."""
    title = EVENTS.get(f"{contract}.{event}")
    return gettext(title) if title else f"{contract}.{event}"


def call_title(call: Call) -> str:
    """Words of a call; a proposal says what it proposes."""
    title = FUNCTIONS.get(call.text)
    words = gettext(title) if title else (call.function or gettext("Вызов не расшифрован"))
    return f"{words}: {call_title(call.inner)}" if call.inner is not None and call.inner.function else words


def refusal_values(values: Mapping[str, Any], names: Names) -> list[Value]:
    """Values of a custom error."""
    return _values("", values, names)


def _values(contract: str, args: Mapping[str, Any], names: Names, hidden: set[str] | None = None) -> list[Value]:
    return [value_of(contract, name, value, names) for name, value in args.items() if name not in (hidden or set())]


def value_of(contract: str, name: str, value: Any, names: Names) -> Value:
    """One value in words."""
    title = gettext(VALUES[name]) if name in VALUES else name
    if isinstance(value, Mapping):
        return Value(title, "part", [value_of(contract, key, one, names) for key, one in value.items()])
    if isinstance(value, list | tuple):
        if name == "payments":
            return Value(title, "list", [_payment(contract, int(one), names) for one in value], str(len(value)))
        return Value(title, "list", [value_of(contract, name, one, names) for one in value], str(len(value)))
    if isinstance(value, bool):
        return Value(title, "text", gettext("да") if value else gettext("нет"))
    if isinstance(value, int):
        return _number(contract, name, title, value)
    return _string(name, title, str(value), names)


def _number(contract: str, name: str, title: str, value: int) -> Value:
    members = ENUMS.get(f"{contract}.{name}") or ENUMS.get(name)
    if members is not None:
        word = members.get(value)
        return Value(title, "text", gettext(word) if word else str(value))
    if name in {"roleId", "role", "admin", "guardian"}:
        return Value(title, "text", gettext(label("chain_role", role_name(value)).text))
    if name in {"classes", "accessClass"}:
        words = [gettext(label("class", text).text) for bit, text in _CLASSES.items() if value & bit]
        return Value(title, "text", ", ".join(words) or gettext("нет"))
    if name == "microKopeksPerUnit":
        return Value(title, "text", f"{(Decimal(value) / 10**8).normalize():f} ₽")
    if name in _MOMENTS:
        if value == 0 or value >= _FOREVER:
            return Value(title, "text", gettext("без срока"))
        return Value(title, "moment", datetime.fromtimestamp(min(value, 2**36), UTC))
    if name in _MONEY or name in {"free", "held", "inTransit", "frozen"}:
        return Value(title, "money", value)
    if name in _UNITS or (contract == "DigitalAsset" and name == "value"):
        return Value(title, "num", value)
    return Value(title, "text", str(value))


def _string(name: str, title: str, value: str, names: Names) -> Value:
    if value in names.issues:
        asset, number = names.issues[value]
        return Value(title, "token", asset, number)
    if value.startswith("0x") and len(value) == _ADDRESS_LENGTH:
        if value == _ZERO:
            return Value(title, "text", gettext("не указан"))
        return Value(title, "address", value, names.addresses.get(value, ""))
    if value.startswith("0x") and len(value) == _WORD_LENGTH:
        plain = _plain(value)
        if plain is not None:
            return Value(title, "text", plain or "—")
        return Value(title, "hash", value)
    if value.startswith("0x") and len(value) > _LONG:
        return Value(title, "hash", value)
    return Value(title, "text", value or ("0x" if name == "data" else "—"))


def text_of_word(word: str) -> str:
    """Text that stands in a word of 32 bytes, or the word itself when it is a hash."""
    return _plain(word) or word


def _plain(word: str) -> str | None:
    """Text that stands in a word of 32 bytes, empty for zero, None when it is a hash."""
    data = bytes.fromhex(word[2:]).rstrip(b"\0")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _payment(contract: str, packed: int, names: Names) -> Value:
    """Payments are packed into a word: of a batch of rubles (receiver, frozen, kopeks), of a payout (units, gross, withheld, frozen)."""
    if contract == "Rubles":
        address = f"0x{packed >> 96:040x}"
        parts = [
            Value(gettext("Получатель"), "address", address, names.addresses.get(address, "")),
            Value(gettext("Сумма"), "money", packed & _PACKED_MASK),
        ]
        return Value(gettext("Платёж"), "part", parts)
    units, gross, withheld = (packed >> shift & _PACKED_MASK for shift in (192, 128, 64))
    parts = [
        Value(gettext("Единиц"), "num", units),
        Value(gettext("Начислено"), "money", gross),
        Value(gettext("Удержано"), "money", withheld),
    ]
    return Value(gettext("Платёж"), "part", parts)
