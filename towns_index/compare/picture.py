"""The figure of a comparison: full memberships gained and lost in each cluster."""

import base64
from html import escape

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from towns_index import show, style, words

TITLE = "Full memberships gained and lost, towns on both lists"


def picture(clusters: pd.DataFrame, labels: tuple[str, str]) -> str:
    """The figure as HTML, or nothing if no full membership was gained or lost."""
    full = clusters[clusters["membership"] == "full"].dropna(subset=["gained"])
    full = full[(full["gained"] > 0) | (full["lost"] > 0)]
    if full.empty:
        return ""
    told = [f"{row.cluster} {row.gained:,} gained and {row.lost:,} lost" for row in full.itertuples()]
    alt = f"Bars of full memberships gained and lost from {labels[0]} to {labels[1]}: {words.listed(told)}."
    fig = figure(full, labels)
    image = base64.b64encode(show.png(fig)).decode()
    plt.close(fig)
    shown = f'<img alt="{escape(alt)}" src="data:image/png;base64,{image}">'
    return f"<figure><figcaption>{TITLE}</figcaption>{shown}</figure>"


def figure(full: pd.DataFrame, labels: tuple[str, str]) -> Figure:
    """Bars to the right for the towns that gained each cluster, to the left for those that lost it."""
    style.apply()
    full = full.iloc[::-1]
    places = range(len(full))
    fig, axes = plt.subplots(figsize=(5.6, 0.36 * len(full) + 1.1), layout="constrained")
    for column, sign, colour in (("gained", 1, style.NAVY), ("lost", -1, style.ORANGE)):
        drawn = axes.barh(places, sign * full[column].astype(int), color=colour, height=0.66, label=column)
        axes.bar_label(drawn, [f"{value:,}" if value else "" for value in full[column]], padding=3)
    axes.axvline(0, color=style.DARK_GREY, linewidth=0.8)
    axes.set_yticks(places, full["cluster"] + "  " + full["name"])
    axes.margins(x=0.14)
    # A dollar sign in a label is no formula.
    axes.set(xticks=[])
    axes.set_xlabel(f"Towns, {labels[0]} → {labels[1]}", parse_math=False)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return fig
