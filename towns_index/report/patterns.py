"""What goes together: combinations of clusters, regions and sizes, groups of similar towns."""

import pandas as pd

from towns_index import figures, indicators, overlap, sensitivity, show, words
from towns_index.report import summaries
from towns_index.report.results import INSIDE, Results


def firm(r: Results) -> None:
    """How firmly flags are held, and which choices matter."""
    names = r.letters.set_index("cluster")["name"]
    stable = r.stability.set_index("cluster")
    table = stable[["safe", "likely", "coin_toss"]].rename(columns={"coin_toss": "coin toss"})
    table.index = [f"{letter}  {names[letter]}" for letter in table.index]
    width = r.intervals["high"] - r.intervals["low"]
    weak = stable[stable["band"] == "not stable"].index.tolist()
    show.prose(
        f"{summaries.firm_in_short(r)} {summaries.firmest_and_weakest(r)} For the number of characteristics of a town, nine of ten "
        f"draws lie within {width.median():.0f} of each other in the middle town. As sets of towns, "
        f"{words.listed([f'*{names[letter]}*' for letter in weak])} {'is' if len(weak) == 1 else 'are'} not stable: lists of their members should be read as "
        f"towns near a threshold."
    )
    show.figure(
        show.saved("052_probability", "firmness"),
        "firmness",
        f"{summaries.safe_shares(r).index[0]} is the firmest characteristic, {summaries.safe_shares(r).index[-1]} the least firm",
        alt="Stacked bars of flags that are safe, likely and a coin toss. " + " ".join(f"{name[3:]}: {row['safe']}, {row['likely']} and {row['coin toss']}." for name, row in table.iterrows()),
        table=table.rename_axis("Characteristic").reset_index(),
    )
    total = r.sobol.pivot(index="cluster", columns="factor", values="total").clip(lower=0)[list(sensitivity.FACTORS)]
    leading = total.idxmax(axis=1).map(sensitivity.FACTORS)
    often = leading.value_counts()
    first = sorted(often.index[often == often.max()])
    total.index = [f"{letter}  {names[letter]}" for letter in total.index]
    total.columns = [sensitivity.FACTORS[name] for name in total.columns]
    show.prose(
        "Which choice matters differs. "
        + " ".join(f"For {words.listed(sorted(leading.index[leading == factor]))} it matters most *{factor}*." for factor in leading.value_counts().index)
    )
    show.figure(
        show.saved("052_probability", "sobol"),
        "sobol",
        f"What matters most, in {len(leading[leading == first[0]])} characteristics each: {words.listed(first)}",
        alt="Shaded table of total Sobol indices. " + " ".join(f"{name[3:]}: most on {row.idxmax()} ({row.max():.2f})." for name, row in total.iterrows()),
        table=total.rename_axis("Characteristic").reset_index(),
        formats={name: ".2f" for name in total.columns},
    )


def combinations(r: Results) -> None:
    """How clusters combine."""
    show.figure(
        figures.counts_histogram(r.counts),
        "counts-histogram",
        f"The typical town has {r.counts['either'].median():.0f} characteristics",
        alt="Bar chart of towns by number of characteristics, full or partial. "
        + " ".join(f"{number}: {towns_} towns." for number, towns_ in r.counts["either"].value_counts().sort_index().items()),
        table=r.counts["either"].value_counts().sort_index().rename("Towns").rename_axis("Characteristics").reset_index(),
    )
    letters = r.shown["cluster"].tolist()
    lift = overlap.square(r.overlap, letters)
    show.prose(
        summaries.strongest_pairs(r, letters) + " A value of 1 is what independent characteristics would give; below 1 the two avoid each other. "
        "Characteristics that share an indicator meet more often or less often by construction."
    )
    names = r.letters.set_index("cluster")["name"]
    table = lift.copy()
    table.index = [f"{letter}  {names[letter]}" for letter in letters]
    show.figure(
        figures.heat(table, "Times as often together as if independent", "{:.1f}"),
        "lift",
        f"Pairs without a common indicator come together {summaries.lift_range(r)} times as often as chance",
        alt="Shaded table of how often two characteristics occur in a town compared with chance. " + summaries.strongest_pairs(r, letters).replace("*", ""),
        table=table.rename_axis("Characteristic").reset_index(),
        formats={letter: ".2f" for letter in letters},
    )
    top = r.counts.sort_values(["either", "full"], ascending=False).head(12)
    listing = pd.DataFrame(
        {
            "Town": r.name.reindex(top.index),
            "Region": r.towns["region"].reindex(top.index),
            "Full": top["full"],
            "Partial": top["partial"],
            "Characteristics": [_letters(r, code) for code in top.index],
        }
    )
    show.table(
        listing.reset_index(drop=True),
        "most-clusters",
        "Towns with the most characteristics",
        note="Capital letter: full; small letter: partial. A count of characteristics, not a ranking of towns.",
    )


def _letters(r: Results, code: str) -> str:
    mine = r.members[(r.members["town_code"] == code) & r.members["status"].isin(INSIDE)]
    return " ".join(row.cluster if row.status == "full" else row.cluster.lower() for row in mine.itertuples())


def places(r: Results) -> None:
    """Regions and town sizes."""
    names = r.shown.set_index("cluster")["name"]
    for column, title, name in (
        ("region", "Regions differ in their characteristics", "regions"),
        ("size_class", "Large and small towns differ in their characteristics", "sizes"),
    ):
        share = _share_inside(r, r.towns[column]).reindex(names.index)
        if column == "size_class":
            share = share[[name for name in ("small", "medium", "large") if name in share]]
        mean = r.counts["either"].groupby(r.towns[column]).mean()
        share.index = [f"{letter}  {names[letter]}" for letter in share.index]
        show.figure(
            figures.heat(share, "Share of towns that have the characteristic, full or partial, %", width=7.2 if column == "region" else 5.4),
            f"share-by-{name}",
            title,
            alt=f"Shaded table of the share of towns that have each characteristic by {column.replace('_', ' ')}. The average number of characteristics is highest for {mean.idxmax()} ({mean.max():.1f}) and lowest for {mean.idxmin()} ({mean.min():.1f}).",
            table=share.rename_axis("Characteristic").rename_axis(columns=None).reset_index(),
            formats={str(label): ".1f" for label in share.columns},
        )
    drawn = r.regions.assign(row=r.regions["region"], series="with 95 % interval", value=r.regions["mean"])
    show.figure(
        figures.intervals(drawn, "Characteristics of the average town, in full or in part", None),
        "mean-by-region",
        f"Towns in {words.region(r.regions['region'].iloc[0])} have the most characteristics, towns in {words.region(r.regions['region'].iloc[-1])} the fewest",
        alt="Chart of the characteristics of the average town by region, with intervals. " + " ".join(f"{row.region}: {row.mean:.1f} ({row.low:.1f} to {row.high:.1f})." for row in r.regions.itertuples()),
        table=r.regions[["region", "towns", "mean", "low", "high"]].rename(columns={"region": "Region", "towns": "Towns", "mean": "Characteristics", "low": "from", "high": "to"}),
        note=f"Over the {int(r.regions['clusters'].iloc[0])} characteristics assessed in every region. The intervals draw local authorities again; the order of neighbouring regions is not certain.",
        formats={name: ".2f" for name in ("Characteristics", "from", "to")},
    )


def _share_inside(r: Results, kind: pd.Series) -> pd.DataFrame:
    """Percentage of the assessed towns of each kind in each cluster; empty where none was assessed."""
    assessed = r.members[r.members["status"] != "not_assessed"]
    inside = assessed["status"].isin(INSIDE)
    table = inside.groupby([assessed["cluster"], assessed["town_code"].map(kind).rename("kind")]).mean()
    return 100 * table.unstack().rename_axis(columns=None)


def similar_towns(r: Results) -> None:
    """Groups of similar towns."""
    lines = indicators.definitions()
    used = lines.loc[lines["indicator"].isin(r.profiles["indicator"]), "indicator"].tolist()
    table = r.groups.assign(town=r.groups["town_code"].map(r.name))
    typical = table.sort_values("place").groupby("group")["town"].apply(lambda names: words.listed(names.head(5).tolist()))
    atypical = table.sort_values("silhouette").groupby("group")["town"].apply(lambda names: words.listed(names.head(3).tolist()))
    summary = table.groupby("group").agg(Traits=("group_name", "first"), Towns=("town", "size"), Stability=("group_stability", "first"))
    summary = summary.join(typical.rename("Typical towns")).join(atypical.rename("Least typical"))
    show.prose(
        f"The characteristics sort towns by set criteria. Grouping asks instead which towns resemble each other on {len(used)} "
        f"indicators at once. {summaries.groups_in_short(r)} {summaries.groups_by_number(r)} "
        f"Read a group as a neighbourhood on a map, not as a box. Stability is the share of a group found again when the towns are drawn "
        f"anew: 0.75 and more is firm, 0.6 a pattern, 0.5 and less none.\n\n{summaries.groups_against_nothing(r)}"
    )
    show.table(summary.rename_axis("Group").reset_index(), "groups", "Groups of similar towns", formats={"Stability": ".2f"})
    show.figure(
        show.saved("060_groups", "group-maps"),
        "group-maps",
        "Where similar towns are",
        alt="Small maps, one for each group of similar towns. "
        + " ".join(f"Group {row.Index}: {row.Towns} towns, {row.Traits.lower()}." for row in summary.itertuples()),
        table=summary[["Traits", "Towns"]].rename_axis("Group").reset_index(),
    )
    picture = r.profiles.pivot(index="indicator", columns="group", values="z_score").reindex(used)
    picture.index = picture.index.map(lines.set_index("indicator")["label"])
    picture.columns = [str(name) for name in picture.columns]
    show.figure(
        show.saved("060_groups", "group-profiles"),
        "group-profiles",
        "What sets the groups apart",
        alt="Shaded table of every indicator in every group. "
        + " ".join(f"Group {row.Index} is {row.Traits.lower()}." for row in summary.itertuples()),
        table=picture.rename_axis("Indicator").reset_index(),
        formats={name: ".2f" for name in picture.columns},
    )
    names = r.shown.set_index("cluster")["name"]
    share = _share_inside(r, r.groups.set_index("town_code")["group"]).reindex(names.index)
    share.index = [f"{letter}  {names[letter]}" for letter in share.index]
    share.columns = [str(name) for name in share.columns]
    show.figure(
        figures.heat(share, "Group; share of its towns that have the characteristic, full or partial, %", width=6.4),
        "groups-and-clusters",
        "Groups and characteristics tell related stories",
        alt="Shaded table of the share of each group's towns that have each characteristic. "
        + " ".join(f"Group {name}: most often {share[name].idxmax()[3:]} ({share[name].max():.0f} per cent)." for name in share.columns),
        table=share.rename_axis("Characteristic").reset_index(),
        formats={name: ".0f" for name in share.columns},
    )
