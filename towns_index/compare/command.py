"""What the command line calls: a comparison in words or as JSON, and its page."""

import sys
from pathlib import Path

from towns_index.compare import page as pages
from towns_index.compare import say
from towns_index.compare.changes import compare
from towns_index.compare.folders import Unusable

EQUAL, DIFFERENT, UNUSABLE = 0, 1, 2


def report(
    one: Path,
    other: Path,
    labels: tuple[str, str],
    settings: tuple[dict, dict] | None = None,
    page: Path | None = None,
    as_json: bool = False,
) -> int:
    """Print what differs between two results folders, and write a page to share.

    Parameters
    ----------
    one, other : Path
        Folders with ``data/processed`` as a build leaves it.
    labels : tuple of str
        What the reader knows them by.
    settings : tuple of dict, optional
        Parameters of the two builds by name, where known.
    page : Path, optional
        The page to write; the full lists are written beside it as ``NAME-changes.csv`` and, under
        their own licence, ``NAME-changes_elections.csv``.
    as_json : bool
        Whether to print JSON instead of words.

    Returns
    -------
    int
        0: all memberships are equal; 1: they differ; 2: a folder cannot be compared or the page not
        written, as a message on standard error says.
    """
    labels = tuple(labels) if labels[0] != labels[1] else (f"{labels[0]} (first)", f"{labels[1]} (second)")
    try:
        found = compare(one, other)
        written = pages.write(found, labels, settings, Path(page)) if page is not None else []
    except Unusable as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        print(f"{page} could not be written: {error}. Choose another place for the page.", file=sys.stderr)
        return UNUSABLE
    print((say.as_json if as_json else say.summary)(found, labels, settings))
    if not as_json:
        for path in written:
            print(f"Written: {path}")
    return EQUAL if found["totals"]["equal"].item() else DIFFERENT
