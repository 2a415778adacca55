"""Two results folders compared: every cause on towns worked by hand, refusals, the page; then real results."""

import json
import re
import shutil
from html.parser import HTMLParser

import pandas as pd
import pytest

from towns_index import clusters, paths, tables, towns
from towns_index.compare import Unusable, command, compare, report, say
from towns_index.compare.markup import MOST

TOWNS = ["T1", "T2", "T3", "T4", "T5"]
LETTERS = pd.DataFrame(
    {"cluster": ["X", "I"], "name": ["Toy", "Apart"], "required": [4, 4], "rebuilt": ["yes", "no"]}
)
COLUMNS = ["cluster", "criterion", "part", "combine", "label", "indicator", "rule", "threshold", "comparator", "when"]
LINES = pd.DataFrame(
    [
        ["X", "1", "", "", "a is above average", "a", "above_mean", "", "towns", ""],
        ["X", "2", "", "", "b is 5 or more", "b", "at_least", "5", "absolute", ""],
        ["X", "3", "a", "all", "flag, and c below average", "flag", "yes", "", "absolute", ""],
        ["X", "3", "b", "all", "flag, and c below average", "c", "below_mean", "", "towns", ""],
        ["X", "4", "", "", "d is above average", "d", "above_mean", "", "towns", "choice=p"],
        ["X", "4", "", "", "e is above average", "e", "above_mean", "", "towns", "choice=q"],
        ["I", "1", "", "", "u is above average", "u", "above_mean", "", "towns", ""],
        ["I", "2", "", "", "not rebuilt", "", "above_mean", "", "towns", ""],
        ["I", "3", "", "", "not rebuilt", "", "above_mean", "", "towns", ""],
        ["I", "4", "", "", "not rebuilt", "", "above_mean", "", "towns", ""],
    ],
    columns=COLUMNS,
).assign(applies_to="all", gate="", evidence="own", published_words="", stands_in_for="")
# X1: the mean of a is 4, so T5 meets it. X2: all. X3: the mean of c is 2, so T1 to T4. X4: the mean of d is 3, so T4
# and T5. T4 and T5 are partial members (3 of 4), T1 to T3 none (2 of 4).
BASE = {
    "a": [1, 2, 3, 4, 10], "b": [6] * 5, "flag": [1] * 5, "c": [1, 1, 1, 1, 6], "d": [1, 2, 3, 4, 5],
    "e": [5, 4, 3, 2, 1], "u": [1, 2, 3, 4, 5],
}  # fmt: skip


@pytest.fixture
def toy(monkeypatch):
    """The toy's definitions."""
    monkeypatch.setattr(clusters, "definitions", lambda: (LETTERS, LINES))


def build(folder, average="mean", choice="p", listed=TOWNS, lines=LINES, letters=LETTERS, **values):
    """A results folder as a build leaves it; `values` replace indicators of :data:`BASE`."""
    place = folder / "data" / "processed"
    held = pd.DataFrame({**BASE, **values}, index=pd.Index(TOWNS, name="town_code"), dtype=float)
    main, apart = held.drop(columns="u"), held[["u"]]
    listing = pd.DataFrame({"town_code": TOWNS, "town_name": [f"Town {code[1]}" for code in TOWNS]})
    listing = listing.assign(nation="England", region="North", population_2019=9000)
    listing["in_index"] = listing["town_code"].isin(listed)
    index = towns.in_index(listing)
    force = clusters.in_force(lines, {"choice": choice})
    judged = clusters.evaluate(force, main, index, average)
    half = force[force["indicator"] == "u"]
    judged_half = clusters.evaluate(half, apart, index, average)
    open_half = clusters.memberships(judged_half, letters, half)
    written = {
        "towns": listing,
        "indicators": main.reset_index(),
        "indicators_elections": apart.reset_index(),
        "criteria": judged,
        "memberships": clusters.memberships(judged, letters, force),
        "criteria_elections": judged_half,
        "memberships_elections": open_half[["town_code", "cluster", "criteria_met", "criteria_assessed"]],
        "groups": pd.DataFrame({"town_code": listed, "group": [1, 1, 2, 2, 2][: len(listed)]}),
    }
    for name, frame in written.items():
        tables.write_csv(frame, place / f"{name}.csv")
    return folder


def edit(folder, name, change):
    """Change one table of a folder."""
    path = folder / "data" / "processed" / f"{name}.csv"
    tables.write_csv(change(tables.read_csv(path)), path)


@pytest.fixture
def base(toy, tmp_path):
    return build(tmp_path / "one")


def against(base, **changes):
    """The base compared with a folder that differs as told."""
    return compare(base, build(base.parent / "other", **changes))


def statuses(found):
    """Changed memberships as ``town: before > after``."""
    return {row.town_code: f"{row.status_one} > {row.status_other}" for row in found["memberships"].itertuples()}


def causes(found, town, suffix=""):
    """Criteria with the cause of each changed verdict of a town."""
    rows = found[f"verdicts{suffix}"].query("town_code == @town")
    return dict(zip(rows["cluster"] + rows["criterion"] + rows["part"], rows["cause"], strict=True))


def row(frame, **wanted):
    """The one row with these values."""
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, frame
    return frame.iloc[0]


def test_the_toy_is_as_worked_by_hand(base):
    members = tables.read_csv(base / "data" / "processed" / "memberships.csv").query("cluster == 'X'")
    assert members["status"].tolist() == ["none"] * 3 + ["partial"] * 2


# ---- what did it ----------------------------------------------------------------------------------


def test_a_value_that_moved(base):
    # The mean of a goes from 4 to 5: T4 is above both with 9; with 4 it would be above neither.
    found = against(base, a=[1, 2, 3, 9, 10])
    assert statuses(found) == {"T4": "partial > full"}
    assert causes(found, "T4") == {"X1": "value"}
    verdict = found["verdicts"].iloc[0]
    assert verdict[["value_one", "value_other", "threshold_one", "threshold_other"]].tolist() == [4, 9, 4, 5]
    assert (verdict["met_one"], verdict["met_other"], verdict["role"]) == (False, True, "did it")
    assert verdict["distance"] == pytest.approx((9 - 5) / pd.Series([1, 2, 3, 9, 10]).std())


def test_a_threshold_that_moved(base):
    found = against(base, a=[1, 2, 3, 4, 5])
    assert statuses(found) == {"T4": "partial > full"}
    assert causes(found, "T4") == {"X1": "threshold"}


def test_value_and_threshold_either_of_which_would_have_done_it(base):
    # The mean is 3.1: T4 is above 4 with 4.5, and above 3.1 with 4.
    assert causes(against(base, a=[1, 2, 3, 4.5, 5]), "T4") == {"X1": "either"}


def test_value_and_threshold_that_did_it_only_together(base):
    # The mean is 3.38: T3 is not above 4 with 3.9, nor above 3.38 with 3; T4 stays where it was.
    found = against(base, a=[1, 2, 3.9, 4, 6])
    assert causes(found, "T3") == {"X1": "both"}
    assert causes(found, "T4") == {"X1": "threshold"}
    assert statuses(found) == {"T3": "no > partial", "T4": "partial > full"}


def test_a_criterion_chosen_by_a_parameter(base):
    found = against(base, choice="q")
    assert statuses(found) == {"T1": "no > partial", "T2": "no > partial", "T4": "partial > no", "T5": "partial > no"}
    assert set(found["verdicts"]["cause"]) == {"rule"}
    verdict = row(found["verdicts"], town_code="T1")
    assert (verdict["label_one"], verdict["label_other"]) == ("d is above average", "e is above average")
    assert (verdict["indicator_one"], verdict["indicator_other"]) == ("d", "e")
    # T3 stands at the average of both, but T1 is further beyond: the ranking shows it.
    assert found["memberships"]["town_code"].tolist()[:2] == ["T1", "T5"]


def test_another_average_moves_thresholds(base):
    # Medians: a 3, so T4 gains X1; c 1, so T1 to T4 are no longer below it; d 3, as before.
    found = against(base, average="median")
    assert statuses(found) == {}  # T4 gains one and loses one; T1 to T3 lose one of two
    assert causes(found, "T4") == {"X1": "threshold", "X3b": "threshold"}
    assert causes(found, "T1") == {"X3b": "threshold"}
    assert set(found["verdicts"]["role"]) == {"status unchanged"}
    limits = found["thresholds"].set_index("criteria")
    columns = ["average_one", "average_other", "one", "other", "among"]
    assert limits.loc["X1", columns].tolist() == ["mean", "median", 4, 3, "all towns"]
    assert set(limits.index) == {"X1", "X3b"}
    assert "mean → median" in say.cause(next(found["verdicts"].itertuples()))


def test_a_value_that_became_unknown_and_known(base):
    found = against(base, b=[6, 6, 6, None, 6])
    assert statuses(found) == {"T4": "partial > no"}
    assert causes(found, "T4") == {"X2": "missing"}
    verdict = next(found["verdicts"].itertuples())
    assert say.cause(verdict) == "the data became unknown"
    assert say.values(verdict) == ("6 → unknown", "5 in both")  # what it would be compared with is known
    back = compare(base.parent / "other", base)
    assert say.cause(next(back["verdicts"].itertuples())) == "the data became known"
    assert statuses(back) == {"T4": "no > partial"}
    assert row(found["indicators"], indicator="b")[["towns", "became_unknown", "became_known"]].tolist() == [1, 1, 0]


def test_a_status_that_became_unknown(base):
    found = against(base, b=[6, 6, 6, None, 6], d=[1, 2, 3, None, 5])
    assert statuses(found)["T4"] == "partial > unknown"


def test_of_a_criterion_in_parts_the_part_that_did_it(base):
    found = against(base, flag=[1, 1, 1, 0, 1])
    assert statuses(found) == {"T4": "partial > no"}
    assert causes(found, "T4") == {"X3a": "value"}
    assert found["verdicts"]["distance"].isna().all()  # a flag is not far from anything
    assert say.values(next(found["verdicts"].itertuples())) == ("yes → no", "yes in both")
    # With these the mean of c is 5 and T5 alone is below it; with 6 it would be neither below 2 nor below 5.
    found = against(base, c=[6, 6, 6, 6, 1])
    assert causes(found, "T5") == {"X3b": "value"}
    assert statuses(found) == {"T4": "partial > no", "T5": "partial > full"}


def test_a_verdict_that_went_the_other_way(base):
    found = against(base, a=[1, 2, 3, 9, 10], b=[6, 6, 6, 0, 6], flag=[1, 1, 1, 0, 1])
    assert statuses(found) == {"T4": "partial > no"}
    assert row(found["verdicts"], criterion="1")["role"] == "went the other way"
    assert found["memberships"]["criteria"].item() == "X2, X3a"


def test_the_clusters_own_rule(base):
    found = against(base, letters=LETTERS.assign(required=[3, 4]))
    assert statuses(found) == dict.fromkeys(TOWNS[:3], "no > partial") | dict.fromkeys(TOWNS[3:], "partial > full")
    assert found["verdicts"].empty
    assert set(found["memberships"]["causes"]) == {"rule"}


# ---- definitions of another edition ---------------------------------------------------------------


def changed_line(number, **changes):
    lines = LINES.copy()
    lines.loc[number, list(changes)] = list(changes.values())
    return lines


def test_a_limit_that_was_edited(base):
    found = against(base, lines=changed_line(1, threshold="7"))
    assert causes(found, "T4") == {"X2": "threshold"}
    assert "X2 in {other}" in found["not_compared"]["what"].str.cat(sep=" ")


def test_another_indicator_and_another_direction(base):
    # e of T1 is above its mean of 3; a of T1 was not above its own.
    found = against(base, lines=changed_line(0, indicator="e", label="e is above average"))
    assert causes(found, "T1") == {"X1": "rule"}
    found = against(base, lines=changed_line(0, rule="below_mean"))
    assert causes(found, "T1") == {"X1": "rule"}
    # The value moved too, but it is not why: it is still below the average.
    found = against(base, lines=changed_line(0, rule="below_mean"), a=[2, 2, 3, 4, 10])
    assert causes(found, "T1") == {"X1": "rule"}


def test_a_criterion_that_lost_a_part(base):
    found = against(base, lines=LINES.drop(index=3))
    assert causes(found, "T5") == {"X3": "rule"}
    assert statuses(found) == {"T5": "partial > full"}


def test_a_parameter_that_drops_a_part(base, monkeypatch):
    lines = changed_line(3, when="choice=p")
    monkeypatch.setattr(clusters, "definitions", lambda: (LETTERS, lines))
    one = build(base.parent / "a", lines=lines, flag=[1, 1, 1, 1, 0])
    found = compare(one, build(base.parent / "b", lines=lines, choice="q"))
    # T5 now has the flag; that alone would not have been enough with the other part.
    assert causes(found, "T5") == {"X3": "rule", "X4": "rule"}
    assert not found["not_compared"]["what"].str.startswith("The definition of").any()


def test_clusters_and_criteria_of_one_side_only(base):
    other = build(base.parent / "other")
    for name in ("memberships", "criteria"):
        edit(other, name, lambda frame: frame[frame["cluster"] == "X"])
    edit(other, "criteria", lambda frame: frame[frame["criterion"] != 2])
    found = compare(base, other)
    assert "only {one} has it" in found["not_compared"].set_index("what").loc["Criterion I1, I2, I3, I4 and X2", "why"]
    assert "only {one} has it" in found["not_compared"].set_index("what").loc["Cluster I", "why"]
    assert row(found["clusters"], cluster="I", membership="full")[["gained", "jaccard"]].isna().all()
    assert not found["totals"]["equal"].item()
    assert statuses(found) == {}


# ---- the whole ------------------------------------------------------------------------------------


def test_a_town_that_left_the_list(base):
    found = against(base, listed=TOWNS[:4])
    left = row(found["towns"], town_code="T5")
    assert left[["town_name", "side", "full", "partial"]].tolist() == ["Town 5", "one", "", "X"]
    assert "T5" not in statuses(found)
    assert row(found["clusters"], cluster="X", membership="full or partial")[["left", "joined"]].tolist() == [1, 0]
    # Without T5 the mean of a is 2.5 and that of d too: T3 and T4 are above both; c is 1 everywhere, below no mean.
    assert statuses(found) == {"T3": "no > partial"}
    assert causes(found, "T3") == {"X1": "threshold", "X4": "threshold", "X3b": "threshold"}
    assert found["memberships"]["criteria"].item() == "X1, X4"


def test_a_full_member_that_left_or_joined_the_list(base):
    # With these T5 is the only full member; it neither lost nor gained, for the other list does not have it.
    one, other = build(base.parent / "a", c=[6, 6, 6, 6, 1]), build(base.parent / "b", listed=TOWNS[:4])
    columns = ["gained", "lost", "left", "joined"]
    left = row(compare(one, other)["clusters"], cluster="X", membership="full")
    assert left[columns].tolist() == [0, 0, 1, 0]
    found = compare(other, one)
    assert row(found["clusters"], cluster="X", membership="full")[columns].tolist() == [0, 0, 0, 1]
    assert "(+1, +1 of it from towns on one list only)" in say.sentence(found, ("p", "q"))


def test_lists_that_differ_are_a_difference(base):
    other = build(base.parent / "other")
    for name in ("memberships", "criteria"):
        edit(other, name, lambda frame: frame[frame["town_code"] != "T1"])
    found = compare(base, other)
    assert statuses(found) == {}
    assert not found["totals"]["equal"].item()


def test_clusters_are_counted(base):
    # With these, T4 is full, T5 partial; against T5 full, T4 none.
    one = build(base.parent / "a", a=[1, 2, 3, 9, 10])
    other = build(base.parent / "b", c=[6, 6, 6, 6, 1])
    found = compare(one, other)
    assert statuses(found) == {"T4": "full > no", "T5": "partial > full"}
    full = row(found["clusters"], cluster="X", membership="full")
    assert full[["one", "other", "gained", "lost", "unchanged", "jaccard"]].tolist() == [1, 1, 1, 1, 0, 0]
    either = row(found["clusters"], cluster="X", membership="full or partial")
    assert either[["one", "other", "gained", "lost", "unchanged", "jaccard"]].tolist() == [2, 1, 0, 1, 1, 0.5]
    assert either[["left", "joined"]].tolist() == [0, 0]
    back = row(compare(other, one)["clusters"], cluster="X", membership="full or partial")
    assert back[["one", "other", "gained", "lost", "unchanged", "jaccard"]].tolist() == [1, 2, 1, 0, 1, 0.5]
    assert "the same in both, 1" in say.sentence(found, ("p", "q"))


def test_criteria_are_ranked_by_their_flips(base):
    found = against(base, choice="q", a=[1, 2, 3, 9, 10])
    columns = ["cluster", "criterion", "flips", "gained", "lost", "memberships"]
    assert found["criteria"][columns].to_numpy().tolist() == [
        ["X", "4", 4, 2, 2, 3],
        ["X", "1", 1, 1, 0, 0],
    ]
    assert found["criteria"].loc[0, ["rule", "value"]].tolist() == [4, 0]


def test_full_memberships_come_first_then_the_furthest(base):
    found = against(base, a=[1, 2, 3.9, 4, 6])
    columns = ["rank", "town_code", "consequence"]
    assert found["memberships"][columns].to_numpy().tolist() == [[1, "T4", 1], [2, "T3", 2]]


def test_the_largest_change_of_an_indicator(base):
    found = against(base, a=[1, 2.5, 3, 9, 10])
    columns = ["towns", "town_name", "one", "other"]
    assert row(found["indicators"], indicator="a")[columns].tolist() == [2, "Town 4", 4, 9]
    assert len(found["indicators"]) == 1


def test_the_last_of_nine_digits_is_no_difference(base):
    assert against(base, a=[1.00000001, 2, 3, 4, 10])["indicators"].empty
    assert len(against(base, a=[1.0000001, 2, 3, 4, 10])["indicators"]) == 1


def test_every_table_is_compared_by_its_key(base):
    found = against(base, a=[1, 2, 3, 9, 10])
    differ = found["tables"].set_index("table")
    assert differ.loc["indicators", ["result", "cells", "differ"]].tolist() == ["differs", 30, 1]
    # X1: a new threshold for all five, a new value and verdict for T4.
    assert differ.loc["criteria", "differ"] == 7
    assert differ.loc["towns", ["result", "differ"]].tolist() == ["identical", 0]
    assert differ.loc["fidelity", "result"] == "in neither"


def test_tables_without_a_key_are_compared_by_rows(base):
    other = build(base.parent / "other")
    for folder, rules in ((base, ["p", "p", "q", "s"]), (other, ["p", "p", "r"])):
        tables.write_csv(pd.DataFrame({"rule": rules}), folder / "data" / "processed" / "audit.csv")
    columns = ["result", "only_one", "only_other"]
    assert row(compare(base, other)["tables"], table="audit")[columns].tolist() == ["differs", 2, 1]


def test_rows_and_columns_of_one_side(base):
    other = build(base.parent / "other")
    edit(other, "groups", lambda frame: frame.iloc[:3].assign(place=1))
    found = row(compare(base, other)["tables"], table="groups")
    assert found[["result", "only_one", "only_other"]].tolist() == ["differs", 2, 0]
    assert found[["columns_one", "columns_other"]].tolist() == ["", "place"]


def test_groups_are_the_same_whatever_their_numbers(base):
    other = build(base.parent / "other")
    edit(other, "groups", lambda frame: frame.assign(group=[7, 7, 1, 1, 1]))
    assert compare(base, other)["groups"][["adjusted_rand", "same_labels"]].iloc[0].tolist() == [1, 0]
    # By hand: pairs together in both 1, in one 4, in the other 4, of 10: (1 - 1.6) / (4 - 1.6).
    edit(other, "groups", lambda frame: frame.assign(group=[1, 2, 1, 2, 2]))
    assert compare(base, other)["groups"]["adjusted_rand"].item() == pytest.approx((1 - 1.6) / (4 - 1.6))


def test_ward_elections_are_kept_apart(base, tmp_path):
    # The mean of u goes from 3 to 4.6: T1 is above it, T4 no longer.
    found = against(base, u=[9, 2, 3, 4, 5])
    columns = ["town_code", "one", "other"]
    assert found["memberships_elections"][columns].to_numpy().tolist() == [["T1", 0, 1], ["T4", 1, 0]]
    assert causes(found, "T1", "_elections") == {"I1": "value"}
    assert causes(found, "T4", "_elections") == {"I1": "threshold"}
    assert found["verdicts"].empty and found["indicators"].empty and found["memberships"].empty
    assert found["indicators_elections"]["indicator"].tolist() == ["u"]
    assert not found["totals"]["equal"].item()
    assert report(base, tmp_path / "other", ("p", "q"), None, tmp_path / "page.html") == 1
    page = (tmp_path / "page.html").read_text()
    assert page.index("u is above average") > page.index('id="elections"') > page.index('id="tables"')
    assert "Andrew Teale" in page
    assert not (tmp_path / "page-changes.csv").exists()
    assert len(tables.read_csv(tmp_path / "page-changes_elections.csv")) == 2


# ---- what cannot be compared ----------------------------------------------------------------------


def test_without_criteria_the_causes_are_not_known(base):
    other = build(base.parent / "other", a=[1, 2, 3, 9, 10])
    (other / "data" / "processed" / "criteria.csv").unlink()
    found = compare(base, other)
    assert statuses(found) == {"T4": "partial > full"}
    assert found["memberships"]["causes"].item() == "unclear"
    assert "criteria.csv" in set(found["not_compared"]["what"])
    assert report(base, other, ("p", "q"), None, base.parent / "page.html") == 1


@pytest.mark.parametrize("name", ["indicators", "towns", "groups", "memberships_elections", "indicators_elections"])
def test_a_table_that_is_not_there_is_named(base, name):
    other = build(base.parent / "other", a=[1, 2, 3, 9, 10])
    (other / "data" / "processed" / f"{name}.csv").unlink()
    found = compare(base, other)
    assert causes(found, "T4") == {"X1": "value"}
    assert found["not_compared"].set_index("what").loc[f"{name}.csv", "why"] == "{other} has no such table"


def test_without_indicators_a_criterion_in_parts_is_read_from_its_numbers(base):
    other = build(base.parent / "other", flag=[1, 1, 1, 0, 1])
    (other / "data" / "processed" / "indicators.csv").unlink()
    assert causes(compare(base, other), "T4") == {"X3": "value"}


def broken(base, name, change):
    other = build(base.parent / "other")
    edit(other, name, change)
    return other


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("memberships", lambda f: pd.concat([f, f.head(1)]), "more than one row for town_code \\+ cluster T1, I"),
        ("towns", lambda f: pd.concat([f, f.tail(1)]), "more than one row for town_code T5"),
        ("memberships", lambda f: f.drop(columns="status"), "no column status"),
        ("criteria", lambda f: f.drop(columns=["value", "met"]), "no column value or met"),
        ("memberships", lambda f: f.assign(status="member"), "the status 'member'"),
        ("towns", lambda f: f.assign(town_code=[*TOWNS[:4], None]), "an empty town_code"),
    ],
)
def test_a_folder_that_cannot_be_used(base, name, change, told, capsys):
    other = broken(base, name, change)
    with pytest.raises(Unusable, match=told):
        compare(base, other)
    assert report(base, other, ("p", "q")) == command.UNUSABLE
    said = capsys.readouterr()
    assert f"{name}.csv" in said.err and "run_all.py" in said.err
    assert said.out == ""


def test_files_that_are_no_tables_and_folders_without_any(base, capsys):
    other = build(base.parent / "other")
    (other / "data" / "processed" / "memberships.csv").write_bytes(b"\xff\xfe\x00town")
    assert report(base, other, ("p", "q")) == command.UNUSABLE
    assert report(base, base.parent / "nowhere", ("p", "q")) == command.UNUSABLE
    (other / "data" / "processed" / "memberships.csv").write_bytes(b"")
    assert report(other, base, ("p", "q")) == command.UNUSABLE
    assert capsys.readouterr().err.count("memberships.csv") == 3


def test_the_folder_of_the_tables_itself_will_do(base):
    assert compare(base / "data" / "processed", base)["totals"]["equal"].item()


def test_a_page_that_cannot_be_written(base, capsys):
    (base / "file").write_text("")
    assert report(base, base, ("p", "q"), None, base / "file" / "page.html") == command.UNUSABLE
    assert "could not be written" in capsys.readouterr().err


# ---- words and page -------------------------------------------------------------------------------


def test_equal_folders_make_a_short_page(base, tmp_path, capsys):
    other = build(tmp_path / "other")
    assert report(base, other, ("p", "q"), ({"average": "mean"}, {"average": "mean"}), tmp_path / "page.html") == 0
    assert "No membership differs between p and q: the same 5 towns" in capsys.readouterr().out
    page = (tmp_path / "page.html").read_text()
    assert re.findall(r'<h2 id="([^"]+)"', page) == ["tables", "not-compared"]
    assert [path.name for path in tmp_path.glob("page*")] == ["page.html"]


def test_the_summary_says_what_changed(base, tmp_path, capsys):
    other = build(tmp_path / "other", a=[1, 2, 3, 9, 10])
    assert report(base, other, ("before", "after"), ({"average": "mean", "old": 1}, {"average": "median"})) == 1
    said = capsys.readouterr().out
    assert "1 of the 5 towns changed its status, in 1 cluster of 2" in said
    assert "0 in before and 1 in after (+1)" in said
    assert "average is mean in before and median in after and old is 1 in before and not set in after" in said
    assert "1. Town 4, X Toy: partial → full" in said
    assert "X1 a is above average: the town's value moved; value 4 → 9, threshold 4 → 5" in said


def test_the_summary_as_json(base, tmp_path, capsys):
    other = build(tmp_path / "other", b=[6, 6, 6, None, 6])
    assert report(base, other, ("p", "q"), None, tmp_path / "page.html", as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["labels"] == {"one": "p", "other": "q"}
    assert told["totals"]["towns_changed"] == 1
    assert told["verdicts"][0]["value_other"] is None and told["verdicts"][0]["cause"] == "missing"
    assert told["settings_known"] is False


def test_two_folders_of_one_label_are_told_apart(base, capsys):
    report(base, base, ("x", "x"))
    assert "x (first) → x (second)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([24.1267, 22.3334], ["24.1", "22.3"]),
        ([24.13, 24.11, 24.13], ["24.13", "24.11", "24.13"]),
        ([4, 9], ["4", "9"]),
        ([-0.5, None], ["−0.500", "unknown"]),
        ([321790.208, 311012.4], ["321,790", "311,012"]),
        ([0.0, 0.0], ["0", "0"]),
        ([1e-12, 2.0], ["0.00", "2.00"]),
        ([None, None], ["unknown", "unknown"]),
    ],
)
def test_numbers_are_told_apart(values, texts):
    assert say.numbers(values) == texts


class Outline(HTMLParser):
    """Tags of a page with what each holds."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.open = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check_page(page):
    """What holds for every page: whole, self-contained, headings in order, tables and pictures described."""
    outline = Outline(page)
    assert not outline.open
    names = [tag for tag, _ in outline.tags]
    assert "script" not in names and "link" not in names
    assert all(held["src"].startswith("data:") and held["alt"] for tag, held in outline.tags if tag == "img")
    assert names.count("table") == names.count("caption")
    assert all("scope" in held for tag, held in outline.tags if tag == "th")
    levels = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    ids = [held["id"] for _, held in outline.tags if "id" in held]
    assert len(ids) == len(set(ids))
    assert "$" not in re.sub(r"<style>.*</style>", "", page, flags=re.DOTALL)
    assert "{one}" not in page and "{other}" not in page


def test_the_page_shows_both_labels_and_escapes_them(base, tmp_path):
    other = build(tmp_path / "other", a=[1, 2, 3.9, 9, 10], b=[6, 6, 6, 0, 6], listed=TOWNS[:4], u=[9, 2, 3, 4, 5])
    settings = ({"min_population": 8830}, {"min_population": 0})
    assert report(base, other, ("<b>one</b>", "two & more"), settings, tmp_path / "page.html") == 1
    page = (tmp_path / "page.html").read_text()
    check_page(page)
    assert "<b>one" not in page
    assert "Status, &lt;b&gt;one&lt;/b&gt; → two &amp; more" in page
    assert "<td>8830</td><td>0</td>" in page
    assert "Contains OS data © Crown copyright" in page
    listed = tables.read_csv(tmp_path / "page-changes.csv")
    assert set(listed["kind"]) <= {"membership", "verdict only", "town list"}
    assert listed.query("kind == 'town list'")["town_code"].tolist() == ["T5"]


def test_an_older_list_does_not_outlive_its_page(base, tmp_path):
    other = build(tmp_path / "other", a=[1, 2, 3, 9, 10])
    report(base, other, ("p", "q"), None, tmp_path / "page.html")
    assert len(tables.read_csv(tmp_path / "page-changes.csv")) == 1
    report(base, base, ("p", "q"), None, tmp_path / "page.html")
    assert len(tables.read_csv(tmp_path / "page-changes.csv")) == 0


# ---- real results ---------------------------------------------------------------------------------


def test_real_results_with_the_median(tmp_path):
    """Totals against a direct count; the committed tables against the same tables with medians."""
    committed = paths.ROOT / "data" / "processed"
    place = tmp_path / "median" / "data" / "processed"
    shutil.copytree(committed, place)
    table = tables.read_csv(place / "towns.csv")
    indicators = tables.read_csv(place / "indicators.csv").set_index("town_code")
    letters, lines = clusters.definitions()
    lines = clusters.in_force(lines, {"deprivation_fourth": "covid"})
    judged = clusters.evaluate(lines, indicators, towns.in_index(table), "median")
    members = clusters.memberships(judged, letters, lines)
    tables.write_csv(judged, place / "criteria.csv", key=["town_code", "cluster", "criterion"])
    tables.write_csv(members, place / "memberships.csv", key=["town_code", "cluster"])

    found = compare(paths.ROOT, tmp_path / "median")
    before = tables.read_csv(committed / "memberships.csv").set_index(["town_code", "cluster"])["status"].to_dict()
    after = members.set_index(["town_code", "cluster"])["status"].to_dict()
    moved = {key for key in before if before[key] != after[key]}
    gained = sum(after[key] == "full" for key in moved)
    lost = sum(before[key] == "full" for key in moved)
    totals = found["totals"].iloc[0]
    assert len(moved) > 500
    assert set(map(tuple, found["memberships"][["town_code", "cluster"]].to_numpy())) == moved
    assert totals["towns_changed"] == len({town for town, _ in moved})
    assert totals["clusters_changed"] == len({letter for _, letter in moved})
    assert (totals["full_gained"], totals["full_lost"]) == (gained, lost)
    assert totals["full_other"] - totals["full_one"] == gained - lost
    full = found["clusters"].query("membership == 'full'").set_index("cluster")
    assert full["other"].sum() == sum(status == "full" for status in after.values())

    # Nothing but averages differs, so that every flip is a threshold's, and every flip is there.
    verdicts_before = tables.read_csv(committed / "criteria.csv").astype({"criterion": str})
    both = verdicts_before.merge(judged, on=["town_code", "cluster", "criterion"])
    flipped = both[both["met_x"].astype("boolean").fillna(False) != both["met_y"].astype("boolean").fillna(False)]
    assert found["criteria"]["flips"].sum() == totals["verdicts_changed"] == len(flipped)
    assert set(found["verdicts"]["cause"]) == {"threshold"}
    assert (found["verdicts"]["average_one"] + ">" + found["verdicts"]["average_other"] == "mean>median").all()
    assert not found["not_compared"]["what"].str.startswith("The definition of").any()
    assert found["indicators"].empty and found["memberships_elections"].empty

    assert report(paths.ROOT, tmp_path / "median", ("published", "median"), None, tmp_path / "page.html") == 1
    page = (tmp_path / "page.html").read_text()
    check_page(page)
    assert f"The first {MOST} of {len(moved):,} changed memberships are shown." in page
    listed = tables.read_csv(tmp_path / "page-changes.csv")
    shown = listed.query("kind == 'membership'")
    assert set(map(tuple, shown[["town_code", "cluster"]].to_numpy())) == moved


def test_real_results_are_equal_to_themselves(capsys):
    assert report(paths.ROOT, paths.ROOT / "data" / "processed", ("published", "again")) == 0
