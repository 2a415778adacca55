"""Stage 010: every raw file is opened, looked at and reconciled, and leaves a receipt.

The receipt has one row for every rule and file, also for rules that pass. A rule that fails and is
not registered as a known fault, with exactly that number of failures, stops the run.
"""

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pandas as pd

from towns_index import paths, read, sources, tables
from towns_index.audit_areas import as_counted, in_areas, rules, town_areas, universe
from towns_index.audit_rules import Outcome, coded, in_table, numbers

RECEIPT = "audit.csv"
REGISTER = "sources.csv"
RECEIPT_COLUMNS = [
    "source", "file", "rule", "rows_examined", "failures", "expected", "found", "passed", "known_fault",
]  # fmt: skip
REGISTER_COLUMNS = [
    "source", "file", "topic", "publisher", "title", "vintage", "coverage", "licence", "attribution",
    "official_page", "permanent_address", "sha256", "bytes", "rows", "used", "share_alike", "terms",
    "known_faults",
]  # fmt: skip


class AuditFailed(Exception):
    """A rule failed that is not registered as a known fault; the message names every such rule."""


def receipt() -> pd.DataFrame:
    """Outcome of every rule: worked out from the raw files, or read from the committed snapshot.

    Returns
    -------
    pandas.DataFrame
        Columns ``source``, ``file``, ``rule``, ``rows_examined``, ``failures``, ``expected``,
        ``found``, ``passed``, ``known_fault``; sorted by source, file and rule.
    """
    if paths.start() == "snapshot":
        return tables.read_csv(_snapshot(RECEIPT))
    return examine_all(list(sources.used()))


def _snapshot(name: str) -> Path:
    """A committed table: in the folder of this run if it is there, else in the project."""
    here = paths.processed() / name
    return here if here.is_file() else paths.ROOT / "data" / "processed" / name


def examine_all(ids: list[str]) -> pd.DataFrame:
    """Receipt for some files of the register, with the agreements and kinds of area they allow."""
    agreements = [row for row in rules()["agreement"] if {_file(row, "left"), _file(row, "right")} <= set(ids)]
    found = [row for kind in rules()["geography"] for row in _area_rows(kind, ids)]
    for kind in {sources.file(name).get("geography") for name in ids} - {None}:
        universe(kind), town_areas(kind)  # worked out once, before the work is shared out
    held = {}
    # Lists of areas come first: they have just been read, and other files would push them out of memory.
    listed = {row["file"] for kind in rules()["geography"].values() for row in kind["lists"]}
    ids = sorted(ids, key=lambda name: name not in listed)
    for rows, sides in _side_by_side(partial(examine, agreements=agreements), ids):
        found += rows
        held.update(sides)
    found += [_agreement_row(row, held) for row in agreements]
    return tables.in_order(pd.DataFrame(found, columns=RECEIPT_COLUMNS), ["source", "file", "rule"])


def _side_by_side(work, items: list[str]) -> list:
    """Do the work for every item, in two processes on Linux, where forking one is safe.

    Reading R files keeps a processor busy and threads would wait for each other. A forked process
    inherits the lists of areas, which a fresh one would have to read again.
    """
    if len(items) < 20 or os.cpu_count() == 1 or sys.platform != "linux":
        return [work(item) for item in items]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        return list(pool.map(work, items))


def examine(file_id: str, agreements: list[dict]) -> tuple[list[dict], dict]:
    """Open one file once: its rows of the receipt, and its sides of the agreements."""
    entry = sources.file(file_id)
    outcomes = [whole(entry)]
    sides = {}
    if "rows" in entry and not outcomes[0].failures:
        try:
            found, sides = _opened(file_id, entry, agreements)
            outcomes += found + still_there(found, entry.get("faults", []))
        except read.UnreadableFile as error:
            outcomes.append(Outcome("readable", 1, 1, "a table with the registered columns", str(error)))
    return [_row(entry["source"], file_id, outcome, entry.get("faults", [])) for outcome in outcomes], sides


def _opened(file_id: str, entry: dict, agreements: list[dict]) -> tuple[list[Outcome], dict]:
    frame = read.table(file_id).rename(columns=str)  # workbooks have years as numbers in their header
    rows = coded(frame, entry)
    sides = {
        (row["name"], side): values_of(frame, row[side], file_id)
        for row in agreements
        for side in ("left", "right")
        if _file(row, side) == file_id
    }
    return in_table(frame, entry) + in_areas(rows, entry), sides


def still_there(outcomes: list[Outcome], faults: list[dict]) -> list[Outcome]:
    """Every registered fault is found as registered; a fault that was repaired must be struck off."""
    if not faults:
        return []
    seen = {(outcome.rule, outcome.failures) for outcome in outcomes}
    gone = [fault["rule"] for fault in faults if (fault["rule"], fault["failures"]) not in seen]
    found = f"not as registered: {', '.join(gone)}" if gone else f"{len(faults)} as registered"
    return [Outcome("known faults", len(faults), len(gone), f"{len(faults)} as registered", found)]


def whole(entry: dict) -> Outcome:
    """The file has the registered bytes."""
    problem = sources.problem_with(paths.raw() / entry["path"], entry)
    expected = f"sha256 {entry['sha256'][:12]}…"
    return Outcome("file whole", 1, int(bool(problem)), expected, problem or expected)


def values_of(frame: pd.DataFrame, side: dict, file_id: str) -> pd.Series:
    """One number for each area, as one side of an agreement asks for it."""
    where = side.get("where", {})
    added = [*side.get("add", []), *([side["per"]] if "per" in side else [])]
    read.require_columns(frame, [side["key"], *where, *added], file_id)
    for name, value in where.items():
        frame = frame[frame[name] == value]
    areas = frame[side["key"]]
    if "add" not in side:
        return areas.value_counts()
    values = sum(numbers(frame[name]) for name in side["add"]) * side.get("scale", 1)
    if "per" in side:
        values = 100 * values / numbers(frame[side["per"]])
    return values.groupby(areas.to_numpy()).sum() if areas.duplicated().any() else values.set_axis(areas)


def compared(row: dict, left: pd.Series, right: pd.Series) -> Outcome:
    """Two files hold the same numbers: how many differ, and where they differ most."""
    pairs = pd.concat([left, right], axis=1, join="inner", keys=["left", "right"])
    difference = (pairs["left"] - pairs["right"]).abs()
    unpaired = abs(row["pairs"] - int(difference.notna().sum()))
    failures = int((difference > row["tolerance"] + 1e-9).sum()) + unpaired
    found = f"largest difference {difference.max():.6g}"
    if difference.max() > 0:
        found += f" at {difference.idxmax()}"
    if unpaired:
        found += f"; {len(pairs):,} areas compared"
    other = _file(row, "right")
    expected = f"{row['pairs']:,} areas within {row['tolerance']:g} of {other}"
    return Outcome(f"agreement: {row['name']}", len(pairs), failures, expected, found)


def _file(agreement: dict, side: str) -> str:
    return agreement[side]["file"]


def _agreement_row(row: dict, held: dict) -> dict:
    """A row of the receipt; an agreement belongs to the file on its left."""
    file_id = _file(row, "left")
    sides = [held.get((row["name"], side), pd.Series(dtype=float)) for side in ("left", "right")]
    outcome = compared(row, *sides)
    faults = [{"rule": outcome.rule, **row["fault"]}] if "fault" in row else []
    return _row(sources.file(file_id)["source"], file_id, outcome, faults)


def _area_rows(kind: str, ids: list[str]) -> list[dict]:
    """Rows of the receipt about the number of areas; they belong to the file that lists them first."""
    file_id = rules()["geography"][kind]["lists"][0]["file"]
    if not {row["file"] for row in rules()["geography"][kind]["lists"]} <= set(ids):
        return []
    named = [
        Outcome(**{**asdict(outcome), "rule": f"{outcome.rule}, {rules()['geography'][kind]['name']}"})
        for outcome in as_counted(kind)
    ]
    return [_row(sources.file(file_id)["source"], file_id, outcome, []) for outcome in named]


def _row(source: str, file_id: str, outcome: Outcome, faults: list[dict]) -> dict:
    """A row of the receipt, with the known fault that explains exactly this failure, if any."""
    known = [
        fault["because"]
        for fault in faults
        if outcome.failures and (fault["rule"], fault["failures"]) == (outcome.rule, outcome.failures)
    ]
    return {
        "source": source,
        "file": file_id,
        **asdict(outcome),
        "passed": outcome.failures == 0,
        "known_fault": known[0] if known else None,
    }


def unexplained(table: pd.DataFrame) -> pd.DataFrame:
    """Rules that failed and are not registered as known faults."""
    return table[~table.passed.astype(bool) & table.known_fault.isna()]


def require(table: pd.DataFrame) -> None:
    """Stop if a rule failed that is not registered as a known fault."""
    failed = unexplained(table)
    if failed.empty:
        return
    lines = [
        f"{row.file} — {row.rule}: expected {row.expected}, found {row.found} ({row.failures} failure(s))"
        for row in failed.itertuples()
    ]
    raise AuditFailed(
        f"{len(lines)} rule(s) of the audit failed:\n  " + "\n  ".join(lines) + "\n"
        "If the data are right, register the fault in definitions/sources.toml with its number of failures."
    )


def registered() -> pd.DataFrame:
    """The register as a table, one row a file."""
    rows = []
    for file_id, entry in sources.register().items():
        faults = [*entry["known_faults"], *(fault["because"] for fault in entry.get("faults", []))]
        rows.append({**entry, "file": file_id, "known_faults": " ".join(faults) or None})
    return pd.DataFrame(rows).reindex(columns=REGISTER_COLUMNS).astype({"rows": "Int64"})


def publish(table: pd.DataFrame) -> list[Path]:
    """Write the receipt and the register into ``data/processed``."""
    folder = paths.processed()
    return [
        tables.write_csv(table, folder / RECEIPT, key=["source", "file", "rule"]),
        tables.write_csv(registered(), folder / REGISTER, key=["source", "file"]),
    ]
