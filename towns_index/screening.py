"""Stage 045, screening: what a reviewer asks of indicators before they are combined (OECD/JRC handbook, steps 3 and 4).

Nothing is imputed and nothing is made symmetric in the clusters: a criterion without a value is *not assessed*, and a
threshold is an average. What skew, gaps and borrowed values do to the result is measured here.
"""

import numpy as np
import pandas as pd

from towns_index import paths

AVAILABLE, TOWN_AVAILABLE = 0.65, 2 / 3  # the defaults of COINr, the package of the Joint Research Centre's audits
NONZERO = DIFFERENT = 0.5
SKEW, KURTOSIS = 2.0, 3.5  # treat only where both are exceeded
REDUNDANT = 0.92
BORROWED = {"LA": "local_authority", "constituency": "region", "county": "region"}
"""Levels whose values towns share, with the column of ``towns.csv`` within which an equal value is a shared one."""

MECHANISMS = ("authority", "constituency", "contest", "nation", "small numbers")
DIRECTIONS = {"above_mean": 1, "at_least": 1, "below_mean": -1, "at_most": -1}


class UnexplainedGap(ValueError):
    """The gaps of an indicator and ``definitions/missing.csv`` do not agree."""


def reasons() -> pd.DataFrame:
    """Lines of ``definitions/missing.csv``: why an indicator is not known for some towns."""
    return pd.read_csv(paths.DEFINITIONS / "missing.csv", keep_default_na=False)


def used(criteria: pd.DataFrame, definitions: pd.DataFrame, known: list[str]) -> list[str]:
    """Indicators of the criteria or of the groups, in the order of ``indicators.csv``, among those `known`."""
    names = {*criteria["indicator"], *definitions.loc[definitions["grouping"] == "yes", "indicator"]}
    return [name for name in definitions["indicator"] if name in names & set(known)]


def require_reasons(values: pd.DataFrame, why: pd.DataFrame) -> None:
    """Refuse gaps without a reason, and reasons that are of no known kind.

    Raises
    ------
    UnexplainedGap
        Naming every indicator and how many towns lack it.
    """
    gaps = values.isna().sum()
    problems = [
        f"{name} is not known for {count} towns: add a line that says why, or mend the measure"
        for name, count in gaps[gaps > 0].items()
        if name not in set(why["indicator"])
    ]
    problems += [
        f"{line.indicator} has the mechanism {line.mechanism!r}; it must be one of {', '.join(MECHANISMS)}"
        for line in why.itertuples()
        if line.mechanism not in MECHANISMS
    ]
    if problems:
        raise UnexplainedGap("definitions/missing.csv:\n  " + "\n  ".join(problems))


def effective(values: pd.Series, areas: pd.Series | None) -> float:
    """Number of independent values that as many shared ones are worth.

    Towns of one area with the same value (to six digits) count as one cluster whose members agree wholly; an equal value
    elsewhere is a coincidence of rounding. Kish's effective sample size is then n² / Σ m², with m the towns of each
    cluster: 4 towns in clusters of 2, 1 and 1 are worth 16 / 6 = 2.7. Without `areas` nothing is shared.

    References
    ----------
    Kish, L. (1965), Survey Sampling, chapter 8.
    """
    known = values.dropna()
    if areas is None or known.empty:
        return float(len(known))
    sizes = known.groupby([areas[known.index], known.map("{:.6g}".format)]).size()
    return float(len(known) ** 2 / (sizes**2).sum())


def screen(values: pd.DataFrame, level: pd.Series, why: pd.DataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    """What there is to know of each indicator before it is used.

    Parameters
    ----------
    values : pandas.DataFrame
        Towns by indicators.
    level : pandas.Series
        The coarsest areas that each indicator is known for.
    why : pandas.DataFrame
        As from :func:`reasons`.
    towns : pandas.DataFrame
        The same towns, with ``local_authority`` and ``region``.

    Returns
    -------
    pandas.DataFrame
        ``indicator``, ``level``; shares (0 to 1) ``available`` of the towns, ``nonzero`` and ``different`` (distinct
        values) of those known; ``effective_n``, see :func:`effective`; ``skew``, ``kurtosis`` (excess);
        ``mean_to_median``: share of the known towns between mean and median, which would be judged otherwise by
        the other average; ``mechanism`` of the gaps; ``flags``. Indicators with two values are not screened for what
        only numbers can have.

    Raises
    ------
    UnexplainedGap
        See :func:`require_reasons`.
    """
    require_reasons(values, why)
    mechanisms = why.set_index("indicator")["mechanism"]
    rows = []
    for name in values:
        known = values[name].dropna()
        number = known.nunique() > 2
        mean, median = known.mean(), known.median()
        row = {
            "indicator": name,
            "level": level[name],
            "available": len(known) / len(values),
            "nonzero": (known != 0).mean(),
            "different": known.nunique() / len(known),
            "effective_n": effective(known, towns[BORROWED[level[name]]] if level[name] in BORROWED else None),
            "skew": known.skew() if number else np.nan,
            "kurtosis": known.kurt() if number else np.nan,
            "mean_to_median": known.between(*sorted([mean, median]), inclusive="neither").mean() if number else np.nan,
            "mechanism": mechanisms[name] if values[name].isna().any() else "complete",
        }
        found = {
            "few towns": row["available"] < AVAILABLE,
            "many zeros": number and row["nonzero"] < NONZERO,
            "few different values": number and row["different"] < DIFFERENT,
            "very skewed": abs(row["skew"]) > SKEW and row["kurtosis"] > KURTOSIS,
        }
        row["flags"] = "; ".join(flag for flag, held in found.items() if held) or "none"
        rows.append(row)
    return pd.DataFrame(rows)


def town_availability(values: pd.DataFrame) -> pd.Series:
    """Share (0 to 1) of the indicators that is known for each town."""
    return values.notna().mean(axis=1)


def _pairs(matrix: pd.DataFrame) -> pd.DataFrame:
    """Every pair of a square table once: ``one``, ``other``, ``correlation``."""
    upper = matrix.where(np.triu(np.ones(matrix.shape, bool), 1)).rename_axis(index="one", columns="other")
    return upper.stack().rename("correlation").reset_index()


def redundant(values: pd.DataFrame, limit: float = REDUNDANT) -> pd.DataFrame:
    """Pairs of indicators whose correlation is beyond a limit, the strongest first."""
    pairs = _pairs(values.corr())
    strong = pairs[pairs["correlation"].abs() > limit]
    return strong.sort_values("correlation", key=np.abs, ascending=False, ignore_index=True)


def items(criteria: pd.DataFrame, values: pd.DataFrame, nation: pd.Series) -> dict[str, pd.DataFrame]:
    """Criteria of each cluster as numbers that grow the way in which the criterion is met: towns by criteria.

    Yes-or-no criteria are left out, and so are all parts of a criterion but the first. Towns count that have all the
    others; those of a `nation` to which a criterion does not apply have not.
    """
    numbers = criteria[criteria["rule"].isin(list(DIRECTIONS)) & criteria["indicator"].isin(values.columns)]
    numbers = numbers.drop_duplicates(["cluster", "criterion"])
    found = {}
    for cluster, lines in numbers.groupby("cluster"):
        columns = {
            line.indicator: (DIRECTIONS[line.rule] * values[line.indicator]).where((nation == line.applies_to) | (line.applies_to == "all"))
            for line in lines.itertuples()
        }
        if len(columns) > 1:
            found[cluster] = pd.DataFrame(columns).dropna()
    return found


def trade_offs(by_cluster: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Pairs of criteria of one cluster that pull against each other: ``cluster``, ``one``, ``other``, ``correlation`` below 0."""
    found = [_pairs(table.corr()).assign(cluster=cluster) for cluster, table in by_cluster.items()]
    pairs = pd.concat(found, ignore_index=True)
    pairs = pairs[pairs["correlation"] < 0].sort_values("correlation", ignore_index=True)
    return pairs[["cluster", "one", "other", "correlation"]]


def alpha(table: pd.DataFrame) -> float:
    """Cronbach's alpha of standardised items, from their mean correlation r: k r / (1 + (k - 1) r)."""
    matrix = table.corr().to_numpy()
    count = len(matrix)
    mean = (matrix.sum() - count) / (count * (count - 1))
    return count * mean / (1 + (count - 1) * mean)


def coherence(by_cluster: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """How the criteria of each cluster go together.

    Parameters
    ----------
    by_cluster : dict of pandas.DataFrame
        As from :func:`items`.

    Returns
    -------
    pandas.DataFrame
        ``cluster``, ``items``, ``mean_correlation``, ``lowest_correlation``, ``negative_pairs``, ``alpha``
        (Cronbach's) and ``first_component`` (share of the variance, 0 to 1).
    """
    rows = []
    for cluster, table in by_cluster.items():
        matrix = table.corr()
        pairs = _pairs(matrix)["correlation"]
        rows.append(
            {
                "cluster": cluster,
                "items": table.shape[1],
                "mean_correlation": pairs.mean(),
                "lowest_correlation": pairs.min(),
                "negative_pairs": (pairs < 0).sum(),
                "alpha": alpha(table),
                "first_component": np.linalg.eigvalsh(matrix.to_numpy())[-1] / len(matrix),
            }
        )
    return pd.DataFrame(rows)


def pairs_table(strong: pd.DataFrame, against: pd.DataFrame) -> pd.DataFrame:
    """Both kinds of pairs in one table: ``kind``, ``cluster`` (``any`` for the redundant), ``one``, ``other``, ``correlation``."""
    both = [strong.assign(kind="redundant", cluster="any"), against.assign(kind="trade-off")]
    return pd.concat(both, ignore_index=True)[["kind", "cluster", "one", "other", "correlation"]]
