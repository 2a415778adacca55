"""Rows of the raw files: which belong to an area or lie near a town, and which of their cells are used.

Rows are counted as readers count them: row 1 is the first below the header of the table.
"""

import re

import numpy as np
import pandas as pd

from towns_index import formula, measures, read, special
from towns_index import towns as town_table
from towns_index.why.results import known

LARGEST = 3  # areas that are shown one by one; the rest are summed up
RUN = re.compile(r"(\[[^\]]+\]|[A-Za-z_]\w*)\.\.(\[[^\]]+\]|[A-Za-z_]\w*)")


def rows_of(table: str, areas: list[str]) -> dict[str, pd.DataFrame]:
    """Rows of a raw file that belong to each of some areas; their index counts the rows below the header from 0."""
    entry = measures.tables()[table]
    frame = read.table(entry["file"], entry.get("member")).reset_index(drop=True)
    frame.columns = [f"{name:.0f}" if isinstance(name, float) else str(name) for name in frame.columns]
    codes = frame[entry["area"]].astype(str)
    if entry["geography"].startswith("lad"):
        changes = town_table.fact("area_code_changes").set_index("old_code")["new_code"]
        codes = codes.map(changes).fillna(codes)
    kept = measures.keep_rows(frame[codes.isin(areas)], entry.get("where", {}))
    rows = {area: kept[codes[kept.index] == area] for area in areas}
    return {area: mine.head(1) for area, mine in rows.items()} if entry.get("first_of_repeated") else rows


def cells_of(lines: pd.DataFrame, rows: pd.DataFrame, area: str) -> dict:
    """The cells of an area's rows that the measures use; a run of columns as its sum."""
    entry = measures.tables()[lines["table"].iloc[0]]
    cells: dict = {}
    if lines["aggregate"].iloc[0] == "function" or not len(rows):
        return cells
    for text in filter(None, [*lines["value"], *lines["weight"]]):
        runs = [match[0] for match in RUN.finditer(text)]
        single = formula.columns(RUN.sub("0", text)) if RUN.sub("", text).strip() else []
        if "spread" in entry:
            for _, row in rows.iterrows():
                named = _spread_names(entry["spread"], row)
                cells |= {name: known(row[column]) for name, column in named.items() if name in single}
            continue
        cells |= {run: known(formula.evaluate(run, rows.head(1)).iloc[0]) for run in runs}
        cells |= {name: known(rows.iloc[0][name]) for name in sorted(single, key=text.find)}
    if cells and "share_of" in entry:
        cells[f"{entry['share_of']} of the area"] = known(measures.bases()[entry["share_of"]].get(area))
    return cells


def used(lines: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Of the rows of an area those that the measures read; of a table with one row an area, that row."""
    spread = measures.tables()[lines["table"].iloc[0]].get("spread")
    if not spread:
        return rows
    wanted = {name for text in lines["value"] for name in formula.columns(text)}
    return rows[[not wanted.isdisjoint(_spread_names(spread, row)) for _, row in rows.iterrows()]]


def _spread_names(spread: dict, row: pd.Series) -> dict[str, str]:
    """The names that formulas give to the cells of a row, and their columns, as :func:`measures.spread` makes them."""
    key, values = str(row[spread["columns"]]), spread["values"]
    return {key: values} if isinstance(values, str) else {f"{key} {value}": value for value in values}


def nearest_points(table: str, code: str) -> dict:
    """The points of a file that lie nearest to the middle of the town's residents, with their rows."""
    entry = measures.tables()[table]
    points, middle = special.points(table), special.town_centres().loc[code]
    km = np.hypot(points.geometry.x - middle["x"], points.geometry.y - middle["y"]) / 1000
    nearest = points.to_crs("EPSG:4326").assign(km=km).nsmallest(LARGEST, "km")
    frame = read.table(entry["file"]).reset_index(drop=True)
    east, north = (pd.to_numeric(frame[name], errors="coerce") for name in entry["at"])
    shown = []
    for point in nearest.itertuples():
        rows = frame[np.isclose(east, point.geometry.x, atol=1e-7) & np.isclose(north, point.geometry.y, atol=1e-7)]
        named = [entry["listed_in"]["column"]] if "listed_in" in entry else []
        cells = {column: known(rows.iloc[0][column]) for column in [*entry["at"], *named]} if len(rows) else {}
        shown.append({"km": point.km, "rows": [int(row) + 1 for row in rows.index], "cells": cells})
    return {"count": len(points), "nearest": shown}
