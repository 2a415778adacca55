"""Towns that resemble a town, with the reasons; and towns alike in context that have fewer characteristics."""

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler


def distances(code: str, scores: pd.DataFrame) -> pd.Series:
    """How far every other town is from one town.

    Parameters
    ----------
    code : str
        The town.
    scores : pandas.DataFrame
        Towns (rows) on standardised scales, complete, such as :func:`towns_index.groups.standardise` gives.

    Returns
    -------
    pandas.Series
        Root mean square of the differences over the columns, in standard deviations; the nearest first, ties in
        the order of `scores`.

    Raises
    ------
    KeyError
        If the town has no scores.
    """
    order, apart = _nearest(code, scores)
    return pd.Series(apart, index=scores.index[order].rename("town_code"), name="distance")


def _nearest(code: str, scores: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Places of the other towns, the nearest first, and their distances."""
    if code not in scores.index:
        raise KeyError(f"{code} is not among the {len(scores)} towns that are compared")
    data, here = scores.to_numpy(), scores.index.get_loc(code)
    apart = np.sqrt(((data - data[here]) ** 2).mean(axis=1))
    order = np.argsort(apart, kind="stable")
    order = order[order != here]
    return order, apart[order]


def shared(one: np.ndarray, other: np.ndarray, unusual: float) -> np.ndarray:
    """Traits in which two towns are unusual in the same way, the strongest first.

    Parameters
    ----------
    one, other : numpy.ndarray
        Standardised scores of the two towns.
    unusual : float
        Standard deviations from the mean that both must have on the same side.

    Returns
    -------
    numpy.ndarray
        Places of the traits, ordered by how unusual the less unusual of the two towns is.
    """
    least = np.where(np.sign(one) == np.sign(other), np.minimum(np.abs(one), np.abs(other)), 0.0)
    order = np.argsort(-least, kind="stable")
    return order[least[order] >= unusual]


def towns(code: str, scores: pd.DataFrame, count: int = 10, unusual: float = 0.5) -> pd.DataFrame:
    """The most similar towns and why they are similar.

    Parameters
    ----------
    code, scores
        As for :func:`distances`.
    count : int
        How many towns.
    unusual : float
        As for :func:`shared`.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``town_code``, the nearest first: ``distance``; ``shared``, the traits that are unusual in both (a
        list of columns, possibly empty: two towns can be alike in being ordinary); and ``differs``, the column in
        which they are furthest apart.
    """
    order, apart = _nearest(code, scores)
    names, data = scores.columns.to_numpy(object), scores.to_numpy()
    own, others = data[scores.index.get_loc(code)], data[order[:count]]
    return pd.DataFrame(
        {
            "distance": apart[:count],
            "shared": [list(names[shared(own, other, unusual)]) for other in others],
            "differs": names[np.abs(others - own).argmax(axis=1)],
        },
        index=scores.index[order[:count]].rename("town_code"),
    )


def context(values: pd.DataFrame, lines: list[dict]) -> pd.DataFrame:
    """The scales on which towns are alike in context.

    Parameters
    ----------
    values : pandas.DataFrame
        Towns (rows) with the columns that the lines name.
    lines : list of dict
        ``[[context.line]]`` of ``definitions/town_pages.toml``: ``indicator`` and ``logarithm``.

    Returns
    -------
    pandas.DataFrame
        Mean 0 and standard deviation 1 in every column.

    Raises
    ------
    ValueError
        If a value is missing, or a logarithm is asked of one that is not positive.
    """
    chosen = values[[line["indicator"] for line in lines]].astype(float)
    for line in lines:
        column = chosen[line["indicator"]]
        if column.isna().any() or (line["logarithm"] and (column <= 0).any()):
            raise ValueError(
                f"{line['indicator']} cannot describe the context: a town has no value, or none above 0. "
                "Take it out of definitions/town_pages.toml, or its logarithm."
            )
        if line["logarithm"]:
            chosen[line["indicator"]] = np.log(column)
    return pd.DataFrame(StandardScaler().fit_transform(chosen), index=chosen.index, columns=chosen.columns)


def with_fewer(
    code: str, scales: pd.DataFrame, counts: pd.DataFrame, pool: int, farthest: float, fewer: int, count: int
) -> pd.DataFrame:
    """Towns alike in context that have fewer characteristics.

    Parameters
    ----------
    code : str
    scales : pandas.DataFrame
        As from :func:`context`; of the towns that are looked at, this one among them.
    counts : pandas.DataFrame
        Characteristics of each town: ``count`` as published, ``mean`` over draws.
    pool : int
        How many of the nearest towns are looked at.
    farthest : float
        How far a town may be, in standard deviations (root mean square over the scales).
    fewer : int
        How many characteristics fewer a town must have, as published and in the mean over draws.
    count : int
        How many towns at most.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``town_code``, the nearest first: ``distance`` in context, ``count`` and ``mean``. Often shorter than
        `count`, and empty for towns that have few characteristics themselves.
    """
    order, apart = _nearest(code, scales)
    within = apart[:pool] <= farthest
    near, apart = scales.index[order[:pool][within]], apart[:pool][within]
    table = counts.loc[near, ["count", "mean"]].assign(distance=apart).rename_axis("town_code")
    own = counts.loc[code, ["count", "mean"]]
    return table[(table["count"] <= own["count"] - fewer) & (table["mean"] <= own["mean"] - fewer)].head(count)
