"""Reading raw files: from a path of the register to a table, whatever its format.

Everything that depends on a file's format is here; what the columns mean is not.
"""

import gzip
import json
import zipfile
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyreadr

from towns_index import paths, sources


class UnreadableFile(Exception):
    """A raw file is missing, damaged or not of the form that the register says."""


def table(file_id: str, member: str | None = None) -> pd.DataFrame:
    """Read one file of the register as it stands.

    Parameters
    ----------
    file_id : str
        Identifier in ``definitions/sources.toml``.
    member : str, optional
        Name of the file inside a zip archive.

    Returns
    -------
    pandas.DataFrame
        All columns as published; nothing is renamed, converted or dropped.

    Raises
    ------
    UnreadableFile
        In plain words, with the path and the remedy.
    """
    return _cached(file_id, member).copy(deep=False)


@lru_cache(maxsize=24)
def _cached(file_id: str, member: str | None) -> pd.DataFrame:
    entry = sources.file(file_id)
    path = paths.raw() / entry["path"]
    if not path.is_file():
        raise UnreadableFile(
            f"{entry['path']} is not in the raw folder {paths.raw()}. "
            "Run `python run_all.py fetch` or see data/raw/README.md."
        )
    try:
        return _read(path, entry, member)
    except Exception as error:  # any parser's error becomes one line that names the file
        raise UnreadableFile(
            f"{path} could not be read ({type(error).__name__}: {error}). "
            "Compare its sha256 with definitions/sources.toml and fetch it again."
        ) from error


def _read(path: Path, entry: dict, member: str | None) -> pd.DataFrame:
    name = path.name
    if name.endswith((".rda", ".rds")):
        return next(iter(pyreadr.read_r(str(path)).values()))
    if name.endswith(".parquet"):
        return pd.read_parquet(path)
    if name.endswith((".xls", ".xlsx", ".ods")):
        return pd.read_excel(
            path,
            sheet_name=entry.get("sheet", 0),
            skiprows=entry.get("skip_rows", 0),
            engine="calamine",
        )
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            return pd.read_csv(stream, low_memory=False)
    return pd.read_csv(
        path,
        encoding=entry.get("encoding", "utf-8-sig"),
        skiprows=entry.get("skip_rows", 0),
        names=entry.get("columns"),
        header=None if entry.get("columns") else 0,
        low_memory=False,
    )


def geojson(file_id: str) -> dict:
    """Read one GeoJSON file of the register, plain or gzipped."""
    entry = sources.file(file_id)
    path = paths.raw() / entry["path"]
    if not path.is_file():
        raise UnreadableFile(f"{entry['path']} is not in the raw folder {paths.raw()}.")
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        return json.load(stream)
