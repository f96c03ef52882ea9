"""Mirror of Anchors: roots of the off-chain journal, documents and registers, in sequence."""

from datetime import datetime

from sqlmodel import SQLModel

from indexer.models.fields import big_field, hash_field, time_field, word_field


class ChainAnchor(SQLModel, table=True):
    """One anchor: ``root`` covers the entries first_entry..last_entry of its kind (JOURNAL, DOCUMENTS, REGISTERS)."""

    __tablename__ = "chain_anchors"

    kind: str = word_field(12, key=True)
    sequence: int = big_field(key=True)
    root: str = hash_field()
    previous: str = hash_field()
    first_entry: int = big_field()
    last_entry: int = big_field()
    block_number: int = big_field()
    tx_hash: str = hash_field()
    at: datetime = time_field()
