"""Moran's I, for a whole map and town by town, with permutations."""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph
from statsmodels.stats.multitest import multipletests

from towns_index.space import weights as neighbourhoods

QUADRANTS = ("High-High", "Low-High", "Low-Low", "High-Low")
"""What a town is, and what its neighbours are."""


def moran(values: np.ndarray, weights: sparse.csr_array) -> np.ndarray:
    """Moran's I of each column: how alike neighbours are; 1 alike, 0 as chance has it, -1 opposite.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (n,) or (n, m), without gaps.
    weights : scipy.sparse.csr_array
        Shape (n, n).

    Returns
    -------
    numpy.ndarray
        Shape () or (m,). Not a number where a column does not vary.

    References
    ----------
    Moran (1950), Notes on continuous stochastic phenomena; Cliff and Ord (1981), Spatial Processes.
    """
    deviations = values - values.mean(axis=0)
    spread = np.einsum("i...,i...->...", deviations, deviations)
    shared = np.einsum("i...,i...->...", deviations, weights @ deviations)
    with np.errstate(invalid="ignore", divide="ignore"):
        return len(values) / weights.sum() * shared / spread


def adjusted(p: pd.Series) -> pd.Series:
    """Benjamini and Hochberg over the p-values that are known."""
    known = p.notna()
    result = pd.Series(np.nan, index=p.index)
    if known.any():
        result[known] = multipletests(p[known], method="fdr_bh")[1]
    return result


def against_chance(values: np.ndarray, weights: sparse.csr_array, orders: np.ndarray) -> tuple[float, float, float]:
    """Moran's I, its distance from chance in standard deviations, and a two-sided p-value.

    Parameters
    ----------
    values, weights
        As for :func:`moran`, one column.
    orders : numpy.ndarray
        Permutations of the places, shape (n, permutations): under the null hypothesis all are alike.
    """
    seen = moran(values, weights)
    # In blocks that fit the processor's cache: twice as fast as all at once.
    drawn = np.concatenate([moran(values[block], weights) for block in np.array_split(orders, max(1, orders.shape[1] // 100), axis=1)])
    away, centre = abs(seen - drawn.mean()), drawn.mean()
    # A hair's breadth: sums in another order differ in the last digit, and would turn ties into chance.
    p = (1 + (np.abs(drawn - centre) >= away - 1e-12).sum()) / (1 + orders.shape[1])
    return float(seen), float((seen - centre) / drawn.std(ddof=1)), float(p)


def over_variables(values: pd.DataFrame, kinds: pd.Series, places: pd.DataFrame, areas: pd.Series, lines: pd.DataFrame, permutations: int, seed: int) -> pd.DataFrame:
    """Moran's I of every variable under every kind of weights.

    Parameters
    ----------
    values : pandas.DataFrame
        Variables (columns) of the towns; a variable is tested on the towns where it is known.
    kinds : pandas.Series
        What each variable is, in a word.
    places : pandas.DataFrame
        ``x``, ``y`` in kilometres.
    areas : pandas.Series
        Local authority of each town.
    lines : pandas.DataFrame
        As from :func:`towns_index.space.weights.definitions`.
    permutations, seed : int
        How many, and from where.

    Returns
    -------
    pandas.DataFrame
        ``variable``, ``kind``, ``weights``, ``towns``, ``islands``, ``i``, ``expected`` (-1 / (n - 1)), ``z``, ``p_value``,
        ``p_adjusted`` (over all rows) and ``permutations``.
    """
    rows = []
    patterns: dict[bytes, list[str]] = {}
    for name in values:
        patterns.setdefault(values[name].notna().to_numpy().tobytes(), []).append(name)
    for names in patterns.values():
        known = values[names].dropna()
        random = np.random.default_rng(seed)
        orders = np.array([random.permutation(len(known)) for _ in range(permutations)]).T
        for line in lines.itertuples():
            weights = neighbourhoods.neighbours(places.loc[known.index].to_numpy(), line.kind, line.value, areas[known.index].to_numpy())
            alone = int(neighbourhoods.islands(weights).sum())
            for name in names:
                seen, z, p = against_chance(known[name].to_numpy(float), weights, orders)
                rows.append((name, kinds[name], line.weights, len(known), alone, seen, -1 / (len(known) - 1), z, p))
    columns = ["variable", "kind", "weights", "towns", "islands", "i", "expected", "z", "p_value"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(p_adjusted=adjusted(frame["p_value"]), permutations=permutations)


def knots(found: pd.DataFrame, weights: sparse.csr_array, quadrant: str) -> pd.Series:
    """Towns of one quadrant that are called, in knots: numbers from 1, the largest knot first; missing for other towns.

    Two such towns are of one knot if either is a neighbour of the other, directly or by way of others of them.
    """
    inside = (found["called"] & (found["quadrant"] == quadrant)).to_numpy(bool)
    labels = csgraph.connected_components(weights[inside][:, inside], directed=False)[1]
    sizes = pd.Series(labels).value_counts(sort=False).sort_index()
    rank = sizes.rank(method="first", ascending=False).astype(int)
    numbers = pd.Series(pd.NA, index=found.index, dtype="Int64")
    numbers[inside] = rank.to_numpy()[labels]
    return numbers


def knot_table(found: pd.DataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    """The knots of :func:`knots`, the largest first.

    Parameters
    ----------
    found : pandas.DataFrame
        As from :func:`local`, with ``knot``, by code.
    towns : pandas.DataFrame
        Towns of the index by code.

    Returns
    -------
    pandas.DataFrame
        ``quadrant``, ``knot``, ``towns``, ``around`` (name of the town with most residents), ``town_code`` (its code),
        its ``region`` and ``names`` (of all, by residents).
    """
    inside = found[found["knot"].notna()].join(towns[["town_name", "region", "population_2019"]]).sort_values("population_2019", ascending=False, kind="stable")
    rows = [
        (quadrant, int(number), len(group), group["town_name"].iloc[0], group.index[0], group["region"].iloc[0], ", ".join(group["town_name"]))
        for (quadrant, number), group in inside.groupby(["quadrant", "knot"])
    ]
    frame = pd.DataFrame(rows, columns=["quadrant", "knot", "towns", "around", "town_code", "region", "names"])
    return frame.sort_values(["towns", "quadrant", "knot"], ascending=[False, True, True], ignore_index=True)


def steps_to_others(n: int, width: int, permutations: int, random: np.random.Generator) -> np.ndarray:
    """Steps round a ring of `n` places, drawn once and walked from each: none leads back, no two of a row to one place.

    Returns
    -------
    numpy.ndarray
        Shape (permutations, width), from 1 to n - 1.
    """
    return np.array([random.choice(n - 1, width, replace=False) for _ in range(permutations)]) + 1


def local(values: pd.Series, weights: sparse.csr_array, permutations: int, seed: int, rate: float) -> pd.DataFrame:
    """Local Moran's I of every town, with conditional permutations.

    A town keeps its value and gets its neighbours' values from the other towns at random. The p-value is two-sided: how
    often the neighbours' mean is at least as far from what chance gives as the one seen.

    Parameters
    ----------
    values : pandas.Series
        One variable of the towns, without gaps.
    weights : scipy.sparse.csr_array
        Row-standardised.
    permutations, seed : int
        How many, and from where. The smallest p-value is 1 / (permutations + 1).
    rate : float
        False discovery rate (Benjamini and Hochberg) at which towns are called.

    Returns
    -------
    pandas.DataFrame
        By town: ``i``, ``quadrant``, ``p_value``, ``p_adjusted``, ``called``.

    References
    ----------
    Anselin (1995), Local indicators of spatial association; the variance is that of all towns, as in esda.
    """
    deviations = values.to_numpy(float) - values.mean()
    score = deviations / np.sqrt((deviations**2).mean())
    lag = weights @ score
    n, widths = len(score), np.diff(weights.indptr)
    random = np.random.default_rng(seed)
    steps = steps_to_others(n, widths.max(), permutations, random)
    twice = np.concatenate([score, score])
    p = np.ones(n)
    for town in range(n):
        if widths[town]:
            strength = weights.data[weights.indptr[town] : weights.indptr[town + 1]]
            drawn = twice[steps[:, : widths[town]] + town] @ strength
            away = abs(lag[town] - drawn.mean())
            p[town] = (1 + (np.abs(drawn - drawn.mean()) >= away - 1e-12).sum()) / (permutations + 1)
    # What is the average itself is neither; it counts with the low ones and is never called for it.
    quadrant = np.select([(score > 0) & (lag > 0), (score <= 0) & (lag > 0), (score <= 0) & (lag <= 0)], QUADRANTS[:3], QUADRANTS[3])
    frame = pd.DataFrame({"i": score * lag * (n - 1) / n, "quadrant": quadrant, "p_value": p}, index=values.index)
    frame["p_adjusted"] = adjusted(frame["p_value"])
    return frame.assign(called=frame["p_adjusted"] <= rate)
