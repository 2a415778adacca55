"""Claims: what is taken from a report, what matches, what agrees; and that a changed report does not pass."""

import re

import nbformat
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from towns_index import claims, paths
from towns_index.claims.check import same
from towns_index.claims.database import open_tables, tables_in
from towns_index.claims.sentences import plain, split

REPORT = paths.ROOT / "reports" / "notebooks" / "090_report.ipynb"
SETTINGS = {
    "min_population": 8830, "max_population": 300000, "average": "mean", "deprivation_fourth": "covid", "draws": 10000, "groups": 0,
    "resamples": 100, "seed": 2020,
}  # fmt: skip


@pytest.fixture(autouse=True)
def committed_folder(monkeypatch):
    """Read the committed tables, wherever a build of this machine goes."""
    monkeypatch.delenv(paths.OUT_VARIABLE, raising=False)


def sentence(text: str, section: str = "Summary", part: str = "text", of: str = "") -> claims.Sentence:
    return claims.Sentence(section, part, of, text)


def checked(sentences: list, toml: str) -> tuple[pd.DataFrame, list[str]]:
    """What some claims make of some sentences, and the problems in words."""
    known, views = claims.load(toml)
    table = claims.check(sentences, known, views, claims.parameters(SETTINGS))
    return table, claims.problems(table, known)


TOWNS = '[[claim]]\nid = "n"\nkind = "fact"\nsays = "There are {#n} towns in [the ]{region}"\nsql = "select count(*) as n from towns where in_index and region = :region"\n'


# ---- sentences ------------------------------------------------------------------------------------


def shown(kind: str, markdown: str = "", **about):
    return new_output("display_data", {"text/markdown": markdown}, metadata={"towns_index": {"kind": kind, **about}})


def test_every_place_of_a_notebook_is_read():
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# The title\n\nA standfirst."),
            new_code_cell("x", outputs=[shown("prose", "### A. Head\nOne *two* **3.5**. Four?\n\n- **Run-in.** It is 5 % (M).\n- Next."), new_output("stream", text="no")]),
            new_code_cell("y", outputs=[shown("figure", name="map", title="A title", alt="Small maps. 0: 24 towns.", note=None, source="Us.")]),
            new_code_cell("z", outputs=[shown("callout", "> x", text="Care is *due*."), shown("cover", "> x", text="The finding."), shown("table", name="t", title="T", note="N.")]),
        ]
    )
    assert [tuple(each) for each in claims.of_notebook(notebook)] == [
        ("The title", "heading", "", "The title"),
        ("The title", "text", "", "A standfirst."),
        ("A. Head", "heading", "", "A. Head"),
        ("A. Head", "text", "", "One two 3.5."),
        ("A. Head", "text", "", "Four?"),
        ("A. Head", "text", "", "Run-in."),
        ("A. Head", "text", "", "It is 5 % (M)."),
        ("A. Head", "text", "", "Next."),
        ("A. Head", "title", "map", "A title"),
        ("A. Head", "alt", "map", "Small maps."),
        ("A. Head", "alt", "map", "0: 24 towns."),
        ("A. Head", "source", "map", "Us."),
        ("A. Head", "callout", "", "Care is due."),
        ("A. Head", "cover", "", "The finding."),
        ("A. Head", "title", "t", "T"),
        ("A. Head", "note", "t", "N."),
    ]


def test_marks_go_and_words_stay():
    assert plain("- **A** *b c* `d` [e](f.html) 2 * 3 * 4") == "A b c d e 2 * 3 * 4"
    assert split("In St Ives it is 3.2. And 4? 5 towns.") == ["In St Ives it is 3.2.", "And 4?", "5 towns."]


def test_a_report_that_was_not_executed_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="run 090_report first"):
        claims.read(tmp_path / "090_report.ipynb")


# ---- claims ---------------------------------------------------------------------------------------


def claim(**more) -> claims.Claim:
    return claims.Claim(**{"id": "x", "kind": "fact", "sql": "select 1 as holds", "says": ("",)} | more)


def test_a_sentence_matches_its_form_only():
    form = claim(says=("{#n} town[s] of [the ]{region} (all)",))
    assert form.match(sentence("1,234 towns of the North East (all).")) == {"n": "1,234", "region": "North East"}
    assert form.match(sentence("1 town of Wales (all)")) == {"n": "1", "region": "Wales"}
    for other in ("Many towns of Wales (all)", "3 towns of Wales", "The 3 towns of Wales (all)", "3 towns of Wales (all)?"):
        assert form.match(sentence(other)) is None, other
    assert claim(says=("{#n} %",)).match(sentence("−5.25 %")) == {"n": "−5.25"}


def test_a_claim_stands_only_where_it_says():
    form = claim(says=("Yes",), part="alt", of="cluster-?", section="?. *")
    assert form.match(sentence("Yes", "A. Old", "alt", "cluster-a")) == {}
    for place in (("Summary", "alt", "cluster-a"), ("A. Old", "text", "cluster-a"), ("A. Old", "alt", "clusters")):
        assert form.match(sentence("Yes", *place)) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('kind = "fact"\nsays = "a"', "needs sql"),
        ('kind = "cited"\nsays = "a"', "needs cites"),
        ('kind = "method"\nsays = "a"', "needs reason"),
        ('kind = "guess"\nsays = "a"', "kind 'guess' is not one of fact, cited, method"),
        ('kind = "method"\nreason = "r"', "says is missing"),
        ('kind = "method"\nreason = "r"\nsays = "a {b}"', "{b} needs a query that gives it"),
        ('kind = "method"\nreason = "r"\nsays = "a."', "without its full stop"),
        ('kind = "fact"\nsql = "s"\nsays = "a [b"', "brackets must close"),
        ('kind = "fact"\nsql = "s"\nsays = "{a} {a}"', "slots have names of their own"),
        ('kind = "fact"\nsql = "s"\nsays = "{section}"', "none of section, part, of"),
        ('kind = "method"\nreason = "r"\nsays = "a"\nwhere = "b"', "there is no key 'where'"),
        ('kind = "method"\nreason = "r"\nsays = "a"\n[[claim]]\nid = "z"\nkind = "method"\nreason = "r"\nsays = "b"', "there are two with this id"),
        ("kind = ", "cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_told(wrong, said):
    with pytest.raises(claims.BadClaim, match=re.escape(said)):
        claims.load(f'[[claim]]\nid = "z"\n{wrong}\n')


# ---- agreement ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "found", "agree"),
    [
        ("3.2", [3.1578], True), ("3.2", [3.26], False), ("3", [3.49], True), ("3", [3.51], False), ("1,234", [1234], True),
        ("-52", [-52.4], True), ("+120", [120.2], True), ("−5.2", [-5.2], True), ("52", [-52], False), ("four", [4], False),
        ("Wales", ["Wales"], True), ("wales", ["Wales"], False), ("3", ["3"], True), ("3", [None], False),
        ("a, b and c", ["a", "b", "c"], True), ("a, c and b", ["a", "b", "c"], False), ("a and b", ["a", "b", "c"], False),
    ],
)  # fmt: skip
def test_what_agrees(said, found, agree):
    assert same(said, found) is agree


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_number_agrees_with_itself_as_printed_and_with_no_neighbour(value, decimals):
    assert same(f"{value:,.{decimals}f}", [value])
    step = 10.0**-decimals
    assert not same(f"{value + 2 * step:.{decimals}f}", [value]) and not same(f"{value - 2 * step:.{decimals}f}", [value])


# ---- what stops a report --------------------------------------------------------------------------


def test_a_true_sentence_passes_and_says_what_carries_it():
    table, told = checked([sentence("There are 106 towns in Wales.")], TOWNS)
    actual = table.loc[0, "found"]
    table, told = checked([sentence(f"There are {actual.removeprefix('n=')} towns in Wales.")], TOWNS)
    assert told == [] and table.loc[0, ["claim", "kind", "carried_by", "found", "held"]].tolist() == ["n", "fact", "towns", actual, True]


def test_a_changed_number_stops_it():
    _, (told,) = checked([sentence("There are 3 towns in Wales.", of="map", part="alt")], TOWNS)
    assert re.fullmatch(r"Summary, alt of map: “There are 3 towns in Wales.”: n is \d+, not 3 \(claim n\)", told)


def test_a_place_that_is_not_there_stops_it():
    _, (told,) = checked([sentence("There are 3 towns in Scotland.")], TOWNS)
    assert told.endswith("“There are 3 towns in Scotland.”: n is 0, not 3 (claim n)")
    toml = '[[claim]]\nid = "t"\nkind = "fact"\nsays = "{name} is a town"\nsql = "select town_name as name from towns where town_name = :name"\n'
    _, (told,) = checked([sentence("Atlantis is a town")], toml)
    assert told.endswith("“Atlantis is a town”: the tables hold nothing of the kind (claim t)")


def test_a_sentence_without_a_claim_stops_it():
    _, told = checked([sentence("There are 3 cities.")], TOWNS.replace('"n"', '"n"\nsometimes = true'))
    assert told == ["Summary, text: “There are 3 cities.”: no claim is about it"]


def test_a_claim_that_nothing_makes_stops_it():
    _, told = checked([], TOWNS)
    assert told == ["claim n matches no sentence; take it out, or write sometimes = true"]
    assert checked([], TOWNS.replace('"n"', '"n"\nsometimes = true'))[1] == []


def test_two_claims_for_one_sentence_stop_it_unless_one_is_for_what_is_left():
    words = '[[claim]]\nid = "any"\nkind = "fact"\nsays = "{words}"\nsql = "select 1 as holds, :words as words"\n'
    _, (told,) = checked([sentence("There are 3 towns in Wales")], TOWNS + words)
    assert told.endswith("more than one claim matches: n; any")
    table, _ = checked([sentence("There are 3 towns in Wales"), sentence("Other words")], TOWNS + words + "otherwise = true\n")
    assert table["claim"].tolist() == ["n", "any"]


def test_a_comparison_is_held_by_its_query():
    toml = '[[claim]]\nid = "c"\nkind = "fact"\nsays = "Wales is the largest region"\nsql = "select region = \'Wales\' as holds from towns where in_index group by 1, region order by count(*) desc limit 1"\n'
    _, (told,) = checked([sentence("Wales is the largest region")], toml)
    assert told.endswith("the tables do not bear it out (claim c)")


@pytest.mark.parametrize(
    ("sql", "said"),
    [("select absent from towns", "cannot be carried out: no such column: absent"), ("select 1 as holds from towns", "must give n, region as a column"), ("select :other as n", "cannot be carried out")],
)
def test_a_query_that_does_not_answer_is_told(sql, said):
    toml = TOWNS[: TOWNS.index("sql")] + f'sql = "{sql}"\n'
    with pytest.raises(claims.Unsupported, match=said):
        checked([sentence("There are 3 towns in Wales")], toml)


def test_many_problems_are_counted_and_the_first_are_shown():
    known, views = claims.load(TOWNS)
    table = claims.check([sentence(f"Number {number}") for number in range(20)], known, views, claims.parameters(SETTINGS))
    with pytest.raises(claims.Unsupported, match="21 things to put right in the report. Correct the sentence") as error:
        claims.require(table, known)
    assert "Number 11”" in str(error.value) and "Number 12”" not in str(error.value) and "and 9 more" in str(error.value)


# ---- the database ---------------------------------------------------------------------------------


def test_queries_name_tables_themselves_and_through_views():
    views = {"town": "select * from towns", "held": "select * from memberships m join town t on t.town_code = m.town_code"}
    assert tables_in("select 1 from held join definitions.clusters c on 1", views) == ["definitions.clusters", "memberships", "towns"]
    assert tables_in("select groups from group_evidence", views) == ["group_evidence"]


def test_aggregates_by_hand_and_truth_values():
    found = open_tables(["select 1 from towns"], {}, claims.parameters(SETTINGS))
    values = "select column1 as x from (values (1), (2), (4), (null))"
    assert found.execute(f"select median(x), stdev(x) from ({values})").fetchone() == (2, pytest.approx((14 / 3 / 2) ** 0.5))
    assert found.execute(f"select median(x), stdev(x) from ({values}) where x is null").fetchone() == (None, None)
    assert found.execute("select distinct in_index from towns order by 1").fetchall() == [(0,), (1,)]


def test_parameters_and_their_usual_values():
    frame = claims.parameters({"average": "median", "seed": 2020})
    assert frame.to_dict("records") == [{"name": "average", "value": "median", "usual": "mean"}, {"name": "seed", "value": 2020, "usual": 2020}]


# ---- the report -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def said() -> list:
    return claims.of_notebook(nbformat.read(REPORT, 4))


def on_the_committed_tables(sentences: list) -> tuple[pd.DataFrame, list]:
    known, views = claims.load()
    return claims.check(sentences, known, views, claims.parameters(SETTINGS)), known


def test_every_sentence_of_the_committed_report_holds(said):
    table, known = on_the_committed_tables(said)
    assert claims.problems(table, known) == []
    assert len(table) > 400 and (table["kind"] == "fact").mean() > 0.8


def test_no_number_of_the_report_can_be_changed(said):
    # Each number in turn, by two in its last digit (a half may be printed either way): no claim matches, or the tables give another.
    changed = []
    for each in said:
        for number in re.finditer(r"\d[\d,]*(?:\.\d+)?", each.text):
            digits = number[0].replace(",", "")
            decimals = len(digits.partition(".")[2])
            more = f"{float(digits) + 2 * 10.0**-decimals:,.{decimals}f}"
            changed.append(each._replace(text=each.text[: number.start()] + more + each.text[number.end() :]))
    assert len(changed) > 500
    table, _ = on_the_committed_tables(changed)
    assert table.loc[table["held"], "sentence"].tolist() == []


REGIONS = ["North East", "North West", "Yorkshire and The Humber", "East Midlands", "West Midlands", "East of England", "South East", "South West", "Wales"]


def test_no_region_of_the_report_can_be_changed(said):
    changed = []
    for each in said:
        for place in re.finditer("|".join(REGIONS), each.text):
            other = REGIONS[(REGIONS.index(place[0]) + 4) % len(REGIONS)]
            changed.append(each._replace(text=each.text[: place.start()] + other + each.text[place.end() :]))
    assert len(changed) > 80
    table, _ = on_the_committed_tables(changed)
    assert table.loc[table["held"], "sentence"].tolist() == []


def test_tests_that_hold_a_claim_are_there():
    for each in claims.load()[0]:
        if each.test:
            file, name = each.test.split("::")
            assert f"def {name}(" in (paths.ROOT / file).read_text(encoding="utf-8"), each.id
