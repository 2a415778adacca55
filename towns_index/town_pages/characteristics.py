"""The characteristics of a town: criteria met and by how much, how firmly held, and what would flip it."""

from towns_index import words
from towns_index.town_pages.material import INSIDE, Material

STATUS = {"full": "in full", "partial": "partially", "none": "no", "not_assessed": "not assessed"}
FIRMNESS = {"safe": "safe", "likely": "likely", "coin toss": "close to a coin toss"}
MARK = {True: "met", False: "not met", None: "not known"}


def characteristics(m: Material, code: str) -> list[dict]:
    """Every cluster for one town, in the order of the letters.

    Returns
    -------
    list of dict
        ``letter``, ``name``, ``about``, ``to_ask``, ``own`` (whether the reading is our own), ``status``, ``inside``,
        ``met`` and ``assessed`` (criteria), ``required``, ``firmness``, ``holds`` (share of draws with this status),
        ``chance`` (share of draws in which the town is inside), ``flip`` (a sentence, or nothing) and ``criteria``.
    """
    return [_characteristic(m, code, letter) for letter in m.letters]


def _characteristic(m: Material, code: str, letter: str) -> dict:
    about, found = m.letters[letter], m.statuses[code][letter]
    known = isinstance(found["firmness"], str)
    return {
        "letter": letter,
        "name": about["name"],
        "about": about["about"],
        "to_ask": about["to_ask"],
        "own": about["evidence"] == "own",
        "rebuilt": about["rebuilt"],
        "status": found["status"],
        "status_words": STATUS[found["status"]],
        "inside": found["status"] in INSIDE,
        "met": found["criteria_met"],
        "assessed": found["criteria_assessed"],
        "required": int(about["required"]),
        "could_be": found["could_be"],
        "firmness": found["firmness"] if known else None,
        "firmness_words": FIRMNESS[found["firmness"]] if known else "not measured",
        "holds": found["p_status"] if known else None,
        "chance": found["p_inside"] if known else None,
        "flip": flip(m, found),
        "criteria": [criterion(m, code, letter, number) for of, number in m.parts if of == letter],
    }


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


def flip(m: Material, found: dict) -> str:
    """The smallest change of one value that would change a status, as a sentence; nothing where there is none."""
    if not isinstance(found["flip_criterion"], str):
        return ""
    number, part_of = found["flip_criterion"][:1], found["flip_criterion"][1:]
    line = next(line for line, _ in m.parts[found["cluster"], number] if line.part == part_of)
    about = m.about[line.indicator]
    value, limit = words.told_apart(found["flip_value"], found["flip_threshold"], about["unit"])
    after = {"full": "it would be there in full", "partial": "it would be there partially", "none": "the town would no longer have it"}
    return (
        f"{words.lowered(about['label'])}: from {value} to the other side of {limit} "
        f"(criterion {found['flip_criterion']}; {found['flip_distance']:.2f} standard deviations). Then {after[found['flip_to']]}."
    )
