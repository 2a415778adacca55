"""Where a number of the report may stand: in cells of the tables, and in counts made of their rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from towns_index import clusters, paths, store, tables
from towns_index.why.results import Results, known

INSIDE = ["full", "partial"]
TESTED = ["full", "partial", "not"]
# Which tables come first when a number stands in many: those that the report's sentences rest on.
ORDER = [
    "index", "fidelity", "named_towns", "check_values", "memberships", "criteria met", "groups", "group_evidence",
    "group_profiles", "audit", "reconciliation", "figures of the report", "other figures", "towns", "crosswalk",
    "indicators", "indicators_elections", "criteria", "criteria_elections", "measures", "measures_elections",
]  # fmt: skip
COUNTED_ONLY = ["memberships", "named_towns", "groups", "audit"]  # their cells by themselves say little
NUMBER = r"[+\-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"


@dataclass(frozen=True)
class Asked:
    """A number as it stands in the report."""

    text: str
    value: float
    digits: int
    percent: bool
    of: float | None

    def shows(self, value) -> bool:
        """Whether a value is shown as this number when it is rounded to its digits."""
        return value is not None and f"{value:.{self.digits}f}" == f"{self.value:.{self.digits}f}"


def asked(text: str) -> Asked | None:
    """A number, "A of B" or a percentage; None for anything else, such as the name of a town."""
    found = re.fullmatch(rf"\s*({NUMBER})\s*(%?)(?:\s+of\s+(\d[\d,]*))?\s*", text)
    if not found:
        return None
    number = found[1].replace(",", "").replace("−", "-")
    digits = len(number.partition(".")[2])
    of = float(found[3].replace(",", "")) if found[3] else None
    return Asked(text.strip(), float(number), digits, bool(found[2]), of)


# --- where a number may stand -----------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """One number of the results: a cell of a table, or a count made of its rows.

    Attributes
    ----------
    kind : str
        One of :data:`ORDER`.
    file : str
        The table, as a path from the results' folder.
    row : dict
        What identifies the row, or what is counted.
    of : tuple of float
        The number of which it is a part, where there is one; several if the report uses several.
    """

    kind: str
    file: str
    column: str
    row: dict
    words: str  # empty for a cell, whose words are its column and row
    value: float
    of: tuple = ()


def counted(r: Results) -> Iterator[Place]:
    """The counts that sentences of the report are made of: towns, members, named towns, criteria met, groups, audit."""
    listed = _file("towns")
    yield Place("index", listed, "in_index", {"in_index": True}, "towns of the index", len(r.index), (len(r.towns),))
    yield Place("index", listed, "town_code", {}, "towns on the list", len(r.towns))
    for column in ("nation", "region", "size_class"):
        for name, value in r.index[column].value_counts().items():
            text = f"towns of the index, {column.replace('_', ' ')} {name}"
            yield Place("towns", listed, column, {column: name}, text, int(value), (len(r.index),))
    for row in store.read("fidelity").dropna(subset=["published_full", "difference"]).itertuples():
        text = f"per cent by which the rebuilt size of {r.cluster_name(row.cluster)} differs from the published one"
        ratio = 100 * (row.full / row.published_full - 1)
        yield Place("fidelity", _file("fidelity"), "difference (%)", {"cluster": row.cluster}, text, ratio)
    yield from _named(store.read("named_towns"))
    yield from _members(r)
    yield from _criteria_met(r)
    groups = store.read("groups")
    for (number, name, stability), mine in groups.groupby(["group", "group_name", "group_stability"]):
        which, text = {"group": int(number)}, f"group {number} of similar towns ({name[0].lower()}{name[1:]})"
        yield Place("groups", _file("groups"), "group", which, f"towns in {text}", len(mine), (len(groups),))
        yield Place("groups", _file("groups"), "group_stability", which, f"stability of {text}", float(stability))
    passed = store.read("audit")["passed"].astype("boolean")
    for name, value in (("passed", passed.sum()), ("failed", (~passed).sum()), ("checked", len(passed))):
        text = f"rules of the audit {name}"
        yield Place("audit", _file("audit"), "passed", {"rules": name}, text, int(value), (len(passed),))


def _file(name: str) -> str:
    return f"data/processed/{name}.csv"


def _named(named: pd.DataFrame) -> Iterator[Place]:
    tested = named["found"].isin(TESTED)
    inside = named["found"].isin(INSIDE)
    sets = {
        "named memberships found, in full or partially": inside,
        "named memberships found in full": named["found"] == "full",
        "named memberships found partially": named["found"] == "partial",
        "named memberships not found": named["found"] == "not",
        "named memberships that can be assessed": tested,
        "named memberships": named["found"].notna(),
    }
    for text, chosen in sets.items():
        of = (len(named),) if text.endswith("assessed") else (int(tested.sum()), len(named))
        which = {"counted": sorted(set(named.loc[chosen, "found"]))}
        yield Place("named_towns", _file("named_towns"), "found", which, text, int(chosen.sum()), of)


def _members(r: Results) -> Iterator[Place]:
    for letter, mine in r.members.groupby("cluster"):
        assessed = int((mine["status"] != "not_assessed").sum())
        for status, held in mine["status"].value_counts().items():
            text = f"{STATUS[status]} of {r.cluster_name(letter)}"
            which, of = {"cluster": letter, "status": status}, (len(mine), assessed)
            yield Place("memberships", _file("memberships"), "status", which, text, int(held), of)


STATUS = {
    "full": "towns that meet every criterion (full members)",
    "partial": "towns that meet all criteria but one (partial members)",
    "none": "towns that are not members",
    "not_assessed": "towns that could not be assessed for membership",
}


def _criteria_met(r: Results) -> Iterator[Place]:
    for row in clusters.criterion_shares(r.judged, r.lines).itertuples():
        which = {"cluster": row.cluster, "criterion": row.criterion}
        text = f"criterion {row.cluster}{row.criterion}, {row.label[0].lower()}{row.label[1:]}"
        of = (row.assessed, len(r.index))
        yield Place("criteria met", _file("criteria"), "met", which, f"towns that meet {text}", row.met, of)
        if row.assessed:
            text = f"per cent of assessed towns that meet {text}"
            yield Place("criteria met", _file("criteria"), "met (%)", which, text, 100 * row.share)


def cells(r: Results, wanted: Asked) -> Iterator[Place]:
    """Cells of the published tables and of the tables behind the report's figures that show the number."""
    for name, entry in store.outputs().items():
        if name not in ORDER or name in COUNTED_ONLY or not store.path(name).is_file():
            continue
        frame = store.read(name)
        if wanted.percent:
            frame = frame[[column for column in frame if column in entry["key"] or _is_share(r, name, column)]]
        for index, column, value in _matching(frame, wanted, entry["key"]):
            row = {key: known(frame.at[index, key]) for key in entry["key"]}
            yield Place(name, _file(name), column, row, "", value)
    for path in sorted((paths.reports() / "figures").rglob("*.csv")):
        frame = tables.read_csv(path)
        file = path.relative_to(paths.out()).as_posix()
        kind = "figures of the report" if "090_report" in file else "other figures"
        first = frame.columns[0]
        for index, column, value in _matching(frame, wanted, [first]):
            row = {first: known(frame.at[index, first])}
            yield Place(kind, file, column, row, f"figure {path.stem}: {column}, {row[first]}", value)


def _is_share(r: Results, name: str, column: str) -> bool:
    """Whether a column may hold percentages or shares, by its unit in the dictionary."""
    key = (f"{name}.csv", column)
    unit = r.dictionary.loc[key, "unit"] if key in r.dictionary.index else ""
    mixed = ("percentage points", "0 to 1", "as the indicator", "see unit")
    return unit.startswith("%") or unit in mixed or name == "check_values"


def _matching(frame: pd.DataFrame, wanted: Asked, keys: list[str]) -> Iterator[tuple]:
    """Row, column and value of the cells that show the number; of shares also as a percentage."""
    reach = 0.51 * 10.0**-wanted.digits
    for column in frame.columns.difference(keys, sort=False):
        if pd.api.types.is_bool_dtype(frame[column]):
            continue
        numbers = pd.to_numeric(frame[column], errors="coerce").astype("float64")
        if wanted.percent and numbers.abs().max() <= 1:
            numbers = 100 * numbers
        for index, value in numbers[(numbers - wanted.value).abs() <= reach].items():
            if wanted.shows(value):
                yield index, column, int(value) if value.is_integer() else value


def in_words(r: Results, place: Place) -> str:
    """What a number is, in words."""
    key = (place.file.rpartition("/")[2], place.column)
    label = r.dictionary.loc[key, "label"] if key in r.dictionary.index else place.column
    return place.words or f"{label}: {row_words(r, place.row)}"


def row_words(r: Results, row: dict) -> str:
    """A row in words: towns and clusters by name."""
    told = []
    for key, value in row.items():
        if key == "town_code":
            told.append(r.town_name(value))
        elif key == "cluster":
            told.append(f"cluster {r.cluster_name(value)}")
        else:
            told.append(f"{key.replace('_', ' ')} {value}")
    return ", ".join(told)


def places(r: Results, wanted: Asked) -> list[Place]:
    """Everything that shows the number, most relevant first; for "A of B" only what is a part of B."""
    found = [place for place in counted(r) if wanted.shows(place.value)]
    if wanted.percent:
        found = [place for place in found if place.column.endswith("(%)")]
    if wanted.of is not None:
        found = [place for place in found if wanted.of in place.of]
    else:
        found += cells(r, wanted)
    whole = wanted.digits == 0 and not wanted.percent  # a whole number is more likely a count than a rounded value

    def relevance(place: Place) -> tuple:
        exact = place.value == wanted.value
        return whole and not exact, ORDER.index(place.kind), not exact

    return sorted(found, key=relevance)
