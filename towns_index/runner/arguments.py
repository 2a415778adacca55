"""What may stand behind ``run_all.py``: commands, options and their help. Standard library only."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from . import parameters
from .problems import Problems, unknown

DEFAULT_COMMAND = "build"
COMMANDS = {
    "build": "build the index: run the notebooks and publish tables, figures and report (the default)",
    "test": "run the tests; what follows goes to pytest",
    "lab": "open the notebooks in JupyterLab",
    "fetch": "download the raw files that have a permanent address; list where to get the others",
    "status": "list the stages with the reason why each has to run, without running anything",
    "verify": "build everything again in an empty folder and compare it with what is published",
    "compare": "compare two builds, parameter sets or editions: which towns changed which characteristic",
    "town": "tell of a town: characteristics, how firmly held, unusual figures, towns like it",
    "why": "trace a figure, a town, or a town and a cluster, down to the raw files",
}
# Commands that the package itself carries out.
ENTRY_POINTS = {"fetch": "towns_index.sources:fetch_main", "town": "towns_index.town_pages:main", "why": "towns_index.why:main"}
OPTIONS = ("--start", "--raw", "--out", "--only", "--from", "--jobs", "--set", "--force", "--kernels", "--help")
START_HELP = (
    "raw: from the raw files; snapshot: from the committed tables; auto (default): raw if the raw files are there"
)
SET_HELP = "change a parameter for this run; may be repeated"
KERNELS_HELP = (
    "warm (default): forked from a process that has imported the libraries; ordinary: each started from nothing. "
    "The results are the same"
)
EXAMPLES = """\
examples:
  python run_all.py                                   build what is not up to date
  python run_all.py --force                           build everything
  python run_all.py status                            say what would be built, and why
  python run_all.py --raw ~/bundle                    build from raw files in another folder
  python run_all.py --start snapshot                  build from the committed town-level tables
  python run_all.py --only 050                        run one stage (its number is enough)
  python run_all.py --from 050                        run a stage and all that is built on it
  python run_all.py --set min_population=5000 --out /tmp/all-towns
                                                      try other parameters without touching the results here
  python run_all.py test -k towns                     run the tests whose name has 'towns' in it

The first run makes an environment of its own in .venv, unless the Python it is started with already has
what requirements.lock names.
"""


def needs_environment(argv: Sequence[str]) -> bool:
    """Whether a command uses more than the standard library; help and status do not."""
    command, rest = split_command(argv)
    asks_help = bool({"-h", "--help"} & set(rest)) and command in {"build", "status"}
    return command in COMMANDS and command != "status" and not asks_help


def split_command(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command and what follows it; without a command, ``build``."""
    if argv and not argv[0].startswith("-"):
        return argv[0], list(argv[1:])
    return DEFAULT_COMMAND, list(argv)


def parser(root: Path) -> argparse.ArgumentParser:
    """Return the parser of ``build``, whose help is that of the whole program."""
    commands = "\n".join(f"  {name:<9}{text}" for name, text in COMMANDS.items())
    made = argparse.ArgumentParser(
        prog="run_all.py",
        usage="python run_all.py [command] [options]",
        description=f"Builds the Towns Index from its notebooks.\n\ncommands:\n{commands}",
        epilog=f"parameters for --set (default):\n{_parameter_help(root)}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--start", metavar="WHERE", help=START_HELP)
    made.add_argument("--raw", metavar="DIR", help="folder of the raw files (default: TOWNS_INDEX_RAW or data/raw)")
    made.add_argument("--out", metavar="DIR", help="folder for the results (default: TOWNS_INDEX_OUT or here)")
    made.add_argument("--only", metavar="STAGE[,STAGE]", help="run these stages only")
    made.add_argument("--from", metavar="STAGE", dest="from_stage", help="run this stage and all that is built on it")
    made.add_argument("--force", action="store_true", help="run also the stages whose results still stand")
    made.add_argument("--kernels", metavar="KIND", help=KERNELS_HELP)
    made.add_argument("--jobs", metavar="N", help="stages to run side by side (default: number of cores, at most 4)")
    made.add_argument("--set", metavar="NAME=VALUE", dest="settings", action="append", default=[], help=SET_HELP)
    made.error = refuse
    return made


def read_build(argv: Sequence[str], root: Path) -> tuple[argparse.Namespace, list[str]]:
    """Read the options of ``build``; return them as texts, with the problems of those not known."""
    made = parser(root)
    asked, left_over = made.parse_known_args(argv)
    # A word behind an unknown option is most likely that option's value.
    words = [word.split("=")[0] for word in left_over if word.startswith("-")] or left_over
    return asked, [unknown("option", word, OPTIONS) for word in words]


def refuse(message: str) -> None:
    """Say of an option that it is wrong, as all other problems are said."""
    raise Problems([message])


def _parameter_help(root: Path) -> str:
    try:
        known = parameters.load(root)
    except Problems:
        return "  (definitions/parameters.toml has mistakes)"
    return "\n".join(f"  {one.name} ({one.default})\n      {one.meaning}" for one in known.values())
