"""The pages of all towns, and the page that finds them: HTML that needs no network and, but for the search, no script."""

from functools import lru_cache
from pathlib import Path

import jinja2
import pandas as pd

from towns_index import files, paths, tables, words
from towns_index.town_pages import drawings
from towns_index.town_pages.characteristics import characteristics
from towns_index.town_pages.material import TABLES, Material
from towns_index.town_pages.standing import Distributions, distributions, standing
from towns_index.town_pages.summary import summary

OUTER = 8  # indicators that are shown unfolded
TEMPLATES = Path(__file__).parents[1] / "templates"


def folder() -> Path:
    """Where the pages stand."""
    return paths.reports() / "towns"


def build(m: Material) -> pd.DataFrame:
    """Write a page for every town of the index, the page that finds them and the style sheet.

    Returns
    -------
    pandas.DataFrame
        Indexed by town: ``slug``, ``bytes`` and ``summary`` of its page.
    """
    d = distributions(m)
    shared = shared_parts(m, d)
    rows = {}
    for code in m.towns.index:
        told = about(m, d, code, shared)
        page = _template("town.html").render(told)
        _write(page, folder() / f"{told['slug']}.html")
        rows[code] = {"slug": told["slug"], "bytes": len(page.encode()), "summary": " ".join(told["summary"])}
    _write(style_sheet(m, d), folder() / "style.css")
    _write(finder(m), folder() / "index.html")
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("town_code")


def shared_parts(m: Material, d: Distributions) -> dict:
    """What all pages have in common."""
    return {
        "positions": drawings.positions(m.towns),
        "digests": {f"{name}.csv": files.sha256(paths.processed() / f"{name}.csv") for name in TABLES},
        "towns": len(m.towns),
        "names": m.towns["town_name"].value_counts(),
        "draws_note": "Each was judged again many times, with other fair choices and with errors in the data as large as they may be: the draws.",
    }


def about(m: Material, d: Distributions, code: str, shared: dict) -> dict:
    """Everything that is told of one town, as plain data: for its page, the terminal and the notebook."""
    town = m.town[code]
    held = characteristics(m, code)
    values = standing(m, d, code)
    topics: dict[str, list] = {}
    for row in values:
        topics.setdefault(row["topic"], []).append(row)
    outer = sorted(values, key=lambda row: (min(row["share"], 1 - row["share"]), row["indicator"]))
    return {
        "code": code,
        "town": town,
        "slug": town["slug"],
        "name": town["town_name"],
        "welsh": _welsh(town),
        "summary": summary(m, code, held, values),
        "held": held,
        "inside": [each for each in held if each["inside"]],
        "outside": [each for each in held if not each["inside"]],
        "topics": topics,
        "outer": outer[:OUTER],
        "ask_for": reference(code, town, shared["names"]),
        "locator": drawings.locator(town, shared["positions"][code]),
        **shared,
    }


def reference(code: str, town: dict, names: pd.Series) -> str:
    """What to type so that this town is meant: its name, or its code where others have the same name."""
    return town["town_name"] if names[town["town_name"]] == 1 else code


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
    """The style sheet of all pages, with the shape of all towns for each indicator."""
    shapes = [f".i-{name}{{background-image:{drawings.shape(heights)}}}" for name, heights in d.shape.items()]
    land = f".map{{background-image:{drawings.map_picture()}}}"
    return (TEMPLATES / "towns.css").read_text(encoding="utf-8") + "\n".join([land, *shapes]) + "\n"


@lru_cache(maxsize=None)
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters |= {"lowered": words.lowered, "in_hundred": words.in_hundred}
    return environment.get_template(name)


def _write(text: str, path: Path) -> None:
    tables.write_text(text if text.endswith("\n") else text + "\n", path)
