"""How each criterion of a results folder was decided: by which indicator, which rule, which threshold.

``criteria.csv`` holds numbers and verdicts, but not the rule. Whatever lines of ``definitions/`` give
exactly these numbers are the rule, whatever the parameters of the build were. A folder that was built
with other definitions is read from its numbers: the indicator is the one with these values, the rule
the one that agrees with every verdict.
"""

import numpy as np
import pandas as pd

from towns_index import clusters

PRECISION = 1e-8  # tables hold nine significant digits; the last may differ between machines
AVERAGES = ("mean", "median")
DIRECTION = {"above_mean": "up", "at_least": "up", "yes": "up", "below_mean": "down", "at_most": "down", "no": "down"}
COLUMNS = [
    "town_code", "cluster", "criterion", "part", "label", "indicator", "rule", "average", "by_definition",
    "value", "threshold", "met",
]  # fmt: skip


def same(one: pd.Series, other: pd.Series) -> pd.Series:
    """Whether two columns hold the same in each cell; missing is like missing, numbers may differ in the last digit."""
    if all(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) for column in (one, other)):
        left, right = (column.to_numpy(float, na_value=np.nan) for column in (one, other))
        close = np.isclose(left, right, rtol=PRECISION, atol=1e-12, equal_nan=True)
        return pd.Series(close, index=one.index)
    left, right = one.astype(object), other.astype(object)
    equal = (left.astype(str) == right.astype(str)) & left.notna() & right.notna()
    return equal | (left.isna() & right.isna())


def parts(judged: pd.DataFrame, indicators: pd.DataFrame | None, towns: pd.DataFrame | None) -> pd.DataFrame:
    """Every part of every criterion for every town that it applies to.

    Parameters
    ----------
    judged : pandas.DataFrame
        As ``criteria.csv``.
    indicators, towns : pandas.DataFrame or None
        As ``indicators.csv`` and ``towns.csv``. Without either, each criterion is one part and its
        rule is read from the numbers.

    Returns
    -------
    pandas.DataFrame
        ``town_code``, ``cluster``, ``criterion``, ``part``, ``label``, ``indicator``, ``rule`` and
        ``average`` (empty where not known or without meaning), ``by_definition`` (whether the present
        definitions give these numbers), ``value``, ``threshold`` (also where the value is missing), ``met``.
    """
    lines = clusters.definitions()[1]
    if indicators is not None:
        indicators = indicators.set_index("town_code").select_dtypes("number")
    if towns is not None:
        towns = towns.set_index("town_code")
        towns = towns if {"nation", "region"} <= set(towns) else None
    frames = []
    for (cluster, criterion), own in judged.groupby(["cluster", "criterion"], sort=True):
        own = own.set_index("town_code")[["value", "threshold", "met"]].astype({"met": "boolean"})
        defined = lines[(lines["cluster"] == cluster) & (lines["criterion"] == criterion)]
        found = None
        if indicators is not None and towns is not None and own.index.isin(towns.index).all():
            found = _by_definition(own, defined, indicators, towns.loc[own.index])
        if found is None:
            found = _by_numbers(own, defined, indicators, f"Criterion {criterion}")
        found["threshold"] = _everywhere(found, towns)
        frames.append(found.assign(cluster=cluster, criterion=criterion))
    if not frames:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(frames, ignore_index=True)[COLUMNS]


def _everywhere(found: pd.DataFrame, towns: pd.DataFrame | None) -> pd.Series:
    """The threshold also where a town has no value: that of the towns that it would be compared with."""
    groups = [found["part"]]
    if towns is not None:
        groups.append(found["part"] + found["town_code"].map(towns["region"]).fillna(""))
    for group in groups:
        limits = found["threshold"].groupby(group)
        if same(limits.min(), limits.max()).all():
            return found["threshold"].fillna(limits.transform("first"))
    return found["threshold"]


def _by_definition(own: pd.DataFrame, defined: pd.DataFrame, indicators, towns) -> pd.DataFrame | None:
    """The parts according to the lines and the average that give exactly these numbers, if any do."""
    for when in defined["when"].unique():
        lines = defined[defined["when"].isin(["", when])]
        held = indicators[[name for name in lines["indicator"].unique() if name in indicators]].reindex(own.index)
        for average in AVERAGES if len(lines) else ():
            again = clusters.evaluate(lines, held, towns, average).set_index("town_code").reindex(own.index)
            if all(same(own[name], again[name]).all() for name in own):
                return pd.concat([_part(row, held, towns, average) for row in lines.itertuples()], ignore_index=True)
    return None


def _part(row, indicators: pd.DataFrame, towns: pd.DataFrame, average: str) -> pd.DataFrame:
    frame = clusters.evaluate_part(row, indicators, towns, average)
    frame = frame[frame.pop("applies")]
    frame = frame.assign(part=row.part, label=row.label, indicator=row.indicator, rule=row.rule, by_definition=True)
    return frame.assign(average=average if row.rule.endswith("_mean") else "").rename_axis("town_code").reset_index()


def _by_numbers(own: pd.DataFrame, defined: pd.DataFrame, indicators, otherwise: str) -> pd.DataFrame:
    """One part, as far as the numbers tell."""
    indicator = _indicator(own["value"], list(defined["indicator"]), indicators)
    known = own[own["value"].notna() & own["threshold"].notna()]
    agreeing = [
        rule
        for rule in ("above_mean", "below_mean", "at_least", "at_most")
        if same(clusters.judge(known["value"], rule, known["threshold"]), known["met"]).all()
    ]
    label = defined["label"].iloc[0] if len(defined) and (indicator in ("", *defined["indicator"])) else otherwise
    return own.reset_index(names="town_code").assign(
        part="", label=label, indicator=indicator, rule=agreeing[0] if agreeing and len(known) else "", average="",
        by_definition=False,
    )  # fmt: skip


def _indicator(values: pd.Series, likely: list[str], indicators: pd.DataFrame | None) -> str:
    """The indicator that has these values in every town where they are known."""
    values = values.dropna()
    if indicators is None or values.empty:
        return ""
    held = indicators.reindex(values.index)
    for name in [*(name for name in likely if name in held), *held]:
        if same(values, held[name]).all():
            return name
    return ""
