"""Stage 035, geography: how many flags hang on the list of towns, and on how small areas are given to them.

A criterion that compares a town with the average of all towns changes when the list of towns does. The lists that are
tried stand in ``definitions/town_lists.csv``.
"""

import pandas as pd

from towns_index import clusters, paths

INSIDE = ("full", "partial")
AREAS = ("divided", "whole")


class BadList(ValueError):
    """A line of ``definitions/town_lists.csv`` that cannot be carried out."""


def definitions() -> pd.DataFrame:
    """Lines of ``definitions/town_lists.csv``."""
    return pd.read_csv(paths.DEFINITIONS / "town_lists.csv", keep_default_na=False)


def members(line, towns: pd.DataFrame, classes: pd.Series) -> pd.Index:
    """Codes of the towns on one list.

    Parameters
    ----------
    line : namedtuple
        A line of :func:`definitions`. `min_population`: at least so many residents. `classes`: one of these classes of
        the House of Commons Library, with ``;`` between. Neither: the towns of the index.
    towns : pandas.DataFrame
        All towns, indexed by code, with ``population_2019`` and ``in_index``.
    classes : pandas.Series
        Class of each town, indexed by code; missing where it was not matched.

    Raises
    ------
    BadList
        If the line gives both, names a class that no town has, or holds fewer than two towns.
    """
    where = f"definitions/town_lists.csv, list {line.list}"
    if line.areas not in AREAS:
        raise BadList(f"{where}: areas must be {' or '.join(AREAS)}, not {line.areas!r}.")
    if line.min_population != "" and line.classes:
        raise BadList(f"{where}: give either min_population or classes, not both.")
    chosen = towns["in_index"].astype(bool)
    if line.min_population != "":
        chosen = towns["population_2019"] >= float(line.min_population)
    if line.classes:
        wanted = line.classes.split(";")
        unknown = sorted(set(wanted) - set(classes.dropna()))
        if unknown:
            raise BadList(f"{where}: no town has the class {unknown[0]!r}; the classes are {', '.join(sorted(set(classes.dropna())))}.")
        chosen = classes.reindex(towns.index).isin(wanted)
    if chosen.sum() < 2:
        raise BadList(f"{where}: fewer than two towns are on it; lower min_population.")
    return towns.index[chosen]


def statuses(indicators: pd.DataFrame, towns: pd.DataFrame, rules: tuple[pd.DataFrame, pd.DataFrame], average: str) -> pd.DataFrame:
    """Status of every town in every rebuilt cluster: towns by clusters.

    Parameters
    ----------
    indicators : pandas.DataFrame
        Indicators by town.
    towns : pandas.DataFrame
        The towns that are judged and compared with each other.
    rules : tuple of pandas.DataFrame
        Clusters, and their criteria in force.
    average : str
        ``mean`` or ``median``.
    """
    letters, criteria = rules
    judged = clusters.evaluate(criteria, indicators, towns, average)
    table = clusters.memberships(judged, letters, criteria)
    rebuilt = letters.loc[letters["rebuilt"] != "no", "cluster"]
    return table.pivot(index="town_code", columns="cluster", values="status").reindex(columns=rebuilt)


def flips(published: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """How the flags of two tables of :func:`statuses` differ, over the towns that both hold.

    Returns
    -------
    pandas.DataFrame
        One row a cluster: ``cluster``, ``towns`` (in both), ``flagged`` (in the cluster, fully or partially, in the
        first table) and ``flagged_other``, ``gained`` and ``lost`` by the second, ``changed`` (any other status, such as
        from full to partial) and ``jaccard`` (towns flagged in both for each flagged in either; 1 if there is none).
    """
    both = published.index.intersection(other.index)
    one, two = published.loc[both], other.loc[both]
    was, now = one.isin(INSIDE), two.isin(INSIDE)
    either = (was | now).sum()
    return pd.DataFrame(
        {
            "towns": len(both),
            "flagged": was.sum(),
            "flagged_other": now.sum(),
            "gained": (now & ~was).sum(),
            "lost": (was & ~now).sum(),
            "changed": (one != two).sum(),
            "jaccard": ((was & now).sum() / either).where(either > 0, 1.0),
        }
    ).rename_axis("cluster").reset_index()


def list_flips(
    lines: pd.DataFrame, tables: dict[str, pd.DataFrame], towns: pd.DataFrame, classes: pd.Series,
    rules: tuple[pd.DataFrame, pd.DataFrame], average: str,
) -> pd.DataFrame:  # fmt: skip
    """:func:`flips` of every list against the towns of the index.

    Parameters
    ----------
    lines : pandas.DataFrame
        As from :func:`definitions`.
    tables : dict of pandas.DataFrame
        Indicators by town from ``divided`` and from ``whole`` small areas.
    towns, classes
        As for :func:`members`; `towns` also with ``nation`` and ``region``.
    rules, average
        As for :func:`statuses`.

    Returns
    -------
    pandas.DataFrame
        ``list``, ``list_towns`` (towns on it) and the columns of :func:`flips`.
    """
    index = towns[towns["in_index"].astype(bool)]
    published = statuses(tables["divided"], index, rules, average)
    found = []
    for line in lines.itertuples():
        on_list = towns.loc[members(line, towns, classes)]
        changes = flips(published, statuses(tables[line.areas], on_list, rules, average))
        found.append(changes.assign(list=line.list, list_towns=len(on_list)))
    frame = pd.concat(found, ignore_index=True)
    return frame[["list", "cluster", "list_towns", *[name for name in changes if name not in ("list", "list_towns", "cluster")]]]
