"""How far the figures of a town can be trusted, in plain words."""

from towns_index import words
from towns_index.town_pages.material import Material

RELIABILITY = {
    "good": "They fit it well.",
    "mixed": "They also hold many people who live elsewhere, so that its figures are mixed with those of the surroundings.",
    "covered in part": "They hold only a part of it, so that its figures may miss the rest.",
    "covered in part, and mixed": "They hold only a part of it, and many people who live elsewhere.",
}


def trust(m: Material, code: str, values: list[dict]) -> list[str]:
    """Coverage and reliability of a town, line by line.

    Parameters
    ----------
    m : Material
    code : str
    values : list of dict
        Its indicators, as from :func:`towns_index.town_pages.standing.standing`.
    """
    town = m.town[code]
    lines = [
        f"Small areas (LSOAs, of some 1,500 residents) that lie mostly in the town hold {percent(town['coverage'])} of its "
        f"residents, and {percent(town['contamination'])} of the people in these areas live elsewhere. {RELIABILITY[town['reliability']]}",
        f"{percent(town['split_share'])} of the residents live in a small area that is partly elsewhere: its figures are "
        "divided by where people live.",
    ]
    shared: dict[str, int] = {}
    for row in values:
        if row["shared"]:
            shared[row["shared"]] = shared.get(row["shared"], 0) + 1
    parts = [f"{count} for a whole {kind}" for kind, count in shared.items()]
    lines.append(
        f"{sum(shared.values())} of {len(values)} figures are not its own: {words.listed(parts)}. The local authority is "
        f"{town['local_authority']}; all its towns share these values."
    )
    missing = [m.about[name]["label"] for name in m.indicators.columns if name not in m.values[code]]
    if missing:
        lines.append(f"Not known here: {'; '.join(words.lowered(label) for label in missing)}.")
    return lines


def percent(share: float) -> str:
    """A share in words that never round to all or nothing."""
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 < share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"
