"""Reading raw files: from an identifier of the register to a table, whatever the format.

Everything that depends on a file's format is here; what the columns mean is not.
"""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath

import pandas as pd
import pyarrow.parquet as pq
import pyreadr

from towns_index import paths, sources

# The largest member of the bundle unpacks to 11 MB. A gigabyte is therefore not data but an archive
# built to fill the memory.
LARGEST_UNPACKED = 1_000_000_000
COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


class UnreadableFile(Exception):
    """A raw file is missing, damaged or not of the form that the register says."""


def table(file_id: str, member: str | None = None) -> pd.DataFrame:
    """Read one file of the register as it stands.

    Parameters
    ----------
    file_id : str
        Identifier in ``definitions/sources.toml``.
    member : str, optional
        Name of the file inside a zip archive; by default the one the register names.

    Returns
    -------
    pandas.DataFrame
        All columns as published; nothing is renamed, converted or dropped, except notes printed
        below the table where the register says ``footnotes = true``.

    Raises
    ------
    UnreadableFile
        In plain words, with the path and the remedy.
    """
    return _cached(file_id, member, paths.raw()).copy(deep=False)


# Few, since the tables are large: three stages read side by side in at most 2 GB. What comes from them is kept instead.
@lru_cache(maxsize=4)
def _cached(file_id: str, member: str | None, raw_dir: Path) -> pd.DataFrame:
    entry = sources.file(file_id)
    path = existing(raw_dir, entry)
    return explained(path, lambda: parse(path, entry, member))


def geojson(file_id: str) -> dict:
    """Read one GeoJSON file of the register, plain or gzipped."""
    entry = sources.file(file_id)
    path = existing(paths.raw(), entry)
    return explained(path, lambda: json.loads(unpacked(path)))


def existing(raw_dir: Path, entry: dict) -> Path:
    """Path of a registered file, which must be there."""
    path = raw_dir / entry["path"]
    if not path.is_file():
        raise UnreadableFile(
            f"{entry['path']} is not in the raw folder {raw_dir}. "
            "Run `python run_all.py fetch` or see data/raw/README.md."
        )
    return path


def explained(path: Path, reading):
    """Do the reading; whatever goes wrong becomes one line that names the file and the remedy."""
    try:
        return reading()
    except UnreadableFile:
        raise
    except Exception as error:  # every parser has its own errors; all mean the same to a reader
        raise UnreadableFile(
            f"{path} could not be read ({type(error).__name__}: {error}). "
            "Compare its sha256 with definitions/sources.toml and fetch it again."
        ) from error


def parse(path: Path, entry: dict, member: str | None = None) -> pd.DataFrame:
    """A file as a table, by the ending of its name and the reading hints of the register."""
    name = path.name
    refuse_bombs(path)
    if name.endswith((".rda", ".rds")):
        # Unpacked here, where the limit holds; the R reader would also ask a plain file for a few bytes at a time.
        return next(iter(pyreadr.read_r(io.BytesIO(unpacked(path))).values()))
    if name.endswith(".parquet"):
        return pd.read_parquet(path)
    if name.endswith((".xls", ".xlsx", ".ods")):
        return pd.read_excel(
            path,
            sheet_name=entry.get("sheet", 0),
            skiprows=entry.get("skip_rows", 0),
            engine="calamine",
        )
    if name.endswith((".geojson", ".geojson.gz")):
        features = json.loads(unpacked(path))["features"]
        return pd.DataFrame([feature["properties"] for feature in features])
    if name.endswith(".zip"):
        return _csv(_member(path, member or entry.get("member")), entry)
    return _csv(io.BytesIO(unpacked(path)), entry)


def _csv(stream, entry: dict) -> pd.DataFrame:
    return pd.read_csv(
        stream,
        encoding=entry.get("encoding", "utf-8-sig"),
        skiprows=entry.get("skip_rows", 0),
        nrows=entry["rows"] if entry.get("footnotes") else None,
        names=entry.get("columns"),
        header=None if entry.get("columns") else 0,
        low_memory=False,
    )


def refuse_bombs(path: Path, limit: int | None = None) -> None:
    """Refuse a file that its reader, which unpacks without looking, would unpack beyond the limit.

    Raises
    ------
    UnreadableFile
        If a spreadsheet or a Parquet file holds more than `limit` bytes.
    """
    limit = LARGEST_UNPACKED if limit is None else limit
    size = 0
    if path.name.endswith((".xlsx", ".ods")):
        with zipfile.ZipFile(path) as archive:
            size = sum(each.file_size for each in archive.infolist())
    elif path.name.endswith(".parquet"):
        groups = pq.read_metadata(path)
        size = sum(groups.row_group(number).total_byte_size for number in range(groups.num_row_groups))
    if size > limit:
        raise UnreadableFile(f"{path} unpacks to more than {limit:,} bytes and was not read.")


def unpacked(path: Path, limit: int | None = None) -> bytes:
    """Bytes of a plain or compressed file, which its first bytes tell apart, refused beyond the limit."""
    limit = LARGEST_UNPACKED if limit is None else limit
    with open(path, "rb") as stream:
        start = stream.read(6)
    opener = next((opener for mark, opener in COMPRESSED.items() if start.startswith(mark)), open)
    with opener(path, "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise UnreadableFile(f"{path} unpacks to more than {limit:,} bytes and was not read.")
    return data


def _member(path: Path, member: str | None, limit: int | None = None) -> io.BytesIO:
    """One member of a zip archive, after looking at all its names and the size it declares."""
    limit = LARGEST_UNPACKED if limit is None else limit
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        outside = [name for name in names if _leaves_folder(name)]
        if outside:
            raise UnreadableFile(f"{path} holds names that leave its folder: {', '.join(outside)}.")
        if member not in names:
            raise UnreadableFile(f"{path} has no member {member!r}; it holds {', '.join(names)}.")
        if archive.getinfo(member).file_size > limit:
            raise UnreadableFile(f"{member} in {path} unpacks to more than {limit:,} bytes.")
        return io.BytesIO(archive.read(member))


def _leaves_folder(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name.split("/")[0]


def require_columns(frame: pd.DataFrame, columns: list[str], file_id: str) -> pd.DataFrame:
    """The frame, if it has the columns; otherwise an error that names those it lacks."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise UnreadableFile(
            f"{file_id} lacks the column(s) {', '.join(map(repr, missing))}; "
            f"it has {', '.join(map(repr, frame.columns[:12]))}"
            f"{' …' if len(frame.columns) > 12 else ''}. "
            "Correct definitions/sources.toml, or fetch the file again."
        )
    return frame
