"""From the executed report notebook to one HTML file and one tagged PDF.

The notebook is read once into a :class:`Document`: its text, and what it displayed through
:mod:`towns_index.show`. Pandoc turns the text into HTML and into Typst markup; the page around it
is ``templates/report.html``, the publication around it ``templates/report.typ``. The same executed
notebook always gives the same bytes.
"""

import base64
import json
import re
import shutil
import subprocess
import textwrap
from concurrent.futures import ThreadPoolExecutor
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import matplotlib
import nbformat
import pypandoc
import typst
from nbformat import NotebookNode

from towns_index import paths, show, style, tables

AUTHOR = "Open Towns Index contributors"
TEMPLATES = Path(__file__).with_name("templates")

# What JupyterLab understands, so that text reads the same there and in the report. Dollars are
# plain characters: the report has no formulas.
MARKDOWN = "commonmark+pipe_tables+strikeout+footnotes+smart+raw_attribute+gfm_auto_identifiers"
FENCE = "`" * 20
PLACE = "<!-- shown by the notebook: part {} -->"


class Document(NamedTuple):
    """What the report says.

    ``parts`` are in reading order: Markdown text, or a ``dict`` with the ``towns_index`` metadata
    of a figure, table or callout and, under ``html``, what the notebook displayed. A part of the
    kind ``audit`` holds the code that showed the parts before it. ``cover`` is the finding on the
    cover and the hexagons of its picture.
    """

    title: str
    standfirst: str
    parts: list[str | dict]
    cover: dict


def report(executed_notebook: Path, name: str = "towns-index-2020") -> tuple[Path, Path]:
    """Write ``reports/NAME.html`` and ``reports/NAME.pdf``; neither if either cannot be made."""
    notebook = nbformat.read(executed_notebook, as_version=4)
    # Side by side: both spend most of their time in other programs.
    with ThreadPoolExecutor(2) as both:
        page, publication = both.map(lambda make: make(notebook), (html, pdf))
    targets = paths.reports() / f"{name}.html", paths.reports() / f"{name}.pdf"
    tables.write_bytes(page.encode(), targets[0])
    tables.write_bytes(publication, targets[1])
    return targets


def html(notebook: NotebookNode) -> str:
    """The report as one HTML page that needs no other file and no network.

    Raises
    ------
    ValueError
        If the page would not be whole or accessible (see :func:`faults`): every fault is named.
    """
    document = read(notebook)
    standfirst = _pandoc(document.standfirst, "html5")
    words = unescape(re.sub("<[^>]+>", "", standfirst))
    summary = textwrap.shorten(words, 300, placeholder=" …")
    frame = _pandoc(
        "\n\n".join(_html_part(part, number) for number, part in enumerate(document.parts)),
        "html5",
        "--standalone",
        f"--template={TEMPLATES / 'report.html'}",
        "--toc",
        "--toc-depth=3",
        f"--variable=title:{escape(document.title)}",
        f"--variable=pagetitle:{escape(document.title)}",
        f"--variable=author:{AUTHOR}",
        f"--variable=summary:{escape(summary)}",
        f"--variable=standfirst:{standfirst}",
        f"--variable=finding:{_pandoc(document.cover['text'], 'html5')}",
        f"--variable=art:{_art(document.cover['hexagons'])}",
    )
    page = re.sub(PLACE.format(r"(\d+)"), lambda place: _set(document.parts[int(place[1])]), frame)
    found = faults(page)
    if found:
        raise ValueError("the HTML report cannot be published:\n- " + "\n- ".join(found))
    return page


def pdf(notebook: NotebookNode) -> bytes:
    """The report as a tagged PDF (PDF/UA-1: a figure without alt text is refused)."""
    document = read(notebook)
    parts = [part for part in document.parts if isinstance(part, str) or part["kind"] != "audit"]
    shown = [part for part in parts if isinstance(part, dict)]
    about = {"title": document.title, "author": AUTHOR, "parts": [_without_html(p) for p in shown],
             "hexagons": document.cover["hexagons"]}  # fmt: skip
    numbers = iter(range(len(shown)))
    body = "\n\n".join(part if isinstance(part, str) else _typst_part(part, next(numbers)) for part in parts)
    with TemporaryDirectory() as folder:
        room = Path(folder)
        for template in TEMPLATES.glob("*.typ"):
            shutil.copy(template, room)
        for part in shown:
            if part["kind"] == "figure":
                (room / f"{part['name']}.png").write_bytes(_image(part["html"]))
                if part["data"]:
                    (room / f"{part['name']}.csv").write_text(part["data"], encoding="utf-8")
        (room / "report.json").write_text(json.dumps(about), encoding="utf-8")
        _write_typst(room / "standfirst.typ", document.standfirst)
        _write_typst(room / "finding.typ", document.cover["text"])
        _write_typst(room / "body.typ", body)
        # Only fonts that come with the pinned packages: the same pages on every machine.
        return typst.compile(
            room / "report.typ",
            root=room,
            font_paths=[Path(matplotlib.get_data_path()) / "fonts" / "ttf", style.FONTS],
            ignore_system_fonts=True,
            pdf_standards="ua-1",
        )


def read(notebook: NotebookNode) -> Document:
    """The report in an executed notebook.

    The first Markdown cell begins with the title (``# Title``); the rest of that cell is the
    standfirst. Code, printed lines and plain values are working notes and stay in the notebook.

    Raises
    ------
    ValueError
        If there is no title, or a cell failed, or shows a picture or table that did not come from
        :mod:`towns_index.show` and would be lost.
    """
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    opening = re.fullmatch(r"\s*#[ \t]+([^\n]+)(.*)", texts[0] if texts else "", re.DOTALL)
    if not opening:
        raise ValueError("the report's first Markdown cell must begin with '# ' and the title")
    parts, seen_title = [], False
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown":
            if seen_title:
                parts.append(cell.source)
            seen_title = True
        shown = [part for output in cell.get("outputs", []) for part in _output(output, number)]
        parts += shown
        if cell.cell_type == "code":
            digests = [part.get("digests", {}) for part in shown if isinstance(part, dict)]
            parts.append({"kind": "audit", "cell": number, "code": cell.source, "digests": digests})
    covers = [part for part in parts if isinstance(part, dict) and part["kind"] == "cover"]
    if len(covers) != 1:
        raise ValueError(f"the report needs one cell that calls show.cover; it has {len(covers)}")
    parts.remove(covers[0])
    return Document(opening[1].strip(), opening[2].strip(), parts, covers[0])


def faults(page: str) -> list[str]:
    """What is wrong with a page: files it would fetch, missing alt text, anchors, headings."""
    reader = _Reader()
    reader.feed(page)
    double = sorted({name for name in reader.ids if reader.ids.count(name) > 1})
    dead = sorted(set(reader.targets) - set(reader.ids))
    levels = reader.levels
    jumps = [f"h{a} to h{b}" for a, b in zip(levels, levels[1:], strict=False) if b > a + 1]
    return (
        reader.faults
        + [f"two things are named {name!r}" for name in double]
        + [f"a link leads to {name!r}, which is not there" for name in dead]
        + [f"headings jump from {jump}" for jump in jumps]
        + ([] if levels.count(1) == 1 else [f"{levels.count(1)} titles (# …) instead of one"])
    )


class _Reader(HTMLParser):
    """Collects the names, links and faults of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.faults: list[str] = []
        self.levels: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if attributes.get("id"):
            self.ids.append(attributes["id"])
        if tag == "a" and (attributes.get("href") or "").startswith("#"):
            self.targets.append(attributes["href"][1:])
        if tag == "img" and not (attributes.get("alt") or "").strip():
            self.faults.append("an image has no alt text")
        if tag in {"script", "link", "iframe", "object", "embed", "form", "base"}:
            self.faults.append(f"<{tag}> is not allowed in a page that stands alone")
        for name, value in attributes.items():
            address = re.sub(r"[\s\x00-\x1f]", "", value or "").lower()
            if name.startswith("on") or name == "srcdoc" or address.startswith(("javascript:", "vbscript:", "data:text")):
                self.faults.append(f"<{tag} {name}> would run a program")
        for name in ("src", "srcset", "poster"):
            if not (attributes.get(name) or "data:").startswith("data:"):
                self.faults.append(f"<{tag}> fetches {attributes[name]}")


def _output(output: NotebookNode, number: int) -> list[str | dict]:
    """What one output of a cell adds to the report: one part or nothing."""
    if output.output_type == "error":
        raise ValueError(f"cell {number} failed: {output.ename}: {output.evalue}")
    if output.output_type == "stream":
        return []
    about = output.metadata.get("towns_index")
    if about is None and "text/markdown" in output.data:
        return [output.data["text/markdown"]]
    if about is None:
        lost = sorted(f for f in output.data if f == "text/html" or f.startswith("image/"))
        if lost:
            raise ValueError(
                f"cell {number} shows {', '.join(lost)} that the report cannot set: "
                "use show.figure or show.table"
            )
        return []
    if about["kind"] == "prose":
        return [output.data["text/markdown"]]
    return [{**about, "html": output.data.get("text/html", "")}]


def _html_part(part: str | dict, number: int) -> str:
    """A part of the report as Markdown for the HTML page.

    A figure or table is only given a place: pandoc would spend a second on the pictures, to hand
    them on untouched.
    """
    if isinstance(part, str):
        return part
    if part["kind"] == "callout":
        label = show.CALLOUTS[part["callout"]]
        opening = f'<div class="callout {part["callout"]}"><p class="label">{label}</p>'
        return "\n\n".join([_raw("html", opening), part["text"], _raw("html", "</div>")])
    return _raw("html", PLACE.format(number))


def _set(part: dict) -> str:
    """What stands in the place of a part in the HTML page."""
    return _audit(part) if part["kind"] == "audit" else part["html"]


def _audit(part: dict) -> str:
    """The code of a cell and the digests of what it made: shown in the audit view only."""
    lines = [f"{name} sha256 {digest}" for digests in part["digests"] for name, digest in sorted(digests.items())]
    files = f"<pre>{escape(chr(10).join(lines))}</pre>" if lines else ""
    return (
        f'<details class="audit"><summary>How this part was made: cell {part["cell"]}</summary>'
        f"<pre><code>{escape(part['code'])}</code></pre>{files}</details>"
    )


def _art(hexagons: list[list]) -> str:
    """The picture of the cover: one hexagon a town, for the eye only."""
    if not hexagons:
        return ""
    x, y = [place[0] for place in hexagons], [-place[1] for place in hexagons]
    box = f"{min(x) - 1:.2f} {min(y) - 1:.2f} {max(x) - min(x) + 2:.2f} {max(y) - min(y) + 2:.2f}"
    cell = "m0-.53.46.265v.53l-.46.265-.46-.265v-.53z"  # all steps from the centre, so that it fits any place
    drawn = "".join(f'<path class="s{shade}" d="M{left} {-up:g}{cell}"/>' for left, up, shade in hexagons)
    return f'<svg viewBox="{box}" aria-hidden="true" focusable="false">{drawn}</svg>'


def _typst_part(part: dict, number: int) -> str:
    """A part of the report as Markdown for the PDF; Typst finds its contents by their number."""
    if part["kind"] == "callout":
        opening = _raw("typst", f"#callout({number})[")
        return "\n\n".join([opening, part["text"], _raw("typst", "]")])
    return _raw("typst", f"#show-{part['kind']}({number})")


def _raw(language: str, text: str) -> str:
    """Text that pandoc passes on untouched."""
    return f"{FENCE}{{={language}}}\n{text}\n{FENCE}"


def _without_html(part: dict) -> dict:
    label = show.CALLOUTS[part["callout"]] if part["kind"] == "callout" else ""
    return {key: value for key, value in part.items() if key != "html"} | {"label": label}


def _image(shown: str) -> bytes:
    """The picture inside a figure that the notebook displayed."""
    return base64.b64decode(re.search(r'src="data:image/png;base64,([^"]+)"', shown)[1])


def _write_typst(path: Path, markdown: str) -> None:
    # Sections are the highest level of headings in the PDF: its title is not a heading.
    body = _pandoc(markdown, "typst", "--shift-heading-level-by=-1")
    path.write_text(f'#import "parts.typ": *\n\n{body}', encoding="utf-8")


def _pandoc(text: str, to: str, *options: str) -> str:
    """Convert Markdown with the pandoc that comes in the pinned package.

    ``pypandoc.convert_text`` would take a newer pandoc from the machine, and its bytes, if it
    found one.
    """
    pandoc = shutil.which("pandoc", path=Path(pypandoc.__file__).parent / "files")
    command = [pandoc, f"--from={MARKDOWN}", f"--to={to}", "--wrap=none"]
    command += ["--syntax-highlighting=none", f"--lua-filter={TEMPLATES / 'tables.lua'}"]
    done = subprocess.run(
        [*command, *options],
        input=text.encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"pandoc could not read the report's text: {done.stderr.decode().strip()}")
    return done.stdout.decode()
