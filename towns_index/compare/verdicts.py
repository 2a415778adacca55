"""Criteria whose verdict on a town differs between two folders, and what did it."""

import numpy as np
import pandas as pd

from towns_index import clusters
from towns_index.compare.readings import DIRECTION, same

CAUSES = {
    "value": "the town's value moved",
    "threshold": "the threshold moved",
    "either": "value and threshold moved; either alone would have done it",
    "both": "value and threshold moved; only both together did it",
    "rule": "the rule changed",
    "missing": "data became known or unknown",
    "unclear": "the tables do not tell",
}
"""What can change a verdict."""

KEY = ["town_code", "cluster", "criterion"]
SIDED = ["label", "indicator", "rule", "average", "value", "threshold", "met"]
COLUMNS = [*KEY, "part", *(f"{name}_{side}" for name in SIDED for side in ("one", "other")), "cause", "distance"]


def changed(one: pd.DataFrame, other: pd.DataFrame, parts_one: pd.DataFrame, parts_other: pd.DataFrame) -> pd.DataFrame:
    """One row for each part of a criterion that changed the criterion's verdict on a town.

    Parameters
    ----------
    one, other : pandas.DataFrame
        As ``criteria.csv``.
    parts_one, parts_other : pandas.DataFrame
        From :func:`towns_index.compare.readings.parts`.

    Returns
    -------
    pandas.DataFrame
        The key, ``part``, and for each side ``label``, ``indicator``, ``rule``, ``average``, ``value``,
        ``threshold``, ``met``; then ``cause`` (of :data:`CAUSES`) and ``distance``: how far the value
        now is from the threshold in standard deviations of the indicator over the towns; missing for
        flags. Where a criterion has other parts on the other side, the row is the whole criterion.
    """
    whole = _sided(one.astype({"met": "boolean"}), other.astype({"met": "boolean"}), KEY, ["value", "threshold", "met"])
    whole = whole[~same(whole["met_one"], whole["met_other"])]
    rising = rise(whole["met_one"], whole["met_other"]) > 0
    whole = whole.assign(rising=rising, reshaped=_reshaped(parts_one, parts_other, whole))

    pieces = _sided(_with_spread(parts_one), _with_spread(parts_other), [*KEY, "part"], [*SIDED, "spread"])
    pieces = pieces.merge(whole[[*KEY, "rising", "reshaped"]], on=KEY)
    moved = rise(pieces["met_one"], pieces["met_other"])
    # A criterion can only have risen because a part rose, and fallen because a part fell.
    pieces = pieces[(np.sign(moved) == np.where(pieces["rising"], 1, -1)) & ~pieces["reshaped"]]

    explained = pd.MultiIndex.from_frame(pieces[KEY])
    rest = whole[~pd.MultiIndex.from_frame(whole[KEY]).isin(explained)]
    for side, parts in (("one", parts_one), ("other", parts_other)):
        rules = parts.drop_duplicates(["cluster", "criterion"])[["cluster", "criterion", "label", "average"]]
        rules = rules.rename(columns={name: f"{name}_{side}" for name in ("label", "average")})
        rest = rest.merge(rules, on=["cluster", "criterion"], how="left")
        rest[[f"indicator_{side}", f"rule_{side}"]] = ""
        rest[f"spread_{side}"] = np.nan
    rest = rest.assign(part="")
    pieces = pieces.assign(cause=_causes(pieces))
    rest["cause"] = np.where(rest["reshaped"], "rule", "unclear")
    rows = pd.concat([frame for frame in (pieces, rest) if len(frame)] or [pieces], ignore_index=True)
    rows["distance"] = _distance(rows)
    return rows[COLUMNS].sort_values([*KEY, "part"], ignore_index=True)


def _sided(one: pd.DataFrame, other: pd.DataFrame, key: list[str], columns: list[str]) -> pd.DataFrame:
    """Rows that both sides have; each column once a side."""
    return one[[*key, *columns]].merge(other[[*key, *columns]], on=key, suffixes=("_one", "_other"))


def rise(one: pd.Series, other: pd.Series) -> pd.Series:
    """Above 0 where a verdict rose from not met over not assessed to met, below 0 where it fell."""
    return _order(other) - _order(one)


def _order(met: pd.Series) -> pd.Series:
    """Not met, not assessed, met: 0, 1, 2."""
    return met.astype("boolean").map({False: 0, True: 2}, na_action="ignore").astype(float).fillna(1)


def _reshaped(one: pd.DataFrame, other: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Whether the criterion of each row is made of other parts on the other side."""
    kinds = [
        parts.groupby(["cluster", "criterion"])["part"].agg(lambda names: tuple(sorted(set(names))))
        for parts in (one, other)
    ]
    criteria = pd.MultiIndex.from_frame(rows[["cluster", "criterion"]])
    left, right = (kind.reindex(criteria).to_numpy() for kind in kinds)
    return np.array([a != b for a, b in zip(left, right, strict=True)], dtype=bool)


def _with_spread(parts: pd.DataFrame) -> pd.DataFrame:
    """The parts with ``spread``: the indicator's standard deviation over the towns, missing for flags."""
    spread = parts.groupby(["cluster", "criterion", "part"])["value"].transform("std")
    scaled = ~parts["rule"].isin(["yes", "no"]) & (parts["indicator"] != "")
    return parts.assign(spread=spread.where((spread > 0) & scaled))


def _causes(rows: pd.DataFrame) -> pd.Series:
    """What changed each verdict: the other side's value and threshold are tried one at a time."""
    by_value, by_threshold = pd.Series(False, index=rows.index), pd.Series(False, index=rows.index)
    for rule, part in rows[rows["rule_other"] != ""].groupby("rule_other"):
        now = part["met_other"].astype("boolean")
        alone = clusters.judge(part["value_other"], rule, part["threshold_one"]) == now
        by_value[part.index] = alone.fillna(False).astype(bool)
        alone = clusters.judge(part["value_one"], rule, part["threshold_other"]) == now
        by_threshold[part.index] = alone.fillna(False).astype(bool)
    unmoved = same(rows["value_one"], rows["value_other"]) & same(rows["threshold_one"], rows["threshold_other"])
    directions = [rows[f"rule_{side}"].map(DIRECTION) for side in ("one", "other")]
    identified = [rows[f"indicator_{side}"] != "" for side in ("one", "other")]
    redefined = (identified[0] & identified[1] & (rows["indicator_one"] != rows["indicator_other"])) | (
        directions[0].notna() & directions[1].notna() & (directions[0] != directions[1])
    )
    known = rows["met_one"].notna() & rows["met_other"].notna()
    told = directions[0].notna() & directions[1].notna() & rows[["value_one", "value_other"]].notna().all(axis=1)
    cases = [redefined, ~known, unmoved & told, ~told, by_value & by_threshold, by_value, by_threshold]
    names = ["rule", "missing", "rule", "unclear", "either", "value", "threshold"]
    return pd.Series(np.select([case.to_numpy(bool) for case in cases], names, "both"), index=rows.index, dtype=object)


def _distance(rows: pd.DataFrame) -> pd.Series:
    """Distance from the threshold in standard deviations: in the other folder, or where not known there, in the one."""
    now, before = (
        (rows[f"value_{side}"] - rows[f"threshold_{side}"]).abs() / rows[f"spread_{side}"] for side in ("other", "one")
    )
    return now.fillna(before)
