"""Traces in words: indented plain text, wrapped to the width of the terminal."""

import textwrap

from towns_index import words
from towns_index.why.say_figure import figure
from towns_index.why.town import in_numbers
from towns_index.why.wording import SAME, amount, by_how_much, number, percent

STATUS = {
    "full": "in full: the town meets every criterion",
    "partial": "partially: the town meets all criteria but one",
    "none": "not a member",
    "not_assessed": "not assessed",
    None: "not judged",
}
MET = {True: "met", False: "not met", None: "unknown"}


def say(trace: dict, width: int = 100) -> str:
    """A trace in words.

    Parameters
    ----------
    trace : dict
        From :func:`towns_index.why.town.town`, :func:`~towns_index.why.town.cluster` or
        :func:`~towns_index.why.figure.figure`.
    width : int
        Characters in a line.
    """
    lines = {"town": _town, "town and cluster": _cluster, "figure": figure}[trace["asked"]](trace)
    return "\n".join(_wrapped(depth, text, width) for depth, text in lines) + "\n"


def _wrapped(depth: int, text: str, width: int) -> str:
    margin = "  " * depth
    whole = {"break_long_words": False, "break_on_hyphens": False}  # addresses, paths and codes are to be copied
    return textwrap.fill(text, max(width, 40), initial_indent=margin, subsequent_indent=margin + "  ", **whole)


# --- a town -----------------------------------------------------------------------------------------


def _town(trace: dict) -> list[tuple[int, str]]:
    lines = _place(trace)
    for cluster in trace["clusters"]:
        lines += [(0, "")] + _status(cluster)
        for criterion in cluster["criteria"]:
            lines.append((1, _criterion(criterion)))
    command = f'python run_all.py why "{trace["town"]["ask_for"]}" {trace["clusters"][0]["letter"]}'
    return lines + [(0, ""), (0, f"Further down, for one cluster: {command}"), (0, _marks(trace["clusters"]))]


def _marks(clusters: list[dict]) -> str:
    found = [c["reading"] for cluster in clusters for c in [cluster, *cluster["criteria"]]]
    return "; ".join(dict.fromkeys(f"{reading['mark']} {reading['words']}" for reading in found)) + "."


def _place(trace: dict) -> list[tuple[int, str]]:
    town, settings = trace["town"], trace["settings"]
    welsh = f" ({town['welsh_name']})" if town["welsh_name"] and town["welsh_name"] != town["name"] else ""
    lines = [
        (0, f"{town['name']}{welsh}, code {town['code']}: {town['local_authority']}, {words.region(town['region'])}"),
        (1, f"{town['residents_2019']:,} residents in mid-2019."),
    ]
    limits = f"{town['floor']:,} to {town['ceiling']:,} residents, of {town['towns_on_list']:,} on the list"
    index = f"the {words.towns(town['towns_in_index'])} with {limits}"
    if town["in_index"]:
        lines.append((1, f"In the index: one of {index}."))
    else:
        lines.append((1, f"Outside the index, which holds {index}. It has measures and indicators, but is not judged."))
    lines.append((1, f"List: {town['list']['title']} ({town['list']['publisher']}), {town['list']['path']}."))
    split = f"{percent(town['split_share'])} of its residents live in small areas (LSOAs) that lie partly elsewhere"
    lines.append((1, f"{number(town['output_areas'])} output areas of 2021; {split}."))
    if town["namesakes"]:
        others = "; ".join(f"{other['code']} {other['name']}" for other in town["namesakes"])
        lines.append((1, f"Others of the same name: {others}."))
    chosen = ", ".join(f"{name} = {value}" for name, value in settings.items())
    return lines + [(1, f"Parameters of the build: {chosen}.")]


def _status(cluster: dict) -> list[tuple[int, str]]:
    head = f"{cluster['letter']}. {cluster['name']} {cluster['reading']['mark']}: {STATUS[cluster['status']]}"
    if cluster["status"] is None:
        return [(0, f"{head}, because the town is not in the index.")]
    met, assessed = f"{cluster['criteria_met']} of {cluster['criteria_required']}", cluster["criteria_assessed"]
    counted = f"{met} criteria met, {assessed} assessed"
    could = f"; what is unknown leaves open: {cluster['could_be']}" if cluster["could_be"] != cluster["status"] else ""
    lines = [(0, f"{head} ({counted}{could}).")]
    if cluster["rebuilt"] != "yes":
        declared = {"partly": "rebuilt in part", "no": "not rebuilt"}[cluster["rebuilt"]]
        lines.append((1, f"Declared {declared}: {cluster['why_it_differs']}"))
    if cluster["open_half"]:
        half = cluster["open_half"]
        told = f"{half['criteria_met']} of {half['criteria_assessed']} assessed are met (memberships_elections.csv)"
        lines.append((1, f"Of the criteria kept apart for their licence {told}."))
    return lines


def _criterion(criterion: dict) -> str:
    """One criterion in a line."""
    return f"{_head(criterion)} – {_numbers(criterion)}"


def _head(criterion: dict) -> str:
    gate = ", the gate of the cluster" if criterion["gate"] else ""
    met = MET[criterion["met"]] if criterion["judged"] else "not judged"
    return f"{criterion['number']}. {met}: {criterion['label']} {criterion['reading']['mark']}{gate}"


def _numbers(criterion: dict) -> str:
    unit = criterion["unit"]
    if unit == "parts met":
        told = [f"{p['part']} {MET[p['met']]} ({amount(p['value'], p['unit'])})" for p in criterion["parts"]]
        needed = "all parts needed" if criterion["combine"] == "all" else "one part is enough"
        return f"{needed}: {', '.join(told)}"
    part = next((part for part in criterion["parts"] if part["applies"]), None)
    if part is None:
        return f"applies to {criterion['parts'][0]['applies_to']} only"
    if not part["label"]:
        return criterion["stands_in_for"] or "no indicator"
    if criterion["value"] is None:
        return amount(part["value"], part["unit"]) if part["value"] is not None else "value unknown"
    if unit == "flag":
        return f"{amount(criterion['value'], unit)}, wanted: {amount(criterion['threshold'], unit)}"
    distance = by_how_much(criterion["difference"], unit)
    return f"{number(criterion['value'])} against {amount(criterion['threshold'], unit)}, {distance}"


# --- a town and a cluster ---------------------------------------------------------------------------


def _cluster(trace: dict) -> list[tuple[int, str]]:
    cluster = trace["cluster"]
    lines = _place(trace) + [(0, "")] + _status(cluster)
    lines.append((1, cluster["about"]))
    if cluster["status"] is not None:
        agreed = "same result" if cluster["same_from_criteria"] else "NOT THE SAME RESULT"
        row = f"{cluster['table']}, row {trace['town']['code']},{cluster['letter']}"
        lines.append((1, f"{row}; counted again from criteria.csv: {agreed}."))
    lines.append((1, _marks([{**cluster, "criteria": trace["criteria"]}])))
    shown: set = set()  # readings by number and files by name: each is told once
    for criterion in trace["criteria"]:
        lines += [(0, "")] + _whole_criterion(criterion, trace)
        for part in criterion["parts"]:
            lines += _part(part, criterion, trace, shown)
    if not trace["raw"]["there"]:
        lines += [(0, ""), (0, trace["raw"]["how_to_get"])]
    return lines


def _whole_criterion(criterion: dict, trace: dict) -> list[tuple[int, str]]:
    lines = [(0, f"Criterion {_criterion(criterion) if criterion['unit'] == 'parts met' else _head(criterion)}.")]
    if criterion["published_words"]:
        lines.append((1, f"In the report of 2020: “{criterion['published_words']}”."))
    if criterion["stands_in_for"]:
        what = "" if criterion["stands_in_for"].startswith("Not rebuilt") else "Stands in for: "
        lines.append((1, f"{what}{criterion['stands_in_for']}."))
    if trace["town"]["in_index"] and any(part["indicator"] for part in criterion["parts"]):
        agreed = "same result" if criterion["same_from_indicators"] else "NOT THE SAME RESULT"
        row = f"{trace['town']['code']},{trace['cluster']['letter']},{criterion['number']}"
        lines.append((1, f"{criterion['table']}, row {row}; judged again from the indicators: {agreed}."))
    return lines


def _part(part: dict, criterion: dict, trace: dict, shown: set) -> list[tuple[int, str]]:
    lines = []
    if part["part"]:
        another = part["stands_in_for"] not in ("", criterion["stands_in_for"])
        also = f"; stands in for: {part['stands_in_for']}" if another else ""
        only = "" if part["applies"] else f", which applies to {part['applies_to']} only"
        lines.append((1, f"Part {part['part']}: {MET[part['met']]}{only}{also}."))
    elif not part["applies"]:
        lines.append((1, f"It applies to {part['applies_to']} only."))
    if not part["applies"]:
        return lines
    indicator = part["indicator"]
    if not indicator:
        return lines + [(1, "No indicator measures it, so that it is unknown for every town.")]
    lines.append((1, _threshold(part)))
    lines += _indicator(indicator)
    names = {measure["name"] for measure in indicator["measures"]}
    for index, reading in enumerate(trace["readings"]):
        if names & {measure["name"] for measure in reading["measures"]}:
            lines += _again_shown(reading, names) if index in shown else _reading(reading, trace, shown)
            shown |= {index, *reading["files"]}
    return lines


def _threshold(part: dict) -> str:
    if part["rule"] in ("yes", "no"):
        return f"Wanted: {part['rule_in_words']}. The town: {amount(part['value'], part['unit'])}."
    limit = amount(part["threshold"], part["unit"])
    distance = by_how_much(part["difference"], part["unit"])
    town = f"The town: {amount(part['value'], part['unit'])}" + (f", {distance}" if distance else "")
    if part["rule"] in ("at_least", "at_most"):
        return f"Threshold: {part['rule_in_words'].replace('-', '−')} {part['unit']}. {town}."
    limit = f": {limit}" if part["threshold"] is not None else ""
    return f"Threshold: {part['rule_in_words']}{limit}. {town}."


def _indicator(indicator: dict) -> list[tuple[int, str]]:
    values = {measure["name"]: measure["value"] for measure in indicator["measures"]}
    result = f" = {amount(indicator['value'], indicator['unit'])}"
    about = [indicator["unit"], f"coarsest areas: {indicator['level']}", indicator["vintage"]]
    lines = [
        (1, f"Indicator {indicator['name']}: {indicator['label']} ({'; '.join(filter(None, about))})"),
        (2, f"= {indicator['formula']}"),
    ]
    if indicator["formula"] not in values:
        lines.append((2, f"= {in_numbers(indicator['formula'], values, number)}{result}"))
    agreed = "same value" if indicator["same"] else f"NOT THE SAME VALUE, {number(indicator['again'])}"
    lines.append((2, f"{indicator['table']}; worked out again from the measures: {agreed}."))
    return lines + ([(2, f"Note: {indicator['note']}")] if indicator["note"] else [])


def _again_shown(reading: dict, names: set) -> list[tuple[int, str]]:
    told = [f"{m['name']} = {number(m['value'])}" for m in reading["measures"] if m["name"] in names]
    return [(1, f"Read as shown above: {words.listed(told)}.")]


def _reading(reading: dict, trace: dict, shown: set) -> list[tuple[int, str]]:
    areas = {"fact": "fact", "town": "town"}.get(reading["aggregate"], f"{reading['level']} ({reading['geography']})")
    lines = [(1, f"Read from {reading['table']} ({areas}; {reading['vintage'] or 'no date'}): {reading['how']}")]
    if reading["weight"]:
        lines.append((2, f"Base: {reading['weight']}"))
    lines += [(2, rule) for rule in reading["rules"]]
    lines += [(2, _measure(measure, trace)) for measure in reading["measures"]]
    lines += _areas(reading) + _points(reading) + _facts(reading)
    if reading["problem"]:
        lines.append((2, f"Its rows cannot be shown: {reading['problem']}"))
    elif trace["raw"]["there"] and not (reading["areas"] or reading["points"] or reading["facts"]):
        lines.append((2, "The function decides which areas count; their rows are not listed here."))
    known = {file["file"]: file for file in trace["files"]}
    return lines + [line for name in reading["files"] for line in _file(known[name], name in shown)]


def _measure(measure: dict, trace: dict) -> str:
    unit = measure["unit"]
    text = f"{measure['name']} = {amount(measure['value'], unit)}: {measure['label']}; {measure['definition']}."
    if measure["note"]:
        text += f" {measure['note']}"
    if measure["same"] is not None:
        other = "" if measure["same"] else f", {number(measure['again'])}"
        text += f" Computed again from the raw rows: {SAME[measure['same']]}{other}."
    return text


def _areas(reading: dict) -> list[tuple[int, str]]:
    areas = reading["areas"]
    if not areas:
        return []
    if reading["aggregate"] == "town":
        return [(2, f"Its row: {_area(area, reading)}") for area in areas["largest"]]
    areas_ = "1 area" if areas["count"] == 1 else f"{areas['count']:,} areas"
    where = f"The town lies in {areas_}, {areas['wholly_in_town'] or 'none'} of them wholly in it"
    if reading["aggregate"] == "nearby":
        where = f"{areas_} lie around the town"
    lines = [(2, f"{where}; weights are {areas['weight_is']}, {number(areas['weight'])} in all. The largest:")]
    lines += [(3, _area(area, reading)) for area in areas["largest"]]
    rest = areas["rest"]
    if rest["count"]:
        how = "they add" if reading["aggregate"] == "sum" else "their mean"
        told = ", ".join(f"{name} {number(value)}" for name, value in rest["values"].items())
        told = f"; {how}: {told}" if told else ""
        lines.append((3, f"the other {rest['count']:,}, {percent(rest['part_of_weight'])} of the weight{told}"))
    return lines


def _area(area: dict, reading: dict) -> str:
    side = "outside the town" if reading["aggregate"] == "nearby" else "in the town"
    share = f", {percent(area['share_in_town'])} of it {side}, {percent(area['part_of_weight'])} of the weight"
    share = "" if reading["aggregate"] == "town" else share
    rows = _rows(area["rows"]) or "no row in the file"
    cells = "; ".join(f"{name} = {number(value)}" for name, value in area["cells"].items())
    # A measure that is one cell of the row, read as it stands, need not be told twice.
    column = {m["name"]: m["definition"].strip("[]") for m in reading["measures"]}
    told = {name: value for name, value in area["values"].items() if area["cells"].get(column[name], "") != value}
    values = ", ".join(f"{name} {number(value)}" for name, value in told.items())
    return f"{area['area']} ({rows}){share}" + (f": {cells}" if cells else "") + (f" → {values}" if values else "")


def _rows(rows: list[int]) -> str:
    return f"row {words.listed([f'{row:,}' for row in rows])}" if rows else ""


def _points(reading: dict) -> list[tuple[int, str]]:
    points = reading["points"]
    if not points:
        return []
    lines = [(2, f"{points['count']:,} points; the nearest to the middle of the town's residents:")]
    for point in points["nearest"]:
        cells = "; ".join(f"{name} = {number(value)}" for name, value in point["cells"].items())
        lines.append((3, f"{number(round(point['km'], 2))} km: {_rows(point['rows'])}: {cells}"))
    return lines


def _facts(reading: dict) -> list[tuple[int, str]]:
    lines = []
    for fact in reading["facts"]:
        cells = "; ".join(f"{name} = {value}" for name, value in fact["cells"].items() if value not in ("", None))
        row = f"{_rows(fact['rows'])}: {cells}" if fact["rows"] else "no row for the town"
        lines.append((2, f"{fact['file']}: {row}"))
    return lines


def _file(file: dict, shown: bool) -> list[tuple[int, str]]:
    if shown:
        return [(2, f"File {file['path']}, as above.")]
    inside = "".join(f", {name} {file[name]}" for name in ("member", "sheet") if file[name])
    lines = [
        (2, f"File {file['path']}{inside}: {file['publisher']}, {file['title']} ({file['vintage']})."),
        (3, f"{file['attribution']} {file['official_page']}"),
        (3, f"sha256 {file['sha256']}" + (f"; the copy here is {file['here']}" if file["here"] else "")),
    ]
    return lines
