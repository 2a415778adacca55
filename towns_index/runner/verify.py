"""The command ``verify``: build everything again in an empty folder and hold it against what is published."""

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from towns_index import files, paths

from . import differences
from .arguments import refuse
from .build import Order, build, preflight
from .differences import DIFFERENT, EQUAL, IDENTICAL, Difference
from .problems import Problems
from .staging import MANIFEST
from .workspace import files_below

LISTED = "as listed"
TOLERANCE = 1e-9
WORDS = {
    IDENTICAL: "byte for byte what was built again",
    EQUAL: "equal within the tolerance",
    LISTED: f"not built again from a snapshot; the bytes are those listed in {MANIFEST}",
    DIFFERENT: "different",
}


def verify(argv: Sequence[str], root: Path) -> int:
    """Compare every published file with one built again from the start.

    Parameters
    ----------
    argv : sequence of str
        Options; see :func:`parser`.
    root : Path
        The project's folder.

    Returns
    -------
    int
        0 if every file is identical, equal or as listed; 1 if one is different; 2 if it could not be verified.
    """
    asked, more = parser().parse_known_args(argv)
    results = Path(asked.results).expanduser().resolve() if asked.results else root
    if not (results / "data" / "processed").is_dir():
        raise Problems([f"--results {results}: there are no results in it (no folder data/processed)"])
    with tempfile.TemporaryDirectory(prefix="towns-index-verify-") as folder:
        options = [*more, "--out", folder, "--force"]
        order = Order(options, root)
        print(f"Verifying {results}: everything is built again in an empty folder.", flush=True)
        problems = preflight(order.plan, order.run)
        if problems:
            print("\n".join(f"{DIFFERENT:<10} {line}" for line in problems))
            print("\nNothing can be verified from these inputs.")
            return 1
        os.environ[paths.OUT_VARIABLE] = ""
        if build(options, root):
            return 2
        rebuilt = Path(folder)
        kept = [stage for stage in order.plan.stages if stage.raw and order.run.start == "snapshot"]
        listed = {path for stage in kept for file in stage.writes for path in _below(rebuilt, file)}
        found = results_of(order, results, rebuilt, listed, asked.tolerance)
    print("\n".join(["", *(f"{each.status:<10} {path}  ({each.words})" for path, each in found.items()), ""]))
    print("\n".join(summary(found, order.run.start)))
    return int(any(each.status == DIFFERENT for each in found.values()))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options that are verify's own; all others are those of build."""
    made = argparse.ArgumentParser(prog="run_all.py verify", allow_abbrev=False, add_help=False)
    made.add_argument("--results", metavar="DIR", help="folder of the results to verify (default: here)")
    made.add_argument("--tolerance", type=float, default=TOLERANCE, metavar="X")
    made.error = refuse
    return made


def results_of(order: Order, results: Path, rebuilt: Path, listed: set[str], tolerance: float) -> dict[str, Difference]:
    """Compare all published files, in the order of their paths.

    Parameters
    ----------
    order : Order
    results, rebuilt : Path
        The folders of the published and of the rebuilt files.
    listed : set of str
        Files that a start from the snapshot takes as they are; their digests are checked instead.
    tolerance : float
    """
    manifest = _manifest(results / MANIFEST)
    declared = [path for stage in order.plan.stages for path in stage.writes]
    names = {path for folder in (results, rebuilt) for each in declared for path in _below(folder, each)}
    found = {}
    for path in sorted(names):
        digest = files.sha256(results / path) if (results / path).is_file() else ""
        if not digest:
            found[path] = Difference(DIFFERENT, "it is missing among the results")
        elif not (rebuilt / path).is_file():
            found[path] = Difference(DIFFERENT, "it is not built any more")
        elif manifest and digest != manifest.get(path):
            detail = differences.compare(results / path, rebuilt / path, tolerance).words if path not in listed else ""
            words = "changed since it was published" if path in manifest else f"not listed in {MANIFEST}"
            found[path] = Difference(DIFFERENT, "; ".join(filter(None, [words, detail])))
        elif path in listed:
            found[path] = Difference(LISTED, "not built again") if manifest else Difference(DIFFERENT, f"no {MANIFEST}")
        else:
            found[path] = differences.compare(results / path, rebuilt / path, tolerance)
    found |= {
        path: Difference(DIFFERENT, f"listed in {MANIFEST}, and missing") for path in sorted(set(manifest) - set(found))
    }
    if not manifest:
        found[MANIFEST] = Difference(DIFFERENT, "it is missing")
    return found


def summary(found: dict[str, Difference], start: str) -> list[str]:
    """Say in a few lines what was found."""
    counts = Counter(each.status for each in found.values())
    lines = [f"{counts[status]:>5} {status}: {words}" for status, words in WORDS.items() if counts[status]]
    worst = max((each for each in found.values() if each.status == EQUAL), key=lambda each: each.largest, default=None)
    if worst:
        lines.append(f"The largest difference within the tolerance is {worst.largest:.2g}.")
    if start == "snapshot":
        lines.append("This started from the snapshot: what is made from the raw files was not built again (see --start raw).")
    return [*lines, "Verified." if not counts[DIFFERENT] else "NOT verified."]


def _below(folder: Path, path: str) -> list[str]:
    found = files_below(folder / path) if (folder / path).exists() else ()
    return [file.relative_to(folder).as_posix() for file in found]


def _manifest(path: Path) -> dict[str, str]:
    """Read a list of digests; none if it is not there."""
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
