"""The pages of all towns, and the page that finds them: HTML that needs no network and, but for the search, no script."""

import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import jinja2
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from towns_index import files, paths, probability, tables, words
from towns_index.town_pages import drawings
from towns_index.town_pages.characteristics import characteristics
from towns_index.town_pages.likeness import alike, lighter
from towns_index.town_pages.material import TABLES, Material
from towns_index.town_pages.standing import Distributions, distributions, standing
from towns_index.town_pages.summary import summary
from towns_index.town_pages.trends import changes, trends
from towns_index.town_pages.trust import trust
from towns_index.why import names

CLASSES = {"r": "region", "s": "size_class", "g": "group"}
ENDS = ("ab", "cd", "ef")  # names of the two ends of a bar in the style sheet
OUTER = 8  # indicators that are shown unfolded
TEMPLATES = Path(__file__).with_name("templates")


def folder() -> Path:
    """Where the pages stand."""
    return paths.reports() / "towns"


def build(m: Material, codes: list[str] | None = None) -> pd.DataFrame:
    """Write a page for every town of the index, the page that finds them and the style sheet.

    Parameters
    ----------
    m : Material
    codes : list of str, optional
        Pages of these towns only.

    Returns
    -------
    pandas.DataFrame
        Indexed by town: ``slug``, ``bytes`` and ``summary`` of its page; ``nearest``, the distance of the most similar
        town, and ``nearest_rank``, the share of all pairs that are nearer; ``lighter``, the number of towns alike in
        context with fewer characteristics.
    """
    d = distributions(m)
    shared = shared_parts(m, d)
    rows = {}
    page_of = _template("town.html")
    for code in m.towns.index if codes is None else codes:
        told = about(m, d, code, shared)
        page = page_of.render(told)
        _write(page, folder() / f"{told['slug']}.html")
        rows[code] = {
            "slug": told["slug"],
            "bytes": len(page.encode()),
            "summary": " ".join(told["summary"]),
            "nearest": told["alike"][0]["distance"],
            "nearest_rank": nearer(told["alike"][0]["distance"], shared["pairs"]),
            "lighter": len(told["lighter"]),
        }
    _write(style_sheet(m, d), folder() / "style.css")
    _write(finder(m), folder() / "index.html")
    _write(_template("town_indicators.html").render(topics=explained(m)), folder() / "indicators.html")
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("town_code")


def shared_parts(m: Material, d: Distributions) -> dict:
    """What all pages have in common."""
    return {
        "positions": drawings.positions(m.towns),
        "digests": {f"{name}.csv": files.sha256(paths.processed() / f"{name}.csv") for name in TABLES},
        "towns": len(m.towns),
        "changes": changes(m),
        "pairs": pair_distances(m),
        "traits": m.scores.shape[1],
        "fewer": m.choices["context"]["fewer"],
        "context": words.listed([line["words"] for line in m.choices["context"]["line"]]),
        "distance_note": distance_note(m.choices["distance"]),
        "draws_note": draws_note(),
    }


def about(m: Material, d: Distributions, code: str, shared: dict) -> dict:
    """Everything that is told of one town, as plain data: for its page, the terminal and the notebook."""
    town = m.town[code]
    held = characteristics(m, code)
    values = standing(m, d, code)
    topics: dict[str, list] = {}
    for row in values:
        row["strip"] = drawings.strip(row)
        topics.setdefault(row["topic"], []).append(row)
    near = alike(m, code)
    outer = sorted(values, key=lambda row: (min(row["share"], 1 - row["share"]), row["indicator"]))
    return {
        "code": code,
        "town": town,
        "slug": town["slug"],
        "classes": classes(d, town),
        "name": town["town_name"],
        "welsh": _welsh(town),
        "summary": summary(m, code, held, values),
        "held": held,
        "inside": [each for each in held if each["inside"]],
        "outside": [each for each in held if not each["inside"]],
        "topics": topics,
        "outer": outer[:OUTER],
        "ask_for": reference(m, code),
        "alike": near,
        "nearness": nearness(near[0]["name"], near[0]["distance"], shared["pairs"]),
        "lighter": lighter(m, code),
        "trends": trends(m, shared["changes"], code),
        "flags": flags(m, code),
        "trust": trust(m, code, values),
        "row": quote(figures(m, code), safe=","),
        "locator": drawings.locator(town, shared["positions"][code]),
        **shared,
    }


def pair_distances(m: Material) -> np.ndarray:
    """Distances of all pairs of towns, in order: what "near" means among towns."""
    return np.sort(pdist(m.scores.to_numpy()) / np.sqrt(m.scores.shape[1]))


def draws_note() -> str:
    """What a draw is, and what the words for firmness mean."""
    safe, likely = (f"{100 * probability.FIRMNESS[word]:.0f}" for word in ("safe", "likely"))
    return (
        "Each result was judged again many times, with other fair choices and with the errors that the data are likely to have; each such "
        f"repeat is a draw. Safe means the same in at least {safe} of 100 draws, likely in {likely}, close to a coin toss in {100 * words.DOUBTFUL:.0f}, "
        "doubtful in fewer."
    )


def distance_note(bands: list[dict]) -> str:
    """What the words for distances mean, from ``[[distance]]``."""
    told = [f"“{band['words']}” is up to {words.quantity(band['up_to'], '', 1)}" for band in bands[:-1]]
    return f"Distances are told by the usual spread (standard deviation) of the towns compared with: {', '.join(told)}, “{bands[-1]['words']}” more."


def nearer(distance: float, pairs: np.ndarray) -> float:
    """Share of all pairs of towns that are nearer to each other."""
    return float(np.searchsorted(pairs, distance) / len(pairs))


def nearness(name: str, distance: float, pairs: np.ndarray) -> str:
    """How near the most similar town is, in words."""
    further = 1 - nearer(distance, pairs)
    told = "more than 99" if further > 0.99 else f"{100 * further:.0f}"
    lonely = "" if further > 0.99 else " No town is very like it."
    return f"{name} is the nearest: {told} of 100 pairs of towns are further apart.{lonely}"


def flags(m: Material, code: str) -> str:
    """What the town is, and is not, of the things that are yes or no."""
    said = {name: value for name, value in m.values[code].items() if m.about[name]["unit"] == "flag"}
    labels = {name: words.lowered(re.sub("^Town (with (an? )?)?", "", m.about[name]["label"])) for name in said}
    told = {"Yes": [labels[name] for name, value in said.items() if value], "No": [labels[name] for name, value in said.items() if not value]}
    return " ".join(f"{start}: {', '.join(which)}." for start, which in told.items() if which)


def figures(m: Material, code: str) -> str:
    """The figures of one town as CSV: a line for each indicator that is not of ward elections."""
    lines = [f"{name},{value:.9g}" for name, value in m.values[code].items()]
    return "\n".join([f"town_code,{code}", *lines]) + "\n"


def explained(m: Material) -> dict[str, list[dict]]:
    """Every indicator with its formula, level, date, source and licence, by topic."""
    topics: dict[str, list] = {}
    for name in m.indicators.columns:
        topics.setdefault(m.about[name]["topic"], []).append(m.about[name] | {"name": name})
    return topics


def reference(m: Material, code: str) -> str:
    """What to type so that this town is meant: its name, or its code where others of the list have the same name."""
    name = m.town[code]["town_name"]
    return name if m.called[names.plain(name)] == 1 else code


def _welsh(town: dict) -> str:
    """The Welsh name, where there is one and it differs from the name of the list."""
    name = town["welsh_name"]
    return name if isinstance(name, str) and name != town["town_name"] else ""


def finder(m: Material) -> str:
    """The page that lists all towns, with a search box."""
    listed = m.towns.sort_values(["town_name", "local_authority"])
    towns = [row | {"welsh": _welsh(row)} for row in listed.to_dict("records")]
    return _template("towns.html").render(towns=towns)


def style_sheet(m: Material, d: Distributions) -> str:
    """The style sheet of all pages, with what is the same on many of them.

    For each indicator the shape of all towns, and for each region, size class and group where the middle half of its
    towns lies, so that a row of a page needs nothing but the place of its town.
    """
    lines = [f".map{{background-image:{drawings.map_picture()}}}"]
    lines += [f".{name}{{--shape:{drawings.shape(heights)}}}" for name, heights in d.shape.items()]
    for (letter, grouping), ends in zip(CLASSES.items(), ENDS):
        for number, quartiles in enumerate(d.middle[grouping].values()):
            for name, (low, high) in quartiles.items():
                if low == low:
                    lines.append(f".{letter}{number} .{name}{{--{ends[0]}:{low:.0f}%;--{ends[1]}:{high:.0f}%}}")
    return (TEMPLATES / "towns.css").read_text(encoding="utf-8") + "\n".join(lines) + "\n"


def classes(d: Distributions, town: dict) -> str:
    """Classes of a page: which region, size class and group its town belongs to."""
    return " ".join(f"{letter}{list(d.middle[grouping]).index(town[grouping])}" for letter, grouping in CLASSES.items())


@lru_cache(maxsize=None)
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters |= {"lowered": words.lowered, "in_hundred": words.in_hundred, "sentence": words.sentence}
    return environment.get_template(name)


def _write(text: str, path: Path) -> None:
    tables.write_text(text if text.endswith("\n") else text + "\n", path)
