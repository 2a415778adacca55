"""The data package validates, every column is explained, licences stay apart, indicators follow from measures."""

import hashlib
import json

import frictionless
import pandas as pd
import pytest
from bundle import SNAPSHOT, assert_same_bytes, committed

from towns_index import dictionary, indicators, paths, store, tables

PACKAGE = json.loads((SNAPSHOT / "datapackage.json").read_text())
RESOURCES = {resource["name"].replace("-", "_"): resource for resource in PACKAGE["resources"]}


@pytest.fixture(autouse=True)
def committed_folder(monkeypatch):
    """Read the committed tables, wherever a build of this machine goes."""
    monkeypatch.delenv(paths.OUT_VARIABLE, raising=False)


def test_the_data_package_validates():
    report = frictionless.validate(str(SNAPSHOT / "datapackage.json"))
    assert report.valid, report.flatten(["name", "type", "rowNumber", "fieldName", "message"])[:5]
    assert report.stats["tasks"] == len(store.outputs())


def test_a_table_that_departs_from_its_schema_does_not_validate(tmp_path):
    # so that the test above is known to be able to fail
    source = RESOURCES["groups"]
    lines = (SNAPSHOT / "groups.csv").read_text().splitlines(keepends=True)
    column = lines[0].strip().split(",").index("group")
    cells = lines[5].split(",")
    cells[column] = "one"
    (tmp_path / "groups.csv").write_text("".join([*lines[:5], ",".join(cells), *lines[6:], lines[7]]))
    package = {"name": "broken", "resources": [{key: source[key] for key in ("name", "path", "schema")}]}
    (tmp_path / "datapackage.json").write_text(json.dumps(package))
    kinds = {row[0] for row in frictionless.validate(str(tmp_path / "datapackage.json")).flatten(["type"])}
    assert {"type-error", "primary-key"} <= kinds


@pytest.mark.parametrize("name", sorted(store.outputs()))
def test_the_package_describes_the_committed_files(name):
    body = (SNAPSHOT / f"{name}.csv").read_bytes()
    resource = RESOURCES[name]
    assert resource["hash"] == "sha256:" + hashlib.sha256(body).hexdigest()
    assert resource["bytes"] == len(body)
    frame = committed(name)
    assert [field["name"] for field in resource["schema"]["fields"]] == list(frame.columns)
    assert [licence["name"] for licence in resource["licenses"]] == [store.outputs()[name]["licence"]]
    # sorted by a key that identifies a row, so that the same rows give the same bytes
    key = store.outputs()[name]["key"]
    if key:
        assert not frame.duplicated(key).any()
        assert frame[key].equals(frame[key].sort_values(key, ignore_index=True))


def test_every_published_column_is_explained_and_no_other():
    frame = committed("dictionary")
    explained = set(zip(frame["file"], frame["column"]))
    published = {(path.name, column) for path in SNAPSHOT.glob("*.csv") for column in tables.read_csv(path).columns}
    assert explained == published
    assert not frame.duplicated(["file", "column"]).any()
    for column in ("label", "level", "evidence"):
        assert frame[column].notna().all(), column
    # The flags among the indicators are those of towns.csv, whose entries say where they come from.
    flags = (frame["file"] == "indicators.csv") & frame["column"].isin([*indicators.FLAGS, "coastal"])
    assert frame.loc[~flags, "licence"].notna().all()
    assert dictionary.unexplained(frame) == []


def test_a_column_without_an_explanation_and_one_without_a_column_are_told():
    frame = committed("dictionary")
    lacking = frame[~((frame["file"] == "groups.csv") & (frame["column"] == "silhouette"))]
    assert dictionary.unexplained(lacking) == ["groups.csv: column silhouette is not in the dictionary"]
    extra = pd.concat([frame, frame.iloc[[0]].assign(column="height")])
    file = frame.iloc[0]["file"]
    assert dictionary.unexplained(extra) == [f"{file}: the dictionary explains height, which is not there"]
    with pytest.raises(dictionary.Unexplained, match="silhouette is not in the dictionary"):
        dictionary.require(lacking)


def test_the_committed_dictionary_follows_from_the_definitions(tmp_path):
    path = tables.write_csv(dictionary.build(), tmp_path / "dictionary.csv", key=["file", "column"])
    assert_same_bytes(path, "dictionary.csv")


def test_share_alike_stands_only_in_the_files_of_elections():
    frame = committed("dictionary")
    share_alike = frame["licence"].str.contains("-SA")
    assert share_alike.sum() >= 5
    assert all(name.endswith("_elections.csv") for name in frame.loc[share_alike, "file"])
    for name, entry in store.outputs().items():
        assert ("-SA" in entry["licence"]) == name.endswith("_elections"), name
    # and no number of theirs is repeated elsewhere
    apart = set(committed("indicators_elections").columns) - {"town_code"}
    assert apart == set(dictionary.share_alike_indicators()) and len(apart) >= 2
    assert not apart & set(committed("indicators").columns)
    rows = committed("criteria").query("cluster == 'I'")
    assert rows["value"].isna().all() and rows["met"].isna().all()
    members = committed("memberships").query("cluster == 'I'")
    assert (members["criteria_assessed"] == 0).all() and (members["criteria_met"] == 0).all()


def test_indicators_follow_from_measures_by_their_formulas(tmp_path):
    lines = indicators.definitions()
    values = indicators.inputs(committed("towns"), committed("measures"), committed("measures_elections"))
    built = indicators.build(values, lines)
    apart = dictionary.share_alike_indicators()
    for name, frame in (("indicators", built.drop(columns=apart)), ("indicators_elections", built[apart])):
        path = tables.write_csv(frame.reset_index(), tmp_path / f"{name}.csv", key=["town_code"])
        assert_same_bytes(path, f"{name}.csv")


def test_flags_become_numbers_and_unknown_stays_unknown():
    frame = pd.DataFrame({"town_code": ["a", "b", "c"]} | {flag: pd.array([True, False, pd.NA], "boolean") for flag in (*indicators.FLAGS, "coastal")})
    values = indicators.inputs(frame, pd.DataFrame({"town_code": ["b", "a"], "x": [2.0, 1.0]}))
    assert values["coastal"].tolist()[:2] == [1, 0] and pd.isna(values["coastal"].iloc[2])
    assert values["x"].tolist()[:2] == [1, 2] and pd.isna(values["x"].iloc[2])


def test_an_indicator_says_the_coarsest_level_it_rests_on():
    lines = pd.DataFrame({"indicator": ["a", "b", "c"], "formula": ["x / y", "100 * x", "coastal"]})
    origin = pd.DataFrame(
        {"level": ["LSOA", "LA"], "vintage": ["2011", "2019"], "source": ["S", "T"], "licence": ["OGL", "OGL"]},
        index=["x", "y"],
    )
    described = indicators.describe(lines, origin)
    assert described["level"].tolist() == ["LA", "LSOA", "town"]
    assert described["vintage"].tolist() == ["2011; 2019", "2011", ""]
    assert described["licence"].tolist() == ["OGL", "OGL", ""]
