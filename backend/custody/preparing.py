"""Simulate, then give a number or fail: the first arrows of :mod:`backend.custody.outbox`."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from backend.custody import refusals, work
from backend.custody.node import Call, NodeDownError, NodeError, NodeRefusedError, is_of_the_call
from backend.custody.states import IntentState
from backend.custody.work import Claim, Work

if TYPE_CHECKING:
    from backend.custody.outbox import NodeLike, Unit

log = logging.getLogger(__name__)

GAS_MARGIN_NUMERATOR, GAS_MARGIN_DENOMINATOR, GAS_EXTRA = 13, 10, 60_000
GAS_CAP = 60_000_000
_SHAPES = 2_000

Verdict = int | NodeRefusedError
Shape = tuple[str, str, int]


class Preparer:
    """Gives numbers. ``_fits`` remembers how much gas was enough for calls of the same shape, so that one question a call does."""

    def __init__(self, unit: Unit, node: NodeLike, worker: str) -> None:
        self._unit = unit
        self._node = node
        self._worker = worker
        self._fits: dict[Shape, int] = {}

    def prepare(self, claimed: Claim) -> set[str]:
        """Move ACCEPTED to NONCE_GIVEN or FAILED where that can be told now; wallets that must wait."""
        waiting = claimed.of(IntentState.ACCEPTED)
        if not waiting:
            return set()
        mined = self._counts(sorted({item.wallet for item in waiting}))
        foreign = {wallet: count for wallet, count in mined.items() if count > claimed.leases[wallet].next_nonce}
        self._stop(claimed, foreign)
        judged = [item for item in waiting if item.wallet in mined and item.wallet not in foreign]
        verdicts = self._verdicts(judged)
        # What a wallet has on its way is seen by the simulation only when all of it was mined before it.
        settled = {wallet for wallet, count in mined.items() if count == claimed.leases[wallet].next_nonce}
        given, failed, held = _decide(judged, verdicts, settled)
        if failed:
            unsure = {item.wallet for item in failed} - self._still_settled(claimed, failed)
            held |= unsure
            failed = [item for item in failed if item.wallet not in unsure]
            given = [item for item in given if item.wallet not in unsure]
        self._commit(claimed, given, failed, verdicts)
        return held | ({item.wallet for item in waiting} - set(mined))

    # ------------------------------------------------------------------ questions

    def _counts(self, wallets: Sequence[str]) -> dict[str, int]:
        answers = self._node.transaction_counts(wallets)
        return {wallet: count for wallet, count in zip(wallets, answers, strict=True) if isinstance(count, int)}

    def _still_settled(self, claimed: Claim, failed: list[Work]) -> set[str]:
        counts = self._counts(sorted({item.wallet for item in failed}))
        return {wallet for wallet, count in counts.items() if count == claimed.leases[wallet].next_nonce}

    def _verdicts(self, items: list[Work]) -> dict[str, Verdict]:
        """Gas that is enough, or the refusal; nothing for what the node has not answered."""
        if len(self._fits) > _SHAPES:
            self._fits.clear()
        self._learn(list({_shape(item): item for item in items if _shape(item) not in self._fits}.values()))
        verdicts: dict[str, Verdict] = {}
        unsure: list[Work] = []
        fits = [self._fits.get(_shape(item)) for item in items]
        # With the gas that the transaction would have: what was just enough for one call of a shape isn't always enough for another.
        limits = [None if gas is None else _limit(gas) for gas in fits]
        for item, gas, answer in zip(items, fits, self._simulated(items, limits), strict=True):
            if gas is not None and answer is None:
                verdicts[item.id] = gas
            else:
                # Too little gas has many names, and some sound like a fault of the node; without a limit the answer is clear.
                unsure.append(item)
        if unsure:
            verdicts.update(self._one_by_one(unsure))
        return verdicts

    def _one_by_one(self, items: list[Work]) -> dict[str, Verdict]:
        """The same without a remembered limit: the contract's own refusal, or what this very call needs."""
        answers = self._simulated(items, [None] * len(items))
        refused = {item.id: one for item, one in zip(items, answers, strict=True) if isinstance(one, NodeRefusedError)}
        willing = [item for item, one in zip(items, answers, strict=True) if one is None]
        for item, one in zip(items, answers, strict=True):
            if isinstance(one, NodeDownError):
                log.warning("the node can't simulate intent %s now: %s", item.id, one)
        return {**refused, **self._learn(willing)}

    def _learn(self, items: list[Work]) -> dict[str, int]:
        found: dict[str, int] = {}
        for item, gas in zip(items, self._node.estimate_many([_call(item, None) for item in items]), strict=True):
            if isinstance(gas, int):
                found[item.id] = gas
                self._fits[_shape(item)] = max(gas, self._fits.get(_shape(item), 0))
            elif not isinstance(gas, NodeRefusedError):
                log.warning("the node can't estimate intent %s now: %s", item.id, gas)
        return found

    def _simulated(self, items: list[Work], gas: Sequence[int | None]) -> Sequence[NodeError | None]:
        return self._node.simulate_many([_call(item, limit) for item, limit in zip(items, gas, strict=True)])

    # ------------------------------------------------------------------ writes

    def _commit(self, claimed: Claim, given: list[Work], failed: list[Work], verdicts: dict[str, Verdict]) -> None:
        if not given and not failed:
            return
        now = work.wall()
        with self._unit() as ctx:
            numbers = work.owned(ctx.session, self._worker, claimed.leases)
            live = work.still(ctx.session, given + failed, IntentState.ACCEPTED)
            given = [item for item in given if item.wallet in numbers and item.id in live]
            failed = [item for item in failed if item.wallet in numbers and item.id in live]
            rows = [_numbered(item, verdicts[item.id], numbers, now) for item in given]
            refused = [_refused(item, verdicts[item.id], now) for item in failed]
            work.write(ctx.session, rows)
            work.write(ctx.session, refused)
            if given:
                work.write_next_nonces(ctx.session, {item.wallet: numbers[item.wallet] for item in given})
        for item, row in zip(given, rows, strict=True):
            item.state, item.nonce, item.gas = IntentState.NONCE_GIVEN, row["nonce"], row["gas"]
            claimed.fresh.add(item.id)
        for item in failed:
            item.state = IntentState.FAILED

    def _stop(self, claimed: Claim, foreign: dict[str, int]) -> None:
        for wallet, mined in foreign.items():
            with self._unit() as ctx:
                now_next = work.owned(ctx.session, self._worker, {wallet: claimed.leases[wallet]}).get(wallet)
                if now_next is None or mined <= now_next:
                    continue
                reason = f"node has {mined} transactions, the outbox gave {now_next}"
                work.stop(ctx, wallet, reason, {"mined": mined, "given": now_next})
            log.error("wallet %s stopped: %s", wallet, reason)


def is_verdict(refused: NodeRefusedError) -> bool:
    """Whether the contract refused, and not the node (a limit, a permission, a wrong address of the network)."""
    return refused.data is not None or refused.code == 3 or is_of_the_call(refused.message)


def _decide(
    items: list[Work], verdicts: dict[str, Verdict], settled: set[str]
) -> tuple[list[Work], list[Work], set[str]]:
    """What gets a number, what fails, and which wallets wait; a wallet's calls keep their order."""
    given: dict[str, list[Work]] = defaultdict(list)
    failed: list[Work] = []
    held: set[str] = set()
    for item in items:
        verdict = verdicts.get(item.id)
        if item.wallet in held:
            continue
        if isinstance(verdict, int):
            given[item.wallet].append(item)
        elif verdict is not None and is_verdict(verdict) and item.wallet in settled and not given[item.wallet]:
            failed.append(item)
        else:
            held.add(item.wallet)
            if verdict is not None and not is_verdict(verdict):
                log.error("the node refuses to simulate intent %s: %s", item.id, verdict)
    return [item for rows in given.values() for item in rows], failed, held


def _numbered(item: Work, gas: Verdict, numbers: dict[str, int], now: datetime) -> dict[str, Any]:
    if not isinstance(gas, int):
        raise NodeDownError(f"intent {item.id} was not simulated")
    nonce = numbers[item.wallet]
    numbers[item.wallet] = nonce + 1
    moved = {"state": IntentState.NONCE_GIVEN, "updated_at": now, "numbered_at": now}
    return {"id": item.id, **moved, "nonce": nonce, "gas": _limit(gas)}


def _limit(gas: int) -> int:
    """The gas that a transaction is given: with room for what others change before it is mined."""
    return min(gas * GAS_MARGIN_NUMERATOR // GAS_MARGIN_DENOMINATOR + GAS_EXTRA, GAS_CAP)


def _refused(item: Work, verdict: Verdict, now: datetime) -> dict[str, Any]:
    refusal = refusals.explain(verdict.data if isinstance(verdict, NodeRefusedError) else None)
    words = {"error_code": refusal.code, "error_ru": refusal.ru, "error_en": refusal.en}
    return {"id": item.id, "state": IntentState.FAILED, "updated_at": now, "settled_at": now, **words}


def _shape(item: Work) -> Shape:
    return item.address, item.data[:10], len(item.data)


def _call(item: Work, gas: int | None) -> Call:
    return Call(item.wallet, item.address, item.data, gas)
