"""The tables of one results folder, refused in plain words when they cannot be used."""

from pathlib import Path

import pandas as pd

from towns_index import store, tables

STATUS = {"full": "full", "partial": "partial", "none": "no", "not_assessed": "unknown"}
"""Words for the status of a town in a cluster."""

REMEDY = "build the folder again: python run_all.py --out FOLDER"

_NEEDED = {
    "memberships": ["status"],
    "criteria": ["value", "threshold", "met"],
    "criteria_elections": ["value", "threshold", "met"],
    "memberships_elections": ["criteria_met"],
}


class Unusable(Exception):
    """A folder cannot be compared; the message names the file and the remedy."""


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """Every published table that a results folder holds, by name.

    Parameters
    ----------
    folder : Path
        A folder with ``data/processed``, or that folder itself.

    Returns
    -------
    dict of pandas.DataFrame
        Those of ``definitions/outputs.toml`` that are there; ``memberships`` always is.

    Raises
    ------
    Unusable
        If there are no memberships, or a table cannot be read, lacks a column that is needed or has
        two rows for one key.
    """
    place = processed(folder)
    if not (place / "memberships.csv").is_file():
        raise Unusable(f"{place / 'memberships.csv'} does not exist, so there is nothing to compare; {REMEDY}.")
    names = [name for name in store.outputs() if (place / f"{name}.csv").is_file()]
    return {name: _read(place / f"{name}.csv", store.outputs()[name]["key"]) for name in names}


def processed(folder: Path) -> Path:
    """Where the tables of a results folder are."""
    inner = Path(folder) / "data" / "processed"
    return inner if inner.is_dir() or not (Path(folder) / "memberships.csv").is_file() else Path(folder)


def _read(path: Path, key: list[str]) -> pd.DataFrame:
    try:
        frame = tables.read_csv(path)
    except (OSError, UnicodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise Unusable(f"{path} cannot be read as a table ({error}); {REMEDY}.") from error
    lacking = [name for name in [*key, *_NEEDED.get(path.stem, [])] if name not in frame]
    if lacking:
        raise Unusable(f"{path} has no column {' or '.join(lacking)}; {REMEDY}.")
    # Editions may number their criteria with letters: text in both folders, or none would match.
    frame = frame.astype({name: str for name in ("cluster", "criterion") if name in key and frame[name].notna().all()})
    if key and frame[key].isna().any(axis=None):
        raise Unusable(f"{path} has a row with an empty {' or '.join(key)}; {REMEDY}.")
    repeated = frame[frame.duplicated(key)] if key else frame.head(0)
    if len(repeated):
        first = ", ".join(str(value) for value in repeated.iloc[0][key])
        raise Unusable(f"{path} has more than one row for {' + '.join(key)} {first}; {REMEDY}.")
    if path.stem == "memberships":
        strange = sorted(set(frame["status"].dropna()) - set(STATUS)) + ["(empty)"] * bool(frame["status"].isna().any())
        if strange:
            raise Unusable(f"{path} has the status {strange[0]!r}, which is none of {', '.join(STATUS)}; {REMEDY}.")
    return frame
