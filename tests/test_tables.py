"""Published tables keep their values, their types and their bytes."""

import math
import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from towns_index import files, tables


def written(frame, tmp_path, **options):
    return tables.write_csv(frame, tmp_path / "t.csv", **options).read_bytes()


def test_the_bytes_are_fixed(tmp_path):
    frame = pd.DataFrame(
        {
            "code": ["W1", "E1"],
            "share": [1 / 3, np.nan],
            "zero": [-0.0, 2.0],
            "met": pd.array([True, pd.NA], dtype="boolean"),
            "mixed": [False, None],
            "count": pd.array([pd.NA, 59439840], dtype="Int64"),
            "name": ["Ynys Môn, x", None],
        }
    )
    assert written(frame, tmp_path, key=["code"]).decode() == (
        "code,share,zero,met,mixed,count,name\n"
        "E1,,2,,,59439840,\n"
        'W1,0.333333333,0,true,false,,"Ynys Môn, x"\n'
    )


def test_rows_in_another_order_give_the_same_bytes(tmp_path):
    frame = pd.DataFrame({"k": ["b", "a", "c"], "v": [1, 2, 3]})
    assert written(frame, tmp_path, key=["k"]) == written(frame[::-1], tmp_path, key=["k"])


def test_a_repeated_key_is_refused_and_nothing_is_written(tmp_path):
    frame = pd.DataFrame({"k": ["a", "a"], "v": [1, 2]})
    with pytest.raises(tables.BadTable, match="2 rows share a key of k; the first: k=a"):
        tables.write_csv(frame, tmp_path / "t.csv", key=["k"])
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_table_whole(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    tables.write_csv(pd.DataFrame({"k": [1]}), path)
    monkeypatch.setattr(files.os, "replace", lambda *names: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        tables.write_csv(pd.DataFrame({"k": [2]}), path)
    assert path.read_text() == "k\n1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_reading_gives_booleans_and_keeps_na_as_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("town,met,all,party\nNA,true,true,\n,,false,None\nX,false,true,N/A\n")
    frame = tables.read_csv(path)
    assert frame.town.isna().tolist() == [False, True, False]
    assert str(frame.met.dtype) == str(frame["all"].dtype) == "boolean"
    assert frame.met.isna().tolist() == [False, True, False]
    assert frame.party.tolist()[1:] == ["None", "N/A"]


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(tables.BadTable, match="nowhere.csv does not exist"):
        tables.read_csv(tmp_path / "nowhere.csv")


texts = st.text(alphabet=string.ascii_letters + "éŷ,\"'=-+ ", min_size=1).map(lambda text: f"x{text}")
numbers = st.floats(allow_nan=True, allow_infinity=False, width=32)
rows = st.lists(st.tuples(texts, numbers, st.sampled_from([True, False, None])), min_size=1, max_size=20)


@given(rows=rows)
def test_round_trip(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("round")
    frame = pd.DataFrame(rows, columns=["text", "number", "flag"])
    path = tables.write_csv(frame, folder / "t.csv")
    back = tables.read_csv(path)
    assert back.text.tolist() == frame.text.tolist()
    for before, after in zip(frame.number, back.number):
        assert (math.isnan(before) and math.isnan(after)) or math.isclose(before, after, rel_tol=1e-8)
    assert [None if pd.isna(flag) else bool(flag) for flag in back.flag] == list(frame.flag)
    again = tables.write_csv(back, folder / "again.csv")
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "@SUM(A1)", "-x", "\t=1", '=HYPERLINK("x")'])
def test_a_text_that_a_spreadsheet_would_carry_out_is_refused(tmp_path, text):
    frame = pd.DataFrame({"town": ["Bath", text], "value": [1, 2]})
    with pytest.raises(tables.BadTable, match="t.csv, column town: .* begins like a formula"):
        tables.write_csv(frame, tmp_path / "t.csv")
    assert not list(tmp_path.iterdir())


def test_signs_before_numbers_are_no_formulas(tmp_path):
    frame = pd.DataFrame({"a": ["-1", "+2.5", "-.5"], "b": [-1.0, 2.0, -0.5], "c": ["a=b", "x-y", "–"]})
    assert tables.write_csv(frame, tmp_path / "t.csv").is_file()
