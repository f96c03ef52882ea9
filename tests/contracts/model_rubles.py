"""A plain model of the nominal account: a cash book with four columns for everybody and one for what each venue holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.contracts.model_participants import CODE_NAMES, Denied, Participants, need
from tests.contracts.system import BLOCKED, REPLACED

REQUESTED, CONFIRMED, CANCELLED = 1, 2, 3


@dataclass
class Money:
    """One line of the cash book, kopeks."""

    free: int = 0
    held: int = 0
    in_transit: int = 0
    frozen: int = 0


@dataclass
class Rubles:
    """The cash book."""

    participants: Participants
    accounts: dict[str, Money] = field(default_factory=dict)
    held: dict[tuple[str, str], int] = field(default_factory=dict)  # (owner, venue)
    withdrawals: dict[bytes, list[object]] = field(default_factory=dict)  # owner, kopeks, state
    credited_refs: set[bytes] = field(default_factory=set)
    paid_refs: set[bytes] = field(default_factory=set)
    credited: int = 0
    paid_out: int = 0

    def of(self, who: str) -> Money:
        return self.accounts.setdefault(who, Money())

    def escrow(self, venue: str) -> int:
        return sum(kopeks for (_, by), kopeks in self.held.items() if by == venue)

    # --- bank --------------------------------------------------------------------------------------------------------

    def credit(self, who: str, kopeks: int, ref: bytes) -> None:
        need(kopeks > 0, "RublesZeroAmount")
        need(ref not in self.credited_refs, "RublesAlreadyCredited")
        self.add(who, kopeks, frozen=self.receiver_blocked(who))
        self.credited_refs.add(ref)
        self.credited += kopeks

    def request(self, who: str, number: bytes, kopeks: int) -> None:
        need(kopeks > 0, "RublesZeroAmount")
        need(number not in self.withdrawals, "WithdrawalExists")
        self.participants.require(who)
        self.take_free(who, kopeks)
        self.of(who).in_transit += kopeks
        self.withdrawals[number] = [who, kopeks, REQUESTED]

    def confirm(self, number: bytes, ref: bytes) -> None:
        need(ref not in self.paid_refs, "WithdrawalRefUsed")
        self.paid_out += self._close(number, CONFIRMED)[1]
        self.paid_refs.add(ref)

    def cancel(self, number: bytes) -> None:
        who, kopeks = self._close(number, CANCELLED)
        self.add(who, kopeks, frozen=self.is_blocked(who))

    def _close(self, number: bytes, state: int) -> tuple[str, int]:
        who, kopeks, now = self.withdrawals.get(number, ["", 0, 0])
        need(now == REQUESTED, "WithdrawalNotOpen")
        self.withdrawals[number][2] = state
        self.of(str(who)).in_transit -= int(str(kopeks))
        return str(who), int(str(kopeks))

    # --- venues ------------------------------------------------------------------------------------------------------

    def hold(self, who: str, kopeks: int, venue: str) -> None:
        need(kopeks > 0, "RublesZeroAmount")
        self.take_free(who, kopeks)
        self.of(who).held += kopeks
        self.held[who, venue] = self.held.get((who, venue), 0) + kopeks

    def release(self, who: str, kopeks: int, venue: str) -> None:
        if kopeks:
            self.take_held(who, kopeks, venue)
            self.add(who, kopeks, frozen=self.is_blocked(who))

    def pay(self, source: str, to: str, kopeks: int, venue: str | None = None) -> None:
        """From what `venue` holds, or from free rubles."""
        if not kopeks:
            return
        frozen = self.receiver_blocked(to)
        if venue is None:
            self.take_free(source, kopeks)
        else:
            self.take_held(source, kopeks, venue)
        self.add(to, kopeks, frozen=frozen)

    # --- officers ----------------------------------------------------------------------------------------------------

    def freeze(self, who: str, kopeks: int) -> None:
        need(kopeks > 0, "RublesZeroAmount")
        self.take_free(who, kopeks)
        self.of(who).frozen += kopeks

    def unfreeze(self, who: str, kopeks: int) -> None:
        need(kopeks > 0, "RublesZeroAmount")
        need(kopeks <= self.of(who).frozen, "RublesInsufficient")
        self.of(who).frozen -= kopeks
        self.of(who).free += kopeks

    def move_all(self, old: str, new: str) -> None:
        need(self.participants.of(old).status == REPLACED, "ParticipantWrongStatus")
        alive = self.participants.of(new).status not in {0, REPLACED}
        need(alive and self.participants.replaced_by(old, new), CODE_NAMES["not admitted"])
        money = self.of(old)
        need(money.held == 0 and money.in_transit == 0, "RublesInUse")
        self.of(new).free += money.free
        self.of(new).frozen += money.frozen
        self.accounts[old] = Money()

    # --- inside ------------------------------------------------------------------------------------------------------

    def add(self, who: str, kopeks: int, *, frozen: bool) -> None:
        if frozen:
            self.of(who).frozen += kopeks
        else:
            self.of(who).free += kopeks

    def take_free(self, who: str, kopeks: int) -> None:
        need(kopeks <= self.of(who).free, "RublesInsufficient")
        self.of(who).free -= kopeks

    def take_held(self, who: str, kopeks: int, venue: str) -> None:
        need(kopeks <= self.held.get((who, venue), 0), "RublesNotHeld")
        self.held[who, venue] -= kopeks
        self.of(who).held -= kopeks

    def is_blocked(self, who: str) -> bool:
        return self.participants.of(who).status == BLOCKED

    def receiver_blocked(self, who: str) -> bool:
        if self.participants.of(who).status in {0, REPLACED}:
            raise Denied(CODE_NAMES["not admitted"])
        return self.is_blocked(who)
