"""Areas as the audit sees them: which there are, and which towns they reach.

A join here only says whether an area reaches a town at all. How much of it lies there is worked out
in the stage "towns".
"""

import gzip
import tomllib
from functools import lru_cache

import geopandas as gpd
import pandas as pd

from towns_index import paths, read, sources
from towns_index.audit_rules import COUNTRIES, Outcome

WHOLE_OF = {"E": ["E"], "W": ["W"], "E+W": ["E", "W"], "GB": ["E", "W"], "UK": ["E", "W"]}


class BadRules(Exception):
    """``definitions/audit_rules.toml`` names something that does not exist."""


@lru_cache(maxsize=1)
def rules() -> dict:
    """Kinds of area and agreements of ``definitions/audit_rules.toml``, checked against the register."""
    with open(paths.DEFINITIONS / "audit_rules.toml", "rb") as stream:
        document = tomllib.load(stream)
    kinds = document["geography"]
    named = [row["file"] for kind in kinds.values() for row in kind["lists"]]
    named += [row[side]["file"] for row in document["agreement"] for side in ("left", "right")]
    problems = [f"no such file {name}" for name in named if name not in sources.register()]
    problems += [
        f"{entry['id']}: no such geography {entry['geography']}"
        for entry in sources.register().values()
        if entry.get("geography", "OA21") not in kinds
    ]
    if problems:
        raise BadRules("audit_rules.toml and sources.toml disagree:\n  " + "\n  ".join(problems))
    return document


@lru_cache(maxsize=None)
def universe(kind: str) -> frozenset[str]:
    """Codes of all areas of a kind in England and Wales."""
    codes: set[str] = set()
    for row in rules()["geography"][kind]["lists"]:
        codes |= codes_in(_listed(row)[row["area"]])
    letters = {"E", "W", *_also(kind)}
    return frozenset(code for code in codes if code[0] in letters)


@lru_cache(maxsize=None)
def areas_of(kind: str, letter: str) -> frozenset[str]:
    """Codes of all areas of a kind in one country."""
    also = _also(kind)
    return frozenset(code for code in universe(kind) if also.get(code[0], code[0]) == letter)


def codes_in(column: pd.Series) -> frozenset[str]:
    """The different codes of a column."""
    return frozenset(column.dropna().astype(str).to_numpy())  # a set finds repeats quicker than pandas


@lru_cache(maxsize=None)
def town_areas(kind: str) -> dict[str, frozenset[str]]:
    """The areas of a kind that reach each town: the rows of :func:`towns_of` by town."""
    pairs = towns_of(kind)
    return {town: frozenset(areas) for town, areas in pairs["area"].astype(object).groupby(pairs["town"])}


@lru_cache(maxsize=None)
def towns_of(kind: str) -> pd.DataFrame:
    """Pairs of an area of a kind and a town that it reaches, in columns ``area`` and ``town``."""
    found = [_pairs(row) for row in rules()["geography"][kind]["lists"] if {"town", "part"} & row.keys()]
    if not found:
        return pd.DataFrame({"area": [], "town": []})
    return pd.concat(found, ignore_index=True).drop_duplicates()


def _pairs(row: dict) -> pd.DataFrame:
    listed = _listed(row)
    if "town" in row:
        return pd.DataFrame({"area": listed[row["area"]], "town": listed[row["town"]]})
    whole = pd.DataFrame({"whole": listed[row["area"]], "area": listed[row["part"]]})
    joined = whole.merge(towns_of(row["of"]), on="area")
    return joined[["whole", "town"]].rename(columns={"whole": "area"})


def _listed(row: dict) -> pd.DataFrame:
    frame = read.table(row["file"])
    columns = [row[name] for name in ("area", "part", "town") if name in row]
    read.require_columns(frame, columns, row["file"])
    return frame[frame[row["area"]].astype(str).str.startswith(row["starts"])] if "starts" in row else frame


def _also(kind: str) -> dict[str, str]:
    return rules()["geography"][kind].get("also", {})


@lru_cache(maxsize=1)
def outlines() -> gpd.GeoDataFrame:
    """Outlines of the towns, with their code in ``TOWN11CD``."""
    entry = sources.file("oa21-bua11-onsvisual/towns1186_polygons_simplified")
    with gzip.open(read.existing(paths.raw(), entry)) as stream:
        return gpd.read_file(stream)


# --- rules ----------------------------------------------------------------------------------------


def as_counted(kind: str) -> list[Outcome]:
    """There are as many areas of a kind as the publisher says, in each country."""
    outcomes = []
    for letter, expected in rules()["geography"][kind]["count"].items():
        found = len(areas_of(kind, letter))
        label = f"number of areas: {COUNTRIES[letter]}"
        outcomes.append(Outcome(label, found, abs(found - expected), f"{expected:,}", f"{found:,}"))
    return outcomes


def in_areas(rows: pd.DataFrame, entry: dict) -> list[Outcome]:
    """Outcomes of the rules about areas and towns for the rows of one file."""
    if "points" in entry:
        return [towns_with_a_point(rows, entry)]
    if "geography" not in entry:
        return []
    kind = entry["geography"]
    keys = codes_in(rows[entry["key"]])
    whole_of = entry.get("whole_of", WHOLE_OF[entry["coverage"]])
    return [
        *(covered(keys, kind, letter) for letter in whole_of),
        *([only_known(keys, kind)] if rules()["geography"][kind]["prefixes"] else []),
        *([towns_reached(keys, kind, entry, whole_of)] if town_areas(kind) else []),
    ]


def covered(keys: frozenset[str], kind: str, letter: str) -> Outcome:
    """Every area of a country is there."""
    asked = areas_of(kind, letter)
    absent = sorted(asked - keys)
    found = f"{len(asked) - len(absent):,}" + (f"; first absent {absent[0]}" if absent else "")
    return Outcome(f"coverage: {COUNTRIES[letter]}", len(asked), len(absent), f"{len(asked):,}", found)


def only_known(keys: frozenset[str], kind: str) -> Outcome:
    """Every code that looks like one of the kind is one."""
    prefixes = tuple(rules()["geography"][kind]["prefixes"])
    strange = sorted(code for code in keys - universe(kind) if code.startswith(prefixes))
    found = f"{len(strange)} unknown" + (f"; first {strange[0]}" if strange else "")
    return Outcome("known areas", len(keys), len(strange), "0 unknown", found)


def towns_reached(keys: frozenset[str], kind: str, entry: dict, whole_of: list[str]) -> Outcome:
    """As many of the towns are reached as registered, by default all of the countries covered."""
    # Most towns are settled by the first of their areas, so this looks at a few codes of many.
    reached = sum(not areas.isdisjoint(keys) for areas in town_areas(kind).values())
    count = rules()["geography"]["TOWN11"]["count"]
    expected = entry.get("towns", sum(count[letter] for letter in whole_of or count))
    return _towns(reached, expected, len(keys))


def towns_with_a_point(rows: pd.DataFrame, entry: dict) -> Outcome:
    """As many towns hold a point of the file as registered."""
    longitude, latitude = (pd.to_numeric(rows[name], errors="coerce") for name in entry["points"])
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(longitude, latitude), crs=4326)
    inside = gpd.sjoin(points[longitude.notna().to_numpy()], outlines(), predicate="within")
    return _towns(inside["TOWN11CD"].nunique(), entry["towns"], len(points))


def _towns(found: int, expected: int, examined: int) -> Outcome:
    return Outcome("towns reached", examined, abs(found - expected), f"{expected:,}", f"{found:,}")
