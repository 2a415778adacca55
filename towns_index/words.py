"""Words: numbers and lists turned into plain English, the same way everywhere."""

import pandas as pd


def listed(items: list[str], last: str = "and") -> str:
    """``["a", "b", "c"]`` as "a, b and c"."""
    items = [str(item) for item in items]
    if not items:
        return "none"
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def number(value: float, digits: int = 0) -> str:
    """A number with thousands separated; "unknown" if missing."""
    return "unknown" if pd.isna(value) else f"{value:,.{digits}f}"


def towns(count: int) -> str:
    """ "1 town", "862 towns"."""
    return f"{count:,} town" if count == 1 else f"{count:,} towns"


def share(part: float, whole: float) -> str:
    """A percentage without decimals: "12 %"; below one half of a per cent "under 1 %"."""
    if not whole:
        return "0 %"
    percent = 100 * part / whole
    return "under 1 %" if 0 < percent < 0.5 else f"{percent:.0f} %"


def short(town: str) -> str:
    """Name of a town without the bracket that tells it from another: "Ashford (Ashford)" is "Ashford"."""
    head, _, bracket = town.partition(" (")
    return head if bracket.rstrip(")") == head else town


def region(name: str) -> str:
    """Name of a region as it stands in a sentence: "the North East", "Wales"."""
    return name if name in ("Wales", "London", "England", "Yorkshire and The Humber") else f"the {name}"


def difference(new: float, old: float) -> str:
    """ "42 more", "1 fewer", "as many"."""
    if pd.isna(new) or pd.isna(old):
        return "not comparable"
    change = int(new - old)
    return "as many" if change == 0 else f"{abs(change)} {'more' if change > 0 else 'fewer'}"
