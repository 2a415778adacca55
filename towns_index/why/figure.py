"""The trace of a figure: where it stands, what it counts or measures, who made it from what."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pandas as pd

from towns_index import clusters, fidelity, formula, indicators, paths, store
from towns_index import towns as town_table
from towns_index.why import names
from towns_index.why.places import NUMBER, STATUS, Asked, Place, in_words, places
from towns_index.why.results import Results, known, made_by, same

SHOWN = 10

# --- the report's own words -------------------------------------------------------------------------


def in_report(wanted: Asked) -> list[dict]:
    """Sentences and tables of the report that show the number, from the executed notebook."""
    notebook = paths.reports() / "notebooks" / "090_report.ipynb"
    if not notebook.is_file():
        return []
    found, section = [], ""
    for text, told in _displayed(json.loads(notebook.read_text(encoding="utf-8"))):
        heading = re.match(r"#+ (.*)", text)
        section = heading[1] if heading else section
        if told.get("kind") == "table":
            found += _in_table(told, wanted)
        else:
            where = f"text, “{section}”"
            found += [{"in": where, "words": sentence} for sentence in _sentences(text) if _tells(sentence, wanted)]
    return [told for number, told in enumerate(found) if told not in found[:number]]


def _displayed(notebook: dict) -> Iterator[tuple[str, dict]]:
    """Texts of a notebook in reading order, each with what its output says of itself."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            yield "".join(cell["source"]), {}
        for output in cell.get("outputs", []):
            told = output.get("metadata", {}).get("towns_index")
            if told:
                yield "".join(output["data"].get("text/markdown", "")), told


def _sentences(text: str) -> list[str]:
    plain = re.sub(r"[*>#]|^- ", "", text, flags=re.MULTILINE)
    return [" ".join(part.split()) for part in re.split(r"(?<=[.:])\s+(?=[A-Z0-9])|\n+", plain) if part.strip()]


def _tells(text: str, wanted: Asked) -> bool:
    """Whether a text holds the number (and the number it is a part of) as numbers by themselves."""
    numbers = re.findall(rf"(?<![\w.,]){NUMBER}(?![\w]|[.,]\d)", text)
    shown = [number.replace(",", "").replace("−", "-").lstrip("+") for number in numbers]
    needed = [f"{wanted.value:.{wanted.digits}f}"] + ([f"{wanted.of:.0f}"] if wanted.of is not None else [])
    return all(number in shown for number in needed)


def _in_table(told: dict, wanted: Asked) -> list[dict]:
    found = []
    for row in told["rows"]:
        for column, cell in list(zip(told["columns"], row))[1:]:
            if re.fullmatch(rf"{NUMBER}\s*%?", cell) and _tells(cell, wanted):
                found.append({"in": f"table “{told['title']}”", "words": f"{row[0]}: {column} {cell}"})
    return found


# --- the best place, traced -------------------------------------------------------------------------


def figure(r: Results, wanted: Asked) -> dict:
    """Trace of a figure: where it stands, and for the most relevant place what it is made of."""
    found = places(r, wanted)
    told = in_report(wanted)
    more = Counter(place.kind for place in found[SHOWN:])
    return {
        "asked": "figure",
        "figure": wanted.text,
        "settings": r.settings,
        "found": bool(found or told),
        "in_report": told[:SHOWN],
        "more_in_report": max(len(told) - SHOWN, 0),
        "places": [_told(r, place) for place in found[:SHOWN]],
        "more_places": dict(more),
        "traced": traced(r, found[0]) if found else None,
    }


def _told(r: Results, place: Place) -> dict:
    return {
        "table": place.file,
        "column": place.column,
        "row": place.row,
        "words": in_words(r, place),
        "value": place.value,
        "of": list(dict.fromkeys(place.of)),
    }


def traced(r: Results, place: Place) -> dict:
    """What a number counts or measures, which stage made it from what, and how to go further down."""
    name = place.file.removeprefix("data/processed/").removesuffix(".csv")
    column = place.column.removesuffix(" (%)")
    entry = r.dictionary.loc[(f"{name}.csv", column)].to_dict() if (f"{name}.csv", column) in r.dictionary.index else {}
    again, how = _again(r, place, name)
    towns = members(r, place)
    return {
        "words": in_words(r, place),
        "table": place.file,
        "column": column,
        "means": entry.get("label", ""),
        "unit": entry.get("unit", ""),
        "formula_or_base": entry.get("denominator", ""),
        "evidence": entry.get("evidence", ""),
        "source": entry.get("source", ""),
        "beside_it": _beside(place, name),
        "made_by": made_by(place.file),
        "value": place.value,
        "again": known(again),
        "same": None if again is None else same(place.value, again),
        "again_from": how,
        "towns": [{"code": code, "name": r.town_name(code)} for code in towns],
        "further": _further(r, place, name, towns),
    }


def _beside(place: Place, name: str) -> dict:
    """The rest of the row, for the short tables: what was published, why it differs."""
    if name not in ("fidelity", "check_values", "reconciliation", "group_evidence"):
        return {}
    frame = store.read(name)
    for key, value in place.row.items():
        frame = frame[frame[key] == value]
    return {column: known(value) for column, value in frame.iloc[0].items() if column not in (*place.row, place.column)}


def fidelity_tables(r: Results) -> dict[str, pd.DataFrame]:
    """The three tables of stage 070, made again from the tables that they rest on."""
    values = r.indicators.reindex(r.index.index)
    return {
        "fidelity": fidelity.sizes(r.members, r.letters),
        "named_towns": fidelity.named_towns(r.members, r.towns.reset_index()),
        "check_values": fidelity.check_values(r.members, r.index, values),
    }


def _again(r: Results, place: Place, name: str) -> tuple:
    """The number made again from the tables below it, and which these are."""
    meant = meaning(place)
    if meant:
        return len(_meant(r, meant)), "counted again from data/processed/memberships.csv"
    if place.kind == "index" and place.row:
        chosen = town_table.select(r.towns.reset_index(), r.settings["min_population"], r.settings["max_population"])
        how = "counted again from the residents in data/processed/towns.csv and the limits of the build"
        return int(chosen["in_index"].sum()), how
    if place.kind == "named_towns":
        found = fidelity_tables(r)["named_towns"]["found"]
        how = "made again from definitions/facts/known_members.csv and data/processed/memberships.csv"
        return int(found.isin(place.row["counted"]).sum()), how
    if place.kind == "criteria met":
        return _met_again(r, place), "judged again from data/processed/indicators.csv"
    if name in ("fidelity", "check_values") and not place.column.endswith("(%)"):
        frame = fidelity_tables(r)[name]
        for key, value in place.row.items():
            frame = frame[frame[key] == value]
        value = pd.to_numeric(frame[place.column], errors="coerce").iloc[0]
        return known(value), "made again by towns_index/fidelity.py from memberships.csv, towns.csv and indicators.csv"
    if name in ("indicators", "indicators_elections"):
        lines = indicators.definitions()[lambda frame: frame["indicator"] == place.column]
        value = indicators.build(r.measures.loc[[place.row["town_code"]]], lines).iloc[0, 0]
        return known(value), "worked out again from measures.csv by the formula"
    return None, ""


def _met_again(r: Results, place: Place) -> float:
    """Towns that meet a criterion, or their share in per cent, judged again."""
    lines = r.lines[(r.lines["cluster"] == place.row["cluster"]) & (r.lines["criterion"] == place.row["criterion"])]
    values = r.indicators.drop(columns=r.indicators_apart.columns)
    met = clusters.evaluate(lines, values, r.index, r.settings["average"])["met"]
    return 100 * met.mean() if place.column.endswith("(%)") else int(met.sum())


def meaning(place: Place) -> dict:
    """Cluster, status and region whose towns a number counts; nothing if it counts something else."""
    stem = place.file.rpartition("/")[2].removesuffix(".csv")
    status = {"Rebuilt": "full"}.get(place.column, place.column.lower())
    status = status if status in STATUS else ""
    if place.kind == "memberships":
        return place.row
    if place.kind == "fidelity" and status:
        return {"cluster": place.row["cluster"], "status": status}
    if stem in ("cluster-maps", "cluster-sizes") and status:
        return {"cluster": next(iter(place.row.values())), "status": status}
    if re.fullmatch(r"cluster-[a-z]", stem) and status:
        return {"cluster": stem[-1].upper(), "status": status, "region": place.row["Region"]}
    return {}


def _meant(r: Results, meant: dict) -> list[str]:
    mine = r.members[(r.members["cluster"] == meant["cluster"]) & (r.members["status"] == meant["status"])]
    codes = mine["town_code"]
    return codes[codes.map(r.towns["region"]) == meant["region"]].tolist() if "region" in meant else codes.tolist()


def members(r: Results, place: Place) -> list[str]:
    """Codes of the towns that a number counts or speaks of."""
    meant = meaning(place)
    if meant:
        return _meant(r, meant)
    if "town_code" in place.row:
        return [place.row["town_code"]]
    if place.kind == "named_towns":
        named = store.read("named_towns")
        return named.loc[named["found"].isin(place.row["counted"]), "town_code"].dropna().tolist()
    if place.kind == "groups":
        groups = store.read("groups")
        return groups.loc[groups["group"] == place.row["group"], "town_code"].tolist()
    if place.kind == "criteria met":
        judged = r.judged[r.judged["met"].fillna(False).astype(bool)]
        mine = (judged["cluster"] == place.row["cluster"]) & (judged["criterion"] == place.row["criterion"])
        return judged.loc[mine, "town_code"].tolist()
    return []


def _further(r: Results, place: Place, name: str, towns: list[str]) -> list[str]:
    """Commands that go further down."""
    if not towns:
        return []
    town = towns[0]
    letters = [meaning(place).get("cluster") or place.row.get("cluster") or ""]
    if place.kind == "named_towns":
        named = store.read("named_towns")
        letters = named.loc[named["town_code"] == town, "cluster"].tolist()
    elif name.startswith(("indicators", "measures")):
        letters = _clusters_of(r, place.column)
    called = names.reference(town, r.towns) if town in r.towns.index else town
    return [f'python run_all.py why "{called}" {letter}'.rstrip() for letter in letters or [""]]


def _clusters_of(r: Results, name: str) -> list[str]:
    """Clusters with a criterion that rests on an indicator or a measure."""
    lines = indicators.definitions()
    using = lines["indicator"][
        lines["formula"].map(lambda text: name in formula.columns(text)) | (lines["indicator"] == name)
    ]
    return r.lines.loc[r.lines["indicator"].isin(using), "cluster"].drop_duplicates().tolist()
