"""The first pages: key findings, what the index is, the map, all clusters at a glance."""

import tomllib

import pandas as pd

from towns_index import clusters, figures, paths, show, words
from towns_index.report import summaries
from towns_index.report.results import Results


def key_findings(r: Results) -> None:
    """The first page: what a decision-maker should take away."""
    n = len(r.towns)
    counts, published = r.counts["either"], r.published["cluster"].tolist()
    of_published = clusters.counts(r.members[r.members["cluster"].isin(published)])
    by_region = counts.groupby(r.towns["region"]).mean().sort_values()
    largest = r.shown.assign(full=r.shown["cluster"].map(r.size)).nlargest(3, "full")
    largest = words.listed([f"{name} ({full})" for name, full in zip(largest["name"], largest["full"])])
    none, many = int((counts == 0).sum()), int((counts >= 6).sum())
    show.callout(
        f"Most towns share some challenges and few have none. The average of {n:,} towns is in "
        f"{of_published['either'].mean():.1f} of the {len(published)} clusters rebuilt from the published reading, "
        f"{of_published['full'].mean():.1f} of them in full. With two clusters of our own, {words.towns(none)} are in none and "
        f"{words.towns(many)} in six or more."
    )
    show.prose(
        "\n".join(
            [
                f"- **The largest clusters** are {largest}, counted in towns that meet all four criteria.",
                f"- **Regions differ.** A town in {words.region(by_region.index[-1])} is in {by_region.iloc[-1]:.1f} of all {len(r.shown)} clusters on average, a town in {words.region(by_region.index[0])} in {by_region.iloc[0]:.1f}.",
                f"- **Clusters come together.** {summaries.strongest_pairs(r, published)}",
                f"- **Similar towns form a gradient, not boxes.** {summaries.groups_in_short(r)}",
                f"- **The towns named in 2020 are mostly found; sizes are not always.** {summaries.fidelity_in_short(r)}",
            ]
        )
    )




def what_it_is(r: Results) -> None:
    """What the index is and how to read it."""
    n = len(r.towns)
    own = r.letters[r.letters["evidence"] == "own"]["cluster"].tolist()
    not_rebuilt = r.letters[r.letters["rebuilt"] == "no"]["cluster"].tolist()
    show.prose(
        f"In August 2020 HOPE not hate Charitable Trust audited 862 towns of England and Wales and described fourteen "
        f"characteristics, lettered A to N, that bear on how open a town is to change and difference. This is an independent "
        f"rebuild from open official data. It covers {n:,} towns and asks the same question: what is different about each "
        f"town, and which towns share it?\n\n"
        f"Each characteristic, or **cluster**, has **four criteria**. A town that meets all four is in the cluster in *full*; "
        f"with three it is *partially* in. A criterion usually asks whether the town is above or below the {r.settings['average']} of "
        f"the towns. A town can be in several clusters, and having one is not a judgement on the town or the people in it.\n\n"
        f"Three kinds of reading are kept apart throughout: **published** (stated in the report of 2020), **inferred** (our "
        f"reading of what it says) and **own** (our choice). Clusters {words.listed(own)} are our own, because the published "
        f"ones could not be retrieved; cluster {words.listed(not_rebuilt)} rests half on private data and is declared not rebuilt."
    )
    with open(paths.DEFINITIONS / "parameters.toml", "rb") as stream:
        defaults = {name: entry["default"] for name, entry in tomllib.load(stream).items()}
    changed = {name: value for name, value in r.settings.items() if value != defaults[name]}
    if changed:
        text = words.listed([f"{name} = {value}" for name, value in changed.items()])
        show.callout(f"This report was built with other than the default parameters: {text}.", kind="warning")


def town_map(r: Results) -> None:
    """Where the towns are and how many clusters each has."""
    counts = r.counts["either"]
    classes = pd.cut(counts, [-1, 1, 3, 5, 99], labels=["none or one", "two or three", "four or five", "six or more"])
    table = classes.value_counts(sort=False).rename("Towns").rename_axis("Clusters").reset_index()
    region = counts.groupby(r.towns["region"]).mean()
    show.callout(
        "Areas are not their residents. A number about a town says nothing about any one person in it, and two things "
        "that occur in the same towns need not occur in the same people.",
        kind="warning",
    )
    show.figure(
        figures.counts_map(r.towns, counts),
        "counts-map",
        f"Towns are in the most clusters in {words.region(region.idxmax())}",
        alt=f"Map of {len(r.towns):,} towns as dots coloured by number of clusters. "
        + " ".join(f"{row.Towns} towns are in {row.Clusters}." for row in table.itertuples())
        + f" The average is highest in {words.region(region.idxmax())} and lowest in {words.region(region.idxmin())}.",
        table=table,
        source="Towns: proxy list of the ONS. Outline: contains OS data © Crown copyright and database right.",
    )


def overview(r: Results) -> None:
    """All clusters at a glance."""
    rows = r.letters.assign(
        Full=r.letters["cluster"].map(lambda letter: r.size(letter)),
        Partial=r.letters["cluster"].map(lambda letter: r.size(letter, "partial")),
    )
    rows[["Full", "Partial"]] = rows[["Full", "Partial"]].astype("Int64").mask(rows["rebuilt"] == "no")
    table = rows[["cluster", "name", "about", "evidence", "Full", "Partial"]].rename(
        columns={"cluster": "Cluster", "name": "Name", "about": "In short", "evidence": "Reading"}
    )
    show.table(
        table, "overview", "The fourteen clusters and their size", note="Towns; cluster I is declared not rebuilt and has no members here."
    )
    names = r.shown.set_index("cluster")["name"]
    show.figure(
        show.saved("050_clusters", "cluster-maps"),
        "cluster-maps",
        "Each cluster has a geography of its own",
        alt="Small maps of the clusters that are rebuilt. "
        + " ".join(f"{letter}, {name}: most members in {summaries.main_region(r, letter)}." for letter, name in names.items()),
        table=table[["Cluster", "Name", "Full", "Partial"]],
    )
