"""Make an executed notebook the same bytes on every run.

Two runs of the same notebook on the same inputs differ only in things that say nothing about the result:
timings, process numbers, random identifiers, memory addresses, where the folder lies. They are removed or
numbered here; source, results, warnings and parameters stay.
"""

import re
from itertools import groupby

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

# The name of a cell's temporary file, as warnings show it, holds the number of the process.
# It is looked for from the start of a word only: in a picture of a million letters without a space, trying
# every letter as a start would take minutes.
CELL_FILE = re.compile(r"(?<![^\s'\"<>])[^\s'\"<>]*ipykernel_\d+[/\\]+\d+\.py")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
# pandas Styler draws a random table id (#T_1a2b3) for each table; matplotlib dates its SVG pictures.
STYLER_ID = re.compile(r"\bT_[0-9a-f]{5}(?=[_\s\"'>])")
SVG_DATE = re.compile(r"<dc:date>[^<]*</dc:date>")
FIRST_RUN_ONLY = "Matplotlib is building the font cache"
LANGUAGE_KEYS = ("name", "file_extension", "mimetype", "pygments_lexer")


def canonical(notebook: NotebookNode, folders: tuple[str, ...] = ()) -> str:
    """Return the text of an executed notebook without what differs from run to run.

    Parameters
    ----------
    notebook : NotebookNode
        As papermill leaves it; it is not changed.
    folders : tuple of str
        Absolute folders whose names are removed from text outputs, the longest first.

    Returns
    -------
    str
        JSON with sorted keys that ends in a line feed.
    """
    clean = nbformat.from_dict(notebook)
    clean.metadata = _notebook_metadata(notebook.metadata)
    clean.nbformat, clean.nbformat_minor = 4, 5
    clean.cells = [_cell(cell, number, folders) for number, cell in enumerate(notebook.cells, start=1)]
    return nbformat.writes(clean, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def _notebook_metadata(metadata: NotebookNode) -> dict:
    """Keep the kernel's name (papermill refuses a notebook without), the language and the parameters."""
    kept = {key: metadata[key] for key in ("kernelspec", "title") if key in metadata}
    language = metadata.get("language_info", {})
    kept["language_info"] = {key: language[key] for key in LANGUAGE_KEYS if key in language}
    kept["papermill"] = {"parameters": dict(metadata.get("papermill", {}).get("parameters", {}))}
    return kept


def _cell(cell: NotebookNode, number: int, folders: tuple[str, ...]) -> NotebookNode:
    """Return a clean copy of one cell, identified by its place."""
    clean = nbformat.from_dict({**cell, "id": f"cell-{number:03}"})
    clean.metadata = {key: value for key, value in cell.metadata.items() if key not in {"papermill", "execution"}}
    if not clean.metadata.get("tags", True):
        del clean.metadata["tags"]
    if cell.cell_type == "code":
        outputs = [_output(output, folders) for output in _joined(cell.outputs)]
        clean.outputs = [output for output in outputs if output.get("text") != ""]
    return clean


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join the pieces of a stream, print before warnings: where the kernel cuts them depends on time.

    Tables and figures keep their places between them.
    """
    joined: list[NotebookNode] = []
    for is_stream, group in groupby(outputs, key=lambda output: output.output_type == "stream"):
        pieces = list(group)
        if not is_stream:
            joined += [nbformat.from_dict(piece) for piece in pieces]
            continue
        for name in ("stdout", "stderr"):
            text = "".join(piece.text for piece in pieces if piece.name == name)
            if text:
                joined.append(new_output("stream", name=name, text=text))
    return joined


def _output(output: NotebookNode, folders: tuple[str, ...]) -> NotebookNode:
    """Return an output without what differs from run to run."""
    if output.output_type == "stream":
        lines = output.text.replace("\r\n", "\n").split("\n")
        kept = [line for line in lines if output.name == "stdout" or not _is_progress(line)]
        output.text = _scrub("\n".join(kept), folders)
    elif output.output_type in {"display_data", "execute_result"}:
        output.data = {
            kind: _scrub(content, folders, markup=kind in {"text/html", "image/svg+xml"})
            if isinstance(content, str) and not kind.startswith(("image/png", "image/jpeg"))
            else content
            for kind, content in output.data.items()
        }
    elif output.output_type == "error":
        output.evalue = _scrub(output.evalue, folders)
        output.traceback = [_scrub(line, folders) for line in output.traceback]
    return output


def _is_progress(line: str) -> bool:
    """Whether a line redraws itself, as progress bars do, or appears on a machine's first run only."""
    return "\r" in line or FIRST_RUN_ONLY in line


def _scrub(text: str, folders: tuple[str, ...], markup: bool = False) -> str:
    """Remove folders, process numbers and addresses; in markup also random ids and dates."""
    for folder in folders:
        text = text.replace(folder + "/", "").replace(folder, ".")
    text = ADDRESS.sub("", CELL_FILE.sub("<cell>", text))
    if markup:
        numbers: dict[str, str] = {}
        text = STYLER_ID.sub(lambda match: numbers.setdefault(match[0], f"T_{len(numbers) + 1:05}"), text)
        text = SVG_DATE.sub("", text)
    return text
