"""Figures: each function draws one and returns it; none computes a result.

Maps show a dot for each town on the outline of England and Wales. No chart has more than four
categories; many clusters become many small panels.
"""

from functools import lru_cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from towns_index import paths, style

STATUS_COLOURS = {"full": style.PLUM, "partial": style.ORANGE}
STATUS_WORDS = {"full": "full: every criterion met", "partial": "partial: all but one met"}


@lru_cache(maxsize=1)
def land() -> Path:
    """Outline of England and Wales in kilometres on the British National Grid, read and reprojected once."""
    coast = gpd.read_file(paths.processed() / "coast.geojson").to_crs("EPSG:27700").geometry.explode()
    rings = shapely.get_rings(coast.to_numpy())
    return Path.make_compound_path(*[Path(shapely.get_coordinates(ring) / 1000, closed=True) for ring in rings])


def positions(towns: pd.DataFrame) -> pd.DataFrame:
    """Position of each town in kilometres on the British National Grid: ``x``, ``y``."""
    points = gpd.points_from_xy(towns["longitude"], towns["latitude"], crs="EPSG:4326").to_crs("EPSG:27700")
    return pd.DataFrame({"x": points.x / 1000, "y": points.y / 1000}, index=towns.index)


def ground(axes: Axes) -> None:
    """The land under a map of towns, and nothing else."""
    # Not add_patch, which would go through every point for limits that are set here.
    axes.add_artist(PathPatch(land(), facecolor=style.LAND, edgecolor="#AEB4BB", linewidth=0.4))
    # Ticks would be measured for the layout although nobody sees them.
    axes.set(xlim=(130, 665), ylim=(0, 665), aspect="equal", xticks=[], yticks=[])
    axes.axis("off")


def mark(axes: Axes, places: pd.DataFrame, colour: str, size: float, **more) -> None:
    """A dot at each of some :func:`positions`."""
    axes.scatter(places["x"], places["y"], s=size, color=colour, linewidths=0, **more)


def legend(axes: Axes, colours: dict[str, str], **where) -> None:
    """A legend of dots: words and their colours."""
    marks = [Line2D([], [], marker="o", linestyle="", color=colour, label=label) for label, colour in colours.items()]
    axes.legend(handles=marks, frameon=False, **where)


def cluster_map(towns: pd.DataFrame, status: pd.Series, axes: Axes | None = None, size: float = 14) -> Figure:
    """One cluster: full and partial members among all towns."""
    if axes is None:
        _, axes = plt.subplots(figsize=(5, 5.4))
    ground(axes)
    places = positions(towns)
    status = status.reindex(places.index)
    mark(axes, places[~status.isin(list(STATUS_COLOURS))], style.QUIET, size * 0.35)
    for name in ("partial", "full"):
        mark(axes, places[status == name], STATUS_COLOURS[name], size)
    return axes.figure


def spread(towns: pd.DataFrame, status: pd.Series, shares: pd.Series) -> Figure:
    """One cluster: its map, and the share of towns that meet each of its criteria.

    Parameters
    ----------
    towns : pandas.DataFrame
        Towns of the index, indexed by code.
    status : pandas.Series
        Status of each town in the cluster.
    shares : pandas.Series
        Share (0 to 1) of the towns assessed that meet each criterion, indexed by its label.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.9), width_ratios=[1.15, 1], layout="constrained")
    cluster_map(towns, status, left, size=11)
    legend(left, {STATUS_WORDS[name]: colour for name, colour in STATUS_COLOURS.items()} | {"other towns": style.QUIET},
            loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=1, fontsize=8)  # fmt: skip
    order = shares.iloc[::-1]
    right.barh(range(len(order)), 100 * order.fillna(0), color=style.NAVY, height=0.34)
    for row, (label, share) in enumerate(order.items()):
        right.text(0, row + 0.26, _wrap(label, 40), fontsize=8, va="bottom", ha="left")
        text = "not rebuilt" if pd.isna(share) else f"{100 * share:.0f} %"
        right.text((0 if pd.isna(share) else 100 * share) + 1.5, row, text, fontsize=8, va="center")
    right.set(xlim=(0, 115), ylim=(-0.4, len(order) - 0.1), yticks=[], xticks=[])
    right.set_title("Towns that meet each criterion", fontsize=9, loc="left")
    for side in right.spines.values():
        side.set_visible(False)
    return fig


def _wrap(text: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width, break_long_words=False))


def all_cluster_maps(towns: pd.DataFrame, members: pd.DataFrame, names: pd.Series) -> Figure:
    """A small map for each cluster that is rebuilt."""
    letters = names.index
    columns = 4
    rows = int(np.ceil(len(letters) / columns))
    fig, panels = plt.subplots(rows, columns, figsize=(7.2, 2.3 * rows), layout="constrained")
    for panel in panels.flat[len(letters):]:
        panel.axis("off")
    for letter, panel in zip(letters, panels.flat):
        status = members[members["cluster"] == letter].set_index("town_code")["status"]
        cluster_map(towns, status, panel, size=4)
        panel.set_title(_wrap(f"{letter}  {names[letter]}", 22), fontsize=8, loc="left")
    words = {"full members": STATUS_COLOURS["full"], "partial members": STATUS_COLOURS["partial"]}
    legend(panels.flat[-1], words, loc="center", fontsize=8)
    return fig


def sizes(fidelity: pd.DataFrame) -> Figure:
    """Published and rebuilt number of full members of each cluster."""
    rows = fidelity.iloc[::-1].reset_index(drop=True)
    fig, axes = plt.subplots(figsize=(7.0, 4.6), layout="constrained")
    y = np.arange(len(rows))
    axes.hlines(y, rows["published_full"].astype("float64"), rows["full"].where(rows["rebuilt"] != "no"), color=style.QUIET, linewidth=2)
    axes.scatter(rows["published_full"].astype("float64"), y, color=style.ORANGE, s=42, label="published in 2020", zorder=3)
    axes.scatter(rows["full"].where(rows["rebuilt"] != "no"), y, color=style.NAVY, s=42, marker="D", label="rebuilt", zorder=3)
    axes.set_yticks(y, rows["cluster"] + "  " + rows["name"], fontsize=8.5)
    axes.set(xlabel="Towns with full membership", xlim=(-4, None))
    axes.grid(axis="x", color="#E4E7EA")
    axes.legend(frameon=False, loc="lower right")
    return fig


def counts_histogram(counts: pd.DataFrame) -> Figure:
    """How many towns are in how many clusters."""
    number = counts["either"].value_counts().sort_index()
    fig, axes = plt.subplots(figsize=(6.6, 3.4), layout="constrained")
    bars = axes.bar(number.index, number, color=style.NAVY, width=0.75)
    axes.bar_label(bars, fontsize=8, padding=2)
    axes.set(xlabel="Clusters, in full or in part", ylabel="Towns", xticks=range(int(number.index.max()) + 1))
    return fig


def heat(table: pd.DataFrame, label: str, form: str = "{:.0f}", diverging: bool = False, width: float = 7.2) -> Figure:
    """A table as shaded cells with the numbers in them."""
    limit = float(np.nanmax(np.abs(table.to_numpy(float))))
    colours = "RdBu_r" if diverging else style.SEQUENTIAL
    fig, axes = plt.subplots(figsize=(width, 0.27 * len(table) + 1.4), layout="constrained")
    low = -limit if diverging else 0
    image = axes.imshow(table.to_numpy(float), cmap=colours, vmin=low, vmax=limit, aspect="auto")
    image.cmap.set_bad("white")
    light = image.to_rgba(table.to_numpy(float))[..., :3] ** 2.2 @ [0.2126, 0.7152, 0.0722]
    for row, column in np.argwhere(table.notna().to_numpy()):
        ink = "white" if light[row, column] < 0.179 else "#1A1A1A"  # white reads better below
        number = form.format(table.iat[row, column] + 0).replace("-0.0", "0.0").replace("-", "−")
        # It stays inside its cell, so the layout need not measure it.
        axes.text(column, row, number, ha="center", va="center", fontsize=7.5, color=ink, in_layout=False)
    axes.set_yticks(range(len(table)), table.index, fontsize=8)
    room = int(13 * (width - 2.4) / table.shape[1])  # characters above a column, at this size
    axes.set_xticks(range(table.shape[1]), [_wrap(str(name), room) for name in table.columns], fontsize=8)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_xlabel(label, fontsize=8.5)
    for side in axes.spines.values():
        side.set_visible(False)
    return fig


def group_evidence(table: pd.DataFrame, chosen: int) -> Figure:
    """Silhouette and stability by the number of groups, beside data without groups; dotted line: the number chosen."""
    fig, panels = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
    left, right = panels
    noise = table.dropna(subset="silhouette_noise")
    for axes, column in ((left, "silhouette"), (right, "stability")):
        known = table.dropna(subset=column)
        axes.plot(known["groups"], known[column], color=style.NAVY, marker="o", markersize=4)
        axes.plot(noise["groups"], noise[f"{column}_noise"], color=style.ORANGE, marker="s", markersize=4)
        axes.axvline(chosen, color=style.PLUM, linestyle=":", linewidth=1.5)
        axes.text(noise["groups"].iloc[-1] + 0.4, noise[f"{column}_noise"].iloc[-1], "no groups", color="#8A5200", fontsize=8.5, va="top" if column == "silhouette" else "center")
    left.set(ylabel="Mean silhouette", ylim=(0, 0.6), xlabel="Number of groups", xticks=range(5, int(table["groups"].max()) + 1, 5))
    left.axhline(0.25, color=style.QUIET)
    left.text(table["groups"].max(), 0.26, "below 0.25: no strong structure", fontsize=8, ha="right")
    left.text(known["groups"].max() + 0.4, table["silhouette"].max() * 0.62, "the towns", color=style.NAVY, fontsize=8.5, va="bottom")
    known = table.dropna(subset="stability")
    right.axhline(0.75, color=style.QUIET)
    right.text(known["groups"].max(), 0.76, "0.75: stable", fontsize=8, va="bottom", ha="right")
    right.set(ylabel="Stability (Jaccard)", ylim=(0, 1.02), xlabel="Number of groups", xticks=range(2, int(known["groups"].max()) + 1, 2))
    right.text(3.2, known.loc[known["groups"] == 3, "stability"].iloc[0] + 0.01, "the towns", color=style.NAVY, fontsize=8.5)
    return fig


def consensus(shares: np.ndarray, labels: np.ndarray, clear: np.ndarray) -> Figure:
    """How often each two towns are grouped together, towns sorted by group and, in a group, the clearest first."""
    order = np.lexsort((clear, labels))
    fig, axes = plt.subplots(figsize=(5.2, 4.6), layout="constrained")
    image = axes.imshow(shares[np.ix_(order, order)], cmap=style.SEQUENTIAL, vmin=0, vmax=1, interpolation="nearest")
    ends = np.cumsum(np.bincount(labels))
    middle = ends - np.bincount(labels) / 2
    for end in ends[:-1]:
        axes.axhline(end - 0.5, color="white", linewidth=1)
        axes.axvline(end - 0.5, color="white", linewidth=1)
    names = [str(number + 1) for number in range(len(ends))]
    axes.set_xticks(middle, names)
    axes.set_yticks(middle, names)
    axes.tick_params(length=0)
    axes.set(xlabel="Group", ylabel="Group")
    fig.colorbar(image, ax=axes, shrink=0.8, label="Share of samples in which two towns are together")
    return fig


def clustergram(scores: pd.DataFrame, seed: int, largest: int = 10) -> Figure:
    """How towns move between groups as their number grows (Schonlau 2002)."""
    import warnings

    from clustergram import Clustergram

    gram = Clustergram(range(1, largest + 1), n_init=5, random_state=seed, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gram.fit(scores)
    fig, axes = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    gram.plot(
        ax=axes,
        linewidth=0.4,
        size=1.2,
        cluster_style={"color": style.PLUM, "alpha": 0.9},
        line_style={"color": style.NAVY, "alpha": 0.25},
    )
    axes.set(xlabel="Number of groups", ylabel="Mean of the first component of the group")
    return fig


def group_maps(towns: pd.DataFrame, groups: pd.DataFrame) -> Figure:
    """A small map for each group of similar towns."""
    names = groups.drop_duplicates("group").sort_values("group").set_index("group")["group_name"]
    columns = 4 if len(names) > 4 else max(2, len(names))
    rows = int(np.ceil(len(names) / columns))
    fig, panels = plt.subplots(rows, columns, figsize=(7.2, 2.55 * rows), layout="constrained", squeeze=False)
    places = positions(towns)
    group = groups.set_index("town_code")["group"].reindex(places.index)
    for panel in panels.flat[len(names):]:
        panel.axis("off")
    for number, panel in zip(names.index, panels.flat):
        ground(panel)
        mark(panel, places[group != number], style.QUIET, 1.5)
        mark(panel, places[group == number], style.NAVY, 5)
        panel.set_title(f"Group {number}: {(group == number).sum()} towns\n" + _wrap(names[number], 26), fontsize=7.5, loc="left")
    return fig


def towns_map(towns: pd.DataFrame, size_class: pd.Series) -> Figure:
    """The towns of the index by size class."""
    colours = {"small": "#9DB7CE", "medium": style.TEAL, "large": style.PLUM}
    fig, axes = plt.subplots(figsize=(6, 6.4))
    ground(axes)
    places = positions(towns)
    for name, colour in colours.items():
        mark(axes, places[size_class.reindex(places.index) == name], colour, {"small": 8, "medium": 16, "large": 30}[name])
    words = {"small (to 20,000)": "#9DB7CE", "medium (to 75,000)": style.TEAL, "large": style.PLUM}
    legend(axes, words, loc="upper right", title="Residents in 2011")
    return fig


def histogram(values: pd.Series, label: str, mark: float | None = None, mark_label: str = "") -> Figure:
    """Distribution of one indicator over the towns."""
    fig, axes = plt.subplots(figsize=(6.4, 3), layout="constrained")
    axes.hist(values.dropna(), bins=40, color=style.NAVY)
    axes.set(xlabel=label, ylabel="Towns")
    if mark is not None:
        axes.axvline(mark, color=style.ORANGE)
        axes.text(mark, axes.get_ylim()[1] * 0.97, f" {mark_label}", color="#A33D0B", fontsize=8.5, va="top")
    return fig


def dots(table: pd.DataFrame, label: str, mark: float | None = None, mark_label: str = "") -> Figure:
    """Several numbers for each row as dots on one scale, told apart by colour and shape; at most four columns."""
    rows = table.iloc[::-1]
    y = np.arange(len(rows))
    fig, axes = plt.subplots(figsize=(7.2, 0.36 * len(rows) + 1.3), layout="constrained")
    axes.hlines(y, rows.min(axis=1), rows.max(axis=1), color=style.QUIET, linewidth=2)
    for name, colour, shape in zip(rows.columns, style.CATEGORIES, "oDs^"):
        axes.scatter(rows[name], y, color=colour, marker=shape, s=34, label=name, zorder=3)
    axes.set_yticks(y, [_wrap(name, 40) for name in rows.index], fontsize=8.5)
    axes.set(xlabel=label, ylim=(-0.7, len(rows) - 0.3))
    if rows.min(axis=None) > 0:
        axes.set_xlim(left=0)  # lengths can be compared
    axes.grid(axis="x", color="#E4E7EA")
    if mark is not None:
        axes.axvline(mark, color=style.DARK_GREY, linestyle=":", linewidth=1.2)
        axes.text(mark, len(rows) - 0.35, f" {mark_label}", fontsize=8.5, ha="left", va="bottom", in_layout=False)
    wide = sum(len(str(name)) + 6 for name in rows.columns) > 72
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.02), ncols=2 if wide else len(rows.columns))
    return fig


FIRMNESS = {"safe": style.NAVY, "likely": style.TEAL, "coin toss": style.ORANGE}
"""How firmly a flag is held, and its colour."""


def firmness(table: pd.DataFrame) -> Figure:
    """How firmly the flags of each cluster are held.

    Parameters
    ----------
    table : pandas.DataFrame
        Flags (full or partial) by cluster (rows, as the reader shall see them) and firmness (columns).
    """
    rows = table.iloc[::-1]
    part = 100 * rows.div(rows.sum(axis=1), axis=0)
    fig, axes = plt.subplots(figsize=(7.2, 0.33 * len(rows) + 0.8), layout="constrained")
    left = np.zeros(len(rows))
    for name, colour in FIRMNESS.items():
        drawn = axes.barh(range(len(rows)), part[name], left=left, color=colour, height=0.74, label=name)
        labels = [f"{value:.0f}" if share > 4 else "" for value, share in zip(rows[name], part[name])]
        axes.bar_label(drawn, labels=labels, label_type="center", fontsize=8.5, color="black" if colour == style.ORANGE else "white")
        left += part[name].to_numpy()
    axes.set_yticks(range(len(rows)), rows.index)
    axes.set(xlim=(0, 100), xlabel="Flags, % (numbers: towns)")
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    fig.legend(ncols=3, loc="outside upper center", fontsize=9)
    return fig


def count_nulls(table: pd.DataFrame) -> Figure:
    """Towns by number of clusters, and what two kinds of chance would give (as from ``overlap.count_nulls``)."""
    fig, axes = plt.subplots(figsize=(6.6, 3.6), layout="constrained")
    axes.bar(table["clusters"], table["observed"], color=style.NAVY, width=0.7, label="observed")
    axes.plot(table["clusters"], table["independent"], color=style.ORANGE, marker="D", linewidth=1.5, label="if independent")
    axes.plot(table["clusters"], table["associated"], color=style.TEAL, marker="o", linewidth=1.5, label="with pairwise associations")
    axes.fill_between(table["clusters"], table["associated_low"], table["associated_high"], color=style.TEAL, alpha=0.2)
    axes.set(xlabel="Clusters, in full or in part", ylabel="Towns", xticks=table["clusters"])
    axes.margins(y=0.1)
    axes.legend()
    return fig


def type_maps(towns: pd.DataFrame, kinds: pd.Series) -> Figure:
    """A small map for each type of town, in the order in which the types first occur in `kinds`' categories."""
    names = kinds.cat.categories
    columns = 3
    rows = int(np.ceil(len(names) / columns))
    fig, panels = plt.subplots(rows, columns, figsize=(7.2, 2.6 * rows), layout="constrained", squeeze=False)
    places = positions(towns)
    here = kinds.reindex(places.index)
    for panel in panels.flat[len(names):]:
        panel.axis("off")
    for name, panel in zip(names, panels.flat):
        ground(panel)
        mark(panel, places[here != name], style.QUIET, 1.5)
        mark(panel, places[here == name], style.NAVY, 5)
        panel.set_title(f"{name}\n{(here == name).sum()} towns", fontsize=9, loc="left")
    return fig


def intervals(table: pd.DataFrame, label: str, mark: float | None = 0) -> Figure:
    """Numbers with their intervals, told apart by colour and shape; at most four series.

    Parameters
    ----------
    table : pandas.DataFrame
        ``row``, ``series``, ``value``, ``low``, ``high``; rows and series are drawn in the order in which they come.
    label : str
        Of the axis.
    mark : float, optional
        Where to draw a line.
    """
    rows, series = list(dict.fromkeys(table["row"])), list(dict.fromkeys(table["series"]))
    step = 0.8 / len(series)
    fig, axes = plt.subplots(figsize=(7.2, (0.16 + 0.2 * len(series)) * len(rows) + 1.1), layout="constrained")
    for number, (name, colour, shape) in enumerate(zip(series, style.CATEGORIES, "oDs^")):
        part = table[table["series"] == name]
        y = np.array([len(rows) - 1 - rows.index(row) for row in part["row"]]) + 0.4 - step * (number + 0.5)
        axes.hlines(y, part["low"], part["high"], color=colour, linewidth=1.6)
        axes.scatter(part["value"], y, color=colour, marker=shape, s=28, label=name, zorder=3)
    if mark is not None:
        axes.axvline(mark, color=style.DARK_GREY, linewidth=1)
    axes.set_yticks(range(len(rows)), [_wrap(row, 34) for row in reversed(rows)])
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel=label, ylim=(-0.6, len(rows) - 0.4))
    axes.grid(axis="x", color="#E4E7EA")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(series))
    return fig
