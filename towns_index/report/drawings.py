"""Pictures that only the report shows: the spread of a cluster, the cartogram, how firmly flags are held."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from towns_index import figures, style

COUNTS = {"none or one": "#B9CCDD", "two or three": style.TEAL, "four or five": style.ORANGE, "six or more": style.PLUM}
"""Classes of the number of characteristics, and their colours."""

NOT_REBUILT = "not rebuilt"


def count_classes(counts: pd.Series) -> pd.Series:
    """Number of characteristics of each town in the four classes of :data:`COUNTS`."""
    return pd.cut(counts, [-1, 1, 3, 5, 99], labels=list(COUNTS))


LINE = 0.156
"""Inches between the lines of the criteria."""


def spread(
    towns: pd.DataFrame, status: pd.Series, shares: pd.Series, regions: pd.Series, average: float, firmness: pd.DataFrame
) -> Figure:
    """One cluster: its map, what its criteria hold, where it is common and how firmly it is held.

    Parameters
    ----------
    towns : pandas.DataFrame
        Towns of the index, indexed by code.
    status : pandas.Series
        Status of each town in the cluster.
    shares : pandas.Series
        Share (0 to 1) of the assessed towns that meet each criterion, indexed by its label; missing: not rebuilt.
    regions : pandas.Series
        Share (0 to 1) of the towns of each region in the cluster, full or partial.
    average : float
        The same share over all towns assessed.
    firmness : pandas.DataFrame
        Towns by published status (rows ``full``, ``partial``) and firmness (columns as in :data:`towns_index.figures.FIRMNESS`).
    """
    # Fixed places, in inches: the pictures of all clusters then look alike. Long criteria make a picture higher.
    lines = sum(len(_lines(label)) + 1 for label in shares.index)
    high = 4.6 + LINE * max(0, lines - 8)
    fig = plt.figure(figsize=(7.2, high), layout="none")

    def part(left: float, low: float, width: float, top: float) -> Axes:
        return fig.add_axes((left, low / high, width, (top - low) / high))

    foot = high - 0.25 - LINE * lines
    _map(part(0, 1.24, 0.5, high), towns, status)
    _criteria(part(0.55, foot, 0.45, high - 0.2), shares)
    _regions(part(0.745, 1.24, 0.255, foot - 0.39), regions, average)
    _firm(part(0.14, 0.345, 0.86, 0.85), firmness)
    return fig


def _lines(label: str) -> list[str]:
    return textwrap.wrap(label, 50, max_lines=2, placeholder=" …")


def _map(axes: Axes, towns: pd.DataFrame, status: pd.Series) -> None:
    figures.cluster_map(towns, status, axes, size=11)
    words = {figures.STATUS_WORDS[name]: colour for name, colour in figures.STATUS_COLOURS.items()} | {"other towns": style.QUIET}
    figures.legend(axes, words, loc="lower left", bbox_to_anchor=(0, -0.03), ncols=3, fontsize=8.5, borderaxespad=0, columnspacing=1, handletextpad=0.1)


def _criteria(axes: Axes, shares: pd.Series) -> None:
    row = 0.0
    for label, share in shares.items():
        words = _lines(label)
        axes.text(0, row, "\n".join(words), fontsize=8.5, va="top", linespacing=1.1)
        row += len(words)
        axes.barh(row + 0.3, 0 if pd.isna(share) else 100 * share, color=style.NAVY, height=0.5)
        text = NOT_REBUILT if pd.isna(share) else f"{100 * share:.0f} %"
        axes.text((0 if pd.isna(share) else 100 * share) + 1.5, row + 0.3, text, fontsize=8.5, va="center")
        row += 1
    axes.set(xlim=(0, 118), ylim=(row, -0.1), yticks=[], xticks=[])
    axes.set_title("Towns that meet each criterion", fontsize=9.5)
    _bare(axes)


def _regions(axes: Axes, regions: pd.Series, average: float) -> None:
    order = regions.sort_values()
    rows = np.arange(len(order))
    axes.hlines(rows, 100 * average, 100 * order, color=style.QUIET, linewidth=1.5)
    axes.scatter(100 * order, rows, color=style.PLUM, s=20, zorder=3)
    widest = 100 * max(order.max(), average)
    for row, share in enumerate(order):
        right = share >= average
        axes.text(100 * share + (0.03 if right else -0.03) * widest, row, f"{100 * share:.0f}", fontsize=8, va="center", ha="left" if right else "right")
    axes.axvline(100 * average, color=style.DARK_GREY, linewidth=0.8)
    axes.set_yticks(rows, order.index, fontsize=8.5)
    axes.set(xlim=(-0.12 * widest, 1.15 * widest), xticks=[])
    axes.set_title(f"Towns in it by region, % (all: {100 * average:.0f})", fontsize=9.5, x=-0.765)
    axes.tick_params(length=0)
    _bare(axes)


def _firm(axes: Axes, firmness: pd.DataFrame) -> None:
    for row, (kind, line) in enumerate(firmness.iloc[::-1].iterrows()):
        left = 0
        for name, colour in figures.FIRMNESS.items():
            axes.barh(row, line[name], left=left, color=colour, height=0.66)
            if line[name] > 0.045 * firmness.sum(axis=1).max():
                ink = "black" if colour == style.ORANGE else "white"
                axes.text(left + line[name] / 2, row, f"{line[name]:.0f}", color=ink, fontsize=8.5, ha="center", va="center")
            left += line[name]
    axes.set_yticks(range(len(firmness)), [f"{kind} members" for kind in firmness.index[::-1]], fontsize=8.5)
    axes.set(xticks=[], xlim=(0, max(firmness.sum(axis=1).max(), 1)))
    axes.tick_params(length=0)
    axes.set_title("How firmly the flag is held", fontsize=9.5)
    words = {"safe": "safe: in 9 of 10 draws or more", "likely": "likely: in 6 of 10", "coin toss": "coin toss: fewer"}
    axes.legend(handles=[Patch(color=colour, label=words[name]) for name, colour in figures.FIRMNESS.items()], fontsize=8.5, ncols=3,
                loc="upper center", bbox_to_anchor=(0.45, -0.05), borderaxespad=0, handlelength=1)  # fmt: skip
    _bare(axes)


def _bare(axes: Axes) -> None:
    for side in axes.spines.values():
        side.set_visible(False)


def hexagons(axes: Axes, places: pd.DataFrame, colours: pd.Series) -> None:
    """One hexagon a town, with its point up, at the places of the cartogram (``x``, ``y`` in widths of a hexagon)."""
    angles = np.deg2rad(np.arange(30, 390, 60))
    corner = 0.5 / np.cos(np.deg2rad(30)) * np.column_stack([np.cos(angles), np.sin(angles)])
    cells = places[["x", "y"]].to_numpy()[:, None, :] + corner
    axes.add_collection(PolyCollection(cells, facecolors=colours.reindex(places.index).tolist(), edgecolors="white", linewidths=0.5))
    axes.set(xlim=(places["x"].min() - 1, places["x"].max() + 1), ylim=(places["y"].min() - 1, places["y"].max() + 1), aspect="equal")
    axes.axis("off")


def map_and_cartogram(towns: pd.DataFrame, places: pd.DataFrame, counts: pd.Series) -> Figure:
    """Towns by their number of characteristics: where they are, and one hexagon for each.

    Parameters
    ----------
    towns : pandas.DataFrame
        Towns of the index, indexed by code.
    places : pandas.DataFrame
        Place of each town in the cartogram (``x``, ``y``), indexed by code.
    counts : pandas.Series
        Characteristics of each town, full or partial.
    """
    classes = count_classes(counts)
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 4.9), width_ratios=[1, 1.05], layout="constrained")
    figures.ground(left)
    dots = figures.positions(towns)
    for name, colour in COUNTS.items():
        figures.mark(left, dots[classes.reindex(dots.index) == name], colour, 9)
    hexagons(right, places, classes.astype(str).map(COUNTS))
    left.set_title("Where they are", fontsize=9.5)
    right.set_title("One hexagon a town", fontsize=9.5)
    marks = [Patch(color=colour, label=name) for name, colour in COUNTS.items()]
    fig.legend(handles=marks, title="Characteristics, full or partial", ncols=4, loc="outside lower center", fontsize=9)
    return fig
