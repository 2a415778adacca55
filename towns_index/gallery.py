"""Stage 099, the front page: where to find a town, the report and the tables, and a gallery of the notebooks."""

import html
import re
from pathlib import Path
from typing import NamedTuple

import jinja2
import nbformat
from nbformat import NotebookNode

TEMPLATES = Path(__file__).parent / "templates"


class Card(NamedTuple):
    """A notebook in the gallery.

    Attributes
    ----------
    name : str
        Stem of the file.
    title, question : str
        Its heading, and the first paragraph below.
    picture, finding, alt : str
        Address of its first figure from the front page, its title and its description; empty if it has none.
    """

    name: str
    title: str
    question: str
    picture: str
    finding: str
    alt: str


def card(name: str, notebook: NotebookNode) -> Card:
    """What the gallery shows of an executed notebook.

    Raises
    ------
    ValueError
        If the notebook does not begin with a heading and a paragraph.
    """
    first = notebook.cells[0].source if notebook.cells else ""
    heading, _, rest = first.partition("\n")
    paragraph = rest.strip().split("\n\n")[0]
    if not heading.startswith("# ") or not paragraph:
        raise ValueError(f"notebooks/{name}.ipynb must begin with a heading and a paragraph: the gallery shows them")
    figures = [about for cell in notebook.cells for output in cell.get("outputs", []) if (about := output.get("metadata", {}).get("towns_index", {})).get("kind") == "figure"]
    shown = figures[0] if figures else None
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", re.sub(r"[*`]", "", paragraph))
    return Card(
        name,
        heading.removeprefix("# "),
        plain,
        f"figures/{name}/{shown['name']}.png" if shown else "",
        shown["title"] if shown else "",
        shown["alt"] if shown else "",
    )


def finding(report: NotebookNode) -> str:
    """What stands on the cover of the executed report.

    Raises
    ------
    ValueError
        If it has no cover.
    """
    for cell in report.cells:
        for output in cell.get("outputs", []):
            about = output.get("metadata", {}).get("towns_index", {})
            if about.get("kind") == "cover":
                return html.unescape(about["text"])
    raise ValueError("the executed report has no cover; run the stage 090_report again")


def read(folder: Path) -> tuple[list[Card], str]:
    """Cards of all executed notebooks in a folder but the report's and this one's, and the finding of the report."""
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))}
    report = next(name for name in notebooks if name.startswith("090"))
    cards = [card(name, notebook) for name, notebook in notebooks.items() if name != report and not name.startswith("099")]
    return cards, finding(notebooks[report])


def page(cards: list[Card], said: str, tables: int, downloads: list[tuple[str, str]]) -> str:
    """The front page as HTML.

    Parameters
    ----------
    cards : list of Card
    said : str
        The finding.
    tables : int
        Number of published tables.
    downloads : list of tuple
        Name of a file in ``downloads/`` and what it is.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template("front.html").render(cards=cards, finding=said, tables=tables, downloads=downloads)
