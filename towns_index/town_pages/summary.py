"""Three short paragraphs about a town in plain English, which never say more than the tables do."""

from towns_index import words
from towns_index.town_pages.material import Material

FEW = 3  # names that a sentence may list where it can do without
NUMBERS = "none one two three four five six seven eight nine ten eleven twelve thirteen fourteen".split()
SIZES = {"small": "small", "medium": "medium-sized", "large": "large"}


def summary(m: Material, code: str, held: list[dict], standing: list[dict]) -> list[str]:
    """The paragraphs: what the town has, how sure that is, and in what it stands out.

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
    paragraphs = [
        [place(town), *number(held)],
        [span(town), *firmness(held)],
        [outstanding(m, standing), group(town, m.scores.shape[1])],
    ]
    return [" ".join(sentences) for sentences in paragraphs]


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


def number(held: list[dict]) -> list[str]:
    """How many characteristics it has, and which."""
    full = [name(each) for each in held if each["status"] == "full"]
    part = [name(each) for each in held if each["status"] == "partial"]
    assessed = sum(each["status"] != "not_assessed" for each in held)
    told = [f"It has {len(full) + len(part) or 'none'} of the {assessed} characteristics that can be judged here."]
    if full:
        told.append(f"It has {words.listed(full)} in full.")
    if part:
        told.append(f"It has {words.listed(part)} in part: all criteria but one are met.")
    return told


def span(town: dict) -> str:
    """How sure the number is."""
    low, high = town["low"], town["high"]
    between = f"between {low} and {high} characteristics" if low != high else words.counted(low, "characteristic") if low else "none"
    return f"How sure is this? Judged again with other fair choices and likely errors in the data, it has {between} in nine of ten cases."


def name(characteristic: dict) -> str:
    """Name of a characteristic within a sentence, in quotation marks: it is a name and not a description."""
    return f"“{characteristic['name']}”"


def firmness(held: list[dict]) -> list[str]:
    """Which of its characteristics are held firmly and which are not."""
    inside = [each for each in held if each["inside"]]
    named = {word: [name(each) for each in inside if each["firmness"] == word] for word in ("safe", "coin toss", "doubtful")}
    safe = len(named["safe"])
    if not inside:
        return []
    if safe == len(inside):
        whole = {1: "Its characteristic", 2: "Both of its characteristics"}.get(safe, f"All {NUMBERS[safe]} of its characteristics")
        return [f"{whole} {are(safe)} held safely."]
    if not any(named.values()):
        alone = "Its characteristic is not held safely, but it is no coin toss either."
        return [alone if len(inside) == 1 else "None of its characteristics is held safely, but none is a coin toss either."]
    told = {"safe": "held safely", "coin toss": "close to a coin toss", "doubtful": "doubtful"}
    lines = [f"{words.listed(names)} {are(len(names))} {told[word]}." for word, names in named.items() if names]
    if safe > FEW:
        lines[0] = f"{words.sentence(NUMBERS[safe])} of its {NUMBERS[len(inside)]} characteristics are held safely."
    return lines


def are(count: int) -> str:
    """ "is" or "are"."""
    return "is" if count == 1 else "are"


def outstanding(m: Material, standing: list[dict]) -> str:
    """Indicators in which the town stands among the tenth of towns at either end."""
    chosen = m.choices["standing_out"]
    grouping = [row for row in standing if row["indicator"] in m.scores.columns and row["share"] is not None]
    outer = [row for row in grouping if min(row["share"], 1 - row["share"]) < chosen["share"]]
    outer.sort(key=lambda row: (min(row["share"], 1 - row["share"]), row["indicator"]))
    if not outer:
        return f"It stands out from other towns in none of {len(grouping)} measures."
    named = [f"{row['label']}{whole(row)}: {row['said']}, {row['rank']}." for row in outer[: chosen["most"]]]
    such = f", above all in these {NUMBERS[len(named)]}" if len(outer) > len(named) else ""
    return f"It stands out from other towns in {len(outer)} of {len(grouping)} measures{such}. {' '.join(named)}"


def whole(row: dict) -> str:
    """A mark on a figure that is not the town's own."""
    return f" (whole {row['shared']})" if row["shared"] else ""


def group(town: dict, measures: int) -> str:
    """The group of similar towns that it is nearest to."""
    between = " It lies between groups: another one is about as near." if town["silhouette"] < 0 else ""
    return f"Over all {measures} measures together it belongs with the towns of group {town['group']}: {words.lowered(town['group_name'])}.{between}"
