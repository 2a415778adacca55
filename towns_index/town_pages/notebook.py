"""A town in a notebook: tables and one figure from what :func:`pages.about` tells."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from towns_index import style, words

GROUPS = ["all towns", "the region", "its size", "its group"]


def characteristics(told: dict) -> pd.DataFrame:
    """Every characteristic with its status, firmness and smallest change."""
    return pd.DataFrame(
        {
            "Characteristic": f"{each['letter']}. {each['name']}",
            "Has it": each["status_words"],
            "Criteria met": each["met_words"],
            "Held": f"{each['firmness_words']}, {words.in_hundred(each['holds'])}" if each["firmness"] else "–",
            "The smallest change that would matter": each["flip"] or "–",
        }
        for each in told["held"]
    )


def criteria(told: dict) -> pd.DataFrame:
    """The criteria of the characteristics that the town has, or of all if it has none."""
    return pd.DataFrame(
        {
            "Criterion": f"{each['letter']}{line['number']}. {line['label']}",
            "Met": line["in_words"],
            "Here": "; ".join(part["said"] for part in line["parts"]),
            "Known for": "; ".join(dict.fromkeys(part["shared"] or "the town" for part in line["parts"])),
        }
        for each in told["inside"] or told["held"]
        for line in each["criteria"]
    )


def figures(told: dict) -> pd.DataFrame:
    """Every indicator with the share of towns that lie lower: of all, the region, the size class and the group."""
    return pd.DataFrame(
        {
            "Indicator": row["label"],
            "Here": row["said"],
            **{f"Lower in {group}, %": part for group, part in zip(GROUPS, row["lower"])},
            "Known for": row["shared"] or "the town",
        }
        for rows in told["topics"].values()
        for row in rows
    )


def standing(told: dict) -> Figure:
    """The figures that stand out most, among all towns, and the middle half of the towns of the group."""
    rows = told["outer"][::-1]
    fig, axes = plt.subplots(figsize=(6.4, 0.34 * len(rows) + 0.8))
    for y, row in enumerate(rows):
        low, high = row["bars"][-1]
        axes.plot([0, 100], [y, y], color=style.QUIET, linewidth=1, zorder=1)
        axes.plot([low, high], [y, y], color=style.TEAL, linewidth=5, solid_capstyle="butt", zorder=2)
    axes.scatter([row["at"] for row in rows], range(len(rows)), color=style.ORANGE, s=40, zorder=3, clip_on=False)
    axes.set_yticks(range(len(rows)), [f"{row['label']}: {row['said']}" for row in rows])
    axes.set(xlim=(-2, 102), xticks=[0, 100])
    axes.set_xticklabels(["lower than in\n99 % of towns", "higher than in\n99 % of towns"])
    axes.set_title(f"Dot: {told['town']['short']}. Bar: middle half of its group", loc="right", fontsize="small")
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    axes.grid(False)
    return fig


def standing_title(told: dict) -> str:
    """The finding of :func:`standing`."""
    first = told["outer"][0]
    return f"{told['town']['short']} stands out in {words.lowered(first['label']).split(',')[0]}"


def standing_alt(told: dict) -> str:
    """What a reader who cannot see :func:`standing` should learn."""
    parts = [f"{words.lowered(row['label'])} {row['said']}, {row['rank']}" for row in told["outer"]]
    return f"Dots of {told['name']} between the lowest and highest of all towns: {'; '.join(parts)}."


def alike(told: dict) -> pd.DataFrame:
    """The most similar towns with the reasons."""
    return pd.DataFrame(
        {
            "Town": f"{other['name']}, {other['region']}",
            "Unusual in both": ", ".join(other["reasons"]) or "nothing: both are near the average",
            "Where they differ most": other["differs"],
            "Distance": f"{other['distance']:.2f}",
            "Characteristics": other["count"],
        }
        for other in told["alike"]
    )


def lighter(told: dict) -> pd.DataFrame:
    """Towns alike in context with fewer characteristics; a line that says so where there is none."""
    rows = [
        {
            "Town": f"{other['name']}, {other['region']}",
            "It does not have": ", ".join(other["without"]),
            "It has instead": ", ".join(other["instead"]) or "–",
            "Characteristics": other["count"],
        }
        for other in told["lighter"]
    ]
    return pd.DataFrame(rows or [{"Town": f"None has at least {told['fewer']} fewer"}])


def trends(told: dict) -> pd.DataFrame:
    """The same at two dates."""
    return pd.DataFrame(
        {
            "What": row["label"],
            "Then": row["then"],
            "Now": row["now"],
            "Change": row["change"],
            "Typical town": row["typical"],
            "Known for": row["shared"] or "the town",
        }
        for row in told["trends"]
    )
