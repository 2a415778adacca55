"""The published tables: by name, written and read the one way.

``definitions/outputs.toml`` says what each holds and what identifies a row.
"""

import tomllib
from functools import lru_cache
from pathlib import Path

import pandas as pd

from towns_index import paths, tables


@lru_cache(maxsize=1)
def outputs() -> dict[str, dict]:
    """Entries of ``definitions/outputs.toml`` by table name."""
    with open(paths.DEFINITIONS / "outputs.toml", "rb") as stream:
        return tomllib.load(stream)


def path(name: str) -> Path:
    """File of a published table."""
    return paths.processed() / f"{name}.csv"


def read(name: str) -> pd.DataFrame:
    """A published table as it stands."""
    return tables.read_csv(path(name))


def write(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Publish a table and give it back as a reader of the file gets it.

    What follows in the same run then rests on the same rounded numbers as a run that starts from
    the file.
    """
    tables.write_csv(frame, path(name), key=outputs()[name]["key"] or None)
    return read(name)
