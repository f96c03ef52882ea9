"""The call in plain words, as it is shown, accepted and signed: who, what, how much, of which issue. Its hash goes with the signature.

Decoded from the very bytes that will be signed, a proposal to a second officer down to the call inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from eth_abi.exceptions import DecodingError
from sqlmodel import select

from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.money import format_rubles
from backend.core.signing import hash_of
from backend.custody import calls, repository
from backend.custody.models import Wallet
from backend.custody.vocabulary import LABELS, MOMENTS, OMITTED, TITLES, member
from indexer.models import ChainIssue, ChainProposal

__all__ = ["TITLES", "Wanted", "cancelled", "hash_of", "note_new_address", "shown"]

_OWNERS = {"participant": "участник", "officer": "сотрудник", "system": "служебный адрес"}
_NEW = "custody.new_addresses"
_NOBODY = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call as it is asked for; ``kopeks`` what it moves, where that doesn't stand in the call itself."""

    contract: str
    function: str
    target: str
    data: str
    summary: str = ""
    kopeks: int | None = None


def shown(ctx: Context, wallet: Wallet, call: Wanted) -> str:
    """The call in words, decoded from the very bytes that will be signed, not from what was asked for."""
    decoded = _decoded(call.contract, call.data)
    name = decoded[0] if decoded is not None else call.function.partition("(")[0]
    lines = [
        f"Что: {_title(call.contract, name)}" + (f" ({call.summary})" if call.summary else ""),
        f"Кто: {_who(ctx, wallet)}",
        f"Где: {call.contract}.{name}, адрес {call.target}",
        *_content(ctx, call.contract, call.target, call.data),
    ]
    if call.kopeks is not None and not any(line.startswith("Сумма: ") for line in lines):
        lines.append(f"Сумма: {format_rubles(call.kopeks)}")
    return "\n".join(lines)


def cancelled(wallet: Wallet, nonce: int, reason: str, about: str) -> str:
    """The explicit cancel in words: nothing, to oneself, under the number of a call."""
    return "\n".join(
        [
            f"Что: Израсходовать номер {nonce} впустую вместо операции",
            f"Кто: {_OWNERS.get(wallet.owner_kind, wallet.owner_kind)} {wallet.owner_id}, адрес {wallet.address}",
            f"Вместо чего: {about or '—'}",
            f"Причина: {reason}",
        ]
    )


def note_new_address(ctx: Context, address: str) -> None:
    """Remember that an address was made in this unit of work: it would be another one the next time, so words don't name it."""
    made: set[str] = ctx.session.info.setdefault(_NEW, set())
    made.add(address.lower())


def _who(ctx: Context, wallet: Wallet) -> str:
    known = repository.registered(ctx, wallet.address)
    number = f" № {known.number} в реестре" if known is not None else f" {wallet.owner_id}"
    return f"{_OWNERS.get(wallet.owner_kind, wallet.owner_kind)}{number}, адрес {wallet.address}"


def _content(ctx: Context, contract: str, target: str, data: str) -> list[str]:
    decoded = _decoded(contract, data)
    if decoded is None:
        return [f"Данные: {data}"]
    name, values = decoded
    lines = []
    issue = _issue(ctx, contract, target, values)
    if issue is not None:
        lines.append(f"Выпуск: {issue.symbol} «{issue.name}»")
    inner = _proposed(ctx, contract, name, values)
    flat = _flat(calls.inputs_of(contract, data), list(values.values()))
    hidden = OMITTED | ({"data", "target"} if inner else frozenset())
    by_day = {"expiresAt"} if name == "propose" else frozenset()
    for label, value in flat:
        if label not in hidden and not (issue is not None and label == "issueId"):
            words = _value(ctx, contract, label, value, by_day=label in by_day)
            lines.append(f"{LABELS.get(label, label)}: {words}")
    return [*inner, *lines]


def _proposed(ctx: Context, contract: str, name: str, values: dict[str, Any]) -> list[str]:
    """The call inside a proposal, or the one that an approval or a withdrawal is about."""
    if contract != "FourEyes" or name not in {"propose", "approve", "cancel"}:
        return []
    target, data = values.get("target"), values.get("data")
    if target is None:
        proposal = ctx.session.get(ChainProposal, int(values["id"]))
        if proposal is None:
            return []
        target, data = proposal.target, data or proposal.data
    inner = _contract_at(ctx, str(target))
    decoded = _decoded(inner, str(data))
    title = _title(inner, decoded[0]) if decoded is not None else f"{inner} {data}"
    return [f"Действие: {title}", f"Договор: {inner}, адрес {target}", *_content(ctx, inner, str(target), str(data))]


def _decoded(contract: str, data: str) -> tuple[str, dict[str, Any]] | None:
    """Call data taken apart; None for bytes that are no call of the contract: they are then shown as they are."""
    try:
        return calls.decode_call(contract, data)
    except (DecodingError, ValueError):
        return None


def _contract_at(ctx: Context, address: str) -> str:
    for contract in ("AccessManager", "FourEyes", "Participants", "Rubles", "IssueRegistry", "Payouts"):
        if calls.address_of(ctx.settings, contract) == address.lower():
            return contract
    return "DigitalAsset"


def _title(contract: str, name: str) -> str:
    return TITLES.get((contract, name), f"{contract}.{name}")


def _flat(inputs: tuple[dict[str, Any], ...] | list[dict[str, Any]], values: list[Any]) -> list[tuple[str, Any]]:
    """Arguments by name, structures taken apart."""
    found: list[tuple[str, Any]] = []
    for item, value in zip(inputs, values, strict=True):
        if item["type"] == "tuple":
            found += _flat(item["components"], value)
        else:
            found.append((item["name"], value))
    return found


def _issue(ctx: Context, contract: str, target: str, values: dict[str, Any]) -> ChainIssue | None:
    if contract == "DigitalAsset":
        statement = select(ChainIssue).where(ChainIssue.asset == target.lower())
    elif "issueId" in values:
        statement = select(ChainIssue).where(ChainIssue.issue_id == str(values["issueId"]).lower())
    elif "asset" in values:
        statement = select(ChainIssue).where(ChainIssue.asset == str(values["asset"]).lower())
    else:
        return None
    return ctx.session.exec(statement).first()


def _value(ctx: Context, contract: str, label: str, value: Any, *, by_day: bool = False) -> str:
    if isinstance(value, list):
        return ", ".join(_value(ctx, contract, label, one) for one in value) or "—"
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, int):
        return _number(contract, label, value, by_day=by_day)
    if isinstance(value, str) and len(value) == 42 and value.startswith("0x"):
        return _address(ctx, value.lower())
    return str(value)


def _number(contract: str, label: str, value: int, *, by_day: bool) -> str:
    if label == "microKopeksPerUnit":
        return f"{Decimal(value) / 10**8:f}".replace(".", ",") + " ₽"
    if "kopeks" in label.lower():
        return format_rubles(value)
    if label in MOMENTS:
        return _moment(value, by_day=by_day)
    return member(contract, label, value) or str(value)


def _moment(seconds: int, *, by_day: bool) -> str:
    if not 0 < seconds < 2**36:
        return "—" if not seconds else str(seconds)
    moment = to_msk(datetime.fromtimestamp(seconds, UTC))
    return f"{moment:%d.%m.%Y}" if by_day else f"{moment:%d.%m.%Y %H:%M:%S} МСК"


def _address(ctx: Context, address: str) -> str:
    if address == _NOBODY:
        return "любой"
    if address in ctx.session.info.get(_NEW, ()):
        return "новый адрес, который откроет это действие"
    known = repository.registered(ctx, address)
    if known is not None:
        return f"участник № {known.number} в реестре, адрес {address}"
    issue = ctx.session.exec(select(ChainIssue).where(ChainIssue.asset == address)).first()
    return f"{issue.symbol}, адрес {address}" if issue is not None else address
