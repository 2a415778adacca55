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
        f"{percent(town['split_share'])} of the residents live in a small area that lies partly outside the town; the figures of "
        "such an area are shared out by where its people live.",
    ]
    shared: dict[str, int] = {}
    for row in values:
        if row["shared"]:
            shared[row["shared"]] = shared.get(row["shared"], 0) + 1
    which = {"local authority": f" in which most of its residents live ({town['local_authority']})"}
    parts = [f"{count} for the {kind}{which.get(kind, '')}" for kind, count in shared.items()]
    lines.append(
        f"{sum(shared.values())} of {len(values)} figures are known only for a larger area: {words.listed(parts)}. Every town "
        "of such an area has the same figure."
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
