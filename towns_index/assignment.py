"""Stage 035, geography: how small areas are given to towns, and how far the results are out.

Output areas (OAs, some 300 residents) are given to towns by the publisher's own list; older data come by LSOA (some
1,600 residents), which may lie partly outside a town. Census 2021 holds many topics by output area, so the error
of every way to use LSOAs can be measured: the truth is known.
"""

import numpy as np
import pandas as pd

from towns_index import formula, geography, indicators, measures, paths, read, store, uncertainty
from towns_index.clusters import definitions as cluster_definitions

METHODS = {
    "best fit": "whole LSOAs, each to the place with most of its residents",
    "residents": "LSOAs divided by residents",
    "households": "LSOAs divided by households",
}
GATES = {"median_error": 1.0, "rank_correlation": 0.98}
"""Proposed gates: a median error of at most one percentage point, a rank correlation of at least 0.98."""

COVERED, FOREIGN = 0.8, 0.2


def wanted_indicators() -> pd.DataFrame:
    """Lines of ``indicators.csv`` that a criterion or an alternative uses and that come from small areas."""
    names = {*cluster_definitions()[1]["indicator"], *uncertainty.alternatives()["indicator"]}
    lines = indicators.definitions()
    lines = lines[lines["indicator"].isin(names)]
    apart = {"ward_votes", "ward_votes_ukip", "ward_votes_far_right"}  # under a licence of their own
    return lines[[not apart & set(formula.columns(text)) for text in lines["formula"]]]


def best_fit_indicators(towns: pd.DataFrame) -> pd.DataFrame:
    """The indicators of the criteria with whole LSOAs instead of divided ones, one row a town of the list."""
    if paths.start() != "raw":
        return store.read("indicators_best_fit")
    lines = wanted_indicators()
    needed = {name for text in lines["formula"] for name in formula.columns(text)}
    with geography.whole_lsoas():
        values = measures.build(pd.Index(towns["town_code"], name="town_code"), needed)
    table = indicators.inputs(towns, values.reset_index())
    return indicators.build(table, lines).reset_index()


def tested_measures() -> pd.DataFrame:
    """Census 2021 measures held by output area, with their denominators: those whose error is measured."""
    lines = measures.definitions()
    lines = lines[(lines["geography"] == "oa21") & (lines["aggregate"] == "sum") & (lines["denominator"] != "")]
    return lines[lines["measure"] != lines["denominator"]].drop_duplicates("measure")


def kept_areas() -> pd.DataFrame:
    """Output areas that kept their code since 2011: ``area``, ``lsoa11``, ``town_code`` (empty outside) and ``share``.

    Their LSOA of 2011 is known, so that truth and estimate can be formed from the same people.
    """
    parents = read.table("census2011-ethnicity-lsoa11/ethnicities").set_index("OA")["LSOA"]
    areas = pd.DataFrame({"area": geography.census_residents().index})
    areas["lsoa11"] = areas["area"].map(parents)
    towns = geography.output_areas().assign(share=lambda f: 1 / f.groupby("area")["area"].transform("size"))
    return areas.dropna(subset=["lsoa11"]).merge(towns[["area", "town_code", "share"]], how="left", on="area").fillna({"share": 1.0})


def estimates(counts: pd.DataFrame, kept: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Counts by town: the truth from output areas, and by each of the :data:`METHODS` from LSOAs.

    Parameters
    ----------
    counts : pandas.DataFrame
        Counts by output area, among them ``residents`` and ``households``.
    kept : pandas.DataFrame
        As from :func:`kept_areas`.
    """
    rows = counts.reindex(kept["area"]).mul(kept["share"].to_numpy(), axis=0).set_axis(kept.index)
    truth = rows.groupby(kept["town_code"]).sum()
    by_lsoa = rows.groupby(kept["lsoa11"]).sum()
    pairs = rows[["residents", "households"]].groupby([kept["lsoa11"], kept["town_code"]]).sum().reset_index()
    found = {"truth": truth}
    for method in METHODS:
        base = "households" if method == "households" else "residents"
        shares = pairs.assign(share=pairs[base] / pairs["lsoa11"].map(by_lsoa[base]), placed=0.0)
        if method == "best fit":
            shares = geography.majority(shares)
        values = by_lsoa.reindex(shares["lsoa11"]).mul(shares["share"].to_numpy(), axis=0)
        found[method] = values.groupby(shares["town_code"].to_numpy()).sum().reindex(truth.index)
    return found


def errors(counts: dict[str, pd.DataFrame], tested: pd.DataFrame, size_class: pd.Series) -> pd.DataFrame:
    """Error of each method for each measure, over all towns and by size class, in percentage points.

    Returns
    -------
    pandas.DataFrame
        ``measure``, ``method``, ``size_class`` (``all`` first), ``towns``, ``median_error``, ``mean_error``,
        ``p95_error`` (of the absolute difference of the shares), ``rank_correlation`` (Spearman) and
        ``decile_changed`` (share of towns in another tenth of the towns than in truth).
    """
    rows = []
    for line in tested.itertuples():
        shares = {name: 100 * table[line.measure] / table[line.denominator] for name, table in counts.items()}
        truth = shares.pop("truth")
        for method, share in shares.items():
            difference = (share - truth).abs()
            moved = (share.rank(pct=True) * 10).clip(upper=9.999).floordiv(1) != (truth.rank(pct=True) * 10).clip(upper=9.999).floordiv(1)
            for kind in ["all", *dict.fromkeys(size_class.dropna())]:
                towns = difference.index if kind == "all" else size_class.index[size_class == kind].intersection(difference.index)
                here = difference.reindex(towns).dropna()
                rows.append((line.measure, method, kind, len(here), here.median(), here.mean(), here.quantile(0.95),
                             share.reindex(towns).corr(truth.reindex(towns), method="spearman"), moved.reindex(here.index).mean()))  # fmt: skip
    columns = ["measure", "method", "size_class", "towns", "median_error", "mean_error", "p95_error", "rank_correlation", "decile_changed"]
    return pd.DataFrame(rows, columns=columns)


def geography_errors(towns: pd.DataFrame) -> pd.DataFrame:
    """:func:`errors` of the real census measures, from the raw bundle or from the snapshot."""
    if paths.start() != "raw":
        return store.read("geography_errors")
    tested, kept = tested_measures(), kept_areas()
    columns = {"residents": geography.census_residents(), "households": measures.bases()["households"]}
    needed = {*tested["measure"], *tested["denominator"]}
    lines = measures.definitions()
    for _, group in lines[lines["measure"].isin(needed) & (lines["geography"] == "oa21")].groupby("table", sort=False):
        columns |= dict(measures.evaluate(group).items())
    return errors(estimates(pd.DataFrame(columns), kept), tested, towns.set_index("town_code")["size_class"])


def town_geography(towns: pd.DataFrame) -> pd.DataFrame:
    """How well whole LSOAs match each town: one row a town of the list.

    Returns
    -------
    pandas.DataFrame
        ``town_code``, ``coverage`` (share of the town's residents in LSOAs that best fit gives to it),
        ``contamination`` (share of the residents of those LSOAs who live elsewhere), ``lsoas`` (how many),
        ``reliability`` (*good*, or what to take care of).
    """
    if paths.start() != "raw":
        return store.read("town_geography")
    shares = geography.lsoa_shares()
    whole = geography.majority(shares).set_index("lsoa11")["town_code"]
    people = shares["lsoa11"].map(geography.lsoa_residents())
    living = (people * shares["share"]).groupby(shares["town_code"]).sum()
    own = shares["lsoa11"].map(whole) == shares["town_code"]
    inside = (people * shares["share"])[own].groupby(shares["town_code"]).sum()
    given = people[own].groupby(shares["town_code"]).sum()
    frame = pd.DataFrame({"coverage": inside / living, "contamination": 1 - inside / given, "lsoas": own.groupby(shares["town_code"]).sum()})
    frame = frame.reindex(towns["town_code"])
    frame["coverage"] = frame["coverage"].fillna(0)
    low, mixed = frame["coverage"] < COVERED, frame["contamination"].fillna(1) > FOREIGN
    frame["reliability"] = np.select([low & mixed, low, mixed], ["covered in part, and mixed", "covered in part", "mixed"], "good")
    return frame.rename_axis("town_code").reset_index()
