"""Stage 066, validity: the index beside outcomes that it does not use (OECD/JRC handbook, step 9).

Linear models with standard errors for unequal variances (HC3), for towns that share an authority and for towns near each
other, and what the index adds to deprivation. These are associations of towns; nothing here says what causes what.
"""

import tomllib
import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from libpysal.weights import KNN, Kernel
from spreg import OLS, GM_Error_Het
from statsmodels.stats.diagnostic import het_breuschpagan, linear_reset
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.outliers_influence import OLSInfluence
from threadpoolctl import threadpool_limits

from towns_index import clusters, paths

DERIVED = ("wales", "log_population")
"""Terms of a baseline that are no indicators."""


class BadOutcomes(ValueError):
    """The outcomes or the settings name something that is not there."""


def definitions() -> tuple[pd.DataFrame, dict]:
    """Lines of ``definitions/outcomes.csv`` and the entries of ``definitions/validity.toml``."""
    with open(paths.DEFINITIONS / "validity.toml", "rb") as stream:
        settings = tomllib.load(stream)
    return pd.read_csv(paths.DEFINITIONS / "outcomes.csv", keep_default_na=False), settings


def require(outcomes: pd.DataFrame, settings: dict, criteria: pd.DataFrame, indicators: list[str]) -> None:
    """Refuse outcomes that are not there, or that a cluster which stays in the index uses (:class:`BadOutcomes`)."""
    found = []
    users = criteria.groupby("indicator")["cluster"].agg(set)
    for row in outcomes.itertuples():
        where = f"outcomes.csv, {row.outcome}"
        if row.indicator not in indicators:
            found.append(f"{where}: there is no indicator {row.indicator!r}{clusters.nearest(row.indicator, indicators)}")
        unknown = set(row.drop.split()) - set(criteria["cluster"])
        if unknown:
            found.append(f"{where}: column drop names {', '.join(sorted(unknown))}, which criteria.csv does not have")
        left = users.get(row.indicator, set()) - set(row.drop.split())
        if left:
            found.append(f"{where}: cluster {', '.join(sorted(left))} uses {row.indicator}; add its letter to the column drop")
    for name, entry in settings["baseline"].items():
        for term in set(entry["terms"]) - set(indicators) - set(DERIVED):
            found.append(f"validity.toml, baseline.{name}: there is no term {term!r}{clusters.nearest(term, [*indicators, *DERIVED])}")
    if found:
        raise BadOutcomes("the definitions of the outcomes have mistakes:\n  " + "\n  ".join(found))


def terms(towns: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Everything that a baseline may name, by town: the indicators, ``wales`` (0 or 1) and ``log_population``."""
    return values.astype("float64").assign(
        wales=(towns["nation"] == "Wales").astype(float), log_population=np.log(towns["population_2019"].astype(float))
    )


def index_terms(held: pd.DataFrame, chances: pd.DataFrame, drop: list[str]) -> dict[str, pd.DataFrame]:
    """The index as it enters a model, in three ways.

    Parameters
    ----------
    held : pandas.DataFrame
        Towns by clusters: 1 in the cluster (full or partial), 0 not, missing where not assessed (counted as not).
    chances : pandas.DataFrame
        The same as probabilities.
    drop : list of str
        Clusters left out.

    Returns
    -------
    dict
        ``number``: one column, the number of characteristics. ``clusters``: a column for each cluster.
        ``probabilities``: a column for each cluster, its probability. Clusters without members are left out.
    """
    flags = held.drop(columns=drop, errors="ignore").fillna(0)
    flags = flags.loc[:, flags.any()]
    likely = chances.reindex(index=flags.index, columns=flags.columns).fillna(0)
    return {"number": flags.sum(axis=1).to_frame("number"), "clusters": flags, "probabilities": likely.add_prefix("p_")}


def weights(places: pd.DataFrame, neighbours: int, bandwidth_km: float) -> tuple[KNN, Kernel]:
    """Spatial weights: so many nearest towns (rows add up to 1), and a triangular kernel (km) for standard errors."""
    points = places[["x", "y"]].to_numpy()
    near = KNN(points, k=neighbours, silence_warnings=True)
    near.transform = "r"
    return near, Kernel(points, bandwidth=float(bandwidth_km), fixed=True, function="triangular", diagonal=True)


def coefficients(y: pd.Series, x: pd.DataFrame, areas: pd.Series, space: tuple | None = None) -> pd.DataFrame:
    """Least squares, with every kind of standard error that the towns call for.

    Parameters
    ----------
    y : pandas.Series
        Outcome of each town; complete.
    x : pandas.DataFrame
        Terms without a constant; complete, same index.
    areas : pandas.Series
        Local authority of each town.
    space : tuple, optional
        As from :func:`weights`; without it, the columns on space are left out.

    Returns
    -------
    pandas.DataFrame
        One row a term: ``coefficient`` (change of the outcome for one more), ``standardised``, ``se_hc3``, ``p_hc3``,
        ``se_cluster``, ``p_cluster``, ``low`` and ``high`` (95 %, clustered), ``se_hac`` and ``p_hac`` (spatial kernel,
        Kelejian and Prucha 2007), ``coefficient_spatial`` and ``se_spatial`` (errors correlated among neighbours,
        Kelejian and Prucha 2010) and ``vif``.
    """
    design = sm.add_constant(x, has_constant="add")
    robust = sm.OLS(y, design).fit(cov_type="HC3")
    shared = sm.OLS(y, design).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(areas)[0]}, use_t=True)
    interval = shared.conf_int()
    frame = pd.DataFrame(
        {
            "coefficient": shared.params,
            "standardised": shared.params * design.std() / y.std(),
            "se_hc3": robust.bse,
            "p_hc3": robust.pvalues,
            "se_cluster": shared.bse,
            "p_cluster": shared.pvalues,
            "low": interval[0],
            "high": interval[1],
        }
    )
    if space:
        near, kernel = space
        numbers = (y.to_numpy(float)[:, None], x.to_numpy(float))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # spreg warns of islands and of its own defaults
            hac = OLS(*numbers, robust="hac", gwk=kernel, nonspat_diag=False)
            error = GM_Error_Het(*numbers, w=near)
        frame["se_hac"] = hac.std_err.ravel()
        frame["p_hac"] = [p for _, p in hac.t_stat]
        frame["coefficient_spatial"] = error.betas.ravel()[:-1]  # the last one is the correlation of the errors
        frame["se_spatial"] = error.std_err.ravel()[:-1]
    frame["vif"] = pd.Series(np.diag(np.linalg.pinv(x.corr().to_numpy())), index=x.columns)
    return frame.drop(index="const").rename_axis("term").reset_index()


def diagnose(y: pd.Series, x: pd.DataFrame, regions: pd.Series) -> dict[str, float]:
    """What the model as a whole is worth, and what speaks against it.

    Returns
    -------
    dict
        ``towns``, ``r2``, ``adjusted_r2``, ``left_out_r2`` (each region predicted from the others), ``p_breusch_pagan``
        (unequal variances) and ``p_reset`` (curvature).
    """
    fit = sm.OLS(y, sm.add_constant(x, has_constant="add")).fit()
    return {
        "towns": int(fit.nobs),
        "r2": fit.rsquared,
        "adjusted_r2": fit.rsquared_adj,
        "left_out_r2": left_out_r2(y, x, regions),
        "p_breusch_pagan": het_breuschpagan(fit.resid, fit.model.exog)[1],
        "p_reset": float(linear_reset(fit, power=3, use_f=True).pvalue),
    }


def left_out_r2(y: pd.Series, x: pd.DataFrame, regions: pd.Series) -> float:
    """Share of the variation explained when each region is predicted from all others; below 0: worse than their mean."""
    design = sm.add_constant(x, has_constant="add").to_numpy(float)
    values, error, total = y.to_numpy(float), 0.0, 0.0
    for region in regions.unique():
        out = (regions == region).to_numpy()
        found, *_ = np.linalg.lstsq(design[~out], values[~out], rcond=None)
        error += ((values[out] - design[out] @ found) ** 2).sum()
        total += ((values[out] - values[~out].mean()) ** 2).sum()
    return 1 - error / total


def influential(y: pd.Series, x: pd.DataFrame, term: str) -> tuple[pd.DataFrame, float]:
    """Towns that move a model more than most (Cook's distance above 4 / n), and the coefficient of `term` without them.

    Returns
    -------
    pandas.DataFrame
        ``town_code``, ``cooks_distance``, ``leverage``, ``residual`` (studentised without the town) and ``dfbeta`` (how
        many standard errors the town moves `term`).
    float
        Coefficient of `term` without these towns.
    """
    design = sm.add_constant(x, has_constant="add")
    influence = OLSInfluence(sm.OLS(y, design).fit())
    frame = pd.DataFrame(
        {
            "town_code": y.index,
            "cooks_distance": influence.cooks_distance[0],
            "leverage": influence.hat_matrix_diag,
            "residual": influence.resid_studentized_external,
            "dfbeta": influence.dfbetas[:, design.columns.get_loc(term)],
        }
    )
    strong = (frame["cooks_distance"] > 4 / len(y)).to_numpy()
    return frame[strong], float(sm.OLS(y[~strong], design[~strong]).fit().params[term])


def adjusted_r2(y: np.ndarray, x: pd.DataFrame, models: dict[str, list[str]], counts: np.ndarray) -> pd.DataFrame:
    """Adjusted R² of several models on many samples of the same towns.

    Parameters
    ----------
    y : numpy.ndarray
        Outcome.
    x : pandas.DataFrame
        Every term of every model.
    models : dict
        Names of the terms of each model.
    counts : numpy.ndarray
        Samples by towns: how often each town is in each sample.

    Returns
    -------
    pandas.DataFrame
        Samples by models.
    """
    # All samples at once: their sums of squares and products are one product of matrices.
    scaled = (x - x.mean()) / x.std()
    table = np.column_stack([np.ones(len(y)), scaled.to_numpy(float), (y - y.mean()) / y.std()])
    products = (table[:, :, None] * table[:, None, :]).reshape(len(y), -1)
    with threadpool_limits(1):  # the same bytes however many processors there are
        moments = (counts @ products).reshape(len(counts), table.shape[1], table.shape[1])
    size = counts.sum(axis=1)
    total = moments[:, -1, -1] - moments[:, 0, -1] ** 2 / size
    found = {}
    for name, used in models.items():
        at = [0, *(1 + x.columns.get_indexer(used))]
        inner, outer = moments[:, at][:, :, at], moments[:, at, -1]
        # A cluster can be empty in a sample: a trace of a ridge keeps the equations solvable.
        solved = np.linalg.solve(inner + 1e-9 * size[:, None, None] * np.eye(len(at)), outer[..., None])[..., 0]
        left = moments[:, -1, -1] - (solved * outer).sum(axis=1)
        found[name] = 1 - (left / (size - len(at))) / (total / (size - 1))
    return pd.DataFrame(found)


def gains(
    y: pd.Series, x: pd.DataFrame, models: dict[str, list[str]], pairs: list[tuple[str, str]], areas: pd.Series, draws: int, seed: int
) -> pd.DataFrame:
    """What one model explains beyond another, with an interval.

    Local authorities are drawn with replacement. A sample repeats towns, which flatters the larger model; the mean of
    that flattery is taken off (the percentile interval, corrected for bias).

    Parameters
    ----------
    y, x, models
        As for :func:`adjusted_r2`.
    pairs : list of tuple
        Names of the smaller and of the larger model.
    areas : pandas.Series
        Local authority of each town.
    draws : int
        Samples.
    seed : int
        Of the random numbers.

    Returns
    -------
    pandas.DataFrame
        For each pair ``smaller``, ``larger``, ``smaller_r2``, ``larger_r2`` (both adjusted), ``gain``, ``low``, ``high``
        (95 %).
    """
    group = pd.factorize(areas)[0]
    sizes = np.ones(group.max() + 1) / (group.max() + 1)
    drawn = np.random.default_rng(seed).multinomial(group.max() + 1, sizes, size=draws)[:, group].astype(float)
    sampled = adjusted_r2(y.to_numpy(float), x, models, drawn)
    here = adjusted_r2(y.to_numpy(float), x, models, np.ones((1, len(y)))).iloc[0]
    rows = []
    for smaller, larger in pairs:
        gain, samples = here[larger] - here[smaller], sampled[larger] - sampled[smaller]
        low, high = samples.quantile([0.025, 0.975]) - (samples.mean() - gain)
        rows.append((smaller, larger, here[smaller], here[larger], gain, low, high))
    return pd.DataFrame(rows, columns=["smaller", "larger", "smaller_r2", "larger_r2", "gain", "low", "high"])


def false_discoveries(p_values: pd.Series, level: float) -> pd.DataFrame:
    """``q_value`` (Benjamini and Hochberg over all) and ``significant`` (below `level`)."""
    q = pd.Series(multipletests(p_values, method="fdr_bh")[1], index=p_values.index)
    return pd.DataFrame({"q_value": q, "significant": q < level})


def ecological(sums: pd.DataFrame, means: pd.DataFrame) -> dict[str, float]:
    """One association among towns and among the neighbourhoods of a town.

    Parameters
    ----------
    sums : pandas.DataFrame
        Sums over a town's neighbourhoods of the squared and multiplied deviations from the town's mean, weighted by
        residents: columns ``one``, ``other``, ``both``.
    means : pandas.DataFrame
        The town's values: columns ``one``, ``other``.

    Returns
    -------
    dict
        ``between`` (correlation of the towns) and ``within`` (of the neighbourhoods, all towns together; Robinson 1950).
    """
    total = sums.sum()
    return {"between": means["one"].corr(means["other"]), "within": float(total["both"] / np.sqrt(total["one"] * total["other"]))}
