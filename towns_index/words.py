"""Words: numbers and lists turned into plain English, the same way everywhere."""

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
