"""Hand signed bytes to the node, and read its refusals with distrust: our hash decides, never the node's words."""

from __future__ import annotations

import logging
from collections.abc import Container
from datetime import datetime
from typing import TYPE_CHECKING, Any

from backend.custody import work
from backend.custody.node import NodeDownError, NodeRefusedError, Receipt
from backend.custody.states import IntentState
from backend.custody.work import Claim, Work

if TYPE_CHECKING:
    from backend.custody.outbox import NodeLike, Unit

log = logging.getLogger(__name__)

_WITH_BYTES = (IntentState.SIGNED, IntentState.SENT, IntentState.MINED)


class Sender:
    """Sends in the order of numbers, the same bytes each time, never at another price."""

    def __init__(self, unit: Unit, node: NodeLike, worker: str) -> None:
        self._unit = unit
        self._node = node
        self._worker = worker

    def send(self, claimed: Claim) -> set[str]:
        """Give the node what is signed, or again what it may have lost; wallets that it refuses."""
        items = [item for item in claimed.of(*_WITH_BYTES) if item.bytes_to_send is not None]
        items.sort(key=lambda item: (item.wallet, item.nonce or 0))
        if not items:
            return set()
        spent = self._spent(items, claimed.fresh)
        foreign = self._settled(claimed, spent)
        done = {item.id for item in spent}
        return foreign | self._hand_over(claimed, [i for i in items if i.id not in done and i.wallet not in foreign])

    def _settled(self, claimed: Claim, spent: list[Work]) -> set[str]:
        """Numbers that a block holds: ours are MINED; the wallets of those that aren't are stopped and returned."""
        asked = [(item, one) for item in spent for one in item.hashes]
        answers = self._node.receipts([one for _, one in asked]) if asked else []
        ours: dict[str, Receipt] = {}
        unsure: set[str] = set()
        for (item, tx_hash), answer in zip(asked, answers, strict=True):
            if isinstance(answer, Receipt):
                ours[item.id] = answer
                if tx_hash == item.cancel_hash:
                    unsure.add(item.id)  # the mirror will tell that the cancel was mined
            elif answer is not None:
                unsure.add(item.id)
        self._note(
            claimed, {item.id: ours[item.id] for item in spent if item.id in ours and item.id not in unsure}, spent
        )
        foreign = [item for item in spent if item.id not in ours and item.id not in unsure]
        for item in foreign:
            self._stop(claimed, item)
        return {item.wallet for item in foreign}

    def _note(self, claimed: Claim, receipts: dict[str, Receipt], spent: list[Work]) -> None:
        items, now = [item for item in spent if item.id in receipts], work.wall()
        if not items:
            return
        with self._unit() as ctx:
            mine = work.owned(ctx.session, self._worker, claimed.leases)
            live = work.still(ctx.session, items, *_WITH_BYTES)
            items = [item for item in items if item.wallet in mine and item.id in live]
            again = [item for item in items if item.state == IntentState.MINED]
            new = [item for item in items if item.state != IntentState.MINED]
            work.write(ctx.session, [{**_mined(item, receipts[item.id], now), "mined_at": now} for item in new])
            work.write(ctx.session, [_mined(item, receipts[item.id], now) for item in again])
        for item in items:
            item.state = IntentState.MINED

    def _hand_over(self, claimed: Claim, items: list[Work]) -> set[str]:
        answers = self._node.send_many([item.bytes_to_send or "" for item in items])
        pairs = list(zip(items, answers, strict=True))
        taken = [item for item, answer in pairs if answer is None]
        doubtful = [(item, answer) for item, answer in pairs if isinstance(answer, NodeRefusedError)]
        known = self._known([item for item, _ in doubtful])
        unknown = [(item, answer) for item, answer in doubtful if known.get(item.id) is False]
        self._commit(claimed, taken, [item for item, _ in doubtful if known.get(item.id)])
        self._refused(claimed, unknown)
        lost = [item for item, answer in pairs if isinstance(answer, NodeDownError)]
        return {item.wallet for item in lost} | {item.wallet for item, _ in unknown}

    def _spent(self, items: list[Work], fresh: Container[str]) -> list[Work]:
        """Of what was signed in an earlier round: the numbers that a block holds already, ours or somebody else's."""
        old = [item for item in items if item.id not in fresh]
        wallets = sorted({item.wallet for item in old})
        if not wallets:
            return []
        counts = dict(zip(wallets, self._node.transaction_counts(wallets), strict=True))
        mined = {wallet: count for wallet, count in counts.items() if isinstance(count, int)}
        return [item for item in old if item.nonce is not None and mined.get(item.wallet, 0) > item.nonce]

    def _known(self, items: list[Work]) -> dict[str, bool]:
        """Whether the node has any of the hashes ever signed under the number; nothing where it gave no answer."""
        asked = [(item.id, one) for item in items for one in item.hashes]
        found: dict[str, bool] = {}
        if asked:
            for (one, _), answer in zip(asked, self._node.known([tx_hash for _, tx_hash in asked]), strict=True):
                if isinstance(answer, bool):
                    found[one] = found.get(one, False) or answer
        return found

    def _commit(self, claimed: Claim, taken: list[Work], known: list[Work]) -> None:
        """A node that has the bytes makes a call SENT. One that takes bytes anew which were MINED had lost the block: SENT again."""
        if not taken and not known:
            return
        now = work.wall()
        target = {item.id: IntentState.SENT for item in taken}
        target |= {item.id: item.state if item.state == IntentState.MINED else IntentState.SENT for item in known}
        items = taken + known
        with self._unit() as ctx:
            mine = work.owned(ctx.session, self._worker, claimed.leases)
            live = work.still(ctx.session, items, *_WITH_BYTES)
            items = [item for item in items if item.wallet in mine and item.id in live]
            work.write(ctx.session, [_sent(item, target[item.id], now) for item in items])
        for item in items:
            item.state = target[item.id]

    def _refused(self, claimed: Claim, unknown: list[tuple[Work, NodeRefusedError]]) -> None:
        """The node will not have the bytes and knows none of our hashes: somebody else's number, or the node's own trouble."""
        for item, answer in unknown:
            log.warning("node refuses intent %s of %s: %s", item.id, item.wallet, answer)
        self._settled(claimed, self._spent([item for item, _ in unknown], ()))

    def _stop(self, claimed: Claim, item: Work) -> None:
        reason = f"number {item.nonce} was used by a transaction that is not ours"
        with self._unit() as ctx:
            lease = {item.wallet: claimed.leases[item.wallet]}
            given = work.owned(ctx.session, self._worker, lease).get(item.wallet)
            if given is None or not work.still(ctx.session, [item], *_WITH_BYTES):
                return
            work.stop(ctx, item.wallet, reason, {"given": given, "nonce": item.nonce})
        log.error("wallet %s stopped: %s", item.wallet, reason)


def _mined(item: Work, receipt: Receipt, now: datetime) -> dict[str, Any]:
    place = {"block_number": receipt.block_number, "mined_ok": receipt.ok}
    return {"id": item.id, "state": IntentState.MINED, "updated_at": now, **place}


def _sent(item: Work, state: IntentState, now: datetime) -> dict[str, Any]:
    first = item.sent_at or now
    return {"id": item.id, "state": state, "updated_at": now, "sends": item.sends + 1, "sent_at": first}
