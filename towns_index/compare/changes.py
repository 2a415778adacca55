"""Two results folders compared: towns, memberships, the criteria that did it, and all other tables."""

from pathlib import Path

import numpy as np
import pandas as pd

from towns_index import clusters, words
from towns_index.compare import contents, folders, readings, verdicts

SHARE_ALIKE = "_elections"

_EMPTY = pd.DataFrame(columns=[*verdicts.KEY, "value", "threshold", "met"], dtype=object)
_LEVELS = {"full": ["full"], "full or partial": ["full", "partial"]}


def compare(one: Path, other: Path) -> dict[str, pd.DataFrame]:
    """What differs between two results folders.

    Pure: nothing is written. Only ``data/processed`` is read, and the lines of ``definitions/`` for
    words. Columns that end in ``_one`` and ``_other`` hold the two sides.

    Parameters
    ----------
    one, other : Path
        Folders with ``data/processed`` as a build leaves it.

    Returns
    -------
    dict of pandas.DataFrame
        ``towns``
            Towns on one list only: ``town_code``, ``town_name``, ``region``, ``population_2019``, ``side`` (one or
            other), ``full`` and ``partial`` (letters of the clusters that it has there).
        ``memberships``
            Changed status, ranked by consequence: ``rank``, ``town_code``, ``town_name``, ``cluster``, ``name``,
            ``status_one``, ``status_other`` (full, partial, no, unknown), ``consequence`` (1 full membership
            gained or lost, 2 partial, 3 other), ``criteria`` and ``causes`` (texts), ``distance``.
        ``verdicts``
            Changed verdicts as from :func:`towns_index.compare.verdicts.changed`, with the town's name,
            ``measured`` (the indicator in words), ``unit``, ``status_one``, ``status_other``, and ``role``: *did it*,
            *went the other way* or *status unchanged*.
        ``criteria``
            ``cluster``, ``criterion``, ``label``, ``flips`` (towns), ``gained`` (now met), ``lost`` (no longer met;
            neither: between not met and unknown), ``memberships`` (flips with a changed status), ``full`` (with
            full membership gained or lost), and flips by cause.
        ``clusters``
            ``cluster``, ``name``, ``membership`` (full; full or partial), ``one``, ``other``, ``gained``, ``lost``,
            ``unchanged`` (towns on both lists), ``left``, ``joined`` (towns on one list only), ``jaccard``.
        ``indicators``, ``thresholds``, ``tables``, ``groups``
            See :mod:`towns_index.compare.contents`.
        ``memberships_elections``, ``verdicts_elections``, ``indicators_elections``
            The same from the share-alike tables: criteria met (``one``, ``other``) instead of a status.
        ``totals``
            One row of counts for the summary.
        ``not_compared``
            ``what`` and ``why``.

    Raises
    ------
    Unusable
        If a folder cannot be compared; in plain words.
    """
    sides = [folders.read(folder) for folder in (one, other)]
    places, vocabulary, names = _places(*sides), contents.words_for(*sides), _names(*sides)
    members = [side["memberships"] for side in sides]
    judged, parts = _readings(sides, "")
    flips = verdicts.changed(*judged, *parts)
    statuses = _statuses(*members)
    flips = _with_roles(flips, statuses)
    moved = _ranked(statuses, flips, all("criteria" in side for side in sides))
    judged_apart, parts_apart = _readings(sides, SHARE_ALIKE)
    flips_apart = verdicts.changed(*judged_apart, *parts_apart)
    found = {
        "towns": _listed_once(*members, places),
        "memberships": _named(moved, places, names),
        "verdicts": _measured(_named(flips, places, names), vocabulary),
        "criteria": _criteria(flips),
        "clusters": _clusters(*members, names),
        "indicators": contents.changed_indicators(*_both(sides, "indicators"), vocabulary),
        "thresholds": contents.changed_thresholds(*parts, places),
        "tables": contents.compared_tables(*sides),
        "groups": contents.compared_groups(*_both(sides, "groups")),
        "memberships_elections": _named(_met(*_both(sides, "memberships" + SHARE_ALIKE)), places, names),
        "verdicts_elections": _measured(_named(flips_apart, places, names), vocabulary),
        "indicators_elections": contents.changed_indicators(*_both(sides, "indicators" + SHARE_ALIKE), vocabulary),
    }
    for name in ("indicators", "indicators_elections"):
        found[name].insert(7, "town_name", _town_names(found[name]["town_code"], places))
    found["thresholds"].insert(2, "label", _labels(found["thresholds"]["indicator"], vocabulary))
    found["totals"] = _totals(*members, found)
    found["not_compared"] = _not_compared(sides, parts, found)
    return found


def _both(sides: list[dict], name: str) -> list[pd.DataFrame | None]:
    return [side.get(name) for side in sides]


def _readings(sides: list[dict], suffix: str) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Criteria of both sides and their parts; where one side lacks indicators or towns, by the numbers for both."""
    judged = [side.get("criteria" + suffix, _EMPTY) for side in sides]
    whole = all("indicators" + suffix in side and "towns" in side for side in sides)
    parts = [
        readings.parts(table, side.get("indicators" + suffix), side["towns"] if whole else None)
        for table, side in zip(judged, sides, strict=True)
    ]
    return judged, parts


# ---- towns and their names ------------------------------------------------------------------------


def _places(one: dict, other: dict) -> pd.DataFrame:
    """Attributes of every town of either side, indexed by code; the other side's count."""
    known = [side["towns"].set_index("town_code") for side in (other, one) if "towns" in side]
    wanted = ["town_name", "nation", "region", "population_2019"]
    frame = pd.concat(known) if known else pd.DataFrame(columns=wanted, index=pd.Index([], name="town_code"))
    return frame[~frame.index.duplicated()].reindex(columns=wanted)


def _town_names(codes: pd.Series, places: pd.DataFrame) -> pd.Series:
    return codes.map(places["town_name"]).fillna(codes)


def _names(one: dict, other: dict) -> pd.Series:
    """Name of every cluster, by letter."""
    found = [clusters.definitions()[0]]
    found += [side["fidelity"] for side in (one, other) if {"cluster", "name"} <= set(side.get("fidelity", []))]
    return pd.concat(found).drop_duplicates("cluster", keep="first").set_index("cluster")["name"]


def _labels(indicators: pd.Series, vocabulary: pd.DataFrame) -> pd.Series:
    return indicators.map(vocabulary["label"]).fillna(indicators)


def _named(frame: pd.DataFrame, places: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """The rows with the names of town and cluster."""
    frame = frame.copy()
    frame.insert(frame.columns.get_loc("town_code") + 1, "town_name", _town_names(frame["town_code"], places))
    letters = frame["cluster"]
    frame.insert(frame.columns.get_loc("cluster") + 1, "name", letters.map(names).fillna("Cluster " + letters))
    return frame


def _measured(flips: pd.DataFrame, vocabulary: pd.DataFrame) -> pd.DataFrame:
    """Changed verdicts with the indicator in words and its unit; both sides' where they differ."""

    def both(words_for: pd.Series) -> pd.Series:
        one, other = (flips[f"indicator_{side}"].map(words_for).astype(object).fillna("") for side in ("one", "other"))
        return other.where((one == other) | (one == ""), one + " → " + other)

    labels = pd.Series({name: name for name in flips["indicator_other"]} | vocabulary["label"].to_dict(), dtype=object)
    return flips.assign(measured=both(labels), unit=both(vocabulary["unit"]))


def _listed_once(one: pd.DataFrame, other: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    columns = ["town_code", "town_name", "region", "population_2019", "side", "full", "partial"]
    rows = []
    for side, members, absent in (("one", one, other), ("other", other, one)):
        alone = members[~members["town_code"].isin(absent["town_code"])]
        for code, own in alone.groupby("town_code"):
            letters = {status: ", ".join(own.loc[own["status"] == status, "cluster"]) for status in ("full", "partial")}
            rows.append({"town_code": code, "side": side, **letters})
    frame = pd.DataFrame(rows, columns=["town_code", "side", "full", "partial"])
    frame = frame.join(places[["region", "population_2019"]], on="town_code")
    frame["town_name"] = _town_names(frame["town_code"], places)
    return frame[columns].sort_values(["side", "town_name", "town_code"], ignore_index=True)


# ---- memberships ----------------------------------------------------------------------------------


def _statuses(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Status of every town in every cluster that both sides have."""
    key = ["town_code", "cluster"]
    both = one[[*key, "status"]].merge(other[[*key, "status"]], on=key, suffixes=("_one", "_other"))
    return both.replace({"status_one": folders.STATUS, "status_other": folders.STATUS})


def _with_roles(flips: pd.DataFrame, statuses: pd.DataFrame) -> pd.DataFrame:
    """Changed verdicts with the town's status and whether they are what changed it."""
    flips = flips.merge(statuses, on=["town_code", "cluster"], how="left")
    height = {"no": 0, "partial": 1, "full": 2}
    move = flips["status_other"].map(height).astype(float) - flips["status_one"].map(height).astype(float)
    flip = verdicts.rise(flips["met_one"], flips["met_other"])
    against = (move * flip < 0).to_numpy(bool)
    still = (flips["status_one"] == flips["status_other"]).to_numpy(bool)
    flips["role"] = np.select([still, against], ["status unchanged", "went the other way"], "did it")
    return flips


def _ranked(statuses: pd.DataFrame, flips: pd.DataFrame, judged: bool) -> pd.DataFrame:
    """Changed statuses, ranked by consequence, with the criteria that did it."""
    moved = statuses[statuses["status_one"] != statuses["status_other"]]
    either = [moved[["status_one", "status_other"]].eq(status).any(axis=1) for status in ("full", "partial")]
    moved = moved.assign(consequence=np.select(either, [1, 2], 3))
    did = flips[flips["role"] == "did it"]
    grouped = did.assign(name=did["cluster"] + did["criterion"] + did["part"]).groupby(["town_code", "cluster"])
    reasons = grouped.agg(
        criteria=("name", lambda names: ", ".join(dict.fromkeys(names))),
        causes=("cause", lambda causes: ", ".join(dict.fromkeys(causes))),
        distance=("distance", "max"),
    )
    moved = moved.join(reasons, on=["town_code", "cluster"])
    # No verdict changed: the cluster's own rule did (criteria required, gate, rebuilt or not).
    moved = moved.fillna({"criteria": "", "causes": "rule" if judged else "unclear"})
    moved = moved.sort_values(["consequence", "distance", "town_code", "cluster"], ascending=[True, False, True, True])
    moved = moved.reset_index(drop=True)
    moved.insert(0, "rank", np.arange(1, len(moved) + 1))
    return moved


def _met(one: pd.DataFrame | None, other: pd.DataFrame | None) -> pd.DataFrame:
    """Towns that meet another number of a cluster's open criteria."""
    columns = ["town_code", "cluster", "one", "other"]
    if one is None or other is None:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    key, number = columns[:2], "criteria_met"
    both = one[[*key, number]].merge(other[[*key, number]], on=key, suffixes=("_one", "_other"))
    both.columns = columns
    return both[both["one"] != both["other"]].reset_index(drop=True)


def _criteria(flips: pd.DataFrame) -> pd.DataFrame:
    """Criteria by the number of towns on which their verdict changed, most first."""
    one, other = flips["label_one"], flips["label_other"]
    label = one.where(one == other, one + " → " + other)
    before, after = (flips[f"met_{side}"].astype("boolean").fillna(False).astype(bool) for side in ("one", "other"))
    order = list(verdicts.CAUSES)
    # A criterion in parts has a row a part; a town counts once, under the first of its causes.
    rows = flips.assign(label=label, gained=after & ~before, lost=before & ~after)
    rows["place"] = rows["cause"].map(order.index)
    rows = rows.sort_values("place", kind="stable").drop_duplicates(["town_code", "cluster", "criterion"])
    rows["memberships"] = rows["role"] == "did it"
    rows["full"] = rows["memberships"] & rows[["status_one", "status_other"]].eq("full").any(axis=1)
    rows = rows.assign(**{cause: rows["cause"] == cause for cause in order})
    counted = ["gained", "lost", "memberships", "full", *order]
    grouped = rows.groupby(["cluster", "criterion"])
    sums = grouped[counted].sum().astype(int)
    frame = pd.concat([grouped["label"].first(), grouped.size().rename("flips"), sums], axis=1)
    frame = frame.reset_index().sort_values(["flips", "cluster", "criterion"], ascending=[False, True, True])
    return frame.reset_index(drop=True)


def _clusters(one: pd.DataFrame, other: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Every cluster's members in both folders, for full membership and for full or partial."""
    listed = [set(side["town_code"]) for side in (one, other)]
    letters = [set(side["cluster"]) for side in (one, other)]
    rows = []
    for level, statuses in _LEVELS.items():
        for letter in sorted(letters[0] | letters[1]):
            a, b = (
                set(side.loc[(side["cluster"] == letter) & side["status"].isin(statuses), "town_code"])
                for side in (one, other)
            )
            row = {"cluster": letter, "name": names.get(letter, f"Cluster {letter}"), "membership": level}
            row |= {"one": len(a) if letter in letters[0] else None, "other": len(b) if letter in letters[1] else None}
            if letter in letters[0] & letters[1]:
                row |= {
                    "gained": len((b - a) & listed[0]),
                    "lost": len((a - b) & listed[1]),
                    "unchanged": len(a & b),
                    "left": len(a - listed[1]),
                    "joined": len(b - listed[0]),
                    "jaccard": len(a & b) / len(a | b) if a | b else None,
                }
            rows.append(row)
    numbers = ["one", "other", "gained", "lost", "unchanged", "left", "joined"]
    frame = pd.DataFrame(rows, columns=["cluster", "name", "membership", *numbers, "jaccard"])
    return frame.astype({**dict.fromkeys(numbers, "Int64"), "jaccard": float})


# ---- the whole ------------------------------------------------------------------------------------


def _totals(one: pd.DataFrame, other: pd.DataFrame, found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Counts for the summary, and whether all memberships are equal."""
    listed = [set(side["town_code"]) for side in (one, other)]
    letters = [set(side["cluster"]) for side in (one, other)]
    moved = found["memberships"]
    full = found["clusters"][found["clusters"]["membership"] == "full"]
    shared = full.dropna(subset=["gained"])
    alike = moved.empty and found["memberships_elections"].empty and listed[0] == listed[1] and letters[0] == letters[1]
    row = {
        "equal": alike,
        "towns_one": len(listed[0]),
        "towns_other": len(listed[1]),
        "towns_both": len(listed[0] & listed[1]),
        "towns_changed": moved["town_code"].nunique(),
        "memberships_changed": len(moved),
        "clusters_both": len(letters[0] & letters[1]),
        "clusters_changed": moved["cluster"].nunique(),
        "full_one": int(shared["one"].sum()),
        "full_other": int(shared["other"].sum()),
        "full_gained": int(shared["gained"].sum()),
        "full_lost": int(shared["lost"].sum()),
        "full_left": int(shared["left"].sum()),
        "full_joined": int(shared["joined"].sum()),
        "verdicts_changed": len(found["verdicts"].drop_duplicates(verdicts.KEY)),
        "tables_differ": int((~found["tables"]["result"].isin(["identical", "in neither"])).sum()),
    }
    return pd.DataFrame([row])


def _not_compared(sides: list[dict], parts: list[pd.DataFrame], found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What could not be compared, with the reason; ``{one}`` and ``{other}`` stand for the labels."""
    rows = []
    for row in found["tables"].itertuples():
        file = f"{row.table}.csv"
        if row.result.startswith("only in"):
            rows.append([file, f"{{{'other' if row.result == 'only in one' else 'one'}}} has no such table"])
        elif row.result == "in neither":
            rows.append([file, "neither folder has it"])
        for side, columns in (("one", row.columns_one), ("other", row.columns_other)):
            if columns:
                rows.append([f"{file}: {columns}", f"only {{{side}}} has these columns"])
    letters = [set(side["memberships"]["cluster"]) for side in sides]
    for side, alone in (("one", letters[0] - letters[1]), ("other", letters[1] - letters[0])):
        if alone:
            rows.append([f"Cluster {words.listed(sorted(alone))}", f"only {{{side}}} has it"])
    criteria = [set(map(tuple, side[["cluster", "criterion"]].to_numpy())) for side in parts]
    if all("criteria" in side for side in sides):
        for side, alone in (("one", criteria[0] - criteria[1]), ("other", criteria[1] - criteria[0])):
            if alone:
                rows.append([f"Criterion {words.listed(sorted(map(''.join, alone)))}", f"only {{{side}}} has it"])
    members = pd.concat(_both(sides, "memberships"))
    for letter in sorted(letters[0] & letters[1]):
        if (members.loc[members["cluster"] == letter, "status"] == "not_assessed").all():
            rows.append([f"Cluster {letter}", "the status of every town is unknown in both: it is not rebuilt"])
    for side, count in found["towns"]["side"].value_counts().items():
        rows.append([f"Memberships of {words.towns(count)}", f"only on the list of {{{side}}}"])
    rows += _unreproduced(parts)
    rows.append(["Report, figures, notebooks and the outlines for maps", "not tables; they follow from the tables"])
    return pd.DataFrame(rows, columns=["what", "why"])


def _unreproduced(parts: list[pd.DataFrame]) -> list[list[str]]:
    """Criteria whose words may be those of another definition."""
    rows = []
    for side, own in zip(("one", "other"), parts, strict=True):
        strange = own.loc[own["by_definition"] == False, ["cluster", "criterion"]].drop_duplicates()  # noqa: E712
        if len(strange):
            what = words.listed((strange["cluster"] + strange["criterion"]).tolist())
            why = "is not the one here, so that the words of its criteria may differ; its numbers were used"
            rows.append([f"The definition of {what} in {{{side}}}", why])
    return rows
