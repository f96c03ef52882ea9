"""``make up``: the platform on this machine, without sample data; Ctrl-C ends it. Again starts where it was.

make up ARGS="--dir var/pilot"
make up NETWORK=besu                 over a Besu network (var/besu), into var/local-besu
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from scripts.stack import choice
from scripts.stack.ending import Ended
from scripts.stack.home import Home
from scripts.stack.platform import Platform, PlatformFailedError

TEND_EVERY_S = 0.25


def print_logins(platform: Platform) -> None:
    """Addresses and demonstration users."""
    print(f"\n  {platform.home.url}\n")
    for key, login in platform.logins.items():
        print(f"  {key:<12} {login.email:<28} {login.password}   TOTP {login.totp_secret}")
    print("\n  Ctrl-C ends it; the data stays in", platform.home.folder, flush=True)


def watch(platform: Platform) -> NoReturn:
    """Keep everything running until SIGINT or SIGTERM."""
    while True:
        time.sleep(TEND_EVERY_S)
        for name in platform.tend():
            print(f"  {name} had ended; started again", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 with the reason when it can't come up."""
    parser = argparse.ArgumentParser(prog="make up", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dir", type=Path, help="folder of the installation (var/local, over Besu var/local-besu)")
    choice.add_choice(parser)
    options = parser.parse_args(arguments)
    folder: Path = options.dir or Path("var/local" if options.network == choice.EMBEDDED else "var/local-besu")
    platform = Platform(Home(folder.resolve(), environment="development"), datetime.now(UTC))
    platform.ending.listen()
    try:
        platform.home = replace(platform.home, network=choice.network_of(options, Path("var/besu")))
        platform.start()
        print_logins(platform)
        watch(platform)
    except Ended:
        return 0
    except (*choice.REFUSALS, PlatformFailedError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        platform.stop()


if __name__ == "__main__":
    sys.exit(main())
