"""The pages of towns in a real browser: no error, no request, no barrier, nothing cut off, two printed pages."""

import os

import browser as browsers
import pikepdf
import pytest
from bundle import SNAPSHOT

from towns_index import paths, town_pages
from towns_index.town_pages import pages

SAMPLE = ["E35001472", "W38000112", "E35000453", "E34000016", "E35000618"]  # Blackpool, Rhyl, Wisbech (most characteristics), Dorchester (none), Stalybridge


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pages of the sample, the finder and the page of indicators."""
    out = tmp_path_factory.mktemp("browser")
    (out / "data").mkdir()
    os.symlink(SNAPSHOT, out / "data" / "processed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.OUT_VARIABLE, str(out))
        pages.build(town_pages.load({"average": "mean", "deprivation_fourth": "covid"}), SAMPLE)
    return out / "reports" / "towns"


@pytest.fixture(scope="module")
def browser():
    with browsers.running() as running:
        yield running


def visit(browser, address, **how):
    """An open page, with what it said on the console and what it asked of the network."""
    page = browser.new_page(**how)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    for details in page.query_selector_all("details"):
        details.evaluate("element => element.open = true")
    # axe itself reads the style sheets again, which a browser refuses for files and says so: look before it runs.
    return page, list(said), [url for url in asked if not url.startswith(("file:", "data:"))]


@pytest.mark.parametrize(
    ("slug", "scheme"),
    [("index", "light"), ("indicators", "dark"), ("blackpool", "light"), ("rhyl", "dark"), ("wisbech", "light"), ("dorchester-west-dorset", "dark")],
)  # fmt: skip
def test_a_page_has_no_error_no_request_and_no_barrier(slug, scheme, folder, browser):
    from axe_playwright_python.sync_playwright import Axe

    address = (folder / f"{slug}.html").as_uri()
    page, said, asked = visit(browser, address, viewport={"width": 1100, "height": 900}, color_scheme=scheme)
    assert said == [] and asked == []
    if page.query_selector("#audit"):
        page.check("#audit")
    found = Axe().run(page).response["violations"]
    page.close()
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == []


@pytest.mark.parametrize("slug", ["index", "indicators", "wisbech", "rhyl"])
def test_nothing_is_wider_than_a_phone(slug, folder, browser):
    page, *_ = visit(browser, (folder / f"{slug}.html").as_uri(), viewport={"width": 360, "height": 740})
    width = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert width <= 360


def test_a_town_is_printed_on_two_pages(folder, browser, tmp_path):
    for slug, most in (("blackpool", 2), ("rhyl", 2), ("dorchester-west-dorset", 2), ("stalybridge", 2), ("wisbech", 3)):
        page = browser.new_page()
        page.goto((folder / f"{slug}.html").as_uri())
        page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
        page.close()
        with pikepdf.open(tmp_path / "page.pdf") as printed:
            assert len(printed.pages) <= most, slug


def test_the_finder_finds_by_english_and_welsh_name_and_by_authority(folder, browser):
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    for asked, found in (("y fenni", "Abergavenny"), ("monmouthshire abergav", "Abergavenny"), ("bishops stort", "Bishop's Stortford")):
        page.fill("#find", asked)
        assert page.inner_text("#told") == "1 town"
        assert found in page.locator("#towns li:visible").inner_text()
    page.fill("#find", "zzzz")
    assert page.inner_text("#told") == "0 towns"
    page.close()
