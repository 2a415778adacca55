"""Space: neighbours, Moran's I, jumps and halos where the answer is known."""

import warnings

import esda
import libpysal
import numpy as np
import pandas as pd
import pytest
import shapely
import statsmodels.api as sm
from bundle import committed
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from towns_index import clusters, figures, overlap, towns
from towns_index.space import border, drawings, halo, moran, values, weights


def grid(side: int) -> tuple[np.ndarray, sparse.csr_array]:
    """Places of a square board, and neighbours that share an edge (rook)."""
    places = np.array([(x, y) for x in range(side) for y in range(side)], float)
    return places, weights.neighbours(places, "band", 1.0)


# ---- neighbours -----------------------------------------------------------------------------------


def test_neighbours_by_hand():
    places = np.array([[0.0, 0], [1, 0], [3, 0], [10, 0]])
    nearest = weights.neighbours(places, "nearest", 1).toarray()
    assert nearest.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    band = weights.neighbours(places, "band", 3)
    assert band.toarray().tolist() == [[0, 0.5, 0.5, 0], [0.5, 0, 0.5, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 0]]
    assert weights.islands(band).tolist() == [False, False, False, True]
    # Bandwidth 1: of the first town, exp(-1/2) at 1 km and exp(-9/2) at 3 km, the last that counts.
    kernel = weights.neighbours(places, "kernel", 1).toarray()
    near, far = np.exp(-1 / 2), np.exp(-9 / 2)
    assert kernel[0] == pytest.approx([0, near / (near + far), far / (near + far), 0])
    elsewhere = weights.neighbours(places, "elsewhere", 1, np.array(["p", "p", "q", "q"])).toarray()
    assert elsewhere.argmax(axis=1).tolist() == [2, 2, 1, 1]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=10, max_size=30, unique=True), st.sampled_from(weights.KINDS))
def test_rows_add_up_to_one_and_nobody_is_their_own_neighbour(points, kind):
    areas = np.arange(len(points)) % 3
    matrix = weights.neighbours(np.array(points, float), kind, 3, areas)
    totals = matrix.sum(axis=1)
    assert np.allclose(totals[~weights.islands(matrix)], 1) and (totals[weights.islands(matrix)] == 0).all()
    assert (matrix.diagonal() == 0).all()


def test_too_few_places_and_unknown_kinds_are_refused():
    with pytest.raises(weights.BadSpace, match="5 neighbours, but of 4 places"):
        weights.neighbours(np.eye(4), "nearest", 5)
    with pytest.raises(weights.BadSpace, match="lower the value"):
        weights.neighbours(np.eye(4), "elsewhere", 2, np.array(list("aaab")))
    line = pd.DataFrame({"weights": ["w"], "kind": ["queen"], "value": [1.0]})
    with pytest.raises(weights.BadSpace, match="line w: kind 'queen' is not one of nearest"):
        weights.require(line)
    with pytest.raises(weights.BadSpace, match="line w: value 0.0 must be above 0"):
        weights.require(line.assign(kind="band", value=0.0))


def test_every_line_of_the_definitions_is_carried_out_and_has_its_reason():
    lines, choices = weights.definitions(), weights.settings()
    assert lines["reason"].str.len().gt(20).all() and lines["weights"].is_unique
    assert all(len(part["reason"]) > 20 for part in [*choices["model"], *(choices[name] for name in ("permutations", "local", "border", "halo"))])
    places = pd.DataFrame(np.random.default_rng(3).uniform(0, 100, (50, 2)), columns=["x", "y"])
    areas = pd.Series(np.arange(50) // 2)
    for name in [*lines["weights"], choices["local"]["weights"], "elsewhere"]:
        assert weights.named(name, lines, places, areas).shape == (50, 50)
    with pytest.raises(weights.BadSpace, match="no line 'queen'"):
        weights.named("queen", lines, places, areas)
    assert [weights.label(line) for line in lines.itertuples()][:2] == ["8 nearest towns", "towns within 30 km"]


# ---- Moran's I ------------------------------------------------------------------------------------


def test_a_checkerboard_is_minus_one_and_a_gradient_is_near_one():
    places, rook = grid(8)
    board = (places.sum(axis=1) % 2).astype(float)
    assert moran.moran(board, rook) == pytest.approx(-1)
    assert moran.moran(places[:, 0], rook) > 0.85
    assert np.isnan(moran.moran(np.ones(64), rook))


def test_it_is_that_of_esda():
    random = np.random.default_rng(4)
    places = random.random((60, 2)) * 100
    y = random.random(60) + places[:, 0] / 80
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = libpysal.weights.KNN.from_array(places, k=5)
        theirs.transform = "r"
        whole = esda.Moran(y, theirs, permutations=0)
        parts = esda.Moran_Local(y, theirs, permutations=4999, seed=1)
    ours = weights.neighbours(places, "nearest", 5)
    assert np.allclose(ours.toarray(), theirs.full()[0])
    assert moran.moran(y, ours) == pytest.approx(whole.I)
    found = moran.local(pd.Series(y), ours, 4999, 1, 0.05)
    assert found["i"].to_numpy() == pytest.approx(parts.Is)
    quadrants = pd.Series(parts.q).map({1: "High-High", 2: "Low-High", 3: "Low-Low", 4: "High-Low"})
    assert found["quadrant"].tolist() == quadrants.tolist()
    # esda's p is of one side, ours of two.
    two_sided = np.minimum(2 * parts.p_sim, 1)
    assert np.abs(found["p_value"] - two_sided).mean() < 0.02
    assert np.corrcoef(found["p_value"], two_sided)[0, 1] > 0.99


def test_chance_is_called_chance_at_its_rate():
    random = np.random.default_rng(5)
    places, rook = grid(7)
    orders = np.array([random.permutation(49) for _ in range(199)]).T
    p = np.array([moran.against_chance(random.standard_normal(49), rook, orders)[2] for _ in range(300)])
    assert 0.02 < (p <= 0.05).mean() < 0.09
    seen, z, small = moran.against_chance(places[:, 1], rook, orders)
    assert small == 1 / 200 and z > 5


def test_nothing_local_is_called_in_noise_and_a_planted_knot_is():
    random = np.random.default_rng(6)
    places, _ = grid(20)
    eight = weights.neighbours(places, "nearest", 8)
    noise = pd.Series(random.standard_normal(400))
    assert moran.local(noise, eight, 9999, 1, 0.05)["called"].sum() <= 2
    planted = (np.abs(places - 5).max(axis=1) <= 2) | (np.abs(places - [15, 14]).max(axis=1) <= 1)
    found = moran.local(noise + 4 * planted, eight, 9999, 1, 0.05)
    high = found["called"] & (found["quadrant"] == "High-High")
    inner = np.abs(places - 5).max(axis=1) <= 1
    assert high[inner].all() and high[15 * 20 + 14] and high[planted].mean() > 0.6 and high[~planted].sum() <= 2
    knots = moran.knots(found, eight, "High-High")
    assert knots.notna().equals(high) and knots[5 * 20 + 5] == 1 and knots[15 * 20 + 14] == 2
    index = pd.DataFrame({"town_name": [f"T{n}" for n in range(400)], "region": "R", "population_2019": range(400)})
    table = moran.knot_table(found.assign(knot=knots), index)
    assert table["towns"].tolist() == sorted(table["towns"], reverse=True)
    assert table["names"].iloc[0].startswith(f"{table['around'].iloc[0]}, ")


def test_an_island_is_neither_alike_nor_unlike():
    places = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0], [99, 0]])
    found = moran.local(pd.Series([1.0, 2, 3, 4, 9]), weights.neighbours(places, "band", 1), 99, 1, 0.05)
    assert found["i"].iloc[4] == 0 and found["p_value"].iloc[4] == 1


def test_islands_count_with_a_neighbourhood_of_zero():
    # Deviations -2.8 -1.8 -0.8 0.2 5.2, neighbours' means -1.8 -1.8 -0.8 -0.8 and none: 5/4 times 8.76 / 38.8.
    places = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0], [99, 0]])
    assert moran.moran(np.array([1.0, 2, 3, 4, 9]), weights.neighbours(places, "band", 1)) == pytest.approx(5 / 4 * 8.76 / 38.8)


@given(st.integers(3, 40), st.data())
def test_no_step_leads_back_or_twice_to_one_place(n, data):
    width = data.draw(st.integers(1, n - 1))
    steps = moran.steps_to_others(n, width, 20, np.random.default_rng(1))
    assert steps.shape == (20, width) and steps.min() >= 1 and steps.max() <= n - 1
    assert all(len(set(row)) == width for row in steps)


def test_adjusted_by_hand_and_gaps_stay():
    # sorted 0.01, 0.03, 0.04 times 3, 3/2, 1: 0.03, 0.045, 0.04; the least from the right.
    p = moran.adjusted(pd.Series([0.01, np.nan, 0.04, 0.03]))
    assert p[[0, 2, 3]].tolist() == pytest.approx([0.03, 0.04, 0.04]) and np.isnan(p[1])


def test_enough_permutations_are_asked_for():
    choices = weights.settings()["permutations"]
    index = towns.in_index(committed("towns"))
    assert choices["local"] >= len(index) / choices["rate"] - 1


# ---- the border -----------------------------------------------------------------------------------


def test_the_line_lies_halfway():
    places = pd.DataFrame({"x": [0.0, 0, 4, 4], "y": [0.0, 10, 0, 10]})
    line = border.line_between(places, places["x"] == 0)
    assert {x for x, _ in line_points(line)} == {2.0}


def line_points(line) -> list[tuple[float, float]]:
    return [tuple(np.round(point, 9)) for point in shapely.get_coordinates(line)]


def test_towns_of_wales_are_above_zero_and_those_on_the_border_near_it():
    listed = committed("towns")
    index = towns.in_index(listed)
    away = border.distances(listed, index)
    assert ((away > 0) == (index["nation"] == "Wales")).all()
    by_name = away.set_axis(index["town_name"])
    assert abs(by_name["Chepstow"]) < 12 and by_name["Aberystwyth"] > 50 and by_name["Lowestoft"] < -250


def test_a_jump_and_its_error_are_those_of_statsmodels():
    random = np.random.default_rng(7)
    away = random.uniform(-40, 40, 90)
    y = 0.02 * away + 0.5 * (away > 0) + random.standard_normal(90) * (1 + np.abs(away) / 20)
    right = (away > 0).astype(float)
    fitted = sm.OLS(y, np.column_stack([right, np.ones(90), away, right * away])).fit(cov_type="HC3")
    assert border.jump(y, away) == pytest.approx((fitted.params[0], fitted.bse[0]))


CHOICES = {"window_km": 40, "narrow_km": 30, "length_km": 260, "fewest": 20}


def toy_border(jump: float, slope: float = 0.0) -> pd.DataFrame:
    """Towns spread evenly over a square of 400 km; the border runs along x = 300."""
    random = np.random.default_rng(8)
    places = pd.DataFrame(random.uniform(0, 400, (1500, 2)), columns=["x", "y"])
    away = places["x"] - 300
    y = pd.DataFrame({"toy": slope * away + jump * (away > 0) + random.standard_normal(1500)})
    return border.jumps(y, away, places, CHOICES, 199, 199, 1).iloc[0]


def test_a_planted_jump_is_found_and_none_where_there_is_none():
    found = toy_border(2.0)
    assert found["low"] < 2 < found["high"] and found["p_value"] < 0.01 and found["p_placebo"] < 0.02 and found["p_exchanged"] == 1 / 200
    none = toy_border(0.0)
    assert none["low"] < 0 < none["high"] and none["p_placebo"] > 0.05


def test_where_too_few_towns_lie_near_the_border_nothing_is_said():
    places = pd.DataFrame({"x": np.arange(60.0), "y": 0.0})
    away = places["x"] - 45  # 14 towns to the right
    assert border.jumps(pd.DataFrame({"toy": np.zeros(60)}), away, places, CHOICES, 9, 9, 1).empty


def test_a_slope_differs_between_the_sides_but_does_not_jump():
    found = toy_border(0.0, slope=0.05)
    assert found["p_exchanged"] == 1 / 200 and found["p_placebo"] > 0.05 and found["low"] < 0 < found["high"]


def test_sides_that_mirror_each_other_have_no_jump():
    away = np.array([-30.0, -20, -10, 10, 20, 30])
    assert border.jump(np.abs(away), away)[0] == pytest.approx(0)
    assert border.exchanged(np.abs(away), away > 0, 99, 1) == 1


def test_placebo_borders_end_and_too_few_towns_are_told():
    places = np.random.default_rng(1).uniform(0, 600, (3000, 2))
    lines = border.placebo_distances(places, CHOICES, 20, 1)
    assert len(lines) == 20
    assert all(0.2 < np.isnan(away).mean() < 0.9 for away in lines)
    with pytest.raises(weights.BadSpace, match="lower fewest"):
        border.placebo_distances(places, CHOICES | {"fewest": 5000}, 2, 1)


def test_a_placebo_is_judged_like_the_border():
    random = np.random.default_rng(12)
    away, y = random.uniform(-80, 80, 300), random.standard_normal(300)
    away[:30], y[30:60] = np.nan, np.nan
    here = (np.abs(away) <= 40) & ~np.isnan(y)
    estimate, error = border.jump(y[here], away[here])
    assert border.placebo_ratios(y, [away, away], 40) == pytest.approx([abs(estimate) / error] * 2)
    assert border.placebo_ratios(np.ones(300), [away], 40) == [0]


def test_clusters_that_differ_by_nation_are_named():
    lines = clusters.in_force(clusters.definitions()[1], {"deprivation_fourth": "covid"})
    nation = towns.in_index(committed("towns"))["nation"]
    words = border.comparison(lines, committed("criteria"), nation)
    assert words["A"] == words["G"] == "alike"
    assert words["B"] == "compared within the nation: 1, 2"
    assert "other data: 4" in words["N"]
    assert "known less often in one nation: 1" in words["L"]  # market towns of Wales: only those with a market are known


# ---- cities and models ----------------------------------------------------------------------------


def test_distance_counts_from_the_edge_of_the_nearest_city():
    cities = pd.DataFrame({"city": ["P", "Q"], "easting_km": [0.0, 50], "northing_km": [0.0, 0], "radius_km": [20.0, 5]})
    places = pd.DataFrame({"x": [10.0, 35, 60], "y": [0.0, 0, 0]})
    near = halo.nearest_city(places, cities)
    # 35 km is 15 from the edge of P and 10 from that of Q
    assert near["city"].tolist() == ["P", "Q", "Q"] and near["city_km"].tolist() == [-10, 10, 5]
    steps = halo.bins(near["city_km"], [0, 5])
    assert steps.tolist() == ["inside", "over 5 km", "0 to 5 km"]


def test_a_curve_by_hand_and_its_band_covers_at_its_rate():
    random = np.random.default_rng(9)
    steps = pd.Series(pd.Categorical(["a"] * 300))
    areas = pd.Series(np.repeat(np.arange(60), 5))
    covered = []
    for _ in range(200):
        y = pd.DataFrame({"y": np.repeat(random.standard_normal(60), 5) + 0.3 * random.standard_normal(300)})
        row = halo.curve(y, steps, areas, 1, 200, 1).iloc[0]
        assert row["mean"] == pytest.approx(y["y"].mean()) and row["towns"] == 300
        covered.append(row["low"] <= 0 <= row["high"])
    assert 0.89 < np.mean(covered) < 0.985  # towns drawn one by one would cover about 60 %


def test_a_halo_is_as_wide_as_it_was_planted():
    random = np.random.default_rng(11)
    away = pd.Series(random.uniform(-5, 60, 900))
    y = pd.DataFrame({"y": 3.0 * (away < 20) + random.standard_normal(900), "noise": random.standard_normal(900)})
    table = halo.curve(y, halo.bins(away, [0, 10, 20, 30]), pd.Series(np.arange(900) // 3), 10, 400, 1)
    planted, noise = (table[table["outcome"] == name] for name in ("y", "noise"))
    assert halo.reach(planted) == 3 and planted["distance"].tolist()[2] == "10 to 20 km"
    assert halo.reach(noise) == 0 and planted["gap"].iloc[-1] == 0
    few = halo.curve(y, halo.bins(away, [-4.9, 10]), pd.Series(np.arange(900)), 200, 50, 1)
    assert few["mean"].isna().tolist()[0] and few["low"].isna().tolist()[0] and few["mean"].notna().tolist()[1]
    assert halo.reach(few[few["outcome"] == "y"]) == 2  # the first step has no mean and is passed over


def test_a_model_finds_what_was_planted_and_its_errors_are_whites_without_reach():
    random = np.random.default_rng(10)
    frame = pd.DataFrame(random.standard_normal((400, 2)), columns=["a", "b"])
    frame["y"] = 2 * frame["a"] + random.standard_normal(400)
    places = pd.DataFrame(random.uniform(0, 500, (400, 2)), columns=["x", "y"])
    model = {"name": "m", "outcome": "y", "predictors": ["a", "b"], "asks": "a"}
    terms, left = halo.fit(model, frame, places, 1e-9)
    terms = terms.set_index("term")
    assert terms.loc["a", "low"] < 2 / frame["y"].std() * frame["a"].std() < terms.loc["a", "high"]
    assert terms.loc["b", "low"] < 0 < terms.loc["b", "high"] and terms["vif"].max() < 1.05
    scores = (frame - frame.mean()) / frame.std()
    white = sm.OLS(scores["y"], sm.add_constant(scores[["a", "b"]])).fit(cov_type="HC0")
    assert terms["error_spatial"].to_numpy() == pytest.approx(white.bse[1:].to_numpy())
    assert abs(moran.moran(left.to_numpy(), weights.neighbours(places.to_numpy(), "nearest", 8))) < 0.06


def test_spatial_errors_by_hand():
    # A mean of four: two places together, two far away, residuals 1, 1, -1, -1; at half the reach a pair counts half.
    places = np.array([[0.0, 0], [5, 0], [100, 0], [200, 0]])
    residuals = np.array([1.0, 1, -1, -1])
    # Sum of squares 4, and twice a half for the near pair: 5; divided by n² = 16.
    assert halo.spatial_errors(np.ones((4, 1)), residuals, places, 10.0) == pytest.approx([np.sqrt(5 / 16)])


def test_models_that_ask_for_what_is_not_there_are_refused():
    model = {"name": "m", "outcome": "y", "predictors": ["a"], "asks": "b"}
    with pytest.raises(weights.BadSpace, match="model 'm': there is no indicator 'a'"):
        halo.require([model], ["y"])
    with pytest.raises(weights.BadSpace, match="asks 'b' is not one of its predictors"):
        halo.require([model], ["y", "a"])


# ---- the towns ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Towns, their flags, and what is known of them."""
    index = towns.in_index(committed("towns"))
    held = overlap.flags(committed("memberships")).reindex(index.index)
    near = halo.nearest_city(figures.positions(index), towns.fact("large_cities"))
    known = values.of_towns(index, committed("indicators").set_index("town_code"), held, near, ["K"])
    return index, held, known


def test_the_models_of_the_definitions_can_be_fitted(real):
    choices = weights.settings()
    halo.require(choices["model"], list(real[2]))
    assert (real[2]["characteristics"] - real[2]["characteristics_without"]).equals(real[1]["K"].fillna(0))


def test_variables_keep_their_denominators(real):
    index, held, _ = real
    members = committed("memberships")
    tested, kinds = values.tested(members, held, held, {})
    assert not any(name.endswith(" I") for name in tested) and len(tested.columns) == 2 + 2 * 13
    assert tested["criteria M"].notna().sum() == (index["nation"] == "England").sum()
    partly = members[(members["status"] == "not_assessed") & (members["criteria_assessed"] > 0) & (members["cluster"] == "D")]
    assert len(partly) > 10 and tested.loc[partly["town_code"], "criteria D"].isna().all()
    town = members[(members["cluster"] == "A") & (members["town_code"] == "E35000529")].iloc[0]
    assert tested.loc["E35000529", "criteria A"] == town["criteria_met"] / town["criteria_assessed"] and kinds["flag A"] == "flag"


def test_the_same_seed_gives_the_same_and_another_nearly(real):
    index, _, known = real
    places = figures.positions(index)
    eight = weights.neighbours(places.to_numpy(), "nearest", 8)
    one, again, other = (moran.local(known["characteristics"], eight, 999, seed, 0.05) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one["p_value"].equals(other["p_value"]) and one["i"].equals(other["i"])
    lines = weights.definitions()
    frame = known[["characteristics"]]
    tables = [moran.over_variables(frame, pd.Series({"characteristics": "count"}), places, index["local_authority"], lines, 99, 1) for _ in range(2)]
    pd.testing.assert_frame_equal(*tables)
    assert (tables[0]["p_value"] == 0.01).all() and tables[0]["i"].between(0.2, 0.45).all()


def test_names_of_knots_do_not_meet(real):
    places = pd.DataFrame({"x": [300.0, 301, 302, 600], "y": [100.0, 101, 102, 100]}, index=list("abcd"))
    knots = pd.DataFrame({"around": ["A (A)", "B", "C", "D"], "towns": [9, 8, 7, 6], "town_code": list("abcd")})
    placed = drawings.placed(knots, places)
    left = placed[placed["side"] == "left"]
    assert np.diff(np.sort(left["height"] + left["rise"])).min() >= 16
    assert placed["label"].tolist()[0] == "A (9)" and set(placed.loc[placed["around"] == "D", "side"]) == {"right"}
