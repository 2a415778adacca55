"""Findings that several sections put into words."""

import pandas as pd

from towns_index import clusters, words
from towns_index.report.results import INSIDE, Results


def strongest_pairs(r: Results, letters: list[str]) -> str:
    lift = clusters.lift(r.members, letters)
    names = r.letters.set_index("cluster")["name"]
    stacked = lift.where(lift.index.to_numpy()[:, None] < lift.columns.to_numpy()).rename_axis(
        index="one", columns="other"
    ).stack()
    top = stacked.nlargest(2)
    parts = [f"*{names[a]}* and *{names[b]}* ({value:.1f} times)" for (a, b), value in top.items()]
    return f"The pairs that occur together most often, compared with chance: {words.listed(parts)}."


def groups_in_short(r: Results) -> str:
    chosen = r.groups["group"].nunique()
    row = r.evidence.set_index("groups").loc[chosen] if chosen in set(r.evidence["groups"]) else None
    text = f"On all indicators together {chosen} groups of similar towns can be told apart"
    if row is None:
        return text + "."
    stability = r.evidence.set_index("groups")["stability"]
    firm = "firm" if row["stability"] >= 0.75 else "a pattern rather than firm types"
    return (
        f"{text}; with a mean silhouette of {row['silhouette']:.2f}, an average stability of {row['stability']:.2f} and "
        f"{row['least_stable']:.2f} for the least stable they are {firm}. The firmest number would be {stability.idxmax()} ({stability.max():.2f})."
    )


def groups_against_nothing(r: Results) -> str:
    """How the groups differ from none at all, and what other methods say."""
    chosen = r.groups["group"].nunique()
    row = r.evidence.set_index("groups").loc[chosen]
    others = r.methods[(r.methods["groups"] == chosen) & (r.methods["method"] != "k-means")].set_index("method")["ari_k_means"].sort_values(ascending=False)
    text = (
        f"Other methods draw other borders. On a scale from 0, alike as by chance, to 1, the same, the groups of a {others.index[0]} agree with these by {others.iloc[0]:.2f}, "
        f"those of {others.index[-1]} by {others.iloc[-1]:.2f}. {words.towns(int((r.groups['ambiguity'] > 0.4).sum())).capitalize()} are found with another group nearly as often as with their own."
    )
    if pd.isna(row["silhouette_noise"]):
        return text
    return f"Data without any groups would give a silhouette of {row['silhouette_noise']:.2f} and a stability of {row['stability_noise']:.2f}: there is more than that here, but not much. {text}"


def fidelity_in_short(r: Results) -> str:
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
        f"({full} in full); chance would find {chance:.0f}. The sizes of the {len(both)} characteristics whose size was published differ by "
        f"{100 * ratio.min():+.0f} % ({ratio.idxmin()}) to {100 * ratio.max():+.0f} % ({ratio.idxmax()})."
    )


def firm_in_short(r: Results) -> str:
    """How many flags are safe and how many a coin toss."""
    part = r.flags["firmness"].value_counts(normalize=True)
    return (
        f"Of {len(r.flags):,} flags, {part.get('safe', 0):.0%} are safe: they hold in nine of ten draws over other defensible "
        f"choices and uncertain data. {part.get('coin toss', 0):.0%} are a coin toss."
    )


def safe_shares(r: Results) -> pd.Series:
    """Share of the flags of each characteristic that are safe, by its name, the largest first."""
    safe = (r.flags["firmness"] == "safe").groupby(r.flags["cluster"]).mean().sort_values(ascending=False, kind="stable")
    return safe.rename(r.letters.set_index("cluster")["name"])


def firmest_and_weakest(r: Results) -> str:
    """The characteristics with the most and the fewest safe flags."""
    safe = safe_shares(r)
    return (
        f"They are most often safe for *{safe.index[0]}* ({safe.iloc[0]:.0%}) and least often for "
        f"*{safe.index[-1]}* ({safe.iloc[-1]:.0%})."
    )


def main_region(r: Results, letter: str) -> str:
    status = r.status(letter)
    members = r.towns.loc[status.index[status.isin(INSIDE)], "region"]
    return words.region(members.value_counts().index[0]) if len(members) else "no region"
