"""Groups in other ways: planted groups are found by every method, and noise is not taken for structure."""

import numpy as np
import pandas as pd
import pytest
from bundle import committed
from sklearn.metrics import adjusted_rand_score

from towns_index import group_methods as methods
from towns_index import groups


@pytest.fixture(scope="module")
def planted():
    """90, 60 and 30 towns around three points far apart in four indicators; where they lie; and which is which."""
    random = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], [90, 60, 30])
    data = np.array([[0, 0, 0, 0], [9, 0, 9, 0], [0, 9, 0, -9]])[truth] + random.normal(size=(180, 4))
    places = pd.DataFrame(np.array([[0, 0], [100, 0], [0, 100]])[truth] + 10 * random.normal(size=(180, 2)), columns=["x", "y"])
    return groups.standardise(pd.DataFrame(data, columns=list("pqrs")))[0], places, truth


@pytest.fixture(scope="module")
def noise():
    return pd.DataFrame(np.random.default_rng(2).normal(size=(200, 5)))


def test_every_method_finds_planted_groups(planted):
    scores, places, truth = planted
    numbers = range(2, 6)
    mixture, bic = methods.gaussian_mixtures(scores, numbers, 0.01, 3)
    assert methods.ward(scores, numbers)[3].tolist() == truth.tolist() == mixture[3].tolist()
    assert methods.neighbouring_ward(scores, places, 4, numbers)[3].tolist() == truth.tolist()
    assert bic.idxmin() == 3
    random = np.random.default_rng(4)
    chances = np.array([[0.9] * 8, [0.1] * 8, [0.9] * 4 + [0.1] * 4])[truth]
    met = pd.DataFrame(random.random((180, 8)) < chances).astype(float).mask(random.random((180, 8)) < 0.1)
    classes, bic = methods.latent_classes(met, numbers, 3, 5)
    assert bic.idxmin() == 3 and adjusted_rand_score(classes[3], truth) > 0.85


def test_neighbouring_groups_are_in_one_piece():
    # Two kinds of town alternate along a road: Ward finds the kinds, the constrained method two pieces of the road.
    scores = pd.DataFrame({"x": [0.0, 9.0] * 20})
    road = pd.DataFrame({"x": np.arange(40.0), "y": 0.0})
    kinds = methods.ward(scores, range(2, 3))[2]
    assert len(set(kinds[::2])) == len(set(kinds[1::2])) == 1 and kinds[0] != kinds[1]
    pieces = methods.neighbouring_ward(scores, road, 2, range(2, 3))[2]
    assert (np.diff(pieces) != 0).sum() <= 2


def test_noise_has_no_classes_no_gap_and_no_silhouette(noise, planted):
    assert methods.gap_choice(methods.gap(noise, 5, 8, 3, 1)) == 1
    assert methods.gap_choice(methods.gap(planted[0], 5, 8, 3, 1)) == 3
    _, bic = methods.gaussian_mixtures(noise, range(1, 5), 0.01, 1)
    assert bic.idxmin() == 1
    met = pd.DataFrame(np.random.default_rng(6).random((300, 8)) < 0.4).astype(float)
    _, bic = methods.latent_classes(met, range(1, 4), 2, 1)
    assert bic.idxmin() == 1


def test_planted_groups_stand_out_from_data_without_structure_and_noise_does_not(planted, noise):
    for scores, stands_out in ((planted[0], True), (noise, False)):
        here = groups.evidence(scores, groups.candidates(scores, 8, 3, 4)).set_index("groups")
        null = methods.without_structure(scores, 4, 3, 8, 3).set_index("groups")
        assert (here.loc[3, "silhouette"] > null.loc[3, "silhouette_noise"] + 0.1) == stands_out
        assert null.index.tolist() == [2, 3, 4]


def test_data_without_structure_keep_the_correlations():
    # A long cloud is cut in two with a good silhouette although it has no groups; a round one is not.
    random = np.random.default_rng(8)
    common = random.standard_normal((300, 1))
    long = pd.DataFrame(common + 0.2 * random.standard_normal((300, 5)))
    silhouette = [methods.without_structure(groups.standardise(one.rename(columns=str))[0], 2, 2, 3, 1)["silhouette_noise"][0] for one in (long, pd.DataFrame(random.standard_normal((300, 5))))]
    assert silhouette[0] > 0.45 and silhouette[1] < 0.25


def test_the_gap_by_hand():
    table = pd.DataFrame({"groups": [1, 2, 3, 4], "gap": [0.1, 0.5, 0.52, 0.9], "gap_error": [0.01, 0.01, 0.03, 0.01]})
    assert methods.gap_choice(table) == 2  # 0.50 >= 0.52 - 0.03, while 0.1 < 0.5 - 0.01
    assert methods.gap_choice(table.assign(gap=[0.1, 0.5, 0.9, 1.4])) is None
    assert (methods.gap(pd.DataFrame(np.random.default_rng(9).normal(size=(40, 2))), 3, 4, 1, 1)["gap_error"] > 0).all()


def test_consensus_and_ambiguity_by_hand():
    again = np.array([[0, 0, 1, 1], [0, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1]])
    shares = methods.consensus(again)
    assert shares.tolist() == [[1, 1, 0.25, 0], [1, 1, 0.25, 0], [0.25, 0.25, 1, 0.75], [0, 0, 0.75, 1]]
    # Pairs: 1, 0.25, 0, 0.25, 0, 0.75 -> three of six between 0.1 and 0.9.
    assert methods.unclear(shares, 0.1, 0.9) == 0.5
    found = methods.ambiguity(shares, np.array([0, 0, 1, 1]))
    # T2: with its own 0.75, with the other group 0.25 -> 0.25 / 1. T0: own 1, other (0.25 + 0) / 2.
    assert found["ambiguity"].tolist() == pytest.approx([0.125 / 1.125, 0.125 / 1.125, 0.25, 0])
    assert found["second_group"].tolist() == [2, 2, 1, 1]


def test_identical_partitions_are_wholly_clear():
    again = np.array([[0, 0, 1, 2]] * 5)
    assert set(methods.consensus(again).ravel()) == {0, 1}
    assert methods.unclear(methods.consensus(again), 0.1, 0.9) == 0
    assert (methods.ambiguity(methods.consensus(again), again[0])["ambiguity"] == 0).all()


def test_relabelled_partitions_agree_wholly():
    alike = methods.agreement({"one": np.array([0, 0, 1, 2]), "two": np.array([2, 2, 0, 1]), "three": np.array([0, 1, 0, 1])})
    assert alike.loc["one", "two"] == 1 and alike.loc["one", "three"] < 0.1


def test_bands_are_words_for_the_mean():
    found = groups.Grouping(np.array([0, 0, 0, 1, 1]), np.array([0.75, 0.4]), np.array([[0, 0, 0, 1, 1], [0, 0, 1, 1, 1]]))
    table = methods.bands({2: found}, methods.definitions()["band"])
    assert table["band"].tolist() == ["stable", "dissolved"] and table["towns"].tolist() == [3, 2]
    # Second sample: {1,2,3} against {1,2}: 2/3; {4,5} against {3,4,5}: 2/3. 5th percentile of 1 and 2/3.
    assert table["low"].tolist() == pytest.approx([2 / 3 + 0.05 / 3] * 2)


def test_a_crosstab_by_hand():
    group = pd.Series([1, 1, 1, 1, 2, 2, 2, 2, 2])
    classes = pd.Series(["a", "a", "a", "b", "b", "b", "b", "a", None])
    cells, link = methods.crosstab(group, classes)
    row = cells.set_index(["class", "group"]).loc[("a", 1)]
    # Eight towns, four in each: expected 2; residual (3 - 2) / sqrt(2 * 0.5 * 0.5). Cramér's V: |3 * 3 - 1 * 1| / 16.
    assert (row["towns"], row["expected"]) == (3, 2) and row["residual"] == pytest.approx(1 / np.sqrt(0.5))
    assert link["cramers_v"] == pytest.approx(0.5) and link["classified"] == 8
    assert methods.crosstab(group, group.astype(str))[1]["adjusted_rand"] == 1


def test_the_committed_tables_agree():
    evidence, compared = committed("group_evidence").set_index("groups"), committed("group_methods")
    assert compared.groupby("method")["groups"].agg(["min", "max", "size"]).drop_duplicates().values.tolist() == [[2, 25, 24]]
    means = compared[compared["method"] == "k-means"].set_index("groups")
    assert means["silhouette"].to_list() == pytest.approx(evidence["silhouette"].to_list(), abs=1e-8) and (means["ari_k_means"] == 1).all()
    table, bands = committed("groups"), committed("group_stability")
    chosen = bands[bands["groups"] == table["group"].max()].set_index("group")
    assert chosen["towns"].to_dict() == table["group"].value_counts().sort_index().to_dict()
    assert (table["second_group"] != table["group"]).all() and table["ambiguity"].between(0, 1).all()
    cells = committed("group_crosstabs")
    links = committed("group_links").set_index("classification")
    assert cells.groupby("classification")["towns"].sum().to_dict() == links["classified"].to_dict()
    assert evidence.loc[table["group"].max(), "silhouette"] > evidence.loc[table["group"].max(), "silhouette_noise"]
