"""The platform of the walk through the portals, without a demonstration: ``python -m tests.web.walk_up FOLDER``, ended by SIGTERM."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.demo.__main__ import GENESIS
from scripts.stack.home import Home
from scripts.stack.platform import Platform
from scripts.up import watch

READY = "ready"


def main(folder: Path) -> None:
    """Run until asked to end; the file ``ready`` says that the portals answer."""
    platform = Platform(Home(folder), GENESIS)
    try:
        platform.start()
        (folder / READY).touch()
        watch(platform)
    finally:
        platform.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
