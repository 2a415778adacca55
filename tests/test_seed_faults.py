"""The seeding of faults: its list is sound and up to date, and it tells what is caught from what is not."""

import ast
import gzip
import io
import json
import sys
import zipfile

import pytest

from towns_index import paths, sources

BENCHMARKS = paths.ROOT / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import fault_edits  # noqa: E402
import seed_faults  # noqa: E402

LIST = seed_faults.load()
FAULTS = {fault["id"]: fault for fault in LIST["fault"]}
KEYS = {"id", "kind", "what", "file", "edit", "old", "new", "first", "explanation"}
each = pytest.mark.parametrize("name", FAULTS)


# ---- the list -------------------------------------------------------------------------------------


def test_there_are_many_faults_of_every_kind():
    assert len(FAULTS) == len(LIST["fault"]) > 100
    for kind in seed_faults.KINDS:
        assert sum(fault["kind"] == kind for fault in FAULTS.values()) >= 25, kind
    assert len({fault["what"] for fault in FAULTS.values()}) == len(FAULTS)


@each
def test_a_fault_says_all_that_is_needed(name):
    fault = FAULTS[name]
    assert set(fault) <= KEYS
    assert fault["what"] and not fault["what"].endswith(".")
    if fault["kind"] in {"raw", "table"}:
        assert fault["edit"]["do"] in {**fault_edits.TABLE, **fault_edits.BYTES}
        assert "old" not in fault
    else:
        assert fault["old"] != fault["new"]
        assert "edit" not in fault
    if fault["kind"] == "raw":
        assert sources.file(fault["file"])["used"]
    else:
        assert (paths.ROOT / fault["file"]).is_file()


@each
def test_a_text_to_replace_is_there_exactly_once(name):
    fault = FAULTS[name]
    if "old" in fault:
        text = (paths.ROOT / fault["file"]).read_text(encoding="utf-8")
        assert text.count(fault["old"]) == 1, f"{fault['file']} has changed: bring benchmarks/faults.toml up to date"


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault["kind"] == "code"])
def test_code_with_a_fault_is_still_python(name):
    fault = FAULTS[name]
    text = (paths.ROOT / fault["file"]).read_text(encoding="utf-8")
    ast.parse(text.replace(fault["old"], fault["new"]))


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault["kind"] == "table"])
def test_an_edit_of_a_table_can_be_carried_out(name):
    fault = FAULTS[name]
    room = seed_faults.Room(paths.ROOT, None)
    changes = seed_faults.changes_of(fault, room)  # refuses an edit that changes nothing
    if fault["file"].endswith(".csv"):
        (_, listing) = seed_faults.listed_anew(fault, room, changes)
        assert listing.name == "datapackage.json"


def test_the_checks_of_the_list_exist():
    for check in {*LIST["comparisons"], *LIST["slow"], *(check for fault in FAULTS.values() for check in fault.get("first", []))}:
        if check.split()[0] in {"preflight", "audit"}:
            assert check.split()[1:] == [] or check.split()[1] in sources.used()
            continue
        file, _, test = check.partition("::")
        assert f"def {test.partition('[')[0]}(" in (paths.ROOT / file).read_text() or not test, check


# ---- edits ----------------------------------------------------------------------------------------

HEADER = ["code", "n", "share"]
ROWS = [["E1", "1", "0.5"], ["E2", "2", "1.5"], ["E3", "3", ":"]]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({"do": "drop_row", "row": {"code": "E2"}}, [["E1", "1", "0.5"], ["E3", "3", ":"]]),
        ({"do": "repeat_row", "row": 0}, [ROWS[0], *ROWS]),
        ({"do": "swap", "columns": ["code"], "row": 0, "other": 2}, [["E3", "1", "0.5"], ROWS[1], ["E1", "3", ":"]]),
        ({"do": "shift", "columns": ["n"]}, [["E1", "3", "0.5"], ["E2", "1", "1.5"], ["E3", "2", ":"]]),
        ({"do": "take", "column": "n", "source": "share"}, [["E1", "0.5", "0.5"], ["E2", "1.5", "1.5"], ["E3", ":", ":"]]),
        ({"do": "scale", "column": "share", "by": 10}, [["E1", "1", "5"], ["E2", "2", "15"], ROWS[2]]),
        ({"do": "scale", "column": "n", "by": -1, "row": 1}, [ROWS[0], ["E2", "-2", "1.5"], ROWS[2]]),
        ({"do": "put", "column": "n", "row": {"code": "E1"}, "value": ""}, [["E1", "", "0.5"], *ROWS[1:]]),
        ({"do": "exchange", "column": "share", "old": ":", "new": "0"}, [*ROWS[:2], ["E3", "3", "0"]]),
        ({"do": "decimal_comma", "column": "share"}, [["E1", "1", "0,5"], ["E2", "2", "1,5"], ROWS[2]]),
        ({"do": "append", "cells": ["Source: us"]}, [*ROWS, ["Source: us", "", ""]]),
    ],
)
def test_an_edit_changes_what_it_says_and_nothing_else(edit, expected):
    arguments = {key: value for key, value in edit.items() if key != "do"}
    assert fault_edits.TABLE[edit["do"]](HEADER, ROWS, **arguments) == expected
    assert ROWS[0] == ["E1", "1", "0.5"]  # what was there is left alone


def test_a_shuffle_keeps_the_cells_and_its_seed_decides():
    rows = [[str(number)] for number in range(50)]
    once, again = fault_edits.shuffle(["n"], rows, "n"), fault_edits.shuffle(["n"], rows, "n")
    assert once == again != rows
    assert sorted(once) == sorted(rows)


def test_a_table_is_edited_in_the_format_it_has(tmp_path):
    body = b'a note\ncode,n\nE1,"1,000"\nE2,2\n'
    edit, entry = {"do": "put", "column": "n", "row": {"code": "E2"}, "value": "3"}, {"skip_rows": 1}
    wanted = b'a note\ncode,n\nE1,"1,000"\nE2,3\n'
    assert fault_edits.edited(body, edit, entry, "a.csv") == wanted
    assert gzip.decompress(fault_edits.edited(gzip.compress(body), edit, entry, "a.csv.gz")) == wanted
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("one.csv", body)
        archive.writestr("two.csv", "other")
    found = fault_edits.edited(packed.getvalue(), edit, {**entry, "member": "one.csv"}, "a.zip")
    with zipfile.ZipFile(io.BytesIO(found)) as archive:
        assert (archive.read("one.csv"), archive.read("two.csv")) == (wanted, b"other")
    headless = fault_edits.edited(b"E1,1\nE2,2\n", edit, {"columns": ["code", "n"]}, "a.csv")
    assert headless == b"E1,1\nE2,3\n"


def test_bytes_are_flipped_and_cut():
    assert fault_edits.edited(b"0123", {"do": "flip_byte", "at": 0.5}, {}, "a.rda") == b"0133"
    assert fault_edits.edited(b"0123", {"do": "truncate", "keep": 0.75}, {}, "a.xlsx") == b"012"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"do": "burn"}, "no edit 'burn'"),
        ({"do": "put", "column": "m", "row": 0, "value": "1"}, "no column 'm'"),
        ({"do": "put", "column": "n", "row": 0, "value": "1"}, "'1' stands there already"),
        ({"do": "drop_row", "row": {"code": "E9"}}, "no row has"),
        ({"do": "exchange", "column": "n", "old": "9", "new": "0"}, "'9' is not in the column"),
    ],
)
def test_an_edit_that_cannot_be_carried_out_is_refused(edit, said):
    with pytest.raises(fault_edits.BadFault, match=said):
        fault_edits.edited(b"code,n\nE1,1\n", edit, {}, "a.csv")


@pytest.mark.parametrize("text", ["nothing here", "x and x"])
def test_a_replacement_must_apply_exactly_once(text):
    with pytest.raises(fault_edits.BadFault, match="times instead of once"):
        fault_edits.replaced(text, "x", "y")


# ---- the scratch copy -----------------------------------------------------------------------------


@pytest.fixture
def toy(tmp_path):
    """A project of one function and its test, and a raw folder of one file."""
    project, raw = tmp_path / "toy", tmp_path / "bundle"
    texts = {
        "towns_index/__init__.py": "",
        "towns_index/double.py": "def double(x):\n    return 2 * x\n\n\ndef half(x):\n    return x / 2\n",
        "tests/test_double.py": "from towns_index.double import double\n\n\ndef test_double():\n    assert double(3) == 6\n",
        "tests/test_runner_x.py": "def test_never_run():\n    assert False\n",
        "benchmarks/fault_checks.py": "import sys\n\nsys.exit(0)\n",
        ".venv/lib.py": "",
        "data/raw/big.csv": "x\n",
        "data/raw/README.md": "what goes here\n",
    }
    for name, text in texts.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    (raw / "a").mkdir(parents=True)
    (raw / "a" / "a.csv").write_text("x\n1\n")
    return project, raw


def test_the_copy_holds_the_project_without_caches_and_links_to_the_raw_files(toy, tmp_path):
    room = seed_faults.copy(*toy, tmp_path / "room")
    assert (room.root / "towns_index" / "double.py").is_file()
    assert (room.root / "data" / "raw" / "README.md").is_file()
    assert not (room.root / ".venv").exists() and not (room.root / "data" / "raw" / "big.csv").exists()
    assert (room.raw / "a" / "a.csv").is_symlink()


def test_a_file_and_a_link_are_restored_whatever_happens(toy, tmp_path):
    room = seed_faults.copy(*toy, tmp_path / "room")
    code, raw = room.root / "towns_index" / "double.py", room.raw / "a" / "a.csv"
    before = code.read_bytes()
    for stop in (KeyboardInterrupt, ValueError):
        with pytest.raises(stop):
            with seed_faults.seeded({code: b"broken", raw: b"x\n2\n"}):
                assert code.read_bytes() == b"broken" and raw.read_bytes() == b"x\n2\n"
                assert (toy[1] / "a" / "a.csv").read_bytes() == b"x\n1\n"  # the bundle itself is never written to
                raise stop
        assert code.read_bytes() == before
        assert raw.is_symlink() and raw.read_bytes() == b"x\n1\n"


def test_a_toy_fault_is_caught_and_another_is_missed(toy, tmp_path):
    room = seed_faults.copy(toy[0], None, tmp_path / "room")
    common = {"kind": "code", "file": "towns_index/double.py", "what": "w"}
    caught = seed_faults.examine({**common, "id": "1", "old": "2 * x", "new": "3 * x"}, room, [])
    missed = seed_faults.examine({**common, "id": "2", "old": "x / 2", "new": "x / 3"}, room, [])
    stale = seed_faults.examine({**common, "id": "3", "old": "x / 4", "new": "x / 5"}, room, [])
    assert caught.check == "tests/test_double.py::test_double" and caught.caught
    assert not missed.caught and not missed.error
    assert "0 times instead of once" in stale.error
    assert (room.root / common["file"]).read_text() == (toy[0] / common["file"]).read_text()
    comparisons = [caught.check]
    assert seed_faults.compares(caught, comparisons) and not seed_faults.compares(missed, comparisons)
    assert seed_faults.share([caught, missed]) == 0.5
    text = seed_faults.as_markdown([caught, missed, stale], [], 1)
    assert "| 1 | w | test_double.py::test_double" in text and "**not caught**" in text
    assert "- 2: No explanation yet." in text and "the list has errors" in text


def test_the_tests_of_a_room_import_the_package_of_the_room(tmp_path, monkeypatch):
    monkeypatch.setenv(paths.RAW_VARIABLE, "/elsewhere")
    room = seed_faults.Room(tmp_path, None)
    variables = seed_faults.environment(room)
    assert variables["PYTHONPATH"] == str(tmp_path) and paths.RAW_VARIABLE not in variables
    assert seed_faults.environment(seed_faults.Room(tmp_path, tmp_path / "raw"))[paths.RAW_VARIABLE] == str(tmp_path / "raw")


def test_slow_tests_and_this_one_are_left_out():
    tests = seed_faults.tests_of(seed_faults.Room(paths.ROOT, None))
    assert "tests/test_clusters.py" in tests
    assert not [name for name in tests if "test_runner_" in name or "test_seed_faults" in name]


def test_only_what_is_asked_for_is_seeded():
    faults = [{"id": "R1", "kind": "raw"}, {"id": "K1", "kind": "code"}]
    assert [fault["id"] for fault in seed_faults.chosen(faults, None, with_raw=False)] == ["K1"]
    assert [fault["id"] for fault in seed_faults.chosen(faults, "R1", with_raw=True)] == ["R1"]
    with pytest.raises(fault_edits.BadFault, match="no fault X9"):
        seed_faults.chosen(faults, "X9", with_raw=True)


def test_a_raw_fault_can_be_registered_anew():
    # Size and sha256 stand together in the register, so that both can be replaced.
    text = (paths.ROOT / "definitions" / "sources.toml").read_text(encoding="utf-8")
    for fault in FAULTS.values():
        if fault["kind"] == "raw":
            entry = sources.file(fault["file"])
            assert text.count(f'bytes = {entry["bytes"]}\nsha256 = "{entry["sha256"]}"') == 1, fault["id"]
    package = json.loads((paths.ROOT / "data" / "processed" / "datapackage.json").read_text())
    assert {resource["path"] for resource in package["resources"]} >= {"towns.csv", "measures.csv"}
