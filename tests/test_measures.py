"""Measures: the rules by hand, the definition files, the committed snapshot and some known truths."""

import numpy as np
import pandas as pd
import pytest
from bundle import assert_same_bytes, committed, needs_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from towns_index import dictionary, elections, geography, measures, paths, read, special, store, tables, towns


# ---- rows and cells -------------------------------------------------------------------------------


def test_rows_are_kept_by_one_value_or_by_any_of_several():
    frame = pd.DataFrame({"year": [2018, 2019, 2019], "nation": ["E", "E", "S"], "x": [1, 2, 3]})
    assert measures.keep_rows(frame, {"year": 2019})["x"].tolist() == [2, 3]
    assert measures.keep_rows(frame, {"year": "2019", "nation": ["E", "W"]})["x"].tolist() == [2]
    assert measures.keep_rows(frame, {})["x"].tolist() == [1, 2, 3]


LONG = pd.DataFrame(
    {
        "area": ["A", "A", "A", "B", "B"],
        "kind": ["flat", "house", "flat", "house", "flat"],
        "n": [1, 2, 4, 8, "withheld"],
        "m": [10, 20, 40, 80, 160],
    }
)


def test_values_of_a_column_become_columns_and_repeated_cells_are_added_up():
    wide = measures.spread(LONG, "area", "kind", "n")
    assert list(wide.columns) == ["flat", "house"]
    assert wide.loc["A"].tolist() == [5, 2]  # two rows of flats: 1 + 4
    assert wide.loc["B", "house"] == 8


def test_a_withheld_cell_is_missing_and_not_zero():
    assert np.isnan(measures.spread(LONG, "area", "kind", "n").loc["B", "flat"])


def test_several_value_columns_are_named_by_both():
    wide = measures.spread(LONG, "area", "kind", ["n", "m"])
    assert sorted(wide.columns) == ["flat m", "flat n", "house m", "house n"]
    assert wide.loc["A", "flat m"] == 50
    assert wide.loc["B", "house n"] == 8


def test_numbers_keep_nine_significant_digits():
    frame = pd.DataFrame({"x": [1234567.89123, 0.000123456789123, -2.00000000049, 0.0, np.nan], "t": list("abcde")})
    rounded = measures.significant(frame)
    assert rounded["x"].tolist()[:4] == [1234567.89, 0.000123456789, -2.0, 0.0]
    assert np.isnan(rounded["x"][4])
    assert rounded["t"].tolist() == list("abcde")


@settings(deadline=None)
@given(st.lists(st.floats(1e-12, 1e12) | st.floats(-1e12, -1e-12), min_size=1, max_size=10))
def test_rounded_numbers_are_those_that_the_file_gives_back(numbers):
    rounded = measures.significant(pd.DataFrame({"x": numbers}))["x"]
    assert rounded.tolist() == pytest.approx([float(f"{number:.9g}") for number in numbers], rel=2e-9)
    again = measures.significant(rounded.to_frame())["x"]
    assert again.tolist() == pytest.approx(rounded.tolist(), rel=1e-15)


# ---- tables of areas ------------------------------------------------------------------------------


@pytest.fixture
def toy_table(monkeypatch):
    """Describe a table of two authorities, A and B, and give it back as read."""

    def build(rows: pd.DataFrame, **entry) -> pd.DataFrame:
        described = {"file": "toy/file", "area": "code", "geography": "lad19", "vintage": "2019", **entry}
        monkeypatch.setattr(measures, "tables", lambda: {"toy": described})
        monkeypatch.setattr(read, "table", lambda file_id, member=None: rows.copy())
        monkeypatch.setattr(geography, "areas", lambda kind: pd.Index(["A", "B"]))
        monkeypatch.setattr(measures, "_code_changes", lambda: {"old B": "B"})
        measures.area_table.cache_clear()
        return measures.area_table("toy")

    yield build
    measures.area_table.cache_clear()


def test_a_table_keeps_the_areas_of_its_geography_under_their_present_codes(toy_table):
    rows = pd.DataFrame({"code": ["A", "old B", "Scotland", None], "x": [1, 2, 3, 4]})
    assert toy_table(rows)["x"].to_dict() == {"A": 1, "B": 2}


def test_a_table_with_a_row_for_every_area_takes_their_order_and_their_index():
    known = pd.Index(["A", "B", "C"])
    whole = pd.DataFrame({"n": [3, 9, 1, 2]}, index=["C", "elsewhere", "A", "B"])
    rows = measures.rows_of(whole, known)
    assert rows.index is known
    assert rows["n"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("areas", [["C", "A"], ["C", "A", "A"], ["C", "A", "B", "B"], []])
def test_a_table_that_lacks_or_repeats_an_area_is_left_in_its_order(areas):
    frame = pd.DataFrame({"n": range(len(areas))}, index=pd.Index(areas, dtype="str"))
    pd.testing.assert_frame_equal(measures.rows_of(frame, pd.Index(["A", "B", "C"])), frame)


def test_an_area_that_stands_twice_is_refused_with_its_file(toy_table):
    with pytest.raises(measures.BadDefinition, match="table toy: area A stands in toy/file more than once"):
        toy_table(pd.DataFrame({"code": ["A", "B", "A"], "x": [1, 2, 3]}))


def test_absent_means_zero_only_where_the_table_says_so(toy_table):
    rows = pd.DataFrame({"code": ["A"], "x": [1]})
    assert toy_table(rows)["x"].to_dict() == {"A": 1}
    assert toy_table(rows, absent_means_zero=True)["x"].to_dict() == {"A": 1, "B": 0}


def test_rows_repeated_with_the_same_numbers_are_read_once_only_where_the_table_says_so(toy_table):
    rows = pd.DataFrame({"code": ["A", "B", "A"], "x": [1, 2, 1]})
    assert toy_table(rows, first_of_repeated=True)["x"].to_dict() == {"A": 1, "B": 2}


def test_areas_that_a_list_of_facts_leaves_out_have_no_value(toy_table, tmp_path, monkeypatch):
    (tmp_path / "odd.csv").write_text("seat,election\nA,2010\nB,2015\n")
    monkeypatch.setattr(paths, "FACTS", tmp_path)
    rows = pd.DataFrame({"code": ["A", "B"], "x": [1, 2]})
    without = {"facts": "odd.csv", "key": "seat", "election": "2010"}
    assert toy_table(rows, without=without)["x"].to_dict() == {"B": 2}


def test_percentages_become_counts_of_their_base(toy_table, monkeypatch):
    base = pd.DataFrame({"households": [200.0, 50.0], "residents": [1.0, 1.0]}, index=["A", "B"])
    monkeypatch.setattr(measures, "bases", lambda: base)
    rows = pd.DataFrame({"code": ["B", "A"], "x": [10.0, 25.0]})
    # A: 25 % of 200 = 50; B: 10 % of 50 = 5.
    assert toy_table(rows, share_of="households")["x"].to_dict() == {"A": 50, "B": 5}


def test_years_of_a_spreadsheet_are_columns_named_by_text(toy_table):
    assert list(toy_table(pd.DataFrame({"code": ["A"], 2019.0: [1]})).columns) == ["2019"]


def test_a_measure_of_an_unknown_table_is_refused_by_name(tmp_path, monkeypatch):
    (tmp_path / "measures.csv").write_text("measure,table,value,aggregate,weight\nx,nowhere,a,sum,\n")
    monkeypatch.setattr(paths, "DEFINITIONS", tmp_path)
    monkeypatch.setattr(measures, "tables", lambda: {"somewhere": {}})
    measures.definitions.cache_clear()
    try:
        with pytest.raises(measures.BadDefinition, match="names the table.s. nowhere"):
            measures.definitions()
    finally:
        measures.definitions.cache_clear()


LINE = {"measure": "m", "table": "toy", "value": "x", "geography": "lad19", "weight": ""}
PAIRS = pd.DataFrame(
    {
        "area": ["A", "B"],
        "town_code": ["T", "T"],
        "residents": [30.0, 10.0],
        "area_residents": [60.0, 10.0],
    }
)


@pytest.mark.parametrize(
    ("aggregate", "weight", "worked"),
    [
        ("sum", "", 8 * 30 / 60 + 20),  # half of A and all of B
        ("mean", "", (30 * 8 + 10 * 20) / 40),  # over residents
        ("mean", "w", (0.5 * 2 * 8 + 3 * 20) / (0.5 * 2 + 3)),  # over the base w: half of A's 2 and B's 3
    ],
)
def test_the_definition_says_how_areas_reach_towns(monkeypatch, aggregate, weight, worked):
    rows = pd.DataFrame({"x": [8.0, 20.0], "w": [2.0, 3.0]}, index=["A", "B"])
    monkeypatch.setattr(measures, "area_table", lambda name: rows)
    monkeypatch.setattr(geography, "joint", lambda kind: PAIRS)
    lines = pd.DataFrame([{**LINE, "aggregate": aggregate, "weight": weight}])
    monkeypatch.setattr(measures, "definitions", lambda: lines)
    assert measures.build(pd.Index(["T", "U"], name="town_code"))["m"].tolist() == pytest.approx([worked, np.nan], nan_ok=True)


def test_a_wrong_aggregate_is_refused(monkeypatch):
    monkeypatch.setattr(measures, "area_table", lambda name: pd.DataFrame({"x": [1.0]}, index=["A"]))
    monkeypatch.setattr(measures, "definitions", lambda: pd.DataFrame([{**LINE, "aggregate": "summ"}]))
    with pytest.raises(measures.BadDefinition, match="m has the aggregate 'summ'; it must be sum, mean"):
        measures.build(pd.Index(["T"], name="town_code"))


def test_a_measure_with_two_lines_takes_the_first_that_is_known(monkeypatch):
    # One line a nation: S has both (it lies on the border), T only the second.
    values = {"england": {"S": 1.0, "T": np.nan}, "wales": {"S": 5.0, "T": 7.0}}
    monkeypatch.setattr(measures, "_to_towns", lambda lines: pd.DataFrame({"m": values[lines["table"].iloc[0]]}))
    lines = pd.DataFrame([{**LINE, "aggregate": "mean", "table": name} for name in ("england", "wales")])
    monkeypatch.setattr(measures, "definitions", lambda: lines)
    assert measures.build(pd.Index(["S", "T"]))["m"].to_dict() == {"S": 1, "T": 7}


def test_reconciliation_names_the_largest_difference_and_its_town():
    ours = pd.DataFrame(
        {
            "town_code": ["S", "T"], "residents_2019": [1010.0, 2000.0], "aged_0_15_2019": [202.0, 400.0],
            "aged_16_64_2019": [606.0, 1200.0], "aged_65_2019": [202.0, 400.0],
        }
    )  # fmt: skip
    theirs = pd.DataFrame(
        {
            "town_code": ["T", "S"], "town_name": ["Tee", "Ess"], "Total population": [2000, 1000],
            "Aged 0 to 15": [0.24, 0.2], "Aged 16 to 64": [0.6, 0.6], "Aged 65+": [0.2, 0.2],
        }
    )  # fmt: skip
    checked = measures.reconcile(ours, theirs).set_index("check")
    residents, children = checked.loc["residents"], checked.loc["aged_0_15"]
    # S: 1010 against 1000 is 1 % more, T the same: largest 1, median 0.5.
    assert (residents["town_code"], residents["measured"], residents["published"]) == ("S", 1010, 1000)
    assert (residents["largest_difference"], residents["median_difference"]) == pytest.approx((1, 0.5))
    # T: 400/2000 = 20 % against 24 %: 4 points, though below.
    assert (children["town_code"], children["towns"]) == ("T", 2)
    assert children["largest_difference"] == pytest.approx(4)


def test_a_town_without_a_value_is_not_compared():
    line = measures.compared("c", "l", "u", pd.Series({"S": 1.0, "T": np.nan}), pd.Series({"S": 3.0, "T": 9.0}))
    assert (line["towns"], line["largest_difference"], line["town_code"]) == (1, 2, "S")


def test_the_median_difference_is_not_the_mean_one():
    line = measures.compared("c", "l", "u", pd.Series({"S": 1.0, "T": 2.0, "U": 9.0}), pd.Series({"S": 1.0, "T": 1.0, "U": 1.0}))
    assert (line["median_difference"], line["largest_difference"]) == (1, 8)


def test_the_committed_reconciliation_is_close():
    lines = committed("reconciliation").set_index("check")
    assert {"residents", "aged_65", "level_4", "social_rented"} <= set(lines.index)
    assert (lines["towns"] == 1_186).all()
    # By LSOAs the median town is within 1 % of the published residents and half a point of each age share.
    assert lines.loc["residents", "median_difference"] < 1
    assert (lines["median_difference"].drop("residents") < 0.5).all()
    # A topic that is held twice differs by rounding only.
    assert (lines.loc[["no_qualification", "level_4", "social_rented"], "largest_difference"] < 0.2).all()


# ---- measures that need more than adding up -------------------------------------------------------


def ages(**changed: float) -> pd.DataFrame:
    """One place with 16 age groups of ten people, but for the groups named ``g8`` and the like."""
    people = [10.0] * 16
    for name, number in changed.items():
        people[int(name[1:])] = number
    return pd.DataFrame([people], index=["T"])


def test_a_population_that_does_not_change_stays_as_it_is():
    assert special.hamilton_perry(ages(), ages(), steps=5)["T"] == pytest.approx(160)


def test_a_cohort_that_grew_once_is_expected_to_grow_again_at_that_age():
    # Between the dates the ten of group 7 became twenty in group 8; all other cohorts kept their ten.
    # (The last, open group: the ten of group 14 and the ten of 15 became ten, a ratio of one half.)
    # Parents are groups 7 to 14: 10 + 20 + 6 x 10 = 90 with 10 children, 1/9 each.
    # One step on: group 8 = 2 x 10, group 9 = the 20 of group 8; groups 1 to 14 have 12 x 10 + 40 = 160,
    # the last (10 + 10) / 2 = 10, children (10 + 20 + 20 + 5 x 10) / 9 = 100/9.
    after = ages(g8=20)
    assert special.hamilton_perry(ages(), after, steps=1)["T"] == pytest.approx(160 + 10 + 100 / 9)
    # Two steps on: groups 8, 9 and 10 have 20; group 1 the 100/9; groups 2 to 7 and 11 to 14 ten each;
    # the last 10; children (10 + 60 + 4 x 10) / 9 = 110/9.
    expected = 100 / 9 + 60 + 60 + 40 + 10 + 110 / 9
    assert special.hamilton_perry(ages(), after, steps=2)["T"] == pytest.approx(expected)


def test_children_follow_the_groups_from_7_to_14_only():
    # The ten of group 5 became twenty in group 6, which has no children yet: 10 children of 8 x 10 parents.
    # One step on group 6 has 20 again and group 7 the twenty of group 6: parents are 20 + 7 x 10 = 90.
    # Groups 1 to 14: 12 x 10 + 40 = 160; the last 10; children 90/8.
    assert special.hamilton_perry(ages(), ages(g6=20), steps=1)["T"] == pytest.approx(160 + 10 + 90 / 8)
    # Likewise in the last group of parents: 10 children of 90 parents, and 90 again one step on, so 10 children.
    # Groups 1 to 13 have 130, group 14 has 10 x 2, the last (20 + 10) / 2.
    assert special.hamilton_perry(ages(), ages(g14=20), steps=1)["T"] == pytest.approx(130 + 20 + 15 + 10)


def test_an_empty_cohort_carries_its_people_on_unchanged():
    # Nobody in group 3 before, five in group 4 after: no ratio can be taken, and nothing is infinite.
    projected = special.hamilton_perry(ages(g3=0), ages(g4=5), steps=1)["T"]
    assert projected == pytest.approx(160 - 5)  # group 4 is again as large as group 3 (10), group 5 has the five


@settings(deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=16, max_size=16), st.integers(1, 4), st.floats(0.1, 10))
def test_a_projection_scales_with_the_population(people, steps, factor):
    before = pd.DataFrame([people], index=["T"], dtype=float)
    after = before * 1.1
    small = special.hamilton_perry(before, after, steps)["T"]
    assert special.hamilton_perry(before * factor, after * factor, steps)["T"] == pytest.approx(small * factor)
    assert special.hamilton_perry(before, before, 0)["T"] == pytest.approx(sum(people))


@pytest.fixture
def around(monkeypatch):
    """A town of LSOA A and half of B (6 km off); C is 14 km from A, D 100 km. Ten people in A and 20 in B."""
    import geopandas as gpd

    x = pd.Series({"A": 0, "B": 6_000, "C": 14_000, "D": 100_000})
    centres = gpd.GeoDataFrame(index=x.index, geometry=gpd.points_from_xy(x, 0 * x), crs="EPSG:27700")
    shares = pd.DataFrame({"lsoa11": ["A", "B"], "town_code": ["T", "T"], "share": [1.0, 0.5]})
    pairs = pd.DataFrame(
        {"area": ["A", "B"], "town_code": ["T", "T"], "residents": [10.0, 10.0], "area_residents": [10.0, 20.0]}
    )
    monkeypatch.setattr(geography, "lsoa_centres", lambda: centres)
    monkeypatch.setattr(geography, "lsoa_shares", lambda: shares)
    monkeypatch.setattr(geography, "joint", lambda kind: pairs)
    return pd.Index(list("ABCD"))


def test_the_surroundings_are_the_people_near_a_town_but_not_in_it(around):
    # The town's middle is at 3 km (ten people at 0, ten at 6). Within 15 km: A, B and C, not D.
    # Outside the town live half of B's 20 and C's 30: (10 x 40 + 30 x 20) / 40 = 25.
    rates = pd.DataFrame({"r": [99.0, 40.0, 20.0, 77.0]}, index=around)
    people = pd.DataFrame({"r": [10.0, 20.0, 30.0, 40.0]}, index=around)
    assert special.nearby(rates, people)["r"].to_dict() == {"T": 25}
    # Within 5 km there is only the half of B; within 1 km nobody.
    assert special.nearby(rates, people, km=5)["r"].to_dict() == {"T": 40}


def test_a_town_with_nobody_around_has_no_surroundings(around, monkeypatch):
    whole = pd.DataFrame({"lsoa11": ["A", "B"], "town_code": ["T", "T"], "share": [1.0, 1.0]})
    monkeypatch.setattr(geography, "lsoa_shares", lambda: whole)
    column = pd.DataFrame({"r": [1.0, 2.0, 3.0, 4.0]}, index=around)
    assert np.isnan(special.nearby(column, column, km=5)["r"]["T"])


def test_distance_is_the_mean_over_residents(around, monkeypatch):
    import geopandas as gpd

    station = gpd.GeoDataFrame(geometry=gpd.points_from_xy([8_000], [0]), crs="EPSG:27700")
    monkeypatch.setattr(special, "points", lambda table: station)
    assert special.nearest_km("station")["T"] == pytest.approx((10 * 8 + 10 * 2) / 20)


def test_expected_deaths_follow_the_ages_of_residents(monkeypatch):
    # Nobody young dies, 1 in 100 of those aged 65 to 79 and 1 in 10 of those of 80 and over.
    # M1: 1000 young, 100 old, 10 very old: 2 deaths. M2: 500, 300, 20: 5. M3: 800, 0, 50: 5.
    single = [str(age) for age in range(90)] + ["90+"]
    frame = pd.DataFrame(0.0, index=["L1", "L2", "L3"], columns=single)
    frame["30"], frame["70"], frame["85"] = [1000, 500, 800], [100, 300, 0], [10, 20, 50]
    deaths = pd.DataFrame({"DeathsCOVID19": [2, 5, 5]}, index=["M1", "M2", "M3"])
    monkeypatch.setattr(measures, "area_table", lambda name: frame if name == "ages_2019" else deaths)
    links = pd.DataFrame({"lsoa11": ["L1", "L2", "L3"], "area": ["M1", "M2", "M3"], "share": 1.0})
    monkeypatch.setattr(geography, "link", lambda kind: links)
    # The town has all of M1 and 164 of the 820 people of M2: 2 + 5/5 = 3 deaths.
    pairs = pd.DataFrame(
        {"area": ["M1", "M2"], "town_code": "T", "residents": [1110.0, 164.0], "area_residents": [1110.0, 820.0]}
    )
    monkeypatch.setattr(geography, "joint", lambda kind: pairs)
    assert special.expected_deaths("covid_deaths")["T"] == pytest.approx(3)
    # The same people at the ends of the three age groups.
    frame["0"], frame["64"], frame["30"] = frame["30"] / 2, frame["30"] / 2, 0
    frame["65"], frame["79"], frame["70"] = frame["70"] / 2, frame["70"] / 2, 0
    frame["80"], frame["90+"], frame["85"] = frame["85"] / 2, frame["85"] / 2, 0
    assert special.expected_deaths("covid_deaths")["T"] == pytest.approx(3)


def test_age_groups_hold_every_resident_once(monkeypatch):
    # One resident of each single year of age from 0 to 89, and one of 90 and over.
    single = [str(age) for age in range(90)] + ["90+"]
    monkeypatch.setattr(measures, "area_table", lambda name: pd.DataFrame(1, index=["L"], columns=single))
    pairs = pd.DataFrame({"area": ["L"], "town_code": ["T"], "residents": [91.0], "area_residents": [91.0]})
    monkeypatch.setattr(geography, "joint", lambda kind: pairs)
    groups = special.age_groups("toy").loc["T"]
    assert groups.to_dict() == {**{first: 3 for first in range(0, 87, 3)}, 87: 4}


def test_the_projection_ends_in_2029(monkeypatch):
    asked = {}
    monkeypatch.setattr(special, "age_groups", lambda table: table)
    monkeypatch.setattr(special, "hamilton_perry", lambda *tables, steps: asked.update(tables=tables, steps=steps))
    special.project_2029("ages_2017")
    assert asked["tables"] == ("ages_2017", "ages_2020")
    assert 2020 + asked["steps"] * (2020 - 2017) == 2029


def test_workers_are_a_share_of_the_adults(monkeypatch):
    answers = {
        "census2021-nomis-bulk/census2021-ts054": {"Tenure of household: Total: All households": [40]},
        "census2021-nomis-bulk/census2021-ts067": {
            "Highest level of qualification: Total: All usual residents aged 16 years and over": [80]
        },
        "census2021-oa21-onsvisual/economic_activity_status_4a": {"economic_activity_status_4a-001": [60.0]},
    }
    codes = {"geography code": ["O"], "areacd": ["O"]}
    monkeypatch.setattr(read, "table", lambda file_id, member=None: pd.DataFrame({**codes, **answers[file_id]}))
    monkeypatch.setattr(geography, "census_residents", lambda: pd.Series({"O": 100}))
    measures.bases.cache_clear()
    try:
        base = measures.bases().loc["O"]
    finally:
        measures.bases.cache_clear()
    assert base[["residents", "households", "adults", "workers"]].tolist() == [100, 40, 80, 48]  # 60 % of 80 adults


# ---- ward elections -------------------------------------------------------------------------------


def test_votes_are_counted_by_contest_and_an_unopposed_return_is_no_contest():
    candidates = pd.DataFrame(
        [
            ("w1", 2016, "Lab", 60), ("w1", 2016, " UKIP ", 30), ("w1", 2016, "BNP", 10),
            ("w1", 2018, "Lab", 50), ("w1", 2018, "UKIP", 20), ("w1", 2018, "UKIP", 5),  # two candidates
            ("w2", 2016, "Con", 40),
            ("w3", 2016, "UKIP", None),  # unopposed
            ("w4", 2016, "Con", 0),  # unopposed, written as 0
            (None, 2016, "UKIP", 99),  # a ward whose code is not known
        ],
        columns=["ward", "year", "party", "votes"],
    )  # fmt: skip
    table = elections.contests(candidates, {"UKIP": "ukip", "BNP": "far_right"})
    assert table.loc[("w1", 2016)].to_dict() == {"contests": 1, "all": 100, "ukip": 30, "far_right": 10}
    assert table.loc[("w1", 2018)].to_dict() == {"contests": 1, "all": 75, "ukip": 25, "far_right": 0}
    assert table.loc[("w2", 2016)].to_dict() == {"contests": 1, "all": 40, "ukip": 0, "far_right": 0}
    assert len(table) == 3


def test_every_year_of_ward_elections_has_its_own_file():
    assert all(f"leap-{year}-" in file_id for year, file_id in elections._YEARS.items())
    assert list(elections._YEARS) == [2016, 2017, 2018, 2019]


def test_a_ward_is_looked_up_in_2017_and_only_then_in_2024(monkeypatch):
    # w is known to both lists and lies in T by the older one; v is new; x is known to neither.
    candidates = pd.DataFrame({"ward": ["w", "v", "x"], "year": 2018, "party": "Con", "votes": [100, 10, 1]})
    monkeypatch.setattr(elections, "candidates", lambda: candidates)
    monkeypatch.setattr(geography, "areas", lambda kind: pd.Index({"ward17": ["w"], "ward24": ["w", "v"]}[kind]))
    people = {"residents": 50.0, "area_residents": 100.0}
    pairs = {
        "ward17": pd.DataFrame({"area": ["w"], "town_code": ["T"], **people}),
        "ward24": pd.DataFrame({"area": ["w", "v"], "town_code": ["T", "T"], **people}),
    }
    monkeypatch.setattr(geography, "joint", lambda kind: pairs[kind])
    elections.to_towns.cache_clear()
    try:
        assert elections.to_towns().loc["T", "all"] == 55  # half of 100 and of 10
    finally:
        elections.to_towns.cache_clear()


def test_a_ward_of_2014_is_matched_by_authority_and_name_if_that_is_one_ward(monkeypatch):
    rows = pd.DataFrame(
        {"Ward": ["St John & Park", "Park"], "Council": ["Ayshire", "Ayshire"], "Party": "UKIP", "Votes": ["5", "7"]}
    )
    lookup = pd.DataFrame(
        {
            "WD18CD": ["E1", "E2", "E3", "E4"], "WD18NM": ["St John and Park", "Park", "Park", "St John and Park"],
            "LAD18NM": ["Ayshire", "Ayshire", "Ayshire", "Beeshire"],
        }
    )  # fmt: skip
    tables_of_2014 = {"2014_results": rows, "Clean_output_Look_Up_File_Ward_Level": lookup}
    monkeypatch.setattr(read, "table", lambda file_id, member=None: tables_of_2014[file_id.split("/")[1]])
    wards = elections._candidates_2014()["ward"]
    assert wards[0] == "E1" and pd.isna(wards[1])  # two wards of that name: neither is taken


# ---- the definition files -------------------------------------------------------------------------


def test_over_a_hundred_measures_are_defined_and_all_can_be_carried_out():
    lines = measures.definitions()
    assert lines["measure"].nunique() >= 100
    assert not lines.duplicated(["measure", "table"]).any()
    assert set(lines["aggregate"]) <= {"sum", "mean", "town", "nearby", "function"}
    assert set(lines.loc[lines["aggregate"] == "function", "value"]) <= set(special._FUNCTIONS)
    assert set(lines["polarity"]) <= {-1, 0, 1}
    for column in ("label", "unit", "level", "vintage", "topic"):
        assert lines[column].notna().all() and (lines[column] != "").all(), column


def test_every_denominator_is_a_measure():
    lines = measures.definitions()
    named = set(lines["denominator"]) - {""}
    assert named <= set(lines["measure"])
    assert len(named) > 10


def test_every_table_of_a_measure_names_registered_files():
    assert set(measures.definitions()["table"]) <= set(measures.tables())
    described = dictionary.of_measures()  # looks every file up in the register
    assert (described["source"] != "").all() and (described["licence"] != "").all()
    assert {entry["geography"] for entry in measures.tables().values()} <= set(measures.LEVELS)


def test_lines_of_one_measure_describe_one_thing():
    lines = measures.definitions()
    assert (lines.groupby("measure")[["label", "unit", "denominator", "polarity"]].nunique() == 1).all(axis=None)


def test_share_alike_measures_stand_in_a_file_of_their_own():
    described = dictionary.of_measures()
    apart = set(described.index[described["share_alike"]])
    assert {"ward_votes", "ward_votes_ukip", "ward_votes_far_right"} <= apart
    assert set(committed("measures_elections").columns) == apart | {"town_code"}
    assert set(committed("measures").columns) == (set(described.index) - apart) | {"town_code"}


# ---- the committed snapshot -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    """Towns and measures as a run from the raw bundle computes them."""
    folder = tmp_path_factory.mktemp("rebuilt")
    patch = pytest.MonkeyPatch()
    patch.setenv(paths.START_VARIABLE, "raw")
    table = towns.select(towns.table(), 8830, 300_000)
    described = dictionary.of_measures()
    apart = described.index[described["share_alike"]].tolist()
    measured, from_elections = measures.table(table, apart)
    frames = {
        "towns": table,
        "crosswalk": towns.crosswalk_table(table),
        "measures": measured,
        "measures_elections": from_elections,
        # as in the notebook, from the measures as a reader of the file gets them
        "reconciliation": measures.reconciliation(tables.read_csv(tables.write_csv(measured, folder / "m.csv"))),
    }
    yield frames
    patch.undo()


@needs_bundle
@pytest.mark.filterwarnings("ignore::pandas.errors.PerformanceWarning")
@pytest.mark.parametrize("name", ["towns", "crosswalk", "measures", "measures_elections", "reconciliation"])
def test_rebuilding_from_the_bundle_gives_the_committed_bytes(rebuilt, tmp_path, name):
    path = tables.write_csv(rebuilt[name], tmp_path / f"{name}.csv", key=store.outputs()[name]["key"])
    assert_same_bytes(path, f"{name}.csv")


@needs_bundle
def test_rebuilding_the_outlines_gives_the_committed_bytes(tmp_path):
    assert_same_bytes(towns.write_geojson(towns.outlines(), tmp_path / "a.geojson"), "town_outlines.geojson")
    assert_same_bytes(towns.write_geojson(towns.coast(), tmp_path / "b.geojson"), "coast.geojson")


def test_the_committed_measures_cover_all_towns_and_most_values():
    measured = committed("measures").set_index("town_code")
    assert len(measured) == 1_186
    assert measured.index.is_unique
    assert set(measured.index) == set(committed("towns")["town_code"])
    assert measured["residents_2019"].notna().all()
    assert measured.notna().any().all()


def test_no_town_has_more_of_a_part_than_of_the_whole():
    measured = committed("measures").set_index("town_code")
    lines = measures.definitions()
    parts = lines[(lines["aggregate"] == "sum") & (lines["denominator"] != "")]
    # Only those counted by the same table are parts of each other.
    table_of = lines.set_index("measure")["table"].groupby(level=0).first()
    compared = 0
    for row in parts.itertuples():
        if row.table == table_of[row.denominator] and row.measure != row.denominator:
            assert not (measured[row.measure] > measured[row.denominator] * 1.000001 + 1e-6).any(), row.measure
            compared += 1
    assert compared > 40


@pytest.fixture(scope="module")
def index() -> pd.DataFrame:
    """Measures of the towns of the index, by name."""
    listed = towns.in_index(committed("towns"))
    return committed("measures").set_index("town_code").loc[listed.index].set_index(listed["town_name"])


def test_boston_has_the_largest_east_european_share(index):
    share = 100 * index["east_european_language_2011"] / index["language_base_2011"]
    assert share.idxmax() == "Boston"
    assert share["Boston"] == pytest.approx(15, abs=1.5)  # the borough: about 11 %; the town holds most


def test_blackpool_has_the_highest_drug_death_rate(index):
    assert index["drug_death_rate_2016_2018"].idxmax() == "Blackpool"
    assert index["drug_death_rate_2016_2018"]["Blackpool"] == pytest.approx(23.4, abs=0.5)  # authority: 23.4


def test_other_towns_are_what_they_are_known_for(index):
    old = index["aged_65_2019"] / index["residents_2019"]
    assert {"Sidmouth", "Seaton (East Devon)"} < set(old.nlargest(5).index)
    assert {"Tidworth", "Catterick Garrison"} < set(old.nsmallest(5).index)  # army towns
    white_british = index["white_british_2011"] / index["ethnic_base_2011"]
    assert {"Slough", "Smethwick"} == set(white_british.nsmallest(2).index)
    leave = index["referendum_leave_2016"] / index["referendum_valid_2016"]
    assert leave.idxmax() == "Boston" and 100 * leave["Boston"] == pytest.approx(75.6, abs=0.1)
    assert leave.idxmin() == "Cambridge"
    sikh = index["sikh_2011"] / index["religion_base_2011"]
    assert sikh.idxmax() == "Smethwick"
    social = 100 * index["social_rented_2011"] / index["households_2011"]
    assert social.mean() == pytest.approx(16, abs=1)  # the report of 2020: 16 %
    assert social["Blackpool"] == pytest.approx(10.4, abs=0.5)  # the census: 10.5 % in the authority


@needs_bundle
def test_tables_of_areas_add_up_to_england_and_wales():
    assert measures.area_table("ages_2019")["total_population"].sum() == 59_439_840
    assert measures.area_table("oa_residents")["pop"].sum() == pytest.approx(59_597_300, abs=500)  # each rounded
    # Ages add up to the total.
    single = measures.area_table("ages_2019").loc[:, "0":"90+"].astype(float)
    assert single.to_numpy().sum() == 59_439_840


def test_the_first_line_with_a_value_counts_whatever_table_is_read_first(monkeypatch):
    lines = pd.DataFrame(
        {
            "measure": ["x", "y", "y"],  # the table of the last line is read first, for x
            "table": ["wales", "england", "wales"],
            "aggregate": "mean",
            "weight": "",
        }
    )
    read = {"wales": {"x": [1.0, 2.0], "y": [10.0, 20.0]}, "england": {"y": [np.nan, 200.0]}}
    monkeypatch.setattr(measures, "definitions", lambda: lines)
    monkeypatch.setattr(
        measures, "_to_towns", lambda group: pd.DataFrame(read[group["table"].iloc[0]], index=["P", "Q"])[list(group["measure"])]
    )
    built = measures.build(pd.Index(["P", "Q"], name="town_code"))
    assert built["y"].tolist() == [10.0, 200.0]
    assert built["x"].tolist() == [1.0, 2.0]
