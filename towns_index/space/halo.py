"""How far large cities reach, and what diverse surroundings go with."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.spatial.distance import cdist
from scipy.stats import norm

from towns_index.space.weights import BadSpace


def nearest_city(places: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """The city whose edge is nearest to each town: ``city`` and ``city_km``.

    Parameters
    ----------
    places : pandas.DataFrame
        ``x``, ``y`` in kilometres on the British National Grid.
    cities : pandas.DataFrame
        As ``definitions/facts/large_cities.csv``: a circle stands for each city.

    Returns
    -------
    pandas.DataFrame
        ``city_km`` is the distance from the edge, below 0 inside the circle.
    """
    away = cdist(places.to_numpy(), cities[["easting_km", "northing_km"]].to_numpy()) - cities["radius_km"].to_numpy()
    nearest = away.argmin(axis=1)
    return pd.DataFrame({"city": cities["city"].to_numpy()[nearest], "city_km": away.min(axis=1)}, index=places.index)


def bins(away: pd.Series, edges: list[float]) -> pd.Series:
    """The step of each distance in words, in order: "up to 0 km" would be inside the city's circle."""
    limits = [-np.inf, *edges, np.inf]
    labels = [f"up to {edges[0]} km", *(f"{low} to {high} km" for low, high in zip(edges, edges[1:])), f"over {edges[-1]} km"]
    if edges[0] == 0:
        labels[0] = "inside"
    return pd.cut(away, limits, labels=labels)


def curve(values: pd.DataFrame, steps: pd.Series, areas: pd.Series, fewest: int, resamples: int, seed: int) -> pd.DataFrame:
    """Mean of every outcome by distance step, and how far it is from that of the furthest step, with bootstrap bands.

    Whole local authorities are drawn, not single towns: towns of one authority share values and neighbours, and drawing
    them one by one would make the band too narrow.

    Parameters
    ----------
    values : pandas.DataFrame
        Outcomes (columns) of the towns.
    steps : pandas.Series
        As from :func:`bins`.
    areas : pandas.Series
        Local authority of each town.
    fewest : int
        A step with fewer towns gets no mean.
    resamples, seed : int
        How many, and from where.

    Returns
    -------
    pandas.DataFrame
        ``outcome``, ``step`` (1 nearest), ``distance`` (words), ``towns``, ``mean``, ``low``, ``high`` (95 %), ``gap``,
        ``gap_low``, ``gap_high``: mean minus that of the furthest step.
    """
    random = np.random.default_rng(seed)
    code, names = pd.factorize(areas)
    times = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)[:, code].astype(float)
    inside = pd.get_dummies(steps, dtype=float).to_numpy()
    parts = []
    for name in values:
        known = values[name].notna().to_numpy()
        member = inside * known[:, None]
        worth = member * np.where(known, values[name].to_numpy(float), 0.0)[:, None]
        counts = member.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            means, drawn = worth.sum(axis=0) / counts, (times @ worth) / (times @ member)
        enough = counts >= fewest
        means, drawn = np.where(enough, means, np.nan), np.where(enough, drawn, np.nan)
        table = {"outcome": name, "step": range(1, len(counts) + 1), "distance": steps.cat.categories, "towns": counts.astype(int)}
        for label, middle, draws in (("", means, drawn), ("gap_", means - means[-1], drawn - drawn[:, [-1]])):
            table[label.rstrip("_") or "mean"] = middle
            table[f"{label}low"], table[f"{label}high"] = percentiles(draws)
        parts.append(pd.DataFrame(table))
    return pd.concat(parts, ignore_index=True)


def percentiles(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Limits that hold 95 % of the draws (rows) of each column; missing where a column holds none."""
    known = ~np.isnan(draws).all(axis=0)
    limits = np.full((2, draws.shape[1]), np.nan)
    limits[:, known] = np.nanpercentile(draws[:, known], [2.5, 97.5], axis=0)
    return limits[0], limits[1]


def reach(part: pd.DataFrame) -> int:
    """Last step of the unbroken run, from the nearest, whose mean is above that of the furthest by more than chance; 0 if none.

    Parameters
    ----------
    part : pandas.DataFrame
        Rows of :func:`curve` for one outcome; steps without a mean are passed over.
    """
    last = 0
    for row in part.sort_values("step").dropna(subset=["mean"]).itertuples():
        if not row.gap_low > 0:
            break
        last = row.step
    return last


def require(models: list[dict], columns: list[str]) -> None:
    """Refuse models that ask for what is not there.

    Raises
    ------
    BadSpace
        Naming the model and the word.
    """
    for model in models:
        words = [model["outcome"], *model["predictors"]]
        lacking = [word for word in words if word not in columns]
        if lacking:
            raise BadSpace(f"definitions/space.toml, model {model['name']!r}: there is no indicator {lacking[0]!r}")
        if model["asks"] not in model["predictors"]:
            raise BadSpace(f"definitions/space.toml, model {model['name']!r}: asks {model['asks']!r} is not one of its predictors")


def fit(model: dict, values: pd.DataFrame, places: pd.DataFrame, reach: float) -> tuple[pd.DataFrame, pd.Series]:
    """A linear model by least squares, all variables in standard deviations.

    Parameters
    ----------
    model : dict
        ``name``, ``outcome``, ``predictors``, as in ``space.toml``.
    values : pandas.DataFrame
        Outcome and predictors of the towns; towns that lack one are left out.
    places : pandas.DataFrame
        ``x``, ``y`` in kilometres.
    reach : float
        How far (km) errors go together, for the spatial standard error.

    Returns
    -------
    tuple of DataFrame and Series
        Terms: ``model``, ``outcome``, ``term``, ``towns``, ``estimate`` (standard deviations of the outcome for one of the predictor),
        ``error_hc3``, ``error_spatial``, ``low``, ``high`` (95 %, spatial), ``p_value`` (spatial), ``vif``, ``r_squared``.
        And the residuals by town.
    """
    known = values[[model["outcome"], *model["predictors"]]].dropna().astype(float)
    scores = (known - known.mean()) / known.std()
    design = sm.add_constant(scores[model["predictors"]])
    fitted = sm.OLS(scores[model["outcome"]], design).fit(cov_type="HC3")
    errors = spatial_errors(design.to_numpy(), fitted.resid.to_numpy(), places.loc[known.index].to_numpy(), reach)
    inflation = np.diag(np.linalg.inv(scores[model["predictors"]].corr().to_numpy()))
    terms = pd.DataFrame(
        {
            "model": model["name"],
            "outcome": model["outcome"],
            "term": model["predictors"],
            "towns": len(known),
            "estimate": fitted.params[1:].to_numpy(),
            "error_hc3": fitted.bse[1:].to_numpy(),
            "error_spatial": errors[1:],
        }
    )
    normal = norm.ppf(0.975)
    terms["low"] = terms["estimate"] - normal * terms["error_spatial"]
    terms["high"] = terms["estimate"] + normal * terms["error_spatial"]
    terms["p_value"] = 2 * norm.sf((terms["estimate"] / terms["error_spatial"]).abs())
    return terms.assign(vif=inflation, r_squared=fitted.rsquared), fitted.resid


def spatial_errors(design: np.ndarray, residuals: np.ndarray, places: np.ndarray, reach: float) -> np.ndarray:
    """Standard errors that allow the errors of near places to go together (Conley 1999).

    Two places count with ``1 - distance / reach`` (Bartlett weights), and not at all from `reach` on; with a `reach` below
    every distance they are White's HC0.

    Parameters
    ----------
    design, residuals : numpy.ndarray
        Shape (n, k) and (n,).
    places : numpy.ndarray
        Shape (n, 2), kilometres.
    reach : float
        Kilometres.
    """
    together = np.clip(1 - cdist(places, places) / reach, 0, None)
    bread = np.linalg.inv(design.T @ design)
    scores = design * residuals[:, None]
    return np.sqrt(np.diag(bread @ (scores.T @ together @ scores) @ bread))
