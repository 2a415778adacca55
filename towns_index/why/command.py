"""The command line of ``why``."""

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from towns_index import formula, measures, paths, sources, tables
from towns_index.why import figure, names, places, results, say, town

PROBLEMS = (names.Unclear, tables.BadTable, formula.BadFormula, measures.BadDefinition, sources.BadRegister)
EXAMPLES = """\
examples:
  python run_all.py why Blackpool          a town: its place in the index, every cluster, every criterion
  python run_all.py why Blackpool B        a town and a cluster: down to the rows of the raw files
  python run_all.py why 66                 a figure of the report: where it stands, what it counts, who made it
  python run_all.py why "31 of 41"
"""


def main(argv: list[str]) -> int:
    """Carry out ``why``.

    Parameters
    ----------
    argv : list of str
        What stands behind ``why``.

    Returns
    -------
    int
        0 done; 1 the figure stands nowhere; 2 not understood, or more than one thing is meant.
    """
    try:
        options = _parser().parse_args([re.sub(r"^-(?=\d)", "−", word) for word in argv])
    except SystemExit as stop:  # argparse has said why; its status for --help is 0
        return int(stop.code or 0)
    with results_in(options.out):
        try:
            trace = traced(options.what)
        except PROBLEMS as error:
            print(error, file=sys.stderr)
            return 2
    if trace["asked"] == "figure" and not trace["found"]:
        print(say.say(trace), end="", file=sys.stderr)
        return 1
    width = shutil.get_terminal_size((100, 24)).columns
    print(as_json(trace) if options.json else say.say(trace, width), end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="run_all.py why",
        description="Follow a town, a town and a cluster, or a figure of the report down to the raw files.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    told = "a town's name or code, a cluster's letter or name, a number"
    made.add_argument("what", nargs="+", metavar="TOWN [CLUSTER] | VALUE", help=told)
    made.add_argument("--json", action="store_true", help="the same as one JSON object (docs/why.md)")
    made.add_argument("--out", metavar="DIR", help="folder with the results (default: TOWNS_INDEX_OUT or the project)")
    return made


@contextmanager
def results_in(folder: str | None) -> Iterator[None]:
    """Let :func:`towns_index.paths.out` be another folder for a while."""
    before = os.environ.get(paths.OUT_VARIABLE)
    try:
        if folder is not None:
            os.environ[paths.OUT_VARIABLE] = folder
        yield
    finally:
        os.environ.pop(paths.OUT_VARIABLE, None)
        if before is not None:
            os.environ[paths.OUT_VARIABLE] = before


def traced(what: list[str]) -> dict:
    """The trace of what was asked, in one word or several.

    Raises
    ------
    towns_index.why.names.Unclear
        If it names nothing, or more than one thing.
    """
    try:
        paths.start()
    except ValueError as error:  # a variable of the environment is misspelt
        raise names.Unclear(str(error)) from None
    r = results.load()
    wanted = places.asked(" ".join(what))
    if wanted:
        return figure.figure(r, wanted)
    if len(what) == 1 or _is_town(" ".join(what), r):
        return town.town(r, names.town(" ".join(what), r.towns))
    code = names.town(" ".join(what[:-1]), r.towns)
    return town.cluster(r, code, names.cluster(what[-1], r.letters))


def _is_town(text: str, r: results.Results) -> bool:
    try:
        names.town(text, r.towns)
    except names.Unclear:
        return False
    return True


def as_json(trace: dict) -> str:
    """A trace as JSON: keys in the order in which they are made, numbers with nine digits as published."""
    return json.dumps(_rounded(trace), indent=2, ensure_ascii=False) + "\n"


def _rounded(value):
    if isinstance(value, dict):
        return {str(key): _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value
