"""Published tables: written the same way every time, read back with the same types."""

from pathlib import Path

import pandas as pd
from pandas.api import types

from towns_index.files import write_bytes, write_text

__all__ = ["BadTable", "write_csv", "read_csv", "write_bytes", "write_text", "in_order", "as_text"]


class BadTable(Exception):
    """A table cannot be written or read as it stands."""


def write_csv(frame: pd.DataFrame, path: Path, key: list[str] | None = None) -> Path:
    """Write a table whole or not at all.

    UTF-8 without a mark, line feeds, a header, no index; decimals with nine significant digits,
    booleans as ``true`` and ``false``, missing cells empty.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows, in any order if ``key`` is given.
    path : Path
        The file to replace; its folder is made.
    key : list of str, optional
        Columns that identify a row: rows are sorted by them and must differ in them.

    Returns
    -------
    Path
        The file written.
    """
    frame = in_order(frame, key) if key else frame
    text = pd.DataFrame({name: as_text(frame[name]) for name in frame.columns}, columns=frame.columns)
    refuse_formulas(text, path)
    body = text.to_csv(index=False, lineterminator="\n", na_rep="")
    return write_text(body, path)


def in_order(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """The rows sorted by their key, which must identify each of them."""
    repeated = frame[frame.duplicated(key, keep=False)]
    if len(repeated):
        first = ", ".join(f"{name}={repeated.iloc[0][name]}" for name in key)
        raise BadTable(f"{len(repeated)} rows share a key of {'+'.join(key)}; the first: {first}.")
    return frame.sort_values(key, kind="stable").reset_index(drop=True)


def refuse_formulas(text: pd.DataFrame, path: Path) -> None:
    """Refuse a table with a cell that a spreadsheet would carry out instead of showing it.

    Raises
    ------
    BadTable
        Naming the file, the column and the cell.
    """
    for name in text.columns:
        column = text[name].dropna()
        words = column[column.map(lambda value: isinstance(value, str))].astype(str)
        begins = words[words.str.match(r"[=+@\t\r]|-(?![\d.])")]
        found = begins[pd.to_numeric(begins, errors="coerce").isna()]
        if len(found) or str(name).startswith(("=", "+", "@")):
            cell = str(found.iloc[0])[:40] if len(found) else name
            raise BadTable(
                f"{Path(path).name}, column {name}: the text {cell!r} begins like a formula, which a spreadsheet would "
                "carry out. Correct the source of the text, or put a word before the sign."
            )


def as_text(column: pd.Series) -> pd.Series:
    """A column as the text that goes into the file; missing cells stay missing."""
    if types.is_bool_dtype(column) or _holds_booleans(column):
        return column.map({True: "true", False: "false"}, na_action="ignore").astype(object)
    if types.is_float_dtype(column):
        return column.map(lambda value: f"{value + 0.0:.9g}", na_action="ignore").astype(object)
    return column.astype(object)


def _holds_booleans(column: pd.Series) -> bool:
    """Whether a column of mixed type holds nothing but true, false and missing."""
    if not types.is_object_dtype(column):
        return False
    held = column.dropna()
    return len(held) > 0 and all(isinstance(value, bool) for value in held)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a published table back.

    Only an empty cell is missing (a town or a party may well be called "NA"); a column of
    ``true`` and ``false`` comes back as ``boolean``.

    Raises
    ------
    BadTable
        In plain words, if there is no such table.
    """
    path = Path(path)
    if not path.is_file():
        raise BadTable(f"{path} does not exist; the stage that writes it has not run yet.")
    frame = pd.read_csv(path, encoding="utf-8", keep_default_na=False, na_values=[""], low_memory=False)
    return frame.apply(_as_boolean)


def _as_boolean(column: pd.Series) -> pd.Series:
    """A column of true, false and missing as ``boolean``, any other as it is."""
    if types.is_bool_dtype(column):
        return column.astype("boolean")
    held = set(column.dropna().unique()) if not types.is_numeric_dtype(column) else set()
    if held and held <= {"true", "false", True, False}:
        return column.map({"true": True, "false": False, True: True, False: False}).astype("boolean")
    return column
