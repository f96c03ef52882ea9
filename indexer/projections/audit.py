"""Anchors: roots of the journal, of documents and of registers."""

from collections.abc import Callable

from indexer.chain.enums import ANCHOR_KIND
from indexer.models import ChainAnchor
from indexer.projections.store import Store
from indexer.sync.facts import Fact


def apply(store: Store, fact: Fact) -> None:
    """Apply one event of Anchors."""
    EVENTS[fact.key](store, fact)


def _anchored(store: Store, fact: Fact) -> None:
    args = fact.args
    store.put(
        ChainAnchor,
        kind=ANCHOR_KIND[args["kind"]],
        sequence=args["sequence"],
        root=args["root"],
        previous=args["previous"],
        first_entry=args["firstEntry"],
        last_entry=args["lastEntry"],
        block_number=fact.block_number,
        tx_hash=fact.tx_hash,
        at=fact.at,
    )


EVENTS: dict[str, Callable[[Store, Fact], None]] = {"Anchors.Anchored": _anchored}
