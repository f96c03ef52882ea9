"""Who held what at a block or at a moment: answered by the index of the history, one probe a holder, however long the history is."""

from typing import Any

from sqlalchemy import Connection, Select, literal_column, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from indexer.db import is_sqlite
from indexer.models.issues import ChainHolding, ChainHoldingHistory


def holdings_at(
    connection: Connection,
    *,
    asset: str | None = None,
    holder: str | None = None,
    block: int | None = None,
    timestamp: int | None = None,
) -> Select[Any]:
    """Rows of `ChainHoldingHistory` with units, of one asset, of one holder or of both (at least one), the largest first.

    As they stood after ``block``, or right after the second ``timestamp`` (unix). Raises ValueError for a question that is not one.
    The last row of each holder is found by its place in the table, which both databases give under a name of their own.
    """
    if (block is None) == (timestamp is None) or (asset is None and holder is None):
        raise ValueError("ask for an asset or a holder, at a block or at a moment")
    place = "rowid" if is_sqlite(connection) else "ctid"
    then, earlier, now = (
        aliased(ChainHoldingHistory, name="held"),
        aliased(ChainHoldingHistory, name="earlier"),
        ChainHolding,
    )
    probe: Select[Any] = select(literal_column(f"earlier.{place}")).where(
        col(earlier.asset) == col(now.asset), col(earlier.holder) == col(now.holder)
    )
    if block is not None:
        probe = probe.where(col(earlier.block_number) <= block)
    else:
        probe = probe.where(col(earlier.timestamp) <= timestamp).order_by(col(earlier.timestamp).desc())
    probe = probe.order_by(col(earlier.block_number).desc(), col(earlier.log_index).desc()).limit(1)
    last = probe.correlate(now).select_from(earlier).scalar_subquery()
    statement = select(then).select_from(now).join(then, literal_column(f"held.{place}") == last)
    if asset is not None:
        statement = statement.where(col(now.asset) == asset)
    if holder is not None:
        statement = statement.where(col(now.holder) == holder)
    return statement.where(col(then.units) > 0).order_by(col(then.units).desc(), col(then.holder), col(then.asset))
