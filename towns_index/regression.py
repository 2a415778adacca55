"""Linear models of towns: standard errors that towns call for, diagnostics, influence, and what one model adds to another."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from libpysal.weights import KNN, Kernel
from scipy import stats
from spreg.error_sp_het import BaseGM_Error_Het
from spreg.ols import BaseOLS
from statsmodels.stats.diagnostic import het_breuschpagan, linear_reset
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.outliers_influence import OLSInfluence
from threadpoolctl import threadpool_limits


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
        numbers = y.to_numpy(float)[:, None], design.to_numpy(float)
        hac, error = BaseOLS(*numbers, robust="hac", gwk=kernel), BaseGM_Error_Het(*numbers, w=near.sparse)
        frame["se_hac"] = np.sqrt(np.diag(hac.vm))
        frame["p_hac"] = 2 * stats.t.sf(np.abs(frame["coefficient"] / frame["se_hac"]), len(y) - design.shape[1])
        of_terms = slice(design.shape[1])  # after them comes the correlation of the errors
        frame["coefficient_spatial"] = error.betas.ravel()[of_terms]
        frame["se_spatial"] = np.sqrt(np.diag(error.vm))[of_terms]
    frame["vif"] = pd.Series(np.diag(np.linalg.pinv(x.corr().to_numpy())), index=x.columns)
    # Ends of a search, and probabilities far out in a tail: further digits differ from one kind of processor to another.
    if space:
        digits = (3 - np.floor(np.log10(frame["se_spatial"]))).astype(int)
        for column in ("coefficient_spatial", "se_spatial"):
            frame[column] = [round(value, places) for value, places in zip(frame[column], digits, strict=True)]
    tails = frame.columns.intersection(["p_hc3", "p_cluster", "p_hac"])
    frame[tails] = frame[tails].map(lambda value: float(f"{value:.4g}"))
    return frame.drop(index="const").rename_axis("term").reset_index()


def diagnose(y: pd.Series, x: pd.DataFrame, regions: pd.Series) -> dict[str, float]:
    """What the model as a whole is worth, and what speaks against it.

    Returns
    -------
    dict
        ``towns``, ``r2``, ``adjusted_r2``, ``left_out_r2`` (each region predicted from the others), ``p_breusch_pagan``
        (unequal variances) and ``p_reset`` (curvature).
    """
    # In standard deviations: the powers of an income in pounds are too large to be told apart.
    scaled = (x - x.mean()) / x.std()
    fit = sm.OLS((y - y.mean()) / y.std(), sm.add_constant(scaled, has_constant="add")).fit()
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
    fit = sm.OLS(y, design).fit()
    influence = OLSInfluence(fit)
    leverage, inside = influence.hat_matrix_diag, influence.resid_studentized_internal
    # In closed form (Belsley, Kuh and Welsch 1980); statsmodels would fit the model once without each town.
    outside = inside * np.sqrt((fit.df_resid - 1) / (fit.df_resid - inside**2))
    at = design.columns.get_loc(term)
    pull = fit.model.pinv_wexog[at] / np.sqrt(fit.normalized_cov_params.iloc[at, at])
    frame = pd.DataFrame(
        {
            "town_code": y.index,
            "cooks_distance": influence.cooks_distance[0],
            "leverage": leverage,
            "residual": outside,
            "dfbeta": pull * outside / np.sqrt(1 - leverage),
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
    # Five decimals are those that every kind of processor agrees on.
    return pd.DataFrame(rows, columns=["smaller", "larger", "smaller_r2", "larger_r2", "gain", "low", "high"]).round(5)


def false_discoveries(p_values: pd.Series, level: float) -> pd.DataFrame:
    """``q_value`` (Benjamini and Hochberg over all) and ``significant`` (below `level`)."""
    q = pd.Series(multipletests(p_values, method="fdr_bh")[1], index=p_values.index)
    return pd.DataFrame({"q_value": q, "significant": q < level})
