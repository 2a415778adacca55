"""Linear models: by hand, against closed forms, nothing gained from noise, and intervals that cover."""

import numpy as np
import pandas as pd
import pytest

from towns_index import regression


def areas(n, size=1):
    return pd.Series(np.arange(n) // size)


def test_slope_and_robust_errors_by_hand():
    # y = 0, 1, 1, 2 on x = 0, 0, 1, 1: slope 1, residuals -+0.5, leverage 1/2 each.
    # HC3: sum of (x - mean)^2 (e / (1 - h))^2 / (sum of (x - mean)^2)^2 = 4 * 0.25 * 1 / 1 = 1.
    y, x = pd.Series([0.0, 1, 1, 2]), pd.DataFrame({"x": [0.0, 0, 1, 1]})
    row = regression.coefficients(y, x, areas(4)).iloc[0]
    assert row["coefficient"] == pytest.approx(1) and row["se_hc3"] == pytest.approx(1)
    # standardised: 1 * sd(x) / sd(y) = 0.57735 / 0.81650
    assert row["standardised"] == pytest.approx(0.7071, abs=1e-4) and row["vif"] == pytest.approx(1)


def test_towns_that_are_copies_of_each_other_count_once():
    random = np.random.default_rng(1)
    x = pd.DataFrame({"x": random.standard_normal(50)})
    y = x["x"] + random.standard_normal(50)
    once = regression.coefficients(y, x, areas(50)).iloc[0]
    four = regression.coefficients(y.repeat(4).reset_index(drop=True), x.loc[x.index.repeat(4)].reset_index(drop=True), areas(200, 4)).iloc[0]
    assert four["coefficient"] == pytest.approx(once["coefficient"])
    assert four["se_cluster"] == pytest.approx(once["se_cluster"], rel=0.03)  # only the small-sample factor differs
    assert four["se_hc3"] < 0.6 * once["se_hc3"]


def test_vif_of_a_known_correlation():
    random = np.random.default_rng(2)
    one = random.standard_normal(20_000)
    x = pd.DataFrame({"one": one, "two": 0.8 * one + 0.6 * random.standard_normal(20_000)})
    table = regression.coefficients(pd.Series(one), x, areas(20_000))
    assert table["vif"].tolist() == pytest.approx([1 / (1 - 0.64)] * 2, rel=0.03)


def test_spatial_errors_are_wider_where_neighbours_share_what_is_not_in_the_model():
    random = np.random.default_rng(3)
    side = 18
    places = pd.DataFrame([(10.0 * a, 10.0 * b) for a in range(side) for b in range(side)], columns=["x", "y"])
    patch = (places["x"] // 60).astype(int) * 10 + (places["y"] // 60).astype(int)
    common = dict(zip(patch.unique(), random.standard_normal((patch.nunique(), 2)), strict=True))
    shared = np.array([common[name] for name in patch])
    x = pd.DataFrame({"x": shared[:, 0] + 0.3 * random.standard_normal(len(places))})
    y = pd.Series(shared[:, 1] + 0.3 * random.standard_normal(len(places)))
    row = regression.coefficients(y, x, areas(len(y)), regression.weights(places, 6, 50)).iloc[0]
    assert row["se_hac"] > 1.5 * row["se_hc3"]
    assert np.isfinite([row["coefficient_spatial"], row["se_spatial"], row["p_hac"]]).all()


def test_r2_of_regions_not_seen_by_hand():
    y, x = pd.Series([1.0, 2, 3, 4]), pd.DataFrame({"x": [1.0, 2, 3, 4]})
    regions = pd.Series(["n", "n", "s", "s"])
    assert regression.left_out_r2(y, x, regions) == pytest.approx(1)
    # A slope of the opposite sign in the other region predicts worse than the mean of the others.
    assert regression.left_out_r2(pd.Series([1.0, 2, 2, 1]), pd.DataFrame({"x": [0.0, 1, 0, 1]}), regions) < 0


def test_diagnostics_see_unequal_variances_and_curvature():
    random = np.random.default_rng(4)
    x = pd.DataFrame({"x": random.uniform(0, 3, 600)})
    regions = pd.Series(np.arange(600) % 3)
    plain = regression.diagnose(x["x"] + random.standard_normal(600), x, regions)
    fan = regression.diagnose(x["x"] + x["x"] * random.standard_normal(600), x, regions)
    curve = regression.diagnose(x["x"] ** 2 + random.standard_normal(600), x, regions)
    assert plain["p_breusch_pagan"] > 0.05 < plain["p_reset"]
    assert fan["p_breusch_pagan"] < 0.001 and curve["p_reset"] < 0.001


def test_influence_agrees_with_leaving_each_town_out():
    random = np.random.default_rng(6)
    x = pd.DataFrame({"a": random.standard_normal(40), "b": random.standard_normal(40)})
    y = x["a"] + random.standard_normal(40)
    y[7] += 8
    found, without = regression.influential(y, x, "a")
    assert 7 in found["town_code"].tolist() and found.set_index("town_code").loc[7, "residual"] > 4
    full = regression.coefficients(y, x, areas(40)).set_index("term").loc["a", "coefficient"]
    rest = x.index.difference(found["town_code"])
    assert without == pytest.approx(regression.coefficients(y[rest], x.loc[rest], areas(40)[rest]).set_index("term").loc["a", "coefficient"])
    # dfbeta: the coefficient with the town less the one without it, in standard errors of the fit without it.
    others = x.index.drop(7)
    out = regression.coefficients(y[others], x.loc[others], areas(40)[others]).set_index("term").loc["a", "coefficient"]
    assert np.sign(found.set_index("town_code").loc[7, "dfbeta"]) == np.sign(full - out)


def test_adjusted_r2_is_that_of_statsmodels():
    import statsmodels.api as sm

    random = np.random.default_rng(7)
    x = pd.DataFrame(random.standard_normal((80, 3)), columns=list("abc"))
    y = x["a"] + random.standard_normal(80)
    ours = regression.adjusted_r2(y.to_numpy(), x, {"small": ["a"], "large": ["a", "b", "c"]}, np.ones((1, 80))).iloc[0]
    assert ours["small"] == pytest.approx(sm.OLS(y, sm.add_constant(x[["a"]])).fit().rsquared_adj, abs=1e-6)
    assert ours["large"] == pytest.approx(sm.OLS(y, sm.add_constant(x)).fit().rsquared_adj, abs=1e-6)


def test_noise_gains_nothing_and_the_interval_covers():
    random = np.random.default_rng(8)
    noise_kept_out = covered = 0
    truth = 0.5 / 2.5 + 0  # variances: base 1, term 0.5, noise 1; the term adds 0.5 of 2.5
    for number in range(60):
        x = pd.DataFrame(random.standard_normal((400, 3)), columns=["base", "noise", "term"])
        y = x["base"] + np.sqrt(0.5) * x["term"] + random.standard_normal(400)
        models = {"base": ["base"], "noise": ["base", "noise"], "term": ["base", "term"]}
        table = regression.gains(y, x, models, [("base", "noise"), ("base", "term")], areas(400, 2), 300, number).set_index("larger")
        noise_kept_out += table.loc["noise", "low"] <= 0 <= table.loc["noise", "high"]
        covered += table.loc["term", "low"] <= truth <= table.loc["term", "high"]
    assert noise_kept_out >= 54 and 51 <= covered


def test_many_terms_of_noise_do_not_gain_by_being_many():
    random = np.random.default_rng(10)
    within = 0
    for number in range(20):
        x = pd.DataFrame(random.standard_normal((120, 11)), columns=["base", *map(str, range(10))])
        y = x["base"] + random.standard_normal(120)
        row = regression.gains(y, x, {"base": ["base"], "noise": list(x)}, [("base", "noise")], areas(120), 300, number).iloc[0]
        within += row["low"] <= 0 <= row["high"]
    assert within >= 17


def test_an_authority_counts_once_however_many_towns_share_its_values():
    random = np.random.default_rng(11)
    once = pd.DataFrame(random.standard_normal((100, 2)), columns=["base", "term"])
    y = once["base"] + 0.7 * once["term"] + random.standard_normal(100)
    models = {"base": ["base"], "term": ["base", "term"]}
    widths = []
    for copies in (1, 5):
        rows = np.repeat(range(100), copies)
        x, outcome = once.iloc[rows].reset_index(drop=True), y.iloc[rows].reset_index(drop=True)
        row = regression.gains(outcome, x, models, [("base", "term")], areas(100 * copies, copies), 1000, 1).iloc[0]
        widths.append(row["high"] - row["low"])
    assert widths[1] == pytest.approx(widths[0], rel=0.1)


def test_gains_are_the_same_for_the_same_seed():
    x = pd.DataFrame(np.random.default_rng(9).standard_normal((60, 2)), columns=["a", "b"])
    models = {"small": ["a"], "large": ["a", "b"]}
    one, two = (regression.gains(x["a"], x, models, [("small", "large")], areas(60, 3), 50, 5) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_false_discoveries_by_hand():
    found = regression.false_discoveries(pd.Series([0.01, 0.04, 0.03]), 0.04)
    assert found["q_value"].tolist() == pytest.approx([0.03, 0.04, 0.04]) and found["significant"].tolist() == [True, False, False]
