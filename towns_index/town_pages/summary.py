"""A paragraph about a town in plain English, which never says more than the tables do."""

from towns_index import words
from towns_index.town_pages.material import Material

FEW = 3  # names that a sentence may list where it can do without
SIZES = {"small": "small", "medium": "medium-sized", "large": "large"}


def summary(m: Material, code: str, held: list[dict], standing: list[dict]) -> list[str]:
    """The paragraph, sentence by sentence.

    Parameters
    ----------
    m : Material
    code : str
        A town of the index.
    held : list of dict
        Its characteristics, as from :func:`towns_index.town_pages.characteristics.characteristics`.
    standing : list of dict
        Its indicators, as from :func:`towns_index.town_pages.standing.standing`.
    """
    town = m.town[code]
    return [
        place(town),
        *number(town, held),
        *firmness(held),
        outstanding(m, standing),
        group(town),
    ]


def place(town: dict) -> str:
    """Where the town is and how many people live there."""
    sea = " by the sea" if town["coastal"] else ""
    size = SIZES[town["size_class"]]
    official = ", officially a city," if town["city"] is True else ""
    return (
        f"{town['short']}{official} is a {size} town{sea} in {words.region(town['region'])}, with about "
        f"{about(town['population_2019'])} residents in 2019."
    )


def about(count: float) -> str:
    """A number of people to three digits: "141,000"."""
    return f"{float(f'{count:.3g}'):,.0f}"


def number(town: dict, held: list[dict]) -> list[str]:
    """How many characteristics it has, which, and how sure the number is."""
    full = [name(each) for each in held if each["status"] == "full"]
    part = [name(each) for each in held if each["status"] == "partial"]
    assessed = sum(each["status"] != "not_assessed" for each in held)
    told = [f"It has {len(full) + len(part) or 'none'} of the {assessed} characteristics that can be judged here."]
    if full:
        told.append(f"It has {words.listed(full)} in full.")
    if part:
        told.append(f"It has {words.listed(part)} in part: all criteria but one are met.")
    low, high = town["low"], town["high"]
    span = f"between {low} and {high}" if low != high else f"{low}"
    told.append(f"With other fair choices and small errors in the data, nine times out of ten the number is {span}.")
    return told


def name(characteristic: dict) -> str:
    """Name of a characteristic within a sentence, in quotation marks: it is a name and not a description."""
    return f"“{characteristic['name']}”"


def firmness(held: list[dict]) -> list[str]:
    """Which of its characteristics are held firmly and which are not."""
    inside = [each for each in held if each["inside"]]
    if not inside:
        return []
    safe = [name(each) for each in inside if each["firmness"] == "safe"]
    loose = [name(each) for each in inside if each["firmness"] == "coin toss"]
    told = []
    if len(safe) == len(inside):
        return [f"{'It' if len(safe) == 1 else 'Each of them'} is held safely."]
    if len(safe) > FEW:
        told.append(f"{len(safe)} of them are held safely.")
    elif safe:
        told.append(f"{words.listed(safe)} {'is' if len(safe) == 1 else 'are'} held safely.")
    if loose:
        told.append(f"{words.listed(loose)} {'is' if len(loose) == 1 else 'are'} close to a coin toss.")
    return told or ["None of this is safe, and none of it is close to a coin toss."]


def outstanding(m: Material, standing: list[dict]) -> str:
    """Indicators in which the town stands among the tenth of towns at either end."""
    chosen = m.choices["standing_out"]
    grouping = [row for row in standing if row["indicator"] in m.scores.columns and row["share"] is not None]
    outer = [row for row in grouping if min(row["share"], 1 - row["share"]) < chosen["share"]]
    outer.sort(key=lambda row: (min(row["share"], 1 - row["share"]), row["indicator"]))
    if not outer:
        return f"On none of the {len(grouping)} measures used to group towns does it stand among the outer tenth of towns."
    named = [f"{row['label']}{whole(row)}: {row['said']}, {row['rank']}." for row in outer[: chosen["most"]]]
    such = ", among them these" if len(outer) > len(named) else ""
    return f"It stands out in {len(outer)} of {len(grouping)} measures{such}. {' '.join(named)}"


def whole(row: dict) -> str:
    """A mark on a figure that is not the town's own."""
    return f" (whole {row['shared']})" if row["shared"] else ""


def group(town: dict) -> str:
    """The group of similar towns that it is nearest to."""
    between = " It lies between groups: another one is about as near." if town["silhouette"] < 0 else ""
    return f"All its figures together put it in group {town['group']} of similar towns: {words.lowered(town['group_name'])}.{between}"
