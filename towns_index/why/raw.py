"""The trace of a measure: which areas, which file, which rows, and the value worked out again from them.

Measures that are read from one table of areas in one way share a *reading*. A reading follows
``definitions/measures.csv`` and ``definitions/tables.toml``, so that a new measure needs nothing here.
"""

import numpy as np
import pandas as pd

from towns_index import geography, measures, paths, read, sources, special, words
from towns_index import towns as town_table
from towns_index.why.results import Results, known, same
from towns_index.why.rows import LARGEST, cells_of, nearest_points, rows_of, used

FETCH = (
    "The raw files are not here, so their rows cannot be shown. Fetch them with `python run_all.py fetch`, or see "
    "data/raw/README.md."
)
HOW = {
    "sum": "Counts are added up: of each area's count the town takes the share of the area's residents who live in it.",
    "mean": "The mean of the areas' values over the residents of the town; areas without a value are left out.",
    "mean of a base": "The mean of the areas' values, weighted by a base of their own, as far as it lies in the town.",
    "town": "Published for the town itself: its row is read as it stands.",
    "nearby": f"The mean of the areas within {special.NEARBY_KM} km of the middle of the town's residents, over the "
    "people who live there outside the town.",
    "function": "Worked out by a function of its own (towns_index/special.py) from all areas or points of the file.",
    "fact": "A fact about the town: it is on the list named below, or it is not.",
}
WAY = ["table", "aggregate", "weight"]  # measures that share these share a reading
# The one flag that is read from a raw file: where it stands, and in which column.
COAST = {"coastal": ("ons-towns-education/data", "TOWN11CD", "COASTAL")}


def state() -> dict:
    """Whether raw rows can be shown, and how to get them otherwise."""
    there = paths.start() == "raw"
    return {"there": there, "how_to_get": "" if there else FETCH}


def readings(names: list[str], code: str, r: Results) -> list[dict]:
    """How each measure of a town was read: one entry for the measures that share a table and a way.

    Parameters
    ----------
    names : list of str
        Measures, or flags of ``towns.csv``.
    code : str
        The town.
    r : Results
        For the published values.
    """
    flags = [name for name in names if name in (*town_table.FLAGS, "coastal")]
    lines = measures.definitions()[lambda frame: frame["measure"].isin(names)]
    ways = {key: part for key, part in lines.groupby(WAY, sort=False)}
    held = {key: _held(part, code) for key, part in ways.items()}
    in_force = _in_force(lines, held, r.towns.loc[code, "nation"])
    found = [_reading(part.loc[part.index.isin(in_force)], held[key], code, r) for key, part in ways.items()]
    return [made for made in found if made] + [_flag(name, code, r) for name in flags]


def _in_force(lines: pd.DataFrame, held: dict, nation: str) -> list:
    """Of each measure the line that counts, by its index in the definitions.

    A measure may have one line a nation; the first that has a value for the town counts. Where no value
    is at hand it is the line whose file covers the town's nation.
    """
    chosen = []
    for name, mine in lines.groupby("measure", sort=False):
        valued = [row.Index for row in mine.itertuples() if held[_way(row)]["again"].get(name) is not None]
        covering = [row.Index for row in mine.itertuples() if nation[0] in _countries(row.file)]
        chosen.append([*valued, *covering, mine.index[0]][0])
    return chosen


def _way(line) -> tuple:
    return tuple(getattr(line, column) for column in WAY)


def _countries(file) -> str:
    """Initials of the countries of which a raw file has all areas, or should have."""
    entry = sources.file(file if isinstance(file, str) else file[0])
    covers = "".join(entry.get("whole_of") or [entry["coverage"]])
    return {"UK": "EW", "GB": "EW"}.get(covers, covers)


def _held(lines: pd.DataFrame, code: str) -> dict:
    """What the raw files hold for some lines that share a way; nothing without them."""
    nothing = {"areas": None, "points": None, "again": {}, "problem": ""}
    if paths.start() != "raw":
        return nothing
    try:
        return nothing | _from_raw(lines, code)
    except read.UnreadableFile as error:
        return nothing | {"problem": str(error)}


def _reading(lines: pd.DataFrame, held: dict, code: str, r: Results) -> dict:
    """The reading of some measures, or nothing if none of them counts."""
    if not len(lines):
        return {}
    told = [_measure(line, code, held["again"].get(line.measure), r) for line in lines.itertuples()]
    return _described(lines) | {"measures": told} | {name: held[name] for name in ("areas", "points", "problem")}


def _described(lines: pd.DataFrame) -> dict:
    line = lines.iloc[0]
    entry = measures.tables()[line["table"]]
    aggregate = "mean of a base" if line["aggregate"] == "mean" and line["weight"] else line["aggregate"]
    return {
        "table": line["table"],
        "definition": f"definitions/tables.toml, [{line['table']}]",
        "geography": line["geography"],
        "level": line["level"],
        "vintage": line["vintage"],
        "aggregate": line["aggregate"],
        "weight": line["weight"],
        "how": HOW[aggregate],
        "rules": _rules(entry),
        "files": line["file"] if isinstance(line["file"], list) else [line["file"]],
        "facts": [],
    }


def _rules(entry: dict) -> list[str]:
    """In words, what ``definitions/tables.toml`` does with the rows of a file before they are read."""
    rules = [
        f"Rows used: {column} = {words.listed(wanted if isinstance(wanted, list) else [wanted], 'or')}."
        for column, wanted in entry.get("where", {}).items()
    ]
    if "share_of" in entry:
        rules.append(f"The file holds percentages of each area's {entry['share_of']}; they are made into counts.")
    if "listed_in" in entry:
        rules.append(f"Points used: those in definitions/facts/{entry['listed_in']['facts']}.")
    if "without" in entry:
        chosen = {name: value for name, value in entry["without"].items() if name not in ("facts", "key")}
        which = ", ".join(f"{name} = {value}" for name, value in chosen.items())
        rules.append(f"Areas left out: those in definitions/facts/{entry['without']['facts']} with {which}.")
    if entry.get("absent_means_zero"):
        rules.append("An area that is not in the file has none.")
    if entry.get("first_of_repeated"):
        rules.append("An area that stands in several rows with the same numbers is read once.")
    return rules


def _measure(line, code: str, again, r: Results) -> dict:
    value = known(r.measures.at[code, line.measure])
    return {
        "name": line.measure,
        "label": line.label,
        "unit": line.unit,
        "definition": line.value,
        "note": line.note,
        "value": value,
        "again": known(again),
        "same": None if again is None else same(value, again),
    }


# --- from the raw files -----------------------------------------------------------------------------


def _from_raw(lines: pd.DataFrame, code: str) -> dict:
    """The areas of a town with their rows, and every measure worked out again for this town alone."""
    line = lines.iloc[0]
    if line["aggregate"] == "function":
        again = special.measure(line["table"], lines).reindex([code]).iloc[0].to_dict()
        points = nearest_points(line["table"], code) if line["geography"] == "point" else None
        areas = None
        if line["geography"] in geography.GEOGRAPHIES:
            pairs = _pairs(line["geography"], "sum", code)
            areas = _areas(lines, pairs, pairs["residents"], None)
        return {"areas": areas, "points": points, "again": again}
    pairs = _pairs(line["geography"], line["aggregate"], code)
    values = measures.evaluate(lines)
    bases = measures.evaluate(lines, "weight") if line["weight"] else None
    weight = pairs["residents"]
    if bases is not None:
        weight = bases.iloc[:, 0].reindex(pairs["area"]).to_numpy() * pairs["residents"] / pairs["area_residents"]
    areas = _areas(lines, pairs, weight, values, bases)
    return {"areas": areas, "points": None, "again": _to_town(lines, values, pairs, bases)}


def _pairs(kind: str, aggregate: str, code: str) -> pd.DataFrame:
    """The areas of a town as in :func:`towns_index.geography.joint`, whatever the aggregate."""
    if aggregate == "town":
        return pd.DataFrame({"area": [code], "town_code": code, "residents": 1.0, "area_residents": 1.0})
    if aggregate == "nearby":
        return _around(code)
    pairs = geography.joint(kind)
    return pairs[pairs["town_code"] == code].reset_index(drop=True)


def _around(code: str) -> pd.DataFrame:
    """LSOAs around a town, as :func:`towns_index.special.nearby` takes them: the share outside the town counts."""
    centres, middle = geography.lsoa_centres().geometry, special.town_centres().loc[code]
    near = np.hypot(centres.x - middle["x"], centres.y - middle["y"]) <= special.NEARBY_KM * 1000
    shares = geography.lsoa_shares()
    inside = shares[shares["town_code"] == code].set_index("lsoa11")["share"]
    outside = 1 - inside.reindex(centres.index[near]).fillna(0)
    outside = outside[outside > 0].rename_axis("area").reset_index(name="residents")
    return outside.assign(town_code=code, area_residents=1.0)


def _to_town(lines: pd.DataFrame, values: pd.DataFrame, pairs: pd.DataFrame, bases: pd.DataFrame | None) -> dict:
    """Value of each measure over some areas of one town, by the package's own sums and means."""
    if not len(pairs):
        return dict.fromkeys(lines["measure"])
    if lines["aggregate"].iloc[0] in ("sum", "town"):
        found = geography.add_up(values, pairs)
    else:
        found = geography.average(values, pairs, bases)
    return {name: known(value) for name, value in found.iloc[0].items()}


def _areas(lines: pd.DataFrame, pairs: pd.DataFrame, weight, values: pd.DataFrame | None, bases=None) -> dict:
    """The areas that make up a town: how many, the largest with their rows, the rest in one line."""
    pairs = pairs.assign(weight=weight.to_numpy(), share=pairs["residents"] / pairs["area_residents"])
    pairs = pairs.sort_values(["weight", "area"], ascending=[False, True], ignore_index=True)
    main, rest = pairs.head(LARGEST), pairs.iloc[LARGEST:]
    total = pairs["weight"].sum()
    rows = rows_of(lines["table"].iloc[0], main["area"].tolist())
    shown = []
    for area in main.itertuples():
        mine = used(lines, rows[area.area])
        held = {} if values is None else {name: known(values[name].get(area.area)) for name in values}
        shown.append(
            {
                "area": area.area,
                "share_in_town": area.share,
                "weight": area.weight,
                "part_of_weight": area.weight / total if total else None,
                "rows": [int(row) + 1 for row in mine.index],
                "cells": cells_of(lines, mine, area.area),
                "values": held,
            }
        )
    return {
        "count": len(pairs),
        "wholly_in_town": int((pairs["share"] > 0.999).sum()),
        "weight": total,
        "weight_is": "the base" if lines["weight"].iloc[0] else "residents",
        "largest": shown,
        "rest": {
            "count": len(rest),
            "part_of_weight": rest["weight"].sum() / total if total else None,
            "values": {} if values is None else _to_town(lines, values, rest, bases),
        },
    }


# --- facts and files --------------------------------------------------------------------------------


def _flag(name: str, code: str, r: Results) -> dict:
    """A flag of ``towns.csv``: the rows of the facts, or of the one raw file, that speak of the town."""
    told = r.dictionary.loc[("towns.csv", name)]
    value = known(r.measures.at[code, name])
    facts = []
    # The files of facts bear the name of their flag: city is in cities.csv, market_town in market_towns_*.csv.
    for path in sorted(paths.FACTS.glob(f"{name[:-1]}*.csv")):
        frame = town_table.fact(path.stem)
        if "town_code" in frame:
            rows = frame[frame["town_code"] == code]
            facts.append(
                {
                    "file": f"definitions/facts/{path.name}",
                    "rows": [int(row) + 1 for row in rows.index],
                    "cells": rows.iloc[0].to_dict() if len(rows) else {},
                }
            )
    made = {
        "table": "towns.csv",
        "definition": f"definitions/columns.csv, towns,{name}",
        "geography": "town",
        "level": "town",
        "vintage": told["vintage"],
        "aggregate": "fact",
        "weight": "",
        "how": HOW["fact"],
        "rules": [],
        "files": [],
        "facts": facts,
        "measures": [
            {
                "name": name,
                "label": told["label"],
                "unit": "flag",
                "definition": told["source"],
                "note": "",
                "value": value,
                "again": None,
                "same": None,
            }
        ],
        "areas": None,
        "points": None,
        "problem": "",
    }
    return _with_raw_flag(made, name, code) if name in COAST else made


def _with_raw_flag(made: dict, name: str, code: str) -> dict:
    """A flag that the publisher states for English towns: its row, if the raw file is there."""
    file_id, key, column = COAST[name]
    made["files"] = [file_id]
    if paths.start() == "raw":
        try:
            frame = read.table(file_id).reset_index(drop=True)
        except read.UnreadableFile as error:
            return made | {"problem": str(error)}
        rows = frame[frame[key] == code]
        cells = {column: known(rows.iloc[0][column])} if len(rows) else {}
        path = sources.file(file_id)["path"]
        made["facts"].append({"file": path, "rows": [int(row) + 1 for row in rows.index], "cells": cells})
    return made


def file(file_id: str) -> dict:
    """What the register says of a raw file, and whether the copy here is the registered one."""
    entry = sources.file(file_id)
    here = None
    if paths.start() == "raw":
        here = sources.problem_with(paths.raw() / entry["path"], entry) or "whole: its sha256 is the registered one"
    return {
        "file": file_id,
        "path": entry["path"],
        "member": entry.get("member", ""),
        "sheet": str(entry.get("sheet", "")),
        "publisher": entry["publisher"],
        "title": entry["title"],
        "vintage": entry["vintage"],
        "licence": entry["licence"],
        "attribution": entry["attribution"],
        "official_page": entry["official_page"],
        "sha256": entry["sha256"],
        "here": here,
    }


def files(made: list[dict]) -> list[dict]:
    """The raw files behind some readings, each once."""
    return [file(name) for name in dict.fromkeys(name for reading in made for name in reading["files"])]
