"""The lines of ``definitions/assumptions.csv``, and what can be wrong with them."""

import pandas as pd

from towns_index import clusters, paths

FIELDS = ("indicator", "rule", "threshold", "comparator", "combine", "gate")
KINDS = ("towns", "areas", "average", "parameter", "criterion", "alternative", "leave_out", "partial", "assessed", "none")
AVERAGES = ("mean", "median", "trimmed", "residents")
SETTINGS = ("average", "deprivation_fourth")


class BadAssumption(ValueError):
    """The ledger holds something that cannot be carried out, or lacks a line."""


def definitions() -> pd.DataFrame:
    """Lines of ``definitions/assumptions.csv``."""
    return pd.read_csv(paths.DEFINITIONS / "assumptions.csv", keep_default_na=False, dtype=str)


def lines_of(target: str, criteria: pd.DataFrame) -> pd.Series:
    """Which lines of the criteria a target names.

    ``B`` is a cluster, ``B3`` a criterion, ``L1c`` a part of one; ``*`` is every line that compares with an average;
    nothing is every line.
    """
    if target == "":
        return pd.Series(True, index=criteria.index)
    if target == "*":
        return criteria["rule"].isin(["above_mean", "below_mean"])
    names = [criteria["cluster"], criteria["cluster"] + criteria["criterion"]]
    names.append(names[1] + criteria["part"])
    return pd.concat([name == target for name in names], axis=1).any(axis=1)


def mistakes(lines: pd.DataFrame, criteria: pd.DataFrame, indicators: list[str], others: pd.DataFrame, lists: list[str]) -> list[str]:
    """Everything wrong in the ledger, in plain words; empty if nothing is.

    Parameters
    ----------
    lines : pandas.DataFrame
        As from :func:`definitions`.
    criteria : pandas.DataFrame
        Lines of ``criteria.csv``.
    indicators : list of str
        Names of the indicators.
    others : pandas.DataFrame
        As from :func:`uncertainty.alternatives`.
    lists : list of str
        Names of the town lists in ``town_lists.csv``.
    """
    found = [f"line {name}: there are two lines with this id" for name in lines.loc[lines["id"].duplicated(), "id"]]
    allowed = {
        "towns": lists, "areas": ["whole"], "average": AVERAGES, "partial": ["none", "full"], "assessed": ["4"],
        "leave_out": [""], "none": [""],
    }  # fmt: skip
    for row in lines.itertuples():
        where = f"line {row.id}"
        if row.kind not in KINDS:
            found.append(f"{where}: kind {row.kind!r} is not one of {', '.join(KINDS)}")
            continue
        if row.evidence not in clusters.EVIDENCE:
            found.append(f"{where}: evidence {row.evidence!r} is not one of {', '.join(clusters.EVIDENCE)}")
        if not lines_of(row.target, criteria).any():
            found.append(f"{where}: criteria.csv has no line {row.target!r}; write B, B3, L1c, * or nothing")
        if row.kind in allowed and row.value not in allowed[row.kind]:
            words = ", ".join(allowed[row.kind]) or "empty"
            found.append(f"{where}: the value of the kind {row.kind} must be {words}, not {row.value!r}")
        if row.kind in ("alternative", "leave_out") and not (row.target and row.target != "*"):
            found.append(f"{where}: the kind {row.kind} needs a target such as B3")
        if row.kind == "alternative" and not len(option_of(row, others)):
            found.append(f"{where}: alternatives.csv has no option {row.value!r} for {row.target}")
        if row.kind == "criterion":
            found += [f"{where}: {problem}" for problem in _bad_fields(row.value, indicators)]
        if row.kind == "parameter" and row.value.partition("=")[0] not in SETTINGS:
            found.append(f"{where}: the kind parameter takes {' or '.join(SETTINGS)}, not {row.value!r}")
        if (row.kind == "none") == (row.not_computed == ""):
            found.append(f"{where}: give a reason in not_computed if the kind is none, and only then")
        if not (row.assumption and row.reason and (row.instead or row.kind == "none")):
            found.append(f"{where}: assumption, reason and, if it is computed, instead must hold words")
    return found + _absent(lines, criteria, others)


def _absent(lines: pd.DataFrame, criteria: pd.DataFrame, others: pd.DataFrame) -> list[str]:
    """Stand-ins and alternatives that no line of the ledger is about."""
    about = set(lines["target"])
    found = []
    for row in criteria[criteria["stands_in_for"] != ""].itertuples():
        names = {f"{row.cluster}{row.criterion}{row.part}", f"{row.cluster}{row.criterion}"}
        if not names & about:
            found.append(f"criteria.csv says that {min(names)} stands in for something, and no line is about it; add one")
    varied = set(zip(lines["target"], lines["value"]))
    for row in others.itertuples():
        target = f"{row.cluster}{row.criterion}{row.part}"
        if (target, row.option) not in varied:
            found.append(f"alternatives.csv offers {row.option!r} for {target}, and no line tries it; add one")
    return found


def _bad_fields(value: str, indicators: list[str]) -> list[str]:
    """What is wrong with ``field=value; field=value``."""
    rules = {"rule": clusters.RULES, "comparator": clusters.COMPARATORS, "indicator": indicators, "combine": ("all", "any"), "gate": ("", "yes")}
    found = []
    for name, text in fields_of(value):
        if name not in FIELDS:
            found.append(f"{name!r} is not a field that can be changed: {', '.join(FIELDS)}")
        elif name in rules and text not in rules[name]:
            near = clusters.nearest(text, list(rules[name]))
            found.append(f"{name} cannot be {text!r}{near}")
    return found


def fields_of(value: str) -> list[tuple[str, str]]:
    """Fields and their values in ``field=value; field=value``."""
    return [(name.strip(), text.strip()) for name, _, text in (pair.partition("=") for pair in value.split(";"))]


def option_of(row, others: pd.DataFrame) -> pd.DataFrame:
    """Line of ``alternatives.csv`` that a line of the ledger tries; empty if there is none."""
    names = others["cluster"] + others["criterion"] + others["part"]
    return others[(names == row.target) & (others["option"] == row.value)]


def require(lines: pd.DataFrame, criteria: pd.DataFrame, indicators: list[str], others: pd.DataFrame, lists: list[str]) -> None:
    """Refuse a ledger with mistakes, naming all of them (:class:`BadAssumption`)."""
    found = mistakes(lines, criteria, indicators, others, lists)
    if found:
        raise BadAssumption("definitions/assumptions.csv has mistakes:\n  " + "\n  ".join(found))
