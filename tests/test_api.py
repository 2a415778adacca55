"""The package as researchers use it."""

import pandas as pd
import pytest
from bundle import committed

from towns_index import api, paths, store, towns, words
from towns_index.why.names import Unclear


def test_tables_are_listed_and_read():
    assert list(api.tables().index) == list(store.outputs())
    pd.testing.assert_frame_equal(api.load("memberships"), committed("memberships"))
    assert api.dictionary("memberships").loc["status", "label"]
    with pytest.raises(api.NoTable, match="did you mean 'memberships'"):
        api.load("membership")


def test_the_rules_on_the_towns_give_what_is_published():
    index = towns.in_index(committed("towns"))
    areas = committed("indicators").set_index("town_code").loc[index.index].join(index[["nation", "region"]])
    judged, members = api.evaluate(areas)
    shown = judged[judged["cluster"] != "I"].astype({"criterion": str}).reset_index(drop=True)
    theirs = committed("criteria").query("cluster != 'I'").astype({"criterion": str}).reset_index(drop=True)
    assert shown["met"].fillna(False).sum() == theirs["met"].fillna(False).sum() and len(shown) == len(theirs)
    theirs = committed("memberships").query("cluster != 'I'").reset_index(drop=True)
    ours = members.query("cluster != 'I'").reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


def test_rules_of_ones_own_on_areas_of_ones_own(tmp_path):
    # Wards with two indicators; above the mean of 2 and at least 10.
    areas = pd.DataFrame({"x": [1.0, 2, 3], "y": [10.0, 10, None]}, index=["a", "b", "c"])
    letters = pd.DataFrame([{"cluster": "A", "name": "One", "required": 2, "rebuilt": "yes", "evidence": "own"}])
    line = {"cluster": "A", "part": "", "combine": "", "gate": "", "applies_to": "all", "comparator": "towns", "evidence": "own", "when": "", "stands_in_for": "", "label": "l"}
    lines = pd.DataFrame([line | {"criterion": "1", "indicator": "x", "rule": "above_mean", "threshold": ""}, line | {"criterion": "2", "indicator": "y", "rule": "at_least", "threshold": "10"}])
    for column in committed_columns("clusters") - set(letters):
        letters[column] = ""
    letters.to_csv(tmp_path / "clusters.csv", index=False)
    lines.to_csv(tmp_path / "criteria.csv", index=False)
    judged, members = api.evaluate(areas, tmp_path / "clusters.csv", tmp_path / "criteria.csv")
    met = judged.pivot(index="town_code", columns="criterion", values="met")
    assert met["1"].tolist() == [False, False, True] and met["2"].tolist() == [True, True, pd.NA]
    lines.loc[0, "rule"] = "abov_mean"
    lines.to_csv(tmp_path / "criteria.csv", index=False)
    with pytest.raises(ValueError, match="abov_mean"):
        api.evaluate(areas, tmp_path / "clusters.csv", tmp_path / "criteria.csv")


def committed_columns(name: str) -> set[str]:
    from towns_index import paths

    return set(pd.read_csv(paths.DEFINITIONS / f"{name}.csv", nrows=0).columns)


def test_bad_input_is_refused():
    areas = pd.DataFrame({"x": [1.0, 2]}, index=["a", "a"])
    with pytest.raises(ValueError, match="a is there more than once"):
        api.evaluate(areas)
    with pytest.raises(ValueError, match="must be mean or median"):
        api.evaluate(areas, average="mode")


def test_similar_towns_have_reasons():
    found = api.similar("Blackpool", 5)
    assert len(found) == 5 and found["distance"].is_monotonic_increasing and "Blackpool" not in set(found["town_name"])
    assert found["shared"].map(len).max() > 0
    # On standardised scales: no indicator of many pounds or residents outweighs the others.
    page = (paths.ROOT / "reports" / "towns" / "blackpool.html").read_text(encoding="utf-8")
    assert all(name in page for name in found["town_name"].map(words.short))
    with pytest.raises(Unclear, match="Blackpool"):
        api.similar("Blakpool")
