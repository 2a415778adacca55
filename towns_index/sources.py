"""The register of raw files: what there is, who published it, whether a copy is whole."""

import hashlib
import re
import tomllib
from functools import lru_cache
from pathlib import Path, PurePosixPath

from towns_index import paths

SOURCE_KEYS = {
    "id", "topic", "title", "publisher", "vintage", "coverage", "licence", "credit", "terms",
    "official_page", "used", "not_used_because", "share_alike", "known_faults", "file",
}  # fmt: skip
SOURCE_NEEDS = {
    "id", "topic", "title", "publisher", "vintage", "coverage", "licence", "official_page", "used",
    "known_faults", "file",
}  # fmt: skip
FILE_KEYS = {
    # what the file is
    "id", "path", "bytes", "sha256", "permanent_address",
    # how it is read
    "skip_rows", "encoding", "sheet", "columns", "member", "footnotes",
    # what it must contain: the rules of towns_index.audit
    "rows", "key", "geography", "unique_key", "complete", "only_coded_rows", "whole_of", "markers",
    "ranges", "sums", "totals", "period", "points", "towns", "faults",
}  # fmt: skip
FILE_NEEDS = {"id", "path", "bytes", "sha256"}


class BadRegister(Exception):
    """``definitions/sources.toml`` breaks its own rules; the message lists every place."""


@lru_cache(maxsize=1)
def register() -> dict:
    """Files of ``definitions/sources.toml`` by identifier, each with its source's fields.

    Returns
    -------
    dict of str to dict
        In the order of the file. Every entry also has ``source`` (identifier of the publication)
        and ``attribution`` (the sentence to show readers).
    """
    return load(paths.DEFINITIONS / "sources.toml")


def load(path: Path) -> dict:
    """Read and check a register; see :func:`register`."""
    with open(path, "rb") as stream:
        document = tomllib.load(stream)
    problems = mistakes(document)
    if problems:
        raise BadRegister(f"{path.name} has {len(problems)} mistake(s):\n  " + "\n  ".join(problems))
    files = {}
    for source in document["source"]:
        shared = {key: value for key, value in source.items() if key not in {"file", "id"}}
        shared["attribution"] = _attribution(source, document["licence"])
        shared.setdefault("share_alike", False)
        for entry in source["file"]:
            files[entry["id"]] = {"source": source["id"], **shared, **entry}
    return files


def file(file_id: str) -> dict:
    """One entry of the register.

    Raises
    ------
    KeyError
        Naming the entries that look most like the one asked for.
    """
    try:
        return register()[file_id]
    except KeyError:
        folder = file_id.split("/")[0]
        near = [known for known in register() if known.startswith(folder)]
        hint = f" Files of {folder}: {', '.join(near)}." if near else ""
        raise KeyError(f"{file_id} is not in definitions/sources.toml.{hint}") from None


def used() -> dict:
    """The entries whose source is used, by identifier."""
    return {name: entry for name, entry in register().items() if entry["used"]}


def raw_paths() -> list[str]:
    """Paths below the raw folder of the files that are used."""
    return [entry["path"] for entry in used().values()]


def mistakes(document: dict) -> list[str]:
    """What is wrong with the text of a register, in plain words."""
    found = [f"unknown table [{key}]" for key in document if key not in {"licence", "source"}]
    seen: dict[str, set] = {"source": set(), "file": set(), "path": set()}
    for number, source in enumerate(document.get("source", []), start=1):
        name = source.get("id", f"source number {number}")
        found += _wrong_keys(name, source, SOURCE_KEYS, SOURCE_NEEDS)
        found += _twice("source", name, seen["source"])
        if source.get("licence") not in document.get("licence", {}):
            found.append(f"{name}: licence {source.get('licence')!r} has no [licence] table")
        if not source.get("used", True) and not source.get("not_used_because"):
            found.append(f"{name}: used is false, so not_used_because must say why")
        for entry in source.get("file", []):
            label = entry.get("id", f"a file of {name}")
            found += _wrong_keys(label, entry, FILE_KEYS, FILE_NEEDS)
            found += _twice("file", label, seen["file"])
            found += _twice("path", entry.get("path", ""), seen["path"])
            found += _wrong_path(label, entry.get("path", ""))
            if not re.fullmatch(r"[0-9a-f]{64}", str(entry.get("sha256", ""))):
                found.append(f"{label}: sha256 must be 64 hexadecimal digits")
    return found


def _wrong_keys(name: str, table: dict, known: set, needed: set) -> list[str]:
    unknown = [f"{name}: unknown entry {key!r}" for key in table if key not in known]
    missing = [f"{name}: {key!r} is missing" for key in sorted(needed - table.keys())]
    return unknown + missing


def _twice(what: str, name: str, seen: set) -> list[str]:
    repeated = [f"{what} {name} is registered twice"] if name in seen else []
    seen.add(name)
    return repeated


def _wrong_path(name: str, path: str) -> list[str]:
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts or "\\" in path or ":" in path:
        return [f"{name}: path {path!r} must stay inside the raw folder"]
    return []


def _attribution(source: dict, licences: dict) -> str:
    """The sentence a reader must see: the licence's own words, the publisher, further credits."""
    parts = [licences[source["licence"]]["sentence"], f"Source: {source['publisher']}."]
    return " ".join([*parts, source.get("credit", "")]).strip()


# --- are the files whole? -------------------------------------------------------------------------


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(raw_dir: Path, ids: list[str] | None = None) -> list[str]:
    """Compare files with the register.

    Parameters
    ----------
    raw_dir : Path
        Folder of the raw bundle.
    ids : list of str, optional
        Files to look at; by default every file of the sources that are used.

    Returns
    -------
    list of str
        One line for every file that is missing, empty, truncated or altered; empty if all is well.
    """
    entries = used() if ids is None else {name: file(name) for name in ids}
    problems = (problem_with(Path(raw_dir) / entry["path"], entry) for entry in entries.values())
    return [problem for problem in problems if problem]


def problem_with(path: Path, entry: dict) -> str:
    """What is wrong with one file, or an empty text."""
    if not path.is_file():
        return f"{entry['path']}: missing"
    size = path.stat().st_size
    if size == 0:
        return f"{entry['path']}: empty (it should have {entry['bytes']:,} bytes)"
    if size < entry["bytes"]:
        return f"{entry['path']}: truncated ({size:,} of {entry['bytes']:,} bytes)"
    if size > entry["bytes"]:
        return f"{entry['path']}: altered ({size:,} bytes instead of {entry['bytes']:,})"
    if sha256(path) != entry["sha256"]:
        return f"{entry['path']}: altered (right size, but its sha256 is not the registered one)"
    return ""


def complaint(problems: list[str], raw_dir: Path) -> str:
    """All problems as one message with the remedy."""
    lines = "\n  ".join(problems)
    return (
        f"{len(problems)} raw file(s) in {raw_dir} cannot be used:\n  {lines}\n"
        "Fetch them again with `python run_all.py fetch`, or see data/raw/README.md; "
        "`--start snapshot` builds without raw files."
    )


def fetch_main(argv: list[str]) -> int:
    """Fetch raw files; see :func:`towns_index.fetch.fetch_main`."""
    from towns_index import fetch  # it builds on this module, so it cannot be imported at the top

    return fetch.fetch_main(argv)
