"""One spread for each cluster: words, map, criteria, regions, typical towns."""

import pandas as pd

from towns_index import show, store, words
from towns_index.report import drawings, summaries
from towns_index.report.results import INSIDE, Results


def cluster(r: Results, letter: str) -> None:
    """The spread of one characteristic: words, picture, criteria."""
    row = r.letters.set_index("cluster").loc[letter]
    show.prose(f"### {letter}. {row['name']}")
    if row["rebuilt"] == "no":
        _not_rebuilt(r, letter, row)
        return
    shares = r.shares[r.shares["cluster"] == letter].set_index("label")["share"]
    regions, average = _by_region(r, letter)
    firm = r.firmness(letter)
    show.prose(_text(r, letter, row, regions))
    show.figure(
        drawings.spread(r.towns, r.status(letter), shares, regions, average, firm),
        f"cluster-{letter.lower()}",
        _title(r, letter, row),
        alt=f"Four pictures of {row['name']}. A map of {r.size(letter)} full and {r.size(letter, 'partial')} partial members, most common in "
        f"{summaries.main_region(r, letter)}. Towns that meet each criterion: "
        + " ".join(f"{label}: {'not rebuilt' if pd.isna(value) else f'{value:.0%}'}." for label, value in shares.items())
        + f" Share of towns by region, from {words.region(regions.idxmax())} ({regions.max():.0%}) to {words.region(regions.idxmin())} ({regions.min():.0%}). "
        + " ".join(f"Of the {kind} members {line['safe']} are safe, {line['likely']} likely and {line['coin toss']} a coin toss." for kind, line in firm.iterrows()),
        table=_region_table(r, letter),
        formats={"Share of towns": ".0%"},
    )
    _criteria_table(r, letter)


def _title(r: Results, letter: str, row: pd.Series) -> str:
    if r.size(letter):
        return f"{row['name']}: {words.towns(r.size(letter))} meet every criterion"
    return f"{row['name']}: {words.towns(r.size(letter, 'partial'))} meet three criteria"


def _by_region(r: Results, letter: str) -> tuple[pd.Series, float]:
    """Share of the assessed towns of each region in the characteristic, full or partial, and of all of them."""
    status = r.status(letter)
    assessed = status[status != "not_assessed"]
    inside = assessed.isin(INSIDE)
    return inside.groupby(r.towns["region"].reindex(assessed.index)).mean(), inside.mean()


def _text(r: Results, letter: str, row: pd.Series, regions: pd.Series) -> str:
    full = words.towns(r.size(letter)) + " have" if r.size(letter) else "No town has"
    size = f"{full} it in full and {words.towns(r.size(letter, 'partial'))} partially"
    if row["rebuilt"] == "partly":
        size += ", because one of the four criteria is not rebuilt"
    if row["published_full"]:
        size += f"; the report of 2020 counted {row['published_full']} in full"
    rate = regions.sort_values(ascending=False)
    hardest, typical = _hardest(r, letter), typical_towns(r, letter)
    firm = r.firmness(letter).sum()
    unknown = int((r.status(letter) == "not_assessed").sum())
    sentences = [
        f"{row['about']}",
        f"{size[0].upper()}{size[1:]}.",
        f"It is most common in {words.region(rate.index[0])}, where {rate.iloc[0]:.0%} of towns have it at least partially, and least in {words.region(rate.index[-1])} ({rate.iloc[-1]:.0%}).",
        f"Fewest towns meet: *{hardest}*." if hardest else "",
        f"Towns that pass the criteria by the widest margin: {words.listed(typical)}." if typical else "",
        f"Of its {firm.sum()} flags, {firm['safe']} are safe and {firm['coin toss']} a coin toss.",
        f"{words.towns(unknown).capitalize()} could not be assessed." if unknown else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence) + f"\n\n**A question to ask here:** {row['to_ask']}"


def _hardest(r: Results, letter: str) -> str:
    shares = r.shares[(r.shares["cluster"] == letter) & (r.shares["assessed"] > 0)].sort_values("share")
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
    label, level = r.described["label"], r.described["level"]
    rows = [
        {
            "Criterion": f"{line.criterion}{line.part}. {line.label}",
            "Measured by": label.get(line.indicator, "–"),
            "Level": level.get(line.indicator, "–"),
            "Against": line.comparator,
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
        f"{row['about']} **This characteristic is declared not rebuilt**: no town can be full or partial, and nothing else, such as "
        f"the vote to leave the European Union, is put in the place of the private data. The open half is shown for what it "
        f"is: of the two open criteria, from ward votes of 2014 and 2016 to 2019, {words.towns(both)} meet both, "
        f"{words.towns(one)} meet one, and {words.towns(unknown)} had no ward election that reaches them."
    )
    _criteria_table(r, letter)
