"""README.md quotes results: this says when they no longer hold."""

import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]


def quoted():
    done = ROOT / "data" / "processed"
    read = lambda name: pd.read_csv(done / f"{name}.csv")
    towns = read("towns").set_index("town_code")
    code = "E35000529"
    row = read("criteria").query("town_code == @code and cluster == 'A' and criterion == 4").iloc[0]
    member = read("memberships").query("town_code == @code and cluster == 'A'").iloc[0]
    measured, value = read("measures").set_index("town_code").loc[code], read("indicators").set_index("town_code").loc[code]
    index = towns[towns["in_index"]].index
    assert towns.loc[code, "town_name"] == "Immingham"
    assert (member["status"], member["criteria_met"]) == ("full", 4) and row["met"] in (True, "true")
    assert abs(read("indicators").set_index("town_code").loc[index, "degree_level"].mean() - row["threshold"]) < 1e-6
    source = read("sources").set_index("file").loc["census2011-qs-lsoa11/qs501ew"]
    audit = read("audit").query("file == 'census2011-qs-lsoa11/qs501ew'")
    yield "README.md", f"{row['value']:.3f}"
    yield "README.md", f"{row['threshold']:.3f}"
    yield "README.md", f"{value['degree_level']:.9g}"
    yield "README.md", f"{measured['level_4_2011']:.9g}"
    yield "README.md", f"{measured['adults_2011']:.9g}"
    yield "README.md", f"{100 * towns.loc[code, 'split_share']:.0f} %"
    yield "README.md", source["sha256"][:16]
    yield "README.md", f"{int(source['rows']):,}"
    yield "README.md", audit.loc[audit["rule"].str.startswith("total"), "found"].item()
    counts = pd.read_csv(ROOT / "reports/figures/090_report/counts-map.csv")
    for line in counts.itertuples():
        yield "README.md", f"{line[2]}"


def test_quoted_results_hold():
    missing = [f"{file}: {text}" for file, text in quoted() if text not in (ROOT / file).read_text(encoding="utf-8")]
    assert not missing, missing


def test_links_lead_somewhere():
    dead = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "notebooks").glob("*.md"),
                 *(ROOT / "data").glob("*/*.md"), *(ROOT / "benchmarks").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in link and not (page.parent / link).exists():
                dead.append(f"{page.relative_to(ROOT)}: {link}")
    assert not dead, dead


def test_tables_are_listed():
    text = (ROOT / "data/processed/README.md").read_text(encoding="utf-8")
    done = ROOT / "data" / "processed"
    missing = [p.name for p in done.iterdir() if p.suffix in {".csv", ".geojson"} and f"`{p.name}`" not in text and p.name not in text]
    assert not missing, missing
