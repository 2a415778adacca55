"""Errors in plain words, gathered so that a reader sees all of them at once."""

import difflib
import tomllib
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

MOST_LISTED = 40  # names that are listed when none is like the one given


class Problems(Exception):
    """One or more things that the reader has to put right before a run can start.

    Parameters
    ----------
    lines : iterable of str
        One sentence a problem: where it is, what it is, what to do.
    """

    def __init__(self, lines: Iterable[str]):
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


def unknown(kind: str, name: str, valid: Iterable[str]) -> str:
    """Say that a name is not known, with the nearest valid one.

    Examples
    --------
    >>> unknown("stage", "010_audti", ["010_audit", "020_towns"])
    "there is no stage '010_audti'; did you mean '010_audit'?"
    """
    valid = list(valid)
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    if near:
        return f"there is no {kind} {name!r}; did you mean {near[0]!r}?"
    if len(valid) > MOST_LISTED:
        return f"there is no {kind} {name!r} among {len(valid):,}, such as {valid[0]!r}"
    return f"there is no {kind} {name!r}; there are: {', '.join(valid) or 'none'}"


def read_toml(path: Path) -> dict:
    """Read a TOML file.

    Raises
    ------
    Problems
        If the file is missing or is not TOML; the message names the file and the place.
    """
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise Problems([f"{path} is missing; restore it, for example with: git checkout {path.name}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problems([f"{path} cannot be read as TOML: {error}"]) from None


def entry_point(text: str):
    """Import the function that ``module:function`` names."""
    module, _, function = text.partition(":")
    return getattr(import_module(module), function)
