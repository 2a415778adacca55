"""``why``: names, figures and small tables worked by hand; then the committed results and the raw files."""

import gzip
import json
import re

import pandas as pd
import pytest
from bundle import SNAPSHOT, committed, needs_bundle

from towns_index import clusters, measures, paths, sources
from towns_index.why import command, main, names, places, raw, results, rows, say, town, wording

WIDE = 100_000  # so that no text is broken over lines


@pytest.fixture
def snapshot(monkeypatch):
    """The committed results, without raw files."""
    monkeypatch.delenv(paths.OUT_VARIABLE, raising=False)
    monkeypatch.setenv(paths.START_VARIABLE, "snapshot")


@pytest.fixture
def bundle(monkeypatch):
    """The committed results, with the raw files."""
    monkeypatch.delenv(paths.OUT_VARIABLE, raising=False)
    monkeypatch.setenv(paths.START_VARIABLE, "raw")


def asked(capsys, *words: str) -> tuple[int, str, str]:
    """Status, output and errors of a command."""
    status = main(list(words))
    return status, *capsys.readouterr()


def trace(capsys, *words: str) -> dict:
    """What a command gives as JSON."""
    status, out, _ = asked(capsys, *words, "--json")
    assert status == 0
    return json.loads(out)


# ---- names ----------------------------------------------------------------------------------------

TOWNS = pd.DataFrame(
    [
        ["E1", "Ashford (Ashford)", None, "Ashford", "South East", 75000],
        ["E2", "Ashford (Spelthorne)", None, "Spelthorne", "South East", 28000],
        ["E3", "Hythe", None, "New Forest", "South East", 20000],
        ["E4", "Hythe", None, "Folkestone", "South East", 15000],
        ["E5", "Newport (Isle of Wight)", None, "Isle of Wight", "South East", 26000],
        ["E6", "Newport (Telford)", None, "Telford", "West Midlands", 12000],
        ["W1", "Pyle", "Y Pîl", "Bridgend", "Wales", 12000],
        ["E7", "St Anne's", None, "Fylde", "North West", 40000],
    ],
    columns=["town_code", "town_name", "welsh_name", "local_authority", "region", "population_2019"],
).set_index("town_code")


@pytest.mark.parametrize(
    ("text", "code"),
    [("e3", "E3"), ("ashford", "E1"), ("Ashford (Spelthorne)", "E2"), ("ashford spelthorne", "E2"), ("PYLE", "W1"),
     ("y pil", "W1"), ("st annes", "E7"), ("St. Anne’s", "E7")],
)  # fmt: skip
def test_a_town_is_found_by_code_or_by_name_without_case_and_marks(text, code):
    assert names.town(text, TOWNS) == code


@pytest.mark.parametrize(("text", "codes"), [("Hythe", ["E3", "E4"]), ("newport", ["E5", "E6"])])
def test_a_name_of_several_towns_lists_them_with_codes_and_authorities(text, codes):
    with pytest.raises(names.Unclear) as error:
        names.town(text, TOWNS)
    for code in codes:
        assert f"{code}  {TOWNS.loc[code, 'town_name']}, {TOWNS.loc[code, 'local_authority']}" in str(error.value)


def test_a_misspelt_name_gets_the_nearest_ones_and_nonsense_gets_none():
    with pytest.raises(names.Unclear, match="no town 'Hyth' .* Did you mean Hythe\\?"):
        names.town("Hyth", TOWNS)
    with pytest.raises(names.Unclear) as error:
        names.town("xxxxxx", TOWNS)
    assert "mean" not in str(error.value)


def test_a_town_whose_name_others_bear_is_asked_for_by_code():
    assert names.reference("E3", TOWNS) == "E3"
    assert names.reference("W1", TOWNS) == "Pyle"
    assert names.namesakes("E1", TOWNS) == ["E2"]


def test_a_cluster_is_found_by_letter_or_name():
    letters = pd.DataFrame({"cluster": ["A", "B"], "name": ["Traditional demographics", "Visible decline"]})
    assert [names.cluster(text, letters) for text in ("b", "B", "visible DECLINE")] == ["B", "B", "B"]
    with pytest.raises(names.Unclear, match="no cluster 'visble'. Did you mean Visible decline\\?"):
        names.cluster("visble", letters)


# ---- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "digits", "percent", "of"),
    [("66", 66, 0, False, None), ("1,186", 1186, 0, False, None), ("31 of 41", 31, 0, False, 41),
     ("15.80", 15.8, 2, False, None), ("−52 %", -52, 0, True, None), ("+43%", 43, 0, True, None)],
)  # fmt: skip
def test_a_figure_is_read_with_its_digits(text, value, digits, percent, of):
    found = places.asked(text)
    assert (found.value, found.digits, found.percent, found.of) == (value, digits, percent, of)


@pytest.mark.parametrize("text", ["Blackpool", "E35001472", "31 of", "1,86", "3 towns", ""])
def test_what_is_not_a_figure_is_not_taken_for_one(text):
    assert places.asked(text) is None


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("15.8", 15.84, True),
        ("15.8", 15.85001, False),
        ("15.8", 15.76, True),
        ("15.80", 15.76, False),
        ("66", 65.6, True),
        ("66", 66.6, False),
    ],
)
def test_a_value_is_compared_as_displayed(text, value, shown):
    assert places.asked(text).shows(value) is shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (66.0, "66"),
        (145962.926, "145,962.9"),
        (-33.3333333, "−33.333"),
        (5.03042657, "5.03"),
        (0.0988, "0.0988"),
        ("24.0", "24.0"),
    ],
)
def test_numbers_in_words(value, text):
    assert wording.number(value) == text


def test_amounts_and_distances_in_words():
    assert wording.amount(210000, "£ a year") == "£210,000 a year"
    assert wording.amount(0, "flag") == "no"
    assert wording.by_how_much(-2.5, "%") == "2.5 percentage points below it"
    assert wording.by_how_much(0, "km") == "exactly on it"
    assert wording.percent(0.0876748) == "8.8 %"


def test_a_formula_in_numbers():
    values = {"pubs_2018": 98.4, "pubs_20": None}
    assert town.in_numbers("100 * pubs_2018 / pubs_20 - 1", values, wording.number) == "100 * 98.4 / unknown - 1"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (1.0, 1.0 + 1e-9, True),
        (1.0, 1.0 + 1e-8, False),
        (None, float("nan"), True),
        (None, 0, False),
        (True, True, True),
        ("full", "none", False),
        (0, 1e-13, True),
    ],
)
def test_values_are_the_same_to_nine_digits(one, other, alike):
    assert results.same(one, other) is alike


# ---- raw rows of toy tables -----------------------------------------------------------------------

PAIRS = pd.DataFrame(
    {
        "area": ["a1", "a2", "a3", "a4", "b1"],
        "town_code": ["T", "T", "T", "T", "U"],
        "residents": [100.0, 50.0, 40.0, 10.0, 70.0],
        "area_residents": [100.0, 100.0, 160.0, 10.0, 70.0],
    }
)
FILE = pd.DataFrame(
    {"code": ["b1", "a1", "a2", "a4", "a3"], "x": [7, 20, 30, 0, 8], "y": [1, 1, 3, 0, 8], "z": [1, 2, 4, 0, 8]}
)


@pytest.fixture
def toy(monkeypatch):
    """One table of five areas, of which four make up the town T."""
    entry = {"file": "toy", "area": "code", "geography": "lsoa11", "vintage": "2011"}
    monkeypatch.setattr(measures, "tables", lambda: {"toy": entry})
    monkeypatch.setattr(measures, "area_table", lambda name: FILE.set_index("code"))
    monkeypatch.setattr(rows.read, "table", lambda file, member=None: FILE)
    monkeypatch.setattr(raw.geography, "joint", lambda kind: PAIRS)
    return entry


def lines(aggregate: str, *values: str, weight: str = "") -> pd.DataFrame:
    """Measures m0, m1 … of the toy table."""
    made = [
        {
            "measure": f"m{number}",
            "table": "toy",
            "value": value,
            "aggregate": aggregate,
            "weight": weight,
            "geography": "lsoa11",
        }
        for number, value in enumerate(values)
    ]
    return pd.DataFrame(made)


def test_counts_are_added_up_from_the_rows_by_hand(toy):
    held = raw._from_raw(lines("sum", "x", "y..z"), "T")
    assert held["again"] == {"m0": 20 + 30 / 2 + 8 / 4 + 0, "m1": 3 + 7 / 2 + 16 / 4 + 0}
    areas = held["areas"]
    assert (areas["count"], areas["wholly_in_town"], areas["weight"]) == (4, 2, 200)
    assert [area["area"] for area in areas["largest"]] == ["a1", "a2", "a3"]
    second = areas["largest"][1]
    assert (second["rows"], second["share_in_town"], second["part_of_weight"]) == ([3], 0.5, 0.25)
    assert second["cells"] == {"x": 30, "y..z": 7}
    assert second["values"] == {"m0": 30, "m1": 7}
    assert areas["rest"] == {"count": 1, "part_of_weight": 0.05, "values": {"m0": 0, "m1": 0}}


def test_rates_are_averaged_from_the_rows_by_hand(toy):
    assert raw._from_raw(lines("mean", "x"), "T")["again"]["m0"] == (20 * 100 + 30 * 50 + 8 * 40 + 0) / 200
    held = raw._from_raw(lines("mean", "x", weight="y"), "T")  # the bases in the town: 1, 1.5, 2 and 0
    assert held["again"]["m0"] == pytest.approx((20 * 1 + 30 * 1.5 + 8 * 2) / 4.5)
    assert held["areas"]["largest"][0]["area"] == "a3"
    assert held["areas"]["largest"][0]["cells"] == {"x": 8, "y": 8}


def test_an_area_without_a_row_has_no_cells(toy, monkeypatch):
    monkeypatch.setattr(rows.read, "table", lambda file, member=None: FILE[FILE["code"] != "a1"])
    first = raw._from_raw(lines("sum", "x"), "T")["areas"]["largest"][0]
    assert (first["rows"], first["cells"]) == ([], {})


def test_rows_of_a_recoded_authority_and_of_a_table_with_several_rows_an_area(toy, monkeypatch):
    long = pd.DataFrame({"code": ["old", "new", "old", "other"], "kind": ["p", "q", "r", "p"], "n": [5, 6, 7, 8]})
    monkeypatch.setattr(rows.read, "table", lambda file, member=None: long)
    monkeypatch.setattr(rows.town_table, "fact", lambda name: pd.DataFrame({"old_code": ["old"], "new_code": ["new"]}))
    toy |= {"geography": "lad18", "spread": {"columns": "kind", "values": "n"}}
    found = rows.rows_of("toy", ["new"])["new"]
    assert found.index.tolist() == [0, 1, 2]
    wanted = lines("sum", "p + r")
    assert rows.used(wanted, found).index.tolist() == [0, 2]
    assert rows.cells_of(wanted, found, "new") == {"p": 5, "r": 7}


def test_of_a_measure_with_one_line_a_nation_the_first_with_a_value_counts(monkeypatch):
    frame = pd.DataFrame(
        {"measure": ["m", "m"], "table": ["england", "wales"], "aggregate": "mean", "weight": "", "file": ["e", "w"]}
    )
    monkeypatch.setattr(raw.sources, "file", lambda name: {"e": {"whole_of": ["E"]}, "w": {"coverage": "W"}}[name])
    empty = {("england", "mean", ""): {"again": {}}, ("wales", "mean", ""): {"again": {}}}
    assert raw._in_force(frame, empty, "England") == [0]
    assert raw._in_force(frame, empty, "Wales") == [1]
    assert raw._in_force(frame, empty | {("wales", "mean", ""): {"again": {"m": 2.0}}}, "England") == [1]
    both = {("england", "mean", ""): {"again": {"m": 1.0}}, ("wales", "mean", ""): {"again": {"m": 2.0}}}
    assert raw._in_force(frame, both, "Wales") == [0]


def test_every_flag_has_facts_or_a_raw_file(snapshot):
    r = results.load()
    for name in (*raw.town_table.FLAGS, "coastal"):
        assert raw._flag(name, r.index.index[0], r)["facts"], name


# ---- the committed results ------------------------------------------------------------------------


def found_in(told: str, *facts: str) -> None:
    """Every fact stands in the words, however they are broken into lines."""
    for fact in facts:
        assert " ".join(fact.split()) in told, fact


def test_blackpool_b(snapshot, capsys):
    made = trace(capsys, "blackpool", "b")
    members, judged = committed("memberships"), committed("criteria")
    code = made["town"]["code"]
    row = members[(members["town_code"] == code) & (members["cluster"] == "B")].iloc[0]
    assert code == "E35001472"
    assert made["cluster"]["status"] == row["status"]
    assert made["cluster"]["criteria_met"] == row["criteria_met"]
    assert made["cluster"]["same_from_criteria"]
    assert [criterion["reading"]["mark"] for criterion in made["criteria"]] == ["[V]"] * 4
    for criterion in made["criteria"]:
        line = judged[
            (judged["town_code"] == code)
            & (judged["cluster"] == "B")
            & (judged["criterion"] == int(criterion["number"]))
        ].iloc[0]
        assert (criterion["value"], criterion["threshold"], criterion["met"]) == (
            line["value"],
            line["threshold"],
            line["met"],
        )
        assert criterion["difference"] == pytest.approx(line["value"] - line["threshold"], rel=1e-8)
        assert criterion["same_from_indicators"]
        assert all(part["indicator"]["same"] for part in criterion["parts"])
    english = committed("towns").query("in_index and nation == 'England'")
    assert made["criteria"][0]["parts"][0]["towns_compared"] == len(english)
    assert made["criteria"][3]["parts"][0]["rule_in_words"].startswith("above the mean of the 862 towns")
    pubs = made["criteria"][2]["parts"][0]["indicator"]
    assert pubs["formula"] == "100 * pubs_2018 / pubs_2001 - 100"
    measured = committed("measures").set_index("town_code").loc[code]
    assert pubs["measures"] == [{"name": name, "value": measured[name]} for name in ("pubs_2001", "pubs_2018")]
    assert [file["path"] for file in made["files"]] == [sources.file(file["file"])["path"] for file in made["files"]]
    assert {reading["table"] for reading in made["readings"]} == {"ages_2019", "imd_england", "drug_deaths", "pubs"}


def test_without_raw_files_the_rows_are_not_shown_and_it_says_so(snapshot, capsys):
    status, out, _ = asked(capsys, "Blackpool", "B")
    assert status == 0
    assert "run_all.py fetch" in " ".join(out.split())
    assert "Computed again" not in out
    made = trace(capsys, "Blackpool", "B")
    assert not made["raw"]["there"]
    assert all(reading["areas"] is None for reading in made["readings"])
    assert all(file["here"] is None for file in made["files"])


def test_the_east_european_share_of_boston(snapshot, capsys):
    made = trace(capsys, "Boston", "H")
    third = made["criteria"][2]
    assert (third["combine"], third["unit"], third["met"]) == ("any", "parts met", True)
    part = third["parts"][2]
    measured = committed("measures").set_index("town_code").loc[made["town"]["code"]]
    share = 100 * measured["east_european_language_2011"] / measured["language_base_2011"]
    assert part["indicator"]["name"] == "east_european"
    assert part["value"] == pytest.approx(share, rel=1e-8)
    assert share == pytest.approx(15.75, abs=0.05)
    assert part["threshold"] == pytest.approx(committed("indicators").set_index("town_code")["east_european"].reindex(
        committed("towns").query("in_index")["town_code"]).mean(), rel=1e-8)  # fmt: skip
    told = say.say(made, WIDE)
    counted, base = (measured[name] for name in ("east_european_language_2011", "language_base_2011"))
    found_in(told, f"100 * {wording.number(counted)} / {wording.number(base)}")
    found_in(told, "one part is enough: a not met", "Part c: met; stands in for: East European heritage")


def test_a_welsh_town_by_its_welsh_name_is_compared_with_wales(snapshot, capsys):
    made = trace(capsys, "y fenni", "B")
    assert made["town"]["name"] == "Abergavenny"
    assert made["town"]["nation"] == "Wales"
    welsh = committed("towns").query("in_index and nation == 'Wales'")
    assert made["criteria"][0]["parts"][0]["towns_compared"] == len(welsh)
    assert "imd_wales" in {reading["table"] for reading in made["readings"]}
    assert "imd_england" not in {reading["table"] for reading in made["readings"]}


def test_what_is_unknown_stays_unknown(snapshot, capsys):
    made = trace(capsys, "Abergavenny", "M")
    assert made["cluster"]["status"] == "not_assessed"
    assert [criterion["met"] for criterion in made["criteria"]] == [None] * 4
    found_in(say.say(made, WIDE), "M. Less connected [P]: not assessed", "1. unknown", "It applies to England only.")
    automation = trace(capsys, "Blackpool", "D")["criteria"][1]
    assert automation["met"] is None
    assert automation["parts"][0]["indicator"] is None


def test_a_criterion_with_one_part_a_nation_keeps_the_numbers_of_the_town_s_own(snapshot, capsys):
    english, welsh = (trace(capsys, name, "N")["criteria"][3] for name in ("Great Yarmouth", "Barry"))
    assert [part["applies"] for part in english["parts"]] == [True, False]
    assert [part["applies"] for part in welsh["parts"]] == [False, True]
    assert (english["unit"], english["value"]) == ("%", english["parts"][0]["value"])
    assert (welsh["unit"], welsh["value"]) == ("percentile", welsh["parts"][1]["value"])


def test_the_gate_and_the_flags_come_from_facts(snapshot, capsys):
    made = trace(capsys, "Barry", "N")
    assert made["criteria"][0]["gate"]
    flag = next(reading for reading in made["readings"] if reading["aggregate"] == "fact")
    (fact,) = flag["facts"]
    listed = (paths.FACTS / "coastal_wales.csv").read_text().splitlines()
    assert fact["rows"] and listed[fact["rows"][0]].startswith(f"{made['town']['code']},Barry")
    assert fact["cells"]["coastal"] is True


def test_the_open_half_of_a_cluster_that_is_not_rebuilt(snapshot, capsys):
    made = trace(capsys, "Boston", "I")
    half = committed("memberships_elections").set_index("town_code").loc[made["town"]["code"]]
    assert made["cluster"]["status"] == "not_assessed"
    assert made["cluster"]["open_half"] == {name: half[name] for name in ("criteria_met", "criteria_assessed")}
    assert made["criteria"][0]["table"].endswith("criteria_elections.csv")
    assert made["criteria"][0]["value"] is not None
    assert all(criterion["same_from_indicators"] for criterion in made["criteria"])


def test_a_town_below_the_floor_is_not_judged_but_traced(snapshot, capsys):
    made = trace(capsys, "Abersychan", "B")
    assert not made["town"]["in_index"]
    assert made["town"]["residents_2019"] < made["town"]["floor"]
    assert made["cluster"]["status"] is None
    assert {(criterion["judged"], criterion["met"]) for criterion in made["criteria"]} == {(False, None)}
    values = committed("indicators").set_index("town_code").loc[made["town"]["code"]]
    part = made["criteria"][3]["parts"][0]
    assert (part["value"], part["threshold"]) == (values["drug_deaths"], None)
    found_in(say.say(made, WIDE), "Outside the index", "Criterion 4. not judged", "a year for each 100,000 people")


@pytest.mark.parametrize("name", ["Blackpool", "Abergavenny", "Abersychan"])
def test_a_town_has_every_cluster_as_published(snapshot, capsys, name):
    made = trace(capsys, name)
    members = committed("memberships").query("town_code == @made['town']['code']").set_index("cluster")
    letters = clusters.definitions()[0]
    assert [cluster["letter"] for cluster in made["clusters"]] == letters["cluster"].tolist()
    told = say.say(made, WIDE)
    for cluster in made["clusters"]:
        assert len(cluster["criteria"]) == cluster["criteria_required"]
        assert all(criterion["same_from_indicators"] for criterion in cluster["criteria"] if made["town"]["in_index"])
        if made["town"]["in_index"]:
            assert cluster["status"] == members.loc[cluster["letter"], "status"]
            assert cluster["same_from_criteria"]
        for criterion in cluster["criteria"]:
            found_in(told, criterion["label"])
            if criterion["value"] is not None and criterion["unit"] not in ("parts met", "flag"):
                found_in(told, wording.number(criterion["value"]), wording.number(criterion["threshold"]))


def test_alternatives_that_are_not_in_force_are_left_out(snapshot):
    r = results.load()
    assert r.settings["deprivation_fourth"] == "covid"
    other = results.Results(r.settings | {"deprivation_fourth": "overall"})
    code = r.index.index[0]
    assert [town.criteria(each, code, "E")[3]["parts"][0]["indicator"] for each in (r, other)] == [
        "covid_deaths",
        "deprivation_overall",
    ]


# ---- figures --------------------------------------------------------------------------------------


def test_a_count_of_members_is_counted_again_and_lists_the_towns(snapshot, capsys):
    members = committed("memberships").query("cluster == 'A' and status == 'full'")["town_code"].tolist()
    made = trace(capsys, str(len(members)))
    first = made["traced"]
    assert first["table"] == "data/processed/fidelity.csv"
    assert made["places"][0]["row"] == {"cluster": "A"}
    assert (first["value"], first["again"], first["same"]) == (len(members), len(members), True)
    assert "memberships.csv" in first["again_from"]
    assert [each["code"] for each in first["towns"]] == members
    assert first["made_by"]["stage"] == "070_fidelity"
    assert "data/processed/memberships.csv" in first["made_by"]["reads"]
    assert (paths.ROOT / first["made_by"]["notebook"]).is_file()
    assert re.search(r'why "[^"]+" A$', first["further"][0])
    assert any("A. Traditional demographics" in told["in"] for told in made["in_report"])
    assert len(made["places"]) == 10 and sum(made["more_places"].values()) > 0


def test_a_part_of_a_number(snapshot, capsys):
    found = committed("named_towns")["found"]
    inside, tested = found.isin(["full", "partial"]).sum(), found.isin(["full", "partial", "not"]).sum()
    made = trace(capsys, f"{inside} of {tested}")
    assert made["places"][0]["table"] == "data/processed/named_towns.csv"
    assert made["places"][0]["of"] == [tested, len(found)]
    assert made["traced"]["same"] is True
    assert len(made["traced"]["towns"]) == inside
    assert all(str(inside) in told["words"] and str(tested) in told["words"] for told in made["in_report"])
    assert made["in_report"]
    assert trace(capsys, str(inside), "of", str(tested)) == made  # without quotation marks


def test_a_check_value_is_made_again(snapshot, capsys):
    value = committed("check_values").set_index("check").loc["social_rented_mean", "rebuilt"]
    made = trace(capsys, f"{value}")
    assert made["traced"]["table"] == "data/processed/check_values.csv"
    assert made["traced"]["beside_it"]["unit"] == "%"
    assert made["traced"]["same"] is True


def test_every_count_of_members_is_found_and_agrees(snapshot):
    r = results.load()
    counts = r.members.groupby(["cluster", "status"]).size()
    made = {(p.row["cluster"], p.row["status"]): p.value for p in places.counted(r) if p.kind == "memberships"}
    assert made == counts.to_dict()
    assert sum(made.values()) == len(r.index) * len(r.letters)


def test_the_number_of_towns_comes_from_the_limits_of_the_build(snapshot, capsys):
    made = trace(capsys, str(len(committed("towns").query("in_index"))))
    assert made["traced"]["table"] == "data/processed/towns.csv"
    assert made["traced"]["same"] is True


def test_shares_are_found_as_percentages(snapshot, capsys):
    table = pd.read_csv(paths.ROOT / "reports" / "figures" / "090_report" / "cluster-n.csv")
    share = f"{100 * table['Share of towns'].max():.2f} %"
    assert any(place["table"].endswith("cluster-n.csv") for place in trace(capsys, share)["places"])


def test_a_figure_that_stands_nowhere(snapshot, capsys):
    status, out, err = asked(capsys, "7.123456")
    assert (status, out) == (1, "")
    assert "7.123456 stands neither in the report nor in the tables" in err


# ---- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Hythe"], "E35001112  Hythe, Folkestone and Hythe"),
        (["Blakpool"], "Did you mean Blackpool"),
        (["Blackpool", "visble"], "Did you mean Visible decline?"),
        (["Blackpool", "Z"], "A Traditional demographics, B Visible decline"),
        ([], "required"),
        (["Blackpool", "--jsn"], "unrecognized"),
    ],
)
def test_what_is_not_understood_ends_with_status_2(snapshot, capsys, words, said):
    status, out, err = asked(capsys, *words)
    assert (status, out) == (2, "")
    assert said in " ".join(err.split()) or said in err


def test_names_of_several_words_need_no_quotation_marks(snapshot, capsys):
    assert trace(capsys, "great", "yarmouth")["town"]["name"] == "Great Yarmouth"
    assert trace(capsys, "great", "yarmouth", "n")["cluster"]["letter"] == "N"


def test_other_results_are_read_and_the_folder_is_forgotten(snapshot, capsys, tmp_path):
    assert asked(capsys, "Blackpool", "--out", str(tmp_path))[0] == 2  # nothing has been built there
    processed = tmp_path / "data" / "processed"
    processed.parent.mkdir()
    processed.symlink_to(SNAPSHOT)
    stage = tmp_path / "reports" / "notebooks" / "050_clusters.ipynb"
    stage.parent.mkdir(parents=True)
    stage.write_text(json.dumps({"metadata": {"papermill": {"parameters": {"average": "median"}}}}))
    made = trace(capsys, "Blackpool", "A", "--out", str(tmp_path))
    assert made["settings"]["average"] == "median"
    # These tables were built with the mean, and judging them again by the median shows it.
    assert not all(criterion["same_from_indicators"] for criterion in made["criteria"])
    assert trace(capsys, "Blackpool")["settings"]["average"] == "mean"


def test_a_misspelt_start_is_told_in_words(snapshot, capsys, monkeypatch):
    monkeypatch.setenv(paths.START_VARIABLE, "sideways")
    status, _, err = asked(capsys, "Blackpool")
    assert status == 2 and "sideways" in err


def test_lines_fit_the_width(snapshot, capsys):
    made = trace(capsys, "Boston", "H")
    for width in (60, 100):
        broken = [line for line in say.say(made, width).splitlines() if len(line) > width]
        assert all(len(line.split()) == 1 for line in broken), broken  # addresses and the like are not cut


def facts_of(made: dict) -> list[str]:
    """The facts of a trace of a town and a cluster as the words must tell them."""
    facts = [
        made["town"]["code"],
        made["cluster"]["name"],
        made["cluster"]["reading"]["mark"],
        f"{made['town']['residents_2019']:,}",
    ]
    for criterion in made["criteria"]:
        facts += [
            criterion["label"],
            criterion["published_words"],
            criterion["reading"]["mark"],
            criterion["stands_in_for"],
        ]
        for part in criterion["parts"]:
            if part["applies"] and part["indicator"]:
                facts += [
                    wording.amount(part["value"], part["unit"]),
                    part["rule_in_words"].replace("-", "−"),
                    part["indicator"]["formula"],
                ]
                facts += [f"{measure['name']} = " for measure in part["indicator"]["measures"]]
    for reading in made["readings"]:
        facts += [reading["how"], *reading["rules"]]
        for measure in reading["measures"]:
            facts += [
                measure["label"],
                measure["definition"],
                wording.number(measure["value"]) if measure["unit"] != "flag" else "",
                measure["note"],
            ]
        for area in (reading["areas"] or {"largest": []})["largest"]:
            facts += [
                area["area"],
                *(f"{row:,}" for row in area["rows"]),
                *(f"{name} = {wording.number(value)}" for name, value in area["cells"].items()),
            ]
        for point in (reading["points"] or {"nearest": []})["nearest"]:
            facts += [f"{row:,}" for row in point["rows"]]
    for file in made["files"]:
        facts += [
            file["path"],
            file["publisher"],
            file["title"],
            file["attribution"],
            file["vintage"],
            file["sha256"],
            file["official_page"],
        ]
    return [fact for fact in facts if fact]


@pytest.mark.parametrize(
    ("name", "letter"), [("Blackpool", "B"), ("Boston", "H"), ("Abergavenny", "L"), ("Abersychan", "C")]
)
def test_the_words_tell_the_facts_of_the_json(snapshot, capsys, name, letter):
    made = trace(capsys, name, letter)
    r = results.load()
    code = made["town"]["code"]
    assert command.as_json(town.cluster(r, code, letter)) == json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    found_in(say.say(made, WIDE), *facts_of(made))


def test_the_words_tell_the_facts_of_a_figure(snapshot, capsys):
    made = trace(capsys, "31")
    told = say.say(made, WIDE)
    for place in made["places"]:
        found_in(
            told, f"{place['words']} = {wording.number(place['value'])} ({place['table']}, column {place['column']})"
        )
    for sentence in made["in_report"]:
        found_in(told, sentence["words"])
    found_in(told, f"{sum(made['more_places'].values()):,} more", made["traced"]["made_by"]["executed"])


# ---- with the raw files ---------------------------------------------------------------------------

KINDS = {
    "residents_2021": "oa21", "white_2021": "oa21", "east_european_language_2011": "lsoa11", "aged_65_2011": "lsoa11",
    "deprivation_crime_2019": "lsoa11", "covid_deaths_2020": "msoa11", "white_british_msoa_2021": "msoa21",
    "pubs_2018": "lad18", "drug_death_rate_2016_2018": "lad19", "work_centre_minutes_public": "lad21",
    "industry_survey_2006": "county", "votes_2019": "pcon10", "house_price_seat_2019": "pcon24",
    "growth_2009_2019": "town", "nearby_not_white_british_2011": "lsoa11", "station_km": "point",
    "ward_votes_ukip": "ward", "residents_projected_2029": "lsoa11", "covid_deaths_expected_2020": "msoa11",
}  # fmt: skip


@needs_bundle
@pytest.mark.parametrize("name", ["Boston", "Abergavenny"])
def test_measures_of_every_kind_of_area_are_the_published_ones(bundle, name):
    r = results.load()
    code = names.town(name, r.towns)
    made = {m["name"]: (m, reading) for reading in raw.readings(list(KINDS), code, r) for m in reading["measures"]}
    assert set(made) == set(KINDS)
    published = committed("measures").merge(committed("measures_elections")).set_index("town_code").loc[code]
    for measure, kind in KINDS.items():
        told, reading = made[measure]
        assert reading["geography"] == kind
        assert reading["problem"] == ""
        assert results.same(told["again"], published[measure]), measure
        assert told["same"] is (None if pd.isna(published[measure]) else True)


@needs_bundle
def test_every_measure_of_a_town_is_computed_again(bundle):
    r = results.load()
    every = measures.definitions()["measure"].unique().tolist()
    made = [m for reading in raw.readings(every, "E34004383", r) for m in reading["measures"]]
    assert sorted(m["name"] for m in made) == sorted(every)
    assert [m["name"] for m in made if m["same"] is False] == []
    assert sum(m["same"] is True for m in made) > 200


@needs_bundle
def test_rows_and_cells_are_those_of_the_raw_file(bundle, capsys):
    made = trace(capsys, "Boston", "H")
    reading = next(reading for reading in made["readings"] if reading["table"] == "qs204ew")
    path = paths.raw() / sources.file(reading["files"][0])["path"]
    listed = [line.split(",") for line in gzip.open(path, "rt", encoding="utf-8-sig").read().splitlines()]
    header = [name.strip('"') for name in listed[0]]
    for area in reading["areas"]["largest"]:
        row = dict(zip(header, listed[area["rows"][0]]))
        assert area["area"] in row.values()
        assert area["cells"]["total"] == float(row["total"])
        spoken = [f"QS204EW{number:03}" for number in (*range(17, 25), 30, 31, *range(35, 39), 41, 43)]
        assert area["values"]["east_european_language_2011"] == sum(float(row[name]) for name in spoken)
    rest = reading["areas"]["rest"]
    whole = sum(area["values"]["language_base_2011"] * area["share_in_town"] for area in reading["areas"]["largest"])
    base = next(m for m in reading["measures"] if m["name"] == "language_base_2011")
    assert whole + rest["values"]["language_base_2011"] == pytest.approx(base["value"], rel=1e-8)
    assert len(reading["areas"]["largest"]) + rest["count"] == reading["areas"]["count"]
    assert sum(area["part_of_weight"] for area in reading["areas"]["largest"]) + rest[
        "part_of_weight"
    ] == pytest.approx(1)


@needs_bundle
def test_the_words_tell_rows_cells_and_that_the_value_is_the_same(bundle, capsys):
    made = trace(capsys, "Blackpool", "B")
    told = say.say(made, WIDE)
    found_in(told, *facts_of(made))
    assert told.count("Computed again from the raw rows: same value.") == sum(
        len(reading["measures"]) for reading in made["readings"]
    )
    assert "NOT THE SAME" not in told
    assert all(file["here"].startswith("whole") for file in made["files"])


@needs_bundle
def test_a_value_that_the_rows_do_not_give_is_said_not_to_be_the_same(bundle, monkeypatch):
    r = results.load()
    altered = r.measures.assign(pubs_2018=r.measures["pubs_2018"] + 1)
    monkeypatch.setitem(r.__dict__, "measures", altered)
    made = town.cluster(r, "E35001472", "B")
    assert "Computed again from the raw rows: NOT THE SAME VALUE, 98.4" in say.say(made, WIDE)


@needs_bundle
def test_a_raw_file_that_is_missing_is_told_and_the_rest_goes_on(bundle, monkeypatch, capsys):
    def without_pubs(file_id, member=None, table=raw.read.table):
        if file_id.startswith("pubs-la/"):
            raise raw.read.UnreadableFile("pubs-la is not in the raw folder.")
        return table(file_id, member)

    monkeypatch.setattr(raw.read, "table", without_pubs)
    measures.area_table.cache_clear()
    made = trace(capsys, "Blackpool", "B")
    by_table = {reading["table"]: reading for reading in made["readings"]}
    assert by_table["pubs"]["problem"] == "pubs-la is not in the raw folder."
    assert by_table["pubs"]["measures"][0]["same"] is None
    assert by_table["imd_england"]["measures"][0]["same"] is True


@needs_bundle
def test_the_nearest_points_have_their_rows(bundle, capsys):
    made = trace(capsys, "Blackpool", "M")
    (points,) = [reading["points"] for reading in made["readings"] if reading["points"]]
    assert len(points["nearest"][0]["rows"]) == 1
    stations = raw.read.table("rail-stations/stations")
    for point in points["nearest"]:
        assert stations.iloc[point["rows"][0] - 1]["crsCode"] == point["cells"]["crsCode"]
    assert [point["km"] for point in points["nearest"]] == sorted(point["km"] for point in points["nearest"])
