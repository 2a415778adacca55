"""Stage 060, groups of similar towns found in other ways, and how far any of them shows real structure."""

import tomllib
import warnings

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, calinski_harabasz_score, silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import kneighbors_graph
from threadpoolctl import threadpool_limits

from towns_index import groups, paths

Partitions = dict[int, np.ndarray]
"""The group of each town (0, 1 …), by the number of groups."""


def definitions() -> dict:
    """Entries of ``definitions/grouping.toml``."""
    with open(paths.DEFINITIONS / "grouping.toml", "rb") as stream:
        return tomllib.load(stream)


def ward(scores: pd.DataFrame, numbers: range) -> Partitions:
    """Ward's method: from single towns, those two groups are joined that add least to the variance inside."""
    tree = linkage(scores, "ward")
    return {number: groups.numbered(fcluster(tree, number, "maxclust")) for number in numbers}


def neighbouring_ward(scores: pd.DataFrame, places: pd.DataFrame, neighbours: int, numbers: range) -> Partitions:
    """Ward's method where only groups that are next to each other may be joined.

    Parameters
    ----------
    scores : pandas.DataFrame
        As from :func:`groups.standardise`.
    places : pandas.DataFrame
        Position of each town: ``x``, ``y`` (km).
    neighbours : int
        A town is next to so many nearest towns, and to those that it is among the nearest of.
    numbers : range
        Numbers of groups.
    """
    near = kneighbors_graph(places[["x", "y"]].to_numpy(), neighbours)
    found = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the number of connected components")  # joined by the shortest way
        for number in numbers:
            tree = AgglomerativeClustering(number, connectivity=near.maximum(near.T), linkage="ward")
            found[number] = groups.numbered(tree.fit_predict(scores.to_numpy()))
    return found


def gaussian_mixtures(scores: pd.DataFrame, numbers: range, smallest_variance: float, seed: int) -> tuple[Partitions, pd.Series]:
    """Mixtures of normal distributions with independent indicators inside a group.

    Returns
    -------
    dict
        The most probable group of each town.
    pandas.Series
        Bayesian information criterion by number of groups; the smallest is best.
    """
    found, bic = {}, {}
    with threadpool_limits(1):
        for number in numbers:
            model = GaussianMixture(number, covariance_type="diag", reg_covar=smallest_variance, random_state=seed).fit(scores.to_numpy())
            found[number], bic[number] = groups.numbered(model.predict(scores.to_numpy())), model.bic(scores.to_numpy())
    return found, pd.Series(bic)


def latent_classes(met: pd.DataFrame, numbers: range, starts: int, seed: int) -> tuple[Partitions, pd.Series]:
    """Latent class analysis: towns of a class meet each criterion with the same probability, independently of the others.

    Parameters
    ----------
    met : pandas.DataFrame
        Towns by criteria: 1, 0, or missing.
    numbers : range
        Numbers of classes.
    starts : int
        Searches for each, of which the best is kept.
    seed : int
        Of the starts.

    Returns
    -------
    dict, pandas.Series
        As from :func:`gaussian_mixtures`.
    """
    from stepmix import StepMix

    found, bic = {}, {}
    with threadpool_limits(1):
        for number in numbers:
            model = StepMix(number, measurement="binary_nan", n_init=starts, abs_tol=1e-3, random_state=seed, verbose=0, progress_bar=0)
            model.fit(met.to_numpy(float))
            found[number], bic[number] = groups.numbered(model.predict(met.to_numpy(float))), model.bic(met.to_numpy(float))
    return found, pd.Series(bic)


def compare(scores: pd.DataFrame, methods: dict[str, Partitions], bic: dict[str, pd.Series]) -> pd.DataFrame:
    """Every method with every number of groups.

    Returns
    -------
    pandas.DataFrame
        ``method``, ``groups``, ``found`` (groups that have towns), ``silhouette``, ``calinski_harabasz``, ``smallest``
        (towns), ``bic`` (of methods that have one) and ``ari_k_means`` (adjusted Rand index with as many groups by k-means:
        1 the same, 0 as by chance).
    """
    rows = [
        {
            "method": method, "groups": number, "found": len(np.unique(labels)), "silhouette": silhouette_score(scores, labels),
            "calinski_harabasz": calinski_harabasz_score(scores, labels), "smallest": int(np.bincount(labels).min()),
            "bic": round(bic[method][number]) if method in bic else np.nan,  # the search stops when it is near enough
            "ari_k_means": adjusted_rand_score(methods["k-means"][number], labels),
        }
        for method, partitions in methods.items()
        for number, labels in partitions.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def agreement(labels: dict[str, np.ndarray]) -> pd.DataFrame:
    """Adjusted Rand index of every pair of partitions."""
    return pd.DataFrame([[adjusted_rand_score(one, other) for other in labels.values()] for one in labels.values()], labels, list(labels))


def other_starts(scores: pd.DataFrame, labels: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Adjusted Rand index of the groups with those of `number` searches from other random starts."""
    size = len(np.unique(labels))
    return np.array([adjusted_rand_score(labels, groups.partition(scores, size, seed + 1 + start)) for start in range(number)])


def gap(scores: pd.DataFrame, largest: int, references: int, starts: int, seed: int) -> pd.DataFrame:
    """Gap statistic: how much smaller the spread inside the groups is than in data without groups.

    Parameters
    ----------
    scores : pandas.DataFrame
        Standardised indicators.
    largest : int
        Largest number of groups.
    references : int
        Sets without groups: uniform in the box of the principal components.
    starts : int
        Of k-means, for the towns and for the sets.
    seed : int
        Of both.

    Returns
    -------
    pandas.DataFrame
        ``groups`` (from 1), ``gap`` and ``gap_error`` (its standard error, with the error of simulation).

    References
    ----------
    Tibshirani, R., Walther, G. and Hastie, T. (2001), Estimating the number of clusters in a data set via the gap
    statistic, Journal of the Royal Statistical Society B 63.
    """
    data = scores.to_numpy() - scores.to_numpy().mean(axis=0)
    axes = np.linalg.svd(data, full_matrices=False)[2]
    turned = data @ axes.T
    random = np.random.default_rng(seed)
    sets = random.uniform(turned.min(axis=0), turned.max(axis=0), (references, *turned.shape))

    def spreads(some: np.ndarray) -> list[float]:
        return [np.log(KMeans(number, n_init=starts, random_state=seed).fit(some).inertia_) for number in range(1, largest + 1)]

    with groups.lean():
        here = np.array(spreads(turned))
        there = np.array([spreads(one) for one in sets])
    error = there.std(axis=0) * np.sqrt(1 + 1 / references)
    return pd.DataFrame({"groups": range(1, largest + 1), "gap": there.mean(axis=0) - here, "gap_error": error})


def gap_choice(table: pd.DataFrame) -> int | None:
    """The smallest number of groups whose gap is within one standard error of the next; None if there is none."""
    holds = (table["gap"] >= (table["gap"] - table["gap_error"]).shift(-1)).to_numpy()[:-1]
    return int(table["groups"].iloc[holds.argmax()]) if holds.any() else None


def without_structure(scores: pd.DataFrame, largest: int, sets: int, resamples: int, seed: int) -> pd.DataFrame:
    """Silhouette and stability where there are no groups: one normal distribution with the same correlations.

    Returns
    -------
    pandas.DataFrame
        ``groups`` (from 2), ``silhouette_noise`` and ``stability_noise`` (means over the sets).
    """
    random = np.random.default_rng(seed)
    cloud = random.multivariate_normal(np.zeros(scores.shape[1]), scores.cov(), (sets, len(scores)), method="cholesky")
    rows = []
    for number in range(2, largest + 1):
        tried = [groups.tested(pd.DataFrame(one), number, resamples, seed) for one in cloud]
        silhouettes = [silhouette_score(one, found.labels) for one, found in zip(cloud, tried, strict=True)]
        rows.append((number, np.mean(silhouettes), np.mean([found.stability.mean() for found in tried])))
    return pd.DataFrame(rows, columns=["groups", "silhouette_noise", "stability_noise"])


def consensus(again: np.ndarray) -> np.ndarray:
    """Share of samples in which each two towns are in one group.

    Parameters
    ----------
    again : numpy.ndarray
        Samples by towns, as from :func:`groups.again`.
    """
    # One column for each group of each sample: towns are together where both have a one.
    member = np.hstack([labels[:, None] == np.unique(labels) for labels in again]).astype("float32")
    with threadpool_limits(1):
        return (member @ member.T).astype(float) / len(again)


def unclear(shares: np.ndarray, never: float, always: float) -> float:
    """Proportion of ambiguous clustering: pairs of towns that are neither nearly always nor nearly never together."""
    between = ((shares > never) & (shares < always)).sum()  # a town with itself is always together, so never between
    return float(between / (len(shares) * (len(shares) - 1)))


def ambiguity(shares: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """How far each town belongs to another group as well.

    Returns
    -------
    pandas.DataFrame
        ``second_group`` (from 1): the other group with whose towns it is found most often. ``ambiguity``: how often with
        those, as a share of how often with them and with its own; 0 never, 0.5 as often, above 0.5 more often.
    """
    member = (labels[:, None] == np.unique(labels)).astype(float)
    own = np.arange(len(labels)), labels
    others = shares - np.eye(len(shares))  # a town is always with itself
    mean = (others @ member) / np.maximum(member.sum(axis=0) - member, 1)
    own_mean = mean[own]
    mean[own] = -1
    second = mean.argmax(axis=1)
    best = mean.max(axis=1)
    return pd.DataFrame({"second_group": second + 1, "ambiguity": best / np.maximum(best + own_mean, 1e-12)})


def bands(candidates: dict[int, groups.Grouping], settings: list[dict]) -> pd.DataFrame:
    """Stability of every group of every number, with its interval over samples and the usual word.

    Returns
    -------
    pandas.DataFrame
        ``groups``, ``group``, ``towns``, ``jaccard``, ``low`` and ``high`` (5th and 95th percentile), ``band``.
    """
    edges, words = [band["from"] for band in settings], np.array([band["word"] for band in settings])
    rows = []
    for number, found in candidates.items():
        over = groups.jaccards(found.labels, found.again, number)
        low, high = np.quantile(over, [0.05, 0.95], axis=0)
        word = words[np.searchsorted(edges, found.stability, side="right") - 1]
        columns = (np.bincount(found.labels), found.stability, low, high, word)
        rows += [(number, group + 1, *values) for group, values in enumerate(zip(*columns, strict=True))]
    return pd.DataFrame(rows, columns=["groups", "group", "towns", "jaccard", "low", "high", "band"])


def crosstab(group: pd.Series, classes: pd.Series) -> tuple[pd.DataFrame, dict[str, float]]:
    """Groups against another classification of the same towns; towns without a class are left out.

    Returns
    -------
    pandas.DataFrame
        ``class``, ``group``, ``towns``, ``expected`` (if the two had nothing to do with each other) and ``residual``
        (adjusted standardised: beyond 2 or so is more than chance).
    dict
        ``classified`` (towns), ``cramers_v``, ``adjusted_mutual_information`` and ``adjusted_rand``.
    """
    known = classes.notna()
    table = pd.crosstab(classes[known].astype(str), group[known])
    expected = chi2_contingency(table).expected_freq
    total = table.to_numpy().sum()
    rows, columns = table.sum(axis=1).to_numpy()[:, None] / total, table.sum(axis=0).to_numpy()[None, :] / total
    residual = (table - expected) / np.sqrt(expected * (1 - rows) * (1 - columns))
    long = table.stack().rename("towns").reset_index().set_axis(["class", "group", "towns"], axis=1)
    long["expected"], long["residual"] = expected.ravel(), residual.to_numpy().ravel()
    return long, {
        "classified": int(total),
        "cramers_v": float(association(table.to_numpy(), method="cramer")),
        "adjusted_mutual_information": adjusted_mutual_info_score(classes[known].astype(str), group[known]),
        "adjusted_rand": adjusted_rand_score(classes[known].astype(str), group[known]),
    }


def crosstabs(group: pd.Series, others: dict[str, pd.Series]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """:func:`crosstab` for several classifications: all cells, and one row a classification."""
    cells, links = [], []
    for name, classes in others.items():
        table, link = crosstab(group, classes)
        cells.append(table.assign(classification=name))
        links.append({"classification": name, **link})
    return pd.concat(cells, ignore_index=True)[["classification", "class", "group", "towns", "expected", "residual"]], pd.DataFrame(links)
