"""The index judged again as one line of the ledger says."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from towns_index import clusters, town_lists, uncertainty
from towns_index.assumptions.lines import fields_of, lines_of, option_of


class Index(NamedTuple):
    """The index as it stands, and what it could be judged with instead.

    Attributes
    ----------
    clusters, criteria : pandas.DataFrame
        The definitions; `criteria` with the lines of every parameter.
    settings : dict
        ``average`` and ``deprivation_fourth`` of the build.
    divided, whole : pandas.DataFrame
        Indicators of all towns, indexed by code: small areas divided among places, or given whole to one.
    towns : pandas.DataFrame
        All towns, indexed by code, with ``in_index``, ``nation``, ``region`` and ``population_2019``.
    classes : pandas.Series
        Class of each town in the House of Commons Library's classification, indexed by code.
    """

    clusters: pd.DataFrame
    criteria: pd.DataFrame
    settings: dict
    divided: pd.DataFrame
    whole: pd.DataFrame
    towns: pd.DataFrame
    classes: pd.Series


def in_force(index: Index) -> pd.DataFrame:
    """The criteria under the parameters of the build, of the clusters that are rebuilt at least in part."""
    rebuilt = index.clusters.loc[index.clusters["rebuilt"] != "no", "cluster"]
    lines = clusters.in_force(index.criteria, index.settings)
    return lines[lines["cluster"].isin(rebuilt)].reset_index(drop=True)


def judge(
    index: Index, criteria: pd.DataFrame, indicators: pd.DataFrame | None = None, codes: pd.Index | None = None,
    average: str | Callable | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Judge towns by some criteria, as :func:`clusters.evaluate` does; whatever is not given is as it stands.

    Parameters
    ----------
    index : Index
    criteria : pandas.DataFrame
        Lines in force.
    indicators : pandas.DataFrame, optional
        By town.
    codes : pandas.Index, optional
        The towns that are judged and compared.
    average : str or callable, optional
        What "average" means.
    """
    indicators = index.divided if indicators is None else indicators
    towns = index.towns[index.towns["in_index"].astype(bool)] if codes is None else index.towns.loc[codes]
    return clusters.evaluate(criteria, indicators, towns, average or index.settings["average"])


def statuses(judged: pd.DataFrame, letters: pd.DataFrame, criteria: pd.DataFrame, fewest: int = 0) -> pd.DataFrame:
    """Status of every town: towns by clusters; *none* also where it is not assessed, or by `fewest` criteria only."""
    table = clusters.memberships(judged, letters, criteria)
    unknown = (table["status"] == "not_assessed") | (table["criteria_assessed"] < fewest)
    return table.assign(status=table["status"].mask(unknown, "none")).pivot(index="town_code", columns="cluster", values="status")


def vary(line, index: Index, base: pd.DataFrame, others: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """Status of every town in the clusters that one line of the ledger touches, judged as the line says.

    Parameters
    ----------
    line : namedtuple
        A line of :func:`definitions` that is computed.
    index : Index
    base : pandas.DataFrame
        As from :func:`judge` with all criteria :func:`in_force`.
    others : pandas.DataFrame
        As from :func:`uncertainty.alternatives`.
    lists : pandas.DataFrame
        As from :func:`town_lists.definitions`.

    Returns
    -------
    pandas.DataFrame
        As from :func:`statuses`.

    Notes
    -----
    *towns*: another list, compared among itself. *areas*: whole small areas. *average*: another mean. *parameter*:
    another value of a parameter of the build. *criterion*: a line of the criteria with other fields. *alternative*:
    an option of ``alternatives.csv``; a town for which it is unknown keeps the line as it is. *leave_out*: without a
    criterion, so that one fewer is needed (which is as if all towns met it), or without a part of one. *partial*:
    partial members count as none, or as full. *assessed*: fewest criteria with a value.
    """
    criteria, letters = in_force(index), index.clusters
    rows = lines_of(line.target, criteria)
    touched = criteria[criteria["cluster"].isin(criteria.loc[rows, "cluster"])].reset_index(drop=True)
    held = base[base["cluster"].isin(touched["cluster"])]
    if line.kind == "towns":
        chosen = next(each for each in lists.itertuples() if each.list == line.value)
        judged = judge(index, touched, codes=town_lists.members(chosen, index.towns, index.classes))
    elif line.kind == "areas":
        judged = judge(index, touched, indicators=index.whole)
    elif line.kind == "average":
        judged = judge(index, touched, average=average(line.value, index.towns["population_2019"]))
    elif line.kind == "parameter":
        name, _, value = line.value.partition("=")
        other = index._replace(settings=index.settings | {name: value})
        touched = in_force(other)[lambda lines: lines["cluster"].isin(touched["cluster"])]
        judged = judge(other, touched)
    elif line.kind == "criterion":
        touched = changed(touched, line.target, dict(fields_of(line.value)))
        judged = again(held, touched, line.target, index)
    elif line.kind == "alternative":
        option = option_of(line, others).iloc[0]
        fields = {name: option[name] for name in ("indicator", "rule", "threshold", "comparator")}
        judged = again(held, changed(touched, line.target, fields), line.target, index)
        key = ["town_code", "cluster", "criterion"]
        judged["met"] = judged["met"].fillna(judged[key].merge(held, how="left", on=key)["met"])
    elif line.kind == "leave_out":
        touched, letters = left_out(touched, letters, line.target)
        judged = again(held, touched, line.target, index)
    else:
        judged = held
    found = statuses(judged, letters, touched, fewest=int(line.value) if line.kind == "assessed" else 0)
    return found.replace("partial", line.value) if line.kind == "partial" else found


def again(held: pd.DataFrame, criteria: pd.DataFrame, target: str, index: Index) -> pd.DataFrame:
    """What was judged, with the criteria that `target` touches judged anew, if they are still there.

    Parameters
    ----------
    held : pandas.DataFrame
        As from :func:`judge`.
    criteria : pandas.DataFrame
        Changed lines of the same clusters.
    """
    old = in_force(index)
    anew = set((old["cluster"] + old["criterion"])[lines_of(target, old)])
    kept = held[~(held["cluster"] + held["criterion"]).isin(anew)]
    lines = criteria[(criteria["cluster"] + criteria["criterion"]).isin(anew)]
    return pd.concat([kept, judge(index, lines)], ignore_index=True) if len(lines) else kept


def average(name: str, residents: pd.Series) -> str | Callable[[pd.Series], float]:
    """What "average" means, as :func:`clusters.threshold` takes it; `residents` by town."""
    if name == "residents":
        return partial(weighted_mean, weights=residents)
    return trimmed_mean if name == "trimmed" else name


def trimmed_mean(values: pd.Series) -> float:
    """Mean of the known values without their highest and lowest tenth; missing if none is known."""
    known = values.dropna()
    return uncertainty.AVERAGES["trimmed"](known) if len(known) else np.nan


def weighted_mean(values: pd.Series, weights: pd.Series) -> float:
    """Mean of the known values, each counted as often as its weight says; missing if none is known."""
    known = values.dropna()
    return np.average(known, weights=weights.reindex(known.index)) if len(known) else np.nan


def changed(criteria: pd.DataFrame, target: str, fields: dict[str, str]) -> pd.DataFrame:
    """The criteria with other fields in the lines that `target` names."""
    rows = lines_of(target, criteria)
    return criteria.assign(**{name: criteria[name].mask(rows, value) for name, value in fields.items()})


def left_out(criteria: pd.DataFrame, letters: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The criteria without some lines, and the clusters; each needs as many criteria as are left."""
    kept = criteria[~lines_of(target, criteria)].reset_index(drop=True)
    lost = criteria.groupby("cluster")["criterion"].nunique().sub(kept.groupby("cluster")["criterion"].nunique(), fill_value=0)
    return kept, letters.assign(required=letters["required"] - letters["cluster"].map(lost).fillna(0).astype(int))
