#!/usr/bin/env python3
"""What the runner is worth: the same notebooks run in four ways, in turn, on the same machine.

    python benchmarks/build_speed.py                 one round from the snapshot, and from the raw bundle if it is there
    python benchmarks/build_speed.py --rounds 3      medians of three rounds
    python benchmarks/build_speed.py --table FILE    also write the table to a file

The ways: the command lines of papermill and nbconvert, one notebook after another; papermill's own interface with
its defaults (without any export); this project's build into an empty folder, which also makes the HTML and PDF
report; the same build with nothing to do; and with one threshold changed in a copy of the project. Memory is the
sum over all processes of a way, each counted with its share of what is common (PSS), sampled twice a second.
At most two cores are used.
"""

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402

from towns_index import paths  # noqa: E402

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
API = """
import sys, papermill
from pathlib import Path
for path in sys.argv[2:]:
    papermill.execute_notebook(path, str(Path(sys.argv[1]) / Path(path).name), cwd=str(Path(path).parent))
"""
LINES = "command lines of papermill and nbconvert"
INTERFACE = "papermill's interface with its defaults"
BUILD = "this build, into an empty folder"
NOTHING = "this build with nothing to do"
THRESHOLD_THERE, THRESHOLD_TRIED = "at_most,-33.33333", "at_most,-30"
THRESHOLD = "this build after one threshold changed"


@dataclass
class Measured:
    """One run of one way: wall seconds, and megabytes of all its processes at their most."""

    seconds: float
    megabytes: float
    said: str = ""


def measure(command: list[str], environment: dict[str, str], cwd: Path = ROOT) -> Measured:
    """Run a command to its end.

    Raises
    ------
    SystemExit
        With what it said, if it failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak = [0.0]
    sampler = threading.Thread(target=_sample, args=(process.pid, peak), daemon=True)
    sampler.start()
    said, _ = process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode:
        sys.exit(f"{said[-3000:]}\n{' '.join(map(str, command))} failed with status {process.returncode}.")
    return Measured(seconds, peak[0], said)


def _sample(pid: int, peak: list[float]) -> None:
    """Note the largest memory of a process and all below it, until it ends."""
    try:
        top = psutil.Process(pid)
        while top.is_running() and top.status() != psutil.STATUS_ZOMBIE:
            total = sum(map(_memory, [top, *top.children(recursive=True)]))
            peak[0] = max(peak[0], total / 1e6)
            time.sleep(0.5)  # more often, it would take time from what is measured
    except psutil.Error:
        return


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return getattr(full, "pss", 0) or full.rss
    except psutil.Error:
        return 0


def fresh(folder: Path, start: str) -> dict[str, str]:
    """Make an empty folder of results, with the committed tables if the start is from them; return the variables."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "reports" / "notebooks").mkdir(parents=True)
    (folder / "data").mkdir()
    if start == "snapshot":
        shutil.copytree(ROOT / "data" / "processed", folder / "data" / "processed")
    else:
        (folder / "data" / "processed").mkdir()
    return {
        paths.OUT_VARIABLE: str(folder),
        paths.START_VARIABLE: start,
        paths.RAW_VARIABLE: str(paths.raw()),
        "PYTHONPATH": str(ROOT),
    }


def command_lines(folder: Path, start: str) -> Measured:
    """Run and export the notebooks by the command lines, one after another."""
    environment = fresh(folder, start)
    done = []
    for notebook in NOTEBOOKS:
        executed = folder / "reports" / "notebooks" / notebook.name
        papermill = [sys.executable, "-m", "papermill", str(notebook), str(executed), "--cwd", str(notebook.parent)]
        export = [sys.executable, "-m", "nbconvert", "--to", "html", str(executed)]
        done += [measure(papermill, environment, notebook.parent), measure(export, environment, notebook.parent)]
    return Measured(sum(each.seconds for each in done), max(each.megabytes for each in done))


def interface(folder: Path, start: str) -> Measured:
    """Run the notebooks by papermill's interface in one process, with its defaults."""
    environment = fresh(folder, start)
    return measure([sys.executable, "-c", API, str(folder / "reports" / "notebooks"), *map(str, NOTEBOOKS)], environment)


def build(folder: Path, start: str, root: Path = ROOT) -> Measured:
    """Build with the project's front door."""
    options = ["--start", start, "--out", str(folder), "--raw", str(paths.raw())]
    options = options[:4] if start == "snapshot" else options
    return measure([sys.executable, str(root / "run_all.py"), *options], {paths.OUT_VARIABLE: "", paths.START_VARIABLE: ""}, root)


def changed_threshold(folder: Path) -> tuple[Measured, str]:
    """Build a copy of the project, change one threshold in its criteria, build again; say what ran."""
    project = folder / "project"
    ignored = shutil.ignore_patterns(".git", ".venv", ".towns-index", "__pycache__", "raw")
    shutil.copytree(ROOT, project, ignore=ignored)
    results = folder / "results"
    build(results, "snapshot", project)
    criteria = project / "definitions" / "criteria.csv"
    text = criteria.read_text(encoding="utf-8")
    if text.count(THRESHOLD_THERE) != 1:
        sys.exit(f"definitions/criteria.csv does not hold {THRESHOLD_THERE!r} once; name another threshold in this file")
    changed = text.replace(THRESHOLD_THERE, THRESHOLD_TRIED)
    criteria.write_text(changed, encoding="utf-8")
    again = build(results, "snapshot", project)
    ran = re.findall(r"^done +(\d+)_", again.said, flags=re.M)
    return again, f"ran {', '.join(ran)}"


def main() -> None:
    """Run all ways in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="rounds of all ways (default: 1)")
    parser.add_argument("--table", metavar="FILE", help="also write the table there")
    asked = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    starts = ["snapshot"] + (["raw"] if paths.start() == "raw" else [])
    found: dict[tuple[str, str], list[Measured]] = {}
    ran = ""
    with tempfile.TemporaryDirectory(prefix="towns-index-speed-") as name:
        folder = Path(name)
        for number in range(asked.rounds):
            for start in starts:
                ways = {LINES: command_lines, INTERFACE: interface} if start == "snapshot" else {LINES: command_lines}
                for way, run in ways.items():
                    found.setdefault((start, way), []).append(run(folder / "other", start))
                shutil.rmtree(folder / "ours", ignore_errors=True)
                for way in (BUILD, NOTHING):
                    found.setdefault((start, way), []).append(build(folder / "ours", start))
            again, ran = changed_threshold(folder / f"threshold-{number}")
            found.setdefault(("snapshot", THRESHOLD), []).append(again)
            print(f"round {number + 1} of {asked.rounds} done", flush=True)
    table = "\n".join(lines(found, ran))
    print(table)
    if asked.table:
        Path(asked.table).write_text(table + "\n", encoding="utf-8")


def lines(found: dict[tuple[str, str], list[Measured]], ran: str) -> list[str]:
    """Return the table as Markdown, with what each number was to be."""
    median = {key: statistics.median(each.seconds for each in runs) for key, runs in found.items()}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    rounds = len(next(iter(found.values())))
    table = [
        f"Python {platform.python_version()}, {cores} cores, {platform.system()} {platform.machine()}, rounds: {rounds}",
        "",
        "| start | way | seconds (median) | all rounds | MB at most | note |",
        "|---|---|---|---|---|---|",
    ]
    for (start, way), runs in found.items():
        note = ran if way == THRESHOLD else ""
        each = ", ".join(f"{run.seconds:.1f}" for run in runs)
        most = max(run.megabytes for run in runs)
        table.append(f"| {start} | {way} | {median[start, way]:.1f} | {each} | {most:.0f} | {note} |")
    judged = [
        ("snapshot: build against the command lines", median["snapshot", BUILD] / median["snapshot", LINES], 1 / 5),
        ("snapshot: build against papermill's interface", median["snapshot", BUILD] / median["snapshot", INTERFACE], 1 / 2.5),
        ("nothing to do, seconds", max(median[key] for key in median if key[1] == NOTHING), 1.0),
        ("memory of a build, GB", max(run.megabytes for key, runs in found.items() if key[1] == BUILD for run in runs) / 1000, 2.0),
    ]
    if ("raw", BUILD) in median:
        judged.insert(2, ("raw: build against the command lines", median["raw", BUILD] / median["raw", LINES], 1 / 2))
    table += ["", "| target | measured | at most | |", "|---|---|---|---|"]
    return table + [f"| {name} | {value:.2f} | {most:.2f} | {'met' if value <= most else 'MISSED'} |" for name, value, most in judged]


if __name__ == "__main__":
    main()
