"""Files of every format become tables, and broken ones become one plain sentence."""

import bz2
import gzip
import json
import lzma
import zipfile

import pandas as pd
import pytest

from towns_index import paths, read, sources


@pytest.fixture
def raw(tmp_path, monkeypatch):
    """An empty raw folder with a register that tests fill."""
    register = {}
    monkeypatch.setattr(sources, "register", lambda: register)
    monkeypatch.setattr(paths, "raw", lambda: tmp_path)
    read._cached.cache_clear()

    def add(name, data, **entry):
        (tmp_path / name).write_bytes(data)
        register[name] = {"id": name, "path": name, **entry}
        return name

    yield add
    read._cached.cache_clear()


def test_csv_plain_gzipped_latin_without_header_and_with_notes(raw):
    assert list(read.table(raw("a.csv", b"\xef\xbb\xbfx,y\n1,2\n")).columns) == ["x", "y"]
    assert read.table(raw("b.csv.gz", gzip.compress(b"x\n3\n"))).x.tolist() == [3]
    assert read.table(raw("c.csv", "x\nYnys Môn\n".encode("latin-1"), encoding="latin-1")).x[0] == "Ynys Môn"
    assert read.table(raw("d.csv", b"1,2\n", columns=["p", "q"])).loc[0, "q"] == 2
    notes = read.table(raw("e.csv", b"title\nx\n1\n2\nSource: us\n", skip_rows=1, footnotes=True, rows=2))
    assert notes.x.tolist() == [1, 2]


def test_zip_member_parquet_and_geojson(raw, tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("one.csv", "x\n1\n")
        archive.writestr("two.csv", "x\n2\n")
    name = raw("z.zip", (tmp_path / "z.zip").read_bytes(), member="one.csv")
    assert read.table(name).x[0] == 1
    assert read.table(name, "two.csv").x[0] == 2
    pd.DataFrame({"x": [5]}).to_parquet(tmp_path / "p.parquet")
    assert read.table(raw("p.parquet", (tmp_path / "p.parquet").read_bytes())).x[0] == 5
    shapes = json.dumps({"features": [{"properties": {"code": "E1"}, "geometry": None}]}).encode()
    name = raw("g.geojson.gz", gzip.compress(shapes))
    assert read.geojson(name)["features"][0]["properties"]["code"] == "E1"
    assert read.table(name).code.tolist() == ["E1"]


def test_changing_a_table_does_not_change_the_next_reading(raw):
    name = raw("a.csv", b"x\n1\n")
    frame = read.table(name)
    frame["y"] = 2
    frame.loc[0, "x"] = 99
    assert list(read.table(name).columns) == ["x"]
    assert read.table(name).x[0] == 1


def test_missing_and_damaged_files_are_one_plain_line(raw, tmp_path):
    name = raw("a.csv", b"x\n1\n")
    (tmp_path / "a.csv").unlink()
    with pytest.raises(read.UnreadableFile, match="a.csv is not in the raw folder.*run_all.py fetch"):
        read.table(name)
    with pytest.raises(read.UnreadableFile, match="b.csv.gz could not be read.*sha256"):
        read.table(raw("b.csv.gz", gzip.compress(b"x\n" * 999)[:-20]))
    with pytest.raises(read.UnreadableFile, match="c.rda could not be read"):
        read.table(raw("c.rda", b"not R"))


def test_archives_that_would_fill_the_memory_are_refused(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(read, "LARGEST_UNPACKED", 1000)
    with pytest.raises(read.UnreadableFile, match="more than 1,000 bytes"):
        read.table(raw("bomb.csv.gz", gzip.compress(b"0" * 1001)))
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.csv", "0" * 1001)
    with pytest.raises(read.UnreadableFile, match="more than 1,000 bytes"):
        read.table(raw("z.zip", (tmp_path / "z.zip").read_bytes(), member="one.csv"))


@pytest.mark.parametrize("outside", ["../evil.csv", "/evil.csv", "a/../../evil.csv", "..\\evil.csv"])
def test_archives_with_names_that_leave_the_folder_are_refused(raw, tmp_path, outside):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("one.csv", "x\n1\n")
        archive.writestr(outside, "x\n1\n")
    with pytest.raises(read.UnreadableFile, match="leave its folder"):
        read.table(raw("z.zip", (tmp_path / "z.zip").read_bytes(), member="one.csv"))


def test_a_member_that_is_not_there_is_named(raw, tmp_path):
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("one.csv", "x\n1\n")
    with pytest.raises(read.UnreadableFile, match="no member 'two.csv'; it holds one.csv"):
        read.table(raw("z.zip", (tmp_path / "z.zip").read_bytes(), member="two.csv"))


def test_require_columns_names_what_is_lacking():
    frame = pd.DataFrame({"a": [1]})
    assert read.require_columns(frame, ["a"], "f") is frame
    with pytest.raises(read.UnreadableFile, match="f lacks the column.s. 'b', 'c'; it has 'a'"):
        read.require_columns(frame, ["a", "b", "c"], "f")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.rds", gzip.compress(b"0" * 2_000_000)),
        ("b.rda", bz2.compress(b"0" * 2_000_000)),
        ("c.rda", lzma.compress(b"0" * 2_000_000)),
        ("d.rds", b"0" * 2_000_000),
    ],
)
def test_an_r_file_that_unpacks_beyond_the_limit_is_refused(raw, monkeypatch, name, data):
    monkeypatch.setattr(read, "LARGEST_UNPACKED", 1_000_000)
    with pytest.raises(read.UnreadableFile, match="unpacks to more than 1,000,000 bytes"):
        read.table(raw(name, data))


def test_spreadsheets_and_parquet_that_unpack_beyond_the_limit_are_refused(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(read, "LARGEST_UNPACKED", 100_000)
    with zipfile.ZipFile(tmp_path / "sheet.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", b"0" * 200_000)
    sheet = (tmp_path / "sheet.zip").read_bytes()
    pd.DataFrame({"a": range(100_000)}).to_parquet(tmp_path / "p.parquet")
    for name, data in (("s.xlsx", sheet), ("s.ods", sheet), ("q.parquet", (tmp_path / "p.parquet").read_bytes())):
        with pytest.raises(read.UnreadableFile, match="unpacks to more than 100,000 bytes"):
            read.table(raw(name, data))
