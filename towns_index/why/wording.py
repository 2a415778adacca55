"""Numbers of a trace in words."""

SAME = {True: "same value", False: "NOT THE SAME VALUE"}


def number(value) -> str:
    """A number as a reader should see it: four digits or more, no needless zeros; "unknown" if missing."""
    if value is None:
        return "unknown"
    if isinstance(value, bool | str):
        return str(value)
    if value == int(value):
        text = f"{value:,.0f}"
    elif abs(value) >= 1000:
        text = f"{value:,.1f}"
    elif abs(value) >= 0.1:
        text = f"{value:.3f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:.4g}"
    return text.replace("-", "−") if "e" not in text else text


def amount(value, unit: str) -> str:
    """A number with its unit."""
    if value is None:
        return "unknown"
    if unit == "flag":
        return "yes" if value else "no"
    if unit.startswith("£"):
        return f"£{number(value)}{unit[1:]}"
    if unit == "percentile":
        return f"percentile {number(value)}"
    return f"{number(value)} {unit}".strip()


def by_how_much(difference: float | None, unit: str) -> str:
    """How far a value lies from its threshold: "12.3 percentage points above it"."""
    if difference is None or unit in ("flag", "parts met"):
        return ""
    if difference == 0:
        return "exactly on it"
    points = {"percentile": " percentile points"}.get(unit, " percentage points" if unit.startswith("%") else "")
    return f"{number(abs(difference))}{points} {'above' if difference > 0 else 'below'} it"


def percent(share: float | None) -> str:
    """A share as a percentage."""
    return "unknown" if share is None else f"{number(round(100 * share, 1))} %"
