"""From areas to towns: who lives where, and how a number about areas reaches a town.

Everything rests on one table, the *joint* residents of an area and a town: how many people live in
both. A count reaches a town by the share of the area's residents who live in the town; a rate
reaches it as the mean over the town's residents.

Output areas of 2021 belong to towns by the list of the Office for National Statistics. The older
and larger areas reach towns through LSOAs of 2011, and an LSOA is divided between places by the
residents of its output areas: by codes and people, never by names. Where output areas were drawn
anew, the known totals of LSOAs and towns decide.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import geopandas as gpd
import numpy as np
import pandas as pd

from towns_index import paths, read

# Geographies whose areas are unions (or weighted parts) of LSOAs of 2011.
GEOGRAPHIES = (
    "oa21", "lsoa11", "msoa11", "msoa21", "lad18", "lad19", "lad20", "lad21",
    "county", "pcon10", "pcon24", "ward17", "ward24", "town",
)  # fmt: skip


@lru_cache(maxsize=1)
def output_areas() -> pd.DataFrame:
    """Output areas of 2021 that lie in a town.

    Returns
    -------
    pandas.DataFrame
        Columns ``area``, ``town_code``, ``residents`` (Census 2021). The 20 output areas that the
        list puts in two towns are divided equally between them.
    """
    members = read.table("oa21-bua11-onsvisual/oa21_to_town11_1186")
    members = members.rename(columns={"OA21CD": "area", "BUACD": "town_code"})
    places = members.groupby("area")["area"].transform("size")
    members["residents"] = members["area"].map(census_residents()) / places
    return members


@lru_cache(maxsize=1)
def census_residents() -> pd.Series:
    """Residents of every output area of England and Wales, Census 2021."""
    return read.table("census2021-oa21-onsvisual/oa21_population").set_index("areacd")["pop"]


@lru_cache(maxsize=1)
def lsoa_residents() -> pd.Series:
    """Residents of every LSOA of 2011 in mid-2019."""
    frame = read.table("pop-lsoa11-2019/population19_lsoa11")
    return frame.set_index("lsoa11_code")["total_population"].rename("residents")


def rake(prior: pd.DataFrame, rows: pd.Series, columns: pd.Series, steps: int = 200) -> pd.Series:
    """Amounts for pairs that agree with known row and column totals and stay close to a prior.

    Iterative proportional fitting (raking).

    Parameters
    ----------
    prior : pandas.DataFrame
        Columns ``row``, ``column``, ``weight`` (positive): the pairs that are possible at all.
    rows, columns : pandas.Series
        Wanted totals. Where the two cannot both be met, the rows are.
    steps : int
        Rounds of fitting.

    Returns
    -------
    pandas.Series
        Amount of each pair, in the order of `prior`.
    """
    amount = prior["weight"].to_numpy(float)
    row, row_names = pd.factorize(prior["row"])
    column, column_names = pd.factorize(prior["column"])
    row_total = rows.reindex(row_names).fillna(0).to_numpy(float)
    column_total = columns.reindex(column_names).fillna(0).to_numpy(float)
    for _ in range(steps):
        for index, wanted in ((column, column_total), (row, row_total)):
            held = np.bincount(index, amount, len(wanted))
            factor = np.divide(wanted, held, out=np.zeros_like(held), where=held > 0)
            amount = amount * factor[index]
    return pd.Series(amount, index=prior.index)


OUTSIDE = "outside"


def divide_lsoas(
    survivors: pd.DataFrame, totals: pd.Series, new_in_towns: pd.Series, near: pd.DataFrame
) -> pd.DataFrame:
    """Residents of each LSOA of 2011 by the town where they lived in 2021.

    Output areas that kept their code since 2011 have a known LSOA and a known town. The rest of an
    LSOA's residents live in output areas with new codes, whose town is known but not their LSOA:
    they are raked to both totals, starting from where the LSOA's other residents live and which
    towns are near.

    Parameters
    ----------
    survivors : pandas.DataFrame
        Columns ``lsoa11``, ``town_code`` (``"outside"`` for none), ``residents``: people in output
        areas that kept their code.
    totals : pandas.Series
        Residents of each LSOA in 2021.
    new_in_towns : pandas.Series
        Residents of each town who live in output areas with new codes.
    near : pandas.DataFrame
        Columns ``lsoa11``, ``town_code``: towns in or near which an LSOA's centre lies.

    Returns
    -------
    pandas.DataFrame
        ``lsoa11``, ``town_code``, ``share`` of the LSOA's residents (0 to 1) and ``placed``, the
        part of that share which was raked. What is outside every town is left out.
    """
    known = survivors.groupby(["lsoa11", "town_code"], as_index=False)["residents"].sum()
    rest = (totals - known.groupby("lsoa11")["residents"].sum().reindex(totals.index).fillna(0)).clip(lower=0)
    rest = rest[rest > 0.5]
    # A tenth of a share for every town near by and for the country around it: possible, not likely.
    possible = pd.concat([near.assign(weight=0.1), pd.DataFrame({"lsoa11": rest.index, "town_code": OUTSIDE, "weight": 0.1})])
    likely = known.assign(weight=known["residents"] / known.groupby("lsoa11")["residents"].transform("sum"))
    prior = pd.concat([possible, likely[["lsoa11", "town_code", "weight"]]])
    prior = prior[prior["lsoa11"].isin(rest.index)].groupby(["lsoa11", "town_code"], as_index=False)["weight"].sum()
    prior = prior.rename(columns={"lsoa11": "row", "town_code": "column"})
    wanted = pd.concat([new_in_towns, pd.Series({OUTSIDE: max(rest.sum() - new_in_towns.sum(), 0.0)})])
    prior["placed"] = rake(prior, rest, wanted)
    placed = prior.rename(columns={"row": "lsoa11", "column": "town_code"})[["lsoa11", "town_code", "placed"]]
    both = known.merge(placed, how="outer", on=["lsoa11", "town_code"]).fillna({"residents": 0.0, "placed": 0.0})
    people = both["residents"] + both["placed"]
    both["share"] = people / people.groupby(both["lsoa11"]).transform("sum")
    both["placed"] = both["share"] * both["placed"] / people.where(people > 0)
    inside = both[(both["town_code"] != OUTSIDE) & (both["share"] > 1e-6)]
    return inside[["lsoa11", "town_code", "share", "placed"]].reset_index(drop=True)


def _residents_2021() -> pd.Series:
    """Residents of every LSOA of 2011 at the census of 2021, from the LSOAs of 2021."""
    frame = _lsoa21()
    # An LSOA of 2021 that joins several of 2011 is divided by their residents of mid-2019.
    people = frame["lsoa11_code"].map(lsoa_residents()) * frame["share"]
    part = people / people.groupby(frame["lsoa21_code"]).transform("sum")
    return (frame["residents"] * part).groupby(frame["lsoa11_code"]).sum()


def majority(shares: pd.DataFrame) -> pd.DataFrame:
    """Every LSOA wholly to the place that holds most of its residents (best fit); `shares` as from :func:`lsoa_shares`."""
    outside = 1 - shares.groupby("lsoa11")["share"].transform("sum")
    largest = shares.groupby("lsoa11")["share"].transform("max")
    kept = shares[(shares["share"] == largest) & (shares["share"] >= outside)].drop_duplicates("lsoa11")
    return kept.assign(share=1.0).reset_index(drop=True)


@contextmanager
def whole_lsoas() -> Iterator[None]:
    """Within, LSOAs are not divided but given wholly to a place, by :func:`majority`."""
    divided = lsoa_shares()
    joint.cache_clear()
    _given.append(majority(divided))
    try:
        yield
    finally:
        _given.clear()
        joint.cache_clear()


_given: list[pd.DataFrame] = []


def lsoa_shares() -> pd.DataFrame:
    """Share of each LSOA's residents who live in each town: ``lsoa11``, ``town_code``, ``share``, ``placed``.

    As :func:`divide_lsoas`, from the real files, unless within :func:`whole_lsoas`.
    """
    return _given[0] if _given else _divided()


@lru_cache(maxsize=1)
def _divided() -> pd.DataFrame:
    """Shares by the real files; near is within 2 km of a town's outline."""
    parents = read.table("census2011-ethnicity-lsoa11/ethnicities").set_index("OA")["LSOA"]
    areas = pd.DataFrame({"area": census_residents().index, "people": census_residents().to_numpy()})
    areas["lsoa11"] = areas["area"].map(parents)
    in_towns = output_areas().assign(lsoa11=lambda frame: frame["area"].map(parents))
    placed_in_towns = in_towns.groupby("area")["residents"].sum()
    areas["residents"] = areas["people"] - areas["area"].map(placed_in_towns).fillna(0)
    outside = areas[areas["residents"] > 0].assign(town_code=OUTSIDE)
    columns = ["lsoa11", "town_code", "residents"]
    survivors = pd.concat([in_towns[columns], outside[columns]]).dropna(subset=["lsoa11"])
    new = in_towns[in_towns["lsoa11"].isna()].groupby("town_code")["residents"].sum()
    reach = lsoa_centres().assign(geometry=lsoa_centres().buffer(2000))
    near = gpd.sjoin(reach, outlines()[["town_code", "geometry"]], predicate="intersects")
    near = pd.DataFrame({"lsoa11": near.index, "town_code": near["town_code"].to_numpy()})
    return divide_lsoas(survivors, _residents_2021(), new, near)


@lru_cache(maxsize=1)
def lsoa_centres() -> gpd.GeoDataFrame:
    """Population-weighted centre of every LSOA of 2011 (British National Grid, metres)."""
    frame = read.table("lsoa11-pwc/lsoa11_pwc").set_index("lsoa11cd")
    return gpd.GeoDataFrame(
        index=frame.index, geometry=gpd.points_from_xy(frame["X"], frame["Y"]), crs="EPSG:27700"
    )


@lru_cache(maxsize=1)
def outlines() -> gpd.GeoDataFrame:
    """Outline of every town (British National Grid, metres)."""
    features = read.geojson("oa21-bua11-onsvisual/towns1186_polygons_simplified")["features"]
    frame = gpd.GeoDataFrame.from_features(features, crs="EPSG:4326")
    frame = frame.rename(columns={"TOWN11CD": "town_code"})[["town_code", "geometry"]]
    frame = frame.to_crs("EPSG:27700").set_geometry(frame.to_crs("EPSG:27700").make_valid())
    return frame.sort_values("town_code", ignore_index=True)


@lru_cache(maxsize=None)
def areas(geography: str) -> pd.Index:
    """Codes of every area of a geography in England and Wales, in towns or not."""
    if geography == "oa21":
        return census_residents().index
    if geography == "town":
        return pd.Index(output_areas()["town_code"].unique())
    return pd.Index(link(geography)["area"].unique())


@lru_cache(maxsize=None)
def link(geography: str) -> pd.DataFrame:
    """Which area of a geography each LSOA of 2011 lies in.

    Parameters
    ----------
    geography : str
        One of :data:`GEOGRAPHIES` other than ``oa21`` and ``town``.

    Returns
    -------
    pandas.DataFrame
        Columns ``lsoa11``, ``area``, ``share`` (share of the LSOA's residents, 0 to 1).
    """
    frame = _LINKS[geography]()
    frame.columns = ["lsoa11", "area", *frame.columns[2:]]
    if "share" not in frame:
        frame["share"] = 1.0
    return frame.dropna(subset=["area"])


def _same() -> pd.DataFrame:
    codes = lsoa_residents().index
    return pd.DataFrame({"lsoa11": codes, "area": codes})


def _in_england_or_wales(codes: pd.Series) -> pd.Series:
    return codes.str.startswith(("E", "W"))


def _lookup(file_id: str, column: str):
    def columns() -> pd.DataFrame:
        frame = read.table(file_id)[["lsoa11_code", column]]
        return frame[_in_england_or_wales(frame["lsoa11_code"])].drop_duplicates()

    return columns


def _lad18() -> pd.DataFrame:
    # The lookup of 2018 is for England only; Welsh codes did not change between 2018 and 2019.
    england = _lookup("geographr/lookup_lsoa11_ltla18", "ltla18_code")()
    wales = _lookup("geographr/lookup_lsoa11_ltla19", "ltla19_code")()
    wales = wales[wales["lsoa11_code"].str.startswith("W")]
    return pd.concat([england, wales.set_axis(england.columns, axis=1)], ignore_index=True)


def _county() -> pd.DataFrame:
    districts = pd.read_csv(paths.FACTS / "county_districts.csv").set_index("lad18_code")["county_code"]
    frame = link("lad18")[["lsoa11", "area"]]
    return frame.assign(area=frame["area"].map(districts).fillna(frame["area"]))


@lru_cache(maxsize=1)
def _lsoa21() -> pd.DataFrame:
    # An LSOA of 2011 that was divided is spread over its parts by their residents in 2021.
    frame = read.table("geographr/lookup_lsoa11_lsoa21_ltla22")[["lsoa11_code", "lsoa21_code", "lsoa21_name"]]
    counts = read.table("census2021-ethnicity-lsoa21/TS021_ethnic_group_lsoa11")
    residents = pd.to_numeric(counts.set_index("mnemonic")["Total: All usual residents"], errors="coerce")
    frame = frame.assign(residents=frame["lsoa21_code"].map(residents))
    parts = frame.groupby("lsoa11_code")["residents"].transform("sum")
    return frame.assign(share=frame["residents"] / parts)


def _msoa21() -> pd.DataFrame:
    # The name of an LSOA is the name of its MSOA and one letter.
    names = read.table("census2021-ethnicity-msoa21/census2021-ts021-msoa")
    codes = names.set_index("geography")["geography code"]
    frame = _lsoa21().assign(area=lambda parts: parts["lsoa21_name"].str[:-1].map(codes))
    return frame.groupby(["lsoa11_code", "area"], as_index=False)["share"].sum()


def _ward24() -> pd.DataFrame:
    wards = read.table("geographr/lookup_lsoa21_ward24_ltla24").set_index("lsoa21_code")["ward24_code"]
    frame = _lsoa21().assign(area=lambda parts: parts["lsoa21_code"].map(wards))
    return frame.groupby(["lsoa11_code", "area"], as_index=False)["share"].sum()


def _pcon10() -> pd.DataFrame:
    # Shares of an LSOA's postcodes stand for shares of its residents.
    frame = read.table("mysociety-imd/pcon_lsoa")
    frame = frame[_in_england_or_wales(frame["lsoa11"])]
    share = frame["pcds"] / frame.groupby("lsoa11")["pcds"].transform("sum")
    return pd.DataFrame({"lsoa11": frame["lsoa11"], "area": frame["pcon"], "share": share})


def _pcon24() -> pd.DataFrame:
    frame = read.table("mysociety-overlaps/LSOA11_PARL25_combo_overlap")
    frame = frame[_in_england_or_wales(frame["LSOA11"]) & (frame["overlap_pop"] > 0)]
    # Where the overlaps leave residents out, the seats found share the LSOA in proportion.
    people = frame["overlap_pop"]
    share = people / people.groupby(frame["LSOA11"]).transform("sum")
    return pd.DataFrame({"lsoa11": frame["LSOA11"], "area": frame["PARL25"].map(_seat_codes()), "share": share})


def _seat_codes() -> pd.Series:
    # The overlap file names seats by three letters; the Office for National Statistics by nine characters.
    seats = pd.read_csv(paths.FACTS / "seat_codes.csv")
    return seats.set_index("UKPARL.2025." + seats["seat_code"])["pcon24_code"]


_LINKS = {
    "lsoa11": _same,
    "msoa11": _lookup("geographr/lookup_lsoa11_msoa11", "msoa11_code"),
    "msoa21": _msoa21,
    "lad18": _lad18,
    "lad19": _lookup("geographr/lookup_lsoa11_ltla19", "ltla19_code"),
    "lad20": _lookup("geographr/lookup_lsoa11_ltla20", "ltla20_code"),
    "lad21": _lookup("geographr/lookup_lsoa11_ltla21", "ltla21_code"),
    "county": _county,
    "pcon10": _pcon10,
    "pcon24": _pcon24,
    "ward17": _lookup("geographr/lookup_lsoa11_ward17", "ward17_code"),
    "ward24": _ward24,
}


@lru_cache(maxsize=None)
def joint(geography: str) -> pd.DataFrame:
    """Residents whom each area of a geography shares with each town.

    Parameters
    ----------
    geography : str
        One of :data:`GEOGRAPHIES`.

    Returns
    -------
    pandas.DataFrame
        Columns ``area``, ``town_code``, ``residents`` (people in both) and ``area_residents``
        (people in the area, in towns or not). Residents are of mid-2019, of 2021 for ``oa21``.
    """
    if geography == "oa21":
        return output_areas().assign(area_residents=lambda f: f["area"].map(census_residents()))
    links = link(geography).assign(
        people=lambda frame: frame["lsoa11"].map(lsoa_residents()) * frame["share"]
    )
    totals = links.groupby("area")["people"].sum()
    pairs = links.merge(lsoa_shares().rename(columns={"share": "town_share"}), on="lsoa11")
    pairs["residents"] = pairs["people"] * pairs["town_share"]
    pairs = pairs.groupby(["area", "town_code"], as_index=False)["residents"].sum()
    pairs["area_residents"] = pairs["area"].map(totals)
    return pairs[pairs["residents"] > 0].reset_index(drop=True)


def add_up(counts: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Counts of areas added up to towns.

    Parameters
    ----------
    counts : pandas.DataFrame
        Counts indexed by area, one column each.
    pairs : pandas.DataFrame
        As from :func:`joint`.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``town_code``. A town takes the share of an area's count that its residents are
        of the area's. An area without a value adds nothing; a town none of whose areas has one has
        none.
    """
    share = pairs["residents"] / pairs["area_residents"]
    values = counts.reindex(pairs["area"].to_numpy()).mul(share.to_numpy(), axis=0)
    return values.groupby(pairs["town_code"].to_numpy()).sum(min_count=1).rename_axis("town_code")


def average(rates: pd.DataFrame, pairs: pd.DataFrame, weights: pd.DataFrame | None = None) -> pd.DataFrame:
    """Rates of areas averaged over the residents of each town.

    Parameters
    ----------
    rates : pandas.DataFrame
        Rates indexed by area, one column each; empty where unknown.
    pairs : pandas.DataFrame
        As from :func:`joint`.
    weights : pandas.DataFrame, optional
        Base of each rate by area (people aged 60 and over, households …), same columns as `rates`.
        Without it every resident counts once.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``town_code``. Areas without a value are left out of the mean; a town less than half of which lies
        in areas with one has none, for the rest of it is not known.
    """
    towns = pairs["town_code"].to_numpy()
    values = rates.reindex(pairs["area"].to_numpy()).set_axis(range(len(pairs)))
    weight = pd.DataFrame(1.0, index=values.index, columns=values.columns)
    if weights is None:
        weight = weight.mul(pairs["residents"].to_numpy(), axis=0)
    else:
        share = (pairs["residents"] / pairs["area_residents"]).to_numpy()
        weight = weights.reindex(pairs["area"].to_numpy()).set_axis(values.index).mul(share, axis=0)
    known = weight.where(values.notna())
    total, held = (values * known).groupby(towns).sum(min_count=1), known.groupby(towns).sum()
    return (total / held).where(held >= 0.5 * weight.groupby(towns).sum()).rename_axis("town_code")
