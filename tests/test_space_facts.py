"""The large cities: their centres and radii follow from the small areas of the bundle."""

import numpy as np
import pandas as pd
import pytest
import shapely
from bundle import committed, needs_bundle

from towns_index import figures, geography, read, towns
from towns_index.space import border


def computed(cities: pd.DataFrame) -> pd.DataFrame:
    """Centre and radius of each city anew: its residents' mean position, and the circle round it that holds 90 % of them."""
    areas = read.table("lsoa11-pwc/lsoa11_pwc").set_index("lsoa11cd")
    areas["residents"] = geography.lsoa_residents().reindex(areas.index)
    district = areas["lsoa11nm"].str[:-5]
    authority = read.table("geographr/lookup_lsoa11_ltla19").set_index("lsoa11_code")["ltla19_code"].reindex(areas.index)
    london = authority.str.startswith("E09")  # the boroughs and the City of London
    rows = []
    for city in cities.itertuples():
        here = areas[london if city.city == "London" else district == city.city]
        x, y = (np.average(here[axis], weights=here["residents"]) / 1000 for axis in "XY")
        away = np.hypot(here["X"] / 1000 - x, here["Y"] / 1000 - y).sort_values()
        inside = here["residents"].reindex(away.index).cumsum() / here["residents"].sum()
        rows.append((city.city, round(x, 1), round(y, 1), round(away[inside >= 0.9].iloc[0], 1), int(here["residents"].sum())))
    return pd.DataFrame(rows, columns=["city", "easting_km", "northing_km", "radius_km", "residents_2019"])


@needs_bundle
def test_centres_and_radii_follow_from_small_areas():
    cities = towns.fact("large_cities")
    pd.testing.assert_frame_equal(computed(cities), cities[["city", "easting_km", "northing_km", "radius_km", "residents_2019"]])


@needs_bundle
def test_the_cities_are_those_that_the_library_calls_so_and_the_list_of_towns_leaves_out():
    places = read.table("hoc-city-town-classification/PlacesAndIncomes")
    kinds = places["CityTownClassification"].isin(["Core City (outside London)", "Other City"]) & (places["region_name"] != "Scotland")
    names = set(places.loc[kinds, "Name"].str.removesuffix(" BUASD")) - set(towns.ons_list()["town_name"])
    assert names | {"London"} == set(towns.fact("large_cities")["city"])


@needs_bundle
def test_the_line_between_towns_is_near_the_border_of_small_areas():
    listed = committed("towns")
    index = listed[listed["in_index"]]
    places = figures.positions(index)
    centres = geography.lsoa_centres().geometry
    areas = pd.DataFrame({"x": centres.x / 1000, "y": centres.y / 1000})
    near = areas[(areas["x"] < 470) & (areas["y"] < 430)]
    line = border.line_between(near, pd.Series(near.index.str.startswith("W"), near.index))
    fine = shapely.distance(shapely.points(places.to_numpy()), line)
    coarse = border.distances(listed, index)
    close = fine < 40
    assert close.sum() > 100
    assert np.abs(coarse.abs().to_numpy() - fine)[close].mean() < 4
