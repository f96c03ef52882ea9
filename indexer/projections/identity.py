"""Participants: admission, blocking, replacement, yearly limit."""

from collections.abc import Callable
from typing import Any

from indexer.chain.enums import PARTICIPANT_KIND
from indexer.models import ChainLimitRule, ChainParticipant, ChainParticipantEvent, moment
from indexer.projections.store import Store
from indexer.sync.facts import Fact


def apply(store: Store, fact: Fact) -> None:
    """Apply one event of Participants and keep it in the history."""
    EVENTS[fact.key](store, fact)
    if fact.event != "LimitSet":
        store.put(
            ChainParticipantEvent,
            **fact.place,
            address=fact.args.get("who") or fact.args["from"],
            event=fact.event,
            args=fact.args,
            tx_hash=fact.tx_hash,
            at=fact.at,
        )


def _admitted(store: Store, fact: Fact) -> None:
    args = fact.args
    store.put(
        ChainParticipant,
        address=args["who"],
        number=args["number"],
        kind=PARTICIPANT_KIND[args["kind"]],
        status="ACTIVE",
        classes=args["classes"],
        admitted_until=args["admittedUntil"],
        admitted_until_at=moment(args["admittedUntil"]),
        profile_hash=args["profileHash"],
        admitted_block=fact.block_number,
        block_number=fact.block_number,
    )


def _updated(store: Store, fact: Fact) -> None:
    args = fact.args
    _change(
        store,
        fact,
        classes=args["classes"],
        admitted_until=args["admittedUntil"],
        admitted_until_at=moment(args["admittedUntil"]),
        profile_hash=args["profileHash"],
    )


def _blocked(store: Store, fact: Fact) -> None:
    _change(store, fact, status="BLOCKED")


def _unblocked(store: Store, fact: Fact) -> None:
    _change(store, fact, status="ACTIVE")


def _replaced(store: Store, fact: Fact) -> None:
    # the new address continues everything; the old one keeps its number, so nobody is paid under both
    old = store.get(ChainParticipant, fact, fact.args["from"])
    heir = {**old, "address": fact.args["to"], "block_number": fact.block_number, "admitted_block": fact.block_number}
    store.put(ChainParticipant, **heir)
    store.change(
        ChainParticipant,
        fact,
        (fact.args["from"],),
        status="REPLACED",
        classes=0,
        limit_net_kopeks=0,
        replaced_by=fact.args["to"],
        block_number=fact.block_number,
    )


def _limit_set(store: Store, fact: Fact) -> None:
    store.put(
        ChainLimitRule,
        **fact.place,
        effective_from=fact.args["effectiveFrom"],
        effective_from_at=moment(fact.args["effectiveFrom"]),
        kopeks=fact.args["kopeks"],
        tx_hash=fact.tx_hash,
    )


def _limit(net: int, reserved: int) -> Callable[[Store, Fact], None]:
    """A move of the limit: signs by which the year's purchases and the reservations change."""

    def move(store: Store, fact: Fact) -> None:
        args = fact.args
        row = store.get(ChainParticipant, fact, args["who"])
        same_year = row["limit_year"] == args["year"]
        from_reserved = reserved if args.get("reserved", True) else 0
        _change(
            store,
            fact,
            limit_year=args["year"],
            limit_net_kopeks=(row["limit_net_kopeks"] if same_year else 0) + net * args["kopeks"],
            limit_reserved_kopeks=row["limit_reserved_kopeks"] + from_reserved * args["kopeks"],
        )

    return move


def _change(store: Store, fact: Fact, **values: Any) -> None:
    store.change(ChainParticipant, fact, (fact.args["who"],), **values, block_number=fact.block_number)


EVENTS: dict[str, Callable[[Store, Fact], None]] = {
    "Participants.ParticipantAdmitted": _admitted,
    "Participants.ParticipantUpdated": _updated,
    "Participants.ParticipantBlocked": _blocked,
    "Participants.ParticipantUnblocked": _unblocked,
    "Participants.ParticipantReplaced": _replaced,
    "Participants.LimitSet": _limit_set,
    "Participants.LimitReserved": _limit(net=0, reserved=1),
    "Participants.LimitReleased": _limit(net=0, reserved=-1),
    "Participants.LimitCommitted": _limit(net=1, reserved=-1),
    "Participants.LimitRestored": _limit(net=-1, reserved=0),
}
