"""Stage 050, clusters: which towns meet which criteria, and what follows.

The rules stand in ``definitions/clusters.csv`` and ``definitions/criteria.csv``. Truth has three
values here: a criterion is *met*, *not met* or, for want of a value, *not assessed*.
"""

import difflib
import re

import numpy as np
import pandas as pd

from towns_index import paths

RULES = ("above_mean", "below_mean", "at_least", "at_most", "yes", "no")
COMPARATORS = ("towns", "nation", "region", "absolute")
EVIDENCE = ("published", "published, exact words", "inferred", "own")
FEWEST_ASSESSED = 3


class BadCriteria(ValueError):
    """The cluster files hold something that cannot be carried out."""


def definitions() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines of ``definitions/clusters.csv`` and of ``definitions/criteria.csv``."""
    clusters = pd.read_csv(paths.DEFINITIONS / "clusters.csv", keep_default_na=False)
    criteria = pd.read_csv(paths.DEFINITIONS / "criteria.csv", keep_default_na=False, dtype={"criterion": str})
    return clusters, criteria


def mistakes(clusters: pd.DataFrame, criteria: pd.DataFrame, indicators: list[str]) -> list[str]:
    """Everything wrong in the cluster files, in plain words; empty if nothing is."""
    found = []
    allowed = {
        "rule": RULES,
        "comparator": COMPARATORS,
        "evidence": EVIDENCE,
        "applies_to": ("all", "England", "Wales"),
        "gate": ("", "yes"),
    }
    for row in criteria.itertuples():
        where = f"criteria.csv, cluster {row.cluster} criterion {row.criterion}{row.part}"
        for column, values in allowed.items():
            if getattr(row, column) not in values:
                found.append(f"{where}: {column} {getattr(row, column)!r} is not one of {', '.join(values)}")
        if row.indicator and row.indicator not in indicators:
            near = nearest(row.indicator, indicators)
            found.append(f"{where}: there is no indicator {row.indicator!r}{near}")
        if row.cluster not in set(clusters["cluster"]):
            found.append(f"{where}: clusters.csv has no cluster {row.cluster!r}")
        if row.when and not re.fullmatch(r"\w+=\w+", row.when):
            found.append(f"{where}: when {row.when!r} is not of the form parameter=value")
        if row.rule in ("at_least", "at_most") and not _is_number(row.threshold):
            found.append(f"{where}: the rule {row.rule} needs a number in the column threshold")
        if row.part and row.combine not in ("all", "any"):
            found.append(f"{where}: a criterion in parts needs all or any in the column combine")
    counts = criteria.groupby("cluster")["criterion"].nunique()
    for row in clusters.itertuples():
        if counts.get(row.cluster, 0) != row.required:
            found.append(
                f"clusters.csv: {row.cluster} requires {row.required} criteria, "
                f"criteria.csv defines {counts.get(row.cluster, 0)}"
            )
    return found


def require(clusters: pd.DataFrame, criteria: pd.DataFrame, indicators: list[str]) -> None:
    """Refuse cluster files with mistakes, naming all of them (:class:`BadCriteria`)."""
    found = mistakes(clusters, criteria, indicators)
    if found:
        raise BadCriteria("the cluster definitions have mistakes:\n  " + "\n  ".join(found))


def nearest(name: str, names: list[str]) -> str:
    """ "; did you mean …?" with the most similar of some names, or nothing."""
    close = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def in_force(criteria: pd.DataFrame, settings: dict) -> pd.DataFrame:
    """The criteria that apply under the parameters of the run (column ``when``)."""

    def holds(when: str) -> bool:
        name, _, value = when.partition("=")
        return not when or str(settings[name]) == value

    return criteria[criteria["when"].map(holds)].reset_index(drop=True)


def threshold(values: pd.Series, rule: str, comparator: str, groups: pd.Series, average: str = "mean"):
    """What a rule compares each town with.

    Parameters
    ----------
    values : pandas.Series
        One indicator by town; missing where unknown.
    rule : str
        Here ``above_mean`` or ``below_mean``.
    comparator : str
        ``towns``: one average over all towns. ``nation`` or ``region``: one for each group.
    groups : pandas.Series
        Nation or region of each town (unused for ``towns``).
    average : str
        ``mean`` or ``median``.

    Returns
    -------
    pandas.Series
        The average for each town, in the unit of the indicator.
    """
    if comparator == "towns":
        groups = pd.Series("all", index=values.index)
    return values.groupby(groups).transform(average)


def judge(values: pd.Series, rule: str, limit) -> pd.Series:
    """Whether each value meets a rule: true, false, or missing where the value or limit is."""
    known = values.notna()
    if rule in ("yes", "no"):
        met = values == (1 if rule == "yes" else 0)
    else:
        known &= pd.Series(limit, index=values.index).notna()
        compare = {
            "above_mean": values > limit,
            "below_mean": values < limit,
            "at_least": values >= limit,
            "at_most": values <= limit,
        }
        met = compare[rule]
    return met.astype("boolean").mask(~known)


def combine(parts: pd.DataFrame, how: str) -> pd.Series:
    """Parts of one criterion joined by three-valued logic.

    ``all`` is false once any part is false and unknown only if nothing is false but something is
    unknown; ``any`` is true once any part is true.
    """
    parts = parts.astype("boolean")
    if how == "all":
        return parts.all(axis=1, skipna=True).astype("boolean").mask(
            parts.isna().any(axis=1) & ~(~parts).fillna(False).any(axis=1)
        )
    return parts.any(axis=1, skipna=True).astype("boolean").mask(
        parts.isna().any(axis=1) & ~parts.fillna(False).any(axis=1)
    )


def evaluate_part(row, indicators: pd.DataFrame, towns: pd.DataFrame, average: str) -> pd.DataFrame:
    """One line of the criteria for every town: ``value``, ``threshold``, ``met``, ``applies``."""
    applies = (towns["nation"] == row.applies_to) | (row.applies_to == "all")
    if row.indicator in indicators:
        values = indicators[row.indicator].where(applies)
    else:  # not rebuilt, or kept in a table of its own for its licence
        values = pd.Series(np.nan, index=towns.index)
    if row.rule in ("above_mean", "below_mean"):
        groups = towns[row.comparator] if row.comparator in ("nation", "region") else None
        limit = threshold(values, row.rule, row.comparator, groups, average)
    elif row.rule in ("at_least", "at_most"):
        limit = pd.Series(float(row.threshold), index=towns.index)
    else:
        limit = pd.Series(1.0 if row.rule == "yes" else 0.0, index=towns.index)
    met = judge(values, row.rule, limit)
    return pd.DataFrame({"value": values, "threshold": limit.where(values.notna()), "met": met, "applies": applies})


def evaluate(criteria: pd.DataFrame, indicators: pd.DataFrame, towns: pd.DataFrame, average: str = "mean") -> pd.DataFrame:
    """Every criterion for every town.

    Parameters
    ----------
    criteria : pandas.DataFrame
        As from :func:`in_force`.
    indicators : pandas.DataFrame
        Indexed by town, one column an indicator.
    towns : pandas.DataFrame
        Indexed by town, with ``nation`` and ``region``; the towns that are compared.
    average : str
        ``mean`` or ``median``.

    Returns
    -------
    pandas.DataFrame
        ``town_code``, ``cluster``, ``criterion``, ``value``, ``threshold``, ``met`` (missing: not
        assessed). For a criterion in several parts that hold for the same town, the value is the
        number of parts met and the threshold the number needed.
    """
    indicators = indicators.reindex(towns.index)
    frames = []
    for (cluster, criterion), lines in criteria.groupby(["cluster", "criterion"], sort=True):
        parts = [evaluate_part(row, indicators, towns, average) for row in lines.itertuples()]
        frame = _joined(parts, lines) if len(parts) > 1 else parts[0][["value", "threshold", "met"]]
        frames.append(frame.assign(cluster=cluster, criterion=criterion).rename_axis("town_code").reset_index())
    columns = ["town_code", "cluster", "criterion", "value", "threshold", "met"]
    return pd.concat(frames, ignore_index=True)[columns]


def _joined(parts: list[pd.DataFrame], lines: pd.DataFrame) -> pd.DataFrame:
    how = lines["combine"].iloc[0]
    applies = pd.concat([part["applies"] for part in parts], axis=1)
    if (applies.sum(axis=1) <= 1).all():  # one part a nation: each town keeps its own part's numbers
        frame = parts[0][["value", "threshold", "met"]].copy()
        for part in parts[1:]:
            frame = frame.where(~part["applies"], part[["value", "threshold", "met"]])
        frame["met"] = frame["met"].astype("boolean")
        return frame
    met = pd.concat([part["met"] for part in parts], axis=1)
    return pd.DataFrame(
        {
            "value": met.sum(axis=1).astype("float64").where(met.notna().all(axis=1)),
            "threshold": float(len(parts) if how == "all" else 1),
            "met": combine(met, how),
        }
    )


def memberships(judged: pd.DataFrame, clusters: pd.DataFrame, criteria: pd.DataFrame) -> pd.DataFrame:
    """Status of every town in every cluster.

    Returns
    -------
    pandas.DataFrame
        ``town_code``, ``cluster``, ``criteria_met``, ``criteria_assessed``, ``status`` and
        ``could_be``. *full*: every criterion met. *partial*: all but one met. *not_assessed*: fewer
        than three criteria could be assessed, the cluster is not rebuilt, or its gate is unknown.
        *none*: anything else, and every town that a gate keeps out. ``could_be`` is the highest
        status that the criteria not assessed leave open.
    """
    grouped = judged.groupby(["town_code", "cluster"])["met"]
    frame = pd.DataFrame(
        {
            "criteria_met": grouped.sum().astype(int),
            "criteria_assessed": grouped.count().astype(int),
        }
    ).reset_index()
    frame = frame.merge(clusters[["cluster", "required", "rebuilt"]], on="cluster")
    gate = _gates(judged, criteria).reindex(pd.MultiIndex.from_frame(frame[["town_code", "cluster"]])).to_numpy()
    frame["status"] = _status(frame["criteria_met"], frame["required"])
    open_criteria = frame["required"] - frame["criteria_assessed"]
    frame["could_be"] = _status(frame["criteria_met"] + open_criteria, frame["required"])
    too_few = (frame["criteria_assessed"] < FEWEST_ASSESSED) | (frame["rebuilt"] == "no")
    frame.loc[too_few, "status"] = "not_assessed"
    frame.loc[pd.isna(gate), "status"] = "not_assessed"
    frame.loc[gate == False, ["status", "could_be"]] = "none"  # noqa: E712 - the gate has three values
    order = ["town_code", "cluster", "criteria_met", "criteria_assessed", "status", "could_be"]
    return frame.sort_values(["town_code", "cluster"], ignore_index=True)[order]


def _status(met: pd.Series, required: pd.Series) -> pd.Series:
    status = pd.Series("none", index=met.index).mask(met >= required - 1, "partial")
    return status.mask(met >= required, "full")


def _gates(judged: pd.DataFrame, criteria: pd.DataFrame) -> pd.Series:
    """Whether each town passes the gate of each cluster; clusters without one let every town in."""
    gates = criteria.loc[criteria["gate"] == "yes", ["cluster", "criterion"]].drop_duplicates()
    keys = judged[["town_code", "cluster"]].drop_duplicates()
    held = judged.merge(gates, on=["cluster", "criterion"])
    opened = keys.merge(held[["town_code", "cluster", "met"]], how="left", on=["town_code", "cluster"])
    ungated = ~opened["cluster"].isin(gates["cluster"])
    met = opened["met"].astype(object).where(~ungated, True)
    met = met.where(met.notna(), None)
    return pd.Series(met.to_numpy(), index=pd.MultiIndex.from_frame(opened[["town_code", "cluster"]]))


def counts(members: pd.DataFrame) -> pd.DataFrame:
    """Clusters of each town: ``full``, ``partial`` and their sum ``either``."""
    table = members.groupby(["town_code", "status"]).size().unstack(fill_value=0)
    table = table.reindex(columns=["full", "partial"], fill_value=0)
    return table.assign(either=table["full"] + table["partial"])


def criterion_shares(judged: pd.DataFrame, criteria: pd.DataFrame) -> pd.DataFrame:
    """Towns that meet each criterion: ``cluster``, ``criterion``, ``label``, ``met``, ``assessed``, ``share``."""
    # The published table is read back with numbers; the definitions hold texts.
    grouped = judged.astype({"criterion": str}).groupby(["cluster", "criterion"])["met"]
    frame = pd.DataFrame({"met": grouped.sum().astype(int), "assessed": grouped.count().astype(int)})
    labels = criteria.drop_duplicates(["cluster", "criterion"]).set_index(["cluster", "criterion"])["label"]
    frame["share"] = frame["met"] / frame["assessed"].where(frame["assessed"] > 0)
    frame.insert(0, "label", labels)
    return frame.reset_index()
