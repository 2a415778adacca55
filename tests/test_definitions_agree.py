"""The definition files agree with each other and with their own words.

What a line says in words (its label, its denominator, its vintage) is held against what it does.
"""

import re

import numpy as np
import pandas as pd
import pytest
from bundle import committed, needs_bundle

from towns_index import checks, clusters, formula, indicators, measures, paths, read, towns


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    return indicators.definitions()


@pytest.fixture(scope="module")
def measured() -> pd.DataFrame:
    """First line of every measure, by name."""
    return measures.definitions().drop_duplicates("measure").set_index("measure")


@pytest.fixture(scope="module")
def criteria() -> pd.DataFrame:
    return clusters.definitions()[1]


# ---- criteria -------------------------------------------------------------------------------------

HIGH = r"above average|above-average|faster than average|longer than average|further away|takes longer|worse than average|" \
    r"more than average|More people than average|more diverse|Many jobs"
LOW = r"below (?:the )?average|less than average|lower than average|less diverse"
# "Fewer people moved" is measured by those who stayed; the third has one part of each kind.
TURNED = {("M", "4"), ("D", "4"), ("I", "1"), ("I", "2"), ("I", "3"), ("I", "4")}


def test_the_words_of_a_criterion_say_its_direction(criteria):
    rows = criteria[criteria["rule"].isin(["above_mean", "below_mean"])]
    for row in rows.itertuples():
        if (row.cluster, row.criterion) not in TURNED:
            high, low = re.search(HIGH, row.label), re.search(LOW, row.label)
            assert bool(high) != bool(low), row.label
            assert row.rule == ("above_mean" if high else "below_mean"), row.label
    pairs = criteria.set_index(["cluster", "criterion", "part"])["rule"]
    assert pairs["M", "4", ""] == "above_mean"
    assert (pairs["D", "4", "a"], pairs["D", "4", "b"]) == ("above_mean", "below_mean")


def test_over_a_third_of_the_pubs_is_a_third():
    (limit,) = clusters.definitions()[1].query("indicator == 'pub_change'")["threshold"]
    # A little above, so that a fall of exactly a third is met whatever the last digits of an average say.
    assert -100 / 3 < float(limit) < -100 / 3 + 1e-5


def test_what_is_measured_within_a_nation_is_compared_within_it(criteria, lines):
    # The indices of the two nations are on different scales: towns are never compared across the border.
    apart = lines.loc[lines["label"].str.contains("within the nation"), "indicator"]
    rows = criteria[criteria["indicator"].isin(apart)]
    assert len(rows) >= 7
    assert set(rows["comparator"]) == {"nation"}


def test_only_the_coast_has_a_gate(criteria):
    gates = criteria[criteria["gate"] == "yes"]
    assert list(zip(gates["cluster"], gates["criterion"], gates["indicator"])) == [("N", "1", "coastal")]


# Words that the label of a criterion shares with the label of the indicator it rests on.
ABOUT = {
    "A1": "White British", "A2": "aged 65", "A3": "C2DE", "A4": "level 4", "B1": "Crime", "B2": "environment", "B3": "pubs",
    "B4": "Drug", "C1": "share of residents aged 65", "C2": "Change in residents", "C3": "Projected", "C4": "house price",
    "D1": "pay", "D3": "furloughed", "E1": "Economic", "E2": "Health", "E3": "Education", "F1": "Change in residents",
    "F2": "Jobs", "F3": "services", "F4": "East European", "G1": "Change in residents", "G2": "not White British",
    "H1": "not White British", "H2": "Largest minority", "H4": "seeking asylum", "I1": "UK Independence", "I2": "far-right",
    "J1": "turnout at the general", "J2": "referendum", "J3": "European election", "J4": "general election turnout",
    "K1": "not White British", "K2": "within 15 km", "K3": "more diverse the surroundings", "K4": "came to the UK",
    "L3": "House price", "L4": "Pubs", "M1": "major railway", "M2": "town centre", "M3": "distance to work",
    "M4": "same address", "N1": "sea", "N2": "Drug", "N3": "private rented",
}  # fmt: skip


def test_a_criterion_rests_on_what_it_is_about(criteria, lines):
    labels = lines.set_index("indicator")["label"]
    rows = criteria[(criteria["part"] == "") & (criteria["indicator"] != "") & (criteria["when"] == "")]
    for row in rows.itertuples():
        words = ABOUT[row.cluster + row.criterion]
        assert words.lower() in labels[row.indicator].lower(), (row.cluster, row.criterion, row.indicator)


def test_sizes_and_values_published_in_2020_are_entered_as_published():
    letters, _ = clusters.definitions()
    sizes = letters.set_index("cluster")["published_full"]
    assert sizes[sizes != ""].to_dict() == {
        "A": "110", "B": "67", "C": "79", "E": "115", "H": "50", "I": "37", "M": "80",
    }  # fmt: skip
    assert (letters["required"] == 4).all()
    assert set(letters.loc[letters["evidence"] == "own", "cluster"]) == {"J", "K"}  # never retrieved
    published = pd.read_csv(paths.DEFINITIONS / "published.csv").set_index("check")["published"]
    assert published.to_dict() == {
        "no_cluster": "50", "one_partial": "101", "mean_clusters": "3.17", "mean_clusters_all": "3.17",
        "mean_south_east": "1.96", "mean_west_midlands": "above 4", "mean_yorkshire": "above 4", "c_large": "7",
        "m_large": "0", "n_west_midlands": "0", "social_rented_mean": "16", "social_rented_blackpool": "8",
        "drug_rank_blackpool": "1",
    }  # fmt: skip


# ---- indicators -----------------------------------------------------------------------------------

# Deaths against those expected, and museums, which are counted by no table of residents.
OTHER_BASE = {"covid_ratio", "museums_per_resident"}


def test_a_share_is_of_the_denominator_that_its_measure_names(lines, measured):
    seen = 0
    for row in lines.itertuples():
        share = re.fullmatch(r"10+ \* (\w+) / (\w+)", row.formula)
        if share and row.indicator not in OTHER_BASE:
            assert measured.loc[share[1], "denominator"] == share[2], row.indicator
            seen += 1
    assert seen > 35


def test_a_percentage_is_multiplied_by_a_hundred(lines):
    for row in lines[lines["unit"].str.startswith("%") & (lines["indicator"] != "economic_deprived")].itertuples():
        assert "/" not in row.formula or row.formula.startswith("100 "), row.indicator


def test_a_change_of_a_share_is_in_percentage_points(lines):
    for row in lines[lines["label"].str.startswith("Change in the share")].itertuples():
        assert row.unit == "percentage points", row.indicator


def test_words_for_much_and_for_little_are_on_their_side(lines):
    named = lines[lines["high_words"] != ""]
    assert len(named) > 20
    for row in named[~named["indicator"].isin(["grade_c2de", "pub_change"])].itertuples():
        assert not re.match("few|less|little|low|not |younger|shorter|near", row.high_words), row.indicator
        assert not re.match("more(?! slowly)|high|older|longer|far ", row.low_words), row.indicator
    assert set(lines.loc[lines["grouping"] == "yes", "indicator"]) == set(named["indicator"])


def test_what_goes_with_deprivation_is_marked_as_worse(lines):
    table = committed("indicators").set_index("town_code").loc[towns.in_index(committed("towns")).index]
    marked = lines[(lines["polarity"] != 0) & lines["indicator"].isin(table.columns)].set_index("indicator")["polarity"]
    together = table[marked.index].corrwith(table["deprivation_both_nations"], method="spearman")
    clear = together.index[together.abs() > 0.5]
    assert len(clear) > 18
    wrong = {name for name in clear if together[name] * marked[name] < 0}
    assert wrong == {"deprivation_services", "commute_km"}  # remote towns are less deprived


# ---- measures and tables --------------------------------------------------------------------------


def test_ranks_are_divided_by_the_number_of_areas_of_the_nation():
    ranked = measures.definitions()[measures.definitions()["value"].str.contains("_rank")]
    assert len(ranked) > 12
    for row in ranked.itertuples():
        areas = "32844" if row.table.startswith("imd_england") else "1909"
        assert row.value.endswith(f"- 0.5) / {areas}"), row.measure


def test_a_table_named_by_a_year_is_of_that_year():
    for name, entry in measures.tables().items():
        for year in re.findall(r"_(20\d\d)", name):
            assert year in entry["vintage"], name
        where = entry.get("where", {})
        dated = [str(value)[:4] for column, value in where.items() if column in ("Year", "year", "Date", "Period")]
        assert all(year in entry["vintage"] for year in dated), name
        if name.startswith("election_"):
            assert entry["without"]["election"] == name[-4:] and f"GE{name[-4:]}" in entry["file"]


def test_rates_distances_and_means_are_averaged_and_counts_are_added_up(measured):
    areal = measured[measured["aggregate"].isin(["sum", "mean"])]
    counted = {"people", "households", "household reference persons", "electors", "votes", "deaths", "homes", "pubs"}
    assert set(areal.loc[areal["aggregate"] == "sum", "unit"]) <= counted
    assert not set(areal.loc[areal["aggregate"] == "mean", "unit"]) & counted


def test_a_measure_bears_the_year_of_its_table(measured):
    for name, row in measured[measured["aggregate"] != "function"].iterrows():
        year = re.search(r"_(20\d\d)$", name)
        if year and row["table"].startswith(("ages_", "qs", "oa_", "election_", "european_")):
            assert year[1] in row["vintage"], name


def test_what_is_withheld_is_taken_as_the_note_says(measured):
    noted = measured[measured["note"].str.contains("withholds counts under ten")]
    assert len(noted) == 2
    assert noted["value"].str.endswith(", 4.5)").all()


# What the code book calls the cells behind measures that criteria rest on.
CELLS = {
    "white_british_2011": ["English/Welsh/Scottish/Northern Irish/British"], "black_african_2011": ["African"],
    "indian_2011": ["Indian"], "pakistani_2011": ["Pakistani"], "bangladeshi_2011": ["Bangladeshi"],
    "muslim_2011": ["Muslim"], "no_religion_2011": ["No religion"], "unemployed_2011": ["Unemployed"],
    "long_term_sick_2011": ["Long-term sick or disabled"], "manufacturing_2011": ["C Manufacturing"],
    "mining_2011": ["B Mining and quarrying"], "owned_2011": ["Owned"], "social_rented_2011": ["Social rented"],
    "private_rented_2011": ["Private rented"], "works_at_home_2011": ["Work mainly at or from home"],
    "commute_60km_2011": ["60km and over"], "commute_under_2km_2011": ["Less than 2km"],
    "no_qualification_2011": ["No qualifications"], "level_4_2011": ["Level 4 qualifications and above"],
    "aged_65_2011": [f"Age {age}" for age in range(65, 100)] + ["Age 100 and over"],
    "aged_18_24_2011": [f"Age {age}" for age in range(18, 25)],
}  # fmt: skip


def added_up(value: str, cells: pd.Series) -> list[str]:
    """Labels of the cells that a formula adds up.

    Every cell is 1 in one area and 0 in all others, so that the formula shows which it reads.
    """
    areas = pd.DataFrame(np.eye(len(cells)), index=cells.index, columns=cells.index)
    added = formula.evaluate(value, areas)
    return cells[added[added > 0].index].tolist()


@needs_bundle
@pytest.mark.parametrize("name", CELLS)
def test_a_measure_of_the_census_reads_the_cells_it_is_named_for(name, measured):
    book = read.table("census2011-qs-lsoa11/codebook_cells")
    row = measured.loc[name]
    cells = book[book["table"] == row["file"].split("/")[1].upper()].set_index("cell")["label"]
    assert added_up(row["value"], cells) == CELLS[name]


EAST_EUROPEAN = (
    "Polish Slovak Czech Romanian Lithuanian Latvian Hungarian Bulgarian Estonian Slovenian Albanian Ukrainian Romani Russian"
).split()


@needs_bundle
def test_east_european_languages_are_those_that_the_note_lists(measured):
    book = read.table("census2011-qs-lsoa11/codebook_cells").set_index("cell")["label"]
    row = measured.loc["east_european_language_2011"]
    cells = book[book.index.str.startswith("QS204EW")]
    found = added_up(row["value"], cells)
    for language in EAST_EUROPEAN:
        assert language in row["note"] and language in " ".join(found), language
    assert len(found) == len(EAST_EUROPEAN) + 2  # Serbian/Croatian/Bosnian, and other languages of the region


@pytest.mark.parametrize(
    ("text", "said"),
    [("100 * no_cars_2011 / households_2011", "did you mean 'no_car_2011'?"), ("100 * (no_car_2011", "cannot be read")],
)
def test_a_wrong_formula_is_told_before_a_build(text, said, lines, monkeypatch):
    wrong = lines.assign(formula=lines["formula"].mask(lines["indicator"] == "no_car", text))
    monkeypatch.setattr(indicators, "definitions", lambda: lines)
    assert checks.definitions() == []
    monkeypatch.setattr(indicators, "definitions", lambda: wrong)
    (problem,) = checks.definitions()
    assert problem.startswith("definitions/indicators.csv, no_car: ") and said in problem


# ---- facts ----------------------------------------------------------------------------------------


def test_codes_and_names_of_facts_go_together():
    seats = towns.fact("seat_codes")
    assert seats["pcon24_code"].is_unique and seats["pcon24_name"].is_unique
    counties = towns.fact("county_districts")
    assert counties.groupby("county_code")["county_name"].nunique().eq(1).all()
    assert counties.groupby("county_name")["county_code"].nunique().eq(1).all()


def test_parties_are_in_the_group_that_their_name_says():
    parties = towns.fact("parties").set_index("party_short")
    independence = parties["party"].str.contains("UK Independence Party")
    assert (parties.loc[independence, "group"] == "ukip").all() and independence.sum() == 1
    assert (parties.loc[~independence, "group"] == "far_right").all()
