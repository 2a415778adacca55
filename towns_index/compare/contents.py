"""What else differs between two folders: indicators, averages, groups of similar towns and every other table."""

import pandas as pd
from pandas.api import types
from sklearn.metrics import adjusted_rand_score

from towns_index import indicators, store
from towns_index.compare.readings import same

INDICATOR_COLUMNS = [
    "indicator", "label", "unit", "towns", "became_known", "became_unknown", "town_code", "one", "other",
]  # fmt: skip
THRESHOLD_COLUMNS = ["criteria", "indicator", "among", "average_one", "average_other", "one", "other"]
GROUP_COLUMNS = ["towns", "groups_one", "groups_other", "adjusted_rand", "same_labels"]


def words_for(*sides: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """``label`` and ``unit`` of every indicator, from the definitions and the folders' own dictionaries."""
    found = [indicators.definitions()[["indicator", "label", "unit"]]]
    for side in sides:
        if "dictionary" in side and {"label", "unit"} <= set(side["dictionary"]):
            own = side["dictionary"].rename(columns={"column": "indicator"})
            found.append(own.loc[own["file"].str.startswith("indicators"), ["indicator", "label", "unit"]])
    return pd.concat(found).drop_duplicates("indicator", keep="last").set_index("indicator").fillna("")


def changed_indicators(one: pd.DataFrame | None, other: pd.DataFrame | None, words: pd.DataFrame) -> pd.DataFrame:
    """Indicators with other values, over the towns that both tables have.

    Returns
    -------
    pandas.DataFrame
        ``indicator``, ``label``, ``unit``, number of ``towns`` that differ, how many of them
        ``became_known`` or ``became_unknown``, and the largest change: ``town_code``, its value in ``one``
        and in the ``other``; most towns first.
    """
    if one is None or other is None:
        return pd.DataFrame(columns=INDICATOR_COLUMNS)
    one, other = (side.set_index("town_code").select_dtypes("number") for side in (one, other))
    towns = one.index.intersection(other.index)
    rows = []
    for name in one.columns.intersection(other.columns):
        before, after = one.loc[towns, name], other.loc[towns, name]
        differs = ~same(before, after)
        if differs.any():
            size = (after - before).abs()[differs]
            place = size.idxmax() if size.notna().any() else differs.idxmax()
            label, unit = words.loc[name, ["label", "unit"]] if name in words.index else (name, "")
            known, unknown = (before.isna() & after.notna()).sum(), (before.notna() & after.isna()).sum()
            rows.append([name, label, unit, differs.sum(), known, unknown, place, before[place], after[place]])
    frame = pd.DataFrame(rows, columns=INDICATOR_COLUMNS)
    return frame.sort_values(["towns", "indicator"], ascending=[False, True], ignore_index=True)


def changed_thresholds(one: pd.DataFrame, other: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Thresholds that differ, one row for each indicator and group of towns compared.

    Parameters
    ----------
    one, other : pandas.DataFrame
        From :func:`towns_index.compare.readings.parts`.
    places : pandas.DataFrame
        Indexed by town code, with ``nation`` and ``region`` where known.

    Returns
    -------
    pandas.DataFrame
        ``criteria`` (such as "B4, N2"), ``indicator``, ``among`` (all towns, a nation or a region: the
        coarsest that has one threshold), ``average_one``, ``average_other`` (mean, median or empty),
        ``one``, ``other``.
    """
    key = ["cluster", "criterion", "part", "indicator"]
    levels = [level for level in ("nation", "region") if level in places]
    # A flag is compared with yes or no: that is no threshold that could move.
    sides = [
        side[(side["indicator"] != "") & ~side["rule"].isin(["yes", "no"])]
        .dropna(subset=["threshold"])
        .join(places[levels], on="town_code")
        .assign(all="all towns")
        for side in (one, other)
    ]
    sides = [dict(list(side.groupby(key))) for side in sides]
    rows = []
    for names in sorted(set(sides[0]) & set(sides[1])):
        held = [side[names] for side in sides]
        level = next((level for level in ("all", *levels) if all(_single(side, level) for side in held)), None)
        if level is None:
            continue
        before, after = (side.groupby(level)[["threshold", "average"]].first() for side in held)
        both = before.add_suffix("_one").join(after.add_suffix("_other"), how="inner")
        both = both[~same(both["threshold_one"], both["threshold_other"])].rename_axis("among").reset_index()
        rows.append(both.assign(criteria=f"{names[0]}{names[1]}{names[2]}", indicator=names[3]))
    if not rows:
        return pd.DataFrame(columns=THRESHOLD_COLUMNS)
    found = pd.concat(rows).rename(columns={"threshold_one": "one", "threshold_other": "other"})
    alike = [name for name in THRESHOLD_COLUMNS if name != "criteria"]
    return found.groupby(alike, sort=False)["criteria"].agg(", ".join).reset_index()[THRESHOLD_COLUMNS]


def _single(side: pd.DataFrame, level: str) -> bool:
    limits = side.groupby(level)["threshold"]
    return bool(len(limits) and same(limits.min(), limits.max()).all())


def compared_tables(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every published table: the same, or how many cells differ.

    Returns
    -------
    pandas.DataFrame
        ``table``, ``title``, ``licence``, ``result`` (identical, differs, only in one, only in other, in
        neither), ``rows_one``, ``rows_other``, ``only_one`` and ``only_other`` (rows whose key, or where there
        is none whose whole content, the other has not), ``columns_one``, ``columns_other`` (in one
        only), ``cells`` compared and ``differ``.
    """
    rows = [
        {"table": name, "title": entry["title"], "licence": entry["licence"]}
        | _table(one.get(name), other.get(name), entry["key"])
        for name, entry in store.outputs().items()
    ]
    frame = pd.DataFrame(rows)
    numbers = ["rows_one", "rows_other", "only_one", "only_other", "cells", "differ"]
    return frame.astype({name: "Int64" for name in numbers}).fillna({"columns_one": "", "columns_other": ""})


def _table(one: pd.DataFrame | None, other: pd.DataFrame | None, key: list[str]) -> dict:
    rows = {"rows_one": None if one is None else len(one), "rows_other": None if other is None else len(other)}
    blank = dict.fromkeys(["only_one", "only_other", "columns_one", "columns_other", "cells", "differ"])
    if one is None or other is None:
        result = "in neither" if one is other else "only in other" if one is None else "only in one"
        return {"result": result} | rows | blank
    shared = [name for name in one if name in other]
    columns = [", ".join(name for name in side if name not in shared) for side in (one, other)]
    if key:
        only, cells, differ = _by_key(one[shared], other[shared], key)
    else:
        only, cells, differ = _by_row(one[shared], other[shared])
    alike = not (differ or any(only) or any(columns))
    return {"result": "identical" if alike else "differs"} | rows | {
        "only_one": only[0], "only_other": only[1], "columns_one": columns[0], "columns_other": columns[1],
        "cells": cells, "differ": differ,
    }  # fmt: skip


def _by_key(one: pd.DataFrame, other: pd.DataFrame, key: list[str]) -> tuple[list[int], int, int]:
    # Numbers on one side and text on the other: only text can tell whether the keys are the same.
    types_differ = [name for name in key if types.is_numeric_dtype(one[name]) != types.is_numeric_dtype(other[name])]
    one, other = (side.astype(dict.fromkeys(types_differ, str)).set_index(key) for side in (one, other))
    rows = one.index.intersection(other.index)
    one_rows, other_rows = one.loc[rows], other.loc[rows]
    differ = sum(int((~same(one_rows[name], other_rows[name])).sum()) for name in one)
    return [len(one) - len(rows), len(other) - len(rows)], len(rows) * one.shape[1], differ


def _by_row(one: pd.DataFrame, other: pd.DataFrame) -> tuple[list[int], int, int]:
    """Rows are taken whole, as often as they occur; a row that differs is on one side only."""
    left, right = (pd.Series(list(map(tuple, side.astype(str).to_numpy()))).value_counts() for side in (one, other))
    shared = int(left.clip(upper=right.reindex(left.index, fill_value=0)).sum())
    return [len(one) - shared, len(other) - shared], shared * one.shape[1], 0


def compared_groups(one: pd.DataFrame | None, other: pd.DataFrame | None) -> pd.DataFrame:
    """How alike two groupings of towns are, whatever their numbers: one row, or none without both tables.

    Returns
    -------
    pandas.DataFrame
        ``towns`` in both, ``groups_one``, ``groups_other``, ``adjusted_rand`` (1: the same groups; about 0: no more
        alike than by chance) and ``same_labels`` (towns with the same number).
    """
    if one is None or other is None or not ("group" in one and "group" in other):
        return pd.DataFrame(columns=GROUP_COLUMNS)
    both = one[["town_code", "group"]].merge(other[["town_code", "group"]], on="town_code", suffixes=("_one", "_other"))
    if both.empty:
        return pd.DataFrame(columns=GROUP_COLUMNS)
    alike = adjusted_rand_score(both["group_one"], both["group_other"])
    same_labels = int((both["group_one"] == both["group_other"]).sum())
    row = [len(both), one["group"].nunique(), other["group"].nunique(), alike, same_labels]
    return pd.DataFrame([row], columns=GROUP_COLUMNS)
