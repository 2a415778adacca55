"""Other formats: they say what the tables say, and give the same bytes."""

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
from bundle import committed

from towns_index import clusters, dictionary, formats, paths, store

DOWNLOADS = paths.ROOT / "reports" / "downloads"

TOWNS = pd.DataFrame(
    {
        "town_code": ["T2", "T1", "T3"], "town_name": ["Beta", "Alpha", "Gamma"], "welsh_name": ["Bet", None, None], "nation": ["Wales", "England", "England"],
        "region": "R", "local_authority": "L", "population_2019": [10, 20, 30], "in_index": [True, True, False],
    }
)  # fmt: skip
LETTERS = pd.DataFrame({"cluster": ["A", "B", "I"], "name": ["One", "Half", "Two"], "rebuilt": ["yes", "yes", "no"]})


def test_a_summary_by_hand():
    members = pd.DataFrame({"town_code": ["T1", "T2"] * 3, "cluster": list("AABBII"), "status": ["full", "not_assessed", "partial", "partial", "none", "none"]})
    near = pd.DataFrame({"town_code": ["T1", "T2"], "low": [1, 0], "high": [1, 2]})
    table = formats.summary(TOWNS, members, near, LETTERS)
    assert table.index.tolist() == ["T1", "T2"] and "I Two" not in table
    assert table["A One"].tolist() == ["full", "not assessed"] and table["In full"].tolist() == [1, 0] and table["In part"].tolist() == [1, 1] and table["Together, to"].tolist() == [1, 2]


def test_a_workbook_is_read_back_and_gives_the_same_bytes(tmp_path):
    table = pd.DataFrame({"Town": ["Alpha", "Beta"], "Share": [1.5, np.nan], "Coast": pd.array([True, None], dtype="boolean")})
    for name in ("one", "two"):
        formats.write_workbook(tmp_path / f"{name}.xlsx", {"Towns": table}, ["Title", "A paragraph."])
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "one.xlsx")
    assert book.sheetnames == ["Read me", "Towns"] and book["Read me"]["A1"].value == "Title"
    sheet = book["Towns"]
    assert [[cell.value for cell in row] for row in sheet] == [["Town", "Share", "Coast"], ["Alpha", 1.5, "yes"], ["Beta", None, None]]
    assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref == "A1:C3"


def test_maps_give_the_same_bytes_whenever_they_are_written(tmp_path):
    shapes = gpd.GeoDataFrame(
        {"town_code": ["T1"], "longitude": [-1.0], "latitude": [52.0]}, geometry=gpd.points_from_xy([-1.0], [52.0]).buffer(0.01), crs="EPSG:4326"
    )
    written = [[path.read_bytes() for path in formats.write_geo(tmp_path / name, shapes, "towns")] for name in ("a", "b")]
    assert written[0] == written[1]
    assert gpd.read_file(tmp_path / "a" / "towns.gpkg", layer="points").geometry.x.tolist() == [-1.0]


@pytest.mark.parametrize("name", ["towns", "memberships", "indicators", "membership_probability"])
def test_parquet_says_what_the_table_says(name):
    written = pq.read_table(DOWNLOADS / "parquet" / f"{name}.parquet")
    pd.testing.assert_frame_equal(written.to_pandas().convert_dtypes(), committed(name).convert_dtypes(), check_dtype=False)
    assert written.schema.metadata[b"title"].decode() == store.outputs()[name]["title"]
    assert written.schema.field("town_code").metadata[b"licence"] == b"OGL-UK-3.0"


def test_every_table_is_there_as_parquet():
    assert {path.stem for path in (DOWNLOADS / "parquet").glob("*.parquet")} == set(store.outputs())


def test_the_workbook_and_the_maps_hold_every_town():
    book = openpyxl.load_workbook(DOWNLOADS / "towns-index-2020.xlsx", read_only=True)
    rows = list(book["Towns"].iter_rows(values_only=True))
    assert len(rows) == 863
    head = rows[0]
    found = {row[0]: row for row in rows[1:]}
    letters = clusters.definitions()[0].set_index("cluster")["name"]
    members = committed("memberships").query("cluster == 'B' and status == 'full'")["town_code"].map(committed("towns").set_index("town_code")["town_name"])
    column = head.index(f"B {letters['B']}")
    assert {name for name, row in found.items() if row[column] == "full"} == set(members)
    shapes = gpd.read_file(DOWNLOADS / "towns-index-2020.gpkg", layer="outlines")
    assert len(shapes) == 862 and shapes.crs.to_epsg() == 4326 and shapes.geometry.notna().all() and shapes.geometry.is_valid.all()
    assert len(gpd.read_file(DOWNLOADS / "towns-index-2020.geojson")) == 862


def test_share_alike_columns_stay_out_of_the_workbook():
    apart = dictionary.of_indicators().query("share_alike")["label"]
    book = openpyxl.load_workbook(DOWNLOADS / "towns-index-2020.xlsx", read_only=True)
    heads = next(book["Indicators"].iter_rows(values_only=True))
    assert len(apart) and not [head for head in heads for label in apart if head and head.startswith(label)]
