"""A comparison in words: the sentence, the summary for a terminal, and the same as JSON."""

import json
import math

import pandas as pd

from towns_index import words
from towns_index.compare.verdicts import CAUSES

TOP = 10
MISSING = "unknown"


def numbers(values: list) -> list[str]:
    """Numbers of one quantity with the same decimals: three digits, or as many as it takes to tell them apart."""
    known = [float(value) for value in values if pd.notna(value)]
    largest = max((abs(value) for value in known), default=0)
    whole = math.floor(math.log10(largest)) + 1 if largest else 1
    distinct = len(set(known))
    for decimals in range(min(9, max(0, 3 - whole)), 10):
        texts = [f"{value:,.{decimals}f}" for value in known]
        if len(set(texts)) >= distinct:
            break
    if all(value == int(value) for value in known):
        decimals = 0
    return [MISSING if pd.isna(value) else f"{float(value) + 0.0:,.{decimals}f}".replace("-", "−") for value in values]


def differing(settings: tuple[dict, dict] | None) -> list[tuple[str, str, str]]:
    """Settings that differ: name and both values; a parameter that one side does not have is "not set"."""
    one, other = settings or ({}, {})
    names = [name for name in {**one, **other} if one.get(name, "not set") != other.get(name, "not set")]
    return [(name, str(one.get(name, "not set")), str(other.get(name, "not set"))) for name in names]


def about_settings(settings: tuple[dict, dict] | None, labels: tuple[str, str]) -> str:
    """A sentence on the settings of the two builds."""
    if settings is None:
        return "The settings of the two builds are not known here."
    pairs = [f"{name} is {one} in {labels[0]} and {other} in {labels[1]}" for name, one, other in differing(settings)]
    return f"Settings that differ: {words.listed(pairs)}." if pairs else "The settings of the two builds are the same."


def sentence(found: dict[str, pd.DataFrame], labels: tuple[str, str]) -> str:
    """How many towns changed anything, in how many clusters, and the net change of full members."""
    t = found["totals"].iloc[0]
    listed = "" if t["towns_both"] == t["towns_one"] == t["towns_other"] else " on both lists"
    if t["equal"]:
        return (
            f"No membership differs between {labels[0]} and {labels[1]}: the same {words.towns(t['towns_both'])} have "
            f"the same status in each of {t['clusters_both']} clusters."
        )
    whose = "its" if t["towns_changed"] == 1 else "their"
    count = f"{t['towns_changed']:,}" if t["towns_changed"] else "None"
    where = f"in {counted(t['clusters_changed'], 'cluster')} of {t['clusters_both']}, " if t["towns_changed"] else ""
    net = t["full_other"] - t["full_one"]
    among = net - (t["full_gained"] - t["full_lost"])
    because = f", {signed(among)} of it from towns on one list only" if among else ""
    full = f"{t['full_one']:,} in {labels[0]} and {t['full_other']:,} in {labels[1]} ({signed(net)}{because})"
    full = full if net else f"the same in both, {t['full_one']:,}"
    return (
        f"{count} of the {words.towns(t['towns_both'])}{listed} changed {whose} status, {where}and the number "
        f"of full memberships is {full}."
    )


def signed(number: int) -> str:
    """ "+5" or "−5"."""
    return f"{number:+,}".replace("-", "−")


def counted(number: int, word: str) -> str:
    """ "1 cluster", "3 clusters"."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def cause(row) -> str:
    """What did it, for one row of the verdicts."""
    if row.cause == "missing":
        return "the data became unknown" if pd.isna(row.met_other) else "the data became known"
    if row.cause in ("threshold", "either", "both") and row.average_one != row.average_other:
        return f"{CAUSES[row.cause]} ({row.average_one or 'a number'} → {row.average_other or 'a number'} of the towns)"
    return CAUSES[row.cause]


def criterion(row) -> str:
    """The criterion of a row of the verdicts, in words; both, if they differ."""
    label = row.label_one if row.label_one == row.label_other else f"{row.label_one} → {row.label_other}"
    part = f" ({row.measured})" if row.part else ""
    return f"{row.cluster}{row.criterion}{row.part} {label}{part}"


def values(row) -> tuple[str, str]:
    """ "value A → value B" and "threshold A → threshold B" of a row of the verdicts; flags as yes and no."""
    four = [row.value_one, row.value_other, row.threshold_one, row.threshold_other]
    if {row.rule_one, row.rule_other} <= {"yes", "no"}:
        shown = [{0: "no", 1: "yes"}.get(value, MISSING) for value in four]
    elif row.cause == "rule":  # two quantities: each has its own decimals
        one, other = numbers(four[::2]), numbers(four[1::2])
        shown = [one[0], other[0], one[1], other[1]]
    else:
        shown = numbers(four)
    return tuple(f"{a} → {b}" if a != b else f"{a} in both" for a, b in (shown[:2], shown[2:]))


def did_it(found: dict[str, pd.DataFrame], suffix: str = "") -> dict[tuple[str, str], list]:
    """Rows of the verdicts by town and cluster; those that went the other way are last."""
    rows = found[f"verdicts{suffix}"]
    if "role" in rows:
        rows = rows[rows["role"] != "status unchanged"].sort_values("role", kind="stable")
    grouped: dict[tuple[str, str], list] = {}
    for row in rows.itertuples():
        grouped.setdefault((row.town_code, row.cluster), []).append(row)
    return grouped


def why(row, rows: list) -> list[str]:
    """A line for each criterion that changed a membership."""
    if not rows:
        own = "the cluster's own rule changed" if row.causes == "rule" else CAUSES["unclear"]
        return [f"no verdict on a criterion differs: {own}"]
    lines = []
    for verdict in rows:
        value, limit = values(verdict)
        against = " (this one went the other way)" if getattr(verdict, "role", "") == "went the other way" else ""
        lines.append(f"{criterion(verdict)}: {cause(verdict)}; value {value}, threshold {limit}{against}")
    return lines


def town_list(found: dict[str, pd.DataFrame], labels: tuple[str, str]) -> str:
    """A sentence on the two lists of towns."""
    t = found["totals"].iloc[0]
    if t["towns_both"] == t["towns_one"] == t["towns_other"]:
        return f"The same {words.towns(t['towns_both'])} are on both lists."
    alone = [t[f"towns_{side}"] - t["towns_both"] for side in ("one", "other")]
    told = [f"{count:,} only on that of {label}" for count, label in zip(alone, labels, strict=True) if count]
    return f"{words.towns(t['towns_both'])} are on both lists, {words.listed(told)}."


def by_consequence(found: dict[str, pd.DataFrame]) -> str:
    """A sentence on the changed memberships."""
    moved = found["memberships"]
    if moved.empty:
        return "No town on both lists has another status in a cluster."
    kinds = ["full membership was gained or lost in", "partial membership in", "the status became known or unknown in"]
    counts = [f"{name} {count:,}" for n, name in enumerate(kinds, 1) if (count := (moved["consequence"] == n).sum())]
    return f"{counted(len(moved), 'membership')} changed: {words.listed(counts)}."


def group_words(found: dict[str, pd.DataFrame], labels: tuple[str, str]) -> str:
    """A sentence on the groups of similar towns."""
    if found["groups"].empty:
        return "The groups of similar towns could not be compared."
    g = next(found["groups"].itertuples())
    index = f"adjusted Rand index {g.adjusted_rand:.2f} over {words.towns(g.towns)}"
    if g.adjusted_rand == 1:
        return f"The {g.groups_one} groups of similar towns hold the same towns ({index})."
    return (
        f"The groups of similar towns differ: {g.groups_one} in {labels[0]}, {g.groups_other} in {labels[1]} "
        f"({index}; 1 means the same groups, about 0 no more alike than by chance)."
    )


def difference(row) -> str:
    """How a table differs, in a few words."""
    told = [f"{counted(row.differ, 'cell')} of {row.cells:,} differ"] if row.differ else []
    if row.differ == 1:
        told = [f"1 cell of {row.cells:,} differs"]
    for side in ("one", "other"):
        if getattr(row, f"only_{side}"):
            told.append(f"{counted(getattr(row, f'only_{side}'), 'row')} only in {{{side}}}")
        if getattr(row, f"columns_{side}"):
            told.append(f"columns only in {{{side}}}")
    return "; ".join(told)


def labelled(text: str, labels: tuple[str, str]) -> str:
    """A text in which ``{one}`` and ``{other}`` stand for the labels."""
    return text.replace("{one}", labels[0]).replace("{other}", labels[1])


def summary(found: dict[str, pd.DataFrame], labels: tuple[str, str], settings: tuple[dict, dict] | None) -> str:
    """The comparison for a terminal."""
    lines = [f"{labels[0]} → {labels[1]}", sentence(found, labels), about_settings(settings, labels)]
    lines += [town_list(found, labels), *_first_memberships(found)]
    criteria = found["criteria"].head(TOP // 2)
    if len(criteria):
        lines.append("Criteria that changed their verdict on most towns:")
        lines += [f"  {r.cluster}{r.criterion} {r.label}: {words.towns(r.flips)}" for r in criteria.itertuples()]
    full = found["clusters"][found["clusters"]["membership"] == "full"].dropna(subset=["gained"])
    full = full[full[["gained", "lost", "left", "joined"]].sum(axis=1) > 0]
    if len(full):
        lines.append("Full members:")
        lines += [f"  {r.cluster} {r.name}: {r.one:,} → {r.other:,} ({_moves(r)})" for r in full.itertuples()]
    numbers_ = [counted(len(found[name]), name[:-1]) for name in ("indicators", "thresholds")]
    lines += [f"Values of {words.listed(numbers_)} differ.", group_words(found, labels)]
    lines += _tables(found, labels)
    if len(found["memberships_elections"]):
        lines.append(f"Ward elections (CC BY-SA 3.0): {open_criteria(found)}")
    lines.append("Not compared:")
    lines += [f"  {labelled(f'{row.what}: {row.why}', labels)}." for row in found["not_compared"].itertuples()]
    return "\n".join(lines)


def open_criteria(found: dict[str, pd.DataFrame]) -> str:
    """A sentence on the criteria from ward elections."""
    count = found["memberships_elections"]["town_code"].nunique()
    return f"{words.towns(count)} {'meets' if count == 1 else 'meet'} another number of the open criteria."


def _moves(row) -> str:
    """Full members of a cluster that came and went."""
    moves = [f"{row.gained:,} gained", f"{row.lost:,} lost"]
    moves += [f"{count:,} {how} the list" for count, how in ((row.left, "left"), (row.joined, "joined")) if count]
    return ", ".join(moves)


def _first_memberships(found: dict[str, pd.DataFrame]) -> list[str]:
    lines, moved, reasons = [by_consequence(found)], found["memberships"], did_it(found)
    for row in moved.head(TOP).itertuples():
        lines.append(f"  {row.rank}. {row.town_name}, {row.cluster} {row.name}: {row.status_one} → {row.status_other}")
        lines += [f"     {line}" for line in why(row, reasons.get((row.town_code, row.cluster), []))]
    if len(moved) > TOP:
        lines.append(f"  … and {len(moved) - TOP:,} more.")
    return lines


def _tables(found: dict[str, pd.DataFrame], labels: tuple[str, str]) -> list[str]:
    frame = found["tables"]
    same = (frame["result"] == "identical").sum()
    lines = [f"Of the tables, {same} are identical."]
    for row in frame[frame["result"] == "differs"].itertuples():
        lines.append(f"  {row.table}.csv: {labelled(difference(row), labels)}")
    return lines


def as_json(found: dict[str, pd.DataFrame], labels: tuple[str, str], settings: tuple[dict, dict] | None) -> str:
    """Everything, for programs: the tables of :func:`towns_index.compare.compare` as lists of records."""
    records = {name: json.loads(frame.to_json(orient="records", double_precision=15)) for name, frame in found.items()}
    not_compared = [{key: labelled(text, labels) for key, text in row.items()} for row in records["not_compared"]]
    head = {
        "labels": {"one": labels[0], "other": labels[1]},
        "sentence": sentence(found, labels),
        "settings_known": settings is not None,
        "settings_that_differ": [dict(zip(("name", "one", "other"), row, strict=True)) for row in differing(settings)],
        "totals": records.pop("totals")[0],
        "licences": {"tables whose names end in _elections": "CC-BY-SA-3.0", "other tables": "OGL-UK-3.0"},
    }
    return json.dumps(head | records | {"not_compared": not_compared}, ensure_ascii=False, indent=1)
