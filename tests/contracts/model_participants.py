"""A plain model of the allowlist and of the yearly limit: what a clerk with a card index would know."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.contracts.system import ACTIVE, BLOCKED, PERSON, QUAL, REPLACED

CODE_NAMES = {
    "blocked": "ParticipantIsBlocked",
    "not admitted": "ParticipantNotAdmitted",
    "expired": "ParticipantExpired",
    "class": "ParticipantClass",
}


class Denied(Exception):
    """The model expects the contracts to refuse, with the error of that name."""


def need(fulfilled: bool, error: str) -> None:
    """Denied unless fulfilled."""
    if not fulfilled:
        raise Denied(error)


def moscow_year(time: int) -> int:
    """Calendar year in Moscow of a unix time."""
    return (datetime.fromtimestamp(time, UTC) + timedelta(hours=3)).year


@dataclass
class Person:
    """One card."""

    status: int = 0
    kind: int = 0
    classes: int = 0
    until: int = 0
    number: int = 0
    year: int = 0
    net: int = 0
    reserved: int = 0


@dataclass
class Participants:
    """Cards by address; `now` is the time of the transaction that is being thought about."""

    count: int
    rule: tuple[int, int, int, int]  # from, kopeks, next from, next kopeks
    now: int = 0
    cards: dict[str, Person] = field(default_factory=dict)

    def of(self, who: str) -> Person:
        return self.cards.get(who, Person())

    # --- admission ---------------------------------------------------------------------------------------------------

    def admit(self, who: str, kind: int, classes: int, until: int) -> None:
        need(self.of(who).status == 0, "ParticipantExists")
        need(until > self.now, "ParticipantTermsInvalid")
        self.count += 1
        self.cards[who] = Person(ACTIVE, kind, classes, until, self.count)

    def update(self, who: str, classes: int, until: int) -> None:
        need(self.of(who).status in {ACTIVE, BLOCKED}, "ParticipantWrongStatus")
        need(until > self.now, "ParticipantTermsInvalid")
        self.cards[who].classes, self.cards[who].until = classes, until

    def change_status(self, who: str, wanted: int, to: int) -> None:
        need(self.of(who).status == wanted, "ParticipantWrongStatus")
        self.cards[who].status = to

    def replace(self, old: str, new: str) -> None:
        card = self.of(old)
        need(card.status in {ACTIVE, BLOCKED}, "ParticipantWrongStatus")
        need(card.reserved == 0, "ParticipantHasReservation")
        need(self.of(new).status == 0, "ParticipantExists")
        self.cards[new] = Person(**vars(card))
        self.cards[old] = Person(**{**vars(card), "status": REPLACED, "classes": 0, "net": 0})

    def replaced_by(self, old: str, new: str) -> bool:
        return self.of(old).status == REPLACED and self.of(old).number == self.of(new).number

    # --- questions ---------------------------------------------------------------------------------------------------

    def obstacle(self, who: str, access_class: int = 0) -> str | None:
        card = self.of(who)
        if card.status == BLOCKED:
            return CODE_NAMES["blocked"]
        if card.status != ACTIVE:
            return CODE_NAMES["not admitted"]
        if self.now > card.until:
            return CODE_NAMES["expired"]
        return CODE_NAMES["class"] if access_class & ~card.classes else None

    def require(self, who: str, access_class: int = 0) -> None:
        found = self.obstacle(who, access_class)
        if found:
            raise Denied(found)

    # --- yearly limit ------------------------------------------------------------------------------------------------

    def rule_now(self) -> tuple[int, int, int, int]:
        start, kopeks, next_from, next_kopeks = self.rule
        return (
            (next_from, next_kopeks, 0, 0)
            if next_from and next_from <= self.now
            else (start, kopeks, next_from, next_kopeks)
        )

    def set_limit(self, start: int, kopeks: int) -> None:
        rule = self.rule_now()
        need(start > rule[0], "LimitTermsInvalid")
        self.rule = (start, kopeks, *rule[2:]) if start <= self.now else (*rule[:2], start, kopeks)

    def this_year(self, who: str) -> tuple[int, int]:
        """(year, net) as they would be written now."""
        year = moscow_year(self.now)
        return year, self.of(who).net if self.of(who).year == year else 0

    def available(self, who: str) -> int:
        return max(0, self.rule_now()[1] - self.this_year(who)[1] - self.of(who).reserved)

    def reserve(self, who: str, kopeks: int) -> None:
        if self.of(who).kind == PERSON:
            if not self.of(who).classes & QUAL:
                need(kopeks <= self.available(who), "LimitExceeded")
            self._book(who, 0, kopeks)

    def release(self, who: str, kopeks: int) -> None:
        if self.of(who).kind == PERSON:
            self._book(who, 0, -kopeks)

    def commit(self, who: str, kopeks: int, *, reserved: bool) -> None:
        qualified = bool(self.of(who).classes & QUAL)
        if self.of(who).kind != PERSON or (qualified and not reserved):
            return
        if not reserved:
            need(kopeks <= self.available(who), "LimitExceeded")
        self._book(who, 0 if qualified else kopeks, -kopeks if reserved else 0)

    def restore(self, who: str, kopeks: int) -> None:
        if self.of(who).kind == PERSON and not self.of(who).classes & QUAL:
            self._book(who, -kopeks, 0)

    def _book(self, who: str, bought: int, reserved: int) -> None:
        year, net = self.this_year(who)
        card = self.cards[who]
        card.year, card.net, card.reserved = year, net + bought, card.reserved + reserved
        assert card.reserved >= 0, "more was released than reserved"
