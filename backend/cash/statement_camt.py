"""ISO 20022 camt.053.001.08: reading a bank's statement and writing one of the same shape.

Entities, external references and DTDs are refused before anything is built (defusedxml). Any number of transactions may
stand in a batch entry; each becomes an entry of its own when the bank gives it an amount.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, register_namespace, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from backend.cash.statement_model import MAX_BYTES, MSK, Direction, Entry, Statement, check_statement, refuse
from backend.core.money import MoneyError, format_kopeks, rubles_to_kopeks

__all__ = ["NAMESPACE", "parse_camt053", "write_camt053"]

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
_NS: Final = {"c": NAMESPACE}
_NOT_PROVIDED: Final = "NOTPROVIDED"
_DIRECTIONS: Final = {"CRDT": Direction.CREDIT, "DBIT": Direction.DEBIT}
_CODES: Final = {direction: code for code, direction in _DIRECTIONS.items()}
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 can't carry unchanged."""
_AMOUNT: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,5})?")


def parse_camt053(content: bytes) -> Statement:
    """Return the statement of a camt.053 message with one account; raise StatementInvalid naming the element."""
    if len(content) > MAX_BYTES:
        raise refuse("document", "too_large", "Файл больше 10 МиБ.", "The file is larger than 10 MiB.")
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise refuse("document", "xml", "Файл не является корректным XML.", "The file is not sound XML.") from error
    if root.tag != f"{{{NAMESPACE}}}Document":
        raise refuse("Document", "format", "Ожидается camt.053.001.08.", "camt.053.001.08 is expected.")
    statements = root.findall("c:BkToCstmrStmt/c:Stmt", _NS)
    if len(statements) != 1:
        ru, en = "В файле должна быть выписка по одному счёту.", "The file must hold one statement."
        raise refuse("Stmt", "count", ru, en)
    return _read_statement(statements[0])


def _read_statement(stmt: Element) -> Statement:
    currency = _optional(stmt, "Acct/Ccy")
    if currency not in (None, "RUB"):
        raise refuse("Acct/Ccy", "currency", "Счёт не в рублях.", "The account is not in rubles.")
    entries = [entry for ntry in stmt.findall("c:Ntry", _NS) for entry in _read_entry(ntry)]
    statement = Statement(
        account=_account(stmt),
        statement_id=_text(stmt, "Id"),
        from_at=_moment(stmt, "FrToDt/FrDtTm"),
        to_at=_moment(stmt, "FrToDt/ToDtTm"),
        opening_kopeks=_balance(stmt, "OPBD"),
        closing_kopeks=_balance(stmt, "CLBD"),
        entries=tuple(entries),
    )
    return check_statement(statement, "Bal[CLBD]/Amt")


def _account(stmt: Element) -> str:
    return _optional(stmt, "Acct/Id/IBAN") or _text(stmt, "Acct/Id/Othr/Id")


def _balance(stmt: Element, code: str) -> int:
    found = [bal for bal in stmt.findall("c:Bal", _NS) if _optional(bal, "Tp/CdOrPrtry/Cd") == code]
    if len(found) != 1:
        raise refuse(f"Bal[{code}]", "missing", f"Остаток {code} не указан.", f"The balance {code} is missing.")
    amount = _amount(found[0], f"Bal[{code}]/Amt")
    return amount if _direction(found[0], f"Bal[{code}]") is Direction.CREDIT else -amount


def _read_entry(ntry: Element) -> Iterator[Entry]:
    where = f"Ntry[{_optional(ntry, 'NtryRef') or '?'}]"
    if _optional(ntry, "Sts/Cd") != "BOOK":
        raise refuse(f"{where}/Sts", "not_booked", "Операция не проведена банком.", "The entry is not booked.")
    total, direction = _amount(ntry, f"{where}/Amt"), _direction(ntry, where)
    if not total:
        raise refuse(f"{where}/Amt", "zero", "Сумма операции равна нулю.", "The amount is zero.")
    details = ntry.findall("c:NtryDtls/c:TxDtls", _NS) or [ntry]
    amounts = [total] if len(details) == 1 else [_amount(part, f"{where}/TxDtls/Amt") for part in details]
    if sum(amounts) != total:
        ru, en = "Сумма операций не равна сумме строки.", "The transactions do not add up to the entry."
        raise refuse(f"{where}/Amt", "batch", ru, en)
    for part, amount in zip(details, amounts, strict=True):
        yield _entry(ntry, part, where, direction, amount)


def _entry(ntry: Element, part: Element, where: str, direction: Direction, amount: int) -> Entry:
    reference = _optional(part, "Refs/AcctSvcrRef") or _optional(ntry, "AcctSvcrRef")
    if reference is None:
        ru, en = "Нет номера операции в банке.", "The bank's reference is missing."
        raise refuse(f"{where}/AcctSvcrRef", "missing", ru, en)
    end_to_end = _optional(part, "Refs/EndToEndId")
    party = "Dbtr" if direction is Direction.CREDIT else "Cdtr"
    person = f"RltdPties/{party}/Pty"
    inn = _optional(part, f"{person}/Id/OrgId/Othr/Id") or _optional(part, f"{person}/Id/PrvtId/Othr/Id")
    purpose = " ".join(line.text.strip() for line in part.findall("c:RmtInf/c:Ustrd", _NS) if line.text)
    return Entry(
        bank_ref=reference,
        direction=direction,
        amount_kopeks=amount,
        end_to_end_id=None if end_to_end == _NOT_PROVIDED else end_to_end,
        counterparty_name=_optional(part, f"{person}/Nm"),
        counterparty_inn=inn,
        purpose=purpose,
        booked_on=_booked(ntry, where),
    )


def _booked(ntry: Element, where: str) -> date:
    try:
        day = _optional(ntry, "BookgDt/Dt")
        if day is not None:
            return date.fromisoformat(day)
        return _moment(ntry, "BookgDt/DtTm").astimezone(MSK).date()
    except ValueError as error:
        raise refuse(f"{where}/BookgDt", "date", "Дата проводки неверна.", "The booking date is wrong.") from error


def _path(path: str) -> str:
    return "/".join(f"c:{part}" for part in path.split("/"))


def _optional(parent: Element, path: str) -> str | None:
    text = parent.findtext(_path(path), namespaces=_NS)
    return text.strip() or None if text else None


def _text(parent: Element, path: str) -> str:
    text = _optional(parent, path)
    if text is None:
        raise refuse(path, "missing", f"Нет элемента {path}.", f"The element {path} is missing.")
    return text


def _amount(parent: Element, where: str) -> int:
    element = parent.find("c:Amt", _NS)
    text = (element.text or "").strip() if element is not None else ""
    if element is None or not _AMOUNT.fullmatch(text):
        raise refuse(where, "amount", "Сумма не указана или записана неверно.", "The amount is missing or malformed.")
    if element.get("Ccy") != "RUB":
        raise refuse(f"{where}/@Ccy", "currency", "Сумма не в рублях.", "The amount is not in rubles.")
    try:
        return rubles_to_kopeks(Decimal(text))
    except (MoneyError, InvalidOperation) as error:
        raise refuse(where, "amount", "Сумма записана неверно.", "The amount is malformed.") from error


def _direction(parent: Element, where: str) -> Direction:
    try:
        return _DIRECTIONS[_text(parent, "CdtDbtInd")]
    except KeyError as error:
        ru, en = "Неизвестно, приход это или расход.", "Neither credit nor debit."
        raise refuse(f"{where}/CdtDbtInd", "direction", ru, en) from error


def _moment(parent: Element, path: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(parent, path))
    except ValueError as error:
        raise refuse(path, "moment", f"Неверное время в {path}.", f"The time in {path} is wrong.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=MSK)


def write_camt053(statement: Statement, *, message_id: str, created: datetime) -> bytes:
    """Return a camt.053.001.08 message; the statement is checked first, so what is written can be read back."""
    check_statement(statement, "Bal[CLBD]/Amt")
    register_namespace("", NAMESPACE)
    root = Element(f"{{{NAMESPACE}}}Document")
    message = _add(root, "BkToCstmrStmt")
    header = _add(message, "GrpHdr")
    _add(header, "MsgId", message_id)
    _add(header, "CreDtTm", created.astimezone(MSK).isoformat(timespec="seconds"))
    stmt = _add(message, "Stmt")
    _add(stmt, "Id", statement.statement_id)
    period = _add(stmt, "FrToDt")
    _add(period, "FrDtTm", statement.from_at.astimezone(MSK).isoformat())
    _add(period, "ToDtTm", statement.to_at.astimezone(MSK).isoformat())
    account = _add(stmt, "Acct")
    _add(_add(_add(account, "Id"), "Othr"), "Id", statement.account)
    _add(account, "Ccy", "RUB")
    _write_balance(stmt, "OPBD", statement.opening_kopeks, statement.from_at)
    _write_balance(stmt, "CLBD", statement.closing_kopeks, statement.to_at)
    for number, entry in enumerate(statement.entries, start=1):
        _write_entry(stmt, number, entry)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _add(parent: Element, name: str, text: str | None = None) -> Element:
    element = SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = None if text is None else _FORBIDDEN.sub(" ", text)
    return element


def _write_amount(parent: Element, kopeks: int) -> None:
    _add(parent, "Amt", format_kopeks(abs(kopeks))).set("Ccy", "RUB")


def _write_balance(stmt: Element, code: str, kopeks: int, at: datetime) -> None:
    balance = _add(stmt, "Bal")
    _add(_add(_add(balance, "Tp"), "CdOrPrtry"), "Cd", code)
    _write_amount(balance, kopeks)
    _add(balance, "CdtDbtInd", "DBIT" if kopeks < 0 else "CRDT")
    _add(_add(balance, "Dt"), "Dt", at.astimezone(MSK).date().isoformat())


def _write_entry(stmt: Element, number: int, entry: Entry) -> None:
    ntry = _add(stmt, "Ntry")
    _add(ntry, "NtryRef", str(number))
    _write_amount(ntry, entry.amount_kopeks)
    _add(ntry, "CdtDbtInd", _CODES[entry.direction])
    _add(_add(ntry, "Sts"), "Cd", "BOOK")
    _add(_add(ntry, "BookgDt"), "Dt", entry.booked_on.isoformat())
    part = _add(_add(ntry, "NtryDtls"), "TxDtls")
    refs = _add(part, "Refs")
    _add(refs, "AcctSvcrRef", entry.bank_ref)
    _add(refs, "EndToEndId", entry.end_to_end_id or _NOT_PROVIDED)
    if entry.counterparty_name or entry.counterparty_inn:
        _write_party(part, entry)
    if entry.purpose:
        _add(_add(part, "RmtInf"), "Ustrd", entry.purpose)


def _write_party(part: Element, entry: Entry) -> None:
    role = "Dbtr" if entry.direction is Direction.CREDIT else "Cdtr"
    party = _add(_add(_add(part, "RltdPties"), role), "Pty")
    if entry.counterparty_name:
        _add(party, "Nm", entry.counterparty_name)
    if entry.counterparty_inn:
        kind = "OrgId" if len(entry.counterparty_inn) == 10 else "PrvtId"
        _add(_add(_add(_add(party, "Id"), kind), "Othr"), "Id", entry.counterparty_inn)
