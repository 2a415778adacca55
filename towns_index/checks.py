"""What is checked before any notebook starts, so that a run fails early and says everything at once."""

import tomllib
from pathlib import Path

import pandas as pd

from towns_index import clusters, formula, indicators, measures, paths, sources, store, towns


def preflight(start: str, raw_dir: Path) -> list[str]:
    """Problems that would stop a run.

    Parameters
    ----------
    start : {"raw", "snapshot"}
        From where the run starts; a snapshot needs no raw files.
    raw_dir : Path
        Folder of the raw bundle.

    Returns
    -------
    list of str
        In plain words, with the remedy; empty when the run may start.
    """
    try:
        sources.register()
    except sources.BadRegister as error:
        return [str(error)]
    return definitions() + facts() or raw_files(start, raw_dir)


def raw_files(start: str, raw_dir: Path) -> list[str]:
    """What is missing or altered among the raw files, if the run starts from them; one message for all."""
    if start != "raw":
        return []
    if not Path(raw_dir).is_dir():
        return [f"The raw folder {raw_dir} does not exist. See data/raw/README.md."]
    problems = sources.verify(raw_dir)
    return [sources.complaint(problems, raw_dir)] if problems else []


def definitions() -> list[str]:
    """What is wrong in the definitions of measures, indicators and clusters."""
    try:
        lines = measures.definitions()
    except measures.BadDefinition as error:
        return [str(error)]
    register = sources.register()
    found = [
        f"definitions/tables.toml, {name}: there is no file {file!r} in definitions/sources.toml"
        for name, entry in measures.tables().items()
        for file in (entry["file"] if isinstance(entry["file"], list) else [entry["file"]])
        if file not in register
    ]
    known = [*lines["measure"].unique(), *towns.FLAGS, "coastal"]
    listed = indicators.definitions()
    for name in listed.loc[listed["indicator"].duplicated(), "indicator"]:
        found.append(f"definitions/indicators.csv: {name} is defined twice")
    for row in listed.itertuples():
        found += _formula_problems(row.indicator, row.formula, known)
    letters, criteria = clusters.definitions()
    return found + clusters.mistakes(letters, criteria, listed["indicator"].tolist()) + _conditions(criteria)


def _conditions(criteria: pd.DataFrame) -> list[str]:
    """Conditions in the column ``when`` that no parameter can ever meet."""
    with open(paths.DEFINITIONS / "parameters.toml", "rb") as stream:
        parameters = tomllib.load(stream)
    found = []
    for when in sorted(set(criteria["when"]) - {""}):
        name, _, value = when.partition("=")
        if value not in map(str, parameters.get(name, {}).get("choices", [])):
            found.append(f"definitions/criteria.csv: when {when!r} names no choice of a parameter in parameters.toml")
    return found


def _formula_problems(name: str, text: str, known: list[str]) -> list[str]:
    where = f"definitions/indicators.csv, {name}"
    try:
        columns = formula.columns(text)
    except formula.BadFormula as error:
        return [f"{where}: {error}"]
    return [
        f"{where}: there is no measure {column!r}{clusters.nearest(column, known)}"
        for column in columns
        if column not in known
    ]


def facts() -> list[str]:
    """Hand-entered facts whose town is not on the list, or is written otherwise than there."""
    if not store.path("towns").is_file():
        return []  # the list itself has not been read yet; the tests check the committed one
    listed = towns.in_english(store.read("towns"))
    found = []
    for path in sorted(paths.FACTS.glob("*.csv")):
        table = towns.fact(path.stem)
        if {"town_code", "town_name"} <= set(table.columns):
            found += [f"definitions/facts/{path.name}: {problem}" for problem in towns.misnamed(table, listed)]
    return found
