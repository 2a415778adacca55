"""How firmly flags are held: the published statuses come back, closed forms hold, errors are of the stated size."""

import numpy as np
import pandas as pd
import pytest
from bundle import committed
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from towns_index import clusters, flips, indicators, probability, sensitivity, store, uncertainty

TOWNS = pd.DataFrame(
    {
        "in_index": True, "nation": "England", "region": "North", "local_authority": ["P", "P", "Q", "Q"],
        "population_2019": [20_000, 9_000, 9_000, 20_000], "town_name": list("abcd"),
    },
    index=pd.Index(list("abcd"), name="town_code"),
)  # fmt: skip
VALUES = pd.DataFrame({"one": [1.0, 2.0, 3.0, 6.0], "two": [4.0, 3.0, 2.0, 1.0], "three": [1.0, 1.0, 0.0, 0.0]}, index=TOWNS.index)
CRITERIA = pd.DataFrame(
    [
        ("A", "1", "", "", "one", "above_mean", "", "towns", "all"),
        ("A", "2", "", "", "two", "below_mean", "", "towns", "all"),
        ("A", "3", "", "", "three", "no", "", "absolute", "all"),
    ],
    columns=["cluster", "criterion", "part", "combine", "indicator", "rule", "threshold", "comparator", "applies_to"],
)
NONE = pd.DataFrame(columns=["cluster", "criterion", "part", "option", "indicator", "rule", "threshold", "comparator", "weight"])
PUBLISHED = pd.DataFrame({"A": ["none", "none", "partial", "full"]}, index=TOWNS.index)
REQUIRED = pd.Series({"A": 3})
VARIED = {
    "average": [{"option": "mean", "weight": 1}], "position": {"spread": 0.0},
    "assignment": [{"option": "shares", "weight": 1}], "compared": [{"option": "index", "weight": 1}],
}  # fmt: skip


def spread(own: float = 0.0, shared: float = 0.0) -> dict:
    errors = {"town": own, "authority": shared}
    return {kind: pd.DataFrame({"one": size, "two": 0.0, "three": 0.0}, index=TOWNS.index) for kind, size in errors.items()}


def model(own=0.0, shared=0.0, others=NONE, tables=None):
    return uncertainty.lines(CRITERIA, others, tables or [VALUES], TOWNS, spread(own, shared), [0])


@pytest.fixture(scope="module")
def real():
    """The committed tables, prepared as the notebook does."""
    towns = committed("towns")
    letters, lines = clusters.definitions()
    rebuilt = letters[letters["rebuilt"] != "no"].set_index("cluster")
    lines = clusters.in_force(lines, {"deprivation_fourth": "covid"})
    lines = lines[lines["cluster"].isin(rebuilt.index)]
    tables = [committed(name).set_index("town_code") for name in ("indicators", "indicators_best_fit")]
    prepared = uncertainty.load(lines, towns.set_index("town_code"), tables, indicators.inputs(towns, committed("measures")))
    index = towns[towns["in_index"].astype(bool)].set_index("town_code")
    members = committed("memberships")
    published = members[members["cluster"].isin(rebuilt.index)].pivot(index="town_code", columns="cluster", values="status")
    return prepared, published.loc[index.index], rebuilt["required"], index, members, tables[0]


def test_the_undisturbed_draw_gives_every_published_status(real):
    prepared, published, required, *_ = real
    assert published.shape == (862, 13)
    assert probability.departures(prepared, published, required) == 0
    wrong = published.copy()
    wrong.iloc[0, 0] = "full" if wrong.iloc[0, 0] != "full" else "none"
    assert probability.departures(prepared, wrong, required) == 1


def test_statuses_by_hand():
    # means: one 3, two 2.5. a: only nothing met (two 4, three yes); c: two and three; d: all three.
    found = next(probability.statuses(model(), probability.as_published(model()), PUBLISHED, REQUIRED, None))
    assert found["A"][0].tolist() == [0, 0, 1, 2]


def test_a_higher_threshold_takes_towns_out_and_a_lower_one_lets_them_in():
    lines, draws = model(), probability.as_published(model())
    # one: mean 3, standard deviation 2.16; half of it higher, the threshold is 4.1, one of it lower 0.8.
    # two, to be met by less than 2.5: standard deviation 1.29; one of it lower, the threshold is 1.2.
    higher, lower = (draws._replace(position=np.array([place])) for place in (0.5, -1.0))
    assert probability.met(lines[0], 0, higher, None)[0].tolist() == [False, False, False, True]
    assert probability.met(lines[0], 0, lower, None)[0].tolist() == [True, True, True, True]
    assert probability.met(lines[1], 1, lower, None)[0].tolist() == [False, False, False, True]


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_probability_follows_the_normal_distribution(kind):
    # d is 3 above the mean of one; with a standard error of 2 it stays above with probability Phi(1.5). c lies at the
    # mean and is above in half of the draws.
    lines = model(**{kind: 2.0})
    found = probability.tally(lines, probability.draw(lines, 20_000, 1, VARIED), PUBLISHED, REQUIRED, probability.Errors(1, TOWNS["local_authority"]))
    assert found.full.loc["d", "A"] == pytest.approx(norm.cdf(1.5), abs=0.01)
    assert found.full.loc["c", "A"] == pytest.approx(0.5, abs=0.015)
    assert found.inside.loc["a", "A"] == 0


def test_a_shared_error_is_the_same_in_an_authority_and_an_own_one_is_not():
    errors = probability.Errors(3, TOWNS["local_authority"])
    drawn = errors.of("one", "shared", np.arange(50))
    assert (drawn[:, 0] == drawn[:, 1]).all() and (drawn[:, 1] != drawn[:, 2]).all()
    own = errors.of("one", "own", np.arange(50))
    assert abs(np.corrcoef(own[:, 0], own[:, 1])[0, 1]) < 0.5
    assert (errors.of("one", "own", np.array([7])) == own[7]).all()  # whatever is drawn with it
    assert not (errors.of("two", "own", np.arange(50)) == own).all()


def test_an_interval_covers_what_is_drawn_as_often_as_it_says():
    # 20 flags of probability 0.3 a town: the 5th to 95th percentile holds at least 90 % of fresh draws.
    random = np.random.default_rng(0)
    drawn = random.binomial(20, 0.3, (4000, 5))
    counts = np.array([(drawn == number).sum(axis=0) for number in range(21)])
    low, high = probability.quantile(counts, 0.05), probability.quantile(counts, 0.95)
    fresh = random.binomial(20, 0.3, (4000, 5))
    inside = ((fresh >= low) & (fresh <= high)).mean()
    assert 0.9 <= inside < 0.96


def test_same_seed_same_draws(real):
    prepared, published, required, index, *_ = real
    errors = probability.Errors(5, index["local_authority"])
    one, other = (probability.tally(prepared, probability.draw(prepared, 300, 5), published, required, errors) for _ in range(2))
    pd.testing.assert_frame_equal(one.full, other.full)
    assert (one.counts == other.counts).all() and one.counts.sum(axis=0).tolist() == [300] * 862


def test_an_alternative_is_drawn_as_often_as_its_weight_says():
    others = pd.DataFrame([("A", "1", "", "x", "two", "above_mean", "", "towns", 0.25)], columns=NONE.columns)
    lines = model(others=others)
    drawn = probability.draw(lines, 20_000, 2, VARIED)
    assert (drawn.options[:, 0] == 1).mean() == pytest.approx(0.25, abs=0.01)
    # with two above its mean as criterion 1, d (two 1) fails it: full in three quarters of the draws
    found = probability.tally(lines, drawn, PUBLISHED, REQUIRED, None)
    assert found.full.loc["d", "A"] == pytest.approx(0.75, abs=0.01)


def test_a_town_without_the_alternative_keeps_the_line():
    values = VALUES.assign(four=[np.nan, 1.0, 2.0, np.nan])
    others = pd.DataFrame([("A", "1", "", "x", "four", "above_mean", "", "towns", 0.5)], columns=NONE.columns)
    frames = {kind: frame.assign(four=0.0) for kind, frame in spread().items()}
    line = uncertainty.lines(CRITERIA, others, [values], TOWNS, frames, [0])[0]
    plain, other = line.margin.reshape(*line.shape, 4)[:, 0, 0, 0]
    assert other[[0, 3]].tolist() == plain[[0, 3]].tolist() and other[[1, 2]].tolist() == pytest.approx([-0.5, 0.5])


def noise_line(**more) -> dict:
    return {"name": "x", "kind": "sd", "amount": 1, "count": "", "shared": "town", "reason": "", "evidence": "own"} | more


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ({"kind": "sd", "amount": 2}, 2),
        ({"kind": "cv", "amount": 0.1}, 3),
        ({"kind": "poisson", "count": "n"}, 30 / 5),
        ({"kind": "rounding", "amount": 5, "count": "n"}, 30 * 5 / np.sqrt(12) / 25),
    ],
)
def test_the_size_of_an_error_by_hand(line, error):
    values = pd.DataFrame({"x": [30.0], "n": [25.0]})
    (row,) = pd.DataFrame([noise_line(**line)]).itertuples(index=False)
    assert uncertainty.error_of(row, values, pd.Series([True])).tolist() == pytest.approx([error])


def test_errors_reach_an_indicator_through_its_formula():
    # 100 * a / b: one standard error of a (3) moves it by 3, of b (10, from 100 to 110) by -2.727; together 4.06.
    values = pd.DataFrame({"a": [30.0], "b": [100.0]})
    rows = pd.DataFrame([noise_line(name="a", amount=3), noise_line(name="b", amount=10), noise_line(name="a", amount=1, shared="authority")])
    lines = pd.DataFrame({"indicator": ["share"], "formula": ["100 * a / b"]})
    found = uncertainty.errors(rows, values, pd.Series([True]), lines)
    assert found["town"]["share"].tolist() == pytest.approx([np.hypot(3, 100 * 30 / 110 - 30)])
    assert found["authority"]["share"].tolist() == pytest.approx([1.0])


@pytest.mark.parametrize("change", [{"name": "nothing"}, {"kind": "gauss"}, {"shared": "county"}, {"kind": "poisson", "count": "nothing"}])
def test_a_line_of_noise_that_cannot_be_carried_out_is_named(change):
    with pytest.raises(uncertainty.BadNoise, match=r"noise\.csv"):
        uncertainty.errors(pd.DataFrame([noise_line(**change)]), pd.DataFrame({"x": [1.0]}), pd.Series([True]), pd.DataFrame({"indicator": ["x"], "formula": ["x"]}))


def test_every_line_of_the_definitions_names_something_that_is_there(real):
    _, criteria = clusters.definitions()
    key = ["cluster", "criterion", "part"]
    others = uncertainty.alternatives()
    assert len(others.merge(criteria, on=key)) >= len(others) > 15
    assert set(others["indicator"]) <= set(indicators.definitions()["indicator"])
    assert others.groupby(key)["weight"].sum().lt(1).all()
    assert (uncertainty.noise()["reason"].str.len() > 10).all() and not uncertainty.noise()["name"].duplicated().any()


# ---- flips ----------------------------------------------------------------------------------------


def test_the_smallest_change_by_hand():
    members = pd.DataFrame({"town_code": list("abcd"), "cluster": "A", "status": PUBLISHED["A"].to_numpy(), "criteria_met": [0, 0, 2, 3]})
    found = flips.smallest(model(), members, VALUES, REQUIRED).set_index("town_code")
    # d meets one by 3 (of 2.16 standard deviations) and two by 1.5 (of 1.29): two is nearer and may rise by 1.5.
    assert found.loc["d", ["flip_criterion", "flip_to"]].tolist() == ["2", "partial"]
    assert found.loc["d", ["flip_value", "flip_threshold", "flip_change"]].tolist() == pytest.approx([1, 2.5, 1.5])
    # c lies exactly at the mean of one and does not meet it: any more would make it full.
    assert found.loc["c", ["flip_criterion", "flip_to"]].tolist() == ["1", "full"] and found.loc["c", "flip_change"] == pytest.approx(0, abs=1e-6)
    assert "a" not in found.index  # two short of partial


def test_a_flip_that_is_carried_out_changes_the_status(real):
    prepared, published, required, index, members, values = real
    found = flips.smallest(prepared, members, values.loc[index.index], required)
    ((_, row),) = found[(found["cluster"] == "M") & (found["flip_to"] == "none")].nsmallest(1, "flip_distance").iterrows()
    place = index.index.get_loc(row["town_code"])
    for number, line in enumerate(prepared):
        if line.cluster == "M" and line.criterion + line.part == row["flip_criterion"]:
            margin = line.margin.copy()
            margin[:, place] -= np.abs(margin[:, place]) * 1.01
            changed = [*prepared[:number], line._replace(margin=margin), *prepared[number + 1 :]]
    assert probability.departures(changed, published, required) == 1


# ---- sensitivity ----------------------------------------------------------------------------------


def test_indices_of_the_ishigami_function():
    problem = {"num_vars": 3, "names": ["x", "y", "z"], "bounds": [[-np.pi, np.pi]] * 3}
    x, y, z = sensitivity.sample(2048, 1, problem).T
    outcome = np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)
    found = sensitivity.indices(pd.DataFrame({"f": outcome}), 1, problem).set_index("factor")
    assert found["first_order"].tolist() == pytest.approx([0.3139, 0.4424, 0.0], abs=0.03)
    assert found["total"].tolist() == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.03)
    assert (found["total_low"] < found["total"]).all()


def test_only_what_varies_has_an_index():
    lines = model(own=2.0)
    points = sensitivity.sample(128, 4)
    errors = probability.Errors(4, TOWNS["local_authority"])
    # with four criteria asked for, only d, with three, is inside, and only while it meets the first
    published, required = pd.DataFrame({"A": ["none", "none", "none", "partial"]}, index=TOWNS.index), pd.Series({"A": 4})
    found = sensitivity.outcomes(lines, sensitivity.as_draws(points, lines, 4, VARIED), published, required, errors)
    table = sensitivity.indices(found, 4).set_index("factor")
    assert table.loc["noise", "total"] == pytest.approx(1, abs=0.15)
    assert table.drop(index="noise")["total"].abs().max() < 0.05
    assert sensitivity.indices(found * 0, 4).empty


@given(st.lists(st.booleans(), min_size=3, max_size=3), st.lists(st.booleans(), min_size=3, max_size=3))
def test_jaccard_is_symmetric_and_1_only_for_the_same_set(one, other):
    a, b = np.array(one), np.array(other)
    forth, back = probability.jaccard(a[None], b)[0], probability.jaccard(b[None], a)[0]
    assert forth == back and 0 <= forth <= 1 and (forth == 1) == (one == other)


def test_published_probabilities_hold_together():
    table = committed("membership_probability")
    assert table[["p_full", "p_inside", "p_status"]].stack().between(0, 1).all()
    assert (table["p_full"] <= table["p_inside"] + 1e-9).all()
    assert set(table["cluster"]) == set("ABCDEFGHJKLMN")
    assert (table.loc[table["firmness"] == "safe", "p_status"] >= 0.9 - 1e-9).all()
    counts = committed("count_intervals")
    assert len(counts) == 862 and (counts["low"] <= counts["high"]).all()
    assert counts["mean"].between(counts["low"] - 1, counts["high"] + 1).all()
    assert set(store.outputs()) >= {"membership_probability", "count_intervals", "sobol", "cluster_stability"}
