"""A town in the terminal: ``python run_all.py town NAME``."""

import argparse
import sys

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from towns_index import store, words
from towns_index.town_pages import pages
from towns_index.town_pages.material import load
from towns_index.town_pages.standing import distributions
from towns_index.why import names, results
from towns_index.why.command import results_in

STYLES = {"full": "bold magenta", "partial": "bold yellow"}


def main(argv: list[str]) -> int:
    """Carry out ``town``.

    Parameters
    ----------
    argv : list of str
        What stands behind ``town``.

    Returns
    -------
    int
        0 done; 2 not understood, or more than one town is meant.
    """
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:  # argparse has said why; its status for --help is 0
        return int(stop.code or 0)
    with results_in(options.out):
        try:
            told = of(" ".join(options.name))
        except names.Unclear as error:
            print(error, file=sys.stderr)
            return 2
    Console(highlight=False).print(shown(told))
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="run_all.py town",
        description="Tell of a town: its characteristics, how firmly they are held, its unusual figures, towns like it.",
        epilog="Its page with everything: reports/towns/. Down to the raw files: python run_all.py why NAME.",
    )
    made.add_argument("name", nargs="+", metavar="NAME", help="a town's name, in English or Welsh, or its code")
    made.add_argument("--out", metavar="DIR", help="folder with the results (default: TOWNS_INDEX_OUT or the project)")
    return made


def of(asked: str, settings: dict | None = None) -> dict:
    """Everything that is told of a town (:func:`pages.about`), by a name as people write it.

    Parameters
    ----------
    asked : str
        A name, in Welsh too, or a code.
    settings : dict, optional
        Parameters of the build; without them those of the build whose results are read.

    Raises
    ------
    towns_index.why.names.Unclear
        If no town or several are meant, or the town is not in the index; says what to do.
    """
    m = load(settings or results.settings())
    listed = store.read("towns").set_index("town_code")
    code = names.town(asked, listed)
    if code not in m.towns.index:
        row = listed.loc[code]
        raise names.Unclear(
            f"{row['town_name']} has {row['population_2019']:,} residents and is on the list of {len(listed):,} towns, but "
            f"not in the index of {len(m.towns):,}. For all towns: python run_all.py --set min_population=0 --out ../all"
        )
    d = distributions(m)
    return pages.about(m, d, code, pages.shared_parts(m, d))


def shown(told: dict) -> Group:
    """A town as ``rich`` shows it."""
    title = Text(told["name"] + (f" · {told['welsh']}" if told["welsh"] else ""), style="bold")
    return Group(
        Panel(Text("\n\n".join(told["summary"])), title=title),
        _held(told),
        _figures(told),
        _alike(told),
        Text(f"\nIts page: reports/towns/{told['slug']}.html   Down to the raw files: python run_all.py why \"{told['ask_for']}\""),
    )


def _held(told: dict) -> Group:
    table = Table("Characteristic", "Has it", "Criteria met", "Held", box=None)
    for each in told["held"]:
        has = Text(each["status_words"], style=STYLES.get(each["status"], "dim"))
        holds = f"{each['firmness_words']}: {words.in_hundred(each['holds'])}" if each["firmness"] else ""
        table.add_row(f"{each['letter']} {each['name']}", has, each["met_words"], holds)
    flips = [Text(f"{each['letter']}: {each['flip']}") for each in told["inside"] if each["flip"]]
    return Group(table, Text("\nThe smallest changes that would matter", style="bold"), *flips) if flips else Group(table)


def _figures(told: dict) -> Table:
    table = Table("\nWhere it stands out", "", "", box=None)
    for row in told["outer"]:
        table.add_row(row["label"], row["said"], row["rank"])
    return table


def _alike(told: dict) -> Table:
    table = Table("\nTowns like it", "What they have in common that is unusual", "Distance", box=None)
    for other in told["alike"]:
        table.add_row(other["name"], ", ".join(other["reasons"]) or "both are near the average", f"{other['distance']:.2f}")
    return table
