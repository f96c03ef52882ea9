"""The exchange format of 1C (``1CClientBankExchange``): what most Russian banks export for their clients.

A text file of ``Name=value`` lines in Windows-1251 or UTF-8 with sections for the account and for each document. Whether
a document is a credit or a debit is told by which side the account stands on, as the format defines it.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from backend.cash.statement_model import MAX_BYTES, Direction, Entry, Statement, check_statement, day_bounds, refuse
from backend.core.money import MoneyError, parse_rubles

__all__ = ["HEADER", "parse_1c"]

HEADER: Final = "1CClientBankExchange"
_DAY: Final = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})")
_END_TO_END: Final = re.compile(r"\bKPT-[A-Z]{3}-\d{6}\b")

Section = Mapping[str, str]


def parse_1c(content: bytes) -> Statement:
    """Return the statement of a 1C file with one account; raise StatementInvalid naming the line's name."""
    if len(content) > MAX_BYTES:
        raise refuse("document", "too_large", "Файл больше 10 МиБ.", "The file is larger than 10 MiB.")
    if b"\x00" in content:  # UTF-16 too, which 1C doesn't write
        raise refuse("document", "encoding", "Файл повреждён: в нём есть нулевые байты.", "The file holds zero bytes.")
    lines = [line.strip() for line in _decode(content).splitlines() if line.strip()]
    if not lines or lines[0] != HEADER:
        raise refuse(HEADER, "format", "Это не файл обмена 1С.", "This is not a 1C exchange file.")
    header, accounts, documents = _sections(lines[1:])
    if len(accounts) != 1:
        ru, en = "В файле должна быть выписка по одному счёту.", "The file must hold one account."
        raise refuse("СекцияРасчСчет", "count", ru, en)
    return _statement(header, accounts[0], documents)


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1251")
    except UnicodeDecodeError as error:
        ru, en = "Кодировка файла не Windows-1251 и не UTF-8.", "Neither Windows-1251 nor UTF-8."
        raise refuse("document", "encoding", ru, en) from error


def _sections(lines: list[str]) -> tuple[Section, list[Section], list[Section]]:
    header: dict[str, str] = {}
    accounts: list[Section] = []
    documents: list[Section] = []
    current = header
    for line in lines:
        name, _, value = line.partition("=")
        if name == "СекцияРасчСчет":
            current = {}
            accounts.append(current)
        elif name == "СекцияДокумент":
            current = {"СекцияДокумент": value.strip()}
            documents.append(current)
        elif name in ("КонецРасчСчет", "КонецДокумента"):
            current = header
        elif name == "КонецФайла":
            return header, accounts, documents
        elif name in current and current is not header:
            raise refuse(name, "repeated", f"Строка {name} повторяется.", f"The line {name} is repeated.")
        else:
            current[name] = value.strip()
    raise refuse("КонецФайла", "missing", "Файл оборван: нет строки КонецФайла.", "The file is cut off.")


def _statement(header: Section, account: Section, documents: list[Section]) -> Statement:
    number = _need(account, "РасчСчет")
    first, last = _day(account, "ДатаНачала"), _day(account, "ДатаКонца")
    created = (header.get("ДатаСоздания", "") + header.get("ВремяСоздания", "")).replace(".", "").replace(":", "")
    statement = Statement(
        account=number,
        statement_id=f"1C-{last:%Y%m%d}-{created or number[-4:]}",
        from_at=day_bounds(first)[0],
        to_at=day_bounds(last)[1],
        opening_kopeks=_sum(account, "НачальныйОстаток", allow_negative=True),
        closing_kopeks=_sum(account, "КонечныйОстаток", allow_negative=True),
        entries=tuple(_entry(document, number) for document in documents),
    )
    _check_totals(account, statement)
    return check_statement(statement, "КонечныйОстаток")


def _check_totals(account: Section, statement: Statement) -> None:
    for name, direction in (("ВсегоПоступило", Direction.CREDIT), ("ВсегоСписано", Direction.DEBIT)):
        if name in account and _sum(account, name) != statement.total(direction):
            ru, en = f"{name} не равно сумме документов.", f"{name} differs from the documents' total."
            raise refuse(name, "total", ru, en)


def _entry(document: Section, account: str) -> Entry:
    direction = _direction(document, account)
    credit = direction is Direction.CREDIT
    other = "Плательщик" if credit else "Получатель"
    purpose = " ".join(filter(None, (document.get("НазначениеПлатежа"), document.get("НазначениеПлатежа1"))))
    found = _END_TO_END.search(purpose)
    amount = _sum(document, "Сумма")
    if not amount:
        raise refuse("Сумма", "zero", "Сумма документа равна нулю.", "The amount is zero.")
    booked = _day(document, "ДатаПоступило" if credit else "ДатаСписано")
    return Entry(
        bank_ref=_reference(document, direction, booked, amount),
        direction=direction,
        amount_kopeks=amount,
        end_to_end_id=found.group() if found else None,
        counterparty_name=document.get(f"{other}1") or document.get(other) or None,
        counterparty_inn=document.get(f"{other}ИНН") or None,
        purpose=purpose,
        booked_on=booked,
    )


def _reference(document: Section, direction: Direction, booked: date, kopeks: int) -> str:
    """The format has no reference of the bank; number, day, sender's account and sum identify a payment order."""
    payer = document.get("ПлательщикСчет") or document.get("ПлательщикРасчСчет", "")
    parts = (direction[0], booked.isoformat(), payer[-8:], _need(document, "Номер"), str(kopeks))
    return "-".join(("1C", *parts))


def _direction(document: Section, account: str) -> Direction:
    payer = account in (document.get("ПлательщикСчет"), document.get("ПлательщикРасчСчет"))
    payee = account in (document.get("ПолучательСчет"), document.get("ПолучательРасчСчет"))
    if payer == payee:
        ru = "Счёт выписки должен быть либо у плательщика, либо у получателя."
        raise refuse("ПолучательСчет", "direction", ru, "The account must be either the payer's or the payee's.")
    return Direction.DEBIT if payer else Direction.CREDIT


def _need(section: Section, name: str) -> str:
    if not section.get(name):
        raise refuse(name, "missing", f"Нет строки {name}.", f"The line {name} is missing.")
    return section[name]


def _day(section: Section, name: str) -> date:
    found = _DAY.fullmatch(_need(section, name))
    try:
        if found is None:
            raise ValueError(name)
        return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError as error:
        raise refuse(name, "date", f"Неверная дата в {name}.", f"The date in {name} is wrong.") from error


def _sum(section: Section, name: str, *, allow_negative: bool = False) -> int:
    try:
        return parse_rubles(_need(section, name), allow_negative=allow_negative)
    except MoneyError as error:
        raise refuse(name, error.code, error.message, f"The sum in {name} is malformed.") from error
