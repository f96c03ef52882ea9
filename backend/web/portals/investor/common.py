"""What the pages of this portal share: exports, numbers from forms, pages of ready lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from backend.cash import service as cash
from backend.cash.service import Balance
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.money import MoneyError, format_kopeks, parse_rubles
from backend.core.pagination import PageRequest
from backend.custody import service as custody
from backend.identity import service as identity
from backend.identity.service import Participant
from backend.web.deps import PageContext
from backend.web.forms import Form
from backend.web.i18n import gettext as _
from backend.web.labels import label

T = TypeVar("T")
CLASS_BITS = (("FREE", 1), ("LIMIT", 2), ("TEST", 4), ("QUAL", 8))
MAX_UNITS = 2**63 - 1


def word(kind: str, state: str) -> str:
    """A state in the reader's language."""
    return _(label(kind, state).text)


def rubles(kopeks: int | None) -> str:
    """Rubles for a file or a chart: 1234.50."""
    return "" if kopeks is None else format_kopeks(kopeks)


def whole(form: Form, name: str) -> int:
    """A count of units as typed (spaces between thousands allowed); raises Invalid that names the field."""
    text = "".join(form.get(name).split())
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_UNITS:
        raise Invalid("Нужно целое число больше нуля.", "A whole number above zero is needed.", field=name)
    return int(text)


def sum_of(form: Form, name: str) -> int:
    """Kopeks of a sum as typed; raises Invalid that names the field."""
    try:
        return parse_rubles(form.get(name))
    except MoneyError as error:
        raise Invalid(error.message, "A sum such as 1234.50 is expected.", code=error.code, field=name) from error


def everything(listing: PageRequest) -> PageRequest:
    """The same search without pages."""
    return replace(listing, whole=True)


def participant(page: PageContext) -> Participant | None:
    """The asker's participant, None before admission."""
    return identity.own(page.ctx) if page.actor.participant_id else None


def classes_of(page: PageContext, row: Participant) -> list[str]:
    """Access classes by the register."""
    chain = identity.chain_row(page.ctx, row)
    bits = chain.classes if chain else 0
    return [name for name, bit in CLASS_BITS if bits & bit]


def sending(page: PageContext, kind: str, record_id: str) -> str | None:
    """State of the latest transaction of a record, for those that wait."""
    intents = custody.intents_of(page.ctx, kind, record_id)
    return intents[-1].state.value if intents else None


def sent_tx(page: PageContext, kind: str, record_id: str) -> str | None:
    """Hash of the latest transaction of a record."""
    intents = custody.intents_of(page.ctx, kind, record_id)
    return intents[-1].tx_hash if intents else None


def money_stamp(ctx: Context, balance: Balance) -> str:
    """Changes with every move of the asker's money and every step of its latest withdrawals."""
    latest = cash.my_withdrawals(ctx, PageRequest(size=10)).items
    steps = "".join(f"-{one.number[-6:]}{one.state.value}" for one in latest)
    return f"{balance.free}-{balance.held}-{balance.in_transit}-{balance.frozen}{steps}"
