#!/usr/bin/env python3
"""Seed faults one at a time in a scratch copy of the project, and see which check catches each.

    python benchmarks/seed_faults.py                        all faults of benchmarks/faults.toml
    python benchmarks/seed_faults.py --list                 name them
    python benchmarks/seed_faults.py --only D03,K11         some of them
    python benchmarks/seed_faults.py --table faults.md      write the result as Markdown too

For every fault the checks that should catch it run first, then all quick tests, then the comparisons with the
committed results, and last the slow tests. Tests of the runner and of the environment are left out. Exit status: 0 if at least 95 % were
caught, 1 if fewer, 2 if the list itself or the unchanged project is not sound.

Raw files are looked for where a build looks for them (``TOWNS_INDEX_RAW``, else ``data/raw``), and are never
written to: the copy has a folder of links to them.
"""

import argparse
import hashlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fault_edits import BadFault, edited, replaced

HERE = Path(__file__).resolve().parent
LIST = HERE / "faults.toml"
WANTED = 0.95
PATIENCE = 1200  # seconds for one check
RUNNING: set[subprocess.Popen] = set()
STOPPED = threading.Event()
KINDS = {"raw": "Raw files", "table": "Committed tables", "definition": "Definitions", "code": "Package code"}
# The tests of the runner are slow and about something else; this script's own test knows every text by heart.
LEFT_OUT = ("test_runner_", "test_seed_faults")
NEW_REGISTER, NEW_MANIFEST = "registered anew", "listed anew"


@dataclass(frozen=True)
class Room:
    """A scratch copy of the project, and a folder of links to the raw files, if there are any."""

    root: Path
    raw: Path | None
    slow: tuple[str, ...] = ()  # test files that run last
    aside: list[str] = field(default_factory=list)  # tests that fail already


@dataclass(frozen=True)
class Result:
    """What became of one fault: the check that caught it and its first line, or neither."""

    fault: dict
    check: str = ""
    said: str = ""
    as_it_is: str = ""
    seconds: float = 0.0
    error: str = ""

    @property
    def caught(self) -> bool:
        """Whether any check caught it."""
        return bool(self.check)


# ---- the list -------------------------------------------------------------------------------------


def load(path: Path = LIST) -> dict:
    """The list of faults: ``comparisons`` (tests that compare with committed results), ``slow`` and ``fault``."""
    with open(path, "rb") as stream:
        return tomllib.load(stream)


def chosen(faults: list[dict], only: str | None, with_raw: bool) -> list[dict]:
    """The faults that were asked for and can be seeded here."""
    names = [name.strip() for name in only.split(",")] if only else [fault["id"] for fault in faults]
    unknown = sorted(set(names) - {fault["id"] for fault in faults})
    if unknown:
        raise BadFault(f"there is no fault {', '.join(unknown)} in {LIST.name}")
    return [fault for fault in faults if fault["id"] in names and (with_raw or fault["kind"] != "raw")]


# ---- the scratch copy -----------------------------------------------------------------------------


def files_of(project: Path) -> list[Path]:
    """Files of a project that git keeps or would keep; without git, all but caches and raw files."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git") and (project / ".git").exists():
        listed = subprocess.run(command, cwd=project, capture_output=True, check=True).stdout.decode()
        names = [Path(name) for name in listed.split("\0") if name]
    else:
        names = [path.relative_to(project) for path in project.rglob("*") if path.is_file()]
        names = [name for name in names if not _passed_over(name)]
    return [name for name in names if (project / name).is_file()]


def _passed_over(name: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in name.parts[:-1])
    return hidden or name.parts[:2] == ("data", "raw") and name.suffix != ".md"


def copy(project: Path, raw: Path | None, folder: Path, slow: tuple[str, ...] = ()) -> Room:
    """A room in an empty folder: a copy of the project and links to its raw files."""
    root, links = folder / "project", folder / "raw"
    for name in files_of(project):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project / name, root / name)
    if raw is None:
        return Room(root, None, slow)
    for path in raw.rglob("*"):
        if path.is_file():
            link = links / path.relative_to(raw)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
    return Room(root, links, slow)


@contextmanager
def seeded(changes: dict[Path, bytes]) -> Iterator[None]:
    """Files of a room that hold something else for a while; a link becomes a file and a link again."""
    links = {path: path.readlink() for path in changes if path.is_symlink()}
    before = {path: path.read_bytes() for path in changes if path not in links}
    try:
        for path, data in changes.items():
            path.unlink()  # so that nothing is ever written through a link
            path.write_bytes(data)
        yield
    finally:
        for path in changes:
            path.unlink(missing_ok=True)
            if path in links:
                path.symlink_to(links[path])
            else:
                path.write_bytes(before[path])


# ---- what a fault changes -------------------------------------------------------------------------


def changes_of(fault: dict, room: Room) -> dict[Path, bytes]:
    """What the files of a fault hold with it, by path; one of a raw file or a table as it is."""
    if fault["kind"] == "raw":
        entry = _entry(fault["file"], room)
        path = room.raw / entry["path"]
        return {path: _different(path, edited(path.read_bytes(), fault["edit"], entry, path.name))}
    path = room.root / fault["file"]
    if fault["kind"] == "table":
        return {path: _different(path, edited(path.read_bytes(), fault["edit"], {}, path.name))}
    return {path: replaced(path.read_text("utf-8"), fault["old"], fault["new"]).encode()}


def _different(path: Path, data: bytes) -> bytes:
    if data == path.read_bytes():
        raise BadFault("the edit changes nothing")
    return data


def _entry(file_id: str, room: Room) -> dict:
    """A file of the register, as it is read."""
    with open(room.root / "definitions" / "sources.toml", "rb") as stream:
        document = tomllib.load(stream)
    for source in document["source"]:
        for entry in source["file"]:
            if entry["id"] == file_id:
                return entry
    raise BadFault(f"there is no file {file_id} in definitions/sources.toml")


def listed_anew(fault: dict, room: Room, changes: dict[Path, bytes]) -> dict[Path, bytes]:
    """The same changes, with size and sha256 in the list as if the file had been issued or published so."""
    ((path, data),) = changes.items()
    digest = hashlib.sha256(data).hexdigest()
    if fault["kind"] == "raw":
        listing, entry = room.root / "definitions" / "sources.toml", _entry(fault["file"], room)
        old = f'bytes = {entry["bytes"]}\nsha256 = "{entry["sha256"]}"'
        new = f'bytes = {len(data)}\nsha256 = "{digest}"'
    else:
        listing = path.with_name("datapackage.json")
        (entry,) = [one for one in json.loads(listing.read_text("utf-8"))["resources"] if one["path"] == path.name]
        old = f'"bytes": {entry["bytes"]},\n      "hash": "{entry["hash"]}"'
        new = f'"bytes": {len(data)},\n      "hash": "sha256:{digest}"'
    return {**changes, listing: replaced(listing.read_text("utf-8"), old, new).encode()}


# ---- checks ---------------------------------------------------------------------------------------


def environment(room: Room) -> dict[str, str]:
    """Variables with which the checks of a room run: its own package, its own raw files, one thread."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOWNS_INDEX_", "PYTEST_"))}
    more = {"PYTHONPATH": str(room.root), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "400"}
    return {**kept, **more, **({"TOWNS_INDEX_RAW": str(room.raw)} if room.raw else {})}


def run(room: Room, command: list[str]) -> tuple[int, str]:
    """Exit status and output of a program in a room."""
    if STOPPED.is_set():
        raise RuntimeError("stopped")
    process = subprocess.Popen(
        [sys.executable, *command], cwd=room.root, env=environment(room), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    RUNNING.add(process)
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return 1, f"not finished after {PATIENCE} seconds"
    finally:
        end(process)
    return process.returncode, output


def end(process: subprocess.Popen) -> None:
    """End a program, if it still runs, with all that it has started."""
    RUNNING.discard(process)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def tests_of(room: Room) -> list[str]:
    """The test files that count."""
    names = sorted(path.name for path in (room.root / "tests").glob("test_*.py"))
    return [f"tests/{name}" for name in names if not name.startswith(LEFT_OUT)]


def command_of(check: str, room: Room, comparisons: list[str], first_only: bool = True) -> list[str]:
    """How a check is run: ``preflight``, ``audit``, ``suite``, ``slow``, ``comparisons``, or names of tests."""
    if check.split()[0] in {"preflight", "audit"}:
        return ["benchmarks/fault_checks.py", *check.split()]
    quick = [name for name in tests_of(room) if name not in room.slow]
    tests = {"suite": quick, "slow": room.slow, "comparisons": comparisons}.get(check) or check.split()
    named = tuple(comparisons) if check == "comparisons" else tuple(tests)
    passed_over = [*room.aside, *(one for one in comparisons if not any(name.startswith(one) for name in named))]
    command = ["-m", "pytest", "-q", "-rfE", "--tb=no", "--no-header", "-p", "no:cacheprovider", "-W", "ignore"]
    return [*command, *(["-x"] if first_only else []), *(f"--deselect={name}" for name in passed_over), *tests]


FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+\.py(?:::.*?)?)(?: - (.*))?$", re.MULTILINE)


def verdict(room: Room, check: str, comparisons: list[str]) -> tuple[str, str]:
    """What a check has against a room: its name (of the very test) and its first line; or two empty texts."""
    if (check == "comparisons" and not comparisons) or (check == "slow" and not room.slow):
        return "", ""
    status, output = run(room, command_of(check, room, comparisons))
    if not status or status == 5:  # pytest: every test of the selection was passed over
        return "", ""
    if status < 0:
        raise BadFault(f"{check} was ended from outside (signal {-status}), so that nothing is known")
    if status == 4:
        raise BadFault(f"pytest does not know {check}: {output.strip().splitlines()[-1]}")
    failed = FAILED.search(output)
    lines = [line for line in output.splitlines() if line.strip()] or ["no message"]
    if check.split()[0] in {"preflight", "audit"}:
        crashed = lines[0].startswith("Traceback")
        return check.split()[0], lines[-1] if crashed else lines[0]
    return (failed[1], failed[2] or "") if failed else ("pytest", lines[-1])


def first_against(room: Room, checks: list[str], comparisons: list[str]) -> tuple[str, str]:
    """What the first of some checks that has anything to say against a room says."""
    for check in dict.fromkeys(checks):
        found = verdict(room, check, comparisons)
        if found[0]:
            return found
    return "", ""


def after(fault: dict, with_raw: bool) -> list[str]:
    """Checks for a fault that those named with it did not catch.

    A publisher's new file changes the results by right: for raw files the comparisons do not count.
    """
    if fault["kind"] == "raw":
        return [f"audit {fault['file']}", "audit", "suite", "slow"]
    return ["preflight", "suite", "comparisons", "slow"]


def examine(fault: dict, room: Room, comparisons: list[str]) -> Result:
    """Seed one fault, run its checks, and take it away again."""
    began = time.perf_counter()
    try:
        changes = changes_of(fault, room)
        as_it_is = ""
        if fault["kind"] in {"raw", "table"}:
            with seeded(changes):
                as_it_is = " ".join(first_against(room, _by_digest(fault), comparisons)).strip()
            if _in_manifest(fault):
                changes = listed_anew(fault, room, changes)
        with seeded(changes):
            named = first_against(room, [*fault.get("first", []), *after(fault, bool(room.raw))], comparisons)
    except BadFault as error:
        return Result(fault, error=str(error), seconds=time.perf_counter() - began)
    return Result(fault, *named, as_it_is=as_it_is, seconds=time.perf_counter() - began)


def _by_digest(fault: dict) -> list[str]:
    if fault["kind"] == "raw":
        return ["preflight"]
    return ["tests/test_dictionary.py::test_the_package_describes_the_committed_files"] if _in_manifest(fault) else []


def _in_manifest(fault: dict) -> bool:
    return fault["kind"] == "raw" or fault["file"].endswith(".csv")


# ---- the unchanged project ------------------------------------------------------------------------


def imported_from(room: Room) -> str:
    """From where a test of a room gets the package."""
    status, output = run(room, ["benchmarks/fault_checks.py", "where"])
    return output.strip() if not status else f"nowhere: {output.strip()}"


def failing(room: Room, comparisons: list[str], log=print) -> list[str]:
    """Checks that have something against the unchanged copy."""
    found = []
    for check in ["preflight", *(["audit"] if room.raw else []), "suite", "comparisons", "slow"]:
        log(f"unchanged copy: {check} …")
        status, output = run(room, command_of(check, room, comparisons, first_only=False))
        names = [match[0] for match in FAILED.findall(output)]
        if status and not names:
            raise BadFault(f"the unchanged copy does not pass {check}:\n{output.strip()[-2000:]}")
        found += names
    return found


# ---- the report -----------------------------------------------------------------------------------


def compares(result: Result, comparisons: list[str]) -> bool:
    """Whether it was a comparison with the committed results that caught a fault."""
    return any(result.check.startswith(name) for name in comparisons)


def share(results: list[Result]) -> float:
    """The part of the faults that was caught."""
    return sum(result.caught for result in results) / len(results) if results else 0.0


def short(text: str, width: int = 110) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 2] + " …"


def outcome(result: Result, comparisons: list[str]) -> str:
    """What caught a fault, for the table."""
    if result.error:
        return f"**error of the list**: {short(result.error)}"
    if not result.caught:
        return "**not caught**"
    mark = " (comparison)" if compares(result, comparisons) else ""
    said = f": {short(result.said)}" if result.said else ""
    return f"{result.check.removeprefix('tests/')}{mark}{said}"


def as_markdown(results: list[Result], comparisons: list[str], seconds: float) -> str:
    """The results as a document."""
    lines = ["# Seeded faults", "", summary(results, comparisons, seconds), ""]
    for kind, title in KINDS.items():
        mine = [result for result in results if result.fault["kind"] == kind]
        if mine:
            lines += [f"## {title}", "", "| fault | what was done | caught by | s |", "|---|---|---|---|"]
            lines += [
                f"| {one.fault['id']} | {_cell(one.fault['what'])} | {_cell(outcome(one, comparisons))} | {one.seconds:.0f} |"
                for one in mine
            ]
            lines.append("")
    return "\n".join([*lines, *_missed(results)]).rstrip() + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _missed(results: list[Result]) -> list[str]:
    missed = [result for result in results if not result.caught and not result.error]
    if not missed:
        return []
    told = [f"- {one.fault['id']}: {one.fault.get('explanation', 'No explanation yet.')}" for one in missed]
    return ["## Not caught", "", *told]


def summary(results: list[Result], comparisons: list[str], seconds: float) -> str:
    """Counts and shares in words."""
    caught = [result for result in results if result.caught]
    computed = [result for result in caught if result.fault["kind"] in {"definition", "code"}]
    by_comparison = sum(compares(result, comparisons) for result in computed)
    digests = [result for result in results if result.fault["kind"] in {"raw", "table"} and _in_manifest(result.fault)]
    by_digest = sum(bool(result.as_it_is) for result in digests)
    errors = sum(bool(result.error) for result in results)
    text = [f"{len(caught)} of {len(results)} faults were caught ({share(results):.1%}), in {seconds:,.0f} seconds."]
    if by_comparison:
        text.append(
            f"Of the {len(computed)} in definitions and code, {by_comparison} were caught by comparison with the committed "
            "results, after the quick tests had passed."
        )
    if digests:
        text.append(
            f"Before their size and sha256 were listed anew, {by_digest} of {len(digests)} changed files were caught "
            "by the list alone; that does not count here."
        )
    if errors:
        text.append(f"{errors} could not be seeded: the list has errors.")
    return " ".join(text)


# ---- the command ----------------------------------------------------------------------------------


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="ID[,ID]", help="seed these faults only")
    parser.add_argument("--list", action="store_true", help="name the faults and stop")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="copies to work in side by side (default: 1)")
    parser.add_argument("--without-raw", action="store_true", help="do as if the raw files were not there")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the results to this file, as Markdown")
    parser.add_argument(
        "--set-aside", action="store_true", help="leave out tests that fail on the unchanged copy, instead of stopping"
    )
    return parser.parse_args(arguments)


def raw_folder(project: Path) -> Path | None:
    """Folder of the raw files, if the first of them is there."""
    folder = Path(os.environ.get("TOWNS_INDEX_RAW") or project / "data" / "raw").expanduser().resolve()
    return folder if (folder / "town-list-ons-2020" / "towns_indicators_1186.csv").is_file() else None


def all_examined(faults: list[dict], rooms: list[Room], comparisons: list[str]) -> list[Result]:
    """Every fault in turn, in as many rooms as there are."""
    free: queue.Queue[Room] = queue.Queue()
    for room in rooms:
        free.put(room)

    def one(fault: dict) -> Result:
        room = free.get()
        try:
            result = examine(fault, room, comparisons)
        finally:
            free.put(room)
        print(f"{fault['id']:<5}{result.seconds:>6.0f} s  {short(outcome(result, comparisons), 150)}", flush=True)
        return result

    if len(rooms) == 1:
        return [one(fault) for fault in faults]
    with ThreadPoolExecutor(len(rooms)) as pool:
        try:
            return list(pool.map(one, faults))
        except BaseException:
            STOPPED.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(RUNNING):
                end(process)
            raise


def main(arguments: list[str] | None = None) -> int:
    """Seed the faults and print what caught them."""
    asked = options(arguments)
    document = load()
    comparisons = document["comparisons"]
    raw = None if asked.without_raw else raw_folder(HERE.parent)
    try:
        faults = chosen(document["fault"], asked.only, with_raw=raw is not None)
    except BadFault as error:
        print(error)
        return 2
    if asked.list:
        for fault in document["fault"]:
            print(f"{fault['id']:<5}{KINDS[fault['kind']]:<18}{fault['what']}")
        return 0
    if raw is None:
        print("Without the raw files: faults of raw files are left out, and tests that need them are skipped.")
    for stop in (signal.SIGINT, signal.SIGTERM):  # either ends in the copies being taken away
        signal.signal(stop, signal.default_int_handler)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="seeded-") as folder:
        places = [Path(folder).resolve() / str(number) for number in range(max(1, asked.jobs))]
        rooms = [copy(HERE.parent, raw, place, tuple(document["slow"])) for place in places]
        try:
            _prove(rooms, comparisons, asked.set_aside)
        except BadFault as error:
            print(error)
            return 2
        results = all_examined(faults, rooms, comparisons)
    report = as_markdown(results, comparisons, time.perf_counter() - began)
    print(f"\n{report}")
    if asked.table:
        asked.table.write_text(report, encoding="utf-8")
    if any(result.error for result in results):
        return 2
    return int(share(results) < WANTED)


def _prove(rooms: list[Room], comparisons: list[str], set_aside: bool) -> None:
    """The copies are what is tested, and they pass as they are."""
    for room in rooms:
        if imported_from(room) != str(room.root):
            raise BadFault(f"the tests of the copy would not test the copy, but {imported_from(room)}")
    failed = failing(rooms[0], comparisons)
    if failed and not set_aside:
        raise BadFault("the unchanged copy does not pass:\n  " + "\n  ".join(failed))
    if failed:
        print("Left out, because they fail on the unchanged copy:\n  " + "\n  ".join(failed))
    for room in rooms:
        room.aside.extend(failed)


if __name__ == "__main__":
    sys.exit(main())
