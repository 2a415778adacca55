"""The audit's receipt as tables for a reader."""

import pandas as pd

from towns_index import sources
from towns_index.audit_rules import COUNTRIES

TOPICS = {
    "towns": "Towns",
    "geography": "Areas and how they nest",
    "population": "Population",
    "census 2021": "Census 2021",
    "census 2011": "Census 2011",
    "earlier censuses": "Censuses before 2011",
    "deprivation": "Deprivation",
    "economy": "Work, pay and incomes",
    "housing": "Housing",
    "health": "Health",
    "migration": "Asylum",
    "politics": "Elections and the referendum",
    "places": "Pubs, heritage and connections",
}


def cards(receipt: pd.DataFrame, topic: str) -> pd.DataFrame:
    """One card a file of a topic: what it is, what it covers, what the rules found.

    Parameters
    ----------
    receipt : pandas.DataFrame
        From :func:`towns_index.audit.receipt`.
    topic : str
        One of :data:`TOPICS`.

    Returns
    -------
    pandas.DataFrame
        Rows of the file; areas of England and of Wales found and expected; blank cells where there
        should be none; towns reached; rules and failures.
    """
    rows = []
    for file_id, entry in sources.used().items():
        if entry["topic"] != topic:
            continue
        mine = receipt[receipt.file == file_id]
        if mine.empty:
            continue
        outcome = mine.drop_duplicates("rule").set_index("rule")
        found = outcome["found"]
        rows.append(
            {
                "File": file_id.replace("/", " / "),
                "Vintage": entry["vintage"],
                "Rows": found.get("rows", ""),
                "Repeated keys": _of_rule(outcome, "unique key", "failures"),
                **{name: _covered(outcome, name) for name in COUNTRIES.values()},
                "Blank": _of_rule(outcome, "missing cells", "failures"),
                "Towns reached": found.get("towns reached", ""),
                "Rules": len(mine),
                "Failed": int((~mine.passed.astype(bool)).sum()),
                "Licence": entry["licence"],
            }
        )
    return pd.DataFrame(rows)


def _of_rule(outcome: pd.DataFrame, beginning: str, column: str) -> str:
    asked = outcome[outcome.index.str.startswith(beginning)]
    return str(asked[column].iloc[0]) if len(asked) else ""


def _covered(outcome: pd.DataFrame, name: str) -> str:
    """Areas found, and of how many if some are absent."""
    rule = f"coverage: {name}"
    if rule not in outcome.index:
        return ""
    row = outcome.loc[rule]
    found = row["found"].split(";")[0]
    return found if row["failures"] == 0 else f"{found} of {row['expected']}"


def totals(receipt: pd.DataFrame) -> pd.DataFrame:
    """What each file adds up to, beside what its publisher states."""
    return _rules(receipt, "total: ", {"rule": "Official total", "expected": "Published", "found": "In the file"})


def agreements(receipt: pd.DataFrame) -> pd.DataFrame:
    """Numbers that two files hold, compared area by area."""
    return _rules(
        receipt,
        "agreement: ",
        {"rule": "Compared", "rows_examined": "Areas", "expected": "Allowed", "found": "Found"},
    )


def _rules(receipt: pd.DataFrame, beginning: str, columns: dict[str, str]) -> pd.DataFrame:
    rows = receipt[receipt.rule.str.startswith(beginning)].copy()
    rows["rule"] = rows["rule"].str.removeprefix(beginning)
    rows["Passed"] = rows["passed"].astype(bool).map({True: "yes", False: "no"})
    return rows[["file", *columns, "Passed"]].rename(columns={"file": "File", **columns}).reset_index(drop=True)


def known_faults(receipt: pd.DataFrame) -> pd.DataFrame:
    """Rules that fail for a reason that is registered."""
    rows = receipt[receipt.known_fault.notna()]
    names = {"file": "File", "rule": "Rule", "failures": "Failures", "known_fault": "Because"}
    return rows[list(names)].rename(columns=names).reset_index(drop=True)


def summary(receipt: pd.DataFrame) -> pd.DataFrame:
    """How many rules passed, failed for a registered reason, or failed: by topic."""
    topic = receipt.file.map(lambda name: sources.file(name)["topic"])
    passed = receipt.passed.astype(bool)
    known = ~passed & receipt.known_fault.notna()
    table = pd.DataFrame(
        {
            "Files": receipt.groupby(topic)["file"].nunique(),
            "Rules": receipt.groupby(topic).size(),
            "Passed": passed.groupby(topic).sum(),
            "Known faults": known.groupby(topic).sum(),
            "Failed": (~passed & ~known).groupby(topic).sum(),
        }
    ).reindex([name for name in TOPICS if name in set(topic)])
    table.loc["all"] = table.sum()
    return table.rename(index=TOPICS).rename_axis("Topic").reset_index()


def not_used() -> pd.DataFrame:
    """Sources that are registered and left out, with the reason."""
    rows = {
        entry["source"]: {"Source": entry["title"], "Publisher": entry["publisher"], "Why": entry["not_used_because"]}
        for entry in sources.register().values()
        if not entry["used"]
    }
    return pd.DataFrame(rows.values(), columns=["Source", "Publisher", "Why"])
