"""Every rule of the audit is shown a table that passes and one that fails."""

import hashlib

import pandas as pd
import pytest

from towns_index import audit, audit_areas, audit_cards, audit_rules, paths, read, sources, tables

ENTRY = {"id": "toy", "key": "code", "rows": 3}
GOOD = pd.DataFrame(
    {"code": ["E1", "E2", "W1"], "a": [10.0, 20.0, 30.0], "b": [90.0, 80.0, 70.0], "year": [2010, 2011, 2012]}
)


def change(row, column, value):
    frame = GOOD.astype({column: object})
    frame.loc[row, column] = value
    return frame


def only(outcomes, beginning):
    (outcome,) = [item for item in outcomes if item.rule.startswith(beginning)]
    return outcome


RULES = {
    "rows": ({}, GOOD.iloc[:2], 1),
    "unique key": ({"unique_key": True}, change(1, "code", "E1"), 1),
    "unique key: code + year": ({"unique_key": ["code", "year"]}, pd.concat([GOOD, GOOD.iloc[:2]]), 2),
    "no repeated row": ({}, pd.concat([GOOD, GOOD.iloc[[0]]]), 1),
    "missing cells": ({"complete": ["a"]}, change(0, "a", None), 1),
    "range: a, b": ({"ranges": [{"columns": ["a", "b"], "low": 0, "high": 100}]}, change(2, "b", 100.1), 1),
    "range: every column": ({"ranges": [{"low": 0, "high": 3000}]}, change(2, "b", -1), 1),
    "range: a": ({"ranges": [{"columns": ["a"], "low": 0, "high": 100}]}, change(2, "a", "many"), 1),
    "sum: 2 parts = 100": ({"sums": [{"columns": ["a", "b"], "total": 100}]}, change(1, "a", 20.5), 1),
    "sum: 1 parts = a": ({"sums": [{"first": "a", "last": "a", "total": "a"}]}, None, 0),
    "total: all": ({"totals": [{"column": "a", "total": 60, "published_as": "all"}]}, change(0, "a", 11), 1),
    "total: E": (
        {"totals": [{"column": "a", "countries": ["E"], "total": 30, "published_as": "E"}]}, change(0, "code", "W9"), 1,
    ),
    "total: 2011": (
        {"totals": [{"where": {"year": 2011}, "total": 1, "published_as": "2011"}]}, change(0, "year", 2011), 1,
    ),
    "total: share": (
        {"totals": [{"column": "a", "per": "b", "total": 25, "published_as": "share"}]}, change(0, "a", 11), 1,
    ),
    "period": ({"period": {"column": "year", "first": "2010", "last": "2012"}}, change(2, "year", 2013), 2),
}  # fmt: skip


@pytest.mark.parametrize("beginning", RULES)
def test_each_rule_passes_on_good_and_fails_on_bad_rows(beginning):
    extra, bad, failures = RULES[beginning]
    entry = {**ENTRY, **extra}
    good = only(audit_rules.in_table(GOOD, entry), beginning)
    assert good.failures == 0 and good.rows_examined > 0
    if bad is not None:
        assert only(audit_rules.in_table(bad, entry), beginning).failures == failures


def test_markers_thousands_commas_and_tolerances_are_understood():
    entry = {**ENTRY, "markers": [":"], "ranges": [{"columns": ["a"], "low": 0, "high": 2000}]}
    frame = GOOD.assign(a=["1,296", ":", "3"])
    assert only(audit_rules.in_table(frame, entry), "range").failures == 0
    assert only(audit_rules.in_table(frame, {**entry, "markers": []}), "range").failures == 1
    near = {**ENTRY, "totals": [{"column": "a", "total": 61, "tolerance": 1, "published_as": "all"}]}
    assert only(audit_rules.in_table(GOOD, near), "total").failures == 0


def test_a_range_judges_text_among_numbers_cell_by_cell():
    """Of the texts only a number, a marker and a blank are right; columns that are numbers need no such look."""
    entry = {**ENTRY, "rows": 6, "markers": ["[low]", 5], "ranges": [{"columns": ["a", "b"], "low": 0, "high": 100}]}
    frame = pd.DataFrame({"a": ["1", "[low]", None, "many", "1,000", " 7 "], "b": [5, 6, -1, 8, 9, 10]})
    outcome = audit_rules.within_range(frame, entry, entry["ranges"][0])
    assert (outcome.failures, outcome.rows_examined, outcome.found) == (3, 12, "-1 to 1000")


def test_notes_among_the_rows_are_passed_over_if_the_register_says_so():
    frame = pd.DataFrame({"code": ["E06000001", None, "Footnotes", "W06000001"], "a": [1, None, None, 2]})
    entry = {"id": "toy", "key": "code", "rows": 4, "only_coded_rows": True, "unique_key": True}
    assert all(outcome.failures == 0 for outcome in audit_rules.in_table(frame, entry))
    assert any(outcome.failures for outcome in audit_rules.in_table(frame, {**entry, "only_coded_rows": False}))


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(read.UnreadableFile, match="toy lacks the column.s. 'c'"):
        audit_rules.in_table(GOOD, {**ENTRY, "complete": ["c"]})


# --- areas, on two English areas and a Welsh one that reach two towns --------------------------------


@pytest.fixture
def areas(tmp_path, monkeypatch):
    """A raw folder with one kind of area, a lookup to towns, and a file to examine."""
    files = {
        "list.csv": "code,town\nE1,TA\nE2,TA\nW1,TB\n",
        "data.csv": "code,a,b\nE1,10,90\nE2,20,80\nW1,30,70\n",
        "same.csv": "code,total,a\nE1,50,5\nE2,50,10\nW1,100,30\n",
    }
    register = {}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        file_id = name.split(".")[0]
        register[file_id] = {
            "id": file_id, "path": name, "source": "toy", "coverage": "E+W", "used": True,
            "bytes": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "rows": 3, "key": "code", "unique_key": True,
        }  # fmt: skip
    register["data"]["geography"] = "AREA"
    kind = {
        "name": "areas", "count": {"E": 2, "W": 1}, "prefixes": ["E", "W"],
        "lists": [{"file": "list", "area": "code", "town": "town"}],
    }  # fmt: skip
    agreement = {
        "name": "share a", "pairs": 3, "tolerance": 0.05,
        "left": {"file": "data", "key": "code", "add": ["a"]},
        "right": {"file": "same", "key": "code", "add": ["a"], "per": "total"},
    }  # fmt: skip
    towns = {"name": "towns", "count": {"E": 1, "W": 1}, "lists": [{"file": "towns", "area": "code"}]}
    document = {"geography": {"AREA": kind, "TOWN11": towns}, "agreement": [agreement]}
    monkeypatch.setattr(sources, "register", lambda: register)
    monkeypatch.setattr(paths, "raw", lambda: tmp_path)
    monkeypatch.setattr(audit_areas, "rules", lambda: document)
    monkeypatch.setattr(audit, "rules", lambda: document)
    caches = (audit_areas.universe, audit_areas.areas_of, audit_areas.towns_of, audit_areas.town_areas, read._cached)
    for cache in caches:
        cache.cache_clear()

    def write(name, text):
        """Replace a file and register it anew, as if the publisher had sent this."""
        for cache in caches:
            cache.cache_clear()
        (tmp_path / f"{name}.csv").write_text(text)
        register[name] |= {"bytes": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}

    yield write
    for cache in caches:
        cache.cache_clear()


def failed(table):
    return set(table.rule[~table.passed])


def test_a_good_bundle_passes_every_rule_and_leaves_a_row_for_each(areas):
    table = audit.examine_all(["list", "data", "same"])
    assert failed(table) == set()
    expected = {"file whole", "rows", "coverage: England", "coverage: Wales", "known areas", "towns reached",
                "agreement: share a", "number of areas: England, areas"}  # fmt: skip
    assert expected <= set(table.rule)
    assert (table.rows_examined > 0).all()
    audit.require(table)


@pytest.mark.parametrize(
    ("name", "text", "rules"),
    [
        ("data", "code,a,b\nE1,10,90\nE2,20,80\nE2,30,70\n",
         {"unique key: code", "coverage: Wales", "towns reached", "agreement: share a"}),
        ("data", "code,a,b\nE1,10,90\nE9,20,80\nW1,30,70\n", {"coverage: England", "known areas", "agreement: share a"}),
        ("data", "code,a,b\nE1,10,90\nE2,21,80\nW1,30,70\n", {"agreement: share a"}),
        ("data", "code,b\nE1,10\nE2,21\nW1,30\n", {"readable"}),
        ("list", "code,town\nE1,TA\nE2,TA\nE3,TB\n",
         {"number of areas: England, areas", "number of areas: Wales, areas", "coverage: England", "known areas",
          "towns reached"}),
    ],
)  # fmt: skip
def test_broken_files_fail_the_rules_they_break_and_no_others(areas, name, text, rules):
    areas(name, text)
    assert failed(audit.examine_all(["list", "data", "same"])) - {"agreement: share a"} == rules - {"agreement: share a"}
    assert ("agreement: share a" in failed(audit.examine_all(["list", "data", "same"]))) == (
        "agreement: share a" in rules or "readable" in rules
    )


def test_a_town_is_reached_by_any_one_of_its_areas(areas):
    assert audit_areas.town_areas("AREA") == {"TA": {"E1", "E2"}, "TB": {"W1"}}
    areas("data", "code,a,b\nE2,10,90\nE8,20,80\nE9,30,70\n")
    table = audit.examine_all(["list", "data"])
    assert table[(table.file == "data") & (table.rule == "towns reached")].found.tolist() == ["1"]


def test_a_list_of_areas_is_read_once(areas, monkeypatch):
    read_now, parse = [], read.parse
    monkeypatch.setattr(read, "parse", lambda path, *rest: read_now.append(path.name) or parse(path, *rest))
    audit.examine_all(["same", "data", "list"])
    assert sorted(read_now) == ["data.csv", "list.csv", "same.csv"]
    assert read_now[0] == "list.csv"


def test_an_altered_file_fails_without_being_read(areas):
    path = paths.raw() / "data.csv"
    path.write_text(path.read_text().replace("10", "11"))
    table = audit.examine_all(["data"])
    assert table.rule.tolist() == ["file whole"] and failed(table) == {"file whole"}


def test_the_failure_names_every_rule_and_what_to_do(areas):
    areas("data", "code,a,b\nE1,10,90\nE2,20,80\nE2,30,70\n")
    with pytest.raises(audit.AuditFailed) as error:
        audit.require(audit.examine_all(["list", "data", "same"]))
    for words in ("data — unique key: code", "data — coverage: Wales", "agreement: share a", "sources.toml"):
        assert words in str(error.value)


def test_a_known_fault_excuses_exactly_its_number_of_failures(areas):
    fault = {"rule": "coverage: England", "failures": 1, "because": "E2 was abolished."}
    sources.register()["data"]["faults"] = [fault]
    sources.register()["data"]["rows"] = 2
    areas("data", "code,a,b\nE1,10,90\nW1,30,70\n")
    table = audit.examine_all(["list", "data"])
    assert table.known_fault.dropna().tolist() == ["E2 was abolished."]
    audit.require(table)
    fault["failures"] = 2
    with pytest.raises(audit.AuditFailed, match="data — coverage: England"):
        audit.require(audit.examine_all(["list", "data"]))


def test_a_fault_that_was_repaired_must_be_struck_off(areas):
    sources.register()["data"]["faults"] = [{"rule": "coverage: England", "failures": 1, "because": "E2 is absent."}]
    assert failed(audit.examine_all(["list", "data"])) == {"known faults"}


def test_the_receipt_survives_the_snapshot(areas, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "processed", lambda: tmp_path / "out")
    table = audit.examine_all(["list", "data", "same"])
    tables.write_csv(table, tmp_path / "out" / audit.RECEIPT, key=["source", "file", "rule"])
    monkeypatch.setattr(paths, "start", lambda: "snapshot")
    back = audit.receipt()
    assert back.passed.tolist() == table.passed.tolist()
    audit.require(back)
    again = tables.write_csv(back, tmp_path / "again.csv", key=["source", "file", "rule"])
    assert again.read_bytes() == (tmp_path / "out" / audit.RECEIPT).read_bytes()


def test_the_rules_name_only_what_is_registered():
    assert audit_areas.rules()["agreement"]
    named = {fault["rule"] for entry in sources.register().values() for fault in entry.get("faults", [])}
    assert all(name.split(":")[0] in {
        "coverage", "known areas", "towns reached", "unique key", "no repeated row", "sum", "total", "missing cells",
    } for name in named)  # fmt: skip


def test_every_file_of_the_register_is_a_row_of_the_published_table():
    table = audit.registered()
    assert len(table) == len(sources.register()) == table.file.nunique()
    assert table.attribution.str.contains("Source: ").all()
    assert set(table.columns) >= {"licence", "official_page", "sha256", "used", "share_alike", "known_faults"}


# --- the real bundle ---------------------------------------------------------------------------------

BUNDLE = (paths.raw() / "town-list-ons-2020" / "towns_indicators_1186.csv").is_file()
real = pytest.mark.skipif(not BUNDLE, reason="no raw bundle: set TOWNS_INDEX_RAW or fill data/raw")


@pytest.fixture(scope="module")
def receipt():
    for cached in (read._cached, audit_areas.universe, audit_areas.areas_of, audit_areas.town_areas):
        cached.cache_clear()
    return audit.examine_all(list(sources.used()))


@real
def test_no_file_of_the_bundle_is_damaged():
    assert sources.verify(paths.raw()) == []


@real
def test_the_bundle_passes(receipt):
    audit.require(receipt)
    assert len(receipt) > 1400


@real
@pytest.mark.parametrize(
    ("file_id", "found"),
    [
        ("pop-lsoa11-2019/population19_lsoa11", "59,439,840"),
        ("census2021-demographr/population17_lsoa11", "58,744,595"),
        ("census2021-demographr/population20_lsoa11", "59,719,724"),
        ("census2011-ethnicity-lsoa11/ethnicities", "56,075,912"),
        ("census2011-qs-lsoa11/qs501ew", "45,496,780"),
        ("census2011-qs-lsoa11/qs601ew", "41,126,540"),
        ("census2011-qs-lsoa11/qs605ew", "26,526,336"),
        ("census2011-ownership/lsoa", "23,366,044"),
        ("census2011-qs-lsoa11/qs611ew", "17,266,580"),
        ("census2021-oa21-onsvisual/oa21_population", "188,880"),
        ("census2021-oa21-onsvisual/oa21_population", "59,597,533"),
        ("census2021-ethnicity-msoa21/census2021-ts021-msoa", "59,597,771"),
        ("census2021-age-lsoa21/TS007A_age_by_five_year_age_bands_lsoa11", "59,597,611"),
        ("town-list-ons-2020/towns_indicators_1186", "1,186"),
        ("asylum-section95/local_authority_support", "43,549"),
        ("eu-referendum-ec/EU-referendum-result-data", "17,410,742"),
    ],
)
def test_official_totals(receipt, file_id, found):
    rows = receipt[(receipt.file == file_id) & receipt.rule.str.startswith("total")]
    assert found in set(rows.found) and rows.passed.all()


@real
def test_white_british_agrees_cell_for_cell(receipt):
    row = receipt[receipt.rule.str.startswith("agreement: White British")].iloc[0]
    assert row.rows_examined == 34753 and row.found == "largest difference 0"


@real
def test_the_committed_receipt_is_the_one_the_bundle_gives(receipt, tmp_path):
    committed = paths.ROOT / "data" / "processed" / audit.RECEIPT
    if not committed.is_file():
        pytest.skip("no committed receipt yet")
    made = tables.write_csv(receipt, tmp_path / "audit.csv", key=["source", "file", "rule"])
    assert made.read_bytes() == committed.read_bytes()


@real
def test_cards_show_every_used_file(receipt):
    shown = pd.concat([audit_cards.cards(receipt, topic) for topic in audit_cards.TOPICS])
    assert len(shown) == len(sources.used())
    assert audit_cards.summary(receipt).iloc[-1]["Failed"] == 0
