"""Stage 054, overlap: which clusters occur together, and how many a town has, against chance."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, norm
from statsmodels.stats.multitest import multipletests

INSIDE = ("full", "partial")


def flags(members: pd.DataFrame, words: tuple[str, ...] = INSIDE) -> pd.DataFrame:
    """Towns by clusters: 1 where the status is one of `words`, 0 elsewhere, missing where not assessed."""
    wide = members.pivot(index="town_code", columns="cluster", values="status")
    return wide.isin(words).astype(float).where(wide != "not_assessed")


def shared_indicators(criteria: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Indicators that two clusters have in common, by pair: they occur together, or apart, by construction."""
    used = criteria[criteria["indicator"] != ""].groupby("cluster")["indicator"].agg(set)
    return {(one, other): ", ".join(sorted(used[one] & used[other])) for one, other in combinations(sorted(used.index), 2)}


def pairs(held: pd.DataFrame, shared: dict[tuple[str, str], str], level: float = 0.05) -> pd.DataFrame:
    """Every pair of clusters: how often together, against independence.

    Parameters
    ----------
    held : pandas.DataFrame
        As from :func:`flags`. A pair is judged on the towns where both clusters were assessed.
    shared : dict
        As from :func:`shared_indicators`.
    level : float
        False discovery rate (Benjamini and Hochberg) over all pairs that can be tested.

    Returns
    -------
    pandas.DataFrame
        ``one``, ``other``, ``towns``, ``both``, ``expected``, ``lift``, ``jaccard``, ``odds_ratio``, ``p_value``
        (Fisher's exact test, two-sided), ``q_value``, ``significant`` and ``shared`` (indicators in common).
    """
    rows = []
    for one, other in combinations(sorted(held), 2):
        both_known = held[[one, other]].dropna().astype(bool)
        a, b = both_known[one], both_known[other]
        table = np.array([[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]])
        testable = len(both_known) > 0 and a.any() and b.any()
        odds, p = fisher_exact(table) if testable else (np.nan, np.nan)
        expected = a.sum() * b.sum() / len(both_known) if testable else np.nan
        either = (a | b).sum()
        rows.append((one, other, len(both_known), int(table[0, 0]), expected, table[0, 0] / expected if testable else np.nan,
                     table[0, 0] / either if either else np.nan, odds, p, shared.get((one, other), "")))  # fmt: skip
    columns = ["one", "other", "towns", "both", "expected", "lift", "jaccard", "odds_ratio", "p_value", "shared"]
    frame = pd.DataFrame(rows, columns=columns)
    known = frame["p_value"].notna()
    frame.loc[known, "q_value"] = multipletests(frame.loc[known, "p_value"], method="fdr_bh")[1]
    frame["significant"] = (frame["q_value"] < level).astype("boolean").mask(~known)
    frame["odds_ratio"] = frame["odds_ratio"].where(np.isfinite(frame["odds_ratio"]))
    return frame[[*columns[:9], "q_value", "significant", "shared"]]


def independent(rates: np.ndarray) -> np.ndarray:
    """Distribution of the number of flags if they were independent (Poisson-binomial), by number.

    Parameters
    ----------
    rates : numpy.ndarray
        Rate of each flag.
    """
    distribution = np.ones(1)
    for rate in rates:
        distribution = np.convolve(distribution, [1 - rate, rate])
    return distribution


def independent_counts(held: pd.DataFrame) -> np.ndarray:
    """Towns expected with each number of clusters if flags were independent at the observed rates.

    Towns with the same clusters assessed are counted together: a cluster not assessed cannot be had.
    """
    rates = held.mean()
    total = np.zeros(held.shape[1] + 1)
    for known, group in held.notna().groupby(list(held.columns)):
        here = independent(rates[np.array(known, bool)].to_numpy())
        total[: len(here)] += len(group) * here
    return total


def copula_counts(held: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Towns with each number of clusters if only the pairwise associations held (Gaussian copula).

    Each pair of flags gets the correlation of two normal variables that reproduces how often both occur; the matrix
    is moved to the nearest one that is a correlation matrix (negative eigenvalues cut off), and towns are drawn from it.

    Returns
    -------
    pandas.DataFrame
        Draws (rows) of the number of towns with 0, 1, 2 … clusters (columns).
    """
    rates = held.mean().clip(1e-6, 1 - 1e-6).to_numpy()
    limits = norm.ppf(rates)
    matrix = np.eye(len(rates))
    for one, other in combinations(range(len(rates)), 2):
        known = held.iloc[:, [one, other]].dropna()
        matrix[one, other] = matrix[other, one] = tetrachoric(known.prod(axis=1).mean(), limits[one], limits[other])
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(values.clip(1e-6))
    root /= np.linalg.norm(root, axis=1, keepdims=True)
    known = held.notna().to_numpy()
    random = np.random.default_rng(seed)
    counts = []
    for _ in range(draws):
        drawn = random.standard_normal((len(held), len(rates))) @ root.T < limits
        counts.append(np.bincount((drawn & known).sum(axis=1), minlength=len(rates) + 1))
    return pd.DataFrame(counts)


def tetrachoric(both: float, one: float, other: float) -> float:
    """Correlation of two standard normal variables that are below `one` and `other` together with probability `both`."""
    # Gauss-Legendre over the derivative of the bivariate normal in its correlation (Drezner and Wesolowsky 1990).
    nodes, weights = np.polynomial.legendre.leggauss(24)

    def together(correlation: float) -> float:
        r = correlation * (nodes + 1) / 2
        density = np.exp(-(one**2 - 2 * r * one * other + other**2) / (2 * (1 - r**2))) / (2 * np.pi * np.sqrt(1 - r**2))
        return norm.cdf(one) * norm.cdf(other) + correlation / 2 * (weights * density).sum()

    low, high = -0.995, 0.995
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if together(middle) < both else (low, middle)
    return (low + high) / 2


def square(table: pd.DataFrame, letters: list[str]) -> pd.DataFrame:
    """The lift of :func:`pairs` as a square of clusters, the diagonal empty."""
    half = table.pivot(index="one", columns="other", values="lift").reindex(index=letters, columns=letters)
    return half.fillna(half.T).rename_axis(index=None, columns=None)


def by_region(held: pd.DataFrame, regions: pd.Series, authorities: pd.Series, draws: int, seed: int) -> pd.DataFrame:
    """Number of clusters of the average town of each region, with an interval.

    Counted over the clusters that were assessed in some town of every region, so that no region is counted over fewer.

    Parameters
    ----------
    held : pandas.DataFrame
        As from :func:`flags`.
    regions, authorities : pandas.Series
        Of each town. Authorities are drawn with replacement, as their towns share values.
    draws, seed : int

    Returns
    -------
    pandas.DataFrame
        ``region``, ``towns``, ``authorities``, ``clusters`` (counted), ``mean``, ``low`` and ``high`` (95 %).
    """
    common = held.columns[held.notna().groupby(regions).any().all()]
    number = held[common].sum(axis=1)
    random = np.random.default_rng(seed)
    rows = []
    for region, towns in number.groupby(regions):
        sums = towns.groupby(authorities[towns.index]).agg(["sum", "size"]).to_numpy(float)
        drawn = random.multinomial(len(sums), np.ones(len(sums)) / len(sums), size=draws) @ sums
        low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
        rows.append((region, len(towns), len(sums), len(common), towns.mean(), low, high))
    return pd.DataFrame(rows, columns=["region", "towns", "authorities", "clusters", "mean", "low", "high"])


def count_nulls(held: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """Towns by number of clusters: observed, if independent, and with pairwise associations only.

    Returns
    -------
    pandas.DataFrame
        ``clusters``, ``observed``, ``independent``, ``associated`` (mean over draws), ``associated_low`` and
        ``associated_high`` (95 % of the draws).
    """
    observed = np.bincount(held.sum(axis=1).astype(int), minlength=held.shape[1] + 1)
    drawn = copula_counts(held, draws, seed)
    return pd.DataFrame(
        {
            "clusters": range(len(observed)),
            "observed": observed,
            "independent": independent_counts(held),
            "associated": drawn.mean().to_numpy(),
            "associated_low": drawn.quantile(0.025).to_numpy(),
            "associated_high": drawn.quantile(0.975).to_numpy(),
        }
    )
