"""The sentences of an executed notebook, each with its place."""

import re
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

# A full stop, question mark or exclamation mark that is followed by a capital letter or a digit.
_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z0-9“‘])")
_BULLET = re.compile(r"^\s*(?:[-*>]|#+)\s+")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


class Sentence(NamedTuple):
    """One sentence and where it stands.

    Attributes
    ----------
    section : str
        The heading above it.
    part : str
        ``heading``, ``text``, ``callout``, ``cover``, or ``title``, ``alt``, ``note``, ``source`` of what is shown.
    of : str
        Name of the figure or table; otherwise empty.
    text : str
        Without the marks of Markdown.
    """

    section: str
    part: str
    of: str
    text: str

    @property
    def place(self) -> str:
        """Where to look for it."""
        return f"{self.section}, {self.part}" + (f" of {self.of}" if self.of else "")


def read(path: Path) -> list[Sentence]:
    """Sentences of the executed notebook in a file (:func:`of_notebook`).

    Raises
    ------
    FileNotFoundError
        In plain words, if it has not been executed.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; the claims are those of the executed report: run {path.stem} first.")
    return of_notebook(nbformat.read(path, as_version=4))


def plain(markdown: str) -> str:
    """Text without the marks of Markdown: emphasis, code, links, bullets."""
    text = _LINK.sub(r"\1", _BULLET.sub("", markdown))
    text = re.sub(r"\*\*|__|`", "", text)
    return re.sub(r"\s+", " ", re.sub(r"\*(\S(?:[^*]*\S)?)\*", r"\1", text)).strip()


def split(text: str) -> list[str]:
    """Sentences of plain text."""
    return [part for part in _END.split(text.strip()) if part]


def of_notebook(notebook: NotebookNode) -> list[Sentence]:
    """Every sentence that a reader of the report sees or hears, in order; the cells of tables are not sentences.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; what :mod:`towns_index.show` displayed carries ``towns_index`` metadata.
    """
    found, section = [], ""
    for cell in notebook.cells:
        shown = [("text", "", cell.source)] if cell.cell_type == "markdown" else _shown(cell.get("outputs", []))
        for part, of, text in shown:
            for block in _blocks(text) if part in ("text", "callout", "cover") else [text]:
                heading = part == "text" and re.match(r"#+\s", block)
                if heading:
                    section = plain(block)
                    found.append(Sentence(section, "heading", "", section))
                else:
                    found += [Sentence(section, part, of, sentence) for sentence in split(plain(block))]
    return found


def _blocks(markdown: str) -> list[str]:
    """Paragraphs, headings and items of lists."""
    lines = re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|#+)\s)", markdown)
    return [line for block in lines for line in _after_heading(block) if line.strip()]


def _after_heading(block: str) -> list[str]:
    return block.split("\n", 1) if re.match(r"#+\s", block) else [block]


def _shown(outputs: list[NotebookNode]) -> list[tuple[str, str, str]]:
    """Part, name and text of all that a cell displayed."""
    found = []
    for output in outputs:
        about = output.get("metadata", {}).get("towns_index")
        if about is None:
            continue
        if about["kind"] == "prose":
            found.append(("text", "", output["data"]["text/markdown"]))
        elif about["kind"] in ("callout", "cover"):
            found.append((about["kind"], "", about["text"]))
        else:
            found += [(part, about["name"], about[part]) for part in ("title", "alt", "note", "source") if about.get(part)]
    return found
