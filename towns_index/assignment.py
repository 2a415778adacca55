"""Stage 035, geography: how small areas are given to towns, and how far the results are out.

Output areas (OAs, some 300 residents) are given to towns by the publisher's own list; older data come by LSOA (some
1,600 residents), which may lie partly outside a town. Census 2021 holds many topics by output area, so the error
of every way to use LSOAs can be measured: the truth is known.
"""

import numpy as np
import pandas as pd

from towns_index import dictionary, formula, geography, indicators, measures, paths, read, store

METHODS = {
    "best fit": "whole LSOAs, each to the place with most of its residents",
    "residents": "LSOAs divided by residents",
    "households": "LSOAs divided by households",
}
CHOSEN = "residents"
GATES = {"median_error": 1.0, "rank_correlation": 0.98}
"""Proposed gates: a median error of at most one percentage point, a rank correlation of at least 0.98."""

COVERED, FOREIGN = 0.8, 0.2
"""A town whose whole LSOAs cover less of it, or hold more people of other places, is described with care."""


def best_fit_indicators(towns: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``indicators.csv`` from whole LSOAs instead of divided ones, one row a town of the list."""
    if paths.start() != "raw":
        return store.read("indicators_best_fit")
    lines = indicators.definitions()
    lines = lines[~lines["indicator"].isin(dictionary.share_alike_indicators())]
    wanted = {name for text in lines["formula"] for name in formula.columns(text)}
    with geography.whole_lsoas():
        values = measures.build(pd.Index(towns["town_code"], name="town_code"), wanted)
    return indicators.build(indicators.inputs(towns, values.reset_index()), lines).reset_index()


def tested_measures() -> pd.DataFrame:
    """Census 2021 measures held by output area, with their denominators: those whose error is measured."""
    lines = measures.definitions()
    lines = lines[(lines["geography"] == "oa21") & (lines["aggregate"] == "sum") & (lines["denominator"] != "")]
    return lines[lines["measure"] != lines["denominator"]].drop_duplicates("measure")


def kept_areas() -> pd.DataFrame:
    """Output areas that kept their code since 2011: ``area``, ``lsoa11``, ``town_code`` (empty outside) and ``share``.

    Their LSOA of 2011 is known, so that truth and estimate can be formed from the same people. An output area that
    the list puts in two towns has a row, and half a share, for each.
    """
    parents = read.table("census2011-ethnicity-lsoa11/ethnicities").set_index("OA")["LSOA"]
    areas = pd.DataFrame({"area": geography.census_residents().index})
    areas["lsoa11"] = areas["area"].map(parents)
    towns = geography.output_areas()[["area", "town_code"]]
    towns["share"] = 1 / towns.groupby("area")["area"].transform("size")
    return areas.dropna(subset=["lsoa11"]).merge(towns, how="left", on="area").fillna({"share": 1.0})


def estimates(counts: pd.DataFrame, kept: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Counts by town: the truth from output areas, and from LSOAs by each of the :data:`METHODS`.

    Parameters
    ----------
    counts : pandas.DataFrame
        Counts by output area, among them ``residents`` and ``households``.
    kept : pandas.DataFrame
        As from :func:`kept_areas`.

    Returns
    -------
    dict of pandas.DataFrame
        ``truth`` and one table a method, each with a row a town and the columns of `counts`. Best fit gives nothing
        to a town that holds no LSOA.
    """
    rows = counts.reindex(kept["area"]).mul(kept["share"].to_numpy(), axis=0).set_axis(kept.index)
    truth = rows.groupby(kept["town_code"]).sum()
    by_lsoa = rows.groupby(kept["lsoa11"]).sum()
    pairs = rows[["residents", "households"]].groupby([kept["lsoa11"], kept["town_code"]]).sum().reset_index()
    found = {"truth": truth}
    for method in METHODS:
        base = "households" if method == "households" else "residents"
        shares = pairs.assign(share=pairs[base] / pairs["lsoa11"].map(by_lsoa[base]))
        if method == "best fit":
            shares = geography.majority(shares)
        values = by_lsoa.reindex(shares["lsoa11"]).mul(shares["share"].to_numpy(), axis=0)
        found[method] = values.groupby(shares["town_code"].to_numpy()).sum().reindex(truth.index)
    return found


def tenth(values: pd.Series) -> pd.Series:
    """Tenth of the towns to which each belongs, 1 (lowest) to 10; missing where the value is."""
    return np.ceil(10 * values.rank(pct=True))


def errors(counts: dict[str, pd.DataFrame], tested: pd.DataFrame, size_class: pd.Series) -> pd.DataFrame:
    """Error of each method for each measure, over all towns and by size class.

    Parameters
    ----------
    counts : dict of pandas.DataFrame
        As from :func:`estimates`.
    tested : pandas.DataFrame
        ``measure`` and ``denominator``, columns of `counts`.
    size_class : pandas.Series
        Class of each town.

    Returns
    -------
    pandas.DataFrame
        ``measure``, ``method``, ``size_class`` (``all`` or one of them), ``towns``; ``median_error``, ``mean_error`` and
        ``p95_error`` of the absolute difference from the true share (percentage points); ``rank_correlation``
        (Spearman); ``decile_changed``, the share of towns (0 to 1) in another tenth of all towns than in truth.
    """
    rows = []
    for line in tested.itertuples():
        shares = {name: 100 * table[line.measure] / table[line.denominator] for name, table in counts.items()}
        truth = shares.pop("truth")
        for method, share in shares.items():
            both = pd.DataFrame({"share": share, "truth": truth}).dropna()
            error = (both["share"] - both["truth"]).abs()
            moved = tenth(both["share"]) != tenth(both["truth"])
            for kind in ["all", *sorted(size_class.dropna().unique())]:
                here = both.index if kind == "all" else both.index[size_class.reindex(both.index) == kind]
                some = error[here]
                rows.append(
                    {
                        "measure": line.measure, "method": method, "size_class": kind, "towns": len(here),
                        "median_error": some.median(), "mean_error": some.mean(), "p95_error": some.quantile(0.95),
                        "rank_correlation": both.loc[here, "share"].corr(both.loc[here, "truth"], method="spearman"),
                        "decile_changed": moved[here].mean(),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def geography_errors(towns: pd.DataFrame) -> pd.DataFrame:
    """:func:`errors` of the real census measures, from the raw bundle or from the snapshot."""
    if paths.start() != "raw":
        return store.read("geography_errors")
    tested = tested_measures()
    columns = {"residents": geography.census_residents(), "households": measures.bases()["households"]}
    lines = measures.definitions()
    needed = lines["measure"].isin({*tested["measure"], *tested["denominator"]}) & (lines["geography"] == "oa21")
    for _, group in lines[needed].groupby("table", sort=False):
        columns |= dict(measures.evaluate(group).items())
    counts = estimates(pd.DataFrame(columns), kept_areas())
    return errors(counts, tested, towns.set_index("town_code")["size_class"])


def gates(table: pd.DataFrame, method: str = CHOSEN) -> pd.DataFrame:
    """Whether a method passes the :data:`GATES`, over all towns: ``measure``, ``median_error``, ``rank_correlation``, ``passed``."""
    rows = table[(table["method"] == method) & (table["size_class"] == "all")]
    passed = (rows["median_error"] <= GATES["median_error"]) & (rows["rank_correlation"] >= GATES["rank_correlation"])
    return rows[["measure", *GATES]].assign(passed=passed).reset_index(drop=True)


def cover(shares: pd.DataFrame, residents: pd.Series) -> pd.DataFrame:
    """How well whole LSOAs match each town.

    Parameters
    ----------
    shares : pandas.DataFrame
        As from :func:`towns_index.geography.lsoa_shares`.
    residents : pandas.Series
        Residents of each LSOA.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``town_code``. ``coverage``: share (0 to 1) of the town's residents in LSOAs that best fit gives to it.
        ``contamination``: share of the residents of those LSOAs who live elsewhere; missing where there is none.
        ``lsoas``: how many they are. ``reliability``: *good*, *covered in part*, *mixed* or both.
    """
    whole = geography.majority(shares).set_index("lsoa11")["town_code"]
    own = shares["lsoa11"].map(whole) == shares["town_code"]
    people = shares["lsoa11"].map(residents)
    living = (people * shares["share"]).groupby(shares["town_code"]).sum()
    inside = (people * shares["share"]).where(own, 0).groupby(shares["town_code"]).sum()
    given = people.where(own, 0).groupby(shares["town_code"]).sum()
    frame = pd.DataFrame({"coverage": inside / living, "contamination": 1 - inside / given.where(given > 0)})
    frame["lsoas"] = own.groupby(shares["town_code"]).sum().astype(int)
    low, mixed = frame["coverage"] < COVERED, frame["contamination"] > FOREIGN
    frame["reliability"] = np.select([low & mixed, low, mixed], ["covered in part, and mixed", "covered in part", "mixed"], "good")
    return frame


def town_geography(towns: pd.DataFrame) -> pd.DataFrame:
    """:func:`cover` of the towns of the list, from the raw bundle or from the snapshot."""
    if paths.start() != "raw":
        return store.read("town_geography")
    frame = cover(geography.lsoa_shares(), geography.lsoa_residents())
    return frame.reindex(pd.Index(towns["town_code"], name="town_code")).reset_index()
