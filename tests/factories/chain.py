"""Facts of the chain as the indexer would have mirrored them, for tests of the domains above it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.settings import Settings
from indexer.chain.addresses import CONTRACTS
from indexer.db import Session
from indexer.models import (
    ChainBlock,
    ChainCursor,
    ChainHolding,
    ChainHoldingHistory,
    ChainIssue,
    ChainLog,
    ChainParticipant,
    ChainPayoutRule,
    ChainPlacement,
    ChainRecordDate,
    ChainRubleAccount,
    ChainRun,
    ChainRunPayment,
    ChainSupplyHistory,
    ChainTransaction,
)


def word(number: int) -> str:
    """A 32-byte value."""
    return f"0x{number:064x}"


def address(number: int) -> str:
    """A 20-byte address."""
    return f"0x{number:040x}"


def write_deployment(settings: Settings) -> dict[str, str]:
    """A deployment file with all contracts; their addresses by name."""
    contracts = {name: address(0xC0DE00 + place) for place, name in enumerate(CONTRACTS)}
    path = Path(str(settings.deployment_file))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"chain_id": 1337, "genesis_hash": word(0), "contracts": contracts}))
    return contracts


@dataclass
class Chain:
    """The mirrored chain of one test; every fact goes into the block that :meth:`block` made last."""

    session: Session
    number: int = -1
    timestamp: int = 0
    logs: int = 0
    supply: dict[str, int] = field(default_factory=dict)
    units: dict[tuple[str, str], int] = field(default_factory=dict)

    def block(self, at: datetime) -> int:
        """The next block, at a moment; the cursor moves to it."""
        self.number, self.timestamp, self.logs = self.number + 1, int(at.timestamp()), 0
        parent = word(0xB10C00 + self.number - 1) if self.number else word(0)
        common = {"transactions_root": word(1), "receipts_root": word(2), "state_root": word(3), "header": {}}
        proven = dict.fromkeys(("proven_hash", "proven_transactions", "proven_receipts", "proven_seals"), True)
        self.session.add(
            ChainBlock(
                number=self.number,
                hash=word(0xB10C00 + self.number),
                parent_hash=parent,
                timestamp=self.timestamp,
                at=self.at,
                proposer=address(0xBA5E),
                gas_used=0,
                gas_limit=60_000_000,
                tx_count=0,
                log_count=0,
                **common,
                **proven,
            )
        )
        cursor = self.session.get(ChainCursor, 1) or ChainCursor(
            id=1, chain_id=1337, genesis_hash=word(0), schema_version=1, height=0, hash="", timestamp=0, digest="",
            head_seen=0, updated_at=datetime.now(UTC),
        )  # fmt: skip
        cursor.height, cursor.hash, cursor.timestamp = self.number, word(0xB10C00 + self.number), self.timestamp
        cursor.digest, cursor.head_seen, cursor.updated_at = word(0xD16E57), self.number, datetime.now(UTC)
        self.session.add(cursor)
        self.session.flush()
        return self.number

    @property
    def at(self) -> datetime:
        """Time of the last block."""
        return datetime.fromtimestamp(self.timestamp, UTC)

    def place(self) -> dict[str, int]:
        """Place of the next event."""
        self.logs += 1
        return {"block_number": self.number, "log_index": self.logs}

    @property
    def tx_hash(self) -> str:
        """Hash of the transaction of the present place."""
        return word(0x77_0000 + self.number * 1000 + self.logs)

    def participant(self, wallet: str, number: int, kind: str = "PERSON", status: str = "ACTIVE") -> None:
        """An admitted address."""
        self._add(
            ChainParticipant(
                address=wallet, number=number, kind=kind, status=status, classes=15, admitted_until=4102444800,
                profile_hash=word(9), admitted_block=self.number, block_number=self.number,
            )
        )  # fmt: skip

    def issue(self, issue_id: str, asset: str, issuer: str, *, record_dates: list[datetime], state: str) -> None:
        """A deployed issue with its record dates."""
        seconds = [int(one.timestamp()) for one in record_dates]
        self._add(
            ChainIssue(
                issue_id=issue_id, asset=asset, issuer=issuer, decision_hash=word(5), state=state, name="Выпуск",
                symbol="KPT-1", nominal_kopeks=100_000, maximum_units=10_000, access_class=1, locked_until=0,
                maturity=seconds[-1], transfer_mode="FREE_BETWEEN_PARTICIPANTS", burn_on_issuer_acquire=True,
                circulation_ends_at=seconds[-1], paused=False, deployed_block=self.number, deployed_tx=self.tx_hash,
                deployed_at=self.at, block_number=self.number,
            )
        )  # fmt: skip
        for place, second in enumerate(seconds, start=1):
            moment = datetime.fromtimestamp(second, UTC)
            self._add(ChainRecordDate(asset=asset, number=place, timestamp=second, at=moment, block_number=self.number))

    def placement(
        self, issue_id: str, asset: str, issuer: str, *, days: int, state: str = "OPEN", paid: int = 0
    ) -> None:
        """A primary sale that began a day ago and takes orders until so many days from now, with kopeks that were paid."""
        starts, ends = (int((self.at + timedelta(days=one)).timestamp()) for one in (-1, days))
        self._add(
            ChainPlacement(
                issue_id=issue_id, asset=asset, issuer=issuer, state=state, price_kopeks=100_000, minimum_units=1,
                maximum_units=10_000, order_min=1, order_max=10_000, starts_at=starts, ends_at=ends, crediting_at=ends,
                allocation="FIRST_COME", paid_kopeks=paid, opened_block=self.number, opened_tx=self.tx_hash,
                opened_at=self.at,
            )
        )  # fmt: skip

    def hold(self, asset: str, holder: str, units: int) -> None:
        """Set what a holder has from the present block on; the supply follows."""
        before = self.units.get((asset, holder), 0)
        self.units[asset, holder] = units
        self.supply[asset] = self.supply.get(asset, 0) + units - before
        values = {"units": units, "encumbered_units": 0, "frozen_units": 0, "free_units": units}
        moment = {"timestamp": self.timestamp, "at": self.at}
        self._add(ChainHoldingHistory(asset=asset, holder=holder, **self.place(), **moment, **values))
        row = self.session.get(ChainHolding, (asset, holder))
        if row is None:
            row = ChainHolding(asset=asset, holder=holder, block_number=self.number)
        row.units, row.free_units, row.block_number = units, units, self.number
        self._add(row)
        holders = sum(1 for (of, _), count in self.units.items() if of == asset and count)
        supply = {"supply_units": self.supply[asset], "holders_count": holders}
        self._add(ChainSupplyHistory(asset=asset, **self.place(), **moment, **supply))

    def rubles(self, wallet: str, free: int) -> None:
        """Free rubles of an address, kopeks."""
        row = self.session.get(ChainRubleAccount, wallet)
        row = row or ChainRubleAccount(address=wallet, block_number=self.number)
        row.free_kopeks, row.block_number = free, self.number
        self._add(row)

    def tax_rule(self, account: str, bps: int = 3000) -> None:
        """The contract's tax rule."""
        self._add(
            ChainPayoutRule(
                **self.place(),
                rule="TAX",
                tax_account=account,
                maximum_withheld_bps=bps,
                tx_hash=self.tx_hash,
                at=self.at,
            )
        )

    def run(self, ref: str, asset: str, *, kind: str, micro: int, due_at: datetime, number: int = 1) -> ChainRun:
        """A declared run."""
        row = ChainRun(
            id=number, ref=ref, asset=asset, kind=kind, rounding="PER_UNIT", record_date=1, micro_kopeks_per_unit=micro,
            due_at=int(due_at.timestamp()), due_at_at=due_at, state="DECLARED", declared_by=address(7),
            declared_block=self.number, declared_tx=self.tx_hash, declared_at=self.at,
        )  # fmt: skip
        self._add(row)
        return row

    def pay(self, run: ChainRun, holder: str, units: int, gross: int, tax: int, *, to_frozen: bool = False) -> None:
        """A payment of a run; the run's totals follow."""
        self._add(
            ChainRunPayment(
                run_id=run.id, holder=holder, units=units, gross_kopeks=gross, withheld_kopeks=tax, to_frozen=to_frozen,
                **self.place(), tx_hash=self.tx_hash, at=self.at,
            )
        )  # fmt: skip
        run.state, run.units_paid = "EXECUTING", run.units_paid + units
        run.kopeks_paid, run.withheld_kopeks = run.kopeks_paid + gross, run.withheld_kopeks + tax
        run.holders_paid += 1
        self._add(run)

    def transaction(self, tx_hash: str, *, sender: str, to: str, data: str, status: int = 1) -> ChainTransaction:
        """A mined transaction."""
        row = ChainTransaction(
            hash=tx_hash, block_number=self.number, tx_index=self.logs, type=2, sender=sender, to_address=to, nonce=0,
            input=data, value_wei="0", gas=1, gas_used=1, cumulative_gas_used=1, status=status, raw="0x02", at=self.at,
        )  # fmt: skip
        self._add(row)
        return row

    def log(self, contract: str, event: str, emitter: str, args: dict[str, object]) -> ChainLog:
        """A decoded event."""
        row = ChainLog(
            **self.place(), tx_hash=self.tx_hash, tx_index=0, address=emitter, topics=[word(1)], data="0x", at=self.at,
            contract=contract, event=event, args=args,
        )  # fmt: skip
        self._add(row)
        return row

    def _add(self, row: object) -> None:
        self.session.add(row)
        self.session.flush()
