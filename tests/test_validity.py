"""The index beside outcomes that it does not use: what may be an outcome, how the index enters, and the ecological contrast."""

import numpy as np
import pandas as pd
import pytest
from bundle import committed

from towns_index import clusters, validity

SETTINGS = {"baseline": {"one": {"terms": ["size", "wales"]}}}


def outcome(indicator="income", drop=""):
    return pd.DataFrame({"outcome": ["x"], "indicator": [indicator], "drop": [drop]})


def test_an_outcome_that_a_remaining_cluster_uses_is_refused():
    criteria = pd.DataFrame({"cluster": ["A", "B"], "indicator": ["age", "income"]})
    validity.require(outcome(drop="B"), SETTINGS, criteria, ["age", "income", "size"])
    with pytest.raises(validity.BadOutcomes, match="cluster B uses income; add its letter"):
        validity.require(outcome(), SETTINGS, criteria, ["age", "income", "size"])
    with pytest.raises(validity.BadOutcomes) as caught:
        validity.require(outcome("incmoe", "Q"), SETTINGS, criteria, ["age", "income"])
    for words in ("no indicator 'incmoe'", "column drop names Q", "no term 'size'"):
        assert words in str(caught.value)


def test_the_real_definitions_pass():
    lines, settings = validity.definitions()
    criteria = clusters.definitions()[1]
    names = list(committed("indicators").columns[1:])
    validity.require(lines, settings, criteria, names)
    # and would not, if one letter were taken out
    with pytest.raises(validity.BadOutcomes, match="cluster J uses turnout"):
        validity.require(lines.assign(drop=lines["drop"].str.replace("J", "")), settings, criteria, names)


def test_the_index_enters_in_three_ways():
    held = pd.DataFrame({"A": [1, 0, np.nan], "B": [1, 1, 0], "C": [0, 0, 0], "D": [1, 1, 1]})
    chances = pd.DataFrame({"A": [0.9, 0.2, np.nan], "B": [0.6, 0.7, 0.1], "C": [0.1] * 3, "D": [1.0] * 3})
    found = validity.index_terms(held, chances, ["D"])
    assert found["number"]["number"].tolist() == [2, 1, 0]
    assert list(found["clusters"]) == ["A", "B"], "C has no member, D is left out"
    assert found["probabilities"].to_numpy().tolist() == [[0.9, 0.6], [0.2, 0.7], [0, 0.1]]


def test_what_holds_for_towns_need_not_hold_within_them():
    # Two towns of two neighbourhoods: within each, more of one goes with less of the other; the town with more of one has more of both.
    one, other = np.array([[0.0, 2], [4, 6]]), np.array([[1.0, 0], [5, 4]])
    away = one - one.mean(axis=1, keepdims=True), other - other.mean(axis=1, keepdims=True)
    sums = pd.DataFrame({"one": (away[0] ** 2).sum(1), "other": (away[1] ** 2).sum(1), "both": (away[0] * away[1]).sum(1)})
    found = validity.ecological(sums, pd.DataFrame({"one": one.mean(1), "other": other.mean(1)}))
    assert found == {"between": pytest.approx(1), "within": pytest.approx(-1)}


def test_the_tables_of_the_study_agree_with_each_other():
    models, terms, gains = (committed(f"validity_{name}") for name in ("models", "terms", "gain"))
    r2 = models.set_index(["outcome", "baseline", "index"])["adjusted_r2"]
    for row in gains[gains["index"] != "probabilities"].itertuples():
        key = row.outcome, row.baseline
        assert row.baseline_r2 == pytest.approx(r2[(*key, "none")], abs=1e-5) and row.r2 == pytest.approx(r2[(*key, row.index)], abs=1e-5)
        assert row.low <= row.gain <= row.high
    lines, _ = validity.definitions()
    for line in lines.itertuples():
        used = set(terms.loc[(terms["outcome"] == line.outcome) & (terms["index"] == "clusters"), "term"])
        assert not used & set(line.drop.split())


def test_leave_share_is_explained_by_hand_as_well():
    import statsmodels.formula.api as smf

    index = committed("towns").query("in_index").set_index("town_code")
    values = committed("indicators").set_index("town_code").loc[index.index].astype("float64")
    held = committed("memberships").assign(held=lambda rows: rows["status"].isin(["full", "partial"]))
    frame = pd.DataFrame(
        {
            "leave": values["leave_share"], "imd": values["deprivation_both_nations"], "wales": (index["nation"] == "Wales").astype(float),
            "number": held[held["cluster"] != "J"].groupby("town_code")["held"].sum(),
        }
    )  # fmt: skip
    frame["square"] = (frame["imd"] - frame["imd"].mean()) ** 2
    fit = smf.ols("leave ~ imd + square + wales + number", frame).fit(cov_type="HC3")
    row = committed("validity_terms").query("outcome == 'leave' and baseline == 'deprivation' and index == 'number' and term == 'number'").iloc[0]
    assert row["coefficient"] == pytest.approx(fit.params["number"]) and row["se_hc3"] == pytest.approx(fit.bse["number"])
