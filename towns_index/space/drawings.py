"""Figures of the stage: each function draws one and returns it; none computes a result."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from towns_index import figures, style
from towns_index.words import short

CALLED = {"High-High": style.PLUM, "Low-Low": style.TEAL, "unlike its neighbours": style.ORANGE}
WORDS = {"High-High": "many, among towns with many", "Low-Low": "few, among towns with few", "unlike its neighbours": "unlike its neighbours"}


def knots_map(towns: pd.DataFrame, found: pd.DataFrame, labels: pd.DataFrame) -> Figure:
    """Towns that are alike, or unlike, their neighbours beyond chance.

    Parameters
    ----------
    towns : pandas.DataFrame
        Towns of the index by code.
    found : pandas.DataFrame
        As from ``moran.local``, by code.
    labels : pandas.DataFrame
        ``town_code``, ``label`` and ``side`` (left or right) of the knots to be named.
    """
    fig, axes = plt.subplots(figsize=(6.4, 6.8))
    figures.ground(axes)
    places = figures.positions(towns)
    kind = found["quadrant"].where(found["quadrant"].isin(list(CALLED)), "unlike its neighbours").where(found["called"]).reindex(places.index)
    figures.mark(axes, places[kind.isna()], style.QUIET, 6)
    for name, colour in CALLED.items():
        figures.mark(axes, places[kind == name], colour, 22, zorder=3, marker="D" if name == "unlike its neighbours" else "o")
    for row in labels.itertuples():
        x, y = places.loc[row.town_code]
        away = 26 if row.side == "right" else -26
        axes.annotate(row.label, (x, y), (x + away, y + row.rise), fontsize=8.5, ha="left" if away > 0 else "right", va="center",
                      arrowprops={"arrowstyle": "-", "color": style.DARK_GREY, "linewidth": 0.6}, zorder=4)  # fmt: skip
    figures.legend(axes, {WORDS[name]: colour for name, colour in CALLED.items()} | {"no more than chance": style.QUIET}, loc="upper right", fontsize=8.5)
    return fig


def jumps(table: pd.DataFrame, names: pd.Series) -> Figure:
    """Jump of every cluster at the border, with its interval; those that mean the same on both sides apart from others."""
    rows = table.iloc[::-1].reset_index(drop=True)
    fig, axes = plt.subplots(figsize=(7.2, 0.34 * len(rows) + 1.2), layout="constrained")
    axes.axvline(0, color=style.DARK_GREY, linewidth=0.8)
    for alike, colour, shape, label in ((True, style.NAVY, "o", "same meaning in both nations"), (False, style.ORANGE, "D", "some criteria differ by nation")):
        part = rows[(rows["comparison"] == "alike") == alike]
        axes.hlines(part.index, 100 * part["low"], 100 * part["high"], color=colour, linewidth=2)
        axes.scatter(100 * part["jump"], part.index, color=colour, marker=shape, s=34, zorder=3, label=label)
    axes.set_yticks(rows.index, rows["variable"] + "  " + rows["variable"].map(names), fontsize=8.5)
    axes.set(xlabel="Jump on entering Wales, percentage points of towns (line: 95 %)", ylim=(-0.7, len(rows) - 0.3))
    axes.grid(axis="x", color="#E4E7EA")
    fig.legend(ncols=2, loc="outside upper center", fontsize=9)
    return fig


def curves(table: pd.DataFrame, labels: dict[str, str], units: pd.Series) -> Figure:
    """Mean of every outcome by distance from the nearest large city, with its band; one panel an outcome, London apart."""
    fig, panels = plt.subplots(2, 2, figsize=(7.2, 5.4), layout="constrained", sharex=True)
    steps = table.drop_duplicates("step").sort_values("step")["distance"]
    for panel, (outcome, label) in zip(panels.flat, labels.items(), strict=True):
        for (around, part), colour, shape in zip(table[table["outcome"] == outcome].groupby("around"), (style.ORANGE, style.NAVY), "Do"):
            panel.fill_between(part["step"], part["low"], part["high"], color=colour, alpha=0.18, linewidth=0)
            panel.plot(part["step"], part["mean"], color=colour, marker=shape, markersize=4.5, label=around)
        panel.set_title(fill(label, 44), fontsize=9, loc="left")
        panel.set_ylim(0, None)
        panel.set_ylabel(units.get(outcome, "number"), fontsize=8.5)
        panel.set_xticks(range(1, len(steps) + 1), steps.str.removesuffix(" km").str.replace(" to ", "–"), rotation=45, ha="right", fontsize=8)
    fig.legend(*panels.flat[0].get_legend_handles_labels(), ncols=2, loc="outside upper center", fontsize=9, title="Nearest large city")
    fig.supxlabel("Kilometres from the edge of the city", fontsize=9)
    return fig


def placed(knots: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Where the names of knots stand beside their town: away from the middle of the map, spread so that none meet.

    Parameters
    ----------
    knots : pandas.DataFrame
        As from ``moran.knot_table``, with ``town_code``.
    places : pandas.DataFrame
        ``x``, ``y`` in kilometres by code.

    Returns
    -------
    pandas.DataFrame
        The knots with ``label``, ``side`` and ``rise`` (km).
    """
    spots = places.loc[knots["town_code"]]
    side = np.where(spots["x"] > 415, "right", "left")
    frame = knots.assign(label=[f"{short(row.around)} ({row.towns})" for row in knots.itertuples()], side=side, height=spots["y"].to_numpy())
    frame = frame.sort_values("height", ignore_index=True)
    for name in ("left", "right"):
        own = frame.index[frame["side"] == name]
        wanted = frame.loc[own, "height"].to_numpy(copy=True)
        for number in range(1, len(wanted)):
            wanted[number] = max(wanted[number], wanted[number - 1] + 16)
        frame.loc[own, "rise"] = wanted - frame.loc[own, "height"]
    return frame
