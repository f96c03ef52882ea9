"""What the embedded node keeps on disk: checkpoints, the journal of blocks above the newest one, the clock.

    chain.json            chain id and genesis time, written once
    state-NNNNNNNN.json   a full dump of anvil, made every few hundred blocks; the newest two are kept
    blocks-NNNNNNNN.log   one line for each block recorded since that dump: what is needed to mine it again
    clock.json            how many seconds chain time is ahead of the wall clock
    durable-head          {"number", "hash"} of the last block that a restart brings back
    rpc-url, anvil.pid    where the node listens, and its process

A dump costs time that grows with the chain (0.16 s at 1,500 blocks), a line of the journal always about a
millisecond. Blocks are mined again with identical hashes, for anvil derives everything that the transactions
and the timestamp don't give (prevRandao included) from the parent's hash and the height.
"""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STATE_NAME = re.compile(r"state-(\d{8})\.json")


class StoreError(Exception):
    """A file of the node's folder is damaged or belongs to another chain."""


@dataclass(frozen=True)
class BlockRecord:
    """Everything that has to be given to mine the block again, and the hash to check it by.

    `timestamp` in seconds since 1970; `transactions` are the signed bytes, hex, in the order of the block.
    """

    number: int
    hash: str
    timestamp: int
    transactions: tuple[str, ...]


class Store:
    """The folder of one node. Every write is complete or absent after a kill at any instant."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.generation = max((number for number, _ in self._states()), default=0)
        self.recorded = 0
        """Blocks in the journal of this generation."""

    @property
    def state_file(self) -> Path | None:
        """The newest checkpoint; None before the first."""
        return self.state_of(self.generation)

    def state_of(self, generation: int) -> Path | None:
        """The checkpoint of a generation; None for generation 0, which begins at genesis."""
        return self._state(generation) if generation else None

    def generations(self) -> list[int]:
        """From where the chain can be restored, best first."""
        kept = sorted((number for number, _ in self._states()), reverse=True)
        return kept if self.generation > 1 else [*kept, 0]

    def write_checkpoint(self, state: bytes) -> None:
        """Make `state` (anvil's JSON) the newest checkpoint, and begin an empty journal on top of it."""
        self._write("state.tmp", self._state(self.generation + 1).name, state, durable=True)
        self.generation += 1
        self.recorded = 0
        # The one before stays, with its journal, in case this dump turns out to be unsound.
        for old in (*self.folder.glob("state-*.json"), *self.folder.glob("blocks-*.log")):
            if int(old.stem.rpartition("-")[2]) < self.generation - 1:
                old.unlink()

    def append(self, records: Iterable[BlockRecord]) -> None:
        """Add blocks to the journal; they are on disk when this returns."""
        lines = [json.dumps(asdict(record), separators=(",", ":")) + "\n" for record in records]
        with self._journal(self.generation).open("ab") as file:
            file.write("".join(lines).encode())
            file.flush()
            os.fsync(file.fileno())
        self.recorded += len(lines)

    def read_journal(self, since: int) -> list[BlockRecord]:
        """The blocks recorded on top of the checkpoint of generation `since` and of all later ones, in order.

        A torn last line is cut off: its block was never announced as durable. Raises StoreError for other damage.
        """
        records: list[BlockRecord] = []
        for generation in range(since, self.generation + 1):
            part = _read_records(self._journal(generation))
            records += part
            self.recorded = len(part)
        return records

    def read_json(self, name: str) -> dict[str, Any] | None:
        """A small file of the folder; None when it is absent or unreadable."""
        try:
            value = json.loads((self.folder / name).read_text())
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def write_json(self, name: str, value: dict[str, Any], *, durable: bool = True) -> None:
        """Replace a small file in one step; `durable` waits for the disk too."""
        self._write(f"{name}.tmp", name, json.dumps(value).encode(), durable=durable)

    def read_text(self, name: str) -> str:
        """A line of text; empty when the file is absent."""
        path = self.folder / name
        return path.read_text().strip() if path.exists() else ""

    def write_text(self, name: str, value: str) -> None:
        self._write(f"{name}.tmp", name, f"{value}\n".encode(), durable=False)

    def _write(self, temporary: str, name: str, data: bytes, *, durable: bool) -> None:
        path = self.folder / temporary
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        path.replace(self.folder / name)
        if durable:
            self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _states(self) -> list[tuple[int, Path]]:
        named = ((STATE_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return [(int(match[1]), path) for match, path in named if match]

    def _state(self, generation: int) -> Path:
        return self.folder / f"state-{generation:08d}.json"

    def _journal(self, generation: int) -> Path:
        return self.folder / f"blocks-{generation:08d}.log"


def _read_records(path: Path) -> list[BlockRecord]:
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.truncate(path, len(whole))
    try:
        rows = [json.loads(line) for line in whole.splitlines()]
        return [BlockRecord(**{**row, "transactions": tuple(row["transactions"])}) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{path} is damaged: {error}") from error
