"""Where things are: the project's folders and the start of a run.

Every folder is found from this file, never from the working folder, so that a notebook reads and
writes the same files in JupyterLab, under papermill and from the command line.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFINITIONS = ROOT / "definitions"
FACTS = DEFINITIONS / "facts"
NOTEBOOKS = ROOT / "notebooks"

RAW_VARIABLE = "TOWNS_INDEX_RAW"
OUT_VARIABLE = "TOWNS_INDEX_OUT"
START_VARIABLE = "TOWNS_INDEX_START"


def raw() -> Path:
    """Folder of the raw bundle: the variable ``TOWNS_INDEX_RAW``, else ``data/raw``."""
    return Path(os.environ.get(RAW_VARIABLE) or ROOT / "data" / "raw").expanduser().resolve()


def out() -> Path:
    """Folder that receives ``data/processed`` and ``reports``: ``TOWNS_INDEX_OUT``, else the project."""
    return Path(os.environ.get(OUT_VARIABLE) or ROOT).expanduser().resolve()


def processed() -> Path:
    """Folder of the published tables."""
    return out() / "data" / "processed"


def reports() -> Path:
    """Folder of the report, its figures and the executed notebooks."""
    return out() / "reports"


def start() -> str:
    """How this run starts: ``"raw"`` or ``"snapshot"``.

    ``TOWNS_INDEX_START`` decides; when it is unset or ``auto``, the raw bundle is used if the first
    file of the register is there.
    """
    chosen = os.environ.get(START_VARIABLE, "auto") or "auto"
    if chosen not in {"auto", "raw", "snapshot"}:
        raise ValueError(f"{START_VARIABLE} is {chosen!r}; it must be auto, raw or snapshot")
    if chosen != "auto":
        return chosen
    marker = raw() / "town-list-ons-2020" / "towns_indicators_1186.csv"
    return "raw" if marker.is_file() else "snapshot"


def start_in_words() -> str:
    """A sentence for the reader: what this run started from."""
    if start() == "raw":
        return "This run started from the **raw bundle**: everything below was computed from the raw files."
    return (
        "This run started from the **town-level snapshot**: the raw bundle was not there, so what a raw run "
        "computed and published is read and shown here."
    )
