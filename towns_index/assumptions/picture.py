"""The picture of the assumptions that matter most."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from towns_index import style


def ten(table: pd.DataFrame) -> Figure:
    """Towns whose status changes under each of some assumptions, in any way and in full memberships.

    Parameters
    ----------
    table : pandas.DataFrame
        Lines of :func:`towns_index.assumptions.ledger`, in the order in which they are shown.
    """
    rows = table.iloc[::-1].reset_index(drop=True)
    labels = [_label(row) for row in rows.itertuples()]
    heights = np.array([0.62 + 0.38 * label.count("\n") for label in labels])
    y = np.cumsum(heights + 0.5) - heights / 2
    fig, axes = plt.subplots(figsize=(7.2, 0.3 * y[-1] + 1.1), layout="constrained")
    for column, colour, words, shift in (("towns_changed", style.NAVY, "in any way", 0.22), ("towns_full", style.ORANGE, "by a full membership", -0.22)):
        drawn = axes.barh(y + shift, rows[column].astype(int), height=0.42, color=colour, label=words)
        axes.bar_label(drawn, fontsize=8.5, padding=2)
    axes.set_yticks(y, labels, fontsize=8.5)
    axes.set(xlabel="Towns whose status changes", xlim=(0, 1.08 * rows["towns_changed"].max()))
    axes.tick_params(axis="y", length=0)
    fig.legend(ncols=2, loc="outside upper center", fontsize=9)
    return fig


def _label(row) -> str:
    place = "" if row.clusters == "all" else f"{row.target}: "
    return textwrap.fill(f"{place}{row.instead}", 46)
