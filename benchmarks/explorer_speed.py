"""How soon the explorer can be used: from the opening of the file to the first drawing, and after a rule is moved.

    python benchmarks/explorer_speed.py [--runs 7] [FILE]

opens ``reports/explorer.html`` in headless Chromium, each time in a fresh browser context, and prints the median and
the slowest of the runs against the target of one second. It asserts nothing.
"""

import argparse
import shutil
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = 1.0


def seconds(browser, file: Path) -> dict[str, float]:
    """Seconds of one visit: until the page can be used, to find a town, and to judge all towns again."""
    context = browser.new_context()
    page = context.new_page()
    start = time.perf_counter()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready]")
    opened = time.perf_counter() - start
    start = time.perf_counter()
    page.fill("#find", "blackpool")
    page.keyboard.press("Enter")
    page.wait_for_selector("#town:not([hidden])")
    found = time.perf_counter() - start
    page.click("#tab-rules")
    page.click("#rules-B summary")
    start = time.perf_counter()
    page.fill("#value-B3", "-20")
    page.wait_for_selector("#changed-rules:not([hidden])")
    moved = time.perf_counter() - start
    context.close()
    return {"can be used": opened, "a town found": found, "a rule moved": moved}


def main() -> int:
    """Print a table of the runs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=ROOT / "reports" / "explorer.html")
    parser.add_argument("--runs", type=int, default=7)
    chosen = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium or not chosen.file.is_file():
        print(f"Nothing was measured: {'there is no Chromium' if not chromium else f'{chosen.file} is not there; build it with python run_all.py'}.")
        return 1
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        visits = [seconds(browser, chosen.file.resolve()) for _ in range(chosen.runs)]
        browser.close()
    print(f"{chosen.file.name}: {chosen.file.stat().st_size / 1e6:.2f} MB; {chosen.runs} visits, seconds:")
    for step in visits[0]:
        times = [visit[step] for visit in visits]
        print(f"  {step:<13} median {statistics.median(times):.2f}, slowest {max(times):.2f}, target {TARGET:.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
