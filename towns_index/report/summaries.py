"""Findings that several sections put into words."""

import pandas as pd

from towns_index import clusters, words
from towns_index.report.results import INSIDE, Results


def strongest_pairs(r: Results, letters: list[str]) -> str:
    """The two pairs that occur together most often, among those that share no indicator."""
    names = r.letters.set_index("cluster")["name"]
    apart = r.overlap[r.overlap["shared"].isna() & r.overlap["one"].isin(letters) & r.overlap["other"].isin(letters)]
    parts = [f"*{names[row.one]}* and *{names[row.other]}* ({row.lift:.1f} times)" for row in apart.nlargest(2, "lift").itertuples()]
    return f"Of the pairs that share no indicator, these occur together most often, compared with chance: {words.listed(parts)}."


def lift_range(r: Results) -> str:
    """How often pairs that share no indicator occur together, compared with chance: the least and the most."""
    apart = r.overlap.loc[r.overlap["shared"].isna() & r.overlap["lift"].notna(), "lift"]
    return f"{apart.min():.1f} to {apart.max():.1f}"


def groups_in_short(r: Results) -> str:
    """How many groups, and that they have no clear edges."""
    weak = int((r.groups["silhouette"] < 0).sum())
    return (
        f"Looked at on all measures together the towns can be divided into {r.groups['group'].nunique()} groups, but the groups shade into each other: "
        f"{words.towns(weak)} lie nearer to another group than to their own."
    )


def groups_by_number(r: Results) -> str:
    """How well the groups hold together, and whether fewer would."""
    row = r.evidence.set_index("groups").loc[r.groups["group"].nunique()]
    text = f"The mean silhouette is {row['silhouette']:.2f}, the average stability {row['stability']:.2f} and that of the least stable group {row['least_stable']:.2f}."
    best = r.evidence.loc[r.evidence["stability"].idxmax()]
    if pd.isna(best["stability_noise"]):
        return text
    return f"{text} {int(best['groups'])} groups would be found again more often ({best['stability']:.2f}), but so they would be in data without any groups ({best['stability_noise']:.2f})."


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
    unlikely = (r.flags["p_status"] < 0.4).mean()
    return (
        f"Of {len(r.flags):,} results, {part.get('safe', 0):.0%} are safe: they hold in at least nine of ten repeats (draws) with other fair "
        f"choices and with errors of the data. {part.get('coin toss', 0):.0%} hold in fewer than six of ten, {unlikely:.0%} in fewer than four."
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
    """The region where the largest share of the assessed towns has a characteristic."""
    status = r.status(letter)
    assessed = status[status != "not_assessed"]
    share = assessed.isin(INSIDE).groupby(r.towns["region"].reindex(assessed.index)).mean()
    return words.region(share.idxmax()) if len(share) and share.max() > 0 else "no region"
