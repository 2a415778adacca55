"""The last pages: fidelity, limits, the audit, sources."""

import pandas as pd

from towns_index import indicators, show, store, words
from towns_index.report import summaries
from towns_index.report.results import Results


def fidelity(r: Results) -> None:
    """Published against rebuilt."""
    show.prose(
        f"{summaries.fidelity_in_short(r)} Rules and stand-ins were chosen on meaning and published sizes, so that the sizes are no independent evidence; never on the named towns: "
        "those are the test, reported as they fall."
    )
    both = r.fidelity.dropna(subset=["published_full", "difference"])
    off = (both.set_index("name")["full"] / both.set_index("name")["published_full"] - 1).abs().sort_values(kind="stable")
    show.figure(
        show.saved("070_fidelity", "cluster-sizes"),
        "cluster-sizes",
        f"{off.index[0]} comes closest to its published size, {off.index[-1]} is furthest from it",
        alt="Dot chart of full members. " + " ".join(f"{row.cluster}: published {row.published_full:.0f}, rebuilt {row.full}." for row in both.itertuples()),
        table=r.fidelity[["cluster", "name", "published_full", "full"]].rename(columns={"cluster": "Characteristic", "name": "Name", "published_full": "Published", "full": "Rebuilt"}),
    )
    found = r.named.groupby("cluster").apply(lambda part: words.listed([f"{row.town_name} ({row.found})" for row in part.itertuples()]), include_groups=False)
    table = r.fidelity.set_index("cluster").join(found.rename("named")).reset_index()
    table["cluster"] = table["cluster"] + "  " + table["name"]
    table = table[["cluster", "published_full", "full", "partial", "named", "why"]]
    table["published_full"] = table["published_full"].astype("Int64")
    show.table(
        table.rename(columns={"cluster": "Characteristic", "published_full": "Published", "full": "Full", "partial": "Partial", "named": "Towns named in 2020", "why": "Why it differs"}),
        "fidelity",
        "Fidelity of every characteristic",
    )
    checks = r.checks[["label", "published", "rebuilt", "unit", "why"]].fillna("–")
    show.table(
        checks.rename(columns={"label": "Value", "published": "Published", "rebuilt": "Rebuilt", "unit": "Unit", "why": "Why they differ"}),
        "checks",
        "Other published values",
        formats={"Rebuilt": "g"},
    )


def method(r: Results) -> None:
    """The ten steps of the handbook, and where each is carried out."""
    show.prose(
        "The order of the work follows the handbook on composite indicators of the OECD and the European Commission's Joint Research Centre (2008), although nothing here is added up "
        "into one score. Each step is a notebook that can be run and changed; the program behind them, the tables and every rule are public. Nothing was typed into this report by hand: "
        "its sentences are checked against the tables whenever it is built."
    )
    show.table(
        r.handbook.rename(columns={"step": "Step", "name": "Name", "carried_out": "Where it is carried out"}),
        "handbook",
        "Ten steps, and where each is carried out",
    )


def limits(r: Results) -> None:
    """What could not be rebuilt, which inputs are stand-ins, what else to keep in mind."""
    missing = r.criteria[r.criteria["indicator"] == ""]
    show.prose(
        "**What could not be rebuilt.** "
        + " ".join(f"{row.cluster}{row.criterion}: {row.label[0].lower()}{row.label[1:]} ({row.stands_in_for.removeprefix('Not rebuilt: ')})." for row in missing.itertuples())
    )
    stand_ins = r.criteria[(r.criteria["stands_in_for"] != "") & (r.criteria["indicator"] != "")]
    names = indicators.definitions().set_index("indicator")["label"]
    show.table(
        pd.DataFrame(
            {
                "Criterion": stand_ins["cluster"] + stand_ins["criterion"] + stand_ins["part"],
                "Used here": stand_ins["indicator"].map(names),
                "In place of": stand_ins["stands_in_for"],
            }
        ).reset_index(drop=True),
        "stand-ins",
        "Inputs that stand in for something else",
    )
    described = r.described[~r.described["share_alike"]]
    used = r.criteria[r.criteria["indicator"].isin(described.index)]
    levels = used["indicator"].drop_duplicates().map(described["level"]).value_counts()
    coarse = int(levels.reindex(["LA", "constituency", "county"]).fillna(0).sum())
    authorities = r.towns["local_authority"].nunique()
    split, raked, cover = r.towns["split_share"], r.towns["raked_share"], r.towns["lsoa_coverage"]
    off = r.towns.index[(cover - 1).abs() > 0.05]
    shrinking = r.status("C")
    growing = (r.indicators["population_growth"].reindex(shrinking.index[shrinking == "full"]) > 0).mean()
    show.prose(
        "\n".join(
            [
                f"- **Borrowed values.** {coarse} of the {int(levels.sum())} indicators behind the criteria are known only for authorities, counties or constituencies. All towns of an area share its value: {len(r.towns):,} towns lie in {authorities} authorities.",
                f"- **A proxy list of towns.** The {len(r.towns):,} towns are those of the ONS list with at least {r.settings['min_population']:,} residents; the list of 2020 was not published.",
                "- **Dates.** Change is measured between the censuses of 2011 and 2021 where nothing nearer to 2020 is held; moving in the year to March 2021 is a year of the pandemic.",
                "- **Two nations.** English and Welsh deprivation domains are on different scales: each town is compared with towns of its own nation.",
                f"- **Small areas.** In half of the towns fewer than {split.median():.0%} of residents live in small areas that lie partly outside; in {words.towns(int((split > 0.33).sum()))} more than a third do. Where output areas were drawn anew after 2011 ({raked.mean():.0%} of residents in the average town), their place is inferred from known totals. Numbers by LSOA are least sure in {words.listed([r.name[code] for code in off])}, where they give over 5 % more or fewer residents than are published.",
                f"- **Below average is not falling.** Averages are of skewed measures: {growing:.0%} of the full members of Shrinking and ageing grew from 2009 to 2019, only less than the mean.",
                "- **Wales.** Characteristics that need English data are not assessed there, and L can be met only partially, because the list of Welsh market towns holds only those with a citation.",
                "- **Thresholds.** A town just above an average counts like one far above it: read a flag together with how firmly it is held.",
                "- **What the draws leave out.** How firmly a flag is held is conditional on the choices that are varied, with weights of our own. A value borrowed from an authority stands for its towns in every draw.",
                "- **No causes.** The index describes towns at one time. It cannot say why they differ or what would change them.",
            ]
        )
    )


def audit_in_short() -> None:
    """What the audit of the raw files found."""
    receipt = store.read("audit")
    passed = receipt["passed"].astype("boolean")
    show.prose(
        f"{len(receipt):,} rules were checked on the raw files: {int(passed.sum()):,} passed and {int((~passed).sum())} failed because of "
        "known faults of the sources, listed here."
    )
    faults = receipt[~passed].groupby("known_fault").agg(files=("file", lambda names: words.listed(sorted(set(names.dropna()))))).reset_index()
    show.table(faults.rename(columns={"known_fault": "Known fault", "files": "File"}), "known-faults", "Known faults of the sources")
    check = store.read("reconciliation")
    show.table(
        check[["label", "towns", "median_difference", "largest_difference", "unit", "town_name"]].rename(
            columns={"label": "Compared", "towns": "Towns", "median_difference": "Median difference", "largest_difference": "Largest", "unit": "Unit", "town_name": "In"}
        ),
        "reconciliation",
        "Our measures against the publisher's own town table",
        formats={"Median difference": ".2f", "Largest": ".1f"},
    )


def sources_table() -> None:
    """Every publication that something is computed from."""
    register = store.read("sources")
    used = register[register["used"].astype("boolean")].drop_duplicates("source")
    show.table(
        used[["title", "publisher", "vintage", "licence"]].rename(columns=str.capitalize).reset_index(drop=True),
        "sources",
        "Sources",
        note="Files, addresses, digests and attribution stand in data/processed/sources.csv.",
    )
    for sentence in dict.fromkeys(used["attribution"].str.split(". Source").str[0]):
        show.prose(f"- {sentence.rstrip('.')}.")
