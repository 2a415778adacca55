"""The trace of a town: its place in the index, its clusters, their criteria and indicators."""

import re

import pandas as pd

from towns_index import clusters, formula, indicators, words
from towns_index.why import names, raw
from towns_index.why.results import MARKS, Results, known, same

LIST = "town-list-ons-2020/towns_indicators_1186"
READINGS = {
    "[P]": "published reading",
    "[V]": "published in these very words",
    "[I]": "inferred: our reading of what the report says",
    "[O]": "own: our choice",
}


def town(r: Results, code: str) -> dict:
    """Trace of a town: its place in the index and every cluster with its criteria."""
    return {
        "asked": "town",
        "town": place(r, code),
        "settings": r.settings,
        "clusters": [
            status(r, code, letter) | {"criteria": criteria(r, code, letter)} for letter in r.letters["cluster"]
        ],
    }


def cluster(r: Results, code: str, letter: str) -> dict:
    """Trace of a town and a cluster, down to the raw files; ``docs/why.md`` describes what it holds."""
    judged = criteria(r, code, letter)
    for criterion in judged:
        for part in criterion["parts"]:
            part["indicator"] = indicator(r, code, part["indicator"]) if part["indicator"] else None
    used = [m["name"] for c in judged for p in c["parts"] if p["indicator"] for m in p["indicator"]["measures"]]
    readings = raw.readings(list(dict.fromkeys(used)), code, r)
    return {
        "asked": "town and cluster",
        "town": place(r, code),
        "settings": r.settings,
        "cluster": status(r, code, letter),
        "criteria": judged,
        "raw": raw.state(),
        "readings": readings,
        "files": raw.files(readings),
    }


def place(r: Results, code: str) -> dict:
    """Where a town stands in the list and in the index."""
    row = r.towns.loc[code]
    others = names.namesakes(code, r.towns)
    return {
        "code": code,
        "name": row["town_name"],
        "ask_for": names.reference(code, r.towns),
        "welsh_name": known(row["welsh_name"]),
        "local_authority": row["local_authority"],
        "region": row["region"],
        "nation": row["nation"],
        "residents_2019": known(row["population_2019"]),
        "in_index": bool(row["in_index"]),
        "floor": r.settings["min_population"],
        "ceiling": r.settings["max_population"],
        "towns_in_index": len(r.index),
        "towns_on_list": len(r.towns),
        "list": raw.file(LIST),
        "output_areas": known(row["output_areas"]),
        "split_share": known(row["split_share"]),
        "raked_share": known(row["raked_share"]),
        "namesakes": [{"code": other, "name": names.described(r.towns.loc[other])} for other in others],
    }


def status(r: Results, code: str, letter: str) -> dict:
    """What became of a town in a cluster: as published, and counted again from ``criteria.csv``."""
    row = r.letters.set_index("cluster").loc[letter]
    kept = ["status", "criteria_met", "criteria_assessed", "could_be"]
    published, again, apart = (
        _only(table, town_code=code, cluster=letter)
        for table in (
            r.members,
            clusters.memberships(r.judged[r.judged["cluster"] == letter], r.letters, r.lines),
            r.open_half,
        )
    )
    return {
        "letter": letter,
        "name": row["name"],
        "about": row["about"],
        "reading": _reading(row["evidence"]),
        "rebuilt": row["rebuilt"],
        "criteria_required": int(row["required"]),
        **{name: known(published.get(name)) for name in kept},
        "table": "data/processed/memberships.csv",
        "same_from_criteria": all(same(published.get(name), again.get(name)) for name in kept),
        "open_half": {name: known(apart[name]) for name in ("criteria_met", "criteria_assessed")} if apart else None,
        "published_full": int(row["published_full"]) if row["published_full"] else None,
        "why_it_differs": row["why"],
    }


def _only(table: pd.DataFrame, **wanted) -> dict:
    """The one row of a table with these values, or nothing."""
    for column, value in wanted.items():
        table = table[table[column] == value]
    return table.iloc[0].to_dict() if len(table) else {}


def _reading(evidence: str) -> dict:
    mark = MARKS[evidence]
    return {"mark": mark, "words": READINGS[mark]}


# --- criteria ---------------------------------------------------------------------------------------


def criteria(r: Results, code: str, letter: str) -> list[dict]:
    """Every criterion of a cluster for a town: as published, and judged again from the indicators."""
    lines = r.lines[r.lines["cluster"] == letter]
    again = clusters.evaluate(lines, r.indicators, r.index, r.settings["average"])
    return [_criterion(r, code, part, again) for _, part in lines.groupby("criterion", sort=True)]


def _criterion(r: Results, code: str, lines: pd.DataFrame, judged_again: pd.DataFrame) -> dict:
    line = lines.iloc[0]
    apart = set(lines["indicator"]) & set(r.indicators_apart)
    table, file = (r.judged_apart, "criteria_elections") if apart else (r.judged, "criteria")
    which = {"town_code": code, "cluster": line["cluster"], "criterion": line["criterion"]}
    published, again = _only(table, **which), _only(judged_again, **which)
    parts = [_part(r, code, row) for row in lines.itertuples()]
    value, threshold, met = (known(published.get(column)) for column in ("value", "threshold", "met"))
    applying = [part for part in parts if part["applies"]]
    counted = len(applying) > 1
    return {
        "number": line["criterion"],
        "label": line["label"],
        "judged": bool(published),
        "met": met,
        "value": value,
        "threshold": threshold,
        "unit": "parts met" if counted else applying[0]["unit"] if applying else "",
        "difference": _difference(value, threshold),
        "combine": line["combine"] if len(parts) > 1 else "",
        "gate": line["gate"] == "yes",
        "reading": _reading(line["evidence"]),
        "published_words": line["published_words"],
        "stands_in_for": line["stands_in_for"],
        "table": f"data/processed/{file}.csv",
        "same_from_indicators": all(
            same(published.get(name), again.get(name)) for name in ("value", "threshold", "met")
        ),
        "parts": parts,
    }


def _part(r: Results, code: str, line) -> dict:
    """One line of ``definitions/criteria.csv`` for a town."""
    judged = clusters.evaluate_part(line, r.indicators.reindex(r.index.index), r.index, r.settings["average"])
    if code in judged.index:
        mine = judged.loc[code]
    else:  # not in the index: it has values, but is not judged
        mine = {"value": r.indicators.at[code, line.indicator] if line.indicator else None}
    compared = _compared_with(r, code, line, judged)
    value, threshold = known(mine["value"]), known(mine.get("threshold"))
    return {
        "part": line.part,
        "label": _label(r, line.indicator),
        "indicator": line.indicator or None,
        "applies": line.applies_to in ("all", r.towns.loc[code, "nation"]),
        "applies_to": line.applies_to,
        "rule": line.rule,
        "rule_in_words": _rule(line, compared, r.settings["average"]),
        "towns_compared": compared["towns"],
        "met": known(mine.get("met")),
        "value": value,
        "threshold": threshold,
        "unit": _described(r, line.indicator).get("unit", ""),
        "difference": None if line.rule in ("yes", "no") else _difference(value, threshold),
        "reading": _reading(line.evidence),
        "stands_in_for": line.stands_in_for,
    }


def _compared_with(r: Results, code: str, line, judged: pd.DataFrame) -> dict:
    """The towns over which an average is taken, in words and number (those with a value)."""
    values = judged["value"]
    if line.comparator in ("nation", "region"):
        values = values[r.index[line.comparator] == r.towns.loc[code, line.comparator]]
    where = {
        "nation": f"of the index in {r.towns.loc[code, 'nation']}",
        "region": f"of the index in {words.region(r.towns.loc[code, 'region'])}",
    }.get(line.comparator, "of the index")
    averaged = line.rule in ("above_mean", "below_mean")
    return {"towns": int(values.notna().sum()) if averaged else None, "where": where}


def _rule(line, compared: dict, average: str) -> str:
    if line.rule in ("above_mean", "below_mean"):
        side = line.rule.removesuffix("_mean")
        return f"{side} the {average} of the {words.towns(compared['towns'])} {compared['where']} for which it is known"
    return f"{line.rule.replace('_', ' ')} {line.threshold}".strip()


def _difference(value, threshold) -> float | None:
    return None if value is None or threshold is None else value - threshold


def _described(r: Results, name: str) -> dict:
    """Entry of the dictionary for an indicator; nothing for one that is not rebuilt."""
    for file in ("indicators.csv", "indicators_elections.csv"):
        if (file, name) in r.dictionary.index:
            return r.dictionary.loc[(file, name)].to_dict()
    return {}


def _label(r: Results, name: str) -> str:
    return _described(r, name).get("label", "")


# --- indicators -------------------------------------------------------------------------------------


def indicator(r: Results, code: str, name: str) -> dict:
    """An indicator of a town: its formula in names and in numbers, worked out again from the measures."""
    lines = indicators.definitions()
    line = lines[lines["indicator"] == name]
    text = line["formula"].iloc[0]
    values = {measure: known(r.measures.at[code, measure]) for measure in formula.columns(text)}
    again = known(indicators.build(r.measures.loc[[code]], line).at[code, name])
    value = known(r.indicators.at[code, name])
    told = _described(r, name)
    table = "indicators_elections" if name in r.indicators_apart else "indicators"
    return {
        "name": name,
        "label": told["label"],
        "unit": told["unit"],
        "level": told["level"],
        "vintage": told["vintage"],
        "note": line["note"].iloc[0],
        "value": value,
        "table": f"data/processed/{table}.csv",
        "formula": text,
        "again": again,
        "same": same(value, again),
        "measures": [{"name": measure, "value": held} for measure, held in values.items()],
    }


def in_numbers(text: str, values: dict, number) -> str:
    """A formula with the values in the place of the names."""
    return re.sub(r"[A-Za-z_]\w*", lambda match: number(values[match[0]]) if match[0] in values else match[0], text)
