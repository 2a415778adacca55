"""Where a town stands: every indicator against all towns, its region, its size class and its group."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from towns_index import words
from towns_index.town_pages.characteristics import SHARED
from towns_index.town_pages.material import Material

GROUPINGS = ["region", "size_class", "group"]
ENDS = (0.01, 0.99)  # the picture's two ends: one town in a hundred lies beyond each
BINS = 25


class Distributions(NamedTuple):
    """What the rows of all towns are drawn from.

    ``share`` is the share of the other towns that lie lower (ties count half), by town and indicator; ``at`` the
    place of each value between the picture's two ends, 0 to 100; ``middle`` the places of the lower and upper
    quartile by grouping, its class and indicator; ``within`` the share of the towns of the same class that lie lower,
    by grouping, town and indicator; ``shape`` how many towns lie in each part of the picture.
    """

    share: dict[str, dict]
    at: dict[str, dict]
    middle: dict[str, dict]
    within: dict[str, dict]
    shape: dict[str, np.ndarray]


def lower(values: pd.DataFrame) -> pd.DataFrame:
    """For each value the share of the other values of its column that are lower; ties count half."""
    return (values.rank(method="average") - 1) / (values.notna().sum() - 1).where(lambda count: count > 0)


def distributions(m: Material) -> Distributions:
    """Ranks and quartiles of all indicators but flags, computed once for all towns."""
    values = m.indicators[[name for name in m.indicators.columns if m.about[name]["unit"] != "flag"]].astype(float)
    low, high = values.quantile(ENDS[0]), values.quantile(ENDS[1])
    at = ((values - low) / (high - low) * 100).clip(0, 100)
    middle, within = {}, {}
    for grouping in GROUPINGS:
        of = m.towns[grouping]
        quartiles = at.groupby(of).quantile([0.25, 0.75]).round()
        middle[grouping] = {key: dict(part.to_dict("list")) for key, part in quartiles.groupby(level=0)}
        within[grouping] = values.groupby(of, group_keys=False).apply(lower).to_dict("index")
    shape = {name: np.histogram(at[name].dropna(), bins=BINS, range=(0, 100))[0] for name in values.columns}
    return Distributions(lower(values).to_dict("index"), at.to_dict("index"), middle, within, shape)


def standing(m: Material, d: Distributions, code: str) -> list[dict]:
    """Every indicator of one town, in the order of the definitions; flags and unknown values left out.

    Returns
    -------
    list of dict
        ``indicator``, ``topic``, ``label``, ``said`` (value and unit), ``share`` (of the other towns that lie lower),
        ``rank`` (the same in words), ``at`` (place in the picture, 0 to 100), ``bars`` (the places of the quartiles in
        its region, size class and group), ``within`` (share lower in each of the three), ``lower`` (these shares as
        whole percentages) and ``shared``: the kind of
        area that gives the value to all its towns, or nothing.
    """
    town, values, share, at = m.town[code], m.values[code], d.share[code], d.at[code]
    within = [d.within[grouping][code] for grouping in GROUPINGS]
    middle = [d.middle[grouping][town[grouping]] for grouping in GROUPINGS]
    rows = [
        {
            "indicator": name,
            "topic": m.about[name]["topic"],
            "label": m.about[name]["label"],
            "said": words.quantity(values[name], m.about[name]["unit"]),
            "share": share[name],
            "rank": rank(share[name]),
            "at": at[name],
            "bars": [quartiles[name] for quartiles in middle],
            "within": [shares[name] for shares in within],
            "shared": SHARED.get(m.about[name]["level"], ""),
        }
        for name in share
        if name in values
    ]
    for row in rows:
        row["lower"] = [whole(part) for part in (row["share"], *row["within"])]
    return rows


def rank(share: float) -> str:
    """A share of lower towns in words: "higher than in 62 % of towns"."""
    if share in (0, 1):
        return f"{'higher' if share else 'lower'} than in every other town"
    if share < 0.5:
        return f"lower than in {percent(1 - share)} of towns"
    return f"higher than in {percent(share)} of towns"


def whole(share: float) -> str:
    """A share as a whole percentage that is 0 or 100 only where it is none or all."""
    return f"{share:.0%}"[:-1] if share in (0, 1) else str(min(99, max(1, round(100 * share))))


def percent(share: float) -> str:
    """A share as a whole percentage, which is never rounded to all."""
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"
