"""Fetching raw files that have a permanent address: ``run_all.py fetch``.

A download goes to ``NAME.part`` beside its place and continues where an earlier one stopped. It only
takes its name once its sha256 is the registered one, so a half or wrong file is never mistaken for data.
"""

import argparse
import os
from pathlib import Path

import requests
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from towns_index import paths, sources

CHUNK = 1 << 16
PATIENCE = (10, 60)  # seconds to connect, and between two packets
EXIT_WHOLE, EXIT_FAILED, EXIT_BY_HAND = 0, 1, 3


class FetchFailed(Exception):
    """A file could not be fetched; the message says why and what to do."""


def fetch_main(argv: list[str]) -> int:
    """Fetch files into the raw folder.

    Parameters
    ----------
    argv : list of str
        Identifiers of sources or files (none: all that are used), ``--raw DIR``, ``--list``.

    Returns
    -------
    int
        0 when every file asked for is whole, 1 when a download failed, 3 when only files without a
        permanent address are left, which must be put there by hand.
    """
    options = _options(argv)
    console = Console()
    try:
        entries = chosen(options.ids)
    except KeyError as error:
        console.print(error.args[0], markup=False, highlight=False)
        return EXIT_FAILED
    raw_dir = Path(options.raw).expanduser().resolve() if options.raw else paths.raw()
    absent = [entry for entry in entries if sources.problem_with(raw_dir / entry["path"], entry)]
    by_hand = [entry for entry in absent if "permanent_address" not in entry]
    to_fetch = [entry for entry in absent if "permanent_address" in entry]
    console.print(
        f"{len(entries) - len(absent)} of {len(entries)} files are whole in {raw_dir}; "
        f"{len(to_fetch)} can be fetched, {len(by_hand)} must be put there by hand.",
        highlight=False,
    )
    if options.list:
        _show(console, "Can be fetched:", [f"{entry['path']}  {entry['bytes']:,} bytes" for entry in to_fetch])
        problems = []
    else:
        problems = fetch_all(to_fetch, raw_dir, console)
        _show(console, "Could not be fetched:", problems)
    _show(console, "Put there by hand:", [f"{entry['path']}  from {entry['official_page']}" for entry in by_hand])
    if problems or (options.list and to_fetch):
        return EXIT_FAILED
    return EXIT_BY_HAND if by_hand else EXIT_WHOLE


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run_all.py fetch",
        description="Fetch the raw files that have a permanent address, and list those that have none.",
    )
    parser.add_argument("ids", nargs="*", metavar="ID", help="a source or a file of definitions/sources.toml")
    parser.add_argument("--raw", metavar="DIR", help="raw folder (default: TOWNS_INDEX_RAW, else data/raw)")
    parser.add_argument("--list", action="store_true", help="only say what is missing")
    return parser.parse_args(argv)


def chosen(ids: list[str]) -> list[dict]:
    """Entries of the register named by source or file; all that are used when none is named."""
    if not ids:
        return list(sources.used().values())
    files = sources.register()
    unknown = [name for name in ids if name not in files and not _of_source(name)]
    if unknown:
        raise KeyError(f"Not in definitions/sources.toml: {', '.join(unknown)}. `fetch --list` shows what is.")
    named = {key for name in ids for key in ([name] if name in files else _of_source(name))}
    return [entry for key, entry in files.items() if key in named]


def _of_source(name: str) -> list[str]:
    return [key for key, entry in sources.register().items() if entry["source"] == name]


def fetch_all(entries: list[dict], raw_dir: Path, console: Console) -> list[str]:
    """Fetch one file after the other; the problems, one line each."""
    problems = []
    columns = [TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()]
    with Progress(*columns, console=console, disable=not entries) as progress, requests.Session() as session:
        for entry in entries:
            task = progress.add_task(entry["path"], total=entry["bytes"])
            try:
                fetch(entry, raw_dir, session, lambda done: progress.update(task, completed=done))  # noqa: B023
            except FetchFailed as error:
                problems.append(f"{entry['path']}: {error}")
    return problems


def fetch(entry: dict, raw_dir: Path, session: requests.Session, report=lambda done: None) -> Path:
    """Fetch one file, continuing an earlier attempt, and put it in place when it is whole.

    Parameters
    ----------
    entry : dict
        Entry of the register.
    raw_dir : Path
        Folder of the raw bundle.
    session : requests.Session
        Connection to use.
    report : callable, optional
        Told how many bytes are there, after each packet.

    Returns
    -------
    Path
        The file in its place.
    """
    place = raw_dir / entry["path"]
    part = place.with_name(place.name + ".part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if _size(part) > entry["bytes"]:
            part.unlink()
        if _size(part) < entry["bytes"]:
            _download(entry, part, session, report)
    except requests.RequestException as error:
        raise FetchFailed(_in_plain_words(error, entry)) from error
    except OSError as error:
        raise FetchFailed(f"cannot be written ({error.strerror}).") from error
    problem = sources.problem_with(part, entry)
    if not problem:
        os.replace(part, place)
        return place
    if _size(part) < entry["bytes"]:
        raise FetchFailed("the connection broke off; run the same command again to continue.")
    part.unlink()
    raise FetchFailed(
        "what arrived is not the registered file (its size or sha256 differs) and was thrown away. "
        "The publisher may have replaced it: see " + entry["official_page"]
    )


def _download(entry: dict, part: Path, session: requests.Session, report) -> None:
    """Append what is missing; start afresh if the server cannot continue."""
    have = _size(part)
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with session.get(entry["permanent_address"], headers=headers, stream=True, timeout=PATIENCE) as answer:
        answer.raise_for_status()
        continued = have and answer.status_code == 206
        done = have if continued else 0
        with open(part, "ab" if continued else "wb") as stream:
            for packet in answer.iter_content(CHUNK):
                stream.write(packet)
                done += len(packet)
                report(done)
                if done > entry["bytes"]:  # not the registered file; no need to fill the disk with it
                    return


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _in_plain_words(error: requests.RequestException, entry: dict) -> str:
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code}. Get it from {entry['official_page']}"
    if isinstance(error, requests.Timeout):
        return "the server did not answer in time; run the same command again to continue."
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off; run the same command again to continue."
    return "the server cannot be reached. Is there a network connection?"


def _show(console: Console, title: str, lines: list[str]) -> None:
    if lines:
        console.print("\n".join([title, *(f"  {line}" for line in lines)]), markup=False, highlight=False, soft_wrap=True)
