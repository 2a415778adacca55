"""Fidelity: published against rebuilt, on toy members worked by hand and on the committed files."""

import pandas as pd
import pytest
from bundle import committed

from towns_index import clusters, fidelity, towns

# Towns P to S in clusters A (published), B (published) and J (our own reading).
STATUS = {
    "A": ["full", "partial", "none", "none"],
    "B": ["full", "none", "none", "not_assessed"],
    "J": ["none", "full", "partial", "none"],
}
MEMBERS = pd.DataFrame(
    [
        {"town_code": town, "cluster": cluster, "criteria_met": 3, "criteria_assessed": 4, "status": status, "could_be": status}
        for cluster, column in STATUS.items()
        for town, status in zip("PQRS", column)
    ]
)
LETTERS = pd.DataFrame(
    {
        "cluster": ["A", "B", "J"], "name": ["Ay", "Bee", "Jay"], "evidence": ["published", "published", "own"],
        "published_full": ["5", "", ""], "required": 4, "rebuilt": ["yes", "no", "yes"], "about": "", "why": "w",
    }
)  # fmt: skip


def test_sizes_count_members_and_differ_from_the_published_ones():
    table = fidelity.sizes(MEMBERS, LETTERS).set_index("cluster")
    assert table.loc["A", ["full", "partial", "not_assessed"]].tolist() == [1, 1, 0]
    assert table.loc["A", "difference"] == 1 - 5
    assert table.loc["B", "not_assessed"] == 1
    assert pd.isna(table.loc["J", "published_full"]) and pd.isna(table.loc["J", "difference"])
    assert list(table.index) == ["A", "B", "J"]


def test_a_cluster_that_is_not_rebuilt_is_not_compared():
    table = fidelity.sizes(MEMBERS, LETTERS.assign(published_full=["5", "9", ""])).set_index("cluster")
    assert table.loc["B", "published_full"] == 9
    assert pd.isna(table.loc["B", "difference"])


def test_named_towns_are_found_or_it_is_said_why_not(monkeypatch):
    named = pd.DataFrame(
        [("A", "Pee", "P"), ("A", "Queue", "Q"), ("A", "Are", "R"), ("B", "Ess", "S"), ("A", "Tee", "T"), ("A", "You", "")],
        columns=["cluster", "town_name_published", "town_code"],
    ).assign(note="", citation="c")
    monkeypatch.setattr(towns, "fact", lambda name: named)
    listed = pd.DataFrame({"town_code": list("PQRST")})  # T is on the list but below the floor
    found = fidelity.named_towns(MEMBERS, listed).set_index("town_name")["found"]
    assert found.to_dict() == {
        "Pee": "full", "Queue": "partial", "Are": "not", "Ess": "not assessed",
        "Tee": "outside the population limits", "You": "not on the list",
    }  # fmt: skip


@pytest.fixture
def checks(monkeypatch) -> pd.Series:
    index = pd.DataFrame(
        {
            "town_name": ["Blackpool", "Q", "R", "S"],
            "region": ["South East", "South East", "West Midlands", "West Midlands"],
            "population_2019": [75_000, 74_999, 80_000, 9_000],
        },
        index=list("PQRS"),
    )
    values = pd.DataFrame({"drug_deaths": [9.0, 9.5, 9.7, None], "social_rented": [8.04, 10, 20, 30]}, index=list("PQRS"))
    values.loc["elsewhere"] = [99, 99]  # not in the index: must change nothing
    renamed = MEMBERS.assign(cluster=MEMBERS["cluster"].replace({"A": "C"}))
    monkeypatch.setattr(clusters, "definitions", lambda: (LETTERS.replace({"cluster": {"A": "C"}}), None))
    return fidelity.check_values(renamed, index, values).set_index("check")["rebuilt"]


def test_check_values_by_hand(checks):
    # Published readings only: P 2 full, Q 1 partial, R none, S none.
    assert checks["no_cluster"] == 2
    assert checks["one_partial"] == 1
    assert checks["mean_clusters"] == 0.75
    assert checks["mean_clusters_all"] == 1.25  # with J: Q and R one more each, 5 over 4 towns
    assert checks["mean_south_east"] == 1.5
    assert checks["mean_west_midlands"] == 0
    assert checks["c_large"] == 1  # P has exactly 75,000
    assert checks["m_large"] == 0
    assert checks["social_rented_mean"] == 17.0  # (8.04 + 10 + 20 + 30) / 4 = 17.01
    assert checks["social_rented_blackpool"] == 8.0
    assert checks["drug_rank_blackpool"] == 3  # of three that are known


# ---- the committed files --------------------------------------------------------------------------


def test_the_committed_sizes_are_those_of_the_memberships():
    table = committed("fidelity").set_index("cluster")
    counts = committed("memberships").groupby(["cluster", "status"]).size().unstack(fill_value=0)
    for status in ("full", "partial", "not_assessed"):
        assert (table[status] == counts[status]).all(), status
    assert table["published_full"].dropna().astype(int).to_dict() == {
        "A": 110, "B": 67, "C": 79, "E": 115, "H": 50, "I": 37, "M": 80,
    }  # fmt: skip
    assert (table["why"].str.len() > 15).all()


def test_the_committed_check_values_follow_from_the_committed_tables():
    index = towns.in_index(committed("towns"))
    again = fidelity.check_values(committed("memberships"), index, committed("indicators").set_index("town_code"))
    table = committed("check_values").set_index("check")
    assert again.set_index("check")["rebuilt"].reindex(table.index).tolist() == pytest.approx(table["rebuilt"].tolist())
    assert table["rebuilt"].notna().all()
    assert table.loc["n_west_midlands", "rebuilt"] == 0
    assert table.loc["drug_rank_blackpool", "rebuilt"] == 1


def test_every_named_town_is_accounted_for():
    table = committed("named_towns")
    named = towns.fact("known_members")
    assert len(table) == len(named) == 48
    words = {"full", "partial", "not", "not assessed", "outside the population limits", "not on the list"}
    assert set(table["found"]) <= words
    by_name = table.set_index(["cluster", "town_name"])["found"]
    assert by_name["G", "Dartford"] == "not on the list"
    assert by_name["M", "Caister-on-Sea"] == "outside the population limits"
    assert set(by_name["I"]) == {"not assessed"}
    members = committed("memberships").set_index(["town_code", "cluster"])["status"]
    for row in table[table["found"].isin(["full", "partial"])].itertuples():
        assert members[row.town_code, row.cluster] == row.found
