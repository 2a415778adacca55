"""Stage 090, the report: what is said and shown, section by section.

Every number in a sentence is taken from the published tables when the report is built; nothing is
typed in. A section is one function that shows prose, figures and tables.
"""

from dataclasses import dataclass

import pandas as pd

from towns_index import clusters, figures, groups, indicators, show, store, towns, words

CLUSTER_COLUMNS = {"full": "Full", "partial": "Partial"}
INSIDE = ["full", "partial"]


@dataclass(frozen=True)
class Results:
    """Everything that the report draws on: the published tables and the definitions."""

    towns: pd.DataFrame
    all_towns: pd.DataFrame
    letters: pd.DataFrame
    criteria: pd.DataFrame
    judged: pd.DataFrame
    members: pd.DataFrame
    counts: pd.DataFrame
    indicators: pd.DataFrame
    groups: pd.DataFrame
    profiles: pd.DataFrame
    evidence: pd.DataFrame
    fidelity: pd.DataFrame
    named: pd.DataFrame
    checks: pd.DataFrame
    settings: dict

    @property
    def name(self) -> pd.Series:
        """Short name of each town."""
        return self.towns["town_name"].map(words.short)

    def status(self, letter: str) -> pd.Series:
        """Status of each town in one cluster."""
        return self.members[self.members["cluster"] == letter].set_index("town_code")["status"]

    def size(self, letter: str, status: str = "full") -> int:
        """Number of towns with one status in a cluster."""
        return int((self.status(letter) == status).sum())

    @property
    def published(self) -> pd.DataFrame:
        """Clusters that are rebuilt, at least in part, from the published reading."""
        return self.shown[self.shown["evidence"] == "published"]

    @property
    def shown(self) -> pd.DataFrame:
        """Clusters of which at least part is rebuilt."""
        return self.letters[self.letters["rebuilt"] != "no"]


def load(settings: dict) -> Results:
    """Read the published tables.

    Parameters
    ----------
    settings : dict
        The parameters of the build, as shown to the reader.
    """
    table = store.read("towns")
    members = store.read("memberships")
    letters, criteria = clusters.definitions()
    return Results(
        towns=towns.in_index(table),
        all_towns=table,
        letters=letters,
        criteria=clusters.in_force(criteria, settings),
        judged=store.read("criteria").astype({"criterion": str}),
        members=members,
        counts=clusters.counts(members),
        indicators=store.read("indicators").set_index("town_code"),
        groups=store.read("groups"),
        profiles=store.read("group_profiles"),
        evidence=store.read("group_evidence"),
        fidelity=store.read("fidelity"),
        named=store.read("named_towns"),
        checks=store.read("check_values"),
        settings=settings,
    )


# --- key findings


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
                f"- **Clusters come together.** {_strongest_pairs(r, published)}",
                f"- **Similar towns form a gradient, not boxes.** {_groups_in_short(r)}",
                f"- **The towns named in 2020 are mostly found; sizes are not always.** {_fidelity_in_short(r)}",
            ]
        )
    )


def _strongest_pairs(r: Results, letters: list[str]) -> str:
    lift = clusters.lift(r.members, letters)
    names = r.letters.set_index("cluster")["name"]
    stacked = lift.where(lift.index.to_numpy()[:, None] < lift.columns.to_numpy()).rename_axis(
        index="one", columns="other"
    ).stack()
    top = stacked.nlargest(2)
    parts = [f"*{names[a]}* and *{names[b]}* ({value:.1f} times)" for (a, b), value in top.items()]
    return f"The pairs that meet most often, compared with chance: {words.listed(parts)}."


def _groups_in_short(r: Results) -> str:
    chosen = r.groups["group"].nunique()
    row = r.evidence.set_index("groups").loc[chosen] if chosen in set(r.evidence["groups"]) else None
    text = f"On all indicators together {chosen} groups of similar towns can be told apart"
    if row is None:
        return text + "."
    two = r.evidence.set_index("groups")["stability"].get(2)
    firm = "firm" if row["stability"] >= 0.75 else "a pattern rather than firm types"
    return (
        f"{text}; with a mean silhouette of {row['silhouette']:.2f}, an average stability of {row['stability']:.2f} and "
        f"{row['least_stable']:.2f} for the least stable they are {firm}. Two groups would be firmest ({two:.2f})."
    )


def _fidelity_in_short(r: Results) -> str:
    found = r.named["found"]
    testable = r.named[found.isin(["full", "partial", "not"])]
    right, full = int(testable["found"].isin(INSIDE).sum()), int((testable["found"] == "full").sum())
    assessed = r.members[r.members["status"] != "not_assessed"]
    inside = assessed["status"].isin(INSIDE).groupby(assessed["cluster"]).mean()
    chance = testable["cluster"].map(inside).sum()
    both = r.fidelity.dropna(subset=["published_full", "difference"])
    ratio = both.set_index("cluster")["full"] / both.set_index("cluster")["published_full"] - 1
    return (
        f"Of {len(testable)} memberships that the report of 2020 names and that can be assessed, {right} are found "
        f"({full} in full); chance would find {chance:.0f}. The sizes of the {len(both)} clusters whose size was published differ by "
        f"{100 * ratio.min():+.0f} % ({ratio.idxmin()}) to {100 * ratio.max():+.0f} % ({ratio.idxmax()})."
    )


# --- the index and its towns


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
    default = {"min_population": 8830, "max_population": 300000, "average": "mean", "deprivation_fourth": "covid"}
    changed = {name: r.settings[name] for name, value in default.items() if r.settings.get(name, value) != value}
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
        figures.all_cluster_maps(r.towns, r.members, names),
        "cluster-maps",
        "Each cluster has a geography of its own",
        alt="Small maps of the clusters that are rebuilt. "
        + " ".join(f"{letter}, {name}: most members in {_main_region(r, letter)}." for letter, name in names.items()),
        table=table[["Cluster", "Name", "Full", "Partial"]],
    )


def _main_region(r: Results, letter: str) -> str:
    status = r.status(letter)
    members = r.towns.loc[status.index[status.isin(INSIDE)], "region"]
    return words.region(members.value_counts().index[0]) if len(members) else "no region"


# --- one cluster


def cluster(r: Results, letter: str) -> None:
    """The spread of one cluster: words, map, criteria, regions, typical towns."""
    row = r.letters.set_index("cluster").loc[letter]
    show.prose(f"### {letter}. {row['name']}")
    if row["rebuilt"] == "no":
        _not_rebuilt(r, letter, row)
        return
    status = r.status(letter)
    shares = clusters.criterion_shares(r.judged, r.criteria)
    shares = shares[shares["cluster"] == letter].set_index("label")["share"]
    show.prose(_cluster_text(r, letter, row, status))
    show.figure(
        figures.spread(r.towns, status, shares),
        f"cluster-{letter.lower()}",
        _cluster_title(r, letter, row),
        alt=f"Map of the {r.size(letter)} full and {r.size(letter, 'partial')} partial members of {row['name']}; most are in "
        f"{_main_region(r, letter)}. Beside it bars: "
        + " ".join(f"{label}: {'not rebuilt' if pd.isna(value) else f'{value:.0%} of towns'}." for label, value in shares.items()),
        table=_region_table(r, letter),
        formats={"Share of towns": ".0%"},
    )
    _criteria_table(r, letter)


def _cluster_title(r: Results, letter: str, row: pd.Series) -> str:
    if r.size(letter):
        return f"{row['name']}: {words.towns(r.size(letter))} meet every criterion"
    return f"{row['name']}: {words.towns(r.size(letter, 'partial'))} meet three criteria"


def _cluster_text(r: Results, letter: str, row: pd.Series, status: pd.Series) -> str:
    inside = status[status.isin(INSIDE)].index
    region = r.towns.loc[inside, "region"].value_counts()
    base = r.towns["region"].value_counts()
    base = base.reindex(r.towns.loc[status.index[status != "not_assessed"], "region"].unique())
    rate = (region.reindex(base.index, fill_value=0) / base).dropna()
    rate = rate[base[rate.index] >= 20].sort_values(ascending=False)
    typical = typical_towns(r, letter)
    hardest = _hardest(r, letter)
    published = row["published_full"]
    full = words.towns(r.size(letter)) + " are" if r.size(letter) else "No town is"
    size = f"{full} in it in full and {words.towns(r.size(letter, 'partial'))} partially"
    if row["rebuilt"] == "partly":
        size += ", because one of the four criteria is not rebuilt"
    if published:
        size += f"; the report of 2020 counted {published} in full"
    kind = {"own": " This is our own reading.", "published": ""}[row["evidence"]]
    sentences = [
        f"{row['about']}{kind}",
        f"{size[0].upper()}{size[1:]}.",
        f"It is most common in {words.region(rate.index[0])}, where {rate.iloc[0]:.0%} of towns are in it at least partially, and least in {words.region(rate.index[-1])} ({rate.iloc[-1]:.0%})." if len(rate) > 1 else "",
        f"The criterion that fewest towns meet: *{hardest}*." if hardest else "",
        f"Towns furthest inside it: {words.listed(typical)}." if typical else "",
    ]
    unknown = int((status == "not_assessed").sum())
    if unknown:
        sentences.append(f"{words.towns(unknown).capitalize()} could not be assessed.")
    return " ".join(sentence for sentence in sentences if sentence)


def _hardest(r: Results, letter: str) -> str:
    shares = clusters.criterion_shares(r.judged, r.criteria)
    shares = shares[(shares["cluster"] == letter) & (shares["assessed"] > 0)].sort_values("share")
    if not len(shares):
        return ""
    label, share = shares.iloc[0][["label", "share"]]
    return f"{label} ({share:.0%})"


def typical_towns(r: Results, letter: str, count: int = 6) -> list[str]:
    """Members that pass their criteria by the widest margin, measured in standard deviations.

    The margin of a town is the mean, over the criteria with numbers, of how far it lies beyond the
    threshold. Full members come first; partial ones stand in where there is no full one.
    """
    part = r.judged[(r.judged["cluster"] == letter) & r.judged["value"].notna()].copy()
    spread = part.groupby("criterion")["value"].transform("std")
    part["margin"] = ((part["value"] - part["threshold"]) / spread.where(spread > 0)).abs()
    part["margin"] = part["margin"].where(part["met"].astype("boolean").fillna(False), -part["margin"])
    status = r.status(letter)
    best = "full" if (status == "full").any() else "partial"
    inside = status.index[status == best]
    margin = part[part["town_code"].isin(inside)].groupby("town_code")["margin"].mean().sort_values(ascending=False)
    return [r.name[code] for code in margin.index[:count]]


def _region_table(r: Results, letter: str) -> pd.DataFrame:
    frame = pd.DataFrame({"region": r.towns["region"], "status": r.status(letter)})
    table = frame.groupby(["region", "status"]).size().unstack(fill_value=0).reindex(columns=INSIDE, fill_value=0)
    towns_in = frame["region"].value_counts()
    table["Share of towns"] = (table["full"] + table["partial"]) / towns_in
    return table.rename(columns={"full": "Full", "partial": "Partial"}).rename_axis("Region").reset_index()


def _criteria_table(r: Results, letter: str) -> None:
    lines = r.criteria[r.criteria["cluster"] == letter]
    described = store.read("dictionary")
    described = described[described["file"].isin(["indicators.csv", "indicators_elections.csv"])].set_index("column")
    described = described[~described.index.duplicated()]
    rows = [
        {
            "Criterion": f"{line.criterion}{line.part}. {line.label}",
            "Measured by": described["label"].get(line.indicator, "–"),
            "Level": described["level"].get(line.indicator, "–"),
            "Compared with": line.comparator,
            "Evidence": line.evidence,
            "Stands in for": line.stands_in_for or "–",
        }
        for line in lines.itertuples()
    ]
    show.table(pd.DataFrame(rows), f"criteria-{letter.lower()}", f"Criteria of {letter}, and what measures them")


def _not_rebuilt(r: Results, letter: str, row: pd.Series) -> None:
    half = store.read("memberships_elections")
    both = int((half["criteria_met"] == 2).sum())
    one = int((half["criteria_met"] == 1).sum())
    unknown = int((half["criteria_assessed"] == 0).sum())
    show.prose(
        f"{row['about']} **This cluster is declared not rebuilt**: no town can be full or partial, and nothing else, such as "
        f"the vote to leave the European Union, is put in the place of the private data. The open half is shown for what it "
        f"is: of the two open criteria, from ward votes of 2014 and 2016 to 2019, {words.towns(both)} meet both, "
        f"{words.towns(one)} meet one, and {words.towns(unknown)} had no ward election that reaches them."
    )
    _criteria_table(r, letter)


# --- combinations, regions, groups


def combinations(r: Results) -> None:
    """How clusters combine."""
    show.figure(
        figures.counts_histogram(r.counts),
        "counts-histogram",
        f"The typical town is in {r.counts['either'].median():.0f} clusters",
        alt="Bar chart of towns by number of clusters, full or partial. "
        + " ".join(f"{number}: {towns_} towns." for number, towns_ in r.counts["either"].value_counts().sort_index().items()),
        table=r.counts["either"].value_counts().sort_index().rename("Towns").rename_axis("Clusters").reset_index(),
    )
    letters = r.shown["cluster"].tolist()
    lift = clusters.lift(r.members, letters)
    show.prose(
        _strongest_pairs(r, letters) + " A value of 1 is what independent clusters would give; below 1 the two avoid each other. "
        "Clusters that share a criterion meet often by construction."
    )
    names = r.letters.set_index("cluster")["name"]
    table = lift.copy()
    table.index = [f"{letter}  {names[letter]}" for letter in letters]
    show.figure(
        figures.heat(table, "Times as often together as if independent", "{:.1f}"),
        "lift",
        "Some clusters come together far more often than chance",
        alt="Shaded table of how often two clusters meet in a town compared with chance. " + _strongest_pairs(r, letters).replace("*", ""),
        table=table.rename_axis("Cluster").reset_index(),
        formats={letter: ".2f" for letter in letters},
    )
    top = r.counts.sort_values(["either", "full"], ascending=False).head(12)
    listing = pd.DataFrame(
        {
            "Town": r.name.reindex(top.index),
            "Region": r.towns["region"].reindex(top.index),
            "Full": top["full"],
            "Partial": top["partial"],
            "Clusters": [_letters(r, code) for code in top.index],
        }
    )
    show.table(
        listing.reset_index(drop=True),
        "most-clusters",
        "Towns in the largest number of clusters",
        note="Capital letter: full; small letter: partial. A count of characteristics, not a ranking of towns.",
    )


def _letters(r: Results, code: str) -> str:
    mine = r.members[(r.members["town_code"] == code) & r.members["status"].isin(INSIDE)]
    return " ".join(row.cluster if row.status == "full" else row.cluster.lower() for row in mine.itertuples())


def places(r: Results) -> None:
    """Regions and town sizes."""
    names = r.shown.set_index("cluster")["name"]
    for column, title, name in (
        ("region", "Regions have different profiles", "regions"),
        ("size_class", "Large and small towns differ in kind", "sizes"),
    ):
        share = _share_inside(r, r.towns[column]).reindex(names.index)
        if column == "size_class":
            share = share[["small", "medium", "large"]]
        mean = r.counts["either"].groupby(r.towns[column]).mean()
        share.index = [f"{letter}  {names[letter]}" for letter in share.index]
        show.figure(
            figures.heat(share, "Share of towns in the cluster, full or partial, %", width=7.2 if column == "region" else 5.4),
            f"share-by-{name}",
            title,
            alt=f"Shaded table of the share of towns in each cluster by {column.replace('_', ' ')}. The average number of clusters is highest for {mean.idxmax()} ({mean.max():.1f}) and lowest for {mean.idxmin()} ({mean.min():.1f}).",
            table=share.rename_axis("Cluster").rename_axis(columns=None).reset_index(),
            formats={str(label): ".1f" for label in share.columns},
        )
    mean = r.counts["either"].groupby(r.towns["region"]).mean().sort_values(ascending=False)
    show.figure(
        figures.bars(mean, "Clusters of the average town", r.counts["either"].mean()),
        "mean-by-region",
        f"Towns in {words.region(mean.index[0])} are in the most clusters, in {words.region(mean.index[-1])} in the fewest",
        alt="Bar chart of the clusters of the average town by region. " + " ".join(f"{region}: {value:.1f}." for region, value in mean.items()),
        table=mean.rename("Clusters").rename_axis("Region").reset_index(),
        formats={"Clusters": ".2f"},
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
    table = r.groups.assign(town=r.groups["town_code"].map(r.name))
    typical = table.sort_values("place").groupby("group")["town"].apply(lambda names: words.listed(names.head(5).tolist()))
    atypical = table.sort_values("silhouette").groupby("group")["town"].apply(lambda names: words.listed(names.head(3).tolist()))
    summary = table.groupby("group").agg(Traits=("group_name", "first"), Towns=("town", "size"), Stability=("group_stability", "first"))
    summary = summary.join(typical.rename("Typical towns")).join(atypical.rename("Least typical"))
    weak = int((table["silhouette"] < 0).sum())
    show.prose(
        f"The clusters sort towns by set criteria. Grouping asks instead which towns resemble each other on {len(groups.columns(lines))} "
        f"indicators at once. {_groups_in_short(r)} {words.towns(weak).capitalize()} lie nearer to another group than to their own: "
        f"read a group as a neighbourhood on a map, not as a box. Stability is the share of a group found again when the towns are drawn "
        f"anew: 0.75 and more is firm, 0.6 a pattern, 0.5 and less none."
    )
    show.table(summary.rename_axis("Group").reset_index(), "groups", "Groups of similar towns", formats={"Stability": ".2f"})
    show.figure(
        figures.group_maps(r.towns, r.groups),
        "group-maps",
        "Where similar towns are",
        alt="Small maps, one for each group of similar towns. "
        + " ".join(f"Group {row.Index}: {row.Towns} towns, {row.Traits.lower()}." for row in summary.itertuples()),
        table=summary[["Traits", "Towns"]].rename_axis("Group").reset_index(),
    )
    picture = r.profiles.pivot(index="indicator", columns="group", values="z_score").reindex(groups.columns(lines))
    picture.index = picture.index.map(lines.set_index("indicator")["label"])
    picture.columns = [str(name) for name in picture.columns]
    show.figure(
        figures.heat(picture, "Group; standard deviations from the mean of all towns", "{:.1f}", diverging=True),
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
        figures.heat(share, "Group; share of its towns in the cluster, full or partial, %", width=6.4),
        "groups-and-clusters",
        "Groups and clusters tell related stories",
        alt="Shaded table of the share of each group's towns that are in each cluster. "
        + " ".join(f"Group {name}: most often {share[name].idxmax()[3:]} ({share[name].max():.0f} per cent)." for name in share.columns),
        table=share.rename_axis("Cluster").reset_index(),
        formats={name: ".0f" for name in share.columns},
    )


# --- fidelity, limits, sources


def fidelity(r: Results) -> None:
    """Published against rebuilt."""
    show.prose(
        f"{_fidelity_in_short(r)} Rules and stand-ins were chosen on meaning and published sizes, never on the named towns: "
        "those are the test, reported as they fall."
    )
    both = r.fidelity.dropna(subset=["published_full", "difference"])
    show.figure(
        figures.sizes(r.fidelity),
        "cluster-sizes",
        "Some clusters come out close to their published size, others do not",
        alt="Dot chart of full members. " + " ".join(f"{row.cluster}: published {row.published_full:.0f}, rebuilt {row.full}." for row in both.itertuples()),
        table=r.fidelity[["cluster", "name", "published_full", "full"]].rename(columns={"cluster": "Cluster", "name": "Name", "published_full": "Published", "full": "Rebuilt"}),
    )
    found = r.named.groupby("cluster").apply(lambda part: words.listed([f"{row.town_name} ({row.found})" for row in part.itertuples()]), include_groups=False)
    table = r.fidelity.set_index("cluster").join(found.rename("named")).reset_index()
    table["cluster"] = table["cluster"] + "  " + table["name"]
    table = table[["cluster", "published_full", "full", "partial", "named", "why"]]
    table["published_full"] = table["published_full"].astype("Int64")
    show.table(
        table.rename(columns={"cluster": "Cluster", "published_full": "Published", "full": "Full", "partial": "Partial", "named": "Towns named in 2020", "why": "Why it differs"}),
        "fidelity",
        "Fidelity of every cluster",
    )
    checks = r.checks[["label", "published", "rebuilt", "unit", "why"]].fillna("–")
    show.table(
        checks.rename(columns={"label": "Value", "published": "Published", "rebuilt": "Rebuilt", "unit": "Unit", "why": "Why they differ"}),
        "checks",
        "Other published values",
        formats={"Rebuilt": "g"},
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
    described = store.read("dictionary").query("file == 'indicators.csv'").set_index("column")
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
                f"- **Dates.** Change is measured between the censuses of 2011 and 2021 where nothing nearer to 2020 is held; moving in the year to March 2021 is a year of the pandemic.",
                "- **Two nations.** English and Welsh deprivation domains are on different scales: each town is compared with towns of its own nation.",
                f"- **Small areas.** In half of the towns fewer than {split.median():.0%} of residents live in small areas that lie partly outside; in {words.towns(int((split > 0.33).sum()))} more than a third do. Where output areas were drawn anew after 2011 ({raked.mean():.0%} of residents in the average town), their place is inferred from known totals. Numbers by LSOA are least sure in {words.listed([r.name[code] for code in off])}, where they give over 5 % more or fewer residents than are published.",
                f"- **Below average is not falling.** Averages are of skewed measures: {growing:.0%} of the full members of Shrinking and ageing grew from 2009 to 2019, only less than the mean.",
                "- **Wales.** Clusters that need English data are not assessed there, and L can be met only partially, because the list of Welsh market towns holds only those with a citation.",
                "- **Thresholds.** A town just above an average counts like one far above it. How firmly each flag is held is not yet shown.",
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
