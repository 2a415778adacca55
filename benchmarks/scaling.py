#!/usr/bin/env python3
"""Measure how the cost of the rules and of the groups grows with the number of units.

    python benchmarks/scaling.py
    python benchmarks/scaling.py --runs 5

Every unit is a real area with its real numbers: the 862 towns of the index, the 1,186 towns of the list, the 7,201
MSOAs and the 34,753 LSOAs of 2011 of England and Wales. For MSOAs and LSOAs the project's own functions run with a
crosswalk in which each area is a town of its own, from the raw bundle (``TOWNS_INDEX_RAW``, else ``data/raw``);
without it, only towns are timed.

What needs towns is left out there and stays missing: values published for towns alone, points inside an outline,
people who live around a town, and the flags. Output areas drawn anew since 2011 have no known LSOA and are left out
too. Groups rest on the indicators that every unit has, the same for all sizes.

Prints a table with the exponent of the growth (the slope of seconds over units, both as logarithms: 1 is linear,
2 quadratic) and draws ``benchmarks/scaling.png``, where it stands at each line. The silhouette compares every unit with every other, so it is
quadratic by nature, and is not computed for LSOAs.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # one core, as in a build; read when numpy is imported
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from sklearn.metrics import silhouette_score  # noqa: E402

from towns_index import clusters, elections, files, geography, groups, indicators, measures, paths, read, show, store, style, towns  # noqa: E402

PICTURE = Path(__file__).with_suffix(".png")
FEW_GROUPS = 6
RESAMPLES = 10
SEED = 2020
PAIRS_AT_MOST = 10_000  # units of which every pair is compared
COLOURS = {"rules": style.NAVY, "partition": style.TEAL, "stability": style.PLUM, "silhouette": style.ORANGE}
INK = COLOURS | {"partition": "#1B6E66", "silhouette": "#A33D0B"}  # darker, to be read as text


class Units(NamedTuple):
    """Areas of one kind, with what the rules and the groups need."""

    name: str
    places: pd.DataFrame
    values: pd.DataFrame


def published() -> list[Units]:
    """Towns, from the published tables."""
    listed = store.read("towns").set_index("town_code")
    values = store.read("indicators").set_index("town_code").join(store.read("indicators_elections").set_index("town_code"))
    index = listed[listed["in_index"].astype(bool)]
    return [Units("towns of the index", index, values.loc[index.index]), Units("towns", listed, values.loc[listed.index])]


def measurable() -> pd.DataFrame:
    """Lines of ``definitions/measures.csv`` that do not need towns."""
    lines = measures.definitions()
    of_towns = lines["aggregate"].isin(["town", "nearby"]) | (lines["value"] == "inside")
    print("Left out for MSOAs and LSOAs:", ", ".join(lines.loc[of_towns, "measure"].unique()))
    return lines[~of_towns]


def areas(name: str, kind: str, lines: pd.DataFrame) -> Units:
    """Areas of England and Wales, each treated as a town of its own, from the raw bundle."""
    shares = geography.link(kind).rename(columns={"area": "town_code"}).assign(placed=0.0)
    parents = read.table("census2011-ethnicity-lsoa11/ethnicities").set_index("OA")["LSOA"]
    unit = shares.set_index("lsoa11")["town_code"]
    people = geography.census_residents()
    oas = pd.DataFrame({"area": people.index, "town_code": people.index.map(parents).map(unit), "residents": people.to_numpy()})
    codes = pd.Index(shares["town_code"].unique(), name="town_code").sort_values()
    _forget()
    with (
        patch.object(geography, "lsoa_shares", lambda: shares),
        patch.object(geography, "output_areas", lambda: oas.dropna()),
        patch.object(measures, "definitions", lambda: lines),
    ):
        measured = measures.build(codes)
        authority = geography.joint("lad21").sort_values("residents").drop_duplicates("town_code", keep="last")
    _forget()
    regions = read.table("geographr/lookup_ltla21_region21").set_index("ltla21_code")["region21_name"]
    region = authority.set_index("town_code")["area"].map(regions).reindex(codes)
    nation = np.where(codes.str.startswith("W"), "Wales", "England")
    places = pd.DataFrame({"nation": nation, "region": region.where(nation == "England", "Wales")}, index=codes)
    flags = places.reset_index().reindex(columns=["town_code", *towns.FLAGS, "coastal"])
    known = indicators.inputs(flags, measured.reset_index())
    everything = pd.Index(measures.definitions()["measure"].unique()).union(known.columns)
    return Units(name, places, indicators.build(known.reindex(columns=everything), indicators.definitions()))


def _forget() -> None:
    """Drop what was computed with another crosswalk."""
    geography.joint.cache_clear()
    elections.to_towns.cache_clear()


def seconds(work: Callable[[], object], runs: int) -> float:
    """Median of several runs, in seconds of processor time: other work on the machine is not counted."""
    times = []
    for _ in range(runs):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def measure(units: Units, columns: list[str], runs: int) -> dict[str, float]:
    """Seconds that each task takes for some units; missing where it is not done."""
    letters, lines = clusters.definitions()
    lines = clusters.in_force(lines, {"deprivation_fourth": "covid"})
    scores, _ = groups.standardise(units.values[columns])
    labels = groups.partition(scores, FEW_GROUPS, SEED)
    tasks = {
        "rules": lambda: clusters.memberships(clusters.evaluate(lines, units.values, units.places), letters, lines),
        "partition": lambda: groups.partition(scores, FEW_GROUPS, SEED),
        "stability": lambda: groups.jaccards(labels, groups.again(scores, FEW_GROUPS, RESAMPLES, SEED), FEW_GROUPS),
        "silhouette": lambda: silhouette_score(scores, labels),
    }
    if len(scores) > PAIRS_AT_MOST:
        del tasks["silhouette"]
    return {name: seconds(work, runs) for name, work in tasks.items()}


def exponent(column: pd.Series) -> float:
    """Slope of seconds over units, both as logarithms."""
    known = column.dropna()
    return np.polyfit(np.log(known.index.to_numpy(float)), np.log(known), 1)[0]


def draw(table: pd.DataFrame, growth: pd.Series) -> None:
    """Seconds over units on logarithmic scales, each line labelled."""
    style.apply()
    fig, axes = plt.subplots(figsize=(7.2, 4.4))
    for name, colour in COLOURS.items():
        axes.plot(table.index, table[name], color=colour, marker="o")
    last = table.iloc[-1].dropna().sort_values()
    height = 0.0
    for name, end in last.items():
        height = max(end, height * 1.5)  # so that labels of lines that end together stay apart
        _label(axes, name, growth[name], table.index[-1] * 1.15, height)
    for name in set(table) - set(last.index):  # a line that ends before the others: at its middle
        known = table[name].dropna().iloc[-2:]
        _label(axes, name, growth[name], np.sqrt(np.prod(known.index)) * 1.1, np.sqrt(known.prod()) / 1.3)
    axes.set(xscale="log", yscale="log", xlabel="Units", ylabel="Seconds of processor time", xlim=(700, table.index[-1] * 6))
    axes.set_xticks(table.index, [f"{count:,}" for count in table.index], rotation=30)
    axes.minorticks_off()
    axes.grid()
    files.write_bytes(show.png(fig), PICTURE)


def _label(axes: Axes, name: str, slope: float, x: float, y: float) -> None:
    axes.text(x, y, f"{name}: {slope:.2f}", color=INK[name], fontsize=9, va="center")


def main() -> None:
    """Measure, print the table and draw it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each task (default: 3)")
    runs = parser.parse_args().runs
    everything = published()
    if paths.start() == "raw":
        lines = measurable()
        everything += [areas("MSOAs", "msoa11", lines), areas("LSOAs", "lsoa11", lines)]
    else:
        print(f"Without the raw bundle (not in {paths.raw()}), only towns are timed.")
    wanted = groups.columns(indicators.definitions())
    columns = [name for name in wanted if all(units.values[name].notna().all() for units in everything)]
    print(f"Groups on {len(columns)} indicators; not known for every unit: {', '.join(sorted(set(wanted) - set(columns))) or 'none'}")
    rows = {}
    for units in everything:
        rows[len(units.places)] = measure(units, columns, runs)
        print(f"{len(units.places):>7,} {units.name:<20}" + "".join(f"{task:>13}{took:8.3f}" for task, took in rows[len(units.places)].items()), flush=True)
    table = pd.DataFrame(rows).T.rename_axis("units")
    growth = table.apply(exponent).rename("exponent")
    print(f"\nMedian seconds of processor time, {runs} runs; {FEW_GROUPS} groups, partition from 20 starts, stability from {RESAMPLES} samples")
    print(table.to_string(float_format="%.3f", na_rep="–"))
    print(growth.to_frame().T.to_string(float_format="%.2f"))
    draw(table, growth)


if __name__ == "__main__":
    main()
