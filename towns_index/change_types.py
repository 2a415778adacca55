"""Stage 062, change types: towns sorted by how population and migration changed and how connected they are.

In the spirit of the neighbourhood types of IPPR and Migration Yorkshire, but a reading of our own: rules on towns, in
``definitions/change_types.csv``. All lines of a type must hold, and every town must come to exactly one type.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

from towns_index import clusters, paths

NOT_ASSESSED = "not assessed"
LEVEL = 0.05
_SIGN = {"above_mean": 1, "at_least": 1, "below_mean": -1, "at_most": -1}


class BadTypes(ValueError):
    """The rules of the types cannot be carried out, or do not give every town one type."""


def definitions() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines of ``definitions/change_types.csv`` and of ``definitions/change_observation.csv``."""
    files = ("change_types.csv", "change_observation.csv")
    lines, observation = (pd.read_csv(paths.DEFINITIONS / name, keep_default_na=False, dtype=str) for name in files)
    return lines, observation


def require(lines: pd.DataFrame, observation: pd.DataFrame, indicators: list[str]) -> None:
    """Refuse definition files with mistakes, naming all of them (:class:`BadTypes`)."""
    found = []
    for row in lines.itertuples():
        where = f"change_types.csv, {row.type}, {row.label!r}"
        if row.rule not in _SIGN:
            found.append(f"{where}: rule {row.rule!r} is not one of {', '.join(_SIGN)}")
        if row.comparator not in clusters.COMPARATORS:
            found.append(f"{where}: comparator {row.comparator!r} is not one of {', '.join(clusters.COMPARATORS)}")
        if row.rule in ("at_least", "at_most") and pd.isna(pd.to_numeric(row.threshold or None, errors="coerce")):
            found.append(f"{where}: the rule {row.rule} needs a number in the column threshold")
        for name in filter(None, (row.indicator, row.alternative)):
            if name not in indicators:
                found.append(f"{where}: there is no indicator {name!r}{clusters.nearest(name, indicators)}")
    for row in observation.itertuples():
        if row.indicator not in indicators:
            near = clusters.nearest(row.indicator, indicators)
            found.append(f"change_observation.csv, {row.statement!r}: there is no indicator {row.indicator!r}{near}")
        if row.expected not in ("high", "low"):
            found.append(f"change_observation.csv, {row.statement!r}: expected {row.expected!r} is neither high nor low")
    if found:
        raise BadTypes("the definitions of the change types have mistakes:\n  " + "\n  ".join(found))


def distances(lines: pd.DataFrame, values: pd.DataFrame, towns: pd.DataFrame, average: str = "mean") -> pd.DataFrame:
    """How far each town is on the right side of each line.

    Parameters
    ----------
    lines : pandas.DataFrame
        As from :func:`definitions`.
    values : pandas.DataFrame
        Indicators by town.
    towns : pandas.DataFrame
        The towns compared, with ``nation`` and ``region``, indexed like `values`.
    average : str
        ``mean`` or ``median``.

    Returns
    -------
    pandas.DataFrame
        Towns by lines (numbered as in `lines`): standard deviations of the indicator over the towns, above zero where
        the line holds, missing where it is not known.
    """
    columns = {}
    for row in lines.itertuples():
        one = values[row.indicator].astype("float64")
        if row.rule in ("at_least", "at_most"):
            limit = float(row.threshold)
        else:
            groups = towns[row.comparator] if row.comparator in ("nation", "region") else None
            limit = clusters.threshold(one, row.rule, row.comparator, groups, average)
        met = clusters.judge(one, row.rule, limit)
        size = ((one - limit) / one.std()).abs()
        # A value on the limit itself has no distance, but is on one side: the smallest number says on which.
        columns[row.Index] = size.clip(lower=np.finfo(float).tiny).where(met.fillna(False).astype(bool), -size).where(met.notna())
    return pd.DataFrame(columns, index=values.index)


def assign(lines: pd.DataFrame, away: pd.DataFrame) -> pd.DataFrame:
    """The type of each town, and how near it is to another.

    Parameters
    ----------
    lines : pandas.DataFrame
        As from :func:`definitions`.
    away : pandas.DataFrame
        As from :func:`distances`.

    Returns
    -------
    pandas.DataFrame
        ``town_code``, ``type`` (``not assessed`` where a value is missing that could decide), ``margin`` (shortest way to
        another type: the root of the squared standard deviations by which its unmet lines are missed) and ``next_type``.

    Raises
    ------
    BadTypes
        If the rules give a town two types, or none although everything is known.
    """
    of_type = lines.groupby("type", sort=False).groups
    held = pd.DataFrame({name: clusters.combine((away[rows] > 0).astype("boolean").mask(away[rows].isna()), "all") for name, rows in of_type.items()})
    several = held.fillna(False).sum(axis=1)
    if (several > 1).any():
        town = several.index[several > 1][0]
        both = held.columns[held.loc[town].fillna(False)]
        raise BadTypes(f"change_types.csv: town {town} has {len(both)} types ({', '.join(both)}); make their rules exclude each other")
    nothing = (several == 0) & held.notna().all(axis=1)
    if nothing.any():
        raise BadTypes(f"change_types.csv: {nothing.sum()} towns have no type, the first {nothing.index[nothing][0]}; add a type or widen a rule")
    kind = held.fillna(False).astype(bool).idxmax(axis=1).where(several == 1, NOT_ASSESSED)
    missed = pd.DataFrame({name: np.sqrt((away[rows].clip(upper=0) ** 2).sum(axis=1, skipna=False)) for name, rows in of_type.items()})
    own = pd.DataFrame({name: kind == name for name in of_type})
    others = missed.mask(own).where(kind != NOT_ASSESSED, axis=0)
    margin = others.min(axis=1)
    nearest = others.eq(margin, axis=0).idxmax(axis=1).where(margin.notna(), "")
    return pd.DataFrame({"town_code": away.index, "type": kind.to_numpy(), "margin": margin.to_numpy(), "next_type": nearest.to_numpy()})


def variants(lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rules with one indicator replaced by its alternative, by the name of the alternative."""
    swaps = lines.loc[lines["alternative"] != "", ["indicator", "alternative"]].drop_duplicates()
    return {
        row.alternative: lines.assign(indicator=lines["indicator"].mask(lines["indicator"] == row.indicator, row.alternative))
        for row in swaps.itertuples()
    }


def difference(values: pd.Series, inside: pd.Series, areas: pd.Series) -> dict[str, float]:
    """Mean of some towns less the mean of the others, with an interval that allows for shared values in an area.

    A regression on a dummy with standard errors clustered by `areas`; 95 % interval from the t distribution with one
    degree of freedom fewer than there are areas.
    """
    known = values.notna()
    y, x, groups = values[known].to_numpy(float), inside[known].to_numpy(float), pd.factorize(areas[known])[0]
    fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = fit.conf_int(LEVEL)[1]
    return {
        "towns": int(x.sum()), "mean": y[x == 1].mean(), "others_mean": y[x == 0].mean(),
        "difference": fit.params[1], "low": low, "high": high, "p_value": fit.pvalues[1],
    }  # fmt: skip


def profile(kinds: pd.DataFrame, values: pd.DataFrame, observation: pd.DataFrame, lines: pd.DataFrame, areas: pd.Series) -> pd.DataFrame:
    """The published observation, looked for in every type.

    Parameters
    ----------
    kinds : pandas.DataFrame
        As from :func:`assign`.
    values : pandas.DataFrame
        Indicators by town.
    observation, lines : pandas.DataFrame
        As from :func:`definitions`.
    areas : pandas.Series
        Local authority of each town.

    Returns
    -------
    pandas.DataFrame
        For every type and indicator: ``towns``, ``mean``, ``others_mean``, ``difference`` (with ``low`` and ``high``,
        95 %), ``standardised`` (in standard deviations over the towns), ``p_value``, ``q_value`` (Benjamini and Hochberg
        over the table), ``expected`` and ``found`` (``held``, ``opposite``, or ``not clear`` if q is 0.05 or more).
    """
    kind = kinds.set_index("town_code")["type"]
    rows = []
    for name in [name for name in dict.fromkeys(lines["type"]) if (kind == name).any()]:
        for line in observation.itertuples():
            one = values[line.indicator].astype("float64").where(kind != NOT_ASSESSED)
            found = difference(one, kind == name, areas)
            rows.append({"type": name, "statement": line.statement, "indicator": line.indicator, **found,
                         "standardised": found["difference"] / one.std(), "expected": line.expected})  # fmt: skip
    frame = pd.DataFrame(rows)
    frame["q_value"] = multipletests(frame["p_value"], method="fdr_bh")[1]
    as_expected = np.where(frame["expected"] == "high", frame["difference"] > 0, frame["difference"] < 0)
    frame["found"] = np.select([frame["q_value"] >= LEVEL, as_expected], ["not clear", "held"], "opposite")
    order = ["type", "statement", "indicator", "towns", "mean", "others_mean", "difference", "low", "high", "standardised"]
    return frame[[*order, "p_value", "q_value", "expected", "found"]]


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """One word for each statement (rows) and type (columns), over the indicators of the statement.

    ``held`` or ``opposite`` if all say so, ``partly held`` or ``partly opposite`` if the others are not clear, ``mixed`` if
    they contradict each other, ``not clear`` if none is clear.
    """

    def together(found: pd.Series) -> str:
        clear = sorted(set(found) - {"not clear"})
        if not clear:
            return "not clear"
        if len(clear) > 1:
            return "mixed"
        return f"partly {clear[0]}" if "not clear" in set(found) else clear[0]

    wide = table.groupby(["statement", "type"], sort=False)["found"].agg(together).unstack()
    return wide.reindex(index=table["statement"].unique(), columns=table["type"].unique())
