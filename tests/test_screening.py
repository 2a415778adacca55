"""Screening: every statistic where the answer is known, and gaps that must be explained."""

import numpy as np
import pandas as pd
import pytest
from bundle import committed

from towns_index import clusters, indicators, screening, towns

NONE = pd.DataFrame({"indicator": [], "mechanism": [], "reason": []})
RANDOM = np.random.default_rng(2020)


def why(*names: str, mechanism: str = "nation") -> pd.DataFrame:
    return pd.DataFrame({"indicator": names, "mechanism": mechanism, "reason": "known"})


def places(authorities: list) -> pd.DataFrame:
    return pd.DataFrame({"local_authority": authorities, "region": "R"})


def test_shared_values_are_worth_fewer():
    # clusters of 2, 1 and 1: 16 / (4 + 1 + 1)
    shared = pd.Series([7.0, 7.0, 3.0, 5.0])
    assert screening.effective(shared, pd.Series(list("aabc"))) == pytest.approx(16 / 6)
    # the same value in two authorities is a coincidence; two values in one are two
    assert screening.effective(shared, pd.Series(list("abcd"))) == 4
    assert screening.effective(pd.Series([1.0, 2.0]), pd.Series(list("aa"))) == 2
    # all share one: worth one; nothing borrowed: worth all that are known
    assert screening.effective(pd.Series([2.0] * 9), pd.Series(["a"] * 9)) == 1
    assert screening.effective(pd.Series([2.0, 2.0, np.nan]), None) == 2


def test_effective_number_is_the_variance_of_a_mean_of_shared_values():
    # Kish by simulation: authorities of 5, 3, 1 and 1 towns, each with one normal value that its towns share
    sizes = [5, 3, 1, 1]
    means = np.repeat(RANDOM.normal(size=(40_000, 4)), sizes, axis=1).mean(axis=1)
    areas = pd.Series(np.repeat(list("abcd"), sizes))
    worth = screening.effective(areas.map({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}), areas)
    assert 1 / means.var() == pytest.approx(worth, rel=0.04)


def test_each_flag_is_raised_by_what_it_names_and_by_nothing_else():
    size = 400
    normal = RANDOM.normal(size=size)
    values = pd.DataFrame(
        {
            "plain": normal,
            "zeros": np.where(np.arange(size) < 210, 0, normal),
            "coarse": normal.round(1).clip(-2, 2),
            "tail": np.exp(1.5 * normal),
            "both_tails": np.linspace(-1, 1, size) ** 9,  # kurtosis 6.8, no skew: not treated
            "gap": np.where(np.arange(size) < 160, np.nan, normal),
            "yes": (normal > 2).astype(float),
        }
    )
    table = screening.screen(values, pd.Series("LSOA", values.columns), why("gap"), places(["a"] * size)).set_index("indicator")
    assert table["flags"].to_dict() == {
        "plain": "none", "zeros": "many zeros; few different values", "coarse": "few different values", "tail": "very skewed",
        "both_tails": "none",
        "gap": "few towns", "yes": "none",
    }  # fmt: skip
    assert table["available"]["gap"] == 0.6 and table["mechanism"].to_dict()["gap"] == "nation"
    assert table["effective_n"]["gap"] == 240
    # mean 3, median 1: the two towns with 2 lie between
    between = screening.screen(pd.DataFrame({"x": [0.0, 1, 1, 1, 2, 2, 14]}), pd.Series({"x": "LSOA"}), NONE, places(["a"] * 7))
    assert between["mean_to_median"].tolist() == pytest.approx([2 / 7])


def test_a_gap_without_a_reason_is_refused():
    values = pd.DataFrame({"a": [1.0, np.nan, np.nan], "b": [1.0, 2.0, 3.0]})
    with pytest.raises(screening.UnexplainedGap, match="missing.csv:\n  a is not known for 2 towns: add a line"):
        screening.require_reasons(values, NONE)
    with pytest.raises(screening.UnexplainedGap, match="a has the mechanism 'weather'; it must be one of authority"):
        screening.require_reasons(values, why("a", mechanism="weather"))
    screening.require_reasons(values, why("a"))


def test_pairs_beyond_the_limit_are_found_once():
    x = RANDOM.normal(size=500)
    values = pd.DataFrame({"x": x, "twin": 3 * x + 1, "mirror": -x, "other": RANDOM.normal(size=500)})
    pairs = screening.redundant(values)
    assert {frozenset(pair) for pair in zip(pairs["one"], pairs["other"])} == {frozenset(p) for p in (("x", "twin"), ("x", "mirror"), ("twin", "mirror"))}
    assert pairs["correlation"].abs().tolist() == pytest.approx([1, 1, 1])


CRITERIA = pd.DataFrame(
    [("X", "1", "high", "above_mean", "all"), ("X", "2", "low", "below_mean", "all"), ("X", "3", "flag", "yes", "all"),
     ("Y", "1", "high", "above_mean", "all"), ("Y", "2", "low", "above_mean", "England"), ("Z", "1", "high", "at_least", "all")],
    columns=["cluster", "criterion", "indicator", "rule", "applies_to"],
)  # fmt: skip


def test_criteria_are_turned_the_way_they_are_met():
    x = np.arange(6.0)
    values = pd.DataFrame({"high": x, "low": -x, "flag": 1.0})
    nation = pd.Series(["England"] * 4 + ["Wales"] * 2)
    found = screening.items(CRITERIA, values, nation)
    assert set(found) == {"X", "Y"}  # Z has one criterion with numbers
    assert found["X"].corr().to_numpy() == pytest.approx(np.ones((2, 2)))  # below -x is above x
    assert len(found["Y"]) == 4  # a criterion of England alone has no towns of Wales
    against = screening.trade_offs(found)
    assert against[["cluster", "one", "other"]].values.tolist() == [["Y", "high", "low"]]
    assert against["correlation"].tolist() == pytest.approx([-1])


def test_alpha_and_first_component_where_they_are_known():
    # k items with one common correlation r: alpha = k r / (1 + (k - 1) r), first eigenvalue 1 + (k - 1) r
    common = RANDOM.normal(size=(200_000, 1))
    alike = pd.DataFrame(np.sqrt(0.4) * common + np.sqrt(0.6) * RANDOM.normal(size=(200_000, 4)))
    (row,) = screening.coherence({"X": alike}).to_dict("records")
    assert row["alpha"] == pytest.approx(4 * 0.4 / (1 + 3 * 0.4), abs=0.01)
    assert row["first_component"] == pytest.approx((1 + 3 * 0.4) / 4, abs=0.01)
    assert row["negative_pairs"] == 0
    # standardised alpha is that of the covariance formula on scores of equal variance
    scores = (alike - alike.mean()) / alike.std()
    cronbach = 4 / 3 * (1 - scores.var().sum() / scores.sum(axis=1).var())
    assert screening.alpha(alike) == pytest.approx(cronbach)
    # no structure: nothing is found
    (none,) = screening.coherence({"X": pd.DataFrame(RANDOM.normal(size=(200_000, 4)))}).to_dict("records")
    assert abs(none["alpha"]) < 0.03 and none["first_component"] == pytest.approx(0.25, abs=0.01)


def used_values() -> pd.DataFrame:
    index = towns.in_index(committed("towns"))
    known = committed("indicators").set_index("town_code").loc[index.index].astype("float64")
    return known[screening.used(clusters.definitions()[1], indicators.definitions(), list(known))]


def test_every_gap_has_a_reason_and_every_reason_a_gap():
    gaps = used_values().isna().any()
    assert set(screening.reasons()["indicator"]) == set(gaps[gaps].index)
    assert screening.reasons()["reason"].str.len().gt(30).all()


def test_the_reasons_fit_the_towns_that_lack_a_value():
    values, nation = used_values(), committed("towns").set_index("town_code")["nation"]
    for row in screening.reasons().itertuples():
        lacking = nation[values.index[values[row.indicator].isna()]]
        if row.mechanism == "nation":
            assert set(lacking) == {"Wales"}, row.indicator
        if row.mechanism in ("authority", "contest"):
            assert set(lacking) == {"England"} and len(lacking) < 10, row.indicator
    authorities = committed("towns").set_index("town_code")["local_authority"]
    assert set(authorities[values.index[values["furloughed"].isna()]]) == {"Buckinghamshire"}


def test_every_indicator_of_a_criterion_or_a_group_is_screened():
    criteria, lines = clusters.definitions()[1], indicators.definitions()
    wanted = set(criteria["indicator"]) | set(lines.loc[lines["grouping"] == "yes", "indicator"])
    missing = wanted - set(used_values())
    assert missing == {"", "ukip_local", "far_right_local"}  # not rebuilt, or kept apart for their licence
