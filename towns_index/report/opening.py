"""The first pages: the cover, the summary, what the index is, the map, all characteristics at a glance."""

import tomllib

import pandas as pd

from towns_index import clusters, paths, show, words
from towns_index.report import drawings, summaries
from towns_index.report.results import Results


def cover(r: Results) -> None:
    """The finding on the cover, over a picture of one hexagon a town."""
    either, full = r.counts["either"], r.counts["full"]
    shade = drawings.count_classes(either).cat.codes
    show.cover(
        f"The average of {len(r.towns):,} towns has {either.mean():.1f} of {len(r.shown)} characteristics, "
        f"{full.mean():.1f} of them in full. {summaries.firm_in_short(r)}",
        r.places.reindex(r.towns.index).assign(shade=shade),
    )


def summary(r: Results) -> None:
    """One page: what a decision-maker should take away."""
    counts, published = r.counts["either"], r.published["cluster"].tolist()
    of_published = clusters.counts(r.members[r.members["cluster"].isin(published)])
    most, least = r.regions.iloc[0], r.regions.iloc[-1]
    largest = r.shown.assign(full=r.shown["cluster"].map(r.size)).nlargest(3, "full")
    largest = words.listed([f"*{name}* ({full})" for name, full in zip(largest["name"], largest["full"])])
    none, many = int((counts == 0).sum()), int((counts >= 6).sum())
    show.callout(
        f"Most towns have some of these characteristics and few have none. The average of {len(r.towns):,} towns has "
        f"{counts.mean():.1f} of {len(r.shown)}, {r.counts['full'].mean():.1f} of them in full; of the {len(published)} whose published reading is known it has "
        f"{of_published['either'].mean():.1f}. {words.towns(none)} have none and {words.towns(many)} six or more."
    )
    show.prose(
        "\n".join(
            [
                f"- **Largest.** {largest} are met in full by the most towns.",
                f"- **Regions differ.** A town in {words.region(most['region'])} has {most['mean']:.1f} characteristics on average ({most['low']:.1f} to {most['high']:.1f}), a town in {words.region(least['region'])} {least['mean']:.1f} ({least['low']:.1f} to {least['high']:.1f}).",
                f"- **Some come together.** {summaries.strongest_pairs(r, published)}",
                f"- **Not all flags are firm.** {summaries.firm_in_short(r)} {summaries.firmest_and_weakest(r)}",
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
        f"Each characteristic (the report of 2020 also says *cluster*) has **four criteria**. A town that meets all four has it "
        f"in *full*; a town that meets three has it *partially*. A criterion usually asks whether the town is above or below the "
        f"{r.settings['average']} of the towns. A town can have several, and having one is not a judgement on the town or the "
        f"people in it.\n\n"
        f"Three kinds of reading are kept apart throughout: **published** (stated in the report of 2020), **inferred** (our "
        f"reading of what it says) and **own** (our choice). {words.listed(own)} are our own, because the published "
        f"ones could not be retrieved; {words.listed(not_rebuilt)} rests half on private data and is declared not rebuilt.\n\n"
        f"Beside every flag stands **how firmly it is held**. The whole index was judged again many times, each time with other "
        f"defensible choices and with the data as uncertain as they are. A flag is *safe* if a town kept its status in at least "
        f"nine of ten such draws, *likely* in at least six of ten, and otherwise a *coin toss*, or less."
        "\n\n**In the tables of criteria**, *level* is the area for which a number is known: small areas (LSOA, some 1,500 residents; MSOA, some 8,000), the town itself, or a "
        "constituency, local authority (LA) or county that its towns share. *Against* is what a town is compared with. *More diverse* means only that a larger share of residents are not White British."
    )
    with open(paths.DEFINITIONS / "parameters.toml", "rb") as stream:
        defaults = {name: entry["default"] for name, entry in tomllib.load(stream).items()}
    changed = {name: value for name, value in r.settings.items() if value != defaults[name]}
    if changed:
        text = words.listed([f"{name} = {value}" for name, value in changed.items()])
        show.callout(f"This report was built with other than the default parameters: {text}.", kind="warning")


def town_map(r: Results) -> None:
    """Where the towns are and how many characteristics each has."""
    counts = r.counts["either"]
    classes = drawings.count_classes(counts)
    table = classes.value_counts(sort=False).rename("Towns").rename_axis("Characteristics").reset_index()
    region = counts.groupby(r.towns["region"]).mean()
    show.callout(
        "Areas are not their residents. A number about a town says nothing about any one person in it, and two things "
        "that occur in the same towns need not occur in the same people.",
        kind="warning",
    )
    show.figure(
        drawings.map_and_cartogram(r.towns, r.places.reindex(r.towns.index), counts),
        "counts-map",
        f"Towns have the most characteristics in {words.region(region.idxmax())}",
        alt=f"Two pictures of {len(r.towns):,} towns coloured by number of characteristics: a map with dots, and a cartogram with one hexagon a town. "
        + " ".join(f"{row.Towns} towns have {row.Characteristics}." for row in table.itertuples())
        + f" The average is highest in {words.region(region.idxmax())} and lowest in {words.region(region.idxmin())}.",
        table=table,
        note="In the cartogram each town is as large as any other and stands near its place; towns that crowd on the map can be told apart.",
        source="Towns: proxy list of the ONS. Outline: contains OS data © Crown copyright and database right.",
    )


def overview(r: Results) -> None:
    """All characteristics at a glance."""
    flags = r.flags.assign(safe=r.flags["firmness"] == "safe").groupby("cluster")["safe"].mean()
    rows = r.letters.assign(
        Full=r.letters["cluster"].map(lambda letter: r.size(letter)),
        Partial=r.letters["cluster"].map(lambda letter: r.size(letter, "partial")),
        safe=r.letters["cluster"].map(flags),
    )
    rows[["Full", "Partial"]] = rows[["Full", "Partial"]].astype("Int64").mask(rows["rebuilt"] == "no")
    table = rows[["cluster", "name", "about", "evidence", "Full", "Partial", "safe"]].rename(
        columns={"cluster": "Letter", "name": "Name", "about": "In short", "evidence": "Reading", "safe": "Safe flags"}
    )
    not_rebuilt = words.listed(r.letters.loc[r.letters["rebuilt"] == "no", "cluster"].tolist())
    show.table(
        table,
        "overview",
        "The fourteen characteristics, their size and how firm they are",
        note=f"Towns; {not_rebuilt} is declared not rebuilt and has no members here. Safe flags: share of full and partial members that keep their status in nine of ten draws.",
        formats={"Safe flags": ".0%"},
    )
    names = r.shown.set_index("cluster")["name"]
    show.figure(
        show.saved("050_clusters", "cluster-maps"),
        "cluster-maps",
        "Each characteristic has a geography of its own",
        alt="Small maps of the characteristics that are rebuilt. "
        + " ".join(f"{letter}, {name}: most common in {summaries.main_region(r, letter)}." for letter, name in names.items()),
        table=table[["Letter", "Name", "Full", "Partial"]],
    )
