"""The town list and the hand-entered facts: spelling, citations, keys, limits and shapes."""

import json

import geopandas as gpd
import pandas as pd
import pytest
from bundle import SNAPSHOT, committed
from shapely.geometry import MultiPolygon, Polygon, box, shape

from towns_index import paths, towns

FACTS = sorted(path.stem for path in paths.FACTS.glob("*.csv"))
# What identifies a row; a town may have several clubs, bases or universities.
KEYS = {
    "abnormal_elections": ["pcon10_code", "election"],
    "area_code_changes": ["old_code"],
    "barracks": ["town_code", "site"],
    "cities": ["town_code"],
    "coastal_wales": ["town_code"],
    "county_districts": ["lad18_code"],
    "county_towns": ["town_code", "county"],
    "english_names": ["town_code"],
    "football_clubs": ["town_code", "club"],  # a club may stand between two towns
    "known_members": ["cluster", "town_name_published"],
    "large_cities": ["city"],
    "major_stations": ["crs"],
    "market_towns_england": ["town_code"],
    "market_towns_wales": ["town_code"],
    "new_towns": ["town_code"],
    "not_on_list": ["name", "fact"],
    "parties": ["party_short"],
    "seat_codes": ["seat_code"],
    "soc2010_qs606_cells": ["qs606_cell"],
    "universities": ["town_code", "university"],
    "welsh_names": ["town_code"],
}


@pytest.fixture(scope="module")
def listed() -> pd.DataFrame:
    return committed("towns")


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_has_a_citation_and_a_key_of_its_own(name):
    facts = towns.fact(name)
    assert len(facts)
    assert (facts["citation"].str.len() > 15).all()
    assert name in KEYS, f"say in this test what identifies a row of {name}.csv"
    assert (facts[KEYS[name][0]] != "").all()
    assert not facts.duplicated(KEYS[name]).any()


@pytest.mark.parametrize("name", [name for name in FACTS if "town_name" in towns.fact(name)])
def test_towns_of_facts_are_spelt_as_on_the_list(name, listed):
    assert towns.misnamed(towns.fact(name), listed) == []


def test_named_members_are_towns_of_the_list_or_have_no_code(listed):
    members = towns.fact("known_members")
    coded = members[members["town_code"] != ""]
    assert set(coded["town_code"]) <= set(listed["town_code"])
    names = listed.set_index("town_code")["town_name"]
    for row in coded.itertuples():
        assert names[row.town_code].startswith(row.town_name_published.split(" (")[0]), row
    assert set(members["cluster"]) <= set("ABCDEFGHILMN")  # J and K were not retrieved
    assert members.loc[members["town_code"] == "", "town_name_published"].tolist() == ["Dartford"]


def test_a_wrong_code_and_a_wrong_spelling_are_told():
    facts = pd.DataFrame(
        {"town_code": ["E1", "E2", "E9", ""], "town_name": ["Ely", "Rippon", "Nowhere", "Not on the list"]}
    )
    known = pd.DataFrame({"town_code": ["E1", "E2"], "town_name": ["Ely", "Ripon"]})
    assert towns.misnamed(facts, known) == ["E2 is 'Ripon', not 'Rippon'", "E9 (Nowhere) is not on the town list"]


def test_both_population_limits_are_included():
    frame = pd.DataFrame({"town_code": list("abcd"), "population_2019": [4999, 5000, 9000, 9001], "in_index": False})
    chosen = towns.select(frame, 5000, 9000)
    assert chosen["in_index"].tolist() == [False, True, True, False]
    assert len(chosen) == 4
    assert towns.in_index(chosen).index.tolist() == ["b", "c"]
    assert towns.select(chosen, 0, 10**6)["in_index"].all()  # a second choice replaces the first


def test_the_committed_list_has_862_of_1186_towns(listed):
    assert len(listed) == listed["town_code"].nunique() == 1_186
    assert listed["in_index"].sum() == 862
    for floor in (8_826, 8_830, 8_837):
        assert towns.select(listed, floor, 300_000)["in_index"].sum() == 862
    assert towns.select(listed, 8_838, 300_000)["in_index"].sum() < 862 < towns.select(listed, 8_825, 300_000)["in_index"].sum()
    assert towns.select(listed, 0, 300_000)["in_index"].sum() == 1_186


def test_every_town_has_its_attributes(listed):
    assert set(listed["nation"]) == {"England", "Wales"}
    assert ((listed["region"] == "Wales") == (listed["nation"] == "Wales")).all()
    assert listed["region"].nunique() == 9  # eight regions of England without London, and Wales
    assert set(listed["size_class"]) == {"small", "medium", "large"}
    # The publisher's classes rest on an older population: they overlap a little in 2019.
    middle = listed.groupby("size_class")["population_2019"].median()
    assert middle["small"] < 20_000 < middle["medium"] < 75_000 < middle["large"]
    assert listed["longitude"].between(-5.8, 1.8).all() and listed["latitude"].between(49.9, 55.9).all()
    assert listed[["split_share", "raked_share"]].apply(lambda column: column.between(0, 1 + 1e-9)).all(axis=None)
    assert (listed["welsh_name"].notna() <= (listed["nation"] == "Wales")).all()


def test_places_known_to_be_coastal_or_not_are(listed):
    coastal = listed.set_index("town_name")["coastal"]
    for name in ("Blackpool", "Great Yarmouth", "Mablethorpe", "Aberystwyth", "Dover"):
        assert coastal[name], name
    for name in ("Wolverhampton", "Merthyr Tydfil", "Corby", "Wrexham"):
        assert not coastal[name], name
    midlands = listed[listed["region"] == "West Midlands"]
    assert not midlands["coastal"].any()


def test_flags_are_those_of_the_fact_files(listed):
    by_code = listed.set_index("town_code")
    for flag, name in {"city": "cities", "university": "universities", "football_club": "football_clubs"}.items():
        codes = set(towns.fact(name)["town_code"]) - {""}
        assert set(by_code.index[by_code[flag]]) == codes, flag
    historic = towns.fact("county_towns").query("kind == 'historic'")
    assert set(by_code.index[by_code["county_town"]]) == set(historic["town_code"])
    # The Welsh market towns are those with a citation: silence is unknown, not "no".
    wales, england = by_code[by_code["nation"] == "Wales"], by_code[by_code["nation"] == "England"]
    assert set(wales["market_town"].dropna()) == {True}
    assert wales["market_town"].isna().any()
    assert england["market_town"].notna().all()


def test_silence_of_a_list_is_no_or_unknown(monkeypatch):
    england = towns.fact("market_towns_england")["town_code"].iloc[0]
    wales = towns.fact("market_towns_wales")["town_code"].iloc[0]
    frame = pd.DataFrame({"nation": ["England", "England", "Wales", "Wales"]}, index=[england, "E9", wales, "W9"])
    flags = towns._flag("market_town", frame)
    assert flags.tolist()[:3] == [True, False, True] and pd.isna(flags["W9"])  # the Welsh list is not complete
    coast = towns.fact("coastal_wales").set_index("town_code")["coastal"].astype(str).str.lower()
    by_sea = coast.index[coast == "true"][0]
    listed = pd.DataFrame({"COASTAL": ["Coastal", "Non-coastal"]}, index=["E1", "E2"])
    monkeypatch.setattr(towns, "_ons_england", lambda: listed)
    frame = pd.DataFrame({"nation": ["England", "England", "Wales", "Wales"]}, index=["E1", "E2", by_sea, "W9"])
    assert towns._coastal(frame).tolist() == [True, False, True, False]


def test_a_town_is_put_where_most_of_its_residents_live(monkeypatch):
    pairs = pd.DataFrame(
        {"area": ["E1", "E2", "W1"], "town_code": ["T", "T", "U"], "residents": [10.0, 90.0, 5.0], "area_residents": 100.0}
    )
    answers = {
        "lookup_lsoa11_ltla21": {"ltla21_code": ["E1", "E2", "W1"], "ltla21_name": ["One", "Two", "Tri"]},
        "lookup_ltla21_region21": {"ltla21_code": ["E1", "E2"], "region21_name": ["North", "South"]},
    }
    monkeypatch.setattr(towns.geography, "joint", lambda kind: pairs)
    monkeypatch.setattr(towns.read, "table", lambda file_id: pd.DataFrame(answers[file_id.split("/")[1]]))
    places = towns._places()
    assert places.loc["T"].to_dict() == {"local_authority": "Two", "region": "South", "nation": "England"}
    assert places.loc["U"].to_dict() == {"local_authority": "Tri", "region": "Wales", "nation": "Wales"}


def test_a_name_that_stands_for_several_places_is_matched_by_region(monkeypatch):
    places = pd.DataFrame(
        {
            "Name": ["Ashby BUA", "Ashby BUASD", "Boston BUA"], "region_name": ["East", "North West", "East"],
            "CityTownClassification": ["Village", "Small Town", "Medium Town"],
        }
    )  # fmt: skip
    monkeypatch.setattr(towns.read, "table", lambda file_id: places)
    frame = pd.DataFrame({"town_name": ["Ashby", "Boston", "Corby"], "region": ["North West", "East of England", "East of England"]})
    found = towns._commons(frame)
    assert found["commons_class"].tolist()[:2] == ["Small Town", "Medium Town"] and pd.isna(found["commons_class"][2])
    assert found["commons_match"].tolist() == ["name and region", "name", "none"]


def test_shapes_are_written_rounded_one_a_line(tmp_path):
    hole = Polygon([(0, 0), (1.23456, 0), (1.23456, 1), (0, 1)], [[(0.2, 0.2), (0.40004, 0.2), (0.4, 0.4)]])
    frame = gpd.GeoDataFrame(
        {"town_code": ["E1", "E2"], "geometry": [hole, MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3.00006, 3)])]},
        crs="EPSG:4326",
    )
    path = towns.write_geojson(frame, tmp_path / "shapes.geojson")
    text = path.read_text()
    assert len(text.splitlines()) == 4
    features = json.loads(text)["features"]
    assert [feature["properties"] for feature in features] == [{"town_code": "E1"}, {"town_code": "E2"}]
    assert features[0]["geometry"]["coordinates"][0][1] == [1.2346, 0]
    assert features[0]["geometry"]["coordinates"][1][1] == [0.4, 0.2]  # the hole is kept
    assert shape(features[1]["geometry"]).bounds == (0, 0, 3.0001, 3)
    assert "1.234" not in towns.write_geojson(frame, tmp_path / "coarse.geojson", digits=1).read_text()


def test_committed_shapes_are_valid_and_belong_to_the_towns(listed):
    outlines = gpd.GeoDataFrame.from_features(json.loads((SNAPSHOT / "town_outlines.geojson").read_text())["features"])
    assert sorted(outlines["town_code"]) == sorted(listed["town_code"])
    assert not outlines.is_empty.any()
    places = gpd.GeoSeries(gpd.points_from_xy(listed["longitude"], listed["latitude"]), index=listed["town_code"])
    away = places.distance(outlines.set_index("town_code").geometry.reindex(listed["town_code"]))
    assert (away < 0.02).mean() > 0.99  # degrees: the middle lies in or at the outline
    coast = json.loads((SNAPSHOT / "coast.geojson").read_text())["features"]
    bounds = gpd.GeoDataFrame.from_features(coast).total_bounds
    assert bounds == pytest.approx([-6.4, 49.9, 1.8, 55.8], abs=0.3)


def test_towns_bear_their_english_name_of_today(listed):
    names = towns.fact("english_names").set_index("town_code")
    assert listed.set_index("town_code")["town_name"].reindex(names.index).tolist() == names["town_name"].tolist()
    assert "Oswestry" in set(listed["town_name"]) and not set(names["ons_name"]) & set(listed["town_name"])
