"""The published pages as a reader meets them: in a browser, on a phone, in the dark, by keyboard, and for validators."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import browser as browsers
import html5lib
import pdfua
import pytest

from towns_index import paths

REPORTS = paths.ROOT / "reports"
PAGES = [REPORTS / "towns-index-2020.html", REPORTS / "index.html"]


def name(path: Path) -> str:
    return path.relative_to(REPORTS).as_posix()


@pytest.fixture(scope="module")
def browser():
    with browsers.running() as running:
        yield running


@pytest.mark.parametrize("path", PAGES, ids=name)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, path, scheme):
    with browsers.opened(browser, path, color_scheme=scheme) as page:
        assert browsers.violations(page) == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_nothing_sticks_out_on_a_phone(browser, path):
    with browsers.opened(browser, path, viewport={"width": 360, "height": 740}) as page:
        assert browsers.overflowing(page) == []


def test_the_audit_view_opens_by_keyboard_and_is_accessible(browser):
    with browsers.opened(browser, PAGES[0]) as page:
        assert not page.locator(".audit").first.is_visible()
        page.locator("#audit-view").focus()
        page.keyboard.press("Space")
        assert page.locator(".audit").first.is_visible()
        assert browsers.violations(page) == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_the_html_is_valid(path):
    # A parser in its strict mode stops at the first mistake.
    html5lib.HTMLParser(strict=True).parse(path.read_text(encoding="utf-8"))


class Links(HTMLParser):
    """Addresses and anchors of a page, and its pictures without words."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.anchors, self.bare = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            self.anchors.add(found["id"])
        self.links += [value for key, value in attributes if key in ("href", "src") and value and not value.startswith("data:")]
        if tag == "img" and len(found.get("alt") or "") < 40:
            self.bare.append(found.get("src", "")[:80])


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_lead_somewhere_and_pictures_have_words(path):
    page = Links(path.read_text(encoding="utf-8"))
    assert page.bare == []
    others = {path: page.anchors}
    for link in page.links:
        if re.match(r"(https?|mailto):", link):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        if anchor:
            if target not in others:
                others[target] = Links(target.read_text(encoding="utf-8")).anchors
            assert anchor in others[target], link


def test_the_pdf_passes_a_checker_of_accessibility():
    report = pdfua.validate(REPORTS / "towns-index-2020.pdf")
    assert [str(finding) for finding in report.findings] == []
