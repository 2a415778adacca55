#!/usr/bin/env python3
"""Time cold builds of the Towns Index: whole processes, each into an empty folder.

    python benchmarks/cold_build.py             three builds from the raw bundle, three from the snapshot
    python benchmarks/cold_build.py --runs 1

The raw bundle is looked for where a build looks for it: ``TOWNS_INDEX_RAW``, else ``data/raw``. Standard
library only; the environment must have been made already (``python run_all.py`` makes it).
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from towns_index import paths  # noqa: E402
from towns_index.runner import environment  # noqa: E402


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def starts() -> list[str]:
    """The starts that can be timed here: raw only if the bundle is there."""
    if paths.start() == "raw":
        return ["raw", "snapshot"]
    print(f"Without the raw bundle (not in {paths.raw()}), only the build from the snapshot is timed.")
    return ["snapshot"]


def build(start: str) -> float:
    """Wall seconds of one whole build into an empty folder.

    Raises
    ------
    SystemExit
        With what the build said, if it failed.
    """
    with tempfile.TemporaryDirectory(prefix="towns-index-") as folder:
        command = [sys.executable, str(ROOT / "run_all.py"), "--start", start, "--out", folder]
        began = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{done.stdout}\nThe build from {start} failed with status {done.returncode}; nothing to time.")
    return seconds


def row(label: str, seconds: list[float]) -> str:
    """One line of the table."""
    figures = (min(seconds), statistics.median(seconds), max(seconds))
    each = "  ".join(f"{second:.1f}" for second in seconds)
    return f"{label:<10}" + "".join(f"{figure:>9.1f}" for figure in figures) + f"   {each}"


def main() -> None:
    """Build, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="builds of each kind (default: 3)")
    runs = parser.parse_args().runs
    if runs < 1:
        parser.error("--runs must be at least 1")
    if environment.unmet() and not environment.is_ready(ROOT):
        sys.exit("The environment has not been made, and making it is not what is timed: run python run_all.py first.")
    times: dict[str, list[float]] = {start: [] for start in starts()}
    for number in range(runs):
        for start in times:  # in turn, so that a busy spell of the machine does not fall on one kind alone
            times[start].append(build(start))
            print(f"run {number + 1} of {runs}, from {start}: {times[start][-1]:.1f} s", flush=True)
    print(f"\nPython {platform.python_version()}, {cores()} cores, {platform.system()} {platform.machine()}")
    print(f"{'seconds':<10}{'min':>9}{'median':>9}{'max':>9}   every run")
    for start, seconds in times.items():
        print(row(start, seconds))


if __name__ == "__main__":
    main()
