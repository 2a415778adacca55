"""Groups of similar towns: planted groups are found, noise is not taken for groups."""

import numpy as np
import pandas as pd
import pytest
from bundle import committed

from towns_index import groups, indicators, towns, workers


def codes(count: int) -> pd.Index:
    return pd.Index([f"T{number:03}" for number in range(count)], name="town_code")


def stability(scores: pd.DataFrame, labels: np.ndarray, number: int, resamples: int, seed: int) -> np.ndarray:
    return groups.jaccards(labels, groups.again(scores, number, resamples, seed), number).mean(axis=0)


@pytest.fixture(scope="module")
def planted():
    """60, 40 and 20 towns around three points far apart, in four indicators; and which is which."""
    random = np.random.default_rng(1)
    truth = np.repeat([0, 1, 2], [60, 40, 20])
    centres = np.array([[0, 0, 0, 0], [9, 0, 9, 0], [0, 9, 0, -9]])
    data = centres[truth] + random.normal(size=(120, 4))
    order = random.permutation(120)
    values = pd.DataFrame(data[order], index=codes(120), columns=list("pqrs"))
    return groups.standardise(values)[0], truth[order]


def evidence_of(scores: pd.DataFrame, largest: int) -> pd.DataFrame:
    return groups.evidence(scores, groups.candidates(scores, resamples=10, seed=3, largest=largest))


@pytest.fixture(scope="module")
def evidence(planted):
    return evidence_of(planted[0], largest=5)


def test_planted_groups_are_found(planted, evidence):
    scores, truth = planted
    assert groups.choose(evidence) == 3
    labels = groups.partition(scores, 3, seed=3)
    assert labels.tolist() == truth.tolist()  # numbered from the largest group to the smallest
    assert stability(scores, labels, 3, resamples=10, seed=3) == pytest.approx([1, 1, 1])


def test_the_evidence_is_highest_at_the_planted_number(evidence):
    table = evidence.set_index("groups")
    assert table.index.tolist() == [2, 3, 4, 5]
    assert table["silhouette"].idxmax() == table["calinski_harabasz"].idxmax() == 3
    assert table["davies_bouldin"].idxmin() == 3
    assert table.loc[3, "silhouette"] > 0.6
    assert table.loc[3, "smallest"] == 20
    assert table.loc[3, "least_stable"] == pytest.approx(1)
    assert table.loc[5, "least_stable"] < 0.9


def test_noise_gives_a_low_silhouette():
    noise = np.random.default_rng(2).normal(size=(150, 8))
    scores, _ = groups.standardise(pd.DataFrame(noise, index=codes(150)).rename(columns=str))
    table = evidence_of(scores, largest=4)
    assert table["silhouette"].max() < 0.15
    assert table["least_stable"].max() < 0.75


def test_the_same_seed_gives_the_same_groups(planted):
    noise = pd.DataFrame(np.random.default_rng(5).normal(size=(80, 3)))
    for scores in (planted[0], noise):
        assert groups.partition(scores, 4, seed=7).tolist() == groups.partition(scores, 4, seed=7).tolist()
    labels = groups.partition(noise, 4, seed=7)
    one, two, other = (stability(noise, labels, 4, resamples=5, seed=seed) for seed in (7, 7, 8))
    assert one.tolist() == two.tolist()
    assert one.tolist() != other.tolist()


@pytest.mark.parametrize("setting", ["2", "3"])
def test_other_processes_find_the_same(planted, monkeypatch, setting):
    labels = groups.partition(planted[0], 4, seed=3)
    here = stability(planted[0], labels, 4, resamples=7, seed=3)
    monkeypatch.setenv(workers.VARIABLE, setting)
    assert stability(planted[0], labels, 4, resamples=7, seed=3).tolist() == here.tolist()


def test_the_evidence_keeps_what_was_found(planted, evidence):
    labels, stable, again = groups.tested(planted[0], 3, resamples=10, seed=3)
    assert again.shape == (10, 120)
    assert labels.tolist() == groups.partition(planted[0], 3, seed=3).tolist()
    row = evidence.set_index("groups").loc[3]
    assert (row["stability"], row["least_stable"]) == (stable.mean(), stable.min())


def test_without_samples_there_is_no_stability_and_no_choice(planted):
    found = groups.candidates(planted[0], resamples=5, seed=3, largest=4, resampled=3)
    table = groups.evidence(planted[0], found).set_index("groups")
    assert len(found[4].again) == 0 and table["stability"].notna().tolist() == [True, True, False]
    assert groups.choose(table.reset_index()) == 3


def test_jaccard_by_hand():
    # Groups {1,2,3} and {4,5} against {1,2}, {3,4,5}: first 2/3 with {1,2} (1/5 with the other);
    # second 2/3 with {3,4,5}.
    found = groups.jaccard(np.array([0, 0, 0, 1, 1]), np.array([7, 7, 8, 8, 8]), 2)
    assert found.tolist() == pytest.approx([2 / 3, 2 / 3])
    # The same groups under other labels are the same groups.
    assert groups.jaccard(np.array([0, 0, 1]), np.array([1, 1, 0]), 2).tolist() == [1, 1]
    # {1,2,3,4} against pairs: 2/4.
    assert groups.jaccard(np.zeros(4, int), np.array([0, 0, 1, 1]), 1).tolist() == [0.5]
    # A group without towns resembles none.
    assert groups.jaccard(np.array([0, 0]), np.array([1, 1]), 2).tolist() == [1, 0]


def test_standardised_indicators_have_mean_0_and_standard_deviation_1():
    random = np.random.default_rng(4)
    values = pd.DataFrame({"even": random.normal(50, 9, 200), "skewed": random.lognormal(3, 1.5, 200)}, index=codes(200))
    scores, transformed = groups.standardise(values)
    assert transformed == ["skewed"]
    assert scores.mean().tolist() == pytest.approx([0, 0], abs=1e-9)
    assert scores.std(ddof=0).tolist() == pytest.approx([1, 1])
    assert (scores["even"].rank() == values["even"].rank()).all()  # high stays high
    assert (scores["skewed"].rank() == values["skewed"].rank()).all()
    assert scores["skewed"].skew() < 0.5 < 2 < values["skewed"].skew()


def test_an_indicator_with_a_gap_is_refused_by_name():
    values = pd.DataFrame({"whole": [1.0, 2.0], "patchy": [1.0, np.nan]})
    with pytest.raises(ValueError, match="need complete indicators; patchy lack a value.*`grouping`"):
        groups.standardise(values)


def choose(*rows) -> int:
    columns = ["groups", "stability", "least_stable", "smallest", "silhouette"]
    return groups.choose(pd.DataFrame([(*row, 0.5)[:5] for row in rows], columns=columns))


def test_the_largest_number_of_groups_that_holds_is_chosen():
    good, shaky, dissolved, small = (0.8, 0.7, 40), (0.59, 0.55, 40), (0.8, 0.5, 40), (0.8, 0.7, 14)
    assert choose((2, *good), (3, *good), (4, *shaky)) == 3
    assert choose((2, *good), (3, *dissolved)) == 2
    assert choose((2, *good), (3, *small)) == 2
    assert choose((2, *shaky), (3, *shaky), (4, 0.6, 0.51, 15)) == 4  # the limits themselves pass
    assert choose((2, 0.9, 0.9, 40, 0.5), (3, *good, 0.35), (4, *good, 0.34)) == 3  # 0.7 of the best silhouette
    assert choose((2, 0.4, 0.1, 5), (3, 0.5, 0.1, 5), (4, 0.3, 0.1, 5)) == 3  # none passes: the most stable


DEFINITIONS = pd.DataFrame(
    {
        "indicator": ["age", "pay", "size"],
        "high_words": ["older", "well paid", "large"],
        "low_words": ["younger", "poorly paid", "small"],
        "grouping": ["yes", "no", "yes"],
    }
)


def profile(**groups_of: list[float]) -> pd.DataFrame:
    """Mean z-scores of age, pay and size in groups g1, g2 …"""
    return pd.DataFrame(
        [
            {"group": int(name[1:]), "indicator": indicator, "z_score": z}
            for name, scores in groups_of.items()
            for indicator, z in zip(DEFINITIONS["indicator"], scores)
        ]
    )


def test_a_group_is_named_by_its_strongest_traits_with_their_sign():
    named = groups.names(profile(g1=[0.2, -1.5, 0.9], g2=[-2, 0.1, 0.3]), DEFINITIONS, traits=2)
    assert named.to_dict() == {1: "Poorly paid, large", 2: "Younger, large"}


def test_no_two_groups_have_the_same_name():
    named = groups.names(profile(g1=[2, 1, 0.1], g2=[1.9, 1, -0.2], g3=[2, 1, 0.1]), DEFINITIONS, traits=1)
    assert named[1] == "Older"
    assert named[2] == "Older, well paid"
    assert named[3] == "Older, well paid, large"


def test_profiles_are_means_of_the_groups():
    values = pd.DataFrame({"age": [10.0, 20.0, 60.0]}, index=codes(3))
    scores = pd.DataFrame({"age": [-1.0, -0.5, 1.5]}, index=codes(3))
    table = groups.profiles(scores, values, np.array([0, 0, 1])).set_index("group")
    assert table["mean"].to_dict() == {1: 15, 2: 60}
    assert table["z_score"].to_dict() == {1: -0.75, 2: 1.5}


def test_every_town_knows_its_group_its_distance_and_its_place():
    # Group 1: 0, 1 and 5 on a line, centre 2: distances 2, 1, 3. Group 2: 20 and 22, centre 21.
    scores = pd.DataFrame({"x": [0.0, 1.0, 5.0, 20.0, 22.0]}, index=codes(5))
    labels = np.array([0, 0, 0, 1, 1])
    table = groups.build(scores, labels, np.array([0.9, 0.6]), pd.Series({1: "One", 2: "Two"}))
    assert table["group"].tolist() == [1, 1, 1, 2, 2]
    assert table["group_name"].tolist() == ["One"] * 3 + ["Two"] * 2
    assert table["group_stability"].tolist() == [0.9] * 3 + [0.6] * 2
    assert table["distance"].tolist() == [2, 1, 3, 1, 1]
    assert table["place"].tolist() == [2, 1, 3, 1, 2]
    # T000: mean distance in its group (1 + 5) / 2 = 3, to the other (20 + 22) / 2 = 21: (21 - 3) / 21.
    assert table["silhouette"][0] == pytest.approx(18 / 21)


def test_the_committed_groups_are_whole_and_differ_in_name():
    table = committed("groups")
    index = towns.in_index(committed("towns"))
    assert set(table["town_code"]) == set(index.index) and len(table) == 862
    sizes = table["group"].value_counts().sort_index()
    assert sizes.index.tolist() == list(range(1, len(sizes) + 1))
    assert sizes.is_monotonic_decreasing
    assert sizes.min() >= groups.SMALLEST_GROUP
    assert table.groupby("group")["group_name"].nunique().eq(1).all()
    assert table["group_name"].nunique() == len(sizes)
    assert groups.choose(committed("group_evidence")) == len(sizes)


def test_the_committed_groups_are_those_of_the_committed_indicators():
    lines = indicators.definitions()
    index = towns.in_index(committed("towns"))
    values = committed("indicators").set_index("town_code").loc[index.index, groups.columns(lines)]
    scores, _ = groups.standardise(values)
    table = committed("groups").set_index("town_code")["group"].reindex(index.index)
    labels = groups.partition(scores, int(table.max()), seed=2020)
    assert (labels + 1 == table).all()
