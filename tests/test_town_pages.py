"""The pages of towns against the tables, line by line; and what no generated sentence may say."""

import csv
import io
import os
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import html5lib
import pandas as pd
import pytest
from bundle import SNAPSHOT, committed
from wording import ATTITUDES, CAUSES, FORBIDDEN, SUPERLATIVES, grade, syllables

from towns_index import clusters, paths, town_pages, words
from towns_index.runner import parameters
from towns_index.runner.problems import Problems
from towns_index.town_pages import characteristics, drawings, pages, standing, trends, trust
from towns_index.town_pages.summary import firmness, summary

SETTINGS = {"average": "mean", "deprivation_fourth": "covid"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of results with the committed tables, and nothing else."""
    out = tmp_path_factory.mktemp("pages")
    (out / "data").mkdir()
    os.symlink(SNAPSHOT, out / "data" / "processed")
    patch = pytest.MonkeyPatch()
    patch.setenv(paths.OUT_VARIABLE, str(out))
    yield out
    patch.undo()


@pytest.fixture(scope="module")
def material(folder):
    return town_pages.load(SETTINGS)


@pytest.fixture(scope="module")
def built(material):
    return pages.build(material)


@pytest.fixture(scope="module")
def texts(folder, built):
    """Every page of a town, by code."""
    return {code: (folder / "reports" / "towns" / f"{slug}.html").read_text("utf-8") for code, slug in built["slug"].items()}


class Reader(HTMLParser):
    """Text, links, headings and names of a page."""

    def __init__(self, page: str):
        super().__init__()
        self.words, self.links, self.levels, self.ids, self.tags, self.unnamed = [], [], [], [], set(), 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.add(tag)
        self.words += ["|"] if tag in ("td", "th", "tr", "p", "li") else []
        self.links += [attributes[name] for name in ("href", "src") if name in attributes]
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.levels += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        self.unnamed += tag == "svg" and not attributes.get("aria-label")

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


# ---- against the tables ----------------------------------------------------------------------------


def test_there_is_a_page_for_every_town_and_the_finder_leads_to_it(built, folder):
    index = committed("towns").query("in_index")
    assert set(built.index) == set(index["town_code"])
    assert built["slug"].is_unique and built["slug"].str.fullmatch("[a-z0-9-]+").all()
    finder = Reader((folder / "reports/towns/index.html").read_text("utf-8"))
    assert {f"{slug}.html" for slug in built["slug"]} <= set(finder.links)
    assert len(list((folder / "reports/towns").iterdir())) == len(index) + 3  # finder, indicators, style sheet


def test_verdicts_are_those_of_the_published_table(material):
    table = committed("criteria").astype({"criterion": str}).set_index(["town_code", "cluster", "criterion"])["met"]
    published = {key: None if pd.isna(met) else bool(met) for key, met in table.items()}
    for code in material.towns.index:
        for each in characteristics.characteristics(material, code):
            for line in each["criteria"]:
                assert line["met"] == published[code, each["letter"], line["number"]], (code, each["letter"], line)


def test_statuses_and_numbers_of_a_summary_are_those_of_the_tables(material, built):
    members, intervals = committed("memberships"), committed("count_intervals").set_index("town_code")
    names = {letter: about["name"] for letter, about in material.letters.items()}
    for code, told in built["summary"].items():
        rows = members[members["town_code"] == code].set_index("cluster")["status"]
        for status, end in (("full", "in full."), ("partial", "in part: all criteria but one are met.")):
            held = [f"“{names[letter]}”" for letter in rows.index[rows == status]]
            assert (f"It has {words.listed(held)} {end}" in told) == bool(held), told
        row = intervals.loc[code].astype(int)
        assert f"It has {row['count'] or 'none'} of the {(rows != 'not_assessed').sum()} characteristics" in told
        one = {0: "none", 1: "1 characteristic"}.get(row["low"], f"{row['low']} characteristics")
        span = f"between {row['low']} and {row['high']} characteristics" if row["low"] != row["high"] else one
        assert f"it has {span} in nine of ten cases." in told
        people = re.search(r"about ([\d,]+) residents", told)[1].replace(",", "")
        assert int(people) == pytest.approx(material.towns.at[code, "population_2019"], rel=0.005)


@pytest.mark.parametrize(
    ("firm", "said"),
    [
        ("", []),
        ("s", ["Its characteristic is held safely."]),
        ("ss", ["Both of its characteristics are held safely."]),
        ("sss", ["All three of its characteristics are held safely."]),
        ("ssss" + "l", ["Four of its five characteristics are held safely."]),
        ("sslcd", ["“1” and “2” are held safely.", "“4” is close to a coin toss.", "“5” is doubtful."]),
        ("l", ["Its characteristic is not held safely, but it is no coin toss either."]),
        ("ll", ["None of its characteristics is held safely, but none is a coin toss either."]),
        ("ldd", ["“2” and “3” are doubtful."]),
    ],
)
def test_firmness_in_a_summary(firm, said):
    of = {"s": "safe", "l": "likely", "c": "coin toss", "d": "doubtful"}
    held = [{"name": str(number), "inside": True, "firmness": of[letter]} for number, letter in enumerate(firm, 1)]
    assert firmness(held + [{"name": "x", "inside": False, "firmness": "safe"}]) == said


def test_every_summary_names_what_is_safe_and_what_is_not(material, built):
    members = committed("membership_probability").query("status in ['full', 'partial']").set_index("town_code")
    for code, told in built["summary"].items():
        rows = members.loc[[code]] if code in members.index else members.iloc[:0]
        doubtful = rows[(rows["firmness"] == "coin toss") & (rows["p_status"] < 0.4)]["cluster"]
        named = [f"“{material.letters[letter]['name']}”" for letter in doubtful]
        assert bool(named) == ("doubtful." in told)
        assert not named or f"{words.listed(named)} {'is' if len(named) == 1 else 'are'} doubtful." in told


def test_what_a_town_is_and_is_not(material):
    told = pages.flags(material, "E35001472")  # Blackpool
    assert told.startswith("Yes: ") and ". No: " in told and "next to the sea" in told.split(". No: ")[0]
    assert not re.search("town with|town next", told, re.IGNORECASE)


def test_ranks_are_those_of_the_indicators(material):
    values = committed("indicators").set_index("town_code").reindex(material.towns.index)
    d = standing.distributions(material)
    for code in material.towns.index[::215]:
        for row in standing.standing(material, d, code):
            column = values[row["indicator"]].dropna()
            below, ties = (column < column[code]).sum(), (column == column[code]).sum() - 1
            assert row["share"] == pytest.approx((below + ties / 2) / (len(column) - 1))
            region = column[material.towns["region"] == material.towns.at[code, "region"]]
            if len(region) > 1:
                assert row["within"][0] == pytest.approx(((region < column[code]).sum() + ((region == column[code]).sum() - 1) / 2) / (len(region) - 1))
            assert words.quantity(column[code], material.about[row["indicator"]]["unit"]) == row["said"]


def test_a_town_above_every_other_is_the_only_superlative(material, built):
    values = committed("indicators").set_index("town_code").reindex(material.towns.index)
    seen = 0
    for code, told in built["summary"].items():
        for label, side in re.findall(r"([^.]+?)(?: \(whole [a-z ]+\))?: [^:]+?, (higher|lower) than in every other town", told):
            name = next(name for name, about in material.about.items() if label.strip().endswith(about["label"]))
            assert values[name].drop(code).lt(values.at[code, name]).all() if side == "higher" else values[name].drop(code).gt(values.at[code, name]).all()
            seen += 1
    assert seen > 10


def test_trends_are_worked_out_from_the_measures(material):
    m = committed("measures").set_index("town_code").loc["E35001472"]  # Blackpool
    told = {row["label"]: row for row in trends.trends(material, trends.changes(material), "E35001472")}
    change = 100 * (m["residents_2021"] / m["residents_2011"] - 1)
    assert told["Residents"]["change"] == f"{change:+.1f} %"
    then, now = 100 * m["owned_2011"] / m["households_2011"], 100 * m["owned_2021"] / m["households_2021"]
    row = told["Households that own their home"]
    assert (row["then"], row["now"]) == (f"{then:.1f} % in 2011", f"{now:.1f} % in 2021")
    assert row["change"] == f"{now - then:+.1f} points".replace("-", "−")
    assert told["Median house price"]["shared"] == "constituency" and row["shared"] == ""


def test_the_row_to_download_holds_the_published_values(texts, material):
    code = "E35001472"
    link = re.search(r'href="data:text/csv,([^"]+)"', texts[code])[1]
    rows = dict(list(csv.reader(io.StringIO(unquote(link)))))
    published = committed("indicators").set_index("town_code").loc[code]
    assert rows.pop("town_code") == code
    assert set(rows) == set(published.dropna().index)
    assert all(float(rows[name]) == pytest.approx(float(published[name]), rel=1e-8) for name in rows)


def test_values_of_a_whole_authority_are_marked(texts):
    assert re.search(r"Jobs furloughed[^<]*<i>whole local authority</i>", texts["E35001472"])
    assert not re.search(r"Residents aged 65 and over, mid-2019 <i>", texts["E35001472"])


# ---- what no sentence may say ----------------------------------------------------------------------

def without_labels(text: str, material) -> str:
    """A text without the words of the definitions: names, labels, groups and places are quoted, not claimed."""
    quoted = [about["label"] for about in material.about.values()] + [about["name"] for about in material.letters.values()]
    quoted += material.towns["group_name"].map(words.lowered).unique().tolist() + ["the North West", "the North East", "the South West", "the South East", "West Midlands", "East Midlands"]
    for phrase in sorted(quoted, key=len, reverse=True):
        text = text.replace(phrase, "…")
    return text


@pytest.mark.parametrize("pattern", [FORBIDDEN, ATTITUDES, CAUSES, SUPERLATIVES])
def test_no_summary_claims_more_than_the_data(pattern, material, built):
    for code, told in built["summary"].items():
        text = without_labels(told.replace(material.towns.at[code, "short"], "…"), material)
        assert not re.search(pattern, text, re.IGNORECASE), (re.search(pattern, text, re.IGNORECASE), told)


def test_the_patterns_find_what_they_forbid():
    assert re.search(FORBIDDEN, "a failing town") and re.search(FORBIDDEN, "left-behind places")
    assert re.search(ATTITUDES, "residents feel ignored") and re.search(CAUSES, "closures led to decline")
    assert re.search(SUPERLATIVES, "the highest share")


def test_no_page_uses_forbidden_words(texts):
    for code, page in texts.items():
        assert not re.search(FORBIDDEN, Reader(page).text, re.IGNORECASE), code


def test_summaries_can_be_read_at_fourteen(built):
    assert [syllables(word) for word in ("town", "people", "characteristics", "named", "wanted", "little")] == [1, 2, 5, 1, 2, 2]
    assert grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    grades = built["summary"].map(grade)
    assert grades.median() < 9 and grades.quantile(0.95) < 10


# ---- pages as pages --------------------------------------------------------------------------------


def test_every_page_is_whole(texts, folder):
    there = {path.name for path in (folder / "reports/towns").iterdir()}
    for code, page in texts.items():
        read = Reader(page)
        assert read.levels[0] == 1 and read.levels.count(1) == 1, code
        assert all(b <= a + 1 for a, b in zip(read.levels, read.levels[1:])), code
        assert len(set(read.ids)) == len(read.ids) and read.unnamed == 0, code
        assert "script" not in read.tags and "img" not in read.tags
        for link in read.links:
            assert link in there or link.startswith(("data:", "#", "../towns-index-2020.html", "../index.html", "../explorer.html", "../../data/processed/README.md")), (code, link)
            assert not link.startswith("#") or link[1:] in read.ids


@pytest.mark.parametrize("code", ["E35001472", "W38000112", "E35000453", "E34000016"])
def test_pages_are_valid_html(code, texts):
    html5lib.HTMLParser(strict=True).parse(texts[code])


@pytest.mark.parametrize("name", ["index", "indicators"])
def test_the_other_pages_are_valid_html(name, built, folder):
    html5lib.HTMLParser(strict=True).parse((folder / "reports/towns" / f"{name}.html").read_text("utf-8"))


def test_pages_are_small_and_the_same_every_time(material, built, texts):
    assert built["bytes"].mean() < 39_000 and built["bytes"].max() < 50_000
    d = standing.distributions(material)
    shared = pages.shared_parts(material, d)
    again = pages._template("town.html").render(pages.about(material, d, "E35001472", shared))
    assert again.rstrip("\n") == texts["E35001472"].rstrip("\n")


def test_a_welsh_name_stands_beside_the_english_one(texts):
    assert 'Rhyl <span lang="cy">Y Rhyl</span>' in texts["W38000112"]
    assert "lang=\"cy\"" not in texts["E35001472"]


def test_names_are_escaped():
    row = {"label": "a < b & c", "said": "1", "indicator": "x", "at": 5.0, "lower": ["1"], "shared": ""}
    assert "a &lt; b &amp; c" in drawings.strip(row)


# ---- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (20.456, "%", "20.5 %"), (0.04, "%", "0.0 %"), (-0.04, "%", "0.0 %"), (-1.26, "%", "−1.3 %"), (25700.4, "£ a year", "£25,700 a year"),
        (52.4, "percentile", "52 of 100"), (1, "flag", "yes"), (0, "flag", "no"), (1.91, "percentage points", "1.9 points"),
        (0.534, "jobs a resident", "0.53 jobs a resident"), (44.12, "score", "a score of 44.1"), (145821, "people", "145,821 people"),
    ],
)  # fmt: skip
def test_quantities_in_words(value, unit, said):
    assert words.quantity(value, unit) == said


def test_a_value_and_its_threshold_are_told_apart():
    assert words.told_apart(50.3, 49.8, "percentile") == ("50.3 of 100", "49.8")
    assert words.told_apart(20.961, 20.964, "%") == ("20.961 %", "20.964 %")
    assert words.told_apart(7.38, 7.1, "a year for each 100,000 people") == ("7.4 a year for each 100,000 people", "7.1")


@pytest.mark.parametrize(("share", "said"), [(0, "none of the draws"), (1, "all draws"), (0.62, "62 of 100 draws"), (0.9992, "more than 99 of 100 draws"), (0.0004, "fewer than 1 of 100 draws"), (0.897, "89 of 100 draws"), (0.29, "29 of 100 draws"), (0.9, "90 of 100 draws")])
def test_shares_of_draws(share, said):
    assert words.in_hundred(share) == said


@pytest.mark.parametrize(("word", "holds", "said"), [("coin toss", 0.39, "doubtful"), ("coin toss", 0.4, "coin toss"), ("likely", 0.6, "likely"), ("safe", 1.0, "safe")])
def test_what_most_draws_decide_otherwise_is_no_coin_toss(word, holds, said):
    assert words.firmness(word, holds) == said


def test_no_page_says_more_of_a_flag_than_the_draws(material, texts):
    """The number beside the word lies where the word says, after rounding, too; a doubtful flag says what most draws say."""
    least = {"Safe": 90, "Likely": 60, "Close to a coin toss": 40, "Doubtful": 0}
    above = {"Safe": 101, "Likely": 90, "Close to a coin toss": 60, "Doubtful": 40}
    seen = set()
    for code, page in texts.items():
        for word, draws, rest in re.findall(r"</span> ([A-Z][a-z ]+): in (?:full|part) in ([a-z0-9 ]+?) draws([^<]*)", page):
            share = 100 if draws == "all" else int(re.search(r"\d+", draws)[0])
            assert least[word] <= share < above[word], (code, word, draws)
            assert ("draws put the town outside" in rest or "draws have it" in rest) == (word == "Doubtful"), (code, rest)
            seen.add(word)
    assert seen == set(least)


def test_what_most_draws_say_of_a_doubtful_status():
    found = {"status": "full", "p_full": 0.09, "p_inside": 0.95}
    assert characteristics.otherwise(found) == "most draws have it in part"
    assert characteristics.otherwise(found | {"p_inside": 0.4}) == "most draws put the town outside"
    assert characteristics.otherwise({"status": "partial", "p_full": 0.45, "p_inside": 0.75}) == "more draws have it in full"


def test_a_card_says_in_which_one_thing_a_town_differs_from_its_description(material):
    seen = set()
    for code in material.towns.index:
        for each in characteristics.characteristics(material, code):
            missing = [line for line in each["criteria"] if not line["met"]]
            assert bool(each["but"]) == (each["status"] == "partial")
            if each["but"]:
                assert each["but"].endswith(f"“{missing[0]['label']}”.") and ("not known" in each["but"]) == (missing[0]["met"] is None)
                seen.add(missing[0]["met"])
    assert seen == {False, None}


def test_what_cannot_be_judged_is_never_said_to_be_met_by_none(material, texts):
    held = {code: {each["letter"]: each["met_words"] for each in characteristics.characteristics(material, code)} for code in ("E35001472", "W38000112")}
    assert held["E35001472"]["I"] == "not judged: 2 of the 4 criteria rest on private data"
    assert held["W38000112"]["M"] == "not judged: the data are for England only"
    assert held["E35001472"]["D"].endswith("of the 3 that can be judged") and re.fullmatch("[0-4] of 4", held["E35001472"]["A"])
    assert not any("(0 judged)" in page or "0 of 0" in page for page in texts.values())


@pytest.mark.parametrize(
    ("label", "said"),
    [("More East European speakers", "more East European speakers"), ("East European speakers", "East European speakers"), ("South Asian residents", "South Asian residents"), ("GCSE results", "GCSE results"), ("Older residents", "older residents")],
)
def test_labels_within_a_sentence(label, said):
    assert words.lowered(label) == said


def test_distances_in_words_follow_the_definitions():
    bands = [{"up_to": 0.1, "words": "just"}, {"up_to": 1.0, "words": "clearly"}, {"up_to": float("inf"), "words": "far"}]
    assert [characteristics.distance(value, bands) for value in (0.0, 0.1, 0.11, 1.0, 7.0)] == ["just", "just", "clearly", "clearly", "far"]


def test_a_distance_is_told_by_the_spread_of_the_towns_compared_with(material):
    """House prices are compared within the region: £107,410 is not a little below £139,252 in the North East."""
    verdicts = dict((line.indicator, (line, by_town)) for line, by_town in material.parts["L", "3"])
    line, by_town = verdicts["house_price"]
    code = material.towns.index[material.towns["town_name"] == "Hetton-le-Hole"][0]
    prices = material.indicators["house_price"]
    region = prices[material.towns["region"] == "North East"]
    assert by_town[code]["apart"] == pytest.approx(abs(region[code] - region.mean()) / region.std())
    assert ": clearly below" in characteristics.part(material, code, line, by_town[code])["said"]
    ((_, of_all),) = material.parts["A", "1"]
    share = material.indicators["white_british"]
    assert of_all[code]["apart"] == pytest.approx(abs(share[code] - share.mean()) / share.std())


def test_the_legend_of_distances_is_made_from_the_definitions(material, texts):
    bands = material.choices["distance"]
    note = pages.distance_note(bands)
    assert all(f"“{band['words']}” is up to {band['up_to']:g}" in note for band in bands[:-1]) and note.endswith("“far” more.")
    assert note in Reader(texts["E35001472"]).text


@pytest.mark.parametrize(
    ("rule", "upwards", "said"),
    [("above_mean", True, "Above 5"), ("above_mean", False, "At 5 or less"), ("below_mean", True, "At 5 or more"), ("below_mean", False, "Below 5"),
     ("at_most", True, "Above 5"), ("at_most", False, "At 5 or less"), ("at_least", True, "At 5 or more"), ("at_least", False, "Below 5")],
)  # fmt: skip
def test_the_other_side_of_a_limit_is_where_the_verdict_changes(rule, upwards, said):
    assert characteristics.across(rule, "5", upwards) == said
    here, on = clusters.judge(pd.Series([4.0 if upwards else 6.0, 5.0]), rule, pd.Series([5.0, 5.0]))
    assert (here != on) == said.startswith("At")


def test_the_smallest_change_can_be_read_aloud(material):
    code = material.towns.index[material.towns["town_name"] == "Hetton-le-Hole"][0]
    for each in characteristics.characteristics(material, code):
        if each["flip"]:
            assert re.search(r": [^:]+\. (At|Above|Below) .*\d.* the town would (have it in (full|part|part only)|no longer have this characteristic)\.$", each["flip"]), each["flip"]
            assert "deviation" not in each["flip"] and re.fullmatch(r"criterion \d[a-c]?, [\d.e-]+ standard deviations", each["flip_audit"])


def test_pubs_that_nobody_counted_are_not_shown_as_numbers(material):
    told = {row["label"]: row for row in trends.trends(material, trends.changes(material), "E35001472")}
    row, m = told["Pubs"], committed("measures").set_index("town_code").loc["E35001472"]
    assert (row["then"], row["now"], row["shared"]) == ("in 2001", "in 2018", "local authority")
    assert row["change"] == f"{100 * (m['pubs_2018'] / m['pubs_2001'] - 1):+.1f} %".replace("-", "−")


def test_a_town_without_characteristics_has_a_whole_summary(material):
    code = committed("count_intervals").query("count == 0")["town_code"].iloc[0]
    d = standing.distributions(material)
    told = " ".join(summary(material, code, characteristics.characteristics(material, code), standing.standing(material, d, code)))
    assert "It has none of the" in told and "safely" not in told


# ---- the command and the notebook's parameter ------------------------------------------------------


def test_the_command_tells_of_a_town(folder, capsys):
    assert town_pages.main(["y", "rhyl"]) == 0
    told = capsys.readouterr().out
    assert "Rhyl" in told and "Coastal challenges" in told and "reports/towns/rhyl.html" in told


@pytest.mark.parametrize(
    ("asked", "said"),
    [("Blakpool", "Did you mean Blackpool"), ("Royston", "E34000067"), ("Carlton in Lindrick", "not in the index of 862")],
)
def test_a_town_that_is_not_meant_clearly_is_refused_with_help(asked, said, folder, capsys):
    assert town_pages.main([asked]) == 2
    assert said in capsys.readouterr().err


def test_the_parameter_town_takes_names_of_the_list_only():
    known = parameters.load(paths.ROOT)
    assert parameters.settle(known, ["town=Y Rhyl"])[0]["town"] == "Y Rhyl"
    (problem,) = parameters.settle(known, ["town=Blakpool"])[1]
    assert "did you mean 'Blackpool'" in problem
    (problem,) = parameters.settle(known, ["town=qqqqqq"])[1]
    assert len(problem) < 200  # not a list of all of them


@pytest.mark.parametrize(("source", "said"), [('["towns.csv", "name"]', "is missing"), ('["list.csv", "nom"]', "no column 'nom'")])
def test_choices_that_cannot_be_read_are_named(source, said, tmp_path):
    (tmp_path / "definitions").mkdir()
    (tmp_path / "list.csv").write_text("name\nA\n")
    (tmp_path / "definitions" / "parameters.toml").write_text(f'[town]\ntype = "choice"\ndefault = "A"\nchoices_from = {source}\nmeaning = ""\n')
    with pytest.raises(Problems, match=said):
        parameters.load(tmp_path)


@pytest.mark.parametrize(("share", "said"), [(0, "0"), (1, "100"), (0.998, "99"), (0.001, "1"), (0.545, "55")])
def test_a_share_is_all_or_nothing_only_where_it_is(share, said):
    assert standing.whole(share) == said


def test_every_kind_of_reliability_has_its_words(material):
    assert set(committed("town_geography")["reliability"]) <= set(trust.RELIABILITY)


def test_a_town_whose_name_others_have_is_asked_for_by_its_code(material):
    listed = committed("towns").set_index("town_code")["town_name"]
    codes = [code for code in material.towns.index if (listed == listed[code]).sum() > 1]
    assert codes and all(pages.reference(material, code) == code for code in codes)
    assert pages.reference(material, "E35001472") == "Blackpool"
