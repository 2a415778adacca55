"""The command ``compare``: turn what is to be compared into folders of results, then hand them to the package."""

import argparse
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from . import crate
from .arguments import refuse
from .build import build
from .problems import Problems, entry_point
from .workspace import STATE, files_below

REPORT = "towns_index.compare.command:report"
HERE = "here"


@dataclass(frozen=True)
class Results:
    """One side of a comparison.

    Attributes
    ----------
    folder : Path
        Holds ``data/processed``.
    label : str
        What to call it.
    settings : dict, optional
        The parameters it was built with, if they are known.
    """

    folder: Path
    label: str
    settings: dict | None


def compare(argv: Sequence[str], root: Path) -> int:
    """Compare two builds, parameter sets or editions.

    Parameters
    ----------
    argv : sequence of str
        Two operands and options; see :func:`parser`.
    root : Path
        The project's folder.

    Returns
    -------
    int
        0 if no town's membership differs, 1 if some do, 2 if they cannot be compared.
    """
    asked, more = parser().parse_known_args(argv)
    # What a build says on the way is not the comparison.
    with redirect_stdout(sys.stderr):
        one, other = (resolve(text, root, more) for text in (asked.one, asked.other))
    settings = (one.settings, other.settings) if one.settings and other.settings else None
    page = Path(asked.page).expanduser().resolve() if asked.page else None
    return entry_point(REPORT)(one.folder, other.folder, (one.label, other.label), settings, page, asked.json)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's own options; all others are those of build."""
    made = argparse.ArgumentParser(
        prog="run_all.py compare",
        description="Which towns changed which characteristic between A and B, and which criterion did it.",
        epilog=(
            "A and B are each: 'here' (the project's results), a folder of results, settings such as average=median "
            "or min_population=0,average=median (built first, from what is here), or a revision of the repository, "
            "such as a tag. Options of build, such as --start, apply to what is built."
        ),
        allow_abbrev=False,
    )
    made.add_argument("one", metavar="A")
    made.add_argument("other", metavar="B")
    made.add_argument("--page", metavar="FILE", help="also write an HTML page to share, with lists as CSV beside it")
    made.add_argument("--json", action="store_true", help="print everything as JSON")
    made.error = refuse
    return made


def resolve(text: str, root: Path, options: Sequence[str]) -> Results:
    """Return the folder behind an operand; build or unpack it first if need be.

    Raises
    ------
    Problems
        If it is neither a folder of results, nor settings, nor a revision.
    """
    folder = root if text == HERE else Path(text).expanduser().resolve()
    if (folder / "data" / "processed").is_dir():
        label = "the results here" if folder == root else str(text)
        return Results(folder, label, _settings(folder))
    if "=" in text and not folder.exists():
        return _built(text, root, options)
    commit = _commit(text, root)
    if commit is None:
        raise Problems(
            [
                f"{text!r} is no folder of results (with data/processed in it), no settings (name=value) and no revision "
                "of the repository; 'here' stands for the project's own results"
            ]
        )
    return Results(_unpacked(commit, root), f"revision {text} ({commit[:10]})", None)


def _settings(folder: Path) -> dict | None:
    """Return the parameters with which a folder was built, as its record says."""
    try:
        return json.loads((folder / crate.RECORD).read_text(encoding="utf-8"))["parameters"]
    except (OSError, ValueError, KeyError):
        return None


def _built(text: str, root: Path, options: Sequence[str]) -> Results:
    """Build with other settings in a folder of its own, going on from the results that are here."""
    folder = root / STATE / "compared" / re.sub(r"[^A-Za-z0-9.]+", "-", text)
    if not (folder / STATE).is_dir():
        for part in ("data/processed", "reports", f"{STATE}/records"):
            for file in files_below(root / part) if (root / part).exists() else ():
                copy = folder / file.relative_to(root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    settings = [word for setting in text.split(",") for word in ("--set", setting)]
    if build([*settings, *options, "--out", str(folder)], root):
        raise Problems([f"the build with {text} failed, as told above; there is nothing to compare"])
    return Results(folder, text, _settings(folder))


def _commit(text: str, root: Path) -> str | None:
    """Return the commit that a revision of the project's repository names, or None."""
    if text.startswith("-") or not shutil.which("git") or not (root / ".git").exists():
        return None
    command = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True).stdout.strip() or None


def _unpacked(commit: str, root: Path) -> Path:
    """Return a folder with the tables of a commit."""
    folder = root / STATE / "compared" / commit
    if not folder.is_dir():
        archive = subprocess.run(["git", "archive", commit, "data/processed"], cwd=root, capture_output=True)
        if archive.returncode:
            raise Problems([f"revision {commit[:10]} holds no results (data/processed)"])
        draft = folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as unpacked:
            # The archive is git's own; Python before 3.11.4 has no filters.
            unpacked.extractall(draft, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        draft.rename(folder)
    return folder
