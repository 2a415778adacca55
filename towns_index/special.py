"""Measures that need more than adding up or averaging areas.

Points inside and near a town, people living around it, a cohort projection, deaths expected from
the ages of residents. Each is one pure function; :func:`measure` finds it by the name that stands
in ``definitions/measures.csv``.
"""

from functools import lru_cache

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.optimize import nnls
from scipy.spatial import cKDTree

from towns_index import elections, geography, measures, paths, read

NEARBY_KM = 15


def measure(table: str, lines: pd.DataFrame) -> pd.DataFrame:
    """Town values of measures whose aggregate is ``function``; `value` names the function."""
    return pd.DataFrame({row.measure: _FUNCTIONS[row.value](table) for row in lines.itertuples()})


@lru_cache(maxsize=None)
def points(table: str) -> gpd.GeoDataFrame:
    """Points of a table whose geography is ``point`` (British National Grid, metres)."""
    entry = measures.tables()[table]
    frame = measures.keep_rows(read.table(entry["file"]), entry.get("where", {}))
    if "listed_in" in entry:
        listed = entry["listed_in"]
        codes = pd.read_csv(paths.FACTS / listed["facts"])[listed["key"]]
        missing = sorted(set(codes) - set(frame[listed["column"]]))
        if missing:
            raise measures.BadDefinition(
                f"definitions/facts/{listed['facts']} lists {', '.join(missing)}, "
                f"which {entry['file']} does not have."
            )
        frame = frame[frame[listed["column"]].isin(codes)]
    longitude, latitude = (pd.to_numeric(frame[name], errors="coerce") for name in entry["at"])
    placed = gpd.GeoDataFrame(geometry=gpd.points_from_xy(longitude, latitude), crs="EPSG:4326")
    return placed[longitude.notna().to_numpy()].to_crs("EPSG:27700")


def inside(table: str) -> pd.Series:
    """Number of points inside each town's outline."""
    outlines = geography.outlines()[["town_code", "geometry"]]
    found = gpd.sjoin(points(table), outlines, predicate="within")
    return found.groupby("town_code").size().reindex(outlines["town_code"], fill_value=0).astype(float)


def nearest_km(table: str) -> pd.Series:
    """Mean over residents of the straight-line distance (km) from their LSOA's centre to a point."""
    places = points(table).geometry
    centres = geography.lsoa_centres().geometry
    tree = cKDTree(np.column_stack([places.x, places.y]))
    distance, _ = tree.query(np.column_stack([centres.x, centres.y]))
    rates = pd.DataFrame({"km": distance / 1000}, index=centres.index)
    return geography.average(rates, geography.joint("lsoa11"))["km"]


def town_centres() -> pd.DataFrame:
    """Mean position of each town's residents: columns ``x``, ``y`` (metres, British National Grid)."""
    centres = geography.lsoa_centres().geometry
    xy = pd.DataFrame({"x": centres.x, "y": centres.y})
    return geography.average(xy, geography.joint("lsoa11"))


def nearby(rates: pd.DataFrame, weights: pd.DataFrame, km: float = NEARBY_KM) -> pd.DataFrame:
    """Mean of LSOA rates over the people who live around a town but not in it.

    Parameters
    ----------
    rates, weights : pandas.DataFrame
        Rate and base of each LSOA of 2011, same columns.
    km : float
        How far from the mean position of the town's residents an LSOA's centre may lie.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``town_code``; empty where nobody lives around the town.
    """
    centres = geography.lsoa_centres().geometry
    towns = town_centres()
    tree = cKDTree(np.column_stack([centres.x, centres.y]))
    found = tree.query_ball_point(towns.to_numpy(), km * 1000)
    pairs = pd.DataFrame(
        {
            "town_code": np.repeat(towns.index, [len(areas) for areas in found]),
            "lsoa11": centres.index[np.concatenate(found).astype(int)],
        }
    ).merge(geography.lsoa_shares(), how="left")
    outside = 1 - pairs["share"].fillna(0).to_numpy()
    people = weights.reindex(pairs["lsoa11"]).to_numpy() * outside[:, None]
    values = pd.DataFrame(rates.reindex(pairs["lsoa11"]).to_numpy() * people, columns=rates.columns)
    people = pd.DataFrame(people, columns=rates.columns)
    codes = pairs["town_code"].to_numpy()
    totals = people.groupby(codes).sum()
    return (values.groupby(codes).sum() / totals.where(totals > 0)).rename_axis("town_code")


def hamilton_perry(before: pd.DataFrame, after: pd.DataFrame, steps: int) -> pd.Series:
    """Cohort-change projection of a population in age groups as wide as the step between two dates.

    Parameters
    ----------
    before, after : pandas.DataFrame
        People by age group (columns, youngest first, the last one open-ended) and place (rows) at
        two dates one group-width apart.
    steps : int
        How many further steps of the same width.

    Returns
    -------
    pandas.Series
        Total people after the last step, by place.

    References
    ----------
    Hamilton, C. H. and Perry, J. (1962), A short method for projecting population by age from one
    decennial census to another, Social Forces 41.
    """
    old, new = before.to_numpy(float), after.to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.nan_to_num(new[:, 1:-1] / old[:, :-2], nan=1.0, posinf=1.0)
        change_oldest = np.nan_to_num(new[:, -1] / old[:, -2:].sum(axis=1), nan=1.0, posinf=1.0)
        parents = slice(7, 15)  # ages 21 to 44 when groups are three years wide
        births = np.nan_to_num(new[:, 0] / new[:, parents].sum(axis=1))
    people = new
    for _ in range(steps):
        ahead = np.empty_like(people)
        ahead[:, 1:-1] = people[:, :-2] * change
        ahead[:, -1] = people[:, -2:].sum(axis=1) * change_oldest
        ahead[:, 0] = births * ahead[:, parents].sum(axis=1)
        people = ahead
    return pd.Series(people.sum(axis=1), index=before.index)


def age_groups(table: str, width: int = 3) -> pd.DataFrame:
    """Residents of each town in age groups of `width` years up to 87, and 87 and over."""
    frame = measures.area_table(table)
    ages = [str(age) for age in range(90)] + ["90+"]
    single = geography.add_up(frame[ages].astype(float), geography.joint("lsoa11"))
    groups = {f: single[ages[f : f + width]].sum(axis=1) for f in range(0, 87, width)}
    groups[87] = single[ages[87:]].sum(axis=1)
    return pd.DataFrame(groups)


def project_2029(table: str) -> pd.Series:
    """Residents of each town in mid-2029, three steps on from mid-2020."""
    return hamilton_perry(age_groups(table), age_groups("ages_2020"), steps=3)


def expected_deaths(table: str) -> pd.Series:
    """Deaths expected in each town if its residents died at the rates of all residents of their age.

    The bundle has deaths by MSOA but not by age, so the rates of three age groups (under 65, 65 to
    79, 80 and over) are the non-negative ones that best reproduce the deaths of all MSOAs.
    """
    ages = measures.area_table("ages_2019")
    parent = geography.link("msoa11").set_index("lsoa11")["area"]
    groups = pd.DataFrame(
        {
            "young": ages.loc[:, "0":"64"].sum(axis=1),
            "old": ages.loc[:, "65":"79"].sum(axis=1),
            "very old": ages.loc[:, "80":"90+"].sum(axis=1),
        }
    )
    people = groups.groupby(ages.index.map(parent)).sum()
    deaths = pd.to_numeric(measures.area_table(table)["DeathsCOVID19"]).reindex(people.index)
    rates, _ = nnls(people.to_numpy(float), deaths.to_numpy(float))
    expected = (people * rates).sum(axis=1)
    expected *= deaths.sum() / expected.sum()
    return geography.add_up(expected.to_frame("expected"), geography.joint("msoa11"))["expected"]


@lru_cache(maxsize=1)
def within_towns(table: str) -> pd.DataFrame:
    """Deviations of a town's neighbourhoods (LSOAs of 2011) from the town, squared, multiplied and added up.

    Of two shares, in percent: residents who are not White British, and residents in bad or very bad health (`table`).
    A neighbourhood counts by its residents in the town.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``town_code``: ``one`` and ``other`` (sums of squares of the two), ``both`` (of their products).
    """
    origin, health = (measures.area_table(name).astype(float) for name in ("qs201ew", table))
    areas = pd.DataFrame(
        {
            "one": 100 - 100 * origin["QS201EW001"] / origin["total"],
            "other": 100 * (health["QS302EW004"] + health["QS302EW005"]) / health["total"],
            "people": origin["total"],
        }
    )
    parts = geography.lsoa_shares().merge(areas, left_on="lsoa11", right_index=True)
    return deviations(parts["town_code"], parts["one"], parts["other"], parts["people"] * parts["share"])


def deviations(towns: pd.Series, one: pd.Series, other: pd.Series, weight: pd.Series) -> pd.DataFrame:
    """Weighted sums of squares and of products of two values, around the mean of each town."""
    mean = pd.DataFrame({"one": one * weight, "other": other * weight, "weight": weight}).groupby(towns).transform("sum")
    a, b = one - mean["one"] / mean["weight"], other - mean["other"] / mean["weight"]
    return pd.DataFrame({"one": weight * a**2, "other": weight * b**2, "both": weight * a * b}).groupby(towns).sum()


_FUNCTIONS = {
    "inside": inside,
    "nearest_km": nearest_km,
    "hamilton_perry": project_2029,
    "expected_deaths": expected_deaths,
    "within_not_white_british": lambda table: within_towns(table)["one"],
    "within_bad_health": lambda table: within_towns(table)["other"],
    "within_both": lambda table: within_towns(table)["both"],
    "ward_contests": lambda table: elections.to_towns()["contests"],
    "ward_votes": lambda table: elections.to_towns()["all"],
    "ward_votes_ukip": lambda table: elections.to_towns()["ukip"],
    "ward_votes_far_right": lambda table: elections.to_towns()["far_right"],
}
