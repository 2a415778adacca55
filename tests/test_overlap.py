"""Clusters that occur together: by hand, against closed forms, and nothing found where there is nothing."""

import numpy as np
import pandas as pd
import pytest
from bundle import committed
from scipy.stats import binom, multivariate_normal

from towns_index import cartogram, figures, overlap


def test_a_pair_by_hand():
    # 10 towns: 4 in A, 5 in B, 3 in both; expected 2. Fisher's p for the table 3 1 2 4, by hand 0.5238.
    held = pd.DataFrame({"A": [1.0] * 4 + [0.0] * 6, "B": [1.0, 1, 1, 0, 1, 1, 0, 0, 0, 0]})
    (row,) = overlap.pairs(held, {("A", "B"): "x"}).itertuples()
    assert (row.towns, row.both, row.expected, row.lift, row.jaccard) == (10, 3, 2, 1.5, 0.5)
    assert row.p_value == pytest.approx(0.5238, abs=1e-4) and row.q_value == row.p_value and row.shared == "x" and not row.significant


def test_a_pair_counts_where_both_are_assessed_and_a_cluster_without_towns_is_not_tested():
    held = pd.DataFrame({"A": [1.0, 1, 0, np.nan], "B": [1.0, 0, 0, 1], "C": [np.nan] * 4})
    table = overlap.pairs(held, {}).set_index(["one", "other"])
    assert table.loc[("A", "B"), "towns"] == 3
    assert table.loc[("A", "B"), "expected"] == pytest.approx(2 * 1 / 3)
    assert np.isnan(table.loc[("A", "C"), "p_value"]) and pd.isna(table.loc[("A", "C"), "significant"])


def test_q_values_by_hand():
    # Benjamini and Hochberg on p = 0.01, 0.04, 0.03: sorted times 3, 1.5, 1, then the least from the right.
    from statsmodels.stats.multitest import multipletests

    assert multipletests([0.01, 0.04, 0.03], method="fdr_bh")[1] == pytest.approx([0.03, 0.04, 0.04])


def test_nothing_is_found_in_noise_and_something_in_a_planted_pair():
    random = np.random.default_rng(2)
    held = pd.DataFrame(random.random((862, 6)) < 0.3, columns=list("ABCDEF")).astype(float)
    assert overlap.pairs(held, {})["significant"].sum() <= 1
    held["B"] = held["A"].where(random.random(862) < 0.7, held["B"])
    assert overlap.pairs(held, {}).set_index(["one", "other"]).loc[("A", "B"), "significant"]


def test_independent_counts_are_binomial_for_equal_rates():
    assert overlap.independent(np.full(7, 0.2)) == pytest.approx(binom.pmf(range(8), 7, 0.2))
    held = pd.DataFrame({"A": [1.0, 0, 1, 0], "B": [1.0, 1, 0, np.nan]})
    # rates 1/2 and 2/3; three towns have both assessed, one A alone
    assert overlap.independent_counts(held) == pytest.approx([3 / 6 + 1 / 2, 3 / 2 + 1 / 2, 3 / 3])


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.45, 0.9])
def test_the_correlation_behind_two_flags_is_found_again(correlation):
    both = multivariate_normal(cov=[[1, correlation], [correlation, 1]]).cdf([0.3, -0.5])
    assert overlap.tetrachoric(both, 0.3, -0.5) == pytest.approx(correlation, abs=1e-3)


def test_drawn_counts_keep_rates_and_associations():
    random = np.random.default_rng(3)
    common = random.standard_normal(800)
    held = pd.DataFrame({name: (common + random.standard_normal(800) < -0.5).astype(float) for name in "ABCD"})
    table = overlap.count_nulls(held, 200, 1)
    assert table["observed"].sum() == 800 and table["independent"].sum() == pytest.approx(800)
    assert (table["clusters"] * table["associated"]).sum() == pytest.approx((table["clusters"] * table["observed"]).sum(), rel=0.02)
    # four alike flags: associations make both ends fuller than independence, as observed
    assert table["associated"].iloc[-1] > 2 * table["independent"].iloc[-1]
    assert table["observed"].between(table["associated_low"] - 12, table["associated_high"] + 12).all()
    pd.testing.assert_frame_equal(table, overlap.count_nulls(held, 200, 1))


def test_the_published_pairs():
    table = committed("overlap")
    assert len(table) == 91 and table["p_value"].notna().sum() == 78  # 13 of 14 clusters are rebuilt
    counts = committed("count_nulls")
    assert counts["observed"].sum() == 862


def test_no_two_towns_share_a_hexagon_and_they_stay_near():
    towns = committed("towns")
    towns = towns[towns["in_index"].astype(bool)].set_index("town_code")
    positions = figures.positions(towns)
    places = cartogram.place(positions, figures.land())
    assert len(places.round(4).drop_duplicates(["x", "y"])) == len(towns) == 862
    gaps = np.linalg.norm(places[["x", "y"]].to_numpy()[:, None] - places[["x", "y"]].to_numpy()[None], axis=2)
    assert gaps[np.triu_indices(862, 1)].min() > 0.99
    assert places["x"].corr(positions["x"]) > 0.9 and places["y"].corr(positions["y"]) > 0.9


def test_regions_are_counted_over_what_was_assessed_in_all_of_them():
    # C was assessed in the North only, so that it counts nowhere. North: 2, 1, 0 of A and B; South: 1, 1.
    held = pd.DataFrame({"A": [1.0, 1, 0, 1, 0], "B": [1.0, 0, 0, 0, 1], "C": [1.0, 1, 1, np.nan, np.nan]})
    table = overlap.by_region(held, pd.Series(list("NNNSS")), pd.Series(list("aabcc")), 400, 1).set_index("region")
    assert table["mean"].to_dict() == {"N": 1, "S": 1} and (table["clusters"] == 2).all()
    assert table["authorities"].to_dict() == {"N": 2, "S": 1} and table["towns"].to_dict() == {"N": 3, "S": 2}
    # North: authority a has 3 in two towns, b 0 in one: drawn twice they give 1.5, 1 or 0. South has one authority: no spread.
    assert table.loc["N", ["low", "high"]].tolist() == [0, 1.5] and table.loc["S", "low"] == table.loc["S", "high"] == 1


def test_the_committed_regions_are_those_of_the_memberships():
    table = committed("region_counts").set_index("region")
    index = committed("towns").query("in_index").set_index("town_code")
    held = overlap.flags(committed("memberships")).loc[index.index].drop(columns=["I", "M"]).sum(axis=1)
    assert table["mean"].to_dict() == pytest.approx(held.groupby(index["region"]).mean().to_dict())
    assert table["towns"].sum() == 862 and ((table["low"] < table["mean"]) & (table["mean"] < table["high"])).all()
