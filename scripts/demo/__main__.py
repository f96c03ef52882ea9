"""``make demo``: play the story, check it to the kopek, leave the portals running. ``make demo ARGS=--exit`` ends by itself.

--dir DIR   folder of the installation (default var/demo); an interrupted demonstration goes on from there
--fresh     forget an earlier one
--network besu   over four Besu validators: nobody can move their clock, so the calendar takes twenty minutes (--pace 2: forty)
--exit      end after the table; the exit code tells whether everything agreed
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from scripts.demo import cast, circulation, issuing, onboarding, report
from scripts.demo.api import ApiRefusedError, WaitedTooLongError
from scripts.demo.bank import MSK
from scripts.demo.calendar import Calendar
from scripts.demo.stage import PASSWORD, Stage
from scripts.stack import choice
from scripts.stack.ending import Ended
from scripts.stack.home import ROOT, Home
from scripts.stack.platform import Platform, PlatformFailedError
from scripts.up import TEND_EVERY_S, print_logins, watch

WIDTH = 140
GENESIS = datetime(2026, 11, 30, 9, tzinfo=MSK)


def play(platform: Platform, console: Console, pace: float = 1.0) -> Stage:
    """The whole story; fallen processes are started again meanwhile."""
    calendar = Calendar(platform.home.calendar_file, pace) if platform.home.network else None
    stage = Stage(platform.home, platform.logins, ROOT / "examples" / "decisions", say=console.print, calendar=calendar)
    stage.load()
    stop = threading.Event()

    def tend() -> None:
        while not stop.wait(TEND_EVERY_S):
            for name in platform.tend():
                console.print(f"  [yellow]{name} had ended; started again[/]")

    keeper = threading.Thread(target=tend, daemon=True)
    keeper.start()
    try:
        onboarding.play(stage)
        issuing.play_factory(stage)
        issuing.play_retail(stage)
        circulation.play(stage)
        agreed = report.show(stage, console)
    finally:
        stop.set()
        keeper.join()
    if not agreed:
        raise AssertionError("the table or the reconciliation does not agree")
    console.print("[bold green]reconciled: chain = SQL = statement[/]")
    return stage


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when everything agreed, else 1."""
    parser = argparse.ArgumentParser(prog="make demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dir", type=Path)
    choice.add_choice(parser)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--exit", action="store_true")
    parser.add_argument("--pace", type=float, default=1.0, help="over Besu: so many times slower than twenty minutes")
    options = parser.parse_args(arguments)
    console, started = Console(highlight=False, width=max(Console().width, WIDTH)), time.monotonic()
    folder: Path = (
        options.dir or Path("var/demo" if options.network == choice.EMBEDDED else "var/demo-besu")
    ).resolve()
    finished = folder / "finished"
    if folder.exists() and (options.fresh or finished.exists()):
        shutil.rmtree(folder)
    platform = Platform(Home(folder), GENESIS, say=console.print)
    platform.ending.listen()
    try:
        source = ROOT / "besu-network" / "demo.network.yaml"
        platform.home = replace(platform.home, network=choice.network_of(options, folder / "network", source))
        platform.start()
        stage = play(platform, console, options.pace)
        finished.touch()
        console.print(f"  {time.monotonic() - started:.0f} s")
        if not options.exit:
            print_logins(platform)
            console.print(f"\n  участники, пароль {PASSWORD}")
            for actor in cast.ALL:
                secret = stage.facts[f"totp:{actor.key}"]
                console.print(f"  {actor.key:<12} {actor.email:<28} {actor.name:<40} TOTP {secret}")
            watch(platform)
    except Ended:
        return 0 if finished.exists() else 1
    except (
        *choice.REFUSALS,
        ApiRefusedError,
        AssertionError,
        PlatformFailedError,
        RuntimeError,
        WaitedTooLongError,
    ) as error:
        console.print(f"[bold red]{type(error).__name__}[/]: {error}", markup=True)
        return 1
    finally:
        platform.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
