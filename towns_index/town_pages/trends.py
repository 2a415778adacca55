"""What has changed in a town, where the same is known at two dates."""

import pandas as pd

from towns_index import formula, measures, words
from towns_index.town_pages.characteristics import SHARED
from towns_index.town_pages.material import Material


def changes(m: Material) -> list[dict]:
    """Every line ``[[trend]]`` for all towns: the line itself, ``table`` (then, now, change of each town by code) and ``typical``.

    ``change`` is in points or per cent as the line says; ``typical`` is its median over the towns of the index.
    """
    levels = measures.definitions().drop_duplicates("measure").set_index("measure")["level"]
    found = []
    for line in m.choices["trend"]:
        then, now = formula.evaluate(line["then"], m.measures), formula.evaluate(line["now"], m.measures)
        change = 100 * (now / then - 1) if line["change"] == "percent" else now - then
        table = pd.DataFrame({"then": then, "now": now, "change": change}).dropna().to_dict("index")
        used = {levels[name] for text in (line["then"], line["now"]) for name in formula.columns(text)}
        shared = next((word for level, word in SHARED.items() if level in used), "")
        found.append(line | {"table": table, "typical": float(change.median()), "shared": shared})
    return found


def trends(m: Material, changed: list[dict], code: str) -> list[dict]:
    """The trends of one town in words; those it has no values for left out.

    Returns
    -------
    list of dict
        ``label``, ``then`` and ``now`` (with their dates), ``change``, ``typical`` and ``shared``.
    """
    told = []
    for line in changed:
        row = line["table"].get(code)
        if row is None:
            continue
        unit = "percentage points" if line["change"] == "points" else "%"
        told.append(
            {
                "label": line["label"],
                "then": dated(row["then"], line["unit"], line["then_date"]),
                "now": dated(row["now"], line["unit"], line["now_date"]),
                "change": signed(row["change"], unit),
                "typical": signed(line["typical"], unit),
                "shared": line["shared"],
            }
        )
    return told


def dated(value: float, unit: str, date: str) -> str:
    """A value with its date; the date alone without a unit, where the change is known and the amount is not."""
    return f"{words.quantity(value, unit)} in {date}" if unit else f"in {date}"


def signed(value: float, unit: str) -> str:
    """A change with its sign: "+1.9 points"."""
    text = words.quantity(value, unit, 1)
    return text if text.startswith("−") or not text.strip("0. %points") else f"+{text}"
