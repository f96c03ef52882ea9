"""Besu and Java on this machine: found, and of versions that fit each other and a network with free gas.

Besu 26.6.0 and later need Java 25, earlier ones Java 21. Besu 26.4.0 to 26.7.0 never take transactions of senders without money into a
block (fixed in 26.7.1) unless the transaction pool is SEQUENCED, as it is in every config.toml of ours.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, int, int]

WANTED: Version = (26, 7, 1)
BROKEN: tuple[Version, Version] = ((26, 4, 0), (26, 7, 0))
JAVA_25_SINCE: Version = (26, 6, 0)
OLDEST: Version = (25, 4, 0)
"""Earlier ones don't know Prague."""
ASKED_WITHIN_S = 120.0
_BESU = re.compile(r"besu/v?(\d+)\.(\d+)(?:\.(\d+))?")
_JAVA = re.compile(r'version "(?:1\.)?(\d+)')
HINT = (
    "Besu 26.7.1 or later and Java 25 are needed; point BESU_HOME to the folder of Besu and JAVA_HOME to that of Java"
)


class BesuMissingError(Exception):
    """No Besu that could run this network; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Besu:
    """An installation of Besu. ``java``: its major version. ``warning``: what its user should know, or empty."""

    program: Path
    version: Version
    java: int
    warning: str = ""

    @property
    def text(self) -> str:
        """As people write it."""
        return f"Besu {'.'.join(map(str, self.version))}, Java {self.java}, {self.program}"


def find(environment: Mapping[str, str] = os.environ, *, sequenced: bool = True) -> Besu:
    """The Besu of ``BESU_HOME``, else that on PATH, checked. Raises BesuMissingError.

    ``sequenced``: the network's transaction pool, which decides whether 26.4.0 to 26.7.0 can be used.
    """
    program = find_program(environment)
    java = java_version(environment)
    answer = _ask([str(program), "--version"], environment)
    found = _BESU.search(answer)
    if not found:
        if "UnsupportedClassVersionError" in answer or "class file version" in answer:
            raise BesuMissingError(f"Java {java} is too old for {program}. {HINT}")
        raise BesuMissingError(f"{program} --version says no version: {_end(answer)}. {HINT}")
    version = (int(found[1]), int(found[2]), int(found[3] or 0))
    check_java(version, java)
    return Besu(program, version, java, check_version(version, sequenced=sequenced))


def find_program(environment: Mapping[str, str]) -> Path:
    """The start script. Raises BesuMissingError."""
    home = environment.get("BESU_HOME")
    if home:
        program = Path(home) / "bin" / "besu"
        if not os.access(program, os.X_OK):
            raise BesuMissingError(f"BESU_HOME is {home}, and there is no program {program}. {HINT}")
        return program
    on_path = shutil.which("besu", path=environment.get("PATH", ""))
    if on_path is None:
        raise BesuMissingError(f"Besu was not found: BESU_HOME isn't set, and there is no `besu` on PATH. {HINT}")
    return Path(on_path)


def java_version(environment: Mapping[str, str]) -> int:
    """Major version of the Java that Besu's script would take. Raises BesuMissingError."""
    home = environment.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java", path=environment.get("PATH", ""))
    if java is None or not os.access(java, os.X_OK):
        where = (
            f"JAVA_HOME is {home}, and there is no program {java}"
            if home
            else "JAVA_HOME isn't set, and there is no `java` on PATH"
        )
        raise BesuMissingError(f"Java was not found: {where}. {HINT}")
    answer = _ask([java, "-version"], environment)
    found = _JAVA.search(answer)
    if not found:
        raise BesuMissingError(f"{java} -version says no version: {_end(answer)}. {HINT}")
    return int(found[1])


def check_java(version: Version, java: int) -> None:
    """BesuMissingError when Java is older than this Besu wants."""
    needed = 25 if version >= JAVA_25_SINCE else 21
    if java < needed:
        raise BesuMissingError(f"Besu {'.'.join(map(str, version))} needs Java {needed}, found is Java {java}. {HINT}")


def check_version(version: Version, *, sequenced: bool) -> str:
    """A warning, or nothing. Raises BesuMissingError for a version that can't run a network with free gas."""
    text = ".".join(map(str, version))
    if version < OLDEST:
        raise BesuMissingError(f"Besu {text} doesn't know the rules of Prague. {HINT}")
    if BROKEN[0] <= version <= BROKEN[1]:
        reason = f"Besu {text} leaves transactions of accounts without money in its pool for ever (fixed in 26.7.1)"
        if not sequenced:
            raise BesuMissingError(f'{reason}; set tx-pool = "SEQUENCED" or take a later version. {HINT}')
        return f"{reason}; the SEQUENCED pool of this network avoids it, a later version is better"
    if version < WANTED:
        return f"Besu {text} is older than the one that this network was made for (26.7.1)"
    return ""


def _ask(command: list[str], environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command, env=dict(environment), capture_output=True, text=True, check=False, timeout=ASKED_WITHIN_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BesuMissingError(f"{command[0]} can't be run: {error}. {HINT}") from error
    return done.stdout + done.stderr


def _end(text: str) -> str:
    return " / ".join(text.strip().splitlines()[-2:]) or "nothing"
