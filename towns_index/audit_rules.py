"""The rules of the audit: each looks at one table and says how many of its rows break it.

A rule is named in ``definitions/sources.toml`` by the entry that asks for it. Its outcome counts what
was examined and what failed, also when nothing failed.
"""

from dataclasses import dataclass

import pandas as pd
from pandas.api import types

from towns_index import read

COUNTRIES = {"E": "England", "W": "Wales"}
AREA_CODE = r"[A-Z]\d{8}"


@dataclass(frozen=True)
class Outcome:
    """What one rule found in one file."""

    rule: str
    rows_examined: int
    failures: int
    expected: str
    found: str


def numbers(column: pd.Series) -> pd.Series:
    """A column as numbers; thousands commas are understood, any other text becomes missing."""
    if types.is_numeric_dtype(column):
        return column
    return pd.to_numeric(column.astype(str).str.replace(",", "").str.strip(), errors="coerce")


def country(codes: pd.Series, also: dict[str, str] | None = None) -> pd.Series:
    """First letter of an area's code, with the letters of border areas read as ``also`` says."""
    return codes.astype(str).str[0].replace(also or {})


def coded(frame: pd.DataFrame, entry: dict) -> pd.DataFrame:
    """The rows that are about an area, where the register says that others stand among them."""
    if not entry.get("only_coded_rows"):
        return frame
    return frame[frame[entry["key"]].astype(str).str.fullmatch(AREA_CODE)]


def in_table(frame: pd.DataFrame, entry: dict) -> list[Outcome]:
    """Outcomes of every rule that needs nothing but the table itself."""
    rows = coded(frame, entry)
    return [
        number_of_rows(frame, entry),
        unique_rows(rows, entry),
        missing_cells(rows, entry),
        *(within_range(rows, entry, rule) for rule in entry.get("ranges", [])),
        *(parts_add_up(rows, entry, rule) for rule in entry.get("sums", [])),
        *(reconciled(rows, entry, rule) for rule in entry.get("totals", [])),
        *([period(rows, entry)] if "period" in entry else []),
    ]


def number_of_rows(frame: pd.DataFrame, entry: dict) -> Outcome:
    """The table has as many rows as registered."""
    difference = abs(len(frame) - entry["rows"])
    return Outcome("rows", len(frame), difference, str(entry["rows"]), str(len(frame)))


def unique_rows(frame: pd.DataFrame, entry: dict) -> Outcome:
    """No two rows share a key; where a table has none, no two rows are equal."""
    asked = entry.get("unique_key", False)
    columns = [entry["key"]] if asked is True else asked or list(frame.columns)
    read.require_columns(frame, columns, entry["id"])
    failures = int(frame.duplicated(columns).sum())
    label = "unique key: " + " + ".join(columns) if asked else "no repeated row"
    return Outcome(label, len(frame), failures, "0 repeated", f"{failures} repeated")


def missing_cells(frame: pd.DataFrame, entry: dict) -> Outcome:
    """Columns that must be complete are; blanks elsewhere are counted and shown."""
    columns = entry.get("complete", list(frame.columns))
    read.require_columns(frame, columns, entry["id"])
    blank = frame.isna()
    failures = int(blank[columns].to_numpy().sum())
    elsewhere = int(blank.to_numpy().sum()) - failures
    found = f"{failures} blank" + (f"; {elsewhere} in other columns" if elsewhere else "")
    expected = f"0 blank in {len(columns)} column(s)"
    return Outcome("missing cells", len(frame) * len(columns), failures, expected, found)


def within_range(frame: pd.DataFrame, entry: dict, rule: dict) -> Outcome:
    """Every cell is a number of the range, blank, or a marker of the publisher."""
    columns = rule.get("columns") or _all_but_key(frame, entry)
    read.require_columns(frame, columns, entry["id"])
    values = pd.DataFrame({name: numbers(frame[name]) for name in columns})
    failures = int(((values < rule["low"]) | (values > rule["high"])).to_numpy().sum())
    for name in columns:
        if not types.is_numeric_dtype(frame[name]):
            text = values[name].isna() & frame[name].notna() & ~frame[name].isin(entry.get("markers", []))
            failures += int(text.sum())
    label = ", ".join(columns) if "columns" in rule else "every column"
    expected = f"{rule['low']:g} to {rule['high']:g}"
    found = f"{min(values.min()):g} to {max(values.max()):g}"
    return Outcome(f"range: {label}", len(frame) * len(columns), failures, expected, found)


def parts_add_up(frame: pd.DataFrame, entry: dict, rule: dict) -> Outcome:
    """In every row the parts add up to a column, or to a number, within the tolerance."""
    total = rule["total"]
    named = isinstance(total, str)
    parts = _parts(frame, entry, rule)
    read.require_columns(frame, [*parts, *([total] if named else [])], entry["id"])
    difference = (frame[parts].sum(axis=1) - (frame[total] if named else total)).abs()
    tolerance = rule.get("tolerance", 0)
    # a whisker above the tolerance, because decimals such as 99.9 have no exact binary form
    failures = int((difference > tolerance + 1e-9).sum())
    expected = f"{total} ± {tolerance:g}"
    found = f"largest difference {difference.max():.6g}"
    return Outcome(f"sum: {len(parts)} parts = {total}", len(frame), failures, expected, found)


def reconciled(frame: pd.DataFrame, entry: dict, rule: dict) -> Outcome:
    """A column adds up to the total that the publisher states."""
    rows = _rows_of(frame, entry, rule)
    column, per = rule.get("column"), rule.get("per")
    found = len(rows) if column is None else float(numbers(rows[column]).sum())
    if per:
        found = 100 * found / float(numbers(rows[per]).sum())
    tolerance = rule.get("tolerance", 0)
    failures = int(abs(found - rule["total"]) > tolerance + 1e-9)
    expected = f"{rule['total']:,}" + (f" ± {tolerance:,}" if tolerance else "")
    shown = f"{found:,.2f}" if per else f"{found:,.0f}"
    return Outcome(f"total: {rule['published_as']}", len(rows), failures, expected, shown)


def period(frame: pd.DataFrame, entry: dict) -> Outcome:
    """Every row is dated within the registered period, and both ends occur."""
    rule = entry["period"]
    read.require_columns(frame, [rule["column"]], entry["id"])
    first, last = rule["first"], rule["last"]
    dates = frame[rule["column"]].astype(str).str[: len(first)]
    outside = int(((dates < first) | (dates > last)).sum())
    absent = len({first, last} - set(dates))
    found = f"{dates.min()} to {dates.max()}"
    return Outcome(f"period: {rule['column']}", len(frame), outside + absent, f"{first} to {last}", found)


def _rows_of(frame: pd.DataFrame, entry: dict, rule: dict) -> pd.DataFrame:
    """The rows that a total is about: those with the values of ``where``, of the countries."""
    where = rule.get("where", {})
    numeric = [rule[name] for name in ("column", "per") if name in rule]
    read.require_columns(frame, [*where, *numeric], entry["id"])
    for name, value in where.items():
        frame = frame[frame[name].astype(str) == str(value)]
    if "countries" in rule:
        # border towns have codes that begin with K; the ONS counts the only one of its list in England
        frame = frame[country(frame[entry["key"]], {"K": "E"}).isin(rule["countries"])]
    return frame


def _parts(frame: pd.DataFrame, entry: dict, rule: dict) -> list[str]:
    if "first" in rule:
        read.require_columns(frame, [rule["first"], rule["last"]], entry["id"])
        return list(frame.loc[:, rule["first"] : rule["last"]].columns)
    return rule.get("columns") or [
        name for name in _all_but_key(frame, entry) if name != rule["total"]
    ]


def _all_but_key(frame: pd.DataFrame, entry: dict) -> list[str]:
    return [name for name in frame.columns if name != entry.get("key")]
