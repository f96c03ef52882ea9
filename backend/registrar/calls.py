"""Which calls of the contracts carry an act out, after it was checked against the mirror. The contracts check everything again."""

from __future__ import annotations

from typing import Any

from backend.core.context import Context
from backend.core.ids import bytes32_of
from backend.identity.service import Participant
from backend.registrar import repository
from backend.registrar.errors import ActInvalid
from backend.registrar.states import TRANSFERS, ActKind
from indexer.models import ChainHolding, ChainIssue

# Reason codes; their keccak-256 stands in the proposal on chain, so anybody can recompute it.
REASONS = {
    ActKind.COURT_TRANSFER: "COURT_ACT",
    ActKind.ARREST: "COURT_ARREST",
    ActKind.RELEASE: "COURT_RELEASE",
    ActKind.INHERITANCE: "INHERITANCE",
    ActKind.REPLACEMENT: "LOST_ACCESS",
    ActKind.CORRECTION: "CORRECTION",
}
FORCED_TRANSFER = "forcedTransfer(address,address,uint64,bool,bytes32,bytes32)"
ARREST = 3  # IDigitalAsset.EncumbranceKind
RELEASABLE = frozenset({"ARREST", "PLEDGE"})
Call = list[Any]


class Plan:
    """An act being checked: ``check_…`` first, then :meth:`calls`."""

    def __init__(self, ctx: Context, kind: ActKind, subject: Participant, receiver: Participant | None) -> None:
        self.ctx, self.kind, self.subject, self.receiver = ctx, kind, subject, receiver
        self.asset: str | None = None
        self.title = ""
        self.units = 0
        self.bypass = kind == ActKind.INHERITANCE
        self.encumbrance_id = 0

    # --- checks ------------------------------------------------------------------------------------------------------

    def check_units(
        self, asset: str, units: int, encumbrance_id: int = 0, corrected_tx: str = "", *, bypass: bool = False
    ) -> None:
        """An act on units of one asset."""
        issue = repository.issue_of(self.ctx, asset)
        if issue is None:
            raise ActInvalid("Выберите выпуск.", "Choose an issue.", field="asset")
        self.asset, self.title, self.units = issue.asset, issue.symbol, units
        self.bypass = self.bypass or bypass
        if units < 1:
            raise ActInvalid("Укажите количество единиц.", "State the number of units.", field="units")
        if self.kind == ActKind.RELEASE:
            self._check_encumbrance(encumbrance_id)
        elif self.kind == ActKind.ARREST:
            self._check_at_most(self._holding().free_units)
        else:
            self._check_transfer(issue, corrected_tx)

    def check_replaceable(self) -> None:
        """The address may be replaced: nothing of it is in the hands of a market (Participants.replace, Rubles.moveAll)."""
        wallet = self.subject.wallet
        chain = repository.chain_participant(self.ctx, wallet)
        if chain is None or chain.status not in {"ACTIVE", "BLOCKED"}:
            ru, en = "Участника нет в реестре или его адрес уже заменён.", "Not in the register, or replaced already."
            raise ActInvalid(ru, en, field="number")
        rubles = repository.rubles(self.ctx, wallet)
        orders = repository.open_orders(self.ctx, wallet)
        offers = [one for one in repository.encumbrances(self.ctx, wallet) if one.kind == "ORDER"]
        if (
            orders
            or offers
            or chain.limit_reserved_kopeks
            or (rubles and (rubles.held_kopeks or rubles.in_transit_kopeks))
        ):
            ru = "Сначала снимите заявки и предложения участника и завершите его выводы денег: адрес с ними заменить нельзя."
            en = (
                "Withdraw the participant's orders and offers and finish the payments out first: the address is in use."
            )
            raise ActInvalid(ru, en, field="number")

    def _check_transfer(self, issue: ChainIssue, corrected_tx: str) -> None:
        if self.receiver is None:
            raise ActInvalid("Укажите получателя.", "State the receiver.", field="receiver")
        if self.receiver.id == self.subject.id:
            ru, en = "Получатель и владелец — одно лицо.", "Receiver and owner are the same."
            raise ActInvalid(ru, en, field="receiver")
        chain = repository.chain_participant(self.ctx, self.receiver.wallet)
        if chain is None or chain.status != "ACTIVE":
            ru, en = "Получатель не допущен или заблокирован.", "The receiver is not admitted or is blocked."
            raise ActInvalid(ru, en, field="receiver")
        if chain.classes & issue.access_class != issue.access_class and not self.bypass:
            ru = "У получателя нет класса доступа этого выпуска. Если документ обязывает передать, отметьте исключение."
            en = "The receiver lacks the issue's access class. Tick the exception if the document orders the transfer."
            raise ActInvalid(ru, en, field="bypass_class")
        if issue.circulation_ends_at < int(self.ctx.now().timestamp()):
            ru, en = "Обращение выпуска завершено.", "Circulation of the issue has ended."
            raise ActInvalid(ru, en, field="asset")
        offered = sum(
            one.units_left
            for one in repository.encumbrances(self.ctx, self.subject.wallet, issue.asset)
            if one.kind == "ORDER"
        )
        self._check_at_most(self._holding().units - offered)
        if self.kind == ActKind.CORRECTION:
            self._check_corrected(corrected_tx, self.receiver)

    def _check_corrected(self, tx_hash: str, receiver: Participant) -> None:
        moves = repository.transfers_of_tx(self.ctx, tx_hash.strip(), str(self.asset))
        wrong = (receiver.wallet, self.subject.wallet)
        if not any((one.from_address, one.to_address) == wrong and one.units >= self.units for one in moves):
            ru = "В этой транзакции нет перевода таких единиц от получателя исправления к владельцу."
            en = "This transaction has no such transfer from the receiver of the correction to the owner."
            raise ActInvalid(ru, en, field="corrected_tx")

    def _check_encumbrance(self, encumbrance_id: int) -> None:
        found = repository.encumbrance(self.ctx, str(self.asset), encumbrance_id)
        if found is None or found.state != "OPEN" or found.holder != self.subject.wallet:
            ru, en = "У владельца нет такого открытого обременения.", "The owner has no such open encumbrance."
            raise ActInvalid(ru, en, field="encumbrance_id")
        if found.kind not in RELEASABLE:
            ru, en = "Регистратор снимает только арест и залог.", "A registrar releases arrests and pledges only."
            raise ActInvalid(ru, en, field="encumbrance_id")
        self._check_at_most(found.units_left)
        self.encumbrance_id = encumbrance_id

    def _check_at_most(self, available: int) -> None:
        if self.units > available:
            ru = f"Доступно единиц: {max(available, 0)}, указано {self.units}."
            raise ActInvalid(ru, f"{max(available, 0)} units available, {self.units} asked.", field="units")

    def _holding(self) -> ChainHolding:
        found = repository.holding(self.ctx, str(self.asset), self.subject.wallet)
        if found is None or found.units == 0:
            ru, en = "У владельца нет единиц этого выпуска.", "The owner has no units of this issue."
            raise ActInvalid(ru, en, field="asset")
        return found

    # --- calls -------------------------------------------------------------------------------------------------------

    def calls(self, document_hash: str, new_wallet: str | None) -> list[Call]:
        """``[contract, address or None, function, arguments, words]`` in the order in which they must be approved."""
        document, owner, title = "0x" + document_hash, self.subject, self.title
        if self.kind in TRANSFERS and self.receiver is not None:
            reason = bytes32_of(REASONS[self.kind])
            args = [owner.wallet, self.receiver.wallet, self.units, self.bypass, reason, document]
            words = f"{title}: {self.units} ед. от {owner.number} к {self.receiver.number}"
            return [["DigitalAsset", self.asset, FORCED_TRANSFER, args, words]]
        if self.kind == ActKind.ARREST:
            args = [owner.wallet, ARREST, self.units, 0, document]
            return [["DigitalAsset", self.asset, "encumber", args, f"{title}: арест {self.units} ед. у {owner.number}"]]
        if self.kind == ActKind.RELEASE:
            words = f"{title}: снять обременение № {self.encumbrance_id} с {self.units} ед. у {owner.number}"
            return [["DigitalAsset", self.asset, "release", [self.encumbrance_id, self.units], words]]
        return self._replacement(str(new_wallet))

    def _replacement(self, new_wallet: str) -> list[Call]:
        old, number = self.subject.wallet, self.subject.number
        found: list[Call] = [["Participants", None, "replace", [old, new_wallet], f"Заменить адрес {number}"]]
        rubles = repository.rubles(self.ctx, old)
        if rubles is not None and (rubles.free_kopeks or rubles.frozen_kopeks):
            found.append(["Rubles", None, "moveAll", [old, new_wallet], f"Перенести деньги {number} на новый адрес"])
        for one in repository.holdings(self.ctx, old):
            issue = repository.issue_of(self.ctx, one.asset)
            title = issue.symbol if issue else one.asset
            words = f"{title}: перенести {one.units} ед. {number} на новый адрес"
            found.append(["DigitalAsset", one.asset, "replaceHolder", [old, new_wallet], words])
        return found
