"""What is tested: the numbers of every town, by name."""

import numpy as np
import pandas as pd


def of_towns(index: pd.DataFrame, indicators: pd.DataFrame, held: pd.DataFrame, near: pd.DataFrame, without: list[str]) -> pd.DataFrame:
    """Indicators of the towns, with what ``space.toml`` may name beside them.

    Parameters
    ----------
    index : pandas.DataFrame
        Towns of the index, by code.
    indicators : pandas.DataFrame
        Indicators by code.
    held : pandas.DataFrame
        Flags by code and cluster (as from ``overlap.flags``).
    near : pandas.DataFrame
        As from ``halo.nearest_city``.
    without : list of str
        Clusters left out of ``characteristics_without``.

    Returns
    -------
    pandas.DataFrame
        By code: the indicators, ``characteristics``, ``characteristics_without``, ``log_residents``, ``city_km``,
        ``near_london`` and ``wales``.
    """
    return indicators.loc[index.index].astype("float64").assign(
        characteristics=held.sum(axis=1),
        characteristics_without=held.drop(columns=without).sum(axis=1),
        log_residents=np.log(index["population_2019"].astype(float)),
        city_km=near["city_km"],
        near_london=(near["city"] == "London").astype(float),
        wales=(index["nation"] == "Wales").astype(float),
    )  # fmt: skip


def tested(members: pd.DataFrame, held: pd.DataFrame, full: pd.DataFrame, residuals: dict[str, pd.Series]) -> tuple[pd.DataFrame, pd.Series]:
    """Every variable whose likeness among neighbours is tested, and what kind it is.

    Parameters
    ----------
    members : pandas.DataFrame
        As ``memberships.csv``.
    held, full : pandas.DataFrame
        Flags (full or partial; full alone) by town and cluster; a cluster without any assessed town is left out.
    residuals : dict of pandas.Series
        By model.

    Returns
    -------
    tuple of DataFrame and Series
        Towns by variables, and the kind by variable: ``count`` (characteristics had), ``criteria`` (criteria met of
        those assessed), ``flag`` (full or partial), ``residual``. Names of clusters are ``criteria A``, ``flag A`` …
    """
    open_ = held.dropna(axis=1, how="all").columns
    met, assessed = (
        members.pivot(index="town_code", columns="cluster", values=name).reindex(held.index)[open_].astype(float)
        for name in ("criteria_met", "criteria_assessed")
    )
    parts = {
        "count": pd.DataFrame({"full or partial": held.sum(axis=1), "full": full.sum(axis=1)}),
        "criteria": (met / assessed).where(held[open_].notna()).add_prefix("criteria "),
        "flag": held[open_].add_prefix("flag "),
        "residual": pd.DataFrame(residuals),
    }
    kinds = pd.Series({name: kind for kind, frame in parts.items() for name in frame})
    return pd.concat(parts.values(), axis=1), kinds
