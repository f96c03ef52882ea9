"""Addresses and enodes in the one form in which they are stored and compared.

Besu keeps accounts in lower case and prints an enode without its discovery port when that equals the TCP port (EnodeURLImpl.toURI).
A node is the same node whatever its discovery port is: connections are judged by identity, address and TCP port
(NodeLocalConfigPermissioningController.isPermitted).
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qs

from eth_utils.address import is_checksum_address

from backend.network.errors import BadEntry
from backend.network.states import Kind

_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_ENODE = re.compile(r"enode://([0-9a-fA-F]{128})@(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})(?:\?([^#]*))?")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_TOP_PORT = 65_535


def account(text: str, field: str = "value") -> str:
    """A lower-case address; raises :class:`BadEntry` for anything else, also for mixed case with a wrong EIP-55 checksum."""
    value = text.strip()
    if not _ADDRESS.fullmatch(value):
        raise BadEntry(
            "Нужен адрес: 0x и 40 знаков 0–9, a–f.", "Give an address: 0x and 40 digits 0–9, a–f.", field=field
        )
    digits = value[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address("0x" + digits):
        raise BadEntry("Контрольная сумма адреса не сходится.", "The checksum of the address is wrong.", field=field)
    if int(digits, 16) == 0:
        raise BadEntry("Нулевой адрес допускать нельзя.", "The zero address can't be admitted.", field=field)
    return "0x" + digits.lower()


def enode(text: str, field: str = "value") -> str:
    """An enode as Besu prints it; raises :class:`BadEntry` for anything else."""
    found = _ENODE.fullmatch(text.strip())
    if found is None:
        raise BadEntry(
            "Нужен enode://<128 знаков>@<адрес>:<порт>.", "Give enode://<128 digits>@<host>:<port>.", field=field
        )
    key, host, port, query = found[1].lower(), _host(found[2], field), int(found[3]), found[4]
    if not 0 < port <= _TOP_PORT:
        raise BadEntry("Порт — от 1 до 65535.", "The port is 1 to 65535.", field=field)
    discovery = _discovery(query, field)
    told = "" if discovery in (None, port) else f"?discport={discovery}"
    return f"enode://{key}@{host}:{port}{told}"


def entry(kind: Kind, text: str, field: str = "value") -> str:
    """The stored form of an entry of a kind; validators are named by address."""
    return enode(text, field) if kind == Kind.NODE else account(text, field)


def key_of(kind: Kind, value: str) -> str:
    """What two forms of the same entry have in common. Never raises: nodes may list anything."""
    text = value.strip().lower()
    return text.split("?", 1)[0] if kind == Kind.NODE else text


def _host(text: str, field: str) -> str:
    host = text.lower()
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        if _HOST.fullmatch(host) and not host.replace(".", "").isdigit():
            return host
        raise BadEntry("Неверный адрес узла после @.", "The host after @ is wrong.", field=field) from None
    return f"[{address}]" if address.version == 6 else str(address)


def _discovery(query: str | None, field: str) -> int | None:
    if not query:
        return None
    values = parse_qs(query).get("discport", [])
    if len(values) != 1 or not values[0].isdigit() or int(values[0]) > _TOP_PORT:
        raise BadEntry("После ? ждём discport=порт.", "After ? discport=port is expected.", field=field)
    return int(values[0])
