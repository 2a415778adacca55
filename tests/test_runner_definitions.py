"""The runner reads parameters and stages: what is wrong is said before anything runs, all at once."""

import pytest
import toy

from towns_index import paths
from towns_index.runner import parameters, schedule, stages
from towns_index.runner.problems import Problems

FILES = [f"data/processed/{letter}.txt" for letter in "abc"]


def settings(tmp_path, *texts):
    toy.project(tmp_path, [], {})
    return parameters.settle(parameters.load(tmp_path), texts)


def test_settings_replace_defaults_with_their_type(tmp_path):
    values, problems = settings(tmp_path, "low=3", "share=0.25", "average=median")
    assert problems == []
    assert values == {"low": 3, "high": 5, "share": 0.25, "average": "median"}
    assert type(values["low"]) is int


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("lwo=3", "did you mean 'low'?"),
        ("low", "must read name=value"),
        ("low=three", "must be a whole number (things), for example 1"),
        ("low=1.5", "must be a whole number"),
        ("high=11", "must be at most 10"),
        ("low=-1", "must be at least 0"),
        ("share=nan", "must be a number"),
        ("share=inf", "must be a number"),
        ("average=maen", "did you mean 'mean'?"),
        ("low=6", "low is 6 and must not be above high, which is 5"),
    ],
)
def test_a_wrong_setting_is_refused_in_plain_words(tmp_path, setting, said):
    _, problems = settings(tmp_path, setting)
    assert len(problems) == 1
    assert said in problems[0]


def test_all_wrong_settings_are_told_at_once(tmp_path):
    _, problems = settings(tmp_path, "lwo=3", "share=2", "average=x", "high=2", "high=3")
    assert len(problems) == 4


def test_mistakes_in_the_parameters_file_are_told_at_once(tmp_path):
    toy.project(tmp_path, [], {})
    path = tmp_path / "definitions" / "parameters.toml"
    path.write_text('[a]\ntype = "integr"\ndefault = 1\n[b]\ntype = "integer"\ndefault = 9\nmaximum = 5\nminimun = 1\n')
    with pytest.raises(Problems) as caught:
        parameters.load(tmp_path)
    assert "did you mean 'integer'?" in caught.value.lines[0]
    assert "did you mean 'minimum'?" in caught.value.lines[1]


def test_the_projects_own_definitions_are_sound():
    known = parameters.load(paths.ROOT)
    plan = stages.load(paths.ROOT, known)
    assert known["min_population"].not_above == "max_population"
    assert plan.stages


def load(tmp_path, entries, top=""):
    toy.project(tmp_path, entries, {entry["name"]: [] for entry in entries}, top)
    return stages.load(tmp_path, ["low"])


def test_the_graph_follows_from_inputs_and_outputs(tmp_path):
    toy.chain(tmp_path)
    plan = stages.load(tmp_path, ["low"])
    assert stages.graph(plan.stages) == {
        "010_a": set(),
        "020_b": {"010_a"},
        "030_c": {"010_a"},
        "040_d": {"020_b", "030_c"},
    }


def test_a_declared_folder_stands_for_the_files_in_it(tmp_path):
    entries = [
        toy.stage("010_a", [], ["reports/figures/a/"]),
        toy.stage("020_b", ["reports/figures/a/one.svg", "reports/notebooks/010_a.ipynb"], [FILES[1]]),
    ]
    assert stages.graph(load(tmp_path, entries).stages)["020_b"] == {"010_a"}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([toy.stage("010_a"), toy.stage("010_a")], "two stages are called '010_a'"),
        ([toy.stage("010_a", [], FILES[:1]), toy.stage("020_b", [], FILES[:1])], "both write data/processed/a.txt"),
        ([toy.stage("010_a", [], ["reports/f/"]), toy.stage("020_b", [], ["reports/f/x"])], "both write reports/f/"),
        ([toy.stage("010_a", FILES[1:2], FILES[:1]), toy.stage("020_b", FILES[:1], FILES[1:2])], "in a circle"),
        ([toy.stage("010_a", outptus=[])], "did you mean 'outputs'?"),
        ([toy.stage("010_a", parameters=["lwo"])], "did you mean 'low'?"),
        ([toy.stage("010_a", outputs=["../elsewhere.csv"])], "must be a path from the project's folder"),
        ([toy.stage("010_a", outputs=["data/../../x.csv"])], "must be a path from the project's folder"),
        ([toy.stage("010_a", outputs=["definitions/x.csv"])], "under data or reports"),
        ([toy.stage("010_a", publish="no_function")], "module:function"),
    ],
)
def test_a_wrong_stage_is_refused_in_plain_words(tmp_path, entries, said):
    with pytest.raises(Problems) as caught:
        load(tmp_path, entries)
    assert said in str(caught.value)


def test_a_misspelt_key_at_the_top_is_refused(tmp_path):
    with pytest.raises(Problems, match="did you mean 'preflight'"):
        load(tmp_path, [toy.stage("010_a")], top='prefligth = ["x:y"]')


@pytest.mark.parametrize(
    ("only", "start", "chosen"),
    [
        (None, None, ["010_a", "020_b", "030_c", "040_d"]),
        ("030_c, 010", None, ["010_a", "030_c"]),
        (None, "020_b", ["020_b", "040_d"]),
        (None, "010", ["010_a", "020_b", "030_c", "040_d"]),
    ],
)
def test_only_and_from_choose_stages(tmp_path, only, start, chosen):
    toy.chain(tmp_path)
    selected, problems = stages.select(stages.load(tmp_path, ["low"]).stages, only, start)
    assert problems == []
    assert [stage.name for stage in selected] == chosen


def test_unknown_stages_are_told_at_once_with_the_nearest(tmp_path):
    toy.chain(tmp_path)
    _, problems = stages.select(stages.load(tmp_path, ["low"]).stages, "010_aa,030_x", "020_")
    assert len(problems) == 4
    assert "did you mean '010_a'?" in problems[0]


def test_inputs_must_be_there_or_be_written_first(tmp_path):
    toy.chain(tmp_path)
    plan = stages.load(tmp_path, ["low"]).stages
    assert stages.missing_inputs(plan, tmp_path, [tmp_path], "raw") == []
    problems = stages.missing_inputs(plan[3:], tmp_path, [tmp_path], "raw")
    assert [word in problems[index] for index, word in enumerate(["b.txt", "c.txt"])] == [True, True]


def test_a_snapshot_start_needs_the_outputs_of_raw_stages(tmp_path):
    (stage,) = load(tmp_path, [toy.stage("010_a", [], FILES[:1], raw=True)]).stages
    assert stages.missing_inputs([stage], tmp_path, [tmp_path], "raw") == []
    assert "a.txt" in stages.missing_inputs([stage], tmp_path, [tmp_path], "snapshot")[0]


def test_a_notebook_must_be_there_and_have_its_parameters(tmp_path):
    entries = [toy.stage(name, parameters=["low"]) for name in ("010_a", "020_b", "030_c")]
    toy.project(tmp_path, entries, {"010_a": ["# parameters\nlov = 1"], "020_b": ["low = 1"]})
    problems = stages.notebook_faults(tmp_path, stages.load(tmp_path, ["low"]).stages)
    assert "gives no value to low" in problems[0]
    assert "must have one cell with the tag 'parameters'" in problems[1]
    assert "is missing" in problems[2]


def test_from_a_snapshot_nothing_waits_for_what_is_only_shown(tmp_path):
    entries = [
        toy.stage("010_a", [], FILES[:1], raw=True),
        toy.stage("020_b", [], FILES[1:2], raw=True, parameters=["low"]),
        toy.stage("030_c", FILES[:2], FILES[2:3]),
    ]
    plan = load(tmp_path, entries).stages
    assert stages.graph(plan, "raw")["030_c"] == {"010_a", "020_b"}
    assert stages.graph(plan, "snapshot")["030_c"] == {"020_b"}


def test_the_longest_chain_is_begun_first():
    waits_for = {"010": set(), "020": set(), "030": {"020"}, "040": {"030"}, "050": {"010"}}
    assert schedule.by_need(waits_for) == ["020", "010", "030", "040", "050"]
