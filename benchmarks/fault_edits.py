"""Small changes to a file, as faults: a byte, a row, a cell or a column of it, or a text in it.

Nothing here writes a file: every function gets what a file holds and gives back what it holds instead.
"""

import csv
import gzip
import io
import random
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import pyreadr

Rows = list[list]


class BadFault(ValueError):
    """A fault of the list that cannot be carried out; the message says which and why."""


def replaced(text: str, old: str, new: str) -> str:
    """The text with one passage replaced, which must be there exactly once."""
    found = text.count(old)
    if found != 1:
        raise BadFault(f"the text {old!r} is there {found} times instead of once")
    return text.replace(old, new)


def edited(data: bytes, edit: dict, entry: dict, name: str) -> bytes:
    """What a file holds after an edit.

    Parameters
    ----------
    data : bytes
        What it holds now.
    edit : dict
        ``do`` names the edit (a function of this module); the other entries are its arguments.
    entry : dict
        How the table is read, as in ``definitions/sources.toml``: ``skip_rows``, ``encoding``,
        ``columns``, ``member``.
    name : str
        Name of the file: its ending tells the format.

    Returns
    -------
    bytes
        In the same format, plain or packed.
    """
    arguments = {key: value for key, value in edit.items() if key != "do"}
    if edit["do"] in BYTES:
        return BYTES[edit["do"]](data, **arguments)
    if edit["do"] not in TABLE:
        raise BadFault(f"there is no edit {edit['do']!r}; there are {', '.join([*BYTES, *TABLE])}")
    change = TABLE[edit["do"]]
    if name.endswith(".rda"):
        return _in_rda(data, lambda header, rows: change(header, rows, **arguments))
    if name.endswith(".gz"):
        return gzip.compress(_in_csv(gzip.decompress(data), change, arguments, entry), mtime=0)
    if name.endswith(".zip"):
        return _in_zip(data, entry["member"], lambda part: _in_csv(part, change, arguments, entry))
    return _in_csv(data, change, arguments, entry)


# ---- formats --------------------------------------------------------------------------------------


def _in_csv(data: bytes, change, arguments: dict, entry: dict) -> bytes:
    encoding = entry.get("encoding", "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8")
    lines = list(csv.reader(io.StringIO(data.decode(encoding), newline="")))
    above = entry.get("skip_rows", 0) + (0 if "columns" in entry else 1)
    header = entry.get("columns") or lines[above - 1]
    rows = change(header, lines[above:], **arguments)
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([*lines[:above], *rows])
    return written.getvalue().encode(encoding)


def _in_zip(data: bytes, member: str, change) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            part = before.read(name)
            after.writestr(name, change(part) if name == member else part)
    return written.getvalue()


def _in_rda(data: bytes, change) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.rda"
        path.write_bytes(data)
        (name, frame), *_ = pyreadr.read_r(str(path)).items()
        rows = change(list(frame.columns), frame.astype(object).to_numpy().tolist())
        after = pd.DataFrame(rows, columns=frame.columns).astype(frame.dtypes.to_dict())
        pyreadr.write_rdata(str(path), after, df_name=name, compress="gzip")
        return path.read_bytes()


# ---- edits of a table ----------------------------------------------------------------------------


def _place(header: list[str], column: str) -> int:
    if column not in header:
        raise BadFault(f"there is no column {column!r}")
    return header.index(column)


def _chosen(header: list[str], rows: Rows, row) -> int:
    """Number of a row, given as such or by what stands in some of its columns."""
    if isinstance(row, int):
        return row
    wanted = {_place(header, column): str(value) for column, value in row.items()}
    for number, cells in enumerate(rows):
        if len(cells) == len(header) and all(str(cells[place]) == value for place, value in wanted.items()):
            return number
    raise BadFault(f"no row has {row}")


def drop_row(header: list[str], rows: Rows, row) -> Rows:
    """One row is missing."""
    number = _chosen(header, rows, row)
    return rows[:number] + rows[number + 1 :]


def repeat_row(header: list[str], rows: Rows, row) -> Rows:
    """One row stands twice."""
    number = _chosen(header, rows, row)
    return rows[: number + 1] + rows[number:]


def swap(header: list[str], rows: Rows, columns: list[str], row, other) -> Rows:
    """Two rows have each other's cells in some columns."""
    first, second = _chosen(header, rows, row), _chosen(header, rows, other)
    rows = [list(cells) for cells in rows]
    for place in (_place(header, column) for column in columns):
        if rows[first][place] == rows[second][place]:
            raise BadFault(f"both rows have {rows[first][place]!r}: nothing would change")
        rows[first][place], rows[second][place] = rows[second][place], rows[first][place]
    return rows


def shuffle(header: list[str], rows: Rows, column: str, seed: int = 1) -> Rows:
    """The cells of a column stand in another order."""
    place = _place(header, column)
    cells = [row[place] for row in rows]
    random.Random(seed).shuffle(cells)
    return [[*row[:place], cell, *row[place + 1 :]] for row, cell in zip(rows, cells)]


def shift(header: list[str], rows: Rows, columns: list[str]) -> Rows:
    """The cells of some columns have slipped down by a row; the last ones stand first."""
    rows = [list(cells) for cells in rows]
    for place in (_place(header, column) for column in columns):
        cells = [row[place] for row in rows]
        for row, cell in zip(rows, [cells[-1], *cells[:-1]]):
            row[place] = cell
    return rows


def take(header: list[str], rows: Rows, column: str, source: str) -> Rows:
    """A column holds what stands in another, as when the headings have slipped."""
    place, taken = _place(header, column), _place(header, source)
    return [[*row[:place], row[taken], *row[place + 1 :]] for row in rows]


def scale(header: list[str], rows: Rows, column: str, by: float, row=None) -> Rows:
    """The numbers of a column, or of one row of it, are so many times too large."""
    place = _place(header, column)
    numbers = range(len(rows)) if row is None else [_chosen(header, rows, row)]
    rows = [list(cells) for cells in rows]
    for number in numbers:
        cell = rows[number][place]
        try:
            larger = f"{float(cell) * by:.9g}"
            rows[number][place] = larger if isinstance(cell, str) else type(cell)(float(larger))
        except ValueError:
            continue  # a marker or an empty cell
    return rows


def put(header: list[str], rows: Rows, column: str, row, value) -> Rows:
    """Something else stands in one cell."""
    number, place = _chosen(header, rows, row), _place(header, column)
    rows = [list(cells) for cells in rows]
    if str(rows[number][place]) == str(value):
        raise BadFault(f"{value!r} stands there already")
    rows[number][place] = value
    return rows


def exchange(header: list[str], rows: Rows, column: str, old: str, new: str) -> Rows:
    """A value is written as another all down a column."""
    place = _place(header, column)
    if not any(cells[place] == old for cells in rows if len(cells) > place):
        raise BadFault(f"{old!r} is not in the column {column!r}")
    return [[new if number == place and cell == old else cell for number, cell in enumerate(cells)] for cells in rows]


def decimal_comma(header: list[str], rows: Rows, column: str) -> Rows:
    """The numbers of a column have a comma for their point."""
    place = _place(header, column)
    return [[*row[:place], row[place].replace(".", ","), *row[place + 1 :]] for row in rows]


def append(header: list[str], rows: Rows, cells: list[str]) -> Rows:
    """One more line at the end, such as a note or a total."""
    return [*rows, [*cells, *[""] * (len(header) - len(cells))]]


TABLE = {
    "drop_row": drop_row, "repeat_row": repeat_row, "swap": swap, "shuffle": shuffle, "shift": shift, "take": take,
    "scale": scale, "put": put, "exchange": exchange, "decimal_comma": decimal_comma, "append": append,
}  # fmt: skip


# ---- edits of the bytes --------------------------------------------------------------------------


def flip_byte(data: bytes, at: float) -> bytes:
    """One byte of the file, `at` that part of its length (0 to 1), is another."""
    number = int(at * len(data))
    return data[:number] + bytes([data[number] ^ 1]) + data[number + 1 :]


def truncate(data: bytes, keep: float) -> bytes:
    """The file ends early: so much of it (0 to 1) is there."""
    return data[: int(keep * len(data))]


BYTES = {"flip_byte": flip_byte, "truncate": truncate}
