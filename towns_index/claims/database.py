"""The published tables and the definitions as a database in memory.

Claims are checked by queries on what was published, and by no code that made it or put it into words.
"""

import re
import sqlite3
import statistics
import tomllib
from collections.abc import Callable, Iterable

import pandas as pd

from towns_index import paths, store

DEFINITIONS = ("clusters", "criteria", "outcomes")
"""Files of ``definitions/`` that queries may name, as ``definitions.clusters``."""


def parameters(settings: dict) -> pd.DataFrame:
    """The parameters of a build: ``name``, ``value``, and ``usual``, the default."""
    with open(paths.DEFINITIONS / "parameters.toml", "rb") as stream:
        defaults = {name: entry["default"] for name, entry in tomllib.load(stream).items()}
    rows = [(name, value, defaults[name]) for name, value in settings.items()]
    return pd.DataFrame(rows, columns=["name", "value", "usual"], dtype=object)


def open_tables(queries: Iterable[str], views: dict[str, str], parameters: pd.DataFrame) -> sqlite3.Connection:
    """A database with the tables that some queries name.

    Parameters
    ----------
    queries : iterable of str
    views : dict of str
        Queries by the name under which others use them.
    parameters : pandas.DataFrame
        The table ``parameters``.
    """
    connection = sqlite3.connect(":memory:")
    connection.execute("attach ':memory:' as definitions")
    connection.create_aggregate("median", 1, _aggregate(statistics.median))
    connection.create_aggregate("stdev", 1, _aggregate(statistics.stdev))
    for name in tables_in(" ".join([*queries, *views.values()]), {}):
        if name in store.outputs():
            _write(store.read(name), name, connection)
    for name in DEFINITIONS:
        _write(pd.read_csv(paths.DEFINITIONS / f"{name}.csv", keep_default_na=False), name, connection, "definitions")
    _write(parameters, "parameters", connection)
    for name, query in views.items():
        connection.execute(f"create temp table {name} as {query}")  # worked out once
    return connection


def tables_in(query: str, views: dict[str, str]) -> list[str]:
    """Tables that a query reads, itself or through views: published ones, and definitions as ``definitions.NAME``."""
    found, waiting = [], [query]
    while waiting:
        for name in re.findall(r"\b(?:from|join)\s+([\w.]+)", waiting.pop(), re.IGNORECASE):
            if name in views:
                waiting.append(views[name])
            elif (name in store.outputs() or name.startswith("definitions.")) and name not in found:
                found.append(name)
    return sorted(found)


def _write(frame: pd.DataFrame, name: str, connection: sqlite3.Connection, schema: str = "main") -> None:
    """A table of the database; truth values become 1 and 0."""
    columns = ", ".join(f'"{column}"' for column in frame.columns)
    connection.execute(f'create table {schema}."{name}" ({columns})')
    plain = frame.astype(object).where(frame.notna(), None)
    places = ", ".join("?" * frame.shape[1])
    connection.executemany(f'insert into {schema}."{name}" values ({places})', plain.itertuples(index=False, name=None))


def _aggregate(function: Callable[[list[float]], float]) -> type:
    """A function of a list of numbers as an aggregate of SQL; missing values do not count."""

    def add(self, value: float | None) -> None:
        if value is not None:
            self.values.append(value)

    def result(self) -> float | None:
        try:
            return function(self.values)
        except statistics.StatisticsError:
            return None

    start = {"__init__": lambda self: setattr(self, "values", [])}
    return type(function.__name__, (), start | {"step": add, "finalize": result})
