"""Words: numbers and lists turned into plain English, the same way everywhere."""

import math

DOUBTFUL = 0.4
"""Share of draws below which a status is called doubtful: at least three of five draws say otherwise."""

PROPER = ("Muslim", "Leave", "European", "English", "Welsh")  # keep their capital within a sentence
PLAIN = ("The", "A", "More", "Fewer", "Few", "Less")  # lose it, even before a name: "more East European speakers"


def listed(items: list[str], last: str = "and") -> str:
    """``["a", "b", "c"]`` as "a, b and c"."""
    items = [str(item) for item in items]
    if not items:
        return "none"
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def towns(count: int) -> str:
    """ "1 town", "862 towns"."""
    return f"{count:,} town" if count == 1 else f"{count:,} towns"


def short(town: str) -> str:
    """Name of a town without the bracket that tells it from another: "Ashford (Ashford)" is "Ashford"."""
    head, _, bracket = town.partition(" (")
    return head if bracket.rstrip(")") == head else town


def region(name: str) -> str:
    """Name of a region as it stands in a sentence: "the North East", "Wales"."""
    return name if name in ("Wales", "London", "England", "Yorkshire and The Humber") else f"the {name}"


def quantity(value: float, unit: str, digits: int | None = None) -> str:
    """A value with its unit, as a reader should see it: "20.5 %", "£25,700 a year", "52 of 100", "1.9".

    Parameters
    ----------
    value : float
    unit : str
        As in ``definitions/indicators.csv``.
    digits : int, optional
        Decimals; without it as many as the size of the value asks for.
    """
    if unit == "flag":
        return "yes" if value else "no"
    if digits is None:
        digits = 0 if abs(value) >= 100 or (value == 0 and unit != "%") or unit in ("percentile", "people", "pubs") else 1 if abs(value) >= 1 or unit.startswith("%") else 2
    number = f"{value:,.{digits}f}".replace("-", "−")
    number = number.removeprefix("−") if not number.strip("−0.,") else number  # no minus before a nought
    if unit.startswith("£"):
        return f"£{number}{unit[1:]}".replace("£−", "−£")
    if unit == "percentile":
        return f"{number} of 100"
    if unit == "percentage points":
        return f"{number} points"
    if unit in ("score", "ratio"):
        return f"a {unit} of {number}"
    return f"{number} {unit}".strip()


def told_apart(value: float, limit: float, unit: str) -> tuple[str, str]:
    """Two quantities with as many decimals as it takes to see that they differ; a long unit is said once."""
    for digits in (None, 1, 2, 3, 4):
        one, other = quantity(value, unit, digits), quantity(limit, unit, digits)
        if one != other:
            break
    return one, other if len(unit) == 1 or unit == "percentage points" else other.removesuffix(unit.removeprefix("£")).removesuffix(" of 100").removeprefix(f"a {unit} of ").strip()


def in_hundred(share: float) -> str:
    """A share of draws: "62 of 100 draws", "more than 99 of 100 draws", "none of the draws".

    Rounded down, so that what is not safe (0.897) is never said to hold in as many draws as what is (90 of 100).
    """
    if share in (0, 1):
        return "all draws" if share else "none of the draws"
    if share < 0.01:
        return "fewer than 1 of 100 draws"
    return f"{math.floor(100 * share + 1e-9)} of 100 draws" if share <= 0.99 else "more than 99 of 100 draws"


def firmness(word: str, holds: float) -> str:
    """The word of ``membership_probability.csv`` for readers: a "coin toss" that most draws decide otherwise is "doubtful"."""
    return "doubtful" if word == "coin toss" and holds < DOUBTFUL else word


def sentence(text: str) -> str:
    """A text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def lowered(label: str) -> str:
    """A label as it stands within a sentence: "Residents aged …" becomes "residents aged …", "South Asian …" stays."""
    first, _, rest = label.partition(" ")
    name = (len(first) > 1 and first[:2].isupper()) or first in PROPER or (rest[:1].isupper() and first not in PLAIN)
    return label if name else label[:1].lower() + label[1:]


def counted(count: int, one: str, many: str | None = None) -> str:
    """ "1 criterion", "3 criteria"."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {many or one + 's'}"
