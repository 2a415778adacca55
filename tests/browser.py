"""A headless browser for the tests that look at pages; skipped with a clear message where there is none."""

import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def running():
    """The browser."""
    if not CHROMIUM:
        pytest.skip("no Chromium is installed: the pages were not opened; install the system's package `chromium`")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the pages were not opened")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser, path: Path, **options) -> Callable:
    """A page from disk. At the end nothing may have gone wrong in it, and nothing may have been asked of the network."""
    wrong: list[str] = []
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    page = context.new_page()
    page.set_default_timeout(15000)
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else wrong.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert not wrong, wrong


def violations(page) -> list[str]:
    """What axe-core finds against the guidelines for accessible content, and where."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]} ({node.get('failureSummary', '')[:200]})" for rule in found for node in rule["nodes"][:3]]


def overflowing(page) -> list[str]:
    """Elements that stick out of the page to the right, outside of parts that scroll."""
    return page.evaluate(
        """() => {
        const wide = document.documentElement.clientWidth + 1, found = [];
        for (const element of document.body.querySelectorAll("*")) {
            const box = element.getBoundingClientRect();
            if (box.width === 0 || box.right <= wide) continue;
            let inside = false;
            for (let up = element; up && up !== document.body; up = up.parentElement)
                if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX)) inside = true;
            if (!inside) found.push(element.tagName + "." + element.className + ": " + (element.textContent || "").trim().slice(0, 60));
        }
        return found.slice(0, 5);
    }"""
    )
