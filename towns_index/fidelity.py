"""Stage 070, fidelity: the rebuilt index against what was published in 2020.

Nothing here feeds back: thresholds are not tuned on these numbers.
"""

import pandas as pd

from towns_index import clusters, paths, towns

PUBLISHED_READING = "published"


def sizes(members: pd.DataFrame, definitions: pd.DataFrame) -> pd.DataFrame:
    """Published and rebuilt number of towns of every cluster, with the reason of the difference."""
    count = members.groupby(["cluster", "status"]).size().unstack(fill_value=0)
    count = count.reindex(columns=["full", "partial", "none", "not_assessed"], fill_value=0)
    frame = definitions.set_index("cluster").join(count).reset_index()
    frame["published_full"] = pd.to_numeric(frame["published_full"], errors="coerce").astype("Int64")
    frame["difference"] = (frame["full"] - frame["published_full"]).where(frame["rebuilt"] != "no")
    columns = ["cluster", "name", "evidence", "rebuilt", "published_full", "full", "partial",
               "not_assessed", "difference", "why"]  # fmt: skip
    return frame[columns]


def named_towns(members: pd.DataFrame, town_table: pd.DataFrame) -> pd.DataFrame:
    """What became of every town that the report of 2020 names as a member.

    Returns
    -------
    pandas.DataFrame
        ``cluster``, ``town_name``, ``town_code``, ``criteria_met``, ``criteria_assessed``,
        ``found``: full, partial, not, not assessed, below the population floor or not on the list.
    """
    named = towns.fact("known_members").rename(columns={"town_name_published": "town_name"})
    frame = named[["cluster", "town_name", "town_code", "note"]].merge(
        members.drop(columns="could_be"), how="left", on=["cluster", "town_code"]
    )
    words = {"full": "full", "partial": "partial", "none": "not", "not_assessed": "not assessed"}
    found = frame["status"].map(words)
    listed = frame["town_code"].isin(town_table["town_code"])
    frame["found"] = found.mask(found.isna() & listed, "outside the population limits")
    frame["found"] = frame["found"].mask(found.isna() & ~listed, "not on the list")
    counts = ["criteria_met", "criteria_assessed"]
    frame[counts] = frame[counts].astype("Int64")
    return frame[["cluster", "town_name", "town_code", *counts, "found", "note"]]


def check_values(members: pd.DataFrame, town_table: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Other published values against the rebuilt ones, from ``definitions/published.csv``.

    Parameters
    ----------
    members : pandas.DataFrame
        As ``memberships.csv``.
    town_table : pandas.DataFrame
        Towns of the index, indexed by code.
    values : pandas.DataFrame
        Indicators, indexed by code.
    """
    published = pd.read_csv(paths.DEFINITIONS / "published.csv", keep_default_na=False)
    definitions, _ = clusters.definitions()
    as_published = definitions.loc[definitions["evidence"] == PUBLISHED_READING, "cluster"]
    chosen = members[members["cluster"].isin(as_published)]
    rebuilt = _rebuilt(members, chosen, town_table, values.reindex(town_table.index))
    published["rebuilt"] = published["check"].map(rebuilt)
    return published[["check", "label", "published", "rebuilt", "unit", "why"]]


def _rebuilt(members, chosen, town_table, values) -> dict[str, float]:
    everything, some = clusters.counts(members), clusters.counts(chosen)
    region = town_table["region"]
    large = town_table.index[town_table["population_2019"] >= 75000]
    full = members[members["status"] == "full"]
    blackpool = town_table.index[town_table["town_name"] == "Blackpool"]
    drugs = values["drug_deaths"].rank(ascending=False, method="min")

    def full_in(cluster, codes):
        return int(((full["cluster"] == cluster) & full["town_code"].isin(codes)).sum())

    def mean_in(name):
        return round(float(some["either"].reindex(region.index[region == name]).mean()), 2)

    checks = {
        "no_cluster": int((some["either"] == 0).sum()),
        "one_partial": int(((some["full"] == 0) & (some["partial"] == 1)).sum()),
        "mean_clusters": round(float(some["either"].mean()), 2),
        "mean_clusters_all": round(float(everything["either"].mean()), 2),
        "mean_south_east": mean_in("South East"),
        "mean_west_midlands": mean_in("West Midlands"),
        "mean_yorkshire": mean_in("Yorkshire and The Humber"),
        "c_large": full_in("C", large),
        "m_large": full_in("M", large),
        "n_west_midlands": full_in("N", region.index[region == "West Midlands"]),
        "social_rented_mean": round(float(values["social_rented"].mean()), 1),
    }
    if len(blackpool):
        checks["social_rented_blackpool"] = round(float(values["social_rented"].reindex(blackpool).iloc[0]), 1)
        checks["drug_rank_blackpool"] = int(drugs.reindex(blackpool).iloc[0])
    return checks
