"""``make rehearse-restore``: back up a running installation, restore it into a new folder, prove that it is the same, and say how long that took.

make rehearse-restore ARGS="--dir var/local"              the installation of `make up`
make rehearse-restore ARGS="--dir var/demo --keep"        leave backup and restored folder for a look

Order: database first, chain second, so that the database is never newer than the chain it is restored with; then documents and secrets. Nothing of
the running installation is changed; a Besu node is held while its files are copied. Exit code 0: the restored installation is the one that was
backed up; 1: it is not, or a step failed; 2: there is nothing to back up.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scripts.rehearsal import chain, checks, database
from scripts.rehearsal.database import BackupFailedError
from scripts.stack.home import Home

SECRETS = (
    "kek.hex",
    "jwt-secret",
    "deployer.hex",
    "environment",
    "register",
    "calendar.json",
    "officers.json",
    "tax.json",
    "logins.json",
    "web-port",
)


@dataclass(slots=True)
class Report:
    """What was measured: seconds of each step, bytes of the backup, and how far the chain had gone on when it was finished."""

    backup_s: float = 0.0
    restore_s: float = 0.0
    verify_s: float = 0.0
    height: int = -1
    later_blocks: int = 0
    size_bytes: int = 0
    checks: list[checks.Outcome] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Every check was passed."""
        return bool(self.checks) and all(one.good for one in self.checks)


def rehearse(home: Home, url: str, work: Path) -> Report:
    """Carry it out in a folder of its own. Raises BackupFailedError."""
    report, backup, restored = Report(), work / "backup", work / "restored"
    backup.mkdir(mode=0o700, parents=True)
    restored.mkdir(mode=0o700)
    started = time.monotonic()
    copy = database.back_up(url, backup)
    reader = _back_up_chain(home, backup)
    _back_up_rest(home, backup)
    report.backup_s = time.monotonic() - started
    report.size_bytes = sum(one.stat().st_size for one in backup.rglob("*") if one.is_file())
    finished = checks.mirror_of(url)
    started = time.monotonic()
    shutil.copytree(backup, restored, dirs_exist_ok=True, ignore=shutil.ignore_patterns(copy.name))
    there = database.restore(copy, restored, url)
    try:
        with _chain_over(restored, reader, work / "node.log") as rpc_url:
            report.restore_s = time.monotonic() - started
            started = time.monotonic()
            report.height = checks.mirror_of(there.url).height
            report.checks = list(_all_checks(home, url, there.url, restored, rpc_url))
            report.verify_s = time.monotonic() - started
    finally:
        database.drop(there)
    report.later_blocks = max(0, finished.height - report.height)
    return report


def _back_up_chain(home: Home, backup: Path) -> str | None:
    """Copy the chain; the node whose data were taken, None for the embedded one."""
    if home.network is None:
        chain.back_up_embedded(home.node_dir, backup / "node")
        return None
    return chain.back_up_network(home.network, backup / "besu")


def _back_up_rest(home: Home, backup: Path) -> None:
    """Documents, addresses, secrets: copied after the database, for none of them is ever changed."""
    for name in ("files", "deployments"):
        if (home.folder / name).exists():
            shutil.copytree(home.folder / name, backup / name)
    for name in SECRETS:
        with suppress(FileNotFoundError):
            shutil.copy2(home.folder / name, backup / name)
            (backup / name).chmod(0o600)


def _chain_over(restored: Path, reader: str | None, log: Path) -> AbstractContextManager[str]:
    """A node over the restored chain; gives its address."""
    if reader is None:
        return chain.embedded_over(restored / "node", log)
    return chain.besu_over(restored / "besu", reader, log)


def _all_checks(home: Home, running: str, restored_url: str, restored: Path, rpc_url: str) -> Iterator[checks.Outcome]:
    yield checks.same_digest(running, restored_url)
    chosen = {key: value for key, value in home.environment_of_processes().items() if key.startswith("KAPITAL_")}
    chosen.pop("KAPITAL_DURABLE_HEAD_FILE", None)
    environment = {
        **chosen,
        "KAPITAL_DATABASE_URL": restored_url,
        "KAPITAL_RPC_URL": rpc_url,
        "KAPITAL_DEPLOYMENT_FILE": str(restored / "deployments" / home.deployment_file.name),
    }
    yield from checks.by_indexer(environment)
    yield checks.keys_open(restored_url, restored / "kek.hex")
    yield checks.same_files(home.folder / "files", restored / "files")


def home_of(folder: Path) -> Home:
    """The installation in a folder. Raises FileNotFoundError when there is none."""
    kind = (folder / "environment").read_text().strip()
    network = (folder / "register").read_text().strip() if (folder / "register").exists() else "embedded"
    return Home(folder, environment=kind, network=None if network == "embedded" else Path(network))


def told(report: Report) -> str:
    """The report for people."""
    lines = [f"  {'ok ' if one.good else 'BAD'} {one.name:<10} {one.told}" for one in report.checks]
    return "\n".join(
        [
            *lines,
            f"backup at block {report.height}: {report.size_bytes / 1e6:.1f} MB in {report.backup_s:.1f} s",
            f"the chain went on by {report.later_blocks} blocks meanwhile",
            f"restored in {report.restore_s:.1f} s, verified in {report.verify_s:.1f} s",
            "the restored installation is the one that was backed up"
            if report.good
            else "THE RESTORED INSTALLATION DIFFERS",
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="make rehearse-restore", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dir", type=Path, default=Path("var/local"), help="folder of the installation")
    parser.add_argument("--work", type=Path, help="folder for backup and restored installation (a temporary one)")
    parser.add_argument("--keep", action="store_true", help="leave that folder")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options = parser.parse_args(arguments)
    try:
        home = home_of(options.dir.resolve())
    except FileNotFoundError:
        print(
            f"{options.dir} holds no installation: start one with `make up`, or name another with --dir",
            file=sys.stderr,
        )
        return 2
    work = (options.work or Path(tempfile.mkdtemp(prefix="kapital-rehearsal-"))).resolve()
    try:
        report = rehearse(home, home.environment_of_processes()["KAPITAL_DATABASE_URL"], work)
    except BackupFailedError as error:
        print(f"rehearsal: {error}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)
    print(json.dumps(asdict(report) | {"good": report.good}) if options.json else told(report))
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
