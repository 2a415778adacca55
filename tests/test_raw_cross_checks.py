"""What the raw bundle holds more than once must agree: names, codes, places, ranks and cell totals.

The audit compares numbers of two files (``definitions/audit_rules.toml``); here is what a rule cannot say.
"""

import numpy as np
import pandas as pd
import pytest
from bundle import needs_bundle

from towns_index import geography, measures, read, towns

pytestmark = needs_bundle

# Files with the code and the name of LSOAs of 2011, and how many names are written otherwise there: four of
# Rhondda Cynon Taf in mid-2017, and four of Shepway whose MSOA was drawn anew.
NAMED = {
    "geographr/lookup_lsoa11_ltla18": ("lsoa11_code", "lsoa11_name", 0),
    "geographr/lookup_lsoa11_ltla19": ("lsoa11_code", "lsoa11_name", 0),
    "geographr/lookup_lsoa11_ltla20": ("lsoa11_code", "lsoa11_name", 0),
    "geographr/lookup_lsoa11_ltla21": ("lsoa11_code", "lsoa11_name", 0),
    "geographr/lookup_lsoa11_lsoa21_ltla22": ("lsoa11_code", "lsoa11_name", 4),
    "census2021-demographr/population17_lsoa11": ("lsoa11_code", "lsoa11_name", 4),
    "census2021-demographr/population20_lsoa11": ("lsoa11_code", "lsoa11_name", 0),
    "pop-lsoa11-2019/population19_lsoa11": ("lsoa11_code", "lsoa11_name", 0),
    "lsoa11-pwc/lsoa11_pwc": ("lsoa11cd", "lsoa11nm", 0),
}


@pytest.fixture(scope="module")
def nested() -> pd.DataFrame:
    """LSOAs of England and Wales with their name and MSOA, indexed by code."""
    frame = read.table("geographr/lookup_lsoa11_msoa11").set_index("lsoa11_code")
    return frame[frame.index.str[0].isin(["E", "W"])]


@pytest.mark.parametrize("file_id", NAMED)
def test_an_lsoa_has_the_same_name_in_every_file(file_id, nested):
    code, name, otherwise = NAMED[file_id]
    found = read.table(file_id).drop_duplicates(code).set_index(code)[name]
    both = pd.concat([found, nested["lsoa11_name"]], axis=1, join="inner", keys=["found", "known"])
    assert len(both) >= 32_844
    assert (both["found"] != both["known"]).sum() == otherwise


def test_an_lsoa_lies_in_the_msoa_whose_name_it_bears(nested):
    assert (nested["lsoa11_name"].str[:-1] == nested["msoa11_name"]).all()
    assert nested.groupby("msoa11_code")["msoa11_name"].nunique().eq(1).all()
    listed = read.table("census2011-ethnicity-lsoa11/ethnicities").drop_duplicates("LSOA").set_index("LSOA")["MSOA"]
    assert (listed.reindex(nested.index) == nested["msoa11_code"]).all()


@pytest.mark.parametrize(("year", "moved"), [(18, 0), (19, 0), (20, 1)])
def test_an_lsoa_changes_its_authority_only_when_the_authority_changes(year, moved):
    before, after = (
        read.table(f"geographr/lookup_lsoa11_ltla{number}").set_index("lsoa11_code")[f"ltla{number}_code"]
        for number in (year, year + 1)
    )
    both = pd.concat([before, after], axis=1, join="inner", keys=["before", "after"])
    kept = both[both["before"].isin(set(both["after"]))]
    assert len(kept) > 32_000
    assert (kept["before"] != kept["after"]).sum() == moved


def test_every_output_area_of_a_town_is_one_of_that_place():
    listed = read.table("oa21-bua11-onsvisual/oa21_to_town11_1186")
    places = read.table("oa21-bua11-onsvisual/oa21_to_bua11_buasd11")
    assert len(listed.merge(places)) == len(listed)


@pytest.mark.parametrize(
    ("file_id", "code", "name", "number"),
    [
        ("oa21-bua11-onsvisual/towns1186_polygons_simplified", "TOWN11CD", "name", 1_186),
        ("oa21-bua11-onsvisual/bua11_buasd11_places", "code", "name", 1_186),
        ("ons-towns-education/data", "TOWN11CD", "TOWN11NM", 1_082),
    ],
)
def test_a_town_has_the_same_name_in_every_file(file_id, code, name, number):
    found = read.table(file_id).drop_duplicates(code).set_index(code)[name].str.replace(r" BUA(SD)?$", "", regex=True)
    known = towns.ons_list().set_index("town_code")["town_name"]
    both = pd.concat([found, known], axis=1, join="inner", keys=["found", "known"])
    assert len(both) == number
    assert (both["found"] == both["known"]).all(), both[both["found"] != both["known"]].head()


def test_an_lsoa_of_one_town_has_its_centre_there():
    shares = geography.lsoa_shares().query("share > 0.95")
    centres = geography.lsoa_centres().loc[shares["lsoa11"]].reset_index(drop=True)
    outlines = geography.outlines().set_index("town_code").loc[shares["town_code"]].reset_index(drop=True)
    assert len(centres) > 17_000
    assert centres.distance(outlines).max() < 500  # metres


RANKED = {"imd2019_england_lsoa11": 32_844, "imd2019_england_lsoa11_subdomains": 32_844, "imd2019_wales_lsoa11": 1_909}


@pytest.mark.parametrize("name", RANKED)
def test_deciles_follow_from_ranks(name):
    frame = read.table(f"imd-humaniverse/{name}")
    ranks = [column for column in frame if column.endswith("_rank")]
    assert len(ranks) >= 6
    for column in ranks:
        decile = np.ceil(frame[column] * 10 / RANKED[name])
        # Wales puts the area on the limit into the next tenth: one for each limit.
        assert (decile != frame[column.replace("_rank", "_decile")]).sum() in (0, 9), column


def test_ranks_follow_from_scores():
    wales = read.table("imd-humaniverse/imd2019_wales_lsoa11")
    for column in [column for column in wales if column.endswith("_rank")]:
        scores = wales.sort_values(column)[column.replace("_rank", "_score")]
        assert scores.is_monotonic_decreasing, column
    shares = read.table("mysociety-imd/GB_IMD_E").set_index("lsoa")
    england = read.table("imd-humaniverse/imd2019_england_lsoa11").set_index("lsoa11_code").join(shares)
    for rank, score in (("IMD", "overall_local_score"), ("Income", "income_score"), ("Employment", "employment_score")):
        assert (england.sort_values(f"{rank}_rank")[score].diff().dropna() < 1e-9).all(), rank


def test_every_cell_of_the_census_of_2011_adds_up_to_the_code_book():
    book = read.table("census2011-qs-lsoa11/codebook_cells").set_index("cell")
    used = {entry["file"] for entry in measures.tables().values() if "census2011-qs-lsoa11/" in str(entry["file"])}
    assert len(used) > 15
    for file_id in used:
        cells = book.index[book["table"] == file_id.split("/")[1].upper()]
        assert len(cells), file_id
        wrong = read.table(file_id)[cells].sum() != book.loc[cells, "ew_total"]
        assert not wrong.any(), f"{file_id}: {', '.join(wrong.index[wrong])}"
