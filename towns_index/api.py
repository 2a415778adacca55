"""For researchers: the published tables as data frames, the rules on any table of areas, towns that resemble a town.

>>> from towns_index import api
>>> api.load("memberships")
>>> api.similar("Blackpool")
"""

from pathlib import Path

import pandas as pd

from towns_index import clusters, groups, indicators, paths, store
from towns_index import similar as likeness
from towns_index.why import names


class NoTable(LookupError):
    """There is no table by that name; the nearest one is named."""


def tables() -> pd.DataFrame:
    """The published tables: ``title``, ``key`` and ``licence``, indexed by name."""
    return pd.DataFrame(store.outputs()).T[["title", "key", "licence"]].rename_axis("table")


def load(name: str) -> pd.DataFrame:
    """A published table.

    Parameters
    ----------
    name : str
        As in :func:`tables`. Only an empty cell is missing.

    Raises
    ------
    NoTable
        If there is no such table.
    """
    if name not in store.outputs():
        raise NoTable(f"there is no table {name!r}{clusters.nearest(name, list(store.outputs()))}; api.tables() lists them")
    return store.read(name)


def dictionary(name: str | None = None) -> pd.DataFrame:
    """Label, unit, denominator, level, vintage, source, licence and evidence of every column, or of those of one table."""
    explained = store.read("dictionary")
    if name is None:
        return explained
    load(name)
    return explained[explained["file"] == f"{name}.csv"].drop(columns="file").set_index("column")


def evaluate(
    areas: pd.DataFrame, clusters_file: str | Path | None = None, criteria_file: str | Path | None = None, average: str = "mean"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rules on any table of areas: wards, districts, towns of another country.

    Parameters
    ----------
    areas : pandas.DataFrame
        Indexed by area. One column for each indicator that the criteria name; one that is missing makes its criteria
        "not assessed". ``nation`` and ``region`` are needed only by criteria that compare within them.
    clusters_file, criteria_file : path, optional
        Files like ``definitions/clusters.csv`` and ``definitions/criteria.csv``; those themselves if not given.
    average : {"mean", "median"}
        What "above average" is measured against.

    Returns
    -------
    judged : pandas.DataFrame
        Every criterion for every area, as the table ``criteria``.
    members : pandas.DataFrame
        Every cluster for every area, as the table ``memberships``.

    Raises
    ------
    ValueError
        Naming every mistake in the two files.
    """
    if average not in ("mean", "median"):
        raise ValueError(f"average is {average!r}; it must be mean or median")
    if areas.index.has_duplicates:
        raise ValueError(f"areas must be listed once; {areas.index[areas.index.duplicated()][0]} is there more than once")
    letters = pd.read_csv(clusters_file or paths.DEFINITIONS / "clusters.csv", keep_default_na=False)
    lines = pd.read_csv(criteria_file or paths.DEFINITIONS / "criteria.csv", keep_default_na=False, dtype={"criterion": str})
    known = [*areas.columns, *indicators.definitions()["indicator"]]
    clusters.require(letters, lines, known)
    lines = clusters.in_force(lines, {"deprivation_fourth": "covid"})
    places = areas.reindex(columns=["nation", "region"]).fillna("all")
    judged = clusters.evaluate(lines, areas.drop(columns=["nation", "region"], errors="ignore"), places, average)
    return judged, clusters.memberships(judged, letters, lines)


def similar(name: str, count: int = 10) -> pd.DataFrame:
    """The towns that resemble a town most, on the standardised indicators of the groups, and why.

    Parameters
    ----------
    name : str
        Of a town of the index, in English or Welsh; or its code.
    count : int
        How many towns.

    Returns
    -------
    pandas.DataFrame
        As from :func:`towns_index.similar.towns`, with ``town_name``.

    Raises
    ------
    towns_index.why.names.Unclear
        If there is no such town, or if there are several: with the nearest names.
    """
    listed = store.read("towns").query("in_index").set_index("town_code")
    inside = listed.index
    code = names.town(name, listed)
    values = store.read("indicators").set_index("town_code").loc[inside, groups.columns(indicators.definitions())]
    found = likeness.towns(code, groups.standardise(values)[0], count)
    found.insert(0, "town_name", listed["town_name"].reindex(found.index))
    return found

