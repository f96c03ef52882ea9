"""Mirror of Payouts: coupon, amortisation and redemption runs and every payment of them."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from indexer.models.fields import address_field, big_field, hash_field, time_field, word_field


class ChainRun(SQLModel, table=True):
    """A payment run. ``state`` as in IPayouts.State; ``micro_kopeks_per_unit`` in millionths of a kopek for one unit."""

    __tablename__ = "chain_runs"

    id: int = big_field(key=True)
    ref: str = hash_field(index=True)
    asset: str = address_field(index=True)
    kind: str = word_field(16)
    rounding: str = word_field(12)
    record_date: int = big_field()
    micro_kopeks_per_unit: int = big_field()
    due_at: int = big_field()
    due_at_at: datetime | None = time_field()
    state: str = word_field(12, index=True)
    declared_by: str = address_field()
    funded_kopeks: int = big_field(zero=True)
    units_due: int = big_field(zero=True)
    units_paid: int = big_field(zero=True)
    units_tendered: int = big_field(zero=True)
    kopeks_paid: int = big_field(zero=True)
    withheld_kopeks: int = big_field(zero=True)
    returned_kopeks: int = big_field(zero=True)
    holders_paid: int = Field(default=0)
    grace_ends_at: int = big_field(zero=True)
    declared_block: int = big_field()
    declared_tx: str = hash_field()
    declared_at: datetime = time_field()
    funded_block: int | None = big_field()
    funded_tx: str | None = hash_field()
    funded_at: datetime | None = time_field()
    closed_block: int | None = big_field()
    closed_tx: str | None = hash_field()
    closed_at: datetime | None = time_field()


class ChainRunPayment(SQLModel, table=True):
    """What one holder was paid in a run; gross = to the holder + withheld tax. ``to_frozen``: into frozen rubles (blocked holder)."""

    __tablename__ = "chain_run_payments"

    run_id: int = big_field(key=True)
    holder: str = address_field(key=True, index=True)
    units: int = big_field()
    gross_kopeks: int = big_field()
    withheld_kopeks: int = big_field()
    to_frozen: bool
    block_number: int = big_field()
    log_index: int
    tx_hash: str = hash_field()
    at: datetime = time_field()


class ChainTender(SQLModel, table=True):
    """Units that a holder tendered into an early redemption run (investor's put), in all. ``state`` TENDERED, RETURNED or REDEEMED."""

    __tablename__ = "chain_tenders"

    run_id: int = big_field(key=True)
    holder: str = address_field(key=True, index=True)
    encumbrance_id: int = big_field()
    units: int = big_field()
    state: str = word_field(12)
    block_number: int = big_field()
    tx_hash: str = hash_field()
    at: datetime = time_field()


class ChainPayoutRule(SQLModel, table=True):
    """History of the tax rule (TAX: account, largest share in basis points) and of the grace period (GRACE: seconds)."""

    __tablename__ = "chain_payout_rules"

    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    rule: str = word_field(8)
    tax_account: str | None = address_field()
    maximum_withheld_bps: int | None = Field(default=None)
    grace_seconds: int | None = big_field()
    tx_hash: str = hash_field()
    at: datetime = time_field()
