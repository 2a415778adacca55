"""Types of change: the rules on toy towns by hand, and every real town in exactly one type."""

import numpy as np
import pandas as pd
import pytest
from bundle import committed

from towns_index import change_types

COLUMNS = ["type", "named_by", "label", "indicator", "rule", "threshold", "comparator", "alternative", "reason"]


def rules(*lines):
    return pd.DataFrame([(kind, "own", "", name, rule, limit, "towns", "", "") for kind, name, rule, limit in lines], columns=COLUMNS)


TWO = rules(("Up", "growth", "at_least", "0"), ("Far", "growth", "at_most", "-1"), ("Far", "km", "at_least", "10"), ("Near", "growth", "at_most", "-1"), ("Near", "km", "at_most", "5"))


def towns(growth, km):
    values = pd.DataFrame({"growth": growth, "km": km}, index=[f"T{number}" for number in range(len(growth))], dtype="float64")
    return values, pd.DataFrame({"nation": "England", "region": "East"}, index=values.index)


def test_types_margins_and_next_types_by_hand():
    # growth 1, -1, -2: standard deviation 1.5275; km 4, 4, 12: 4.6188.
    values, index = towns([1, -1, -2], [4, 4, 12])
    found = change_types.assign(TWO, change_types.distances(TWO, values, index))
    assert found["type"].tolist() == ["Up", "Near", "Far"]
    # T0 would be Near with growth of -1: 2 / 1.5275. T1 would be Up with growth of 0: 1 / 1.5275. T2 would be Up with 2 more,
    # or Near with 7 km less: 7 / 4.6188 = 1.516 against 1.309.
    assert found["margin"].tolist() == pytest.approx([1.309, 0.655, 1.309], abs=1e-3)
    assert found["next_type"].tolist() == ["Near", "Up", "Up"]


def test_a_value_on_the_limit_is_inside_where_the_rule_says_at_least():
    values, index = towns([0, 2], [1, 1])
    assert change_types.assign(TWO, change_types.distances(TWO, values, index))["type"].tolist() == ["Up", "Up"]


def test_a_missing_value_matters_only_if_it_could_decide():
    values, index = towns([1, -2, -3, -3], [np.nan, np.nan, 12, 2])
    found = change_types.assign(TWO, change_types.distances(TWO, values, index))
    assert found["type"].tolist() == ["Up", change_types.NOT_ASSESSED, "Far", "Near"]
    assert np.isnan(found["margin"][1]) and found["next_type"][1] == ""


def test_rules_that_overlap_or_leave_a_gap_are_refused():
    values, index = towns([1, -2], [1, 7])
    with pytest.raises(change_types.BadTypes, match="1 towns have no type"):
        change_types.assign(TWO, change_types.distances(TWO, values, index))
    both = rules(("Up", "growth", "at_least", "0"), ("Any", "km", "at_least", "0"))
    with pytest.raises(change_types.BadTypes, match="town T0 has 2 types"):
        change_types.assign(both, change_types.distances(both, values, index))


def test_mistakes_in_the_definitions_are_all_named():
    wrong = rules(("Up", "growht", "above_mean", ""), ("Up", "km", "above", ""), ("Up", "km", "at_least", ""))
    observation = pd.DataFrame({"statement": ["x"], "indicator": ["km"], "expected": ["more"]})
    with pytest.raises(change_types.BadTypes) as caught:
        change_types.require(wrong, observation, ["growth", "km"])
    for words in ("no indicator 'growht'", "did you mean", "rule 'above' is not one of", "needs a number", "'more' is neither"):
        assert words in str(caught.value)


def test_a_difference_of_means_by_hand_and_its_interval_covers():
    values = pd.Series([1.0, 3, 5, 7])
    found = change_types.difference(values, pd.Series([True, True, False, False]), pd.Series(list("abcd")))
    assert (found["mean"], found["others_mean"], found["difference"]) == pytest.approx((2, 6, -4))
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(200):  # areas of four towns that share half of their variance; the true difference is 1
        area = np.repeat(np.arange(60), 4)
        inside = pd.Series(np.repeat(random.random(60) < 0.4, 4))  # of one area all or none, as shared values are
        noise = random.standard_normal(60)[area] + random.standard_normal(240)
        one = change_types.difference(pd.Series(noise) + inside, inside, pd.Series(area))
        covered += one["low"] <= 1 <= one["high"]
    assert 180 <= covered <= 198


def test_what_is_found_among_many_must_pass_the_false_discovery_rate():
    random = np.random.default_rng(6)
    names = [f"noise {number}" for number in range(30)]
    values = pd.DataFrame(random.standard_normal((200, 30)), columns=names).assign(planted=np.repeat([1.0, 0.0], 100) + 0.3 * random.standard_normal(200))
    kinds = pd.DataFrame({"town_code": range(200), "type": np.repeat(["Up", "Near"], 100)})
    observation = pd.DataFrame({"statement": "s", "indicator": [*names, "planted"], "expected": "high"})
    table = change_types.profile(kinds, values, observation, TWO, pd.Series(range(200)))
    of_up = table[table["type"] == "Up"].set_index("indicator")
    assert (of_up.loc[names, "p_value"] < 0.05).any() and set(of_up.loc[names, "found"]) == {"not clear"}
    assert of_up.loc["planted", "found"] == "held" and table.set_index(["type", "indicator"]).loc[("Near", "planted"), "found"] == "opposite"


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (["held", "held"], "held"), (["held", "not clear"], "partly held"), (["held", "opposite"], "mixed"),
        (["not clear", "not clear"], "not clear"), (["opposite", "not clear"], "partly opposite"),
    ],
)  # fmt: skip
def test_the_word_for_several_indicators(found, word):
    table = pd.DataFrame({"statement": "s", "type": "t", "found": found})
    assert change_types.verdicts(table).loc["s", "t"] == word


def test_every_real_town_has_one_type_and_the_published_table_says_so():
    index = committed("towns").query("in_index").set_index("town_code")
    values = committed("indicators").set_index("town_code").loc[index.index].astype("float64")
    lines, observation = change_types.definitions()
    change_types.require(lines, observation, list(values))
    kinds = change_types.assign(lines, change_types.distances(lines, values, index))
    assert len(kinds) == 862 and set(kinds["type"]) == set(lines["type"])
    pd.testing.assert_series_equal(kinds["type"], committed("change_types")["type"], check_dtype=False)
    for swapped in change_types.variants(lines).values():
        assert len(change_types.assign(swapped, change_types.distances(swapped, values, index))) == 862
