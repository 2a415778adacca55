"""Clusters: every rule, three-valued logic and every status on rows worked by hand; then the real ones."""

from itertools import product

import pandas as pd
import pytest
from bundle import assert_same_bytes, committed
from hypothesis import given, settings
from hypothesis import strategies as st

from towns_index import clusters, overlap, store, tables, towns

NA = pd.NA
LINE = {
    "cluster": "A", "criterion": "1", "part": "", "combine": "", "label": "x", "indicator": "x", "rule": "above_mean",
    "threshold": "", "comparator": "towns", "applies_to": "all", "gate": "", "when": "", "evidence": "published",
}  # fmt: skip
TOWNS = pd.DataFrame(
    {"nation": ["England", "England", "England", "Wales", "Wales"], "region": ["North", "North", "South", "Wales", "Wales"]},
    index=["E1", "E2", "E3", "W1", "W2"],
)


def lines(*changes: dict) -> pd.DataFrame:
    """Criteria that differ from the usual line as told."""
    return pd.DataFrame([{**LINE, **change} for change in changes])


def flags(column) -> list:
    """Truth values with None for not assessed."""
    return [None if pd.isna(value) else bool(value) for value in column]


def judged(values: list, average: str = "mean", **change) -> pd.DataFrame:
    """One criterion for the five towns."""
    indicators = pd.DataFrame({"x": values}, index=TOWNS.index, dtype=float)
    return clusters.evaluate(lines(change), indicators, TOWNS, average)


# ---- rules and comparators ------------------------------------------------------------------------

VALUES = [1, 2, 6, 11, None]  # the mean of the four that are known is 20 / 4 = 5


@pytest.mark.parametrize(
    ("rule", "limit", "values", "met"),
    [
        ("above_mean", "", VALUES, [False, False, True, True, None]),
        ("below_mean", "", VALUES, [True, True, False, False, None]),
        ("above_mean", "", [3, 3, 3, 3, None], [False, False, False, False, None]),  # the mean is not above itself
        ("below_mean", "", [3, 3, 3, 3, None], [False, False, False, False, None]),
        ("at_least", "6", VALUES, [False, False, True, True, None]),  # the limit itself counts
        ("at_most", "2", VALUES, [True, True, False, False, None]),
        ("at_most", "-33.3", [-40, -33.3, -33.2, 0, None], [True, True, False, False, None]),
        ("yes", "", [1, 0, 1, 0, None], [True, False, True, False, None]),
        ("no", "", [1, 0, 1, 0, None], [False, True, False, True, None]),
    ],
)
def test_each_rule(rule, limit, values, met):
    assert flags(judged(values, rule=rule, threshold=limit)["met"]) == met


def test_the_comparator_says_whose_average_is_meant():
    values = [1, 3, 5, 10, 20]
    # all: 39/5 = 7.8. Nations: 3 and 15. Regions: 2 (North), 5 (South), 15 (Wales).
    assert judged(values)["threshold"].tolist() == [7.8] * 5
    assert judged(values, comparator="nation")["threshold"].tolist() == [3, 3, 3, 15, 15]
    assert judged(values, comparator="region")["threshold"].tolist() == [2, 2, 5, 15, 15]
    assert flags(judged(values)["met"]) == [False, False, False, True, True]
    assert flags(judged(values, comparator="nation")["met"]) == [False, False, True, False, True]
    assert flags(judged(values, comparator="region")["met"]) == [False, True, False, False, True]
    absolute = judged(values, rule="at_least", comparator="absolute", threshold="5")
    assert absolute["threshold"].tolist() == [5] * 5


def test_the_average_may_be_the_median():
    assert judged([1, 2, 3, 4, 100], "median")["threshold"].tolist() == [3] * 5
    assert flags(judged([1, 2, 3, 4, 100], "median")["met"]) == [False, False, False, True, True]
    assert flags(judged([1, 2, 3, 4, 100])["met"]) == [False, False, False, False, True]  # the mean is 22


def test_a_criterion_for_one_nation_takes_the_average_of_that_nation_only():
    frame = judged([1, 3, 5, 10, 20], applies_to="England")
    assert flags(frame["met"]) == [False, False, True, None, None]
    assert frame["threshold"].tolist()[:3] == [3, 3, 3]
    assert frame["value"].isna().tolist() == [False, False, False, True, True]


def test_only_towns_of_the_index_are_compared():
    # E3 is not in the index: the mean is (1 + 3) / 2 and not (1 + 3 + 50) / 3.
    indicators = pd.DataFrame({"x": [1.0, 3.0, 50.0]}, index=["E1", "E2", "E3"])
    frame = clusters.evaluate(lines({}), indicators, TOWNS.loc[["E1", "E2"]])
    assert flags(frame["met"]) == [False, True]
    # A town without a row of indicators is not assessed.
    frame = clusters.evaluate(lines({}), indicators.drop("E2"), TOWNS.loc[["E1", "E2"]])
    assert flags(frame["met"]) == [False, None]


def test_a_criterion_without_an_indicator_is_not_assessed():
    assert flags(judged([1, 2, 3, 4, 5], indicator="")["met"]) == [None] * 5


# ---- three-valued logic ---------------------------------------------------------------------------

# Kleene's tables: unknown only where the unknown part could still decide.
ALL = {
    (True, True): True, (True, False): False, (True, None): None,
    (False, True): False, (False, False): False, (False, None): False,
    (None, True): None, (None, False): False, (None, None): None,
}  # fmt: skip
ANY = {
    (True, True): True, (True, False): True, (True, None): True,
    (False, True): True, (False, False): False, (False, None): None,
    (None, True): True, (None, False): None, (None, None): None,
}  # fmt: skip


@pytest.mark.parametrize(("how", "table"), [("all", ALL), ("any", ANY)])
def test_parts_join_by_three_valued_logic(how, table):
    parts = pd.DataFrame([[NA if part is None else part for part in pair] for pair in table], dtype="boolean")
    assert flags(clusters.combine(parts, how)) == list(table.values())


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=4), st.sampled_from(["all", "any"]))
@settings(deadline=None)
def test_unknown_is_said_exactly_when_the_unknown_parts_could_decide(parts, how):
    frame = pd.DataFrame([[NA if part is None else part for part in parts]], dtype="boolean")
    join = all if how == "all" else any
    possible = {
        join(whole) for whole in product(*[(True, False) if part is None else (part,) for part in parts])
    }
    assert flags(clusters.combine(frame, how)) == [possible.pop() if len(possible) == 1 else None]


def two_parts(how: str, **second) -> pd.DataFrame:
    criteria = lines({"part": "a", "combine": how}, {"part": "b", "combine": how, "indicator": "y", **second})
    indicators = pd.DataFrame(
        {"x": [1, 1, 9, 9, None], "y": [1, 9, 9, None, 1]}, index=TOWNS.index, dtype=float
    )  # the means are 5 and 5
    return clusters.evaluate(criteria, indicators, TOWNS)


def test_a_criterion_in_parts_counts_the_parts_met():
    frame = two_parts("all")
    assert flags(frame["met"]) == [False, False, True, None, False]
    assert frame["threshold"].tolist() == [2] * 5
    assert frame["value"].tolist()[:3] == [0, 1, 2]
    assert frame["value"].isna().tolist()[3:] == [True, True]
    frame = two_parts("any")
    assert flags(frame["met"]) == [False, True, True, True, None]
    assert frame["threshold"].tolist() == [1] * 5


def test_parts_for_different_nations_leave_each_town_its_own_number():
    criteria = lines(
        {"part": "a", "combine": "any", "applies_to": "England", "comparator": "nation"},
        {"part": "b", "combine": "any", "applies_to": "Wales", "comparator": "nation", "indicator": "y"},
    )
    indicators = pd.DataFrame({"x": [1, 2, 6, 99, 99], "y": [99, 99, 99, 10, 20]}, index=TOWNS.index, dtype=float)
    frame = clusters.evaluate(criteria, indicators, TOWNS)
    assert frame["value"].tolist() == [1, 2, 6, 10, 20]
    assert frame["threshold"].tolist() == [3, 3, 3, 15, 15]
    assert flags(frame["met"]) == [False, False, True, False, True]


# ---- membership -----------------------------------------------------------------------------------


def member(*met, gate: bool = False, required: int = 4, rebuilt: str = "yes") -> tuple:
    """Criteria met and assessed, status and highest possible status of a town with such criteria."""
    numbers = [str(number) for number in range(1, len(met) + 1)]
    rows = pd.DataFrame({"town_code": "T", "cluster": "A", "criterion": numbers, "met": list(met)})
    rows["met"] = rows["met"].astype("boolean")
    criteria = lines(*[{"criterion": number, "gate": "yes" if gate and number == "1" else ""} for number in numbers])
    definition = pd.DataFrame({"cluster": ["A"], "required": [required], "rebuilt": [rebuilt]})
    row = clusters.memberships(rows, definition, criteria).iloc[0]
    return row["criteria_met"], row["criteria_assessed"], row["status"], row["could_be"]


@pytest.mark.parametrize(
    ("met", "expected"),
    [
        ((True, True, True, True), (4, 4, "full", "full")),
        ((True, True, False, True), (3, 4, "partial", "partial")),
        ((True, False, False, True), (2, 4, "none", "none")),
        ((False, False, False, False), (0, 4, "none", "none")),
        ((True, True, True, None), (3, 3, "partial", "full")),  # the unknown one could be met
        ((True, True, False, None), (2, 3, "none", "partial")),
        ((True, False, False, None), (1, 3, "none", "none")),
        ((True, True, None, None), (2, 2, "not_assessed", "full")),  # fewer than three could be assessed
        ((False, False, None, None), (0, 2, "not_assessed", "none")),
        ((True, False, None, None), (1, 2, "not_assessed", "partial")),
        ((None, None, None, None), (0, 0, "not_assessed", "full")),
    ],
)
def test_a_status_follows_from_the_criteria(met, expected):
    assert member(*met) == expected


def test_a_cluster_that_is_not_rebuilt_is_never_held():
    assert member(True, True, True, True, rebuilt="no")[2] == "not_assessed"
    assert member(True, True, True, None, rebuilt="partly")[2] == "partial"


def test_a_gate_keeps_a_town_out_however_many_criteria_it_meets():
    assert member(False, True, True, True, gate=True) == (3, 4, "none", "none")
    assert member(False, True, True, None, gate=True) == (2, 3, "none", "none")
    assert member(False, None, None, None, gate=True)[2:] == ("none", "none")
    assert member(True, True, True, False, gate=True)[2] == "partial"
    assert member(None, True, True, True, gate=True)[2] == "not_assessed"
    assert member(None, True, True, True)[2] == "partial"  # without a gate it is a criterion like the others


def test_the_number_required_is_a_matter_of_the_file():
    assert member(True, True, True, required=3)[2] == "full"
    assert member(True, True, False, required=3)[2] == "partial"


def test_one_clusters_gate_does_not_close_another():
    rows = pd.DataFrame(
        [("T", c, n, met) for c in "AB" for n, met in zip("1234", (False, True, True, True))],
        columns=["town_code", "cluster", "criterion", "met"],
    ).astype({"met": "boolean"})
    criteria = lines(*[{"cluster": c, "criterion": n, "gate": "yes" if c + n == "A1" else ""} for c in "AB" for n in "1234"])
    definition = pd.DataFrame({"cluster": ["A", "B"], "required": 4, "rebuilt": "yes"})
    assert clusters.memberships(rows, definition, criteria)["status"].tolist() == ["none", "partial"]


truth = st.sampled_from([True, False, None])


@settings(deadline=None, max_examples=30)
@given(st.tuples(truth, truth, truth, truth), st.booleans())
def test_learning_more_never_lifts_a_town_above_what_it_could_be(met, gate):
    order = ["none", "partial", "full"]
    could_be = member(*met, gate=gate)[3]
    reached = {
        member(*whole, gate=gate)[2]
        for whole in product(*[(True, False) if part is None else (part,) for part in met])
    }
    assert max(reached, key=order.index) == could_be


MEMBERS = pd.DataFrame(
    {
        "town_code": list("PQRS") * 2,
        "cluster": ["A"] * 4 + ["B"] * 4,
        "status": ["full", "partial", "none", "none", "full", "none", "not_assessed", "partial"],
    }
)


def test_clusters_of_a_town_are_counted():
    counted = clusters.counts(MEMBERS)
    assert counted.loc["P"].tolist() == [2, 0, 2]
    assert counted.loc["Q"].tolist() == [0, 1, 1]
    assert counted.loc["R"].tolist() == [0, 0, 0]
    assert list(counted.columns) == ["full", "partial", "either"]


def test_lift_compares_with_chance():
    # R was not assessed in B and does not count. A: P and Q, 2 of 3. B: P and S, 2 of 3. Both: P, 1 of 3.
    # By chance 2/3 x 2/3 = 4/9: lift (1/3) / (4/9) = 3/4.
    table = overlap.square(overlap.pairs(overlap.flags(MEMBERS), {}), ["A", "B"])
    assert table.loc["A", "B"] == table.loc["B", "A"] == pytest.approx(3 / 4)
    assert pd.isna(table.loc["A", "A"])
    # With R assessed and in none: 1/4 against 2/4 x 2/4: exactly chance.
    assessed = MEMBERS.replace({"status": {"not_assessed": "none"}})
    assert overlap.square(overlap.pairs(overlap.flags(assessed), {}), ["A", "B"]).loc["A", "B"] == pytest.approx(1)


def test_shares_of_a_criterion_are_of_the_towns_assessed():
    rows = pd.DataFrame(
        {"town_code": list("PQRS"), "cluster": "A", "criterion": "1", "met": pd.array([True, False, False, NA], "boolean")}
    )
    (row,) = clusters.criterion_shares(rows, lines({"label": "older"})).to_dict("records")
    # As read back from the published table, where the criterion is a number.
    assert clusters.criterion_shares(rows.assign(criterion=1), lines({"label": "older"})).to_dict("records") == [row]
    assert (row["label"], row["met"], row["assessed"], row["share"]) == ("older", 1, 3, pytest.approx(1 / 3))


# ---- the files ------------------------------------------------------------------------------------

ONE = pd.DataFrame({"cluster": ["A"], "required": [1]})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "above"}, "cluster A criterion 1: rule 'above' is not one of above_mean, below_mean"),
        ({"comparator": "country"}, "comparator 'country' is not one of towns, nation, region, absolute"),
        ({"evidence": "guess"}, "evidence 'guess' is not one of published"),
        ({"indicator": "aged_56"}, "there is no indicator 'aged_56'; did you mean 'aged_65'?"),
        ({"indicator": "qqqq"}, "there is no indicator 'qqqq'"),
        ({"rule": "at_least", "threshold": ""}, "the rule at_least needs a number"),
        ({"rule": "at_most", "threshold": "a third"}, "the rule at_most needs a number"),
        ({"part": "a", "combine": "both"}, "criterion 1a: a criterion in parts needs all or any"),
    ],
)
def test_each_kind_of_mistake_is_told_with_its_place(change, said):
    (problem,) = clusters.mistakes(ONE, lines({"indicator": "aged_65", **change}), ["aged_65", "white_british"])
    assert said in problem
    assert problem.startswith("criteria.csv, cluster A criterion 1")


def test_a_cluster_with_too_few_criteria_or_none_in_the_list_is_told():
    assert clusters.mistakes(ONE, lines({}), ["x"]) == []
    (problem,) = clusters.mistakes(ONE.assign(required=4), lines({}), ["x"])
    assert problem == "clusters.csv: A requires 4 criteria, criteria.csv defines 1"
    problems = clusters.mistakes(ONE, lines({}, {"cluster": "Z"}), ["x"])
    assert problems == ["criteria.csv, cluster Z criterion 1: clusters.csv has no cluster 'Z'"]


def test_all_mistakes_are_told_at_once():
    with pytest.raises(clusters.BadCriteria) as caught:
        clusters.require(ONE, lines({"rule": "above", "comparator": "country", "indicator": "z"}), ["x"])
    assert str(caught.value).count("\n") == 3


def test_a_criterion_may_depend_on_a_parameter_of_the_run():
    both = lines({"criterion": "1"}, {"criterion": "4", "when": "way=one"}, {"criterion": "4", "when": "way=two", "label": "second"})
    assert clusters.in_force(both, {"way": "one"})["label"].tolist() == ["x", "x"]
    assert clusters.in_force(both, {"way": "two"})["label"].tolist() == ["x", "second"]


# ---- the real clusters ----------------------------------------------------------------------------

DEFAULTS = {"deprivation_fourth": "covid"}


@pytest.fixture(scope="module")
def real():
    """Index, indicators, clusters and criteria as they are committed."""
    letters, criteria = clusters.definitions()
    indicators = committed("indicators").set_index("town_code")
    return towns.in_index(committed("towns")), indicators, letters, clusters.in_force(criteria, DEFAULTS)


@pytest.fixture(scope="module")
def results(real):
    """Criteria and memberships computed afresh from the committed indicators."""
    index, indicators, letters, criteria = real
    rows = clusters.evaluate(criteria, indicators, index)
    return rows, clusters.memberships(rows, letters, criteria)


def test_there_are_fourteen_clusters_of_four_criteria(real):
    _, indicators, letters, criteria = real
    assert letters["cluster"].tolist() == list("ABCDEFGHIJKLMN")
    assert (criteria.groupby("cluster")["criterion"].nunique() == 4).all()
    known = [*indicators, *committed("indicators_elections")]
    for choice in ("covid", "overall"):
        _, every = clusters.definitions()
        assert clusters.mistakes(letters, clusters.in_force(every, {"deprivation_fourth": choice}), known) == []


def test_the_committed_criteria_and_memberships_follow_from_the_committed_indicators(results, tmp_path):
    for name, frame in zip(("criteria", "memberships"), results):
        path = tables.write_csv(frame, tmp_path / f"{name}.csv", key=store.outputs()[name]["key"])
        assert_same_bytes(path, f"{name}.csv")


def test_every_town_has_a_status_in_every_cluster(real):
    index = real[0]
    members = committed("memberships")
    assert len(index) == 862
    assert len(members) == 862 * 14
    assert not members.duplicated(["town_code", "cluster"]).any()
    assert set(members["town_code"]) == set(index.index)
    assert set(members["status"]) == {"full", "partial", "none", "not_assessed"}


def test_every_status_is_that_of_its_criteria():
    # Counted again from criteria.csv, in plain Python.
    members = committed("memberships").set_index(["town_code", "cluster"])
    coast = set(committed("towns").query("coastal")["town_code"])
    for (town, cluster), met in committed("criteria").groupby(["town_code", "cluster"])["met"]:
        known = flags(met)
        yes, assessed = known.count(True), len(known) - known.count(None)
        row = members.loc[(town, cluster)]
        assert (row["criteria_met"], row["criteria_assessed"]) == (yes, assessed)
        status = {4: "full", 3: "partial"}.get(yes, "none")
        if assessed < 3 or cluster == "I":
            status = "not_assessed"
        if cluster == "N" and town not in coast:
            status = "none"
        assert row["status"] == status, (town, cluster)


def test_what_cannot_be_rebuilt_is_never_held(real):
    index = real[0]
    members = committed("memberships")
    assert set(members.query("cluster == 'I'")["status"]) == {"not_assessed"}
    wales = index.index[index["nation"] == "Wales"]
    less_connected = members[(members["cluster"] == "M") & members["town_code"].isin(wales)]
    assert len(less_connected) > 40
    assert set(less_connected["status"]) == {"not_assessed"}
    assert not (members.query("cluster == 'D'")["status"] == "full").any()  # one of its criteria is not rebuilt


def test_no_town_inland_has_coastal_challenges(real):
    index = real[0]
    members = committed("memberships").query("cluster == 'N'").set_index("town_code")
    inland = index.index[~index["coastal"].astype(bool)]
    assert len(inland) > 600
    assert set(members.loc[inland, "status"]) == {"none"}
    assert set(members.loc[inland, "could_be"]) == {"none"}
    assert members["status"].isin(["full", "partial"]).sum() > 10


def test_editing_one_threshold_changes_that_criterion_and_its_cluster_only(real, results):
    index, indicators, letters, criteria = real
    rows, members = results
    edited = criteria.copy()
    line = (edited["cluster"] == "B") & (edited["criterion"] == "3")
    assert line.sum() == 1
    edited.loc[line, "threshold"] = "-20"
    new_rows = clusters.evaluate(edited, indicators, index)
    new_members = clusters.memberships(new_rows, letters, edited)
    changed = (new_rows["met"].fillna(False) != rows["met"].fillna(False)).to_numpy()
    assert changed.any()
    assert set(zip(rows.loc[changed, "cluster"], rows.loc[changed, "criterion"])) == {("B", "3")}
    moved = (new_members != members).any(axis=1)
    assert set(members.loc[moved, "cluster"]) == {"B"}
    # A looser threshold never takes a member away.
    full = members.query("cluster == 'B' and status == 'full'")["town_code"]
    assert set(full) < set(new_members.query("cluster == 'B' and status == 'full'")["town_code"])


def test_every_direction_is_the_one_the_words_say(real):
    # "above" and "below" in the label of a criterion agree with its rule.
    _, _, _, criteria = real
    one = criteria[criteria["part"] == ""]
    assert (one.loc[one["label"].str.endswith("above average"), "rule"] == "above_mean").all()
    assert (one.loc[one["label"].str.endswith("below average"), "rule"] == "below_mean").all()
    assert one["label"].str.contains("(?:above|below) average").sum() > 20
