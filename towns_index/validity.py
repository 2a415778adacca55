"""Stage 066, validity: the index beside outcomes that it does not use (OECD/JRC handbook, step 9).

Linear models with standard errors for unequal variances (HC3), for towns that share an authority and for towns near each
other, and what the index adds to deprivation. These are associations of towns; nothing here says what causes what.
"""

import tomllib
from typing import NamedTuple

import numpy as np
import pandas as pd

from towns_index import clusters, paths, regression

DERIVED = ("wales", "log_population", "deprivation_squared")
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
    """Everything that a baseline may name, by town: the indicators and :data:`DERIVED`."""
    deprivation = values["deprivation_both_nations"].astype("float64")
    return values.astype("float64").assign(
        wales=(towns["nation"] == "Wales").astype(float),
        log_population=np.log(towns["population_2019"].astype(float)),
        deprivation_squared=(deprivation - deprivation.mean()) ** 2,  # around the mean, where the two are least alike
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


class Study(NamedTuple):
    """Four tables: whole models, their coefficients, what the index adds, and the towns that move a model."""

    models: pd.DataFrame
    terms: pd.DataFrame
    gains: pd.DataFrame
    influence: pd.DataFrame


def study(
    outcomes: pd.DataFrame, settings: dict, table: pd.DataFrame, held: pd.DataFrame, chances: pd.DataFrame, towns: pd.DataFrame,
    places: pd.DataFrame, seed: int,
) -> Study:
    """Every outcome on every baseline, without the index and with it.

    Parameters
    ----------
    outcomes, settings
        As from :func:`definitions`.
    table : pandas.DataFrame
        As from :func:`terms`.
    held, chances : pandas.DataFrame
        As for :func:`index_terms`.
    towns : pandas.DataFrame
        With ``region`` and ``local_authority``.
    places : pandas.DataFrame
        Position of each town in kilometres: ``x``, ``y``.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Study
        Keys: ``outcome`` and ``baseline``, and ``index`` (``none``, ``number``, ``clusters``; for the gains also
        ``probabilities``), ``term`` or ``town_code``. False discoveries are counted over all terms of the index.
    """
    models, coefficients, gains, influence, spaces = [], [], [], [], {}
    for line in outcomes.itertuples():
        ways = index_terms(held, chances, line.drop.split())
        everything = pd.concat([table, *ways.values()], axis=1)[table[line.indicator].notna()]
        y, areas = everything[line.indicator], towns["local_authority"][everything.index]
        known = tuple(everything.index)  # most outcomes are known for the same towns
        if known not in spaces:
            spaces[known] = regression.weights(places.loc[everything.index], settings["space"]["neighbours"], settings["space"]["bandwidth_km"])
        for baseline, entry in settings["baseline"].items():
            key = {"outcome": line.outcome, "baseline": baseline}
            used = {"none": entry["terms"]} | {name: [*entry["terms"], *way.columns] for name, way in ways.items()}
            for index in ("none", "number", "clusters"):
                x = everything[used[index]]
                models.append(key | {"index": index, "authorities": areas.nunique()} | regression.diagnose(y, x, towns["region"][x.index]))
                coefficients.append(regression.coefficients(y, x, areas, spaces[known]).assign(**key, index=index))
            found, without = regression.influential(y, everything[used["number"]], "number")
            influence.append(found.assign(**key, number_without=without))
            every = list(dict.fromkeys(name for names in used.values() for name in names))
            pairs = [("none", name) for name in ways]
            gained = regression.gains(y, everything[every], used, pairs, areas, settings["bootstrap"]["draws"], seed)
            gains.append(gained.assign(**key).rename(columns={"larger": "index", "smaller_r2": "baseline_r2", "larger_r2": "r2"}))
    terms_ = pd.concat(coefficients, ignore_index=True)
    own = terms_["term"].isin([*held.columns, "number"])
    terms_ = terms_.join(regression.false_discoveries(terms_.loc[own, "p_cluster"], settings["level"]["false_discovery"]))
    first = ["outcome", "baseline", "index"]
    return Study(
        pd.DataFrame(models),
        terms_[[*first, *terms_.columns.drop(first)]],
        pd.concat(gains, ignore_index=True)[[*first, "baseline_r2", "r2", "gain", "low", "high"]],
        pd.concat(influence, ignore_index=True)[[*first[:2], "town_code", "cooks_distance", "leverage", "residual", "dfbeta", "number_without"]],
    )


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
