"""The explorer, opened in a browser: it says what the tables say, and everybody can use it."""

import csv
import io
import json
import math
import re
import xml.etree.ElementTree as ET

import browser as browsers
import pandas as pd
import pytest
from bundle import SNAPSHOT, committed

from towns_index import cartogram, clusters, explorer, figures, paths, tables, towns

SETTINGS = {"average": "mean", "deprivation_fourth": "covid"}
BLACKPOOL = "E35001472"
VIEWS = ["map", "table", "scatter", "compare", "rules"]


@pytest.fixture(scope="module")
def held():
    """The data of the page, from the committed tables."""
    patch = pytest.MonkeyPatch()
    patch.delenv(paths.OUT_VARIABLE, raising=False)
    index = towns.in_index(committed("towns"))
    yield explorer.data(SETTINGS, cartogram.place(figures.positions(index), figures.land()))
    patch.undo()


@pytest.fixture(scope="module")
def page_file(held, tmp_path_factory):
    """The page, as the stage writes it."""
    return explorer.write(explorer.html(held, "Attribution & licence."), tmp_path_factory.mktemp("explorer") / "explorer.html")


@pytest.fixture(scope="module")
def browser():
    with browsers.running() as running:
        yield running


@pytest.fixture
def opened(browser, page_file):
    """A function that opens the page at a link; at the end, nothing may have gone wrong or been asked for."""
    contexts, wrong = [], []

    def at(link: str = "", file=page_file, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else wrong.append(request.url))
        page.goto(f"{file.as_uri()}{link}")
        page.wait_for_selector("html[data-ready]")
        return page

    yield at
    for context in contexts:
        context.close()
    assert not wrong, wrong


def saved(page, words: str) -> bytes:
    """What a button downloads."""
    with page.expect_download() as download:
        page.locator("[role=tabpanel]:not([hidden])").get_by_role("button", name=words).click()
    with open(download.value.path(), "rb") as stream:
        return stream.read()


# ---- the data ----------------------------------------------------------------------------------------


def test_a_text_in_the_data_cannot_end_the_element_that_holds_it():
    text = explorer.embedded({"name": "</script><!--&\u2028é"})
    assert not re.search("[<>&\u2028]", text) and json.loads(text) == {"name": "</script><!--&\u2028é"}


def test_numbers_keep_every_digit_and_say_what_is_missing():
    assert json.dumps(explorer.numbers(pd.Series([12.0, 0.123456789, None, -3]))) == "[12, 0.123456789, null, -3]"


def test_a_page_that_is_too_large_is_refused(tmp_path):
    with pytest.raises(ValueError, match="explorer.html would have 4,000,001 bytes"):
        explorer.write("x" * (explorer.LARGEST + 1), tmp_path / "explorer.html")
    assert not (tmp_path / "explorer.html").exists()


def test_values_are_those_of_the_table_and_nothing_under_share_alike_terms_is_in_it(held):
    values = committed("indicators").set_index("town_code").loc[held["towns"]["code"]]
    assert list(held["values"]) == list(values)
    for name, column in held["values"].items():
        assert pd.Series(column, index=values.index, dtype="float64").equals(values[name].astype("float64")), name
    assert "ukip_local" in set(committed("indicators_elections")) and "ukip_local" not in held["values"]


def test_no_two_towns_share_a_hexagon_or_an_address(held):
    assert len(set(zip(*held["towns"]["cartogram"], strict=True))) == len(set(held["towns"]["slug"])) == 862


def test_the_same_tables_give_the_same_page(held, page_file):
    assert explorer.html(held, "Attribution & licence.").encode() == page_file.read_bytes()


# ---- the rules ---------------------------------------------------------------------------------------


def members(letters, lines, average="mean", change=lambda judged: judged) -> str:
    """memberships.csv as the project's own rules give it."""
    index = towns.in_index(committed("towns"))
    judged = change(clusters.evaluate(lines, committed("indicators").set_index("town_code"), index, average))
    frame = clusters.memberships(judged, letters, lines).sort_values(["town_code", "cluster"])
    return pd.DataFrame({name: tables.as_text(frame[name]) for name in frame}).to_csv(index=False, lineterminator="\n")


@pytest.fixture
def rules():
    """Clusters and criteria in force."""
    letters, lines = clusters.definitions()
    return letters, clusters.in_force(lines, SETTINGS)


def test_under_the_published_rules_every_status_of_every_town_is_that_of_the_table(opened):
    got = saved(opened("#view=table"), "Download all memberships")
    assert got.decode().count("\n") == 1 + 862 * 14
    assert got == (SNAPSHOT / "memberships.csv").read_bytes()


def test_the_median_gives_what_the_project_gives(opened, rules):
    got = saved(opened("#view=rules&rules=average:median"), "Download all memberships").decode()
    assert got == members(*rules, average="median") != (SNAPSHOT / "memberships.csv").read_text()


def test_moved_rules_give_what_the_project_gives_under_the_same_rules(opened, rules):
    letters, lines = rules
    line = lines["cluster"] + lines["criterion"] + lines["part"]
    lines.loc[line == "B3", "threshold"] = "-20"
    lines.loc[line == "C1", "comparator"] = "region"
    lines.loc[line == "E2", ["rule", "threshold", "comparator"]] = ["at_least", "60.00001", "absolute"]
    lines = lines[line != "A1"]
    letters.loc[letters["cluster"] == "A", "required"] = 3
    # One fewer of a cluster's criteria needed: its statuses move up by one.
    want = members(letters, lines).splitlines()
    got = saved(opened("#view=rules&rules=A1:off;B3:value:-20;C1::region:0;E2:value:60.00001"), "Download all memberships").decode().splitlines()
    assert got == want


def test_a_margin_on_an_average_by_hand(opened, rules):
    def older(judged):
        mine = (judged["cluster"] == "A") & (judged["criterion"] == "2")
        assert mine.sum() == 862
        return judged.assign(met=judged["met"].mask(mine, judged["value"] > judged["threshold"] + 2))

    got = saved(opened("#view=rules&rules=A2::towns:2"), "Download all memberships").decode()
    assert got == members(*rules, change=older)


def test_with_three_criteria_needed_partial_members_become_full_ones(opened):
    table = committed("memberships")
    got = pd.read_csv(io.BytesIO(saved(opened("#view=rules&rules=J:needs:3"), "Download all memberships")))
    was, now = (frame[frame["cluster"] == "J"].set_index("town_code")["status"] for frame in (table, got))
    assert (now[was == "partial"] == "full").all() and (was == "partial").sum() == 183
    assert set(table[table["cluster"] == "J"].query("criteria_met == 2")["town_code"]) == set(now[now == "partial"].index)


def test_moving_a_rule_by_hand_recomputes_at_once_and_says_so(opened):
    page = opened("#view=rules")
    page.click("#rules-B summary")
    page.fill("#value-B3", "-20")
    words = page.inner_text("#rules-words")
    assert re.fullmatch(r"\d+ statuses of \d+ towns differ from the published ones\.", words)
    assert "not the published results" in page.inner_text("#changed-rules")
    page.locator("#view-rules").get_by_role("button", name="Back to the published rules").click()
    assert page.inner_text("#rules-words") == "These are the published rules: nothing differs." and page.input_value("#value-B3") == "-33.33333"


# ---- what a reader does ------------------------------------------------------------------------------


def test_a_link_restores_everything(opened):
    page = opened()
    page.select_option("#region", "North West")
    page.click("#characteristics summary")
    page.check("#has-E")
    page.check("#way-full")
    page.select_option("#colour", "E")
    page.select_option("#picture", "land")
    page.fill("#find", "blackpool")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.click("#tab-rules")
    page.select_option("#average", "median")
    link = page.url[page.url.index("#") :]
    other = opened(link)
    for name in ("#region", "#colour", "#picture", "#average"):
        assert other.locator(name).count() == 0 or other.input_value(name) == page.input_value(name)
    assert other.is_checked("#has-E") and other.is_checked("#way-full")
    assert other.inner_text("#count") == page.inner_text("#count") and other.inner_text("#town") == page.inner_text("#town")
    assert other.get_attribute("#tab-rules", "aria-selected") == "true" and other.inner_text("#rules-words") == page.inner_text("#rules-words")
    assert other.url[other.url.index("#") :] == link


@pytest.mark.parametrize("link", ["#town=nobody&view=none&has=?Z&page=x&rules=Q1:off;B3:value:NaN;A:needs:9;;C1", "#%E0%A4%A", "#compare=...&sort=&x=&colour=I&page=-4"])
def test_a_link_that_is_cut_or_old_opens_the_page_all_the_same(opened, link):
    page = opened(link)
    assert page.inner_text("#count") == "All 862 towns." and page.is_hidden("#town") and page.is_hidden("#changed-rules")


def test_the_choice_of_towns_and_its_download_are_those_of_the_table(opened):
    table = committed("memberships").pivot(index="town_code", columns="cluster", values="status")
    northern = set(committed("towns").query("region == 'North West'")["town_code"])
    want = {code for code in table.index[(table["E"] == "full") & (table["L"] == "full")] if code in northern}
    page = opened("#view=table&region=North+West&has=EL&full=yes&sort=residents")
    assert page.inner_text("#count").startswith(f"{len(want)} towns of 862 with Cross-cutting deprivation and Fewer heritage assets in full")
    rows = list(csv.DictReader(io.StringIO(saved(page, "Download these towns").decode())))
    assert {row["town_code"] for row in rows} == want and len(rows) == len(want) > 3
    for row in rows:
        assert [row[f"status_{letter}"] for letter in table] == table.loc[row["town_code"]].tolist()
    people = [int(row["population_2019"]) for row in rows]
    assert people == sorted(people, reverse=True)


def test_only_what_is_firmly_held(opened):
    safe = committed("membership_probability").query("cluster == 'B' and status in ['full', 'partial'] and firmness == 'safe'")
    page = opened("#has=B&safe=yes")
    assert page.inner_text("#count") == f"{len(safe)} towns of 862 with Visible decline, firmly held." and 0 < len(safe) < 243
    # Firmness is of the published rules: under others it does not choose.
    moved = opened("#has=B&safe=yes&rules=C1::region:0")
    assert moved.is_disabled("#way-safe") and moved.inner_text("#count") == "244 towns of 862 with Visible decline."


@pytest.mark.parametrize("typed, name", [("abertawe", "Swansea"), ("bishops st", "Bishop's Stortford"), (BLACKPOOL, "Blackpool"), ("chester-le", "Chester-le-Street"), ("newport", "Newport"), ("dudley", "Dudley (Dudley)")])
def test_a_town_is_found_by_its_names_and_its_code(opened, typed, name):
    page = opened()
    page.fill("#find", typed)
    page.keyboard.press("Enter")
    assert re.fullmatch(rf"{re.escape(name)}( \w+)?", page.inner_text("#town-title").replace("\n", " "))


def test_of_places_that_fit_alike_larger_towns_come_first(opened):
    index = towns.in_index(committed("towns"))
    people = index[index["town_name"].str.startswith("New")].sort_values("population_2019", ascending=False)["town_name"].tolist()
    page = opened()
    page.fill("#find", "new")
    assert page.locator("#found strong").all_inner_texts()[:6] == people[:6]


def test_an_lsoa_leads_to_the_towns_in_which_its_residents_live(opened, held):
    table = committed("lsoa_towns")
    table = table[table["town_code"].isin(held["towns"]["code"]) & (table["share"] >= explorer.LEAST_SHARE)]
    names = dict(zip(held["towns"]["code"], held["towns"]["name"], strict=True))
    two = table[table["lsoa11"].duplicated(keep=False)].sort_values(["lsoa11", "share"], ascending=[True, False])
    welsh, border = table[table["lsoa11"].str.startswith("W")], table[table["town_code"].map(names) == "Chester"]
    page = opened()
    for code in [two.iloc[0]["lsoa11"], welsh.iloc[0]["lsoa11"], table.iloc[-1]["lsoa11"], border.iloc[-1]["lsoa11"]]:
        page.fill("#find", code.lower())
        want = table[table["lsoa11"] == code].sort_values("share", ascending=False)
        options = page.locator("#found [role=option]").all_inner_texts()
        assert [option.startswith(names[town]) for option, town in zip(options, want["town_code"], strict=True)] == [True] * len(want)
        whole = round(100 * want.iloc[0]["share"]) == 100
        assert (f"all of {code}" if whole else f"{100 * want.iloc[0]['share']:.0f} % of the residents of {code}") in options[0]
    assert border["lsoa11"].str.startswith("W").any()
    page.fill("#find", "E01000001")
    assert page.is_hidden("#found") and "E01000001" in page.inner_text("#announce")


def test_an_authority_gives_its_towns(opened):
    page = opened()
    page.fill("#find", "cornwall")
    page.get_by_role("option", name="local authority").click()
    index = towns.in_index(committed("towns"))
    assert page.inner_text("#count").startswith(f"{(index['local_authority'] == 'Cornwall').sum()} towns")


def test_a_town_is_described_as_in_the_tables(opened):
    page = opened(f"#town={BLACKPOOL}")
    mine = committed("memberships").query("town_code == @BLACKPOOL")
    full, partial = ((mine["status"] == status).sum() for status in ("full", "partial"))
    assert f"It has {full + partial} characteristics of the 13 that could be assessed: {full} in full and {partial} in part." in page.inner_text("#town")
    page.locator("#town .characteristic summary", has_text="Cross-cutting deprivation").click()
    row = committed("membership_probability").query("town_code == @BLACKPOOL and cluster == 'E'").iloc[0]
    assert f"In {math.floor(100 * row['p_status'])} of 100 repeats" in page.inner_text("#town")
    assert page.locator("#town .similar li").count() == 10


def test_what_most_draws_decide_otherwise_is_doubtful_and_shares_are_rounded_down(opened, held):
    found = committed("membership_probability").set_index(["cluster", "town_code"])
    flags = found[found["status"].isin(["full", "partial"])]
    doubtful = flags[(flags["firmness"] == "coin toss") & (flags["p_status"] < 0.4)].iloc[0]
    nearly = flags[(flags["firmness"] == "likely") & (flags["p_status"] > 0.895)]
    for (letter, code), row, word in ((doubtful.name, doubtful, "doubtful"), (nearly.index[0], nearly.iloc[0], "likely")):
        page = opened(f"#town={code}")
        name = next(about["name"] for about in held["clusters"] if about["cluster"] == letter)
        part = page.locator("#town .characteristic", has_text=name).first
        part.locator("summary").click()
        assert f"firmness: {word}" in part.inner_text()
        told = part.get_by_text("of 100 repeats").inner_text()  # waits for the details to open
        assert told.startswith(f"In {math.floor(100 * row['p_status'])} of 100 repeats") and f"({word})" in told


@pytest.mark.parametrize("code", [BLACKPOOL, "W38000112", "E35000529"])
def test_every_criterion_of_a_town_reads_as_in_the_table(opened, code):
    judged = committed("criteria").query("town_code == @code and cluster != 'I'").set_index(["cluster", "criterion"])
    page = opened(f"#town={code}")
    page.click("#town .others > summary")
    page.locator("#town .characteristic").nth(13).wait_for()  # made when it is opened
    for summary in page.locator("#town .characteristic > summary").all():
        summary.click()
    names = clusters.definitions()[0].set_index("name")["cluster"]
    boxes = page.locator("#town .characteristic").all()
    assert len(boxes) == 14
    for box in boxes:
        letter = names[box.locator("caption").inner_text().split(":")[0]]
        if letter == "I":
            continue
        rows = [row.locator("td").all_inner_texts() for row in box.locator("tbody tr").all()]
        assert len(rows) == 4
        for number, (shown, limit, met) in enumerate(rows, 1):
            row = judged.loc[(letter, number)]
            assert met == {True: "yes", False: "no"}.get(row["met"], "not assessed"), (letter, number)
            for text, value in ((shown, row["value"]), (limit, row["threshold"])):
                figure = re.sub(r"[£,%\s]", "", text).replace("−", "-")
                if text in ("yes", "no"):
                    assert (text == "yes") == bool(value)
                elif text == "not known":
                    assert pd.isna(value)
                else:
                    assert float(figure) == pytest.approx(value, rel=0.006, abs=0.0006), (letter, number, text, value)


def test_everything_can_be_done_from_the_keyboard(opened):
    page = opened()
    for _ in range(2):  # past the link that skips to the towns
        page.keyboard.press("Tab")
    page.keyboard.type("whitb")
    assert page.get_attribute("#find", "aria-activedescendant") == "found-0"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "town-title" and page.inner_text("#town-title") == "Whitby"
    page.focus("#tab-map")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-table" and page.is_visible("#view-table")
    page.keyboard.press("Home")
    page.focus("#map-frame")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#announce").startswith("Whitby, Yorkshire and The Humber: has")
    page.keyboard.press("ArrowDown")
    told = page.inner_text("#announce").split(",")[0]
    page.keyboard.press("Enter")
    assert page.inner_text("#town-title") == told != "Whitby"


def test_pictures_can_be_taken_away(opened):
    page = opened("#view=map")
    drawn = ET.fromstring(saved(page, "SVG"))
    assert len(drawn.findall(".//{*}polygon")) == 862 and "Open Government Licence" in "".join(drawn.itertext())
    assert not drawn.findall(".//{*}polygon[@class]") and all(one.get("fill").startswith("rgb") for one in drawn.findall(".//{*}polygon"))
    image = saved(page, "PNG")
    assert image.startswith(b"\x89PNG") and int.from_bytes(image[16:20]) == 1620


def test_the_page_is_valid_html(page_file):
    html5lib = pytest.importorskip("html5lib")
    text = re.sub(r'(<script type="application/json" id="data">).*?(</script>)', r"\1{}\2", page_file.read_text(), flags=re.DOTALL)
    html5lib.HTMLParser(strict=True).parse(text)
    addresses = re.findall(r' id="([^"]+)"', text.split("<script>")[0])
    assert len(addresses) == len(set(addresses)) > 15


# ---- for everybody -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(f"#town={BLACKPOOL}&compare={BLACKPOOL}&has=E&rules=B3:value:-20", color_scheme=scheme)
    for view in VIEWS:
        page.click(f"#tab-{view}")
    # All views at once, with all that is folded: one look instead of five.
    page.evaluate("""() => {
        for (const panel of document.querySelectorAll("[role=tabpanel]")) panel.hidden = false;
        for (const box of document.querySelectorAll("details")) box.open = true;
    }""")
    page.wait_for_selector("#rules-N .rules")
    found = axe.run(page).response["violations"]
    assert not found, [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]


def test_nothing_sticks_out_on_a_phone(opened):
    for view in VIEWS:
        page = opened(f"#town={BLACKPOOL}&compare={BLACKPOOL}.E35001458&view={view}", viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, view


def test_a_name_cannot_become_markup_and_no_request_is_allowed(held, opened, tmp_path):
    names = ['<img src=x onerror="document.title=1">', *held["towns"]["name"][1:]]
    file = explorer.write(explorer.html({**held, "towns": {**held["towns"], "name": names, "short": names}}, "<b>x</b>"), tmp_path / "explorer.html")
    page = opened(f"#town={held['towns']['code'][0]}&view=table&sort=name", file=file)
    assert page.inner_text("#town-title").startswith("<img src=x") and page.locator("img, footer b").count() == 0
    assert "default-src 'none'" in file.read_text() and "connect-src" not in file.read_text()


def test_everything_that_is_clipped_in_a_picture_would_be_seen(opened):
    page = opened(f"#town={BLACKPOOL}&view=scatter&x=degree_change&y=commute_km")
    outside = page.evaluate("""() => {
        const frame = document.querySelector("#scatter-frame svg").getBoundingClientRect();
        return [...document.querySelectorAll("#scatter-frame text")].filter((text) => {
            const box = text.getBoundingClientRect();
            return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
        }).map((text) => text.textContent);
    }""")
    assert outside == []
