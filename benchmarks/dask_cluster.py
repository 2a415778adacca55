#!/usr/bin/env python3
"""Compute the evidence for the groups with a Dask cluster and without, and compare the results.

    python benchmarks/dask_cluster.py
    python benchmarks/dask_cluster.py --resamples 20

Starts a Dask cluster of two worker processes on this machine, which stands for one of many machines, and works on
the published indicators. The exit status is 0 if the results are the same to the last bit. Needs ``distributed``,
which comes with the extra ``test``.
"""

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))  # for the workers

import pandas as pd  # noqa: E402

from towns_index import groups, indicators, store, towns, workers  # noqa: E402

LARGEST = 10  # groups
SEED = 2020


def scores() -> pd.DataFrame:
    """Standardised indicators of the towns of the index."""
    index = towns.in_index(store.read("towns")).index
    values = store.read("indicators").set_index("town_code").loc[index, groups.columns(indicators.definitions())]
    return groups.standardise(values)[0]


def evidence(standardised: pd.DataFrame, resamples: int, setting: str) -> tuple[pd.DataFrame, float]:
    """The evidence computed by those whom the setting names, and the seconds that it took."""
    os.environ[workers.VARIABLE] = setting
    began = time.perf_counter()
    table = groups.evidence(standardised, groups.candidates(standardised, resamples, SEED, LARGEST))
    return table, time.perf_counter() - began


def main() -> int:
    """Compute both, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resamples", type=int, default=100, metavar="N", help="samples of towns (default: 100)")
    resamples = parser.parse_args().resamples
    try:
        from distributed import LocalCluster
    except ImportError:
        sys.exit("Dask is not installed; install the tests' requirements (python run_all.py test does) or distributed.")
    standardised = scores()
    alone, seconds = evidence(standardised, resamples, "1")
    print(f"{len(standardised):,} towns, 2 to 10 groups, {resamples} samples each")
    print(f"in process          {seconds:6.1f} s")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        setting = f"{workers.DASK}{cluster.scheduler_address}"
        for label in ("Dask, first time", "Dask, once more"):  # at first the workers import what they need
            shared, seconds = evidence(standardised, resamples, setting)
            print(f"{label:<20}{seconds:6.1f} s")
    if alone.equals(shared):
        print("same results")
        return 0
    print("different results:\n", alone.compare(shared))
    return 1


if __name__ == "__main__":
    sys.exit(main())
