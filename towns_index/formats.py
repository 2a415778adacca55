"""Stage 098, other formats of the same tables: Parquet, GeoPackage and GeoJSON, and a workbook for officers.

Nothing is computed here. Every file gives the same bytes for the same tables, so no file holds the time of its making.
"""

import datetime
from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from towns_index import paths, store

FIXED = datetime.datetime(2020, 8, 1)
"""Date that a file bears which must bear one: that of the report of 2020."""

PLACES = 5
"""Decimals of a degree kept in the GeoJSON: about a metre."""


def folder() -> Path:
    """Where the files are written: ``reports/downloads``."""
    return paths.reports() / "downloads"


def status_words(members: pd.DataFrame, letters: pd.DataFrame) -> pd.DataFrame:
    """Towns by characteristics that are at least partly rebuilt: full, partial, none or not assessed."""
    shown = letters[letters["rebuilt"] != "no"].set_index("cluster")["name"]
    wide = members.pivot(index="town_code", columns="cluster", values="status")[shown.index]
    return wide.replace("not_assessed", "not assessed").rename(columns=lambda letter: f"{letter} {shown[letter]}")


def summary(towns: pd.DataFrame, members: pd.DataFrame, intervals: pd.DataFrame, letters: pd.DataFrame) -> pd.DataFrame:
    """One row a town of the index: where it is, how many characteristics it has, and which.

    Parameters
    ----------
    towns, members, intervals
        The tables ``towns``, ``memberships`` and ``count_intervals``.
    letters : pandas.DataFrame
        ``definitions/clusters.csv``.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``town_code``, in the order of the names, with columns in plain words.
    """
    index = towns[towns["in_index"].astype(bool)].set_index("town_code").sort_values(["town_name", "local_authority"])
    words = status_words(members, letters).reindex(index.index)
    near = intervals.set_index("town_code").reindex(index.index)
    place = pd.DataFrame(
        {
            "Town": index["town_name"],
            "Welsh name": index["welsh_name"],
            "Nation": index["nation"],
            "Region": index["region"],
            "Local authority": index["local_authority"],
            "Residents, mid-2019": index["population_2019"],
            "In full": words.eq("full").sum(axis=1),
            "In part": words.eq("partial").sum(axis=1),
            "Together, from": near["low"],
            "Together, to": near["high"],
        }
    )
    return place.join(words)


def write_workbook(path: Path, sheets: dict[str, pd.DataFrame], opening: list[str]) -> None:
    """A workbook: a first sheet of text, then a sheet for each table with frozen headings and filters.

    Parameters
    ----------
    path : Path
    sheets : dict of str
        Tables by the name of their sheet; the columns are the headings.
    opening : list of str
        Paragraphs of the first sheet; the first is its title.
    """
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(path, {"in_memory": True, "nan_inf_to_errors": False}) as book:
        book.set_properties({"title": opening[0], "created": FIXED})
        title, text = book.add_format({"bold": True, "font_size": 16}), book.add_format({"text_wrap": True, "valign": "top"})
        heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        number = book.add_format({"num_format": "#,##0.##"})
        front = book.add_worksheet("Read me")
        front.set_column(0, 0, 110)
        front.write(0, 0, opening[0], title)
        for row, paragraph in enumerate(opening[1:], 2):
            front.write(row, 0, paragraph, text)
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, len(table), max(table.shape[1] - 1, 0))
            for column, label in enumerate(table.columns):
                values = table[label]
                numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
                longest = values.dropna().astype(str).str.len().max() if not numeric and len(values) else 9
                sheet.set_column(column, column, float(np.clip(longest if pd.notna(longest) else 9, 9, 48)), number if numeric else None)
                sheet.write(0, column, label, heading)
                # An empty cell stays empty; a truth value is a word that filters understand.
                plain = values.astype(object).where(values.notna(), None).tolist()
                sheet.write_column(1, column, [("yes" if value else "no") if isinstance(value, (bool, np.bool_)) else value for value in plain])


def write_parquet(folder: Path, names: Iterable[str], dictionary: pd.DataFrame) -> list[Path]:
    """Published tables as Parquet; every column bears its label, unit and licence."""
    folder.mkdir(parents=True, exist_ok=True)
    explained = dictionary.fillna("").set_index(["file", "column"])[["label", "unit", "licence"]]
    written = []
    for name in names:
        table = pa.Table.from_pandas(store.read(name), preserve_index=False)
        fields = [
            field.with_metadata(explained.loc[(f"{name}.csv", field.name)].to_dict()) if (f"{name}.csv", field.name) in explained.index else field
            for field in table.schema
        ]
        about = {"title": store.outputs()[name]["title"], "licence": store.outputs()[name]["licence"]}
        written.append(folder / f"{name}.parquet")
        pq.write_table(table.cast(pa.schema(fields, metadata=about)), written[-1], compression="zstd")
    return written


def outlines(towns: pd.DataFrame, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Outlines of the towns of a :func:`summary`, with its columns under names that any program takes.

    Parameters
    ----------
    towns : pandas.DataFrame
        The table ``towns``.
    table : pandas.DataFrame
        As from :func:`summary`.
    """
    shapes = gpd.read_file(paths.processed() / "town_outlines.geojson")[["town_code", "geometry"]].set_index("town_code")
    plain = table.rename(columns=lambda name: name.lower().replace(",", "").replace("-", "_").replace(" ", "_"))
    shapes.geometry = shapes.make_valid()  # rounding has made some rings touch themselves
    frame = plain.join(shapes).join(towns.set_index("town_code")[["longitude", "latitude"]])
    return gpd.GeoDataFrame(frame.reset_index(), geometry="geometry", crs="EPSG:4326")


def write_geo(folder: Path, shapes: gpd.GeoDataFrame, name: str) -> list[Path]:
    """A GeoPackage with outlines and points, and a GeoJSON with outlines."""
    import pyogrio

    folder.mkdir(parents=True, exist_ok=True)
    package, plain = folder / f"{name}.gpkg", folder / f"{name}.geojson"
    for path in (package, plain):
        path.unlink(missing_ok=True)
    # GDAL writes the time of its making into the file unless it is told another.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    try:
        pyogrio.write_dataframe(shapes, package, layer="outlines", driver="GPKG")
        points = shapes.set_geometry(gpd.points_from_xy(shapes["longitude"], shapes["latitude"]), crs=shapes.crs)
        pyogrio.write_dataframe(points, package, layer="points", driver="GPKG", append=True)
        pyogrio.write_dataframe(shapes, plain, driver="GeoJSON", COORDINATE_PRECISION=PLACES, RFC7946="YES")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    return [package, plain]


def indicators_sheet(towns: pd.DataFrame, values: pd.DataFrame, described: pd.DataFrame) -> pd.DataFrame:
    """Indicators of the towns of the index, headed by their labels and units."""
    heads = {name: f"{row.label} ({row.unit})" if row.unit else row.label for name, row in described.iterrows()}
    inside = towns[towns["in_index"].astype(bool)].set_index("town_code").sort_values(["town_name", "local_authority"])
    table = values.set_index("town_code").reindex(inside.index)
    table.insert(0, "Town", inside["town_name"])
    return table.rename(columns=heads)


def sizes(files: list[Path]) -> pd.DataFrame:
    """Name and size of files: ``file`` and ``kilobytes``."""
    return pd.DataFrame({"file": [path.relative_to(folder()).as_posix() for path in files], "kilobytes": [round(path.stat().st_size / 1024) for path in files]})

