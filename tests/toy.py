"""Small projects on which the runner's tests run for real."""

import json
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

HOME = "import os; from pathlib import Path; home = Path(os.environ['TOWNS_INDEX_OUT'])\n"

PARAMETERS = """\
[low]
type = "integer"
default = 1
minimum = 0
maximum = 10
not_above = "high"
unit = "things"

[high]
type = "integer"
default = 5
minimum = 0
maximum = 10

[share]
type = "number"
default = 0.5
minimum = 0
maximum = 1

[average]
type = "choice"
default = "mean"
choices = ["mean", "median"]
"""


def write(path: str, content: str) -> str:
    """Return code of a cell that writes a file of the run."""
    return HOME + f"(home / {path!r}).write_text({content})"


def read(path: str) -> str:
    """Return an expression that reads a file of the run."""
    return f"(home / {path!r}).read_text()"


def stage(name: str, inputs=(), outputs=(), **more) -> dict:
    """Return one entry of the stages file."""
    return {"name": name, "title": f"Stage {name}", "inputs": list(inputs), "outputs": list(outputs), **more}


def project(root: Path, entries: list[dict], cells: dict[str, list[str]], top: str = "") -> Path:
    """Write a project: parameters, stages and one notebook a stage.

    Parameters
    ----------
    root : Path
    entries : list of dict
        From :func:`stage`.
    cells : dict of str to list of str
        The code cells of each notebook; a cell that begins with ``# parameters`` gets that tag.
    top : str
        Lines for the top of the stages file.
    """
    for folder in ("definitions", "notebooks", "data/processed", "data/raw", "reports"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "definitions" / "parameters.toml").write_text(PARAMETERS)
    # Texts, lists of texts and truth values are written alike in JSON and TOML.
    tables = [
        "\n".join(["[[stage]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())])
        for entry in entries
    ]
    (root / "definitions" / "stages.toml").write_text("\n\n".join([top, *tables]) + "\n")
    for name, sources in cells.items():
        notebook = new_notebook(cells=[new_markdown_cell(f"# {name}")])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for source in sources:
            tags = {"tags": ["parameters"]} if source.startswith("# parameters") else {}
            notebook.cells.append(new_code_cell(source, metadata=tags))
        nbformat.write(notebook, root / "notebooks" / f"{name}.ipynb")
    return root


def chain(root: Path) -> Path:
    """Write a project of four stages: a, then b and c side by side, then d, which reads both."""
    a, b, c, d = (f"data/processed/{letter}.txt" for letter in "abcd")
    return project(
        root,
        [
            stage("010_a", [], [a], parameters=["low"]),
            stage("020_b", [a], [b]),
            stage("030_c", [a], [c]),
            stage("040_d", [b, c], [d]),
        ],
        {
            "010_a": ["# parameters\nlow = 1", write(a, "str(low)")],
            "020_b": [write(b, f"{read(a)} + 'b'")],
            "030_c": [write(c, f"{read(a)} + 'c'")],
            "040_d": [write(d, f"{read(b)} + {read(c)}")],
        },
    )
