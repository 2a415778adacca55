"""Stage 045, screening: what a reviewer asks of indicators before they are combined (OECD/JRC handbook, steps 3 and 4).

Nothing is imputed and nothing is winsorised in the clusters: a criterion without a value is *not assessed*, and a
threshold is an average. What skew, gaps and borrowed values do to the result is measured here and in the assumptions.
"""

import numpy as np
import pandas as pd

from towns_index import paths

AVAILABLE, TOWN_AVAILABLE = 0.65, 2 / 3
FEWEST_DIFFERENT = 0.5
SKEW, KURTOSIS = 2.0, 3.5
REDUNDANT = 0.92
BORROWED = ("LA", "constituency", "county")


class UnexplainedGap(ValueError):
    """An indicator has gaps that ``definitions/missing.csv`` does not explain."""


def reasons() -> pd.DataFrame:
    """Lines of ``definitions/missing.csv``: why an indicator is not known for some towns."""
    return pd.read_csv(paths.DEFINITIONS / "missing.csv", keep_default_na=False)


def screen(values: pd.DataFrame, level: pd.Series, polarity: pd.Series, why: pd.Series) -> pd.DataFrame:
    """One row an indicator: availability, zeros, repeated values, skew, what is borrowed, what is flagged.

    Parameters
    ----------
    values : pandas.DataFrame
        Towns by indicators.
    level, polarity, why : pandas.Series
        By indicator: coarsest areas it is known for, its polarity, and why it has gaps.

    Returns
    -------
    pandas.DataFrame
        ``indicator``, ``level``, ``polarity``, ``available`` (share of towns), ``nonzero``, ``different`` (values for
        each known one), ``effective_n`` (number of different values: towns of one authority share theirs), ``skew``,
        ``kurtosis`` (excess), ``outlying`` (both beyond the usual limits), ``moved`` (share of towns between the
        mean and the median), ``mechanism`` and ``flags``.

    Raises
    ------
    UnexplainedGap
        If an indicator has gaps and no reason is registered.
    """
    rows = []
    for name in values:
        known = values[name].dropna()
        unexplained = len(known) < len(values) and name not in why.index
        if unexplained:
            raise UnexplainedGap(
                f"{name} is not known for {len(values) - len(known)} towns. Say why in definitions/missing.csv, or mend the measure."
            )
        middle, mean = known.median(), known.mean()
        row = {
            "indicator": name,
            "level": level.get(name, "town"),
            "polarity": polarity.get(name, 0),
            "available": len(known) / len(values),
            "nonzero": (known != 0).mean(),
            "different": known.nunique() / len(known),
            "effective_n": known.nunique(),
            "skew": known.skew(),
            "kurtosis": known.kurt(),
            "moved": known.between(min(middle, mean), max(middle, mean), inclusive="neither").mean(),
            "mechanism": why.get(name, "complete"),
        }
        row["outlying"] = bool(abs(row["skew"]) > SKEW and row["kurtosis"] > KURTOSIS)
        found = {
            "few towns": row["available"] < AVAILABLE,
            "many zeros": row["nonzero"] < FEWEST_DIFFERENT,
            "few different values": row["different"] < FEWEST_DIFFERENT,
            "outliers": row["outlying"],
        }
        row["flags"] = "; ".join(flag for flag, held in found.items() if held) or "none"
        rows.append(row)
    return pd.DataFrame(rows)


def town_availability(values: pd.DataFrame) -> pd.Series:
    """Share of the indicators that is known for each town."""
    return values.notna().mean(axis=1)


def redundant(values: pd.DataFrame, limit: float = REDUNDANT) -> pd.DataFrame:
    """Pairs of indicators whose correlation is beyond a limit: ``one``, ``other``, ``correlation``."""
    matrix = values.corr()
    upper = matrix.where(np.triu(np.ones(matrix.shape, bool), 1)).rename_axis(index="one", columns="other").stack()
    pairs = upper[upper.abs() > limit].rename("correlation").reset_index()
    return pairs.sort_values("correlation", key=np.abs, ascending=False, ignore_index=True)


def alpha(items: pd.DataFrame) -> float:
    """Cronbach's alpha of standardised items, by their mean correlation (towns where all are known)."""
    matrix = items.dropna().corr().to_numpy()
    count = len(matrix)
    mean = (matrix.sum() - count) / (count * (count - 1))
    return count * mean / (1 + (count - 1) * mean)


def coherence(criteria: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """How the criteria of each cluster go together, in the direction in which they are met.

    Parameters
    ----------
    criteria : pandas.DataFrame
        Lines in force; those with numbers count, the first part of a criterion in parts.
    values : pandas.DataFrame
        Towns by indicators.

    Returns
    -------
    pandas.DataFrame
        ``cluster``, ``items``, ``mean_correlation``, ``lowest_correlation`` and its ``pair``, ``alpha``,
        ``first_component`` (share of the variance). A negative correlation is a trade-off: few towns meet both.
    """
    rows = []
    numeric = criteria[criteria["rule"].isin(["above_mean", "below_mean", "at_least", "at_most"])]
    numeric = numeric[numeric["indicator"].isin(values.columns)].drop_duplicates(["cluster", "criterion"])
    for cluster, lines in numeric.groupby("cluster"):
        if len(lines) < 2:
            continue
        signs = lines["rule"].isin(["above_mean", "at_least"]).map({True: 1, False: -1})
        items = pd.DataFrame({f"{cluster}{line.criterion}": sign * values[line.indicator] for line, sign in zip(lines.itertuples(), signs)})
        matrix = items.corr()
        upper = matrix.where(np.triu(np.ones(matrix.shape, bool), 1)).stack()
        first = np.linalg.eigvalsh(items.dropna().corr().to_numpy())[-1] / items.shape[1]
        rows.append((cluster, items.shape[1], upper.mean(), upper.min(), " and ".join(upper.idxmin()), alpha(items), first))
    return pd.DataFrame(rows, columns=["cluster", "items", "mean_correlation", "lowest_correlation", "pair", "alpha", "first_component"])
