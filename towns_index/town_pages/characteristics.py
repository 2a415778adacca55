"""The characteristics of a town: criteria met and by how much, how firmly held, and what would flip it."""

from towns_index import words
from towns_index.town_pages.material import INSIDE, Material

STATUS = {"full": "in full", "partial": "in part", "none": "no", "not_assessed": "not assessed"}
FIRMNESS = {"safe": "safe", "likely": "likely", "coin toss": "close to a coin toss", "doubtful": "doubtful"}
OTHERWISE = {"full": "have it in full", "partial": "have it in part", "none": "put the town outside"}
MARK = {True: "met", False: "not met", None: "not known"}


def characteristics(m: Material, code: str) -> list[dict]:
    """Every cluster for one town, in the order of the letters.

    Returns
    -------
    list of dict
        ``letter``, ``name``, ``about``, ``but`` (the one thing in which a town that has it in part is different),
        ``to_ask``, ``own`` (whether the reading is our own), ``status``, ``inside``, ``met`` and ``assessed`` (criteria),
        ``required``, ``met_words``, ``firmness``, ``holds`` (share of draws with this status), ``otherwise`` (what
        most draws say instead, or nothing), ``chance`` (share of draws in which the town is inside), ``flip`` (what
        would change it, or nothing), ``flip_audit`` and ``criteria``.
    """
    return [_characteristic(m, code, letter) for letter in m.letters]


def _characteristic(m: Material, code: str, letter: str) -> dict:
    about, found = m.letters[letter], m.statuses[code][letter]
    known = isinstance(found["firmness"], str)
    firmness = words.firmness(found["firmness"], found["p_status"]) if known else None
    criteria = [criterion(m, code, letter, number) for of, number in m.parts if of == letter]
    return {
        "letter": letter,
        "name": about["name"],
        "about": about["about"],
        "but": but(criteria) if found["status"] == "partial" else "",
        "to_ask": about["to_ask"],
        "own": about["evidence"] == "own",
        "rebuilt": about["rebuilt"],
        "status": found["status"],
        "status_words": STATUS[found["status"]],
        "inside": found["status"] in INSIDE,
        "met": found["criteria_met"],
        "assessed": found["criteria_assessed"],
        "required": int(about["required"]),
        "met_words": met_words(m, code, letter, found),
        "could_be": found["could_be"],
        "firmness": firmness,
        "firmness_words": FIRMNESS[firmness] if known else "not measured",
        "holds": found["p_status"] if known else None,
        "otherwise": otherwise(found) if firmness == "doubtful" else "",
        "chance": found["p_inside"] if known else None,
        "flip": flip(m, found),
        "flip_audit": flip_audit(found),
        "criteria": criteria,
    }


def but(criteria: list[dict]) -> str:
    """In which one thing a town that has a characteristic in part differs from its description."""
    (missing,) = [each for each in criteria if not each["met"]]
    return f"{'One thing is not known' if missing['met'] is None else 'Here one thing is different. Not met'}: “{missing['label']}”."


def met_words(m: Material, code: str, letter: str, found: dict) -> str:
    """How many criteria are met, of those that can be judged: "2 of 4", "2 of the 3 that can be judged"."""
    met, assessed, required = found["criteria_met"], found["criteria_assessed"], int(m.letters[letter]["required"])
    if assessed >= required:
        return f"{met} of {required}"
    if assessed:
        return f"{met} of the {assessed} that can be judged"
    lines = [line for (of, _), parts in m.parts.items() if of == letter for line, _ in parts]
    only = {line.applies_to for line in lines} - {"all"}
    if only and m.town[code]["nation"] not in only:
        return f"not judged: the data are for {words.listed(sorted(only))} only"
    private = sum("private" in line.stands_in_for for line in lines)
    return f"not judged: {private} of the {required} criteria rest on private data" if private else "not judged"


def otherwise(found: dict) -> str:
    """What most draws say of a doubtful status: "most draws have it in part"."""
    full, inside = found["p_full"], found["p_inside"]
    shares = {"full": full, "partial": inside - full, "none": 1 - inside}
    del shares[found["status"]]
    status = max(shares, key=shares.get)
    return f"{'most' if shares[status] > 0.5 else 'more'} draws {OTHERWISE[status]}"


def criterion(m: Material, code: str, letter: str, number: str) -> dict:
    """One criterion for one town: ``number``, ``label``, ``met`` and, part by part, how it was judged."""
    lines = [(line, verdicts[code]) for line, verdicts in m.parts[letter, number]]
    applying = [(line, verdict) for line, verdict in lines if verdict["applies"]] or lines[:1]
    first = applying[0][0]
    verdicts = [verdict["met"] for _, verdict in applying]
    how = all if first.combine == "all" and len(applying) > 1 else any
    met = how(verdict is True for verdict in verdicts)
    decided = met if how is any else any(verdict is False for verdict in verdicts)
    return {
        "number": number,
        "label": first.label,
        "met": met if decided or None not in verdicts else None,
        "in_words": MARK[met if decided or None not in verdicts else None],
        "evidence": first.evidence,
        "gate": first.gate == "yes",
        "combine": first.combine if len(applying) > 1 else "",
        "parts": [part(m, code, line, verdict) for line, verdict in applying],
    }


def part(m: Material, code: str, line, verdict: dict) -> dict:
    """One line of ``definitions/criteria.csv`` for one town: its value, the threshold, and the distance in words."""
    made = {"indicator": line.indicator, "rule": line.rule, "formula": "", "said": "", "shared": ""}
    if not line.indicator:
        return made | {"label": "", "said": words.lowered(line.stands_in_for)}
    about = m.about[line.indicator]
    made |= {"label": words.lowered(about["label"]), "formula": about["formula"], "shared": SHARED.get(about["level"], "")}
    if verdict["value"] != verdict["value"]:
        return made | {"said": "not known here" if verdict["applies"] else f"judged in {line.applies_to} only"}
    if line.rule in ("yes", "no"):
        return made | {"said": f"{made['label']}: {'yes' if verdict['value'] else 'no'}"}
    value, limit = words.told_apart(verdict["value"], verdict["threshold"], about["unit"])
    apart = distance(verdict["apart"], m.choices["distance"])
    side = "above" if verdict["value"] > verdict["threshold"] else "below"
    where = f"{apart} {side}" if verdict["value"] != verdict["threshold"] else "exactly on it"
    return made | {"said": f"{value}, {compared(m, code, line)} {limit}: {where}"}


# Levels above the town: several towns have the value of one such area between them.
SHARED = {"LA": "local authority", "county": "county", "constituency": "constituency"}


def compared(m: Material, code: str, line) -> str:
    """What a value is compared with: "average", "average in Wales", "the line is"."""
    if line.comparator == "absolute":
        return "the line is"
    average = "average" if m.settings["average"] == "mean" else m.settings["average"]
    town = m.town[code]
    where = {"nation": f" in {town['nation']}", "region": f" in {words.region(town['region'])}"}
    return average + where.get(line.comparator, "")


def distance(deviations: float, bands: list[dict]) -> str:
    """How far apart, in words, from ``[[distance]]`` of ``definitions/town_pages.toml``."""
    return next(band["words"] for band in bands if deviations <= band["up_to"])


AFTER = {
    ("partial", "full"): "the town would have it in full",
    ("none", "full"): "the town would have it in full",
    ("full", "partial"): "the town would have it in part only",
    ("none", "partial"): "the town would have it in part",
    ("full", "none"): "the town would no longer have this characteristic",
    ("partial", "none"): "the town would no longer have this characteristic",
}


def flip(m: Material, found: dict) -> str:
    """The smallest change of one value that would change a status, in two sentences; nothing where there is none."""
    if not isinstance(found["flip_criterion"], str):
        return ""
    number, part_of = found["flip_criterion"][:1], found["flip_criterion"][1:]
    line = next(line for line, _ in m.parts[found["cluster"], number] if line.part == part_of)
    about = m.about[line.indicator]
    value, limit = words.told_apart(found["flip_value"], found["flip_threshold"], about["unit"])
    beyond = across(line.rule, limit, found["flip_value"] < found["flip_threshold"])
    return f"{about['label']}: {value}. {beyond} {AFTER[found['status'], found['flip_to']]}."


def across(rule: str, limit: str, upwards: bool) -> str:
    """The other side of a limit: "Above 3.9 %", "At 3.9 % or more". The limit itself does not meet ``above_mean`` and ``below_mean``."""
    reached = {"above_mean": not upwards, "below_mean": upwards, "at_least": upwards, "at_most": not upwards}[rule]
    if reached:
        return f"At {limit} or {'more' if upwards else 'less'}"
    return f"{'Above' if upwards else 'Below'} {limit}"


def flip_audit(found: dict) -> str:
    """The same for those who check it: the criterion and the distance in standard deviations over all towns."""
    known = isinstance(found["flip_criterion"], str)
    return f"criterion {found['flip_criterion']}, {found['flip_distance']:.2g} standard deviations" if known else ""
