"""The smallest change of one value that would change a town's status in a cluster."""

import numpy as np
import pandas as pd

from towns_index.uncertainty import Line

COLUMNS = ["town_code", "cluster", "flip_criterion", "flip_value", "flip_threshold", "flip_change", "flip_distance", "flip_to"]


def smallest(lines: list[Line], members: pd.DataFrame, values: pd.DataFrame, required: pd.Series) -> pd.DataFrame:
    """For each town and cluster the criterion whose smallest change would flip the published status.

    Parameters
    ----------
    lines : list of Line
    members : pandas.DataFrame
        Published ``town_code``, ``cluster``, ``status``, ``criteria_met``.
    values : pandas.DataFrame
        Indicators of the towns of the index, indexed by code in the order of the lines' towns.
    required : pandas.Series
        Criteria of each cluster.

    Returns
    -------
    pandas.DataFrame
        ``flip_criterion`` (number and part), ``flip_value`` (the town's), ``flip_threshold``, ``flip_change`` (what
        is to be added to the value, in its unit), ``flip_distance`` (the same in standard deviations) and
        ``flip_to``. A full member flips by losing a criterion, a partial one by losing or gaining one, a town one
        short of partial by gaining one; a town further away has no row, nor where only yes-or-no criteria could
        change. The threshold is held still, although an average moves a little with each of its towns.
    """
    rows = [_candidates(group, values) for _, group in _by_criterion(lines)]
    candidates = pd.concat(rows, ignore_index=True)
    found = candidates.merge(members[["town_code", "cluster", "status", "criteria_met"]], on=["town_code", "cluster"])
    need = found["cluster"].map(required)
    after = found["criteria_met"] + np.where(found["met"], -1, 1)
    found["flip_to"] = np.select([after >= need, after >= need - 1], ["full", "partial"], "none")
    found = found[(found["status"] != "not_assessed") & (found["flip_to"] != found["status"]) & (found["open"])]
    found = found.sort_values(["town_code", "cluster", "flip_distance", "flip_criterion"], kind="stable")
    return found.drop_duplicates(["town_code", "cluster"])[COLUMNS].reset_index(drop=True)


def _by_criterion(lines: list[Line]) -> list[tuple[tuple[str, str], list[Line]]]:
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.cluster, line.criterion), []).append(line)
    gated = {line.cluster: line.margin[0] > 0 for line in lines if line.indicator == "coastal"}
    return [(key, [group, gated.get(key[0])]) for key, group in groups.items()]


def _candidates(given: list, values: pd.DataFrame) -> pd.DataFrame:
    """One criterion: by town, whether it is met and the one part to move; nothing where several would have to move."""
    group, gate = given
    margin = np.array([line.margin[0] for line in group])
    distance = np.array([np.abs(line.margin[0]) / line.spread if line.spread else np.full(margin.shape[1], np.inf) for line in group])
    held = np.where(np.isnan(margin), False, margin > 0)
    known = ~np.isnan(margin)
    any_of = group[0].combine == "any" or (len(group) > 1 and not (group[0].applies & group[1].applies).any())
    met = (held | ~known).all(axis=0) & known.any(axis=0) if not any_of else held.any(axis=0)
    # To lose "all" one met part must fall, to gain "any" one must rise; the other two need every such part to move.
    moving = held == met
    easy = met != any_of
    number = np.where(moving & known, distance, np.inf)
    part = number.argmin(axis=0)
    single = easy | ((moving & known).sum(axis=0) == 1)
    towns = np.arange(margin.shape[1])
    value = np.array([values[line.indicator].to_numpy(float) for line in group])[part, towns]
    sign = np.array([line.sign for line in group])[part]
    change = -sign * margin[part, towns].astype(float)
    apart = number[part, towns]
    return pd.DataFrame(
        {
            "town_code": values.index, "cluster": group[0].cluster, "met": met,
            "flip_criterion": [group[k].criterion + group[k].part for k in part], "flip_value": value,
            "flip_threshold": value + change, "flip_change": change, "flip_distance": apart,
            "open": single & np.isfinite(apart) & (gate if gate is not None else True),
        }
    )  # fmt: skip
