"""Ward votes of 2014 and 2016 to 2019, carried to towns.

The results are published under a share-alike licence: what comes from here stands in a table of its
own (``measures_elections.csv``) under that licence.
"""

from functools import lru_cache

import pandas as pd

from towns_index import geography, paths, read

_YEARS = {
    2016: "local-elections-leap/leap-2016-05-05",
    2017: "local-elections-leap/leap-2017-05-04",
    2018: "local-elections-leap/leap-2018-05-03",
    2019: "local-elections-leap/leap-2019-05-02",
}


def contests(candidates: pd.DataFrame, groups: dict[str, str]) -> pd.DataFrame:
    """Votes of every ward contest by party group.

    Parameters
    ----------
    candidates : pandas.DataFrame
        One row a candidate: ``ward``, ``year``, ``party``, ``votes`` (missing when unopposed).
    groups : dict
        Party abbreviation to ``ukip`` or ``far_right``; other parties count in the total only.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``ward`` and ``year``: ``contests`` (1), ``all``, ``ukip``, ``far_right``. A group
        without a candidate has 0 votes in a contest; an unopposed return is no contest.
    """
    known = candidates.dropna(subset=["ward", "votes"])
    group = known["party"].str.strip().map(groups)
    table = pd.DataFrame({"all": known["votes"]})
    for name in ("ukip", "far_right"):
        table[name] = known["votes"].where(group == name, 0.0)
    table = table.groupby([known["ward"], known["year"]]).sum()
    table.insert(0, "contests", 1.0)
    return table[table["all"] > 0]


def _simple(names: pd.Series) -> pd.Series:
    """Names without case, marks and the words that lists write differently."""
    plain = names.astype(str).str.lower().str.replace("&", "and")
    return plain.str.replace(r"\b(ward|and)\b|[^a-z]", "", regex=True)


def _candidates_2014() -> pd.DataFrame:
    # The results of 2014 have names only; the lookup gives the ward codes of 2018.
    rows = read.table("local-elections-2014/2014_results")
    lookup = read.table("local-elections-2014/Clean_output_Look_Up_File_Ward_Level")
    keys = _simple(lookup["LAD18NM"]) + "|" + _simple(lookup["WD18NM"])
    codes = pd.Series(lookup["WD18CD"].to_numpy(), index=keys)
    codes = codes[~codes.index.duplicated(keep=False)]
    ward = (_simple(rows["Council"]) + "|" + _simple(rows["Ward"])).map(codes)
    votes = pd.to_numeric(rows["Votes"], errors="coerce")
    return pd.DataFrame({"ward": ward, "year": 2014, "party": rows["Party"].astype(str), "votes": votes})


@lru_cache(maxsize=1)
def candidates() -> pd.DataFrame:
    """Every candidate of 2014 and 2016 to 2019 with the ward's code, where it is known."""
    parts = [_candidates_2014()]
    for year, file_id in _YEARS.items():
        rows = read.table(file_id)
        parts.append(
            pd.DataFrame(
                {
                    "ward": rows["ward_ons"],
                    "year": year,
                    "party": rows["party_short"].astype(str),
                    "votes": pd.to_numeric(rows["votes"], errors="coerce"),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@lru_cache(maxsize=1)
def to_towns() -> pd.DataFrame:
    """Votes and contests of each town, indexed by ``town_code``.

    A ward belongs to towns by its residents. A code is looked up among the wards of 2017, then of
    2024; county divisions and wards known to neither are left out. Votes are the town's share of
    its wards'; ``contests`` counts ward contests weighted in the same way.
    """
    parties = pd.read_csv(paths.FACTS / "parties.csv").set_index("party_short")["group"]
    wards = contests(candidates(), parties.to_dict()).groupby("ward").sum()
    pairs = geography.joint("ward17")
    later = geography.joint("ward24")
    pairs = pd.concat([pairs, later[~later["area"].isin(set(geography.areas("ward17")))]])
    pairs = pairs[pairs["area"].isin(set(wards.index))]
    return geography.add_up(wards, pairs)
