"""The bank of the nominal account in the demonstration: keeps the true balance and prints a camt.053 statement a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from backend.cash.statement import Direction, Entry, Statement, write_camt053

MSK = timezone(timedelta(hours=3), "MSK")


@dataclass(frozen=True, slots=True)
class Payment:
    """One movement. ``number`` is what the payer writes: a participant's number or a withdrawal's."""

    kopeks: int
    number: str
    name: str
    inn: str
    incoming: bool = True


@dataclass(slots=True)
class Bank:
    """Balance and counter of the nominal account; both are kept by the story between runs."""

    account: str
    balance_kopeks: int = 0
    statements: int = 0

    def statement(self, day: date, payments: list[Payment]) -> bytes:
        """The statement of a day with its movements; the balance moves on."""
        self.statements += 1
        entries = tuple(self._entry(day, number, one) for number, one in enumerate(payments, start=1))
        opening = self.balance_kopeks
        self.balance_kopeks += sum(one.kopeks if one.incoming else -one.kopeks for one in payments)
        found = Statement(
            account=self.account,
            statement_id=f"{day:%Y%m%d}-{self.statements:02d}",
            from_at=datetime(day.year, day.month, day.day, tzinfo=MSK),
            to_at=datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=MSK),
            opening_kopeks=opening,
            closing_kopeks=self.balance_kopeks,
            entries=entries,
        )
        created = datetime(day.year, day.month, day.day, 7, tzinfo=MSK) + timedelta(days=1)
        return write_camt053(found, message_id=f"STM-{found.statement_id}", created=created)

    def _entry(self, day: date, number: int, payment: Payment) -> Entry:
        return Entry(
            bank_ref=f"B{self.statements:03d}-{number:06d}",
            direction=Direction.CREDIT if payment.incoming else Direction.DEBIT,
            amount_kopeks=payment.kopeks,
            end_to_end_id=payment.number or None,
            counterparty_name=payment.name,
            counterparty_inn=payment.inn or None,
            purpose=f"Пополнение счёта {payment.number}" if payment.incoming else f"Вывод средств {payment.number}",
            booked_on=day,
        )
