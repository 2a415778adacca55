"""The ledger of assumptions: every kind on towns worked out by hand, its mistakes, and the committed tables."""

from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
from bundle import committed
from hypothesis import given, settings
from hypothesis import strategies as st

from towns_index import assumptions, clusters, town_lists, uncertainty
from towns_index.assumptions import lines as ledger_lines
from towns_index.assumptions.vary import average

Line = namedtuple("Line", "id target assumption instead reason evidence kind value not_computed")
FIELDS = ["cluster", "criterion", "part", "combine", "label", "indicator", "rule", "threshold", "comparator", "applies_to", "gate",
          "when", "evidence", "published_words", "stands_in_for"]  # fmt: skip
NO_OTHERS = pd.DataFrame(columns=["cluster", "criterion", "part", "option", "indicator", "rule", "threshold", "comparator"])
NO_LISTS = pd.DataFrame(columns=["list", "label", "areas", "min_population", "classes", "reason"])


def criterion(number: str, indicator: str, rule: str = "above_mean", **more) -> dict:
    fixed = {"cluster": "A", "criterion": number, "indicator": indicator, "rule": rule, "comparator": "towns", "applies_to": "all", "evidence": "own"}
    return dict.fromkeys(FIELDS, "") | fixed | more


def index(values: dict, rules: list[dict], **more) -> assumptions.Index:
    """Four towns of one cluster; w and x lie in England, y and z in Wales, and z is small and outside the index."""
    frame = pd.DataFrame(values, index=list("wxyz"), dtype=float)
    towns = pd.DataFrame(
        {
            "nation": ["England", "England", "Wales", "Wales"],
            "region": ["North", "South", "Wales", "Wales"],
            "population_2019": [100, 20, 20, 10],
            "in_index": [True, True, True, False],
        },
        index=list("wxyz"),
    )
    letters = pd.DataFrame({"cluster": ["A"], "required": [4], "rebuilt": ["yes"]})
    classes = pd.Series(["City", "Town", "Town", "Town"], index=list("wxyz"))
    given = {"divided": frame, "whole": frame, "classes": classes} | more
    return assumptions.Index(letters, pd.DataFrame(rules), {"average": "mean", "deprivation_fourth": "covid"}, towns=towns, **given)


# Of w, x, y: all meet 1 and 2; 3 is met by w alone (mean 4); 4 by w and x.
VALUES = {"one": [1, 1, 1, 1], "two": [1, 1, 1, 1], "three": [6, 3, 3, 20], "four": [5, 5, 0, 0]}
RULES = [
    criterion("1", "one", "at_least", threshold="1", comparator="absolute"),
    criterion("2", "two", "at_least", threshold="1", comparator="absolute"),
    criterion("3", "three"),
    criterion("4", "four"),
]
PUBLISHED = {"w": "full", "x": "partial", "y": "none"}


def held(given: assumptions.Index) -> pd.DataFrame:
    return assumptions.judge(given, assumptions.in_force(given))


def varied(kind: str, value: str = "", target: str = "", given=None, others=NO_OTHERS, lists=NO_LISTS) -> dict:
    """Status of each town in the one cluster after one line of the ledger."""
    given = given or index(VALUES, RULES)
    line = Line("a", target, "b", "c", "d", "own", kind, value, "")
    return assumptions.vary(line, given, held(given), others, lists)["A"].to_dict()


def test_the_toy_as_it_stands():
    given = index(VALUES, RULES)
    assert assumptions.statuses(held(given), given.clusters, given.criteria)["A"].to_dict() == PUBLISHED


# ---- every kind -----------------------------------------------------------------------------------


def test_another_list_is_judged_and_compared_among_itself():
    lists = pd.DataFrame([dict(zip(NO_LISTS.columns, ["all", "", "divided", "0", "", ""]))])
    # With z the mean of three is 8: only z is above it; w falls to partial. Four: mean 2.5.
    assert varied("towns", "all", lists=lists) == {"w": "partial", "x": "partial", "y": "none", "z": "partial"}


def test_whole_areas_are_judged_with_their_own_indicators():
    whole = pd.DataFrame(VALUES | {"three": [6, 6, 0, 20]}, index=list("wxyz"), dtype=float)  # mean 4: x meets it too
    assert varied("areas", "whole", given=index(VALUES, RULES, whole=whole)) == {"w": "full", "x": "full", "y": "none"}


def test_averages():
    # Three: the median of 6, 3, 3 is 3, which only w exceeds; four: the median of 5, 5, 0 is 5, which none does.
    assert varied("average", "median") == {"w": "partial", "x": "none", "y": "none"}
    # Three counted by residents: (600 + 60 + 60) / 140 = 5.1; four: (500 + 100) / 140 = 4.3: as before.
    assert varied("average", "residents") == PUBLISHED


def test_weighted_and_trimmed_means_by_hand():
    values = pd.Series([1.0, 5.0, np.nan], index=list("abc"))
    assert average("residents", pd.Series([3, 1, 9], index=list("abc")))(values) == pytest.approx(2)
    ten = pd.Series([*range(9), np.nan, 1000], dtype=float)  # ten known: 0 and 1000 go
    assert average("trimmed", ten)(ten) == pytest.approx(np.mean(range(1, 9)))
    for name in ("residents", "trimmed"):
        assert np.isnan(average(name, values)(values[["c"]]))


def test_a_parameter_brings_its_own_line_into_force():
    rules = [*RULES[:3], criterion("4", "four", when="deprivation_fourth=covid"), criterion("4", "five", when="deprivation_fourth=overall")]
    given = index(VALUES | {"five": [0, 0, 9, 0]}, rules)
    assert varied("parameter", "deprivation_fourth=overall", target="A4", given=given) == {"w": "partial", "x": "none", "y": "partial"}


def test_a_criterion_with_other_fields():
    assert varied("criterion", "rule=below_mean", target="A3") == {"w": "partial", "x": "full", "y": "partial"}
    assert varied("criterion", "rule=at_least; threshold=3; comparator=absolute", target="A3") == {"w": "full", "x": "full", "y": "partial"}
    # Within the nation: w and x are compared with 4.5 (three) and 5 (four), y with itself alone.
    assert varied("criterion", "comparator=nation", target="*") == {"w": "partial", "x": "none", "y": "none"}


def test_a_gate_opened_and_parts_joined_otherwise():
    gated = [criterion("1", "four", "yes", gate="yes", comparator="absolute"), *RULES[1:3], criterion("4", "two", "at_least", threshold="1", comparator="absolute")]
    given = index(VALUES | {"four": [0, 1, 0, 0], "three": [6, 6, 0, 0]}, gated)
    assert assumptions.statuses(held(given), given.clusters, given.criteria)["A"].to_dict() == {"w": "none", "x": "full", "y": "none"}
    assert varied("criterion", "gate=", target="A1", given=given) == {"w": "partial", "x": "full", "y": "none"}
    parts = [*RULES[:3], criterion("4", "four", part="a", combine="all"), criterion("4", "five", part="b", combine="all")]
    given = index(VALUES | {"five": [0, 9, 0, 0]}, parts)  # x alone has both parts
    assert assumptions.statuses(held(given), given.clusters, given.criteria)["A"].to_dict() == {"w": "partial", "x": "partial", "y": "none"}
    assert varied("criterion", "combine=any", target="A4", given=given) == {"w": "full", "x": "partial", "y": "none"}
    assert varied("leave_out", target="A4b", given=given) == PUBLISHED


def test_an_alternative_where_it_is_known_and_the_line_as_it_is_elsewhere():
    others = pd.DataFrame([dict(zip(NO_OTHERS.columns, ["A", "4", "", "other", "five", "above_mean", "", "towns"]))])
    given = index(VALUES | {"five": [np.nan, 1, 3, 0]}, RULES)  # unknown for w, which keeps meeting the criterion
    assert varied("alternative", "other", target="A4", given=given, others=others) == {"w": "full", "x": "none", "y": "partial"}


def test_a_criterion_left_out_is_one_fewer_to_meet():
    assert varied("leave_out", target="A3") == {"w": "full", "x": "full", "y": "partial"}
    # as if every town met it
    assert varied("criterion", "rule=at_least; threshold=0; comparator=absolute", target="A3") == varied("leave_out", target="A3")


def test_partial_members_as_none_and_as_full():
    assert varied("partial", "none") == {"w": "full", "x": "none", "y": "none"}
    assert varied("partial", "full") == {"w": "full", "x": "full", "y": "none"}


def test_a_town_with_an_unknown_criterion_is_not_assessed_if_all_must_be_known():
    given = index(VALUES | {"four": [np.nan, 5, 0, 0]}, RULES)
    assert assumptions.statuses(held(given), given.clusters, given.criteria)["A"]["w"] == "partial"
    assert varied("assessed", "4", given=given) == {"w": "none", "x": "partial", "y": "none"}


def test_what_a_target_names():
    rules = pd.DataFrame([*RULES[:2], criterion("3", "three"), criterion("4", "four", "below_mean", part="a"), criterion("4", "five", part="b")])
    named = {target: ledger_lines.lines_of(target, rules).tolist() for target in ("", "*", "A", "A4", "A4b", "B")}
    assert named == {
        "": [True] * 5, "*": [False, False, True, True, True], "A": [True] * 5, "A4": [False] * 3 + [True] * 2,
        "A4b": [False] * 4 + [True], "B": [False] * 5,
    }  # fmt: skip


# ---- the impact -----------------------------------------------------------------------------------


def test_the_impact_by_hand():
    before = pd.DataFrame({"A": ["full", "partial", "none"], "B": ["full", "none", "none"]}, index=list("xyz"))
    after = pd.DataFrame({"A": ["partial", "partial", "full"]}, index=list("xyz"))
    assert assumptions.impact(before, after) == {
        "towns": 3, "towns_changed": 2, "towns_full": 2, "gained": 1, "lost": 0, "full_gained": 1, "full_lost": 1,
        "mean_before": 1.0, "mean_after": pytest.approx(4 / 3), "jaccard": pytest.approx(2 / 3),
    }  # fmt: skip
    fewer = assumptions.impact(before, after.loc[["x", "y"]])
    assert (fewer["towns"], fewer["towns_changed"], fewer["mean_before"]) == (2, 1, 1.5)
    nobody = pd.DataFrame({"A": ["none"]}, index=["x"])
    assert assumptions.impact(nobody, nobody)["jaccard"] == 1


words = st.lists(st.sampled_from(["full", "partial", "none"]), min_size=6, max_size=6)


@settings(deadline=None)
@given(words, words)
def test_what_is_gained_and_lost_adds_up(one, two):
    before, after = (pd.DataFrame({"A": each[:3], "B": each[3:]}) for each in (one, two))
    found = assumptions.impact(before, after)
    assert (found["mean_after"] - found["mean_before"]) * 3 == pytest.approx(found["gained"] - found["lost"])
    assert found["towns_full"] <= found["towns_changed"] <= 3
    assert (found["jaccard"] == 1) == (found["gained"] + found["lost"] == 0)
    back = assumptions.impact(after, before)
    assert (back["gained"], back["lost"], back["jaccard"]) == (found["lost"], found["gained"], found["jaccard"])


# ---- mistakes -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ledger() -> pd.DataFrame:
    return assumptions.definitions()


def found_in(lines: pd.DataFrame) -> list[str]:
    return ledger_lines.mistakes(
        lines, clusters.definitions()[1], list(committed("indicators")), uncertainty.alternatives(), town_lists.definitions()["list"].tolist()
    )


def test_the_ledger_has_no_mistakes(ledger):
    assert found_in(ledger) == []
    assert len(ledger) >= 70


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("b3-rule", {"kind": "other"}, "kind 'other' is not one of towns, areas"),
        ("b3-rule", {"evidence": "rumour"}, "evidence 'rumour'"),
        ("b3-rule", {"value": "no such"}, "alternatives.csv has no option 'no such' for B3"),
        ("b3-rule", {"target": "B9"}, "criteria.csv has no line 'B9'"),
        ("b3-borrowed", {"target": "*"}, "needs a target such as B3"),
        ("b3-borrowed", {"value": "x"}, "must be empty"),
        ("list-all", {"value": "alll"}, "must be all, ten_thousand"),
        ("average-mean", {"value": "mode"}, "must be mean, median, trimmed, residents"),
        ("e4-covid", {"value": "seed=3"}, "takes average or deprivation_fourth"),
        ("n1-gate", {"value": "door="}, "'door' is not a field"),
        ("j3-nation", {"value": "comparator=region of"}, "did you mean 'region'?"),
        ("raked", {"not_computed": ""}, "give a reason in not_computed"),
        ("list-all", {"not_computed": "too slow"}, "give a reason in not_computed"),
        ("list-all", {"instead": ""}, "must hold words"),
    ],
)
def test_a_mistake_is_told_with_its_line(ledger, name, changes, said):
    wrong = ledger.copy()
    wrong.loc[wrong["id"] == name, list(changes)] = list(changes.values())
    told = [problem for problem in found_in(wrong) if problem.startswith(f"line {name}: ")]
    assert any(said in problem for problem in told), told


def test_what_the_ledger_is_silent_about_is_told(ledger):
    told = found_in(ledger[~ledger["id"].isin(["h4-dispersal", "h4-any", "m3-distance"])])
    assert told == [
        "criteria.csv says that H4 stands in for something, and no line is about it; add one",
        "alternatives.csv offers 'far commuters' for M3, and no line tries it; add one",
    ]
    assert "there are two lines" in found_in(pd.concat([ledger, ledger.tail(1)]))[0]


# ---- the committed tables -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> assumptions.Index:
    letters, criteria = clusters.definitions()
    divided = committed("indicators").set_index("town_code")
    chosen = {"average": "mean", "deprivation_fourth": "covid"}
    classes = committed("crosswalk").set_index("town_code")["commons_class"]
    return assumptions.Index(letters, criteria, chosen, divided, divided, committed("towns").set_index("town_code"), classes)


def test_with_no_change_the_published_statuses_come_back(real):
    base = held(real)
    found = assumptions.statuses(base, real.clusters, assumptions.in_force(real))
    published = committed("memberships").pivot(index="town_code", columns="cluster", values="status").replace("not_assessed", "none")
    pd.testing.assert_frame_equal(found, published[found.columns], check_dtype=False)


def test_a_town_that_meets_two_criteria_of_k_meets_the_third(real):
    # Less diverse than the mean town, in surroundings more diverse than the mean: the gap must exceed the mean gap.
    line = Line("k", "K3", "a", "b", "c", "own", "leave_out", "", "")
    base = held(real)
    after = assumptions.vary(line, real, base, NO_OTHERS, NO_LISTS)["K"]
    before = committed("memberships").query("cluster == 'K'").set_index("town_code")["status"]
    assert ((after == "full") == (before == "full")).all() and (after == "partial").sum() > (before == "partial").sum()
