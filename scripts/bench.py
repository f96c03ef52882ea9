"""Measure what the documents claim: ``make bench`` or ``python -m scripts.bench demo``.

demo   play the demonstration in a folder of its own and sample the memory of all its processes together:
       wall-clock seconds, the highest sum of resident (RSS) and proportional (PSS) memory, the share of each process at that
       moment. PSS counts a page that several processes share once; RSS counts it in each.

Prints JSON and writes build/bench/NAME.json. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "bench"
EVERY_S = 0.2
MIB = 1024
_KB = re.compile(r"^(Rss|Pss):\s+(\d+) kB", re.MULTILINE)


def children_of() -> dict[int, list[int]]:
    """Processes by parent."""
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            found.setdefault(int(after_name[1]), []).append(int(entry.name))
    return found


def tree(root: int) -> list[int]:
    """A process and everything below it."""
    children, found, waiting = children_of(), [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def memory(pid: int) -> tuple[int, int]:
    """(RSS, PSS) of a process, kB; zeros when it has ended."""
    try:
        seen = dict(_KB.findall(Path(f"/proc/{pid}/smaps_rollup").read_text()))
    except OSError:
        return 0, 0
    return int(seen.get("Rss", 0)), int(seen.get("Pss", 0))


def name_of(pid: int) -> str:
    """What the process is, in a word or two."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "ended"
    if "-m" in words:
        return words[words.index("-m") + 1]
    return Path(words[0]).name or "kernel"


def sample(root: int) -> dict[str, Any]:
    """Memory of the tree now, MiB, with the share of each process."""
    shares: list[tuple[int, int, str]] = [(*memory(pid), name_of(pid)) for pid in tree(root)]
    return {
        "rss_mib": sum(rss for rss, _, _ in shares) // MIB,
        "pss_mib": sum(pss for _, pss, _ in shares) // MIB,
        "processes": [
            {"name": name, "rss_mib": rss // MIB, "pss_mib": pss // MIB}
            for rss, pss, name in sorted(shares, reverse=True)
            if rss
        ],
    }


def measure(command: list[str]) -> dict[str, Any]:
    """Run a command to its end, sampling its process tree."""
    load_before = os.getloadavg()[0]
    started = time.monotonic()
    peak: dict[str, Any] = {"rss_mib": 0, "pss_mib": 0, "processes": []}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        while process.poll() is None:
            seen = sample(process.pid)
            peak = max(peak, seen, key=lambda one: int(one["pss_mib"]))
            time.sleep(EVERY_S)
        seconds = time.monotonic() - started
        said.seek(0)
        text = said.read().decode(errors="replace")
    result = {
        "command": " ".join(command[1:]),
        "exit_code": process.returncode,
        "seconds": round(seconds, 1),
        "cpus": os.cpu_count(),
        "load_before": round(load_before, 2),
        "peak": peak,
    }
    if process.returncode:
        result["said"] = text[-2000:]
    return result


def demo() -> dict[str, Any]:
    """The demonstration from nothing to the table, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="kapital-bench-") as folder:
        return measure([sys.executable, "-m", "scripts.demo", "--dir", folder, "--fresh", "--exit"])


MEASURES = {"demo": demo}


def main(arguments: list[str] | None = None) -> int:
    """Exit code of what was measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="?", choices=sorted(MEASURES), default="demo")
    what = parser.parse_args(arguments).what
    result = MEASURES[what]()
    text = json.dumps(result, ensure_ascii=False, indent=1)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{what}.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    return int(result["exit_code"] != 0)


if __name__ == "__main__":
    sys.exit(main())
