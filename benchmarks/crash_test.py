#!/usr/bin/env python3
"""Kill builds at random moments and see whether anything published is lost or mixed.

    python benchmarks/crash_test.py                  50 kills
    python benchmarks/crash_test.py --kills 5 --seed 1

Two builds of different parameters are made first, each in a folder of its own. Then, in a third folder, builds that
change the one into the other are killed (SIGKILL, no chance to tidy up): most at a random moment, every fourth while
it publishes. After each kill the published files must be, all of them, those of the one or of the other build; a
kill in the middle of publishing may leave some of each, which the next run must complete. No process of the build
may live on. The next run must end with exactly the files of an undisturbed build.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ("average=mean", "average=median")
NOT_RESULTS = {"build-record.json", "ro-crate-metadata.json"}

sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402


def start(folder: Path, setting: str) -> subprocess.Popen:
    """Begin a build from the snapshot."""
    command = [sys.executable, str(ROOT / "run_all.py"), "--start", "snapshot", "--out", str(folder), "--set", setting]
    environment = os.environ | {"TOWNS_INDEX_OUT": "", "TOWNS_INDEX_START": ""}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(folder: Path, setting: str) -> float:
    """Build to the end; return the seconds that it took."""
    began = time.monotonic()
    process = start(folder, setting)
    said, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{said}\nA build that was not killed failed with status {process.returncode}.")
    return time.monotonic() - began


def published(folder: Path) -> dict[str, str]:
    """Return the digest of every published file."""
    found = [file for part in ("data/processed", "reports") for file in (folder / part).rglob("*") if file.is_file()]
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in found
        if file.name not in NOT_RESULTS
    }


def kill(folder: Path, setting: str, after: float | None) -> tuple[bool, list[int]]:
    """Begin a build and kill it.

    Parameters
    ----------
    folder : Path
    setting : str
    after : float, optional
        Seconds to wait; without, the build is killed when it begins to publish.

    Returns
    -------
    bool
        Whether it was still running.
    list of int
        Its processes, and those below them, that still lived ten seconds later.
    """
    process = start(folder, setting)
    mark = folder / ".towns-index" / "publishing"
    end = time.monotonic() + (after if after is not None else 300)
    while time.monotonic() < end and process.poll() is None and not (after is None and mark.exists()):
        time.sleep(0.0005 if after is None else 0.01)
    try:
        below = psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        below = []
    running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    _, alive = psutil.wait_procs(below, timeout=10)
    return running, [each.pid for each in alive if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def judge(now: dict, one: dict, other: dict, publishing: bool) -> str:
    """Say in what state a kill has left the published files; ``LOST OR MIXED`` if in none that is allowed."""
    if now == one:
        return "as before"
    if now == other:
        return "as after"
    known = all(digest in {one.get(path), other.get(path)} for path, digest in now.items())
    if publishing and known and set(one) & set(other) <= set(now):
        return "being published"
    return "LOST OR MIXED"


def main() -> None:
    """Kill, look, run again, look again; exit status 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, metavar="N")
    parser.add_argument("--seed", type=int, default=2020, metavar="N")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    counts: Counter[str] = Counter()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="towns-index-crash-") as name:
        folders = [Path(name) / setting.partition("=")[2] for setting in SETTINGS]
        for folder, setting in zip(folders, SETTINGS):
            finish(folder, setting)
        wanted = [published(folder) for folder in folders]
        changed = sum(wanted[0].get(path) != digest for path, digest in wanted[1].items())
        print(f"{len(wanted[0])} published files, of which {changed} differ between {' and '.join(SETTINGS)}.", flush=True)
        work = Path(name) / "work"
        finish(work, SETTINGS[0])
        whole = finish(work, SETTINGS[1])
        current = 1
        for number in range(1, asked.kills + 1):
            target = 1 - current
            after = None if number % 4 == 0 else chance.uniform(0, whole)
            running, alive = kill(work, SETTINGS[target], after)
            publishing = (work / ".towns-index" / "publishing").exists()
            left = judge(published(work), wanted[current], wanted[target], publishing)
            finish(work, SETTINGS[target])
            repaired = published(work) == wanted[target]
            moment = "when it began to publish" if after is None else f"after {after:4.1f} s"
            verdict = "ok" if left != "LOST OR MIXED" and repaired and not alive else "WRONG"
            wrong += verdict != "ok"
            counts[left if running else "had ended"] += 1
            still = f"; processes {alive} lived on" if alive else ""
            after_it = "repaired" if repaired else "NOT repaired"
            print(f"{number:>3}  killed {moment:<26} left {left:<16} next run: {after_it}{still}  {verdict}", flush=True)
            current = target
    print("\n" + ", ".join(f"{count} left {state}" if state != "had ended" else f"{count} had ended" for state, count in counts.items()))
    print(f"{asked.kills - wrong} of {asked.kills} kills: nothing lost, nothing mixed, repaired by the next run.")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
