"""Similar towns: distances and reasons worked by hand, and what must hold for any scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from towns_index import similar

SCORES = pd.DataFrame(
    {"old": [2.0, 1.0, -1.0, 2.0], "rich": [0.0, 0.0, 0.0, 0.0], "far": [-1.0, -3.0, 1.0, -1.0]}, index=list("abcd")
)


def test_distance_is_the_typical_gap_in_one_column():
    # a to b: gaps 1, 0, 2; root of (1 + 0 + 4) / 3
    found = similar.distances("a", SCORES)
    assert found.index.tolist() == ["d", "b", "c"]
    assert found["d"] == 0
    assert found["b"] == pytest.approx(np.sqrt(5 / 3))
    assert found["c"] == pytest.approx(np.sqrt((9 + 0 + 4) / 3))


def test_reasons_are_what_is_unusual_in_both_the_strongest_first():
    found = similar.towns("a", SCORES, count=2, unusual=0.5)
    assert found.index.tolist() == ["d", "b"]
    assert found["shared"].tolist() == [["old", "far"], ["old", "far"]]
    # with b the less unusual of the two has 1.0 in both columns: the order of the columns stands
    assert found["differs"].tolist() == ["old", "far"]
    assert similar.towns("a", SCORES, unusual=1.5)["shared"].tolist() == [["old"], [], []]


def test_opposite_traits_are_no_reason():
    assert similar.towns("a", SCORES)["shared"]["c"] == []


def test_a_town_without_scores_is_refused():
    with pytest.raises(KeyError, match="z is not among the 4 towns"):
        similar.towns("z", SCORES)


@given(arrays(float, (6, 3), elements=st.floats(-5, 5)))
def test_distances_are_symmetric_and_obey_the_triangle(data):
    scores = pd.DataFrame(data, index=list("abcdef"))
    apart = {code: similar.distances(code, scores) for code in scores.index}
    for one in "abc":
        assert one not in apart[one].index
        assert apart[one].is_monotonic_increasing
        for other in "def":
            assert apart[one][other] == pytest.approx(apart[other][one])
            for third in set("abcdef") - {one, other}:
                assert apart[one][other] <= apart[one][third] + apart[third][other] + 1e-9


def test_context_is_standardised_and_takes_logarithms():
    values = pd.DataFrame({"size": [10.0, 100.0, 1000.0], "age": [20.0, 25.0, 30.0]}, index=list("abc"))
    lines = [{"indicator": "size", "logarithm": True}, {"indicator": "age", "logarithm": False}]
    scales = similar.context(values, lines)
    assert scales["size"].tolist() == pytest.approx(scales["age"].tolist())  # equal steps in both
    assert scales.mean().abs().max() < 1e-12 and scales.std(ddof=0).tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_a_context_that_cannot_be_computed_is_refused(bad):
    values = pd.DataFrame({"size": [10.0, bad]}, index=list("ab"))
    with pytest.raises(ValueError, match="size cannot describe the context"):
        similar.context(values, [{"indicator": "size", "logarithm": True}])


def fewer(**more):
    scales = pd.DataFrame({"x": [0.0, 0.1, 0.2, 0.3, 5.0]}, index=list("abcde"))
    counts = pd.DataFrame({"count": [5.0, 3.0, 3.0, 4.0, 0.0], "mean": [5.0, 4.5, 2.5, 4.0, 0.0]}, index=list("abcde"))
    return similar.with_fewer("a", scales, counts, **{"pool": 4, "farthest": 1.0, "fewer": 2, "count": 5} | more)


def test_fewer_characteristics_must_hold_as_published_and_over_draws():
    # b has fewer as published only, d one less, e is too far
    assert fewer().index.tolist() == ["c"]
    assert fewer(fewer=1).index.tolist() == ["c", "d"]
    assert fewer(farthest=9.0).index.tolist() == ["c", "e"]
    assert fewer(farthest=9.0, pool=3).index.tolist() == ["c"]
    assert fewer(fewer=1, count=1).index.tolist() == ["c"]
