"""How a published file differs from the same file built again: not at all, within a tolerance, or more.

Tables are compared cell by cell, pictures point by point, other texts number by number with everything between.
"""

import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

IDENTICAL, EQUAL, DIFFERENT = "identical", "equal", "different"
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
PICTURE_IN_TEXT = re.compile(rb'[A-Za-z0-9+/=\\n]{400,}')
TEXTS = {".csv", ".json", ".geojson", ".html", ".ipynb", ".txt", ".md", ""}


@dataclass(frozen=True)
class Difference:
    """What a comparison found.

    Attributes
    ----------
    status : {"identical", "equal", "different"}
    words : str
        What was compared; for a difference also where it is largest.
    largest : float
        The largest difference of two numbers, relative to the larger of them.
    """

    status: str
    words: str
    largest: float = 0.0


def compare(published: Path, rebuilt: Path, tolerance: float) -> Difference:
    """Compare two files by their contents.

    Parameters
    ----------
    published, rebuilt : Path
    tolerance : float
        Largest relative difference of two numbers that count as equal.
    """
    one, other = published.read_bytes(), rebuilt.read_bytes()
    kind = published.suffix
    if one == other:
        return Difference(IDENTICAL, _size(one, kind))
    if kind == ".csv":
        return _tables(one, other, tolerance)
    if kind == ".png":
        return _pictures(published, rebuilt, tolerance)
    if kind in TEXTS:
        return _texts(one, other, tolerance)
    first = next((place for place, pair in enumerate(zip(one, other)) if pair[0] != pair[1]), min(len(one), len(other)))
    return Difference(DIFFERENT, f"from byte {first + 1} of {len(one)} on; rebuilt {len(other)} bytes", math.inf)


def _size(content: bytes, kind: str) -> str:
    """Say how much was found identical."""
    if kind == ".csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8"))))
        return f"{len(rows) - 1:,} rows of {len(rows[0]) if rows else 0} cells"
    if kind in {".html", ".ipynb", ".json", ".geojson"}:
        return f"{len(NUMBER.findall(PICTURE_IN_TEXT.sub(b'', content))):,} numbers and the text between"
    return f"{len(content):,} bytes"


def _tables(one: bytes, other: bytes, tolerance: float) -> Difference:
    rows, again = (list(csv.reader(io.StringIO(content.decode("utf-8")))) for content in (one, other))
    if not rows or not again or rows[0] != again[0]:
        return Difference(DIFFERENT, f"its columns: {_only(rows[:1], again[:1])}", math.inf)
    if len(rows) != len(again):
        return Difference(DIFFERENT, f"{len(rows) - 1:,} rows, rebuilt {len(again) - 1:,}: {_only(rows, again)}", math.inf)
    largest, place, count = 0.0, "", 0
    for line, (row, new) in enumerate(zip(rows, again), start=1):
        for column, (cell, cell_again) in enumerate(zip(row, new, strict=False)):
            if cell == cell_again:
                continue
            count += 1
            distance = _distance(cell, cell_again)
            if distance > largest:
                name = rows[0][column] if column < len(rows[0]) else f"cell {column + 1}"
                largest, place = distance, f"line {line} ({row[0]}), {name}: {cell or 'empty'}, rebuilt {cell_again or 'empty'}"
        if len(row) != len(new):
            return Difference(DIFFERENT, f"line {line} has {len(row)} cells, rebuilt {len(new)}", math.inf)
    return _judged(count, "cell", largest, place, tolerance)


def _only(rows: list[list[str]], again: list[list[str]]) -> str:
    """Name the first row (or column) that only one of two tables has."""
    one, other = {tuple(row) for row in rows}, {tuple(row) for row in again}
    lost = next((row for row in rows if tuple(row) not in other), None)
    new = next((row for row in again if tuple(row) not in one), None)
    words = [f"only {side}: {','.join(row)[:80]}" for side, row in (("published", lost), ("rebuilt", new)) if row]
    return "; ".join(words) or "rows are repeated or in another order"


def _texts(one: bytes, other: bytes, tolerance: float) -> Difference:
    pictures = PICTURE_IN_TEXT.findall(one) != PICTURE_IN_TEXT.findall(other)
    one, other = (PICTURE_IN_TEXT.sub(b"", content) for content in (one, other))
    if NUMBER.sub(b"", one) != NUMBER.sub(b"", other):
        lines = zip(one.splitlines(), other.splitlines())
        pairs = enumerate(lines, start=1)
        line = next((number for number, (old, new) in pairs if NUMBER.sub(b"", old) != NUMBER.sub(b"", new)), 0)
        shown = one.splitlines()[line - 1].strip()[:80].decode("utf-8", "replace") if line else "its end"
        return Difference(DIFFERENT, f"its text, first at line {line}: {shown}", math.inf)
    largest, place, count = 0.0, "", 0
    for found, again in zip(NUMBER.finditer(one), NUMBER.finditer(other)):
        if found[0] == again[0]:
            continue
        count += 1
        distance = _distance(found[0].decode(), again[0].decode())
        if distance > largest:
            line = one.count(b"\n", 0, found.start()) + 1
            largest, place = distance, f"line {line}: {found[0].decode()}, rebuilt {again[0].decode()}"
    if pictures:
        return Difference(DIFFERENT, f"a picture in it{f', and {place}' if place else ''}", math.inf)
    return _judged(count, "number", largest, place, tolerance)


def _pictures(published: Path, rebuilt: Path, tolerance: float) -> Difference:
    from matplotlib.image import imread

    try:
        one, other = imread(published), imread(rebuilt)
    except Exception as error:
        return Difference(DIFFERENT, f"it cannot be read as a picture: {type(error).__name__}", math.inf)
    if one.shape != other.shape:
        return Difference(DIFFERENT, f"{one.shape[1]} x {one.shape[0]} points, rebuilt {other.shape[1]} x {other.shape[0]}", math.inf)
    distance = abs(one - other).max(axis=2)
    if not distance.max():
        return Difference(EQUAL, "the same points, stored otherwise")
    row, column = divmod(int(distance.argmax()), distance.shape[1])
    count = int((distance > 0).sum())
    return _judged(count, "point", float(distance.max()), f"{column} points from the left and {row} from the top", tolerance)


def _judged(count: int, what: str, largest: float, place: str, tolerance: float) -> Difference:
    if not count:
        return Difference(EQUAL, "the same values, written otherwise")
    words = f"{count:,} {what}{'s' if count > 1 else ''}; largest difference {largest:.2g} at {place}"
    return Difference(EQUAL if largest <= tolerance else DIFFERENT, words, largest)


def _distance(one: str, other: str) -> float:
    """Return the relative difference of two numbers; infinity if they are not both numbers."""
    try:
        a, b = float(one), float(other)
    except ValueError:
        return math.inf
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / max(abs(a), abs(b)) if a != b else 0.0
