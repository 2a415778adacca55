#!/usr/bin/env python3
"""Profile the three stages that read the raw bundle: 010_audit, 020_towns and 030_measures.

    python benchmarks/reading.py                the ten largest costs of each stage
    python benchmarks/reading.py --largest 25

Each stage runs in a process of its own, so that none finds what another has read, on one core and into
a temporary folder. For each, this prints the processor's seconds and the project's functions in which most
of them were spent, with all that they call. The raw bundle is looked for where a build looks for it:
``TOWNS_INDEX_RAW``, else ``data/raw``. Standard library only, but the stages need the environment: run
this with its Python (``python run_all.py`` makes it, in ``.venv``).
"""

import argparse
import contextlib
import cProfile
import io
import json
import multiprocessing
import os
import pstats
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from towns_index import paths  # noqa: E402
from towns_index.runner import environment  # noqa: E402

STAGES = ("010_audit", "020_towns", "030_measures")  # in this order: the measures start from the list of towns


class Cost(NamedTuple):
    """One function of the project: how often it was called, seconds in it alone, and with all that it calls."""

    seconds: float
    alone: float
    calls: int
    name: str


def code_of(stage: str) -> str:
    """The code cells of a stage's notebook as one program."""
    notebook = json.loads((paths.NOTEBOOKS / f"{stage}.ipynb").read_text(encoding="utf-8"))
    cells = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return "\n".join("".join(lines) for lines in cells)


def profiled(stage: str) -> tuple[float, list[Cost]]:
    """Processor seconds of a stage, and the cost of each of the project's functions, the largest first."""
    os.cpu_count = lambda: 1  # else the audit shares its files out to processes that a profile does not see
    profile, names = cProfile.Profile(time.process_time), {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):  # what the notebook shows is not for this reader
        profile.runctx(code_of(stage), names, names)
    stats = pstats.Stats(profile)
    return stats.total_tt, sorted(costs(stats), reverse=True)


def costs(stats: pstats.Stats) -> list[Cost]:
    """Costs of the functions of ``towns_index``, without those that have no name of their own."""
    package = ROOT / "towns_index"
    return [
        Cost(seconds, alone, calls, f"{Path(file).relative_to(package).with_suffix('')}.{name}")
        for (file, _, name), (_, calls, alone, seconds, _) in stats.stats.items()
        if Path(file).is_relative_to(package) and not name.startswith("<")
    ]


def table(stage: str, total: float, largest: list[Cost]) -> str:
    """The lines about one stage."""
    head = [f"\n{stage}: {total:.1f} s", f"{'seconds':>9}{'alone':>9}{'calls':>9}   function"]
    return "\n".join(head + [f"{c.seconds:>9.2f}{c.alone:>9.2f}{c.calls:>9,}   {c.name}" for c in largest])


def main() -> None:
    """Profile the stages, and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=10, metavar="N", help="functions to show (default: 10)")
    largest = parser.parse_args().largest
    if largest < 1:
        parser.error("--largest must be at least 1")
    os.environ[paths.START_VARIABLE] = "auto"
    if paths.start() != "raw":
        sys.exit(f"The raw bundle is not in {paths.raw()}, so there is no reading to profile.")
    if environment.unmet():
        sys.exit("This Python lacks packages that the stages need: run this with the one of the environment.")
    with tempfile.TemporaryDirectory(prefix="towns-index-") as folder:
        # one core for everything, as the seconds of several would say nothing about the work
        os.environ.update({paths.OUT_VARIABLE: folder, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"})
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as processes:
            for stage in STAGES:
                total, found = processes.submit(profiled, stage).result()
                print(table(stage, total, found[:largest]), flush=True)
    print("\nA function's seconds hold those of the functions that it calls. A profile makes every call slower.")


if __name__ == "__main__":
    main()
