"""Stage 060, groups of similar towns: cluster analysis proper on standardised indicators."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import kurtosis, skew
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples, silhouette_score
from sklearn.preprocessing import PowerTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from towns_index import workers

SMALLEST_GROUP = 15
PATTERN = 0.6  # mean clusterwise Jaccard from which groups show a pattern; 0.75 would be firm (Hennig 2008)
NEAR_BEST = 0.7  # share of the best mean silhouette that finer groups must keep
DISSOLVED = 0.5  # a group at or below this does not exist in other samples


def columns(definitions: pd.DataFrame) -> list[str]:
    """Indicators marked ``grouping`` in ``definitions/indicators.csv``."""
    return definitions.loc[definitions["grouping"] == "yes", "indicator"].tolist()


def standardise(values: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Indicators as z-scores; the very skewed ones are first made symmetric.

    Parameters
    ----------
    values : pandas.DataFrame
        Indicators by town, complete. An indicator with absolute skewness above 2 and kurtosis above
        3.5 (the rule of the European Commission's Joint Research Centre) gets a Yeo-Johnson
        transformation.

    Returns
    -------
    pandas.DataFrame
        Mean 0 and standard deviation 1 in every column.
    list of str
        The indicators that were transformed.
    """
    missing = values.columns[values.isna().any()].tolist()
    if missing:
        raise ValueError(
            f"groups need complete indicators; {', '.join(missing)} lack a value for some town. "
            "Take `grouping` off them in definitions/indicators.csv."
        )
    extreme = values.columns[(np.abs(skew(values)) > 2) & (kurtosis(values) > 3.5)]
    symmetric = values.astype("float64").copy()
    if len(extreme):
        symmetric[extreme] = PowerTransformer(standardize=False).fit_transform(values[extreme])
    scores = StandardScaler().fit_transform(symmetric)
    return pd.DataFrame(scores, index=values.index, columns=values.columns), list(extreme)


class Grouping(NamedTuple):
    """A partition of the towns: the group of each (0, 1 …), how stable each group is, and the groups of other samples.

    `again` has a row for each bootstrap sample and a column for each town.
    """

    labels: np.ndarray
    stability: np.ndarray
    again: np.ndarray


def partition(scores: pd.DataFrame, groups: int, seed: int, starts: int = 20) -> np.ndarray:
    """K-means labels 0, 1 …, numbered from the largest group to the smallest."""
    with lean():
        labels = KMeans(groups, n_init=starts, random_state=seed).fit_predict(scores.to_numpy())
    return numbered(labels)


def numbered(labels: np.ndarray) -> np.ndarray:
    """The same groups as 0, 1 … from the largest to the smallest."""
    order = pd.Series(labels).value_counts(sort=False)
    order = order.sort_index().sort_values(ascending=False, kind="stable").index
    return pd.Series(labels).map({old: new for new, old in enumerate(order)}).to_numpy()


@contextmanager
def lean() -> Iterator[None]:
    """Fits without threads and without checks.

    There are many small fits of the same complete numbers: threads would spend more on waiting for
    each other, and scikit-learn more on checking what it is given, than on fitting.
    """
    with threadpool_limits(1), config_context(assume_finite=True, skip_parameter_validation=True):
        yield


def jaccard(labels: np.ndarray, others: np.ndarray, groups: int) -> np.ndarray:
    """For each group the largest Jaccard similarity with any group of another partition."""
    found, others = np.unique(others, return_inverse=True)
    table = np.bincount(labels * len(found) + others, minlength=groups * len(found)).reshape(groups, len(found))
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    return (table / np.maximum(union, 1)).max(axis=1)


def again(scores: pd.DataFrame, groups: int, resamples: int, seed: int) -> np.ndarray:
    """Groups of all towns by the centres of bootstrap samples, each of them grouped afresh.

    One row a sample, one column a town. The samples are shared out (:mod:`towns_index.workers`).
    """
    random = np.random.default_rng(seed)
    # Drawn here, in one order, so that it does not matter who groups which sample.
    samples = [(random.integers(0, len(scores), len(scores)), int(random.integers(2**31))) for _ in range(resamples)]
    return np.array(workers.share_out(_grouped, samples, scores.to_numpy(), groups))


def _grouped(samples: list[tuple[np.ndarray, int]], data: np.ndarray, groups: int) -> list[np.ndarray]:
    """The group of every row of `data` by the centres of each sample (rows of it, and a seed)."""
    with lean():
        return [KMeans(groups, n_init=2, random_state=seed).fit(data[rows]).predict(data) for rows, seed in samples]


def jaccards(labels: np.ndarray, others: np.ndarray, groups: int) -> np.ndarray:
    """Clusterwise Jaccard similarity: a row for each of several other partitions, a column for each group.

    Every group is compared with its best match; the mean of a column is the stability of that group.

    References
    ----------
    Hennig, C. (2007), Cluster-wise assessment of cluster stability, Computational Statistics and
    Data Analysis 52.
    """
    return np.array([jaccard(labels, other, groups) for other in others])


def tested(scores: pd.DataFrame, groups: int, resamples: int, seed: int) -> Grouping:
    """The towns in so many groups: :func:`partition`, :func:`again` and the mean of :func:`jaccards`."""
    labels = partition(scores, groups, seed)
    others = again(scores, groups, resamples, seed)
    return Grouping(labels, jaccards(labels, others, groups).mean(axis=0), others)


def candidates(scores: pd.DataFrame, resamples: int, seed: int, largest: int, resampled: int | None = None) -> dict[int, Grouping]:
    """The towns in 2 groups, in 3, and so on to `largest`; beyond `resampled` without samples and stability."""
    none = np.empty(0), np.empty((0, len(scores)), dtype=int)
    return {
        number: tested(scores, number, resamples, seed)
        if number <= (resampled or largest)
        else Grouping(partition(scores, number, seed), *none)
        for number in range(2, largest + 1)
    }


def evidence(scores: pd.DataFrame, groupings: dict[int, Grouping]) -> pd.DataFrame:
    """How good each number of groups is, by several standards.

    Parameters
    ----------
    scores : pandas.DataFrame
        As from :func:`standardise`.
    groupings : dict
        By number of groups, as from :func:`candidates`.

    Returns
    -------
    pandas.DataFrame
        ``groups``, ``silhouette``, ``calinski_harabasz``, ``davies_bouldin``, ``smallest`` (towns),
        ``stability`` and ``least_stable`` (mean and smallest clusterwise Jaccard; missing without samples).
    """
    rows = [
        {
            "groups": groups,
            "silhouette": silhouette_score(scores, labels),
            "calinski_harabasz": calinski_harabasz_score(scores, labels),
            "davies_bouldin": davies_bouldin_score(scores, labels),
            "smallest": int(np.bincount(labels).min()),
            "stability": stable.mean() if len(stable) else np.nan,
            "least_stable": stable.min() if len(stable) else np.nan,
        }
        for groups, (labels, stable, _) in groupings.items()
    ]
    return pd.DataFrame(rows)


def choose(table: pd.DataFrame) -> int:
    """The largest number of groups that show a pattern, with none dissolved and none too small.

    A pattern: stable on average, and with a mean silhouette not far below the best.

    If no number passes, the one with the greatest stability.
    """
    passed = table[
        (table["stability"] >= PATTERN)
        & (table["silhouette"] >= NEAR_BEST * table["silhouette"].max())
        & (table["least_stable"] > DISSOLVED)
        & (table["smallest"] >= SMALLEST_GROUP)
    ]
    if len(passed):
        return int(passed["groups"].max())
    return int(table.loc[table["stability"].idxmax(), "groups"])


def profiles(scores: pd.DataFrame, values: pd.DataFrame, labels: np.ndarray) -> pd.DataFrame:
    """Mean z-score and mean value of every indicator in every group (groups numbered from 1)."""
    group = pd.Series(labels + 1, index=scores.index, name="group")
    z = scores.groupby(group).mean().rename_axis(columns="indicator").stack().rename("z_score")
    mean = values.groupby(group).mean().rename_axis(columns="indicator").stack().rename("mean")
    return pd.concat([z, mean], axis=1).reset_index()


def names(profile: pd.DataFrame, definitions: pd.DataFrame, traits: int = 3) -> pd.Series:
    """A name for every group: its strongest traits in the words of ``indicators.csv``.

    A second group with the same words gets one trait more, until all names differ.
    """
    words = definitions.set_index("indicator")[["high_words", "low_words"]]
    ordered = profile.assign(size=profile["z_score"].abs()).sort_values(["group", "size"], ascending=[True, False])
    phrase = np.where(
        ordered["z_score"] > 0,
        words["high_words"].reindex(ordered["indicator"]),
        words["low_words"].reindex(ordered["indicator"]),
    )
    phrases = pd.Series(phrase, index=ordered["group"].to_numpy()).groupby(level=0).agg(list)
    named: dict[int, str] = {}
    for group, traits_of in phrases.items():
        count = traits
        while ", ".join(traits_of[:count]) in named.values() and count < len(traits_of):
            count += 1
        named[group] = ", ".join(traits_of[:count])
    return pd.Series(named, name="name").str[0].str.upper() + pd.Series(named).str[1:]


def build(scores: pd.DataFrame, labels: np.ndarray, stable: np.ndarray, named: pd.Series) -> pd.DataFrame:
    """One row a town.

    Returns
    -------
    pandas.DataFrame
        ``town_code``, ``group`` (from 1, the largest), ``group_name``, ``group_stability``
        (clusterwise Jaccard), ``silhouette`` (-1 to 1: below 0 the town is nearer to another group),
        ``distance`` (from the group's centre, in standard deviations) and ``place`` (1: the most
        typical town of its group).
    """
    data = scores.to_numpy()
    centres = scores.groupby(labels).mean().to_numpy()
    frame = pd.DataFrame({"town_code": scores.index, "group": labels + 1})
    frame["group_name"] = frame["group"].map(named)
    frame["group_stability"] = stable[labels]
    frame["silhouette"] = silhouette_samples(data, labels)
    frame["distance"] = np.linalg.norm(data - centres[labels], axis=1)
    frame["place"] = frame.groupby("group")["distance"].rank(method="first").astype(int)
    return frame
