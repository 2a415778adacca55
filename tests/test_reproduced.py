"""Published results worked out again: every kind by hand, and the statements on real towns."""

import pandas as pd
import pytest
from bundle import committed

from towns_index import reproduced

TOWNS = pd.DataFrame({"region": ["N", "N", "S", "S"], "kind": ["a", "b", "a", "b"], "growth": [-1.0, 0.0, 2.0, None], "people": [10, 20, 30, 40]})


def line(**changed):
    plain = {
        "result": "r", "statement": "", "kind": "share", "among": "", "counted": "growth < 0", "counted_if_rounded": "", "compare": "equal",
        "published": "25", "unit": "", "rests_on": "", "source": "", "address": "",
    }  # fmt: skip
    return pd.DataFrame([plain | changed])


def one(**changed):
    return reproduced.work_out(line(**changed), TOWNS).iloc[0]


def test_a_share_a_sum_and_a_highest_class_by_hand():
    assert one()["ours"] == "25.00" and one()["held"]
    assert one(among="region == 'N'", published="50")["ours"] == "50.00"
    assert one(kind="sum", counted="people / 10", published="10")["ours"] == "10.00"
    best = one(kind="highest", among="region, kind", counted="people", compare="class", published="S, b")
    assert best["ours"] == "S, b" and best["held"]


def test_a_number_is_held_if_it_rounds_to_the_published_one():
    assert not one(published="26")["held"]
    assert one(published="25.0")["held"] and not one(published="24.9")["held"]
    assert one(compare="below", published="26")["held"] and not one(compare="below", published="25")["held"]


def test_rounded_values_widen_what_may_hold():
    wide = one(counted_if_rounded="growth <= 0", published="40")
    assert (wide["ours"], wide["ours_to"]) == ("25.00", "50.00") and wide["held"]
    assert not one(counted_if_rounded="growth <= 0", compare="below", published="40")["held"]


def test_a_line_that_cannot_be_carried_out_is_named():
    with pytest.raises(reproduced.BadStatement, match="reproduced.csv, r: .*groth"):
        one(counted="groth < 0")
    with pytest.raises(reproduced.BadStatement, match="kind must be one of"):
        one(kind="mean")


def test_statements_on_the_real_towns():
    found = committed("reproduced").set_index("result")
    assert found.loc["population_fell", "towns"] == 1186
    assert found["held"].sum() >= 15 and found.loc["residents_2017", "ours"] == "32.60"
