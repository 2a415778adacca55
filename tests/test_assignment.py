"""Whole and divided small areas: rules worked by hand, the error where the truth is known, other lists of towns."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bundle import committed, needs_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from towns_index import assignment, clusters, geography, measures, town_lists

# L1: 60 % in S, 40 % outside. L2: 45 % in S, 30 % in T, 25 % outside. L3: 30 % in T, 70 % outside. L4: wholly in T.
SHARES = pd.DataFrame(
    [("L1", "S", 0.6), ("L2", "S", 0.45), ("L2", "T", 0.3), ("L3", "T", 0.3), ("L4", "T", 1.0)],
    columns=["lsoa11", "town_code", "share"],
)  # fmt: skip


def test_a_whole_area_goes_to_the_place_with_most_of_its_residents():
    # L2 to S, which has no majority but more than T or the country around; L3 to no town.
    whole = geography.majority(SHARES)
    assert list(zip(whole["lsoa11"], whole["town_code"], whole["share"])) == [("L1", "S", 1), ("L2", "S", 1), ("L4", "T", 1)]


def test_coverage_and_contamination_by_hand():
    # S: 60 + 90 = 150 of its people in L1 and L2, which are both its own: covered wholly; these hold 300, so half are
    # others'. T: 60 in L2, 30 in L3, 100 in L4: only L4 is its own: 100 of 190, and nobody else lives there.
    table = assignment.cover(SHARES, pd.Series({"L1": 100.0, "L2": 200.0, "L3": 100.0, "L4": 100.0}))
    assert table["coverage"].to_dict() == pytest.approx({"S": 1, "T": 100 / 190})
    assert table["contamination"].to_dict() == pytest.approx({"S": 0.5, "T": 0})
    assert table["lsoas"].to_dict() == {"S": 2, "T": 1}
    assert table["reliability"].to_dict() == {"S": "mixed", "T": "covered in part"}


def test_a_town_without_an_area_of_its_own_is_told_apart():
    shares = pd.DataFrame({"lsoa11": ["L1"], "town_code": ["S"], "share": [0.2]})
    row = assignment.cover(shares, pd.Series({"L1": 100.0})).loc["S"]
    assert (row["coverage"], row["lsoas"], row["reliability"]) == (0, 0, "covered in part") and np.isnan(row["contamination"])


# Two LSOAs of two output areas. Town S holds a1, a2 and b1; b2 lies outside.
KEPT = pd.DataFrame({"area": ["a1", "a2", "b1", "b2"], "lsoa11": ["A", "A", "B", "B"], "town_code": ["S", "S", "S", None], "share": 1.0})
COUNTS = pd.DataFrame(
    {"residents": [100.0, 100, 100, 300], "households": [50.0, 50, 60, 90], "old": [10.0, 20, 50, 30]}, index=["a1", "a2", "b1", "b2"]
)


def test_truth_and_estimates_by_hand():
    found = assignment.estimates(COUNTS, KEPT)
    assert found["truth"].loc["S"].to_dict() == {"residents": 300, "households": 160, "old": 80}
    # B has 80 old. Best fit: B goes to the country (300 of 400), so S has A alone.
    assert found["best fit"].loc["S", "old"] == 30
    # Divided: a quarter of B by residents, 60 of 150 by households.
    assert found["residents"].loc["S", "old"] == pytest.approx(30 + 80 / 4)
    assert found["households"].loc["S", "old"] == pytest.approx(30 + 80 * 0.4)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2))
def test_division_is_exact_where_the_parts_of_an_area_are_alike(rates):
    # every output area of an LSOA has the same rate: nothing is lost by dividing it
    alike = COUNTS["residents"] * KEPT.set_index("area")["lsoa11"].map(dict(zip("AB", rates)))
    found = assignment.estimates(COUNTS.assign(old=alike), KEPT)
    assert found["residents"].loc["S", "old"] == pytest.approx(found["truth"].loc["S", "old"])


def test_the_error_is_the_difference_of_shares():
    towns = [f"T{number:02d}" for number in range(20)]
    base = pd.DataFrame({"all": 100.0, "some": np.arange(20.0)}, index=towns)
    shifted = base.assign(some=base["some"] + 2)  # two points more everywhere: the order stays
    turned = base.assign(some=19 - base["some"])
    spread = base.assign(some=2 * base["some"] + 1)  # errors of 1, 2 … 20
    tested = pd.DataFrame({"measure": ["some"], "denominator": ["all"]})
    size = pd.Series(["small"] * 15 + ["large"] * 5, towns)
    table = assignment.errors({"truth": base, "shifted": shifted, "turned": turned, "spread": spread}, tested, size).set_index(["method", "size_class"])
    row = table.loc["shifted", "all"]
    assert row[["towns", "median_error", "mean_error", "p95_error", "rank_correlation", "decile_changed"]].tolist() == pytest.approx([20, 2, 2, 2, 1, 0])
    row = table.loc["spread", "all"]
    assert row[["median_error", "mean_error", "p95_error", "decile_changed"]].tolist() == pytest.approx([10.5, 10.5, 19.05, 0])
    assert table.loc[("turned", "all"), "rank_correlation"] == pytest.approx(-1)
    assert table.loc[("turned", "all"), "decile_changed"] == 1
    assert table.loc[("shifted", "small"), "towns"] == 15 and table.loc[("shifted", "large"), "towns"] == 5


def test_tenths_hold_a_tenth_each():
    assert assignment.tenth(pd.Series(range(100))).value_counts().tolist() == [10] * 10
    assert pd.isna(assignment.tenth(pd.Series([1.0, np.nan])).iloc[1])


def test_a_gate_can_be_failed():
    row = {"method": "residents", "size_class": "all", "median_error": 0.5, "rank_correlation": 0.99}
    table = pd.DataFrame([row | {"measure": "good"}, row | {"measure": "far", "median_error": 1.1}, row | {"measure": "mixed", "rank_correlation": 0.97}])
    assert assignment.gates(table)["passed"].tolist() == [True, False, False]


@needs_bundle
def test_within_whole_lsoas_only_and_then_as_before():
    before = geography.joint("lsoa11")
    with geography.whole_lsoas():
        inside = geography.joint("lsoa11")
        assert inside["area"].is_unique and (inside["residents"] == inside["area_residents"]).all()
        assert geography.joint("oa21").equals(geography.output_areas().assign(area_residents=lambda f: f["area"].map(geography.census_residents())))
    assert geography.joint("lsoa11").equals(before) and not before["area"].is_unique


@needs_bundle
def test_only_some_measures_are_the_same_as_when_all_are_built():
    some = ["white_british_2011", "ethnic_base_2011", "residents_2019"]
    codes = pd.Index(committed("towns")["town_code"], name="town_code")
    built = measures.significant(measures.build(codes, set(some)))
    assert list(built) == [name for name in committed("measures") if name in some]
    pd.testing.assert_frame_equal(built, committed("measures").set_index("town_code")[list(built)], rtol=1e-8)


@needs_bundle
def test_output_areas_that_take_part_are_most_of_the_towns():
    kept = assignment.kept_areas()
    towns = geography.output_areas()
    assert towns[towns["area"].isin(kept["area"])]["residents"].sum() / towns["residents"].sum() > 0.9
    assert kept.groupby("area")["share"].sum().where(kept.groupby("area")["town_code"].count() > 0).dropna().round(9).eq(1).all()
    assert len(assignment.tested_measures()) >= 20


# ---- other lists ----------------------------------------------------------------------------------

PLACES = pd.DataFrame({"population_2019": [5000, 9000, 20000, 90000], "in_index": [False, True, True, True]}, index=list("abcd"))
CLASSES = pd.Series(["Village", "Small Town", None, "Large Town"], list("abcd"))


def line(**given) -> SimpleNamespace:
    return SimpleNamespace(**({"list": "try", "areas": "divided", "min_population": "", "classes": ""} | given))


def test_who_is_on_a_list():
    assert list(town_lists.members(line(), PLACES, CLASSES)) == ["b", "c", "d"]
    assert list(town_lists.members(line(min_population="0"), PLACES, CLASSES)) == ["a", "b", "c", "d"]
    assert list(town_lists.members(line(min_population="20000"), PLACES, CLASSES)) == ["c", "d"]  # the floor is included
    assert list(town_lists.members(line(classes="Small Town;Large Town"), PLACES, CLASSES)) == ["b", "d"]  # not the unmatched


@pytest.mark.parametrize(
    "given, words",
    [
        ({"classes": "Hamlet"}, "list try: no town has the class 'Hamlet'"),
        ({"classes": "Village", "min_population": "5"}, "not both"),
        ({"areas": "halved"}, "areas must be divided or whole, not 'halved'"),
        ({"min_population": "99999"}, "fewer than two towns"),
    ],
)
def test_a_list_that_cannot_be_formed_is_refused(given, words):
    with pytest.raises(town_lists.BadList, match=words):
        town_lists.members(line(**given), PLACES, CLASSES)


def test_flips_by_hand():
    # a stays, b and f are lost, c is gained, d only goes from full to partial, e is on one list only
    one = pd.DataFrame({"X": ["full", "partial", "none", "full", "full", "full"], "Y": "none"}, index=list("abcdef"))
    two = pd.DataFrame({"X": ["full", "none", "partial", "partial", "not_assessed"], "Y": "none"}, index=list("abcdf"))
    x, y = town_lists.flips(one, two).to_dict("records")
    assert x == {"cluster": "X", "towns": 5, "flagged": 4, "flagged_other": 3, "gained": 1, "lost": 2, "changed": 4, "jaccard": 0.4}
    assert (y["flagged"], y["changed"], y["jaccard"]) == (0, 0, 1)


def test_the_towns_of_the_index_give_the_published_statuses():
    letters, criteria = clusters.definitions()
    rules = letters, clusters.in_force(criteria, {"deprivation_fourth": "covid"})
    towns = committed("towns").set_index("town_code")
    table = town_lists.statuses(committed("indicators").set_index("town_code"), towns[towns["in_index"].astype(bool)], rules, "mean")
    published = committed("memberships").pivot(index="town_code", columns="cluster", values="status")
    assert table.shape == (862, 13) and table.equals(published[table.columns])


def test_the_lists_of_the_project_can_be_formed():
    towns, classes = committed("towns").set_index("town_code"), committed("crosswalk").set_index("town_code")["commons_class"]
    sizes = {row.list: len(town_lists.members(row, towns, classes)) for row in town_lists.definitions().itertuples()}
    assert sizes["all"] == 1186 and sizes["whole"] == 862 and sizes["commons_outside"] < sizes["commons"]
    assert town_lists.definitions()["reason"].ne("").all()
