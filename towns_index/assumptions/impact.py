"""What an assumption changes: towns, flags, the number of clusters of a town."""

import numpy as np
import pandas as pd

from towns_index.assumptions.lines import lines_of, require
from towns_index.assumptions.vary import Index, in_force, judge, statuses, vary

INSIDE = ("full", "partial")


def impact(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, float]:
    """What changes between two tables of statuses, over the towns that both hold and the clusters of the second.

    Returns
    -------
    dict
        ``towns`` compared; ``towns_changed``: with another status (full, partial or neither) in any cluster; ``towns_full``: with a full membership
        more or fewer; ``gained`` and ``lost``: flags, full or partial; ``full_gained`` and ``full_lost``; ``mean_before``
        and ``mean_after``: clusters, full or partial, of the average town, all clusters counted; ``jaccard``: flags held
        both times for each held at least once, in the clusters touched (1 if there is none).
    """
    both = before.index.intersection(after.index)
    whole = before.loc[both].isin(INSIDE).sum(axis=1)
    one, two = before.loc[both, after.columns], after.loc[both]
    was, now = one.isin(INSIDE).to_numpy(), two.isin(INSIDE).to_numpy()
    was_full, now_full = (one == "full").to_numpy(), (two == "full").to_numpy()
    either = (was | now).sum()
    return {
        "towns": len(both),
        "towns_changed": int((one != two).any(axis=1).sum()),
        "towns_full": int((was_full != now_full).any(axis=1).sum()),
        "gained": int((now & ~was).sum()),
        "lost": int((was & ~now).sum()),
        "full_gained": int((now_full & ~was_full).sum()),
        "full_lost": int((was_full & ~now_full).sum()),
        "mean_before": whole.mean(),
        "mean_after": (whole + now.sum(axis=1) - was.sum(axis=1)).mean(),
        "jaccard": (was & now).sum() / either if either else 1.0,
    }


def ledger(lines: pd.DataFrame, index: Index, others: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """Every assumption with its impact, the largest first; those that cannot be computed come last.

    Parameters
    ----------
    lines : pandas.DataFrame
        As from :func:`definitions`; checked here (:func:`require`).
    index, others, lists
        As for :func:`vary`.

    Returns
    -------
    pandas.DataFrame
        ``rank``, the columns of the ledger, ``clusters`` (letters touched) and those of :func:`impact`.
    """
    require(lines, index.criteria, list(index.divided), others, lists["list"].tolist())
    base = judge(index, in_force(index))
    before = statuses(base, index.clusters, in_force(index))
    rows = []
    for line in lines.itertuples(index=False):
        touched = sorted(index.criteria.loc[lines_of(line.target, index.criteria), "cluster"].unique())
        words = {"clusters": "all" if line.target in ("", "*") else " ".join(touched)}
        found = {} if line.kind == "none" else impact(before, vary(line, index, base, others, lists))
        rows.append(line._asdict() | words | found)
    frame = pd.DataFrame(rows)
    frame = frame.sort_values(["towns_changed", "gained", "lost", "id"], ascending=[False, False, False, True], ignore_index=True)
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    counts = ["towns", "towns_changed", "towns_full", "gained", "lost", "full_gained", "full_lost"]
    order = ["rank", "id", "target", "clusters", "assumption", "instead", "reason", "evidence", "kind", "value", "not_computed"]
    return frame.astype(dict.fromkeys(counts, "Int64"))[[*order, *counts, "mean_before", "mean_after", "jaccard"]]
